"""What was done to each well: layouts from Excel, CSV, TSV and wellmap files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from osteocount.errors import OsteoCountError
from osteocount.names import fold
from osteocount.plate.layout.entries import table_entries
from osteocount.plate.layout.model import Layout, LayoutCheck, LayoutEntries, layout_of
from osteocount.plate.layout.platemap import platemap_entries
from osteocount.plate.layout.rules import resolve
from osteocount.plate.layout.wellmap import wellmap_entries
from osteocount.wells import LEFT_OUT_ROLES, PLATE_SHAPES, plate_size, refuse_plate_size, well_name

_MOST_LISTED = 6  # wells in one sentence


def read_layout(path: Path, *, wells: int | None = None, treatment_column: str = "") -> Layout:
    """Read a layout.

    Parameters
    ----------
    path
        ``.xlsx`` (a sheet per variable, grids stacked on a sheet, or a long table), CSV or TSV (grids or a long
        table), or wellmap TOML.
    wells
        Number of wells of the plate (6 to 384). Without it the plate is the one a grid is drawn for, else the
        smallest that fits; a few wells outside a 96-well plate are then taken for slips.
    treatment_column
        Heading of the column, sheet or grid that holds the treatment, where it is not called so.

    Raises
    ------
    OsteoCountError
        With every problem of the file in one message, each with sheet and cell or line and column.
    """
    rows, warnings, problems = _read(path, wells, treatment_column)
    if problems:
        raise OsteoCountError(_in_words(path, problems))
    return layout_of(path, rows, warnings)


def check_layout(
    path: Path,
    *,
    pictures: set[tuple[str, str]] | None = None,
    wells: int | None = None,
    treatment_column: str = "",
) -> LayoutCheck:
    """Look at a layout without using it: all problems, warnings, and the plates drawn as tables.

    Parameters
    ----------
    path, wells, treatment_column
        As in :func:`read_layout`.
    pictures
        (plate, well) of the pictures that exist; wells without a picture and pictures without a layout well are then
        named among the warnings.
    """
    try:
        rows, warnings, problems = _read(path, wells, treatment_column)
    except OsteoCountError as error:
        return LayoutCheck((str(error),))
    if pictures is not None:
        places = {(str(r["plate"]), str(r["well"])) for r in rows}
        missing, extra = compare_wells(places, pictures, pictureless(rows))
        warnings += [f"Well {_named(w)} of the layout has no picture." for w in missing]
        warnings += [f"Pictures of well {_named(w)} have no layout well." for w in extra]
    grids, roles = _plates(rows, wells)
    return LayoutCheck(tuple(problems), tuple(warnings), grids, roles, frozenset(pictureless(rows)))


def pictureless(rows: Iterable[Mapping[Any, object]]) -> set[tuple[str, str]]:
    """Return the wells of a layout that nobody expects to have a picture: blanks and excluded ones."""
    return {(str(row["plate"]), str(row["well"])) for row in rows if row["role"] in LEFT_OUT_ROLES}


def compare_wells(
    layout: set[tuple[str, str]],
    pictures: set[tuple[str, str]],
    without_picture: Collection[tuple[str, str]] = (),
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the layout's wells without a picture and the pictures' wells without a layout well, as (plate, well).

    A layout that names no plate holds for every plate of the pictures, and the reverse; one plate on either side is the
    same plate. Names of plates that differ in spelling only are one. Wells of ``without_picture`` need none.
    """
    wanted, taken = _on_the_same_plates(layout.difference(without_picture), pictures)
    named, shown = _on_the_same_plates(layout, pictures)
    return sorted(wanted - taken), sorted(shown - named)


