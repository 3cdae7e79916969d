"""From a picture to cells and nuclei."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from osteocount.segment.segmentation import Segmenter
    from osteocount.settings import Settings

__all__ = ["get_segmenter"]


def get_segmenter(settings: Settings, threads: int = 1) -> Segmenter:
    """Return the segmenter that ``settings.segment.segmenter`` names.

    It is made once per run and used for every picture; it keeps nothing from one picture to the next. What it finds
    does not depend on the number of ``threads`` that work on a picture.
    """
    if settings.segment.segmenter == "learned":
        from osteocount.segment.detectors.learned import LearnedSegmenter

        return LearnedSegmenter(settings, threads=threads)
    if settings.segment.segmenter != "classical":
        from osteocount.segment.detectors.external import ExternalSegmenter

        return ExternalSegmenter(settings)
    from osteocount.segment.segmenter import ClassicalSegmenter

    return ClassicalSegmenter(settings, threads)
