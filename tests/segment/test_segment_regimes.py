"""Which regime is chosen, what is refused, and the two regimes without brightfield nuclei."""

from __future__ import annotations

import numpy as np
import pytest

from osteocount.errors import OsteoCountError
from osteocount.io.tiled_image import InMemoryImage
from osteocount.segment import get_segmenter
from osteocount.segment.tiling.overview import read_overview
from osteocount.settings import Settings
from support.pictures import WHITE, canvas, ellipse, low_power_well, osteoclast, photograph, picture, round_cells


def segment(pixels, settings=None, **how):
    return get_segmenter(settings or Settings()).segment(picture(pixels, **how))


def test_low_power_calls_the_large_bodies_and_counts_no_nuclei():
    found = segment(low_power_well(), um=None)
    assert found.regime == "low_power"
    assert not found.nuclei_resolved
    assert found.nuclei.max() == 0
    assert len(found.nuclei_table) == 0
    large = set(found.cell_table.cell_id[found.cell_table.is_large])
    assert large == {int(found.cells[300, 150]), int(found.cells[400, 380])}
    assert found.cell_table.n_nuclei_low.isna().all()
    assert any("pixel size is unknown" in w for w in found.warnings)
    assert "estimated" in found.record["analysed_um_per_px_origin"]


@pytest.mark.parametrize(("height", "width"), [(900, 300), (300, 900), (700, 1700)])
def test_a_picture_that_is_not_large_is_surveyed_as_a_whole(height, width):
    pixels = np.random.default_rng(0).integers(0, 255, (height, width, 3)).astype(np.uint8)
    assert np.array_equal(read_overview(InMemoryImage(picture(pixels))).reduced.pixels, pixels)


@pytest.mark.parametrize("turns", range(4))
def test_the_rim_is_found_whichever_side_of_the_picture_it_is_on(turns):
    found = segment(
        np.ascontiguousarray(np.rot90(low_power_well(height=900, centre=(870.0, 420.0), radius=800.0), turns)), um=None
    )
    assert found.record["well_circle"]["radius_px"] == pytest.approx(800, rel=0.01)


def test_outside_the_well_nothing_is_analysed():
    found = segment(low_power_well(), um=None)
    assert 0.5 < found.analysed.mean() < 0.9
    assert not found.cells[~found.analysed].any()


def test_the_scale_is_estimated_from_mononuclear_cells():
    od = canvas()
    osteoclast(od, (150, 200))
    round_cells(od, [(30, 40 + 45 * k) for k in range(8)])
    found = segment(photograph(od), um=None)
    assert found.regime == "brightfield"
    assert found.record["analysed_um_per_px"] == pytest.approx(0.76, rel=0.1)


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


def phase_contrast():
    rng = np.random.default_rng(0)
    grey = np.clip(rng.normal(128, 30, (200, 200, 1)), 0, 255).astype(np.uint8)
    return np.repeat(grey, 3, axis=2)


def green_cells():
    od = canvas()
    for k in range(8):
        ellipse(od, (150, 40 + 45 * k), (14, 14), 0.7, stain=np.array([0.3, 0.1, 0.9]))
    return photograph(od)


@pytest.mark.parametrize(
    ("pixels", "how", "message"),
    [
        (phase_contrast()[..., :1], {"kind": "grey"}, "one grey channel, as in phase contrast"),
        (phase_contrast(), {}, "the three channels are equal"),
        (np.zeros((100, 100, 3), np.uint8), {}, "the picture is black"),
        (green_cells(), {}, "not purple to red"),
        (np.zeros((100, 100, 2), np.uint8), {"kind": "channels"}, "0 of 2 channels hold a signal"),
    ],
)
def test_what_cannot_be_counted_is_refused(pixels, how, message):
    with pytest.raises(OsteoCountError, match=message) as refused:
        segment(pixels, **how)
    assert "made.png" in str(refused.value)


def test_bare_plastic_is_said():
    pixels = np.clip(np.random.default_rng(0).normal(WHITE, 1.0, (200, 200, 3)), 0, 255).astype(np.uint8)
    with pytest.raises(OsteoCountError, match="nothing can be seen in it"):
        segment(pixels)
