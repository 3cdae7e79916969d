"""Whether JPEG data are whole: decoders go on after damage with a warning and give grey or shifted blocks."""

from __future__ import annotations

_FRAMES = (b"\xff\xc0", b"\xff\xc1", b"\xff\xc2")  # sequential and progressive Huffman frames: what cameras write


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
