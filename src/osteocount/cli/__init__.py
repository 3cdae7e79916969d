"""The command line: options in, messages out; everything else is done below."""

from __future__ import annotations

import io
import os
import sys
from typing import Annotated

import typer

from osteocount.cli import count, finetune, plate, results, simulate, statistics
from osteocount.cli.console import echo, say
from osteocount.errors import NO_MEMORY, OsteoCountError, out_of_memory
from osteocount.memory import keep_freed_memory
from osteocount.version import __version__

app = typer.Typer(
    name="osteocount",
    help="Count osteoclasts and their nuclei in TRAP-stained cultures, and say honestly what a treatment did to them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (plate.plate_app, plate.layout_app, plate.samples_app, simulate.simulate_app):
    app.add_typer(group)
for command in (
    count.run, count.count, count.demo, count.gui, plate.reader, statistics.compare, statistics.agree, statistics.plan,
    results.evaluate, results.report, results.settings, results.apply_edits, results.train, results.reviewers,
    results.repeat, finetune.finetune,
):  # fmt: skip
    app.command()(command)


def _print_version(wanted: bool) -> None:
    if wanted:
        echo(f"osteocount {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Take the options that stand before a command."""


def main() -> None:
    """Run the command line; a problem the user can mend ends it with one clear message and exit code 1."""
    keep_freed_memory()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal in ASCII or cp437 ends no run
    try:
        app()
    except Exception as error:
        if os.environ.get("OSTEOCOUNT_DEBUG") and not isinstance(error, OsteoCountError):
            raise
        say(f"error: {_sentence(error)}")
        sys.exit(1)


def _sentence(error: Exception) -> str:
    """Say what ended a command."""
    if isinstance(error, OsteoCountError):
        return str(error)
    if isinstance(error, OSError):
        # Of what is read or written outside our readers and writers, such as a terminal that is gone or a full disk.
        named = "" if error.filename is None else f"{error.filename}: "
        return f"{named}{error.strerror or error}."
    if out_of_memory(error):
        return f"{NO_MEMORY[0].upper()}{NO_MEMORY[1:]}"
    # What is left is a defect of ours. The person gets one sentence, whoever mends it gets the traceback.
    return (
        f"OsteoCount broke ({type(error).__name__}: {error}). This is a defect; please report it with what "
        "OSTEOCOUNT_DEBUG=1 in front of the same command prints."
    )
