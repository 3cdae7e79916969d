"""Layouts in wellmap's form: ``[expt]``, ``[row.A]``, ``[col.1]``, ``[block.2x3.A1]``, ``[well.A1]``, ``[plate.X]``.

The form is described at https://wellmap.readthedocs.io; what is more specific wins: well over block over row and
column over expt. ``irow``, ``icol`` and included files are refused rather than misread.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

from osteocount.errors import OsteoCountError
from osteocount.input_files import read_bytes
from osteocount.plate.layout.headings import column_of
from osteocount.plate.layout.model import LayoutEntries, LayoutEntry
from osteocount.text_files import decode_unicode
from osteocount.wells import WellPosition, on_a_plate, parse_well, row_number, well_name

_SECTIONS = ("expt", "row", "col", "block", "well")


def wellmap_entries(path: Path, treatment_column: str = "") -> LayoutEntries:
    """Collect what a wellmap file says about wells, and what is wrong with it.

    Raises
    ------
    OsteoCountError
        The file cannot be read, is no TOML, or names no wells.
    """
    collected = LayoutEntries()
    problems = collected.problems
    try:
        tables = tomllib.loads(decode_unicode(read_bytes(path)))
    except OSError as error:
        raise OsteoCountError(f"{path}: cannot be read ({error.strerror}).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OsteoCountError(f"{path}: not a TOML file ({error}).") from error
    if isinstance(tables.get("meta"), dict) and "include" in tables["meta"]:
        problems.append("[meta] include: other files are not read; put everything into this one.")
    problems.extend(
        f"[{key}]: not read; use {', '.join(_SECTIONS)} and plate."
        for key in sorted(set(tables) - {*_SECTIONS, "plate", "meta"})
    )
    _check_depth(path, tables, "")
    shared = {key: value for key, value in tables.items() if key in _SECTIONS}
    plates = tables.get("plate") or {"": {}}
    for name, own in plates.items():
        nested = {key: value for key, value in own.items() if key in _SECTIONS}
        own_values = {key: value for key, value in own.items() if key not in _SECTIONS}
        wells: dict[WellPosition, dict[str, tuple[Any, str]]] = {}
        for tables_here, label in ((shared, ""), (nested, f"plate.{name}.")):
            _apply(tables_here, label, wells, problems)
        for place, cells in sorted(wells.items()):
            merged = {**cells, **{k: (v, f"[plate.{name}]") for k, v in own_values.items() if k not in cells}}
            for variable, (value, where) in merged.items():
                column, unit = column_of(variable, treatment_column)
                collected.entries.append(LayoutEntry((str(name), *place), column, str(value), where, unit))
    if not collected.entries and not problems:
        raise OsteoCountError(f"{path}: no wells in this wellmap file.")
    return collected


def _check_depth(path: Path, tables: dict[str, Any], label: str) -> None:
    """Refuse sections that hold a value where a table belongs."""
    for section, depth in {"expt": 0, "row": 1, "col": 1, "well": 1, "block": 2, "plate": 1}.items():
        level = [tables[section]] if section in tables else []
        for _ in range(depth + 1):
            if not all(isinstance(table, dict) for table in level):
                raise OsteoCountError(
                    f"{path}: [{label}{section}] holds a value where a table such as [well.A1] belongs."
                )
            level = [value for table in level for value in table.values()]
    for name, own in tables.get("plate", {}).items() if not label else ():
        _check_depth(path, own, f"plate.{name}.")


def _apply(
    tables: dict[str, Any], label: str, wells: dict[WellPosition, dict[str, tuple[Any, str]]], problems: list[str]
) -> None:
    """Write one set of sections over the wells, from the general to the particular."""
    rows = {r: (v, k) for k, v in tables.get("row", {}).items() for r in _rows(k, label, problems)}
    columns = {c: (v, k) for k, v in tables.get("col", {}).items() for c in _columns(k, label, problems)}
    layers: list[tuple[WellPosition, dict[str, Any], str]] = []
    # A well is where a named row meets a named column.
    for (row, (values, row_key)), (column, (more, column_key)) in product(rows.items(), columns.items()):
        layers += [
            ((row, column), values, f"[{label}row.{row_key}]"),
            ((row, column), more, f"[{label}col.{column_key}]"),
        ]
    for size, blocks in tables.get("block", {}).items():
        for key, values in blocks.items():
            where = f"[{label}block.{size}.{key}]"
            layers += [(place, values, where) for place in _block(size, key, where, problems)]
    for key, values in tables.get("well", {}).items():
        layers += [(place, values, f"[{label}well.{key}]") for place in _wells(key, f"[{label}well.{key}]", problems)]
    for place, _, _ in layers:
        wells.setdefault(place, {})
    for place in wells:
        wells[place] |= {k: (v, f"[{label}expt]") for k, v in tables.get("expt", {}).items() if k not in wells[place]}
    for place, values, where in layers:
        wells[place] |= {k: (v, where) for k, v in values.items()}


def _rows(key: str, label: str, problems: list[str]) -> list[int]:
    return _series(key, row_number, r"[A-Za-z]{1,2}", f"[{label}row.{key}]", problems)


def _columns(key: str, label: str, problems: list[str]) -> list[int]:
    return _series(key, int, r"\d{1,2}", f"[{label}col.{key}]", problems)


def _series(key: str, number: Callable[[str], int], form: str, where: str, problems: list[str]) -> list[int]:
    """Read ``A``, ``A,B``, ``A,...,H`` or ``A,C,...,G``."""
    items = [item.strip() for item in key.split(",")]
    if not all(item == "..." or re.fullmatch(form, item) for item in items) or items[0] == "..." or items[-1] == "...":
        problems.append(f"{where}: {key!r} is not understood.")
        return []
    values: list[int] = []
    for i, item in enumerate(items):
        if item != "...":
            values.append(number(item))
            continue
        step = values[-1] - values[-2] if len(values) > 1 else 1
        values += range(values[-1] + step, number(items[i + 1]), step) if step > 0 else []
    return values


def _wells(key: str, where: str, problems: list[str]) -> list[WellPosition]:
    """Read ``A1``, ``A1,B2`` or a rectangle ``A1,...,C4``."""
    items = [item.strip() for item in key.split(",")]
    places = [parse_well(item) for item in items if item != "..."]
    if None in places or not places:
        problems.append(f"{where}: {key!r} names no well (A1 … P24).")
        return []
    found = [place for place in places if place]
    if "..." not in items:
        return found
    (top, left), (bottom, right) = found[0], found[-1]
    return [(row, column) for row in range(top, bottom + 1) for column in range(left, right + 1)]


def _block(size: str, key: str, where: str, problems: list[str]) -> list[WellPosition]:
    """Read ``[block.WxH.A1]``: W columns by H rows from the top left well."""
    match = re.fullmatch(r"(\d{1,2})x(\d{1,2})", size)
    corners = _wells(key, where, problems)
    if match is None:
        problems.append(f"{where}: a block is named by its width and height, as in [block.2x3.A1].")
        return []
    width, height = int(match[1]), int(match[2])
    places = [(row + i, column + j) for row, column in corners for i in range(height) for j in range(width)]
    if not all(on_a_plate(*place) for place in places):
        problems.append(f"{where}: the block leaves the plate, whose last well is {well_name(32, 48)} at most.")
        return []
    return places
