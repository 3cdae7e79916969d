"""Label images keep their labels, their pixel size and their bytes."""

import hashlib

import numpy as np
import pytest
import tifffile

from osteocount.errors import OsteoCountError
from osteocount.io.label_image import read_labels, write_labels
from osteocount.io.pixel_size import PixelSizeEvidence, find_pixel_size


def labels(shape=(300, 520)):
    image = np.zeros(shape, np.uint32)
    image[10:50, 20:70], image[-1, -1] = 70_000, 2**32 - 1
    return image


@pytest.mark.parametrize("shape", [(300, 520), (256, 256), (3, 5), (257, 1)])
@pytest.mark.parametrize("um", [0.76, 0.3225, 12.0, None])
def test_round_trip(tmp_path, shape, um):
    write_labels(labels(shape), tmp_path / "labels" / "a_cells.tif", um)
    np.testing.assert_array_equal(read_labels(tmp_path / "labels" / "a_cells.tif"), labels(shape))
    with tifffile.TiffFile(tmp_path / "labels" / "a_cells.tif") as tiff:
        page = tiff.pages[0]
        assert page.is_tiled and page.compression == 8 and page.dtype == np.uint32
        per_cm = [np.divide(*page.tags[name].value) for name in ("XResolution", "YResolution")]
        unit = int(page.tags["ResolutionUnit"].value)
    found, notes = find_pixel_size(PixelSizeEvidence(tmp_path / "a.tif", per_unit=tuple(per_cm), unit=unit))
    assert notes == ()
    assert found.um == (None if um is None else pytest.approx(um, rel=1e-6))


def test_same_labels_same_bytes(tmp_path):
    hashes = set()
    for name in ("a.tif", "b.tif"):
        write_labels(labels(), tmp_path / name, 0.76)
        hashes.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert len(hashes) == 1
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("wrong", [np.zeros((3, 3), np.int64), np.zeros((2, 3, 3), np.uint32)])
def test_only_label_images_are_written(tmp_path, wrong):
    with pytest.raises(ValueError, match=r"must be \(height, width\) uint32"):
        write_labels(wrong, tmp_path / "a.tif")


@pytest.mark.parametrize("data", [np.zeros((5, 40, 40), np.uint8), np.zeros((40, 40), np.float32), np.full((4, 4), -1)])
def test_other_pictures_are_no_labels(tmp_path, data):
    tifffile.imwrite(tmp_path / "a.tif", data)
    with pytest.raises(OsteoCountError, match="not a label image"):
        read_labels(tmp_path / "a.tif")


def test_labels_of_other_programs(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.arange(12, dtype=np.uint16).reshape(3, 4))
    assert read_labels(tmp_path / "a.tif").dtype == np.uint32
    (tmp_path / "b.tif").write_text("no")
    with pytest.raises(OsteoCountError, match="cannot be read"):
        read_labels(tmp_path / "b.tif")
