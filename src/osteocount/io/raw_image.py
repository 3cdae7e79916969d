"""What readers of file formats share: scenes, the raw pixels of one plane with its channels last, and checks."""

from __future__ import annotations

import importlib
import math
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.input_files import check_regular
from osteocount.io.pixel_size import PixelSizeEvidence

MAX_PIXELS = 2 * 10**9
"""Pictures with more pixels than this are refused before anything is decoded."""

MAX_BYTES = 2 * 2**30
"""Pictures that are read as a whole and take more than this in memory are refused: 700 megapixels of 8-bit colour.

It is doubled while channels are put in order. No picture of those we have and read as a whole takes a tenth of it.
"""
_FREE_BYTES = 256 * 2**20  # of a picture, whatever its file's size: 90 megapixels of 8-bit colour
_MOST_PACKED = 200  # times smaller than its pixels: photographs pack 2 to 4 times without loss, 10 to 50 as JPEG

_FRAMES = (b"\xff\xc0", b"\xff\xc1", b"\xff\xc2")  # sequential and progressive Huffman frames of JPEG, as cameras write

MOST_CHANNELS = 32
"""More are taken for a stack that was not labelled as one."""
CURE_EXPORT = "Export it again as TIFF or PNG, or leave it out."
"""What to do with a file that cannot be read; the end of many messages."""
_STACKS = {"Z": "z-stack", "T": "time series"}


@dataclass(frozen=True)
class RawImage:
    """One plane as a file format gave it.

    Attributes
    ----------
    pixels
        (height, width, channels) of any type.
    colour
        True when the channels are red, green and blue.
    channel_names
        One per channel, empty where unnamed.
    notes
        What was left out or changed on the way.
    """

    pixels: NDArray[np.generic]
    colour: bool
    channel_names: tuple[str, ...]
    evidence: PixelSizeEvidence
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scene:
    """One picture inside a file with many.

    Attributes
    ----------
    name
        Its name in the file, unique there; `read_picture` takes it.
    hints
        Texts that may name its well, the most trusted first.
    field
        Its number or name inside the well.
    plate
        Name of the plate if the file has one.
    """

    name: str
    hints: tuple[str, ...] = ()
    field: str = ""
    plate: str = ""


def check_file(path: Path) -> None:
    """Refuse what is no regular file, before it is opened.

    Raises
    ------
    OsteoCountError
        It is missing, a folder, a pipe, a device or a socket, or cannot be looked at.
    """
    if path.is_dir():
        raise OsteoCountError(f"{path}: is a folder, not a picture. Name one file, or run the command on the folder.")
    try:
        check_regular(path)
    except FileNotFoundError as error:
        raise OsteoCountError(f"{path}: there is no such file. Check the name and the folder.") from error
    except OSError as error:
        raise OsteoCountError(f"{path}: cannot be opened ({error.strerror or error}).") from error


def check_size(path: Path, height: int, width: int) -> None:
    """Refuse a picture by the size its header claims, before memory is asked for."""
    if height * width > MAX_PIXELS:
        raise OsteoCountError(
            f"{path.name}: {width} × {height} px is more than the {MAX_PIXELS / 1e9:g} gigapixels OsteoCount reads at "
            "once. Cut it into fields or save it at a lower resolution."
        )
    if min(height, width) < 2:
        raise OsteoCountError(f"{path.name}: {width} × {height} px is not a picture. {CURE_EXPORT}")


