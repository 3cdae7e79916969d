"""A run whose fields are all done, read back from its folder so that its tables can be made again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from osteocount.errors import OsteoCountError
from osteocount.input_files import read_text
from osteocount.io.files import write_json
from osteocount.io.result_folder import INPUTS, RUN_RECORD, ResultFolder
from osteocount.io.run_record import FieldRecord, RunRecord, first_problem, in_order, read_run_record
from osteocount.settings import Settings


@dataclass(frozen=True)
class RunInputs:
    """Tables a run was given: the layout with the names of the plates, and readings of a plate reader."""

    layout: pd.DataFrame | None = None
    readings: tuple[pd.DataFrame, ...] = ()


@dataclass(frozen=True)
class FinishedRun:
    """A run whose fields are all done: everything its results are made of.

    Attributes
    ----------
    folder
        The result folder, with the finished parts.
    records
        Of all fields, failed ones too, in the order of the tables.
    settings
        All settings.
    inputs
        Tables the run was given.
    about
        What the run says about itself: source, layout, workers, notes, seconds, command. The rest of it is written
        anew with the results.
    """

    folder: ResultFolder
    records: tuple[FieldRecord, ...]
    settings: Settings
    inputs: RunInputs
    about: RunRecord


def write_inputs(inputs: RunInputs, folder: ResultFolder) -> None:
    """Keep ``inputs`` in the result folder."""
    content = {
        "layout": None if inputs.layout is None else _to_json(inputs.layout),
        "readings": [_to_json(frame) for frame in inputs.readings],
    }
    write_json(content, folder.parts / INPUTS)


def read_finished(root: Path) -> FinishedRun:
    """Read a finished run back.

    Raises
    ------
    OsteoCountError
        No run has finished in this folder, or it is of a version that kept too little.
    """
    folder = ResultFolder(root)
    missing = [path for path in (root / RUN_RECORD, folder.parts / INPUTS) if not path.is_file()]
    if missing:
        raise OsteoCountError(
            f"{root}: no finished run is here ({missing[0].name} is missing). Give the folder that `osteocount run` or "
            "`osteocount count` wrote; finish one that was stopped, or is of an older version, with --resume."
        )
    try:
        run = read_run_record(root / RUN_RECORD)
        inputs = _read_inputs(folder.parts / INPUTS)
        settings = Settings.model_validate(run.settings)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        said = first_problem(error) if isinstance(error, ValidationError) else error
        raise OsteoCountError(
            f"{root}: the record of the run cannot be understood ({said}). Count again with --resume."
        ) from error
    return FinishedRun(folder, in_order(run.fields), settings, inputs, run)


def _read_inputs(path: Path) -> RunInputs:
    content = json.loads(read_text(path))
    layout = None if content["layout"] is None else _from_json(content["layout"])
    return RunInputs(layout, tuple(_from_json(frame) for frame in content["readings"]))


def _to_json(frame: pd.DataFrame) -> dict[str, Any]:
    columns = {}
    for name in frame.columns:
        values = [None if pd.isna(v) else v.item() if isinstance(v, np.generic) else v for v in frame[name].tolist()]
        columns[str(name)] = {"dtype": str(frame[name].dtype), "values": values}
    return columns


def _from_json(columns: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(c["values"], dtype=c["dtype"]) for name, c in columns.items()})
