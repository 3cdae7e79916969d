"""The pixel size of a layer, whatever its length unit."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Image

from osteocount.napari.layers.layer_data import pixel_um, scale_and_units


@pytest.mark.parametrize(
    ("scale", "units", "um"),
    [
        ((0.5, 0.5), ("um", "um"), 0.5),
        ((500, 500), ("nm", "nm"), 0.5),
        ((5e-4, 5e-4), ("mm", "mm"), 0.5),
        ((0.5, 0.5), ("pixel", "pixel"), None),
        ((0.5, 0.7), ("um", "um"), None),
    ],
)
def test_the_pixel_size_of_a_layer(scale, units, um):
    layer = Image(np.zeros((4, 5)), scale=scale, units=units)
    assert pixel_um(layer.scale, layer.units) == (None if um is None else pytest.approx(um))


def test_it_is_given_to_a_layer_and_read_back():
    layer = Image(np.zeros((4, 5)), **scale_and_units(0.65))
    assert pixel_um(layer.scale, layer.units) == pytest.approx(0.65)
    assert pixel_um(layer.scale, [str(unit) for unit in layer.units]) == pytest.approx(0.65)  # as a writer is told
    assert scale_and_units(None) == {}
