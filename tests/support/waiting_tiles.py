"""A worker that waits after each tile, so that a test can look at it and end it in the middle of its work."""

from __future__ import annotations

import time
from pathlib import Path

from osteocount.io import picture
from osteocount.segment.tiling.checkpoint import TileCheckpoint


def wait_after_tiles(go_on, large):
    """Call pictures of so many pixels large, and wait for a file ``go_on`` after each tile, in this process."""
    picture.LARGE_PIXELS = large
    write = TileCheckpoint.write

    def write_and_wait(*given):
        write(*given)
        while not Path(go_on).exists():
            time.sleep(0.02)

    TileCheckpoint.write = write_and_wait
