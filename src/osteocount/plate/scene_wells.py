"""Files with many wells inside: what their scenes say about plate, well and field."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path

from osteocount.errors import OsteoCountError
from osteocount.io.multi_image import list_scenes
from osteocount.io.raw_image import Scene
from osteocount.plate.doubtful_wells import LETTERS_OF_OTHER_THINGS
from osteocount.plate.picture_files import PictureFile, picture_stem
from osteocount.wells import WELL_OF_SCENE, WellPosition, parse_well, row_letters, well_name

PATTERN = "scenes of a file"
"""What the index calls the naming of scenes."""

_WELL = rf"(?P<well>{WELL_OF_SCENE})"
_NAMES = (
    re.compile(_WELL),
    re.compile(rf"(?i:well)[ _:-]*{_WELL}(?:[ _,:#/-].*)?"),
    re.compile(
        rf"{_WELL}[ _,:#/-]+(?i:point|pos(?:ition)?|p|field|f|site|s|scene|region|r)?[ _#-]*\d+(?:[ _,:#/-].*)?"
    ),
    re.compile(rf"{_WELL}-{WELL_OF_SCENE}"),
    re.compile(rf"(?i:p|s|scene|tr|pos|position|region)[ _-]?\d+[ _-]+{_WELL}"),  # CellDiscoverer 7: P1-B2
)
_BY_A_PROGRAM = re.compile(rf"P\d+-{WELL_OF_SCENE}|{WELL_OF_SCENE}-{WELL_OF_SCENE}")


def scenes_in(
    path: Path, place: tuple[str, int, int] | None, known_wells: Collection[str] = ()
) -> tuple[list[PictureFile], str]:
    """Return one entry per picture inside a file, and a note when it could not be looked into.

    Parameters
    ----------
    path
        The file.
    place
        Plate, row and column that the file's own name gives, None when it names no well.
    known_wells
        Wells of the layout: names of scenes that may be others (``D1``: donor, day) are believed when all are among
        them.

    Returns
    -------
    No entries when the file is a single picture that says nothing about its well: its name speaks then.
    """
    try:
        scenes = list_scenes(path)
    except OsteoCountError as error:
        return [], str(error)
    wells, note = _wells(path, scenes, known_wells)
    if len(scenes) == 1 and wells[0] is None:
        return [], note
    return [_entry(path, scene, well, place) for scene, well in zip(scenes, wells, strict=True)], note


def tell_plates_apart(entries: list[PictureFile]) -> list[PictureFile]:
    """Name plates after their files where two files hold the same field of the same well."""
    places: dict[tuple[str, str, str], set[Path]] = {}
    for entry in entries:
        places.setdefault((entry.plate, entry.well, entry.field), set()).add(entry.path)
    if all(len(paths) == 1 for paths in places.values()):
        return entries
    return [_renamed(entry) for entry in entries]


def _renamed(entry: PictureFile) -> PictureFile:
    return replace(entry, plate="_".join(filter(None, [entry.plate, picture_stem(entry.path)])))


def _wells(
    path: Path, scenes: tuple[Scene, ...], known_wells: Collection[str]
) -> tuple[list[WellPosition | None], str]:
    """Read the well of every scene; ``P1``, ``P2`` … alone are points on the stage, ``D1``, ``D2`` … may be donors."""
    wells = [_well(scene.hints) for scene in scenes]
    names = {well_name(*well) for well in wells if well}
    rows = {well[0] for well in wells if well}
    single = len(rows) == 1 and row_letters(*rows) in LETTERS_OF_OTHER_THINGS
    if not single or any(map(_sure, scenes)) or names <= set(known_wells):
        return wells, ""
    first = next(scene for scene, well in zip(scenes, wells, strict=True) if well)
    return [None] * len(scenes), (
        f"{path.name}: scenes called {first.name!r} and so on may be wells, or something else. They were not taken for "
        "wells. If they are, give a layout that names them all."
    )


def _sure(scene: Scene) -> bool:
    return bool(scene.plate) or any("well" in hint.lower() or _BY_A_PROGRAM.fullmatch(hint) for hint in scene.hints)


def _well(hints: Iterable[str]) -> WellPosition | None:
    """Return (row, column) of the first hint that names a well, None when none does."""
    for hint in hints:
        for name in _NAMES:
            match = name.fullmatch(hint.strip())
            if match and (well := parse_well(match["well"])):
                return well
    return None


def _entry(path: Path, scene: Scene, well: WellPosition | None, place: tuple[str, int, int] | None) -> PictureFile:
    named_plate = scene.plate
    if well is None and place is not None:
        named_plate, well = place[0], (place[1], place[2])
    row, column = well or (0, 0)
    return PictureFile(
        path=path,
        plate=named_plate,
        well=well_name(row, column) if well else "",
        row=row_letters(row),
        column=column or None,
        field=scene.field if well else f"{picture_stem(path)} {scene.name}".strip(),
        channel="",
        z="",
        time="",
        pattern=PATTERN,
        scene=scene.name,
    )
