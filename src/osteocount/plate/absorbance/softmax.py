"""The sections of SoftMax Pro: plates without row letters, plates on one long line, and groups that mask wells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from osteocount.errors import OsteoCountError
from osteocount.plate.absorbance.lists import heading_runs
from osteocount.plate.absorbance.model import Reading, ReadingBlock
from osteocount.plate.absorbance.values import read_value, signal_of
from osteocount.plate.numbers import parse_number
from osteocount.plate.spreadsheets import Sheet
from osteocount.wells import PLATE_SHAPES, parse_well

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
        section = _section(sheet, start, stop)
        blocks += [_with_signal(block, section, sheet.rows[start][5]) for block in read(sheet, section)]
    flags = _group_flags(sheet)
    return [_flagged(block, flags) for block in blocks]


def _with_signal(block: ReadingBlock, section: _Section, mode: str) -> ReadingBlock:
    """Say what was measured; of fluorescence the plate line names emission and excitation in two lists."""
    values = [reading.value for reading in block.readings if reading.value is not None]
    block = replace(block, signal=signal_of([mode], values))
    if block.signal == "fluorescence" and block.wavelength_nm in section.wavelengths:
        emission = block.wavelength_nm
        excitation = dict(zip(section.wavelengths, section.excitations, strict=False)).get(emission)
        title = (
            block.title.replace(f"{emission:g} nm", f"{excitation:g}/{emission:g} nm") if excitation else block.title
        )
        return replace(block, wavelength_nm=excitation, emission_nm=emission, title=title)
    return block


def _ends(row: list[str]) -> bool:
    return bool(row) and (row[0].startswith("~End") or _is_plate_line(row))


@dataclass(frozen=True)
class _Section:
    """What the line ``Plate:`` says of its section.

    Attributes
    ----------
    start, stop
        Its first line, and the first line behind it.
    wavelengths
        In nm; of the emission where ``excitations`` are given.
    first_row, rows
        The first plate row that was read, counted from 1, and how many; None where the line does not say.
    plate_rows
        Rows of the whole plate.
    """

    start: int
    stop: int
    plate: str
    spectrum: bool
    reduced: bool
    wavelengths: tuple[float, ...]
    first_row: int | None
    rows: int | None
    plate_rows: int
    excitations: tuple[float, ...] = ()


def _section(sheet: Sheet, start: int, stop: int) -> _Section:
    """Read a line ``Plate:``: wavelengths behind their number, then first column, columns, wells … first row, rows.

    Absorbance has nothing between the wells and the first row; fluorescence has excitation, cutoff and sensitivity, and
    repeats the excitation behind them.
    """
    row = sheet.rows[start]
    wavelengths: tuple[float, ...] = ()
    excitations: tuple[float, ...] = ()
    first_row = rows = None
    plate_rows = 8
    for index in range(8, len(row) - 1):
        numbers = _wavelengths_in(row[index + 1])
        if row[index].isdecimal() and int(row[index]) == len(numbers):
            wavelengths = numbers if any(numbers) else ()  # 0: all light
            break
    size = next((i for i in range(11, len(row)) if _says_plate_size(row[i - 2 : i + 1])), None)
    if size is not None:
        plate_rows = PLATE_SHAPES[int(row[size])][0]
        excitations = _wavelengths_in(row[size + 1]) if len(row) > size + 1 else ()
        excitations = excitations if len(excitations) == len(wavelengths) else ()
        pairs = [(int(a), int(b)) for a, b in pairwise(row[size + 1 :]) if a.isdecimal() and b.isdecimal()]
        fit = [(first, count) for first, count in pairs if first and count and first + count - 1 <= plate_rows]
        first_row, rows = fit[-1] if fit else (None, None)
    reduced = "Reduced" in row[6:8]
    return _Section(
        start, stop, row[1], row[4] == "Spectrum", reduced, wavelengths, first_row, rows, plate_rows, excitations
    )


def _says_plate_size(said: list[str]) -> bool:
    """Say whether three cells are the first column, the number of columns and the wells of a plate."""
    if not all(map(str.isdecimal, said)) or int(said[2]) not in PLATE_SHAPES:
        return False
    first, columns, wells = map(int, said)
    return bool(first and columns) and first + columns - 1 <= PLATE_SHAPES[wells][1]


def _wavelengths_in(text: str) -> tuple[float, ...]:
    """Return the wavelengths of ``280 450 562``, () for any other text."""
    numbers = re.findall(r"\d{3,4}(?:\.\d+)?|(?<!\S)0(?!\S)", text)
    return tuple(map(float, numbers)) if re.fullmatch(r"[\d.\s]+", text) else ()


def _plate_format(sheet: Sheet, section: _Section) -> Iterator[ReadingBlock]:
    """Yield a block per wavelength and read; the grid SoftMax repeats below is what it computed from them."""
    headers = [i for i in range(section.start + 1, section.stop) if _number_runs(sheet.rows[i])]
    for order, header in enumerate(headers):
        runs = _number_runs(sheet.rows[header])
        end = headers[order + 1] if order + 1 < len(headers) else section.stop
        computed = bool(order) or section.reduced
        known = not computed or len(section.wavelengths) == 1  # else reduced from several
        for read, lines in enumerate(_reads(sheet, header + 1, end, section), 1):
            for number, run in enumerate(runs):
                yield ReadingBlock(
                    name="",
                    sheet=sheet.name,
                    where=sheet.where(min(lines), min(run)),
                    plate=section.plate,
                    wavelength_nm=_wavelength(sheet, section, min(lines), number) if known else None,
                    kind="computed" if computed else "raw",
                    title=_title(section.wavelengths, number, read, computed=computed),
                    readings=_readings(sheet, lines, run),
                )


def _wavelength(sheet: Sheet, section: _Section, line: int, number: int) -> float | None:
    """Take the wavelength from the plate line, or, of a spectrum, from the start of the line."""
    if section.spectrum:
        return parse_number(sheet.cell(line, 0))
    return section.wavelengths[number] if number < len(section.wavelengths) else None


def _title(wavelengths: tuple[float, ...], number: int, read: int, *, computed: bool) -> str:
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


def _reads(sheet: Sheet, first: int, end: int, section: _Section) -> list[dict[int, int]]:
    """Return the lines of every read of the plate, each as line → plate row.

    SoftMax prints a line for every row of the plate, an empty one for a row that was not read, and an empty one between
    reads. Some versions leave out the rows that were not read.

    Raises
    ------
    OsteoCountError
        The lines fit neither, so that it is not known which row they are of.
    """
    filled = [row for row in range(first, end) if any(sheet.rows[row])]
    period = section.plate_rows + 1
    whole: dict[int, dict[int, int]] = {}
    for row in filled:
        number, line = divmod(row - first, period)
        whole.setdefault(number, {})[row] = line + 1
    reads = list(whole.values())
    wanted = set(range(1, section.plate_rows + 1))
    if section.first_row and section.rows:
        wanted = set(range(section.first_row, section.first_row + section.rows))
    if all(set(read.values()) <= wanted for read in reads) and any(set(read.values()) == wanted for read in reads):
        return reads
    groups = _groups(sheet, first, end)
    if all(len(group) == len(wanted) for group in groups):
        return [dict(zip(group, sorted(wanted), strict=True)) for group in groups]
    if all(set(read.values()) <= wanted for read in reads) or (not section.rows and len(groups) == 1):
        return reads
    where = sheet.where(filled[0], 0) if filled else sheet.where(section.start, 0)
    raise OsteoCountError(
        f"{where}: the lines of this SoftMax plate do not fit the rows it says were read ({min(wanted)} to "
        f"{max(wanted)}). Export the whole plate, or as a list of wells."
    )


def _groups(sheet: Sheet, first: int, end: int) -> list[list[int]]:
    """Return the groups of lines between empty ones."""
    groups: list[list[int]] = [[]]
    for row in range(first, end):
        if any(sheet.rows[row]):
            groups[-1].append(row)
        elif groups[-1]:
            groups.append([])
    return [group for group in groups if group]


def _readings(sheet: Sheet, lines: dict[int, int], run: dict[int, int]) -> tuple[Reading, ...]:
    return tuple(
        Reading(plate_row, plate_column, *(read_value(sheet.cell(line, column)) or (None, "invalid")))
        for line, plate_row in lines.items()
        for column, plate_column in run.items()
    )


def _time_format(sheet: Sheet, section: _Section) -> Iterator[ReadingBlock]:
    """Yield a block per wavelength and time of a plate whose wells stand side by side on long lines.

    Wavelengths stand beside each other, or below each other with an empty line between; what follows a second line of
    wells is what SoftMax computed.
    """
    headers = [i for i in range(section.start + 1, section.stop) if heading_runs(sheet.rows[i])]
    for order, header in enumerate(headers):
        runs = heading_runs(sheet.rows[header])
        end = headers[order + 1] if order + 1 < len(headers) else section.stop
        groups = _groups(sheet, header + 1, end)
        computed = bool(order) or section.reduced
        if len(groups) == 1 and len(runs) == 1 and len(groups[0]) == len(section.wavelengths) and not computed:
            groups = [[line] for line in groups[0]]
        for group_number, group in enumerate(groups):
            for read, line in enumerate(group, 1):
                for number, run in enumerate(runs):
                    wavelength = number if len(runs) > 1 else group_number
                    known = wavelength < len(section.wavelengths) and (not computed or len(section.wavelengths) == 1)
                    yield ReadingBlock(
                        name="",
                        sheet=sheet.name,
                        where=sheet.where(line, min(run)),
                        plate=section.plate,
                        wavelength_nm=section.wavelengths[wavelength] if known else None,
                        kind="computed" if computed else "raw",
                        title=_title(section.wavelengths, wavelength, read, computed=computed),
                        readings=tuple(
                            Reading(*position, *(read_value(sheet.cell(line, column)) or (None, "invalid")))
                            for column, position in sorted(run.items(), key=lambda item: item[1])
                        ),
                    )


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
