"""Ways in: a folder dropped on the window or named to the program, and whatever is typed into a path field."""

from __future__ import annotations

from pathlib import Path

import napari
import pytest
from typer.testing import CliRunner

import osteocount
from osteocount.cli import app
from osteocount.errors import OsteoCountError
from osteocount.napari.views.source_view import SourceView
from osteocount.napari.views.widgets import MessageView
from osteocount.settings import Settings
from support.patience import PATIENCE_MS

ODD = ["/", "//", ".", "..", "~", "~nobody_of_this_name", "x" * 5000, "a\0b", " ", "C:\\", "/no/such", "*?<>|"]


@pytest.mark.parametrize("text", ODD)
def test_whatever_is_typed_as_a_path_is_no_exception(qtbot, text):
    view = SourceView()
    qtbot.addWidget(view)
    for field in (view.pictures, view.results, view.plate_layout, view.earlier, view.earlier_pictures):
        for end in range(min(len(text), 12) + 1):  # as it is typed, letter by letter
            field.edit.setText(text[:end])
        field.edit.setText(text)
    try:
        view.folder(Settings())
    except OsteoCountError as error:
        assert str(error)
    view.results.edit.setText("")
    if text in ("/", "//"):
        with pytest.raises(OsteoCountError, match="is a whole disk"):
            view.folder(Settings())


def test_a_picture_is_read_from_a_text_too(picture_file):
    assert osteocount.read_picture(str(picture_file)).axes == osteocount.read_picture(picture_file).axes
    with pytest.raises(OsteoCountError, match="no such file"):
        osteocount.read_picture("x.tif")


@pytest.mark.parametrize(
    "text",
    [
        "a.toml: not a settings file (x). `osteocount settings` prints one to start from.",
        "a: is a folder, not a picture. Name one file, or run the command on the folder.",
        "Give another --out, or --overwrite to replace it, or --resume to finish it.",
        "one to start from: `osteocount samples template FOLDER` writes one to start from.",
        "give a layout that names them all, or --pattern plain; if not, a sample sheet (--samples).",
        "Which it is (--treatment-column)? Try --some-option, or `osteocount something FILE`.",
        "Give --pixel-size.", "Give --control or --layout.", "Give --cell-model or --segmenter classical.",
    ],
)  # fmt: skip
def test_the_window_says_no_words_of_the_command_line(qtbot, text):
    view = MessageView()
    qtbot.addWidget(view)
    view.show_problem(text)
    assert "--" not in view.text()
    assert "`osteocount" not in view.text()
    view.show_notes((text,))
    assert "--" not in view.text()
    assert "`osteocount" not in view.text()
    assert "the command" not in view.text()


@pytest.mark.window
def test_a_folder_dropped_on_the_window_goes_to_step_1(make_napari_viewer, plate_folder):
    viewer = make_napari_viewer()
    (plate_folder / "layout.csv").write_text("well,treatment\nA01,a\n")
    viewer.open(plate_folder, plugin="osteocount")
    _, dock = viewer.window.add_plugin_dock_widget("osteocount", "OsteoCount")
    assert dock.source.wants_folder()
    assert dock.source.pictures.path() == plate_folder
    assert dock.steps.currentIndex() == 0
    assert len(viewer.layers) == 0


@pytest.mark.window
def test_whatever_is_dropped_is_answered_in_words(make_napari_viewer, qtbot, tmp_path):
    """An archive, a text, a folder without pictures, and one of very many that are none."""
    viewer = make_napari_viewer()
    _, dock = viewer.window.add_plugin_dock_widget("osteocount", "OsteoCount")
    for name in ("pictures.zip", "notes.txt"):
        (tmp_path / name).write_bytes(b"PK")
        dock.message.hide()
        dock.take(tmp_path / name)
        assert dock.message.text().startswith("✖")
        assert name in dock.message.text()
    for number, words in ((0, "no pictures here"), (500, "500 pictures, no wells in their names")):
        folder = tmp_path / f"März {number}"
        folder.mkdir()
        for n in range(number):
            (folder / f"dish{n:03d}_a.tif").write_bytes(b"II*\0")
        dock.take(folder)
        dock._looking.stop()
        dock._look()
        qtbot.waitUntil(lambda: "look" not in dock._jobs.names(), timeout=PATIENCE_MS)
        assert words in dock.source.findings.text() + dock.source.known.text()
    assert len(viewer.layers) == 0


@pytest.mark.window
def test_the_program_opens_what_it_is_given(make_napari_viewer, monkeypatch, qtbot, tmp_path, field, write_field):
    pictures, results = tmp_path / "plate", tmp_path / "plate_osteocount"
    pictures.mkdir()
    write_field(pictures / "A01_f1.tif", field.picture)
    for _ in osteocount.run(str(pictures), str(results), Settings()):
        pass
    viewer = make_napari_viewer()
    monkeypatch.setattr(napari, "Viewer", lambda: viewer)
    monkeypatch.setattr(napari, "run", lambda: None)
    for path in (results, pictures, pictures / "A01_f1.tif", Path("no_such")):
        done = CliRunner().invoke(app, ["gui", str(path)], catch_exceptions=False)
        assert done.exit_code == 0, done.output
    _, dock = viewer.window.add_plugin_dock_widget("osteocount", "OsteoCount")
    qtbot.waitUntil(
        lambda: dock.review.correct.buttons["merge"].isEnabled() and dock.review.idle(), timeout=PATIENCE_MS
    )
    assert dock.review.session.root == results
    assert dock.source.pictures.path() == pictures
    assert "A01_f1" in viewer.layers
    assert "no_such: there is no such file or folder" in dock.message.text()
