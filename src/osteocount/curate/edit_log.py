"""The edit log: one JSON line per edit, only ever added to."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

from pydantic import Field, ValidationError, model_validator

from osteocount.errors import OsteoCountError
from osteocount.input_files import check_regular
from osteocount.io.files import sync_folder
from osteocount.settings import FrozenModel

LONGEST_LOG = 256 * 2**20
"""Bytes; a longer file is no edit log."""

LONGEST_LINE = 2**24
"""Bytes; an outline of the most points allowed is shorter."""

EditKind = Literal[
    "merge", "split_line", "split_nuclei", "delete", "draw", "smooth", "accept", "set_class",
    "add_nucleus", "move_nucleus", "remove_nucleus",
    "exclude_well", "include_well", "review", "undo", "redo",
]  # fmt: skip

Coordinate = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
Point = tuple[Coordinate, Coordinate]
"""(y, x) in pixels of the picture; whole numbers are the centres of pixels."""

_CELLS = {"merge": 2, "split_line": 1, "split_nuclei": 1, "delete": 1, "smooth": 1, "accept": 1, "set_class": 1}
ONE_CELL = ("split_line", "split_nuclei", "smooth")
"""Kinds that concern one cell alone; of several selected the first."""
_POINTS = {"split_line": 2, "draw": 3, "add_nucleus": 1, "move_nucleus": 2, "remove_nucleus": 1}
_NEEDS_REASON = ("set_class", "exclude_well")


class CellRef(FrozenModel):
    """A cell as the person saw it: its number then, a pixel inside it, its size.

    The pixel and the size find it again after another segmentation gave it another number.
    """

    cell_id: int = Field(ge=1)
    y: int = Field(ge=0)
    x: int = Field(ge=0)
    area_px: int = Field(ge=1)


class Edit(FrozenModel):
    """One thing a person did.

    Attributes
    ----------
    id
        Names the edit, for ``undo`` and ``redo``.
    who, when
        The person and the time, with its zone.
    kind
        What was done. ``merge``: all ``cells`` become the first one. ``split_line``: the cell is cut along ``points``;
        ``split_nuclei``: between its nuclei. ``draw``: a new cell with the outline ``points``. ``move_nucleus``: from
        the first point to the second. ``undo`` and ``redo`` concern the edit ``of``.
    plate, well, image
        Where. ``image`` is the picture as named in ``cells.csv``, empty for an edit of the well.
    cells, points
        What it concerns.
    is_osteoclast
        With ``set_class``: the person's word; None goes back to the rule.
    status
        With ``review``: ``reviewed`` or ``open``.
    reason
        Why, in the person's words.
    """

    id: str = Field(default_factory=lambda: secrets.token_hex(6), pattern=r"^[0-9a-f]{12}$")
    who: str = Field(max_length=200)
    when: datetime
    kind: EditKind
    plate: str = ""
    well: str = ""
    image: str = ""
    cells: tuple[CellRef, ...] = Field((), max_length=1000)
    points: tuple[Point, ...] = Field((), max_length=100_000)
    is_osteoclast: bool | None = None
    status: Literal["", "open", "reviewed"] = ""
    reason: str = Field("", max_length=2000)
    of: str = ""

    @model_validator(mode="after")
    def _is_complete(self) -> Edit:
        if len({cell.cell_id for cell in self.cells}) < _CELLS.get(self.kind, 0):
            raise ValueError(f"{self.kind} needs at least {_CELLS[self.kind]} different cells")
        if len(self.points) < _POINTS.get(self.kind, 0):
            raise ValueError(f"{self.kind} needs at least {_POINTS[self.kind]} points")
        if self.kind in _NEEDS_REASON and not self.reason.strip():
            raise ValueError(f"{self.kind} needs a reason")
        if self.kind in ("undo", "redo") and not self.of:
            raise ValueError(f"{self.kind} needs the id of an edit")
        if self.kind == "review" and not self.status:
            raise ValueError("review needs a status")
        return self


class EditLog:
    """A log file, opened to add to it.

    A line cut short by a crash was never acknowledged; it is cut off before the first new line is written, so that
    the next edit does not run into it. One that only lacks its line end gets it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: int | None = None

    def read(self) -> list[Edit]:
        """Read all edits; from now on nothing is added after what somebody else wrote meanwhile."""
        edits = read_log(self.path)
        self._known = self.path.stat().st_size if self.path.exists() else 0
        return edits

    def append(self, edit: Edit) -> None:
        """Add ``edit``; when this returns, it is on the disk and survives a crash.

        Raises
        ------
        OsteoCountError
            The file cannot be written, or has grown since it was read; the edit is not acknowledged.
        """
        line = edit.model_dump_json().encode() + b"\n"
        try:
            is_new = not self.path.exists()
            if not is_new:
                check_regular(self.path)
            with self.path.open("ab+") as file:
                if self._known is not None and file.seek(0, os.SEEK_END) != self._known:
                    raise OsteoCountError(
                        f"{self.path}: somebody else corrected these results meanwhile, so this edit was not made. "
                        "Open the results again to go on with everybody's corrections."
                    )
                _end_last_line(file)
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
                self._known = None if self._known is None else file.tell()
            if is_new:
                sync_folder(self.path.parent)
        except OSError as error:
            raise OsteoCountError(
                f"{self.path}: the edit could not be saved ({error.strerror}), so it was not made. "
                "Free some space or open the folder for writing, and do it again."
            ) from error


