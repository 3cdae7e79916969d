"""The steps by which a network learns further."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import cv2
import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from osteocount.finetune.crops import Lesson, random_batch
from osteocount.finetune.torch_network import TorchNetwork
from osteocount.segment.backends.onnx_file import OnnxFile, Weights

# With these, recall and precision rose on one annotated well that was left out (docs/finetune.md). No others were
# tried to the end; the network still learned when they ended, so more steps or a higher rate may give more.
_BATCH = (4, 4)  # crops of the lab's pictures, and simulated ones
_RATE = 3e-4
_WARM_UP = 30  # steps
_SMOOTH = 0.99  # of the running mean of the weights
_IMPORTANCE = (1.0, 1.0, 1.5, 0.5)  # of cell, core, osteoclast, centre


def learn(
    file: OnnxFile, annotated: Sequence[Lesson], simulated: Sequence[Lesson], steps: int, seed: int
) -> Generator[int, None, Weights]:
    """Take ``steps`` steps, half of each on annotated pictures and half on simulated ones.

    Yields
    ------
    How many steps are done.

    Returns
    -------
    The running mean of the weights, as the generator's return value.
    """
    cv2.setNumThreads(1)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    # Half as long where the processor multiplies 16-bit numbers, many times as long where it does not.
    short = device == "cuda" or bool(torch.cpu.get_capabilities().get("avx512_bf16"))
    network = TorchNetwork(file).to(device)
    mean = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(_SMOOTH))
    optimiser = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=1e-4)
    importance = torch.tensor(_IMPORTANCE, device=device)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = _rate(step, steps)
        batches = [random_batch(lessons, n, rng) for lessons, n in zip((annotated, simulated), _BATCH, strict=True)]
        density, targets, weights = (
            torch.from_numpy(np.concatenate(part)).to(device) for part in zip(*batches, strict=True)
        )
        with torch.autocast(device, torch.bfloat16, enabled=short):
            logits = network(density.contiguous(memory_format=torch.channels_last))
        raw = binary_cross_entropy_with_logits(logits.float(), targets, weight=weights, reduction="none")
        each = raw.sum((0, 2, 3)) / weights.sum((0, 2, 3)).clamp(min=1.0)
        optimiser.zero_grad()
        (each * importance).sum().backward()
        optimiser.step()
        mean.update_parameters(network)
        yield step + 1
    learned: Weights = mean.module.weights()
    return learned


def _rate(step: int, steps: int) -> float:
    """Learning rate: a short warm-up, then down along a cosine."""
    return float(_RATE * min(1.0, (step + 1) / _WARM_UP) * (0.505 + 0.495 * np.cos(np.pi * step / steps)))
