"""Fluorescence: channels by name or content, cells and nuclei of two channels."""

from __future__ import annotations

import numpy as np
import pytest

from osteocount.errors import OsteoCountError
from osteocount.segment import get_segmenter
from osteocount.settings import Settings
from support.pictures import canvas, picture


def segment(pixels, settings=None, **how):
    return get_segmenter(settings or Settings()).segment(picture(pixels, **how))


def fluorescent(bits=8):
    """Return two channels: two osteoclasts of 4 and 3 nuclei, one cell of one, stray nuclei."""
    cytoplasm, nuclei = canvas(200, 240)[..., 0], canvas(200, 240)[..., 0]
    cells = [((60, 60), 24, 4), ((130, 160), 22, 3), ((40, 190), 9, 1)]
    y, x = np.mgrid[:200, :240]
    spots = [(180, 20 + 22 * k) for k in range(10)]
    for (cy, cx), radius, n in cells:
        cytoplasm += 110 * (np.hypot(y - cy, x - cx) < radius)
        ring = 0 if n == 1 else 9
        spots += [(cy + ring * np.sin(2 * np.pi * k / n), cx + ring * np.cos(2 * np.pi * k / n)) for k in range(n)]
    for cy, cx in spots:
        nuclei += 170 * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * 1.9**2))
    noise = np.random.default_rng(1).normal(0, 1.5, (200, 240, 2))
    grey = np.stack([cytoplasm, nuclei], axis=2) + 20 + noise
    return np.clip(grey, 0, 255).astype(np.uint8) if bits == 8 else (np.clip(grey, 0, 255) * 200).astype(np.uint16)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize(
    ("order", "names"), [((0, 1), ("TRAP", "DAPI")), ((1, 0), ("Hoechst 33342", "phalloidin")), ((1, 0), ("", ""))]
)
def test_fluorescence_channels_are_found_by_name_or_content(bits, order, names):
    found = segment(fluorescent(bits)[..., order], um=None, kind="channels", names=names)
    assert found.regime == "fluorescence"
    assert ("by name" if names[0] else "by content") in found.record["channels"]
    counts = found.nuclei_table.cell_id.value_counts()
    assert [counts.get(int(found.cells[c]), 0) for c in ((60, 60), (130, 160), (40, 190))] == [4, 3, 1]
    assert (found.nuclei_table.cell_id == 0).sum() == 10


def noise(height=200, width=240):
    return np.random.default_rng(2).poisson(9, (height, width)).astype(np.uint8)


def test_one_stain_in_both_channels_is_refused():
    nuclei = fluorescent()[..., 1]
    with pytest.raises(OsteoCountError, match="show the same"):
        segment(np.dstack([nuclei, (nuclei * 0.8).astype(np.uint8)]), um=None, kind="channels")


def test_a_channel_without_stained_cells_counts_none_and_says_so():
    found = segment(np.dstack([noise(), fluorescent()[..., 1]]), um=None, kind="channels")
    assert found.cells.max() == 0
    assert any("nothing in the cytoplasm channel stands out" in w for w in found.warnings)


def test_noise_in_both_channels_is_refused():
    with pytest.raises(OsteoCountError, match="nuclei seen in the nuclei channel"):
        segment(np.dstack([noise(), noise()[::-1]]), um=None, kind="channels")


def test_a_nucleus_on_the_rim_of_a_cell_is_not_counted():
    pixels = fluorescent().astype(float)
    y, x = np.mgrid[:200, :240]
    pixels[..., 1] += 150 * np.exp(-((y - 60) ** 2 + (x - 84.5) ** 2) / (2 * 1.9**2))  # the cell ends at 84
    found = segment(np.clip(pixels, 0, 255).astype(np.uint8), um=None, kind="channels")
    assert (found.nuclei_table.cell_id == found.cells[60, 60]).sum() == 4


GAP = (slice(96, 200), slice(0, 88))  # a missing tile of the mosaic


@pytest.mark.parametrize("bits", [8, 16])
def test_a_missing_tile_of_a_mosaic_is_no_imaged_area(bits):
    pixels = fluorescent(bits)
    pixels[GAP] = 0
    found = segment(pixels, um=None, kind="channels", names=("TRAP", "DAPI"))
    assert found.analysed.sum() == 200 * 240 - 104 * 88
    assert not found.analysed[GAP].any()
    assert not found.cells[GAP].any()
    counts = found.nuclei_table.cell_id.value_counts()
    assert [counts.get(int(found.cells[c]), 0) for c in ((60, 60), (130, 160), (40, 190))] == [4, 3, 1]
    assert found.record["never_imaged_share"] == round(104 * 88 / (200 * 240), 4)
    assert any("was never imaged" in text for text in found.warnings)


@pytest.mark.parametrize("cut", [0, 30])
def test_a_background_that_was_set_to_black_was_imaged(cut):
    pixels = fluorescent()
    pixels[(pixels < 20 + cut).all(axis=2)] = 0
    found = segment(pixels, um=None, kind="channels", names=("TRAP", "DAPI"))
    assert found.analysed.all()
    assert "never_imaged_share" not in found.record
