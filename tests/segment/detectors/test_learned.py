"""The learned segmenter on scenes of known truth."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from osteocount import Settings
from osteocount.io.picture import Picture, PixelSize
from osteocount.io.tiled_image import InMemoryImage
from osteocount.segment import get_segmenter
from osteocount.segment.backends.shipped import MODEL_SHA256
from osteocount.segment.detectors.learned import learned_method
from osteocount.segment.regimes.brightfield import segment_brightfield
from osteocount.segment.segmenter import Segmenter
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
    detector = learned_method(LEARNED).detector(SCALE)
    found = segment_brightfield(InMemoryImage(empty), None, SCALE, detector, LEARNED, {}, whole=True)
    assert not found.cells.any()
    assert "the network sees no cell: an empty field, or no stain." in found.warnings


def test_other_regimes_go_the_classical_way_with_the_reason(monkeypatch) -> None:
    picture = picture_of(scenes.binucleate_decoy())
    found = replace(get_segmenter(LEARNED).segment(picture), regime="fluorescence")
    monkeypatch.setattr(Segmenter, "_of_picture", lambda self, picture: found)
    record = get_segmenter(LEARNED).segment(picture).record
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
