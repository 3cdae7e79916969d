"""A hand-made result folder against hand-made truth: names matched, empty pictures kept, nothing guessed."""

import json

import numpy as np
import pandas as pd
import pytest

from osteocount.errors import OsteoCountError
from osteocount.evaluation.annotation_files import AnnotationSource
from osteocount.evaluation.evaluate import evaluate_folder, match_names, write_evaluation
from osteocount.io.label_image import write_labels
from osteocount.io.run_record import FieldRecord

LABELS = np.zeros((20, 30), np.uint32)
LABELS[3:8, 2:6] = 1
LABELS[10:14, 10:20] = 2
CELL = {"n_nuclei_low": 1, "n_nuclei_high": 9, "confidence": 0.9, "counted": True}


def picture(key, well="", field="", plate="", status="ok"):
    reason = "" if status == "ok" else "the picture is damaged"
    image = f"{key}.tif"
    return FieldRecord(key=key, plate=plate, well=well, field=field, image=image, status=status, reason=reason)


def results(folder, *pictures, labels=LABELS):
    """Write a run in which every picture holds an osteoclast of four nuclei and a cell of one."""
    record = {"settings": {"count": {"min_nuclei": 3}}, "inputs": [p for p in pictures if p.is_done],
              "failed": [p for p in pictures if not p.is_done]}  # fmt: skip
    rows = []
    for one in record["inputs"]:
        write_labels(labels, folder / "labels" / f"{one.key}_cells.tif")
        place = {name: getattr(one, name) for name in ("plate", "well", "field", "image")}
        rows += [{**place, "cell_id": n, "n_nuclei": nuclei, "is_osteoclast": nuclei > 2, **CELL}
                 for n, nuclei in ((1, 4), (2, 1)) if (labels == n).any()]  # fmt: skip
    columns = ["plate", "well", "field", "image", "cell_id", "n_nuclei", "is_osteoclast", *CELL]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "cells.csv", index=False)
    (folder / "run.json").write_text(json.dumps(record, default=FieldRecord.model_dump), encoding="utf-8")
    return folder


def source(name, well="", field="", plate="", tmp="x.csv"):
    from pathlib import Path

    return AnnotationSource(name, Path(tmp), "points", plate, well, field)


PICTURES = [picture("a01_f1", "A01", "1"), picture("a01_f2", "A01", "2"), picture("b02_f1", "B02", "1")]


@pytest.mark.parametrize(
    ("sources", "matched", "reasons"),
    [
        ([source("a01_f2")], ["a01_f2"], []),
        ([source("b02")], ["b02_f1"], []),  # the only picture of its well
        ([source("x", well="b2")], ["b02_f1"], []),
        ([source("x", well="A1", field="02")], ["a01_f2"], []),
        ([source("x", well="A1", field="7")], [], ["no picture of this name or well was counted"]),
        ([source("a01")], [], ["fits 2 pictures; name it as one of them: a01_f1, a01_f2"]),
        ([source("h12")], [], ["no picture of this name or well was counted"]),
        ([source("b02_f1"), source("b02")], ["b02_f1"], ["its picture has an annotation already: x.csv"]),
    ],
)
def test_annotations_find_their_pictures_by_name_then_by_well(sources, matched, reasons):
    pairs, lost = match_names(PICTURES, sources)
    assert [one.key for one, _ in pairs] == matched
    assert [row["reason"] for row in lost if row["side"] == "truth"] == reasons
    assert {row["name"] for row in lost if row["side"] == "results"} == {p.key for p in PICTURES} - set(matched)


def test_plates_with_pictures_of_one_name():
    twice = [
        picture(key, plate=plate).model_copy(update={"image": "a.tif"})
        for key, plate in (("p1_a", "P1"), ("p2_a", "P2"))
    ]
    pairs, lost = match_names(twice, [source("a", plate="P2"), source("a", plate="P1")])
    assert [(one.key, true.plate) for one, true in pairs] == [("p1_a", "P1"), ("p2_a", "P2")]
    assert lost == []


