"""Edits by a person, as an append-only log replayed on the automatic labels."""
