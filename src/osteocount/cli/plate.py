"""Commands about plates: plate preview, layout template and check, reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from osteocount.cli.console import echo, printable, say, show_table
from osteocount.errors import OsteoCountError

if TYPE_CHECKING:
    from osteocount.plate.picture_files import PictureFile

MOST_LINES = 60
"""Longer lists are summed up."""

plate_app = typer.Typer(name="plate", help="What the file names of a plate say.", no_args_is_help=True)
layout_app = typer.Typer(name="layout", help="Plate layouts: a template, and a check of yours.", no_args_is_help=True)

ROLE_STYLES = {
    "vehicle": "cyan", "negative control": "cyan", "positive control": "green", "blank": "dim",
    "excluded": "red strike",
}  # fmt: skip

samples_app = typer.Typer(
    name="samples", help="Sample sheets, for pictures whose names hold no well.", no_args_is_help=True
)


@plate_app.command("preview")
def preview(
    folder: Annotated[Path, typer.Argument(help="A folder of pictures.")],
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the table as CSV too.")] = None,
    pattern: Annotated[str | None, typer.Option(help="Own regular expression with named groups.")] = None,
    every: Annotated[bool, typer.Option("--all", help="List every picture, however many there are.")] = False,
) -> None:
    """Show which picture would be which well, before anything is counted."""
    from osteocount.plate.index import index_pictures

    index = index_pictures(folder, pattern=pattern)
    if csv is not None:
        from osteocount.io.tables import write_table

        write_table(index.table(), csv)
    if len(index.entries) <= MOST_LINES or every:
        _print_entries(index.entries, folder)
    _print_plates(index.entries)
    for note in index.notes:
        say(note)
    if index.unmatched:
        names = [path.name for path in index.unmatched]
        more = f" and {len(names) - MOST_LINES} more" if len(names) > MOST_LINES else ""
        say(f"did not fit ({len(names)}): {', '.join(names[:MOST_LINES])}{more}")


def _print_entries(entries: Sequence[PictureFile], source: Path) -> None:
    from osteocount.plate.picture_files import root_of

    root = root_of(source)
    columns = ("plate", "well", "field", "channel", "z", "time", "pattern")
    files = ("/".join(filter(None, [each.path.relative_to(root).as_posix(), each.scene])) for each in entries)
    rows = ((file, *(getattr(each, name) for name in columns)) for file, each in zip(files, entries, strict=True))
    show_table(("file", *columns), rows)


def _print_plates(entries: Sequence[PictureFile]) -> None:
    """One line per plate: how much of everything there is, and where it starts and ends."""
    plates: dict[str, list[PictureFile]] = {}
    for entry in entries:
        plates.setdefault(entry.plate, []).append(entry)
    lines = []
    for plate, own in plates.items():
        wells = list(dict.fromkeys(entry.well for entry in own if entry.well))
        fields = Counter(well for well, _ in {(entry.well, entry.field) for entry in own}).values()
        lines.append({
            "plate": plate or "(no name)", "pictures": str(len(own)), "wells": _extent(wells),
            "fields each": _span(fields), "channels": _kinds(own, "channel"), "planes": _kinds(own, "z"),
            "times": _kinds(own, "time"), "named by": own[0].pattern or "file name",
        })  # fmt: skip
    told = [name for name in lines[0] if any(line[name] for line in lines)] if lines else []
    show_table(told, ([line[name] for name in told] for line in lines))


def _extent(wells: Sequence[str]) -> str:
    return f"{len(wells)} ({wells[0]} to {wells[-1]})" if wells else "none"


def _span(counts: Collection[int]) -> str:
    low, high = min(counts), max(counts)
    return str(low) if low == high else f"{low} to {high}"


def _kinds(entries: Sequence[PictureFile], name: str) -> str:
    found = list(dict.fromkeys(getattr(entry, name) for entry in entries))
    return ", ".join(found) if len(found) <= 4 else str(len(found))


@layout_app.command("template")
def template(
    out: Annotated[Path, typer.Argument(help="The Excel file to write.")],
    wells: Annotated[int, typer.Option(help="6, 12, 24, 48, 96 or 384.")] = 96,
    variables: Annotated[str | None, typer.Option(help="Columns to make, such as treatment,dose,donor,oxygen.")] = None,
    grid: Annotated[bool, typer.Option("--grid", help="A sheet per column, drawn as the plate.")] = False,
) -> None:
    """Write a workbook to fill in: a line per well, what each column means, and a list of roles."""
    from osteocount.plate.layout.template import write_template

    names = None if variables is None else [name for part in variables.split(",") if (name := part.strip())]
    write_template(out, wells=wells, variables=names, grid=grid)
    echo(f"layout: {out}")


@layout_app.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="The layout.")],
    folder: Annotated[Path | None, typer.Argument(help="The pictures it describes.")] = None,
    wells: Annotated[
        int | None, typer.Option(help="Wells of the plate; else the smallest that holds them all.")
    ] = None,
    treatment_column: Annotated[
        str, typer.Option(metavar="HEADING", help="Heading of the treatments, where it is not called treatment.")
    ] = "",
) -> None:
    """Show the plate and every problem of the layout at once."""
    from osteocount.plate.index import index_pictures
    from osteocount.plate.layout.read import check_layout

    pictures = None
    if folder is not None:
        pictures = {(entry.plate, entry.well) for entry in index_pictures(folder).entries if entry.well}
    found = check_layout(file, pictures=pictures, wells=wells, treatment_column=treatment_column)
    for name, grid in found.grids.items():
        _print_grid(name, grid, found.roles.get(name, []))
    for warning in found.warnings:
        say(f"warning: {warning}")
    if found.problems:
        raise OsteoCountError("\n  ".join([f"{file.name}: {len(found.problems)} problems", *found.problems]))
    echo("the layout is complete")


@samples_app.command("template")
def samples_template(
    folder: Annotated[Path, typer.Argument(help="A folder of pictures.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="A .csv or .xlsx; else samples.csv in the folder."),
    ] = None,
) -> None:
    """Write a sheet with every picture, filled from the names of folders and files, to be corrected."""
    from osteocount.plate.sample_template import write_sample_template

    target = out or folder / "samples.csv"
    pictures = write_sample_template(folder, target)
    say(
        f"{pictures} pictures. Correct what was guessed: those with the same donor, treatment, dose and replicate are "
        "fields of one sample; without a replicate every picture is a sample of its own."
    )
    typer.echo(f"samples: {target}")


@samples_app.command("check")
def samples_check(
    file: Annotated[Path, typer.Argument(help="The sample sheet.")],
    folder: Annotated[Path, typer.Argument(help="The folder of pictures.")],
    treatment_column: Annotated[str, typer.Option(help="Heading of the treatments.")] = "",
) -> None:
    """Show which pictures are which sample, and every problem of the sheet at once."""
    from osteocount.plate.samples import read_samples

    index, layout = read_samples(file, folder, treatment_column=treatment_column)
    pictures = Counter((entry.plate, entry.well) for entry in index.entries)
    columns = ("well", "treatment", "dose", "dose_unit", "donor", "role")
    rows = (
        [
            *("" if row[name] != row[name] else str(row[name]) for name in columns),
            str(pictures[row["plate"], row["well"]]),
        ]
        for row in layout.wells.to_dict("records")
    )
    show_table(("sample", *columns[1:], "pictures"), rows)
    for warning in layout.warnings:
        say(f"warning: {warning}")


def _print_grid(name: str, grid: list[list[str]], roles: list[list[str]]) -> None:
    """Draw a plate with a short coloured code in every used well, and say below what each code means."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from osteocount.wells import row_letters

    styles = {
        text: ROLE_STYLES.get(role, "")
        for line, line_roles in zip(grid, roles, strict=True)
        for text, role in zip(line, line_roles, strict=True)
        if text
    }
    codes = {text: row_letters(number).lower() for number, text in enumerate(styles, 1)}
    columns = max(len(row) for row in grid)
    table = Table(
        "",
        *(str(column + 1) for column in range(columns)),
        title=Text(printable(name), "table.title") if name else None,
        box=None,
        padding=(0, 1, 0, 0),
    )
    for number, row in enumerate(grid):
        cells = [Text(codes.get(text, "·"), style=styles.get(text, "dim")) for text in row]
        table.add_row(row_letters(number + 1), *cells)
    console = Console()
    console.print(table)
    for text, code in codes.items():
        console.print(Text(printable(f"  {code}  {text.replace(chr(10), ' · ')}"), style=styles[text]))


def reader(
    file: Annotated[Path, typer.Argument(help="The export of the plate reader: text, CSV or Excel.")],
    out: Annotated[Path | None, typer.Option(metavar="TIDY.csv", help="Where the tidy table goes.")] = None,
    block: Annotated[
        str | None, typer.Option(help="Only this block, by number or name; the list of blocks is printed.")
    ] = None,
) -> None:
    """List the blocks of an absorbance export and write one row per well."""
    from osteocount.io.tables import write_table
    from osteocount.plate.absorbance.read import read_export, tidy

    blocks = read_export(file)
    for number, found in enumerate(blocks, 1):
        wavelength = "" if found.wavelength_nm is None else f", {found.wavelength_nm:g} nm"
        values = f"{found.n_values} of {len(found.readings)} wells have a value"
        say(f"block {number}: {found.name} ({found.where}){wavelength}, {values}, {found.kind}")
    if out is not None:
        write_table(tidy(blocks, block), out)
        echo(f"table: {out}")
