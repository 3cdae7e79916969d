"""The tables of a result folder read again: what other programs and people made of them meanwhile is not believed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from osteocount.columns import Column, Table
from osteocount.errors import OsteoCountError
from osteocount.io.files import file_hash
from osteocount.io.run_record import RunRecord
from osteocount.io.tables import read_table

_NEVER_NEGATIVE = ("px", "µm", "µm²", "mm²", "per mm²")

WRITTEN_ANEW = "`osteocount apply-edits` on the folder writes it anew, as it was counted and corrected."


def changed_tables(root: Path, record: RunRecord) -> list[str]:
    """Name the tables that are not as the run wrote them; where a version kept no hashes, none."""
    own = {name: root / name for name in record.results if Path(name).name == name}
    return [name for name, path in own.items() if path.is_file() and file_hash(path) != record.results[name]]


def read_unchanged(root: Path, known: Table, record: RunRecord) -> pd.DataFrame:
    """Read a table of a finished run.

    Raises
    ------
    OsteoCountError
        It is no table, was changed since it was written, or holds what it cannot.
    """
    if known.file in changed_tables(root, record):
        raise OsteoCountError(
            f"{root / known.file}: not as OsteoCount wrote it: changed by another program, or of another run. "
            f"{WRITTEN_ANEW}"
        )
    table = read_table(root / known.file)
    check_values(table, known)
    return table


def check_values(table: pd.DataFrame, known: Table) -> None:
    """Refuse a table of ours that holds what it cannot: words for numbers, negative counts, no truth values.

    Raises
    ------
    OsteoCountError
        Naming the line, the column and the value.
    """
    for name in table.columns.intersection(list(known.by_name)):
        impossible = _impossible(table[name], known.by_name[name])
        if impossible.any():
            at = int(impossible.argmax())
            raise OsteoCountError(
                f"{known.file}, line {at + 2}: {str(table[name].iloc[at])[:40]!r} is impossible as {name}. "
                f"{WRITTEN_ANEW}"
            )


def _impossible(values: pd.Series, column: Column) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    if column.dtype == "str":
        return np.zeros(len(values), bool)
    if column.dtype == "bool":
        return np.asarray(~values.isin([True, False]), bool)
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    bad = numbers.isna() & values.notna()
    if column.dtype != "float64":
        bad |= numbers.notna() & ((numbers < 0) | (numbers % 1 != 0))
    elif column.unit in _NEVER_NEGATIVE:
        bad |= (numbers < 0) | np.isinf(numbers)
    return np.asarray(bad, bool)
