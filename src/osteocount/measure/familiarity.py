"""Whether a picture is like what was learned: a number, a reason, and what mends it.

Every bound of the flag ``unfamiliar`` stands here. They were set on simulated pictures, on seven annotated tiles of
whole wells, some at half and a quarter of their size, on two more real pictures, on changes of all these (blur, noise,
contrast, JPEG, wrong pixel sizes) and on pictures of other things, made by code; the tighter ones then on simulated
pictures and changes of them alone, which the benchmark does not draw. ``benchmarks/unfamiliar.py`` tells how they do.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from osteocount.segment.segmentation import Segmentation

# Mean difference of two looks. At cores of cells and at nuclei of simulated fields: .012 to .022 and .003 to .010; of
# the annotated real one, rightly counted: .066 and .025, of a part of it .077 and .042; of simulated trichrome:
# .126 and .056.
_CORES_DIFFER, _NUCLEI_DIFFER = 0.09, 0.045
# At cells of tiles of whole wells: .018 to .068; the same under strong noise, with a few of the osteoclasts found: .07
# to .14.
_CELLS_DIFFER = 0.08
# Pixels for each of the border; whole wells: .4 to 1.1, one with 140 of 250 osteoclasts called 1.37, Oil Red O 3.3.
_SEAM = 1.25
# Area of TRAP-positive cells for each nucleus in them: 440 to 650 µm² on simulated fields of all stains, 437 on the
# annotated real one; 1,100 to 3,500 on whole wells taken as fields, 1,350 at 1.7 times the scale.
_MOST_UM2_PER_NUCLEUS = 720.0
# Share of the area of cells that lies in cells without a nucleus, opaque ones aside: .03 to .19 on fields, .17 on the
# annotated real one; .34 and more on whole wells taken as fields and on that real field at .7 of its scale, .39 to 1 on
# most other things.
_MOST_WITHOUT_NUCLEUS = 0.22
# Of small cells where nuclei are not resolved: 11.7 to 24.2 µm on whole wells at their true scale, 32 on a simulated
# one. Nuclei tell large cells from a wrong scale: where they stand out they are seen at theirs. At the true scale their
# contrast was 1.04 to 1.95, at 1.4 and 2 times that .88 to 1.26. Each .1 more of it allows cells a quarter larger.
_LEAST_SMALL_UM, _MOST_SMALL_UM, _CONTRAST, _SLOPE = 8.5, 23.0, 1.03, 2.2
# Least such contrast, and the coarsest pixels of which it says something. Below, of simulated wells, tiles of whole
# wells and changes of them, one of sixteen was right within a tenth; flat discs of other dyes: .74 to .77.
_FAINTEST_NUCLEI, _GUESSED_UM = 0.8, 3.2
# Diameter of small cells from which that is told, and the coarsest pixels: small cells merge in coarser pictures.
_FEWEST_PX, _COARSEST_UM = 6.0, 5.0
# Share of the area of cells that fill less of their convex hull, or are more eccentric, than these: up to .33 of whole
# wells, .5 to .9 of fins and spindles.
_JAGGED, _ELONGATED, _MOST_SHAPELESS = 0.7, 0.95, 0.45
# Of the outlined area; whole wells: up to .29, at half their contrast .45; other things to .9. From .32 on, of
# simulated wells and changes of them none was right within a tenth.
_MOST_UNSTAINED = 0.32
# µm per pixel; estimates. Simulated wells of 1.8 to 4.5 µm were mostly taken for .9 to 1.1 of that, such of 5.5 to 9 µm
# for .3 to .8: small cells are three pixels across there, and larger ones look like them. What looks best at the finest
# scale that is tried, 1.3 µm, may be finer still.
_COARSEST_BY_LOOKS_UM, _FINEST_BY_LOOKS_UM = 4.8, 1.35
# Share of the area of all cells that one makes up which is as large as a disc of 225 µm: cartilage and muscle. A
# judgement: giants as large lie among other cells.
_MOST_OF_ONE, _GIANT_UM2 = 0.5, 40_000.0
# Cells whose call is open, against called osteoclasts, and some more. Whole wells: up to 1.1 times as many.
_OPEN, _MOST_OPEN, _OPEN_AT_ALL = (0.25, 0.75), 1.3, 3.0
# OD; pictures as they are: up to .008, with noise of SD 12: .015. From .025 on half of the osteoclasts were missed.
_MOST_NOISE = 0.02
# Times; 1.0 to 1.2 without JPEG, 2.2 at a quality of 24, 5 and more at 10, where half of the osteoclasts were missed.
_MOST_BLOCKS = 3.5
_FEWEST_CELLS = 10  # from which cells say something of a picture

_SIZE = "the right pixel size (--pixel-size)"
_TEACH = "some twenty corrections and `osteocount train`"
_TEACH_LOW_POWER = "`osteocount finetune` on outlines of your own"
_FILE = "the picture as the microscope saved it, or a JPEG of high quality"
_LIGHT = "more light or a longer exposure instead of gain"


class _Sign(NamedTuple):
    """How far a measure is on the way to its bound, 1 at the bound and NaN where unknown; what it says; the cure."""

    value: float
    words: str
    cure: str = ""


def unfamiliarity(found: Segmentation, cells: pd.DataFrame, blocks: float = float("nan")) -> tuple[float, str]:
    """Return how unlike what was learned a picture is, flagged from 1 on, and why, in sentences; NaN: not known.

    Parameters
    ----------
    found
        What was found in it.
    cells
        Its TRAP-positive cells, with the columns of ``cells.csv``.
    blocks
        See `osteocount.io.image_quality.block_edges`.
    """
    if found.regime == "fluorescence":
        return float("nan"), ""
    in_blocks = _Sign(blocks / _MOST_BLOCKS, "JPEG has left blocks of 8 pixels", _FILE)
    signs = [*_doubts(found), _untold_scale_sign(found), in_blocks]
    if len(cells) >= _FEWEST_CELLS:
        signs += _field_signs(found, cells) if found.nuclei_resolved else _low_power_signs(found, cells)
        signs.append(_giant_sign(found, cells))
    known = [sign for sign in signs if np.isfinite(sign.value)]
    if not known:
        return float("nan"), ""
    worst = max(known, key=lambda sign: sign.value)
    told = [sign for sign in known if sign.value >= 1] or [worst]
    teach = _TEACH if found.nuclei_resolved else _TEACH_LOW_POWER
    cures = dict.fromkeys([*(sign.cure for sign in told if sign.cure), _SIZE, teach])
    return worst.value, (
        f"Unlike what was learned: {' and '.join(dict.fromkeys(sign.words for sign in told))}. Count some by hand "
        f"before you trust the number. What mends it: {', or '.join(cures)}."
    )


def _doubts(found: Segmentation) -> list[_Sign]:
    """Return what the network itself says."""
    doubts = found.doubts
    bounds = (_CORES_DIFFER, _NUCLEI_DIFFER) if found.nuclei_resolved else (_CELLS_DIFFER, np.inf)
    differ = [each / bound for each, bound in zip((doubts.cells_differ, doubts.nuclei_differ), bounds, strict=True)]
    return [
        *(_Sign(value, "the network contradicts itself where it looks twice") for value in differ),
        _Sign(doubts.seam / _SEAM, "the network does not know where cells end"),
        _Sign(doubts.unstained / _MOST_UNSTAINED, "much of what looks like a cell is not stained"),
        _Sign(doubts.noise / _MOST_NOISE, "noise hides nuclei", _LIGHT),
    ]


def _field_signs(found: Segmentation, cells: pd.DataFrame) -> list[_Sign]:
    """Compare cells with their nuclei: cells without nuclei are none, or of another scale."""
    area, nuclei = cells["area_px"].to_numpy(float), cells["n_nuclei"].fillna(0).to_numpy(float)
    each = float(area.sum()) * float(found.record["analysed_um_per_px"]) ** 2 / max(float(nuclei.sum()), 1.0)
    without = (nuclei == 0) & ~cells["flags"].str.contains("opaque").to_numpy(bool)
    share = float(area[without].sum() / area.sum())
    return [
        _Sign(
            each / _MOST_UM2_PER_NUCLEUS, f"its cells show one nucleus in {each:,.0f} µm², where 400 to 650 is usual"
        ),
        _Sign(share / _MOST_WITHOUT_NUCLEUS, f"{100 * share:.0f} % of the area of its cells shows no nucleus"),
    ]


def _low_power_signs(found: Segmentation, cells: pd.DataFrame) -> list[_Sign]:
    """Look at the size of small cells, at outlines, and at calls that are open."""
    shapeless = (cells["solidity"] < _JAGGED) | (cells["eccentricity"] > _ELONGATED)
    share = float(np.average(shapeless.to_numpy(float), weights=cells["area_px"].to_numpy(float)))
    called = cells["is_osteoclast"].to_numpy(bool)
    confidence = cells["confidence"].to_numpy(float)
    chance = np.where(called, confidence, 1 - confidence)
    n_called, n_open = int(called.sum()), int(((chance > _OPEN[0]) & (chance < _OPEN[1])).sum())
    at_guessed = float(found.record["analysed_um_per_px"]) <= _GUESSED_UM
    faint = _FAINTEST_NUCLEI / found.doubts.contrast if at_guessed else float("nan")
    return [
        _scale_sign(found),
        _Sign(faint, "no nuclei show in its cells, which at this scale can be guessed"),
        _Sign(share / _MOST_SHAPELESS, f"{100 * share:.0f} % of what is outlined has not the shape of a cell"),
        _Sign(
            n_open / (_MOST_OPEN * n_called + _OPEN_AT_ALL),
            f"{n_open} cells may or may not be osteoclasts, beside {n_called} that were called",
        ),
    ]


def _giant_sign(found: Segmentation, cells: pd.DataFrame) -> _Sign:
    """Return how much of all cells the largest makes up, if it is a giant."""
    area = cells["area_px"].to_numpy(float)
    share = float(area.max() / area.sum())
    is_giant = area.max() * float(found.record["analysed_um_per_px"]) ** 2 > _GIANT_UM2
    words = f"one cell makes up {100 * share:.0f} % of the area of all"
    return _Sign(share / _MOST_OF_ONE if is_giant else float("nan"), words)


def _untold_scale_sign(found: Segmentation) -> _Sign:
    """Look whether a scale that nobody told is one that the looks of cells can tell."""
    um = float(found.record["analysed_um_per_px"])
    is_told = not str(found.record.get("analysed_um_per_px_origin")).startswith("estimated")
    words = f"nobody said how large its pixels are, and its cells do not tell it surely (taken for {um:.1f} µm)"
    if is_told or found.nuclei_resolved:
        return _Sign(float("nan"), words)
    return _Sign(max(um / _COARSEST_BY_LOOKS_UM, _FINEST_BY_LOOKS_UM / um), words)


def _scale_sign(found: Segmentation) -> _Sign:
    """Compare the size of small cells with what it is in wells, at the scale that was used."""
    um, per_px = float(found.record["mononuclear_diameter_um"]), float(found.record["analysed_um_per_px"])
    words = f"its small cells would be {um:.0f} µm across, so the pixel size may be wrong"
    if um / per_px < _FEWEST_PX or per_px > _COARSEST_UM:
        return _Sign(float("nan"), words)
    above = np.fmax(found.doubts.contrast - _CONTRAST, 0.0)
    return _Sign(max(um / (_MOST_SMALL_UM * float(np.exp(_SLOPE * above))), _LEAST_SMALL_UM / um), words)
