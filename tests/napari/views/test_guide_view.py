"""The guide opens at a heading, and shows pictures of its own folder only."""

from __future__ import annotations

from qtpy.QtCore import QUrl
from qtpy.QtGui import QImage, QTextDocument

from osteocount.napari.views.guide_view import GuideView
from support.patience import PATIENCE_MS

PICTURE = QTextDocument.ResourceType.ImageResource.value


def test_the_guide_opens_at_a_heading_with_its_own_pictures(qtbot, tmp_path):
    folder = tmp_path / "guide"
    folder.mkdir()
    (folder / "window.md").write_text("# All\n\n## 1 Open\n" + "text\n\n" * 80 + "## 2 Count\n" + "more\n\n" * 80)
    image = QImage(900, 30, QImage.Format.Format_RGB32)
    for place in (folder, tmp_path):
        image.save(str(place / "picture.png"))
    view = GuideView()
    qtbot.addWidget(view)
    view.show_at(folder / "window.md", "2 Count")
    assert view.textCursor().block().text() == "2 Count"
    qtbot.waitUntil(lambda: abs(view.cursorRect().top()) < 30, timeout=PATIENCE_MS)
    assert view.loadResource(PICTURE, QUrl("picture.png")).width() < 900
    assert view.loadResource(PICTURE, QUrl("../picture.png")) is None
