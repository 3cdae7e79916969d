"""Edits by a person, as an append-only log replayed on the automatic labels."""

from osteocount.curate.actions import apply
from osteocount.curate.doubt import in_order_of_doubt
from osteocount.curate.field import Change, EditedField, Mark, Nucleus
from osteocount.curate.log import CellRef, Edit, EditLog, effective, read_log
from osteocount.curate.tables import Automatic, Corrected, corrected_cells, corrected_nuclei, replay

__all__ = [
    "Automatic", "CellRef", "Change", "Corrected", "Edit", "EditLog", "EditedField", "Mark", "Nucleus", "apply",
    "corrected_cells", "corrected_nuclei", "effective", "in_order_of_doubt", "read_log", "replay",
]  # fmt: skip
