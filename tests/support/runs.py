"""Runs from the first step to the outcome."""

from __future__ import annotations

from osteocount.pipeline.runner import run
from osteocount.settings import Settings

CLASSICAL = Settings().replace(segment=Settings().segment.replace(segmenter="classical"))


def counted(plate, out, settings=CLASSICAL, **options):
    """Run to the end and return the outcome."""
    steps = run(plate, out, settings, layout=plate / "layout.csv", **options)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
