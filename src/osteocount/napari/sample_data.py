"""A picture to try the plugin on."""

from __future__ import annotations

from typing import Any

from osteocount.napari.layers.pixel_size import scale_and_units

SEED = 32
"""One seed for everybody, so that two people talk about the same picture."""


def simulated_field() -> list[tuple[Any, dict[str, Any], str]]:
    """Return a simulated TRAP field with its pixel size, as napari's sample menu takes it."""
    from osteocount.simulate.design import FieldDesign
    from osteocount.simulate.simulated_field import simulate_field

    field = simulate_field(FieldDesign(), SEED)
    return [(field.picture, {"name": "simulated TRAP field", **scale_and_units(field.pixel_size)}, "image")]
