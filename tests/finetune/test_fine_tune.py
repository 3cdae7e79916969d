"""From annotated pictures to a network of the lab, by the real command."""

import json
import shutil
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from osteocount.cli import app
from osteocount.curate import Edit
from osteocount.errors import OsteoCountError
from osteocount.finetune import fine_tune, gain, lab_network
from osteocount.finetune.annotated import find_annotated, folds
from osteocount.io.label_image import write_labels
from osteocount.segment.backends.lab_model import LabModel
from osteocount.segment.backends.low_power_call import LowPowerCall
from osteocount.settings import Settings
from osteocount.simulate.whole_well import simulate_crop
from support import fake_learning
from support.edits import WHEN

RUNNER = CliRunner()
NAMES = ("A01_f1", "A01_f2", "A02_f1", "A02_f2", "A03_f1", "A03_f2")
SETTINGS = Settings.model_validate({"picture": {"pixel_size": 2.0}})


def run(*arguments):
    return RUNNER.invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Three wells of two pictures at low power, annotated by label images and a table; large cells only."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "pictures").mkdir()
    rows = []
    for number, name in enumerate(NAMES):
        made = simulate_crop(np.random.default_rng(40 + number % 4), 448, 2.0)  # none of them grey
        turned = [np.ascontiguousarray(np.rot90(each, number // 4)) for each in (made.picture, made.cells)]
        Image.fromarray(turned[0]).save(folder / "pictures" / f"{name}.png")
        large = np.bincount(made.cells.ravel(), minlength=made.osteoclast.size) > 400
        kept = np.flatnonzero(made.osteoclast | made.unsure | large)
        kept = kept[kept > 0]
        labels = np.where(np.isin(turned[1], kept), turned[1], 0).astype(np.uint32)
        write_labels(labels, folder / "truth" / f"{name}_cells.tif", 2.0)
        said = np.where(made.unsure, "unsure", np.where(made.osteoclast, "osteoclast", "other"))
        rows += [{"image": f"{name}.png", "cell_id": n, "class": said[n]} for n in np.unique(labels)[1:]]
    pd.DataFrame(rows).to_csv(folder / "truth" / "cells.csv", index=False)
    return folder


@pytest.fixture
def quick(monkeypatch):
    """Learn nothing, and from few simulated pictures."""
    monkeypatch.setitem(sys.modules, "osteocount.finetune.learning", fake_learning)
    monkeypatch.setattr(fine_tune, "_SIMULATED", 2)
    monkeypatch.setattr(fine_tune, "FEWEST_OSTEOCLASTS", 5)


def asked(lab, out, *more):
    return (
        "finetune",
        lab / "truth",
        "--pictures",
        lab / "pictures",
        "--pixel-size",
        2,
        "--out",
        out,
        "--steps",
        2,
        *more,
    )


def hopeless(pictures, before, seed):
    """Return a call that calls nothing."""
    return LowPowerCall(before.weights - 99 * (np.arange(before.weights.size) == 0))


def test_what_learned_nothing_is_not_saved(lab, tmp_path, quick, monkeypatch):
    monkeypatch.setattr(lab_network, "boost_call", lambda pictures, before, seed: before)
    monkeypatch.setattr(fine_tune, "learner", lambda: pytest.fail("taught the network"))
    said = r"Not saved: Best was the call fitted anew: .*On 3 wells .* p = 1\.000, .*over 6 pictures.*may be chance"
    with pytest.raises(OsteoCountError, match=said):
        run(*asked(lab, tmp_path / "lab.onnx", "--call-only"))
    assert not (tmp_path / "lab.onnx").exists()


def test_where_pytorch_is_missing_nothing_teaches_the_network(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "osteocount.finetune.learning", raising=False)
    assert lab_network.learner() is None


def test_without_pytorch_the_call_is_fitted_and_counts_and_every_run_says_so(lab, tmp_path, quick, monkeypatch):
    monkeypatch.setattr(fine_tune, "learner", lambda: None)
    monkeypatch.setattr(gain, "chance_of_gain", lambda before, after: 0.01)
    out = tmp_path / "lab.onnx"
    said = run(*asked(lab, out)).output
    assert "Saved in" in said
    assert "A03" in said
    assert 'Only the call was fitted anew. With PyTorch (`pip install "osteocount[train]"`)' in said.replace("\n", " ")
    facts = LabModel(out).lab
    assert (facts.n_pictures, facts.n_wells, facts.p) == (6, 3, 0.01)
    assert facts.trees is not None
    assert facts.trees.asked
    results = tmp_path / "results"
    counted = run("count", lab / "pictures" / "A01_f1.png", "--pixel-size", 2, "--model", out, "--out", results)
    assert "fine-tuned on 6 annotated pictures of the lab" in counted.output
    record = json.loads((results / "run.json").read_text(encoding="utf-8"))
    assert record["settings"]["segment"]["model"] == str(out)
    assert record["inputs"][0]["record"]["low_power_model_sha256"] == LabModel(out).sha256
    assert "fine-tuned on 6 annotated pictures" in (results / "report.html").read_text(encoding="utf-8")


def test_the_better_of_both_ways_is_kept_and_its_p_doubled(lab, tmp_path, quick, monkeypatch):
    monkeypatch.setattr(gain, "chance_of_gain", lambda before, after: 0.01)
    monkeypatch.setattr(lab_network, "boost_call", hopeless)
    said = run(*asked(lab, tmp_path / "lab.onnx")).output
    assert "better than the call fitted anew (0.000)" in said
    assert "p = 0.020, doubled for two tries" in said
    assert LabModel(tmp_path / "lab.onnx").lab.trees is None


def test_corrected_wells_that_were_reviewed_are_learned_from(lab, tmp_path):
    results = tmp_path / "results"
    run("count", lab / "pictures", "--pixel-size", 2, "--out", results)
    with pytest.raises(OsteoCountError, match="no well is marked as reviewed"):
        find_annotated([results], None, Settings())
    reviewed = [Edit(who="MZ", when=WHEN, kind="review", well=well, status="reviewed") for well in ("A01", "A03")]
    (results / "edits.jsonl").write_text("".join(f"{each.model_dump_json()}\n" for each in reviewed), encoding="utf-8")
    found, _ = find_annotated([results], None, Settings())
    assert [each.task.image for each in found] == ["A01_f1.png", "A01_f2.png", "A03_f1.png", "A03_f2.png"]
    assert [each.well for each in found] == ["A01", "A01", "A03", "A03"]
    assert found[0].settings.picture.pixel_size == 2
    assert found[0].source.table["is_osteoclast"].notna().all()


def test_annotations_find_their_pictures(lab, tmp_path):
    found, notes = find_annotated([lab / "truth"], lab / "pictures", SETTINGS)
    assert [each.task.key for each in found] == list(NAMES)
    assert not notes
    one, notes = find_annotated([lab / "truth" / "A01_f1_cells.tif"], lab / "pictures" / "A01_f1.png", SETTINGS)
    assert one[0].well == "A01_f1.png"  # one well: each picture is left out by itself
    assert "the gain looks surer than it is" in notes[0]
    with pytest.raises(OsteoCountError, match=r"A01_f1\.png is annotated twice"):
        find_annotated([lab / "truth", lab / "truth" / "A01_f1_cells.tif"], lab / "pictures", SETTINGS)
    shutil.copy(lab / "truth" / "A01_f1_cells.tif", tmp_path / "H12_cells.tif")
    with pytest.raises(OsteoCountError, match="no annotation fits a picture"):
        find_annotated([tmp_path], lab / "pictures", SETTINGS)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([("A", 5), ("B", 3)], [{"A"}, {"B"}]),
        ([("A", 9), ("B", 8), ("C", 7), ("D", 6), ("E", 1), ("E", 1)], [{"A"}, {"B"}, {"C"}, {"D", "E"}]),
        ([("A", 0), ("A", 1)], [{"A"}]),
    ],
)
def test_wells_are_shared_out_into_four_parts_at_most(sizes, expected):
    assert folds(sizes) == [frozenset(each) for each in expected]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--out", "lab.pt"), "end its name in .onnx"),
        (("--pixel-size", "0.76"), "Only the network for low power"),
        (("--pictures", "nowhere"), "nowhere"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(lab, tmp_path, quick, more, said):
    with pytest.raises(OsteoCountError, match=said):
        run(*asked(lab, tmp_path / "lab.onnx", *more))


def test_too_little_is_refused(lab, tmp_path, quick, monkeypatch):
    monkeypatch.setattr(fine_tune, "FEWEST_OSTEOCLASTS", 5000)
    with pytest.raises(OsteoCountError, match=r"6 annotated pictures with .* at least two pictures, 5000 osteoclasts"):
        run(*asked(lab, tmp_path / "lab.onnx"))


def test_it_learns_by_pytorch(lab, tmp_path, monkeypatch):
    pytest.importorskip("torch")
    import torch

    from osteocount.finetune.torch_network import TorchNetwork
    from osteocount.segment.backends.lab_model import shipped_content
    from osteocount.segment.backends.low_power_model import shipped_low_power_model
    from osteocount.segment.backends.onnx_file import read_onnx

    file = read_onnx(shipped_content())
    planes = np.random.default_rng(0).uniform(0, 0.6, (3, 64, 64)).astype(np.float32)
    with torch.no_grad():
        maps = TorchNetwork(file)(torch.from_numpy(planes[None])).numpy()[0]
    quarters = shipped_low_power_model()._quarters(planes)
    for i, j in np.ndindex(2, 2):
        np.testing.assert_allclose(maps[:, i::2, j::2], quarters[:, i, j], atol=1e-4)
    monkeypatch.setattr(fine_tune, "_SIMULATED", 2)
    monkeypatch.setattr(fine_tune, "FEWEST_OSTEOCLASTS", 5)
    monkeypatch.setattr(gain, "chance_of_gain", lambda before, after: 0.01)
    monkeypatch.setattr(lab_network, "boost_call", hopeless)
    out = tmp_path / "lab.onnx"
    run(*asked(lab, out))
    learned = read_onnx(out.read_bytes()).weights
    assert any((learned[name] != file.weights[name]).any() for name in learned)
