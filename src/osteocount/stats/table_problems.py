"""What is wrong with a table, and the names of its rows in messages."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from osteocount.errors import OsteoCountError
from osteocount.names import is_missing
from osteocount.stats.arms import text_of

SHOWN_PROBLEMS = 20
SHOWN_LINES = 6


@dataclass
class TableProblems:
    """What is wrong with a table, in the order of checking; the same complaint about many lines is one."""

    headings: dict[str, str] = field(default_factory=dict)
    places: dict[str, list[str]] = field(default_factory=dict)

    def cell(self, frame: pd.DataFrame, position: int, column: str, what: str) -> None:
        """Note that a cell is wrong."""
        heading = self.headings.get(column, column)
        self.places.setdefault(f"column '{heading}': {what}", []).append(row_name(frame, position))

    def raise_if_any(self) -> None:
        """Raise everything noted.

        Raises
        ------
        OsteoCountError
        """
        if not self.places:
            return
        lines = [f"{join_rows(places)}, {what}" for what, places in self.places.items()]
        shown = lines[:SHOWN_PROBLEMS]
        if len(lines) > len(shown):
            shown.append(f"and {len(lines) - len(shown)} more")
        raise OsteoCountError("The table cannot be compared:\n" + "\n".join(f"  - {line}" for line in shown))


def row_name(frame: pd.DataFrame, position: int) -> str:
    """Name a row the way a spreadsheet numbers it (the header is line 1), with its plate and well."""
    row = frame.iloc[position]
    name = " ".join(text_of(row[column]) for column in ("plate", "well") if column in frame.columns)
    line = int(row["_line"])
    return f"line {line} ({name.strip()})" if name.strip() else f"line {line}"


def join_rows(places: list[str]) -> str:
    """Join places: ``line 2 (A1), line 3 (A2) and 7 more lines``."""
    shown, more = places[:SHOWN_LINES], len(places) - SHOWN_LINES
    if more > 0:
        return f"{', '.join(shown)} and {more} more {'line' if more == 1 else 'lines'}"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def wells_said(n: int) -> str:
    """Say how many wells: "1 well", "2 wells"."""
    return "1 well" if n == 1 else f"{n} wells"


def names_of(column: pd.Series) -> pd.Series:
    """Return the cells of a column of names as text, empty where a word says that there is none."""
    texts = column.map(text_of)
    return texts.where(~texts.map(is_missing), "")
