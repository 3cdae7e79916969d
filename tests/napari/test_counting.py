"""What the worker runs, called without a thread: the same numbers as the command, and errors in words."""

from __future__ import annotations

from threading import Event

import numpy as np
import pandas as pd
import pytest
import tifffile

from osteocount.errors import OsteoCountError
from osteocount.io import picture
from osteocount.io.label_image import TiledLabels
from osteocount.io.picture import PixelSize
from osteocount.io.read import read_picture
from osteocount.napari import counting
from osteocount.napari.counting import (
    CancellableImage,
    Cancelled,
    CountPreview,
    LayerImage,
    LayerSnapshot,
    count_layer,
    is_large,
    picture_of,
)
from osteocount.pipeline import analyse
from osteocount.settings import Settings
from support.patience import PATIENCE_S

CLASSICAL = Settings.model_validate({"segment": {"segmenter": "classical"}})
GIVEN = Settings.model_validate({"picture": {"pixel_size": 0.5}})


@pytest.fixture
def _everything_is_large(monkeypatch):
    monkeypatch.setattr(picture, "LARGE_PIXELS", 10**4)
    monkeypatch.setattr(counting, "PREVIEW_PIXELS", 10**4)


def drained(job):
    steps = []
    try:
        while True:
            steps.append(next(job))
    except StopIteration as end:
        return steps, end.value


def in_memory(data, *, rgb=True, pixel_um=None):
    return LayerSnapshot("scene", None, data, rgb, pixel_um)


def test_a_layer_from_a_file_gives_the_numbers_of_the_command(picture_file, field):
    layer = LayerSnapshot("scene", picture_file, field.picture // 2, True, None)  # what is shown may have been altered
    steps, count = drained(count_layer(layer, Settings(), Event()))
    expected = analyse(read_picture(picture_file), Settings())
    assert count.result.summary == expected.summary
    pd.testing.assert_frame_equal(count.result.cells, expected.cells)
    assert len(count.result.cells) > 3
    assert [(step.done, step.total) for step in steps] == [(0, 2), (1, 2)]


def test_a_layer_in_memory_gives_the_same_numbers_too(picture_file, field):
    layer = in_memory(field.picture, pixel_um=field.pixel_size)
    _, count = drained(count_layer(layer, Settings(), Event()))
    assert count.result.summary == analyse(read_picture(picture_file), Settings()).summary


def test_a_cropped_layer_is_taken_as_shown(picture_file, field):
    layer = LayerSnapshot("scene", picture_file, field.picture[:200], True, None)
    assert picture_of(layer, Settings()).pixels.shape == (200, 360, 3)


@pytest.mark.parametrize(
    ("settings", "of_layer", "um", "origin"),
    [
        (GIVEN, 0.76, 0.5, "given by the user"),
        (Settings(), 0.76, 0.76, "scale of the napari layer"),
        (Settings(), None, None, "no length unit"),
    ],
)
def test_where_the_pixel_size_comes_from(settings, of_layer, um, origin):
    size = picture_of(in_memory(np.zeros((4, 5, 3), np.uint8), pixel_um=of_layer), settings).pixel_size
    assert size.um == um
    assert origin in size.origin


@pytest.mark.parametrize(
    ("data", "rgb", "shape", "axes"),
    [
        (np.zeros((4, 5), np.uint8), False, (4, 5, 1), "5 × 4 px, grey, 8 bit"),
        (np.zeros((1, 4, 5), np.uint16), False, (4, 5, 1), "5 × 4 px, grey, 16 bit"),
        (np.zeros((4, 5, 4), np.uint8), True, (4, 5, 3), "5 × 4 px, RGB, 8 bit"),
        (np.zeros((1, 1, 4, 5, 3), np.uint8), True, (4, 5, 3), "5 × 4 px, RGB, 8 bit"),
        (np.full((4, 5), 0.5), False, (4, 5, 1), "5 × 4 px, grey, 16 bit"),
    ],
)
def test_layers_of_every_usual_shape(data, rgb, shape, axes):
    picture = picture_of(in_memory(data, rgb=rgb), Settings())
    assert picture.pixels.shape == shape
    assert picture.axes == axes


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.zeros((3, 4, 5), np.uint8), "stack of 3 × 4 × 5; OsteoCount counts single pictures"),
        (np.zeros((4, 5), np.int64), "holds int64 values"),
        (np.full((4, 5), 2.5), "holds float64 values"),
        (np.full((4, 5), np.nan), "holds float64 values"),
    ],
)
def test_what_cannot_be_counted_is_said(data, message):
    with pytest.raises(OsteoCountError, match=message):
        picture_of(in_memory(data, rgb=False), Settings())


