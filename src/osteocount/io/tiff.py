"""TIFF in all its dialects: OME, ImageJ, MetaXpress, Gen5, pyramids, tiles, planes."""

from __future__ import annotations

import logging
import math
import re
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.io.metadata_xml import parse_xml
from osteocount.io.pixel_size import PixelSizeEvidence
from osteocount.io.raw_image import (
    MOST_CHANNELS,
    RawImage,
    check_bytes,
    check_file,
    check_jpeg,
    check_size,
    damaged,
    decoding,
    keep_axes,
    upright,
    without_alpha,
)

_STACKS = {
    "Z": ("z-stack", "planes", "Save the plane in focus or a projection (Fiji: Image ▸ Stacks ▸ Z Project)"),
    "T": ("time series", "time points", "Save the time point to be counted"),
}
_UNREADABLE_COLOURS = {
    "SEPARATED": "CMYK",
    "CIELAB": "CIELAB",
    "ICCLAB": "ICC Lab",
    "ITULAB": "ITU Lab",
    "CFA": "raw Bayer",
}
_UNLABELLED = "QI"
_FEW_PAGES = 3  # grey pages that say nothing: up to so many are red, green and blue, or stains; more are a stack
_MOST_PAGES = 10_000  # against chains made endless: 300,000 pages took 5 s to open; no picture has a hundredth of that
# Pages, and tags of the standard (below 32768), that tifffile did not find inside the file.
_LOST = re.compile(r"invalid page offset|TiffTag (?:[12]?\d{1,4}|3[01]\d{3}) @\d+> invalid value offset")


def read_tiff(path: Path, number: int | None = None) -> RawImage:
    """Decode the one plane of a TIFF file that is to be counted, after its structure has been checked.

    ``number`` chooses one of its series; without it the largest is read.
    """
    with decoding(path), quiet_tifffile() as messages, open_tiff(path) as tiff:
        raw = _read(path, tiff, number)
        if any(_LOST.search(text) for text in messages):  # tifffile only logs that, and goes on without them
            raise damaged(path, "it refers to places behind its end: the file ends too early")
        return raw


def open_tiff(path: Path) -> Any:
    """Open a TIFF file for reading, with its number of pages checked.

    One file is one picture: an OME-XML that names other files must not make us open them.

    Raises
    ------
    OsteoCountError
        It is no regular file, or has more than `_MOST_PAGES` pages.
    """
    check_file(path)
    _check_pages(path)
    return tifffile.TiffFile(path, _multifile=False)


def _check_pages(path: Path) -> None:
    """Follow the chain of pages as far as `_MOST_PAGES`; tifffile would follow it to its end, which need not come."""
    with path.open("rb") as file:
        start = file.read(16)
        order = ">" if start[:2] == b"MM" else "<"
        big = start[2:4] in (b"\x2b\0", b"\0\x2b")
        count, entry, pointer = ("Q", 20, "Q") if big else ("H", 12, "I")
        at = struct.unpack(order + pointer, start[8:16] if big else start[4:8])[0] if len(start) == 16 else 0
        for _ in range(_MOST_PAGES):
            if at == 0:
                return
            file.seek(at)
            head = file.read(struct.calcsize(count))
            if len(head) < struct.calcsize(count):
                return  # tifffile says what is wrong
            behind = at + len(head) + entry * struct.unpack(order + count, head)[0]
            if behind > 2**62:
                return
            file.seek(behind)
            link = file.read(struct.calcsize(pointer))
            if len(link) < struct.calcsize(pointer):
                return
            at = struct.unpack(order + pointer, link)[0]
            if at > 2**62:
                return
    raise OsteoCountError(
        f"{path.name}: has {_MOST_PAGES} pages or more, a stack or time series, or goes round in a circle; one plane "
        "is counted. Save the plane or the projection to be counted."
    )


@contextmanager
def quiet_tifffile() -> Iterator[list[str]]:
    """Keep tifffile's log off the user's screen while we read, and give what it said in this thread."""
    logger = logging.getLogger("tifffile")
    thread = threading.get_ident()
    messages: list[str] = []

    def silent(record: logging.LogRecord) -> bool:
        if record.thread == thread:
            messages.append(record.getMessage())
        return False

    logger.addFilter(silent)
    try:
        yield messages
    finally:
        logger.removeFilter(silent)


def _read(path: Path, tiff: Any, number: int | None) -> RawImage:
    description = read_description(path, tiff)
    series, notes = choose_series(tiff) if number is None else (tiff.series[number], ())
    page = series.keyframe
    index = next(n for n, each in enumerate(tiff.series) if each is series)
    _check_colours(path, page)
    axes, shape = series.axes, series.shape
    check_size(path, shape[axes.index("Y")], shape[axes.index("X")])
    if max([n for axis, n in zip(axes, shape, strict=True) if axis in "CS"], default=1) > MOST_CHANNELS:
        raise OsteoCountError(f"{path.name}: has more than {MOST_CHANNELS} channels. Save the channels to be counted.")
    for each in series.pages:
        check_complete(path, each)
        _check_jpeg_segments(each)
    pixels, colour, plane_notes = _plane(path, series)
    pixels, colour, colour_notes = _colours(path, page, pixels, colour)
    if pixels.size == 0:
        raise ValueError("no pixels in it")
    pixels, turned = upright(pixels, orientation(page))
    names = _channel_names(tiff, description, index, pixels.shape[2], colour)
    evidence = pixel_size_evidence(path, tiff, page, description, index)
    return RawImage(pixels, colour, names, evidence, (*notes, *plane_notes, *colour_notes, *turned))


