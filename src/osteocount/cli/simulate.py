"""Commands that make synthetic pictures with known truth: simulate plate, simulate field."""

from __future__ import annotations

import typer

simulate_app = typer.Typer(name="simulate", help="Synthetic wells and plates with exact truth.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.add_typer(simulate_app)
