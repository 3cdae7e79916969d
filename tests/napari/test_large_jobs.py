"""A large layer is counted tile by tile: the same numbers, cells seen on the way, and it can be stopped."""

from __future__ import annotations

from threading import Event

import numpy as np
import pandas as pd
import pytest

from osteocount.io import picture
from osteocount.io.picture import PixelSize
from osteocount.io.read import read_picture
from osteocount.napari import counting, large_counting
from osteocount.napari.large_counting import CancellableImage, Cancelled, CountPreview, LargeCount, LayerImage, is_large
from osteocount.napari.layers.layer_picture import LayerSnapshot
from osteocount.pipeline import analyse
from osteocount.settings import Settings

CLASSICAL = Settings.model_validate({"segment": {"segmenter": "classical"}})


@pytest.fixture(autouse=True)
def _everything_is_large(monkeypatch):
    monkeypatch.setattr(picture, "LARGE_PIXELS", 10**4)
    monkeypatch.setattr(large_counting, "PREVIEW_PIXELS", 10**4)


def drained(job):
    steps = []
    try:
        while True:
            steps.append(next(job))
    except StopIteration as end:
        return steps, end.value


@pytest.mark.parametrize("from_file", [True, False])
def test_it_gives_the_numbers_of_the_picture_seen_at_once(picture_file, field, from_file):
    layer = LayerSnapshot("scene", picture_file if from_file else None, field.picture, True, field.pixel_size)
    steps, count = drained(counting.count_layer(layer, CLASSICAL, Event()))
    expected = analyse(read_picture(picture_file), CLASSICAL)
    assert isinstance(count, LargeCount)
    assert count.summary == expected.summary
    pd.testing.assert_frame_equal(count.cells, expected.cells)
    shape = field.picture.shape[:2]
    np.testing.assert_array_equal(count.labels[0 : shape[0], 0 : shape[1]], expected.segmentation.cells)
    assert [step.message for step in steps][-1] == "Drawing the cells"


def test_what_was_found_is_seen_on_the_way(picture_file, field, monkeypatch):
    finish = Event()
    real = large_counting.analyse_regions

    def slow(*given):
        result = real(*given)
        assert finish.wait(60)
        return result

    monkeypatch.setattr(large_counting, "analyse_regions", slow)
    job = counting.count_layer(LayerSnapshot("scene", picture_file, field.picture, True, None), CLASSICAL, Event())
    seen = next(step for step in job if isinstance(step, CountPreview))
    finish.set()
    _, count = drained(job)
    assert (seen.done, seen.total, seen.message) == (1, 1, "Tile 1 of 1")
    small = count.labels[0 : field.picture.shape[0], 0 : field.picture.shape[1]][:: seen.step, :: seen.step]
    assert seen.cells.shape == small.shape
    assert ((small > 0) <= (seen.cells > 0)).all()


def test_a_stopped_count_reads_nothing_more(field):
    stop = Event()
    layer = LayerSnapshot("scene", None, field.picture, True, None)
    watched = CancellableImage(LayerImage(layer, PixelSize(None, "unknown")), stop)
    assert watched.read(0, 5, 0, 7).shape == (5, 7, 3)
    stop.set()
    with pytest.raises(Cancelled):
        watched.read(0, 5, 0, 7)
    assert drained(counting.count_layer(layer, CLASSICAL, stop))[1] is None


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
def test_which_layers_are_counted_by_tiles(shape, rgb, kind, large):
    assert is_large(LayerSnapshot("a", None, np.zeros(shape, kind), rgb, None)) is large
