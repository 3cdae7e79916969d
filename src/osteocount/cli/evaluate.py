"""The command that tests the program on annotated pictures: evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from osteocount.evaluation.evaluate import FolderEvaluation

_SHOWN_IOUS = (0.5, 0.75)
_LISTED = 10


def register(app: typer.Typer) -> None:
    """Add this command to the program."""
    app.command("evaluate")(evaluate)


def evaluate(
    results: Annotated[Path, typer.Argument(help="A result folder of run or count.")],
    truth: Annotated[
        Path,
        typer.Argument(
            help="Annotations named like the pictures: label images (.tif, .png), QuPath (.geojson), Fiji ROIs "
            "(.roi, .zip), points or cell tables (.csv); a folder, or one file."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the tables and the figure.")],
) -> None:
    """Test a count against annotated pictures: F1, mAP, nuclei, classes, wells, each with its interval."""
    from rich.console import Console

    from osteocount.cli.console import say
    from osteocount.evaluation.evaluate import evaluate_folder, write_evaluation
    from osteocount.evaluation.metrics import summary

    scored = evaluate_folder(results, truth)
    write_evaluation(scored, out)
    Console(highlight=False).print(_table(scored))
    for side, what in (("truth", "Annotations"), ("results", "Pictures")):
        rows = scored.unmatched[scored.unmatched["side"] == side]
        said = [f"{row['name']}: {row['reason']}" for row in rows.to_dict("records")]
        if said:
            more = f" … and {len(said) - _LISTED} more in evaluation_not_scored.csv" if len(said) > _LISTED else ""
            say(f"{what} not scored ({len(said)}): {'; '.join(said[:_LISTED])}{more}.")
    for note in scored.notes[:_LISTED]:
        say(note)
    if len(scored.notes) > _LISTED:
        say(f"… and {len(scored.notes) - _LISTED} more such remarks.")
    typer.echo(summary(scored.evaluation))
    typer.echo(f"evaluation: {(out / 'evaluation.csv').resolve()}")


def _table(scored: FolderEvaluation) -> Table:
    import math

    from rich.table import Table

    from osteocount.evaluation.metrics import METRIC_NAMES

    table = Table(
        title=f"{scored.matched} picture{'s' * (scored.matched != 1)} against the truth", title_justify="left"
    )
    table.add_column("figure")
    for name in ("value", "95 % interval", "n"):
        table.add_column(name, justify="right")
    for row in scored.evaluation.metrics.to_dict("records"):
        iou, value, low, high = (float(row[name]) for name in ("iou", "value", "ci_low", "ci_high"))
        if not math.isnan(iou) and iou not in _SHOWN_IOUS:
            continue
        name = METRIC_NAMES[row["figure"]] + ("" if math.isnan(iou) else f", IoU {iou:g}")
        between = "" if math.isnan(low) else f"{low:.3f} to {high:.3f}"
        table.add_row(
            name, "unknown" if math.isnan(value) else f"{value:.3f}", between, f"{row['n']} {row['n_counts']}"
        )
    return table
