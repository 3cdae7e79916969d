"""What the lines above a block of readings say about it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from osteocount.plate.spreadsheets import Sheet

_PLATE_LABEL = re.compile(r"(?i)(?:plate(?: (?:number|name|id))?|barcode|plate barcode):?")

_SETTING = re.compile(r"(?i)(?:temperature?|start time|end time|date|gain|shak\w+)\b.*[:\d].*")
_TABLES = re.compile(r"(?:Plate|Background) information\s*")


@dataclass(frozen=True)
class HeadingContext:
    """What the lines above a grid say about it."""

    plate: str = ""
    headings: tuple[str, ...] = ()
    title: str = ""
    formula: bool = False


def context_above(sheet: Sheet, start: int, header_row: int, plate: str) -> HeadingContext:
    """Read the lines between what was read before and a table, nearest first."""
    lines = [(row, [cell for cell in sheet.rows[row] if cell]) for row in range(start, header_row)]
    return context_of(sheet, [(row, cells) for row, cells in lines if cells], header_row, plate)


def context_of(sheet: Sheet, lines: list[tuple[int, list[str]]], header_row: int, plate: str) -> HeadingContext:
    """Read lines above a table, each with its number and its texts."""
    headings: list[str] = []
    title = ""
    formula = False
    for row, cells in lines:
        if cells[:2] in (["Plate", "Repeat"], ["Barcode", "Repeat"]) and row + 1 < header_row:  # EnVision, Kaleido
            named = sheet.cell(row + 1, 0)
            plate, formula = f"Plate {named}" if cells[0] == "Plate" else named, "Formula" in cells
            title = _labelled(sheet, row) or title
            continue
        if cells[:2] == ["Plate", "Label"] and row + 1 < header_row:
            title = _labelled(sheet, row) or title
            continue
        named = plate_in(cells)
        plate = named or plate
        headings.append(" ".join(cells))
        # Longer lines are tables, and those of EnVision name themselves; what is set says nothing beside another title.
        says = len(cells) <= 3 and not named and not _TABLES.fullmatch(cells[0])
        title = headings[-1] if says and not (title and _SETTING.fullmatch(headings[-1])) else title
    return HeadingContext(plate, tuple(reversed(headings)), title, formula)


def _labelled(sheet: Sheet, row: int) -> str:
    """Return what stands below the heading ``Label`` (``BCA Absorbance @ 562(1)``: a label and its group)."""
    column = next((c for c, cell in enumerate(sheet.rows[row]) if cell == "Label"), None)
    return re.sub(r"\(\d+\)$", "", sheet.cell(row + 1, column)) if column is not None else ""


def plate_in(cells: list[str]) -> str:
    """Return the plate a line names (``Plate Number | Plate 1``, ``Plate 2``, ``Barcode: X, PlateRepeat: 1``)."""
    if len(cells) == 2 and _PLATE_LABEL.fullmatch(cells[0]) and not _PLATE_LABEL.fullmatch(cells[1]):
        return cells[1]
    first = cells[0]
    if re.fullmatch(r"(?i)plate[ _-]?\d+", first):
        return first
    match = re.fullmatch(r"(?i)(?:ID\d: ?|barcode: ?|plate(?: name| id| number)?: ?)(.+)", first)
    if match and (not first.startswith("ID") or "plate" in first.lower()):
        return match[1].strip()
    return ""
