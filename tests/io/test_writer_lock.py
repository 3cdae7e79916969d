"""One writer at a time, and nothing left behind by one that was killed."""

from __future__ import annotations

import multiprocessing
import os

import pytest

from osteocount.errors import OsteoCountError
from osteocount.io import writer_lock
from osteocount.io.writer_lock import only_writer
from support.patience import PATIENCE_S


def hold(lock, ready, go_on):
    with only_writer(lock):
        ready.set()
        go_on.wait(PATIENCE_S)


@pytest.fixture
def elsewhere(tmp_path):
    """A process that holds the lock."""
    context = multiprocessing.get_context("spawn")
    ready, go_on = context.Event(), context.Event()
    lock = tmp_path / "out" / ".parts" / "run.lock"
    process = context.Process(target=hold, args=(lock, ready, go_on))
    process.start()
    assert ready.wait(PATIENCE_S)
    yield lock, process, go_on
    process.kill()
    process.join()


def test_a_second_writer_is_refused_and_told_of_the_first(elsewhere):
    lock, process, _ = elsewhere
    with pytest.raises(OsteoCountError) as said, only_writer(lock):
        pass
    assert f"another run (process {process.pid} on " in str(said.value)
    assert "is writing into this folder. Wait until it has ended, or give another --out." in str(said.value)


def test_a_killed_writer_leaves_no_lock(elsewhere):
    lock, process, _ = elsewhere
    process.kill()
    process.join()
    with only_writer(lock):
        pass


def test_whoever_waits_goes_on_when_the_other_ends(elsewhere):
    lock, _, go_on = elsewhere
    go_on.set()
    with only_writer(lock, wait_s=PATIENCE_S):
        assert f"process {os.getpid()} on " in lock.read_text()


def test_in_one_process_too(tmp_path, monkeypatch):
    monkeypatch.setattr(writer_lock, "_OWN_S", 0.0)
    lock = tmp_path / "run.lock"
    with only_writer(lock), pytest.raises(OsteoCountError, match="another run"), only_writer(lock):
        pass
    with only_writer(lock):
        pass


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OsteoCountError, match=r"out: cannot be written"), only_writer(tmp_path / "out/.parts/run.lock"):
        pass
