"""What keys, clicks and strokes do to a session, without a window: tools hold no owner and say all with signals."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import QObject, Signal

from osteocount.curate import EditedField
from osteocount.napari.review.tools import NOT_SHOWN, PEN_HINTS, CorrectionTools, describe_selection
from osteocount.napari.views.correct_view import KEYS

CELLS = pd.DataFrame({
    "cell_id": [1, 2, 3], "is_osteoclast": [True, False, True], "counted": True, "n_nuclei": [3, 1, np.nan],
    "n_nuclei_low": [2, 1, np.nan], "n_nuclei_high": [4, 1, np.nan], "area_um2": [900.4, np.nan, 2000],
    "flags": ["borderline", None, "opaque"], "source": ["automatic", "edited", "automatic"],
    "by": ["nuclei", "nuclei", "size"],
})  # fmt: skip


@pytest.mark.parametrize(
    ("selected", "text"),
    [
        ([], "Nothing selected. Click a cell; Shift-click adds."),
        ([1, 2], "2 cells selected."),
        ([1], "Cell 1: 3 nuclei (2 to 4), 900 µm², osteoclast; borderline. Automatic."),
        ([2], "Cell 2: 1 nucleus, no osteoclast. Edited."),
        ([3], "Cell 3: nuclei not visible, 2000 µm², osteoclast by size; opaque. Automatic."),
    ],
)
def test_the_selection_in_words(selected, text):
    assert describe_selection(CELLS, selected) == text


class Layers(QObject):
    """What the tools need of the layers under review."""

    clicked, stroked, dragged = Signal(float, float, bool), Signal(list), Signal(tuple, tuple)

    def __init__(self):
        super().__init__()
        self.cursor, self.pen = (0.0, 0.0), False
        self.busy = lambda: False
        self.shows = lambda field: True

    def select(self, cells, table):
        self.selected = cells

    def set_pen(self, on):
        self.pen = on


class Session:
    """Two cells side by side; keeps what it was asked to do."""

    def __init__(self):
        labels = np.zeros((20, 40), np.uint32)
        labels[5:15, 5:20], labels[5:15, 20:35] = 1, 2
        self.current = SimpleNamespace(field=EditedField(labels, {}, {}), cells=CELLS)
        self.done = []

    def do(self, kind, **more):
        self.done.append((kind, more))
        return "a change"


@pytest.fixture
def tools(qtbot):
    made = CorrectionTools(Layers(), lambda title: "seen by eye")
    made.session = Session()
    made.layers = made._layers
    made.said, made.changes = [], []
    made.hinted.connect(made.said.append)
    made.edited.connect(made.changes.append)
    return made


def test_a_click_selects_and_shift_adds(tools):
    tools.layers.clicked.emit(10.0, 10.0, False)
    tools.layers.clicked.emit(10.0, 30.0, True)
    assert tools.selected == tools.layers.selected == [1, 2]
    assert tools.said[-1] == "2 cells selected."


def test_an_edit_is_said_with_a_signal(tools):
    tools.select([1])
    tools.start("merge")
    assert tools.said[-1].startswith("Select two cells or more")
    assert tools.session.done == tools.changes == []
    tools.select([1, 2])
    tools.start("merge")
    assert tools.session.done == [("merge", {"cells": [1, 2]})]
    assert tools.changes == ["a change"]


def test_a_line_is_drawn_with_the_pen_and_then_let_go(tools):
    tools.select([1])
    tools.start("split_line")
    assert tools.layers.pen
    assert tools.said[-1].startswith(PEN_HINTS["split_line"])
    tools.layers.stroked.emit([(10.0, 0.0), (10.0, 39.0)])
    assert tools.session.done == [("split_line", {"cells": [1], "points": [(10.0, 0.0), (10.0, 39.0)]})]
    assert not tools.layers.pen


@pytest.mark.parametrize(("reason", "done"), [("seen by eye", 1), ("", 0)])
def test_a_class_needs_a_reason(tools, reason, done):
    tools._ask_reason = lambda title: reason
    tools.select([1])
    tools.start("set_class")
    assert len(tools.session.done) == done


def test_nothing_is_done_while_a_picture_is_on_its_way(tools):
    tools.layers.busy = lambda: True
    tools.layers.clicked.emit(10.0, 10.0, False)
    tools.start("delete")
    assert tools.selected == []
    assert tools.session.done == []


@pytest.mark.parametrize("tool", [*KEYS, "split_line", "draw"])
def test_no_tool_works_on_layers_of_another_picture(tools, tool):
    tools.select([1, 2])
    tools.layers.shows = lambda field: False
    said = []
    tools.problem.connect(said.append)
    tools.start(tool, at_mouse=True)
    assert said == [NOT_SHOWN]
    tools.layers.clicked.emit(10.0, 10.0, False)
    tools.layers.dragged.emit((10.0, 10.0), (11.0, 11.0))
    tools.layers.stroked.emit([(10.0, 0.0), (10.0, 20.0), (10.0, 39.0)])
    assert tools.selected == [1, 2]
    assert tools.session.done == tools.changes == []
