"""Edits by a person, as an append-only log replayed on the automatic labels."""

from osteocount.curate.corrected_tables import AutomaticField, CorrectedField, corrected_cells, corrected_nuclei, replay
from osteocount.curate.edit_actions import apply_edit
from osteocount.curate.edit_log import (
    CellRef,
    Edit,
    EditLog,
    edits_of,
    effective,
    excluded_wells,
    read_log,
    review_status,
    reviewed_wells,
)
from osteocount.curate.edited_field import Change, EditedField, Mark, Nucleus
from osteocount.curate.review_order import most_uncertain_first

__all__ = [
    "AutomaticField", "CellRef", "Change", "CorrectedField", "Edit", "EditLog", "EditedField", "Mark", "Nucleus",
    "apply_edit", "corrected_cells", "corrected_nuclei", "edits_of", "effective", "excluded_wells",
    "most_uncertain_first", "read_log", "replay", "review_status", "reviewed_wells",
]  # fmt: skip
