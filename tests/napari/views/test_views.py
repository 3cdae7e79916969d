"""The other views, without a viewer."""

from __future__ import annotations

import pandas as pd
import pytest

from osteocount.errors import OsteoCountError
from osteocount.napari.counting import FolderRequest
from osteocount.napari.views.result_view import LegendView, MessageView, NumbersView, WellsView, format_number
from osteocount.napari.views.run_view import RunView
from osteocount.napari.views.source_view import SourceView


@pytest.fixture
def source(qtbot):
    view = SourceView()
    qtbot.addWidget(view)
    return view


def test_without_a_picture_the_source_says_what_to_do(source):
    source.set_layers([], "")
    with pytest.raises(OsteoCountError, match="File > Open"):
        source.layer()


def test_the_selected_layer_is_the_one_to_count(source):
    source.set_layers(["a", "b"], "b")
    assert source.layer() == "b"
    source.set_layers(["a", "b", "c"], "")  # something that is no picture was selected: the choice stays
    assert source.layer() == "b"
    source.set_layers(["a", "c"], "")  # the chosen one was closed
    assert source.layer() == "a"


def test_a_folder_is_asked_for_with_its_layout(source, tmp_path):
    source.of_folder.setChecked(True)
    source.pictures.edit.setText(str(tmp_path))
    beside = tmp_path.with_name(f"{tmp_path.name}_osteocount")
    assert source.wants_folder()
    assert source.folder() == FolderRequest(tmp_path, beside)
    assert source.results.edit.placeholderText() == str(beside)
    source.plate_layout.edit.setText(str(tmp_path / "layout.csv"))
    source.results.edit.setText(str(tmp_path / "out"))
    source.if_present.setCurrentIndex(source.if_present.findData("resume"))
    assert source.folder() == FolderRequest(tmp_path, tmp_path / "out", tmp_path / "layout.csv", "resume")


def test_results_are_not_taken_for_pictures(source, tmp_path):
    (tmp_path / "run.json").write_text("{}")
    source.pictures.edit.setText(str(tmp_path))
    with pytest.raises(OsteoCountError, match=r"holds results, no pictures\. Open it as “Results of an earlier count”"):
        source.folder()


@pytest.mark.parametrize("typed", ["", "no/such/folder"])
def test_a_folder_that_is_not_there_is_refused(source, typed):
    source.pictures.edit.setText(typed)
    with pytest.raises(OsteoCountError, match="there is no such folder"):
        source.folder()


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


def test_run_buttons_follow_the_state(qtbot):
    view = RunView()
    qtbot.addWidget(view)
    assert (view.count.isEnabled(), view.cancel.isEnabled()) == (True, False)
    view.show_running()
    assert (view.count.isEnabled(), view.cancel.isEnabled(), view.bar.maximum()) == (False, True, 0)
    view.show_step(2, 5, "B02_f1.tif done")
    assert (view.bar.value(), view.bar.maximum(), view.step.text()) == (2, 5, "B02_f1.tif done")
    view.show_idle("Counted")
    assert (view.count.isEnabled(), view.bar.isHidden(), view.step.text()) == (True, True, "Counted")


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
