"""Wells at low power and their truth."""

import numpy as np
import pytest

from support.low_power_well import WellDesign, random_well, simulate_well

WELL = WellDesign(width=700, height=600, centre=(600, 350), radius=520, giants=70, small=300)


def test_nothing_is_outside_the_rim_and_the_rim_is_dark() -> None:
    made = simulate_well(WELL, 2)
    y, x = np.ogrid[: made.cells.shape[0], : made.cells.shape[1]]
    away = np.hypot(y - made.circle[0], x - made.circle[1]) - made.circle[2]
    assert not made.cells[away > 1].any()
    assert made.picture[(away > 3) & (away < 100 / made.pixel_size)].mean() < 40
    assert np.median(made.picture[away < -3]) > 150


def test_every_cell_of_the_table_is_in_the_picture_with_its_size() -> None:
    made = simulate_well(WELL, 2)
    truth = made.truth.set_index("cell_id")
    assert sorted(truth.index) == np.unique(made.cells)[1:].tolist()
    whole = truth[~truth["cut"] & truth["is_osteoclast"]]
    area = np.bincount(made.cells.ravel())[whole.index] * made.pixel_size**2
    assert len(whole) >= 5
    assert np.sqrt(area * 4 / np.pi) == pytest.approx(whole["diameter_um"].to_numpy(), rel=0.06)
    assert truth.loc[truth["is_osteoclast"], "diameter_um"].min() > 50
    assert truth.loc[truth["class"] == "small", "diameter_um"].median() < 20


def test_wells_differ_in_stain_scale_and_framing() -> None:
    wells = [random_well(np.random.default_rng(seed)) for seed in range(12)]
    assert len({well.pixel_size for well in wells}) == 12
    assert len({well.stain.trap for well in wells}) == 12
    assert {well.centre == (600.0, 600.0) for well in wells} == {True, False}
