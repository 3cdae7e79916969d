"""Take the napari pictures of the documentation, each step in both themes, and a figure of the report.

xvfb-run -a -s "-screen 0 1600x1000x24" python scripts/screenshots.py [FOLDER]   (from the top of the repository)

With QT_SCALE_FACTOR=2 and a screen of 2600 × 1700 they are those of a fine screen.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

# The pictures show a fresh napari, whatever the settings of the person who takes them.
os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp()) / "settings.yaml")

import napari
import numpy as np
import tifffile
from PIL import Image
from qtpy.QtWidgets import QApplication

from osteocount.napari.dock import COMPARE, CORRECT, COUNT, OPEN
from osteocount.napari.views.widgets import CollapsibleSection
from osteocount.simulate.design import FieldDesign
from osteocount.simulate.simulated_field import simulate_field

IMAGES = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "docs" / "images"
SAMPLE = Path(__file__).parents[1] / "sample_images"
WIDTH, HEIGHT = 1280, 800
PATIENCE_S = 600


def wait_until(condition):
    """Keep the window alive until ``condition`` holds."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the window did not get there")
        QApplication.processEvents()
        time.sleep(0.01)


def settle(seconds=1.5):
    """Let the window draw what changed."""
    end = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() > end)


def save(window, name):
    """Keep the window as a picture of 256 colours, which nobody tells from the full ones."""
    settle()
    path = IMAGES / name
    window.grab().save(str(path))
    make_small(path)


def make_small(path):
    """Keep few colours, and say how large the file then is."""
    Image.open(path).convert("RGB").quantize(256, method=Image.Quantize.MAXCOVERAGE, kmeans=1).save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size / 1024:.0f} KiB")


def save_both(viewer, name):
    """Keep a step in both themes."""
    for theme in ("dark", "light"):
        viewer.theme = theme
        save(viewer.window._qt_window, f"{name}_{theme}.png")


def count(dock):
    """Press the button and wait for the end."""
    dock.steps.setCurrentIndex(COUNT)
    dock.run.count.click()
    wait_until(dock.run.count.isEnabled)


def unfold(dock, *titles):
    """Open the parts of the settings that have these headings, and close the others."""
    for section in dock.findChildren(CollapsibleSection):
        section.heading.setChecked(section.heading.text() in titles)


def choose_plate(dock, results):
    """Fill in step 1 for the sample plate."""
    dock.source.of_folder.setChecked(True)
    dock.source.pictures.edit.setText(str(SAMPLE))
    dock.source.plate_layout.edit.setText(str(SAMPLE / "layout.csv"))
    dock.source.results.edit.setText(str(results))


def table(dock, viewer):
    """Show the table of treatments, as lines and as a plate."""
    dock.edit_treatments()
    wait_until(lambda: dock.treatments.table is not None and dock.treatments.idle())
    hide_folders(dock)
    save_both(viewer, "napari_table")
    view = dock.treatments.view
    view.shown.setCurrentIndex(1)
    save_both(viewer, "napari_table_plate")
    view.shown.setCurrentIndex(0)
    dock.docks.remove(view)


def outline_a_missed_cell(dock, viewer):
    """Delete the largest cell that is whole, click it, and show its proposed outline beside the table of cells."""
    tools, opened = dock.review.tools, dock.review.session.current
    whole = opened.cells[~opened.cells["touches_edge"].astype(bool)]
    cell = int(whole.loc[whole["area_px"].idxmax(), "cell_id"])
    at = opened.field.reference(cell)
    tools.select([cell])
    dock.review.layers.zoom_to(cell)
    tools.start("delete")
    tools.start("outline")
    tools.click(float(at.y), float(at.x), False)
    dock.show_cells.click()
    save_both(viewer, "napari_outline")
    tools.start("let_be")
    tools.start("undo")
    dock.docks.remove(dock.review.cells)


def hide_folders(dock):
    """Let step 1 not show where it was taken."""
    dock.source.pictures.edit.setText("sample_images")
    dock.source.plate_layout.edit.setText("sample_images/layout.csv")
    dock.source.results.edit.setText("results")


