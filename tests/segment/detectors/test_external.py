"""Networks of others: what is made of their cells and nuclei, and what is said when something is missing."""

import csv
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
from typer.testing import CliRunner

from osteocount.cli import app
from osteocount.errors import OsteoCountError
from osteocount.segment import get_segmenter
from osteocount.segment.backends.network import Instances
from osteocount.segment.detectors import external
from support import scenes
from support.user_networks import with_model

HAS_CUDA = "CUDAExecutionProvider" in onnxruntime.get_available_providers()


def test_debris_and_what_lies_outside_the_well_is_no_cell():
    labels = np.zeros((40, 60), np.int32)
    labels[2:30, 2:30], labels[35:37, 35:37], labels[5:30, 40:58] = 1, 2, 3
    analysed = np.ones((40, 60), bool)
    analysed[:, 35:] = False
    kept = external._kept_cells(Instances(labels, np.array([0.9, 0.9, 0.9], np.float32)), analysed, 20)
    assert np.array_equal(kept > 0, labels == 1)
    assert external._kept_cells(Instances(labels, np.array([0.4, 0.9, 0.9], np.float32)), analysed, 20).max() == 0


@pytest.mark.parametrize(
    ("segmenter", "named", "says"),
    [
        ("cellpose", {}, "--segmenter cellpose needs your own weights: name a file of Cellpose weights"),
        ("stardist", {}, "--segmenter stardist needs your own weights: name a StarDist folder"),
        ("onnx", {}, "--segmenter onnx needs your own weights: name an .onnx file with --cell-model PATH"),
        ("cellpose", {"cell_model": "nowhere/cyto3"}, "nowhere/cyto3: the model for cells is not there"),
        ("stardist", {"cell_model": "a_file"}, "a_file: --segmenter stardist takes a StarDist folder"),
        ("stardist", {"cell_model": "folder"}, "not a StarDist model: config.json and weights"),
        ("onnx", {"cell_model": "a_file"}, "a_file: --segmenter onnx takes an .onnx file"),
        ("cellpose", {"cell_model": "folder"}, "folder: --segmenter cellpose takes a file of Cellpose weights"),
        ("onnx", {"cell_model": "alone.onnx"}, r"alone\.toml: the description of the model cannot be read"),
        ("onnx", {"cell_model": "density.onnx"}, "needs a model for nuclei too: name it with --nucleus-model PATH"),
        ("onnx", {"cell_model": "density.onnx", "nucleus_model": "gone"}, "gone: the model for nuclei is not there"),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(tmp_path, monkeypatch, by_density, segmenter, named, says):
    monkeypatch.chdir(tmp_path)
    Path("a_file").write_bytes(b"")
    Path("alone.onnx").write_bytes(b"")
    Path("folder").mkdir()
    with pytest.raises(OsteoCountError, match=says):
        get_segmenter(with_model(segmenter, **named))


@pytest.mark.parametrize(("segmenter", "hidden"), [("cellpose", "cellpose"), ("stardist", "stardist")])
def test_a_missing_extra_is_named_with_its_cure(tmp_path, monkeypatch, segmenter, hidden):
    monkeypatch.setitem(sys.modules, hidden, None)
    monkeypatch.setitem(sys.modules, f"{hidden}.models", None)
    if segmenter == "stardist":
        weights = tmp_path / "model"
        weights.mkdir()
        (weights / "config.json").write_text('{"n_dim": 2}')
        (weights / "weights_best.h5").write_bytes(b"")
    else:
        weights = tmp_path / "cyto"
        weights.write_bytes(b"")
    with pytest.raises(OsteoCountError) as error:
        get_segmenter(with_model(segmenter, cell_model=weights))
    assert str(error.value) == f'{segmenter} is not installed: `pip install "osteocount[{segmenter}]"` adds it.'


@pytest.mark.parametrize("config", ["[]", '{"n_dim": 3}', "no json"])
def test_a_folder_that_is_no_flat_stardist_model_is_refused(tmp_path, config):
    (tmp_path / "config.json").write_text(config)
    (tmp_path / "weights_best.h5").write_bytes(b"")
    with pytest.raises(OsteoCountError, match="not that of a two-dimensional StarDist model"):
        get_segmenter(with_model("stardist", cell_model=tmp_path))


def test_the_command_counts_with_a_described_network(ours, tmp_path):
    shown = scenes.two_touching_osteoclasts()
    cv2.imwrite(str(tmp_path / "A01.png"), shown.picture[..., ::-1])
    run = ["count", str(tmp_path / "A01.png"), "--pixel-size", str(shown.pixel_size), "--segmenter", "onnx", "--quiet"]
    done = CliRunner().invoke(app, [*run, "--cell-model", str(ours), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    with (tmp_path / "out" / "cells.csv").open() as file:
        assert [row["n_nuclei"] for row in csv.DictReader(file)] == ["5", "4"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--segmenter", "cellpose"], "needs your own weights"),
        (["--segmenter", "learned", "--device", "cuda"], "device = cuda"),
    ],
)
@pytest.mark.skipif(HAS_CUDA, reason="CUDA is there")
def test_the_command_ends_at_once_when_it_cannot_run(tmp_path, options, says):
    cv2.imwrite(str(tmp_path / "A01.png"), np.full((40, 40, 3), 200, np.uint8))
    command = [sys.executable, "-c", "from osteocount.cli import main; main()", "count", str(tmp_path / "A01.png")]
    done = subprocess.run(
        [*command, *options, "--out", str(tmp_path / "out")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert says in " ".join(done.stderr.split())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "kind"), [("cpsam", "cellpose"), ("a.pth", "cellpose"), ("folder/", "stardist"), ("a.onnx", "onnx")]
)
def test_a_model_shows_which_kind_it_is(tmp_path, name, kind):
    path = tmp_path / name
    path.mkdir() if name.endswith("/") else path.touch()
    assert external._kind_of(path) == kind
    assert [each for each in ("cellpose", "stardist", "onnx") if external._backend(each).is_model(path)] == [kind]
