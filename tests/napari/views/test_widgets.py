"""Numbers as text, messages and the legend, without a viewer."""

from __future__ import annotations

import pytest

from osteocount.napari.views.widgets import LegendView, MessageView, format_number


@pytest.mark.parametrize(
    ("value", "pattern", "text"),
    [(None, "{:.0f}", "–"), (float("nan"), "{:.1f}", "–"), (0, "{:.0f}", "0"), (3.25, "{:.1f}", "3.2"),
     ("not_in_layout", "{}", "not in layout")],
)  # fmt: skip
def test_unknown_is_a_dash_and_never_a_zero(value, pattern, text):
    assert format_number(value, pattern) == text


def test_a_file_name_with_markup_stays_text(qtbot):
    view = MessageView()
    qtbot.addWidget(view)
    view.show_problem("<img src=x>.tif: truncated")
    assert view.text() == "✖ <img src=x>.tif: truncated"
    assert view.textFormat().name == "PlainText"
    view.show_notes(())
    assert view.isHidden()


def test_the_legend_names_each_colour_and_can_change_it(qtbot):
    view = LegendView()
    qtbot.addWidget(view)
    for other in ("#0072BC", "#56D7FF"):
        view.show_entries(("#FFB000", "osteoclast"), (other, "other"))
        assert [label.text() for _, label in view.rows] == ["osteoclast", "other"]
        assert other in view.rows[1][0].styleSheet()
