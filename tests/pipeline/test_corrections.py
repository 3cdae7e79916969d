"""Classifier and corrections in headless runs: recorded, said aloud, the same tables whichever way they are made."""

from __future__ import annotations

import json
import math
import shutil

import pandas as pd
import pytest
import tifffile

from osteocount.curate import CellRef, Edit, EditLog
from osteocount.curate.classifier import CELL_FEATURES, FORMAT, Classifier, LogisticModel, save
from osteocount.errors import OsteoCountError
from osteocount.pipeline.write_results import apply_edits
from support.runs import CLASSICAL, counted

TABLES = ("cells.csv", "nuclei.csv", "wells.csv", "comparisons.csv")


def tables(out):
    return {name: (out / name).read_bytes() for name in TABLES}


@pytest.fixture(scope="module")
def plain(plate, tmp_path_factory):
    """One automatic run with the classical segmenter."""
    out = tmp_path_factory.mktemp("plain") / "out"
    counted(plate, out)
    return out


@pytest.fixture
def larger_half(plain, tmp_path):
    """Write a classifier that takes the smaller half of the cells for none."""
    area = float(pd.read_csv(plain / "cells.csv")["area_um2"].median())
    zeros, ones = (0.0,) * len(CELL_FEATURES), (1.0,) * len(CELL_FEATURES)
    path = tmp_path / "lab.json"
    larger = LogisticModel(mean=zeros, scale=ones, weights=(1.0, *zeros[1:]), bias=-math.log(area), n=40, gain=0.2)
    save(Classifier(format=FORMAT, cells=larger), path)
    return path


def test_a_classifier_is_applied_recorded_and_taken_back(plate, plain, larger_half, tmp_path):
    out = tmp_path / "out"
    outcome = counted(plate, out, classifier=larger_half)
    before, cells = pd.read_csv(plain / "cells.csv"), pd.read_csv(out / "cells.csv")
    assert set(cells["source"]) == {"classified"}
    assert len(cells) == (before["area_um2"] >= before["area_um2"].median()).sum()
    wells = pd.read_csv(out / "wells.csv")
    assert wells["n_trap_positive_automatic"].tolist() == pd.read_csv(plain / "wells.csv")["n_trap_positive"].tolist()
    record = json.loads((out / "run.json").read_text())["classifier"]
    assert (record["n_corrections"], record["gain"], len(record["sha256"])) == (40, {"cells": 0.2}, 64)
    left_out = len(before) - len(cells)
    assert any(f"classifier.json in the result folder left out {left_out} objects" in w for w in outcome.warnings)
    assert any("look unlike those classifier.json was learned on" in w for w in outcome.warnings)  # of area 1 µm²
    first = tables(out)
    for again in (lambda: counted(plate, out, if_present="resume"), lambda: apply_edits(out)):
        again()
        assert tables(out) == first
    (out / "classifier.json").unlink()
    counted(plate, out, if_present="resume")
    assert tables(out) == tables(plain)
    assert json.loads((out / "run.json").read_text())["classifier"] is None


def test_an_unsuitable_classifier_is_refused_before_anything_is_written(plate, tmp_path):
    wrong = tmp_path / "model.pkl"
    wrong.write_bytes(b"\x80\x04.")
    with pytest.raises(OsteoCountError, match=r"model\.pkl: not a classifier .* `osteocount train` writes one"):
        counted(plate, tmp_path / "out", classifier=wrong)
    assert not (tmp_path / "out").exists()


def test_another_segmentation_keeps_corrections_that_apply_and_lists_the_others(plate, plain, tmp_path):
    out = tmp_path / "out"
    counted(plate, out)
    cells = pd.read_csv(out / "cells.csv")
    faint, strong = cells.loc[cells["trap_od_mean"].idxmin()], cells.loc[cells["trap_od_mean"].idxmax()]
    log = EditLog(out / "edits.jsonl")
    for cell in (faint, strong):
        log.append(_flipped(out, cell))
    apply_edits(out)
    first = tables(out)
    assert first != tables(plain)
    said = counted(plate, out, if_present="resume").warnings
    assert tables(out) == first
    assert any("2 of 2 corrections in edits.jsonl are in these numbers" in text for text in said)

    threshold = float(cells["trap_od_mean"].nsmallest(2).mean())  # the faintest cell is none any more
    stricter = CLASSICAL.replace(segment=CLASSICAL.segment.replace(trap_threshold=threshold))
    said = counted(plate, out, stricter, if_present="overwrite").warnings
    assert any("1 of 2 corrections in edits.jsonl are in these numbers" in text for text in said)
    assert any("1 of 2 corrections found nothing to act on" in text for text in said)
    listed = pd.read_csv(out / "edits_not_applied.csv")
    assert listed["cells"].tolist() == [faint["cell_id"]]
    after = pd.read_csv(out / "cells.csv")
    assert after.loc[after["source"] == "edited", "is_osteoclast"].tolist() == [not strong["is_osteoclast"]]
    assert len((out / "edits.jsonl").read_text().splitlines()) == 2


def _flipped(out, cell):
    """Say by hand that ``cell`` is of the other class."""
    stem = cell["image"].removesuffix(".tif")
    y, x = (tifffile.imread(out / "labels" / f"{stem}_cells.tif") == cell["cell_id"]).nonzero()
    middle = len(y) // 2
    ref = CellRef(cell_id=cell["cell_id"], y=y[middle], x=x[middle], area_px=cell["area_px"])
    plate = "" if pd.isna(cell["plate"]) else str(cell["plate"])
    return Edit(
        who="Ada", when="2026-11-03T09:00:00Z", kind="set_class", plate=plate,
        well=cell["well"], image=cell["image"], cells=[ref], is_osteoclast=not cell["is_osteoclast"], reason="seen",
    )  # fmt: skip


def test_corrections_that_name_another_plate_or_well_are_left_out_and_said(plate, plain, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(plain, out)
    (out / "report.pdf").write_bytes(b"%PDF- of the numbers before")
    cell = pd.read_csv(out / "cells.csv").iloc[0]
    elsewhere = _flipped(out, cell).replace(plate="another")
    where = {"who": "Ada", "when": elsewhere.when, "reason": "bubble"}
    gone = [
        Edit(kind="exclude_well", well="H12", **where),
        Edit(kind="exclude_well", plate="another", well="A01", **where),
    ]
    for edit in (elsewhere, *gone):
        EditLog(out / "edits.jsonl").append(edit)
    said = apply_edits(out).warnings
    assert any("3 of 3 corrections found nothing to act on" in text for text in said)
    assert any("or they name a plate, well or picture that is not in these results" in text for text in said)
    assert len(pd.read_csv(out / "edits_not_applied.csv")) == 3
    assert (out / "cells.csv").read_bytes() == (plain / "cells.csv").read_bytes()
    assert set(pd.read_csv(out / "wells.csv")["status"]) == {"ok"}
    assert not (out / "report.pdf").exists()
