"""The colours of cells and nuclei, the same in overlays and in the window."""

from __future__ import annotations

from dataclasses import dataclass

RGB = tuple[int, int, int]


@dataclass(frozen=True)
class CellColours:
    """Outline colours as #RRGGBB, told apart with every common colour blindness (after Okabe & Ito 2008)."""

    osteoclast: str
    other: str
    not_counted: str


ON_BRIGHT = CellColours("#FFB000", "#0072BC", "#606060")
ON_DARK = CellColours("#FFB000", "#56D7FF", "#CDCDCD")
NUCLEUS = "#FFFFFF"


def rgb(colour: str) -> RGB:
    """Return #RRGGBB as red, green and blue from 0 to 255."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue
