"""Figures: everything is drawn, labelled with its unit, and legible."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cbook import is_math_text
from matplotlib.figure import Figure
from matplotlib.text import Text

from osteocount.errors import OsteoCountError
from osteocount.stats import compare
from osteocount.stats.agreement import agree
from osteocount.stats.figure_style import wrapped
from osteocount.stats.figures import bland_altman, dose_response, effect_plot, power_curve, superplot
from osteocount.stats.planning import plan
from support.well_tables import series, simulated, table

LONG = ("vehicle", "RANKL 50 ng/mL", "EV IL-32 KO 5 µL", "EV wild type 5 µL", "rhIL-32 25 ng/mL")


def drawn(figure: Figure) -> Figure:
    FigureCanvasAgg(figure).draw()
    return figure


def boxes_overlap(figure: Figure, labels) -> bool:
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [label.get_window_extent(renderer) for label in labels if label.get_text()]
    return any(first.overlaps(second) for first, second in itertools.combinations(boxes, 2))


@pytest.mark.parametrize("arms", [("vehicle", "A"), LONG])
def test_superplot(arms):
    comparison = compare(simulated(arms, 5), control="vehicle")
    figure = drawn(superplot(comparison))
    axes = figure.axes[0]
    assert axes.get_ylabel() == "Osteoclasts per mm²"
    assert axes.get_yscale() == "log"
    assert axes.get_legend().get_title().get_text() == "Donor"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["D1", "D2", "D3", "D4", "D5"]
    assert sum(len(points.get_offsets()) for points in axes.collections) == 5 * len(arms) * (3 + 1)
    assert not boxes_overlap(figure, axes.get_xticklabels())


def test_superplot_shows_only_the_wells_asked_for():
    comparison = compare(table(), control="vehicle")
    few = drawn(superplot(comparison, table()[:4])).axes[0]
    assert sum(len(points.get_offsets()) for points in few.collections) == 4 + 9


def test_superplot_of_an_empty_control_keeps_the_zeros():
    comparison = compare(table({d: {"vehicle": (0, 0), "A": (3, 2)} for d in ("D1", "D2")}), control="vehicle")
    axes = drawn(superplot(comparison)).axes[0]
    assert axes.get_yscale() == "linear"
    assert axes.get_title(loc="left") == "linear axis: some donors have 0"


def test_an_unknown_endpoint_is_refused():
    with pytest.raises(OsteoCountError, match=r"No endpoint 'fusion' in this comparison\. It has: osteoclast_count\."):
        superplot(compare(table(), control="vehicle"), endpoint="fusion")


def test_effect_plot():
    comparison = compare(simulated(("vehicle", "EV_WT", "EV_KO"), 4), control="vehicle")
    figure = drawn(effect_plot(comparison))
    axes = figure.axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["EV_KO", "EV_WT", "IL-32 dependence\n(against EV_KO)"]
    assert axes.get_xlabel() == "Osteoclasts: rate ratio to vehicle (95 % CI, of arms simultaneous)"
    assert not boxes_overlap(figure, [*axes.get_yticklabels(), *axes.texts])
    words = [text.get_text() for text in axes.texts]
    assert words[0].startswith(f"{comparison.table['estimate'].iloc[0]:.3g}"[:3])


@pytest.mark.parametrize("arms", [("vehicle", "A"), LONG])
def test_narrow_figures_show_the_same_within_their_width(arms):
    comparison = compare(simulated(arms, 5), control="vehicle")
    for wide, narrow in (
        (superplot(comparison), superplot(comparison, width=3.4)),
        (effect_plot(comparison), effect_plot(comparison, width=3.4)),
    ):
        assert drawn(narrow).get_size_inches()[0] == 3.4
        points, same = ([p.get_offsets().tolist() for p in f.axes[0].collections] for f in (wide, narrow))
        assert points == same
        axes = narrow.axes[0]
        renderer = FigureCanvasAgg(narrow).get_renderer()
        low, high = axes.get_xlim()
        ticks = [
            label for at, label in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True) if low <= at <= high
        ]
        said = [*ticks, *axes.texts, axes.xaxis.label, *narrow.legends[0].get_texts()]
        boxes = [text.get_window_extent(renderer) for text in said if text.get_text()]
        assert boxes
        assert all(box.x0 >= 0 and box.x1 <= narrow.bbox.x1 for box in boxes)
        assert not boxes_overlap(narrow, axes.texts)


def test_a_refused_ratio_is_not_drawn():
    comparison = compare(table({d: {"vehicle": (0, 0), "A": (3, 2)} for d in ("D1", "D2", "D3")}), control="vehicle")
    axes = drawn(effect_plot(comparison)).axes[0]
    assert [text.get_text() for text in axes.texts] == ["refused"]
    assert comparison.donor_effects.empty


def test_dose_response():
    figure = drawn(dose_response(compare(series(), control="vehicle")))
    axes = figure.axes[0]
    assert axes.get_xlabel() == "IL32 (ng/mL)"
    assert axes.get_title(loc="left").startswith("EC50 ")
    assert np.ptp(axes.lines[0].get_ydata()) > 1  # the fitted curve
    with pytest.raises(OsteoCountError, match="No dose series to draw"):
        dose_response(compare(table(), control="vehicle"))


def test_bland_altman():
    ours = simulated(("vehicle", "A"), 3)
    manual = pd.concat([ours.assign(reader=name, count=ours["count"] + i) for i, name in enumerate(("Ann", "Bo"), 1)])
    figure = drawn(bland_altman(agree(ours, manual[["plate", "well", "reader", "count"]], control="vehicle")))
    assert len(figure.axes) == 3
    assert figure.axes[0].get_ylabel() == "automatic − Ann (osteoclasts)"
    assert figure.axes[0].get_xlabel() == "Mean of both (osteoclasts per well)"


def test_power_curve():
    figure = drawn(
        power_curve(plan(simulated(("vehicle", "A"), 3), 1.5, control="vehicle", donors=(3, 4), wells=(2, 3), runs=50))
    )
    axes = figure.axes[0]
    assert axes.get_ylabel() == "Power for the verdict 'robust' (%)"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["2", "3"]


def test_dollars_stay_dollars():
    frame = simulated(("vehicle", "A"), 3).replace({"A": "drug $5 to $6", "D1": "donor $1$"})
    comparison = compare(frame, control="vehicle")
    for figure in (superplot(comparison), effect_plot(comparison)):
        found = [text for text in drawn(figure).findobj(Text) if "$" in text.get_text()]
        assert found
        assert not any(is_math_text(text.get_text()) for text in found)


def test_contrasts_have_names_people_say():
    labels = [
        label.get_text()
        for label in effect_plot(compare(simulated(("vehicle", "EV_WT", "EV_KO"), 4), control="vehicle"))
        .axes[0]
        .get_yticklabels()
    ]
    assert labels[-1] == "IL-32 dependence\n(against EV_KO)"


@pytest.mark.parametrize(
    ("name", "letters", "lines", "wanted"),
    [
        ("vehicle", 11, 4, "vehicle"),
        ("EV wild type 5 µL", 11, 4, "EV wild type\n5 µL"),
        ("vesicles of the patient 1", 11, 2, "vesicles of…\n1"),
        ("vesicles of the patient 2", 11, 2, "vesicles of…\n2"),
        ("a" * 30, 11, 4, "\n".join(["a" * 14, "a" * 14, "aa"])),
        ("costs $5", 11, 4, r"costs \$5"),
    ],
)
def test_long_names_are_broken_and_stay_apart(name, letters, lines, wanted):
    assert wrapped(name, letters, lines) == wanted
