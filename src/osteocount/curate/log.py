"""The edit log: one JSON line per edit, only ever added to."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import ValidationError, model_validator

from osteocount.errors import OsteoCountError
from osteocount.settings import FrozenModel

LONGEST_LOG = 256 * 2**20
"""Bytes; a longer file is no edit log."""


class Edit(FrozenModel):
    """One thing a person did to the cells of one picture.

    Attributes
    ----------
    who, when
        The person and the time, with its zone.
    image
        The picture, as named in ``cells.csv``.
    action
        ``merge``: all ``cells`` become the first one; ``delete``: ``cells`` are removed.
    cells
        ``cell_id`` of the cells concerned, as they were before the edit.
    reason
        Why, in the person's words.
    """

    who: str
    when: datetime
    image: str
    action: Literal["merge", "delete"]
    cells: tuple[int, ...]
    reason: str = ""

    @model_validator(mode="after")
    def _has_cells(self) -> Edit:
        needed = 2 if self.action == "merge" else 1
        if len(set(self.cells)) < needed or min(self.cells) < 1:
            raise ValueError(f"{self.action} needs at least {needed} different cells, numbered from 1")
        return self


def append(edit: Edit, path: Path) -> None:
    """Add ``edit`` to the log; when this returns, it is on the disk and survives a crash."""
    with path.open("ab") as file:
        file.write(edit.model_dump_json().encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read_log(path: Path) -> list[Edit]:
    """Read all edits in order. A last line cut short by a crash was never acknowledged and is left out.

    Raises
    ------
    OsteoCountError
        Another line is damaged; the text names it.
    """
    if not path.exists():
        return []
    if path.stat().st_size > LONGEST_LOG:
        raise OsteoCountError(f"{path}: larger than {LONGEST_LOG >> 20} MB; this is no edit log.")
    *lines, _cut_short = path.read_bytes().split(b"\n")
    edits = []
    for number, line in enumerate(lines, start=1):
        try:
            edits.append(Edit.model_validate_json(line))
        except ValidationError as error:
            problem = error.errors()[0]["msg"]
            raise OsteoCountError(
                f"{path}, line {number}: not an edit ({problem}). Restore the file from a copy, or remove that line."
            ) from error
    return edits
