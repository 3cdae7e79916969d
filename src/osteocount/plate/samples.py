"""Sample sheets: what was done to pictures whose names hold no well, such as those of dishes, slides and coverslips.

A sheet has a column ``file`` (a path below the folder of pictures, or a glob such as ``D1/IL-32/*``) and the columns of
a layout. ``well`` or ``replicate`` joins the pictures of one sample; without either, every line is a sample of its own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from osteocount.dose_units import canonical_unit, split_dose
from osteocount.errors import OsteoCountError
from osteocount.io.multi_image import is_multi_image
from osteocount.names import fold, is_missing
from osteocount.plate.index import PlateIndex
from osteocount.plate.layout.entries import say_code_page
from osteocount.plate.layout.headings import column_of
from osteocount.plate.layout.model import Layout, LayoutEntries, LayoutEntry, layout_of
from osteocount.plate.layout.rules import resolve
from osteocount.plate.own_pattern import OwnPattern
from osteocount.plate.picture_files import PictureFile, find_pictures, picture_stem, root_of
from osteocount.plate.scene_wells import scenes_in
from osteocount.plate.spreadsheets import Sheet, read_sheets
from osteocount.wells import parse_well, row_letters, well_name

PATTERN = "sample sheet"
"""What the index calls pictures that a sample sheet names."""

PATH_GROUPS = ("treatment", "donor", "dose", "replicate", "role", "plate", "well", "field", "channel")
"""Groups of a pattern for the paths of pictures."""

_FILE = frozenset(map(fold, (
    "file", "files", "path", "image", "picture", "photo", "file name", "filename", "file path", "image file",
    "image name", "picture name", "datei", "dateiname", "bild", "bilddatei", "fichier", "archivo", "imagen",
    "\u30d5\u30a1\u30a4\u30eb", "\u30d5\u30a1\u30a4\u30eb\u540d", "\u753b\u50cf",
)))  # fmt: skip
_JOINING = ("replicate", "field", "channel")
_ARM = ("donor", "treatment", "dose", "dose_unit")
_REPLICATES = ("dish", "slide", "coverslip", "chamber")
"""Headings of replicates that say what a sample is."""


@dataclass(frozen=True)
class SampleLine:
    """One line of a sample sheet: which pictures, and what was done to them.

    Attributes
    ----------
    file
        A path or glob below the folder of pictures.
    values
        Column of the wells table → what is written there.
    where
        The line, for messages.
    """

    file: str
    values: dict[str, LayoutEntry]
    where: str


def read_samples(path: Path, source: Path, *, treatment_column: str = "") -> tuple[PlateIndex, Layout]:
    """Place the pictures of ``source`` by a sample sheet.

    Parameters
    ----------
    path
        CSV, TSV or Excel with a column ``file``.
    source
        The folder of pictures.
    treatment_column
        As in `read_layout`.

    Returns
    -------
    The pictures with their samples as wells, and one row per sample as `read_layout` gives one per well.

    Raises
    ------
    OsteoCountError
        With every problem of the sheet in one message: no pictures for a line, a picture on two lines that differ,
        pictures on no line, and all that is wrong with treatments, doses, donors and roles.
    """
    collected = LayoutEntries()
    lines = []
    for sheet in read_sheets(path):
        lines += _lines(sheet, treatment_column, collected.problems)
        say_code_page(sheet, collected)
    if not lines:
        raise OsteoCountError(
            f"{path}: no sample sheet. A column 'file' (a path below the folder of pictures, or D1/IL-32/*) and a "
            "column 'treatment' are needed; `osteocount samples template FOLDER` writes one to start from."
        )
    return _placed(path, source, lines, collected)


def is_sample_sheet(path: Path) -> bool:
    """Say whether a table names pictures and no wells, so that it is no layout."""
    if path.suffix.lower() not in (".csv", ".tsv", ".txt", ".xlsx", ".xlsm"):
        return False
    for sheet in read_sheets(path):
        header = header_row(sheet)
        if header is not None:
            columns = {column_of(cell)[0] for cell in sheet.rows[header] if cell}
            return columns.isdisjoint(("well", "row", "column"))
    return False


def match_paths(source: Path, pattern: str) -> tuple[PlateIndex, Layout] | None:
    """Place pictures by a regular expression for their paths; None where it has none of the groups of samples.

    Parameters
    ----------
    source
        The folder of pictures.
    pattern
        Matched against the whole path below the folder, with or without its suffix; groups as in ``PATH_GROUPS``.

    Raises
    ------
    OsteoCountError
        A picture does not fit the pattern, what it says of a sample contradicts itself, or it takes too long.
    """
    compiled = OwnPattern(pattern)
    try:
        groups = set(compiled.groupindex)
    except OsteoCountError:
        return None
    if groups.isdisjoint(("treatment", "donor", "dose", "replicate")) or not groups <= set(PATH_GROUPS):
        return None
    root = root_of(source)
    lines = []
    unfit = []
    for picture in find_pictures(source).pictures:
        name = picture.relative_to(root).as_posix()
        stem = (picture.relative_to(root).parent / picture_stem(picture)).as_posix()
        match = compiled.fullmatch(name) or compiled.fullmatch(stem)
        if match is None:
            unfit.append(name)
            continue
        said = {key: LayoutEntry(("", 0, 0), key, text, name) for key, text in match.groupdict().items() if text}
        lines.append(SampleLine(name, said, name))
    if unfit:
        more = f" and {len(unfit) - 10} more" if len(unfit) > 10 else ""
        raise OsteoCountError(f"{source}: the pattern does not fit {', '.join(unfit[:10])}{more}.")
    return _placed(source, source, lines, LayoutEntries())


def header_row(sheet: Sheet) -> int | None:
    """Return the row that holds the headings of a sample sheet; None when there is none."""
    return next((n for n, row in enumerate(sheet.rows[:50]) if any(map(names_file, row))), None)


def names_file(heading: str) -> bool:
    """Say whether a heading is that of the pictures' paths."""
    return fold(heading.rstrip(":")) in _FILE


