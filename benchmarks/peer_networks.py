"""How long the network of another program takes for one picture, on one thread: ``peer_networks.py NAME PICTURE``.

Run by `peers.py` in an environment that has them. The weights are random: only the time is asked for, and neither masks
nor polygons are made. Prints seconds by the clock and of the processor, of one run after one of a small piece.
"""

from __future__ import annotations

import os
import sys
import time

os.environ |= {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}

import numpy as np
import tifffile


def cellpose(picture):
    """Cellpose 3: its residual U-Net."""
    import torch
    from cellpose.resnet_torch import CPnet

    torch.set_num_threads(1)
    network = CPnet([2, 32, 64, 128, 256], 3, 3).eval()

    def run(piece):
        with torch.inference_mode():
            network(torch.from_numpy(np.moveaxis(piece[..., :2], 2, 0)[None]))

    run(picture[:256, :256])
    return lambda: run(picture)


def stardist(picture):
    """StarDist 2D: its U-Net."""
    from stardist.models import Config2D, StarDist2D

    network = StarDist2D(Config2D(n_channel_in=3), name=None, basedir=None)
    network.predict(picture[:256, :256])
    return lambda: network.predict(picture, n_tiles=(2, 2, 1))


def main():
    name, path = sys.argv[1:]
    run = {"cellpose": cellpose, "stardist": stardist}[name](tifffile.imread(path).astype(np.float32) / 255)
    before = time.perf_counter(), time.process_time()
    run()
    print(time.perf_counter() - before[0], time.process_time() - before[1])


if __name__ == "__main__":
    main()
