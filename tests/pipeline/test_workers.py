"""Several processes, and runs that were killed: the same bytes as one undisturbed process."""

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from osteocount.io.result_folder import ResultFolder
from osteocount.pipeline.workers import finished, process_all
from osteocount.settings import Settings
from support.greedy_paths import Endless
from support.ports import listening
from support.runs import claimed, parts, tasks_of

PYTHON = sys.executable


class Deadly(type(Path())):
    """A path that ends the process it is sent to, as a kernel out of memory does."""

    def __reduce__(self):
        return os._exit, (9,)


def go_on(plate, out):
    """Do what is left of a run."""
    list(process_all(tasks_of(plate), claimed(out), Settings(), resume=True))


def test_a_field_that_kills_its_process_costs_only_itself(plate, undisturbed, tmp_path):
    tasks = tasks_of(plate)
    tasks[2] = replace(tasks[2], paths=(Deadly("B01_f1.tif"),))
    draft = (folder := claimed(tmp_path)).labels / ".0123456789ab.part"
    draft.write_bytes(b"what a process left that was killed while writing")
    records = list(process_all(tasks, folder, Settings(), workers=2))
    assert not draft.exists()
    assert len(records) == 6
    bad = [record for record in records if record.status != "ok"]
    assert [record.key for record in bad] == [tasks[2].key]
    assert "was killed twice, most often for lack of memory" in bad[0].reason
    expected = {name: data for name, data in parts(undisturbed).items() if not name.startswith(tasks[2].key)}
    assert parts(folder) == expected


def test_closing_the_run_ends_its_processes_at_once(plate, tmp_path):
    """Not after their field: one of these would never end."""
    tasks = tasks_of(plate)
    tasks[1:] = [replace(task, paths=(Endless(task.paths[0]),)) for task in tasks[1:]]
    steps = process_all(tasks, claimed(tmp_path), Settings(), workers=2)
    next(steps)
    assert listening() == set()
    steps.close()
    assert not [process for process in psutil.Process().children() if is_worker(process)]


def is_worker(process):
    try:
        return "spawn_main" in " ".join(process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("what", ["cells.csv", "nuclei.csv", "field.json", "labels", "overlay", "picture", "settings"])
def test_resume_redoes_a_field_of_which_anything_is_missing_or_changed(plate, tmp_path, what):
    task, settings = tasks_of(plate)[0], Settings()
    copy = tmp_path / task.paths[0].name
    copy.write_bytes(task.paths[0].read_bytes())
    task, folder = replace(task, paths=(copy,)), claimed(tmp_path / "out")
    list(process_all([task], folder, settings))
    assert finished(task, folder, settings) is not None
    gone = {"labels": folder.cells_image(task.key), "overlay": folder.overlay(task.key)}
    if what == "picture":
        content = bytearray(copy.read_bytes())
        content[-1] ^= 1
        copy.write_bytes(content)
    elif what == "settings":
        settings = Settings.model_validate({"count": {"min_nuclei": 4}})
    else:
        gone.get(what, folder.part(task.key, what)).unlink()
    assert finished(task, folder, settings) is None


def test_resume_removes_the_drafts_of_a_killed_run(plate, undisturbed):
    draft = undisturbed.labels / ".0123456789ab.part"
    draft.write_bytes(b"half a picture")
    records = list(process_all(tasks_of(plate), undisturbed, Settings(), resume=True))
    assert len(records) == 6
    assert not draft.exists()


def test_killed_at_random_ten_times_and_resumed_it_gives_the_same_bytes(plate, undisturbed, tmp_path):
    chance = random.Random(7)  # noqa: S311 - moments to kill, no secrets
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["osteocount.pipeline.workers"])
    for _ in range(10):
        run = context.Process(target=go_on, args=(plate, tmp_path))
        run.start()
        run.join(chance.uniform(0.05, 0.6))
        run.kill()
        run.join()
    list(process_all(tasks_of(plate), claimed(tmp_path), Settings(), resume=True))
    assert parts(ResultFolder(tmp_path)) == parts(undisturbed)
    assert not list(tmp_path.rglob(".*.part"))


# The program, but for pictures that never end: Ctrl-C comes while they are worked on, however fast or busy the machine
# is. Tests started in the background (`make test &`) ignore Ctrl-C, and what they start inherits that.
NEVER_DONE = """
import signal, sys
from dataclasses import replace
from osteocount.cli import main
from osteocount.pipeline import runner, workers
from support.greedy_paths import Endless

def all_but(done, tasks, *given, **options):
    tasks = [*tasks[:done], *(replace(task, paths=(Endless(task.paths[0]),)) for task in tasks[done:])]
    return workers.process_all(tasks, *given, **options)

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    done = int(sys.argv.pop(1))
    runner.process_all = lambda *given, **options: all_but(done, *given, **options)
    main()
"""


def first_is_done(run):
    assert run.stderr.readline().startswith("[1/6]")


def a_process_starts(run):
    while run.poll() is None and not [child for child in psutil.Process(run.pid).children() if is_worker(child)]:
        time.sleep(0.02)


@pytest.mark.parametrize(("done", "wait_until"), [(1, first_is_done), (0, a_process_starts)])
def test_ctrl_c_says_how_to_go_on_and_shows_no_traceback(plate, tmp_path, done, wait_until):
    program = tmp_path / "program.py"
    program.write_text(NEVER_DONE)
    command = [PYTHON, program, str(done), "count", plate, "--out", tmp_path / "out", "--workers", "2"]
    where = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=where, start_new_session=True) as run:
        wait_until(run)
        os.killpg(run.pid, signal.SIGINT)  # as a terminal does: to the program and to all its processes
        said = run.stderr.read()
    assert "--resume goes on from there" in said
    assert "Traceback" not in said
    assert run.returncode == 130
