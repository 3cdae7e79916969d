"""The network: a small U-Net at half resolution whose last step brings back full resolution."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn


class Shape(NamedTuple):
    """What tells one network from another.

    Attributes
    ----------
    widths
        Channels at half, a quarter, an eighth … of the resolution.
    outputs
        What the output maps (logits) mean.
    first_logits
        Where they begin, by the share of pixels that are centres, nuclei and so on: it spares the first hundred steps.
    """

    widths: tuple[int, ...]
    outputs: tuple[str, ...]
    first_logits: tuple[float, ...]


CELLS = Shape((16, 32, 96, 128), ("cell", "core", "centre", "nucleus"), (-1.5, -1.5, -3.5, -2.0))
#: One halving more, since giants are a hundred pixels across; multiples of 16, which processors work through best.
LOW_POWER = Shape((16, 32, 64, 96, 128), ("cell", "core", "osteoclast", "centre"), (-1.5, -1.5, -1.5, -3.5))


def _block(inside: int, outside: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (inside, outside):
        layers += [nn.Conv2d(channels, outside, 3, padding=1, bias=False), nn.BatchNorm2d(outside), nn.ReLU(True)]
    return nn.Sequential(*layers)


class CellNet(nn.Module):
    """Optical density (n, 3, h, w), h and w multiples of the least resolution → logits (n, outputs, h, w).

    What ships is `quarters`, the network without its last step; that one has nothing to learn.
    """

    def __init__(self, shape: Shape = CELLS) -> None:
        super().__init__()
        widths = shape.widths
        self.stem = nn.Sequential(nn.Conv2d(3, widths[0], 5, stride=2, padding=2), nn.ReLU(True))
        self.down = nn.ModuleList(_block(a, b) for a, b in zip((widths[0], *widths), widths, strict=False))
        self.up = nn.ModuleList(_block(widths[i + 1] + widths[i], widths[i]) for i in reversed(range(len(widths) - 1)))
        self.head = nn.Conv2d(widths[0], 4 * len(shape.outputs), 3, padding=1)
        self.shuffle = nn.PixelShuffle(2)
        with torch.no_grad():
            self.head.bias.copy_(torch.tensor(shape.first_logits).repeat_interleave(4))

    def forward(self, density: torch.Tensor) -> torch.Tensor:
        """Return the logits of the maps."""
        return self.shuffle(self.quarters(density))

    def quarters(self, density: torch.Tensor) -> torch.Tensor:
        """Return the logits (n, 4 outputs, h / 2, w / 2), each map as its even and odd rows, of each its columns."""
        x, kept = self.stem(density), []
        for level, block in enumerate(self.down):
            x = block(x if level == 0 else nn.functional.max_pool2d(x, 2))
            kept.append(x)
        for level, block in enumerate(self.up):
            x = nn.functional.interpolate(x, scale_factor=2.0, mode="nearest")
            x = block(torch.cat([x, kept[len(self.down) - 2 - level]], 1))
        return self.head(x)
