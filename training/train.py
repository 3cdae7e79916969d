"""Train the network on simulated scenes and keep a checkpoint every 500 steps.

``python training/train.py TRAIN OUT --steps 14000 --seed 1``: TRAIN is a folder written by ``data.py``. The same seed,
steps and number of threads give the same network on the same machine.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from crops import batches
from network import CellNet
from torch.nn.functional import binary_cross_entropy_with_logits

_RATE = 3e-3
_WARM_UP = 100
_KEEP_EVERY = 500
_BATCH = 8
_AVERAGE = 0.995  # the network that is kept is a running mean of the last few hundred steps
_IMPORTANCE = (1.0, 1.0, 3.0, 1.5)  # of cell, core, centre, nucleus


def loss_of(logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Weighted cross-entropy: each map is averaged over the pixels that count for it."""
    raw = binary_cross_entropy_with_logits(logits, targets, weight=weights, reduction="none")
    each = raw.sum((0, 2, 3)) / weights.sum((0, 2, 3)).clamp(min=1.0)
    return (each * torch.tensor(_IMPORTANCE)).sum()


def rate(step: int, steps: int) -> float:
    """Learning rate: a short warm-up, then down along a cosine."""
    return _RATE * min(1.0, (step + 1) / _WARM_UP) * (0.505 + 0.495 * np.cos(np.pi * step / steps))


def train(asked: argparse.Namespace) -> None:
    """Take ``asked.steps`` steps and write the checkpoints into ``asked.out``."""
    torch.manual_seed(asked.seed)
    torch.set_num_threads(asked.threads)
    torch.use_deterministic_algorithms(True)
    # Half as long where the processor multiplies 16-bit numbers, many times as long where it does not.
    short = bool(torch.cpu.get_capabilities().get("avx512_bf16"))
    network = CellNet().to(memory_format=torch.channels_last)
    mean = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(_AVERAGE), use_buffers=True
    )
    optimiser = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=1e-3)
    start, shown = time.monotonic(), 0.0
    for step, arrays in enumerate(batches(asked.train, asked.seed, _BATCH, asked.steps)):
        for group in optimiser.param_groups:
            group["lr"] = rate(step, asked.steps)
        density, targets, weights = (torch.from_numpy(array) for array in arrays)
        with torch.autocast("cpu", torch.bfloat16, enabled=short):
            logits = network(density.contiguous(memory_format=torch.channels_last))
        loss = loss_of(logits.float(), targets, weights)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        mean.update_parameters(network)
        shown = 0.98 * shown + 0.02 * loss.item()
        if (step + 1) % 50 == 0:
            print(f"{step + 1} {time.monotonic() - start:.0f}s loss {shown / (1 - 0.98 ** (step + 1)):.4f}", flush=True)
        if (step + 1) % _KEEP_EVERY == 0:
            torch.save(mean.module.state_dict(), asked.out / f"{step + 1:05d}.pt")


def main() -> None:
    """Train as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("train", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=14000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    train(asked)


if __name__ == "__main__":
    main()
