"""Commands that read tables: compare, agree, plan, report, settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from osteocount.cli.options import with_settings
from osteocount.errors import OsteoCountError
from osteocount.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

Table = Annotated[Path, typer.Argument(help="A CSV table with a row per well, or a result folder.")]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the tables and figures.")]
CountColumn = Annotated[str, typer.Option(help="Column with the count per well.")]
AreaColumn = Annotated[str, typer.Option(help="Column with the imaged area per well.")]
DonorColumn = Annotated[str, typer.Option(help="Column with the donor.")]
TreatmentColumn = Annotated[str, typer.Option(help="Column with the treatment.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.command("compare")(compare)
    app.command("agree")(agree)
    app.command("plan")(plan)
    app.command("report")(report)
    app.command("settings")(settings_file)


@with_settings("comparison")
def compare(
    table: Table,
    out: Out,
    count_column: CountColumn = "n_osteoclasts",
    area_column: AreaColumn = "imaged_area_mm2",
    donor_column: DonorColumn = "donor",
    treatment_column: TreatmentColumn = "treatment",
    *,
    settings: Settings,
) -> None:
    """Compare the arms of any table of wells: ratios, intervals, adjusted p, verdicts, figures."""
    from osteocount import stats
    from osteocount.io.tables import write_table
    from osteocount.pipeline import COMPARISON_FORMATS
    from osteocount.stats.figures import effect_plot, superplot

    wells = read_wells(table)
    comparison = stats.compare(
        wells,
        settings=settings.comparison,
        count_column=count_column,
        area_column=area_column,
        donor_column=donor_column,
        treatment_column=treatment_column,
    )
    out.mkdir(parents=True, exist_ok=True)
    write_table(comparison.table, out / "comparisons.csv", COMPARISON_FORMATS)
    for name, figure in (("superplot", superplot(comparison, wells)), ("effects", effect_plot(comparison))):
        for suffix in ("svg", "png"):
            figure.savefig(out / f"{name}.{suffix}")
    typer.echo(comparison.summary())


def agree(
    results: Table,
    manual: Annotated[Path, typer.Argument(help="CSV with columns well and count; plate, field, reader if known.")],
    out: Out,
) -> None:
    """Compare our counts with those of a person: bias, limits of agreement, concordance."""
    from osteocount.io.tables import write_table
    from osteocount.stats.agreement import agree as agreement_of
    from osteocount.stats.figures import bland_altman

    agreement = agreement_of(read_wells(results), read_wells(manual))
    out.mkdir(parents=True, exist_ok=True)
    write_table(agreement.table, out / "agreement.csv")
    for suffix in ("svg", "png"):
        bland_altman(agreement).savefig(out / f"bland_altman.{suffix}")
    typer.echo(agreement.summary())


@with_settings("comparison")
def plan(
    pilot: Table,
    out: Out,
    ratio: Annotated[float, typer.Option(min=0.01, help="The rate ratio that matters to you.")] = 1.5,
    seed: Annotated[int, typer.Option(help="Seed of the simulation.")] = 1,
    *,
    settings: Settings,
) -> None:
    """Say how many donors and wells show a given effect, from the variation in a pilot."""
    from osteocount.io.tables import write_table
    from osteocount.stats.figures import power_curve
    from osteocount.stats.planning import plan as plan_from

    planned = plan_from(read_wells(pilot), ratio, settings=settings.comparison, seed=seed)
    out.mkdir(parents=True, exist_ok=True)
    write_table(planned.table, out / "power.csv")
    for suffix in ("svg", "png"):
        power_curve(planned).savefig(out / f"power.{suffix}")
    typer.echo(planned.summary())


def report(folder: Annotated[Path, typer.Argument(help="A finished result folder.")]) -> None:
    """Write the report of a finished result folder anew."""
    from osteocount.report import write_report

    typer.echo(f"report: {write_report(folder).resolve()}")


@with_settings("picture", "segment", "count", "comparison", "qc")
def settings_file(*, settings: Settings) -> None:
    """Print the settings file with every setting, its range and its help."""
    typer.echo(settings.to_toml())


def read_wells(path: Path) -> pd.DataFrame:
    """Read a table of wells, or the one of a result folder."""
    from osteocount.io.tables import read_table

    file = path / "wells.csv" if path.is_dir() else path
    if not file.is_file():
        raise OsteoCountError(f"{file}: there is no such table. Give a CSV file or a result folder with wells.csv.")
    return read_table(file)
