"""Commands of the statistics: compare, agree, plan."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from osteocount.cli.console import echo, say
from osteocount.cli.options import with_options, with_settings
from osteocount.errors import OsteoCountError
from osteocount.settings import Settings
from osteocount.wells import ColumnNames

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from matplotlib.figure import Figure

Table = Annotated[Path, typer.Argument(help="A CSV table with a row per well, or a result folder.")]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the tables and figures.")]


def column_names(
    count_column: Annotated[str, typer.Option(help="Column with the count per well.")] = "n_osteoclasts",
    area_column: Annotated[str, typer.Option(help="Column with the imaged area per well.")] = "imaged_area_mm2",
    donor_column: Annotated[str, typer.Option(help="Column with the donor.")] = "donor",
    treatment_column: Annotated[str, typer.Option(help="Column with the treatment.")] = "treatment",
    dose_column: Annotated[str, typer.Option(help="Column with the dose, if any.")] = "dose",
    plate_column: Annotated[str, typer.Option(help="Column with the plate, if any.")] = "plate",
    role_column: Annotated[
        str, typer.Option(help="Column that says which wells are vehicle, positive control or blank, if any.")
    ] = "role",
) -> ColumnNames:
    """Return what the user calls the columns of a table."""
    return ColumnNames(
        count_column=count_column,
        area_column=area_column,
        donor_column=donor_column,
        treatment_column=treatment_column,
        dose_column=dose_column,
        plate_column=plate_column,
        role_column=role_column,
    )


@with_settings("comparison")
@with_options(column_names, "columns")
def compare(table: Table, out: Out, *, columns: ColumnNames, settings: Settings) -> None:
    """Compare the arms of any table of wells: ratios, intervals, adjusted p, verdicts, figures."""
    from osteocount import stats
    from osteocount.columns import COMPARISONS
    from osteocount.io.tables import write_table
    from osteocount.stats.estimation_plot import estimation_plot
    from osteocount.stats.figures import dose_response, effect_plot, superplot

    comparison = stats.compare(read_wells(table), settings=settings.comparison, **columns)
    primary = settings.comparison.primary_endpoint
    figures = {
        "superplot": superplot(comparison, endpoint=primary),
        "effects": effect_plot(comparison),
        "estimation": estimation_plot(comparison, primary),
    }
    if comparison.curves:
        figures["dose_response"] = dose_response(comparison, primary)
    write_table(comparison.table, out / "comparisons.csv", COMPARISONS.formats)
    write_table(comparison.donor_table(), out / "donor_values.csv")
    _save(figures, out)
    echo(comparison.summary())


@with_settings("comparison")
@with_options(column_names, "columns")
def agree(
    results: Table,
    manual: Annotated[Path, typer.Argument(help="CSV with columns well and count; plate, field, reader if known.")],
    out: Out,
    *,
    columns: ColumnNames,
    settings: Settings,
) -> None:
    """Compare our counts with those of people: bias, limits of agreement, concordance, and the effect from both."""
    from osteocount.columns import EFFECTS
    from osteocount.io.tables import read_table, write_table
    from osteocount.stats.agreement import agree as agreement_of
    from osteocount.stats.figures import bland_altman

    cells = results / "cells.csv" if results.is_dir() else None
    agreement = agreement_of(
        read_wells(results),
        read_wells(manual),
        cells=read_table(cells) if cells and cells.is_file() else None,
        settings=settings.comparison,
        **columns,
    )
    figures = {"bland_altman": bland_altman(agreement)}
    write_table(agreement.table, out / "agreement.csv")
    write_table(agreement.pairs, out / "pairs.csv")
    if len(agreement.effects):
        write_table(agreement.effects, out / "effects.csv", EFFECTS.formats)
    _save(figures, out)
    echo(agreement.summary())


@with_settings("comparison")
@with_options(column_names, "columns")
def plan(
    pilot: Table,
    out: Out,
    ratio: Annotated[float, typer.Option(help="The rate ratio that matters to you.")] = 1.5,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the simulation.")] = 1,
    runs: Annotated[int, typer.Option(min=100, max=100_000, help="Simulated experiments per design.")] = 2000,
    *,
    columns: ColumnNames,
    settings: Settings,
) -> None:
    """Say how many donors and wells show a given effect, from the variation in a pilot."""
    from osteocount.columns import POWER
    from osteocount.io.tables import write_table
    from osteocount.stats.figures import power_curve
    from osteocount.stats.planning import plan as plan_from

    with _progress() as show:
        planned = plan_from(
            read_wells(pilot), ratio, settings=settings.comparison, seed=seed, runs=runs, progress=show, **columns
        )
    figures = {"power": power_curve(planned)}
    write_table(planned.table, out / "power.csv", POWER.formats)
    _save(figures, out)
    echo(planned.summary())


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """Show a bar on stderr while designs are simulated, where a person is watching."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        shown = bar.add_task("simulating designs", total=None)
        yield lambda done, total: bar.update(shown, completed=done, total=total)


def _save(figures: dict[str, Figure], out: Path) -> None:
    """Write every figure as SVG and PNG; the same figure gives the same bytes."""
    from matplotlib import rc_context

    from osteocount.io.figure_files import write_figure

    with rc_context({"svg.hashsalt": "osteocount"}):
        for name, figure in figures.items():
            for suffix in ("svg", "png"):
                write_figure(figure, out / f"{name}.{suffix}")


def read_wells(path: Path) -> pd.DataFrame:
    """Read a table of wells, or the one of a result folder."""
    from osteocount.io.result_folder import ResultFolder
    from osteocount.io.result_tables import changed_tables
    from osteocount.io.tables import read_table
    from osteocount.plate.spreadsheets import EXCEL_SUFFIXES, read_workbook_table
    from osteocount.text_files import code_page_of

    file = path / "wells.csv" if path.is_dir() else path
    if not file.is_file():
        raise OsteoCountError(f"{file}: there is no such table. Give a CSV file or a result folder with wells.csv.")
    if file.suffix.lower() in EXCEL_SUFFIXES:
        return read_workbook_table(file)
    record = ResultFolder(path).run_record() if path.is_dir() else None
    if record is not None and file.name in changed_tables(path, record):
        say(f"warning: {file} was changed since OsteoCount wrote it; it is taken as it is now.")
    table = read_table(file)
    if page := code_page_of(file.read_bytes()):
        say(f"{file.name} is no Unicode text; it is read as {page}.")
    return table
