"""What the record of a run keeps so that it can be repeated: the request, and hashes of all that went in."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from osteocount.errors import OsteoCountError
from osteocount.io.files import file_hash, text_hash
from osteocount.io.run_record import first_problem
from osteocount.pipeline.absorbance import AbsorbanceInput
from osteocount.pipeline.run_request import RunRequest
from osteocount.segment.backends.description import weights_hash
from osteocount.settings import SegmentSettings, Settings


class _Places(BaseModel):
    """Where the pictures of a recorded request lay."""

    folder: str = ""
    source: str


_R = TypeVar("_R", bound=_Places)


class _Recorded(_Places):
    """A recorded request, as `recorded_request` gives it."""

    layout: str | None
    samples: str | None
    treatment_column: str
    readers: list[AbsorbanceInput]
    pattern: str | None
    plate_wells: int | None


def recorded_request(request: RunRequest) -> dict[str, Any]:
    """Return what the record keeps of a request: where its inputs lay, and how names were read.

    Inputs are named relative to ``folder``, the one the source lies in, which alone is a whole path: a record is passed
    on with a paper, and inputs that move together are found again.
    """
    folder = request.source.resolve().parent
    readers = [asdict(reader) | {"path": _seen_from(folder, reader.path)} for reader in request.readers]
    return {
        "folder": folder.as_posix(),
        "source": _seen_from(folder, request.source),
        "layout": _seen_from(folder, request.layout),
        "samples": _seen_from(folder, request.samples),
        "treatment_column": request.treatment_column,
        "readers": readers,
        "pattern": request.pattern,
        "plate_wells": request.plate_wells,
    }


def asked_again(recorded: dict[str, Any], record: Path, settings: Settings, out: Path, **changes: Any) -> RunRequest:
    """Return the request of a record, its inputs where they lie now.

    Parameters
    ----------
    recorded
        As `recorded_request` gives it.
    record
        The file it was read from: inputs that moved together with the results are looked for beside it.
    settings, out
        Of the new run.
    **changes
        Attributes of the `RunRequest`; a ``source``, ``layout`` or ``samples`` here stands for the recorded one.

    Raises
    ------
    OsteoCountError
        An input is not there, or the record is damaged.
    """
    asked = _understood(_Recorded, recorded, record)
    source = changes.get("source") or found_source(recorded, record, "give it as --source")
    places, inside = [*_places(asked, record), source], Path(asked.source)
    tables = {
        name: _found(path, places, record, f"give it as --{name}", inside)
        for name, path in (("layout", asked.layout), ("samples", asked.samples))
        if changes.get(name) is None and path is not None
    }
    cure = "put it there, or beside the record"
    readers = [
        replace(reader, path=_found(reader.path.as_posix(), places, record, cure, inside)) for reader in asked.readers
    ]
    given: dict[str, Any] = {
        "source": source, "out": out, "settings": settings, "readers": readers,
        "treatment_column": asked.treatment_column, "pattern": asked.pattern, "plate_wells": asked.plate_wells,
    }  # fmt: skip
    return RunRequest(**(given | tables | changes))


def found_source(recorded: dict[str, Any], record: Path, cure: str) -> Path:
    """Return where the pictures of a recorded request lie now; the arguments are those of `asked_again`.

    Raises
    ------
    OsteoCountError
        They are not there, ``cure`` says what to do; or the record is damaged.
    """
    asked = _understood(_Places, recorded, record)
    return _found(asked.source, _places(asked, record), record, cure)


def _understood(kind: type[_R], recorded: dict[str, Any], record: Path) -> _R:
    try:
        return kind.model_validate(recorded)
    except ValidationError as error:
        said = first_problem(error)
        raise OsteoCountError(f"{record}: the request in the record cannot be understood ({said}).") from error


def _places(asked: _Places, record: Path) -> list[Path]:
    return [Path(asked.folder), *record.resolve().parents[:2]]


def input_hashes(request: RunRequest) -> dict[str, str]:
    """Return the hashes of settings, model and tables that a run was given; those of pictures are with the pictures."""
    hashes = {
        "settings": text_hash([request.settings.model_dump_json()]),
        "model": models_hash(request.settings.segment),
    }
    tables = {"layout": request.layout, "samples": request.samples}
    hashes |= {name: file_hash(path) for name, path in tables.items() if path is not None}
    if request.readers:
        hashes["readers"] = text_hash(file_hash(reader.path) for reader in request.readers)
    return hashes


def models_hash(wanted: SegmentSettings) -> str:
    """Return the hash of the weights that the settings name; without any, of those that ship."""
    shipped = Path(str(files("osteocount.segment")))
    return text_hash([weights_hash(wanted) or "", *(file_hash(path) for path in sorted(shipped.rglob("*.onnx")))])


def _seen_from(folder: Path, path: Path | None) -> str | None:
    """Return how a path is named from ``folder``; one on another drive by its whole path."""
    if path is None:
        return None
    try:
        return Path(os.path.relpath(path.resolve(), folder)).as_posix()
    except ValueError:
        return path.resolve().as_posix()


def _found(written: str, places: Sequence[Path], record: Path, cure: str, source: Path | None = None) -> Path:
    """Return where an input of the record lies now, looked for from all ``places``.

    By the name it was written under, by that inside ``source``, and by its bare name.
    """
    path = Path(written)
    names = [path, Path(path.name)]
    if source is not None and path.is_relative_to(source):
        names.insert(1, path.relative_to(source))
    for found in (place / name for name in names for place in places):
        with suppress(OSError):  # a name no system can have
            if found.exists():
                return found
    raise OsteoCountError(f"{record}: {(places[0] / path).as_posix()} is not there any more; {cure}.")
