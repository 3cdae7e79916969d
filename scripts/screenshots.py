"""Take the napari pictures of the documentation.

xvfb-run -a -s "-screen 0 1600x1000x24" python scripts/screenshots.py
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

# The pictures show a fresh napari, whatever the settings of the person who takes them.
os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp()) / "settings.yaml")

from PIL import Image
from qtpy.QtWidgets import QApplication

import napari
from osteocount.napari.fold import Fold

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SAMPLE = Path(__file__).parents[1] / "sample_images"
WIDTH, HEIGHT = 1280, 800
PATIENCE_S = 300


def wait_until(condition):
    """Keep the window alive until ``condition`` holds."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the count did not end")
        QApplication.processEvents()
        time.sleep(0.01)


def settle():
    """Let the window draw what changed."""
    end = time.monotonic() + 1.5
    wait_until(lambda: time.monotonic() > end)


def save(window, name):
    """Keep the window as a picture of 256 colours, which nobody tells from the full ones."""
    settle()
    path = IMAGES / name
    window.grab().save(str(path))
    Image.open(path).convert("RGB").quantize(256, method=Image.Quantize.MAXCOVERAGE, kmeans=1).save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size / 1024:.0f} KiB")


def count(dock):
    """Press the button and wait for the end."""
    dock.run.count.click()
    wait_until(dock.run.count.isEnabled)


def unfold(dock, *titles):
    """Open the parts of the settings that have these headings, and close the others."""
    for fold in dock.findChildren(Fold):
        fold.heading.setChecked(fold.heading.text() in titles)


def main():
    """Count the sample and take its picture in both themes, then the settings, then a counted folder."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    viewer = napari.Viewer()
    window = viewer.window._qt_window
    window.resize(WIDTH, HEIGHT)
    viewer.open_sample("osteocount", "simulated_field")
    _, dock = viewer.window.add_plugin_dock_widget("osteocount", "OsteoCount")
    settle()
    count(dock)
    viewer.reset_view()
    for theme in ("dark", "light"):
        viewer.theme = theme
        save(window, f"napari_counted_{theme}.png")
    unfold(dock, "Settings", "Segmentation", "Counting")
    viewer.theme = "dark"
    save(window, "napari_settings_dark.png")
    unfold(dock)
    viewer.layers.clear()
    viewer.open(SAMPLE / "A02_f1.tif")
    count(dock)
    viewer.reset_view()
    with tempfile.TemporaryDirectory() as folder:
        dock.source.of_folder.setChecked(True)
        dock.source.pictures.edit.setText(str(SAMPLE))
        dock.source.plate_layout.edit.setText(str(SAMPLE / "layout.csv"))
        dock.source.results.edit.setText(folder)
        count(dock)
        # The picture must not show where it was taken.
        dock.source.pictures.edit.setText("sample_images")
        dock.source.plate_layout.edit.setText("sample_images/layout.csv")
        dock.source.results.edit.setText("results")
        dock.run.show_idle("Results are in results")
        viewer.theme = "light"
        save(window, "napari_folder_light.png")
    viewer.close()


if __name__ == "__main__":
    main()
