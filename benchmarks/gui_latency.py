"""How long the window is held up by each thing a person does to a field of 2000 × 2000 pixels with 1000 cells.

xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/gui_latency.py

Times are CPU time of the thread of the window in our calls (so that other programs on the machine do not count), the
median and the longest of ten, in milliseconds. What runs in a
worker (reading, plate, comparison) is not in them. Drawing by napari afterwards depends on the graphics card and is
left out. The limit is 100 ms.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path

os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp()) / "settings.yaml")

import numpy as np
from qtpy.QtWidgets import QApplication

import napari
from osteocount.curate import Automatic
from osteocount.io.result_folder import ResultFolder, write_json
from osteocount.measure import CELL_COLUMNS, GEOMETRY_COLUMNS, geometry, measure_shapes
from osteocount.napari.dock import OsteoCountDock
from osteocount.napari.outline import drawing
from osteocount.napari.shown import Shown
from osteocount.pipeline.plan import Plan, write_plan
from osteocount.settings import Settings

LIMIT_MS = 100
SIDE, PER_SIDE, TIMES = 2000, 32, 10


def scene() -> Automatic:
    """Return 1024 square cells with three nuclei each."""
    import pandas as pd

    labels = np.zeros((SIDE, SIDE), np.uint32)
    step = SIDE // PER_SIDE
    corners = [(y * step + 6, x * step + 6) for y in range(PER_SIDE) for x in range(PER_SIDE)]
    nuclei = []
    for cell, (y, x) in enumerate(corners, start=1):
        labels[y : y + step - 12, x : x + step - 12] = cell
        nuclei += [("a.tif", 3 * cell + n, cell, y + 20.0, x + 10.0 + 12 * n, 0.9) for n in range(3)]
    rows = [geometry(shape, 0.5, labels.shape, Settings()) for shape in measure_shapes(labels)]
    cells = pd.DataFrame(rows, columns=list(GEOMETRY_COLUMNS)).assign(
        plate="p", well="A01", field="1", image="a.tif", n_nuclei=3, n_nuclei_low=2, n_nuclei_high=4,
        trap_od_mean=0.5, is_osteoclast=True, confidence=0.7, flags="borderline", source="automatic",
    )[list(CELL_COLUMNS)]  # fmt: skip
    columns = ["image", "nucleus_id", "cell_id", "y_px", "x_px", "score"]
    return Automatic(labels, cells, pd.DataFrame(nuclei, columns=columns), 0.5, nuclei_resolved=True)


def results(folder: Path, automatic: Automatic) -> None:
    """Write the scene as the result folder of a run."""
    from osteocount.io.labels import write_labels
    from osteocount.io.tables import write_table

    root = ResultFolder(folder)
    root.claim("refuse")
    write_labels(automatic.labels, root.cells_image("a"), 0.5)
    write_table(automatic.cells, root.part("a", "cells.csv"))
    write_table(automatic.nuclei, root.part("a", "nuclei.csv"))
    record = {
        "key": "a", "plate": "p", "well": "A01", "field": "1", "image": "a.tif", "status": "ok", "area_px": SIDE**2,
        "pixel_size_um": 0.5, "nuclei_resolved": True, "qc": {}, "qc_flags": [], "regime": "brightfield",
    }  # fmt: skip
    write_json({"settings": Settings().model_dump(mode="json"), "inputs": [record], "failed": []}, folder / "run.json")
    write_plan(Plan(None, (), {"notes": []}), root)


def main() -> None:
    """Time every action and say which are over the limit."""
    automatic = scene()
    viewer = napari.Viewer()
    with tempfile.TemporaryDirectory() as name:
        results(Path(name), automatic)
        dock = OsteoCountDock(viewer)
        viewer.window.add_dock_widget(dock, area="right")
        dock.review(Path(name), None)
        wait(lambda: dock.reviewing.correct.buttons["merge"].isEnabled() and dock.reviewing.idle())
        reviewing, actions = dock.reviewing, dock.reviewing.actions
        opened = reviewing.source.review.current
        picture = Shown((np.full((SIDE, SIDE, 3), 200, np.uint8),), True, False)
        times: dict[str, list[float]] = {}

        def timed(what, call):
            start = time.thread_time()
            call()
            times.setdefault(what, []).append(1000 * (time.thread_time() - start))
            wait(reviewing.idle)

        for n in range(TIMES):
            cell = 40 + 3 * n
            timed("select a cell", lambda cell=cell: actions.select([cell]))
            timed("select two cells", lambda cell=cell: actions.select([cell, cell + 1]))
            timed("merge", lambda: actions.start("merge"))
            timed("undo", lambda: actions.start("undo"))
            timed("redo", lambda: actions.start("redo"))
            actions.select([cell + 2])
            timed("split by nuclei", lambda: actions.start("split_nuclei"))
            timed("smooth", lambda: actions.start("smooth"))
            nucleus = next(iter(opened.field.nuclei_of([200 + n]).values()))
            timed("remove nucleus", lambda at=nucleus: actions._do("remove_nucleus", points=[(at.y, at.x)]))
            timed("add nucleus", lambda at=nucleus: actions._do("add_nucleus", points=[(at.y, at.x)]))
            timed("next in doubt", lambda: actions.start("next_doubt"))
            timed("accept", lambda: actions.start("accept"))
            actions.select([300 + n])
            timed("delete", lambda: actions.start("delete"))
        drawn = drawing(opened.field.labels, opened.cells, opened.field.next_cell)
        show = lambda: reviewing.canvas.show(picture, opened.field, opened.cells, drawn)  # noqa: E731
        show()
        for _ in range(3):
            timed("open another picture", show)
        report(times)
        dock.close()
    viewer.close()


def wait(condition) -> None:
    """Keep the window alive until ``condition`` holds."""
    end = time.monotonic() + 60
    while not condition() and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.002)


def report(times: dict[str, list[float]]) -> None:
    """Print the table."""
    print("| action | median, ms | longest, ms | |")
    print("|---|---:|---:|---|")
    for what, values in times.items():
        median, longest = statistics.median(values), max(values)
        print(f"| {what} | {median:.0f} | {longest:.0f} | {'over' if median > LIMIT_MS else 'within'} the limit |")


if __name__ == "__main__":
    main()