def read_description(path: Path, tiff: Any) -> str:
    """Give the first page's description, after a guarded parse where tifffile will parse XML itself."""
    description = str(tiff.pages[0].description or "")
    if tiff.is_ome:
        try:
            parse_xml(description)
        except DefusedXmlException as error:
            raise damaged(path, f"its OME-XML is not safe to read: {type(error).__name__}") from error
        except ElementTree.ParseError:
            pass  # tifffile then falls back on the plain pages
    return description


def choose_series(tiff: Any) -> tuple[Any, tuple[str, ...]]:
    """Choose the largest picture of the file; a series that has no x and y is no picture."""
    pictures = [series for series in tiff.series if "Y" in series.axes and "X" in series.axes]
    if not pictures:
        raise ValueError("no picture in it")
    # A series' own levels (pyramid) are behind it: the series itself is the full resolution.
    chosen = max(pictures, key=lambda series: series.keyframe.imagewidth * series.keyframe.imagelength)
    notes = []
    if len(pictures) > 1:
        same = sum(s.shape == chosen.shape for s in pictures) - 1
        which = "the first of its size" if same else "the largest"
        notes.append(f"The file holds {len(pictures)} pictures: {which} is read, the others are ignored.")
    if len(chosen.levels) > 1:
        notes.append(f"Pyramid of {len(chosen.levels)} levels: the full resolution is read.")
    return chosen, tuple(notes)


def _check_colours(path: Path, page: Any) -> None:
    name = getattr(page.photometric, "name", str(page.photometric))
    subsampled = name == "YCBCR" and page.compression not in (6, 7, 34892, 33003, 33005)
    if name in _UNREADABLE_COLOURS or subsampled:
        raise OsteoCountError(
            f"{path.name}: the colours are {_UNREADABLE_COLOURS.get(name, 'YCbCr')}, not RGB. "
            "Save the picture as RGB (TIFF or PNG)."
        )


def check_complete(path: Path, page: Any) -> None:
    """Every piece of the page must lie inside the file; tifffile would fill some gaps with black."""
    if page is None:
        raise damaged(path, "a plane is missing")
    size = page.parent.filehandle.size
    ends = [offset + count for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True)]
    expected = math.prod(page.chunked)
    missing = max(expected - len(ends), 0) + sum(count == 0 for count in page.databytecounts)
    cut = sum(end > size for end in ends)
    if missing or cut:
        raise damaged(
            path, f"{missing + cut} of {max(expected, len(ends))} pieces are missing: the file ends too early"
        )


def orientation(page: Any) -> int:
    """Return the orientation tag of a page, 1 where it has none or no number."""
    value = page.tags["Orientation"].value if "Orientation" in page.tags else 1
    return int(value) if isinstance(value, int) else 1


def has_jpeg(page: Any) -> bool:
    """Whether the pieces of a page are JPEG of 8 bit."""
    return bool(page.compression == 7 and page.bitspersample == 8)


def _check_jpeg_segments(page: Any) -> None:
    if not has_jpeg(page):
        return
    tables = page.tags["JPEGTables"].value if "JPEGTables" in page.tags else None
    handle = page.parent.filehandle
    for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True):
        handle.seek(offset)
        check_jpeg(handle.read(count), tables)


def _plane(path: Path, series: Any) -> tuple[NDArray[np.generic], bool, tuple[str, ...]]:
    """Give (height, width, channels) of the series, whether the samples are colours, and notes."""
    axes, shape = series.axes, series.shape
    if series.kind == "shaped" and axes[-3:] == "QYX" and len(axes) == 3 and shape[2] <= 4 and shape[0] > 16:
        # Written from an array (height, width, channels) without saying so: rows became pages.
        check_size(path, shape[0], shape[1])
        check_bytes(path, shape, series.dtype.itemsize)
        return series.asarray(), False, (f"Read as {shape[2]} channels, channel last.",)
    length = dict(zip(axes, shape, strict=True))
    for axis, n in length.items():
        if axis not in "YXSC" + _UNLABELLED and n > 1:
            kind, parts, cure = _STACKS.get(axis, ("stack", f"planes along {axis}", "Save the one to be counted"))
            raise OsteoCountError(f"{path.name}: is a {kind} of {n} {parts}; one plane is counted. {cure}.")
    notes: tuple[str, ...] = ()
    pages = math.prod(n for axis, n in length.items() if axis in _UNLABELLED)
    grey = "C" not in axes and axes.endswith("YX") and series.keyframe.photometric.name != "PALETTE"
    if grey and 1 < pages <= _FEW_PAGES:
        check_bytes(path, shape, series.dtype.itemsize)
        notes = (f"{pages} grey pages, and the file does not say what they are: read as channels of one picture.",)
        return np.moveaxis(series.asarray().reshape(-1, *shape[-2:]), 0, 2), False, notes
    if pages > 1:
        notes = (f"{pages} pages of the same size, and the file does not say what they are: the first is read.",)
    if pages > 1 and length.get("C", 1) == 1:
        first = series.pages[0]
        check_bytes(path, first.shape, first.dtype.itemsize)
        data, axes = first.asarray(), first.axes
    else:
        check_bytes(path, shape, series.dtype.itemsize)
        data = series.asarray()
    if "C" in length and length["C"] > 1 and "S" in axes:
        notes = (*notes, f"{length['C']} colour pictures in channels: the first is read.")
        keep = "YXS"
    else:
        keep = "YXS" if "S" in axes else "YXC" if "C" in axes else "YX"
    return keep_axes(data, axes, keep), keep == "YXS", notes


