"""What the person set for this plugin in napari's preferences (the manifest's ``configurations``)."""

from __future__ import annotations

import getpass
from pathlib import Path

from napari.settings import get_plugin_settings


def reviewer() -> str:
    """Return the name that signs corrections: the one set, else the computer's user."""
    name = str(_general("reviewer")).strip()
    if name:
        return name
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a computer without accounts
        return "unknown"


def settings_file() -> Path | None:
    """Return the settings file to start with; None: the defaults."""
    name = str(_general("settings_file")).strip()
    return Path(name).expanduser() if name else None


def _general(name: str) -> object:
    try:
        return getattr(get_plugin_settings("osteocount").general, name)
    except (AttributeError, KeyError):  # the dock was put into a viewer that does not know the plugin
        return ""
