"""A picture file becomes a `Picture`, or a sentence that says what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.io.colour_planes import compose
from osteocount.io.picture import Picture, Pixels
from osteocount.io.pixel_size import find_pixel_size
from osteocount.io.raw_image import CURE_EXPORT, RawImage, check_file

_TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_CELLOMICS = b"\x10\x00\x00\x00"
_PNG_OR_JPEG = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


def read_picture(path: Path | str, *, pixel_size_um: float | None = None, scene: str = "") -> Picture:
    """Read one picture: TIFF, OME-TIFF, PNG, JPEG, C01, CZI, ND2, LIF or OME-Zarr, 8 or 16 bit, colour or channels.

    Parameters
    ----------
    path
        The file. What it is is decided by its content, not by its suffix.
    pixel_size_um
        Side of a pixel in µm when the user knows it; it wins over the file.
    scene
        Name of the picture inside a file that holds many (see `osteocount.io.multi_image.list_scenes`).

    Returns
    -------
    The picture at full resolution. Of a pyramid the largest level, of a stack of unlabelled pages the first one, with
    a note. Floating-point pictures in 0..1 are scaled to 16 bit, with a note.

    Raises
    ------
    OsteoCountError
        The file is missing, empty, truncated, of another kind, a z-stack or time series, CMYK, or larger than
        2 gigapixels. The text names the file, what is wrong and what would mend it.
    """
    from osteocount.io.multi_image import VENDOR_SUFFIXES, is_multi_image, is_zarr, read_scene

    path = Path(path)
    start = b"" if is_zarr(path) else _first_bytes(path)
    if start.startswith(_PNG_OR_JPEG):
        from osteocount.io.png_jpeg import read_png_jpeg

        raw = read_png_jpeg(path)
    elif start.startswith(_CELLOMICS):
        from osteocount.io.cellomics import read_c01

        raw = read_c01(path)
    elif is_multi_image(path) and (start.startswith(_TIFF) or not path.name.lower().endswith((".tif", ".tiff"))):
        raw = read_scene(path, scene)
    elif start.startswith(_TIFF):
        from osteocount.io.tiff import read_tiff

        raw = read_tiff(path)
    else:
        vendors = ", ".join(suffix.removeprefix(".").upper() for suffix in VENDOR_SUFFIXES)
        known = f"TIFF, PNG, JPEG, C01, {vendors} and OME-Zarr"
        raise OsteoCountError(f"{path.name}: {_what_else(start)}. OsteoCount reads {known}. {CURE_EXPORT}")
    return _finish(path, raw, pixel_size_um)


def is_picture_file(path: Path) -> bool:
    """Whether the first bytes are those of a picture; a folder, an empty or a missing file is none."""
    try:
        return _first_bytes(path).startswith((*_TIFF, *_PNG_OR_JPEG, _CELLOMICS))
    except OsteoCountError:
        return False


def _first_bytes(path: Path) -> bytes:
    check_file(path)
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError as error:
        raise OsteoCountError(f"{path}: cannot be opened ({error.strerror or error}).") from error
    if not start:
        raise OsteoCountError(f"{path.name}: the file is empty (0 bytes). Copy it again from the microscope.")
    return start


def _what_else(start: bytes) -> str:
    known = {b"GIF8": "a GIF picture", b"BM": "a BMP picture", b"%PDF": "a PDF", b"PK\x03\x04": "a zip or Excel file"}
    for magic, name in known.items():
        if start.startswith(magic):
            return f"is {name}"
    if start[:4] == b"RIFF":
        return "is a WebP picture or another RIFF file"
    readable = all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in start)
    return "is a text file, not a picture" if readable else "is not a picture of a kind known here"


def _finish(path: Path, raw: RawImage, pixel_size_um: float | None) -> Picture:
    pixels, level_notes = _grey_levels(path, raw.pixels)
    names = raw.channel_names
    notes = [*raw.notes, *level_notes]
    kind: Literal["rgb", "grey", "channels"] = "grey" if pixels.shape[2] == 1 else "channels"
    if raw.colour and pixels.shape[2] == 3:
        kind = "rgb"
    elif (colours := compose(pixels, names)) is not None:
        pixels, names, kind = colours.pixels, colours.names, "rgb"
        notes += colours.notes
    if kind == "rgb" and _is_grey(pixels):
        pixels, names, kind = pixels[:, :, :1], names[:1], "grey"
        notes.append("Red, green and blue are equal everywhere: read as a grey picture.")
    if not (pixels.flags.c_contiguous and pixels.flags.writeable):
        pixels = pixels.copy()
    pixel_size, size_notes = find_pixel_size(raw.evidence, pixel_size_um)
    height, width, channels = pixels.shape
    what = {"rgb": "RGB", "grey": "grey", "channels": f"{channels} channels"}[kind]
    if kind == "channels" and any(names):
        what += f" ({', '.join(name or '?' for name in names)})"
    return Picture(
        path=path,
        pixels=pixels,
        kind=kind,
        channel_names=names,
        pixel_size=pixel_size,
        axes=f"{width} × {height} px, {what}, {pixels.dtype.itemsize * 8} bit",
        notes=(*notes, *size_notes),
    )


def _is_grey(pixels: Pixels) -> bool:
    """All three channels equal; every 64th pixel first, since colour pictures differ almost at once."""
    for step in (64, 1):
        red, green, blue = (pixels[::step, ::step, channel] for channel in range(3))
        if not (np.array_equal(red, green) and np.array_equal(green, blue)):
            return False
    return True


def _grey_levels(path: Path, pixels: NDArray[Any]) -> tuple[Pixels, tuple[str, ...]]:
    """Bring any number type to uint8 or uint16 without guessing a scale."""
    if pixels.dtype == np.uint8:
        return pixels.astype(np.uint8, copy=False), ()
    if pixels.dtype == np.uint16:
        return pixels.astype(np.uint16, copy=False), ()
    if pixels.dtype.kind == "f":
        low, high = float(np.min(pixels)), float(np.max(pixels))
        if not (low >= 0 and high <= 1):
            raise OsteoCountError(
                f"{path.name}: floating-point pixels from {low:g} to {high:g}; what is black and what is white is not "
                "known. Save it as 8 or 16 bit (Fiji: Image ▸ Type), or scale it to 0..1."
            )
        if pixels.dtype == np.float16:
            pixels = pixels.astype(np.float32)  # 65535 is more than it holds
        return np.rint(pixels * 65535).astype(np.uint16), ("Floating-point pixels in 0..1 were scaled to 16 bit.",)
    if pixels.dtype == np.int16 and int(np.min(pixels)) >= 0:
        return pixels.astype(np.uint16), ("Signed 16-bit pixels without negative values were read as unsigned.",)
    kinds = {"b": "black and white only, a mask", "i": "signed whole numbers", "u": "32 or 64 bit, perhaps labels"}
    raise OsteoCountError(
        f"{path.name}: pixels of type {pixels.dtype} ({kinds.get(pixels.dtype.kind, 'not a grey level')}). "
        "Give the 8 or 16 bit picture."
    )
