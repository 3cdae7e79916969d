"""Count every picture of a folder as the window does and as the command does, and compare every cell and nucleus.

python benchmarks/gui_equals_cli.py [FOLDER]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from threading import Event

import tifffile

from osteocount import pipeline
from osteocount.io.result_folder import ResultFolder
from osteocount.io.tables import write_table
from osteocount.measure import CELL_COLUMNS, NUCLEUS_COLUMNS
from osteocount.napari.jobs import LayerPicture, count_layer
from osteocount.settings import Settings

SAMPLE = Path(__file__).parents[1] / "sample_images"


def main() -> None:
    """Say for how many pictures both give the same bytes."""
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLE
    pictures = sorted(source.glob("*.tif"))
    with tempfile.TemporaryDirectory() as name:
        folder = ResultFolder(Path(name) / "results")
        for _ in pipeline.run(source, folder.root, Settings()):
            pass
        different = [picture.name for picture in pictures if not same(picture, folder, Path(name))]
    print(f"{len(pictures) - len(different)} of {len(pictures)} pictures alike; different: {different or 'none'}")
    raise SystemExit(bool(different))


def same(picture: Path, folder: ResultFolder, scratch: Path) -> bool:
    """Count ``picture`` as a layer, and compare the tables with the parts that the command wrote."""
    layer = LayerPicture(picture.stem, picture, tifffile.imread(picture), True, None)
    job = count_layer(layer, Settings(), Event())
    try:
        while True:
            next(job)
    except StopIteration as end:
        result = end.value.result
    record = folder.read_field(picture.stem)
    assert record is not None
    names = {key: record[key] for key in ("plate", "well", "field", "image")}
    write_table(result.cells.assign(**names)[list(CELL_COLUMNS)], scratch / "cells.csv")
    write_table(result.nuclei.assign(image=record["image"])[list(NUCLEUS_COLUMNS)], scratch / "nuclei.csv")
    return all(
        (scratch / table).read_bytes() == folder.part(picture.stem, table).read_bytes()
        for table in ("cells.csv", "nuclei.csv")
    )


if __name__ == "__main__":
    main()
