"""The front end of every segmenter: which regime, where the well lies, at which scale; a method finds the cells."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteocount.io.picture import Picture, Pixels
from osteocount.io.tiled_image import InMemoryImage, TiledImage
from osteocount.segment.detectors.detector import DetectionMethod
from osteocount.segment.preprocess.analysed_area import AnalysedArea
from osteocount.segment.preprocess.scale import Scale, working_scale
from osteocount.segment.preprocess.unimaged import ImagedOnly, find_gaps, painted
from osteocount.segment.regimes.brightfield import BrightfieldImage, segment_brightfield, stain_brightfield
from osteocount.segment.regimes.fluorescence import segment_fluorescence
from osteocount.segment.regimes.low_power import segment_low_power
from osteocount.segment.regimes.out_of_domain import refuse_out_of_domain
from osteocount.segment.regimes.recognise import (
    Decision,
    Overview,
    check_colour,
    decide,
    read_overview,
    shows_fluorescence,
)
from osteocount.segment.segmentation import Segmentation, WholePictureNeeded
from osteocount.segment.tiling.checkpoint import TileCheckpoint
from osteocount.segment.tiling.tiles import TILE_SIDE, TileShare
from osteocount.settings import Settings

_NO_PART = "the lab's network is for low power, and had no part in this picture, which shows nuclei or fluorescence."


@dataclass(frozen=True)
class _Decided:
    """A brightfield picture: its analysed part, how it is analysed, and the record of both.

    Not the overview by which it was decided: of 60 megapixels it is 24 MB, which would be held until the last tile.
    """

    area: AnalysedArea
    decision: Decision
    record: dict[str, Any]
    warnings: tuple[str, ...]

    @property
    def scale(self) -> Scale:
        """The grid to work on, where nuclei are seen."""
        return working_scale(self.decision.um_per_px, self.decision.origin)

    def check_domain(self, overview: Overview) -> None:
        """Refuse what is no picture of a TRAP culture."""
        refuse_out_of_domain(overview.centre, overview.centre_inside(self.area), self.decision.um_per_px)


class Segmenter:
    """A way to find cells and nuclei in a picture of any size and regime.

    Parameters
    ----------
    settings
        All settings of the run; ``picture`` and ``segment`` are used, and the osteoclast rule for the confidence.
    method
        What finds cells and nuclei, once it is known what the picture shows.
    threads
        How many of them work on a picture; what is found does not depend on it.
    """

    def __init__(self, settings: Settings, method: DetectionMethod, threads: int = 1) -> None:
        self._settings, self._method, self._threads = settings, method, threads

    @property
    def name(self) -> str:
        """As the settings call it."""
        return self._method.name

    def segment(self, image: Picture | TiledImage, scratch: Path | None = None) -> Segmentation:
        """Find the cells and nuclei of a picture.

        Parameters
        ----------
        image
            A picture in memory, or one too large for it, which is worked through in tiles.
        scratch
            Folder for finished tiles, of this picture and these settings alone, by which a run that was killed goes
            on; a picture in memory does not need it.

        Raises
        ------
        OsteoCountError
            The picture is not one this method can read (phase contrast, empty, wrong stain); the text says why.
        WholePictureNeeded
            A tiled ``image`` is of a regime, or for a method, that has to see it as a whole.
        """
        found = self._of_picture(image) if isinstance(image, Picture) else self._in_tiles(image, scratch)
        if self._settings.segment.model is not None and found.regime != "low_power":
            found = replace(found, warnings=(*found.warnings, _NO_PART))
        by = self._method.elsewhere.get(found.regime)
        return found if by is None else replace(found, record={**found.record, "cells_and_nuclei_by": by})

    def recognise(self, picture: Picture) -> dict[str, Any]:
        """Return what the record of a picture says of its regime and scale, before anything is looked for in it.

        Raises
        ------
        OsteoCountError
            As for `segment`.
        """
        wanted = self._settings.picture.regime
        overview = read_overview(InMemoryImage(picture))
        if _sees_fluorescence(picture, overview, wanted):
            return self._fluorescence_record(wanted)
        decided = self._decided(overview)
        decided.check_domain(overview)
        return decided.record

    def estimate_low_power_um(self, image: TiledImage) -> float | None:
        """Estimate the µm per pixel of a picture taken at low power, by how its cells look; None: it cannot be told."""
        overview = read_overview(image)
        well = overview.well() if self._settings.segment.find_well_rim else None
        area = AnalysedArea(well, overview.unimaged)
        return self._low_power_um(overview.centre.pixels, overview.centre_inside(area))

    def precompute_tiles(self, image: TiledImage, scratch: Path, share: TileShare) -> None:
        """Work on a share of the tiles of a large picture, for a `segment` with the same ``scratch``.

        A picture that is not worked through in tiles is left alone.

        Raises
        ------
        OsteoCountError
            As for `segment`.
        """
        try:
            decided = self._decided_for_tiles(image)
        except WholePictureNeeded:
            return
        self._field(image, decided, share=share).precompute(TileCheckpoint(scratch))

    def _of_picture(self, picture: Picture) -> Segmentation:
        wanted = self._settings.picture.regime
        overview = read_overview(InMemoryImage(picture))
        if _sees_fluorescence(picture, overview, wanted):
            return self._fluorescence(picture, self._fluorescence_record(wanted))
        decided = self._decided(overview)
        if decided.area.unimaged is not None:
            picture = replace(picture, pixels=painted(picture.pixels, decided.area.unimaged))
        if self._threads == 1:
            decided.check_domain(overview)
            return self._brightfield(picture, decided)
        with ThreadPoolExecutor(1) as beside:
            checked = beside.submit(decided.check_domain, overview)
            try:
                return self._brightfield(picture, decided)
            finally:
                checked.result()  # whatever else is wrong with a picture that is none of TRAP, this is the reason

    def _fluorescence(self, picture: Picture, record: dict[str, Any]) -> Segmentation:
        gaps = find_gaps(picture)
        warnings: tuple[str, ...] = ()
        if gaps is not None:
            picture = replace(picture, pixels=painted(picture.pixels, gaps))
            inside = ~gaps.contains(*(np.arange(side) for side in picture.pixels.shape[:2]))
            record, warnings = _with_gaps(record, inside)
        found = segment_fluorescence(picture, self._settings, record, AnalysedArea(None, gaps))
        return self._outlined(picture, replace(found, warnings=(*warnings, *found.warnings)))

    def _fluorescence_record(self, wanted: str) -> dict[str, Any]:
        reason = "asked for in the settings" if wanted != "auto" else "separate or dark channels"
        return {"segmenter": self.name, "regime": "fluorescence", "regime_reason": reason}

    def _brightfield(self, picture: Picture, decided: _Decided) -> Segmentation:
        decision = decided.decision
        if decision.regime != "low_power":
            return self._outlined(picture, self._with_nuclei(InMemoryImage(picture), decided, whole=True))
        detector = self._method.low_power()
        found = segment_low_power(picture, decided.area, decision, detector, self._settings, decided.record)
        return replace(found, warnings=decided.warnings + found.warnings)

    def _with_nuclei(
        self, image: TiledImage, decided: _Decided, *, whole: bool, scratch: Path | None = None
    ) -> Segmentation:
        """Segment a brightfield picture that shows nuclei; for a method that outlines cells itself, only its stain."""
        if self._method.outline is not None:
            found = stain_brightfield(self._field(image, decided, tile_side=TILE_SIDE), self._settings, decided.record)
        else:
            at_once = 1 if whole else min(self._threads, self._method.tiles_at_once)
            field = self._field(image, decided, tile_side=TILE_SIDE if whole else None, at_once=at_once)
            found = segment_brightfield(field, self._settings, decided.record, whole=whole, scratch=scratch)
        return replace(found, warnings=decided.warnings + found.warnings)

    def _field(self, image: TiledImage, decided: _Decided, at_once: int = 1, **how: Any) -> BrightfieldImage[Any]:
        """Return the picture with bare plastic where nothing was imaged, ready to be worked on."""
        shown = image if decided.area.unimaged is None else ImagedOnly(image, decided.area.unimaged)
        detector = self._method.detector(decided.scale, self._threads // at_once)
        return BrightfieldImage(shown, decided.area, decided.scale, detector, at_once=at_once, **how)

    def _outlined(self, picture: Picture, found: Segmentation) -> Segmentation:
        return found if self._method.outline is None else self._method.outline(picture, found)

    def _in_tiles(self, image: TiledImage, scratch: Path | None) -> Segmentation:
        found = self._with_nuclei(image, self._decided_for_tiles(image), whole=False, scratch=scratch)
        if self._method.release is not None:
            self._method.release()
        return found

    def _decided_for_tiles(self, image: TiledImage) -> _Decided:
        """Decide how a large picture is analysed, and refuse it before hours are spent on it."""
        if self._method.outline is not None:
            raise WholePictureNeeded
        overview = read_overview(image)
        if shows_fluorescence(overview.reduced, self._settings.picture.regime, overview.imaged):
            raise WholePictureNeeded
        decided = self._decided(overview)
        decided.check_domain(overview)
        if decided.decision.regime != "brightfield":
            raise WholePictureNeeded
        return decided

    def _low_power_um(self, pixels: Pixels, inside: NDArray[np.bool_]) -> float | None:
        return self._method.low_power().estimate_um(pixels, inside)

    def _decided(self, overview: Overview) -> _Decided:
        """Find the well and decide the regime of a brightfield picture."""
        check_colour(overview.reduced)
        well = overview.well() if self._settings.segment.find_well_rim else None
        area = AnalysedArea(well, overview.unimaged)
        decision = decide(overview.centre, overview.centre_inside(area), self._settings, self._low_power_um)
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
        warnings = decision.warnings
        if overview.unimaged is not None:
            record, said = _with_gaps(record, overview.imaged)
            warnings += said
        return _Decided(area, decision, record, warnings)


def _with_gaps(record: dict[str, Any], imaged: NDArray[np.bool_]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the record with the share of a picture that was never imaged, and the sentence that says so."""
    share = 1 - float(np.count_nonzero(imaged)) / imaged.size
    said = (
        f"{100 * share:.1f} % of the picture was never imaged (transparent, or filled with black or white): no cells "
        "are looked for there, and it is no imaged area."
    )
    return {**record, "never_imaged_share": round(share, 4)}, (said,)


def _sees_fluorescence(picture: Picture, overview: Overview, wanted: str) -> bool:
    """Tell fluorescence from brightfield, of a colour picture by its overview and what was imaged of it."""
    if picture.kind != "rgb":
        return shows_fluorescence(picture, wanted, None)
    return shows_fluorescence(overview.reduced, wanted, overview.imaged)
