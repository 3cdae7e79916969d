"""What one picture inside a file that holds many is called."""

from __future__ import annotations

from dataclasses import dataclass


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


def unique_names(names: list[str]) -> list[str]:
    """Make repeated or empty names different by their number in the file, counted from 1."""
    return [
        name if name and names.count(name) == 1 else f"{name or 'scene'} {number}"
        for number, name in enumerate(names, start=1)
    ]
