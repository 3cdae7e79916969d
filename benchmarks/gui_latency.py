"""How long each thing a person does holds the window up: fields of 2000 × 2000 pixels with 1000 cells each.

xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/gui_latency.py

Times are CPU time of the thread of the window (so that other programs on the machine do not count), in milliseconds:
of every action itself, and of whatever the window does when a worker has finished (results opened, a well loaded,
plate and comparison drawn, a count shown). Drawing by napari depends on the graphics card and is left out; Python's
garbage collection has a line of its own. The limit is 100 ms for the longest; `--check` fails when one is over it.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import tempfile
import threading
import time
from pathlib import Path

os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp()) / "settings.yaml")

import napari
import numpy as np
import pandas as pd
import tifffile
from qtpy.QtWidgets import QApplication, QInputDialog, QWidget

from osteocount.columns import CELLS
from osteocount.curate import AutomaticField
from osteocount.io.files import write_json
from osteocount.io.result_folder import ResultFolder
from osteocount.measure import GEOMETRY_COLUMNS, CountingFrame, geometry, measure_shapes
from osteocount.napari import worker
from osteocount.napari.counting import LayerCount
from osteocount.napari.dock import COMPARE, CORRECT, OsteoCountDock
from osteocount.napari.views.figure_view import FigureView
from osteocount.pipeline import FieldResult
from osteocount.pipeline.finished_run import RunInputs, write_inputs
from osteocount.segment.segmentation import ArrayLabels, Segmentation
from osteocount.settings import Settings

LIMIT_MS = 100
SIDE, PER_SIDE, TIMES = 2000, 32, 5
ARMS = {"vehicle": "negative control", "RANKL": "treatment", "EV": "treatment"}
DONORS = ("d1", "d2", "d3")


def scene() -> AutomaticField:
    """Return 1024 square cells with three nuclei each."""
    labels = np.zeros((SIDE, SIDE), np.uint32)
    step = SIDE // PER_SIDE
    corners = [(y * step + 6, x * step + 6) for y in range(PER_SIDE) for x in range(PER_SIDE)]
    nuclei = []
    for cell, (y, x) in enumerate(corners, start=1):
        labels[y : y + step - 12, x : x + step - 12] = cell
        nuclei += [("a.tif", 3 * cell + n, cell, y + 20.0, x + 10.0 + 12 * n, 0.9) for n in range(3)]
    frame = CountingFrame((SIDE, SIDE))
    rows = [geometry(shape, 0.5, frame, np.ones((step - 12, step - 12), bool)) for shape in measure_shapes(labels)]
    cells = pd.DataFrame(rows, columns=list(GEOMETRY_COLUMNS)).assign(
        plate="p", well="A01", field="1", image="a.tif", n_nuclei=3, n_nuclei_low=2, n_nuclei_high=4,
        trap_od_mean=0.5, is_osteoclast=True, confidence=0.7, flags="borderline", source="automatic",
    ).reindex(columns=list(CELLS.names))  # fmt: skip
    columns = ["image", "nucleus_id", "cell_id", "y_px", "x_px", "score"]
    place = {"plate": "p", "well": "A01", "field": "1", "image": "a.tif"}
    table = pd.DataFrame(nuclei, columns=columns)
    return AutomaticField(labels, cells, table, 0.5, nuclei_resolved=True, frame=frame, place=place)


def results(folder: Path, pictures: Path, automatic: AutomaticField) -> None:
    """Write the scene as the result folder of a plate of nine wells, three arms by three donors."""
    from osteocount.io.label_image import write_labels
    from osteocount.io.tables import write_table

    root = ResultFolder(folder)
    root.claim("refuse")
    pictures.mkdir()
    noise = np.random.default_rng(1).integers(120, 220, (SIDE, SIDE, 3), np.uint8)
    records, wells = [], []
    for row, donor in enumerate(DONORS):
        for column, arm in enumerate(ARMS):
            well = f"{'ABC'[row]}{column + 1:02d}"
            names = {"plate": "p", "well": well, "field": "1", "image": f"{well}.tif"}
            tifffile.imwrite(pictures / f"{well}.tif", noise, photometric="rgb")
            write_labels(automatic.labels, root.cells_image(well), 0.5)
            n = 900 + 30 * row - 100 * column
            write_table(automatic.cells.assign(**names).iloc[:n], root.part(well, "cells.csv"))
            write_table(automatic.nuclei.assign(image=names["image"]), root.part(well, "nuclei.csv"))
            records.append({
                "key": well, **names, "status": "ok", "reason": "", "area_px": SIDE**2, "pixel_size_um": 0.5,
                "nuclei_resolved": True, "qc": {}, "qc_flags": [], "regime": "brightfield",
            })  # fmt: skip
            wells.append({
                "plate": "p", "well": well, "treatment": arm, "dose": np.nan, "dose_unit": "", "donor": donor,
                "role": ARMS[arm], "exclude_reason": "",
            })  # fmt: skip
    settings = Settings.model_validate({"comparison": {"control": "vehicle"}})
    write_json({"settings": settings.model_dump(mode="json"), "inputs": records, "failed": []}, folder / "run.json")
    write_inputs(RunInputs(pd.DataFrame(wells)), root)


class Stopwatch:
    """Times by what was done."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = {}
        self.drawing = 0.0
        self._collecting = 0.0
        self._window = threading.get_ident()

    def time_garbage(self, *, on: bool) -> None:
        """Time collections too, or no more: before and after the dock there are only napari's own."""
        (gc.callbacks.append if on else gc.callbacks.remove)(self._on_garbage)

    def _on_garbage(self, phase, about):
        """Time Python's garbage collection by itself: it comes when it comes, whatever is being done."""
        if threading.get_ident() != self._window:
            return
        if phase == "start":
            self._collecting = time.thread_time()
            return
        spent = time.thread_time() - self._collecting
        self.drawing += spent
        if about["generation"] == 2:
            self.times.setdefault("Python collects garbage", []).append(1000 * spent)

    def run(self, what, call, *given):
        """Time one call, without what napari draws and Python collects inside it."""
        start, drawn = time.thread_time(), self.drawing
        try:
            return call(*given)
        finally:
            spent = time.thread_time() - start - (self.drawing - drawn)
            self.times.setdefault(what, []).append(1000 * spent)

    def leave_out(self, owner, name):
        """Time the calls of a method that is not counted."""
        real = getattr(owner, name)

        def timed(*given):
            start = time.thread_time()
            try:
                return real(*given)
            finally:
                self.drawing += time.thread_time() - start

        setattr(owner, name, timed)

    def watch(self, owner, name, what):
        """Time every call of a method from now on."""
        real = getattr(owner, name)
        setattr(owner, name, lambda *given: self.run(what(*given), real, *given))


