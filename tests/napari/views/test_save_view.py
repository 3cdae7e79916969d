"""Save and look at the results, without a viewer."""

from __future__ import annotations

import pytest

from osteocount.napari.views import save_view
from osteocount.napari.views.save_view import SaveView


@pytest.mark.parametrize(("is_there", "is_blinded"), [(True, False), (False, False), (True, True)])
def test_results_are_saved_and_their_report_is_opened(qtbot, tmp_path, monkeypatch, is_there, is_blinded):
    shown, saved = [], []
    monkeypatch.setattr(save_view.QDesktopServices, "openUrl", lambda url: shown.append(url.toLocalFile()))
    if is_there:
        (tmp_path / "report.html").write_text("")
    view = SaveView()
    qtbot.addWidget(view)
    view.save_requested.connect(lambda: saved.append(1))
    view.save.click()
    assert saved == []  # nothing is open
    view.show_folder(tmp_path, is_blinded=is_blinded)
    view.save.click()
    view.report.click()
    assert saved == [1]
    assert shown == [str(tmp_path / "report.html")] * (is_there and not is_blinded)
