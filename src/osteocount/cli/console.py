"""What a person sees while a command runs: progress for eyes, plain lines for logs."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from osteocount.pipeline import Progress

End = TypeVar("End")
"""What a run returns."""

_TURNING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str) -> str:
    r"""Write out what a terminal would obey instead of showing it, such as ``\x1b``; line ends and tabs stay.

    Control characters, halves of characters (names that are not UTF-8) and those that turn the direction of writing:
    names of files, wells and arms come from strangers.
    """
    return "".join(
        character
        if character in "\n\t" or (unicodedata.category(character) not in ("Cc", "Cs") and character not in _TURNING)
        else character.encode("unicode_escape").decode("ascii").replace("\\udc", "\\x")
        for character in text
    )


def say(text: str) -> None:
    """Print one message on stderr, so that stdout stays for results."""
    print(printable(text), file=sys.stderr, flush=True)


def echo(text: str) -> None:
    """Print a result on stdout."""
    print(printable(text), flush=True)


def echo_data(text: str) -> None:
    """Print what goes into a file or another program: in UTF-8 where it is redirected, whatever the code page."""
    if sys.stdout.isatty() or not hasattr(sys.stdout, "buffer"):
        print(text, flush=True)
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(f"{text}\n".encode(errors="backslashreplace"))
    sys.stdout.buffer.flush()


def show_table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Print a table on stdout, as wide as the terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*headings)
    for row in rows:
        table.add_row(*(Text(printable(text)) for text in row))
    Console().print(table)


def follow(run: Generator[Progress, None, End], *, quiet: bool) -> End:
    """Drive a run to its end and show how far it is: a bar in a terminal, a line per picture elsewhere."""
    if quiet:
        return _drain(run, lambda _: None)
    if not sys.stderr.isatty():
        return _drain(run, lambda step: say(f"[{step.done}/{step.total}] {_one_line(step.message)}"))
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}", markup=False))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        shown = bar.add_task("reading names", total=None)
        return _drain(
            run,
            lambda step: bar.update(shown, completed=step.done, total=step.total, description=_one_line(step.message)),
        )


def _one_line(text: str) -> str:
    return printable(text.replace("\n", "\\n"))


def _drain(run: Generator[Progress, None, End], show: Callable[[Progress], object]) -> End:
    while True:
        try:
            show(next(run))
        except StopIteration as stop:
            end: End = stop.value
            return end
