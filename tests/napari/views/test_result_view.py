"""Numbers, legend, messages and wells, without a viewer."""

from __future__ import annotations

import pandas as pd
import pytest

from osteocount.napari.views.result_view import LegendView, MessageView, NumbersView, WellsView, format_number


@pytest.mark.parametrize(
    ("value", "pattern", "text"),
    [(None, "{:.0f}", "–"), (float("nan"), "{:.1f}", "–"), (0, "{:.0f}", "0"), (3.25, "{:.1f}", "3.2"),
     ("not_in_layout", "{}", "not in layout")],
)  # fmt: skip
def test_unknown_is_a_dash_and_never_a_zero(value, pattern, text):
    assert format_number(value, pattern) == text


def test_numbers_name_the_rule_they_were_counted_by(qtbot):
    view = NumbersView()
    qtbot.addWidget(view)
    view.show_numbers({"n_osteoclasts": 7, "fusion_index": None}, "≥ 4 nuclei")
    assert view.values["n_osteoclasts"].text() == "7"
    assert view.values["fusion_index"].text() == "–"
    assert view.titles["n_osteoclasts"].text() == "Osteoclasts (≥ 4 nuclei)"


def test_a_file_name_with_markup_stays_text(qtbot):
    view = MessageView()
    qtbot.addWidget(view)
    view.show_problem("<img src=x>.tif: truncated")
    assert view.text() == "✖ <img src=x>.tif: truncated"
    assert view.textFormat().name == "PlainText"
    view.show_notes(())
    assert view.isHidden()


def test_wells_without_a_name_are_called_by_their_picture(qtbot, tmp_path):
    view = WellsView()
    qtbot.addWidget(view)
    wells = pd.DataFrame(
        {
            "well": ["A01", ""], "image": ["", "odd.tif"], "status": ["ok", "failed"],
            "status_reason": ["", "odd.tif: truncated"], "n_osteoclasts": [3.0, float("nan")],
            "nuclei_per_osteoclast_mean": [4.5, float("nan")], "n_trap_positive": [20.0, float("nan")],
        }
    )  # fmt: skip
    view.show_wells(wells, tmp_path, ("Fewer than 5 osteoclasts.",))
    texts = [[view.table.item(row, column).text() for column in range(5)] for row in range(2)]
    assert texts == [["A01", "ok", "3", "4.5", "20"], ["odd.tif", "failed", "–", "–", "–"]]
    assert view.warnings.heading.text() == "⚠ Warnings (1), also in the report"
    assert view.table.item(1, 0).toolTip() == "odd.tif: truncated"


def test_the_legend_names_each_colour_and_can_change_it(qtbot):
    view = LegendView()
    qtbot.addWidget(view)
    for other in ("#0072BC", "#56D7FF"):
        view.show_entries(("#FFB000", "osteoclast"), (other, "other"))
        assert [label.text() for _, label in view.rows] == ["osteoclast", "other"]
        assert other in view.rows[1][0].styleSheet()
