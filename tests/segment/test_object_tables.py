"""From scores of nuclei to an interval of their number."""

from __future__ import annotations

import numpy as np
import pytest

from osteocount.segment.object_tables import count_nuclei


@pytest.mark.parametrize(
    ("scores", "low", "high", "confidence"),
    [
        ([], 0, 0, 1.0),
        ([1.0, 1.0, 1.0], 3, 3, 1.0),
        ([0.5, 0.5, 0.5], 0, 3, 0.125),
        ([1.0, 1.0, 0.4], 2, 3, 0.6),
        ([1.0, 1.0, 1.0, 0.02], 3, 3, 1.0),
    ],
)
def test_the_interval_is_the_poisson_binomial(scores, low, high, confidence):
    count = count_nuclei(1, np.ones(len(scores), np.int32), np.array(scores, np.float32), 0.5, 3)
    assert (count.low[1], count.high[1]) == (low, high)
    assert count.confidence[1] == pytest.approx(confidence, abs=1e-6)