def _on_the_same_plates(
    layout: set[tuple[str, str]], pictures: set[tuple[str, str]]
) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Return both with the same names for the same plates."""
    names = {fold(plate): plate for plate, _ in pictures}
    layout = {(names.get(fold(plate), plate), well) for plate, well in layout}
    if len({plate for plate, _ in layout}) == len({plate for plate, _ in pictures}) == 1:
        plate = next(iter(pictures))[0] or next(iter(layout))[0]
        layout, pictures = ({(plate, well) for _, well in each} for each in (layout, pictures))
    if {plate for plate, _ in layout} == {""} or {plate for plate, _ in pictures} == {""}:
        plates = sorted({plate for plate, _ in layout | pictures} - {""}) or [""]
        layout = {(p, well) for plate, well in layout for p in ([plate] if plate else plates)}
        pictures = {(p, well) for plate, well in pictures for p in ([plate] if plate else plates)}
    return layout, pictures


def misfits_in_words(missing: list[tuple[str, str]], extra: list[tuple[str, str]]) -> tuple[str, ...]:
    """Say in a sentence each which wells of a layout have no picture, and which pictures' wells are not in it."""
    said = []
    if missing:
        said.append(f"Without a picture, though the layout names them ({len(missing)}): {_listed(missing)}.")
    if extra:
        said.append(f"Not in the layout, though there are pictures ({len(extra)}): {_listed(extra)}.")
    return tuple(said)


def _listed(places: list[tuple[str, str]]) -> str:
    more = f" and {len(places) - _MOST_LISTED} more" if len(places) > _MOST_LISTED else ""
    return ", ".join(map(_named, places[:_MOST_LISTED])) + more


def _read(path: Path, wells: int | None, treatment_column: str) -> tuple[list[dict[str, object]], list[str], list[str]]:
    """Return rows, warnings and problems; raises only when there is nothing to look at."""
    if wells is not None:
        refuse_plate_size(wells)
    collected = _entries(path, treatment_column)
    rows, warnings = resolve(collected, wells)
    return rows, [*collected.notes, *warnings], collected.problems


def _entries(path: Path, treatment_column: str) -> LayoutEntries:
    suffix = path.suffix.lower()
    if suffix == ".toml":
        return wellmap_entries(path, treatment_column)
    return platemap_entries(path) if suffix in (".platemap", ".xml") else table_entries(path, treatment_column)


def _in_words(path: Path, problems: list[str]) -> str:
    if len(problems) == 1:
        return f"{path}: {problems[0]}"
    lines = "".join(f"\n  {number}. {problem}" for number, problem in enumerate(problems, 1))
    return f"{path}: {len(problems)} problems in the layout.{lines}"


def _named(place: tuple[str, str]) -> str:
    return " ".join(part for part in place if part)


def _plates(
    rows: list[dict[str, object]], wells: int | None
) -> tuple[dict[str, list[list[str]]], dict[str, list[list[str]]]]:
    """Draw every plate as a table of words and one of roles."""
    grids: dict[str, list[list[str]]] = {}
    roles: dict[str, list[list[str]]] = {}
    shape = PLATE_SHAPES[wells if wells in PLATE_SHAPES else plate_size(str(r["well"]) for r in rows)]
    for plate in sorted({str(r["plate"]) for r in rows}):
        cells = {str(r["well"]): r for r in rows if r["plate"] == plate}
        names = [[well_name(r, c) for c in range(1, shape[1] + 1)] for r in range(1, shape[0] + 1)]
        grids[plate] = [[_cell_in_words(cells[w]) if w in cells else "" for w in line] for line in names]
        roles[plate] = [[str(cells[w]["role"]) if w in cells else "" for w in line] for line in names]
    return grids, roles


def _cell_in_words(row: dict[str, object]) -> str:
    dose = row["dose"]
    amount = f"{dose:g} {row['dose_unit']}".strip() if isinstance(dose, float) and dose == dose else ""
    reason = f"excluded: {row['exclude_reason']}" if row["role"] == "excluded" else str(row["role"])
    return "\n".join(part for part in (str(row["treatment"]), amount, str(row["donor"]), reason) if part)
