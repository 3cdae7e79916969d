"""Low power: the nuclei of most cells cannot be seen, osteoclasts are called by their size or their appearance."""

from __future__ import annotations

from typing import Any

import numpy as np

from osteocount.io.picture import Picture
from osteocount.segment.detectors.low_power import STAINED, LowPowerDetector
from osteocount.segment.object_tables import cell_table, nuclei_table
from osteocount.segment.preprocess.analysed_area import AnalysedArea
from osteocount.segment.preprocess.illumination import optical_density
from osteocount.segment.preprocess.scale import labels_to_size, resample, values_to_size, working_scale
from osteocount.segment.preprocess.stains import DENSITY_WEIGHTS, estimate_stains, trap_density
from osteocount.segment.regimes.recognise import Decision
from osteocount.segment.segmentation import ArrayLabels, Segmentation
from osteocount.settings import Settings


def segment_low_power(
    picture: Picture,
    area: AnalysedArea,
    decision: Decision,
    detector: LowPowerDetector,
    settings: Settings,
    record: dict[str, Any],
) -> Segmentation:
    """Outline the cells of a low power brightfield picture and call the osteoclasts among them.

    Parameters
    ----------
    picture
        RGB, 8 or 16 bit.
    area
        The analysed part, in pixels of the file.
    decision
        The scale of the picture, and the diameter of its mononuclear cells.
    detector
        What finds and calls the cells.
    settings, record
        As for `segment_brightfield`.

    Raises
    ------
    OsteoCountError
        What is stained does not have the colour of TRAP.
    """
    scale = working_scale(decision.um_per_px, decision.origin, detector.working_um)
    pixels = resample(picture.pixels, scale.zoom)
    shape = picture.pixels.shape[:2]
    inside = labels_to_size(area.contains(*(np.arange(side) for side in shape)).astype(np.int32), pixels.shape[:2]) > 0
    # Giants are several of the usual blocks across, so the light of bare plastic is looked for in larger ones.
    density, white = optical_density(pixels, inside, scale.um / detector.light_blocks)
    density[~inside] = 0
    stains = estimate_stains(density, density @ DENSITY_WEIGHTS > STAINED * settings.segment.trap_threshold)
    stains.refuse_other_colours(picture.path.name)
    cells = detector.find(density, inside, scale, decision.mononuclear_um)
    flags = ["pale_giant" if pale else "" for pale in cells.is_pale[1:]]
    return Segmentation(
        labels=ArrayLabels(labels_to_size(cells.labels, shape), np.zeros(shape, np.uint32)),
        nuclei_table=nuclei_table(*np.zeros((4, 0))),
        trap_od=values_to_size(trap_density(density, stains), shape),
        area=area,
        doubts=cells.doubts,
        regime="low_power",
        nuclei_resolved=False,
        cell_table=cell_table(cells.confidence[1:], flags, detector.by, is_large=cells.is_osteoclast[1:]),
        record={
            **record,
            "white_point": white,
            "mononuclear_diameter_um": round(decision.mononuclear_um, 2),
            **cells.record,
            **stains.record,
        },
        warnings=(detector.caution, *stains.warnings),
    )
