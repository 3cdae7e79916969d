"""Everything that is wrong with a table, gathered and said at once: line, column, cure."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from osteocount.errors import OsteoCountError
from osteocount.stats.arms import text_of

SHOWN_PROBLEMS = 20
SHOWN_LINES = 6


@dataclass
class Problems:
    """What is wrong, in the order it was found; the same complaint about many lines is one."""

    places: dict[str, list[str]] = field(default_factory=dict)

    def cell(self, frame: pd.DataFrame, position: int, column: str, what: str) -> None:
        """Note that a cell is wrong."""
        self.places.setdefault(f"column '{column}': {what}", []).append(where(frame, position))

    def raise_if_any(self) -> None:
        """Raise everything noted.

        Raises
        ------
        OsteoCountError
        """
        if not self.places:
            return
        lines = [f"{listed(places)}, {what}" for what, places in self.places.items()]
        shown = lines[:SHOWN_PROBLEMS]
        if len(lines) > len(shown):
            shown.append(f"and {len(lines) - len(shown)} more")
        raise OsteoCountError("The table cannot be compared:\n" + "\n".join(f"  - {line}" for line in shown))


def where(frame: pd.DataFrame, position: int) -> str:
    """Name a row the way a spreadsheet numbers it (the header is line 1), with its plate and well."""
    row = frame.iloc[position]
    name = " ".join(text_of(row[column]) for column in ("plate", "well") if column in frame.columns)
    line = int(row["_line"])
    return f"line {line} ({name.strip()})" if name.strip() else f"line {line}"


def listed(places: list[str]) -> str:
    """Join places: ``line 2 (A1), line 3 (A2) and 7 more lines``."""
    shown, more = places[:SHOWN_LINES], len(places) - SHOWN_LINES
    if more > 0:
        return f"{', '.join(shown)} and {more} more {'line' if more == 1 else 'lines'}"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
