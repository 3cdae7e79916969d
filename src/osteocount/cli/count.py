"""Commands that count pictures: run, count, demo, gui."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from osteocount.cli.console import follow, say
from osteocount.cli.options import with_settings
from osteocount.errors import OsteoCountError
from osteocount.settings import Settings

if TYPE_CHECKING:
    from osteocount import pipeline

Source = Annotated[Path, typer.Argument(help="A picture, or a folder of pictures of one or several plates.")]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="The result folder.")]
Layout = Annotated[
    Path | None, typer.Option(metavar="FILE", help="The plate layout: which well got what, from which donor.")
]
Pattern = Annotated[
    str | None, typer.Option(help="Own pattern for file names: a regular expression with named groups.")
]
Workers = Annotated[int, typer.Option(min=1, help="Processes that share the pictures; results do not depend on it.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the run that DIR holds.")]
Resume = Annotated[bool, typer.Option("--resume", help="Finish the run that DIR holds; do only what is missing.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say only what went wrong.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print a summary as JSON on stdout.")]

DEMO_CONTROL = "vehicle"


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.command("run")(run)
    app.command("count")(count)
    app.command("demo")(demo)
    app.command("gui")(gui)


@with_settings("picture", "segment", "count", "comparison")
def run(
    source: Source,
    out: Out,
    layout: Layout = None,
    pattern: Pattern = None,
    workers: Workers = 1,
    overwrite: Overwrite = False,
    resume: Resume = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
    *,
    settings: Settings,
) -> None:
    """Count a plate and compare its treatments: tables, label images, overlays and a report."""
    _run(source, out, settings, layout, pattern, workers, overwrite, resume, quiet, as_json)


@with_settings("picture", "segment", "count")
def count(
    source: Source,
    out: Out,
    workers: Workers = 1,
    overwrite: Overwrite = False,
    resume: Resume = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
    *,
    settings: Settings,
) -> None:
    """Count pictures without a layout: the same numbers, no comparison."""
    _run(source, out, settings, None, None, workers, overwrite, resume, quiet, as_json)


def demo(
    out: Out = Path("demo_results"),
    images: Annotated[Path, typer.Option(help="The sample plate with its layout.csv.")] = Path("sample_images"),
    workers: Workers = 1,
) -> None:
    """Count the sample plate and open nothing: print where the report is."""
    if not (images / "layout.csv").is_file():
        from osteocount.simulate import PlateDesign, simulate_plate

        say(f"{images} is not here; simulating a plate into it.")
        simulate_plate(PlateDesign(), 7, images)
    _run(images, out, Settings(), images / "layout.csv", None, workers, True, False, False, False)


def gui() -> None:
    """Open napari with the OsteoCount dock."""
    try:
        import napari
    except ImportError as error:
        raise OsteoCountError('napari is not installed. `pip install "osteocount[gui]"` adds it.') from error
    viewer = napari.Viewer()
    viewer.window.add_plugin_dock_widget("osteocount", "OsteoCount")
    napari.run()


def _run(
    source: Path,
    out: Path,
    settings: Settings,
    layout: Path | None,
    pattern: str | None,
    workers: int,
    overwrite: bool,
    resume: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    from osteocount import pipeline

    if overwrite and resume:
        raise OsteoCountError("--overwrite and --resume exclude each other: one starts anew, the other goes on.")
    if_present: Literal["refuse", "resume", "overwrite"] = (
        "overwrite" if overwrite else "resume" if resume else "refuse"
    )
    steps = pipeline.run(source, out, settings, layout=layout, pattern=pattern, workers=workers, if_present=if_present)
    outcome = follow(steps, quiet=quiet)
    for warning in outcome.warnings if not quiet else ():
        say(f"warning: {warning}")
    for sentence in outcome.bad_wells:
        say(f"well not done: {sentence}")
    if as_json:
        typer.echo(json.dumps(_summary(outcome), ensure_ascii=False, indent=1))
    elif not quiet:
        if outcome.comparison is not None:
            typer.echo(outcome.comparison.summary())
        typer.echo(f"report: {(outcome.folder / 'report.html').resolve()}")
    if outcome.exit_code:
        raise typer.Exit(outcome.exit_code)


def _summary(outcome: pipeline.Outcome) -> dict[str, object]:
    wells = outcome.wells
    return {
        "folder": str(outcome.folder),
        "report": str(outcome.folder / "report.html"),
        "wells": wells["status"].value_counts().to_dict(),
        "n_osteoclasts": int(wells["n_osteoclasts"].fillna(0).sum()),
        "bad_wells": list(outcome.bad_wells),
        "warnings": list(outcome.warnings),
        "summary": outcome.comparison.summary() if outcome.comparison else None,
    }
