"""Files that hold many pictures: what one picture inside such a file is called, and how one plane is taken from it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.io.raw_image import check_size

_STACKS = {"Z": "z-stack", "T": "time series"}
_MOST_CHANNELS = 32


@dataclass(frozen=True)
class Scene:
    """One picture inside a file with many.

    Attributes
    ----------
    name
        Its name in the file, unique there; `read_picture` takes it.
    hints
        Texts that may name its well, the most trusted first.
    field
        Its number or name inside the well.
    plate
        Name of the plate if the file has one.
    """

    name: str
    hints: tuple[str, ...] = ()
    field: str = ""
    plate: str = ""


def vendor_library(path: Path, name: str) -> ModuleType:
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


def check_plane(path: Path, scene: str, sizes: Mapping[str, int]) -> None:
    """Refuse what is not one plane, or is too large, by its sizes per axis and before anything is decoded."""
    where = f"{path.name} {scene}".strip()
    for axis, n in sizes.items():
        if axis not in "YXCS" and n > 1:
            kind = _STACKS.get(axis, f"stack along {axis}")
            raise OsteoCountError(
                f"{where}: is a {kind} of {n} planes; one plane is counted. Export the plane or the projection to be "
                "counted (Fiji: Image ▸ Stacks ▸ Z Project)."
            )
    check_size(path, sizes["Y"], sizes["X"])
    if sizes.get("C", 1) * sizes.get("S", 1) > _MOST_CHANNELS:
        raise OsteoCountError(f"{where}: has more than {_MOST_CHANNELS} channels. Save the channels to be counted.")


def channels_last(pixels: NDArray[np.generic], axes: str) -> tuple[NDArray[np.generic], bool, tuple[str, ...]]:
    """Give a checked plane as (height, width, channels), whether these are red, green and blue, and notes.

    Parameters
    ----------
    pixels
        Any number of axes; all but Y, X, C and S have length 1.
    axes
        One letter per axis; S holds the samples of a colour camera.
    """
    length = dict(zip(axes, pixels.shape, strict=True))
    colour = length.get("S", 1) in (3, 4)
    notes: tuple[str, ...] = ()
    if colour and length.get("C", 1) > 1:
        notes = (f"{length['C']} colour pictures in channels: the first is read.",)
    keep = "YXS" if colour else "YXC" if "C" in axes else "YX"
    plane = pixels[tuple(slice(None) if axis in keep else 0 for axis in axes)]
    order = [axis for axis in axes if axis in keep]
    plane = np.moveaxis(plane, [order.index(axis) for axis in keep], range(len(keep)))
    if plane.ndim == 2:
        plane = plane[:, :, None]
    if colour and plane.shape[2] == 4:
        return plane[:, :, :3], True, (*notes, "The alpha channel was dropped.")
    return plane, colour, notes


def unique_names(names: list[str]) -> list[str]:
    """Make repeated or empty names different by their number in the file, counted from 1."""
    return [
        name if name and names.count(name) == 1 else f"{name or 'scene'} {number}"
        for number, name in enumerate(names, start=1)
    ]
