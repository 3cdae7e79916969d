"""What keys, buttons, clicks and strokes mean while a picture is corrected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pandas as pd
from qtpy.QtCore import QObject, Signal

from osteocount.curate import Change, most_uncertain_first
from osteocount.curate.edit_log import ONE_CELL
from osteocount.curate.outline_proposal import OutlineProposal, propose_outline, window_around
from osteocount.errors import OsteoCountError
from osteocount.napari.layers.review_layers import ReviewLayers
from osteocount.napari.review.session import OpenField, ReviewSession
from osteocount.napari.views.correct_view import KEYS, NOTHING, PROPOSAL_ACTIONS

PEN_HINTS = {
    "split_line": "Draw a line across the cell, from outside to outside.",
    "draw": "Draw the outline of the cell.",
}
OUTLINE_HINT = "Click on the cell that was missed. Escape lets it be."
PROPOSED = "Is this its outline? Return or a click inside takes it, + grows, - shrinks it; or click elsewhere."
CLICK_HINTS = {"add_nucleus": "Click where the nucleus is.", "remove_nucleus": "Click on the nucleus."}
NOT_SHOWN = (
    "The layers of this picture were deleted, hidden, moved or given other data, so nothing is corrected. Click its "
    "well on the plate to show it anew."
)
NAPARI_KEYS = {"Ctrl+Z": "Control-Z", "Ctrl+Shift+Z": "Control-Shift-Z"}
PROPOSAL_KEYS = {"take": ("Enter",), "grow": ("+", "="), "shrink": ("-",)}
"""Keys of napari's for what is done with a proposal; Escape lets it be as it lets any tool."""


