"""Lamp, lens and camera."""

import numpy as np

from osteocount.simulate import Densities, FieldDesign, Optics, simulate_field

SMALL = FieldDesign(width=320, height=256, densities=Densities(osteoclast=60))


def test_vignetting_darkens_corners_and_jpeg_changes_little() -> None:
    nothing = Densities(
        round=0, spindle=0, mononuclear_large=0, binucleate=0, osteoclast=0, refractile=0, debris=0, fibre=0
    )
    design = SMALL.replace(densities=nothing, optics=Optics(vignetting=0.4, unevenness=0.0))
    picture = simulate_field(design, 1).picture.astype(float)
    assert picture[:20, :20].mean() < picture[118:138, 150:170].mean() - 10
    packed = simulate_field(design.replace(optics=design.optics.replace(jpeg_quality=90)), 1).picture
    assert 0 < np.abs(packed - picture).mean() < 4
