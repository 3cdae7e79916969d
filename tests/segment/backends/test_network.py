"""The planes a network of others is given, and cells and nuclei from its output maps."""

import numpy as np
import pytest

from osteocount.segment.backends.network import InputPlanes, cells_from_maps, nuclei_from_maps
from osteocount.segment.preprocess.scale import Scale
from support.user_networks import field_with_two

SCALE = Scale(0.76, 1.0, "test")


def discs(*centres, radius=20.0, shape=(80, 120)):
    y, x = np.ogrid[: shape[0], : shape[1]]
    far = np.stack([np.hypot(y - cy, x - cx) for cy, cx in centres])
    return far.min(axis=0) <= radius, far, np.indices(shape)


def touching():
    """The maps of two cells that overlap a little, in every form a network may give them."""
    centres = ((40, 40), (40, 76))
    inside, far, (y, x) = discs(*centres)
    nearest = far.argmin(axis=0)
    border = inside & ((np.abs(far[0] - far[1]) < 2.5) | (far.min(axis=0) > 18))
    to = np.asarray(centres, float)[nearest]
    return {
        "foreground": inside.astype(np.float32),
        "border": border.astype(np.float32),
        "core": (inside & ~border).astype(np.float32),
        "distance": np.where(inside, 20 - far.min(axis=0), 0).astype(np.float32),
        "flow_y": np.where(inside, to[..., 0] - y, 0).astype(np.float32),
        "flow_x": np.where(inside, to[..., 1] - x, 0).astype(np.float32),
    }


@pytest.mark.parametrize("told_by", [("flow_y", "flow_x"), ("core",), ("border",), ("distance",), ()], ids=str)
def test_touching_cells_are_told_apart_by_any_kind_of_output(told_by):
    maps = touching()
    found = cells_from_maps({name: maps[name] for name in ("foreground", *told_by)}, SCALE)
    assert found.labels.max() == 2
    assert found.labels[40, 40] != found.labels[40, 76]
    assert ((found.labels > 0) == (maps["foreground"] > 0)).all()
    assert found.score == pytest.approx([1, 1])


def test_a_cell_without_a_core_is_a_cell_all_the_same():
    maps = touching()
    maps["core"][:, 60:] = 0
    found = cells_from_maps({name: maps[name] for name in ("foreground", "core")}, SCALE)
    assert found.labels.max() == 1  # it touches the other one, so nothing parts them
    apart = {"foreground": np.zeros((40, 90), np.float32), "core": np.zeros((40, 90), np.float32)}
    apart["foreground"][10:30, 10:30] = apart["foreground"][10:30, 50:70] = 1
    apart["core"][15:25, 15:25] = 1
    assert cells_from_maps(apart, SCALE).labels.max() == 2


@pytest.mark.parametrize("name", ["foreground", "flow"])
def test_an_empty_map_has_no_cell(name):
    maps = {"foreground": np.zeros((30, 40), np.float32)}
    if name == "flow":
        maps |= {"flow_y": maps["foreground"], "flow_x": maps["foreground"]}
    found = cells_from_maps(maps, SCALE)
    assert found.labels.max() == 0
    assert found.score.size == 0


@pytest.mark.parametrize("meaning", ["nucleus", "nucleus_centre"])
def test_every_peak_of_the_heat_is_a_nucleus_with_its_height_as_score(meaning):
    y, x = np.ogrid[:60, :60]
    heat = sum(
        top * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / 18.0)
        for cy, cx, top in ((15, 15, 0.9), (40, 42, 0.6), (15, 45, 0.05))
    ).astype(np.float32)
    found = nuclei_from_maps({meaning: heat}, 8.0, SCALE)
    assert found.labels[15, 15] != found.labels[40, 42]
    assert sorted(np.unique(found.labels)) == [0, 1, 2]
    assert found.score[0] > found.score[1] > 0.1
    if meaning == "nucleus_centre":
        assert found.score == pytest.approx([0.9, 0.6], abs=0.01)


def test_planes_are_named_as_the_settings_say():
    photo = field_with_two()
    inputs = InputPlanes(photo, np.ones(photo.pixels.shape[:2], bool), 0.76, "test", False)
    planes = inputs.stack(("red", "od_green", "density"), inputs.scale(0.76))
    assert planes.dtype == np.float32
    assert planes[5, 5] == pytest.approx([205 / 255, 0, 0], abs=0.02)
    assert planes[75, 110, 1:] == pytest.approx([0.65 * 0.70, 0.65 * 0.612], abs=0.05)
