"""The guide of the window, which comes with the program and needs no network."""

from __future__ import annotations

from pathlib import Path

import osteocount

_PACKAGE = Path(osteocount.__file__).parent
_PLACES = (_PACKAGE / "guide" / "window.md", _PACKAGE.parents[1] / "docs" / "window.md")
"""In an installed program, and where it is run from its source."""
HEADINGS = ("1 Open", "2 Count", "3 Correct", "4 Compare")
"""Of the guide's parts, one for each step."""


def guide_file() -> Path | None:
    """Return the file of the guide; None where it was left out."""
    return next((path for path in _PLACES if path.is_file()), None)
