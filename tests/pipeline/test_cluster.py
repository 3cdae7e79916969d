"""A dask cluster, also one that loses workers: the same bytes as one undisturbed process."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import tifffile

from osteocount.errors import OsteoCountError
from osteocount.pipeline.cluster import CONNECT_S, connect, process_on_cluster
from osteocount.pipeline.workers import process_all
from osteocount.settings import Settings
from osteocount.simulate import FieldDesign, simulate_field
from support.patience import PATIENCE_S
from support.ports import listening
from support.runs import claimed, parts, tasks_of
from support.waiting_tiles import wait_after_tiles

PYTHON = sys.executable
CLASSICAL = Settings.model_validate({"segment": {"segmenter": "classical"}, "picture": {"pixel_size": 0.76}})


@contextmanager
def cluster(workers=2):
    """A scheduler on loopback with so many worker processes, which are there."""
    distributed = pytest.importorskip("distributed")
    dask = [PYTHON, "-m", "dask"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}  # for what tests let workers do
    where = ["--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0", "--no-dashboard"]
    start = [*dask, "scheduler", *where, "--port", "0"]
    processes = [subprocess.Popen(start, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)]
    address = next(word for line in processes[0].stderr for word in line.decode().split() if word.startswith("tcp://"))
    command = [*dask, "worker", address, *where, "--nthreads", "1", "--no-nanny"]
    processes += [subprocess.Popen(command, **quiet, env=env) for _ in range(workers)]
    try:
        with distributed.Client(address, timeout=PATIENCE_S, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=PATIENCE_S)
        yield address, processes[1:]
    finally:
        for process in processes:
            process.kill()
            process.wait()
        processes[0].stderr.close()


@pytest.fixture(scope="module")
def small_cluster():
    with cluster() as started:
        yield started


def test_workers_that_do_not_see_the_folder_are_named(small_cluster, plate, tmp_path, monkeypatch):
    address, _ = small_cluster
    monkeypatch.setattr("osteocount.pipeline.cluster.__version__", "9.9")
    with pytest.raises(OsteoCountError, match=r"the worker has OsteoCount .*, here it is 9\.9; install the same"):
        list(process_on_cluster(tasks_of(plate), claimed(tmp_path), Settings(), address))
    monkeypatch.undo()
    task = replace(tasks_of(plate)[0], paths=(tmp_path / "elsewhere.tif",))
    with pytest.raises(OsteoCountError, match="the worker does not see the pictures; use a shared disk"):
        list(process_on_cluster([task], claimed(tmp_path), Settings(), address))


def test_a_cluster_that_loses_a_worker_gives_the_same_bytes(small_cluster, plate, undisturbed, tmp_path):
    address, workers = small_cluster
    for record in process_all(tasks_of(plate), folder := claimed(tmp_path), Settings(), scheduler=address):
        assert record.status == "ok", record.reason
        assert listening(others=False) == set()
        assert listening() == {"127.0.0.1"}  # as docs/cluster.md starts scheduler and workers
        workers[0].kill()
        (folder.labels / ".0123456789ab.part").touch()  # as a worker leaves it that is lost while writing
    assert parts(folder) == parts(undisturbed)


LARGE = 6 * 10**6


@pytest.fixture
def whole_well(tmp_path, monkeypatch):
    """One well of 6.25 megapixels, large enough here, in two rows of two tiles, and its results by this process."""
    monkeypatch.setattr("osteocount.io.picture.LARGE_PIXELS", LARGE)
    (tmp_path / "plate").mkdir()
    field = simulate_field(FieldDesign(width=1250, height=1250), 3).picture
    pixels = np.block([[[field], [field[:, ::-1]]], [[field[::-1]], [field[::-1, ::-1]]]])
    tifffile.imwrite(tmp_path / "plate" / "A01.tif", pixels, photometric="rgb", tile=(256, 256), compression="zlib")
    done = claimed(tmp_path / "undisturbed")
    (record,) = process_all(tasks_of(tmp_path / "plate"), done, CLASSICAL)
    assert record.status == "ok", record.reason
    return tmp_path / "plate", done


def test_a_cluster_shares_the_tiles_of_a_large_well_and_may_lose_a_worker(whole_well, tmp_path):
    """One process that waits after the first tile would never come to the second row."""
    from distributed import Client

    plate, undisturbed = whole_well
    folder, (task,), go_on = claimed(tmp_path / "cluster"), tasks_of(plate), tmp_path / "go_on"
    with cluster() as (address, workers), ThreadPoolExecutor(1) as beside:
        with Client(address, set_as_default=False) as client:
            client.run(wait_after_tiles, str(go_on), LARGE)
        run = beside.submit(lambda: list(process_all([task], folder, CLASSICAL, scheduler=address)))
        try:
            wait_until(lambda: run.done() or len(finished_tops(folder.tiles(task.key))) == 2)
            assert finished_tops(folder.tiles(task.key)) == [0, 1280]
            workers[0].kill()
        finally:
            go_on.touch()
        (record,) = run.result(timeout=PATIENCE_S)
    assert record.status == "ok", record.reason
    assert parts(folder) == parts(undisturbed)
    assert not folder.tiles(task.key).exists()


def finished_tops(folder):
    """Return where the finished tiles of a well begin."""
    return sorted(int(path.name.split("_")[0]) for path in folder.glob("*/*.npz"))


def wait_until(condition):
    """Wait for something another process does."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


# Its jobs are left to end by themselves, with their pipes open.
@pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")
def test_jobs_of_a_batch_system_do_a_plate(plate, undisturbed, tmp_path):
    """As on SLURM, with the batch system that dask-jobqueue has for trying out: it starts its jobs on this machine."""
    local = pytest.importorskip("dask_jobqueue.local")
    where = {"scheduler_options": {"host": "127.0.0.1", "port": 0, "dashboard_address": None}}
    job = {"cores": 1, "processes": 1, "memory": "2GB", "local_directory": str(tmp_path / "jobs"), "nanny": False}
    with local.LocalCluster(**job, **where, python=PYTHON, interface=None) as jobs:
        jobs.scale(jobs=2)
        jobs.wait_for_workers(1, timeout=PATIENCE_S)
        records = list(
            process_all(
                tasks_of(plate), folder := claimed(tmp_path / "out"), Settings(), scheduler=jobs.scheduler_address
            )
        )
    assert [record.status for record in records] == ["ok"] * 6
    assert parts(folder) == parts(undisturbed)


def test_a_dead_address_says_so_soon():
    pytest.importorskip("distributed")
    assert CONNECT_S < 10
    with pytest.raises(OsteoCountError, match=r"--scheduler tcp://127.0.0.1:9: nobody answers there"):
        connect("tcp://127.0.0.1:9")


@pytest.mark.parametrize(
    "address", ["nonsense", "tcp://127.0.0.1", "tcp://127.0.0.1:notaport", "tcp://h:0", "h:65536", "tcp://:8786", ""]
)
def test_what_is_no_address_is_not_asked(address):
    pytest.importorskip("distributed")
    with pytest.raises(OsteoCountError, match=f"^--scheduler {address}: this is no address.* tcp://10.0.0.5:8786"):
        connect(address)


def test_a_missing_extra_gets_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(
        OsteoCountError, match=r'^--scheduler needs the cluster extra: pip install "osteocount\[cluster'
    ):
        connect("tcp://127.0.0.1:8786")
