"""Edits of the scene that the tests of corrections share."""

from __future__ import annotations

from datetime import UTC, datetime

from osteocount.curate import Edit

WHEN = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def edit(kind, cells=(), **more):
    """Return an edit of the scene."""
    return Edit(who="MZ", when=WHEN, kind=kind, plate="p", well="A01", image="a.tif", cells=cells, **more)
