"""Pipes, devices, sockets, folders and loops of links where a file is expected: a sentence at once, no waiting."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import pytest
import tifffile

from osteocount.curate.classifier import load
from osteocount.curate.edit_log import read_log
from osteocount.curate.review_order import BLINDED, in_review_order
from osteocount.errors import OsteoCountError
from osteocount.io.files import file_hash
from osteocount.io.label_image import read_labels
from osteocount.io.multi_image import list_scenes, read_scene
from osteocount.io.png_jpeg import read_png_jpeg
from osteocount.io.read import read_picture
from osteocount.io.result_folder import ResultFolder
from osteocount.io.tables import read_table
from osteocount.io.tiff import read_tiff
from osteocount.io.tiled_image import open_tiled
from osteocount.pipeline.finished_run import read_finished
from osteocount.pipeline.runner import run
from osteocount.plate.absorbance.read import read_export
from osteocount.plate.layout.read import read_layout
from osteocount.plate.picture_files import find_pictures
from osteocount.report.results import read_results
from osteocount.segment.backends.description import InputDescription, read_description
from osteocount.segment.detectors.external import networks
from osteocount.settings import SegmentSettings, Settings
from support.pictures import canvas, osteoclast, photograph

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no pipes in the file system")


def a_pipe(path):
    os.mkfifo(path)


def a_device(path):
    path.symlink_to("/dev/zero")


def a_socket(path):
    # The names of sockets may have about 100 characters: it is made elsewhere and moved.
    with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as opened:
        opened.bind(f"{short}/s")
        Path(short, "s").rename(path)


def a_loop(path):
    path.symlink_to(path.name)


def a_folder(path):
    path.mkdir()


READERS = {
    "picture.tif": read_picture,
    "tiff.tif": read_tiff,
    "png.png": read_png_jpeg,
    "scenes.czi": list_scenes,
    "scene.lif": read_scene,
    "ome.ome.tif": read_scene,
    "hash.tif": file_hash,
    "labels.tif": read_labels,
    "table.csv": read_table,
    "layout.csv": read_layout,
    "layout.xlsx": read_layout,
    "layout.toml": read_layout,
    "export.txt": read_export,
    "settings.toml": Settings.from_file,
    "classifier.json": load,
    "edits.jsonl": read_log,
    "model.toml": lambda path: read_description(path, InputDescription),
    "model.onnx": lambda path: networks(SegmentSettings(segmenter="onnx", cell_model=str(path))),
}


@pytest.mark.parametrize("make", [a_pipe, a_device, a_socket, a_loop, a_folder])
@pytest.mark.parametrize("name", READERS)
def test_only_regular_files_are_opened(tmp_path, make, name):
    make(tmp_path / name)
    with pytest.raises(OsteoCountError) as said:
        READERS[name](tmp_path / name)
    assert name in str(said.value)
    if make is a_pipe:
        assert "it is a named pipe, not a regular file" in str(said.value)


@pytest.mark.parametrize("make", [a_pipe, a_device, a_socket, a_loop])
def test_a_source_that_is_no_file_is_refused(tmp_path, make):
    make(tmp_path / "a.tif")
    with pytest.raises(OsteoCountError, match=r"a\.tif"):
        find_pictures(tmp_path / "a.tif")
    with pytest.raises(OsteoCountError, match=r"a\.tif"), open_tiled(tmp_path / "a.tif", None):
        pass


@pytest.mark.parametrize("make", [a_pipe, a_device, a_loop])
def test_result_folders_of_such_files_are_refused(tmp_path, make):
    for name in ("run.json", "cells.csv", "wells.csv", BLINDED):
        make(tmp_path / name)
    for read in (read_finished, read_results):
        with pytest.raises(OsteoCountError, match=r"run\.json"):
            read(tmp_path)
    record = ResultFolder(tmp_path).part("A1", "field.json")
    record.parent.mkdir(parents=True)
    make(record)
    assert ResultFolder(tmp_path).read_field("A1") is None
    assert sorted(in_review_order(tmp_path, [1, 2, 3])) == [1, 2, 3]


def test_a_run_goes_on_without_them(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    od = canvas(120, 150)
    osteoclast(od, (60, 70))
    tifffile.imwrite(source / "field 1.tif", photograph(od), photometric="rgb")
    for number, make in enumerate((a_pipe, a_device, a_socket, a_loop), start=2):
        make(source / f"field {number}.tif")
    settings = Settings.model_validate({"picture": {"pixel_size": 1.0}, "segment": {"segmenter": "classical"}})
    done = list(run(source, tmp_path / "out", settings))
    assert [step.message.partition(" ")[2][:9] for step in done] == [
        "1.tif don",
        *(f"{n}.tif fai" for n in range(2, 6)),
    ]
    assert all("cannot be read (" in step.message for step in done[1:])


def test_a_folder_of_them_is_done_without_them(tmp_path):
    a_folder(tmp_path / "x.tif")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    a_pipe(tmp_path / "p.tif")
    (tmp_path / "a.tif").write_bytes(b"II*\0")
    assert [path.name for path in find_pictures(tmp_path).pictures] == ["a.tif", "p.tif"]
