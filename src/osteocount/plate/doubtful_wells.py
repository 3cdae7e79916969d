"""Wells in names made by hand: PGE2 is no well, nor is donor D1, day E9 or an image C1.

Only names that instruments write are believed as they are. Of the others a plate is believed that looks like one; the
rest is asked about, because a wrong well is a wrong treatment and nobody sees it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path

from osteocount.plate.name_patterns import WELL_FOLDERS, NameParts, NamePattern
from osteocount.plate.picture_files import picture_stem
from osteocount.wells import row_letters

_TILED = "rows and columns"
BY_HAND = frozenset({"plain", _TILED, "ImageXpress", "Leica LAS X", WELL_FOLDERS})
"""Systems whose names people write too."""

ALL_BUT_STRAYS = 0.95
"""One system must explain at least this share of the pictures: room for a stray file, none for a second system."""

_ENOUGH_WELLS = 20  # so many wells in several rows and columns are a plate, wherever they lie
_A_BLOCK = 10  # fewer in a block, such as D1 to D3 and E8, E9, are donors and days as well
_SOME_WELLS = 4  # folders from A1 on; A1 to A3 may be a group
_FEW_COLUMNS = 4  # as numbers of donors, days and pictures are; a plate of 24 wells has six
# Letters that numbers follow for other reasons: donor, day, dish; embryonic day, experiment; female; human, hour;
# condition; mouse, month, male; number; patient, passage.
LETTERS_OF_OTHER_THINGS = frozenset("DEFHKMNP")
"""Rows of which a few wells alone are not believed."""

# What programs add and people do not: the word, site with wavelength, a GUID, regions and channels of LAS X.
_BY_A_PROGRAM = re.compile(
    r"(?i:(?<![a-z])well[ _-]?(?=[A-P]\d)|(?<![a-z])plate(?![a-z])|tile ?scan|_s\d+_w\d|region \d)|"
    r"[0-9A-F]{8}-[0-9A-F]{4}-|--[A-P]--\d|_[A-P]_\d{1,2}_.*_ch\d\d"
)
_TILES = re.compile(r"[A-P]\d{1,2}[_ -]0\d[_ -]0\d(?=[_ -]|$)")
_PADDED = re.compile(r"(?<![A-Za-z0-9])[A-P]0[1-9](?!\d)")
_BARCODE = re.compile(r"\d{4}")

NameMatches = Mapping[Path, tuple[NamePattern, NameParts] | None]
"""Picture → the first pattern that explains its name with what it says; None where none does."""


def doubtful_wells(matches: NameMatches, known_wells: Collection[str]) -> tuple[set[Path], str]:
    """Return the pictures whose names hold what may be a well or something else, and a sentence that asks.

    Parameters
    ----------
    matches
        What the patterns say of each picture.
    known_wells
        Wells of the layout: names are believed when all of their wells are among them.

    Returns
    -------
    No pictures and "" when nothing is doubtful.
    """
    plain = {path: match[1] for path, match in matches.items() if match and match[0].name in BY_HAND and match[1].row}
    if {parts.well for parts in plain.values()} <= set(known_wells):
        return set(), ""
    groups: dict[tuple[Path, str, str], dict[Path, NameParts]] = defaultdict(dict)
    for path, parts in plain.items():
        groups[path.parent, _system(matches, path), parts.plate][path] = parts
    in_folders = _believed_folders(matches, plain)
    doubtful = {
        path
        for (_, system, plate), group in groups.items()
        if not (in_folders if system == WELL_FOLDERS else _like_a_plate(plate, group, tiles=system == _TILED))
        for path in group
    }
    if not doubtful:
        return set(), ""
    said = {_name_with_well(matches, path): plain[path].well for path in sorted(doubtful)}
    examples = ", ".join(f"{name} (well {well}?)" for name, well in list(said.items())[:3])
    systems = {_system(matches, path) for path in doubtful}
    pattern = f"'{WELL_FOLDERS}'" if systems == {WELL_FOLDERS} else "plain"
    return doubtful, (
        f"These names may hold wells, or something else: {examples}. They were not taken for wells. If they are wells, "
        f"give a layout that names them all, or --pattern {pattern}; if not, a sample sheet (--samples)."
    )


def _system(matches: NameMatches, path: Path) -> str:
    match = matches[path]
    return match[0].name if match else ""


def _name_with_well(matches: NameMatches, path: Path) -> str:
    """Return the name of the picture or of its folder, whichever holds the well."""
    match = matches[path]
    inside = match[0].in_folders(path.parts[:-1]) if match else None
    return f"{inside.string}/" if inside else picture_stem(path)


def _believed_folders(matches: NameMatches, plain: Mapping[Path, NameParts]) -> bool:
    """Say whether folders called A01, A02 … are those of wells: all pictures lie in such, and they are of a plate.

    A single one may be anything, C1 and C2 conditions, E9 a day. So they must be written alike, zero-padded or from A
    on, and more than those of one letter that has other meanings; or so many that only a plate has them.
    """
    in_folders = {path: parts for path, parts in plain.items() if _system(matches, path) == WELL_FOLDERS}
    if len(in_folders) < ALL_BUT_STRAYS * len(matches):
        return False
    names = {_name_with_well(matches, path).partition("/")[0] for path in in_folders}
    if any(map(_BY_A_PROGRAM.search, names)):
        return True
    positions = {(parts.row, parts.column) for parts in in_folders.values()}
    rows = {row for row, _ in positions}
    padded = {name[1] == "0" for name in names if len(name) == 2 or name[1] == "0"}
    if len(padded) > 1 or LETTERS_OF_OTHER_THINGS.issuperset(map(row_letters, rows)):
        return len(padded) < 2 and len(rows) > 1 and len(positions) >= _A_BLOCK
    from_a = rows == set(range(1, max(rows) + 1))
    if padded == {True}:
        return len(positions) > 1 and (from_a or len(rows) > 1)
    return len(positions) >= _SOME_WELLS and (from_a or (len(rows) > 1 and len(positions) >= _A_BLOCK))


def _like_a_plate(prefix: str, group: Mapping[Path, NameParts], *, tiles: bool) -> bool:
    """Say whether the wells of names that begin alike are those of a plate.

    ``tiles``: rows and columns are written out, as those of the tiles of a scan are too.
    """
    stems = [picture_stem(path) for path in group]
    positions = {(parts.row, parts.column) for parts in group.values()}
    rows, columns = ({position[axis] for position in positions} for axis in (0, 1))
    if any(map(_BY_A_PROGRAM.search, stems)) or (not prefix and any(map(_TILES.search, stems))):
        return True
    if tiles:
        return False
    filled = len(positions) / (len(rows) * len(columns))
    if len(rows) > 1 and len(columns) > _FEW_COLUMNS:
        return (filled > 0.6 and len(positions) >= _A_BLOCK) or len(positions) >= _ENOUGH_WELLS
    from_a = rows == set(range(1, max(rows) + 1))
    padded = any(map(_PADDED.search, stems))
    if prefix:
        barcode = bool(_BARCODE.search(prefix)) and LETTERS_OF_OTHER_THINGS.isdisjoint(map(row_letters, rows))
        return (padded or min(columns) > 9) and (from_a or barcode)
    return (max(columns) <= 12 or padded) and (from_a or (len(rows) > 1 and padded))
