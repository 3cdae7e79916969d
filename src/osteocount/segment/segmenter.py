"""The classical segmenter: optical density, thresholds in physical units, shape; nothing learned."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteocount.io.picture import Picture
from osteocount.io.tiled_image import InMemoryImage, TiledImage
from osteocount.segment.detectors.classical import ClassicalDetector
from osteocount.segment.detectors.detector import Detector
from osteocount.segment.preprocess.scale import LOW_POWER_UM, Scale, working_scale
from osteocount.segment.preprocess.well_mask import Circle, inside_circle
from osteocount.segment.regimes.brightfield import segment_brightfield
from osteocount.segment.regimes.fluorescence import segment_fluorescence
from osteocount.segment.regimes.low_power import segment_low_power
from osteocount.segment.regimes.out_of_domain import refuse_out_of_domain
from osteocount.segment.regimes.recognise import Decision, check_colour, decide, shows_fluorescence
from osteocount.segment.segmentation import Segmentation
from osteocount.segment.tiling.overview import Overview, read_overview
from osteocount.segment.tiling.sparse import Sparse, precompute_tiles, segment_sparsely
from osteocount.segment.tiling.tiles import TileShare
from osteocount.settings import Settings


@dataclass(frozen=True)
class _Decided:
    """The well, how the picture is analysed, and the record of both."""

    well: Circle | None
    decision: Decision
    record: dict[str, Any]


class ClassicalSegmenter:
    """Cells and nuclei by optical density and shape.

    Parameters
    ----------
    settings
        All settings of the run; ``picture`` and ``segment`` are used, and the osteoclast rule for the confidence.
    threads
        How many of them work on a picture; what is found does not depend on it.
    """

    name = "classical"
    reads_ahead = True  # a large picture; where the looking itself takes all cores, this would only cost memory

    def __init__(self, settings: Settings, threads: int = 1) -> None:
        self._settings, self._threads = settings, threads

    def segment(self, picture: Picture) -> Segmentation:
        """Find the cells and nuclei of ``picture``; see `Segmenter.segment`."""
        picture_settings = self._settings.picture
        if shows_fluorescence(picture, picture_settings.regime):
            reason = "asked for in the settings" if picture_settings.regime != "auto" else "separate or dark channels"
            record = {"segmenter": self.name, "regime": "fluorescence", "regime_reason": reason}
            return segment_fluorescence(picture, self._settings, record)
        return self._brightfield(picture)

    def segment_regions(self, regions: TiledImage, scratch: Path | None = None) -> Sparse | None:
        """Find the cells and nuclei of a brightfield picture too large for the memory.

        Parameters
        ----------
        regions
            The picture.
        scratch
            Folder for finished tiles, of this picture and these settings alone; tiles in it are not worked on again.

        Returns
        -------
        The same cells and nuclei as `segment`. None when the picture is of another regime, or this method has to see
        it as a whole.

        Raises
        ------
        OsteoCountError
            As for `segment`.
        """
        decided = self._in_tiles(regions)
        if decided is None:
            return None
        scale = working_scale(decided.decision.um_per_px, decided.decision.origin)
        found = segment_sparsely(
            regions,
            decided.well,
            scale,
            self._detector(scale),
            self._settings,
            decided.record,
            scratch=scratch,
            read_ahead=self._threads > 1 and self.reads_ahead,
        )
        return replace(found, warnings=decided.decision.warnings + found.warnings)

    def precompute_tiles(self, regions: TiledImage, scratch: Path, share: TileShare) -> None:
        """Work on a share of the tiles of a large picture; see `Segmenter.precompute_tiles`."""
        decided = self._in_tiles(regions)
        if decided is not None:
            scale = working_scale(decided.decision.um_per_px, decided.decision.origin)
            precompute_tiles(regions, decided.well, scale, self._detector(scale), scratch, share)

    def _in_tiles(self, regions: TiledImage) -> _Decided | None:
        """Decide how a large picture is analysed; None when it cannot be done in tiles."""
        seen = read_overview(regions)
        if shows_fluorescence(seen.overview, self._settings.picture.regime):
            return None
        decided = self._decided(seen)
        self._check(seen, decided)
        return decided if decided.decision.regime == "brightfield" else None

    def _brightfield(self, picture: Picture) -> Segmentation:
        seen = read_overview(InMemoryImage(picture))
        decided = self._decided(seen)
        with ThreadPoolExecutor(1) as beside:
            if self._threads == 1:
                self._check(seen, decided)
                return self._segmented(picture, decided)
            checked = beside.submit(self._check, seen, decided)
            try:
                return self._segmented(picture, decided)
            finally:
                checked.result()  # whatever else is wrong with a picture that is none of TRAP, this is the reason

    def _check(self, seen: Overview, decided: _Decided) -> None:
        """Refuse what is no picture of a TRAP culture."""
        refuse_out_of_domain(seen.centre, seen.centre_inside(decided.well), decided.decision.um_per_px)

    def _segmented(self, picture: Picture, decided: _Decided) -> Segmentation:
        decision = decided.decision
        analysed = inside_circle(picture.pixels.shape[:2], decided.well)
        if decision.regime == "low_power":
            scale = working_scale(decision.um_per_px, decision.origin, LOW_POWER_UM)
            found = segment_low_power(picture, analysed, scale, decision.mononuclear_um, self._settings, decided.record)
        else:
            scale = working_scale(decision.um_per_px, decision.origin)
            found = self._with_nuclei(picture, analysed, scale, decided.record)
        return replace(found, warnings=decision.warnings + found.warnings)

    def _decided(self, seen: Overview) -> _Decided:
        """Find the well and decide the regime of a brightfield picture."""
        check_colour(seen.overview)
        well = seen.well() if self._settings.segment.find_well_rim else None
        inside = seen.centre_inside(well)
        decision = decide(seen.centre, inside, self._settings)
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
        return _Decided(well, decision, record)

    def _with_nuclei(
        self, picture: Picture, analysed: NDArray[np.bool_], scale: Scale, record: dict[str, Any]
    ) -> Segmentation:
        """Segment a brightfield picture that shows nuclei."""
        return segment_brightfield(picture, analysed, scale, self._detector(scale), self._settings, record)

    def _detector(self, scale: Scale) -> Detector[Any]:
        """Return what finds cells and nuclei in a brightfield picture that shows nuclei."""
        return ClassicalDetector(scale, self._settings, self._threads)
