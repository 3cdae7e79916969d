"""A lab's own judge helps where corrections say something, refuses where they do not, and its file is only numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from osteocount.curate import CellRef, apply_edit, reviewed_wells
from osteocount.curate.classifier import (
    FORMAT,
    Classifier,
    LogisticModel,
    apply_classifier,
    cell_features,
    is_out_of_domain,
    load,
    nucleus_features,
    save,
)
from osteocount.curate.training import FEWEST, Examples, judged_cells, judged_nuclei, train
from osteocount.errors import OsteoCountError
from support.edits import edit

NOBODY = Examples(np.zeros((0, 5)), np.zeros(0, bool), np.zeros(0, str))


def lab(n=60, *, told_apart=True, seed=0):
    """Return judged cells of three wells: debris is small where it can be told apart."""
    rng = np.random.default_rng(seed)
    real = np.arange(n) % 2 == 0
    area = np.where(real, 400.0, 60.0 if told_apart else 400.0) * rng.lognormal(0, 0.2, n)
    return pd.DataFrame({
        "plate": "p", "well": [f"A0{1 + k % 3}" for k in range(n)], "image": "a.tif", "cell_id": np.arange(1, n + 1),
        "area_px": area.astype(int), "area_um2": area, "perimeter_um": 4 * np.sqrt(area), "solidity": 0.9,
        "eccentricity": 0.5, "n_nuclei": 3, "n_nuclei_low": 2, "n_nuclei_high": 4, "trap_od_mean": 0.4,
        "confidence": 0.8, "is_osteoclast": True, "flags": "borderline", "source": "automatic", "is_real": real,
        "trap_od_sd": 0.1, "red_od_mean": 0.4, "green_od_mean": 0.5, "blue_od_mean": 0.3,
    })  # fmt: skip


def nuclei_of(cells):
    """Return three nuclei per cell; the third has a low score."""
    rows = [
        ("a.tif", 3 * cell + k, cell, 10.0 * cell, 10.0 * k, (0.9, 0.8, 0.3)[k]) for cell in cells for k in range(3)
    ]
    table = pd.DataFrame(rows, columns=["image", "nucleus_id", "cell_id", "y_px", "x_px", "score"])
    return table.astype({"cell_id": "Int64"})


def of_cells(table, weight=1.0):
    features = cell_features(table, nuclei_of([]))
    return Examples(features, table["is_real"].to_numpy(bool), table["well"].to_numpy(str), weight)


def of_nuclei(table):
    nuclei = nuclei_of(table["cell_id"])
    wells = np.repeat(table["well"].to_numpy(str), 3)
    return Examples(nucleus_features(table, nuclei), (nuclei["score"] > 0.5).to_numpy(), wells)


def test_it_helps_on_wells_it_has_not_seen():
    trained = train(of_cells(lab()), NOBODY)
    assert trained.useful
    assert trained.cells.gain > 0.9
    assert trained.nuclei is None
    assert trained.cells.by_well[["well", "wrong"]].to_numpy().tolist() == [["A01", 10], ["A02", 10], ["A03", 10]]


@pytest.mark.parametrize(
    ("column", "litter"),
    [("red_od_mean", 0.6), ("blue_od_mean", 0.5), ("trap_od_sd", 0.3)],
    ids=["bluer", "grey", "patchy"],
)
def test_litter_of_the_size_of_cells_is_told_by_its_stain(column, litter):
    cells = lab(told_apart=False)
    rng = np.random.default_rng(5)
    cells[column] = np.where(cells["is_real"], cells[column], litter) * rng.lognormal(0, 0.1, len(cells))
    trained = train(of_cells(cells), NOBODY)
    assert trained.cells.gain > 0.9
    kept, _ = apply_classifier(cells, nuclei_of([]), trained.classifier, 3)
    assert kept["is_real"].all()
    assert len(kept) >= 0.9 * cells["is_real"].sum()


def test_tables_without_the_stain_of_cells_are_judged_by_the_rest():
    classifier = train(of_cells(lab()), NOBODY).classifier
    bare = lab(seed=1).drop(columns=["trap_od_sd", "red_od_mean", "green_od_mean", "blue_od_mean"])
    assert np.isfinite(cell_features(bare, nuclei_of([]))).all()
    kept, _ = apply_classifier(lab(seed=1), nuclei_of([]), classifier, 3)
    assert kept["is_real"].all()


@pytest.mark.parametrize(("green", "unlike"), [(0.5, False), (0.6, False), (1.5, True)])
def test_cells_of_another_stain_are_noticed(green, unlike):
    rng = np.random.default_rng(3)
    own = lab().assign(green_od_mean=0.5 * rng.lognormal(0, 0.3, 60))
    classifier = train(of_cells(own), NOBODY).classifier
    other = lab(seed=1).assign(green_od_mean=green)
    assert is_out_of_domain(other, nuclei_of([]), classifier) is unlike


def test_what_does_not_help_is_not_in_the_classifier():
    trained = train(of_cells(lab(told_apart=False)), of_nuclei(lab()))
    assert not trained.cells.useful
    assert trained.classifier.cells is None
    assert trained.classifier.nuclei is not None


def test_a_few_right_ones_lost_cost_what_they_stand_for():
    """Two of three cells overlap in size; where right ones are many, throwing them away is no help."""
    rng = np.random.default_rng(2)
    table = lab(90)
    table["area_um2"] = np.where(table["is_real"], 300.0, 200.0) * rng.lognormal(0, 0.5, 90)
    few, many = (train(of_cells(table, weight), NOBODY).cells for weight in (1.0, 30.0))
    assert few.gain > many.gain
    assert not many.useful


@pytest.mark.parametrize(
    "judged",
    [lab(2 * FEWEST - 2), lab().query("is_real"), lab().assign(well="A01")],
    ids=["few", "nothing wrong", "one well"],
)
def test_too_few_corrections_are_refused(judged):
    with pytest.raises(OsteoCountError, match="at least 10 of each, from two wells"):
        train(of_cells(judged), NOBODY)


def test_a_saved_one_judges_alike_and_leaves_alone_what_a_person_touched(tmp_path):
    cells = lab(seed=1)
    classifier = train(of_cells(lab()), NOBODY).classifier
    save(classifier, tmp_path / "lab.json")
    assert load(tmp_path / "lab.json") == classifier
    cells.loc[1, "source"] = "accepted"
    kept, moved = apply_classifier(cells, nuclei_of([1, 2, 4]), classifier, 3)
    assert set(kept["cell_id"]) >= {1, 2}
    assert 4 not in set(kept["cell_id"])
    assert moved["cell_id"].isna().tolist() == [False] * 6 + [True] * 3


def test_a_cell_that_loses_a_nucleus_is_counted_anew():
    classifier = train(of_cells(lab(told_apart=False)), of_nuclei(lab())).classifier
    cells = lab(4).assign(source=["automatic", "accepted", "automatic", "automatic"])
    kept, left = apply_classifier(cells, nuclei_of([1, 2, 3]), classifier, 3)
    assert kept["n_nuclei"].tolist() == [2, 3, 2, 3]
    assert kept["n_nuclei_high"].tolist() == [3, 4, 3, 4]
    assert kept["is_osteoclast"].tolist() == [False, True, False, True]
    assert kept["confidence"].isna().tolist() == [True, False, True, False]
    assert kept["source"].tolist() == ["classified", "accepted", "classified", "classified"]
    assert left["cell_id"].tolist() == [1, 1, 2, 2, 2, 3, 3]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "pickle"}', "cos\nsystem\n(S'true'\ntR."])
def test_another_file_is_refused_in_words(tmp_path, text):
    (tmp_path / "lab.json").write_text(text)
    with pytest.raises(OsteoCountError, match="not a classifier"):
        load(tmp_path / "lab.json")


def test_one_of_another_version_is_refused_in_words(tmp_path):
    save(train(of_cells(lab()), NOBODY).classifier, tmp_path / "lab.json")
    old = (tmp_path / "lab.json").read_text().replace(FORMAT, "osteocount-classifier-2")
    (tmp_path / "lab.json").write_text(old)
    with pytest.raises(
        OsteoCountError, match=r"\(made by another version of OsteoCount\)\. `osteocount train` writes one"
    ):
        load(tmp_path / "lab.json")


def test_coefficients_must_fit_the_features():
    short = LogisticModel(mean=(0.0,), scale=(1.0,), weights=(1.0,), bias=0.0, n=1, gain=0.0)
    with pytest.raises(ValueError, match="numbers of features"):
        Classifier(format=FORMAT, cells=short)


def test_corrections_and_reviewed_wells_become_examples():
    refs = [CellRef(cell_id=n, y=1, x=1, area_px=5) for n in (1, 2, 3)]
    said = [edit("accept", (refs[0],)), edit("delete", (refs[1],)), edit("smooth", (refs[2],))]
    cells = lab(9).drop(columns="is_real")  # wells A01, A02, A03, A01, …
    judged = judged_cells(cells, said)
    assert dict(zip(judged["cell_id"], judged["is_real"], strict=True)) == {1: True, 2: False}
    done = [*said, edit("review", status="reviewed")]
    assert reviewed_wells(done) == {("p", "A01")}
    judged = judged_cells(cells, done)
    assert dict(zip(judged["cell_id"], judged["is_real"], strict=True)) == {1: True, 2: False, 4: True, 7: True}


def test_corrected_nuclei_become_examples(automatic):
    """Cell 3 has nuclei 4, 5, 6; 5 is removed. Cell 1 (1, 2) is accepted; nobody looked at cell 2 (3)."""
    field = automatic.field()
    apply_edit(field, edit("remove_nucleus", points=((35, 15),)))
    apply_edit(field, edit("accept", (field.reference(1),)))
    judged = judged_nuclei(automatic.nuclei, field, is_done=False)
    said = dict(zip(judged["nucleus_id"], judged["is_real"], strict=True))
    assert said == {1: True, 2: True, 4: True, 5: False, 6: True}
    done = judged_nuclei(automatic.nuclei, field, is_done=True)
    assert dict(zip(done["nucleus_id"], done["is_real"], strict=True)) == {**said, 3: True, 7: True}