def main() -> None:
    """Time every action and say which are over the limit."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--check", action="store_true", help="fail when one is over the limit")
    given = options.parse_args()
    watch = Stopwatch()
    watch.watch(worker.Job, "_on_returned", lambda job, *_: f"show the result of: {named(job)}")
    watch.watch(worker.Job, "_on_yielded", lambda job, *_: f"show progress of: {named(job)}")
    watch.watch(worker.StepQueue, "_next", lambda queue, *_: f"show a picture or a count: {step_of(queue)}")
    watch.watch(FigureView, "paintEvent", lambda *_: "paint plate or comparison")
    automatic = scene()
    viewer = napari.Viewer()
    watch.leave_out(next(each for each in type(canvas_of(viewer)).__mro__ if "paintGL" in vars(each)), "paintGL")
    viewer.window._qt_window.resize(1280, 800)
    with tempfile.TemporaryDirectory() as name:
        folder, pictures = Path(name) / "results", Path(name) / "pictures"
        results(folder, pictures, automatic)
        watch.time_garbage(on=True)
        dock = watch.run("open the dock", OsteoCountDock, viewer)
        viewer.window.add_dock_widget(dock, area="right")
        count_shown(dock, viewer, automatic, watch)
        watch.run("ask for a review", dock.open_review, folder, pictures)
        wait(lambda: dock.review.correct.buttons["merge"].isEnabled() and dock.review.idle())
        act(dock, watch)
        wait(dock.review.idle)
        watch.time_garbage(on=False)
        dock.close()
    viewer.close()
    report(watch.times)
    raise SystemExit(given.check and max(max(each) for each in watch.times.values()) > LIMIT_MS)


def canvas_of(viewer):
    """Return the widget napari draws on."""
    return next(each for each in viewer.window._qt_window.findChildren(QWidget) if hasattr(each, "paintGL"))


def step_of(queue) -> str:
    """Name of the function that is next."""
    step = queue._waiting[0] if queue._waiting else None
    return getattr(step, "func", step).__name__.strip("_").replace("_", " ") if step else "nothing"


def named(job) -> str:
    """Name of the function a job runs."""
    return getattr(job._function, "func", job._function).__name__.strip("_").replace("_", " ")


def count_shown(dock, viewer, automatic: AutomaticField, watch: Stopwatch) -> None:
    """Show a counted layer, twice."""
    viewer.add_image(np.full((SIDE, SIDE, 3), 200, np.uint8), name="field", rgb=True)
    segmentation = Segmentation(
        labels=ArrayLabels(automatic.labels, automatic.labels), nuclei_table=automatic.nuclei, regime="brightfield",
        nuclei_resolved=True, cell_table=automatic.cells,
    )  # fmt: skip
    result = FieldResult(
        automatic.cells, automatic.nuclei, segmentation, {"n_osteoclasts": 1024}, frame=None, analysed_px=SIDE**2,
        quality=None, warnings=(),
    )  # fmt: skip
    for _ in range(2):
        dock.layers.picture("field")  # as when it is asked for
        count = LayerCount("field", 0.5, result, automatic.labels.astype(np.uint16))
        watch.run("show a count, an earlier one taken away", dock._on_counted, count)
        wait(lambda: not dock.layers._steps.running())
        settle()
    viewer.layers.clear()


def act(dock, watch: Stopwatch) -> None:
    """Do everything a person can do, several times."""
    review, tools = dock.review, dock.review.tools
    QInputDialog.getText = staticmethod(lambda *_: ("seen by eye", True))

    def ready():
        return not review.layers.busy() and not {"load", "open"} & set(review._jobs.names())

    def timed(what, call, *given):
        watch.run(what, call, *given)
        wait(ready)

    for n in range(TIMES):
        opened = review.session.current
        _correct_cells(tools, opened, timed, 40 + 3 * n)
        _draw_and_place(tools, opened, timed, n)
        _review_wells(dock, timed, n)


def _correct_cells(tools, opened, timed, cell):
    """Select, merge, split, smooth and call cells."""
    timed("select a cell", tools.select, [cell])
    timed("select two cells", tools.select, [cell, cell + 1])
    timed("merge", tools.start, "merge")
    timed("undo", tools.start, "undo")
    timed("redo", tools.start, "redo")
    tools.select([cell + 2])
    timed("split by nuclei", tools.start, "split_nuclei")
    timed("smooth", tools.start, "smooth")
    rows, columns = opened.field.box(cell + 200)
    middle = (rows.start + rows.stop) / 2
    tools.select([cell + 200])
    tools.start("split_line")
    timed("split by a line", tools.stroke, [(middle, columns.start - 4.0), (middle, columns.stop + 4.0)])
    timed("osteoclast yes or no", tools.start, "set_class")


def _draw_and_place(tools, opened, timed, n):
    """Draw and propose outlines, move, remove and add nuclei."""
    rows, columns = opened.field.box(240 + 3 * n)
    top, left = rows.start - 10.0, columns.start - 10.0
    tools.start("draw")
    outline = [(top, left), (top, left + 9), (top + 60, left + 9), (top + 60, left)]
    timed("draw a cell", tools.stroke, outline)
    nucleus = next(iter(opened.field.nuclei_of([300 + n]).values()))
    timed("move a nucleus", tools.drag, (nucleus.y, nucleus.x), (nucleus.y + 5, nucleus.x))
    tools.start("remove_nucleus")
    timed("remove a nucleus", tools.click, nucleus.y + 5, nucleus.x, False)
    tools.start("add_nucleus")
    timed("add a nucleus", tools.click, nucleus.y, nucleus.x, False)
    tools.start("outline")
    timed("propose an outline", tools.click, top - 20.0, left - 20.0, False)
    timed("put the tool away", tools.reset)


def _review_wells(dock, timed, n):
    """Go through cells and wells, and choose what is shown of them."""
    review, tools = dock.review, dock.review.tools
    timed("click a row of the table of cells", review.cells.table.selectRow, 100 + n)
    timed("next in doubt", tools.start, "next_doubt")
    timed("accept", tools.start, "accept")
    timed("back in doubt", tools.start, "previous_doubt")
    tools.select([300 + n])
    timed("delete", tools.start, "delete")
    timed("exclude a well", review.exclude, "bubble")
    timed("include it again", review.exclude, "")
    timed("mark as reviewed", review.mark_reviewed, True)
    timed("choose another measure", review.plate.measure.setCurrentIndex, n % 5)
    timed("choose another endpoint", review.compare.endpoint.setCurrentIndex, n % 3)
    dock.steps.setCurrentIndex((CORRECT, COMPARE)[n % 2])
    wait(review.idle)
    timed("go to another well", review.go_to_well, f"{'ABC'[n % 3]}0{n % 2 + 1}")


def wait(condition) -> None:
    """Keep the window alive until ``condition`` holds."""
    end = time.monotonic() + 60
    while not condition() and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.002)


def settle() -> None:
    """Let the window paint."""
    end = time.monotonic() + 0.3
    wait(lambda: time.monotonic() > end)


def report(times: dict[str, list[float]]) -> None:
    """Print the table."""
    print("| what | times | median, ms | longest, ms | |")
    print("|---|---:|---:|---:|---|")
    for what, values in sorted(times.items(), key=lambda pair: -max(pair[1])):
        median, longest = statistics.median(values), max(values)
        within = "over" if longest > LIMIT_MS else "within"
        print(f"| {what} | {len(values)} | {median:.0f} | {longest:.0f} | {within} the limit |")


if __name__ == "__main__":
    main()