def _lines(sheet: Sheet, treatment_column: str, problems: list[str]) -> list[SampleLine]:
    """Return the lines of a sheet below its heading, [] when it has none."""
    header = header_row(sheet)
    if header is None:
        return []
    file_column = next(n for n, cell in enumerate(sheet.rows[header]) if names_file(cell))
    headings = {n: cell for n, cell in enumerate(sheet.rows[header]) if cell and n != file_column}
    columns = {n: column_of(cell, treatment_column) for n, cell in headings.items()}
    called, columns = _replicates(columns)
    named = [variable for variable, _ in columns.values()]
    problems.extend(
        f"{sheet.where(header, 0)}: two columns mean {variable!r}; keep one."
        for variable in sorted({variable for variable in named if named.count(variable) > 1})
    )
    lines = []
    for row in range(header + 1, len(sheet.rows)):
        file = sheet.filled(row, file_column)
        values = {
            variable: LayoutEntry(
                ("", row + 1, 0), variable, text, sheet.where(row, n), unit,
                number=sheet.anchor(row, n) in sheet.numbers, date=sheet.anchor(row, n) in sheet.dates,
            )
            for n, (variable, unit) in columns.items()
            if (text := _called(variable, called, sheet.filled(row, n)))
            and not (variable in ("well", *_JOINING) and is_missing(text))
        }  # fmt: skip
        if file:
            lines.append(SampleLine(file, values, sheet.where(row, file_column)))
        elif values:
            problems.append(f"{sheet.where(row, file_column)}: no file is named for this line.")
    return lines


def _replicates(columns: dict[int, tuple[str, str]]) -> tuple[str, dict[int, tuple[str, str]]]:
    """Take a column ``dish``, ``slide``, ``coverslip`` for the replicates where no other is called so."""
    names = [variable for variable, _ in columns.values()]
    called = [name for name in names if name in _REPLICATES]
    if "replicate" in names or len(called) != 1:
        return "", columns
    return called[0], {n: ("replicate", "") if said[0] == called[0] else said for n, said in columns.items()}


