"""A simulated plate to try everything on, made once and kept with napari's data."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from pathlib import Path
from threading import Event

import platformdirs

from osteocount.pipeline import Progress

SEED = 7
"""As of `osteocount demo`, so that everybody sees the same plate."""


def sample_folder() -> Path:
    """Return where the plate lies, or will."""
    return Path(platformdirs.user_data_dir("osteocount", appauthor=False)) / "sample_plate"


def make_sample_plate(stop: Event) -> Generator[Progress, None, Path]:
    """Return the folder of the plate, which is simulated where it is not there yet."""
    from osteocount.simulate import default_plate, simulate_plate

    folder = sample_folder()
    if not (folder / "layout.csv").is_file():
        yield Progress(0, 0, "Making the sample plate; this takes up to a minute, once")
        draft = folder.with_name(folder.name + ".draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.parent.mkdir(parents=True, exist_ok=True)
        simulate_plate(default_plate(), SEED, draft)
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)
    return folder
