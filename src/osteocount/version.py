"""The version of this installation, below everything that writes or compares it."""

from __future__ import annotations

from importlib.metadata import version

__version__ = version("osteocount")
