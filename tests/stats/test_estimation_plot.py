"""The estimation plot: values of the donors above, ratios with their intervals below."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from osteocount.errors import OsteoCountError
from osteocount.stats import compare
from osteocount.stats.estimation_plot import estimation_plot
from support.well_tables import simulated, table


def drawn(frame, **options):
    figure = estimation_plot(compare(frame, control="vehicle"), **options)
    FigureCanvasAgg(figure).draw()
    return figure.axes


def test_donors_stand_over_the_ratio_of_their_arm():
    comparison = compare(simulated(("vehicle", "A", "B"), 4), control="vehicle")
    above, below = drawn(simulated(("vehicle", "A", "B"), 4))
    assert above.get_ylabel() == "Osteoclasts per mm²"
    assert below.get_ylabel() == "Rate ratio\nto control, 95 % CI"
    assert [label.get_text() for label in below.get_xticklabels()] == ["vehicle", "A", "B"]
    assert [text.get_text() for text in above.get_legend().get_texts()] == ["D1", "D2", "D3", "D4"]
    assert sum(len(points.get_offsets()) for points in above.collections) == 4 * 3
    own = comparison.table.set_index("contrast")
    spans = [line.get_ydata() for line in below.lines if len(set(line.get_xdata())) == 1]
    np.testing.assert_allclose(spans, own.loc[["A", "B"], ["ci_low", "ci_high"]])


def test_an_arm_without_a_ratio_says_so():
    _, below = drawn(table({d: {"vehicle": (0, 0), "A": (3, 2)} for d in ("D1", "D2", "D3")}))
    assert [text.get_text() for text in below.texts] == ["refused"]


def test_an_unknown_endpoint_is_refused():
    with pytest.raises(OsteoCountError, match="No endpoint 'fusion' in this comparison"):
        drawn(table(), endpoint="fusion")
