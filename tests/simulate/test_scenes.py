"""Each scene shows what its name says."""

import numpy as np
import pytest
from scipy import ndimage

from support import scenes


@pytest.mark.parametrize(
    ("name", "nuclei", "osteoclasts"),
    [
        ("two_touching_osteoclasts", [4, 5], 2),
        ("binucleate_decoy", [2], 0),
        ("pale_giant", [12], 1),
        ("fibre_between_cells", [1, 3], 1),
        ("mononuclear_on_osteoclast", [0, 4], 1),
        ("giant_on_edge", [6], 1),
    ],
)
def test_scene_has_the_nuclei_its_text_promises(name: str, nuclei: list[int], osteoclasts: int) -> None:
    truth = getattr(scenes, name)().truth
    assert sorted(truth["n_nuclei"]) == nuclei
    assert int(truth["is_osteoclast"].sum()) == osteoclasts


def test_the_touching_osteoclasts_touch() -> None:
    cells = scenes.two_touching_osteoclasts().cells
    assert ndimage.label(cells > 0, np.ones((3, 3)))[1] == 1
    beside = (cells[:, 1:] != cells[:, :-1]) & (cells[:, 1:] > 0) & (cells[:, :-1] > 0)
    assert beside.sum() > 15


def test_the_fibre_joins_the_cells_in_the_picture_but_not_in_the_truth() -> None:
    scene = scenes.fibre_between_cells()
    assert ndimage.label(scene.cells > 0)[1] == 2
    stained = scene.od[..., 1] > 0.06
    assert ndimage.label(stained, np.ones((3, 3)))[1] == 1


def test_the_small_cell_lies_on_the_osteoclast() -> None:
    scene = scenes.mononuclear_on_osteoclast()
    small, large = (int(scene.truth.loc[scene.truth["class"] == c, "cell_id"].iloc[0]) for c in ("round", "osteoclast"))
    around = ndimage.binary_dilation(scene.cells == small, iterations=2) & (scene.cells != small)
    assert (scene.cells[around] == large).all()
    assert scene.truth.set_index("cell_id")["flags"].to_dict()[small] == "opaque"


def test_the_giant_on_the_edge_is_flagged_and_not_counted() -> None:
    row = scenes.giant_on_edge().truth.iloc[0]
    assert (row["flags"], bool(row["touches_edge"]), bool(row["counted"])) == ("edge", True, False)


def test_the_giant_is_pale() -> None:
    scene = scenes.pale_giant()
    far = (scene.cells > 0) & (ndimage.distance_transform_edt(scene.nuclei == 0) > 20)
    assert scene.od[far].mean(0)[1] < 0.15
