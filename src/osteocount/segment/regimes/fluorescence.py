"""Fluorescence: cells in the cytoplasm channel, nuclei in the DNA channel."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.io.picture import Picture
from osteocount.segment.candidate_nuclei import CandidateNuclei, draw_candidates, interiors
from osteocount.segment.morphology import (
    ByteMask,
    disc_area,
    disk,
    gaussian,
    holes_filled,
    large_enough,
    opened,
    regions,
)
from osteocount.segment.object_tables import cell_table, count_nuclei, nuclei_table
from osteocount.segment.preprocess.analysed_area import EVERYTHING, AnalysedArea
from osteocount.segment.preprocess.channels import (
    FEWEST_NUCLEI,
    Channels,
    check_channels,
    find_channels,
    round_spots,
)
from osteocount.segment.preprocess.scale import Scale, labels_to_size, resample, values_to_size
from osteocount.segment.segmentation import ArrayLabels, Segmentation
from osteocount.segment.split import split_touching
from osteocount.settings import Settings

# Every length is in diameters of the nuclei of the picture. What chose the shares is not recorded, but where it says
# so; the tests of this regime hold what they do on simulated fluorescence.
_AT_OUTLINE = 0.048  # stands for the TRAP OD where a cell is outlined: by default one is positive from 5/3 of that on
_GRID_PX = 10.0  # pixels across a nucleus on the analysed grid: a finer one tells the nuclei of a clump apart
_BLOCK = 4.0  # side, in nuclei, of the blocks whose dark part is taken as background
_DARK_PART = 30  # percentile of a block that is background, unless a cell fills the block
_WIDEST = 9  # blocks that one cell may fill in a row
_FAINT = 0.08  # share of the bright level above the background at which cells are outlined
_HALO = 0.45  # share of the brightest signal nearby below which a pixel is that cell's halo
_MIDDLE = 0.3  # share of the level of the outline above which what a cell surrounds is its own thin middle
_LARGEST_MIDDLE = 30.0  # diameter of such a middle, in nuclei
_OWNER = 0.6  # share of its surroundings that one cell makes up, and not a ring of several
_WAIST = 0.55  # a waist narrower than this share of the narrower body parts two cells
_SPOT, _APART = 0.3, 0.3  # σ of a nucleus, and how far from its peak no other is looked for, in its diameters
_RIM = 0.8  # depth, in its diameters, below the outline of a cell from which a nucleus is surely inside
_WEAK_NUCLEUS = 0.2  # share of a strong nucleus' contrast at which a spot is as likely a nucleus as not
_NO_CELL = "nothing in the cytoplasm channel stands out from its background: no stained cell, or no stain."


def segment_fluorescence(
    picture: Picture, settings: Settings, record: dict[str, Any], area: AnalysedArea = EVERYTHING
) -> Segmentation:
    """Find cells and nuclei of a picture with a cytoplasm and a nuclei channel.

    Every length is taken from the diameter of the nuclei, which is measured in the picture.

    Parameters
    ----------
    picture
        Two or more channels, 8 or 16 bit.
    settings
        All settings of the run.
    record
        What is already known about the analysis; it is copied and completed.
    area
        The analysed part; elsewhere no cells are looked for.

    Raises
    ------
    OsteoCountError
        Fewer than two channels hold a signal, no nuclei are seen, or both channels show the same.
    """
    wanted = settings.segment
    channels = find_channels(picture)
    diameter = _nucleus_diameter(picture, channels)
    zoom = _GRID_PX / diameter
    scale = Scale(wanted.nucleus_diameter / (diameter * zoom), zoom, "estimated from nuclei")
    signal, threshold = _signal(resample(channels.cytoplasm[..., None], zoom)[..., 0], diameter * zoom)
    if not area.is_everything:
        rows, columns = (((np.arange(side) + 0.5) / zoom).astype(np.intp) for side in signal.shape)
        signal[~area.contains(rows, columns)] = 0
    cells = _cells(signal, threshold, diameter * zoom, scale)
    spots = _nuclei(resample(channels.nuclei[..., None], zoom)[..., 0], cells, diameter * zoom)
    n_cells = int(cells.max())
    count = count_nuclei(n_cells, cells[spots.y, spots.x], spots.score, wanted.nucleus_score, settings.count.min_nuclei)
    counted = spots.only(spots.score >= wanted.nucleus_score)
    shape, um = picture.pixels.shape[:2], picture.pixel_size.um
    trap = np.clip(signal / threshold * _AT_OUTLINE, 0, 1).astype(np.float32)
    return Segmentation(
        labels=ArrayLabels(labels_to_size(cells, shape), labels_to_size(counted.labels, shape)),
        nuclei_table=nuclei_table(
            (counted.y + 0.5) / zoom - 0.5, (counted.x + 0.5) / zoom - 0.5, counted.score, cells[counted.y, counted.x]
        ),
        trap_od=values_to_size(trap, shape),
        regime="fluorescence",
        nuclei_resolved=True,
        cell_table=cell_table(count.confidence[1:], [""] * n_cells, "nuclei", count),
        area=area,
        record={
            **record,
            "channels": channels.reason,
            "nucleus_diameter_px": round(diameter, 2),
            "nucleus_diameter_um": None if um is None else round(diameter * um, 2),
            "cell_threshold_grey": round(threshold, 2),
            "positive_from_grey": round(threshold * wanted.trap_threshold / _AT_OUTLINE, 2),
            "nucleus_score": wanted.nucleus_score,
        },
        warnings=() if n_cells else (_NO_CELL,),
    )


def _nucleus_diameter(picture: Picture, channels: Channels) -> float:
    """Return the diameter of the nuclei in pixels, once the channels have been found to be what they should."""
    diameter, seen = round_spots(channels.nuclei)
    if seen < FEWEST_NUCLEI:
        raise OsteoCountError(
            f"{picture.path.name}: {seen} nuclei seen in the nuclei channel ({channels.reason}). "
            "Check that the channels are in focus and not swapped."
        )
    check_channels(picture, channels, diameter)
    return diameter


def _signal(plane: NDArray[np.float32], nucleus: float) -> tuple[NDArray[np.float32], float]:
    """Return the cytoplasm signal over its local background, and the level at which cells are outlined."""
    smooth = gaussian(plane, 0.18 * nucleus)
    signal = smooth - _background(smooth, nucleus)  # of the raw plane, noise would pull the background down
    below = signal[signal < 0]
    noise = 1.4826 * float(np.median(np.abs(below))) if below.size else 0.0
    return signal, max(4 * noise, _FAINT * float(np.percentile(signal, 99.5)), 1e-6)


def _background(plane: NDArray[np.float32], nucleus: float) -> NDArray[np.float32]:
    """Return the local background: the dark part of blocks, where giants that fill several do not count."""
    rows, columns = (max(1, round(side / (_BLOCK * nucleus))) for side in plane.shape)
    dark = [
        [np.percentile(block, _DARK_PART) for block in np.array_split(strip, columns, axis=1)]
        for strip in np.array_split(plane, rows)
    ]
    grid = np.asarray(dark, np.float32)
    grid = cv2.morphologyEx(
        grid, cv2.MORPH_OPEN, np.ones((_WIDEST, _WIDEST), np.uint8), borderType=cv2.BORDER_REPLICATE
    )
    return np.asarray(cv2.resize(gaussian(grid, 1.0), plane.shape[::-1], interpolation=cv2.INTER_LINEAR))


def _cells(signal: NDArray[np.float32], threshold: float, nucleus: float, scale: Scale) -> NDArray[np.int32]:
    """Label cells: above the background and above the halo of what is bright nearby."""
    bright = cv2.dilate(signal, disk(max(1, round(1.1 * nucleus))))
    mask = (signal > np.maximum(threshold, _HALO * bright)).astype(np.uint8)
    mask = opened(holes_filled(mask, disc_area(10 * nucleus)), max(1, round(0.5 * nucleus)))
    parts = split_touching(mask, scale, _WAIST)
    labels = split_touching(_with_middles(mask, parts, signal > _MIDDLE * threshold, nucleus), scale, _WAIST)
    return large_enough(labels, disc_area(nucleus))


def _with_middles(mask: ByteMask, parts: NDArray[np.int32], lit: NDArray[np.bool_], nucleus: float) -> ByteMask:
    """Fill what a spread cell surrounds: its thin middle, fainter than its rim and yet mostly ``lit``.

    The rim may have gaps two nuclei wide. A ring of several of the ``parts`` surrounds bare plastic, or other cells.
    """
    radius = max(1, round(nucleus))
    wide = cv2.copyMakeBorder(mask, radius, radius, radius, radius, cv2.BORDER_REPLICATE)
    ring = cv2.morphologyEx(wide, cv2.MORPH_CLOSE, disk(radius))[radius:-radius, radius:-radius]
    _, gaps = cv2.connectedComponents(1 - ring, connectivity=4, ltype=cv2.CV_32S)
    open_ones = np.unique(np.concatenate([gaps[0], gaps[-1], gaps[:, 0], gaps[:, -1]]))
    filled = mask.copy()
    for gap in regions(gaps):
        window = gap.window(3 * radius)
        inside = gaps[window] == gap.label
        small = gap.area <= disc_area(_LARGEST_MIDDLE * nucleus)
        if small and gap.label not in open_ones and np.mean(lit[window][inside]) > 0.5:
            around = parts[window][cv2.dilate(inside.astype(np.uint8), disk(2 * radius)) > 0]
            owners = np.bincount(around[around > 0], minlength=1)
            if owners.max() > _OWNER * owners.sum():
                filled[window] |= cv2.dilate(inside.astype(np.uint8), disk(radius))
    return filled


def _nuclei(plane: NDArray[np.float32], cells: NDArray[np.int32], nucleus: float) -> CandidateNuclei:
    """Find nuclei as peaks of the Laplacian, at a size that tells the nuclei of a clump apart.

    Many cells without TRAP lie around: a nucleus on the rim of a cell is as likely one of theirs.
    """
    sigma = _SPOT * nucleus
    contrast = np.asarray(-cv2.Laplacian(gaussian(plane, sigma), cv2.CV_32F, ksize=3) * sigma**2)
    peaks = (contrast >= cv2.dilate(contrast, disk(max(1, round(_APART * nucleus))))) & (contrast > 0)
    y, x = np.nonzero(peaks)
    strength = contrast[y, x]
    # Most peaks may be noise: what is strong is asked of those near the strongest ones only.
    near_strongest = strength >= 0.2 * (np.percentile(strength, 99.5) if strength.size else 1)
    half = _WEAK_NUCLEUS * (float(np.median(strength[near_strongest])) if strength.size else 1)
    inside = np.pad(interiors(cells), 1, mode="edge")  # the frame is no rim
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 5)[1:-1, 1:-1][y, x]
    strength = strength * np.where(cells[y, x] > 0, np.clip(depth / (_RIM * nucleus), 1e-3, 1), 1)
    score = (1 / (1 + (half / strength) ** 2)).astype(np.float32)
    keep = score >= 0.1
    return draw_candidates(contrast, cells, y[keep], x[keep], score[keep], nucleus / 2)
