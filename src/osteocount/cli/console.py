"""What a person sees while a command runs: progress for eyes, plain lines for logs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from osteocount.pipeline import Outcome, Progress


def say(text: str) -> None:
    """Print one message on stderr, so that stdout stays for results."""
    print(text, file=sys.stderr, flush=True)


def follow(run: Generator[Progress, None, Outcome], *, quiet: bool) -> Outcome:
    """Drive a run to its end and show how far it is: a bar in a terminal, a line per picture elsewhere."""
    if quiet:
        return _drain(run, lambda _: None)
    if not sys.stderr.isatty():
        return _drain(run, lambda step: say(f"[{step.done}/{step.total}] {step.message}"))
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}", markup=False))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        shown = bar.add_task("reading names", total=None)
        return _drain(
            run, lambda step: bar.update(shown, completed=step.done, total=step.total, description=step.message)
        )


def _drain(run: Generator[Progress, None, Outcome], show: Callable[[Progress], object]) -> Outcome:
    while True:
        try:
            show(next(run))
        except StopIteration as stop:
            outcome: Outcome = stop.value
            return outcome
