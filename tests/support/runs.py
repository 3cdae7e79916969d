"""Runs from the first step to the outcome."""

from __future__ import annotations

from osteocount.io.result_folder import ResultFolder
from osteocount.pipeline.field import field_tasks
from osteocount.pipeline.runner import run
from osteocount.plate.index import index_pictures
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


def tasks_of(plate):
    """Return the fields of a plate."""
    return field_tasks(index_pictures(plate), plate)


def claimed(path):
    """Return a result folder to go on in."""
    folder = ResultFolder(path)
    folder.claim("resume")
    return folder


def parts(folder):
    """All bytes of the finished fields, without how long they took."""
    tables = [path for path in folder.parts.iterdir() if path.suffix == ".csv"]
    return {path.name: path.read_bytes() for path in [*folder.labels.iterdir(), *folder.overlays.iterdir(), *tables]}
