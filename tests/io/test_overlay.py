"""The overlay shows each cell in its colour, at a size for the screen."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from osteocount.io.overlay import write_overlay
from osteocount.io.picture import Picture, PixelSize

ORANGE, BLUE, CYAN = (255, 176, 0), (0, 114, 188), (86, 215, 255)


def picture(height=200, width=300, level=220, channels=3, dtype=np.uint8, kind="rgb", um=0.76, names=None):
    pixels = np.full((height, width, channels), level, dtype)
    return Picture(Path("a.tif"), pixels, kind, names or ("",) * channels, PixelSize(um, "test"), "")


def cells_and_table():
    cells = np.zeros((200, 300), np.uint32)
    cells[40:90, 40:100], cells[40:90, 150:200], cells[120:170, 40:100], cells[150:160, 200:210] = 1, 2, 7, 9
    table = pd.DataFrame(
        {
            "cell_id": [1, 2, 7],
            "y_px": [65.0, 65, 145],
            "x_px": [70.0, 175, 70],
            "n_nuclei": pd.array([5, 1, 4], dtype="Int64"),
            "is_osteoclast": pd.array([True, False, True], dtype="boolean"),
            "counted": [True, True, False],
        }
    )
    return cells, table


def drawn(folder, shown, cells, table, nuclei=None):
    nuclei = pd.DataFrame({"y_px": [65.0], "x_px": [70.0]}) if nuclei is None else nuclei
    write_overlay(shown, cells, nuclei, table, folder / "a.png")
    return cv2.cvtColor(cv2.imread(str(folder / "a.png")), cv2.COLOR_BGR2RGB)


def near(image, colour, box, scale=2):
    """Pixels of nearly this colour in a box (top, bottom, left, right) of the picture."""
    top, bottom, left, right = (round(value * scale) for value in box)
    return int((np.abs(image[top:bottom, left:right].astype(int) - colour).max(axis=2) < 40).sum())


@pytest.mark.parametrize(("level", "other"), [(220, BLUE), (20, CYAN)])
def test_colours_of_cells(tmp_path, level, other):
    image = drawn(tmp_path, picture(level=level), *cells_and_table())
    assert near(image, ORANGE, (38, 92, 38, 102)) > 300
    assert near(image, other, (38, 92, 148, 202)) > 200
    assert near(image, ORANGE, (118, 172, 38, 102)) == 0  # not counted: dashed grey
    assert near(image, (level,) * 3, (148, 162, 198, 212)) == 28 * 28  # no row in the table: not drawn
    assert near(image, (255, 255, 255), (63, 67, 68, 72)) > 0  # the nucleus
    assert near(image, (level,) * 3, (66, 88, 76, 98)) == 44 * 44  # the inside stays free


def test_number_stands_beside_the_osteoclast(tmp_path):
    cells, table = cells_and_table()
    with_number = drawn(tmp_path, picture(), cells, table)
    without = drawn(tmp_path, picture(), cells, table.assign(n_nuclei=pd.array([8, 1, 4], dtype="Int64")))
    changed = np.argwhere((with_number[:400] != without[:400]).any(axis=2)) / 2
    assert (changed.min(axis=0) > (25, 98)).all()
    assert (changed.max(axis=0) < (50, 120)).all()


def test_same_input_same_bytes(tmp_path):
    for name in ("1", "2"):
        (tmp_path / name).mkdir()
        drawn(tmp_path / name, picture(), *cells_and_table())
    assert (tmp_path / "1" / "a.png").read_bytes() == (tmp_path / "2" / "a.png").read_bytes()


@pytest.mark.parametrize(("height", "width"), [(2400, 3200), (900, 1700), (4000, 500), (60, 80), (5, 2000)])
def test_size_is_for_a_screen(tmp_path, height, width):
    cells = np.zeros((height, width), np.uint32)
    cells[1:4, 3:30] = 1
    _, table = cells_and_table()
    image = drawn(tmp_path, picture(height, width), cells, table)
    assert image.shape[1] <= 1600
    assert image.shape[0] <= 1600 + 200


@pytest.mark.parametrize("um", [0.76, None])
def test_nothing_found(tmp_path, um):
    cells, table = cells_and_table()
    image = drawn(tmp_path, picture(um=um), cells * 0, table.iloc[:0], pd.DataFrame({"y_px": [], "x_px": []}))
    assert near(image, ORANGE, (0, 200, 0, 300)) == 0
    assert (near(image, (20, 20, 20), (150, 200, 0, 300)) > 100) == (um is not None)  # the scale bar


def test_micrometres_have_their_letter(tmp_path):
    cells, table = cells_and_table()
    image = drawn(tmp_path, picture(), cells * 0, table.iloc[:0], pd.DataFrame({"y_px": [], "x_px": []}))
    below_the_line = image[371:373, 300:]  # letters of "50 um" end above it, the bar begins below it
    stem = np.argwhere((below_the_line == 255).all(axis=2))
    assert len(stem) >= 3
    assert np.ptp(stem[:, 1]) < 5


def test_unresolved_nuclei_show_the_cell_id(tmp_path):
    cells, table = cells_and_table()
    unresolved = table.assign(n_nuclei=pd.array([None] * 3, dtype="Int64"))
    other_ids = np.where(cells == 1, 8, cells).astype(np.uint32)
    image = drawn(tmp_path, picture(), cells, unresolved)
    renamed = drawn(tmp_path, picture(), other_ids, unresolved.assign(cell_id=[8, 2, 7]))
    assert (image[:400, 190:260] != renamed[:400, 190:260]).any()
    assert (image[:400, :190] == renamed[:400, :190]).all()


@pytest.mark.parametrize(
    "shown",
    [
        picture(channels=2, kind="channels", dtype=np.uint16),
        picture(channels=5, kind="channels"),
        picture(channels=1, kind="grey", dtype=np.uint16),
        picture(dtype=np.uint16, level=60_000),
    ],
)
def test_every_kind_of_picture_is_drawn(tmp_path, shown):
    assert drawn(tmp_path, shown, *cells_and_table()).shape[1] == 600
