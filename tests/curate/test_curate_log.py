"""The edit log keeps every acknowledged edit, and replaying it is exact."""

from datetime import UTC, datetime

import numpy as np
import pytest

from osteocount.curate import Edit, append, read_log, replay
from osteocount.errors import OsteoCountError

WHEN = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def edit(action, *cells):
    return Edit(who="MZ", when=WHEN, image="A01_f1.tif", action=action, cells=cells)


def test_a_log_reads_back_in_order(tmp_path):
    edits = [edit("merge", 1, 2), edit("delete", 3)]
    for one in edits:
        append(one, tmp_path / "edits.jsonl")
    assert read_log(tmp_path / "edits.jsonl") == edits


def test_a_last_line_cut_by_a_crash_costs_only_itself(tmp_path):
    path = tmp_path / "edits.jsonl"
    append(edit("delete", 3), path)
    with path.open("ab") as file:
        file.write(b'{"who": "MZ", "wh')
    assert read_log(path) == [edit("delete", 3)]


def test_a_damaged_line_is_named(tmp_path):
    path = tmp_path / "edits.jsonl"
    path.write_bytes(b"rubbish\n" + edit("delete", 3).model_dump_json().encode() + b"\n")
    with pytest.raises(OsteoCountError, match=r"edits\.jsonl, line 1: not an edit"):
        read_log(path)


def test_no_log_means_no_edits(tmp_path):
    assert read_log(tmp_path / "edits.jsonl") == []


@pytest.mark.parametrize("cells", [(), (1,), (1, 1), (0, 1)])
def test_a_merge_needs_two_cells(cells):
    with pytest.raises(ValueError, match="merge needs at least 2 different cells"):
        edit("merge", *cells)


@pytest.mark.parametrize(
    ("edits", "expected", "unapplied"),
    [
        ([], [1, 2, 3, 0], 0),
        ([("merge", 1, 2)], [1, 1, 3, 0], 0),
        ([("merge", 3, 1)], [3, 2, 3, 0], 0),
        ([("delete", 2)], [1, 0, 3, 0], 0),
        ([("merge", 1, 2), ("delete", 1)], [0, 0, 3, 0], 0),
        ([("delete", 2), ("merge", 1, 2)], [1, 0, 3, 0], 1),
        ([("merge", 1, 2), ("merge", 1, 3)], [1, 1, 1, 0], 0),
        ([("delete", 9)], [1, 2, 3, 0], 1),
    ],
)
def test_replay(edits, expected, unapplied):
    labels = np.array([[1, 2, 3, 0]], np.uint32)
    replayed = replay(labels, [edit(*one) for one in edits])
    assert replayed.cells.tolist() == [expected]
    assert len(replayed.unapplied) == unapplied
    assert labels.tolist() == [[1, 2, 3, 0]]
