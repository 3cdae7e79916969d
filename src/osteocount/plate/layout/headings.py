"""The headings people write over the columns and grids of a layout."""

from __future__ import annotations

import re

from osteocount.columns import INPUT_COLUMNS
from osteocount.dose_units import split_heading, unit_in_words
from osteocount.names import fold

INSTRUCTIONS = "how to fill in"
"""Name of the sheet of our template that explains it, with an example that is nobody's plate."""

_MORE = {
    "well": ("wells", "position", "well position"),
    "row": ("row", "well row", "plate row", "zeile", "reihe", "ligne", "fila", "riga"),
    "column": ("column", "col", "well column", "well col", "plate column", "spalte", "colonne", "columna", "colonna"),
    "plate": ("barcode", "plate barcode"),
    "treatment": ("compound", "stimulation", "drug", "agent", "treatment name", "compound name", "drug name"),
    "dose": ("amount",),
    "exclude_reason": ("exclude reason", "exclusion reason", "reason"),
}
_OF_LAYOUTS = ("well", "plate", "treatment", "dose", "dose_unit", "donor", "role", "exclude", "include")
_ASKED = frozenset({"group"})
"""Names of columns that may hold treatments or anything else: whose layout has one is asked."""

HEADINGS = {name: (name.replace("_", " "), *more) for name, more in _MORE.items()}
for _column in INPUT_COLUMNS:
    if _column.name in _OF_LAYOUTS:
        _own = HEADINGS.get(_column.name, (_column.name.replace("_", " "),))
        HEADINGS[_column.name] = (*_own, *(alias for alias in _column.aliases if alias not in _ASKED))
"""Column of the wells table → the headings that mean it."""

_BY_HEADING = {fold(heading): column for column, headings in HEADINGS.items() for heading in headings}
_UNIT = re.compile(r"(?P<name>.+?)\s*[\(\[](?P<unit>[^\)\]]+)[\)\]]")
_METADATA = re.compile(r"(?i)(?:image_)?metadata_")


def column_of(heading: str, treatment_column: str = "") -> tuple[str, str]:
    """Return the wells-table column a heading means, and the unit in it: ``Dose (ng/mL)`` is ("dose", "ng/mL").

    Other columns keep their name, and their unit only where it is one of doses.

    Parameters
    ----------
    heading
        As written; ``Metadata_`` of CellProfiler is left out.
    treatment_column
        The heading of the treatment, where a person has named it; no other column is the treatment then.
    """
    heading = re.sub(r"[?:*]+$|(?<=\w)\s*#$", "", _METADATA.sub("", heading.strip(), count=1)).strip()
    bracketed = _UNIT.fullmatch(heading)
    name, unit = (bracketed["name"], bracketed["unit"].strip()) if bracketed else split_heading(heading)
    words = re.sub(r"[\s_\-.]+", " ", name).strip().lower()
    column = _BY_HEADING.get(fold(words))
    if treatment_column and fold(treatment_column) in (fold(heading), fold(name)):
        column = "treatment"
    elif treatment_column and column == "treatment":
        column = None
    unit = unit.replace(" per ", "/")  # the name of a sheet cannot hold a slash
    if column is None:
        whole = re.sub(r"[\s_\-.]+", " ", name if bracketed else heading).strip().lower()
        column = re.sub(r"\W+", "_", whole.replace(" ", "_")).strip("_") or "column"
        unit = unit_in_words(unit) or unit_in_words(heading.replace("_", " "))
    return column, unit


def is_load_data(headings: list[str]) -> bool:
    """Say whether headings are those of a CellProfiler ``LoadData.csv``: a line per picture, not per well."""
    return any(_METADATA.match(heading) for heading in headings) and any(
        re.match(r"(?i)(?:image_)?(?:filename|pathname|url)_", heading) for heading in headings
    )


def says_of_pictures(heading: str) -> bool:
    """Say whether a column of a ``LoadData.csv`` is about the picture rather than its well."""
    return not _METADATA.match(heading) or bool(
        re.fullmatch(
            r"(?i)(?:image_)?metadata_(?:site|field|fov|plane|z\w*|channel\w*|time\w*|frame|series|file\w*)", heading
        )
    )
