"""From a picture to cells and nuclei."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from osteocount.segment.detectors.detector import DetectionMethod
    from osteocount.segment.segmenter import Segmenter
    from osteocount.settings import Settings

__all__ = ["get_segmenter"]


def get_segmenter(settings: Settings, threads: int = 1) -> Segmenter:
    """Return the segmenter that ``settings.segment.segmenter`` names.

    It is made once per run and used for every picture; it keeps nothing from one picture to the next. What it finds
    does not depend on the number of ``threads`` that work on a picture.

    Raises
    ------
    OsteoCountError
        What the settings name is not there: a model, its library, a graphics card.
    """
    from osteocount.segment.segmenter import Segmenter

    return Segmenter(settings, _method(settings, threads), threads)


def _method(settings: Settings, threads: int) -> DetectionMethod:
    """Return how cells and nuclei are found; what a method needs is loaded only for it."""
    if settings.segment.segmenter == "learned":
        from osteocount.segment.detectors.learned import learned_method

        return learned_method(settings, threads)
    if settings.segment.model is not None:
        from osteocount.errors import OsteoCountError

        raise OsteoCountError(
            f"--model is for --segmenter learned, and this run asks for {settings.segment.segmenter}: leave one out."
        )
    if settings.segment.segmenter == "classical":
        from osteocount.segment.detectors.classical import classical_method

        return classical_method(settings)
    from osteocount.segment.detectors.external import external_method

    return external_method(settings)
