"""Which picture shows which well: names of files → plate, well, field, channel."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from osteocount.columns import PLATE_PREVIEW
from osteocount.errors import OsteoCountError
from osteocount.io.multi_image import is_multi_image
from osteocount.io.read import is_picture_file
from osteocount.plate.doubtful_wells import ALL_BUT_STRAYS, doubtful_wells
from osteocount.plate.harmony_index import SYSTEM as HARMONY_INDEX
from osteocount.plate.harmony_index import harmony_places
from osteocount.plate.name_patterns import PATTERNS, NameParts, NamePattern, custom_pattern
from osteocount.plate.picture_files import PictureFile, find_pictures, folders_of, picture_stem, root_of
from osteocount.plate.scene_wells import scenes_in, tell_plates_apart
from osteocount.wells import row_letters

if TYPE_CHECKING:
    import pandas as pd

# Folders that instruments make inside a plate: Images (Phenix), TimePoint_2 and ZStep_3 (MetaXpress).
_STRUCTURAL = re.compile(r"(?i)images?|(?P<time>timepoint)_(?P<t>\d+)|(?P<z>zstep)_(?P<n>\d+)")
_LISTED = 10  # names in a message; more of them help nobody

NameMatches = dict[Path, tuple[NamePattern, NameParts] | None]
"""Picture → the first pattern that explains its name with what it says; None where none does."""


@dataclass(frozen=True)
class PlateIndex:
    """All pictures of a source.

    Attributes
    ----------
    source
        The folder or picture that was asked for.
    entries
        Sorted by plate, well, field, channel, plane and time.
    skipped
        Thumbnails and overlays that were left out.
    unmatched
        The few pictures the chosen pattern does not explain; they are not in ``entries``.
    notes
        What a person should know, in sentences.
    """

    source: Path
    entries: tuple[PictureFile, ...]
    skipped: tuple[Path, ...] = ()
    unmatched: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

    def table(self) -> pd.DataFrame:
        """Return one row per picture: ``file`` (relative to the source), ``plate`` … ``pattern``."""
        import pandas as pd

        root = self.source if self.source.is_dir() else self.source.parent
        rows = [
            (e.path.relative_to(root).as_posix(), *(getattr(e, c) for c in PLATE_PREVIEW.names[1:]))
            for e in self.entries
        ]
        return pd.DataFrame(rows, columns=list(PLATE_PREVIEW.names)).astype({"column": "Int64"})


def index_pictures(source: Path, *, pattern: str | None = None, known_wells: Collection[str] = ()) -> PlateIndex:
    """Find the pictures of ``source`` and say which well and field each one shows.

    Parameters
    ----------
    source
        A picture, or a folder that is searched with its sub-folders. Hidden folders, result folders (with a
        ``run.json``) and folders called truth, labels or overlays are not entered.
    pattern
        A regular expression with the groups ``plate well row col field channel z time``, matched against the whole
        file name with or without its suffix; or the name of a known system. Without it the known ones are tried in
        order.
    known_wells
        Wells of the layout. Names made by hand that may hold wells (``EV_E2_1``) are taken for wells only when all of
        these are among them.

    Raises
    ------
    OsteoCountError
        No picture; no pattern explains 95 % of them although some fit one; two pictures of the same plate, well,
        field, channel, plane and time.
    """
    found = find_pictures(source)
    patterns = _patterns(pattern)
    root = root_of(source)
    matches = {path: _match(path, folders_of(path, root), patterns) for path in found.pictures}
    index_notes = _by_harmony_index(source, matches) if pattern is None else []
    doubtful, doubt = doubtful_wells(matches, known_wells) if pattern is None else (set(), "")
    matches |= dict.fromkeys(doubtful)
    scenes, unreadable = _scenes(matches, known_wells)
    strays = _strays(matches)
    matches = {path: match for path, match in matches.items() if path not in strays and path not in scenes}
    chosen = _main_pattern(source, matches, custom=pattern is not None) if matches else ""
    entries, unmatched = _entries(source, matches, chosen)
    entries += tell_plates_apart([entry for inside in scenes.values() for entry in inside])
    unmatched = sorted([*unmatched, *strays])
    _refuse_duplicates(source, entries)
    notes = [
        *([doubt] if doubt else []),
        *_notes(entries, found.skipped, unmatched, chosen),
        *found.notes(),
        *index_notes,
        *unreadable,
    ]
    return PlateIndex(source, tuple(sorted(entries, key=_order)), found.skipped, tuple(unmatched), tuple(notes))


def _patterns(pattern: str | None) -> tuple[NamePattern, ...]:
    if pattern is None:
        return PATTERNS
    named = tuple(known for known in PATTERNS if known.name.casefold() == pattern.casefold())
    return named or (custom_pattern(pattern),)


def _scenes(matches: NameMatches, known_wells: Collection[str]) -> tuple[dict[Path, list[PictureFile]], list[str]]:
    """Look into files that may hold many wells, and note those that could not be looked into.

    An OME-TIFF whose own name gives the well is one picture: a plate of thousands of them is not opened to know it.
    """
    scenes: dict[Path, list[PictureFile]] = {}
    notes: list[str] = []
    for path, hit in matches.items():
        if not is_multi_image(path) or (hit and hit[1].row and path.name.lower().endswith((".tif", ".tiff"))):
            continue
        place = (hit[1].plate, hit[1].row, hit[1].column) if hit and hit[1].row else None
        inside, note = scenes_in(path, place, known_wells)
        if inside:
            scenes[path] = inside
        notes += [note] if note else []
    return scenes, notes


def _match(
    path: Path, folders: Sequence[str], patterns: tuple[NamePattern, ...]
) -> tuple[NamePattern, NameParts] | None:
    """Return the first pattern that explains the name, with what it says."""
    for pattern in patterns:
        parts = pattern.read(picture_stem(path), folders)
        if parts is None and pattern.name == "custom":
            parts = pattern.read(path.name)
        if parts is not None:
            return pattern, parts
    return None


def _by_harmony_index(source: Path, matches: NameMatches) -> list[str]:
    """Place pictures by Harmony's index where their names say nothing; returns notes.

    Raises
    ------
    OsteoCountError
        Names and index say different wells.
    """
    places, notes = harmony_places(path.parent for path in matches)
    for path, parts in places.items():
        if path not in matches:
            continue
        hit = matches[path]
        if hit is None or hit[0].name not in ("Opera Phenix / Operetta", "Operetta (Columbus)"):
            matches[path] = (NamePattern(HARMONY_INDEX, re.compile("")), parts)
        elif (hit[1].row, hit[1].column) != (parts.row, parts.column):
            raise OsteoCountError(
                f"{path.relative_to(root_of(source))}: its name says well {hit[1].well}, Harmony's index well "
                f"{parts.well}. Export the plate again, or move the index away."
            )
    return notes


def _strays(matches: NameMatches) -> set[Path]:
    """Return what is a picture neither by its name nor by its content; one text file must not stop a plate."""
    if not any(matches.values()):
        return set()
    return {
        path for path, hit in matches.items() if hit is None and not is_multi_image(path) and not is_picture_file(path)
    }


def _main_pattern(source: Path, matches: NameMatches, *, custom: bool) -> str:
    """Return the name of the pattern that explains the pictures, "" when none of them has a well in its name."""
    votes = Counter(hit[0].name for hit in matches.values() if hit)
    if not votes and not custom:
        return ""
    winner, count = votes.most_common(1)[0] if votes else ("custom", 0)
    if count >= ALL_BUT_STRAYS * len(matches):
        return winner
    others = [path for path, hit in matches.items() if hit is None or hit[0].name != winner]
    said = "; ".join(f"{n} as {name}" for name, n in votes.most_common()) or "none fits the pattern"
    none = sum(hit is None for hit in matches.values())
    raise OsteoCountError(
        f"{source}: the file names do not follow one system ({said}; {none} as none, of {len(matches)}). Not explained "
        f"by {winner!r}: {_listing(source, others)}. Keep one system per folder, move the other files "
        "away, or give a pattern of your own (--pattern)."
    )


def _entries(source: Path, matches: NameMatches, chosen: str) -> tuple[list[PictureFile], list[Path]]:
    """Build the entries of the chosen pattern; the other pictures are returned as unmatched."""
    root = root_of(source)
    hits = {path: hit for path, hit in matches.items() if hit is not None and hit[0].name == chosen}
    if not chosen:
        plates = _folder_plates({path: folders_of(path, root)[1:] for path in matches})
        stems = {path: picture_stem(path) for path in matches}
        return [PictureFile(p, plates[p], "", "", None, stems[p], "", "", "", "") for p in matches], []
    plates = _folder_plates({
        path: pattern.above_wells(folders_of(path, root))[1:]
        for path, (pattern, parts) in hits.items()
        if not (parts.plate or pattern.channel_folder)
    })  # fmt: skip
    several_parts = _several_parts(parts for _, parts in hits.values())
    entries = []
    for path, (pattern, parts) in hits.items():
        parts = _with_folders(path.relative_to(root), parts)
        if several_parts and parts.part:
            tile = (parts.field, parts.part) if pattern.name == "plain" else (parts.part, parts.field)
            parts = replace(parts, field="-".join(tile))
        entries.append(
            PictureFile(
                path=path,
                plate=parts.plate or plates.get(path, ""),
                well=parts.well,
                row=row_letters(parts.row),
                column=parts.column or None,
                field=parts.field,
                channel=path.absolute().parent.name if pattern.channel_folder else parts.channel,
                z=parts.z,
                time=parts.time,
                pattern=chosen,
            )
        )
    return entries, [path for path in matches if path not in hits]


def _folder_plates(all_folders: Mapping[Path, Sequence[str]]) -> dict[Path, str]:
    """Name plates by the folders below the root; folders every plate shares and structural ones say nothing."""
    folders = {path: tuple(f for f in own if not _STRUCTURAL.fullmatch(f)) for path, own in all_folders.items()}
    distinct = set(folders.values())
    if len(distinct) == 1:
        return {path: "".join(parts[-1:]) for path, parts in folders.items()}
    levels = zip(*distinct, strict=False)
    shared = next((i for i, names in enumerate(levels) if len(set(names)) > 1), min(map(len, distinct), default=0))
    return {path: "_".join(parts[shared:]) for path, parts in folders.items()}


def _with_folders(relative: Path, parts: NameParts) -> NameParts:
    """Add time point and plane from folders called ``TimePoint_2`` and ``ZStep_3`` (MetaXpress)."""
    for folder in relative.parent.parts:
        match = _STRUCTURAL.fullmatch(folder)
        if match and match["time"]:
            parts = replace(parts, time=parts.time or str(int(match["t"])))
        elif match and match["z"]:
            parts = replace(parts, z=parts.z or str(int(match["n"])))
    return parts


def _several_parts(all_parts: Iterable[NameParts]) -> bool:
    """Say whether some field is there in several regions or tiles, so that the field needs their number too."""
    seen: dict[NameParts, str] = {}
    return any(seen.setdefault(replace(p, part=""), p.part) != p.part for p in all_parts if p.part)


def _refuse_duplicates(source: Path, entries: list[PictureFile]) -> None:
    places: dict[tuple[str, ...], list[Path]] = {}
    for e in entries:
        places.setdefault((e.plate, e.well, e.field, e.channel, e.z, e.time), []).append(e.path)
    twice = [(place, paths) for place, paths in places.items() if len(paths) > 1]
    if not twice:
        return
    lines = [f"{_place_in_words(place)}: {_listing(source, paths)}" for place, paths in twice[:_LISTED]] + (
        [f"and {len(twice) - _LISTED} more places"] if len(twice) > _LISTED else []
    )
    raise OsteoCountError(
        f"{source}: several pictures of the same place. " + "; ".join(lines) + ". Keep one of each, or put plates into "
        "folders of their own."
    )


def _place_in_words(place: tuple[str, ...]) -> str:
    names = ("plate", "well", "field", "channel", "plane", "time")
    return " ".join(f"{name} {value}" for name, value in zip(names, place, strict=True) if value) or "no well"


def _listing(source: Path, paths: list[Path]) -> str:
    root = root_of(source)
    shown = ", ".join(p.relative_to(root).as_posix() for p in paths[:_LISTED])
    return shown + (f" and {len(paths) - _LISTED} more" if len(paths) > _LISTED else "")


def _notes(entries: list[PictureFile], skipped: Sequence[Path], unmatched: list[Path], chosen: str) -> list[str]:
    notes = []
    if skipped:
        notes.append(f"Thumbnails and overlays left out: {len(skipped)}.")
    if unmatched:
        names = ", ".join(path.name for path in unmatched)
        notes.append(f"Pictures whose names do not fit those of {chosen} ({len(unmatched)}): {names}.")
    if chosen == "Keyence BZ-X":
        notes.append(
            "XY numbers of a Keyence are stage points, not wells: no wells were assigned. A sample sheet says what "
            "each is (--samples)."
        )
    elif chosen == "Yokogawa CQ1":
        notes.append(
            "W numbers of a CQ1 count the wells of a plate whose size the names do not say: no wells were assigned. A "
            "sample sheet says what each is (--samples)."
        )
    elif not chosen and len(entries) > 1:
        notes.append("No well in these file names: every picture is a field without a well.")
    return notes


def _order(entry: PictureFile) -> tuple[object, ...]:
    texts = (entry.field, entry.channel, entry.z, entry.time, entry.path.as_posix())
    return (natural_key(entry.plate), len(entry.row), entry.row, entry.column or 0, *map(natural_key, texts))


@lru_cache(maxsize=100_000)  # a plate is sorted by the same few names again and again
def natural_key(text: str) -> tuple[tuple[int, str], ...]:
    """Sort key in which field 2 comes before field 10: texts and whole numbers in turn."""
    return tuple((int(run), "") if run.isdecimal() else (-1, run) for run in re.split(r"(\d+)", text))
