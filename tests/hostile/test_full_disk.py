"""A disk that is full, or a folder that is taken away, at every single write of a run.

One sentence, nothing half-written under a final name, and `--resume` ends with the bytes of an undisturbed run.
"""

from __future__ import annotations

import errno
import os
import shutil

import pandas as pd
import pytest
import tifffile

from osteocount.curate import CellRef, Edit, EditLog
from osteocount.io import files
from osteocount.io.files import NotWritableError
from osteocount.pipeline.runner import run
from osteocount.pipeline.write_results import apply_edits
from osteocount.settings import Settings
from support.edits import WHEN
from support.pictures import canvas, osteoclast, photograph

SETTINGS = Settings.model_validate({"picture": {"pixel_size": 1.0}, "segment": {"segmenter": "classical"}})
LAYOUT = "well,treatment,donor,role\nA1,vehicle,D1,vehicle\nA2,RANKL,D1,treatment\n"


@pytest.fixture(scope="module")
def plate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plate")
    for number in (1, 2):
        od = canvas(120, 150)
        osteoclast(od, (60, 30 + 30 * number))
        tifffile.imwrite(folder / f"A{number}.tif", photograph(od), photometric="rgb")
    (folder / "layout.csv").write_text(LAYOUT)
    return folder


def count(plate, out, if_present="refuse"):
    steps = run(plate, out, SETTINGS, layout=plate / "layout.csv", if_present=if_present)
    return list(steps)


def content(out):
    """All that may not depend on how the run went."""
    names = [*out.glob("*.csv"), *out.glob("labels/*"), *out.glob("overlays/*")]
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in names}


@pytest.fixture(scope="module")
def whole(plate, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "out"
    count(plate, out)
    return content(out)


class Disk:
    """Counts what is written and has room for so many files."""

    def __init__(self, monkeypatch, room):
        self.written, self._room = 0, room
        sync = files._sync

        def full(path):
            self.written += 1
            if self.written > self._room:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            sync(path)

        monkeypatch.setattr(files, "_sync", full)


def test_a_disk_that_is_full_at_any_write(plate, whole, tmp_path, monkeypatch):
    """Every picture has six files; then come seven of the run."""
    room, out = 0, tmp_path / "out"
    while True:
        with monkeypatch.context() as patch:
            Disk(patch, room)
            try:
                count(plate, out, "resume")
            except NotWritableError as error:
                said = str(error)
            else:
                break
        assert "cannot be written (No space left on device). Free some space on this disk" in said
        assert not list(out.rglob(".*.part"))
        assert not (out / "run.json").exists() or (out / "wells.csv").exists()
        shutil.rmtree(out)
        room += 1
    assert room >= 12 + 7
    assert content(out) == whole


@pytest.mark.parametrize("room", [0, 4, 6, 9, 12, 15, 18])
def test_once_there_is_room_again_it_is_resumed_to_the_same_bytes(plate, whole, tmp_path, monkeypatch, room):
    with monkeypatch.context() as patch:
        Disk(patch, room)
        with pytest.raises(NotWritableError):
            count(plate, tmp_path / "out")
    count(plate, tmp_path / "out", "resume")
    assert content(tmp_path / "out") == whole


def flipped(out, row):
    """Say by hand that a cell is of the other class."""
    cell = CellRef(cell_id=row.cell_id, y=round(row.y_px), x=round(row.x_px), area_px=row.area_px)
    return Edit(
        who="MZ", when=WHEN, kind="set_class", plate="" if pd.isna(row.plate) else row.plate, well=row.well,
        image=row.image, cells=[cell], is_osteoclast=not row.is_osteoclast, reason="seen",
    )  # fmt: skip


def test_results_of_corrections_stay_those_before_when_the_disk_is_full_at_any_write(plate, tmp_path, monkeypatch):
    """Corrected label images too: they are nobody's but the person's who drew them."""
    out, room = tmp_path / "out", 0
    count(plate, out)
    for row in pd.read_csv(out / "cells.csv").itertuples():
        EditLog(out / "edits.jsonl").append(flipped(out, row))
    apply_edits(out)
    assert len(list(out.glob("labels/*_corrected.tif"))) == 2
    before = content(out), (out / "run.json").read_bytes(), (out / "report.html").read_bytes()
    while True:
        with monkeypatch.context() as patch:
            disk = Disk(patch, room)
            try:
                apply_edits(out)
            except NotWritableError:
                if (out / "run.json").read_bytes() != before[1]:  # all but the page have their names
                    break
                assert (content(out), (out / "run.json").read_bytes(), (out / "report.html").read_bytes()) == before
            room += 1
    assert disk.written > 8
    assert content(out) == before[0]
    assert not (out / "report.html").exists()  # rather none than one of other numbers


def test_corrections_that_were_taken_back_leave_no_corrected_image(plate, tmp_path):
    out = tmp_path / "out"
    count(plate, out)
    first = next(pd.read_csv(out / "cells.csv").itertuples())
    EditLog(out / "edits.jsonl").append(flipped(out, first))
    apply_edits(out)
    assert len(list(out.glob("labels/*_corrected.tif"))) == 1
    (out / "edits.jsonl").unlink()
    apply_edits(out)
    assert not list(out.glob("labels/*_corrected.tif"))


def test_a_folder_removed_while_the_run_goes_on(plate, tmp_path):
    steps = run(plate, tmp_path / "out", SETTINGS)
    next(steps)
    shutil.rmtree(tmp_path / "out")
    (tmp_path / "out").write_text("something else now")
    with pytest.raises(NotWritableError, match="cannot be written"):
        list(steps)


@pytest.mark.parametrize("what", ["open_tiled", "analyse", "write_label_images", "input_hash"])
def test_a_picture_for_which_the_memory_is_not_enough_costs_only_itself(plate, tmp_path, monkeypatch, what):
    from osteocount.pipeline import field

    works = getattr(field, what)

    def greedy(first, *rest, **options):
        if "A2" in str(getattr(first, "path", getattr(first, "axes", first))):
            raise MemoryError
        return works(first, *rest, **options)

    if what == "write_label_images":

        def greedy(found, cells, *rest, **options):  # fmt: skip
            if "A2" in cells.name:
                raise MemoryError
            return works(found, cells, *rest, **options)

    monkeypatch.setattr(field, what, greedy)
    first, second = (step.message for step in run(plate, tmp_path / "out", SETTINGS))
    assert first == "A1.tif done"
    assert second.startswith("A2.tif failed: A2.tif: the memory was not enough. Close other programs")