def hide_paths(dock):
    """Let no picture show where it was taken."""
    hide_folders(dock)
    dock.run.show_idle("Results are in results")
    dock.review.correct.who.setText("reviewer 1")


def picture(dock, viewer):
    """Count one picture, and show the settings."""
    viewer.open_sample("osteocount", "simulated_field")
    settle()
    count(dock)
    viewer.reset_view()
    save_both(viewer, "napari_counted")
    unfold(dock, "Settings", "Segmentation", "Counting")
    save_both(viewer, "napari_settings")
    unfold(dock)
    viewer.layers.clear()


def plate(dock, viewer, results):
    """Open a plate, count it, correct a cell and compare."""
    dock.steps.setCurrentIndex(OPEN)
    dock.source.of_folder.setChecked(True)
    hide_paths(dock)
    settle()
    wait_until(lambda: "look" not in dock._jobs.names())
    save_both(viewer, "napari_open")
    choose_plate(dock, results)
    table(dock, viewer)
    choose_plate(dock, results)
    dock.steps.setCurrentIndex(COUNT)
    settle()
    wait_until(lambda: "look" not in dock._jobs.names())
    count(dock)
    wait_until(lambda: dock.review.figures is not None and dock.review.idle())
    shutil.copy(results / "figures" / "estimation.png", IMAGES / "report_estimation.png")
    make_small(IMAGES / "report_estimation.png")
    hide_paths(dock)
    save_both(viewer, "napari_folder")
    correct_and_compare(dock, viewer)


def correct_and_compare(dock, viewer):
    """Correct the cells in doubt of a well, exclude it, and look at what that changes."""
    review = dock.review
    dock.steps.setCurrentIndex(CORRECT)
    review.go_to_well("B03")
    wait_until(lambda: review.plate.well == "B03" and review.idle())
    for _ in range(3):
        review.tools.start("next_doubt")
        review.tools.start("accept")
    wait_until(review.idle)
    save_both(viewer, "napari_correct")
    outline_a_missed_cell(dock, viewer)
    review.exclude("air bubble in the middle")
    dock.steps.setCurrentIndex(COMPARE)
    settle()
    wait_until(review.idle)
    save_both(viewer, "napari_compare")
    review.compare.plot.setCurrentIndex(1)
    wait_until(lambda: not review.idle())
    wait_until(review.idle)
    save_both(viewer, "napari_effects")
    dock.steps.setCurrentIndex(CORRECT)
    settle()
    wait_until(review.idle)
    save_both(viewer, "napari_excluded")


def whole_well(dock, viewer, folder):
    """Open a picture of 64 megapixels and show how far its count is after some tiles."""
    side, piece = 8000, simulate_field(FieldDesign(width=1000, height=1000), 32)
    path = folder / "whole_well.tif"
    pixels = np.tile(piece.picture, (side // 1000, side // 1000, 1))
    resolution = (1e4 / piece.pixel_size,) * 2
    tifffile.imwrite(
        path, pixels, photometric="rgb", tile=(256, 256), resolution=resolution, resolutionunit="CENTIMETER"
    )
    viewer.layers.clear()
    dock.steps.setCurrentIndex(OPEN)
    dock.source.of_layer.setChecked(True)
    dock.open_picture(path)
    settle(5)
    dock.steps.setCurrentIndex(COUNT)
    dock.run.count.click()
    wait_until(lambda: dock.run.step.text().startswith("6 of") or dock.run.count.isEnabled())
    viewer.layers.selection.active = viewer.layers["whole_well"]
    save_both(viewer, "napari_well")
    dock.run.cancel.click()
    viewer.layers.clear()


def main():
    """Take all pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    viewer = napari.Viewer()
    viewer.window._qt_window.resize(WIDTH, HEIGHT)
    _, dock = viewer.window.add_plugin_dock_widget("osteocount", "OsteoCount")
    picture(dock, viewer)
    with tempfile.TemporaryDirectory() as folder:
        whole_well(dock, viewer, Path(folder))
        plate(dock, viewer, Path(folder) / "results")
        viewer.close()


if __name__ == "__main__":
    main()
