"""A cache of the network's maps over a picture of any size: each part is computed once where windows overlap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from osteocount.segment.backends.shipped import MARGIN, STEP, CellModel, LogitMaps
from osteocount.segment.tiling.tiles import Box, Density

_MOST_BYTES = 256 * 2**20  # of maps that are kept: those along the seams of a row of tiles 30,000 pixels wide


class MapCache:
    """The maps of the network, window by window.

    Windows overlap, and the network is most of the work. So what a later window shows again is kept for it.

    Parameters
    ----------
    model
        The network.
    density
        Of the picture.
    """

    def __init__(self, model: CellModel, density: Density) -> None:
        self.density = density
        self._model = model
        self._kept: list[tuple[Box, NDArray[np.float32]]] = []

    def read(self, box: Box, later: Sequence[Box] | None) -> tuple[NDArray[np.float32], LogitMaps]:
        """Return the optical density (height, width, 3) and the maps of a window.

        Parameters
        ----------
        box
            The window.
        later
            Where later windows lie, and no two of these boxes overlap; None: of this window nothing is kept, and all
            that was kept stays.
        """
        around = box.grown(MARGIN, self.density.view.shape)
        density = self.density.read(around)
        logits = np.empty((len(LogitMaps._fields), box.bottom - box.top, box.right - box.left), np.float32)
        missing = self._fill(logits, box)
        if missing is not None:
            self._model.fill(logits[:, *missing.within(box)], density, *missing.within(around))
        if later is not None:
            pieces = [*self._kept, (box, logits)]
            self._kept = []
            self._keep(pieces, later)
        return density[box.within(around)], LogitMaps(*logits)

    def _fill(self, logits: NDArray[np.float32], box: Box) -> Box | None:
        """Fill in what is kept of a window, and return a box that holds the rest."""
        height, width = logits.shape[1:]
        known = np.zeros((-(-height // STEP), -(-width // STEP)), bool)
        for where, maps in self._kept:
            both = where.shared(box)
            if both is not None:
                logits[:, *both.within(box)] = maps[:, *both.within(where)]
                rows, columns = both.within(box)
                known[_steps(rows, height), _steps(columns, width)] = True
        y, x = (np.flatnonzero(~known.all(axis=axis)) * STEP for axis in (1, 0))
        if not y.size:
            return None
        return Box(
            box.top + int(y[0]),
            min(box.top + int(y[-1]) + STEP, box.bottom),
            box.left + int(x[0]),
            min(box.left + int(x[-1]) + STEP, box.right),
        )

    def _keep(self, pieces: Sequence[tuple[Box, NDArray[np.float32]]], later: Sequence[Box]) -> None:
        """Keep what ``later`` windows show of the pieces, as far as there is room."""
        size = 0
        for region in later:
            for where, maps in pieces:
                both = where.shared(region)
                if both is None:
                    continue
                part = maps if both == where else maps[:, *both.within(where)].copy()
                size += part.nbytes
                if size <= _MOST_BYTES:
                    self._kept.append((both, part))


def _steps(part: slice, length: int) -> slice:
    """Return the steps that lie wholly in a part of a window."""
    return slice(-(-part.start // STEP), -(-length // STEP) if part.stop == length else part.stop // STEP)
