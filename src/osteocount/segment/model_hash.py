"""Which weights a run used: their content, hashed."""

from __future__ import annotations

from pathlib import Path

from osteocount.io.files import model_hash
from osteocount.segment.backends.description import description_file
from osteocount.settings import SegmentSettings


def weights_hash(wanted: SegmentSettings) -> str:
    """Return what changes when the models that the settings name, or their descriptions, do; "" without any."""
    named = [Path(name).expanduser() for name in (wanted.cell_model, wanted.nucleus_model) if name is not None]
    files = [file for path in named for file in (path, description_file(path)) if file.exists()]
    return " ".join(model_hash(file) for file in files)
