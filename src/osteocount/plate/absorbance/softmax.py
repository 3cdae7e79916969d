"""The sections of SoftMax Pro: plates without row letters, plates on one long line, and groups that mask wells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from osteocount.plate.absorbance.lists import heading_blocks
from osteocount.plate.absorbance.model import Reading, ReadingBlock
from osteocount.plate.absorbance.values import read_value
from osteocount.plate.numbers import parse_number
from osteocount.plate.spreadsheets import Sheet
from osteocount.wells import parse_well

WellFlags = dict[tuple[str, int, int], str]
"""(plate, row, column) → flag; the plate is "" where a group table names none."""


def is_softmax(sheet: Sheet) -> bool:
    """Say whether the sheet has the sections of SoftMax Pro."""
    return any(row and (row[0].startswith("##BLOCKS=") or _is_plate_line(row)) for row in sheet.rows)


def _is_plate_line(row: list[str]) -> bool:
    return row[0] == "Plate:" and len(row) > 8 and row[3] in ("PlateFormat", "TimeFormat")


def softmax_blocks(sheet: Sheet) -> list[ReadingBlock]:
    """Return the readings of every plate section; wells that a group shows as masked or out of range are flagged."""
    starts = [i for i, row in enumerate(sheet.rows) if row and _is_plate_line(row)]
    blocks: list[ReadingBlock] = []
    for start in starts:
        stop = next((i for i in range(start + 1, len(sheet.rows)) if _ends(sheet.rows[i])), len(sheet.rows))
        read = _time_format if sheet.rows[start][3] == "TimeFormat" else _plate_format
        blocks += read(sheet, start, stop)
    flags = _group_flags(sheet)
    return [_flagged(block, flags) for block in blocks]


def _ends(row: list[str]) -> bool:
    return bool(row) and (row[0].startswith("~End") or _is_plate_line(row))


def _wavelengths(row: list[str]) -> list[float]:
    """Return the wavelengths of a plate line: ``450 570`` behind their number."""
    for count, text in pairwise(row[8:]):
        numbers = re.findall(r"\d{3,4}(?:\.\d+)?", text)
        if count.isdecimal() and int(count) == len(numbers) and re.fullmatch(r"[\d.\s]+", text):
            return [float(number) for number in numbers]
    return []


def _plate_format(sheet: Sheet, start: int, stop: int) -> Iterator[ReadingBlock]:
    """Yield a block per wavelength and read; the grid SoftMax repeats below is what it computed from them."""
    wavelengths = _wavelengths(sheet.rows[start])
    reduced_export = sheet.rows[start][6] == "Reduced"
    headers = [i for i in range(start + 1, stop) if _number_runs(sheet.rows[i])]
    for order, header in enumerate(headers):
        runs = _number_runs(sheet.rows[header])
        end = headers[order + 1] if order + 1 < len(headers) else stop
        for read, lines in enumerate(_line_groups(sheet, header + 1, end), 1):
            for number, run in enumerate(runs):
                yield ReadingBlock(
                    name="",
                    sheet=sheet.name,
                    where=sheet.where(lines[0], min(run)),
                    plate=sheet.rows[start][1],
                    wavelength_nm=_wavelength(sheet, start, lines[0], wavelengths, number),
                    kind="computed" if order or reduced_export else "raw",
                    title=_title(wavelengths, number, read, computed=bool(order)),
                    readings=_readings(sheet, lines, run),
                )


def _wavelength(sheet: Sheet, start: int, line: int, wavelengths: list[float], number: int) -> float | None:
    """Take the wavelength from the plate line, or, of a spectrum, from the start of the line."""
    if sheet.rows[start][4] == "Spectrum":
        return parse_number(sheet.cell(line, 0))
    return wavelengths[number] if number < len(wavelengths) else None


def _title(wavelengths: list[float], number: int, read: int, *, computed: bool) -> str:
    nm = f"{wavelengths[number]:g} nm" if number < len(wavelengths) else f"reading {number + 1}"
    return "reduced" if computed else nm + (f" read {read}" if read > 1 else "")


def _number_runs(cells: list[str]) -> list[dict[int, int]]:
    """Return the runs 1, 2, 3 … of a heading line, each as sheet column → plate column."""
    runs: list[dict[int, int]] = []
    current: dict[int, int] = {}
    for column, cell in enumerate([*cells, ""]):
        number = int(cell) if cell.isascii() and cell.isdecimal() and len(cell) <= 2 else 0
        if current and number != max(current.values()) + 1:
            if len(current) >= 3:
                runs.append(current)
            current = {}
        if number and (current or number == 1 or not runs):
            current[column] = number
    return runs


def _line_groups(sheet: Sheet, first: int, end: int) -> list[list[int]]:
    """Return the groups of lines between empty ones; each group is one read of the plate."""
    groups: list[list[int]] = [[]]
    for row in range(first, end):
        if any(sheet.rows[row]):
            groups[-1].append(row)
        elif groups[-1]:
            groups.append([])
    return [group for group in groups if group]


def _readings(sheet: Sheet, lines: list[int], run: dict[int, int]) -> tuple[Reading, ...]:
    return tuple(
        Reading(plate_row, plate_column, *(read_value(sheet.cell(line, column)) or (None, "invalid")))
        for plate_row, line in enumerate(lines, 1)
        for column, plate_column in run.items()
    )


def _time_format(sheet: Sheet, start: int, stop: int) -> Iterator[ReadingBlock]:
    """Yield a block per wavelength and time of a plate whose wells stand side by side on long lines."""
    wavelengths = _wavelengths(sheet.rows[start])
    per_line: dict[str, int] = {}
    for block in heading_blocks(sheet, start=start + 1, stop=stop):
        line = re.sub(r"(?:cell [A-Z]+|column \d+$)", "", block.where)
        number = per_line[line] = per_line.get(line, -1) + 1
        nm = block.wavelength_nm or (wavelengths[number] if number < len(wavelengths) else None)
        seen_lines = len(per_line)
        title = _title(wavelengths, number, seen_lines, computed=False)
        yield replace(block, plate=sheet.rows[start][1], wavelength_nm=nm, title=title)


def _group_flags(sheet: Sheet) -> WellFlags:
    """Collect what the group tables say about wells: the reading behind the well is ``Masked`` or ``Range?``."""
    flags: WellFlags = {}
    wells = plates = None
    reading = 0
    for row in sheet.rows:
        if "Wells" in row or "Well" in row:
            wells = row.index("Wells" if "Wells" in row else "Well")
            plates = row.index("WellPlateName") if "WellPlateName" in row else None
            reading = next((i for i, cell in enumerate(row) if i > wells and cell in ("OD", "Values")), wells + 1)
        elif wells is not None and len(row) > reading and (place := parse_well(row[wells])):
            _, flag = read_value(row[reading]) or (None, "")
            plate = row[plates] if plates is not None and len(row) > plates else ""
            if flag in ("masked", "out_of_range"):
                flags[plate, *place] = flag
        elif not any(row):
            wells = None
    return flags


def _flagged(block: ReadingBlock, flags: WellFlags) -> ReadingBlock:
    def flag(reading: Reading) -> str:
        found = flags.get((block.plate, *reading.position)) or flags.get(("", *reading.position))
        return ";".join(dict.fromkeys(part for part in (reading.flag, found) if part))

    return replace(block, readings=tuple(replace(r, flag=flag(r)) for r in block.readings))
