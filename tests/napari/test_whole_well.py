"""A whole well in a real window: opened as a pyramid, counted by tiles, corrected where the cell is."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from osteocount.io import picture
from osteocount.io.label_image import TiledLabels, read_labels
from osteocount.napari import dock
from osteocount.napari.dock import OsteoCountDock
from osteocount.napari.layers.outlines import SELECTED, draw_outlines, outline_classes
from osteocount.napari.layers.review_layers import CELLS, PICTURE
from osteocount.pipeline import run_steps
from osteocount.pipeline.write_results import apply_edits
from osteocount.settings import Settings
from osteocount.simulate.design import FieldDesign
from osteocount.simulate.simulated_field import simulate_field
from support.patience import PATIENCE_MS

pytestmark = pytest.mark.window

CLASSICAL = Settings.model_validate({"segment": {"segmenter": "classical"}, "picture": {"well_view": "whole"}})


@pytest.fixture
def well(tmp_path, monkeypatch):
    """Write a well of 1.4 megapixels, and call that large, which only this process does: so it counts here."""
    monkeypatch.setattr(picture, "LARGE_PIXELS", 10**6)
    monkeypatch.setattr(dock, "count_folder", lambda request, stop: run_steps(request))
    simulated = simulate_field(FieldDesign(width=1300, height=1100), 7)
    (tmp_path / "plate").mkdir()
    path = tmp_path / "plate" / "A01.tif"
    resolution = (1e4 / simulated.pixel_size,) * 2
    tifffile.imwrite(
        path, simulated.picture, photometric="rgb", tile=(256, 256), resolution=resolution, resolutionunit="CENTIMETER"
    )
    return path


def test_a_whole_well_is_opened_counted_and_corrected(make_napari_viewer, qtbot, well):
    viewer = make_napari_viewer()
    dock = OsteoCountDock(viewer)
    viewer.window.add_dock_widget(dock, name="OsteoCount", area="right")
    dock.settings.set_settings(CLASSICAL)
    dock.open_picture(well)
    assert viewer.layers["A01"].multiscale
    qtbot.waitUntil(lambda: (viewer.layers["A01"].data[-1] != 128).any(), timeout=PATIENCE_MS)
    dock.run.count.click()
    qtbot.waitUntil(lambda: dock.run.count.isEnabled(), timeout=PATIENCE_MS)
    assert [layer.name for layer in viewer.layers] == ["A01", "A01 cells", "A01 nuclei"]
    n = int(dock.numbers.values["n_trap_positive"].text())
    assert n > 20

    dock.source.of_folder.setChecked(True)
    dock.source.pictures.edit.setText(str(well.parent))
    dock.run.count.click()
    reviewing = dock.review
    qtbot.waitUntil(lambda: reviewing.figures is not None and reviewing.idle(), timeout=PATIENCE_MS)
    opened = reviewing.session.current
    assert isinstance(opened.field.labels, TiledLabels)
    assert viewer.layers[PICTURE].multiscale
    shown = viewer.layers[CELLS].data
    height, width = opened.field.labels.shape
    first = read_labels(dock.review.session.run.folder.cells_image("A01"))
    whole = draw_outlines(first, outline_classes(opened.cells, opened.field.next_cell), 2)
    np.testing.assert_array_equal(shown[0][0:height, 0:width], whole)
    assert int(reviewing.correct.values["n_trap_positive"][1].text()) == n

    cell = int(opened.cells.loc[opened.cells["counted"], "cell_id"].iloc[3])
    box = opened.field.box(cell)
    reviewing.tools.select([cell])
    assert (shown[0][box] == SELECTED).any()
    reviewing.tools.start("delete")
    assert int(reviewing.correct.values["n_trap_positive"][1].text()) == n - 1
    assert not (opened.field.labels[box] == cell).any()
    reviewing.tools.start("undo")
    reviewing.tools.start("redo")
    qtbot.waitUntil(reviewing.idle, timeout=PATIENCE_MS)
    root = reviewing.session.root
    dock.close()

    apply_edits(root)
    corrected = read_labels(root / "labels" / "A01_cells_corrected.tif")
    np.testing.assert_array_equal(corrected, np.where(first == cell, 0, first))
