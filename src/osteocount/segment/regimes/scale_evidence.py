"""What a picture without a pixel size shows of its scale: its mononuclear cells, and the rim of a whole well."""

from __future__ import annotations

from dataclasses import dataclass

from osteocount.io.tiled_image import TiledImage
from osteocount.segment.preprocess.analysed_area import AnalysedArea
from osteocount.segment.regimes.recognise import (
    LEAST_CELLS,
    MONONUCLEAR_UM,
    mononuclear_diameter,
    read_overview,
    shows_fluorescence,
)


@dataclass(frozen=True)
class ScaleEvidence:
    """What one picture says.

    Attributes
    ----------
    shape
        (height, width) of the picture.
    cells_um
        Micrometres per pixel by its mononuclear cells; None where there are too few.
    n_cells
        How many there are.
    rim_px
        Radius of the rim of a well that lies in the picture all around; None where none does.
    """

    shape: tuple[int, int]
    cells_um: float | None
    n_cells: int
    rim_px: float | None


def scale_evidence(image: TiledImage) -> ScaleEvidence | None:
    """Look at a picture in colour; None for fluorescence, whose scale nobody estimates from such cells."""
    overview = read_overview(image)
    if shows_fluorescence(overview.reduced, "auto", overview.imaged):
        return None
    well = overview.well()
    diameter, count = mononuclear_diameter(
        overview.centre, overview.centre_inside(AnalysedArea(well, overview.unimaged))
    )
    um = MONONUCLEAR_UM / diameter if count >= LEAST_CELLS else None
    height, width = image.shape[:2]
    whole = well is not None and well.is_within((height, width))
    return ScaleEvidence((height, width), um, count, well.radius if well is not None and whole else None)
