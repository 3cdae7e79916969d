"""The learned segmenter on scenes of known truth, and its network over pictures of any size."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteocount import Settings
from osteocount.io.picture import Picture, PixelSize
from osteocount.io.tiled_image import InMemoryImage
from osteocount.segment import get_segmenter
from osteocount.segment.backends.shipped import MODEL_SHA256, shipped_model
from osteocount.segment.detectors import learned
from osteocount.segment.detectors.learned import LearnedDetector, MapCache, learned_method
from osteocount.segment.preprocess.analysed_area import EVERYTHING
from osteocount.segment.regimes.brightfield import BrightfieldImage, segment_brightfield
from osteocount.segment.segmenter import Segmenter
from osteocount.segment.tiling.tiles import Box, Tiling, tiles
from support import scenes
from support.logit_maps import SCALE

LEARNED = Settings.model_validate({"segment": {"segmenter": "learned"}})


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
    found = get_segmenter(LEARNED).segment(picture_of(getattr(scenes, name)()))
    counts = nuclei_per_cell(found)
    assert sum(n >= 3 for n in counts) == osteoclasts
    assert abs(sum(counts) - nuclei) <= 1


def test_the_same_picture_gives_the_same_result_twice() -> None:
    picture = picture_of(scenes.two_touching_osteoclasts())
    one, two = (get_segmenter(LEARNED).segment(picture) for _ in range(2))
    assert np.array_equal(one.cells, two.cells)
    assert one.nuclei_table.equals(two.nuclei_table)
    assert one.cell_table.equals(two.cell_table)


def test_tables_and_labels_agree() -> None:
    found = get_segmenter(LEARNED).segment(picture_of(scenes.pale_giant()))
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
    detector = learned_method(LEARNED).detector(SCALE, 1)
    field = BrightfieldImage(InMemoryImage(empty), EVERYTHING, SCALE, detector)
    found = segment_brightfield(field, LEARNED, {}, whole=True)
    assert not found.cells.any()
    assert "the network sees no cell: an empty field, or no stain." in found.warnings


def test_other_regimes_go_the_classical_way_with_the_reason(monkeypatch) -> None:
    picture = picture_of(scenes.binucleate_decoy())
    found = replace(get_segmenter(LEARNED).segment(picture), regime="fluorescence")
    monkeypatch.setattr(Segmenter, "_of_picture", lambda self, picture: found)
    record = get_segmenter(LEARNED).segment(picture).record
    assert record["cells_and_nuclei_by"] == "classical: the networks were trained on brightfield pictures"


def test_the_setting_chooses_the_segmenter() -> None:
    classical = Settings.model_validate({"segment": {"segmenter": "classical"}})
    assert get_segmenter(LEARNED).name == "learned"
    assert get_segmenter(classical).name == "classical"


def test_onnxruntime_is_loaded_only_when_used() -> None:
    code = "import sys, osteocount, osteocount.segment.detectors.learned; assert 'onnxruntime' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


SHAPE = 900, 1100
REACH = 60


class Brightness:
    """A stand-in for the network that says how dense each pixel is, and counts the pixels it was asked for."""

    def __init__(self) -> None:
        self.pixels = 0

    def fill(self, logits, density, rows, columns):
        assert rows.start % 16 == columns.start % 16 == 0
        self.pixels += logits[0].size
        logits[:] = density[rows, columns, 0]


def a_picture():
    values = np.random.default_rng(0).uniform(0, 1, (*SHAPE, 3)).astype(np.float32)
    read = SimpleNamespace(
        view=SimpleNamespace(shape=SHAPE), read=lambda box: values[box.top : box.bottom, box.left : box.right]
    )
    return values, read


def looked_at(core, offset):
    """Look at all windows of a picture in tiles; return the stand-in, and whether every window was seen as it is."""
    (values, read), model, tiling = a_picture(), Brightness(), Tiling(SHAPE, REACH)
    picture = MapCache(model, read)
    right = []
    for tile in tiles(SHAPE, core, offset):
        window = tiling.window(tile)
        density, maps = picture.read(window, tiling.later(tile))
        inside = values[window.top : window.bottom, window.left : window.right]
        right += [np.array_equal(density, inside), *(np.array_equal(each, inside[..., 0]) for each in maps)]
    return model, all(right)


@settings(max_examples=25, deadline=None)
@given(core=st.integers(200, 1200), down=st.integers(0, 900), along=st.integers(0, 900))
def test_every_window_is_seen_as_it_is(core, down, along):
    assert looked_at(core, (down, along))[1]


@pytest.mark.parametrize("core", [256, 320, 512, 2000])
def test_no_part_is_worked_out_twice(core):
    model, right = looked_at(core, (0, 0))
    assert right
    assert model.pixels <= 1.08 * SHAPE[0] * SHAPE[1]  # a window may end within a step of 16 pixels


def test_what_finds_no_room_is_worked_out_again(monkeypatch):
    monkeypatch.setattr(learned, "_MOST_BYTES", 100_000)
    model, right = looked_at(256, (0, 0))
    assert right
    assert model.pixels > 1.5 * SHAPE[0] * SHAPE[1]


def test_a_look_out_of_turn_keeps_what_others_will_want():
    (_, read), model, tiling = a_picture(), Brightness(), Tiling(SHAPE, REACH)
    picture = MapCache(model, read)
    first, second = tiles(SHAPE, 512)[:2]
    picture.read(tiling.window(first), tiling.later(first))
    picture.read(Box(0, 64, 0, 64), None)
    before = model.pixels
    window = tiling.window(second)
    picture.read(window, tiling.later(second))
    assert model.pixels - before < 0.8 * (window.bottom - window.top) * (window.right - window.left)


def test_the_network_does_not_look_outside_the_well():
    model = Brightness()
    model.facts, model.sha256, model.arithmetic = shipped_model().facts, "", ""
    detector, (_, read) = LearnedDetector(model, SCALE, LEARNED), a_picture()
    inside = np.zeros((320, 320), bool)
    assert not detector.prepare(Box(0, 320, 0, 320), read, inside).mask.any()
    assert model.pixels == 0
    inside[200:, 300] = True
    detector.prepare(Box(0, 320, 0, 320), read, inside)
    assert model.pixels == inside.size


@settings(max_examples=40)
@given(st.integers(300, 3000), st.integers(300, 3000), st.integers(200, 1200))
def test_later_windows_lie_where_it_is_said_and_these_places_do_not_overlap(height, width, core):
    tiling, todo = Tiling((height, width), REACH), tiles((height, width), core)
    for n, tile in enumerate(todo):
        later = tiling.later(tile)
        assert all(one.shared(other) is None for one in later for other in later if one is not other)
        for following in todo[n + 1 :]:
            both = tiling.window(following).shared(tiling.window(tile))
            assert both is None or area(both) == sum(area(part) for part in map(both.shared, later) if part)


def area(box):
    return (box.bottom - box.top) * (box.right - box.left)