def check_bytes(path: Path, shape: Iterable[int], itemsize: int, stored: int | None = None) -> None:
    """Refuse a picture that is read as a whole by the memory it would take, which its header claims.

    Files made to fill the memory claim a large picture in few bytes; no photograph packs so well.

    Parameters
    ----------
    path
        The file, or the folder of an OME-Zarr.
    shape
        Lengths of all axes that are decoded.
    itemsize
        Bytes of a sample.
    stored
        Bytes of what is decoded; None: the file's.

    Raises
    ------
    OsteoCountError
        It takes more than `MAX_BYTES`, or is large and hundreds of times larger than its file.
    """
    need = math.prod(int(n) for n in shape) * itemsize
    if need > MAX_BYTES:
        raise OsteoCountError(
            f"{path.name}: takes {need / 1e9:.1f} GB of memory, more than the {MAX_BYTES / 1e9:.1f} GB that a picture "
            "read as a whole may take. Save it as a tiled TIFF of 8 or 16 bit RGB or as OME-Zarr, which are read piece "
            "by piece, save only the channels to be counted, or cut it into fields."
        )
    stored = path.stat().st_size if stored is None else stored
    if need > max(_FREE_BYTES, _MOST_PACKED * stored):
        raise OsteoCountError(
            f"{path.name}: its header claims a picture of {need / 1e9:.1f} GB, but the file has only "
            f"{stored / 1e6:.2g} MB, which no photograph does. It is damaged or made to fill the memory. Copy it again "
            "from the microscope, or leave it out."
        )


def check_jpeg(data: bytes, tables: bytes | None = None) -> None:
    """Decode JPEG data once with every warning of libjpeg as an error.

    JPEG has no checksum: damage after which the data still are a JPEG of the same length cannot be seen. Pillow, OpenCV
    and imagecodecs hide the warnings, so the data are decoded here a second time, in grey.

    Parameters
    ----------
    data
        A file, or a tile or strip of a TIFF.
    tables
        Quantisation and Huffman tables that a TIFF keeps once for all of its tiles.

    Raises
    ------
    ValueError
        What libjpeg warned of.
    """
    import simplejpeg

    if tables and data.startswith(b"\xff\xd8"):
        data = tables.removesuffix(b"\xff\xd9") + data[2:]
    if not any(frame in data for frame in _FRAMES):
        return  # lossless or arithmetic: their decoders are stricter
    simplejpeg.decode_jpeg(data, colorspace="GRAY", strict=True)


def check_plane(path: Path, scene: str, sizes: Mapping[str, int]) -> None:
    """Refuse what is not one plane, or is too large, by its sizes per axis and before anything is decoded."""
    where = f"{path.name} {scene}".strip()
    for axis, n in sizes.items():
        if axis not in "YXCS" and n > 1:
            kind = _STACKS.get(axis, f"stack along {axis}")
            raise OsteoCountError(
                f"{where}: is a {kind} of {n} planes; one plane is counted. Export the plane or the projection to be "
                "counted (Fiji: Image ▸ Stacks ▸ Z Project)."
            )
    check_size(path, sizes["Y"], sizes["X"])
    if sizes.get("C", 1) * sizes.get("S", 1) > MOST_CHANNELS:
        raise OsteoCountError(f"{where}: has more than {MOST_CHANNELS} channels. Save the channels to be counted.")


def plane_image(
    pixels: NDArray[np.generic],
    axes: str,
    names: Iterable[str | None],
    evidence: PixelSizeEvidence,
    notes: tuple[str, ...] = (),
) -> RawImage:
    """Bring a checked plane to (height, width, channels), red, green and blue where there are samples S.

    Parameters
    ----------
    pixels
        Stored along ``axes``, one letter each: Y, X, C, S, and others with one step.
    names
        Of its channels; those that do not fit, and those of RGB, are left out.
    """
    length = dict(zip(axes, pixels.shape, strict=True))
    colour = length.get("S", 1) in (3, 4)
    said: list[str] = []
    if colour and length.get("C", 1) > 1:
        said.append(f"{length['C']} colour pictures in channels: the first is read.")
    plane = keep_axes(pixels, axes, "YXS" if colour else "YXC" if "C" in axes else "YX")
    if colour and plane.shape[2] == 4:
        plane, dropped = without_alpha(plane)
        said.append(dropped)
    given, count = tuple(name or "" for name in names), plane.shape[2]
    known = given if len(given) == count and not colour else ("",) * count
    return RawImage(plane, colour, known, evidence, (*said, *notes))


