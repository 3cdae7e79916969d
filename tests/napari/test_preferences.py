"""Who signs corrections, and which settings the window starts with."""

from __future__ import annotations

import pytest

from osteocount.napari import preferences


@pytest.mark.parametrize(("set_to", "expected"), [("Ann", "Ann"), ("  ", "me"), (None, "me")])
def test_who_signs(monkeypatch, set_to, expected):
    monkeypatch.setattr(preferences, "_general", lambda name: set_to or "")
    monkeypatch.setattr(preferences.getpass, "getuser", lambda: "me")
    assert preferences.reviewer() == expected
    assert (preferences.settings_file() is None) == (not (set_to or "").strip())
