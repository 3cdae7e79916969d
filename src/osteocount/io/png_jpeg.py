"""PNG and JPEG."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import JpegImagePlugin, PngImagePlugin

from osteocount.errors import OsteoCountError
from osteocount.io.pixel_size import PixelSizeEvidence
from osteocount.io.raw_image import (
    RawImage,
    check_bytes,
    check_file,
    check_jpeg,
    check_size,
    decoding,
    upright,
    without_alpha,
)

_ORIENTATION = 0x0112  # its tag in EXIF


def read_png_jpeg(path: Path) -> RawImage:
    """Decode a PNG or JPEG file, its size checked first.

    Pillow's plugins are called by name: `PIL.Image.open` would refuse honest wells above 90 megapixels.
    """
    check_file(path)
    with decoding(path), path.open("rb") as file:
        is_png = file.read(1) == b"\x89"
        file.seek(24)
        depth = file.read(1)[0] if is_png else 8
        file.seek(0)
        plugin: Any = PngImagePlugin.PngImageFile if is_png else JpegImagePlugin.JpegImageFile
        with plugin(file) as image:
            check_size(path, image.height, image.width)
            samples = len(image.getbands())
            check_bytes(path, (image.height, image.width, samples), depth // 8 or 1)
            if is_png:
                _check_png(file)
                file.seek(0)
            elif image.mode in ("L", "RGB"):
                check_jpeg(path.read_bytes())
            raw = _decode_16(path) if depth == 16 else _decode_8(path, image)
            pixels, turned = upright(raw.pixels, int(image.getexif().get(_ORIENTATION, 1)))
            return replace(raw, pixels=pixels, notes=(*raw.notes, *turned))


def _check_png(file: BinaryIO) -> None:
    """Check every chunk's checksum and the end mark: decoders go on with a warning and give wrong pixels."""
    file.seek(8)
    kind = b""
    while kind != b"IEND":
        head = file.read(8)
        if len(head) < 8:
            raise ValueError("the file ends too early")
        length, kind = struct.unpack(">I4s", head)
        data, checksum = file.read(length), file.read(4)
        if len(data) < length or len(checksum) < 4:
            raise ValueError("the file ends too early")
        if zlib.crc32(kind + data) != int.from_bytes(checksum):
            raise ValueError("a checksum inside it is wrong")


def _decode_8(path: Path, image: Any) -> RawImage:
    mode, notes = image.mode, []
    if mode in ("CMYK", "YCCK", "LAB"):
        raise OsteoCountError(
            f"{path.name}: the colours are {mode}, made for printing. Save the picture as RGB (TIFF or PNG)."
        )
    if mode in ("P", "PA"):
        mode = "RGBA" if mode == "PA" or "transparency" in image.info else "RGB"
        notes.append("Palette colours were turned into RGB.")
        image = image.convert(mode)
    if mode == "1":
        image, mode = image.convert("L"), "L"
    if mode in ("RGBA", "LA"):
        pixels, said = without_alpha(np.asarray(image))
        notes.append(said)
    else:
        pixels = np.asarray(image)
    pixels = pixels[:, :, None] if pixels.ndim == 2 else pixels
    pixels = pixels[:, :, : 1 if mode in ("L", "LA") else 3]
    return RawImage(pixels, pixels.shape[2] == 3, ("",) * pixels.shape[2], PixelSizeEvidence(path), tuple(notes))


def _decode_16(path: Path) -> RawImage:
    """16-bit PNG: Pillow would cut colours to 8 bit."""
    import imagecodecs

    pixels = np.asarray(imagecodecs.png_decode(path.read_bytes()))
    pixels = pixels[:, :, None] if pixels.ndim == 2 else pixels
    notes: tuple[str, ...] = ()
    if pixels.shape[2] in (2, 4):
        pixels, said = without_alpha(pixels)
        notes = (said,)
    return RawImage(pixels, pixels.shape[2] == 3, ("",) * pixels.shape[2], PixelSizeEvidence(path), notes)
