"""The network: a small U-Net at half resolution whose last step brings back full resolution."""

from __future__ import annotations

import torch
from torch import nn

#: What the output maps (logits) mean.
OUTPUTS = ("cell", "core", "centre", "nucleus")
_WIDTHS = (24, 48, 96, 128)
# The share of pixels that are centres, nuclei and so on: starting there spares the first hundred steps.
_FIRST_LOGITS = (-1.5, -1.5, -3.5, -2.0)


def _block(inside: int, outside: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (inside, outside):
        layers += [nn.Conv2d(channels, outside, 3, padding=1, bias=False), nn.BatchNorm2d(outside), nn.ReLU(True)]
    return nn.Sequential(*layers)


class CellNet(nn.Module):
    """Optical density (n, 3, h, w), h and w multiples of 16 → logits (n, 4, h, w) in the order of `OUTPUTS`.

    What ships is `quarters`, the network without its last step; that one has nothing to learn.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, _WIDTHS[0], 5, stride=2, padding=2), nn.ReLU(True))
        self.down = nn.ModuleList(_block(a, b) for a, b in zip((_WIDTHS[0], *_WIDTHS), _WIDTHS, strict=False))
        self.up = nn.ModuleList(
            _block(_WIDTHS[i + 1] + _WIDTHS[i], _WIDTHS[i]) for i in reversed(range(len(_WIDTHS) - 1))
        )
        self.head = nn.Conv2d(_WIDTHS[0], 4 * len(OUTPUTS), 3, padding=1)
        self.shuffle = nn.PixelShuffle(2)
        with torch.no_grad():
            self.head.bias.copy_(torch.tensor(_FIRST_LOGITS).repeat_interleave(4))

    def forward(self, density: torch.Tensor) -> torch.Tensor:
        """Return the logits of the maps."""
        return self.shuffle(self.quarters(density))

    def quarters(self, density: torch.Tensor) -> torch.Tensor:
        """Return the logits (n, 16, h / 2, w / 2), each map as its even and odd rows, of each its columns."""
        x, kept = self.stem(density), []
        for level, block in enumerate(self.down):
            x = block(x if level == 0 else nn.functional.max_pool2d(x, 2))
            kept.append(x)
        for level, block in enumerate(self.up):
            x = nn.functional.interpolate(x, scale_factor=2.0, mode="nearest")
            x = block(torch.cat([x, kept[len(self.down) - 2 - level]], 1))
        return self.head(x)
