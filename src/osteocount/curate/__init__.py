"""Edits by a person, as an append-only log replayed on the automatic labels."""

from osteocount.curate.log import Edit, append, read_log
from osteocount.curate.replay import Replayed, replay

__all__ = ["Edit", "Replayed", "append", "read_log", "replay"]
