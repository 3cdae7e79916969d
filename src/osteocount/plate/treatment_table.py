"""What was done to each well or picture, as a table that is made and edited before anything is counted.

It is a layout where file names hold wells, and a sample sheet where they do not; it is kept in a CSV file, which a run
reads like any other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from osteocount.errors import OsteoCountError
from osteocount.names import fold
from osteocount.plate.index import PlateIndex, index_pictures
from osteocount.plate.layout.headings import column_of
from osteocount.plate.layout.model import LayoutEntries
from osteocount.plate.layout.read import check_layout, compare_wells, misfits_in_words, read_layout
from osteocount.plate.picture_files import find_pictures, root_of
from osteocount.plate.sample_template import sample_template
from osteocount.plate.samples import (
    SampleLine,
    fold_path,
    header_row,
    is_sample_sheet,
    match_files,
    names_file,
    read_samples,
)
from osteocount.plate.spreadsheets import Sheet, read_sheets
from osteocount.wells import canonical_well, parse_well

WELL_COLUMNS = ("well", "treatment", "dose", "donor", "role", "exclude")
LAYOUT_NAMES = ("layout.csv", "layout.xlsx", "samples.csv", "samples.xlsx")
"""Files of a folder of pictures that are taken for its layout or sample sheet."""
MOST_SEARCHED_ROWS = 50  # for the headings of a table, below a preface

Cell = tuple[int, int]
"""(row, column) of the table, from 0."""


@dataclass
class TreatmentTable:
    """Lines of text, one per well or picture.

    Attributes
    ----------
    columns
        Headings; one of them is ``well`` or ``file``.
    rows
        As long as ``columns`` each.
    path
        The file it is saved in.
    """

    columns: list[str]
    rows: list[list[str]]
    path: Path
    _done: list[dict[Cell, str]] = field(default_factory=list)
    _undone: list[dict[Cell, str]] = field(default_factory=list)
    is_touched: bool = False
    """Whether a person has changed it since it was made, opened or saved."""

    @property
    def names_pictures(self) -> bool:
        """Whether it is a sample sheet, whose lines are pictures."""
        return "file" in self.columns

    @property
    def fixed(self) -> tuple[int, ...]:
        """Numbers of the columns that say which well or picture a line is, and cannot be edited."""
        keys = ("plate", "file") if self.names_pictures else ("plate", "well")  # `well` joins the pictures of a sheet
        return tuple(n for n, name in enumerate(self.columns) if name in keys)

    def change(self, cells: Mapping[Cell, str]) -> bool:
        """Write texts into cells, as one step that can be undone; those of `fixed` columns stay. False: nothing did."""
        fixed = self.fixed
        before = {
            (row, column): self.rows[row][column]
            for (row, column), text in cells.items()
            if column not in fixed and self.rows[row][column] != text.strip()
        }
        if not before:
            return False
        for row, column in before:
            self.rows[row][column] = cells[row, column].strip()
        self._done.append(before)
        self._undone.clear()
        self.is_touched = True
        return True

    def undo(self) -> bool:
        """Take back the last change; False when there is none."""
        return self._swap(self._done, self._undone)

    def redo(self) -> bool:
        """Make again what was taken back last; False when there is nothing."""
        return self._swap(self._undone, self._done)

    def remove(self, rows: Sequence[int]) -> None:
        """Take lines away, for good: earlier changes cannot be undone after it."""
        gone = set(rows)
        self.rows = [line for n, line in enumerate(self.rows) if n not in gone]
        self.is_touched = True
        self._done.clear()
        self._undone.clear()

    def match(self, block: Sequence[Sequence[str]]) -> dict[Cell, str] | None:
        """Return the changes that a table with headings asks for, its lines found by their well or file.

        None when ``block`` has no headings, or none that says which well or picture a line is: it is then just cells.
        """
        names = [column_of(text)[0] if text.strip() else "" for text in block[0]]
        key = "file" if self.names_pictures else "well"
        if key == "file":
            names = ["file" if names_file(text) else name
                     for text, name in zip(block[0], names, strict=True)]  # fmt: skip
        if key not in names or len(block) < 2:
            return None
        lines = {self._key(line): n for n, line in enumerate(self.rows)}
        own = {column_of(name)[0]: m for m, name in enumerate(self.columns)}
        changes: dict[Cell, str] = {}
        for line in block[1:]:
            row = lines.get(self._folded(line[names.index(key)])) if len(line) > names.index(key) else None
            for name, text in zip(names, line, strict=False):
                if row is not None and name in own and name != key:
                    changes[row, own[name]] = text
        return changes or None

    def save(self) -> None:
        """Write the file, whole or not at all.

        Raises
        ------
        OSError
            It cannot be written.
        """
        self.write(self.path)
        self.is_touched = False

    def write(self, path: Path) -> None:
        """Write it as CSV to another file."""
        import pandas as pd

        from osteocount.io.tables import write_table

        write_table(pd.DataFrame(self.rows, columns=self.columns, dtype=str), path)

    def _swap(self, source: list[dict[Cell, str]], target: list[dict[Cell, str]]) -> bool:
        if not source:
            return False
        step = source.pop()
        target.append({cell: self.rows[cell[0]][cell[1]] for cell in step})
        for (row, column), text in step.items():
            self.rows[row][column] = text
        self.is_touched = True
        return True

    def _key(self, line: list[str]) -> str:
        return self._folded(line[self.columns.index("file" if self.names_pictures else "well")])

    def _folded(self, name: str) -> str:
        return fold_path(name) if self.names_pictures else canonical_well(name) if parse_well(name) else name


@dataclass(frozen=True)
class TableCheck:
    """What is known of a table before anything is counted.

    Attributes
    ----------
    problems
        What keeps it from being used, in sentences.
    warnings
        What is allowed but worth knowing: wells without pictures and pictures without a line among it.
    pictures
        How many pictures each line has.
    """

    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    pictures: tuple[int, ...]


def layout_in(source: Path) -> Path | None:
    """Return the layout or sample sheet that lies in a folder of pictures under one of its usual names."""
    found = (source / name for name in LAYOUT_NAMES)
    return next((path for path in found if path.is_file()), None)


def start_table(source: Path) -> TreatmentTable:
    """Return a table to fill in: a line per well where the names of the pictures hold wells, else one per picture.

    Raises
    ------
    OsteoCountError
        There is no picture, or their names contradict each other.
    """
    index = index_pictures(source)
    root = root_of(source)
    if any(entry.well for entry in index.entries):
        table = TreatmentTable(list(WELL_COLUMNS), [], _free(root / "layout.csv"))
        _add_missing_wells(table, index)
    else:
        guessed = sample_template(source)
        table = TreatmentTable(list(guessed.columns), guessed.to_numpy(str).tolist(), _free(root / "samples.csv"))
    return table


def open_table(path: Path, source: Path) -> TreatmentTable:
    """Return the table of a layout or sample sheet, with a line for every well or picture that it leaves out.

    A table of lines is taken as it is written and saved in place where it is CSV. Of grids and workbooks the meaning is
    taken; it is saved beside them.

    Raises
    ------
    OsteoCountError
        It cannot be understood; its problems have to be mended where it was made.
    """
    names_pictures = is_sample_sheet(path)
    sheets = [sheet for sheet in read_sheets(path) if sheet.rows]
    header = _header(sheets, names_pictures=names_pictures)
    if header is not None:
        table = _as_written(sheets[0], header, path, names_pictures=names_pictures)
    else:
        table = _as_understood(path)
    if names_pictures:
        _add_missing_pictures(table, source)
    else:
        _add_missing_wells(table, _index(table, source))
    return table


def check_table(table: TreatmentTable, source: Path) -> TableCheck:
    """Say what is wrong with a table, and what of it and the pictures does not fit; nothing is written for good."""
    with TemporaryDirectory(prefix="osteocount_") as folder:
        copy = Path(folder) / table.path.with_suffix(".csv").name
        table.write(copy)
        try:
            return _check_samples(table, copy, source) if table.names_pictures else _check_wells(table, copy, source)
        except OsteoCountError as error:
            return TableCheck(_sentences(str(error), copy), (), _pictures(table, source))


def _check_samples(table: TreatmentTable, copy: Path, source: Path) -> TableCheck:
    _, layout = read_samples(copy, source)
    return TableCheck((), layout.warnings, _pictures(table, source))


def _check_wells(table: TreatmentTable, copy: Path, source: Path) -> TableCheck:
    index = _index(table, source)
    places = {(entry.plate, entry.well) for entry in index.entries if entry.well}
    found = check_layout(copy)
    problems = tuple(sentence for text in found.problems for sentence in _sentences(text, copy))
    said = {place for place, line in zip(_places(table), table.rows, strict=True) if _says_something(table, line)}
    misfits = misfits_in_words(*compare_wells(said, places, found.without_picture))
    return TableCheck(problems, (*misfits, *found.warnings, *index.notes), _pictures(table, source))


def _says_something(table: TreatmentTable, line: list[str]) -> bool:
    fixed = table.fixed
    return any(text for n, text in enumerate(line) if n not in fixed)


def _places(table: TreatmentTable) -> list[tuple[str, str]]:
    """Return plate and well of every line."""
    well = table.columns.index("well")
    plate = table.columns.index("plate") if "plate" in table.columns else None
    return [("" if plate is None else line[plate], canonical_well(line[well])) for line in table.rows]


def _sentences(message: str, path: Path) -> tuple[str, ...]:
    """Return the problems of a message one by one, without the name of a file that nobody has seen."""
    first, *lines = message.replace(f"{path}: ", "").replace(str(path), path.name).split("\n")
    return tuple(line.strip().split(". ", 1)[-1] for line in lines) if lines else (first,)


def _pictures(table: TreatmentTable, source: Path) -> tuple[int, ...]:
    """Count the pictures of every line."""
    try:
        if table.names_pictures:
            column = table.columns.index("file")
            lines = [SampleLine(line[column], {}, "") for line in table.rows]
            line_of = match_files(find_pictures(source).pictures, root_of(source), lines, LayoutEntries())
            found = Counter(line_of.values())
            return tuple(found[n] for n in range(len(table.rows)))
        places = Counter((fold(entry.plate), entry.well) for entry in _index(table, source).entries if entry.well)
    except OsteoCountError:
        return (0,) * len(table.rows)
    named = {plate for plate, _ in places} != {""}
    return tuple(
        sum(n for (of, name), n in places.items()
            if name == well and (not named or not plate or of == fold(plate)))
        for plate, well in _places(table)
    )  # fmt: skip


def _index(table: TreatmentTable, source: Path) -> PlateIndex:
    column = table.columns.index("well")
    known = {canonical_well(line[column]) for line in table.rows if parse_well(line[column])}
    return index_pictures(source, known_wells=known)


def _header(sheets: list[Sheet], *, names_pictures: bool) -> int | None:
    """Return the row of the headings of a table of lines; None when it is none, or there are several sheets."""
    if len(sheets) != 1 or sheets[0].merged:
        return None
    if names_pictures:
        return header_row(sheets[0])
    rows = enumerate(sheets[0].rows[:MOST_SEARCHED_ROWS])
    return next((n for n, row in rows if [column_of(text)[0] for text in row].count("well") == 1), None)


def _as_written(sheet: Sheet, header: int, path: Path, *, names_pictures: bool) -> TreatmentTable:
    width = max(len(row) for row in sheet.rows[header:])
    headings = [*sheet.rows[header], *[""] * width][:width]
    kept = [n for n, heading in enumerate(headings) if heading]
    columns = [_heading(headings[n], names_pictures=names_pictures) for n in kept]
    rows = [[row[n] if n < len(row) else "" for n in kept] for row in sheet.rows[header + 1 :]]
    is_ours = path.suffix.lower() == ".csv"
    return TreatmentTable(columns, [row for row in rows if any(row)], path if is_ours else _beside(path))


def _heading(text: str, *, names_pictures: bool) -> str:
    """Return ``well``, ``plate`` or ``file`` for a heading that means it; any other as it is written."""
    meant = column_of(text)[0]
    if names_pictures and names_file(text):
        return "file"
    return meant if meant in ("well", "plate") else text


def _as_understood(path: Path) -> TreatmentTable:
    wells = read_layout(path).wells
    doses = [
        "" if dose != dose else f"{dose:g} {unit}".strip()
        for dose, unit in zip(wells["dose"], wells["dose_unit"].fillna(""), strict=True)
    ]
    shown = wells.assign(dose=doses).drop(columns="dose_unit")
    if not shown["plate"].any():
        shown = shown.drop(columns="plate")
    return TreatmentTable(list(shown.columns), shown.fillna("").astype(str).to_numpy().tolist(), _beside(path))


def _add_missing_wells(table: TreatmentTable, index: PlateIndex) -> None:
    """Give every well with a picture a line; a column of plates is added only where it is needed."""
    places = list(dict.fromkeys((entry.plate, entry.well) for entry in index.entries if entry.well))
    if "plate" not in table.columns and not table.rows and len({plate for plate, _ in places}) > 1:
        table.columns.insert(0, "plate")
    missing = places
    if table.rows:  # either side may name no plate
        _, extra = compare_wells(set(_places(table)), set(places))
        missing = [place for place in places if place in extra or any(place[1] == well for _, well in extra)]
    for plate, well in missing:
        said = {"well": well, "plate": plate}
        if (plate, well) not in _places(table):
            table.rows.append([said.get(name, "") for name in table.columns])


def _add_missing_pictures(table: TreatmentTable, source: Path) -> None:
    column, root = table.columns.index("file"), root_of(source)
    pictures = find_pictures(source).pictures
    named = match_files(pictures, root, [SampleLine(line[column], {}, "") for line in table.rows], LayoutEntries())
    for picture in pictures:
        if picture not in named:
            line = [""] * len(table.columns)
            line[column] = picture.relative_to(root).as_posix()
            table.rows.append(line)


def _free(path: Path) -> Path:
    """Return ``path``, or one with a number where there is such a file already."""
    candidates = (path, *(path.with_stem(f"{path.stem} {n}") for n in range(2, 1000)))
    return next(each for each in candidates if not each.exists())


def _beside(path: Path) -> Path:
    return _free(path.with_name(f"{path.stem} edited.csv"))
