"""The classical segmenter: optical density, thresholds in physical units, shape; nothing learned."""

from __future__ import annotations

import numpy as np

from osteocount.io.picture import Picture
from osteocount.segment.brightfield import segment_brightfield
from osteocount.segment.scale import working_scale
from osteocount.segment.segmentation import Segmentation
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
        analysed = np.ones(picture.pixels.shape[:2], bool)
        scale = working_scale(picture.pixel_size.um or 0.76, picture.pixel_size.origin)
        return segment_brightfield(picture, analysed, scale, self._settings, {"working_um_per_px": scale.um})
