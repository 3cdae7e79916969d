"""The shipped network for low power: its file, and its maps in tiles."""

import hashlib
from importlib.resources import files
from pathlib import Path

import numpy as np

from osteocount.segment.backends import shipped
from osteocount.segment.backends.low_power_model import LOW_POWER_SHA256, LowPowerModel, shipped_low_power_model
from osteocount.segment.detectors.learned_low_power import CELL_FEATURES


def test_maps_do_not_depend_on_tiles(monkeypatch) -> None:
    density = np.random.default_rng(0).uniform(0, 0.6, (520, 700, 3)).astype(np.float32)
    model = shipped_low_power_model()
    whole = model.low_power_maps(density)
    monkeypatch.setattr(shipped, "_LARGEST", 430_000)
    for once, tiled in zip(whole, model.low_power_maps(density), strict=True):
        assert once.shape == (520, 700)
        np.testing.assert_array_equal(once, tiled)


def test_the_shipped_model_is_small_and_the_one_named() -> None:
    content = Path(str(files("osteocount.segment.backends") / LowPowerModel.file)).read_bytes()
    assert len(content) < 10e6
    assert hashlib.sha256(content).hexdigest() == LOW_POWER_SHA256
    facts = shipped_low_power_model().facts
    assert facts["features"] == list(CELL_FEATURES)
    assert len(facts["call_weights"]) == len(CELL_FEATURES)
