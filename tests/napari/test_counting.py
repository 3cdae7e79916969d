"""What the worker runs, called without a thread: the same numbers as the command, and errors in words."""

from __future__ import annotations

import logging
from threading import Event

import numpy as np
import pandas as pd
import pytest

from osteocount.errors import OsteoCountError
from osteocount.io.read import read_picture
from osteocount.napari.counting import FolderRequest, LayerSnapshot, count_folder, count_layer, picture_of
from osteocount.napari.worker import error_message
from osteocount.pipeline import analyse
from osteocount.settings import Settings

GIVEN = Settings.model_validate({"picture": {"pixel_size": 0.5}})


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


def test_a_folder_is_counted_as_the_command_does(plate_folder, tmp_path):
    request = FolderRequest(plate_folder, tmp_path / "out")
    steps, outcome = drained(count_folder(request, Settings(), Event()))
    assert list(outcome.wells["well"]) == ["A01", "A02"]
    assert [step.done for step in steps] == [0, 1, 2]
    alone = analyse(read_picture(plate_folder / "A01_f1.tif"), Settings()).summary
    assert outcome.wells["n_osteoclasts"].iloc[0] == alone["n_osteoclasts"]


def test_a_stopped_folder_keeps_what_is_finished(plate_folder, tmp_path):
    stop = Event()
    job = count_folder(FolderRequest(plate_folder, tmp_path / "out"), Settings(), stop)
    next(job)
    next(job)
    stop.set()
    assert drained(job) == ([], None)
    resumed = FolderRequest(plate_folder, tmp_path / "out", if_present="resume")
    assert len(drained(count_folder(resumed, Settings(), Event()))[1].wells) == 2


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OsteoCountError("B02.tif: truncated."), "B02.tif: truncated."),
        (
            OsteoCountError(
                "out already holds a run. Give another --out, or --overwrite to replace it, or --resume to finish it."
            ),
            "out already holds a run. Choose another result folder in step 1",
        ),
        (PermissionError(13, "Permission denied", "x.csv"), "x.csv: Permission denied. Choose a place"),
        (MemoryError(), "Not enough memory for this picture."),
        (KeyError("x"), "OsteoCount failed unexpectedly (KeyError: 'x')."),
    ],
)
def test_errors_are_words(error, text):
    assert error_message(error).startswith(text)


def test_only_defects_of_ours_are_logged(caplog):
    with caplog.at_level(logging.ERROR):
        error_message(OsteoCountError("yours"))
        assert not caplog.records
        error_message(KeyError("ours"))
        assert caplog.records
