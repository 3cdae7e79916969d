"""The edit log keeps every acknowledged edit, whatever happens to the program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap

import pytest

from osteocount.curate import CellRef, EditLog, effective, read_log
from osteocount.errors import OsteoCountError
from support.edits import edit

ONE, TWO = (CellRef(cell_id=n, y=1, x=n, area_px=4) for n in (1, 2))


def test_a_log_reads_back_in_order(tmp_path):
    edits = [edit("merge", (ONE, TWO)), edit("draw", points=((1.5, 2), (3, 4), (5, 0.25)))]
    log = EditLog(tmp_path / "edits.jsonl")
    for one in edits:
        log.append(one)
    assert read_log(tmp_path / "edits.jsonl") == edits


@pytest.mark.parametrize("torn", [b'{"who": "MZ", "wh', b'{"reason": "' + b"x" * 3000])
def test_a_last_line_cut_by_a_crash_costs_only_itself(tmp_path, torn):
    path = tmp_path / "edits.jsonl"
    first, second = edit("delete", (ONE,)), edit("delete", (TWO,))
    EditLog(path).append(first)
    with path.open("ab") as file:
        file.write(torn)
    assert read_log(path) == [first]
    EditLog(path).append(second)
    assert read_log(path) == [first, second]


def test_a_damaged_line_is_named(tmp_path):
    path = tmp_path / "edits.jsonl"
    path.write_bytes(b"rubbish\n" + edit("delete", (ONE,)).model_dump_json().encode() + b"\n")
    with pytest.raises(OsteoCountError, match=r"edits\.jsonl, line 1: not an edit"):
        read_log(path)


def test_no_log_means_no_edits(tmp_path):
    assert read_log(tmp_path / "edits.jsonl") == []


def test_an_edit_that_cannot_be_saved_is_not_made(tmp_path):
    with pytest.raises(OsteoCountError, match=r"could not be saved .* so it was not made"):
        EditLog(tmp_path / "no" / "edits.jsonl").append(edit("delete", (ONE,)))


@pytest.mark.parametrize(
    ("kind", "more", "message"),
    [
        ("merge", {"cells": (ONE,)}, "merge needs at least 2 different cells"),
        ("merge", {"cells": (ONE, ONE)}, "merge needs at least 2 different cells"),
        ("delete", {}, "delete needs at least 1 different cells"),
        ("split_line", {"cells": (ONE,), "points": ((1, 1),)}, "split_line needs at least 2 points"),
        ("set_class", {"cells": (ONE,), "is_osteoclast": True}, "set_class needs a reason"),
        ("exclude_well", {"reason": " "}, "exclude_well needs a reason"),
        ("undo", {}, "undo needs the id of an edit"),
        ("review", {}, "review needs a status"),
        ("draw", {"points": ((0, 0), (0, float("nan")), (1, 1))}, "finite"),
        ("explode", {}, "merge"),
    ],
)
def test_an_incomplete_edit_is_refused(kind, more, message):
    with pytest.raises(ValueError, match=message):
        edit(kind, **more)


def test_undo_and_redo_are_entries_too():
    first, second = edit("delete", (ONE,)), edit("delete", (TWO,))
    undo, redo = edit("undo", of=second.id), edit("redo", of=second.id)
    assert effective([first, second, undo]) == [first]
    assert effective([first, second, undo, redo]) == [first, second]


def test_a_killed_process_loses_no_acknowledged_edit(tmp_path):
    """The child says a number only after the edit of that number was acknowledged; then it is killed."""
    program = """
        import sys
        from datetime import UTC, datetime
        from pathlib import Path
        from osteocount.curate import Edit, EditLog
        log = EditLog(Path(sys.argv[1]))
        for n in range(100):
            where = {"points": ((n, n),), "image": "a.tif"}
            log.append(Edit(who="MZ", when=datetime.now(UTC), kind="add_nucleus", **where))
            print(n, flush=True)
    """
    path = tmp_path / "edits.jsonl"
    command = [sys.executable, "-c", textwrap.dedent(program), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        acknowledged = -1
        while acknowledged < 40:
            acknowledged = int(child.stdout.readline())
        os.kill(child.pid, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        acknowledged = max([acknowledged, *map(int, child.stdout.read().split())])
    edits = read_log(path)
    assert len(edits) > acknowledged
    assert [one.points[0][0] for one in edits] == list(range(len(edits)))


def test_what_another_window_wrote_meanwhile_is_not_written_over(tmp_path):
    """Both read the log; the first to write goes on, the other is told to open the results again."""
    here, there = EditLog(tmp_path / "edits.jsonl"), EditLog(tmp_path / "edits.jsonl")
    assert here.read() == there.read() == []
    here.append(edit("accept", (ONE,)))
    here.append(edit("accept", (ONE,)))
    with pytest.raises(OsteoCountError, match="somebody else corrected these results meanwhile"):
        there.append(edit("accept", (ONE,)))
    assert len(there.read()) == 2
    there.append(edit("accept", (ONE,)))
    assert len(read_log(tmp_path / "edits.jsonl")) == 3


def test_a_line_that_comes_again_is_one_edit(tmp_path):
    path = tmp_path / "edits.jsonl"
    one = edit("delete", (ONE,))
    for _ in range(3):
        with path.open("ab") as file:
            file.write(one.model_dump_json().encode() + b"\n")
    assert read_log(path) == [one]
    other = edit("delete", (TWO,)).model_copy(update={"id": one.id})
    with path.open("ab") as file:
        file.write(other.model_dump_json().encode() + b"\n")
    with pytest.raises(OsteoCountError, match="line 4: another edit has the id"):
        read_log(path)
