"""All fields of a run, each done once: what is finished already, the rest in this process or in several."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for

from osteocount.io.result_folder import ResultFolder
from osteocount.io.run_record import FieldRecord
from osteocount.pipeline.analysis import cores
from osteocount.pipeline.field import FieldTask, fingerprint, process, write_failed
from osteocount.settings import Settings


def process_all(
    tasks: Sequence[FieldTask],
    folder: ResultFolder,
    settings: Settings,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    resume: bool = False,
) -> Iterator[FieldRecord]:
    """Do all fields and give their records as they come.

    Parameters
    ----------
    tasks
        The fields.
    folder
        The result folder; every field is finished there by itself, so that a run killed at any moment can go on.
    settings
        All settings.
    workers
        Processes on this machine, each with one field at a time.
    scheduler
        Address of a dask.distributed scheduler; its workers do the fields instead of processes on this machine.
    resume
        Keep what is finished and was made from the same pictures with the same settings.
    """
    waiting = []
    if resume:
        folder.remove_drafts()
    for task in tasks:
        record = finished(task, folder, settings) if resume else None
        if record is None:
            waiting.append(task)
        else:
            yield record
    if scheduler is not None and waiting:
        from osteocount.pipeline.cluster import process_on_cluster  # dask is an extra

        yield from process_on_cluster(waiting, folder, settings, scheduler)
    elif workers == 1 or len(waiting) < 2:
        # One worker has all cores for a large picture. For small ones it is what a worker is among several, except
        # where there is nothing else to do.
        threads = cores() if len(waiting) == 1 else 1
        for task in waiting:
            yield process(task, folder, settings, threads, threads_if_large=cores())
    else:
        yield from process_in_parallel(waiting, folder, settings, min(workers, len(waiting)))


def finished(task: FieldTask, folder: ResultFolder, settings: Settings) -> FieldRecord | None:
    """Return the record of a field that need not be done again; None when anything of it is missing or has changed."""
    record = folder.read_field(task.key)
    if record is None or not record.is_done or not all(path.is_file() for path in folder.files_of(task.key)):
        return None
    return record if record.fingerprint == fingerprint(task, settings) else None


def process_in_parallel(
    tasks: Sequence[FieldTask], folder: ResultFolder, settings: Settings, workers: int
) -> Iterator[FieldRecord]:
    """Share the fields among processes; a process that dies costs a second try of what it may have worked on."""
    waiting = list(reversed(tasks))
    while waiting:
        suspects: list[FieldTask] = []
        yield from _until_broken(waiting, suspects, folder, settings, workers)
        while suspects:  # one by one, so that it shows which one is too much
            culprit: list[FieldTask] = []
            yield from _until_broken(suspects, culprit, folder, settings, 1)
            for task in culprit:
                reason = (
                    f"{task.image}: the process that worked on it was killed twice, most often for lack of memory. "
                    "The other pictures are done; try this one on a machine with more memory, with --resume."
                )
                yield write_failed(task, folder, reason)


def _until_broken(
    waiting: list[FieldTask], suspects: list[FieldTask], folder: ResultFolder, settings: Settings, workers: int
) -> Iterator[FieldRecord]:
    """Work ``waiting`` off its end until it is empty or a process dies; then ``suspects`` holds what was under way."""
    # Spawned, not forked: a fork of a process with OpenCV or Qt threads may hang.
    context = multiprocessing.get_context("spawn")
    far_end, lifeline = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_tie_to_parent, initargs=(far_end,))
    under_way: dict[Future[FieldRecord], FieldTask] = {}
    ahead = workers + (workers > 1)  # one more than are at work, so that none waits for us
    try:
        while waiting or under_way:
            while waiting and len(under_way) < ahead:
                task = waiting.pop()
                under_way[pool.submit(process, task, folder, settings)] = task
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                record = future.result()
                del under_way[future]
                yield record
    except BrokenProcessPool:
        suspects += under_way.values()
    finally:
        if under_way:
            lifeline.close()  # stopped by a person or broken: the others end now, not after their field
        pool.shutdown(cancel_futures=True)
        lifeline.close()
        far_end.close()
        if under_way:
            folder.remove_drafts()  # of those that were ended while writing


def _tie_to_parent(lifeline: Connection) -> None:
    """End this process as soon as its parent lets go or dies, and leave Ctrl-C to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        wait_for([lifeline])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
