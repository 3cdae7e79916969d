"""The plate figure: what is on it, and that it can be saved."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from osteocount.errors import OsteoCountError
from osteocount.plate.heatmap import plate_heatmap, shared_limits, well_hints
from osteocount.wells import PLATE_SHAPES, well_name


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
    assert figure.axes[0].get_title(loc="left") == "P1: Osteoclasts"


@pytest.mark.parametrize("n", [6, 24, 96, 384])
def test_a_narrow_plate_says_the_same_within_its_width(n):
    table = wells(n).replace({"RANKL": "a treatment with a rather long name"})
    wide, narrow = (plate_heatmap(table, "n_osteoclasts", width=width) for width in (None, 3.4))
    assert narrow.get_size_inches()[0] == pytest.approx(3.4)
    assert (texts(narrow), legend(narrow)) == (texts(wide), legend(wide))
    canvas = FigureCanvasAgg(narrow)
    canvas.draw()
    renderer = canvas.get_renderer()
    right, top = narrow.bbox.max
    for part in (*narrow.texts, *narrow.axes[0].get_legend().get_texts(), narrow.axes[0].title):
        box = part.get_window_extent(renderer)
        assert box.x0 >= 0
        assert box.x1 <= right
        assert box.y0 >= 0
        assert box.y1 <= top
    assert min(part.get_fontsize() for part in narrow.axes[0].texts) >= 5


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


def test_names_are_written_as_they_are_and_not_as_mathematics():
    table = wells(6).assign(plate="P$1", treatment="EV $wt$", exclude_reason="$")
    figure = plate_heatmap(table, "n_osteoclasts")
    figure.savefig(io.BytesIO(), format="svg")
    assert figure.axes[0].get_title(loc="left") == r"P\$1: Osteoclasts"
    assert any(text.startswith(r"EV \$wt\$") for text in legend(figure))


def test_wells_flagged_by_quality_control_are_marked():
    assert "!" not in texts(plate_heatmap(wells(6), "n_osteoclasts"))
    table = wells(6).assign(qc_flags=["out_of_focus", *[np.nan] * 5])
    figure = plate_heatmap(table, "n_osteoclasts")
    assert texts(figure).count("!") == 1
    assert "flagged" in legend(figure)


def test_a_table_read_back_with_empty_text_columns_is_drawn():
    table = wells(6).assign(exclude_reason=np.nan, dose_unit=np.nan, qc_flags=np.nan)
    assert "11" in texts(plate_heatmap(table, "n_osteoclasts"))


def test_what_is_said_of_a_well_under_the_pointer():
    table = wells(6).assign(donor=["3", "donor 4", *["5"] * 4], n_fields=2, qc_flags=["out_of_focus", *[""] * 5])
    hints = well_hints(table, "n_osteoclasts")
    assert hints["A01"] == "A01 · vehicle · donor 3 · Osteoclasts 11 · 2 fields · out of focus"
    assert hints["A02"] == "A02 · RANKL 50 ng/mL · donor 4 · Osteoclasts 12 · 2 fields · excluded: bubble"
    assert hints["A03"] == "A03 · RANKL 50 ng/mL · donor 5 · not measured · 2 fields"