def _called(variable: str, called: str, text: str) -> str:
    """Write what a replicate is before its number: ``dish 2``."""
    return f"{called} {text}" if called and variable == "replicate" and re.fullmatch(r"\d+\w?", text) else text


def _placed(path: Path, source: Path, lines: list[SampleLine], collected: LayoutEntries) -> tuple[PlateIndex, Layout]:
    found, root = find_pictures(source), root_of(source)
    pictures = found.pictures
    line_of = match_files(pictures, root, lines, collected)
    if not line_of:
        raise OsteoCountError(
            f"{path}: none of the {len(pictures)} pictures of {source} is named in it. Give their "
            f"paths below that folder, such as {pictures[0].relative_to(root).as_posix()}."
        )
    samples: dict[int, str] = {}
    first: dict[tuple[str, str], str] = {}
    for number in sorted(set(line_of.values())):
        line = lines[number]
        name = _sample_name(line, number)
        samples[number] = first.setdefault((fold(_plate(line)), fold(name)), name)
        if "treatment" not in line.values:
            collected.notes.append(f"{line.where}: no treatment; {line.file} is counted and in no comparison.")
        collected.entries += [
            replace(entry, well=(_plate(line), number + 1, 0))
            for variable, entry in line.values.items()
            if variable not in ("well", "plate", *_JOINING)
        ]
    rows, warnings = resolve(collected, samples={number + 1: name for number, name in samples.items()})
    rows = _one_row_each(rows, collected.problems)
    warnings = [*collected.notes, *warnings]
    warnings += _not_named([p.relative_to(root).as_posix() for p in pictures if p not in line_of])
    if collected.problems:
        said = "".join(f"\n  {n}. {problem}" for n, problem in enumerate(collected.problems, 1))
        raise OsteoCountError(f"{path}: {len(collected.problems)} problems in the sample sheet.{said}")
    entries = [
        entry
        for picture, number in line_of.items()
        for entry in _entries(picture, root, lines[number], samples[number])
    ]
    index = PlateIndex(source, tuple(sorted(entries, key=_order)), found.skipped, notes=tuple(found.notes()))
    return index, layout_of(path, rows, warnings)


def _not_named(pictures: list[str]) -> list[str]:
    if not pictures:
        return []
    more = f" and {len(pictures) - 10} more" if len(pictures) > 10 else ""
    return [f"Pictures that the sample sheet does not name ({len(pictures)}): {', '.join(pictures[:10])}{more}."]


def match_files(
    pictures: Sequence[Path], root: Path, lines: list[SampleLine], collected: LayoutEntries
) -> dict[Path, int]:
    """Return the number of the line that names each picture, its exact path before a glob; ``collected`` grows.

    Lines that name a picture by its path on another computer, or by its name alone, get its path.
    """
    names = {fold_path(picture.relative_to(root).as_posix()): picture for picture in pictures}
    alike = _alike(names)
    line_of: dict[Path, int] = {}
    globs = []
    for number, line in enumerate(lines):
        wanted = fold_path(line.file)
        if wanted not in names and (meant := alike.get(fold(wanted)) or _by_ending(wanted, names)):
            if fold(wanted) not in alike:
                lines[number] = replace(line, file=meant)
            wanted = meant
            collected.notes.append(f"{line.where}: {line.file!r} is taken for {wanted!r}.")
        if wanted in names:
            earlier = line_of.setdefault(names[wanted], number)
            if earlier != number:
                collected.problems.append(f"{line.where}: {line.file} is there already at {lines[earlier].where}.")
        else:
            globs.append((number, line, wanted))
    exact = set(line_of)
    for number, line, wanted in globs:
        below = wanted.rstrip("/") + "/"
        found = [p for n, p in names.items() if p not in exact and (fnmatchcase(n, wanted) or n.startswith(below))]
        if not found:
            collected.problems.append(
                f"{line.where}: no picture fits {line.file!r}. Give its path below {root.name or root}."
            )
        for picture in found:
            earlier = line_of.setdefault(picture, number)
            if earlier != number:
                name = picture.relative_to(root).as_posix()
                collected.problems.append(
                    f"{line.where}: {name} fits {line.file!r} and {lines[earlier].file!r}, of {lines[earlier].where}."
                )
    return line_of


