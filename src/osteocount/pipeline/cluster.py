"""The fields of a run on an existing dask.distributed cluster; results go through the folder all of it can see."""

from __future__ import annotations

import re
import secrets
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from osteocount.errors import OsteoCountError
from osteocount.io.result_folder import ResultFolder
from osteocount.io.run_record import FieldRecord
from osteocount.pipeline.field import FieldTask, is_large, precompute_tiles, process, write_failed
from osteocount.segment.tiling.tiles import TileShare
from osteocount.settings import Settings
from osteocount.version import __version__

CONNECT_S = 8
"""`connect` promises an answer within ten seconds, the import of dask included."""

FIRST_WORKER_S = 60
"""So long a cluster may take to start its first worker. Its origin is not recorded."""

_ADDRESS = re.compile(r"(?:[a-z]+://)?(?:\[[0-9a-fA-F:]+\]|[\w.-]+):(\d{1,5})")


def process_on_cluster(
    tasks: Sequence[FieldTask], folder: ResultFolder, settings: Settings, scheduler: str
) -> Iterator[FieldRecord]:
    """Send every field to the cluster and give the records as they come.

    The scheduler gives a field whose worker dies to another one, by its own setting ``allowed-failures`` (3 times).

    Raises
    ------
    OsteoCountError
        dask is not installed, nobody answers at ``scheduler``, it has no worker, or a worker has another version of
        OsteoCount or does not see the pictures and the result folder under the same paths.
    """
    client = connect(scheduler)
    try:
        folder = ResultFolder(folder.root.resolve())
        waiting = [replace(task, paths=tuple(path.resolve() for path in task.paths)) for task in reversed(tasks)]
        _check_workers(client, scheduler, folder, waiting[-1].paths[0])
        yield from _send(client, waiting, folder, settings)
        folder.remove_drafts()  # of workers that were lost while writing
    finally:
        client.close()


def connect(scheduler: str) -> Any:
    """Return a client of the cluster at ``scheduler``, or say within ten seconds why there is none."""
    try:
        from distributed import Client
    except ImportError as error:
        raise OsteoCountError('--scheduler needs the cluster extra: pip install "osteocount[cluster]".') from error
    address = _ADDRESS.fullmatch(scheduler)
    if address is None or not 0 < int(address[1]) < 65536:
        raise OsteoCountError(
            f"--scheduler {scheduler}: this is no address. Give the one that `dask scheduler` prints, as in "
            "tcp://10.0.0.5:8786."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # versions that matter are compared below, in our words
            return Client(scheduler, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise OsteoCountError(
            f"--scheduler {scheduler}: nobody answers there. Start one as docs/cluster.md says; it prints its "
            "address, as in tcp://10.0.0.5:8786."
        ) from error


@dataclass(frozen=True)
class _WorkItem:
    """A field, or a share of the tiles of a large one."""

    task: FieldTask
    share: TileShare | None = None


class _WorkQueue:
    """What is still to be sent; a large field comes after the shares of its tiles.

    Parameters
    ----------
    tasks
        The fields, the last of them first.
    settings
        All settings.
    """

    def __init__(self, tasks: list[FieldTask], settings: Settings) -> None:
        self._tasks, self._settings = tasks, settings
        self._ready: list[_WorkItem] = []
        self._left: dict[str, int] = {}

    def next(self, workers: int) -> _WorkItem | None:
        """Return what is to be sent next to a cluster of so many workers, None for now or for good."""
        if not self._ready and self._tasks:
            task = self._tasks.pop()
            if workers > 1 and is_large(task, self._settings):
                self._left[task.key] = workers
                self._ready = [_WorkItem(task, TileShare(number, workers)) for number in reversed(range(workers))]
            else:
                self._ready = [_WorkItem(task)]
        return self._ready.pop() if self._ready else None

    def share_done(self, task: FieldTask) -> None:
        """Take note that a share of a field is done, or given up: then the field does it itself."""
        self._left[task.key] -= 1
        if not self._left[task.key]:
            self._ready.append(_WorkItem(task))


def _send(client: Any, tasks: list[FieldTask], folder: ResultFolder, settings: Settings) -> Iterator[FieldRecord]:
    """Keep two pieces of work per thread of the cluster under way: none waits, whatever the size of the plate."""
    from distributed import as_completed

    under_way: dict[Any, _WorkItem] = {}
    coming, waiting = as_completed(loop=client.loop), _WorkQueue(tasks, settings)

    def submit_some() -> None:
        workers = max(1, sum(client.nthreads().values()))
        while len(under_way) < 2 * workers and (work := waiting.next(workers)) is not None:
            future = (
                client.submit(process, work.task, folder, settings, pure=False)
                if work.share is None
                else client.submit(precompute_tiles, work.task, folder, settings, work.share, pure=False)
            )
            under_way[future] = work
            coming.add(future)

    submit_some()
    for future in coming:
        work, error = under_way.pop(future), future.exception()
        if work.share is not None:
            waiting.share_done(work.task)
        elif error is None:
            yield future.result()
        else:
            said = f"{work.task.image}: the cluster gave it up ({type(error).__name__}: {error})."
            yield write_failed(work.task, folder, said)
        future.release()
        submit_some()


def _check_workers(client: Any, scheduler: str, folder: ResultFolder, picture: Path) -> None:
    """Ask every worker that is there now for its version and for the files, before anything is sent."""
    try:
        client.wait_for_workers(1, timeout=FIRST_WORKER_S)
    except TimeoutError as error:
        raise OsteoCountError(
            f"--scheduler {scheduler}: it has no workers. Start some with `dask worker {scheduler} --host ADDRESS`, "
            "the address of their own machine (docs/cluster.md)."
        ) from error
    token = secrets.token_hex(8)
    probe = folder.parts / f"{token}.probe"
    probe.write_text(token, encoding="ascii")
    try:
        answers = client.run(describe_worker, str(probe), str(picture), on_error="return")
    finally:
        probe.unlink(missing_ok=True)
    problems = [f"{worker}: {said}" for worker, answer in sorted(answers.items()) if (said := _problem(answer, folder))]
    if problems:
        raise OsteoCountError(f"--scheduler {scheduler}: " + "; ".join(problems))


def describe_worker(probe: str, picture: str) -> tuple[str, bool, bool]:
    """Tell, on a worker, the version of OsteoCount and whether it sees the result folder and the pictures."""
    return __version__, Path(probe).is_file(), Path(picture).exists()


def _problem(answer: Any, folder: ResultFolder) -> str:
    if isinstance(answer, Exception):
        return f"the worker cannot run OsteoCount ({answer}); install version {__version__} there"
    version, sees_folder, sees_pictures = answer
    if version != __version__:
        return f"the worker has OsteoCount {version}, here it is {__version__}; install the same on both"
    if not sees_folder:
        return f"the worker does not see the result folder {folder.root}; use a shared disk with the same path on both"
    return "" if sees_pictures else "the worker does not see the pictures; use a shared disk with the same path on both"