def test_a_stopped_layer_gives_nothing(field):
    stop = Event()
    stop.set()
    assert drained(count_layer(in_memory(field.picture), Settings(), stop))[1] is None


@pytest.mark.parametrize("from_file", [True, False])
@pytest.mark.usefixtures("_everything_is_large")
def test_it_gives_the_numbers_of_the_picture_seen_at_once(picture_file, field, from_file):
    layer = LayerSnapshot("scene", picture_file if from_file else None, field.picture, True, field.pixel_size)
    steps, count = drained(count_layer(layer, CLASSICAL, Event()))
    expected = analyse(read_picture(picture_file), CLASSICAL)
    assert isinstance(count.labels, TiledLabels)
    assert count.result.summary == expected.summary
    pd.testing.assert_frame_equal(count.result.cells, expected.cells)
    shape = field.picture.shape[:2]
    np.testing.assert_array_equal(count.labels[0 : shape[0], 0 : shape[1]], expected.segmentation.cells)
    assert [step.message for step in steps][-1] == "Drawing the cells"


@pytest.mark.usefixtures("_everything_is_large")
def test_what_was_found_is_seen_on_the_way(picture_file, field, monkeypatch):
    finish = Event()
    real = counting.analyse

    def slow(*given):
        result = real(*given)
        assert finish.wait(PATIENCE_S)
        return result

    monkeypatch.setattr(counting, "analyse", slow)
    job = count_layer(LayerSnapshot("scene", picture_file, field.picture, True, None), CLASSICAL, Event())
    seen = next(step for step in job if isinstance(step, CountPreview))
    finish.set()
    _, count = drained(job)
    assert (seen.done, seen.total, seen.message) == (1, 1, "The cells found so far are shown")
    small = count.labels[0 : field.picture.shape[0], 0 : field.picture.shape[1]][:: seen.step, :: seen.step]
    assert seen.cells.shape == small.shape
    assert ((small > 0) <= (seen.cells > 0)).all()


@pytest.mark.usefixtures("_everything_is_large")
def test_a_stopped_count_reads_nothing_more(field):
    stop = Event()
    layer = LayerSnapshot("scene", None, field.picture, True, None)
    watched = CancellableImage(LayerImage(layer, PixelSize(None, "unknown")), stop)
    assert watched.read(0, 5, 0, 7).shape == (5, 7, 3)
    stop.set()
    with pytest.raises(Cancelled):
        watched.read(0, 5, 0, 7)
    assert drained(count_layer(layer, CLASSICAL, stop))[1] is None


@pytest.mark.parametrize(
    ("shape", "rgb", "kind", "large"),
    [
        ((200, 300, 3), True, np.uint8, True),
        ((1, 200, 300, 3), True, np.uint8, True),
        ((20, 30, 3), True, np.uint8, False),
        ((200, 300), False, np.uint8, False),
        ((2, 200, 300, 3), True, np.uint8, False),
        ((200, 300, 3), True, np.float32, False),
    ],
)
@pytest.mark.usefixtures("_everything_is_large")
def test_which_layers_are_counted_by_tiles(shape, rgb, kind, large):
    assert is_large(LayerSnapshot("a", None, np.zeros(shape, kind), rgb, None)) is large


@pytest.mark.usefixtures("_everything_is_large")
def test_a_large_picture_says_too_which_scale_is_used(tmp_path, field):
    path = tmp_path / "large.tif"
    tiled = {"tile": (64, 64), "resolution": (1e4 / 0.76,) * 2, "resolutionunit": "CENTIMETER"}
    tifffile.imwrite(path, field.picture, photometric="rgb", **tiled)
    _, count = drained(count_layer(LayerSnapshot("large", path, field.picture, True, 0.8), Settings(), Event()))
    assert "The file says 0.76 µm per pixel; the layer's 0.8 µm is used." in count.result.warnings
    layer = LayerSnapshot("large", path, field.picture, True, None, is_scaled=True)
    _, count = drained(count_layer(layer, Settings(), Event()))
    assert any("no micrometres per pixel" in text for text in count.result.warnings)
