"""What a finished run was put together from, kept so that its tables can be made again after corrections."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from osteocount.errors import OsteoCountError
from osteocount.io.result_folder import RUN_RECORD, ResultFolder, write_json
from osteocount.io.run_record import FieldRecord, RunRecord, first_problem
from osteocount.settings import Settings

PLAN = "plan.json"


@dataclass(frozen=True)
class Plan:
    """Layout with the plates' names, readings of the plate reader, and what the run says about itself."""

    layout: pd.DataFrame | None
    readings: tuple[pd.DataFrame, ...]
    about: dict[str, Any]


@dataclass(frozen=True)
class FinishedRun:
    """A result folder read back: everything `finish` needs."""

    folder: ResultFolder
    records: tuple[FieldRecord, ...]
    settings: Settings
    plan: Plan


def write_plan(plan: Plan, folder: ResultFolder) -> None:
    """Keep ``plan`` in the result folder."""
    content = {
        "layout": None if plan.layout is None else _to_json(plan.layout),
        "readings": [_to_json(frame) for frame in plan.readings],
        "about": plan.about,
    }
    write_json(content, folder.parts / PLAN)


def read_finished(root: Path) -> FinishedRun:
    """Read a finished run back.

    Raises
    ------
    OsteoCountError
        No run has finished in this folder, or it is of a version that kept too little.
    """
    folder = ResultFolder(root)
    missing = [path for path in (root / RUN_RECORD, folder.parts / PLAN) if not path.is_file()]
    if missing:
        raise OsteoCountError(
            f"{root}: no finished run is here ({missing[0].name} is missing). Give the folder that `osteocount run` or "
            "`osteocount count` wrote; finish one that was stopped, or is of an older version, with --resume."
        )
    try:
        run = RunRecord.model_validate_json((root / RUN_RECORD).read_bytes())
        plan = json.loads((folder.parts / PLAN).read_text(encoding="utf-8"))
        layout = None if plan["layout"] is None else _from_json(plan["layout"])
        readings = tuple(_from_json(frame) for frame in plan["readings"])
        settings = Settings.model_validate(run.settings)
        about = dict(plan["about"])
        if (leading_out := run.key_leading_out()) is not None:
            raise ValueError(f"the key {leading_out!r} is no file name")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        said = first_problem(error) if isinstance(error, ValidationError) else error
        raise OsteoCountError(
            f"{root}: the record of the run cannot be understood ({said}). Count again with --resume."
        ) from error
    return FinishedRun(folder, run.fields, settings, Plan(layout, readings, about))


def _to_json(frame: pd.DataFrame) -> dict[str, Any]:
    columns = {}
    for name in frame.columns:
        values = [None if pd.isna(v) else v.item() if isinstance(v, np.generic) else v for v in frame[name].tolist()]
        columns[str(name)] = {"dtype": str(frame[name].dtype), "values": values}
    return columns


def _from_json(columns: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(c["values"], dtype=c["dtype"]) for name, c in columns.items()})
