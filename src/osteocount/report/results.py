"""A finished result folder, read back and checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from osteocount.columns import CELLS, COMPARISONS, TEXT, WELLS, Table
from osteocount.curate import effective, read_log
from osteocount.errors import OsteoCountError
from osteocount.input_files import check_regular, read_bytes
from osteocount.io.result_tables import changed_tables, check_values
from osteocount.io.run_record import RunRecord, first_problem
from osteocount.sample_words import sample_word

REQUIRED_COLUMNS = {
    "cells.csv": ("plate", "well", "image", "is_osteoclast", "counted"),
    "wells.csv": ("plate", "well", "status", "n_osteoclasts"),
    "comparisons.csv": ("endpoint", "contrast", "reference", "estimate", "ci_low", "ci_high", "n_donors", "verdict",
                        "kind", "link", "donors_up", "donors_down", "reason"),
}  # fmt: skip


@dataclass(frozen=True)
class Results:
    """Everything the report is made of.

    Attributes
    ----------
    cells, wells
        The tables of the folder; text columns are str or missing, numbers are float or int.
    comparisons
        None when the run made no comparison.
    run
        ``run.json``.
    overlays
        Pictures under ``overlays/``, sorted by name.
    n_edits
        Corrections by a person in ``edits.jsonl`` that hold, without those undone; 0 without the file.
    changed
        Tables that somebody changed since the run wrote them.
    """

    folder: Path
    cells: pd.DataFrame
    wells: pd.DataFrame
    comparisons: pd.DataFrame | None
    run: RunRecord
    overlays: tuple[Path, ...]
    n_edits: int
    changed: tuple[str, ...] = ()

    @property
    def counted_wells(self) -> pd.DataFrame:
        """Wells with a count, those with some failed pictures included."""
        return self.wells[self.wells["n_osteoclasts"].notna()]

    @property
    def min_nuclei(self) -> int | None:
        """From how many nuclei on a cell was an osteoclast; None where the record does not say."""
        of_count = self.run.settings.get("count")
        least = of_count.get("min_nuclei") if isinstance(of_count, dict) else None
        return least if isinstance(least, int) else None

    @property
    def sample_word(self) -> str:
        """What a row of the wells table is called: well, dish, slide, sample."""
        return sample_word(self.wells["well"].fillna("").astype(str))


def read_results(folder: Path) -> Results:
    """Read the result folder ``folder``.

    Raises
    ------
    OsteoCountError
        Files that are missing or cannot be understood, all of them at once.
    """
    problems: list[str] = []
    cells = _table(folder, CELLS, problems)
    wells = _table(folder, WELLS, problems)
    comparisons = _table(folder, COMPARISONS, problems) if (folder / COMPARISONS.file).is_file() else None
    run = _run_record(folder / "run.json", problems)
    if problems or cells is None or wells is None or run is None:
        raise OsteoCountError(
            f"{folder}: no report can be written. " + " ".join(problems) + " Give the folder that `osteocount run` or "
            "`osteocount count` wrote, complete and unedited."
        )
    n_edits = len(effective(read_log(folder / "edits.jsonl")))
    overlays = tuple(sorted(path for path in (folder / "overlays").glob("*.png") if path.is_file()))
    changed = tuple(changed_tables(folder, run))
    return Results(folder, cells, wells, comparisons, run, overlays, n_edits, changed)


def _table(folder: Path, known: Table, problems: list[str]) -> pd.DataFrame | None:
    """Read a table; only an empty cell is missing, so a treatment may be called "NA"."""
    path = folder / known.file
    try:
        check_regular(path)
        table = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=dict.fromkeys(TEXT, "string"))
    except FileNotFoundError:
        problems.append(f"{path.name} is missing.")
        return None
    except (OSError, ValueError) as error:
        problems.append(f"{path.name} is not a table ({error}).")
        return None
    absent = [name for name in REQUIRED_COLUMNS[path.name] if name not in table.columns]
    if absent:
        problems.append(f"{path.name} lacks the columns {', '.join(absent)}.")
        return None
    try:
        check_values(table, known)
    except OsteoCountError as error:
        problems.append(str(error))
        return None
    return table


def _run_record(path: Path, problems: list[str]) -> RunRecord | None:
    try:
        return RunRecord.model_validate_json(read_bytes(path))
    except FileNotFoundError:
        problems.append(f"{path.name} is missing.")
    except OSError as error:
        problems.append(f"{path.name} cannot be read ({error.strerror or error}).")
    except ValidationError as error:
        problems.append(f"{path.name} is not a run record ({first_problem(error)}).")
    return None
