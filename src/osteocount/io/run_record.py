"""The record of a run, ``run.json``, and of each of its fields, ``.parts/<key>.field.json``: one shape for both.

What another person needs to know to get the same numbers: settings, inputs with their hashes, versions, warnings.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, ValidationError, model_serializer

from osteocount.errors import OsteoCountError
from osteocount.input_files import read_bytes

_IDENTITY = ("key", "plate", "well", "field", "image")


def identity_of(field: Any) -> dict[str, str]:
    """Return what a field is called, of its record or of the task to count it."""
    return {name: getattr(field, name) for name in _IDENTITY}


class FieldRecord(BaseModel):
    """One field of a run: counted, or failed with the reason.

    Written are the values that were given, in the order below. Those that a newer version added are kept.

    Attributes
    ----------
    key
        Names its files in the result folder; unique within the run, empty for a picture that belongs to no field.
    plate, well, field, image
        Its names in the tables; empty where unknown.
    fingerprint
        Hash of what it was made from; see `osteocount.pipeline.field.fingerprint`.
    status, reason
        ``ok``, or ``failed`` and why.
    traceback
        Of a defect of ours, for a bug report.
    area_px, analysed_px
        Area in which cells are counted, and area that was analysed; 0: the same.
    counting_frame
        By which rule; see `osteocount.measure.CountingFrame`.
    pixel_size_um, nuclei_resolved
        Micrometres per pixel (None when unknown), and whether nuclei could be counted.
    regime
        How the picture was analysed: ``brightfield``, ``low_power`` or ``fluorescence``.
    record
        What the segmenter says of its analysis.
    pixel_size_origin, axes
        Where the pixel size is from, and what the file holds.
    sha256, pixels_hash
        Hashes of its files, and of its pixels where it is in memory as a whole.
    results
        SHA-256 of its label images, overlay and tables, by their names in the result folder.
    qc, qc_flags, qc_reasons
        Numbers of its quality as in ``wells.csv``, the flags, and a sentence for each.
    warnings
        Sentences for the person at the screen.
    seconds
        How long it took; None when nobody lived to say so.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    key: str = ""
    plate: str = ""
    well: str = ""
    field: str = ""
    image: str = ""
    fingerprint: str = ""
    status: Literal["ok", "failed"] = "failed"
    reason: str = ""
    traceback: str = ""
    area_px: int = Field(0, ge=0)
    analysed_px: int = Field(0, ge=0)
    counting_frame: dict[str, Any] = Field(default_factory=dict)
    pixel_size_um: float | None = Field(None, gt=0, allow_inf_nan=False)
    nuclei_resolved: bool | None = None
    regime: str = ""
    record: dict[str, Any] = Field(default_factory=dict)
    pixel_size_origin: str = ""
    axes: str = ""
    sha256: tuple[str, ...] = ()
    pixels_hash: str = ""
    results: dict[str, str] = Field(default_factory=dict)
    qc: dict[str, float | None] = Field(default_factory=dict)
    qc_flags: tuple[str, ...] = ()
    qc_reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    seconds: float | None = None

    @property
    def is_done(self) -> bool:
        """True when the field was counted."""
        return self.status == "ok"

    @property
    def well_key(self) -> tuple[str, str]:
        """Plate and well; a picture without a well stands for itself."""
        return self.plate, self.well or self.image

    @model_serializer(mode="wrap")
    def _only_what_was_given(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in dump(self).items() if name in self.model_fields_set}


def in_order(records: Iterable[FieldRecord]) -> tuple[FieldRecord, ...]:
    """Return the records in the order of the tables, whichever was finished first."""
    return tuple(sorted(records, key=lambda record: (record.plate, record.well, record.field, record.image)))


class RunRecord(BaseModel):
    """The content of ``run.json``; names that a newer version added are passed over.

    Attributes
    ----------
    osteocount, created
        Version of the program, and when the tables were made.
    source, layout
        File names of the pictures' folder and of the layout.
    workers
        Processes that shared the pictures.
    notes
        Sentences on names of files and on the layout.
    seconds, command
        How long the count took, and how it was started.
    scales
        On which scale pictures are analysed that do not say theirs, by their size; see
        `osteocount.pipeline.run_scale.SharedScale`.
    settings
        All settings, as `Settings.model_dump`.
    classifier
        File, hash and gain of the lab's classifier that was adopted.
    inputs, failed
        The fields that were counted, and those that were not.
    libraries
        Versions of what the numbers may depend on.
    warnings
        All sentences for the person at the screen.
    seed
        Of everything that is random.
    request
        What `osteocount repeat` asks again: the paths of the inputs and how their names were read.
    hashes
        SHA-256 of ``settings``, ``model``, ``layout``, ``samples``, ``readers`` and ``edits``, as far as there are any.
    results
        SHA-256 of the tables, by name.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    osteocount: str | None = None
    created: str | None = None
    source: str | None = None
    layout: str | None = None
    workers: int | None = None
    notes: tuple[str, ...] = ()
    seconds: float | None = None
    command: str | None = None
    scales: tuple[dict[str, Any], ...] = ()
    settings: dict[str, dict[str, Any]] = Field(default_factory=dict)
    classifier: dict[str, Any] | None = None
    inputs: tuple[FieldRecord, ...] = ()
    failed: tuple[FieldRecord, ...] = ()
    libraries: dict[str, str] = Field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    seed: int | None = None
    request: dict[str, Any] | None = None
    hashes: dict[str, str] = Field(default_factory=dict)
    results: dict[str, str] = Field(default_factory=dict)

    @property
    def fields(self) -> tuple[FieldRecord, ...]:
        """All fields, those counted first."""
        return (*self.inputs, *self.failed)


def read_run_record(path: Path) -> RunRecord:
    """Read the record of a run; the report makes do with less of one.

    Raises
    ------
    OsteoCountError
        It cannot be read, is none, lacks what every run writes, or a key in it is no file name. Keys name files inside
        the folder, so that such a record is not ours.
    """
    try:
        record = RunRecord.model_validate_json(read_bytes(path))
    except OSError as error:
        raise OsteoCountError(f"{path}: cannot be read ({error.strerror or error}).") from error
    except (ValueError, RecursionError) as error:
        said = first_problem(error) if isinstance(error, ValidationError) else error
        raise OsteoCountError(f"{path}: not a run record ({said}). Count again.") from error
    missing = [name for name in ("settings", "inputs", "failed") if name not in record.model_fields_set]
    missing += ["key" for field in record.fields if "key" not in field.model_fields_set]
    leading_out = [field.key for field in record.fields if field.key and Path(field.key).name != field.key]
    if missing or leading_out:
        why = f"{missing[0]!r} is missing" if missing else f"the key {leading_out[0]!r} is no file name"
        raise OsteoCountError(f"{path}: not a run record ({why}). Count again.")
    return record


def first_problem(error: ValidationError) -> str:
    """Say where a file is no run record, and why."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place + ': ' if place else ''}{first['msg']}"
