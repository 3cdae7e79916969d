"""Exports of a plate reader, without a viewer."""

from __future__ import annotations

import pytest

from osteocount.errors import OsteoCountError
from osteocount.napari.messages import in_window_terms
from osteocount.napari.views.absorbance_view import TITLES, AbsorbanceView
from osteocount.pipeline import AbsorbanceInput
from osteocount.pipeline.absorbance import ABSORBANCE_ROLES


@pytest.fixture
def view(qtbot):
    made = AbsorbanceView()
    qtbot.addWidget(made)
    return made


def test_every_role_has_a_line(view):
    assert set(TITLES) == set(ABSORBANCE_ROLES) == set(view.exports)


def test_exports_are_given_their_roles(view, tmp_path):
    assert view.inputs() == ()
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("")
    view.exports["viability"].edit.setText(str(tmp_path / "b.txt"))
    view.exports["trap_activity"].edit.setText(str(tmp_path / "a.txt"))
    view.block.setText(" 405 nm ")
    assert view.inputs() == (
        AbsorbanceInput(tmp_path / "a.txt", "trap_activity", "405 nm"),
        AbsorbanceInput(tmp_path / "b.txt", "viability", "405 nm"),
    )


@pytest.mark.parametrize("typed", ["no_such.txt", "x" * 5000, "/"])
def test_an_export_that_is_not_there_is_refused(view, typed):
    view.exports["viability"].edit.setText(typed)
    with pytest.raises(OsteoCountError, match="no such export"):
        view.inputs()


def test_the_reading_is_asked_for_where_it_is_given():
    assert "(“Reading” in step 1)" in in_window_terms("say which one is meant (--block). The blocks are 1 and 2.")
