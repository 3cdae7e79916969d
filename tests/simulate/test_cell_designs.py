"""What a cell of each kind looks like."""

import numpy as np
import pytest

from osteocount.simulate import FieldDesign
from osteocount.simulate.cell_designs import CELL_DESIGNS, armed_cell, ghost_cell, nuclei_of_an_osteoclast, osteoclast
from osteocount.simulate.cell_painting import paint_cell

DESIGN = FieldDesign(width=200, height=160)


@pytest.mark.parametrize("seed", range(8))
def test_the_arms_of_a_cell_are_paler_than_its_body(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cell = armed_cell(rng)
    patch = paint_cell(cell, DESIGN.stain, 0.5, rng)
    middle = patch.od.shape[0] // 2
    y, x = np.indices(patch.inside.shape)
    near = np.hypot(y - middle, x - middle) * 0.5 < 3
    far = patch.inside & (np.hypot(y - middle, x - middle) * 0.5 > 14)
    assert len(cell.nuclei) == 1
    assert far.sum() == 0 or patch.od[far, 1].mean() < patch.od[near, 1].mean()


def test_a_ghost_is_pale_and_a_narrow_cell_may_have_two_nuclei() -> None:
    rng = np.random.default_rng(0)
    assert all(ghost_cell(rng).od_core <= 0.2 for _ in range(20))
    kinds = [CELL_DESIGNS["binucleate"](rng) for _ in range(40)]
    assert {len(cell.nuclei) for cell in kinds} == {2}
    assert 2 <= sum(bool(cell.dense) for cell in kinds) <= 20


@pytest.mark.parametrize("mean", [4.0, 6.5, 12.0])
def test_nuclei_per_osteoclast_have_the_mean_asked_for(mean: float) -> None:
    rng = np.random.default_rng(0)
    drawn = np.array([nuclei_of_an_osteoclast(rng, mean) for _ in range(4000)])
    assert drawn.min() == 3
    assert drawn.max() <= 40
    assert drawn.mean() == pytest.approx(mean, rel=0.05)


@pytest.mark.parametrize("pale", [False, True])
@pytest.mark.parametrize("number", [3, 10, 40])
def test_an_osteoclast_gets_all_its_nuclei(number: int, pale: bool) -> None:
    for seed in range(5):
        assert len(osteoclast(np.random.default_rng(seed), number, pale).nuclei) == number
