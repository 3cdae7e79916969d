"""The learned segmenter on scenes of known truth, and its parts on maps made by hand."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from osteocount import Settings
from osteocount.errors import OsteoCountError
from osteocount.io.picture import Picture, PixelSize
from osteocount.segment import get_segmenter
from osteocount.segment.backends import shipped
from osteocount.segment.backends.shipped import MODEL_FILE, MODEL_SHA256, CellModel, LogitMaps, shipped_model
from osteocount.segment.detectors.learned import LearnedSegmenter
from osteocount.segment.detectors.learned_cells import BOUNDARY_FEATURES, cell_mask, merge_fragments, oversegment
from osteocount.segment.detectors.learned_nuclei import FEATURES, candidate_features, rescore_fused_cells
from osteocount.segment.object_tables import count_nuclei
from osteocount.segment.preprocess.scale import Scale
from osteocount.segment.segmenter import ClassicalSegmenter
from support import scenes

LEARNED = Settings.model_validate({"segment": {"segmenter": "learned"}})
SCALE = Scale(0.76, 1.0, "test")
SHIPPED = Path(str(files("osteocount.segment.backends") / MODEL_FILE))


def picture_of(field, um=None):
    size = PixelSize(field.pixel_size if um is None else um, "test")
    return Picture(Path("scene.png"), field.picture, "rgb", ("red", "green", "blue"), size, "YXC", ())


def nuclei_per_cell(found):
    counts = np.bincount(found.nuclei_table["cell_id"], minlength=int(found.cells.max()) + 1)
    return counts[1:].tolist()


@pytest.mark.parametrize(
    ("name", "osteoclasts", "nuclei"),
    [
        ("two_touching_osteoclasts", 2, 9),
        ("binucleate_decoy", 0, 2),
        ("pale_giant", 1, 12),
        ("fibre_between_cells", 1, 4),
        ("mononuclear_on_osteoclast", 1, 4),
        ("giant_on_edge", 1, 6),
    ],
)
def test_scenes_are_counted(name, osteoclasts, nuclei) -> None:
    found = LearnedSegmenter(LEARNED).segment(picture_of(getattr(scenes, name)()))
    counts = nuclei_per_cell(found)
    assert sum(n >= 3 for n in counts) == osteoclasts
    assert abs(sum(counts) - nuclei) <= 1


def test_the_same_picture_gives_the_same_result_twice() -> None:
    picture = picture_of(scenes.two_touching_osteoclasts())
    one, two = (LearnedSegmenter(LEARNED).segment(picture) for _ in range(2))
    assert np.array_equal(one.cells, two.cells)
    assert one.nuclei_table.equals(two.nuclei_table)
    assert one.cell_table.equals(two.cell_table)


def test_tables_and_labels_agree() -> None:
    found = LearnedSegmenter(LEARNED).segment(picture_of(scenes.pale_giant()))
    assert found.cells.dtype == found.nuclei.dtype == np.uint32
    assert found.cell_table["cell_id"].tolist() == list(range(1, int(found.cells.max()) + 1))
    assert found.nuclei_table["nucleus_id"].tolist() == list(range(1, int(found.nuclei.max()) + 1))
    y, x = (found.nuclei_table[c].round().astype(int) for c in ("y_px", "x_px"))
    assert found.cells[y, x].tolist() == found.nuclei_table["cell_id"].tolist()
    counts = np.array(nuclei_per_cell(found))
    assert (found.cell_table["n_nuclei_low"] <= counts).all()
    assert (found.cell_table["n_nuclei_high"] >= counts).all()
    assert found.nuclei_table["score"].between(0.5, 1).all()
    assert found.record["segmenter"] == "learned"
    assert found.record["model_sha256"] == MODEL_SHA256


def test_an_empty_field_has_no_cells_and_says_so() -> None:
    empty = Picture(
        Path("empty.png"), np.full((200, 240, 3), 205, np.uint8), "rgb", (), PixelSize(0.76, "test"), "YXC", ()
    )
    found = LearnedSegmenter(LEARNED)._with_nuclei(empty, np.ones((200, 240), bool), SCALE, {})
    assert not found.cells.any()
    assert "the network sees no cell: an empty field, or no stain." in found.warnings


def test_maps_do_not_depend_on_tiles(monkeypatch) -> None:
    density = np.random.default_rng(0).uniform(0, 0.6, (300, 340, 3)).astype(np.float32)
    model = shipped_model()
    whole = model.maps(density)
    monkeypatch.setattr(shipped, "_LARGEST", 100_000)
    for once, tiled in zip(whole, model.maps(density), strict=True):
        assert once.shape == (300, 340)
        np.testing.assert_array_equal(once, tiled)


def test_maps_of_a_window_are_those_of_the_picture() -> None:
    density = np.random.default_rng(0).uniform(0, 0.6, (448, 500, 3)).astype(np.float32)
    model = shipped_model()
    whole, part = model.maps(density), model.maps(density[64:400, 128:])
    for once, seen in zip(whole, part, strict=True):
        np.testing.assert_array_equal(once[160:304, 224:], seen[96:240, 96:])


def test_other_regimes_go_the_classical_way_with_the_reason(monkeypatch) -> None:
    picture = picture_of(scenes.binucleate_decoy())
    found = replace(ClassicalSegmenter(LEARNED).segment(picture), regime="fluorescence")
    monkeypatch.setattr(ClassicalSegmenter, "segment", lambda self, picture: found)
    record = LearnedSegmenter(LEARNED).segment(picture).record
    assert (
        record["cells_and_nuclei_by"] == "classical: the network was trained on brightfield pictures that show nuclei"
    )


def test_the_setting_chooses_the_segmenter() -> None:
    classical = Settings.model_validate({"segment": {"segmenter": "classical"}})
    assert get_segmenter(LEARNED).name == "learned"
    assert get_segmenter(classical).name == "classical"


def test_onnxruntime_is_loaded_only_when_used() -> None:
    code = "import sys, osteocount, osteocount.segment.detectors.learned; assert 'onnxruntime' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_shipped_model_is_small_and_the_one_named() -> None:
    content = SHIPPED.read_bytes()
    assert len(content) < 10e6
    assert hashlib.sha256(content).hexdigest() == MODEL_SHA256
    assert shipped_model().facts["features"] == list(FEATURES)


def test_a_damaged_a_missing_and_a_foreign_model_are_refused(tmp_path) -> None:
    damaged = tmp_path / "cells.onnx"
    damaged.write_bytes(SHIPPED.read_bytes()[:-1] + b"x")
    with pytest.raises(OsteoCountError, match=r"cells\.onnx: the model file is damaged or is another one"):
        CellModel(damaged)
    with pytest.raises(OsteoCountError, match=r"none\.onnx: the model file is missing; install osteocount again"):
        CellModel(tmp_path / "none.onnx")
    foreign = tmp_path / "foreign.onnx"
    foreign.write_bytes(SHIPPED.read_bytes().replace(b"osteocount", b"otherthing"))
    with pytest.raises(OsteoCountError, match="is not a model of OsteoCount"):
        CellModel(foreign, None)


def test_a_missing_onnxruntime_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(OsteoCountError, match="needs onnxruntime, which is not installed"):
        CellModel()


def hand_made(*blocks, shape=(60, 120), core=4.0):
    """LogitMaps with cells at ``blocks`` (slices), their core 2 px inside."""
    cell = np.full(shape, -6, np.float32)
    inner = np.full(shape, -6, np.float32)
    for rows, columns in blocks:
        cell[rows, columns] = 6
        inner[rows.start + 2 : rows.stop - 2, columns.start + 2 : columns.stop - 2] = core
    far = np.full(shape, -6, np.float32)
    return LogitMaps(cell, inner, far, far)


#: Two cells with nuclei are one above a core of 0.4 along their border; a bare one belongs to what it leans on above
#: −4, unless it is much the darker.
RULE = {"one_none_bare": -0.4, "one_one_bare": 4.0, "one_both_bare": 4.0, "darker": -20.0}
RULE |= {f"core_{bare}_bare": 1.0 for bare in ("none", "one", "both")}


def labels_of(maps, *nuclei, total=None):
    at = np.array(nuclei, np.intp).reshape(-1, 2).T
    mask = cell_mask(maps, None, 0.0, SCALE)
    total = np.full(mask.shape, 0.3, np.float32) if total is None else total
    parts = oversegment(maps, mask, total, (at[0], at[1]), SCALE)
    return merge_fragments(parts, np.array([RULE.get(name, 0.0) for name in BOUNDARY_FEATURES]), 7.0)


LEFT, RIGHT = (slice(10, 50), slice(10, 60)), (slice(10, 50), slice(60, 110))


def test_a_seam_parts_two_cells_and_weak_core_does_not() -> None:
    maps = hand_made(LEFT, RIGHT)
    assert labels_of(maps, (30, 30), (30, 90)).max() == 2
    maps.core[12:48, 56:64] = 2.0
    assert labels_of(maps, (30, 30), (30, 90)).max() == 1


@pytest.mark.parametrize(("seam", "cells"), [(-1.0, 1), (-6.0, 2)])
def test_a_part_without_a_nucleus_belongs_to_the_cell_it_leans_on(seam, cells) -> None:
    maps = hand_made(LEFT, RIGHT)
    maps.core[10:50, 58:62] = seam
    assert labels_of(maps, (30, 30)).max() == cells


def test_a_dark_bare_part_lies_on_the_cell_and_a_pale_one_belongs_to_it() -> None:
    maps = hand_made(LEFT, RIGHT)
    maps.core[10:50, 58:62] = -1.0
    total = np.full((60, 120), 0.3, np.float32)
    for density, cells in ((0.1, 1), (0.8, 2)):
        total[:, 60:] = density
        assert labels_of(maps, (30, 30), total=total).max() == cells


def test_the_surest_pair_is_joined_first_and_what_it_changes_is_looked_at_anew() -> None:
    middle = slice(10, 50), slice(60, 85)
    maps = hand_made(LEFT, middle, (slice(10, 50), slice(85, 110)))
    maps.core[12:48, 58:62], maps.core[12:48, 83:87] = -1.0, -2.0
    labels = labels_of(maps, (30, 30), (30, 100))  # the middle has no nucleus and leans more on the left
    assert labels.max() == 2
    assert labels[30, 70] == labels[30, 30] != labels[30, 100]


def test_seams_are_described_by_what_is_seen_there() -> None:
    maps = hand_made(LEFT, RIGHT)
    maps.core[12:48, 58:62] = -2.0
    total = np.full((60, 120), 0.3, np.float32)
    total[:, 60:] = 0.5
    parts = oversegment(maps, cell_mask(maps, None, 0.0, SCALE), total, (np.array([30]), np.array([30])), SCALE)
    ends, features = parts.boundary_features(np.arange(parts.area.size))
    assert ends.tolist() == [[1, 2]]
    seen = dict(zip(BOUNDARY_FEATURES, features[0], strict=True))
    assert seen["one_one_bare"] == 1
    assert seen["one_none_bare"] == seen["core_none_bare"] == seen["one_both_bare"] == 0
    assert -4 < seen["core_one_bare"] < -1.5
    assert seen["open_one_bare"] == 0
    assert seen["contrast_one_bare"] == pytest.approx(0.2)
    assert seen["darker"] == pytest.approx(0.2)
    assert seen["length"] == pytest.approx(np.log(40 * 0.76))


def test_small_things_are_no_cells_and_labels_are_in_raster_order() -> None:
    maps = hand_made((slice(40, 58), slice(5, 25)), (slice(5, 25), slice(80, 100)), (slice(5, 9), slice(5, 9)))
    labels = labels_of(maps, (48, 15), (15, 90))
    assert labels.max() == 2
    assert labels[15, 90] == 1
    assert labels[7, 7] == 0


def test_candidates_are_the_peaks_of_the_centre_map() -> None:
    maps = hand_made(LEFT)
    centre = np.full((60, 120), -6, np.float32)
    yy, xx = np.mgrid[:60, :120]
    for y, x, top in ((25, 25, 3.0), (35, 45, 1.0)):
        centre = np.maximum(centre, top - 0.3 * ((yy - y) ** 2 + (xx - x) ** 2))
    maps = maps._replace(centre=np.maximum(centre, -6).astype(np.float32))
    y, x, features = candidate_features(maps, np.full((60, 120, 3), 0.3, np.float32), maps.cell > 0, SCALE)
    strong = features[:, 1] > -1
    assert sorted(zip(y[strong].tolist(), x[strong].tolist(), strict=True)) == [(25, 25), (35, 45)]
    assert features.shape == (len(y), len(FEATURES))
    assert np.isfinite(features).all()


@pytest.mark.parametrize(
    ("scores", "counted", "low", "high", "chance_below_three"),
    [
        ([0.99, 0.99, 0.99], 3, 3, 3, 1 - 0.99**3),
        ([0.99, 0.99, 0.6], 3, 2, 3, 1 - 0.99**2 * 0.6),
        ([0.99, 0.99, 0.4], 2, 2, 3, 1 - 0.99**2 * 0.4),
        ([], 0, 0, 0, 1.0),
    ],
)
def test_intervals_of_known_scores(scores, counted, low, high, chance_below_three) -> None:
    count = count_nuclei(1, np.ones(len(scores), np.int32), np.array(scores, np.float32), 0.5, 3, 0.05)
    assert (count.low[1], count.high[1]) == (low, high)
    expected = chance_below_three if counted < 3 else 1 - chance_below_three
    assert count.confidence[1] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("scores", "counted"),
    [
        ((0.9, 0.9, 0.9, 0.4, 0.4), 5),  # an osteoclast by what is sure: what is nearly a nucleus there is one
        ((0.9, 0.9, 0.9, 0.2), 3),
        ((0.9, 0.9, 0.4, 0.4), 2),  # no osteoclast comes of what is unsure
        ((0.9, 0.4), 1),
    ],
)
def test_the_company_of_sure_nuclei_counts_for_a_nucleus(scores, counted) -> None:
    score = np.array(scores, np.float32)
    told = rescore_fused_cells(score, np.ones(score.size, np.int32), 0.5, 3, 2.0)
    assert int((told >= 0.5).sum()) == counted


def test_company_is_that_of_the_own_cell_and_no_cell_is_none() -> None:
    score = np.array([0.9, 0.9, 0.9, 0.4, 0.4, 0.9, 0.9, 0.9], np.float32)
    cell = np.array([1, 1, 1, 1, 2, 0, 0, 0], np.int32)
    told = rescore_fused_cells(score, cell, 0.5, 3, 2.0)
    assert told[3] == pytest.approx(0.8 / 1.4)
    np.testing.assert_array_equal(told[4:], score[4:])
