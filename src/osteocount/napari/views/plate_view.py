"""The plate as a heat map to click through: which well, how far the review is, what is excluded and why."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QInputDialog,
    QProgressBar,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from osteocount.names import shortened
from osteocount.napari.views.figure_view import FigureView, RenderedFigure
from osteocount.napari.views.samples_view import SamplesView
from osteocount.napari.views.widgets import button, set_entries
from osteocount.sample_words import PLURALS, sample_word
from osteocount.wells import parse_well, well_name

STEPS = {
    Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0),
}  # fmt: skip
_BUTTON_LETTERS = 16  # of a name on a button
NEXT = (
    ("unreviewed", "Next unreviewed", "The next well nobody has marked as reviewed"),
    ("flagged", "Next flagged", "The next well with a quality flag"),
    ("borderline", "Most borderline", "The unreviewed well with most borderline cells"),
)


class PlateView(QWidget):
    """The plate browser.

    Signals
    -------
    well_chosen
        Name of the well that was clicked, or reached with an arrow key.
    next_requested
        ``unreviewed``, ``flagged`` or ``borderline``.
    shown_changed
        Another plate, measure or scale is to be drawn.
    field_chosen
        Number of the field of the well, from 0.
    excluded
        A reason to exclude the well; empty: include it again.
    reviewed
        The well at hand is done, or open again.
    blinded
        Begin a blinded review, or finish it.
    """

    well_chosen = Signal(str)
    next_requested = Signal(str)
    shown_changed = Signal()
    field_chosen = Signal(int)
    excluded = Signal(str)
    reviewed = Signal(bool)
    blinded = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.well = ""
        self.hints: dict[str, str] = {}
        self.figure = FigureView("Open results in step 1, or count a folder in step 2: the plate appears here.")
        self.figure.clicked.connect(self._on_click)
        self.figure.hint_for = self._hint
        self.figure.resized.connect(self.shown_changed)
        self.plate, self.measure, self.fields = (QComboBox() for _ in range(3))
        self.samples = SamplesView()
        self.samples.chosen.connect(self.well_chosen)
        self._has_samples = self._has_wells = False
        self.percent = QCheckBox("% of control")
        self.percent.setToolTip("Percent of the mean of the plate's control wells")
        self.done = QCheckBox("Reviewed")
        self.done.setToolTip("This well is done")
        self.exclude = button("", "", self._ask_reason)  # `show_well` gives both
        self.blind = button(
            "", "Hide treatments and wells and shuffle them, so that nobody sees what to expect",
            lambda: self.blinded.emit(not self._is_blinded),
        )  # fmt: skip
        self.progress = QProgressBar()
        self.progress.setFormat("%v of %m wells reviewed")
        self._is_excluded = False
        for box in (self.plate, self.measure):
            box.currentIndexChanged.connect(self.shown_changed)
            box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.plate.setToolTip("Plate")
        self.measure.setToolTip("What the colours show")
        self.fields.setToolTip("Field of the well")
        self.fields.activated.connect(self.field_chosen)
        self.percent.toggled.connect(self.shown_changed)
        self.done.clicked.connect(self.reviewed)
        self._lay_out()
        self.show_blinded(is_blinded=False, is_open=False)
        self.show_well("", (), 0, None, is_reviewed=False)

    def set_choices(self, plates: list[str], measures: dict[str, str]) -> None:
        """Offer plates and measures (column: words); the choice stays where it can."""
        for box, entries in ((self.plate, {name: name or "(plate)" for name in plates}), (self.measure, measures)):
            set_entries(box, entries)
        self.plate.setVisible(len(plates) > 1)

    def set_samples(self, names: list[str]) -> None:
        """List what is reviewed where it is on no plate, so that each can be gone to."""
        word = sample_word(names)
        self._has_samples = len(names) > 1 and not all(map(parse_well, names))
        self._has_wells = any(map(parse_well, names))
        self.samples.show_samples(names if self._has_samples else [], word.capitalize())
        self._show_parts()
        self.progress.setFormat(f"%v of %m {PLURALS[word]} reviewed")

    def show_plate(self, rendered: RenderedFigure | None, text: str = "") -> None:
        """Show the heat map, or why there is none."""
        self.figure.show_figure(rendered, text)
        self._show_ring()

    def show_well(
        self, well: str, fields: tuple[str, ...], chosen: int, excluded: str | None, *, is_reviewed: bool
    ) -> None:
        """Show the well at hand: its fields, its exclusion, its review."""
        self.well, self._is_excluded = well, excluded is not None
        self.samples.mark(well)
        self.fields.clear()
        self.fields.addItems([f"field {name}" if name else "field" for name in fields])
        self.fields.setCurrentIndex(chosen)
        self.fields.setVisible(len(fields) > 1)
        self.done.setChecked(is_reviewed)
        name = shortened(well, _BUTTON_LETTERS) or "well"
        self.exclude.setText(f"Include {name} again" if excluded else f"Exclude {name}…")
        self.exclude.setToolTip(f"Excluded: {excluded}" if excluded else "Leave this well out, with a reason.")
        for widget in (self.done, self.exclude):
            widget.setEnabled(bool(well))
        self._show_ring()

    def show_blinded(self, *, is_blinded: bool, is_open: bool = True) -> None:
        """Say whether the review is blinded; then no measure may be chosen."""
        self._is_blinded = is_blinded
        self.blind.setText("Finish blinded" if is_blinded else "Review blinded")
        self.blind.setEnabled(is_open)
        for widget in (self.plate, self.measure, self.percent):
            widget.setEnabled(not is_blinded)
        self._show_parts()

    def _show_parts(self) -> None:
        """Show the list of samples in place of a plate that has no wells; blinded neither tells anything."""
        is_listed = self._has_samples and not self._is_blinded
        self.samples.setVisible(is_listed)
        self.figure.setVisible(not is_listed or self._has_wells)

    def show_progress(self, done: int, total: int) -> None:
        """Say how far the review is."""
        self.progress.setRange(0, max(1, total))
        self.progress.setValue(done)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802  Qt's name
        """Go to the neighbouring well."""
        step = STEPS.get(event.key()) if event is not None else None
        position = parse_well(self.well) if step else None
        if step is None or position is None:
            super().keyPressEvent(event)
            return
        row, column = position[0] + step[0], position[1] + step[1]
        if row >= 1 and column >= 1:
            self.well_chosen.emit(well_name(row, column))

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setSpacing(3)
        buttons = [
            button(text, tip, lambda _=False, name=name: self.next_requested.emit(name)) for name, text, tip in NEXT
        ]
        enlarge = button(
            "Enlarge", "The plate in a window of its own, with whole names; its wells can be clicked there too",
            lambda: self.figure.enlarge("OsteoCount: plate"),
        )  # fmt: skip
        self.figure.setToolTip("Click a well; then the arrow keys go on. Pull the panel wider to enlarge the plate.")
        grid.addWidget(self.plate, 0, 0, 1, 2)
        grid.addWidget(self.measure, 1, 0)
        grid.addWidget(enlarge, 1, 1)
        for n, widget in enumerate((self.percent, self.fields, *buttons, self.done)):
            grid.addWidget(widget, 2 + n // 2, n % 2)
        grid.addWidget(self.exclude, 5, 0)
        grid.addWidget(self.blind, 5, 1)
        grid.addWidget(self.progress, 6, 0, 1, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 2, 4, 2)
        layout.addWidget(self.figure, stretch=1)
        layout.addWidget(self.samples, stretch=1)
        layout.addLayout(grid)

    def _on_click(self, x: float, y: float) -> None:
        self.setFocus()
        if well := self._well_at(x, y):
            self.well_chosen.emit(well)

    def _hint(self, x: float, y: float) -> str:
        """Say what is known of the well under the mouse."""
        return self.hints.get(self._well_at(x, y), "")

    def _well_at(self, x: float, y: float) -> str:
        """Return the name of the well at a place of the figure, "" above and left of the plate."""
        row, column = (0, 0) if self.figure.rendered is None else self.figure.rendered.well_at(x, y)
        return well_name(row, column) if row >= 1 and column >= 1 else ""

    def _show_ring(self) -> None:
        position, rendered = parse_well(self.well), self.figure.rendered
        if position is not None and rendered is not None:
            self.figure.show_ring(*rendered.position_of(*position), 0.47 * abs(rendered.step[0]))

    def _ask_reason(self) -> None:
        if self._is_excluded:
            self.excluded.emit("")
            return
        reason, said = QInputDialog.getText(self, f"Exclude {self.well}", "Why is this well left out?")
        if said and reason.strip():
            self.excluded.emit(reason.strip())
