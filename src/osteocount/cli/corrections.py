"""Commands on corrections made in the window: apply-edits, train, reviewers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from osteocount.cli.console import say
from osteocount.errors import OsteoCountError

Results = Annotated[Path, typer.Argument(help="A finished result folder with edits.jsonl.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.command("apply-edits")(apply_edits)
    app.command("train")(train)
    app.command("reviewers")(reviewers)


def apply_edits(
    results: Results,
    classifier: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Adopt this classifier, made by `osteocount train`.")
    ] = None,
) -> None:
    """Write the tables and the report of a result folder anew, with the corrections its edit log holds."""
    from osteocount.curate import effective, read_log
    from osteocount.curate.classifier import load
    from osteocount.pipeline.corrections import CLASSIFIER, EDIT_LOG, adopt
    from osteocount.pipeline.write_results import apply_edits as write_again

    edits = effective(read_log(results / EDIT_LOG))
    if classifier is not None:
        adopt(results, load(classifier))
    outcome = write_again(results)
    for note in outcome.warnings:
        if "corrections found nothing to act on" in note or CLASSIFIER in note:
            say(f"warning: {note}")
    report = (outcome.folder / "report.html").resolve()
    typer.echo(f"{len(edits)} corrections in {results / EDIT_LOG}; report: {report}")


def train(
    results: Results,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The classifier to write (JSON).")],
) -> None:
    """Learn from corrected cells and nuclei which of them are none; refused when it does not help on wells left out."""
    from osteocount.curate.classifier import save
    from osteocount.pipeline.train_classifier import describe_training, train_classifier

    trained = train_classifier(results)
    for name, part in trained.parts().items():
        typer.echo(f"{name}\n{part.by_well.to_string(index=False)}")
    if not trained.useful:
        raise OsteoCountError(f"Not saved: {describe_training(trained)}")
    save(trained.classifier, out)
    typer.echo(f"{describe_training(trained)} Saved in {out}.")


def reviewers(
    results: Results,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Also write the counts by well (CSV).")
    ] = None,
) -> None:
    """Say how far a second reviewer agrees with the first: counts by well, cells in common, osteoclast or not."""
    import pandas as pd

    from osteocount.io.tables import write_table
    from osteocount.pipeline.reviewer_agreement import compare_reviewers

    found = compare_reviewers(results)
    for each in found:
        typer.echo(each.summary())
    if out is not None:
        write_table(pd.concat([each.wells.assign(reviewer=each.name) for each in found], ignore_index=True), out)
