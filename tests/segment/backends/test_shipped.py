"""The shipped network: its file, and its maps in tiles and windows."""

import hashlib
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from osteocount.errors import OsteoCountError
from osteocount.segment.backends import shipped
from osteocount.segment.backends.shipped import MODEL_FILE, MODEL_SHA256, CellModel, shipped_model
from osteocount.segment.detectors.learned_nuclei import FEATURES

SHIPPED = Path(str(files("osteocount.segment.backends") / MODEL_FILE))


def test_maps_do_not_depend_on_tiles(monkeypatch) -> None:
    density = np.random.default_rng(0).uniform(0, 0.6, (300, 340, 3)).astype(np.float32)
    model = shipped_model()
    whole = model.maps(density)
    monkeypatch.setattr(shipped, "_LARGEST", 100_000)
    for once, tiled in zip(whole, model.maps(density), strict=True):
        assert once.shape == (300, 340)
        np.testing.assert_array_equal(once, tiled)


def test_maps_of_a_window_are_those_of_the_picture() -> None:
    density = np.random.default_rng(0).uniform(0, 0.6, (448, 500, 3)).astype(np.float32)
    model = shipped_model()
    whole, part = model.maps(density), model.maps(density[64:400, 128:])
    for once, seen in zip(whole, part, strict=True):
        np.testing.assert_array_equal(once[160:304, 224:], seen[96:240, 96:])


def test_the_shipped_model_is_small_and_the_one_named() -> None:
    content = SHIPPED.read_bytes()
    assert len(content) < 10e6
    assert hashlib.sha256(content).hexdigest() == MODEL_SHA256
    assert shipped_model().facts["features"] == list(FEATURES)


def test_the_arithmetic_is_told_by_what_the_network_says(monkeypatch) -> None:
    one, other = CellModel(), CellModel()
    assert one.arithmetic == CellModel().arithmetic
    quarters = CellModel._quarters
    monkeypatch.setattr(CellModel, "_quarters", lambda self, planes: quarters(self, planes) * np.float32(1 + 1e-6))
    assert other.arithmetic != one.arithmetic


def test_a_damaged_a_missing_and_a_foreign_model_are_refused(tmp_path) -> None:
    damaged = tmp_path / "cells.onnx"
    damaged.write_bytes(SHIPPED.read_bytes()[:-1] + b"x")
    with pytest.raises(OsteoCountError, match=r"cells\.onnx: the model file is damaged or is another one"):
        CellModel(damaged)
    with pytest.raises(OsteoCountError, match=r"none\.onnx: the model file is missing; install osteocount again"):
        CellModel(tmp_path / "none.onnx")
    foreign = tmp_path / "foreign.onnx"
    foreign.write_bytes(SHIPPED.read_bytes().replace(b"osteocount", b"otherthing"))
    with pytest.raises(OsteoCountError, match="is not a model of OsteoCount"):
        CellModel(foreign, None)


def test_a_missing_onnxruntime_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(OsteoCountError, match="needs onnxruntime, which is not installed"):
        CellModel()
