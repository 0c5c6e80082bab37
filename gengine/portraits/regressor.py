"""The small renderer of mouths: one pass of a half-million-parameter UNet (Ronneberger et al. 2015) paints what stands
between the lips and how the skin about them folds, as a change of the warped picture."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

KIND = "portrait-regressor"
INPUTS = 10
"""Channels: the warped crop, the photo's, and the masks of both."""
WIDTHS = (24, 48, 72)
"""Channels at each scale."""
GROUPS = 8
"""Of a normalisation."""


class Block(nn.Module):
    """Two convolutions beside a way around them (He et al. 2016)."""

    def __init__(self, takes: int, gives: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(takes, gives, 3, padding=1)
        self.second = nn.Conv2d(gives, gives, 3, padding=1)
        self.norms = nn.ModuleList([nn.GroupNorm(GROUPS, takes), nn.GroupNorm(GROUPS, gives)])
        self.around = nn.Conv2d(takes, gives, 1) if takes != gives else nn.Identity()
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        h = self.first(functional.silu(self.norms[0](x)))
        return self.around(x) + self.second(functional.silu(self.norms[1](h)))


class MouthRegressor(nn.Module):
    """``(N, 10, H, W)`` in -1..1 → the change ``(N, 3, H, W)`` of the warped crop."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.enter = nn.Conv2d(INPUTS, widths[0], 3, padding=1)
        self.down, self.shrink = nn.ModuleList(), nn.ModuleList()
        for here, after in zip(widths, (*widths[1:], None), strict=True):
            self.down.append(Block(here, here))
            if after is not None:
                self.shrink.append(nn.Conv2d(here, after, 3, 2, 1))
        self.middle = Block(widths[-1], widths[-1])
        self.up = nn.ModuleList(
            Block(below + here, here) for below, here in zip((widths[-1], *widths[:0:-1]), widths[::-1], strict=True)
        )
        self.leave = nn.Sequential(nn.GroupNorm(GROUPS, widths[0]), nn.SiLU(), nn.Conv2d(widths[0], 3, 3, padding=1))
        last: Any = self.leave[-1]
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def forward(self, x: Tensor) -> Tensor:
        h, kept = self.enter(x), []
        for k, block in enumerate(self.down):
            h = block(h)
            kept.append(h)
            if k < len(self.shrink):
                h = self.shrink[k](h)
        h = self.middle(h)
        for k, block in enumerate(self.up):
            if k:
                h = functional.interpolate(h, scale_factor=2.0, mode="nearest")
            h = block(torch.cat([h, kept.pop()], 1))
        return self.leave(h)
