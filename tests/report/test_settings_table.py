"""Settings that were changed stand out."""

from __future__ import annotations

from osteocount.report import write_report
from osteocount.settings import Settings
from support import result_folders
from support.report_pages import Page


def test_changed_settings_stand_out(tmp_path):
    changed = Settings.model_validate({"segment": {"trap_threshold": 0.3}, "count": {"min_nuclei": 4}})
    page = Page(write_report(result_folders.build(tmp_path / "results", layout=False, settings=changed.model_dump())))
    assert "Settings changed from their defaults: TRAP threshold 0.3 OD (default 0.08)" in page.text
    assert "Nuclei in an osteoclast 4 (default 3)" in page.text
    assert "All settings are the defaults." not in page.text
