"""What `osteocount finetune` gains on annotated whole wells, each left out in turn, with more and more tiles.

    python benchmarks/finetune_wells.py [--real ../shared/real] [--tiles 2 5 10 36]

It needs PyTorch, and the annotated wells, which are not ours to ship: without them nothing is done. The network learns
from tiles of the other wells alone, and nothing is chosen by the well left out; its tiles are then counted by
`osteocount run --model` as any others. The network of 0 tiles is the one that ships. About 2 minutes for each number of
tiles and well on two free cores.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import doc_sections
import numpy as np
import pandas as pd
import whole_wells

from osteocount.finetune.annotated import find_annotated
from osteocount.finetune.fine_tune import STEPS, simulate
from osteocount.finetune.lab_network import learn_network, teach
from osteocount.pipeline import Progress
from osteocount.segment.backends.lab_model import FORMAT, Figures, LabFacts
from osteocount.segment.backends.low_power_model import LOW_POWER_SHA256
from osteocount.segment.detectors.learned_low_power import CELL_FEATURES
from osteocount.settings import Settings

ROOT = Path(__file__).parents[1]
CLASSES = {"p": "other", "0_1": "osteoclast", "0_2": "osteoclast", "g": "unsure"}
SEED = 1
RESAMPLES = 2000


def main():
    """Measure and write the section of docs/accuracy.md."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--real", type=Path, default=ROOT.parent / "shared" / "real")
    options.add_argument("--out", type=Path, default=doc_sections.ACCURACY)
    options.add_argument("--tiles", type=int, nargs="+", default=[2, 5, 10, 36])
    options.add_argument("--wells", nargs="+", default=["B2", "B3", "C2", "C3"], help="left out, each in turn")
    options.add_argument("--steps", type=int, default=STEPS)
    options.add_argument("--kept", type=Path, help="folder in which tables of a stopped measurement are kept")
    given = options.parse_args()
    tiles = sorted((given.real / "wells").glob("*.png"))
    if not tiles:
        sys.exit("The annotated wells are not here; nothing was measured.")
    rows, simulated = [], finished(simulate(SEED))
    with tempfile.TemporaryDirectory() as folder:
        for number in [0, *given.tiles]:
            for well in given.wells:
                kept = None if given.kept is None else given.kept / f"{number}_{well}.csv"
                if kept is None or not kept.is_file():
                    table = measured(tiles, well, number, given, simulated, Path(folder) / f"{number}_{well}")
                    if kept is not None:
                        table.to_csv(kept, index=False)
                else:
                    table = pd.read_csv(kept)
                rows.append(table.assign(tiles=number, well=well))
                print(number, well, line(table), flush=True)
    doc_sections.write("finetune_wells", section(pd.concat(rows), given), given.out)


def measured(tiles, well, number, given, simulated, folder):
    """Learn from ``number`` tiles of the other wells, count those of ``well``, and return the scores of each."""
    others = [tile for tile in tiles if well_of(tile) != well]
    chosen = np.random.default_rng(SEED).permutation(len(others))[:number]
    learned = folder / "learned"
    for index in chosen:
        annotate(others[index], learned)
    left = folder / "left_out"
    left.mkdir(parents=True)
    for tile in tiles:
        if well_of(tile) == well:
            shutil.copy(tile, left / tile.name)
            shutil.copy(tile.with_suffix(".truth.json"), left)
    asked = ["run", left, "--out", folder / "results", "--pixel-size", whole_wells.UM]
    if number:
        network = folder / "lab.onnx"
        network.write_bytes(taught(learned, given.steps, simulated))
        asked += ["--model", network]
    program = [sys.executable, "-c", "from osteocount.cli import main; main()"]
    subprocess.run([*program, *map(str, asked)], check=True, capture_output=True)
    return whole_wells.scores(given.real.parent / "score.py", left, folder / "results")


def taught(learned, steps, simulated):
    """Return the file of the network that learned from a folder of tiles; whether it helped is not asked."""
    settings = Settings().replace(picture={"pixel_size": whole_wells.UM})
    pictures = [teach(each) for each in find_annotated([learned], None, settings)[0]]
    network = finished(learn_network(pictures, simulated, steps, SEED, lambda step: Progress(step, steps, "")))
    nothing = Figures(recall=0, precision=0, bias=0)
    facts = LabFacts(
        format=FORMAT, features=CELL_FEATURES, call_weights=tuple(network.call.tolist()), based_on=LOW_POWER_SHA256,
        n_pictures=len(pictures), n_wells=3, n_osteoclasts=1, before=nothing, after=nothing, p=1,
    )  # fmt: skip
    return network.content(facts.model_dump_json())


def finished(steps):
    """Return what a generator returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def annotate(tile, folder):
    """Write a tile and its outlines as QuPath would."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(tile, folder)
    cells = json.loads(tile.with_suffix(".truth.json").read_text())["cells"]
    features = [
        {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [[*cell["polygon"], cell["polygon"][0]]]},
         "properties": {"classification": {"name": CLASSES[cell["class"]]}}}
        for cell in cells
    ]  # fmt: skip
    (folder / f"{tile.stem}.geojson").write_text(json.dumps(features))


def well_of(tile):
    """Return the well of a tile by its name."""
    return tile.name[3:5]


def line(table):
    """Return recall, precision, F1, bias and concordance with intervals over tiles."""
    rng = np.random.default_rng(0)
    drawn = [table.iloc[rng.integers(len(table), size=len(table))] for _ in range(RESAMPLES)]
    return [said(table, drawn, figure) for figure in (recall, precision, f1, bias, concordance)]


def recall(table):
    return table["found"].sum() / max(table["required"].sum(), 1)


def precision(table):
    return table["found"].sum() / max(table["called"].sum(), 1)


def f1(table):
    return 2 * table["found"].sum() / max(table["called"].sum() + table["required"].sum(), 1)


def bias(table):
    return 100 * (table["whole"].sum() / max(table["required"].sum(), 1) - 1)


def concordance(table):
    called, true = table["whole"], table["required"]
    spread = np.var(true) + np.var(called) + (true.mean() - called.mean()) ** 2
    return 2 * np.cov(true, called, bias=True)[0, 1] / max(spread, 1e-9)


def said(table, drawn, figure):
    """Return a figure with its 95 % interval over tiles."""
    low, high = np.percentile([figure(each) for each in drawn], [2.5, 97.5])
    rule = "+.1f" if figure is bias else ".3f"
    return f"{figure(table):{rule}} ({low:{rule}} to {high:{rule}})"


def section(rows, given):
    """Return the lines of the section."""
    lines = [
        f"| {number} | {well} | {int(own['required'].sum())} | {' | '.join(line(own))} |"
        for number, of_number in rows.groupby("tiles")
        for well, own in [*of_number.groupby("well"), ("all", of_number)]
    ]
    return [
        "## Fine-tuned on a lab's own annotations",
        "",
        f"{doc_sections.command()}. The tiles of the section before, of one lab: the network learns from some tiles of "
        f"three wells ({given.steps} steps) and counts the fourth, which it has not seen; 36 are all tiles of three "
        "wells, or nearly. Nothing was chosen by the wells left out, but the lab is one, and so are its microscope and "
        "its annotators. Intervals: 95 %, bootstrap over the tiles left out.",
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
