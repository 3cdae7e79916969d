"""Pictures of Cellomics, written as two public readers describe them."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest

from osteocount.errors import OsteoCountError
from osteocount.io.read import is_picture_file, read_picture

PIXELS = np.arange(12, dtype=np.uint16).reshape(3, 4) * 300


def c01(pixels=PIXELS, *, bits=None, planes=1, size=None, compression=0, per_metre=(1_550_000, 1_550_000), behind=b""):
    height, width = size or pixels.shape
    bits = bits or pixels.dtype.itemsize * 8
    header = struct.pack("<iiihhiiiiii", 40, width, height, planes, bits, compression, 0, *per_metre, 0, 0)
    inside = header + bytes(52 - len(header)) + pixels.tobytes() + behind
    return b"\x10\x00\x00\x00" + zlib.compress(inside)


def write(tmp_path, data, name="AS_09125_050116030001_D03f00d0.C01"):
    path = tmp_path / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("pixels", [PIXELS, (PIXELS // 20).astype(np.uint8)])
@pytest.mark.parametrize("behind", [b"", bytes(1000)])
def test_a_channel_is_read_with_its_pixel_size(tmp_path, pixels, behind):
    path = write(tmp_path, c01(pixels, behind=behind))
    picture = read_picture(path)
    np.testing.assert_array_equal(picture.pixels[:, :, 0], pixels)
    assert picture.pixels.dtype == pixels.dtype
    assert picture.kind == "grey"
    assert picture.pixel_size.um == pytest.approx(0.645, abs=1e-3)
    assert is_picture_file(path)


def test_without_a_resolution_the_pixel_size_is_unknown(tmp_path):
    assert read_picture(write(tmp_path, c01(per_metre=(0, 0)))).pixel_size.um is None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (c01()[:-1], "ends too early"), (c01()[:30], "ends too early"), (b"\x10\x00\x00\x00", "ends too early"),
        (c01(size=(300, 400)), "ends too early"), (c01(planes=3), "3 planes"), (c01(compression=1), "compression 1"),
        (c01(bits=32), "32 bits"), (b"\x10\x00\x00\x00no zlib stream at all", "damaged"),
        (c01(size=(90000, 90000)), "more than"), (c01(size=(30000, 30000)), "damaged or made to fill the memory"),
        (c01(size=(-3, 4)), "not a picture"),
        (c01()[:40] + bytes([c01()[40] ^ 255]) + c01()[41:], "damaged"),
    ],
)  # fmt: skip
def test_damaged_files_are_refused_by_name(tmp_path, data, said):
    with pytest.raises(OsteoCountError, match=said) as refused:
        read_picture(write(tmp_path, data))
    assert "D03f00d0.C01" in str(refused.value)
