"""Measures of two cells that touch, counted by hand."""

import numpy as np
import pytest

from osteocount.segment.backends.low_power_call import CELL_APPEARANCE
from osteocount.segment.backends.low_power_model import LowPowerMaps
from osteocount.segment.detectors.cell_appearance import cell_appearance
from osteocount.segment.preprocess.scale import Scale

SCALE = Scale(2.0, 1.0, "made")


def pair():
    """Two squares of 10 px side by side: the left one dark, with a dark frame of 1 px, the right one pale."""
    labels = np.zeros((40, 50), np.int32)
    labels[15:25, 10:20], labels[15:25, 20:30] = 1, 2
    density = np.full((40, 50, 3), 0.01, np.float32)
    density[labels == 1] = 0.1, 0.3, 0.2
    density[labels == 2] = 0.1, 0.1, 0.1
    density[15:25, 10:20][np.pad(np.zeros((8, 8), bool), 1, constant_values=True)] = 0.2, 0.4, 0.3
    maps = [np.full((40, 50), -9, np.float16) for _ in LowPowerMaps._fields]
    made = LowPowerMaps(*maps)
    made.cell[labels > 0] = 4
    made.core[17:23, 12:18] = 2  # 36 of the 100 pixels of the left one
    made.osteoclast[15:25, 10:15], made.osteoclast[15:25, 15:20] = 1, 3
    made.centre[17:20, 12:15] = made.centre[20:23, 16:19] = 9  # two nuclei of 3 px
    return labels, made, density


def looks(label):
    return dict(zip(CELL_APPEARANCE, cell_appearance(*pair(), SCALE)[label].tolist(), strict=True))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mean_osteoclast", 2.0),
        ("sd_osteoclast", 1.0),
        ("mean_cell", 4.0),
        ("sd_cell", 0.0),
        ("mean_darkness", 0.6 + 0.3 * 0.36),  # 36 pixels of frame are 0.3 darker
        ("mean_redness", 0.2),
        ("mean_blueness", -0.1),
        ("nuclei_seen", 2),
        ("log_area", np.log(400)),
        ("compactness", 16.0),
        ("touching", 0.25),
        ("core", 0.36),
        ("rim", 0.3 * 0.64),
        ("around", 0.03),
        ("relative_log_area", 0.0),
        ("relative_darkness", (0.708 - 0.3) / 2),  # the median of two is half way
        ("relative_osteoclast", (2.0 + 6.0) / 2),  # beyond 6 a logit says nothing more
    ],
)
def test_the_left_cell(name, expected):
    assert looks(1)[name] == pytest.approx(expected, abs=1e-5)


def test_the_right_cell_has_no_nuclei_and_an_even_rim():
    found = looks(2)
    assert found["nuclei_seen"] == 0
    assert (found["core"], found["rim"]) == (0, pytest.approx(0, abs=1e-6))


def test_a_picture_without_cells_has_only_the_background():
    _, maps, density = pair()
    found = cell_appearance(np.zeros((40, 50), np.int32), maps, density, SCALE)
    assert found.shape == (1, len(CELL_APPEARANCE))
    assert np.isfinite(found).all()
