"""What the record of a run keeps so that it can be repeated: the request, and hashes of all that went in."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

from osteocount.errors import OsteoCountError
from osteocount.io.files import file_hash, text_hash
from osteocount.pipeline.absorbance import AbsorbanceInput
from osteocount.pipeline.run_request import RunRequest
from osteocount.segment.backends.description import weights_hash
from osteocount.settings import SegmentSettings, Settings


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
    try:
        places = _places(recorded, record)
        source: Any = changes.get("source") or found_source(recorded, record, "give it as --source")
        inside = Path(recorded["source"])
        places.append(source)
        tables = {
            name: _found(recorded[name], places, record, f"give it as --{name}", inside)
            for name in ("layout", "samples")
            if changes.get(name) is None and recorded[name] is not None
        }
        cure = "put it there, or beside the record"
        readers = [
            AbsorbanceInput(**(reader | {"path": _found(reader["path"], places, record, cure, inside)}))
            for reader in recorded["readers"]
        ]
        others = {name: recorded[name] for name in ("treatment_column", "pattern", "plate_wells")}
        given: dict[str, Any] = {"source": source, "out": out, "settings": settings, "readers": readers}
        return RunRequest(**(given | tables | others | changes))
    except (KeyError, TypeError, AttributeError) as error:
        raise OsteoCountError(f"{record}: the request in the record cannot be understood ({error}).") from error


def found_source(recorded: dict[str, Any], record: Path, cure: str) -> Path:
    """Return where the pictures of a recorded request lie now; the arguments are those of `asked_again`.

    Raises
    ------
    OsteoCountError
        They are not there, ``cure`` says what to do; or the record is damaged.
    """
    if not isinstance(recorded.get("source"), str):
        raise OsteoCountError(f"{record}: the request in the record cannot be understood (it names no source).")
    return _found(recorded["source"], _places(recorded, record), record, cure)


def _places(recorded: dict[str, Any], record: Path) -> list[Path]:
    return [Path(recorded.get("folder", "")), *record.resolve().parents[:2]]


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
        if found.exists():
            return found
    raise OsteoCountError(f"{record}: {(places[0] / path).as_posix()} is not there any more; {cure}.")
