"""Flow matching of poses: a decoder that undoes noise in a few long steps, how it is sampled, and what it learns.

Noise ``x_0`` and clean poses ``x_1`` are joined by straight lines ``x_t = x_0 + t (x_1 - x_0)`` (flow matching:
Lipman et al. 2023, arXiv:2210.02747). The decoder predicts the clean poses, from which the way on follows. Few long
steps of such a flow fall back towards the mean, so the decoder is told how long a step is and learns that one long
step shall end where two of half its length do (shortcut models: Frans et al. 2024, arXiv:2410.12557).

This file imports torch; import it only where a network is built.
"""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor, nn

KERNEL = 9
"""Frames that a block's convolution sees (judgement: 0.6 s at 15 fps, 1.2 s in patches of two)."""
FREQUENCIES = (5.0, 16)
"""Sines that tell of a time: logarithm of the highest frequency (radians), and how many (judgement)."""
TIME_CHANNELS = 128
"""Hidden channels of the time's network (judgement)."""
ROUNDING = 1.01
"""A step may be shorter than the finest one by rounding and still count as it."""
URGENCY = (0.05, 10.0)
"""Floor of (1 - t)² and bound of its inverse, by which losses weigh more where little noise is left (judgement)."""


class ConvNeXtBlock(nn.Module):
    """A ConvNeXt block over time (Liu et al. 2022, arXiv:2201.03545): depth-wise convolution, then a two-layer MLP."""

    def __init__(self, width: int, kernel: int = KERNEL, dropout: float = 0.0) -> None:
        super().__init__()
        # In two dimensions, because (B, T, W) is then already "channels last", which is 5 x faster on a CPU.
        self.over_time = nn.Conv2d(width, width, (kernel, 1), padding=(kernel // 2, 0), groups=width)
        self.norm = nn.LayerNorm(width)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, scale: Tensor | None = None, shift: Tensor | None = None) -> Tensor:
        """``(B, T, W)`` → ``(B, T, W)``; ``scale``, ``shift (B, 1, W)`` come from the time of the flow."""
        h = self.norm(self._over_time(x))
        if scale is not None and shift is not None:
            h = h * (1 + scale) + shift
        return x + self.drop(self.down(nn.functional.gelu(self.up(h))))

    def _over_time(self, x: Tensor) -> Tensor:
        conv = self.over_time
        if torch.is_grad_enabled():  # views, not copies: what is "channels last" must stay it
            return conv(x.transpose(1, 2).unsqueeze(-1)).squeeze(-1).transpose(1, 2)
        # One window at a time, a library's convolution spends 4 x longer on getting ready than on this product.
        kernel, bias = conv.weight[:, 0, :, 0].T, conv.bias  # views: naming the axes costs as much as the product
        assert bias is not None
        aside = len(kernel) // 2
        taps = nn.functional.pad(x, (0, 0, aside, aside)).unfold(1, len(kernel), 1).transpose(2, 3)
        return (taps * kernel).sum(2) + bias


class FlowDecoder(nn.Module):
    """Noisy poses, the poses before the window, conditions → clean poses."""

    frequencies: Tensor

    def __init__(self, axes: int, given: int, width: int, blocks: int, patch: int) -> None:
        super().__init__()
        self.patch = patch
        highest, count = FREQUENCIES
        self.inward = nn.Linear((2 * axes + 1 + given) * patch, width)
        self.blocks = nn.ModuleList(ConvNeXtBlock(width) for _ in range(blocks))
        self.time = nn.Sequential(
            nn.Linear(4 * count, TIME_CHANNELS), nn.SiLU(), nn.Linear(TIME_CHANNELS, 2 * width * blocks)
        )
        self.norm, self.outward = nn.LayerNorm(width), nn.Linear(width, axes * patch)
        self.register_buffer("frequencies", torch.exp(torch.linspace(0.0, highest, count)), persistent=False)

    def modulation(self, t: Tensor, stride: Tensor) -> Tensor:
        """Scales and shifts ``(B, 1, 2 * width * blocks)`` of all blocks for the times ``t (B,)`` and the lengths of
        the steps ``stride (B,)`` (0: very short)."""
        phase = torch.stack([t, stride], 1)[..., None] * self.frequencies
        told = rearrange([phase.sin(), phase.cos()], "wave b n f -> b (n wave f)")
        return self.time(told)[:, None]

    def forward(self, x: Tensor, modulation: Tensor, seed: Tensor, given: Tensor) -> Tensor:
        """Clean poses ``(B, T, axes)`` from ``x (B, T, axes)`` at times 0 (noise) to 1 (pose).

        ``modulation`` tells the time and the step to come; ``seed (B, T, axes + 1)`` holds the poses before the
        window and whether each is given, ``given (B, T, ·)`` the conditions.
        """
        each = modulation.chunk(2 * len(self.blocks), -1)
        h = torch.cat([x, seed, given], -1)
        if rest := -x.shape[1] % self.patch:
            h = torch.cat([h, h[:, -1:].expand(-1, rest, -1)], 1)
        h = self.inward(rearrange(h, "b (t p) c -> b t (p c)", p=self.patch))
        for i, block in enumerate(self.blocks):
            h = block(h, each[2 * i], each[2 * i + 1])
        return rearrange(self.outward(self.norm(h)), "b t (p c) -> b (t p) c", p=self.patch)[:, : x.shape[1]]

    def advance(self, x: Tensor, modulation: Tensor, share: float | Tensor, seed: Tensor, given: Tensor) -> Tensor:
        """``x`` moved on by a ``share`` of the way (1: all of it) towards the clean poses."""
        clean = self(x, modulation, seed, given)
        return clean + (x - clean) * (1 - share)

    def shortcut(self, x: Tensor, t: Tensor, stride: Tensor, finest: int, seed: Tensor, given: Tensor) -> Tensor:
        """The clean poses that one step of ``stride (B,)`` must predict to end where two of half of it do.

        ``finest``: steps shorter than 1 / ``finest`` are told no length.
        """
        half = stride / 2
        told = torch.where(half > ROUNDING / finest, half, 0.0)
        there = x
        for now in (t, t + half):
            there = self.advance(there, self.modulation(now, told), (half / (1 - now))[:, None, None], seed, given)
        return x + (there - x) * ((1 - t) / stride)[:, None, None]

    def sample(self, x: Tensor, seed: Tensor, given: Tensor, steps: int, finest: int) -> Tensor:
        """Poses from noise ``x (B, T, axes)`` in ``steps`` equal steps; their length is told where it is longer than
        1 / ``finest`` (0: never)."""
        times = torch.arange(steps, device=x.device) / steps
        told = 1 / steps if steps < finest else 0.0
        each = self.modulation(times, torch.full_like(times, told))  # of all steps at once: its weights are read once
        for k in range(steps):
            x = self.advance(x, each[k : k + 1], 1 / (steps - k), seed, given)
        return x


def noised(clean: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """``clean`` and ``noise (B, T, axes)`` mixed at the times ``t (B,)``: noise at 0, clean poses at 1."""
    return noise + t[:, None, None] * (clean - noise)


def urgency(t: Tensor) -> Tensor:
    """Weight ``(B, 1)`` of an example at time ``t (B,)``: errors of nearly clean poses are what is seen in the end."""
    floor, most = URGENCY
    return (1 / ((1 - t) ** 2 + floor)).clamp(max=most)[:, None]
