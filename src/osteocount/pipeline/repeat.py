"""A run repeated from its record, and what differs from it: versions, inputs, model, edits, numbers."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from osteocount.errors import OsteoCountError
from osteocount.io.files import atomic_write
from osteocount.io.result_folder import RUN_RECORD
from osteocount.io.run_record import RunRecord, first_problem, read_run_record
from osteocount.io.tables import read_table
from osteocount.pipeline.corrections import CLASSIFIER, EDIT_LOG
from osteocount.pipeline.provenance import asked_again
from osteocount.pipeline.runner import Progress, run_steps
from osteocount.pipeline.write_results import Outcome
from osteocount.settings import Settings

_LISTED = 10
_COUNT = "n_osteoclasts"


@dataclass(frozen=True)
class Repetition:
    """A repeated run beside the recorded one.

    Attributes
    ----------
    outcome
        Of the new run.
    changed
        A sentence for everything that went in and is not the same.
    tables
        By name of a table: whether it has the same bytes as then.
    wells
        A sentence for every well whose count differs, where the old table is at hand.
    """

    outcome: Outcome
    changed: tuple[str, ...]
    tables: Mapping[str, bool]
    wells: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        """True when every table has the same bytes."""
        return all(self.tables.values())

    def sentences(self) -> tuple[str, ...]:
        """Say what differs, in sentences."""
        different = [name for name, same in self.tables.items() if not same]
        same = [name for name, same in self.tables.items() if same]
        said = [*self.changed]
        if different:
            said.append(f"Other numbers in {', '.join(different)}.")
            said += self.wells[:_LISTED]
            said += [f"… and {len(self.wells) - _LISTED} more wells."] if len(self.wells) > _LISTED else []
        if same:
            said.append(f"The same bytes in {', '.join(same)}.")
        if different and not self.changed:
            said.append("Nothing that went in is known to differ; another kind of processor may round otherwise.")
        return tuple(said)


def repeat(record: Path, out: Path, **changes: Any) -> Generator[Progress, None, Repetition]:
    """Do the run of a record again into a new folder, with its corrections and classifier, and compare.

    Parameters
    ----------
    record
        ``run.json``, or the result folder it lies in.
    out
        A new folder.
    **changes
        Attributes of the `RunRequest` that are otherwise than then, such as ``source`` where the pictures have moved.

    Raises
    ------
    OsteoCountError
        The record is none or too old, an input is not there any more, or ``out`` holds something.
    """
    path = record / RUN_RECORD if record.is_dir() else record
    before = read_run_record(path)
    if before.request is None:
        raise OsteoCountError(
            f"{path}: written by a version that did not keep where its inputs were. The command it records: "
            f"{before.command or 'unknown'}."
        )
    try:
        settings = Settings.model_validate(before.settings)
    except ValidationError as error:
        raise OsteoCountError(f"{path}: its settings are not of this version ({first_problem(error)}).") from error
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OsteoCountError(f"{out}: holds something already; give a new folder to repeat the run into.")
    classifier = path.parent / CLASSIFIER
    request = asked_again(before.request, path, settings, out,
                          **({"classifier": classifier if classifier.is_file() else None} | changes))  # fmt: skip
    if (path.parent / EDIT_LOG).is_file():
        with atomic_write(out / EDIT_LOG) as part:
            shutil.copyfile(path.parent / EDIT_LOG, part)
    outcome = yield from run_steps(request)
    after = read_run_record(out / RUN_RECORD)
    tables = {name: after.results.get(name) == digest for name, digest in before.results.items()}
    return Repetition(outcome, tuple(_changes(before, after)), tables, tuple(_wells(path.parent, out)))


def _changes(before: RunRecord, after: RunRecord) -> list[str]:
    """Say what went in otherwise than then."""
    said = []
    versions = {"OsteoCount": (before.osteocount, after.osteocount)} | {
        name: (before.libraries.get(name), after.libraries.get(name))
        for name in sorted({*before.libraries, *after.libraries})
    }
    differing = {name: pair for name, pair in versions.items() if pair[0] != pair[1]}
    said += [f"{name} was {old or 'absent'}, is {new or 'absent'}." for name, (old, new) in differing.items()]
    for name in sorted({*before.hashes, *after.hashes}):
        old, new = before.hashes.get(name), after.hashes.get(name)
        if old != new:
            said.append(f"{'Added' if not old else 'Gone' if not new else 'Changed'}: {name}.")
    classifiers = [(record.classifier or {}).get("sha256") for record in (before, after)]
    if classifiers[0] != classifiers[1]:
        said.append("Changed: classifier.")
    pictures = [{field.image: field.sha256 for field in record.fields} for record in (before, after)]
    for image in sorted({*pictures[0], *pictures[1]}):
        old_hash, new_hash = (known.get(image) for known in pictures)
        if old_hash != new_hash:
            how = "is new" if old_hash is None else "is gone" if new_hash is None else "changed or could not be counted"
            said.append(f"The picture {image} {how}.")
    return said


def _wells(before: Path, after: Path) -> list[str]:
    """Say which wells have another count, where both tables can be read."""
    try:
        old, new = (_counts(folder / "wells.csv") for folder in (before, after))
    except OsteoCountError:
        return []
    return [
        f"{' '.join(filter(None, well))}: {_difference(old.get(well), new.get(well))}"
        for well in sorted({*old, *new})
        if old.get(well) != new.get(well)
    ]


def _difference(old: str | None, new: str | None) -> str:
    if old is None or new is None:
        return f"{new} osteoclasts, was not there then." if old is None else f"{old} osteoclasts then, is gone now."
    return f"{old} osteoclasts then, {new} now."


def _counts(path: Path) -> dict[tuple[str, ...], str]:
    table = read_table(path)
    names = [name for name in ("plate", "well", "image") if name in table]
    return {
        tuple(_text(row[name]) for name in names): "no number of" if pd.isna(row[_COUNT]) else f"{row[_COUNT]:.0f}"
        for row in table.to_dict("records")
        if _COUNT in row
    }


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)
