"""Fluorescence: cells in the cytoplasm channel, nuclei in the DNA channel."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.io.picture import Picture
from osteocount.segment.channels import find_channels
from osteocount.segment.illumination import bright_background
from osteocount.segment.morphology import disk, gaussian, holes_filled, in_raster_order, opened
from osteocount.segment.nuclei import Spots, spots_at
from osteocount.segment.scale import Scale, labels_to_size, resample, values_to_size
from osteocount.segment.segmentation import Segmentation
from osteocount.segment.split import split_touching
from osteocount.segment.tables import cell_table, count_nuclei, nuclei_table
from osteocount.settings import Settings

_GRID_PX = 10.0  # pixels across a nucleus on the analysed grid
_FAINT = 0.07  # share of the bright level above the background at which cells are outlined
_HALO = 0.35  # share of the brightest signal nearby below which a pixel is that cell's halo
_WAIST = 0.6  # a waist narrower than this share of the narrower body parts two cells
_SPOT, _APART = 0.3, 0.3  # σ of a nucleus, and how far from its peak no other is looked for, in its diameters
_WEAK_NUCLEUS = 0.2  # share of a strong nucleus' contrast at which a spot is as likely a nucleus as not


def segment_fluorescence(picture: Picture, settings: Settings, record: dict[str, Any]) -> Segmentation:
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

    Raises
    ------
    OsteoCountError
        Fewer than two channels hold a signal, or no nuclei are seen.
    """
    wanted = settings.segment
    channels = find_channels(picture)
    diameter, seen = nucleus_diameter(channels.nuclei)
    if seen < 5:
        raise OsteoCountError(
            f"{picture.path.name}: {seen} nuclei seen in the nuclei channel ({channels.reason}). "
            "Check that the channels are in focus and not swapped."
        )
    zoom = _GRID_PX / diameter
    scale = Scale(wanted.nucleus_diameter / (diameter * zoom), zoom, "estimated from nuclei")
    signal, threshold = _signal(resample(channels.cytoplasm[..., None], zoom)[..., 0], diameter * zoom)
    cells = _cells(signal, threshold, diameter * zoom, scale)
    spots = _nuclei(resample(channels.nuclei[..., None], zoom)[..., 0], cells, diameter * zoom)
    n_cells = int(cells.max())
    count = count_nuclei(n_cells, cells[spots.y, spots.x], spots.score, wanted.nucleus_score, settings.count.min_nuclei)
    counted = spots.only(spots.score >= wanted.nucleus_score)
    shape = picture.pixels.shape[:2]
    trap = np.clip(signal / threshold * wanted.trap_threshold, 0, 1).astype(np.float32)
    return Segmentation(
        cells=labels_to_size(cells, shape),
        nuclei=labels_to_size(counted.labels, shape),
        nuclei_table=nuclei_table(
            (counted.y + 0.5) / zoom - 0.5, (counted.x + 0.5) / zoom - 0.5, counted.score, cells[counted.y, counted.x]
        ),
        trap_od=values_to_size(trap, shape),
        analysed=np.ones(shape, bool),
        regime="fluorescence",
        nuclei_resolved=True,
        cell_table=cell_table(count.confidence[1:], [""] * n_cells, count),
        record={
            **record,
            "channels": channels.reason,
            **_sizes(diameter, picture.pixel_size.um),
            "cell_threshold_grey": round(threshold, 2),
            "nucleus_score": wanted.nucleus_score,
        },
    )


def _sizes(diameter: float, um: float | None) -> dict[str, float | None]:
    """Return the diameter of the nuclei for the record, in pixels and, where the pixel size is known, in µm."""
    return {
        "nucleus_diameter_px": round(diameter, 2),
        "nucleus_diameter_um": None if um is None else round(diameter * um, 2),
    }


def nucleus_diameter(plane: NDArray[np.float32]) -> tuple[float, int]:
    """Return the median diameter in pixels of the round spots of a nuclei channel, and how many there are."""
    smooth = gaussian(plane, 0.8)
    low, high = np.percentile(smooth, [1, 99.9])
    grey = np.clip((smooth - low) * (255 / max(float(high - low), 1e-6)), 0, 255).astype(np.uint8)
    level, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    mask = (grey > 0.6 * level).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    area = stats[1:, cv2.CC_STAT_AREA]
    longest = stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1, initial=1)
    round_ = (area > 8) & (area > 0.6 * 0.785 * longest**2)
    if not round_.any():
        return 0.0, 0
    return float(np.median(np.sqrt(area[round_] * 4 / np.pi))), int(round_.sum())


def _signal(plane: NDArray[np.float32], nucleus: float) -> tuple[NDArray[np.float32], float]:
    """Return the cytoplasm signal over its local background, and the level at which cells are outlined."""
    signal = gaussian(plane, 0.18 * nucleus) - bright_background(plane, max(16, round(7 * nucleus)))
    below = signal[signal < 0]
    noise = 1.4826 * float(np.median(np.abs(below))) if below.size else 0.0
    return signal, max(4 * noise, _FAINT * float(np.percentile(signal, 99.5)), 1e-6)


def _cells(signal: NDArray[np.float32], threshold: float, nucleus: float, scale: Scale) -> NDArray[np.int32]:
    """Label cells: above the background and above the halo of what is bright nearby."""
    bright = cv2.dilate(signal, disk(max(1, round(1.1 * nucleus))))
    mask = (signal > np.maximum(threshold, _HALO * bright)).astype(np.uint8)
    mask = opened(holes_filled(mask, 0.785 * (10 * nucleus) ** 2), max(1, round(0.5 * nucleus)))
    labels = split_touching(mask, scale, _WAIST)
    area = np.bincount(labels.ravel())
    kept = np.where(area >= 0.785 * nucleus**2, np.arange(area.size), 0).astype(np.int32)
    kept[0] = 0
    return in_raster_order(kept[labels])


def _nuclei(plane: NDArray[np.float32], cells: NDArray[np.int32], nucleus: float) -> Spots:
    """Find nuclei as peaks of the Laplacian, at a size that tells the nuclei of a clump apart."""
    sigma = _SPOT * nucleus
    contrast = np.asarray(-cv2.Laplacian(gaussian(plane, sigma), cv2.CV_32F, ksize=3) * sigma**2)
    peaks = (contrast >= cv2.dilate(contrast, disk(max(1, round(_APART * nucleus))))) & (contrast > 0)
    y, x = np.nonzero(peaks)
    strength = contrast[y, x]
    # Most peaks may be noise: what is strong is asked of those near the strongest ones only.
    near_strongest = strength >= 0.2 * (np.percentile(strength, 99.5) if strength.size else 1)
    half = _WEAK_NUCLEUS * (float(np.median(strength[near_strongest])) if strength.size else 1)
    score = (1 / (1 + (half / strength) ** 2)).astype(np.float32)
    keep = score >= 0.1
    return spots_at(contrast, cells, y[keep], x[keep], score[keep], nucleus / 2)
