"""Which part of a picture is analysed: what lies inside the well and was imaged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osteocount.segment.preprocess.unimaged import UnimagedArea
from osteocount.segment.preprocess.well_mask import Circle


@dataclass(frozen=True)
class AnalysedArea:
    """The analysed part of a picture.

    Attributes
    ----------
    well
        The inner edge of its rim; None: no rim is seen, all of the picture is inside.
    unimaged
        What was never imaged; None: all of it was.
    """

    well: Circle | None = None
    unimaged: UnimagedArea | None = None

    @property
    def is_everything(self) -> bool:
        """True when all of the picture is analysed."""
        return self.well is None and self.unimaged is None

    def contains(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Return (rows, columns) bool, True for the pixels that are analysed; rows and columns ascend."""
        everywhere = np.ones((rows.size, columns.size), bool)
        inside = everywhere if self.well is None else self.well.contains(rows, columns)
        return inside if self.unimaged is None else inside & ~self.unimaged.contains(rows, columns)


EVERYTHING = AnalysedArea()
"""All of a picture."""
