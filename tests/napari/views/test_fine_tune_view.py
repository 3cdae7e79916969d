"""The buttons of fine-tuning, without a viewer."""

import pandas as pd
import pytest
from qtpy.QtWidgets import QFileDialog

from osteocount.napari.views.fine_tune_view import IDLE, FineTuneView


@pytest.fixture
def view(qtbot):
    made = FineTuneView()
    qtbot.addWidget(made)
    return made


def can(view):
    return view.start.isEnabled(), view.use.isEnabled(), view.stop.isEnabled()


def test_what_can_be_done_when(view):
    assert can(view) == (True, False, False)
    assert view.words.text() == IDLE
    view.show_running()
    assert can(view) == (False, False, True)
    view.show_step(3, 10, "learning without B02")
    assert (view.bar.value(), view.words.text()) == (3, "learning without B02")
    view.show_idle("better", pd.DataFrame({"well": ["B02"]}), may_use=True)
    assert can(view) == (True, True, False)
    assert "B02" in view.words.toolTip()


def test_a_file_is_an_onnx_file_whatever_was_typed(view, qtbot, monkeypatch, tmp_path):
    view.show_idle("better", may_use=True)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "lab"), ""))
    with qtbot.waitSignal(view.file_chosen) as chosen:
        view.use.click()
    assert chosen.args == [tmp_path / "lab.onnx"]
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    with qtbot.waitSignal(view.folder_chosen) as chosen:
        view.start.click()
    assert chosen.args == [tmp_path]
