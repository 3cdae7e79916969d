"""Commands on finished results and settings: report, settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from osteocount.cli.options import with_settings
from osteocount.settings import Settings


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.command("report")(report)
    app.command("settings")(settings_file)


def report(folder: Annotated[Path, typer.Argument(help="A finished result folder.")]) -> None:
    """Write the report of a finished result folder anew."""
    from osteocount.report import write_report

    typer.echo(f"report: {write_report(folder).resolve()}")


@with_settings("picture", "segment", "count", "comparison", "qc")
def settings_file(*, settings: Settings) -> None:
    """Print the settings file with every setting, its range and its help."""
    typer.echo(settings.to_toml())