class CorrectionTools(QObject):
    """Which cells are selected and which tool is held; makes edits of what the person does.

    Parameters
    ----------
    layers
        What is clicked and drawn on.
    ask_reason
        Asks the person, under a title, why a class is set against the rule; empty: it is not.

    Attributes
    ----------
    session
        The one to correct; None: nothing is open.

    Signals
    -------
    edited
        The `Change` an edit made.
    hinted
        What is selected, or what to do next.
    selection_changed
        Numbers of the selected cells.
    proposed
        Whether an outline is proposed.
    problem
        A sentence for the person.
    """

    edited = Signal(object)
    hinted = Signal(str)
    selection_changed = Signal(list)
    proposed = Signal(bool)
    problem = Signal(str)

    def __init__(self, layers: ReviewLayers, ask_reason: Callable[[str], str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session: ReviewSession | None = None
        self.selected: list[int] = []
        self._layers = layers
        self._ask_reason = ask_reason
        self._tool = ""
        self._visited: list[int] = []  # in order of doubt
        self._proposal: OutlineProposal | None = None
        layers.clicked.connect(self.click)
        layers.stroked.connect(self.stroke)
        layers.dragged.connect(self.drag)

    def reset(self) -> None:
        """Start with another picture."""
        self.selected, self._visited = [], []
        self._hold("")
        self.hinted.emit("Click a cell, or press Space for the first in doubt.")

    def bind_keys(self) -> None:
        """Give the layers at hand their keys; they win over napari's own while such a layer is active."""
        for layer in self._layers.annotation_layers:
            for name, key in KEYS.items():
                layer.bind_key(NAPARI_KEYS.get(key, key), self._pressed(name), overwrite=True)
            for name, keys in PROPOSAL_KEYS.items():
                for key in keys:
                    layer.bind_key(key, self._pressed(name), overwrite=True)
            layer.bind_key("Escape", lambda _: self.reset(), overwrite=True)

    def start(self, name: str, *, at_mouse: bool = False) -> None:
        """Do what a button or key says, or take the tool it needs."""
        opened = self._opened()
        if opened is None:
            return
        if name in _OF_PROPOSAL:
            self._use_proposal(name)
            return
        self._hold("")
        if name == "outline":
            self._hold(name)
            self.hinted.emit(OUTLINE_HINT)
            if at_mouse:
                self._propose(*self._layers.cursor)
        elif name in ("undo", "redo"):
            self._step(name)
        elif name in ("next_doubt", "previous_doubt"):
            self.go_to_uncertain(forward=name == "next_doubt")
        elif name in CLICK_HINTS and not at_mouse:
            self._hold(name)
            self.hinted.emit(CLICK_HINTS[name])
        elif name in CLICK_HINTS:
            self._do(name, points=[self._layers.cursor])
        elif name == "draw":
            self._hold(name)
        else:
            self._with_cells(name, opened, at_mouse=at_mouse)

    def click(self, y: float, x: float, add: bool) -> None:
        """Use the tool at hand, or select the cell that was clicked."""
        opened = self._opened()
        if opened is None:
            return
        if self._tool in CLICK_HINTS:
            self._do(self._tool, points=[(y, x)])
            return
        if self._tool == "outline":
            self._on_outline_click(y, x)
            return
        cell = opened.field.cell_at(y, x)
        if not add:
            self.select([cell] if cell else [])
        elif cell:
            self.select([*(c for c in self.selected if c != cell), *([] if cell in self.selected else [cell])])

    def stroke(self, points: list[tuple[float, float]]) -> None:
        """Use a line drawn with the pen."""
        tool, cells = self._tool, self.selected
        self._hold("")
        if tool == "split_line":
            self._do(tool, cells=cells[:1], points=points)
        elif tool == "draw" and len(points) > 2:
            self._do(tool, points=points)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Move a nucleus."""
        self._do("move_nucleus", points=[start, end])

    def select(self, cells: list[int]) -> None:
        """Select ``cells``."""
        opened = self._opened()
        if opened is None:
            return
        self.selected = cells
        self._layers.select(cells, opened.cells)
        self.selection_changed.emit(cells)
        self.hinted.emit(describe_selection(opened.cells, cells))

    def go_to_uncertain(self, *, forward: bool) -> None:
        """Select the next cell in order of doubt, or the one before, and go there."""
        opened = self._opened()
        if opened is None:
            return
        waiting = [cell for cell in most_uncertain_first(opened.cells) if cell not in self._visited]
        if forward and waiting:
            self._visited.append(waiting[0])
        elif not forward and len(self._visited) > 1:
            self._visited.pop()
        else:
            text = "You have seen every cell of this picture." if forward else "This is the first one."
            self.hinted.emit(text)
            return
        cell = self._visited[-1]
        if cell in opened.field:
            self.select([cell])
            self._layers.zoom_to(cell)

    def _on_outline_click(self, y: float, x: float) -> None:
        """Take the proposal that was clicked, or propose the outline of what was."""
        if self._proposal is not None and _holds(self._proposal, y, x):
            self._use_proposal("take")
        else:
            self._propose(y, x)

    def _propose(self, y: float, x: float) -> None:
        opened = self._opened()
        if opened is None:
            return
        field = opened.field
        self._show_proposal(None)
        if cell := field.cell_at(y, x):
            self.hinted.emit(f"Here is cell {cell} already. Click beside it, or delete it first.")
            return
        rows, columns = window_around(y, x, field.pixel_um, field.labels.shape)
        pixels = self._layers.pixels((rows, columns))
        if pixels is None:
            self.hinted.emit("The picture is not shown, so nothing can be outlined in it.")
            return
        height, width = field.labels.shape
        found = propose_outline(
            pixels, field.labels[rows, columns] > 0, (y - rows.start, x - columns.start), field.pixel_um,
            on_dark=self._layers.on_dark,
            open_sides=(rows.start > 0, rows.stop < height, columns.start > 0, columns.stop < width),
        )  # fmt: skip
        if found is None:
            self.hinted.emit(NOTHING["outline"])
            return
        self._show_proposal(found.moved(rows.start, columns.start))
        self.hinted.emit(PROPOSED)

    def _use_proposal(self, name: str) -> None:
        if self._proposal is None:
            return
        if name == "take":
            outline = self._proposal.outline
            self._show_proposal(None)
            self._do("draw", points=outline)  # the log keeps the outline, so that it is replayed as any drawn one
            self.hinted.emit("Taken. Click the next one that was missed, or Escape.")
        elif name == "let_be":
            self._hold("")
            self.hinted.emit(describe_selection(pd.DataFrame(), []))
        else:
            self._show_proposal(self._proposal.grown(1 if name == "grow" else -1))

    def _show_proposal(self, proposal: OutlineProposal | None) -> None:
        self._proposal = proposal
        self._layers.show_proposal([] if proposal is None else list(proposal.outline))
        self.proposed.emit(proposal is not None)

    def _with_cells(self, name: str, opened: OpenField, *, at_mouse: bool) -> None:
        cells = self.selected
        if not cells and at_mouse and (cell := opened.field.cell_at(*self._layers.cursor)):
            cells = [cell]
        if len(cells) < (2 if name == "merge" else 1):
            wanted = "two cells or more (click one, Shift-click the others)" if name == "merge" else "a cell"
            self.hinted.emit(f"Select {wanted} first.")
        elif name == "split_line":
            self.select(cells[:1])
            self._hold(name)
        elif name == "set_class":
            self._set_class(opened, cells)
        else:
            change = self._do(name, cells=cells[:1] if name in ONE_CELL else cells)
            if name == "accept" and change is not None:
                self.go_to_uncertain(forward=True)

    def _set_class(self, opened: OpenField, cells: list[int]) -> None:
        now = bool(opened.cells.set_index("cell_id").loc[cells[0], "is_osteoclast"])
        reason = self._ask_reason("This is no osteoclast" if now else "This is an osteoclast")
        if reason:
            self._do("set_class", cells=cells, is_osteoclast=not now, reason=reason)

    def _step(self, name: str) -> None:
        if self.session is None:
            return
        try:
            change = self.session.undo() if name == "undo" else self.session.redo()
        except OsteoCountError as error:
            self.problem.emit(str(error))
            return
        self._finish(name, change)

    def _do(self, name: Any, **more: Any) -> Change | None:
        if self.session is None or self._opened() is None:
            return None
        try:
            change = self.session.do(name, **more)
        except (OsteoCountError, ValueError) as error:
            self.problem.emit(str(error))
            return None
        self._finish(name, change)
        return change

    def _finish(self, name: str, change: Change | None) -> None:
        if change is None:
            self.hinted.emit(NOTHING.get(name, "There is nothing to do this to."))
            return
        opened = self._opened()
        if opened is not None:
            self.selected = [cell for cell in self.selected if cell in opened.field]
            self.edited.emit(change)
            self.select(self.selected)

    def _hold(self, tool: str) -> None:
        if self._proposal is not None:
            self._show_proposal(None)
        self._tool = tool
        self._layers.set_pen(tool in PEN_HINTS)
        if tool in PEN_HINTS:
            self.hinted.emit(PEN_HINTS[tool] + " Escape lets it be.")

    def _pressed(self, name: str) -> Any:
        return lambda _layer: self.start(name, at_mouse=True)

    def _opened(self) -> OpenField | None:
        """Return the picture at hand; None while another one is on its way to the screen, or when it is not shown."""
        opened = None if self.session is None or self._layers.busy() else self.session.current
        if opened is not None and not self._layers.shows(opened.field):
            self.problem.emit(NOT_SHOWN)
            return None
        return opened


_OF_PROPOSAL = frozenset(name for name, *_ in PROPOSAL_ACTIONS)


def _holds(proposal: OutlineProposal, y: float, x: float) -> bool:
    """Tell whether a point lies inside the outline that is proposed."""
    outline = np.array(proposal.outline, np.float32)[:, None, :]
    return bool(cv2.pointPolygonTest(outline, (y, x), measureDist=False) >= 0)


def describe_selection(cells: pd.DataFrame, selected: list[int]) -> str:
    """Say which cells are selected, and of a single one what is known of it."""
    if not selected:
        return "Nothing selected. Click a cell; Shift-click adds."
    if len(selected) > 1:
        return f"{len(selected)} cells selected."
    row: dict[Any, Any] = cells.set_index("cell_id").loc[selected[0]].to_dict()
    unknown = pd.isna(row["n_nuclei"])
    nuclei = "nuclei not visible" if unknown else f"{int(row['n_nuclei'])} nucle{'us' if row['n_nuclei'] == 1 else 'i'}"
    if not unknown and row["n_nuclei_low"] != row["n_nuclei_high"]:
        nuclei += f" ({int(row['n_nuclei_low'])} to {int(row['n_nuclei_high'])})"
    kind = "osteoclast" if row["is_osteoclast"] else "no osteoclast"
    if isinstance(by := row.get("by"), str) and by not in ("", "nuclei"):
        kind += f" by {by}"
    flags = (
        ""
        if pd.isna(row["flags"]) or not row["flags"]
        else f"; {str(row['flags']).replace(';', ', ').replace('_', ' ')}"
    )
    size = "" if pd.isna(row["area_um2"]) else f", {float(row['area_um2']):.0f} µm²"
    return f"Cell {selected[0]}: {nuclei}{size}, {kind}{flags}. {str(row['source']).capitalize()}."
