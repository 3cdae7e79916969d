"""How results are drawn, on a viewer without a window."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel

from osteocount.errors import OsteoCountError
from osteocount.io.read import read_picture
from osteocount.napari.counting import LayerCount
from osteocount.napari.layers.viewer_layers import ViewerLayers, label_features
from osteocount.pipeline import analyse
from osteocount.settings import Settings
from support.patience import PATIENCE_MS

CELLS = pd.DataFrame(
    {
        "cell_id": [2, 5, 9],
        "is_osteoclast": pd.array([True, False, True], "boolean"),
        "counted": [True, True, False],
        "n_nuclei": [4, 1, 3],
        "area_um2": [900.0, 100.0, 400.0],
        "trap_od_mean": 0.4,
        "flags": "",
        "confidence": 0.9,
        "y_px": 1.0,
    }
)


def show(layers, qtbot, um, result):
    """Show a count of the layer ``scene`` and wait until it is there."""
    done = []
    labels = result.segmentation.cells.astype(np.uint16)
    layers.picture("scene")
    layers.show_count(LayerCount("scene", um, result, labels), lambda: done.append(True))
    qtbot.waitUntil(lambda: bool(done), timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def result(tmp_path_factory, field):
    import tifffile

    path = tmp_path_factory.mktemp("layers") / "a.tif"
    tifffile.imwrite(path, field.picture, photometric="rgb")
    return analyse(read_picture(path, pixel_size_um=field.pixel_size), Settings())


def test_features_are_found_by_label_and_begin_with_what_matters():
    features = label_features(CELLS)
    assert list(features["index"]) == [2, 5, 9]
    assert list(features.columns[:4]) == ["index", "n_nuclei", "is_osteoclast", "counted"]
    assert "y_px" in features


def test_a_stack_of_one_is_drawn_over_too(qtbot, field, result):
    viewer = ViewerModel()
    layers = ViewerLayers(viewer)
    viewer.add_image(field.picture[np.newaxis], name="scene", rgb=True)
    show(layers, qtbot, field.pixel_size, result)
    assert viewer.layers["scene cells"].ndim == 2
    assert tuple(viewer.layers["scene"].scale) == pytest.approx((1, field.pixel_size, field.pixel_size))
    assert tuple(viewer.layers["scene nuclei"].scale) == pytest.approx((field.pixel_size, field.pixel_size))


def test_without_a_pixel_size_the_layers_stay_in_pixels(qtbot, field, result):
    viewer = ViewerModel()
    viewer.add_image(field.picture, name="scene")
    show(ViewerLayers(viewer), qtbot, None, result)
    assert {tuple(map(str, layer.units)) for layer in viewer.layers} == {("pixel", "pixel")}


def test_a_picture_without_cells_gives_empty_layers(qtbot, result):
    from dataclasses import replace

    empty = replace(
        result,
        cells=result.cells.iloc[:0],
        nuclei=result.nuclei.iloc[:0],
        segmentation=result.segmentation.only_cells(np.zeros(0, np.int64)),
    )
    viewer = ViewerModel()
    viewer.add_image(np.zeros(result.segmentation.cells.shape, np.uint8), name="scene")
    show(ViewerLayers(viewer), qtbot, None, empty)
    assert len(viewer.layers["scene nuclei"].data) == 0
    assert viewer.layers["scene cells"].data.max() == 0


def test_a_layer_that_is_gone_is_named(qtbot, result):
    viewer = ViewerModel()
    layers = ViewerLayers(viewer)
    viewer.add_image(np.zeros(result.segmentation.cells.shape, np.uint8), name="scene")
    layers.picture("scene")
    viewer.layers.clear()
    with pytest.raises(OsteoCountError, match="scene was closed while it was counted"):
        layers.show_count(LayerCount("scene", None, result, result.segmentation.cells), lambda: None)
