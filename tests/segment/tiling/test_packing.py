"""Bodies of cells packed into one small image."""

from __future__ import annotations

import numpy as np

from osteocount.segment.tiling.packing import connected_bodies, pack_bodies


def test_an_atlas_is_cut_between_shelves_into_strips_as_full_as_can_be():
    mask = np.zeros((900, 900), np.uint8)
    for top in range(10, 880, 60):
        for left in range(10, 880, 60):
            mask[top : top + 40, left : left + 45] = 1
    packed = pack_bodies(connected_bodies(mask))
    first, second = packed.strips(2)
    share = packed.mask[first].sum() / mask.sum()
    assert 0.4 < share < 0.6
    assert (first.stop, second.stop) == (second.start, packed.shape[0])
    assert not packed.mask[first.stop - 2 : first.stop + 2].any()
