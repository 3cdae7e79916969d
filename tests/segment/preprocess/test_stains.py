"""Stain vectors and their unmixing."""

from __future__ import annotations

import numpy as np
import pytest

from osteocount.segment.preprocess.stains import estimate_stains, trap_density
from support.pictures import GREEN, PURPLE, canvas, ellipse


def test_stains_are_estimated_and_unmixed():
    od = canvas()
    ellipse(od, (150, 120), (60, 60), 0.5, stain=PURPLE)
    ellipse(od, (150, 290), (30, 30), 0.5, stain=GREEN)
    stains = estimate_stains(od.astype(np.float32), od.sum(axis=2) > 0.05)
    assert stains.is_trap
    assert stains.trap @ (PURPLE / np.linalg.norm(PURPLE)) > 0.995
    assert stains.counterstain @ (GREEN / np.linalg.norm(GREEN)) > 0.995
    trap = trap_density(od.astype(np.float32), stains)
    assert trap[150, 120] == pytest.approx(0.5 * np.linalg.norm(PURPLE), rel=0.05)
    assert trap[150, 290] < 0.05


def test_a_colour_that_is_no_trap_is_said():
    od = canvas()
    ellipse(od, (150, 200), (60, 60), 0.6, stain=np.array([0.2, 0.1, 0.95]))
    stains = estimate_stains(od.astype(np.float32), od.sum(axis=2) > 0.05)
    assert not stains.is_trap
    assert any("the TRAP colour of this picture is" in w for w in stains.warnings)
