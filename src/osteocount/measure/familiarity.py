"""Whether a picture is like what was learned: a number, a reason, and what mends it.

The bounds were set on annotated pictures, simulated ones, changes of both (blur, noise, contrast, JPEG, wrong pixel
sizes) and pictures of other things, made by code: strict ones, so that a flag is worth a look.
``benchmarks/unfamiliar.py`` tells how they do.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from osteocount.segment.segmentation import Segmentation

# Area of TRAP-positive cells for each nucleus in them: 400 to 550 µm² on simulated fields of all stains, 437 on the
# annotated real one; 1,100 to 3,500 on whole wells taken as fields, 1,800 and more on most other things.
_MOST_UM2_PER_NUCLEUS = 1000.0
# Of small cells where nuclei are not resolved: 13.7 to 21.7 µm on tiles of whole wells at their true scale, 10.7 to
# 22.9 on simulated ones.
_SMALL_CELLS_UM = (8.5, 24.0)
_FEWEST_PX = 6.0  # diameter of small cells from which that is told; smaller ones are known too coarsely
# Share of the area of cells that fill less of their convex hull, or are more eccentric, than these: up to .3 of whole
# wells, .5 to .9 of fins and spindles.
_JAGGED, _ELONGATED, _MOST_SHAPELESS = 0.7, 0.95, 0.45
_FEWEST_CELLS = 10  # from which cells say something of a picture
_ADVICE = "Count some by hand before you trust the number. What mends it: the right pixel size (--pixel-size), or {}."
_TEACH = "some twenty corrections and `osteocount train`"
_TEACH_LOW_POWER = "`osteocount finetune` on outlines of your own"

_Sign = tuple[float, str]


def unfamiliarity(found: Segmentation, cells: pd.DataFrame) -> _Sign:
    """Return how unlike what was learned a picture is, flagged from 1 on, and why, in sentences; NaN: not known.

    Parameters
    ----------
    found
        What was found in it.
    cells
        Its TRAP-positive cells, with the columns of ``cells.csv``.
    """
    if found.regime == "fluorescence":
        return float("nan"), ""
    signs = [] if found.doubt is None else [(found.doubt, "the network contradicts itself where it looks twice")]
    if len(cells) >= _FEWEST_CELLS:
        signs += _nuclei_sign(found, cells) if found.nuclei_resolved else [*_scale_sign(found), _outline_sign(cells)]
    if not signs:
        return float("nan"), ""
    why = " and ".join(words for value, words in signs if value >= 1) or max(signs)[1]
    advice = _ADVICE.format(_TEACH if found.nuclei_resolved else _TEACH_LOW_POWER)
    return max(signs)[0], f"Unlike what was learned: {why}. {advice}"


def _nuclei_sign(found: Segmentation, cells: pd.DataFrame) -> list[_Sign]:
    """Compare the area of cells with their nuclei: cells without nuclei are none, or of another scale."""
    um = float(found.record["analysed_um_per_px"])
    each = float(cells["area_px"].sum()) * um**2 / max(float(cells["n_nuclei"].sum()), 1.0)
    words = f"its cells show one nucleus in {each:,.0f} µm², where 400 to 550 is usual"
    return [(each / _MOST_UM2_PER_NUCLEUS, words)]


def _scale_sign(found: Segmentation) -> list[_Sign]:
    """Compare the size of small cells with what it is in wells, at the scale that was used."""
    um, per_px = float(found.record["mononuclear_diameter_um"]), float(found.record["analysed_um_per_px"])
    if um / per_px < _FEWEST_PX:
        return []
    low, high = (float(np.log(bound)) for bound in _SMALL_CELLS_UM)
    away = abs(float(np.log(um)) - (low + high) / 2) / ((high - low) / 2)
    return [(away, f"its small cells would be {um:.0f} µm across, so the pixel size may be wrong")]


def _outline_sign(cells: pd.DataFrame) -> _Sign:
    """Return how much of what is outlined is no body: stripes, nets, fringes."""
    shapeless = (cells["solidity"] < _JAGGED) | (cells["eccentricity"] > _ELONGATED)
    share = float(np.average(shapeless.to_numpy(float), weights=cells["area_px"].to_numpy(float)))
    return share / _MOST_SHAPELESS, f"{100 * share:.0f} % of what is outlined has not the shape of a cell"
