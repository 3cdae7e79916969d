"""What the record of a run keeps so that it can be repeated: the request, and hashes of all that went in."""

from __future__ import annotations

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
    """Return what the record keeps of a request: the inputs with their whole paths, and how names were read."""
    readers = [asdict(reader) | {"path": _whole(reader.path)} for reader in request.readers]
    return {
        "source": _whole(request.source),
        "layout": _whole(request.layout),
        "samples": _whole(request.samples),
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
        source: Any = changes.get("source") or _found(recorded["source"], record, "source", [])
        moved: list[tuple[Path, Path]] = [(Path(recorded["source"]), source)]
        inputs = {
            name: _found(recorded[name], record, name, moved)
            for name in ("layout", "samples")
            if changes.get(name) is None
        }
        readers = [
            AbsorbanceInput(**(reader | {"path": _found(reader["path"], record, "reader", moved)}))
            for reader in recorded["readers"]
        ]
        others = {name: recorded[name] for name in ("treatment_column", "pattern", "plate_wells")}
        return RunRequest(
            **({"out": out, "settings": settings, "readers": readers, "source": source} | inputs | others | changes)
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise OsteoCountError(f"{record}: the request in the record cannot be understood ({error}).") from error


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


def _whole(path: Path | None) -> str | None:
    return None if path is None else path.resolve().as_posix()


def _found(written: str | None, record: Path, name: str, moved: list[tuple[Path, Path]]) -> Path | None:
    """Return where an input of the record lies now: where it was, in a folder that has moved, or beside the results."""
    if written is None:
        return None
    path = Path(written)
    places = [path, *(new / path.relative_to(old) for old, new in moved if path.is_relative_to(old))]
    places += [folder / path.name for folder in record.resolve().parents[:2]]
    for place in places:
        if place.exists():
            return place
    cure = "put it there, or beside the record" if name == "reader" else f"give it as --{name}"
    raise OsteoCountError(f"{record}: {written} is not there any more; {cure}.")
