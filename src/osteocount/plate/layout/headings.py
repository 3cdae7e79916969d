"""The headings people write over the columns and grids of a layout."""

from __future__ import annotations

import re

from osteocount.names import fold

INSTRUCTIONS = "how to fill in"
"""Name of the sheet of our template that explains it, with an example that is nobody's plate."""

HEADINGS = {
    "well": ("well", "wells", "position", "well id", "well position", "well name"),
    "row": ("row", "well row", "plate row"),
    "column": ("column", "col", "well column", "well col", "plate column"),
    "plate": ("plate", "plate id", "plate name", "barcode", "plate barcode"),
    "treatment": (
        "treatment",
        "treatments",
        "compound",
        "condition",
        "stimulus",
        "stimulation",
        "arm",
        "drug",
        "agent",
        "treatment name",
        "compound name",
        "drug name",
    ),
    "dose": ("dose", "concentration", "conc", "amount"),
    "dose_unit": ("dose unit", "unit", "units", "concentration unit", "conc unit"),
    "donor": ("donor", "donor id", "patient", "animal", "subject"),
    "role": ("role", "well role", "well type"),
    "exclude": ("exclude", "excluded"),
    "exclude_reason": ("exclude reason", "exclusion reason", "reason"),
}
"""Column of the wells table → the headings that mean it."""

_BY_HEADING = {fold(heading): column for column, headings in HEADINGS.items() for heading in headings}
_UNIT = re.compile(r"(?P<name>.+?)\s*[\(\[](?P<unit>[^\)\]]+)[\)\]]")
_METADATA = re.compile(r"(?i)(?:image_)?metadata_")


def column_of(heading: str, treatment_column: str = "") -> tuple[str, str]:
    """Return the wells-table column a heading means, and the unit in it: ``Dose (ng/mL)`` is ("dose", "ng/mL").

    Parameters
    ----------
    heading
        As written; ``Metadata_`` of CellProfiler is left out.
    treatment_column
        The heading of the treatment, where a person has named it; no other column is the treatment then.
    """
    heading = _METADATA.sub("", heading.strip(), count=1)
    match = _UNIT.fullmatch(heading)
    name, unit = (match["name"], match["unit"].strip()) if match else (heading, "")
    words = re.sub(r"[\s_\-.]+", " ", name).strip().lower()
    column = _BY_HEADING.get(fold(words))
    if treatment_column and fold(treatment_column) in (fold(heading), fold(name)):
        column = "treatment"
    elif treatment_column and column == "treatment":
        column = None
    if column is None:
        column = re.sub(r"\W+", "_", words.replace(" ", "_")).strip("_") or "column"
        unit = ""
    return column, unit.replace(" per ", "/")  # the name of a sheet cannot hold a slash


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
