"""Cells measured by hand: sizes, shapes, the counting frame, and what is an osteoclast."""

from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
import pytest
from skimage.measure import regionprops

from osteocount.columns import WELL_NUMBERS, names_of
from osteocount.measure import choose_frame, measure_cells, measure_nuclei, summarise
from osteocount.measure.cells import is_borderline, is_osteoclast, with_borderline
from osteocount.measure.shape import measure_shapes
from osteocount.segment.object_tables import with_hidden_nuclei
from osteocount.segment.segmentation import ArrayLabels, Segmentation
from osteocount.settings import Settings

SIZE = 40


def segmentation(boxes, nuclei_per_cell, *, od=0.5, resolved=True, large=None, interval=1):
    """Square cells given as (top, left, side), each with so many nuclei."""
    cells = np.zeros((SIZE, SIZE), np.uint32)
    for label, (top, left, side) in enumerate(boxes, start=1):
        cells[top : top + side, left : left + side] = label
    owners = [label for label, n in enumerate(nuclei_per_cell, start=1) for _ in range(n)]
    nuclei = pd.DataFrame(
        {"nucleus_id": range(1, len(owners) + 1), "cell_id": owners, "y_px": 1.0, "x_px": 1.0, "score": 1.0}
    )
    ids = range(1, len(boxes) + 1)
    low = [n - interval for n in nuclei_per_cell] if resolved else pd.NA
    high = [n + interval for n in nuclei_per_cell] if resolved else pd.NA
    table = pd.DataFrame({"cell_id": ids, "confidence": 1.0, "flags": "", "n_nuclei_low": low, "n_nuclei_high": high})
    table["is_large"] = large if large is not None else pd.NA
    table["by"] = "nuclei" if resolved else "appearance"
    return Segmentation(
        labels=ArrayLabels(cells, np.zeros_like(cells)), nuclei_table=nuclei,
        trap_od=np.where(cells > 0, od, 0).astype(np.float32),
        regime="brightfield" if resolved else "low_power",
        nuclei_resolved=resolved,
        cell_table=table,
    )  # fmt: skip


def measured(found, um, settings=None):
    settings = settings or Settings()
    return measure_cells(found, um, settings, choose_frame(found, um, settings.picture)[0])


def fields(found, um=0.5):
    return pd.DataFrame(
        [
            {
                "area_px": int(found.analysed.sum()),
                "analysed_px": int(found.analysed.sum()),
                "pixel_size_um": um,
                "nuclei_resolved": found.nuclei_resolved,
                "guarded": False,
            }
        ]
    )


def test_a_square_of_ten_pixels_at_half_a_micrometre():
    cell = measured(segmentation([(5, 6, 10)], [4]), 0.5).iloc[0]
    assert (cell.area_px, cell.area_um2) == (100, 25.0)
    assert (cell.y_px, cell.x_px) == (9.5, 10.5)
    assert cell.feret_um == pytest.approx(0.5 * 10 * 2**0.5)
    assert cell.perimeter_um == pytest.approx(0.5 * 36)
    assert (cell.solidity, cell.eccentricity) == (pytest.approx(1), pytest.approx(0))


def test_how_a_cell_is_stained_is_empty_where_it_was_not_measured():
    cell = measured(segmentation([(5, 6, 10)], [4], od=0.25), 0.5).iloc[0]
    assert cell["trap_od_mean"] == 0.25
    assert cell[["trap_od_sd", "red_od_mean", "green_od_mean", "blue_od_mean"]].isna().all()


def test_without_a_pixel_size_the_micrometre_columns_are_empty_and_not_zero():
    cell = measured(segmentation([(5, 6, 10)], [4]), None).iloc[0]
    assert cell[["area_um2", "perimeter_um", "feret_um"]].isna().all()


@pytest.mark.parametrize("axes", [(14, 6), (9, 9), (12, 3)])
def test_shapes_agree_with_scikit_image(axes):
    labels = np.zeros((60, 60), np.uint8)
    cv2.ellipse(labels, (30, 28), axes, 25, 0, 360, 1, -1)
    ours, theirs = measure_shapes(labels.astype(np.uint32))[0], regionprops(labels)[0]
    assert ours.area_px == theirs.area
    assert (ours.y_px, ours.x_px) == pytest.approx(theirs.centroid)
    assert ours.eccentricity == pytest.approx(theirs.eccentricity, abs=0.02)
    assert ours.solidity == pytest.approx(theirs.solidity, abs=0.04)
    assert ours.feret_px == pytest.approx(theirs.feret_diameter_max, abs=1.5)


@pytest.mark.parametrize(
    ("box", "touches", "counted"),
    [((0, 9, 5), True, False), ((9, 0, 5), True, False), ((35, 9, 5), True, True), ((9, 35, 5), True, True),
     ((9, 9, 5), False, True), ((35, 0, 5), True, False), ((0, 35, 5), True, False)],
)  # fmt: skip
def test_the_counting_frame_excludes_top_and_left(box, touches, counted):
    found = segmentation([box], [3])
    cell = measured(found, 1.0).iloc[0]
    assert (cell.touches_edge, cell.counted) == (touches, counted)
    whole = Settings.model_validate({"picture": {"well_view": "whole"}})
    assert measured(found, 1.0, whole).iloc[0].counted