def without_alpha(pixels: NDArray[np.generic]) -> tuple[NDArray[np.generic], str]:
    """Return grey or colour without its last channel, alpha, and a note; what is fully transparent becomes black.

    Stitched scans are transparent where nothing was imaged, whatever colour lies under it. Some programs write an alpha
    channel of zeros and mean nothing by it.
    """
    seen, alpha = pixels[:, :, :-1], pixels[:, :, -1]
    hidden = alpha == 0
    if hidden.all() or not hidden.any():
        return seen, "The alpha channel was dropped."
    share = 100 * hidden.mean()
    said = f"The alpha channel was dropped; {share:.1f} % of the picture are transparent and were read as black."
    return np.where(hidden[:, :, None], seen.dtype.type(0), seen), said


def keep_axes(pixels: NDArray[np.generic], axes: str, keep: str) -> NDArray[np.generic]:
    """Take the first of every axis that is not kept, and give the others in the order of ``keep`` (YX, YXC or YXS).

    Returns
    -------
    (height, width, channels), with one channel for YX.
    """
    plane = pixels[tuple(slice(None) if axis in keep else 0 for axis in axes)]
    order = [axis for axis in axes if axis in keep]
    plane = np.moveaxis(plane, [order.index(axis) for axis in keep], range(len(keep)))
    return plane[:, :, None] if plane.ndim == 2 else plane


def upright(pixels: NDArray[np.generic], orientation: int) -> tuple[NDArray[np.generic], tuple[str, ...]]:
    """Turn a picture as its orientation tag (1 to 8, of TIFF and EXIF) says, and note it.

    Parameters
    ----------
    pixels
        (height, width, channels) as they are stored.
    orientation
        1 is upright; 2 to 4 are flips and half a turn; 5 to 8 swap rows and columns first.
    """
    if orientation not in range(2, 9):
        return pixels, ()
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    # Which axes run backwards: rows, columns.
    rows, columns = {2: (1, -1), 3: (-1, -1), 4: (-1, 1), 5: (1, 1), 6: (1, -1), 7: (-1, -1), 8: (-1, 1)}[orientation]
    return pixels[::rows, ::columns], (f"Turned upright, as the file's orientation ({orientation}) says.",)


def damaged(path: Path, why: str | Exception) -> OsteoCountError:
    """Build the error for a file that starts like a picture and cannot be read to its end.

    Of an exception only the text that speaks of the file is shown, not that of a stumble over nonsense in it.
    """
    if isinstance(why, (TypeError, LookupError, AttributeError, ArithmeticError, struct.error)):
        why = "its structure makes no sense"
    text = " ".join(str(why).split())[:120] or type(why).__name__
    return OsteoCountError(
        f"{path.name}: the picture is damaged or not complete ({text}). "
        "Copy it again from the microscope, or leave it out."
    )


def numbered_scenes(names: Sequence[str], hints: Iterable[tuple[str, ...]]) -> tuple[Scene, ...]:
    """Return the scenes of a file with what may say their wells, their fields counted from 1.

    Repeated or empty names are made different by their number in the file.
    """
    fields = enumerate(zip(unique_names(names), hints, strict=True), start=1)
    return tuple(Scene(name, said, str(field)) for field, (name, said) in fields)


@contextmanager
def decoding(path: Path) -> Iterator[None]:
    """Take whatever a decoder raises in the block for damage: files from strangers make libraries raise anything."""
    try:
        yield
    except OsteoCountError:
        raise
    except Exception as error:
        raise damaged(path, error) from error


def unique_names(names: Sequence[str]) -> list[str]:
    """Make repeated or empty names different by their number in the file, counted from 1."""
    return [
        name if name and names.count(name) == 1 else f"{name or 'scene'} {number}"
        for number, name in enumerate(names, start=1)
    ]


def formats_library(path: Path, name: str) -> ModuleType:
    """Import the library that reads this kind of file.

    Raises
    ------
    OsteoCountError
        It is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise OsteoCountError(
            f'{path.name} needs the formats extra: pip install "osteocount[formats]" ({error}).'
        ) from error
