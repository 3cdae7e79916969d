"""How time and memory grow with the size of a well: simulated brightfield wells of 3 to 290 megapixels.

    python benchmarks/big_wells.py [--megapixels 3 12 60 290] [--segmenter classical learned] [--folder DIR]

About eight minutes on two free cores. Every well is counted by a process of its own, so that its peak memory is its
own, and from file to report. The exponent is that of seconds over pixels, from the smallest to the largest. Wells are
mirrored simulated fields with the proportions of a stitched well of 16607 × 17481 pixels.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import doc_sections
import numpy as np
import tifffile

from osteocount import Settings
from osteocount.memory import keep_freed_memory
from osteocount.pipeline import run
from osteocount.simulate import FieldDesign, simulate_field

TILE = 256
PIXEL_UM = 0.76
SHAPE = 16607, 17481
SOURCES = {
    "tiled TIFF, deflate": {"tile": (TILE, TILE), "compression": "zlib"},
    "striped TIFF, deflate": {"rowsperstrip": 64, "compression": "zlib"},
    "striped TIFF, JPEG": {"rowsperstrip": 64, "compression": "jpeg"},
    "tiled TIFF, JPEG": {"tile": (TILE, TILE), "compression": "jpeg"},
}
ZARR = "OME-Zarr"


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--megapixels", type=float, nargs="+", default=[3, 12, 60, 290])
    options.add_argument("--segmenter", nargs="+", default=["classical", "learned"], choices=["classical", "learned"])
    options.add_argument("--sources", type=float, default=60, help="megapixels of the wells in other formats; 0: none")
    options.add_argument("--folder", type=Path, help="where the wells are kept; a temporary folder when left out")
    options.add_argument("--out", type=Path, default=doc_sections.PERFORMANCE)
    options.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.one:
        print(json.dumps(count(Path(given.one[0]), given.one[1])))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        lines = ["## Wells from 3 to 290 megapixels", "", f"{doc_sections.command()}, {doc_sections.machine()}.", ""]
        for segmenter in given.segmenter:
            lines += table(segmenter, [measured(size, folder, segmenter) for size in given.megapixels])
        if given.sources:
            lines += sources(given.sources, folder)
    doc_sections.write("wells", lines, given.out)


def measured(megapixels, folder, segmenter, source="tiled TIFF, deflate"):
    """Make a well unless it is there, and count it in a fresh process."""
    path = well(folder, megapixels, source)
    command = [sys.executable, __file__, "--one", path, segmenter]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return {"megapixels": megapixels, **json.loads(done.stdout.splitlines()[-1])}


def count(path, segmenter):
    """Count one well; seconds of the wall, of the processor, and peak memory of this process."""
    chosen = {"picture": {"pixel_size": PIXEL_UM, "well_view": "whole"}, "segment": {"segmenter": segmenter}}
    settings = Settings.model_validate(chosen)
    keep_freed_memory()  # as the command does
    wall, processor = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as out:
        for _ in run(path, Path(out) / "result", settings):
            pass
    return {
        "wall": time.perf_counter() - wall,
        "processor": time.process_time() - processor,
        "megabytes": doc_sections.peak_megabytes(),
    }


def well(folder, megapixels, source="tiled TIFF, deflate"):
    """Write a well of mirrored simulated fields, piece by piece, unless it is there."""
    share = math.sqrt(megapixels * 1e6 / (SHAPE[0] * SHAPE[1]))
    shape = (*(round(side * share) for side in SHAPE), 3)
    stem = f"well_{megapixels:g}_{source.replace(' ', '_').replace(',', '')}"
    path = folder / f"{stem}.{'zarr' if source == ZARR else 'tif'}"
    if path.exists():
        return path
    field = simulate_field(FieldDesign(width=1920, height=1440, pixel_size=PIXEL_UM), 1).picture
    period = [np.concatenate([np.arange(n), np.arange(n)[::-1]]) for n in field.shape[:2]]

    def piece(top, left, height, width):
        rows, columns = (
            each[np.arange(at, at + n) % each.size]
            for each, at, n in zip(period, (top, left), (height, width), strict=True)
        )
        return field[rows[:, None], columns[None, :]]

    if source == ZARR:
        write_zarr(path, shape, piece)
        return path
    layout = SOURCES[source]
    if "tile" in layout:
        pixels = (piece(y, x, TILE, TILE) for y in range(0, shape[0], TILE) for x in range(0, shape[1], TILE))
    else:
        pixels = piece(0, 0, *shape[:2])
    with tifffile.TiffWriter(path, bigtiff=True) as tiff:
        tiff.write(pixels, shape=shape, dtype=np.uint8, photometric="rgb", **layout)
    return path


def write_zarr(path, shape, piece):
    import zarr

    root = zarr.open_group(path, mode="w", zarr_format=3)
    array = root.create_array("0", shape=shape, chunks=(1024, 1024, 3), dtype="uint8")
    for top in range(0, shape[0], 1024):
        for left in range(0, shape[1], 1024):
            array[top : top + 1024, left : left + 1024] = piece(
                top, left, min(1024, shape[0] - top), min(1024, shape[1] - left)
            )
    axes = [{"name": axis, "type": "channel" if axis == "c" else "space"} for axis in "yxc"]
    scale = {"type": "scale", "scale": [PIXEL_UM, PIXEL_UM, 1.0]}
    datasets = [{"path": "0", "coordinateTransformations": [scale]}]
    colours = [{"color": colour, "label": ""} for colour in ("FF0000", "00FF00", "0000FF")]
    said = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": datasets}], "omero": {"channels": colours}}
    root.attrs.update({"ome": said})


def table(segmenter, rows):
    first, last = rows[0], rows[-1]
    lines = [
        f"| {segmenter}, megapixels | seconds | processor, s | seconds per MP | peak memory, MB |",
        "|---|---|---|---|---|",
        *(
            f"| {row['megapixels']:g} | {row['wall']:.1f} | {row['processor']:.1f} "
            f"| {row['wall'] / row['megapixels']:.3f} | {row['megabytes']:.0f} |"
            for row in rows
        ),
        "",
    ]
    if len(rows) > 1:
        grown = {
            kind: math.log(last[kind] / first[kind]) / math.log(last["megapixels"] / first["megapixels"])
            for kind in ("wall", "processor")
        }
        lines += [
            f"Time grows with pixels to the power of {grown['wall']:.2f}, processor time of {grown['processor']:.2f}.",
            "",
        ]
    return lines


def sources(megapixels, folder):
    """Count the same well from other formats."""
    kinds = [*SOURCES, ZARR]
    rows = {kind: measured(megapixels, folder, "classical", kind) for kind in kinds}
    return [
        f"| {megapixels:g} megapixels, classical, from | seconds | peak memory, MB |",
        "|---|---|---|",
        *(f"| {kind} | {row['wall']:.1f} | {row['megabytes']:.0f} |" for kind, row in rows.items()),
        "",
    ]


if __name__ == "__main__":
    main()
