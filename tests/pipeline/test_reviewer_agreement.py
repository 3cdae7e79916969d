"""A second reviewer: a log of its own, and agreement counted by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
import tifffile
from typer.testing import CliRunner

from osteocount.cli import app
from osteocount.curate import CellRef, Edit, EditLog
from osteocount.errors import OsteoCountError
from osteocount.pipeline.reviewer_agreement import compare_reviewers, second_log_name, second_logs
from osteocount.stats.agreement_measures import cohen_kappa
from support.runs import CLASSICAL, counted

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Ann", "edits.ann.jsonl"),
        ("Dr. Bo Li", "edits.dr-bo-li.jsonl"),
        ("../../etc/passwd", "edits.etc-passwd.jsonl"),
        ("x" * 99, f"edits.{'x' * 40}.jsonl"),
    ],
)
def test_the_log_is_named_after_the_reviewer_and_stays_in_the_folder(name, file):
    assert second_log_name(name) == file


def test_a_reviewer_without_a_name_is_asked_for_one():
    with pytest.raises(OsteoCountError, match="needs the reviewer's name"):
        second_log_name(" .. ")


@pytest.mark.parametrize(
    ("first", "second", "kappa"),
    [
        ([1, 1, 0, 0], [1, 1, 0, 0], 1.0),
        ([1, 1, 0, 0], [0, 0, 1, 1], -1.0),
        ([1, 1, 0, 0], [1, 0, 1, 0], 0.0),
        ([1] * 45 + [0] * 15 + [1] * 25 + [0] * 15, [1] * 60 + [0] * 40, 0.1304),  # 60 agree, 54 by chance
    ],
)
def test_kappa_by_hand(first, second, kappa):
    assert cohen_kappa(np.array(first, bool), np.array(second, bool)) == pytest.approx(kappa, abs=1e-4)


@pytest.mark.parametrize("said", [[], [1, 1], [0, 0, 0]])
def test_kappa_is_unknown_where_chance_alone_would_agree(said):
    assert np.isnan(cohen_kappa(np.array(said, bool), np.array(said, bool)))


@pytest.fixture(scope="module")
def results(plate, tmp_path_factory):
    out = tmp_path_factory.mktemp("second") / "out"
    counted(plate, out, CLASSICAL)
    return out


def said(log, cell, kind, **more):
    log.append(Edit(who="x", when=NOW, kind=kind, plate="", well=cell["well"], **more))


def reference(results, cell):
    path = next((results / "labels").glob(f"*{cell['image'].removesuffix('.tif')}*_cells.tif"))
    y, x = np.argwhere(tifffile.imread(path) == cell["cell_id"])[0]
    return CellRef(cell_id=cell["cell_id"], y=y, x=x, area_px=cell["area_px"])


def test_two_reviewers_are_compared_where_both_have_reviewed(results):
    cells = pd.read_csv(results / "cells.csv", keep_default_na=False)
    well = cells["well"].iloc[0]
    mine = cells[cells["well"] == well]
    one = next(row for _, row in mine.iterrows() if str(row["counted"]) == "True")
    with pytest.raises(OsteoCountError, match="no second review"):
        compare_reviewers(results)
    first, second = EditLog(results / "edits.jsonl"), EditLog(results / second_log_name("Ann"))
    said(second, one, "review", status="reviewed")
    assert [path.name for path in second_logs(results)] == ["edits.ann.jsonl"]
    with pytest.raises(OsteoCountError, match="no well is marked as reviewed by both"):
        compare_reviewers(results)
    said(first, one, "review", status="reviewed")
    flipped = str(one["is_osteoclast"]) != "True"
    more = {"image": one["image"], "cells": (reference(results, one),), "is_osteoclast": flipped, "reason": "nuclei"}
    said(second, one, "set_class", **more)
    (found,) = compare_reviewers(results)
    assert found.wells["well"].tolist() == [well]
    assert found.wells["second"].iloc[0] - found.wells["first"].iloc[0] == (1 if flipped else -1)
    assert found.n_first == found.n_second == found.n_both == len(mine)
    shown = CliRunner().invoke(app, ["reviewers", str(results), "--out", str(results / "both.csv")])
    assert "ann against the first reviewer, 1 wells reviewed by both" in shown.output
    assert pd.read_csv(results / "both.csv")["reviewer"].tolist() == ["ann"]
