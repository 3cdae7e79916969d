"""The panel shows every setting, says what it is, and loses nothing on the way to the file and back."""

from __future__ import annotations

import pytest
from qtpy.QtWidgets import QPushButton

from osteocount.errors import OsteoCountError
from osteocount.napari.views.settings_view import SettingsView, wrapped
from osteocount.settings import Settings, help_text
from support.patience import PATIENCE_MS

OTHER = {
    "picture": {"pixel_size": 0.3225, "regime": "low_power", "well_view": "whole"},
    "segment": {"trap_threshold": 0.123456789, "find_well_rim": False, "nucleus_diameter": 9.5},
    "count": {"min_nuclei": 4},
    "comparison": {"control": "vehicle", "contrasts": ("EV_WT / EV_KO",), "equivalence_margin": 1.25},
}


@pytest.fixture
def view(qtbot):
    view = SettingsView()
    qtbot.addWidget(view)
    return view


def test_a_new_panel_shows_the_defaults(view):
    assert view.settings() == Settings()


def test_every_setting_has_its_title_unit_range_and_help(view):
    for (section, name), editor in view.editors.items():
        info = type(getattr(Settings(), section)).model_fields[name]
        assert editor.widget.accessibleName() == info.title
        assert editor.widget.toolTip() == wrapped(help_text(info))
    assert len(view.editors) == sum(len(type(section).model_fields) for _, section in Settings())
    assert "µm, above 0.01, at most 50" in view.editors["picture", "pixel_size"].widget.toolTip()


def test_help_is_text_and_not_markup():
    assert wrapped("below < 3 & 'so'") == "<qt>below &lt; 3 &amp; 'so'</qt>"


def test_settings_to_widgets_to_file_and_back(view, tmp_path):
    settings = Settings.model_validate(OTHER)
    view.set_settings(settings)
    assert view.settings() == settings
    path = tmp_path / "mine.toml"
    path.write_text(view.settings().to_toml(), encoding="utf-8")
    assert Settings.from_file(path) == settings


def test_reset_returns_to_the_defaults(view):
    view.set_settings(Settings.model_validate(OTHER))
    reset = next(button for button in view.findChildren(QPushButton) if button.text() == "Reset")
    reset.click()
    assert view.settings() == Settings()


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("a", r"picture\.pixel_size = 'a': this is no number"),
        ("0", r"picture\.pixel_size = 0\.0: it must be above 0\.01"),
    ],
)
def test_a_value_that_is_not_allowed_is_named(view, typed, message):
    view.editors["picture", "pixel_size"].widget.setText(typed)
    with pytest.raises(OsteoCountError, match=message):
        view.settings()


def test_an_edit_is_announced(view, qtbot):
    with qtbot.waitSignal(view.changed, timeout=PATIENCE_MS):
        view.editors["count", "min_nuclei"].set_value(5)
