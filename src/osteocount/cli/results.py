"""Commands on finished results: evaluate, report, apply-edits, train, reviewers; and settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from osteocount.cli.console import echo, echo_data, follow, say
from osteocount.cli.options import with_settings
from osteocount.errors import OsteoCountError
from osteocount.settings import Settings

if TYPE_CHECKING:
    from rich.table import Table

    from osteocount.evaluation.evaluate import FolderEvaluation

Results = Annotated[Path, typer.Argument(help="A finished result folder with edits.jsonl.")]
_SHOWN_IOUS = (0.5, 0.75)
_LISTED = 10


def evaluate(
    results: Annotated[Path, typer.Argument(help="A result folder of run or count.")],
    truth: Annotated[
        Path,
        typer.Argument(
            help="Annotations named like the pictures: label images (.tif, .png), QuPath (.geojson), labelme "
            "(.json), Fiji ROIs (.roi, .zip), points or cell tables (.csv); a folder, or one file."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the tables and the figure.")],
) -> None:
    """Test a count against annotated pictures: F1, mAP, nuclei, classes, wells, each with its interval."""
    from rich.console import Console

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
    echo(summary(scored.evaluation))
    echo(f"evaluation: {(out / 'evaluation.csv').resolve()}")


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


def report(
    folder: Annotated[Path, typer.Argument(help="A finished result folder.")],
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Also print it to report.pdf, by a Chromium, Chrome or Edge on this machine.")
    ] = False,
) -> None:
    """Write the report of a finished result folder anew."""
    from osteocount.report import write_report

    with _told_if_pdf_goes(folder, is_printed_anew=pdf):
        page = write_report(folder)
    echo(f"report: {page.resolve()}")
    if pdf:
        from osteocount.report.pdf import print_pdf

        echo(f"PDF: {print_pdf(page).resolve()}")


@contextmanager
def _told_if_pdf_goes(results: Path, *, is_printed_anew: bool = False) -> Iterator[None]:
    """Say that the PDF was removed with the page that it was printed from."""
    from osteocount.io.result_folder import REPORT_PDF

    printed = results / REPORT_PDF
    was_printed = printed.exists()
    yield
    if was_printed and not printed.exists() and not is_printed_anew:
        say(f"{REPORT_PDF} was of the page before and was removed; `osteocount report {results} --pdf` prints it anew.")


@with_settings("picture", "segment", "count", "comparison", "qc")
def settings(*, settings: Settings) -> None:
    """Print the settings file with every setting, its range and its help."""
    echo_data(settings.to_toml())


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
    with _told_if_pdf_goes(results):
        outcome = write_again(results)
    for note in outcome.warnings:
        if "corrections found nothing to act on" in note or CLASSIFIER in note:
            say(f"warning: {note}")
    report = (outcome.folder / "report.html").resolve()
    echo(f"{len(edits)} corrections in {results / EDIT_LOG}; report: {report}")


def train(
    results: Results,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The classifier to write (JSON).")],
) -> None:
    """Learn from corrected cells and nuclei which of them are none; refused when it does not help on wells left out."""
    from osteocount.curate.classifier import save
    from osteocount.pipeline.train_classifier import describe_training, train_classifier

    trained = train_classifier(results)
    for name, part in trained.parts().items():
        echo(f"{name}\n{part.by_well.to_string(index=False)}")
    if not trained.useful:
        raise OsteoCountError(f"Not saved: {describe_training(trained)}")
    save(trained.classifier, out)
    echo(f"{describe_training(trained)} Saved in {out}.")


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
        echo(each.summary())
    if out is not None:
        write_table(pd.concat([each.wells.assign(reviewer=each.name) for each in found], ignore_index=True), out)


def repeat(
    record: Annotated[Path, typer.Argument(help="The run.json of a run, or its result folder.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="A new folder for the repeated run.")],
    source: Annotated[
        Path | None, typer.Option(metavar="PATH", help="The pictures, where they are not where they were.")
    ] = None,
    layout: Annotated[Path | None, typer.Option(metavar="FILE", help="The layout, where it has moved.")] = None,
    samples: Annotated[Path | None, typer.Option(metavar="FILE", help="The sample sheet, where it has moved.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that share the pictures.")] = 1,
) -> None:
    """Do a recorded run again, with its corrections, and say what differs: versions, inputs, model, edits, numbers."""
    from osteocount.pipeline.limits import Limits
    from osteocount.pipeline.repeat import repeat as repeat_run

    moved = {"source": source, "layout": layout, "samples": samples}
    changes = {name: path for name, path in moved.items() if path is not None}
    found = follow(repeat_run(record, out, workers=workers, limits=Limits.given(None, None), **changes), quiet=False)
    for sentence in found.sentences():
        echo(sentence)
    if not found.is_same:
        raise typer.Exit(3)
