"""What is said of the selected cells."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from osteocount.napari.review.tools import describe_selection

CELLS = pd.DataFrame({
    "cell_id": [1, 2], "is_osteoclast": [True, False], "counted": [True, True], "n_nuclei": [3, 1],
    "n_nuclei_low": [2, 1], "n_nuclei_high": [4, 1], "area_um2": [900.4, np.nan], "flags": ["borderline", None],
    "source": ["automatic", "edited"],
})  # fmt: skip


@pytest.mark.parametrize(
    ("selected", "text"),
    [
        ([], "Nothing selected. Click a cell; Shift-click adds."),
        ([1, 2], "2 cells selected."),
        ([1], "Cell 1: 3 nuclei (2 to 4), 900 µm², osteoclast; borderline. Automatic."),
        ([2], "Cell 2: 1 nucleus, no osteoclast. Edited."),
    ],
)
def test_the_selection_in_words(selected, text):
    assert describe_selection(CELLS, selected) == text
