"""The classical segmenter: optical density, thresholds in physical units, shape; nothing learned."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteocount.io.picture import Picture
from osteocount.segment.brightfield import segment_brightfield
from osteocount.segment.fluorescence import segment_fluorescence
from osteocount.segment.low_power import segment_low_power
from osteocount.segment.regime import check_colour, decide, shows_fluorescence
from osteocount.segment.scale import Scale, working_scale
from osteocount.segment.segmentation import Segmentation
from osteocount.segment.well_mask import find_well, inside_circle
from osteocount.settings import Settings


class ClassicalSegmenter:
    """Cells and nuclei by optical density and shape.

    Parameters
    ----------
    settings
        All settings of the run; ``picture`` and ``segment`` are used, and the osteoclast rule for the confidence.
    """

    name = "classical"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def segment(self, picture: Picture) -> Segmentation:
        """Find the cells and nuclei of ``picture``; see `Segmenter.segment`."""
        picture_settings = self._settings.picture
        if shows_fluorescence(picture, picture_settings.regime):
            reason = "asked for in the settings" if picture_settings.regime != "auto" else "separate or dark channels"
            record = {"segmenter": self.name, "regime": "fluorescence", "regime_reason": reason}
            return segment_fluorescence(picture, self._settings, record)
        return self._brightfield(picture)

    def _brightfield(self, picture: Picture) -> Segmentation:
        check_colour(picture)
        well = find_well(picture.pixels) if self._settings.segment.find_well_rim else None
        analysed = inside_circle(picture.pixels.shape[:2], well)
        decision = decide(picture, analysed, self._settings)
        record = {
            "segmenter": self.name,
            "regime": decision.regime,
            "regime_reason": decision.reason,
            "analysed_um_per_px": round(decision.um_per_px, 4),
            "analysed_um_per_px_origin": decision.origin,
            "well_circle": None
            if well is None
            else {"x_px": round(well.x, 1), "y_px": round(well.y, 1), "radius_px": round(well.radius, 1)},
        }
        if decision.regime == "low_power":
            scale = Scale(decision.um_per_px, 1.0, decision.origin)
            found = segment_low_power(picture, analysed, scale, decision.mononuclear_um, self._settings, record)
        else:
            scale = working_scale(decision.um_per_px, decision.origin)
            found = self._with_nuclei(picture, analysed, scale, record)
        return replace(found, warnings=decision.warnings + found.warnings)

    def _with_nuclei(
        self, picture: Picture, analysed: NDArray[np.bool_], scale: Scale, record: dict[str, Any]
    ) -> Segmentation:
        """Segment a brightfield picture that shows nuclei."""
        return segment_brightfield(picture, analysed, scale, self._settings, record)
