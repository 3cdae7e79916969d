"""Pixel size as napari keeps it: ``scale`` and ``units`` of a layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pint

_UNITS = pint.get_application_registry()  # type: ignore[no-untyped-call]
# Made as the plugin is loaded: the first unit takes a fifth of a second, for which no picture should wait.
MICROMETER = _UNITS.Unit("micrometer")


def scale_and_units(um: float | None) -> dict[str, Any]:
    """Return the arguments that give a layer of two dimensions its pixel size; none when it is unknown."""
    return {} if um is None else {"scale": (um, um), "units": (MICROMETER, MICROMETER)}


def pixel_um(scale: Sequence[float], units: Sequence[Any]) -> float | None:
    """Micrometres per pixel of the last two axes; None when their units are no lengths or their pixels not square.

    Parameters
    ----------
    scale
        One number for each axis, as of ``layer.scale``.
    units
        Names or pint units, as of ``layer.units``.
    """
    sides: list[float] = []
    for side, unit in list(zip(scale, map(_UNITS.Unit, units), strict=True))[-2:]:
        if not unit.is_compatible_with(MICROMETER):
            return None
        sides.append(float((float(side) * unit).to(MICROMETER).magnitude))
    return sides[0] if math.isclose(*sides, rel_tol=1e-3) else None
