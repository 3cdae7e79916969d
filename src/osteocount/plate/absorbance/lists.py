"""Readings printed as lists: a column of wells and columns of values, or wells as headings of one long line."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import takewhile

from osteocount.plate.absorbance.headings import HeadingContext, context_above
from osteocount.plate.absorbance.model import Reading, ReadingBlock
from osteocount.plate.absorbance.values import (
    excitation_emission,
    is_amount,
    kind_of,
    names_what_was_measured,
    read_value,
    set_wavelength,
    set_wavelengths,
    signal_of,
    wavelength_of,
)
from osteocount.plate.numbers import parse_number
from osteocount.plate.spreadsheets import Sheet
from osteocount.plate.well_grids import row_label
from osteocount.wells import WellPosition, parse_well

_TIME = re.compile(r"(?i)\b(?:time|zeit)\b")
_KINETIC = re.compile(r"(?i)(?:cycle(?: nr)?|time|temp)\b")
_POSITION = re.compile(r"\d+;\d+")
_MEAN = ("Mean", "Mittelwert")
_CYCLES = ("Cycles / Well", "Zyklen / Well")
MIN_WELLS = 4  # fewer words like A1 in a row happen by chance among sample names
_MOST_REPEATS = 12  # lines of one well in turn (wavelengths, repeats) before the next well
_PLATE_HEADING = re.compile(r"(?i)plate(?:[ _]?(?:name|id|number|barcode))?|wellplatename|barcode")
_NM_HEADING = re.compile(r"(?i)(?:measurement |reading )?wavelength.*|filter|.*\[nm\]|nm")
_WELL_HEADING = re.compile(r"(?i)wells?|well[ _]?positions?|positions?|well[ _]row|row")
_NO_VALUE = re.compile(
    r"(?i)(?:well[ _]?)?(?:row|col(?:umn)?)|plate.*|repeat|time.*|temp.*|.*conc.*|dilution.*|content|type|group|count|"
    r"replicate.*|sample.*|read|cycle.*|.*[ _]id|no\.?|index|layout|pump|.*dil(?:ution)?|path ?length.*|volume.*"
)


def list_blocks(sheet: Sheet) -> list[ReadingBlock]:
    """Return the readings of every list of a sheet."""
    return cycle_blocks(sheet) or [*_column_lists(sheet), *heading_blocks(sheet)]


def _column_lists(sheet: Sheet) -> Iterator[ReadingBlock]:
    row = 0
    while row < len(sheet.rows):
        column = _well_column(sheet, row)
        if column is None:
            row += 1
            continue
        last = row
        while last < len(sheet.rows) and _well_at(sheet, last, column):
            last += 1
        yield from _list(sheet, row, last, column)
        row = last


def _well_column(sheet: Sheet, row: int) -> tuple[int, ...] | None:
    """Return the column that names wells from this row on: one column, or (row letter, column number)."""
    width = len(sheet.rows[row])
    candidates: list[tuple[int, ...]] = [(c,) for c in range(width)] + [(c, c + 1) for c in range(width - 1)]
    headed: list[tuple[int, ...]] = []  # samples may be called S1, S2 …: what says that it holds wells comes first
    found: list[tuple[int, ...]] = []
    for candidate in candidates:
        says_wells = row and _WELL_HEADING.fullmatch(sheet.cell(row - 1, candidate[0]))
        # A well may stand on several lines in turn, one per wavelength or repeat.
        ahead = (_well_at(sheet, row + i, candidate) for i in range(MIN_WELLS * _MOST_REPEATS))
        if len(set(takewhile(bool, ahead))) >= (2 if says_wells else MIN_WELLS):
            (headed if says_wells else found).append(candidate)
    return next(iter(headed or found), None)


def _well_at(sheet: Sheet, row: int, columns: tuple[int, ...]) -> WellPosition | None:
    if len(columns) == 1:
        return parse_well(sheet.cell(row, columns[0]))
    letter, number = (sheet.cell(row, c) for c in columns)
    return parse_well(letter + number) if letter.isalpha() and number.isdecimal() else None


def _list(sheet: Sheet, first: int, last: int, wells: tuple[int, ...]) -> Iterator[ReadingBlock]:
    """Yield a block per value column, plate and repeat of a list."""
    width = max(len(sheet.rows[row]) for row in range(first, last))
    top, times = _times(sheet, first, wells, width)
    heading = times or {c: sheet.cell(first - 1, c) if first else "" for c in range(width)}
    if not times and (both := _two_lines(sheet, first, wells, width)):
        top, heading = first - 2, both
    plate_column = next((c for c in range(width) if _PLATE_HEADING.fullmatch(heading[c])), None)
    nm_column = next((c for c in range(width) if _NM_HEADING.fullmatch(heading[c])), None)
    context = context_above(sheet, 0, top, "")
    means = _means_of_positions(heading)
    values = _value_columns(sheet, (first, last), heading, wells, {nm_column}, bool(means))
    measured = [c for c in values if names_what_was_measured(heading[c])]
    for column in values:
        name = heading[column]
        # What stands above a list holds for its only column, and for all times of a kinetic.
        above = context.headings[:3] if len(values) == 1 or times else ()
        for plate, own_nm, readings in _split(sheet, first, last, wells, column, (plate_column, nm_column)):
            read = [r.value for r in readings if r.value is not None]
            signal = signal_of([name, *context.headings], read)
            pair = excitation_emission(name, *above, values=read)
            pair = pair or (set_wavelengths(context.headings) if above and signal == "fluorescence" else None)
            nm = wavelength_of(name) or (wavelength_of(context.title) if above else None)
            nm = nm or (set_wavelength(context.headings) if above or means else None)
            kind = kind_of(name, context.title if times else "", formula=is_amount(name or context.title))
            kind = "raw" if column in means else kind
            kind = "reference" if kind == "raw" and name.lower().startswith("background") else kind
            yield ReadingBlock(
                name="",
                sheet=sheet.name,
                where=sheet.where(first, column),
                plate=plate or context.plate,
                wavelength_nm=pair[0] if pair else own_nm or nm,
                kind="computed" if kind == "raw" and measured and column not in measured else kind,
                title=" ".join(filter(None, (context.title if times else "", name or context.title)))[:60],
                readings=readings,
                emission_nm=pair[1] if pair else None,
                signal="fluorescence" if pair else signal,
            )


def _value_columns(
    sheet: Sheet,
    rows: tuple[int, int],
    heading: dict[int, str],
    wells: tuple[int, ...],
    others: Collection[int | None],
    has_means: bool,
) -> list[int]:
    """Return the columns of readings: not those of wells, wavelengths, numbers of reads, or positions beside a mean."""
    return [
        column
        for column, name in heading.items()
        if column not in wells
        and column not in others
        and _holds_values(sheet, *rows, column, name)
        and not _numbers_reads(sheet, *rows, wells, column)
        and not (has_means and _POSITION.fullmatch(name))
    ]


def _means_of_positions(heading: dict[int, str]) -> tuple[int, ...]:
    """Return the column of means where i-control has read every well at several positions (``0;1``): its readings."""
    if not any(map(_POSITION.fullmatch, heading.values())):
        return ()
    return tuple(column for column, name in heading.items() if name in _MEAN)


def cycle_blocks(sheet: Sheet) -> list[ReadingBlock]:
    """Return a kinetic that i-control prints well by well, since every well was read at several positions.

    A line ``Cycles / Well``, then the well before the numbers of the cycles, times, and the mean of the positions.
    """
    context = HeadingContext()
    found: dict[str, dict[WellPosition, Reading]] = {}
    for row in (row for row, cells in enumerate(sheet.rows) if cells and cells[0] in _CYCLES):
        context = context_above(sheet, 0, row, "") if not found else context
        place = parse_well(sheet.cell(row + 1, 0))
        end = next((r for r in range(row + 2, len(sheet.rows)) if not sheet.cell(r, 0)), len(sheet.rows))
        lines = {sheet.cell(r, 0): r for r in range(row + 2, end)}
        time = next((name for name in lines if name.startswith(("Time", "Zeit"))), "")
        mean = next((line for name, line in lines.items() if name in _MEAN), None)
        if place is None or mean is None:
            continue
        for column in range(1, len(sheet.rows[row + 1])):
            read = read_value(sheet.cell(mean, column)) or (None, "invalid")
            name = f"{time} {sheet.cell(lines[time], column)}" if time else f"cycle {sheet.cell(row + 1, column)}"
            found.setdefault(name, {})[place] = Reading(*place, *read)
    return [
        ReadingBlock(
            name="",
            sheet=sheet.name,
            where=sheet.where(0, 0),
            plate=context.plate,
            wavelength_nm=set_wavelength(context.headings),
            kind="raw",
            title=name,
            readings=tuple(cells[place] for place in sorted(cells)),
            signal=signal_of(context.headings, [r.value for r in cells.values() if r.value is not None]),
        )
        for name, cells in found.items()
    ]


def _times(sheet: Sheet, first: int, wells: tuple[int, ...], width: int) -> tuple[int, dict[int, str]]:
    """Return where the headings of a list begin, and those of a kinetic with cycle, time and temperature above it."""
    above = [row for row in range(max(first - 3, 0), first) if _KINETIC.match(sheet.cell(row, wells[0]))]
    if not above:
        return max(first - 1, 0), {}
    time = next((row for row in above if sheet.cell(row, wells[0]).lower().startswith("time")), above[0])
    label = sheet.cell(time, wells[0])
    times = {c: f"{label} {text}" if (text := sheet.cell(time, c)) and c not in wells else "" for c in range(width)}
    return above[0], times


def _two_lines(sheet: Sheet, first: int, wells: tuple[int, ...], width: int) -> dict[int, str]:
    """Return the headings of a kinetic of MARS: what was read, and below it the time; {} where it is no such list.

    What was read may be written over its first time only.
    """
    above, below = ([sheet.cell(first - n, c) for c in range(width)] for n in (2, 1))
    if first < 2 or not _WELL_HEADING.fullmatch(above[wells[0]]) or below[wells[0]].lower() not in ("", "row"):
        return {}
    label = next((text for text in below if _TIME.search(text)), "")
    read, headings = "", {}
    for column in range(width):
        read = above[column] or (read if below[column] else "")
        time = f"{label} {below[column]}" if parse_number(below[column]) is not None else below[column]
        headings[column] = f"{read} {time}".strip() if column > max(wells) and below[column] != label else above[column]
    return headings


def _numbers_reads(sheet: Sheet, first: int, last: int, wells: tuple[int, ...], column: int) -> bool:
    """Say whether a column counts the readings of every well: 1, 2, 3 … wherever a well comes again."""
    counts: dict[WellPosition | None, int] = {}
    for row in range(first, last):
        place = _well_at(sheet, row, wells)
        counts[place] = counts.get(place, 0) + 1
        if sheet.cell(row, column) != str(counts[place]):
            return False
    return max(counts.values(), default=0) > 1


def _holds_values(sheet: Sheet, first: int, last: int, column: int, heading: str) -> bool:
    if _NO_VALUE.fullmatch(heading) and not re.fullmatch(r"(?i)(?:cycle|time).* \d[\d.,:]*", heading):
        return False
    cells = [text for row in range(first, last) if (text := sheet.cell(row, column))]
    # One cell in five may hold a word we do not know as a flag.
    known = [read for cell in cells if (read := read_value(cell))]
    return bool(known) and len(known) >= 0.8 * len(cells) and any(value is not None for value, _ in known)


def _split(
    sheet: Sheet, first: int, last: int, wells: tuple[int, ...], column: int, by: tuple[int | None, int | None]
) -> list[tuple[str, float | None, tuple[Reading, ...]]]:
    """Sort the readings of a column by plate and wavelength, and by repeat where a well comes again."""
    blocks: list[tuple[str, float | None, dict[WellPosition, Reading]]] = []
    plate_column, nm_column = by
    plate = ""
    for row in range(first, last):
        place = _well_at(sheet, row, wells)
        if place is None:
            continue
        plate = (sheet.cell(row, plate_column) or plate) if plate_column is not None else ""  # often given only once
        nm = wavelength_of(sheet.cell(row, nm_column)) if nm_column is not None else None
        value, flag = read_value(sheet.cell(row, column)) or (None, "invalid")
        target = next((cells for name, at, cells in blocks if (name, at) == (plate, nm) and place not in cells), None)
        if target is None:
            target = {}
            blocks.append((plate, nm, target))
        target[place] = Reading(*place, value, flag)
    return [(plate, nm, tuple(cells[place] for place in sorted(cells))) for plate, nm, cells in blocks]


def heading_blocks(sheet: Sheet, *, start: int = 0, stop: int | None = None) -> list[ReadingBlock]:
    """Return the readings of lines that stand below wells as headings; every line is a reading of its own."""
    blocks = []
    stop = len(sheet.rows) if stop is None else stop
    row = end = start
    context = HeadingContext()
    while row < stop:
        runs = heading_runs(sheet.rows[row])
        row += 1
        if not runs:
            continue
        header = row - 1
        context = context_above(sheet, end, row - 1, context.plate)
        lines = row
        while row < stop and any(sheet.rows[row]) and not heading_runs(sheet.rows[row]):
            row += 1
        labels = {line: _leftmost(sheet, line, runs[0]) for line in range(lines, row)}
        if len(labels) > 1 and all(map(row_label, labels.values())):
            continue  # rows of a grid whose columns are called C1, C2 …
        measured = any(map(names_what_was_measured, labels.values()))
        for line, label in labels.items():
            found = [_line_block(sheet, line, run, header, context) for run in runs]
            if measured and not names_what_was_measured(label):
                found = [replace(b, kind="computed") if b and b.kind == "raw" else b for b in found]
            blocks += [block for block in found if block]
        end = row
    return blocks


def heading_runs(cells: list[str]) -> list[dict[int, WellPosition]]:
    """Return the runs of well names in a line, each as sheet column → well; a run ends where a well comes again."""
    runs: list[dict[int, WellPosition]] = []
    current: dict[int, WellPosition] = {}
    for column, cell in enumerate([*cells, ""]):
        place = parse_well(cell)
        if place is None or place in current.values():
            if len(current) >= MIN_WELLS:
                runs.append(current)
            current = {}
        if place is not None:
            current[column] = place
    return runs


def _line_block(
    sheet: Sheet, row: int, run: dict[int, WellPosition], header: int, context: HeadingContext
) -> ReadingBlock | None:
    readings = []
    for column, place in run.items():
        read = read_value(sheet.cell(row, column))
        if read is None:
            return None
        readings.append(Reading(*place, *read))
    if all(reading.flag == "empty" for reading in readings):
        return None
    label, first_heading = _leftmost(sheet, row, run), _leftmost(sheet, header, run)
    if re.fullmatch(r"(?i)x read.*", first_heading):  # area scan
        label = f"x {label} y {sheet.cell(row, min(run) - 1)}"
    if re.match(r"(?i)cycle|reading|time|zeit", first_heading):
        times = {c: match for c in range(min(run)) if (match := _TIME.search(sheet.cell(header, c)))}
        said = [f"{match.string[match.start() :]} {sheet.cell(row, c)}" for c, match in times.items()]
        label = next(iter(said), f"cycle {label}")
    values = [r.value for r in readings if r.value is not None]
    pair = excitation_emission(label, context.title, values=values)
    by_line = parse_number(label) if first_heading.lower().startswith("wavelength") else wavelength_of(label)
    return ReadingBlock(
        name="",
        sheet=sheet.name,
        where=sheet.where(row, next(iter(run))),
        plate=context.plate,
        wavelength_nm=pair[0] if pair else by_line or wavelength_of(context.title),
        kind=kind_of(label, context.title),
        title=" ".join(part for part in (context.title, label) if part)[:60],
        readings=tuple(sorted(readings, key=lambda r: r.position)),
        emission_nm=pair[1] if pair else None,
        signal="fluorescence" if pair else signal_of([label, *context.headings], values),
    )


def _leftmost(sheet: Sheet, row: int, run: dict[int, WellPosition]) -> str:
    """Return the first text of a line before its wells: its label, or the time of a kinetic."""
    return next((cell for cell in sheet.rows[row][: min(run)] if cell), "")
