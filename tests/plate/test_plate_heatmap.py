"""The plate figure: what is on it, and that it can be saved."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from osteocount.errors import OsteoCountError
from osteocount.plate.heatmap import plate_heatmap, shared_limits
from osteocount.plate.wells import PLATE_SHAPES, well_name


def wells(n=24, plate="P1", factor=1.0):
    rows, columns = PLATE_SHAPES[n]
    places = [(r, c) for r in range(1, rows + 1) for c in range(1, columns + 1)]
    table = pd.DataFrame(
        {
            "plate": plate,
            "well": [well_name(r, c) for r, c in places],
            "treatment": ["vehicle" if c == 1 else "RANKL" for _, c in places],
            "dose": [np.nan if c == 1 else 50.0 for _, c in places],
            "dose_unit": ["" if c == 1 else "ng/mL" for _, c in places],
            "role": ["vehicle" if c == 1 else "treatment" for _, c in places],
            "exclude_reason": "",
            "n_osteoclasts": [factor * (10 * r + c) for r, c in places],
        }
    )
    table.loc[1, ["role", "exclude_reason"]] = ["excluded", "bubble"]
    table.loc[2, "n_osteoclasts"] = np.nan
    return table


def texts(figure):
    return [t.get_text() for axes in figure.axes for t in axes.texts] + [t.get_text() for t in figure.texts]


def legend(figure):
    return [t.get_text() for t in figure.axes[0].get_legend().get_texts()]


@pytest.mark.parametrize("n", [6, 12, 24, 48, 96, 384])
def test_every_plate_is_drawn_with_a1_top_left(n):
    figure = plate_heatmap(wells(n), "n_osteoclasts")
    axes = figure.axes[0]
    rows, columns = PLATE_SHAPES[n]
    assert axes.get_xlim() == (0.5, columns + 0.5)
    assert axes.get_ylim() == (rows + 0.5, 0.5)
    assert axes.get_yticklabels()[0].get_text() == "A"
    for form in ("png", "svg"):
        target = io.BytesIO()
        figure.savefig(target, format=form)
        assert target.tell() > 5000


def test_values_marks_and_reasons_are_written():
    figure = plate_heatmap(wells(), "n_osteoclasts")
    said = texts(figure)
    assert "11" in said
    assert said.count("V") == 4
    assert "13" not in said
    assert any("A02: bubble" in text for text in said)
    assert legend(figure) == ["vehicle", "RANKL 50 ng/mL", "vehicle", "not measured", "excluded"]
    assert figure.axes[0].get_title(loc="left") == "P1: n osteoclasts"


def test_percent_of_control():
    said = texts(plate_heatmap(wells(), "n_osteoclasts", percent_of_control=True))
    control = np.mean([11, 21, 31, 41])
    assert f"{100 * 11 / control:.1f}" in said


def test_one_scale_across_plates():
    both = pd.concat([wells(plate="P1"), wells(plate="P2", factor=10)], ignore_index=True)
    limits = shared_limits(both, "n_osteoclasts")
    assert limits == (0.0, 460.0)
    for name in ("P1", "P2"):
        assert plate_heatmap(both, "n_osteoclasts", plate=name, limits=limits).axes[1].get_ylim() == limits


def test_a_plate_without_values_or_layout_is_drawn_too():
    bare = pd.DataFrame({"well": ["A01", "B02"], "n_osteoclasts": [np.nan, np.nan]})
    assert legend(plate_heatmap(bare, "n_osteoclasts")) == ["not measured"]
    assert shared_limits(bare.assign(role=""), "n_osteoclasts") is None


@pytest.mark.parametrize(
    ("table", "options", "said"),
    [
        (wells(), {"measure": "area"}, "There is no measure 'area'"),
        (pd.concat([wells(), wells(plate="P2")]), {}, r"2 plates \(P1, P2\); say which"),
        (wells(), {"plate": "P9"}, "There is no plate 'P9' in the table; its plates are P1"),
        (wells().assign(well=""), {}, "names no wells"),
    ],
)
def test_refusals(table, options, said):
    with pytest.raises(OsteoCountError, match=said):
        plate_heatmap(table, options.pop("measure", "n_osteoclasts"), **options)
