"""OsteoCount: osteoclasts and their nuclei in TRAP-stained cultures, and what a treatment did to them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from osteocount.errors import OsteoCountError
    from osteocount.io.read import read_picture
    from osteocount.pipeline import analyse, run
    from osteocount.settings import Settings
    from osteocount.stats import compare
    from osteocount.version import __version__

_HOME = {
    "OsteoCountError": "osteocount.errors",
    "Settings": "osteocount.settings",
    "__version__": "osteocount.version",  # looked up among the installed packages, which takes its time
    "analyse": "osteocount.pipeline",
    "compare": "osteocount.stats",
    "read_picture": "osteocount.io.read",
    "run": "osteocount.pipeline",
}
__all__ = ["OsteoCountError", "Settings", "__version__", "analyse", "compare", "read_picture", "run"]


def __dir__() -> list[str]:
    """Name what `__getattr__` loads too, for completion in a notebook."""
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> object:
    """Load a public name when it is first used: importing the package must cost nothing."""
    if name not in _HOME:
        raise AttributeError(f"module 'osteocount' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
