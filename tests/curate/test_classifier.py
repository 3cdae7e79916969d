"""A lab's own judge helps where corrections say something, refuses where they do not, and its file is only numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from osteocount.curate import CellRef
from osteocount.curate.classifier import FEWEST, examples, judge, load, save, train
from osteocount.errors import OsteoCountError

from .conftest import edit


def lab(n=60, *, told_apart=True, seed=0):
    """Return judged cells of three wells: debris is small where it can be told apart."""
    rng = np.random.default_rng(seed)
    real = np.arange(n) % 2 == 0
    area = np.where(real, 400.0, 60.0 if told_apart else 400.0) * rng.lognormal(0, 0.2, n)
    return pd.DataFrame({
        "plate": "p", "well": [f"A0{1 + k % 3}" for k in range(n)], "image": "a.tif", "cell_id": np.arange(1, n + 1),
        "area_px": area.astype(int), "area_um2": area, "perimeter_um": 4 * np.sqrt(area), "solidity": 0.9,
        "eccentricity": 0.5, "n_nuclei": 1, "trap_od_mean": 0.4, "source": "automatic", "is_real": real,
    })  # fmt: skip


def test_it_helps_on_wells_it_has_not_seen():
    trained = train(lab())
    assert trained.useful
    assert trained.before == 0.5
    assert trained.after > 0.95
    assert list(trained.by_well["well"]) == ["p A01", "p A02", "p A03"]


def test_it_says_when_it_does_not_help():
    assert not train(lab(told_apart=False)).useful


@pytest.mark.parametrize(
    "judged",
    [lab(2 * FEWEST - 2), lab().query("is_real"), lab().assign(well="A01")],
    ids=["few", "nothing wrong", "one well"],
)
def test_too_few_corrections_are_refused(judged):
    with pytest.raises(OsteoCountError, match="at least 10 of each, from two wells"):
        train(judged)


def test_a_saved_one_judges_alike_and_leaves_alone_what_a_person_touched(tmp_path):
    cells = lab(seed=1)
    classifier = train(lab()).classifier
    save(classifier, tmp_path / "lab.json")
    assert load(tmp_path / "lab.json") == classifier
    cells.loc[1, "source"] = "accepted"
    nuclei = pd.DataFrame({"image": "a.tif", "cell_id": pd.array([1, 2, 4], "Int64")})
    kept, moved = judge(cells, nuclei, classifier)
    assert set(kept["cell_id"]) >= {1, 2}
    assert 4 not in set(kept["cell_id"])
    assert moved["cell_id"].isna().tolist() == [False, False, True]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "pickle"}', "cos\nsystem\n(S'true'\ntR."])
def test_another_file_is_refused_in_words(tmp_path, text):
    (tmp_path / "lab.json").write_text(text)
    with pytest.raises(OsteoCountError, match="not a classifier"):
        load(tmp_path / "lab.json")


def test_corrections_become_examples():
    refs = [CellRef(cell_id=n, y=1, x=1, area_px=5) for n in (1, 2, 3)]
    said = [edit("accept", (refs[0],)), edit("delete", (refs[1],)), edit("smooth", (refs[2],))]
    judged = examples(lab(6).drop(columns="is_real"), said)
    assert dict(zip(judged["cell_id"], judged["is_real"], strict=True)) == {1: True, 2: False}
