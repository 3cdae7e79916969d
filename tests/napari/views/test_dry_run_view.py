"""What will be counted, in words, and the pixel size that is typed beside it."""

from __future__ import annotations

import pytest

from osteocount.napari.views.dry_run_view import (
    NO_SCALE,
    DryRunView,
    pictures_in_words,
    scale_in_words,
    treatments_in_words,
)
from osteocount.pipeline.dry_run import DryRun, PictureDryRun

FIELD = PictureDryRun("A01.tif", "704 × 528 px, RGB, 8 bit", 0.76, "TIFF resolution", "brightfield", "resolved")


def dry_run(**facts):
    known = {
        "fields": 40, "samples": 20, "on_plates": True, "fields_each": (2, 2), "arms": ("vehicle", "RANKL"),
        "donors": ("d1",), "control": "vehicle", "pictures": (FIELD,), "notes": (),
    }  # fmt: skip
    return DryRun(**{**known, **facts})


@pytest.fixture
def view(qtbot):
    made = DryRunView()
    qtbot.addWidget(made)
    return made


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, "40 pictures of 20 wells, 2 each"),
        ({"on_plates": False, "fields_each": (1, 3)}, "40 pictures of 20 samples, 1 to 3 each"),
        ({"fields": 1, "samples": 0, "fields_each": (0, 0)}, "1 picture, no wells in their names"),
    ],
)
def test_pictures_are_said_in_words(facts, words):
    assert pictures_in_words(dry_run(**facts)) == words


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, "2 treatments, 1 donor; compared with vehicle"),
        ({"donors": (), "control": ""}, "2 treatments, no donors; no control is named"),
        ({"arms": ()}, "no treatments given, so nothing is compared"),
        ({"readings": 96}, "2 treatments, 1 donor; compared with vehicle; absorbance of 96 wells"),
    ],
)
def test_treatments_are_said_in_words(facts, words):
    assert treatments_in_words(dry_run(**facts)) == words


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ([(0.76, "TIFF")], "0.76 (TIFF)"), ([(None, "none")], "not known: please give it"),
        ([(0.5, "TIFF"), (1.0, "TIFF")], "0.5 to 1: files differ"),
    ],
)  # fmt: skip
def test_the_scale_says_where_it_is_from(sizes, words):
    assert scale_in_words(sizes) == words


def test_a_folder_and_a_picture_are_shown(view):
    view.show_folder(dry_run(notes=("Not in the layout (--layout): B07.",)))
    assert view.pixel_size.placeholderText() == "0.76 (TIFF resolution)"
    assert view.values["seen as"].text() == "brightfield; nuclei are counted"
    assert "--" not in view.notes.text()
    view.show_picture(PictureDryRun("x", "", None, "", refusal="x: one grey channel."))
    assert "one grey channel" in view.notes.text()
    view.show_folder(dry_run(pictures=(FIELD, PictureDryRun("A02.png", "", None, "no scale", "brightfield"))))
    assert NO_SCALE in view.notes.text()
    view.show_nothing("no such folder")
    assert view.notes.text() == "✖ no such folder"
    view.show_nothing("")
    assert view.notes.isHidden()


def test_what_is_typed_is_said_once(view, qtbot):
    with qtbot.waitSignal(view.pixel_size_typed) as said:
        qtbot.keyClicks(view.pixel_size, "2")
    assert said.args == ["2"]
    with qtbot.assertNotEmitted(view.pixel_size_typed):
        view.show_pixel_size("0.5")
