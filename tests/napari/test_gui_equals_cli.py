"""For pictures of every arm and donor of the sample plate, the window counts what the command counts, cell by cell."""

from __future__ import annotations

import shutil
from pathlib import Path
from threading import Event

import pandas as pd
import tifffile
from typer.testing import CliRunner

from osteocount.cli import app
from osteocount.columns import CELLS, NUCLEI
from osteocount.io.result_folder import ResultFolder
from osteocount.io.tables import write_table
from osteocount.napari.counting import LayerSnapshot, count_layer
from osteocount.settings import Settings

SAMPLE = Path(__file__).parents[2] / "sample_images"


def test_the_window_counts_what_the_command_counts(tmp_path):
    few = tmp_path / "pictures"
    few.mkdir()
    # One well in seven is every arm and every donor; all sixty would take a minute each way.
    for path in sorted(SAMPLE.glob("*.tif"))[::7]:
        shutil.copy(path, few)
    done = CliRunner().invoke(app, ["count", str(few), "--out", str(tmp_path / "results")])
    assert done.exit_code == 0, done.output
    folder = ResultFolder(tmp_path / "results")
    pictures = sorted(few.glob("*.tif"))
    layout = pd.read_csv(SAMPLE / "layout.csv").set_index("well").loc[[path.stem[:3] for path in pictures]]
    assert (layout["treatment"].nunique(), layout["donor"].nunique()) == (5, 6)
    different = [path.name for path in pictures if not is_alike(path, folder, tmp_path)]
    assert different == []


def is_alike(path, folder, scratch):
    """Count a picture as a layer is counted, and compare with the parts that the command wrote."""
    job = count_layer(LayerSnapshot(path.stem, path, tifffile.imread(path), True, None), Settings(), Event())
    try:
        while True:
            next(job)
    except StopIteration as end:
        result = end.value.result
    record = folder.read_field(path.stem)
    names = {key: getattr(record, key) for key in ("plate", "well", "field", "image")}
    write_table(result.cells.assign(**names)[list(CELLS.names)], scratch / "cells.csv")
    write_table(result.nuclei.assign(image=record.image)[list(NUCLEI.names)], scratch / "nuclei.csv")
    tables = ("cells.csv", "nuclei.csv")
    return all((scratch / name).read_bytes() == folder.part(path.stem, name).read_bytes() for name in tables)
