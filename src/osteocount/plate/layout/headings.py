"""The headings people write over the columns and grids of a layout."""

from __future__ import annotations

import re

HEADINGS = {
    "well": ("well", "wells", "position", "well id", "well position", "well name"),
    "row": ("row", "well row", "plate row"),
    "column": ("column", "col", "well column", "well col", "plate column"),
    "plate": ("plate", "plate id", "plate name", "barcode", "plate barcode"),
    "treatment": ("treatment", "compound", "condition", "stimulus", "arm"),
    "dose": ("dose", "concentration", "conc", "amount"),
    "dose_unit": ("dose unit", "unit", "units", "concentration unit", "conc unit"),
    "donor": ("donor", "donor id", "patient", "animal", "subject"),
    "role": ("role", "well role", "well type"),
    "exclude": ("exclude", "excluded"),
    "exclude_reason": ("exclude reason", "exclusion reason", "reason"),
}
"""Column of the wells table → the headings that mean it."""

_BY_HEADING = {heading: column for column, headings in HEADINGS.items() for heading in headings}
_UNIT = re.compile(r"(?P<name>.+?)\s*[\(\[](?P<unit>[^\)\]]+)[\)\]]")


def column_of(heading: str) -> tuple[str, str]:
    """Return the wells-table column a heading means, and the unit in it: ``Dose (ng/mL)`` is ("dose", "ng/mL")."""
    match = _UNIT.fullmatch(heading.strip())
    name, unit = (match["name"], match["unit"].strip()) if match else (heading.strip(), "")
    words = re.sub(r"[\s_\-.]+", " ", name).strip().lower()
    column = _BY_HEADING.get(words)
    if column is None:
        column = re.sub(r"\W+", "_", words.replace(" ", "_")).strip("_") or "column"
        unit = ""
    return column, unit.replace(" per ", "/")  # the name of a sheet cannot hold a slash
