"""A folder counted in a process of its own: the numbers of the command, errors in words, and an end within a second."""

from __future__ import annotations

from threading import Event
from types import SimpleNamespace

import pandas as pd
import pytest

from osteocount.errors import OsteoCountError
from osteocount.napari import folder_count
from osteocount.napari.folder_count import count_folder
from osteocount.pipeline import RunRequest, run_steps
from support.greedy_paths import Endless
from support.patience import PATIENCE_S


def drained(job):
    steps = []
    try:
        while True:
            steps.append(next(job))
    except StopIteration as end:
        return steps, end.value


def test_a_folder_is_counted_as_the_command_does(plate_folder, tmp_path):
    request = RunRequest(plate_folder, tmp_path / "out")
    steps, outcome = drained(count_folder(request, Event()))
    assert [step.done for step in steps] == [0, 1, 2]
    assert steps[-1].total == 2
    assert list(outcome.wells["well"]) == ["A01", "A02"]
    _, command = drained(run_steps(RunRequest(plate_folder, tmp_path / "command")))
    pd.testing.assert_frame_equal(outcome.wells, command.wells)
    assert (tmp_path / "out" / "report.html").is_file()


def test_a_stopped_folder_keeps_what_is_finished(plate_folder, tmp_path):
    stop = Event()
    job = count_folder(RunRequest(plate_folder, tmp_path / "out"), stop)
    next(job)
    next(job)
    stop.set()
    assert drained(job) == ([], None)
    resumed = RunRequest(plate_folder, tmp_path / "out", if_present="resume")
    assert len(drained(count_folder(resumed, Event()))[1].wells) == 2


def test_an_error_of_the_run_is_the_sentence_of_the_command(tmp_path):
    with pytest.raises(OsteoCountError, match="no such file or folder"):
        drained(count_folder(RunRequest(tmp_path / "nothing", tmp_path / "out"), Event()))


def test_the_process_is_gone_when_somebody_cancels(plate_folder, tmp_path, monkeypatch):
    """At the second look, while it counts what never ends."""
    started = []
    real = folder_count._start
    monkeypatch.setattr(folder_count, "_start", lambda request: started.append(real(request)) or started[0])
    stop = SimpleNamespace(is_set=iter([False, True]).__next__)
    assert drained(count_folder(RunRequest(Endless(plate_folder), tmp_path / "out"), stop))[1] is None
    assert started[0].returncode not in (None, 0)


def test_a_process_that_the_system_ends_is_said(plate_folder, tmp_path, monkeypatch):
    real = folder_count._start

    def killed(request):
        assert request.limits.even_alone  # a picture that takes too much must not take the window with it
        process = real(request)
        process.kill()
        return process

    monkeypatch.setattr(folder_count, "_start", killed)
    with pytest.raises(OsteoCountError, match="ended by the system"):
        drained(count_folder(RunRequest(plate_folder, tmp_path / "out"), Event()))


def test_counting_ends_with_the_program_that_asked(plate_folder, tmp_path):
    process = folder_count._start(RunRequest(Endless(plate_folder), tmp_path / "out"))
    process.stdin.close()
    try:
        process.wait(timeout=PATIENCE_S)
        assert process.returncode == 1
    finally:
        process.stdout.close()
