"""Optical density over the local light of bare plastic."""

from __future__ import annotations

import numpy as np
import pytest

from osteocount.segment.preprocess.illumination import optical_density
from support.pictures import PURPLE, canvas, ellipse, photograph


@pytest.mark.parametrize("bits", [8, 16])
def test_optical_density_is_over_the_local_light(bits):
    od = canvas()
    ellipse(od, (150, 200), (60, 60), 0.8)
    shade = 0.1 * np.linspace(-1, 1, 400)[None, :, None]
    got, white = optical_density(photograph(od + shade, bits), np.ones((300, 400), bool), 0.76)
    assert np.abs(got[150, 200] - 0.8 * PURPLE).max() < 0.03
    assert np.abs(got[20:60, 20:380]).mean() < 0.01
    assert white[0] == pytest.approx(205 * (1 if bits == 8 else 257), rel=0.03)
