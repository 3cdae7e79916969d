"""The libraries of the ``formats`` extra, imported where a file needs one."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

from osteocount.errors import OsteoCountError


def formats_library(path: Path, name: str) -> ModuleType:
    """Import the library that reads this kind of file.

    Raises
    ------
    OsteoCountError
        It is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise OsteoCountError(
            f'{path.name} needs the formats extra: pip install "osteocount[formats]" ({error}).'
        ) from error
