"""The planes of a picture that a network asks for."""

import numpy as np
import pytest

from osteocount.segment.backends.input_planes import InputPlanes
from support.user_networks import field_with_two


def test_planes_are_named_as_the_settings_say():
    photo = field_with_two()
    inputs = InputPlanes(photo, np.ones(photo.pixels.shape[:2], bool), 0.76, "test", False)
    planes = inputs.stack(("red", "od_green", "density"), inputs.scale(0.76))
    assert planes.dtype == np.float32
    assert planes[5, 5] == pytest.approx([205 / 255, 0, 0], abs=0.02)
    assert planes[75, 110, 1:] == pytest.approx([0.65 * 0.70, 0.65 * 0.612], abs=0.05)
