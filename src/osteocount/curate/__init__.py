"""Edits by a person, as an append-only log replayed on the automatic labels."""

from osteocount.curate.corrected_tables import Automatic, Corrected, corrected_cells, corrected_nuclei, replay
from osteocount.curate.doubt import in_order_of_doubt
from osteocount.curate.edit_kinds import apply
from osteocount.curate.edit_log import CellRef, Edit, EditLog, effective, read_log, reviewed_wells
from osteocount.curate.edited_field import Change, EditedField, Mark, Nucleus

__all__ = [
    "Automatic", "CellRef", "Change", "Corrected", "Edit", "EditLog", "EditedField", "Mark", "Nucleus", "apply",
    "corrected_cells", "corrected_nuclei", "effective", "in_order_of_doubt", "read_log", "replay",
    "reviewed_wells",
]  # fmt: skip
