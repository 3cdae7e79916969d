"""Step 2: what will be counted, with the pixel size to give where the files do not know it."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGridLayout, QLabel, QLineEdit, QWidget

from osteocount.columns import UNKNOWN
from osteocount.napari.views.widgets import MessageView, column, plain_label
from osteocount.pipeline.dry_run import DryRun, PictureDryRun

MOST_NOTES = 4
NO_SCALE = (
    "Without µm per pixel there are no areas and no densities, and sizes are guessed. Where there is a scale bar: its "
    "µm, divided by its length in pixels."
)
REGIMES = {
    "brightfield": "brightfield; nuclei are counted",
    "low_power": "low power; osteoclasts are told by size, nuclei are not counted",
    "fluorescence": "fluorescence; nuclei are counted",
    "": "seen when it is counted, as it is a large picture",
}
"""What each regime means for the person."""


class DryRunView(QWidget):
    """What will be counted.

    Signals
    -------
    pixel_size_typed
        Another pixel size, as it is typed.
    """

    pixel_size_typed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.values = {name: plain_label(UNKNOWN) for name in ("pictures", "treatments", "seen as")}
        self.pixel_size = QLineEdit()
        self.pixel_size.setToolTip(
            "Side of a pixel in µm. Leave it empty to take it from the file. Without it areas and densities stay empty."
        )
        self.pixel_size.textEdited.connect(self.pixel_size_typed)
        body = QWidget()
        grid = QGridLayout(body)  # a form would not make room for a second line that comes later
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(1, 1)
        rows = (
            ("Pictures", self.values["pictures"]), ("Treatments", self.values["treatments"]),
            ("µm per pixel", self.pixel_size), ("Seen as", self.values["seen as"]),
        )  # fmt: skip
        self._titles = {title: QLabel(title) for title, _ in rows}
        for n, (title, widget) in enumerate(rows):
            grid.addWidget(self._titles[title], n, 0)
            grid.addWidget(widget, n, 1)
        self._show_treatments(is_shown=False)
        self.notes = MessageView()
        column(self, body, self.notes, spacing=3)

    def show_pixel_size(self, text: str) -> None:
        """Show what the settings say."""
        if self.pixel_size.text() != text:
            self.pixel_size.setText(text)

    def show_waiting(self) -> None:
        """Say that it is being looked."""
        for label in self.values.values():
            label.setText("…")
        self.notes.show_notes(())

    def show_nothing(self, text: str) -> None:
        """Say why nothing can be counted yet."""
        for label in self.values.values():
            label.setText(UNKNOWN)
        self.pixel_size.setPlaceholderText("")
        if text:
            self.notes.show_problem(text)
        else:
            self.notes.show_notes(())

    def show_folder(self, dry_run: DryRun) -> None:
        """Show what is known of a folder."""
        self.values["pictures"].setText(pictures_in_words(dry_run))
        self._show_treatments(is_shown=True)
        self.values["treatments"].setText(treatments_in_words(dry_run))
        self._show_pictures(dry_run.pictures)
        self.notes.show_notes((*_notes_on(dry_run.pictures), *dry_run.notes[:MOST_NOTES]))

    def show_picture(self, picture: PictureDryRun) -> None:
        """Show what is known of a picture in the viewer."""
        self.values["pictures"].setText(picture.axes or picture.name)
        self.values["pictures"].setToolTip(picture.name)
        self._show_treatments(is_shown=False)
        self._show_pictures((picture,))
        self.notes.show_notes(_notes_on((picture,)))

    def _show_treatments(self, *, is_shown: bool) -> None:
        for widget in (self._titles["Treatments"], self.values["treatments"]):
            widget.setVisible(is_shown)

    def _show_pictures(self, pictures: tuple[PictureDryRun, ...]) -> None:
        sizes = list(
            dict.fromkeys((picture.um, picture.origin) for picture in pictures if not picture.refusal or picture.um)
        )
        self.pixel_size.setPlaceholderText(scale_in_words(sizes))
        seen = list(dict.fromkeys(REGIMES[picture.regime] for picture in pictures if not picture.refusal))
        self.values["seen as"].setText("; and ".join(seen) or UNKNOWN)
        self.values["seen as"].setToolTip("\n".join(f"{p.name}: {p.reason or p.refusal}" for p in pictures))


def _notes_on(pictures: tuple[PictureDryRun, ...]) -> tuple[str, ...]:
    """Say which pictures would be refused, and that their scale is missing."""
    refused = tuple(picture.refusal for picture in pictures if picture.refusal)
    is_unknown = any(picture.um is None and not picture.refusal for picture in pictures)
    return (*refused, NO_SCALE) if is_unknown else refused


def scale_in_words(sizes: list[tuple[float | None, str]]) -> str:
    """Say what the files say of their scale."""
    known = sorted({um for um, _ in sizes if um is not None})
    if not known:
        return "not known: please give it"
    if len(known) > 1:
        return f"{known[0]:.4g} to {known[-1]:.4g}: files differ"
    origin = next(origin for um, origin in sizes if um is not None)
    return f"{known[0]:.4g} ({origin})"


def pictures_in_words(dry_run: DryRun) -> str:
    """Say how many pictures there are, and of what."""
    if not dry_run.samples:
        return f"{_several(dry_run.fields, 'picture')}, no wells in their names"
    low, high = dry_run.fields_each
    each = f"{low} each" if low == high else f"{low} to {high} each"
    samples = _several(dry_run.samples, "well" if dry_run.on_plates else "sample")
    return f"{_several(dry_run.fields, 'picture')} of {samples}, {each}"


def treatments_in_words(dry_run: DryRun) -> str:
    """Say what was done to them."""
    if not dry_run.arms:
        return "no treatments given, so nothing is compared"
    said = f"{_several(len(dry_run.arms), 'treatment')}, "
    said += _several(len(dry_run.donors), "donor") if dry_run.donors else "no donors"
    said += f"; compared with {dry_run.control}" if dry_run.control else "; no control is named"
    return f"{said}; absorbance of {_several(dry_run.readings, 'well')}" if dry_run.readings else said


def _several(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
