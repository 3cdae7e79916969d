"""Every kind of cell has a colour of its own, on bright and on dark pictures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from osteocount.io.display import ON_BRIGHT, ON_DARK
from osteocount.napari.layers.appearance import cell_colormap

CELLS = pd.DataFrame({"cell_id": [2, 5, 9], "is_osteoclast": [True, False, True], "counted": [True, True, False]})


@pytest.mark.parametrize("palette", [ON_BRIGHT, ON_DARK])
def test_each_kind_of_cell_has_its_colour(palette):
    colours = cell_colormap(CELLS, palette).color_dict
    expected = cell_colormap(CELLS.iloc[:0], palette).color_dict
    assert np.allclose(colours[0], 0)
    assert set(colours) - set(expected) == {2, 5, 9}
    hexes = {label: "#" + "".join(f"{round(255 * part):02X}" for part in colours[label][:3]) for label in (2, 5, 9)}
    assert hexes == {2: palette.osteoclast, 5: palette.other, 9: palette.not_counted}
