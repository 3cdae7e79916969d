"""Small files that claim a lot: refused by their header, before the memory is taken."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
import zlib

import numpy as np
import openpyxl
import pytest
import tifffile
from PIL import Image

from osteocount.errors import OsteoCountError
from osteocount.io.read import read_picture
from osteocount.io.tiled_image import open_tiled
from osteocount.plate.layout.read import read_layout

zarr = pytest.importorskip("zarr")


def jpeg(path, side):
    stream = io.BytesIO()
    Image.new("RGB", (16, 16)).save(stream, "JPEG")
    data = bytearray(stream.getvalue())
    struct.pack_into(">HH", data, data.index(b"\xff\xc0") + 5, side, side)
    path.write_bytes(data)


def png(path, side):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pack = zlib.compressobj(9)
    packed = b"".join(pack.compress(bytes(side * 3 + 1)) for _ in range(side)) + pack.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b""))


def png_header(path, side):
    png(path, 2)
    data = bytearray(path.read_bytes())
    struct.pack_into(">II", data, 16, side, side)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    path.write_bytes(data)


def one_strip(path, side):
    packed = zlib.compress(bytes(side * side * 3 // 16), 9)
    tifffile.imwrite(
        path, iter([packed]), shape=(side, side, 3), dtype=np.uint8, photometric="rgb", compression="zlib",
        rowsperstrip=side, metadata=None,
    )  # fmt: skip


CLAIMS = {
    "jpeg of 65,500 px": (lambda path: jpeg(path, 65500), "2 gigapixels"),
    "jpeg of 36,000 px": (lambda path: jpeg(path, 36000), "GB of memory"),
    "jpeg of 20,000 px": (lambda path: jpeg(path, 20000), "no photograph"),
    "png of 12,000 px that unpacks": (lambda path: png(path, 12000), "no photograph"),
    "png of 10^6 px": (lambda path: png_header(path, 10**6), "2 gigapixels"),
    "tiff, one strip": (lambda path: one_strip(path, 12000), "no photograph"),
}


def refused(path):
    """Give what is said, and the memory taken at the peak, in MiB."""
    tracemalloc.start()
    with pytest.raises(OsteoCountError) as said:
        read_picture(path)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return str(said.value), peak


@pytest.mark.parametrize("name", CLAIMS)
def test_claims_are_refused_by_the_header(tmp_path, name):
    make, message = CLAIMS[name]
    make(tmp_path / "a.tif")
    said, peak = refused(tmp_path / "a.tif")
    assert said.startswith("a.tif: ") and message in said
    assert peak < 64


def test_channels_that_fill_the_memory(tmp_path):
    path = tmp_path / "a.ome.tif"  # 5.2 GB, none of which is written
    about = {"ome": True, "photometric": "minisblack", "metadata": {"axes": "CYX"}}
    tifffile.imwrite(path, shape=(32, 9000, 9000), dtype=np.uint16, **about)
    said, peak = refused(path)
    assert "takes 5.2 GB of memory" in said
    assert peak < 64


@pytest.mark.parametrize("circle", [True, False])
def test_endless_chains_of_pages(tmp_path, circle):
    """Pages of no tags; the chain ends where it began, or after 200,000."""
    count = 2 if circle else 200_000
    ends = [8 + 6 * n for n in range(1, count)] + [8 if circle else 0]
    pages = b"".join(struct.pack("<HI", 0, end) for end in ends)
    (tmp_path / "a.tif").write_bytes(b"II*\0" + struct.pack("<I", 8) + pages)
    said, _ = refused(tmp_path / "a.tif")
    assert "pages or more" in said
    with pytest.raises(OsteoCountError, match="pages or more"), open_tiled(tmp_path / "a.tif", None):
        pass


def test_a_zarr_without_chunks(tmp_path):
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2)
    group.create_array("0", shape=(20000, 20000), chunks=(1000, 1000), dtype=np.uint8)
    axes = [{"name": name, "type": "space"} for name in "yx"]
    group.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": [{"path": "0"}]}]
    said, peak = refused(tmp_path / "a.zarr")
    assert "none of its 400 chunks are there" in said
    assert peak < 64


def test_a_merged_range_of_a_whole_sheet(tmp_path):
    book = openpyxl.Workbook()
    book.active["A1"] = "well"
    book.save(tmp_path / "small.xlsx")
    with zipfile.ZipFile(tmp_path / "small.xlsx") as old, zipfile.ZipFile(tmp_path / "a.xlsx", "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                merged = b'<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'
                data = data.replace(b"</sheetData>", b"</sheetData>" + merged)
                assert merged in data
            new.writestr(name, data)
    tracemalloc.start()
    with pytest.raises(OsteoCountError, match=r"a\.xlsx.* merged"):
        read_layout(tmp_path / "a.xlsx")
    assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
    tracemalloc.stop()
