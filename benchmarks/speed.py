"""How fast one field is counted and the program starts, beside the floor and other programs on the same field.

    python benchmarks/speed.py [--only field|start]

Three minutes on two free cores. The floor is decoding and one Gaussian pass in the fastest library. Warm times are the
shortest of several runs in one process; ratios are of the processor's time in the same run, which other work on the
machine hardly changes.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import doc_sections
import tifffile
from peers import Taken, all_peers, best, imagej_command

from osteocount import Settings, analyse, read_picture
from osteocount.io.label_image import write_labels
from osteocount.io.overlay import write_overlay
from osteocount.memory import keep_freed_memory
from osteocount.pipeline.analysis import cores
from osteocount.simulate import FieldDesign, simulate_field

WIDTH, HEIGHT, UM = 1920, 1440, 0.76
CLASSICAL, LEARNED = (
    Settings.model_validate({"picture": {"pixel_size": UM}, "segment": {"segmenter": name}})
    for name in ("classical", "learned")
)
OSTEOCOUNT = Path(sys.executable).with_name("osteocount")
STEPS = {  # what the profile names, by the functions that do it; what begins with OF is within the one above
    "decoding": ("io/read.py", "read_picture"),
    "the well, the kind of picture": ("segment/segmenter.py", "_decided"),
    "is it a TRAP culture": ("segment/regimes/out_of_domain.py", "refuse_out_of_domain"),
    "light, stains, outlines (learned: the network)": ("segment/regimes/brightfield.py", "__init__"),
    "connected bodies": ("segment/tiling/tiles.py", "choose"),
    "cells and nuclei of the bodies, classical": ("segment/detectors/classical.py", "detect"),
    "of it bodies laid side by side": ("segment/tiling/packing.py", "pack_bodies"),
    "of it nuclear contrast": ("segment/detectors/classical_nuclei.py", "nuclear_contrast"),
    "of it cells cut apart": ("segment/detectors/classical_cells.py", "split_into_fragments"),
    "of it fragments joined": ("segment/detectors/classical_cells.py", "join_fragments"),
    "of it nuclei drawn": ("segment/detectors/classical_nuclei.py", "find_candidates"),
    "of it what was found, packed": ("segment/tiling/tile_result.py", "gather_found"),
    "cells and nuclei of the bodies, learned": ("segment/detectors/learned.py", "detect"),
    "label images drawn": ("segment/tiling/tile_result.py", "draw_tile"),
    "tables of the segmenter": ("segment/regimes/brightfield.py", "tables_of"),
    "measures of cells": ("measure/cells.py", "measure_cells"),
    "debris": ("io/image_quality.py", "debris_mask"),
    "quality": ("io/image_quality.py", "measure_quality"),
}
OF = "of it "


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", choices=["field", "start"], help="measure one part anew")
    options.add_argument("--out", type=Path, default=doc_sections.PERFORMANCE)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "field.tif"
        picture = simulate_field(FieldDesign(width=WIDTH, height=HEIGHT, pixel_size=UM), 1).picture
        tifffile.imwrite(path, picture, compression="zlib", photometric="rgb")
        if given.only != "start":
            doc_sections.write("field", field(path, Path(folder)), given.out)
        if given.only != "field":
            doc_sections.write("start", starting(path, Path(folder)), given.out)


def timings(path, folder):
    """How long what we do to one field takes, the floor last, and its profiles."""
    keep_freed_memory()  # as the command does

    def counted(settings, threads):
        return lambda: analyse(read_picture(path, pixel_size_um=UM), settings, threads)

    picture = read_picture(path, pixel_size_um=UM)
    result = analyse(picture, CLASSICAL)
    analyse(picture, LEARNED)
    cells = result.segmentation.cells
    floor = best(lambda: cv2.GaussianBlur(tifffile.imread(path), (0, 0), 1.5))
    rows = {
        f"file to tables, classical, {cores()} threads": best(counted(CLASSICAL, None)),
        f"file to tables, learned, {cores()} threads": best(counted(LEARNED, None)),
    }
    cv2.setNumThreads(1)
    rows |= {
        "file to tables, classical, one thread": best(counted(CLASSICAL, 1)),
        "file to tables, learned, one thread": best(counted(LEARNED, 1)),
        "of it decoding": best(lambda: read_picture(path, pixel_size_um=UM)),
        "write one label image": best(lambda: write_labels(cells, folder / "c.tif", UM)),
        "write the overlay": best(lambda: write_overlay(picture, cells, result.nuclei, result.cells, folder / "o.png")),
        "decode + one Gaussian pass (the floor)": floor,
    }
    profiles = [profile(counted(settings, 1)) for settings in (CLASSICAL, LEARNED)]
    gone = [step for step in STEPS if not any(own[step] for own in profiles)]
    assert not gone, f"no function does these steps any more, correct STEPS: {gone}"
    cv2.setNumThreads(-1)
    return rows, profiles, len(result.cells)


REMARKS = (
    "The profiler's own work is part of these: it makes many small calls look longer than they are, so that all is "
    "more than the seconds of one thread above. Bodies are laid side by side twice: once more to look for dark "
    "cells.",
    "",
    "ImageJ runs a minimal macro of ours, of the steps that courses teach for cells; no published macro for "
    "brightfield TRAP cultures was found that gives its steps with their numbers (TrapHisto is semi-automatic and "
    "for bone sections; other workflows train ilastik or a network). It smooths one grey picture, thresholds it "
    "and floods it once; the second macro also evens out the light and looks for dark spots, and gives them to no "
    "cell. Ours corrects the light, unmixes stains, outlines cells, looks for "
    "dark cells at five densities, floods each heap of cells, scores nuclei, checks the quality of the picture and "
    "measures: these many passes over the picture are what the table shows.",
)
"""What a reader has to know of the profile and of ImageJ."""


def field(path, folder):
    """Stages of one simulated field and other programs, against decoding it and one Gaussian pass."""
    heading = f"{doc_sections.command()}, {doc_sections.machine()}."
    rows, (classical, learned), n_cells = timings(path, folder)
    others = all_peers(path, folder)
    floor = rows["decode + one Gaussian pass (the floor)"].processor
    ours = [rows[f"file to tables, {name}, one thread"].processor for name in ("classical", "learned")]
    return [
        f"## One simulated field of {WIDTH * HEIGHT / 1e6:.1f} megapixels, {n_cells} TRAP-positive cells",
        "",
        heading,
        "",
        "Ratios are of the processor's time, which other work on the machine hardly changes.",
        "",
        "| other programs, warm | times ours, classical | times ours, learned | processor, s | seconds |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {' | '.join(f'{took.processor / own:.1f}' for own in ours)} | {columns(took)} |"
            if isinstance(took, Taken)
            else f"| {name} | {took} | | | |"
            for name, took in others.items()
        ),
        "",
        "| ours | times the floor | processor, s | seconds |",
        "|---|---|---|---|",
        *(f"| {name} | {took.processor / floor:.1f} | {columns(took)} |" for name, took in rows.items()),
        "",
        "Where the processor's time goes, one thread:",
        "",
        "| step | classical, s | learned, s |",
        "|---|---|---|",
        *(f"| {step} | {classical[step]} | {learned[step]} |" for step in (*STEPS, "other", "all")),
        "",
        *REMARKS,
        "",
    ]


def columns(took):
    """Two columns of a table: of the processor and by the clock."""
    return f"{took.processor:.3f} | {took.seconds:.3f}"


def profile(action):
    """Processor seconds of the steps of one run, as text; empty where a step does not occur."""
    action()
    seen = cProfile.Profile(time.process_time)
    seen.runcall(action)
    stats = pstats.Stats(seen)
    found = dict.fromkeys(STEPS, 0.0)
    for (file, _, function), (*_, cumulative, _) in stats.stats.items():
        for step, (name, wanted) in STEPS.items():
            if file.endswith(name) and function == wanted:
                found[step] = cumulative
    named = sum(seconds for step, seconds in found.items() if not step.startswith(OF))
    found |= {"other": stats.total_tt - named, "all": stats.total_tt}
    return {step: f"{seconds:.3f}" if seconds else "" for step, seconds in found.items()}


def starting(path, folder):
    """Time the way from nothing to an imported package, to the help page, and to one counted field with its report."""
    bare = [sys.executable, "-c", "pass"]
    package = [sys.executable, "-c", "import osteocount"]
    count = [OSTEOCOUNT, "count", path, "--out", folder / "cold", "--overwrite", "-q", "--pixel-size", str(UM)]
    commands = {
        "Python alone": bare,
        "`import osteocount`": package,
        "`osteocount --help`": [OSTEOCOUNT, "--help"],
        "`osteocount count`, one field, learned, with report": count,
        "`osteocount count`, one field, classical, with report": [*count, "--segmenter", "classical"],
    }
    times = {
        name: best(lambda c=command: subprocess.run(c, check=True, capture_output=True), 3)
        for name, command in commands.items()
    }
    java = imagej_command(path, folder)
    return [
        "## One cold command",
        "",
        f"{doc_sections.command()}, {doc_sections.machine()}.",
        "",
        "| what | processor, s | seconds |",
        "|---|---|---|",
        *(f"| {name} | {columns(took)} |" for name, took in times.items()),
        f"| the ImageJ macro, as one command | {f'{java} |' if isinstance(java, str) else columns(java)} |",
        "",
    ]


if __name__ == "__main__":
    main()
