"""What the instruments' file names say: an ordered list of named patterns.

Every pattern is matched against the whole name without its suffix. Groups: ``plate well row col field channel z
time``; ``part`` is a region or tile inside a field (a Gen5 ROI, a Keyence tile).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from osteocount.errors import OsteoCountError
from osteocount.plate.own_pattern import OwnPattern
from osteocount.wells import WELL_IN_FILE_NAME, WellPosition, on_a_plate, parse_well, well_name

WELL_FOLDERS = "folders of wells"
"""System of names in which every well has a folder of its own, and its pictures any names."""

GROUPS = ("plate", "well", "row", "col", "field", "channel", "z", "time", "part")

_WELL = rf"(?P<well>{WELL_IN_FILE_NAME})(?!\d)"
_GUID = r"(?:[0-9A-Fa-f]{8}-\S*)?"
_DYES = (
    r"BF|bright[ -]?field|phase(?:[ -]?contrast)?|RGB|colou?r|TRAP|DAPI|Hoechst|FITC|TRITC|GFP|RFP|mCherry|"
    r"Texas ?Red|Cy[357]|DIC|actin|phalloidin"
)
_TOKEN = (
    r"(?:[fswczt]|r|site|field|fov|pos|position|region|img|image|ch|wv|time)?[ -]?\d{1,5}|\d{1,3}x|\(\d{1,4}\)|"
    rf"{_DYES}|ORG"
)
# The optional look-aheads pick field, channel, plane and time out of the tokens, in whatever order these stand.
_TOKENS = (
    r"(?i:(?=(?:.*?[_ -](?:f|s|r|site|field|fov|pos|position|region|img|image)?[ -]?\(?(?P<field>\d{1,5})"
    r"(?=[_ -]|\)|$))?)"
    rf"(?=(?:.*?[_ -](?:(?:w|wv|c|ch)-?(?=\d))(?P<channel>\d{{1,2}})|.*?[_ -](?P<dye>{_DYES})(?=[_ -]|$))?)"
    r"(?=(?:.*?[_ -]z-?(?P<z>\d+))?)(?=(?:.*?[_ -]t(?:ime)?-?(?P<time>\d+))?)"
    r"(?=(?:.*?[_ -]\d{1,5}[_ -](?P<part>\d{1,5})(?=[_ -]|$))?)"  # row and column of a tile
    rf"(?:[_ -](?:{_TOKEN}))*)"
)


@dataclass(frozen=True)
class NameParts:
    """What one file name says; "" where it says nothing. ``row`` and ``column`` count from 1, 0 without a well."""

    plate: str
    row: int
    column: int
    field: str
    channel: str
    z: str
    time: str
    part: str = ""

    @property
    def well(self) -> str:
        """Zero-padded name of the well, "" without one."""
        return well_name(self.row, self.column) if self.row else ""


@dataclass(frozen=True)
class NamePattern:
    """A named way of reading file names.

    ``channel_folder``: the channel is the name of the picture's folder; ``from_zero``: rows and columns count from 0;
    ``folder``: what the name of the picture's folder must be, which gives the well; with a ``/`` in it, that of two.
    """

    name: str
    regex: re.Pattern[str] | OwnPattern
    channel_folder: bool = False
    has_well: bool = True
    from_zero: bool = False
    folder: re.Pattern[str] | None = None

    def read(self, stem: str, folders: Sequence[str] = ()) -> NameParts | None:
        """Return what the name says, None when the pattern does not match all of it or the well cannot exist.

        ``folders`` are those that the picture lies in, the innermost last.
        """
        match = self.regex.fullmatch(stem)
        inside = self.in_folders(folders)
        if match is None or (self.folder and inside is None):
            return None
        said = {key: value or "" for key, value in (match.groupdict() | (inside.groupdict() if inside else {})).items()}
        position = _position(said, 1 if self.from_zero else 0)
        if position is None and (self.has_well or said.get("well")):
            return None
        row, column = position or (0, 0)
        return NameParts(
            plate=said.get("plate", "").strip(" _-"),
            row=row,
            column=column,
            field=_plain_number(said.get("field", "")),
            channel=_plain_number(said.get("channel", "") or said.get("dye", "") or said.get("inner", "")),
            z=_plain_number(said.get("z", "")),
            time=_plain_number(said.get("time", "")),
            part=_plain_number(said.get("part", "")),
        )

    def in_folders(self, folders: Sequence[str]) -> re.Match[str] | None:
        """Return what the names of the folders say, of the innermost or of the last two; None without a well there."""
        if self.folder is None:
            return None
        return self.folder.fullmatch("".join(folders[-1:])) or self.folder.fullmatch("/".join(folders[-2:]))

    def above_wells(self, folders: Sequence[str]) -> tuple[str, ...]:
        """Return the folders that wells lie in: all, but for that of the well and one in it."""
        inside = self.in_folders(folders)
        return tuple(folders[: -1 - inside.string.count("/")]) if inside else tuple(folders)


def _position(said: dict[str, str], add: int) -> WellPosition | None:
    """Return row and column from a well token, or from row (letters or number) and column."""
    if said.get("well"):
        return parse_well(said["well"])
    row, column = said.get("row", ""), said.get("col", "")
    if not row or not column:
        return None
    if not row.isdecimal():
        return parse_well(row + column)
    position = int(row) + add, int(column) + add
    return position if on_a_plate(*position) else None


def _plain_number(text: str) -> str:
    """Drop leading zeros of a number, so that ``f001`` and ``f1`` are the same field."""
    return str(int(text)) if text.isdecimal() else text.strip()


def _pattern(name: str, regex: str, folder: str = "", **more: bool) -> NamePattern:
    return NamePattern(name, re.compile(regex), folder=re.compile(folder) if folder else None, **more)


PATTERNS: tuple[NamePattern, ...] = (
    _pattern(
        "BioTek Gen5",
        rf"(?:(?P<plate>.+?)_)?{_WELL}(?:ROI(?P<part>\d+))?_-?\d+_\d+_(?P<field>\d+)(?:Z(?P<z>\d+))?_(?P<channel>.+)_(?P<time>\d{{3,}})",
    ),
    _pattern(
        "Opera Phenix / Operetta",
        r"(?i:r(?P<row>\d{2,3})c(?P<col>\d{2,3})f(?P<field>\d+)p(?P<z>\d+)(?:rc\d+)?-ch(?P<channel>\d+)"
        r"(?:(?:sk|t)(?P<time>\d+)(?:fk\d+)?(?:fl\d+)?)?)",
    ),
    _pattern(  # Harmony 3 and Columbus
        "Operetta (Columbus)",
        r"(?P<row>\d{3})(?P<col>\d{3})-(?P<field>\d+)-(?P<z>\d{3})(?P<time>\d{3})(?P<channel>\d{3})",
    ),
    _pattern(
        "Yokogawa CellVoyager",
        rf"(?:(?P<plate>.+)_)?{_WELL}_T(?P<time>\d+)F(?P<field>\d+)L\d+A\d+Z(?P<z>\d+)C(?P<channel>\d+)",
    ),
    _pattern(
        "EVOS M7000",
        rf"(?P<plate>.+?)_Plate_[A-Z]+_p\d+(?:_t(?P<time>\d+))?(?:_z(?P<z>\d+))?(?:_\d+)?_{_WELL}"
        r"f(?P<field>\d+)d(?P<channel>\d+)",
    ),
    _pattern("CellInsight", rf"(?:(?P<plate>.+)_)?{_WELL}f(?P<field>\d+)(?:(?:o\d+)?d(?P<channel>\d+)|o(?P<dye>\d+))"),
    _pattern(
        "Incucyte",
        rf"(?P<plate>.+)_{_WELL}_(?P<field>\d+)_(?P<time>\d+d\d+h\d+m|\d{{4}}y\d\d?m\d\d?d_\d\d?h\d\d?m)(?:_(?P<part>\d+))?",
        channel_folder=True,
    ),
    _pattern(
        "Olympus scanR",
        rf"{_WELL}--W\d+--P(?P<field>\d+)--Z(?P<z>\d+)--T(?P<time>\d+)--(?P<channel>.+)",
    ),
    _pattern(
        "InCell",
        r"(?:(?P<plate>.+)_)?(?P<row>[A-P]) ?- ?(?P<col>\d{1,2})\((?:fld (?P<field>\d+) ?)?(?:wv (?P<channel>.+?))?"
        r"(?: wix \d+)?(?: ?z (?P<z>\d+))?(?:-? ?time (?P<time>\d+)(?: - \d+ ms)?)?\)",
    ),
    _pattern(  # version 7.2, when asked for whole names
        "InCell",
        r"(?:(?P<plate>.+)_)?(?P<row>[A-P])_(?P<col>\d{1,2})_f(?P<field>\d+)_c\d+_x(?P<channel>.*?_m.*?)"
        r"_z(?P<z>\d+)_t(?P<time>\d+)",
    ),
    _pattern(
        "Keyence BZ-X",
        r"(?:(?P<plate>.+?)_)??(?:T(?P<time>\d+)_)?XY(?P<field>\d+)(?:_(?P<part>\d{5}))?(?:_Z(?P<z>\d+))?"
        r"(?:_CH(?P<channel>\d+))?",
        has_well=False,
    ),
    _pattern(
        "ImageXpress",
        rf"(?P<plate>.+)_{_WELL}(?=_[sw]\d)(?:_s(?P<field>\d+))?(?:_w(?P<channel>\d{{1,2}}))?(?:_t(?P<time>\d+))?{_GUID}",
    ),
    _pattern(  # U and V count columns and rows of wells from 0, X and Y fields
        "Leica Matrix Screener",
        r"(?P<plate>.+?)--L\d+--S\d+--U(?P<col>\d+)--V(?P<row>\d+)--J\d+--E\d+--O\d+--(?P<field>X\d+--Y\d+)"
        r"--T(?P<time>\d+)--Z(?P<z>\d+)--C(?P<channel>\d+)",
        from_zero=True,
    ),
    _pattern(
        "Leica LAS X",
        r"(?P<plate>.+?)(?:_|--)(?P<row>[A-P])(?:_|--)(?P<col>\d{1,2})(?:_|--)(?:R|P|Region|Position) ?(?P<field>\d+)"
        r"(?:_Merg\w+)?(?:_t(?P<time>\d+))?(?:_z(?P<z>\d+))?(?:_ch(?P<channel>\d+))?",
    ),
    _pattern(
        "Zeiss ZEN",
        rf"(?:(?P<plate>.+?)[_-])?{_WELL}(?:-\d+)?_(?:s(?P<field>\d+))?_?(?:t(?P<time>\d+))?(?:z(?P<z>\d+))?"
        r"c(?P<channel>\d+(?:[+-]\d+)*)(?:m\d+)?(?:_ORG)",
    ),
    _pattern(  # a well merged from its tiles
        "Leica LAS X",
        rf"(?P<plate>(?i:tile ?scan).*?)_{_WELL}_Merg\w*?(?:_t(?P<time>\d+))?(?:_z(?P<z>\d+))?(?:_ch(?P<channel>\d+))?",
    ),
    _pattern(  # scenes saved one by one: Scene-01-P2-B3 (CellDiscoverer 7), Scene-1-B3-B3
        "Zeiss ZEN",
        rf"(?P<plate>.+?)-Scene-\d+-(?:P(?P<field>\d+)|[A-P]\d{{1,2}})-{_WELL}(?:_(?:c\d+|ORG))*",
    ),
    _pattern(
        "Nikon JOBS",
        rf"(?:(?P<plate>.+?)_+)?Well(?:\d+_)?{_WELL}(?:_Point[A-P]\d+)?(?:_(?P<field>\d+))?(?:_Channel(?P<channel>.+?))?_Seq\d+",
    ),
    _pattern(
        "Micro-Manager HCS",
        rf"(?P<plate>.+?)_MMStack_(?:\d+-)?{_WELL}-Site_(?P<field>\d+)(?:_\d+)?",
    ),
    _pattern(
        "Micro-Manager HCS",
        r"img_(?:channel(?P<channel>\d+)_position\d+_time(?P<time>\d+)_z(?P<z>\d+)|\d{9}_(?P<dye>.+)_\d{3})",
        folder=rf"(?:Pos-?)?(?:\d+-)?{_WELL}-Site_(?P<field>\d+)",
    ),
    _pattern(  # wells are numbered, and the size of the plate is not in the name
        "Yokogawa CQ1",
        r"(?:(?P<plate>.+)_)?W(?P<part>\d+)F(?P<field>\d+)T(?P<time>\d+)Z(?P<z>\d+)C(?P<channel>\d+)",
        has_well=False,
    ),
    _pattern(
        "rows and columns",
        r"(?:(?P<plate>.+?)[_ -])?(?i:row)[_ -]?(?P<row>\d{1,2}|[A-P])[_ -]?(?i:col(?:umn)?)[_ -]?(?P<col>\d{1,2})"
        rf"(?!\d){_TOKENS}",
    ),
    _pattern("plain", rf"(?i:well[_ -]?)?{_WELL}{_TOKENS}"),
    _pattern(
        "plain",
        # Two tokens that could both be wells: none of them is.
        r"(?!(?:.*[_ -])?[A-P]\d{1,2}[_ -].*[A-P]\d{1,2}(?:[_ -]|$))"
        rf"(?P<plate>.+?)[_ -](?i:well[_ -]?)?{_WELL}{_TOKENS}",
    ),
    _pattern(
        WELL_FOLDERS,
        rf"(?P<field>.+?)(?:[_ -](?i:(?:ch?|w)(?P<channel>\d{{1,2}})|(?P<dye>{_DYES})))?"
        r"(?:[_ -]z(?P<z>\d+))?(?:[_ -]t(?P<time>\d+))?",
        folder=rf"(?i:well[_ -]?)?{_WELL}"
        rf"(?i:/(?:images?|pictures?|fields?|(?:pos|position|site|field|fov|xy|f|s)[ _-]?(?P<part>\d+)|"
        rf"(?P<inner>{_DYES}|ch\d{{1,2}})))?",
    ),
)


def custom_pattern(regex: str) -> NamePattern:
    """Compile a user's own pattern.

    Raises
    ------
    OsteoCountError
        The text is not a regular expression, has groups of other names, or names no well; reading a name with it says
        when it takes too long.
    """
    compiled = OwnPattern(regex)
    groups = set(compiled.groupindex)
    if strange := sorted(groups - set(GROUPS)):
        raise OsteoCountError(
            f"The file name pattern {regex!r} has the group{'s' if len(strange) > 1 else ''} {', '.join(strange)}; "
            f"the groups are {', '.join(GROUPS)}."
        )
    if "well" not in groups and not {"row", "col"} <= groups:
        raise OsteoCountError(
            f"The file name pattern {regex!r} names no well: give (?P<well>…) or (?P<row>…)(?P<col>…)."
        )
    return NamePattern("custom", compiled)