def _colours(
    path: Path, page: Any, pixels: NDArray[np.generic], samples: bool
) -> tuple[NDArray[np.generic], bool, tuple[str, ...]]:
    """Apply the photometric interpretation: palette, inverted grey, alpha and further samples."""
    name = page.photometric.name
    if name == "PALETTE":
        return _palette(page, pixels)
    if name == "MINISWHITE" and pixels.dtype.kind == "u":
        top = 2**page.bitspersample - 1
        return top - pixels, False, ("White was stored as 0: the grey levels were inverted.",)
    if page.bitspersample == 1:
        raise OsteoCountError(f"{path.name}: has 1 bit per pixel, a mask. Give the 8 or 16 bit picture.")
    if not samples:
        return pixels, False, ()
    if name in ("RGB", "YCBCR"):
        extra = pixels.shape[2] - 3
        if extra == 1 and has_alpha(page):
            pixels, said = without_alpha(pixels)
            return pixels, True, (said,)
        if extra == 1:
            return pixels[:, :, :3], True, ("The alpha channel was dropped.",)
        return pixels[:, :, :3], True, (f"{extra} samples beside RGB were dropped.",) if extra else ()
    if pixels.shape[2] == 2 and has_alpha(page):
        pixels, said = without_alpha(pixels)
        return pixels, False, (said,)
    return pixels, False, ()


def has_alpha(page: Any) -> bool:
    """Tell whether the sample beside grey or colour says how transparent a pixel is."""
    return any(getattr(kind, "name", "").endswith("ALPHA") for kind in page.extrasamples)


def _palette(page: Any, pixels: NDArray[np.generic]) -> tuple[NDArray[np.generic], bool, tuple[str, ...]]:
    colours = np.asarray(page.colormap)
    if np.array_equal(colours[0], colours[1]) and np.array_equal(colours[1], colours[2]):
        return pixels, False, ("The palette is grey: the grey levels themselves are read.",)
    # The standard scales colour maps to 16 bit; old programs write 8 bit, which would all become black.
    table = (colours >> 8 if colours.max() > 255 else colours).astype(np.uint8).T
    return table[pixels[:, :, 0]], True, ("Palette colours were turned into RGB.",)


def _channel_names(tiff: Any, description: str, index: int, channels: int, colour: bool) -> tuple[str, ...]:
    unnamed = ("",) * channels
    if colour:
        return unnamed
    names: list[str] = []
    if tiff.is_ome:
        try:
            root = parse_xml(description)
        except ElementTree.ParseError:
            return unnamed
        pixels = [element for element in root.iter() if str(element.tag).endswith("}Pixels")]
        if index < len(pixels):
            names = [each.get("Name") or "" for each in pixels[index] if str(each.tag).endswith("}Channel")]
    elif tiff.imagej_metadata:
        names = [str(name) for name in tiff.imagej_metadata.get("Labels") or ()]
    return tuple(names) if len(names) == channels else unnamed


def pixel_size_evidence(path: Path, tiff: Any, page: Any, description: str, index: int) -> PixelSizeEvidence:
    """Collect what a file says about the pixel size of its ``index``-th series, whose first page is ``page``."""
    imagej = tiff.imagej_metadata or {}
    per_unit = None
    if "XResolution" in page.tags and "YResolution" in page.tags:
        x, y = (_ratio(page.tags[name].value) for name in ("XResolution", "YResolution"))
        per_unit = (x, y) if x > 0 and y > 0 else None
    unit = int(page.tags["ResolutionUnit"].value) if "ResolutionUnit" in page.tags else 2
    return PixelSizeEvidence(
        path=path,
        description=description,
        ome_image=index,
        imagej_unit=str(imagej["unit"]) if "unit" in imagej else None,
        per_unit=per_unit,
        unit=unit,
    )


def _ratio(value: Any) -> float:
    try:
        return float(value[0]) / float(value[1])
    except (TypeError, IndexError, ZeroDivisionError):
        return 0.0
