"""The guide in a window of its own, opened at the step that is asked about."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QTimer, QUrl
from qtpy.QtGui import QImage, QTextDocument
from qtpy.QtWidgets import QTextBrowser, QWidget

_WIDEST_PICTURE = 640


class GuideView(QTextBrowser):
    """Shows a Markdown file with its pictures; links to other places open in the browser."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("OsteoCount: guide")
        self.setOpenExternalLinks(True)
        self.resize(720, 760)
        self._folder = Path()

    def show_at(self, file: Path, heading: str) -> None:
        """Show ``file`` with ``heading`` at the top."""
        self._folder = file.parent
        self.document().setMarkdown(file.read_text(encoding="utf-8"))
        block = self.document().begin()
        while block.isValid() and not (block.blockFormat().headingLevel() and block.text().startswith(heading)):
            block = block.next()
        if block.isValid():
            cursor = self.textCursor()
            cursor.setPosition(block.position())
            self.setTextCursor(cursor)
        self.show()
        self.raise_()
        QTimer.singleShot(0, self._bring_to_the_top)  # where things lie is known once it is on the screen

    def _bring_to_the_top(self) -> None:
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + self.cursorRect().top())

    def loadResource(self, kind: int, name: QUrl) -> object:  # noqa: N802  Qt's name
        """Return a picture of the guide's own folder, not wider than the window; anything else is not loaded."""
        path = (self._folder / name.toString()).resolve()
        if kind != QTextDocument.ResourceType.ImageResource.value or self._folder.resolve() not in path.parents:
            return None
        image = QImage(str(path))
        return image.scaledToWidth(_WIDEST_PICTURE) if image.width() > _WIDEST_PICTURE else image