def test_one_picture_and_one_annotation_belong_together(tmp_path):
    folder = results(tmp_path / "run", picture("IMG_0001"))
    write_labels(LABELS, tmp_path / "by Ann.tif")
    assert evaluate_folder(folder, tmp_path / "by Ann.tif").matched == 1


def test_hand_counted(tmp_path):
    folder = results(tmp_path / "run", picture("a", "A01"), picture("b", "B01"))
    true = LABELS.copy()
    true[16:19, 1:4] = 3  # missed by us
    for name in "ab":
        write_labels(true, tmp_path / "truth" / f"{name}.tif")
    rows = [f"{name}.tif,{n},{nuclei}" for name in "ab" for n, nuclei in ((1, 3), (2, 1), (3, 5))]
    (tmp_path / "truth" / "t.csv").write_text("\n".join(["image,cell_id,n_nuclei", *rows]), encoding="utf-8")
    found = evaluate_folder(folder, tmp_path / "truth").evaluation
    assert found.metric("precision", 0.95)["value"] == 1
    assert found.metric("recall", 0.95)["value"] == 0.5
    assert found.metric("cells_outlined", 0.5)["value"] == pytest.approx(2 / 3)
    assert found.metric("nuclei_mean_error")["value"] == 1
    assert found.metric("count_bias_percent")["value"] == -50
    assert found.wells.to_numpy().tolist() == [["A01", 2, 1], ["B01", 2, 1]]
    assert found.confusion.loc["osteoclast"].tolist() == [2, 0, 2]


@pytest.mark.parametrize("empty", ["truth", "ours", "both"])
def test_pictures_without_a_cell_count_too(tmp_path, empty):
    nothing = np.zeros_like(LABELS)
    folder = results(tmp_path / "run", picture("a", "A01"), labels=LABELS if empty == "truth" else nothing)
    write_labels(LABELS if empty == "ours" else nothing, tmp_path / "truth" / "a.tif")
    scored = evaluate_folder(folder, tmp_path / "truth")
    write_evaluation(scored, tmp_path / "out")
    wells = scored.evaluation.wells
    expected = {"truth": [0, 1], "ours": [2, 0], "both": [0, 0]}[empty]
    assert wells[["true", "ours"]].to_numpy().tolist() == [expected]
    recall = scored.evaluation.metric("recall", 0.5)["value"]
    assert recall == 0 if empty == "ours" else np.isnan(recall)


def test_low_power_results_without_nuclei_leave_their_figures_empty(tmp_path):
    folder = results(tmp_path / "run", picture("a"))
    cells = pd.read_csv(folder / "cells.csv")
    cells[["n_nuclei", "n_nuclei_low", "n_nuclei_high"]] = np.nan
    cells.to_csv(folder / "cells.csv", index=False)
    write_labels(LABELS, tmp_path / "truth" / "a.tif")
    (tmp_path / "truth" / "a.csv").write_text("cell_id,n_nuclei\n1,4\n2,1\n", encoding="utf-8")
    scored = evaluate_folder(folder, tmp_path / "truth")
    write_evaluation(scored, tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "evaluation.csv")
    assert table.loc[table["figure"].str.startswith("nuclei"), "value"].isna().all()
    assert scored.evaluation.metric("f1", 0.5)["value"] == 1


def test_a_picture_that_failed_is_named(tmp_path):
    folder = results(tmp_path / "run", picture("a", "A01"), picture("b", "B01", status="failed"))
    for name in "ab":
        write_labels(LABELS, tmp_path / "truth" / f"{name}.tif")
    lost = evaluate_folder(folder, tmp_path / "truth").unmatched
    assert lost["reason"].tolist() == [
        "no picture of this name or well was counted", "not counted: the picture is damaged"
    ]  # fmt: skip


def test_when_nothing_fits_both_sides_are_shown(tmp_path):
    folder = results(tmp_path / "run", picture("a", "A01"), picture("b", "B01"))
    write_labels(LABELS, tmp_path / "truth" / "other.tif")
    with pytest.raises(OsteoCountError, match=r"Pictures: a, b …; annotations: other.tif …. Name an annotation like"):
        evaluate_folder(folder, tmp_path / "truth")
