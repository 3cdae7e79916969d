"""A picture that takes too much is named, and the others are done."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from osteocount.pipeline.limits import Limits, Watchdog
from osteocount.pipeline.workers import process_all
from osteocount.settings import Settings
from support.greedy_paths import Endless, Greedy
from support.patience import PATIENCE_S
from support.runs import claimed, parts, tasks_of

ENOUGH = Limits(minutes=60, memory_gb=100)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("kind", "limits", "said"),
    [
        (Endless, replace(ENOUGH, minutes=0.05), "B01_f1.tif: took more than 0.05 minutes, and was given up; other "
         "pictures are done. Go on with --resume and a larger --picture-minutes."),
        (Greedy, replace(ENOUGH, memory_gb=0.7), "B01_f1.tif: took more than 0.7 GB of memory, and was given up; "
         "other pictures are done. Go on with --resume and a larger --picture-memory, where this machine has no more "
         "on another one."),
    ],
    ids=["time", "memory"],
)  # fmt: skip
def test_a_picture_over_a_limit_is_named(plate, undisturbed, tmp_path, kind, limits, said, workers):
    tasks, folder = tasks_of(plate)[:4], claimed(tmp_path)
    tasks[2] = replace(tasks[2], paths=(kind("B01_f1.tif"),))
    if kind is Endless:  # the others must not be called slow on a busy machine
        tasks = tasks[2:3] + tasks[3:4]
    records = {record.key: record for record in process_all(tasks, folder, Settings(), workers=workers, limits=limits)}
    assert len(records) == len(tasks)
    assert records.pop("B01_f1").reason == said
    done = {key: record.status for key, record in records.items()}
    if kind is Greedy:
        assert set(done.values()) == {"ok"}
        expected = parts(undisturbed)
        assert parts(folder) == {name: data for name, data in expected.items() if name[:6] in done}


def test_limits_that_were_not_given_are_those_of_the_machine():
    limits = Limits.given(None, None)
    assert limits.minutes == 120 and limits.memory_gb > 0.5
    assert not limits.even_alone
    assert limits.together_gb == limits.memory_gb
    assert Limits.given(5, 2.5) == Limits(5, 2.5, limits.together_gb, even_alone=True)


def test_a_picture_that_is_alone_has_a_process_of_its_own_where_the_limits_ask_for_one(plate, tmp_path):
    task = replace(tasks_of(plate)[0], paths=(Endless("A01_f1.tif"),))
    limits = replace(ENOUGH, minutes=0.02, even_alone=True)
    (record,) = process_all([task], claimed(tmp_path), Settings(), limits=limits)
    assert record.reason.startswith("A01_f1.tif: took more than 0.02 minutes")


def test_within_the_limits_nothing_is_said():
    assert ENOUGH.exceeded(3599, 99e9) == ""
    assert "100 GB" in ENOUGH.exceeded(1, 101e9)
    assert "60 minutes" in ENOUGH.exceeded(3601, 1)


@pytest.mark.skipif(os.name == "nt", reason="how a process ended is told otherwise there")
def test_pictures_that_take_too_much_only_together_are_not_blamed(monkeypatch):
    """The largest process is ended, and what was at work is done one by one, as after one that the system ended."""
    processes = [subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"]) for _ in range(3)]
    held = {process.pid: gb * 1e9 for process, gb in zip(processes, (3, 4, 2), strict=True)}
    monkeypatch.setattr("osteocount.pipeline.limits._held", held.get)
    begun, begin = multiprocessing.Pipe(duplex=False)
    for number, process in enumerate(processes):
        begin.send((process.pid, number))
    try:
        assert Watchdog(replace(ENOUGH, together_gb=9.5), begun).check() is None
        assert [process.poll() for process in processes] == [None] * 3
        for number, process in enumerate(processes):
            begin.send((process.pid, number))
        assert Watchdog(replace(ENOUGH, together_gb=8.5), begun).check() is None
        assert processes[1].wait(PATIENCE_S) == -signal.SIGKILL
        assert [processes[0].poll(), processes[2].poll()] == [None] * 2
    finally:
        for process in processes:
            process.kill()
            process.wait()
