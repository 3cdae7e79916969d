"""The count button and its progress, the numbers of a picture and the wells of a folder, without a viewer."""

from __future__ import annotations

import pandas as pd

from osteocount.napari.views.count_view import NumbersView, RunView, WellsView


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


def test_numbers_name_the_rule_they_were_counted_by(qtbot):
    view = NumbersView()
    qtbot.addWidget(view)
    view.show_numbers({"n_osteoclasts": 7, "fusion_index": None}, "≥ 4 nuclei")
    assert view.values["n_osteoclasts"].text() == "7"
    assert view.values["fusion_index"].text() == "–"
    assert view.titles["n_osteoclasts"].text() == "Osteoclasts (≥ 4 nuclei)"


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
