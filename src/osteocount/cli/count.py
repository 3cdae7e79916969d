"""Commands that count pictures: run, count, demo, gui."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from osteocount.cli.console import echo, echo_data, follow, say
from osteocount.cli.options import with_options, with_settings
from osteocount.errors import OsteoCountError
from osteocount.settings import Settings

if TYPE_CHECKING:
    from osteocount.pipeline import Outcome, RunRequest

Source = Annotated[Path, typer.Argument(help="A picture, or a folder of pictures of one or several plates.")]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="The result folder.")]
Layout = Annotated[
    Path | None, typer.Option(metavar="FILE", help="The plate layout: which well got what, from which donor.")
]
Samples = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="A sample sheet instead of a layout: what was done to the pictures of each path."
    ),
]
TreatmentColumn = Annotated[
    str, typer.Option(metavar="HEADING", help="Heading of the treatments, where it is not called treatment.")
]
Reader = Annotated[
    list[Path] | None,
    typer.Option("--reader", metavar="FILE", help="An absorbance export of the same plate; repeat it."),
]
ReaderRole = Annotated[
    list[str] | None, typer.Option(help="What each --reader measured: trap_activity or viability, in the same order.")
]
ReaderBlock = Annotated[str | None, typer.Option(help="Block of the export; `osteocount reader FILE` lists them.")]
ReferenceNm = Annotated[float | None, typer.Option(help="Wavelength to subtract from the reading, in nm.")]
Volume = Annotated[float | None, typer.Option(help="pNPP: volume in the well, µL; with --light-path gives nmol.")]
LightPath = Annotated[float | None, typer.Option(help="pNPP: path of the light through the well, cm.")]
Pattern = Annotated[
    str | None, typer.Option(help="Own pattern for file names: a regular expression with named groups.")
]
PlateWells = Annotated[int | None, typer.Option("--wells", help="Wells of the layout's plate, 6 to 384.")]
OmeZarr = Annotated[
    bool, typer.Option("--ome-zarr", help="Also write an OME-Zarr plate with pictures, labels and tables.")
]
CellProfiler = Annotated[bool, typer.Option("--cellprofiler", help="Also write tables as CellProfiler names them.")]
Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS", help="Send the pictures to a dask cluster, as tcp://10.0.0.5:8786, instead of --workers."
    ),
]
Classifier = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Leave out what this classifier, made by `train`, says is no cell."),
]
PictureMinutes = Annotated[
    float | None, typer.Option(min=0.01, metavar="MIN", help="Give a picture up after so long. [default: 120]")
]
PictureMemory = Annotated[
    float | None,
    typer.Option(
        min=0.01, metavar="GB", help="Give a picture up that takes more. [default: four fifths of the machine's]"
    ),
]
Overwrite = Annotated[
    bool,
    typer.Option("--overwrite", help="Replace the run that DIR holds; corrections by a person stay and are redone."),
]
Resume = Annotated[bool, typer.Option("--resume", help="Finish the run that DIR holds; do only what is missing.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes that share the pictures; results do not depend on it.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say only what went wrong.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print a summary as JSON on stdout.")]

SAMPLE_SEED = 7


def run_options(
    ome_zarr: OmeZarr = False,
    cellprofiler: CellProfiler = False,
    workers: Workers = 1,
    scheduler: Scheduler = None,
    classifier: Classifier = None,
    picture_minutes: PictureMinutes = None,
    picture_memory: PictureMemory = None,
    overwrite: Overwrite = False,
    resume: Resume = False,
) -> dict[str, Any]:
    """Return what both commands are asked alike, as attributes of a `RunRequest`."""
    from osteocount.pipeline.limits import Limits

    if overwrite and resume:
        raise OsteoCountError("--overwrite and --resume exclude each other: one starts anew, the other goes on.")
    asked = {"ome-zarr": ome_zarr, "cellprofiler": cellprofiler}
    return {
        "limits": Limits.given(picture_minutes, picture_memory),
        "exports": [name for name, wanted in asked.items() if wanted],
        "workers": workers,
        "scheduler": scheduler,
        "classifier": classifier,
        "if_present": "overwrite" if overwrite else "resume" if resume else "refuse",
    }


@with_settings("picture", "segment", "count", "comparison", "qc")
@with_options(run_options, "options")
def run(
    source: Source,
    out: Out,
    layout: Layout = None,
    samples: Samples = None,
    treatment_column: TreatmentColumn = "",
    reader: Reader = None,
    reader_role: ReaderRole = None,
    reader_block: ReaderBlock = None,
    reference_nm: ReferenceNm = None,
    pnpp_volume: Volume = None,
    light_path: LightPath = None,
    pattern: Pattern = None,
    wells: PlateWells = None,
    *,
    options: dict[str, Any],
    quiet: Quiet = False,
    as_json: AsJson = False,
    settings: Settings,
) -> None:
    """Count a plate and compare its treatments: tables, label images, overlays and a report."""
    from osteocount.pipeline import AbsorbanceInput, RunRequest
    from osteocount.pipeline.absorbance import match_roles

    readers = [
        AbsorbanceInput(path, role, reader_block, reference_nm, pnpp_volume, light_path)
        for path, role in match_roles(reader or [], reader_role or [])
    ]
    request = RunRequest(
        source, out, settings, layout=layout, samples=samples, treatment_column=treatment_column, readers=readers,
        pattern=pattern, plate_wells=wells, **options,
    )  # fmt: skip
    _run(request, quiet, as_json)


@with_settings("picture", "segment", "count", "qc")
@with_options(run_options, "options")
def count(
    source: Source,
    out: Out,
    *,
    options: dict[str, Any],
    quiet: Quiet = False,
    as_json: AsJson = False,
    settings: Settings,
) -> None:
    """Count pictures without a layout: the same numbers, no comparison."""
    from osteocount.pipeline import RunRequest

    _run(RunRequest(source, out, settings, **options), quiet, as_json)


def demo(
    out: Out = Path("demo_results"),
    images: Annotated[Path, typer.Option(help="The sample plate with its layout.csv.")] = Path("sample_images"),
    workers: Workers = 2,
) -> None:
    """Count the sample plate and print where the report is; simulates the plate where there is none."""
    from osteocount.pipeline import RunRequest

    if not (images / "layout.csv").is_file():
        from osteocount.simulate import default_plate, simulate_plate

        if images.exists() and (not images.is_dir() or any(images.iterdir())):
            raise OsteoCountError(
                f"{images}: holds something, but no sample plate (layout.csv is missing). Give the folder of the "
                "sample plate, or a new one to simulate it into, as --images."
            )
        say(f"{images} is not here; simulating a plate into it.")
        simulate_plate(default_plate(), SAMPLE_SEED, images)
    request = RunRequest(images, out, layout=images / "layout.csv", workers=workers, if_present="overwrite")
    _run(request, quiet=False, as_json=False)


def gui(
    path: Annotated[Path | None, typer.Argument(help="A result folder, a folder of pictures, or a picture.")] = None,
) -> None:
    """Open napari with the OsteoCount dock, and in it what is named."""
    try:
        import napari
    except ImportError as error:
        raise OsteoCountError('napari is not installed. `pip install "osteocount[gui]"` adds it.') from error
    viewer = napari.Viewer()
    _, dock = viewer.window.add_plugin_dock_widget("osteocount", "OsteoCount")
    if path is not None:
        dock.take(path)
    napari.run()


def _run(request: RunRequest, quiet: bool, as_json: bool) -> None:
    from osteocount.pipeline import run_steps
    from osteocount.sample_words import in_words_of, sample_word

    try:
        outcome = follow(run_steps(request), quiet=quiet)
    except KeyboardInterrupt:  # typer would end without a word
        say("stopped. What was finished is kept; --resume goes on from there.")
        raise typer.Exit(130) from None
    word = sample_word(outcome.wells["well"].fillna("").astype(str))
    # Those of the comparison are in the summary.
    said = [in_words_of(word, text) for text in outcome.comparison.warnings] if outcome.comparison else []
    for warning in outcome.warnings if not quiet else ():
        if warning not in said:
            say(f"warning: {warning}")
    for sentence in outcome.bad_wells:
        say(f"{word} not done: {sentence}")
    if as_json:
        echo_data(json.dumps(_summary(outcome), ensure_ascii=False, indent=1))
    elif not quiet:
        if outcome.comparison is not None:
            echo(in_words_of(word, outcome.comparison.summary()))
        echo(f"report: {(outcome.folder / 'report.html').resolve()}")
    if outcome.exit_code:
        raise typer.Exit(outcome.exit_code)


def _summary(outcome: Outcome) -> dict[str, object]:
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
