"""Train the network on simulated scenes.

``python training/train.py TRAIN OUT.pt``: TRAIN is a folder written by ``data.py``. The same seed, steps and number of
threads give the same network on the same machine.

A network that learns from simulated pictures alone comes to know their simulator: after some thousand steps it gets
ever better there and worse on real pictures. So its weights are averaged over the training (Cha et al. 2021, SWAD,
arXiv:2102.08604).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from augment import Floats, batches
from network import CELLS, CellNet, Shape
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

# What chose these values is not recorded, but that averaging came of the annotated real picture (docs/model_card.md).
_BATCH = 8
_RATE = 3e-3
_WARM_UP = 100
_SMOOTH = 0.995  # what is averaged over the way is itself a running mean of the last few hundred steps
_KEEP_EVERY = 500
_AVERAGED_FROM = 3000  # steps from which on it is averaged
_IMPORTANCE = (1.0, 1.0, 3.0, 1.5)  # of cell, core, centre, nucleus

Batches = Iterator[tuple[Floats, Floats, Floats]]


def loss_of(
    logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, importance: tuple[float, ...]
) -> torch.Tensor:
    """Weighted cross-entropy: each map is averaged over the pixels that count for it."""
    raw = binary_cross_entropy_with_logits(logits, targets, weight=weights, reduction="none")
    each = raw.sum((0, 2, 3)) / weights.sum((0, 2, 3)).clamp(min=1.0)
    return (each * torch.tensor(importance)).sum()


def rate(step: int, steps: int) -> float:
    """Learning rate: a short warm-up, then down along a cosine."""
    return float(_RATE * min(1.0, (step + 1) / _WARM_UP) * (0.505 + 0.495 * np.cos(np.pi * step / steps)))


def run_steps(
    crops: Batches, steps: int, keep: Callable[[int, CellNet], None], shape: Shape, importance: tuple[float, ...]
) -> None:
    """Take a step for every batch; ``keep`` sees a running mean of the network after each."""
    # Half as long where the processor multiplies 16-bit numbers, many times as long where it does not.
    short = bool(torch.cpu.get_capabilities().get("avx512_bf16"))
    network = CellNet(shape).to(memory_format=torch.channels_last)
    mean = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(_SMOOTH), use_buffers=True)
    optimiser = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=1e-3)
    start, shown = time.monotonic(), 0.0
    for step, arrays in enumerate(crops):
        for group in optimiser.param_groups:
            group["lr"] = rate(step, steps)
        density, targets, weights = (torch.from_numpy(array) for array in arrays)
        with torch.autocast("cpu", torch.bfloat16, enabled=short):
            logits = network(density.contiguous(memory_format=torch.channels_last))
        loss = loss_of(logits.float(), targets, weights, importance)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        mean.update_parameters(network)
        keep(step + 1, mean.module)
        shown = 0.98 * shown + 0.02 * loss.item()
        if (step + 1) % 50 == 0:
            print(f"{step + 1} {time.monotonic() - start:.0f}s loss {shown / (1 - 0.98 ** (step + 1)):.4f}", flush=True)


def with_new_norms(average: AveragedModel, crops: Batches) -> CellNet:
    """Return the averaged network, with its normalisation worked out anew on some crops."""
    network: CellNet = average.module
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.reset_running_stats()
            layer.momentum = None
    network.train()
    with torch.no_grad():
        for density, _, _ in crops:
            network(torch.from_numpy(density).contiguous(memory_format=torch.channels_last))
    return network


def train(asked: argparse.Namespace) -> None:
    """Learn, average, and write the network."""
    torch.manual_seed(asked.seed)
    torch.set_num_threads(asked.threads)
    torch.use_deterministic_algorithms(True)
    average = AveragedModel(CellNet())

    def keep(step: int, mean: CellNet) -> None:
        if step % _KEEP_EVERY == 0 and step >= _AVERAGED_FROM:
            average.update_parameters(mean)

    run_steps(batches(asked.train, asked.seed, _BATCH, asked.steps), asked.steps, keep, CELLS, _IMPORTANCE)
    network = with_new_norms(average, batches(asked.train, asked.seed + 1, _BATCH, 60))
    torch.save(network.state_dict(), asked.out)


def main() -> None:
    """Train as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=14000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    train(asked)


if __name__ == "__main__":
    main()