def _by_ending(wanted: str, names: Collection[str]) -> str:
    """Return the path that a name alone, or a path on another computer, means; "" where none or several do."""
    below = [name for name in names if wanted.endswith(f"/{name}") or name.endswith(f"/{wanted}")]
    return below[0] if len(below) == 1 else ""


def _alike(names: Collection[str]) -> dict[str, str]:
    """Return paths by what they are but for case and blanks, with and without the ending, where that is one path."""
    found: dict[str, set[str]] = {}
    for name in names:
        for spelled in (name, picture_name(name)):
            found.setdefault(fold(spelled), set()).add(name)
    return {spelled: next(iter(paths)) for spelled, paths in found.items() if len(paths) == 1}


def fold_path(path: str) -> str:
    """Return a path in which slashes, Unicode forms and a leading ``./`` do not matter."""
    import unicodedata

    return unicodedata.normalize("NFC", path.strip().replace("\\", "/")).removeprefix("./")


def _plate(line: SampleLine) -> str:
    return line.values["plate"].value if "plate" in line.values else ""


def _sample_name(line: SampleLine, number: int) -> str:
    """Name the sample of a line: its well, or donor, arm and replicate, or its line."""
    if "well" in line.values:
        text = line.values["well"].value
        position = parse_well(text)
        return well_name(*position) if position else text
    arm = [_one_way(key, line.values[key].value) for key in _ARM if key in line.values]
    if "replicate" in line.values:
        return " ".join([*arm, line.values["replicate"].value])
    return " ".join([*arm, f"line {number + 1}"]) if re.search(r"[*?]|\[.+\]", line.file) else picture_name(line.file)


def _one_way(variable: str, text: str) -> str:
    """Spell the unit of a dose one way, so that 25 ng/ml and 25 ng/mL are one sample."""
    written = split_dose(text) if variable == "dose" else None
    unit = canonical_unit(written.unit if written else text if variable == "dose_unit" else "")
    if written and unit and not written.power and text.endswith(written.unit):
        return f"{text.removesuffix(written.unit).strip()} {unit}"
    return unit if variable == "dose_unit" and unit else text


def picture_name(file: str) -> str:
    """Return a path below the folder without its suffix, as the name of a sample."""
    path = Path(fold_path(file))
    return (path.parent / picture_stem(path)).as_posix()


def _one_row_each(rows: list[dict[str, object]], problems: list[str]) -> list[dict[str, object]]:
    """Join the lines of one sample, which must say the same."""
    first: dict[tuple[object, object], dict[str, object]] = {}
    for row in rows:
        known = first.setdefault((row["plate"], row["well"]), row)
        differ = [name for name in row if str(row[name]) != str(known[name])]
        if differ:
            said = ", ".join(f"{name} {known[name]} and {row[name]}" for name in differ)
            problems.append(
                f"The sample {row['well']!r} has lines that differ: {said}. Give them samples of their own."
            )
    return list(first.values())


def _entries(picture: Path, root: Path, line: SampleLine, sample: str) -> list[PictureFile]:
    """Return the pictures of a file, each a field of its sample."""
    said = {key: line.values[key].value for key in ("field", "channel") if key in line.values}
    position = parse_well(sample)
    name = said.get("field", picture_name(picture.relative_to(root).as_posix()))
    whole = PictureFile(
        path=picture,
        plate=_plate(line),
        well=sample,
        row=row_letters(position[0]) if position else "",
        column=position[1] if position else None,
        field=name,
        channel=said.get("channel", ""),
        z="",
        time="",
        pattern=PATTERN,
    )
    inside = scenes_in(picture, None)[0] if is_multi_image(picture) else []
    return [replace(whole, scene=e.scene, field=f"{name} {e.scene}") for e in inside] or [whole]


def _order(entry: PictureFile) -> tuple[str, str, str, str]:
    return entry.plate, entry.well, entry.field, entry.channel