def read_log(path: Path) -> list[Edit]:
    """Read all edits in order. A last line cut short by a crash was never acknowledged and is left out.

    A last line that is whole but for its line end is an edit; one that never was the beginning of an edit is damage.
    A line that comes again, as when logs are copied together, is one edit.

    Raises
    ------
    OsteoCountError
        Another line is damaged, or two edits share an id; the text names it.
    """
    try:
        if check_regular(path).st_size > LONGEST_LOG:
            raise OsteoCountError(f"{path}: larger than {LONGEST_LOG >> 20} MB; this is no edit log.")
        *lines, last = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise OsteoCountError(f"{path}: the edit log cannot be read ({error.strerror or error}).") from error
    if last and not _is_cut_short(last):  # an editor took the line end away
        lines.append(last)
    edits: dict[str, Edit] = {}
    for number, line in enumerate(lines, start=1):
        try:
            edit = Edit.model_validate_json(line)
        except ValidationError as error:
            problem = error.errors()[0]["msg"]
            raise OsteoCountError(
                f"{path}, line {number}: not an edit ({problem}). Restore the file from a copy, or remove that line."
            ) from error
        if edits.setdefault(edit.id, edit) != edit:
            raise OsteoCountError(
                f"{path}, line {number}: another edit has the id {edit.id} already. Restore the file from a copy, or "
                "remove one of the two lines."
            )
    return list(edits.values())


def effective(edits: list[Edit]) -> list[Edit]:
    """Return the edits that hold: without those undone, and without the undos and redos themselves."""
    undone: set[str] = set()
    for edit in edits:
        if edit.kind == "undo":
            undone.add(edit.of)
        elif edit.kind == "redo":
            undone.discard(edit.of)
    return [edit for edit in edits if edit.kind not in ("undo", "redo") and edit.id not in undone]


def edits_of(edits: Iterable[Edit], plate: str, image: str) -> list[Edit]:
    """Return the edits of one picture; what names a picture of the same name on another plate is none of them."""
    return [edit for edit in edits if (edit.plate, edit.image) == (plate, image)]


def review_status(edits: Iterable[Edit]) -> dict[tuple[str, str], str]:
    """Return ``reviewed`` or ``open`` by plate and well, of wells of which it was said; the last word holds."""
    return {(edit.plate, edit.well): edit.status for edit in edits if edit.kind == "review"}


def reviewed_wells(edits: Iterable[Edit]) -> set[tuple[str, str]]:
    """Return plate and well of what is marked as reviewed."""
    return {well for well, status in review_status(edits).items() if status == "reviewed"}


def excluded_wells(edits: Iterable[Edit]) -> dict[tuple[str, str], str]:
    """Return why a person excluded wells, by plate and well, without those taken back."""
    last = {(edit.plate, edit.well): edit for edit in edits if edit.kind in ("exclude_well", "include_well")}
    return {well: edit.reason for well, edit in last.items() if edit.kind == "exclude_well"}


def _is_cut_short(line: bytes) -> bool:
    """Tell whether a line without its end is the beginning of an edit, as a crash or a loss of power leaves it."""
    if not line.strip(b"\0"):  # the disk had given the room, and not yet the text
        return True
    try:
        Edit.model_validate_json(line)
    except ValidationError:
        return line.startswith(b"{")
    return False


def _end_last_line(file: BinaryIO) -> None:
    """Let a new line begin: cut off a last one that was torn, end one that is whole."""
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - LONGEST_LINE)
    file.seek(start)
    tail = file.read()
    if not tail or tail.endswith(b"\n"):
        return
    last = tail.rfind(b"\n") + 1
    if _is_cut_short(tail[last:]):
        file.truncate(start + last)
    else:
        file.write(b"\n")
