"""Names of files and folders from strangers: done, or refused with a sentence, and never obeyed by a terminal."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pandas as pd
import pytest
from typer.testing import CliRunner

from osteocount.cli import app
from osteocount.cli.console import printable
from osteocount.errors import OsteoCountError
from osteocount.plate.picture_files import find_pictures
from support.patience import PATIENCE_S
from support.pictures import canvas, osteoclast, photograph

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows forbids most of them")

NAMES = {
    "newline": "field\n2.tif",
    "escape": "field\x1b[31m3.tif",
    "emoji": "field \N{GRINNING FACE} 4.tif",
    "formula": "=cmd() 5.tif",
    "option": "-x 6.tif",
    "markup": "field [red] [b] 7.tif",
    "255 bytes": "C" * 251 + ".tif",
    "turned writing": "field \u202egnp 8.tif",
}


def write(folder, names):
    import tifffile

    folder.mkdir(parents=True)
    od = canvas(120, 150)
    osteoclast(od, (60, 70))
    for name in names:
        tifffile.imwrite(folder / name, photograph(od, seed=sum(map(ord, name))), photometric="rgb")


def osteocount(*arguments):
    """Run the command as a person does."""
    return subprocess.run(
        [sys.executable, "-c", "from osteocount.cli import main; main()", *map(str, arguments)],
        capture_output=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip


def test_names_of_any_letters_are_counted(tmp_path):
    """All in one folder: a process takes longer to start than all of them to be counted."""
    source, out = tmp_path / "plate [1] *x", tmp_path / "out [b] ?"
    write(source, NAMES.values())
    done = osteocount("count", source, "--out", out, "--pixel-size", "1", "--segmenter", "classical")
    said = done.stderr.decode() + done.stdout.decode()
    assert done.returncode == 0, said
    assert "\x1b" not in said and "\u202e" not in said
    assert {*pd.read_csv(out / "cells.csv")["image"].str.removeprefix("'")} == {*NAMES.values()}
    assert len(list((out / "overlays").iterdir())) == len(NAMES)
    assert (out / "report.html").is_file()
    shown = osteocount("plate", "preview", source)
    assert shown.returncode == 0, shown.stderr
    assert b"\x1b" not in shown.stdout
    assert osteocount("report", out).returncode == 0


@pytest.mark.skipif(sys.platform == "darwin", reason="its file system has UTF-8 names only")
def test_a_name_that_is_no_text_is_refused_before_anything_is_counted(tmp_path):
    write(tmp_path / "a", ["field 1.tif"])
    bad = os.fsencode(tmp_path / "a") + b"/field \xff2.tif"
    shutil.copy(tmp_path / "a" / "field 1.tif", bad)
    with pytest.raises(OsteoCountError, match=r"field \\xff2\.tif: the name is not valid UTF-8"):
        find_pictures(tmp_path / "a")
    done = osteocount("count", tmp_path / "a", "--out", tmp_path / "out")
    assert done.returncode == 1
    assert b"field \\xff2.tif: the name is not valid UTF-8" in done.stderr
    assert not (tmp_path / "out").exists()


def test_markup_in_names_is_shown_as_it_is(tmp_path):
    write(tmp_path / "plate [red]" / "x [", ["a].tif"])
    write(tmp_path / "plate [red]" / "y [", ["b].tif"])
    shown = CliRunner().invoke(app, ["plate", "preview", str(tmp_path / "plate [red]")], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert "x [/a].tif" in shown.output


def test_what_a_terminal_would_obey_is_written_out():
    assert printable("a\x1b[2Jb\x9bc\x07\r\n\td\udcffe\u202ef") == "a\\x1b[2Jb\\x9bc\\x07\\r\n\td\\xffe\\u202ef"
    assert printable("Zählung µm² 😀 日本") == "Zählung µm² 😀 日本"


def test_output_in_ascii_ends_no_run(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", "from osteocount.cli import main; main()", "count", "µ.tif", "--out", "o"],
        capture_output=True, check=False, env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )  # fmt: skip
    assert done.returncode == 1
    assert b"xb5.tif: no such file" in done.stderr and b"OsteoCount broke" not in done.stderr