def test_four_fields_that_tile_a_well_count_every_cell_once():
    """The reason for the frame: a cell on the seam of two fields belongs to exactly one of them."""
    rng = np.random.default_rng(3)
    well = np.zeros((80, 80), np.uint32)
    tops, lefts = np.meshgrid(range(3, 74, 12), range(3, 74, 12), indexing="ij")
    for label, (top, left) in enumerate(zip(tops.ravel(), lefts.ravel(), strict=True), start=1):
        side = rng.integers(4, 10)
        well[top : top + side, left : left + side] = label
    counted = 0
    for top in (0, 40):
        for left in (0, 40):
            tile = np.unique(well[top : top + 40, left : left + 40], return_inverse=True)[1].reshape(40, 40)
            if well[top : top + 40, left : left + 40].min() > 0:
                tile = tile + 1
            counted += sum(shape.top > 0 and shape.left > 0 for shape in measure_shapes(tile.astype(np.uint32)))
    # A cell over a seam of two fields is cut by the excluding border of exactly one of them, and one over the corner
    # of all four by that of three, so each is counted exactly once; no cell touches the outer borders here.
    assert counted == well.max()


@pytest.mark.parametrize(("n", "osteoclast"), [(0, False), (2, False), (3, True), (7, True)])
def test_three_nuclei_make_an_osteoclast(n, osteoclast):
    cell = measured(segmentation([(9, 9, 9)], [n]), 1.0).iloc[0]
    assert (cell.n_nuclei, cell.is_osteoclast) == (n, osteoclast)


@pytest.mark.parametrize(("n", "borderline"), [(1, False), (2, True), (3, True), (4, False)])
def test_a_cell_whose_class_flips_inside_its_interval_is_borderline(n, borderline):
    cell = measured(segmentation([(9, 9, 9)], [n]), 1.0).iloc[0]
    assert ("borderline" in cell["flags"]) == borderline


def test_cells_without_trap_are_not_in_the_table_and_their_nuclei_in_no_cell():
    found = segmentation([(9, 9, 9)], [3], od=0.01)
    cells = measured(found, 1.0)
    assert len(cells) == 0
    assert measure_nuclei(found, cells)["cell_id"].isna().all()


def test_where_nuclei_are_not_resolved_none_are_made_up():
    found = segmentation([(9, 9, 9), (25, 25, 4)], [0, 0], resolved=False, large=[True, False])
    cells = measured(found, None)
    assert cells["n_nuclei"].isna().all()
    assert cells["is_osteoclast"].tolist() == [True, False]
    assert cells["by"].tolist() == ["appearance"] * 2
    well = summarise(cells, fields(found, None), 3)
    assert well["n_osteoclasts"] == 1
    assert [well[name] for name in ("n_nuclei", "fusion_index", "n_osteoclasts_ge2", "imaged_area_mm2")] == [None] * 4


def test_of_opaque_cells_in_which_no_nucleus_is_seen_none_are_counted_and_size_decides():
    found = segmentation([(2, 2, 9), (15, 15, 4), (25, 25, 6)], [0, 0, 4])
    hidden = np.array([True, True, False])
    table = with_hidden_nuclei(found.cell_table.astype({"n_nuclei_low": "Int64", "n_nuclei_high": "Int64"}), hidden,
                               np.array([81.0, 16.0, 36.0]), 8.0)  # fmt: skip
    cells = measured(replace(found, cell_table=table), 1.0)
    assert cells["by"].tolist() == ["size", "size", "nuclei"]
    assert cells["is_osteoclast"].tolist() == [True, False, True]
    assert cells["flags"].tolist() == ["borderline", "", ""]
    assert cells[["n_nuclei", "n_nuclei_low", "n_nuclei_high"]].isna().all(axis=1).tolist() == hidden.tolist()
    for rule, ge4 in ((3, 1), (4, 2)):
        well = summarise(cells, fields(found), rule)
        assert [well[name] for name in ("n_nuclei", "n_osteoclasts", "n_osteoclasts_ge2", "n_osteoclasts_ge4")] == [
            4, 2, 2, ge4,
        ]  # fmt: skip


def test_the_numbers_of_a_well_by_hand():
    boxes = [(5, 5, 6), (15, 5, 4), (25, 5, 4), (0, 20, 10)]
    found = segmentation(boxes, [5, 2, 1, 8])
    well = summarise(measured(found, 0.5), fields(found), 3)
    assert set(well) == set(names_of(WELL_NUMBERS))
    expected = {
        "n_fields": 1, "n_osteoclasts": 1, "n_osteoclasts_ge2": 2, "n_osteoclasts_ge4": 1, "n_trap_positive": 3,
        "n_nuclei": 8,
        "n_nuclei_in_osteoclasts": 5, "n_borderline": 1, "imaged_area_px": 1600, "osteoclast_area_px": 136,
    }  # fmt: skip
    assert {name: well[name] for name in expected} == expected
    assert well["imaged_area_mm2"] == pytest.approx(1600 * 0.25e-6)
    assert well["osteoclast_density_per_mm2"] == pytest.approx(1 / (1600 * 0.25e-6))
    assert well["fusion_index"] == pytest.approx(5 / 8)
    assert well["osteoclast_area_fraction"] == pytest.approx(136 / 1600)
    assert well["nuclei_per_osteoclast_mean"] == 5
    assert well["osteoclast_area_mean_um2"] == pytest.approx(9)


def test_three_nuclei_by_default_make_an_osteoclast():
    assert [bool(is_osteoclast(n, 3)) for n in (0, 2, 3, 9)] == [False, False, True, True]


def test_a_cell_is_borderline_when_its_class_flips_inside_the_interval():
    low, high = pd.Series([2, 3, 0], dtype="Int64"), pd.Series([3, 5, 2], dtype="Int64")
    assert is_borderline(low, high, 3).tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("flags", "borderline", "expected"),
    [
        ("", True, "borderline"),
        ("opaque;pale_giant", True, "opaque;pale_giant;borderline"),
        ("borderline;opaque", False, "opaque"),
        ("borderline", True, "borderline"),
    ],
)
def test_the_flag_is_there_once_or_not_at_all(flags, borderline, expected):
    assert with_borderline(flags, borderline=borderline) == expected
