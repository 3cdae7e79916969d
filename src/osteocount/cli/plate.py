"""Commands about plates: plate preview, layout template and check, reader."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from osteocount.cli.console import say
from osteocount.errors import OsteoCountError

plate_app = typer.Typer(name="plate", help="What the file names of a plate say.", no_args_is_help=True)
layout_app = typer.Typer(name="layout", help="Plate layouts: a template, and a check of yours.", no_args_is_help=True)

ROLE_STYLES = {
    "vehicle": "cyan", "negative control": "cyan", "positive control": "green", "blank": "dim",
    "excluded": "red strike",
}  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.add_typer(plate_app)
    app.add_typer(layout_app)
    app.command("reader")(reader)


@plate_app.command("preview")
def preview(
    folder: Annotated[Path, typer.Argument(help="A folder of pictures.")],
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the table as CSV too.")] = None,
    pattern: Annotated[str | None, typer.Option(help="Own regular expression with named groups.")] = None,
) -> None:
    """Show which picture would be which well, before anything is counted."""
    from rich.console import Console
    from rich.table import Table

    from osteocount.io.tables import write_table
    from osteocount.plate.index import index_pictures

    index = index_pictures(folder, pattern=pattern)
    frame = index.table()
    if csv is not None:
        write_table(frame, csv)
    shown = Table(*frame.columns)
    for row in frame.astype("string").fillna("").itertuples(index=False):
        shown.add_row(*row)
    Console().print(shown)
    for note in index.notes:
        say(note)
    for path in index.unmatched:
        say(f"did not fit: {path.name}")
    if not len(frame):
        raise OsteoCountError(f"{folder}: no picture found.")


@layout_app.command("template")
def template(
    out: Annotated[Path, typer.Argument(help="The Excel file to write.")],
    wells: Annotated[int, typer.Option(help="6, 12, 24, 48, 96 or 384.")] = 96,
    variables: Annotated[str | None, typer.Option(help="Sheets to make, such as treatment,dose,donor,oxygen.")] = None,
) -> None:
    """Write a workbook to fill in: a sheet per variable and one long table."""
    from osteocount.plate.layout import write_template

    if out.exists():
        raise OsteoCountError(f"{out} exists already; give another name, so that a filled layout is never lost.")
    names = None if variables is None else [name for part in variables.split(",") if (name := part.strip())]
    write_template(out, wells=wells, variables=names)
    typer.echo(f"layout: {out}")


@layout_app.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="The layout.")],
    folder: Annotated[Path | None, typer.Argument(help="The pictures it describes.")] = None,
    wells: Annotated[
        int | None, typer.Option(help="Wells of the plate; else the smallest that holds them all.")
    ] = None,
) -> None:
    """Show the plate and every problem of the layout at once."""
    from osteocount.plate.index import index_pictures
    from osteocount.plate.layout import check_layout

    pictures = None
    if folder is not None:
        pictures = {(entry.plate, entry.well) for entry in index_pictures(folder).entries if entry.well}
    found = check_layout(file, pictures=pictures, wells=wells)
    for name, grid in found.grids.items():
        _print_grid(name, grid, found.roles.get(name, []))
    for warning in found.warnings:
        say(f"warning: {warning}")
    if found.problems:
        raise OsteoCountError("\n  ".join([f"{file.name}: {len(found.problems)} problems", *found.problems]))
    typer.echo("the layout is complete")


def _print_grid(name: str, grid: list[list[str]], roles: list[list[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from osteocount.plate.wells import row_letters

    columns = max(len(row) for row in grid)
    table = Table("", *(str(column + 1) for column in range(columns)), title=name or None)
    for number, (row, row_roles) in enumerate(zip(grid, roles, strict=True)):
        cells = [Text(text, style=ROLE_STYLES.get(role, "")) for text, role in zip(row, row_roles, strict=True)]
        table.add_row(row_letters(number), *cells)
    Console().print(table)


def reader(
    file: Annotated[Path, typer.Argument(help="The export of the plate reader: text, CSV or Excel.")],
    out: Annotated[Path | None, typer.Option(metavar="TIDY.csv", help="Where the tidy table goes.")] = None,
    block: Annotated[str | None, typer.Option(help="Only this block; the list of blocks is printed.")] = None,
) -> None:
    """List the blocks of an absorbance export and write one row per well."""
    from osteocount.io.tables import write_table
    from osteocount.plate.reader import read_export, tidy

    blocks = read_export(file)
    for found in blocks:
        wavelength = "" if found.wavelength_nm is None else f", {found.wavelength_nm:g} nm"
        say(f"block {found.name}: {found.title or found.where}{wavelength}, {len(found.readings)} wells, {found.kind}")
    if out is not None:
        write_table(tidy(blocks, block), out)
        typer.echo(f"table: {out}")
