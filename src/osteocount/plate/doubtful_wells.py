"""Wells in names made by hand: PGE2 is no well, nor is donor D1, day E9 or an image C1.

Only names that instruments write are believed as they are. Of the others a plate is believed that looks like one; the
rest is asked about, because a wrong well is a wrong treatment and nobody sees it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path

from osteocount.plate.name_patterns import NameParts, NamePattern
from osteocount.plate.picture_files import picture_stem
from osteocount.wells import row_letters

BY_HAND = frozenset({"plain", "rows and columns", "ImageXpress", "Leica LAS X"})
"""Systems whose names people write too."""

_ENOUGH_WELLS = 20  # so many wells in several rows and columns are a plate, wherever they lie
_A_BLOCK = 10  # fewer in a block, such as D1 to D3 and E8, E9, are donors and days as well
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
    doubtful = {
        path
        for (_, system, plate), group in groups.items()
        if not _like_a_plate(plate, group, tiles=system == "rows and columns")
        for path in group
    }
    if not doubtful:
        return set(), ""
    examples = ", ".join(f"{picture_stem(path)} (well {plain[path].well}?)" for path in sorted(doubtful)[:3])
    return doubtful, (
        f"These names may hold wells, or something else: {examples}. They were not taken for wells. If they are wells, "
        "give a layout that names them all, or --pattern plain; if not, a sample sheet (--samples)."
    )


def _system(matches: NameMatches, path: Path) -> str:
    match = matches[path]
    return match[0].name if match else ""


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
