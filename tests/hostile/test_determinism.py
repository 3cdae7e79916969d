"""The same pictures give the same bytes, whatever the threads, locale, time zone, hash seed and order of the files.

With the network for low power; the ways at high power are held to it by `tests/segment/tiling` and `tests/pipeline`.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import tifffile

from osteocount.pipeline import analysis, workers
from osteocount.pipeline.workers import process_all
from osteocount.settings import Settings
from support.patience import PATIENCE_S
from support.pictures import low_power_well
from support.runs import claimed, parts, tasks_of

WELL = low_power_well()
FIELDS = {"A01": WELL[:300, :320], "A02": WELL[200:, 150:]}
PLAIN = {"PYTHONHASHSEED": "1", "LC_ALL": "C", "TZ": "UTC", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
OTHER = {
    "PYTHONHASHSEED": "4711", "LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Kolkata", "OMP_NUM_THREADS": "3",
    "OPENBLAS_NUM_THREADS": "3",
}  # fmt: skip


def write(folder, names):
    folder.mkdir(parents=True)
    for name in names:
        tifffile.imwrite(folder / f"{name}.tif", FIELDS[name], photometric="rgb", metadata=None)
    return folder


def count(source, out, environment, *options):
    """Count as a person does, on a machine that is set up in one way or another."""
    program = [sys.executable, "-c", "from osteocount.cli import main; main()"]
    asked = ["count", source, "--out", out, "--pixel-size", "2", *options]
    done = subprocess.run(
        [*program, *map(str, asked)], env={**os.environ, **environment}, capture_output=True, timeout=PATIENCE_S,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    paths = [*out.glob("*.csv"), *out.glob("labels/*"), *out.glob("overlays/*")]
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in paths}


def test_machines_that_are_set_up_differently_give_the_same_bytes(tmp_path):
    one = count(write(tmp_path / "one", ["A01", "A02"]), tmp_path / "first", PLAIN)
    two = count(write(tmp_path / "other place" / "I", ["A02", "A01"]), tmp_path / "second", OTHER, "--workers", "2")
    assert len(one) == 3 + 2 * 3
    assert two == one


@pytest.mark.parametrize("segmenter", ["learned", "classical"])
def test_threads_change_nothing_at_low_power(tmp_path, monkeypatch, segmenter):
    source = write(tmp_path / "plate", ["A01"])
    settings = Settings.model_validate({"picture": {"pixel_size": 2.0}, "segment": {"segmenter": segmenter}})
    found = []
    for cores in (1, 2, 3):
        monkeypatch.setattr(workers, "cores", lambda cores=cores: cores)
        monkeypatch.setattr(analysis, "cores", lambda cores=cores: cores)
        folder = claimed(tmp_path / str(cores))
        (record,) = process_all(tasks_of(source), folder, settings)
        assert record.regime == "low_power"
        found.append(parts(folder))
    assert found[0] == found[1] == found[2]
