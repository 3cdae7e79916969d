"""The fields of a run on an existing dask.distributed cluster; results go through the folder all of it can see."""

from __future__ import annotations

import re
import secrets
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from osteocount import __version__
from osteocount.errors import OsteoCountError
from osteocount.io.result_folder import ResultFolder
from osteocount.pipeline.field import FieldTask, process
from osteocount.pipeline.workers import failed
from osteocount.settings import Settings

CONNECT_S = 8
FIRST_WORKER_S = 60
_ADDRESS = re.compile(r"(?:[a-z]+://)?(?:\[[0-9a-fA-F:]+\]|[\w.-]+):(\d{1,5})")


def process_on_cluster(
    tasks: Sequence[FieldTask], folder: ResultFolder, settings: Settings, scheduler: str
) -> Iterator[dict[str, Any]]:
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
            f"--scheduler {scheduler}: nobody answers there. Start one with `dask scheduler`; it prints its address, "
            "as in tcp://10.0.0.5:8786."
        ) from error


def _send(client: Any, waiting: list[FieldTask], folder: ResultFolder, settings: Settings) -> Iterator[dict[str, Any]]:
    """Keep two fields per thread of the cluster under way: enough that none waits, whatever the size of the plate."""
    from distributed import as_completed

    under_way: dict[Any, FieldTask] = {}
    coming = as_completed(loop=client.loop)

    def submit_some() -> None:
        while waiting and len(under_way) < 2 * max(1, sum(client.nthreads().values())):
            task = waiting.pop()
            future = client.submit(process, task, folder, settings, pure=False)
            under_way[future] = task
            coming.add(future)

    submit_some()
    for future in coming:
        task = under_way.pop(future)
        error = future.exception()
        if error is None:
            yield future.result()
        else:
            yield failed(task, folder, f"{task.image}: the cluster gave it up ({type(error).__name__}: {error}).")
        future.release()
        submit_some()


def _check_workers(client: Any, scheduler: str, folder: ResultFolder, picture: Path) -> None:
    """Ask every worker that is there now for its version and for the files, before anything is sent."""
    try:
        client.wait_for_workers(1, timeout=FIRST_WORKER_S)
    except TimeoutError as error:
        raise OsteoCountError(
            f"--scheduler {scheduler}: it has no workers. Start some with `dask worker {scheduler}`."
        ) from error
    token = secrets.token_hex(8)
    sign = folder.parts / f"{token}.sign"
    sign.write_text(token, encoding="ascii")
    try:
        answers = client.run(look_around, str(sign), str(picture), on_error="return")
    finally:
        sign.unlink(missing_ok=True)
    problems = [f"{worker}: {said}" for worker, answer in sorted(answers.items()) if (said := _problem(answer, folder))]
    if problems:
        raise OsteoCountError(f"--scheduler {scheduler}: " + "; ".join(problems))


def look_around(sign: str, picture: str) -> tuple[str, bool, bool]:
    """Tell, on a worker, the version of OsteoCount and whether it sees the result folder and the pictures."""
    return __version__, Path(sign).is_file(), Path(picture).exists()


def _problem(answer: Any, folder: ResultFolder) -> str:
    if isinstance(answer, Exception):
        return f"the worker cannot run OsteoCount ({answer}); install version {__version__} there"
    version, sees_folder, sees_pictures = answer
    if version != __version__:
        return f"the worker has OsteoCount {version}, here it is {__version__}; install the same on both"
    if not sees_folder:
        return f"the worker does not see the result folder {folder.root}; use a shared disk with the same path on both"
    return "" if sees_pictures else "the worker does not see the pictures; use a shared disk with the same path on both"
