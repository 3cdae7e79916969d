"""What to count: a layer, or a folder with its layout, or the results of an earlier count."""

from __future__ import annotations

import pytest

from osteocount.errors import OsteoCountError
from osteocount.napari.views.source_view import SourceView
from osteocount.pipeline import RunRequest
from osteocount.settings import Settings


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
    assert source.folder(Settings()) == RunRequest(tmp_path, beside)
    assert source.results.edit.placeholderText() == str(beside)
    source.plate_layout.edit.setText(str(tmp_path / "layout.csv"))
    source.results.edit.setText(str(tmp_path / "out"))
    source.if_present.setCurrentIndex(source.if_present.findData("resume"))
    assert source.folder(Settings()) == RunRequest(
        tmp_path, tmp_path / "out", layout=tmp_path / "layout.csv", if_present="resume"
    )


def test_results_are_not_taken_for_pictures(source, tmp_path):
    (tmp_path / "run.json").write_text("{}")
    source.pictures.edit.setText(str(tmp_path))
    with pytest.raises(OsteoCountError, match=r"holds results, no pictures\. Open it as “Results of an earlier count”"):
        source.folder(Settings())


@pytest.mark.parametrize("typed", ["", "no/such/folder"])
def test_a_folder_that_is_not_there_is_refused(source, typed):
    source.pictures.edit.setText(typed)
    with pytest.raises(OsteoCountError, match="there is no such folder"):
        source.folder(Settings())
