"""Batches of mouths for the portrait's trainings: drawn by how open they are, their colours and shapes varied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from gengine.core.noise import stable_seed
from gengine.training.portrait_examples import MouthClip

LEAST_OPEN, MOST_OPEN = 0.3, 3.0
"""Bounds of how often a mouth is drawn by its opening over the mean one (judgement: closed ones are easy)."""
MIX, GAIN, SHIFT, GAMMA = 0.12, 0.3, 0.12, 0.25
"""Deviations of varied colours: of the matrix that mixes channels, of brightness and gamma (logarithms), of tint."""
SCALE, SHEAR, MOVE, BEND = 0.12, 0.08, 0.06, 0.03
"""Deviations of varied shapes, in halves of the crop; a smooth bend comes on top."""
DETAIL, AROUND = 1.0, 5
"""Weight of detail in ``differences``, and the pixels around a place that it is told over (judgement)."""


@dataclass(frozen=True, eq=False)
class Mouths:
    """All frames of some clips, in order: ``clip (N,)`` and ``frame (N,)`` say which each is."""

    clips: Sequence[MouthClip]
    clip: NDArray[np.int64]
    frame: NDArray[np.int64]
    open: NDArray[np.float64]

    @classmethod
    def of(cls, clips: Sequence[MouthClip], every: int = 1) -> Mouths:
        """One of so many frames of each clip."""
        rows = [(c, t) for c, clip in enumerate(clips) for t in range(0, len(clip.true), every)]
        clip, frame = (np.array(r, int) for r in zip(*rows, strict=True))
        area = [clips[c].masks[t, ..., 0].mean() for c, t in rows]
        return cls(clips, clip, frame, np.array(area))

    def within(self, frames: range) -> Mouths:
        """Those of some frames alone."""
        kept = np.flatnonzero(np.isin(self.frame, list(frames)))
        return Mouths(self.clips, self.clip[kept], self.frame[kept], self.open[kept])

    def draw(self, rng: np.random.Generator, count: int) -> dict[str, Tensor]:
        """A batch, open mouths more often, and people of few clips more often than their number tells."""
        people = np.array([clip.person for clip in self.clips])[self.clip]
        return self.take(np.asarray(rng.choice(len(self.frame), size=count, p=by_opening(self.open, people))))

    def take(self, index: NDArray[np.int64]) -> dict[str, Tensor]:
        """Pictures ``(N, 3, H, W)`` in -1..1 (``before`` and ``earlier`` are the frames one and two before), ``masks``
        of the mouth and of the still ``(N, 2, H, W)`` in 0..1, ``heard (N, TOKENS, BANDS)``, ``emotion (N, 18)``."""
        made: dict[str, list[NDArray]] = {}
        for row in index.tolist():
            clip, t = self.clips[int(self.clip[row])], int(self.frame[row])
            one = {
                "true": clip.true[t], "warped": clip.warped[t], "still": clip.still,
                "before": clip.true[t - 1] if t else clip.still, "earlier": clip.true[t - 2] if t > 1 else clip.still,
                "masks": clip.masks[t], "still_masks": clip.still_masks, "heard": clip.heard[t],
                "emotion": clip.emotion,
            }  # fmt: skip
            for name, value in one.items():
                made.setdefault(name, []).append(value)
        return {name: pictures(np.stack(values), name) for name, values in made.items()}


def by_opening(areas: NDArray[np.float64], people: NDArray) -> NDArray[np.float64]:
    """The chance with which each mouth is drawn: it grows with its opening, and that of each of the ``people`` with the
    root of how much there is of them (as languages are drawn: Conneau & Lample 2019)."""
    chance = np.clip(areas / max(areas.mean(), 1e-6), LEAST_OPEN, MOST_OPEN)
    _, whose = np.unique(people, return_inverse=True)
    chance = chance / np.sqrt(np.bincount(whose, chance))[whose]
    return chance / chance.sum()


def pictures(values: NDArray, name: str) -> Tensor:
    """Crops as the networks see them."""
    if values.dtype != np.uint8:
        return torch.from_numpy(values.astype(np.float32))
    tensor = torch.from_numpy(values).permute(0, 3, 1, 2).float()
    return tensor / 255 if name.endswith("masks") else tensor / 127.5 - 1


def varied(batch: dict[str, Tensor], key: Any, alike: bool = False) -> dict[str, Tensor]:
    """The same mouths of other people: one change of colours, and one of shapes, for all pictures of an example, or
    for all examples where they are ``alike``."""
    generator = torch.Generator().manual_seed(stable_seed(*key) % 2**63)
    count = len(batch["true"])

    def normal(*shape: int) -> Tensor:
        if alike:
            return torch.randn(1, *shape, generator=generator).expand(count, *shape)
        return torch.randn(count, *shape, generator=generator)

    mix = torch.eye(3) + MIX * normal(3, 3)
    gain, gamma, shift = (GAIN * normal(1, 1, 1)).exp(), (GAMMA * normal(1, 1, 1)).exp(), SHIFT * normal(3, 1, 1)
    way = torch.zeros(count, 2, 3)
    scale, shear = (SCALE * normal(2)).exp(), SHEAR * normal(2)
    mirrored = torch.where(torch.rand(1 if alike else count, generator=generator) < 0.5, -1.0, 1.0)
    way[:, 0, 0], way[:, 1, 1] = scale[:, 0] * mirrored, scale[:, 1]
    way[:, 0, 1], way[:, 1, 0] = shear[:, 0], shear[:, 1] / 2
    way[:, :, 2] = MOVE * normal(2)
    shape = list(batch["true"].shape)
    grid = functional.affine_grid(way, shape, align_corners=False)
    bend = functional.interpolate(BEND * normal(2, 4, 4), size=shape[2:], mode="bicubic", align_corners=False)
    grid = grid + bend.permute(0, 2, 3, 1)
    changed = dict(batch)
    for name, value in batch.items():
        if value.ndim != 4:
            continue
        if not name.endswith("masks"):
            value = torch.einsum("nij,njhw->nihw", mix, ((value + 1) / 2).clamp(1e-4, 1) ** gamma) * gain + shift
            value = value.clamp(0, 1) * 2 - 1
        changed[name] = functional.grid_sample(value, grid, padding_mode="border", align_corners=False)
    return changed


def differences(made: Tensor, true: Tensor, masks: Tensor) -> Tensor:
    """Mean absolute error of pictures, of their edges, and of how much detail there is around each place, wherever it
    lies (means of what may be are smooth, and teeth are not); lips weigh twice as much, what is between them six times.
    """
    weight = 1 + 4 * masks[:, :1] + masks[:, 1:]
    error = (made - true) * weight
    edges = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    detail = ((_detail(made) - _detail(true)) * weight).abs().mean()
    return error.abs().mean() + edges / 2 + DETAIL * detail


def _detail(pictures: Tensor) -> Tensor:
    """Mean absolute Laplacian ``(N, 1, H, W)`` around each place."""
    return functional.avg_pool2d(laplacian(pictures).abs(), AROUND, 1, AROUND // 2, count_include_pad=False)


def psnr(made: Tensor, true: Tensor, mask: Tensor | None = None) -> NDArray[np.float64]:
    """dB ``(N,)`` of crops in -1..1, within a mask ``(N, 1, H, W)``."""
    square = ((made - true) / 2) ** 2
    mask = torch.ones_like(square) if mask is None else mask.expand_as(square)
    error = (square * mask).sum((1, 2, 3)) / mask.sum((1, 2, 3)).clamp(min=1)
    return (-10 * torch.log10(error.clamp(min=1e-8))).double().numpy()


def laplacian(pictures: Tensor) -> Tensor:
    """Of grey crops, ``(N, 1, H, W)``; their outermost pixels go on outside."""
    grey = pictures.mean(1, keepdim=True)
    kernel = torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]], device=grey.device, dtype=grey.dtype)[None, None]
    return functional.conv2d(functional.pad(grey, (1, 1, 1, 1), "replicate"), kernel)


def sharpness(made: Tensor) -> float:
    """Mean absolute Laplacian of crops."""
    return float(laplacian(made)[..., 1:-1, 1:-1].abs().mean())


OPEN = 40.0
"""Pixels of a crop between the lips from which the inner mouth is measured."""


def measured(made: Tensor, batch: dict[str, Tensor]) -> dict[str, float]:
    """PSNR (dB) of the crop and between the lips, sharpness over the film's, of made mouths."""
    inner, true = batch["masks"][:, :1], batch["true"]
    wide = (inner.sum((1, 2, 3)) > OPEN).numpy()
    within = psnr(made, true, inner)[wide]
    return {
        "psnr": float(psnr(made, true).mean()), "inner": float(within.mean()) if len(within) else 0.0,
        "sharp": sharpness(made) / sharpness(true),
    }  # fmt: skip
