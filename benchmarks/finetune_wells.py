"""What `osteocount finetune` gains on annotated whole wells, each left out in turn, with more and more tiles.

    python benchmarks/finetune_wells.py [--real ../shared/real] [--tiles 2 5 10 36]

It needs the annotated wells, which are not ours to ship: without them nothing is done. The call is fitted on tiles of
the other wells alone (as with `--call-only`; PyTorch is not needed), and calls the cells of the well left out. With 0
tiles it is that of the network that ships.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

import cv2
import doc_sections
import numpy as np
import pandas as pd
import whole_wells

from osteocount.finetune.annotated import find_annotated
from osteocount.finetune.call import boost_call
from osteocount.finetune.lab_network import LabNetwork, teach
from osteocount.finetune.scores import Tally, total
from osteocount.segment.backends.low_power_model import shipped_low_power_model
from osteocount.settings import Settings

ROOT = Path(__file__).parents[1]
CLASSES = {"p": "other", "0_1": "osteoclast", "0_2": "osteoclast", "g": "unsure"}
DRAWS = 3  # of few tiles among those of the other wells; there is one draw of all
RESAMPLES = 2000


def main():
    """Measure and write the section of docs/accuracy.md."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--real", type=Path, default=ROOT.parent / "shared" / "real")
    options.add_argument("--out", type=Path, default=doc_sections.ACCURACY)
    options.add_argument("--tiles", type=int, nargs="+", default=[2, 5, 10, 36])
    given = options.parse_args()
    tiles = sorted((given.real / "wells").glob("*.png"))
    if not tiles:
        sys.exit("The annotated wells are not here; nothing was measured.")
    pictures = seen(tiles)
    rows = [row for number in [0, *given.tiles] for row in scores(pictures, number)]
    doc_sections.write("finetune_wells", section(pd.DataFrame(rows)), given.out)


def seen(tiles):
    """Return the tiles as `osteocount finetune` sees them."""
    settings = Settings().replace(picture={"pixel_size": whole_wells.UM})
    with tempfile.TemporaryDirectory() as folder:
        for tile in tiles:
            annotate(tile, Path(folder))
        return [teach(each) for each in find_annotated([Path(folder)], None, settings)[0]]


def annotate(tile, folder):
    """Write a tile and its outlines as QuPath would."""
    shutil.copy(tile, folder)
    cells = json.loads(tile.with_suffix(".truth.json").read_text())["cells"]
    features = [
        {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [[*cell["polygon"], cell["polygon"][0]]]},
         "properties": {"classification": {"name": CLASSES[cell["class"]]}}}
        for cell in cells
    ]  # fmt: skip
    (folder / f"{tile.stem}.geojson").write_text(json.dumps(features))


def scores(pictures, number):
    """Return a row for each tile when its well is left out and ``number`` tiles of the others are learned from."""
    before, rows = shipped_low_power_model().call, []
    for well in sorted({well_of(each) for each in pictures}):
        others = [each.seen for each in pictures if well_of(each) != well]
        left = [each for each in pictures if well_of(each) == well]
        for draw in range(DRAWS if 0 < 2 * number < len(others) else 1):
            chosen = [others[n] for n in np.random.default_rng(draw).permutation(len(others))[:number]]
            call = boost_call(chosen, before, seed=1) if chosen else before
            tallies = LabNetwork(call).tallies(left)
            own = [
                {"tiles": number, "well": well, "draw": draw, "tile": each.scene.name, **total(part)._asdict()}
                for each, part in zip(left, tallies, strict=True)
            ]
            rows += own
            print(number, well, draw, f"F1 {f1(pd.DataFrame(own)[[*Tally._fields]].to_numpy()):.3f}", flush=True)
    return rows


def well_of(picture):
    """Return the well of a tile by its name."""
    return picture.scene.name[3:5]


def f1(values):
    """Harmonic mean of recall and precision; ``values`` (..., n, 3) are annotated, found and called, here and below."""
    true, found, called = np.moveaxis(values.sum(axis=-2), -1, 0)
    return 2 * found / np.maximum(true + called, 1)


def recall(values):
    return values[..., 1].sum(axis=-1) / np.maximum(values[..., 0].sum(axis=-1), 1)


def precision(values):
    return values[..., 1].sum(axis=-1) / np.maximum(values[..., 2].sum(axis=-1), 1)


def bias(values):
    return 100 * (values[..., 2].sum(axis=-1) / np.maximum(values[..., 0].sum(axis=-1), 1) - 1)


def concordance(values):
    true, called = values[..., 0], values[..., 2]
    means = [each.mean(axis=-1) for each in (true, called)]
    together = (true * called).mean(axis=-1) - means[0] * means[1]
    return 2 * together / np.maximum(true.var(axis=-1) + called.var(axis=-1) + (means[0] - means[1]) ** 2, 1e-9)


def line(table):
    """Return recall, precision, F1, bias and concordance with intervals over tiles; all draws of a tile together."""
    tiles = table["tile"].nunique()
    values = table.sort_values(["tile", "draw"])[[*Tally._fields]].to_numpy(float).reshape(tiles, -1, 3)
    drawn = values[np.random.default_rng(0).integers(tiles, size=(RESAMPLES, tiles))].reshape(RESAMPLES, -1, 3)
    return [said(values.reshape(-1, 3), drawn, figure) for figure in (recall, precision, f1, bias, concordance)]


def said(values, drawn, figure):
    """Return a figure with its 95 % interval over tiles."""
    low, high = np.percentile(figure(drawn), [2.5, 97.5])
    rule = "+.1f" if figure is bias else ".3f"
    return f"{figure(values):{rule}} ({low:{rule}} to {high:{rule}})"


def section(rows):
    """Return the lines of the section."""
    lines = [
        f"| {number} | {well} | {int(own.loc[own['draw'] == 0, 'true'].sum())} | {' | '.join(line(own))} |"
        for number, of_number in rows.groupby("tiles")
        for well, own in [*of_number.groupby("well"), ("all", of_number)]
    ]
    return [
        "## Fine-tuned on a lab's own annotations",
        "",
        f"{doc_sections.command()}. The tiles of the section before, of one lab: the call is fitted on some of three "
        "wells, as by `osteocount finetune --call-only`, and calls the cells of the fourth, which it has not seen; "
        "36 are all tiles of three wells, or nearly. Fewer are drawn anew three times, and their figures are those of "
        "all draws. How trees are grown (their number, depth and rate, and which measures they ask for) was chosen on "
        "these very wells, each left out in turn, so the gain looks larger than it will be elsewhere; and the lab is "
        "one, and so are its microscope and its annotators. Scored as `finetune` scores: all that the lab called "
        "osteoclasts and the border does not cut is asked for, where the section before leaves all that touch it open, "
        "so the figures of 0 tiles differ. Intervals: 95 %, bootstrap over the tiles left out.",
        "",
        "| tiles learned from | well left out | osteoclasts | recall | precision | F1 | bias of the count, % | "
        "concordance by tile |",
        "|---|---|---|---|---|---|---|---|",
        *lines,
        "",
    ]


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()
