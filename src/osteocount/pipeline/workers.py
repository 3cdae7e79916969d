"""All fields of a run, each done once: what is finished already, the rest in this process or in several."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from typing import Any

from osteocount.io.result_folder import ResultFolder
from osteocount.io.run_record import FieldRecord, identity_of
from osteocount.memory import keep_freed_memory
from osteocount.pipeline.analysis import cores
from osteocount.pipeline.field import FieldTask, fingerprint, process, write_failed
from osteocount.pipeline.limits import Limits, Watchdog
from osteocount.settings import Settings


def process_all(
    tasks: Sequence[FieldTask],
    folder: ResultFolder,
    settings: Settings,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    resume: bool = False,
    limits: Limits | None = None,
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
    limits
        What one picture may take. Pictures are then done in processes of their own, one at a time with one worker;
        without limits one worker is this process, and for a picture that is alone unless they say otherwise, or a
        network of others is run, which may take whatever it likes.
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
    elif (workers == 1 and limits is None) or (len(waiting) < 2 and not (limits and _even_alone(limits, settings))):
        # One worker has all cores for a large picture. For small ones it is what a worker is among several, except
        # where there is nothing else to do.
        threads = cores() if len(waiting) == 1 else 1
        for task in waiting:
            yield process(task, folder, settings, threads, threads_if_large=cores())
    elif waiting:
        yield from process_in_parallel(waiting, folder, settings, min(workers, len(waiting)), limits)


def _even_alone(limits: Limits, settings: Settings) -> bool:
    return limits.even_alone or settings.segment.segmenter not in ("learned", "classical")


def finished(task: FieldTask, folder: ResultFolder, settings: Settings) -> FieldRecord | None:
    """Return the record of a field that need not be done again; None when anything of it is missing or has changed."""
    record = folder.read_field(task.key)
    if record is None or not record.is_done or not all(path.is_file() for path in folder.files_of(task.key)):
        return None
    if identity_of(record) != identity_of(task):  # a damaged record would put it elsewhere
        return None
    if record.results and record.results != folder.hashes_of(task.key):
        return None
    return record if record.fingerprint == fingerprint(task, settings) else None


def process_in_parallel(
    tasks: Sequence[FieldTask],
    folder: ResultFolder,
    settings: Settings,
    workers: int,
    limits: Limits | None = None,
) -> Iterator[FieldRecord]:
    """Share the fields among processes; a process that dies costs a second try of what it may have worked on."""
    work = _Work(list(tasks), folder, settings, limits)
    waiting = list(reversed(range(len(tasks))))
    while waiting:
        suspects: list[int] = []
        yield from work.run_pool(waiting, suspects, workers)
        while suspects:  # one by one, so that it shows which one is too much
            culprit: list[int] = []
            yield from work.run_pool(suspects, culprit, 1)
            for number in culprit:
                yield write_failed(tasks[number], folder, f"{tasks[number].image}: {KILLED_TWICE}")


KILLED_TWICE = (
    "the process that worked on it was killed twice, most often for lack of memory. The other pictures are done; try "
    "this one on a machine with more memory, with --resume."
)
_CHECK_S = 0.5
"""So often is looked whether a picture takes too much."""


@dataclass(frozen=True)
class _Work:
    """Fields by number, and all that doing them needs."""

    tasks: list[FieldTask]
    folder: ResultFolder
    settings: Settings
    limits: Limits | None

    def run_pool(self, waiting: list[int], suspects: list[int], workers: int) -> Iterator[FieldRecord]:
        """Work ``waiting`` off its end until it is empty or a process dies; ``suspects`` then holds what was under way.

        A field that takes too much ends with a record that says so, and those beside it go back to ``waiting``.
        """
        under_way: dict[Future[FieldRecord], int] = {}
        ahead = workers + (workers > 1)  # one more than are at work, so that none waits for us
        threads_if_large = cores() if workers == 1 else 1
        too_much: tuple[int, str] | None = None
        try:
            with _processes(workers, self.limits, under_way) as (pool, watchdog):
                while waiting or under_way:
                    while waiting and len(under_way) < ahead:
                        number = waiting.pop()
                        what = (number, self.tasks[number], self.folder, self.settings, threads_if_large)
                        with _deaf_to_ctrl_c():  # a process that is only starting shows a traceback otherwise
                            under_way[pool.submit(_begin, *what)] = number
                    for future in wait(under_way, _CHECK_S, FIRST_COMPLETED).done:
                        record = future.result()
                        watchdog.done(under_way.pop(future))
                        yield record
                    too_much = too_much or watchdog.check()
        except BrokenProcessPool:
            left = list(under_way.values())
            if too_much is None:
                suspects += left
            else:
                waiting += [number for number in left if number != too_much[0]]
        finally:
            if under_way:
                self.folder.remove_drafts()  # of those that were ended while writing
        if too_much is not None and too_much[0] in under_way.values():
            task = self.tasks[too_much[0]]
            yield write_failed(task, self.folder, f"{task.image}: took {too_much[1]}")


@contextmanager
def _processes(
    workers: int, limits: Limits | None, under_way: Collection[object]
) -> Iterator[tuple[ProcessPoolExecutor, Watchdog]]:
    """Give processes that end with the block, at once where something is still ``under_way`` then."""
    # Spawned, not forked: a fork of a process with OpenCV or Qt threads may hang.
    context = multiprocessing.get_context("spawn")
    far_end, lifeline = context.Pipe(duplex=False)
    begun, begin = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_tie_to_parent, initargs=(far_end, begin))
    try:
        yield pool, Watchdog(limits, begun)
    finally:
        if under_way:
            lifeline.close()  # stopped by a person or broken: the others end now, not after their field
        pool.shutdown(cancel_futures=True)
        for end in (lifeline, far_end, begun, begin):
            end.close()


_say_begun: Connection | None = None
"""In a worker process: where it says what it begins."""


def _begin(
    number: int, task: FieldTask, folder: ResultFolder, settings: Settings, threads_if_large: int
) -> FieldRecord:
    """Do a field, in a worker process, and say so first."""
    assert _say_begun is not None  # noqa: S101 - set by the initializer
    _say_begun.send((os.getpid(), number))  # short enough to be written at once, so that none mixes with another
    return process(task, folder, settings, threads_if_large=threads_if_large)


def _tie_to_parent(lifeline: Connection, begin: Connection) -> None:
    """Prepare this process: it ends as soon as its parent lets go or dies, and leaves Ctrl-C to the parent."""
    global _say_begun
    _say_begun = begin
    keep_freed_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

    def watch() -> None:
        wait_for([lifeline])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Put Ctrl-C off until the end of the block, and keep it from processes started there.

    Any thread may be given the signal, and Python then interrupts the main one: a mask alone does not put it off.
    """
    pressed: list[int] = []
    is_main = threading.current_thread() is threading.main_thread()
    handler = signal.signal(signal.SIGINT, lambda *_: pressed.append(1)) if is_main else None
    can_mask = hasattr(signal, "pthread_sigmask")  # not on Windows
    mask: set[Any] = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if can_mask else set()
    try:
        yield
    finally:
        if can_mask:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if handler is not None:
            signal.signal(signal.SIGINT, handler)
    if pressed and callable(handler):
        handler(signal.SIGINT, None)
