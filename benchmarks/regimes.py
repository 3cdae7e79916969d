"""The two regimes beside brightfield: fluorescence and low power, on simulated pictures and on changed real ones.

Simulated pictures have exact truth: every stain, magnification, blur, noise and framing is drawn anew. Real pictures,
where present, are scored as they are and turned, scaled, cropped, compressed, blurred and made darker: a result that
holds through all of that is no accident of one picture.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import cv2
import doc_sections
import numpy as np
from perturbations import changes

from osteocount import OsteoCountError, Settings, analyse, read_picture
from osteocount.io.picture import Picture, PixelSize
from osteocount.measure.matching import outline_pairs
from osteocount.simulate.design import random_design

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from support.fluorescence_field import random_fluorescence_optics, simulate_fluorescence
from support.low_power_well import random_well, simulate_well

SEED = 20261127  # no test and no scene of training has it
PICTURES = 24
UNKNOWN = PixelSize(None, "unknown: simulated so")
REAL = ("fluorescence.ome.tif", "lowpower_well.png")


def fluorescence(number):
    """Count one simulated two-channel picture without its pixel size; None where it is refused."""
    cv2.setNumThreads(1)
    rng = np.random.default_rng([SEED, number])
    design = random_design(rng, 400.0, 500.0)
    made = simulate_fluorescence(design, random_fluorescence_optics(rng), number)
    picture = Picture(Path("made.tif"), made.pixels, "channels", ("", ""), UNKNOWN, "YXC", ())
    sparse = bool(design.densities.osteoclast < 40)
    truth = made.truth.rename(columns={"touches_edge": "cut"})
    return scored(picture, made.cells, truth, {"sparse": sparse})


def low_power(number):
    """Count one simulated well without its pixel size; None where it is refused."""
    cv2.setNumThreads(1)
    made = simulate_well(random_well(np.random.default_rng([SEED, number, 1])), number)
    picture = Picture(Path("made.png"), made.picture, "rgb", ("", "", ""), UNKNOWN, "YXC", ())
    truth = made.truth.assign(n_nuclei=np.nan)
    truth.loc[truth["class"] == "pale_giant", "cut"] = True  # either call is right
    found = scored(picture, made.cells, truth, {"um": made.pixel_size})
    circle = found and found["record"]["well_circle"]
    return found and found | {"radius": circle and circle["radius_px"] / made.circle[2] - 1}


def scored(picture, labels, truth, about):
    """Match what is called with the truth; cells that are cut count neither as missed nor as false."""
    try:
        result = analyse(picture, Settings())
    except OsteoCountError:
        return None
    truth = truth.set_index("cell_id")
    ours = result.segmentation.cells
    pairs = outline_pairs(labels, ours).set_index("our_id")["true_id"]
    called = result.cells[result.cells["is_osteoclast"].astype(bool)].set_index("cell_id")
    needed = truth.index[truth["is_osteoclast"] & ~truth["cut"]]
    hits = {int(pairs[c]): c for c in called.index if c in pairs.index}
    found = [true for true in needed if true in hits]
    false = [c for c in called.index if not _right(c, ours, labels, truth, pairs)]
    error = []
    if result.segmentation.nuclei_resolved:
        true = truth.loc[found, "n_nuclei"].to_numpy(float)
        ours_of = called.loc[[hits[t] for t in found], "n_nuclei"].to_numpy(float, na_value=np.nan)
        error = ((ours_of - true) / true).tolist()
    seen = {"needed": len(needed), "found": len(found), "false": len(false), "error": error}
    return about | seen | {"regime": result.segmentation.regime, "record": result.segmentation.record}


def _right(cell, ours, labels, truth, pairs):
    """Whether a called cell is an osteoclast, or mostly one that is cut."""
    if cell in pairs.index and truth.loc[pairs[cell], "is_osteoclast"]:
        return True
    share = np.bincount(labels[ours == cell])
    most = int(share[1:].argmax()) + 1 if share.size > 1 else 0
    return bool(most and most in truth.index and truth.loc[most, "cut"] and share[most] > 0.5 * share.sum())


def changed_real(folder, name):
    """Score a real picture through all its changes: rows of (change, score)."""
    spec = importlib.util.spec_from_file_location("score", folder.parent / "score.py")
    scorer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scorer)
    picture = read_picture(folder / name)
    truth = json.loads((folder / f"{name.split('.')[0]}.truth.json").read_text(encoding="utf-8"))
    rows = []
    for change, pixels, moved in changes(picture.pixels, truth):
        result = analyse(replace(picture, pixels=pixels), Settings())
        rows.append(
            (change, scorer.score(moved, result.segmentation.cells, result.cells), result.segmentation.record, moved)
        )
    return rows


def section(folder, pictures=PICTURES):
    """Write the section of the page."""
    with ProcessPoolExecutor(2) as pool:
        cells, wells = list(pool.map(fluorescence, range(pictures))), list(pool.map(low_power, range(pictures)))
    lines = [
        "## Fluorescence and low power",
        "",
        f"{doc_sections.command()}: {pictures} simulated pictures each, pixel size not told; low power by the network, "
        "fluorescence without one. The simulated wells are not drawn by the simulator that the network learned from. "
        "Cut cells count neither way.",
        "",
        "| pictures | n | refused | osteoclasts | recall | precision | nuclei: mean error | within 25 % |",
        "|---|---|---|---|---|---|---|---|",
        *(_row(name, made) for name, made in _groups(cells, wells)),
        "",
        *_scale_and_rim(wells),
        "",
    ]
    for name in REAL:
        if (folder / name).is_file():
            lines += _spread(name, changed_real(folder, name))
    return lines


def _groups(cells, wells):
    yield "fluorescence, all", cells
    yield "fluorescence, below 40 osteoclasts per mm²", [c for c in cells if c and c["sparse"]]
    yield "low power", wells


def _row(name, made):
    done = [m for m in made if m]
    needed, found, false = (sum(m[key] for m in done) for key in ("needed", "found", "false"))
    error = np.array([e for m in done for e in m["error"]])
    nuclei = f"{100 * error.mean():+.1f} % | {(np.abs(error) <= 0.25).mean():.2f}" if error.size else " | "
    refused = len(made) - len(done)
    rates = f"{found / max(needed, 1):.2f} | {found / max(found + false, 1):.2f}"
    return f"| {name} | {len(made)} | {refused} | {needed} | {rates} | {nuclei} |"


def _scale_and_rim(wells):
    done = [w for w in wells if w]
    scale = np.array([w["record"]["analysed_um_per_px"] / w["um"] - 1 for w in done])
    radius = np.array([w["radius"] for w in done if w["radius"] is not None])
    taken = sum(w["regime"] == "low_power" for w in done)
    yield (
        f"Of {len(done)} wells {taken} were taken as low power. Their pixel size, estimated from how their cells "
        f"look, is off by {100 * np.median(np.abs(scale)):.0f} % (median; at most {100 * np.abs(scale).max():.0f} %). "
        f"The rim was found in {radius.size}; its radius is off by {100 * np.median(np.abs(radius)):.1f} % (median; at "
        f"most {100 * np.abs(radius).max():.1f} %)."
    )


def _spread(name, rows):
    yield f"`{name}` as it is and changed:"
    yield ""
    yield "| change | sure osteoclasts | found | recall | false | precision | nuclei gap | radius of the rim |"
    yield "|---|---|---|---|---|---|---|---|"
    for change, score, record, truth in rows:
        circle = record.get("well_circle")
        radius = f"{100 * (circle['radius_px'] / truth['well_circle']['r'] - 1):+.1f} %" if circle else ""
        keys = ("required", "found", "recall", "false_positives", "precision", "nuclei_relative_gap")
        said = " | ".join("" if score[key] is None else str(score[key]) for key in keys)
        yield f"| {change} | {said} | {radius} |"
    yield ""
