"""The command that applies corrections made in the window."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from osteocount.cli.console import say


def register(app: typer.Typer) -> None:
    """Add this command to the program."""
    app.command("apply-edits")(apply_edits)


def apply_edits(results: Annotated[Path, typer.Argument(help="A finished result folder with edits.jsonl.")]) -> None:
    """Write the tables and the report of a result folder anew, with the corrections its edit log holds."""
    from osteocount.curate import effective, read_log
    from osteocount.pipeline.apply import apply_edits as apply
    from osteocount.pipeline.edits import EDIT_LOG

    edits = effective(read_log(results / EDIT_LOG))
    outcome = apply(results)
    for note in outcome.warnings:
        if "corrections found nothing to act on" in note:
            say(f"warning: {note}")
    typer.echo(
        f"{len(edits)} corrections in {results / EDIT_LOG}; report: {(outcome.folder / 'report.html').resolve()}"
    )
