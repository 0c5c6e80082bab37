"""CaMN: encoders of sound, text, speaker, emotion and face in cascade, then body, then hands.

The cascade is that of Liu et al. 2022 (BEAT, arXiv:2203.05297): speaker, emotion and text join the sound, the face
joins what they made, the body is made from all of it and the hands from the body. What differs from the published
network (``published.py``): emotion is a mixture with strengths and a VAD point at every frame; convolutions in place of
LSTMs, so a window costs milliseconds; and the two decoders are generative. They learn to undo noise by flow matching
(Lipman et al. 2023, arXiv:2210.02747) in the form that predicts the clean pose: regression gives the mean of all
gestures that could go with a sentence, which is a still pose, while this draws one of them. Few long steps of such a
flow fall back towards the mean, so the decoders are told the length of the step and learn that one long step shall
end where two of half its length do (shortcut models: Frans et al. 2024, arXiv:2410.12557).

This file imports torch and is itself imported only when a network is built.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gengine.networks.camn.features import AUDIO, BUCKETS, EMOTION, FACE, TEXT, TRAITS

HEADS = ("flow", "regression", "adversary")
OVERVIEW = TRAITS + EMOTION + AUDIO + TEXT
"""Numbers of ``overview``."""
MOST_NOISE = (-0.4, 0.2)
"""Bounds of the logarithm of the noise's size."""


@dataclass(frozen=True)
class CamnShape:
    """Sizes of one network. ``head``: "flow" draws poses by flow matching, "regression" is the published Huber
    regression, "adversary" regression from noise against a discriminator. ``finest``: steps shorter than 1/finest
    count as the flow itself, longer ones are learned from shorter ones (0: step lengths are not told). ``patch``:
    frames that the decoders treat as one, which halves their work and costs nothing that 15 fps can show."""

    body_axes: int
    hand_axes: int
    cues: int
    head: str = "flow"
    width: int = 256
    blocks: int = 6
    hand_width: int = 160
    hand_blocks: int = 4
    patch: int = 2
    finest: int = 32
    condition: int = 192
    dropout: float = 0.1

    def as_dict(self) -> dict[str, Any]:
        """Plain values for a checkpoint's config."""
        return asdict(self)


class ConvNeXtBlock(nn.Module):
    """A ConvNeXt block over time (Liu et al. 2022, arXiv:2201.03545): depth-wise convolution, then a two-layer MLP."""

    def __init__(self, width: int, kernel: int = 9, dropout: float = 0.0) -> None:
        super().__init__()
        # In two dimensions, because (B, T, W) is then already "channels last", which is 5 x faster on a CPU.
        self.over_time = nn.Conv2d(width, width, (kernel, 1), padding=(kernel // 2, 0), groups=width)
        self.norm = nn.LayerNorm(width)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, scale: Tensor | None = None, shift: Tensor | None = None) -> Tensor:
        """``(B, T, W)`` → ``(B, T, W)``; ``scale``, ``shift (B, 1, W)`` come from the diffusion time."""
        h = self.norm(self._over_time(x))
        if scale is not None and shift is not None:
            h = h * (1 + scale) + shift
        return x + self.drop(self.down(nn.functional.gelu(self.up(h))))

    def _over_time(self, x: Tensor) -> Tensor:
        conv = self.over_time
        if torch.is_grad_enabled():
            return conv(x.transpose(1, 2).unsqueeze(-1)).squeeze(-1).transpose(1, 2)
        # One window at a time, a library's convolution spends 4 x longer on getting ready than on this product.
        kernel, bias = conv.weight[:, 0, :, 0].T, conv.bias
        assert bias is not None
        aside = len(kernel) // 2
        taps = nn.functional.pad(x, (0, 0, aside, aside)).unfold(1, len(kernel), 1).transpose(2, 3)
        return (taps * kernel).sum(2) + bias


def _encoder(size: int, width: int, blocks: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.Linear(size, width), *(ConvNeXtBlock(width, dropout=dropout) for _ in range(blocks)))


class Conditioner(nn.Module):
    """The encoders and their fusion: features of a window → ``(B, T, condition)``."""

    def __init__(self, shape: CamnShape) -> None:
        super().__init__()
        drop = shape.dropout
        self.audio = _encoder(AUDIO, 128, 3, drop)
        self.subwords = nn.EmbeddingBag(BUCKETS, 32, mode="mean", padding_idx=0)
        self.text = _encoder(32 + TEXT + shape.cues, 64, 2, drop)
        self.speaker = nn.Sequential(nn.Linear(TRAITS, 32), nn.LeakyReLU(0.2), nn.Linear(32, 32))
        self.labels = nn.Linear(EMOTION - 3, 32, bias=False)
        self.dimensions = nn.Linear(3, 32, bias=False)
        self.emotion = _encoder(32, 32, 1, 0.0)
        self.face = _encoder(FACE + 1, 32, 1, drop)
        self.fuse = nn.Sequential(nn.Linear(128 + 64 + 32 + 32, 192), nn.GELU(), nn.Linear(192, 128))
        self.fuse_face = nn.Sequential(nn.Linear(128 + 32, 64), nn.GELU(), nn.Linear(64, 32))
        self.out = nn.Linear(128 + 32 + 64 + 32 + 32, shape.condition)

    def forward(self, f: dict[str, Tensor]) -> Tensor:
        """``f`` holds ``audio, text, subwords, cues, emotion, face (B, T, ·)``, ``traits (B, TRAITS)`` and
        ``face_known (B, T, 1)``."""
        batch, frames = f["audio"].shape[:2]
        audio = self.audio(f["audio"])
        words = self.subwords(f["subwords"].flatten(0, 1)).view(batch, frames, -1)
        text = self.text(torch.cat([words, f["text"], f["cues"]], -1))
        speaker = self.speaker(f["traits"])[:, None].expand(-1, frames, -1)
        emotion = self.emotion(self.labels(f["emotion"][..., :-3]) + self.dimensions(f["emotion"][..., -3:]))
        face = self.face(torch.cat([f["face"] * f["face_known"], f["face_known"]], -1))
        fused = self.fuse(torch.cat([audio, text, speaker, emotion], -1))
        faced = self.fuse_face(torch.cat([fused, face], -1))
        return self.out(torch.cat([fused, faced, text, speaker, emotion], -1))


class Denoiser(nn.Module):
    """Noisy poses, the poses before the window, conditions → clean poses."""

    frequencies: Tensor

    def __init__(self, axes: int, given: int, width: int, blocks: int, patch: int) -> None:
        super().__init__()
        self.patch = patch
        self.inward = nn.Linear((2 * axes + 1 + given) * patch, width)
        self.blocks = nn.ModuleList(ConvNeXtBlock(width) for _ in range(blocks))
        self.time = nn.Sequential(nn.Linear(64, 128), nn.SiLU(), nn.Linear(128, 2 * width * blocks))
        self.norm, self.outward = nn.LayerNorm(width), nn.Linear(width, axes * patch)
        self.register_buffer("frequencies", torch.exp(torch.linspace(0.0, 5.0, 16)), persistent=False)

    def style(self, t: Tensor, stride: Tensor) -> Tensor:
        """What the blocks are told of the times ``t (B,)`` and the steps ``stride (B,)``: ``(B, 1, ·)``."""
        phase = torch.stack([t, stride], 1)[..., None] * self.frequencies
        return self.time(torch.cat([phase.sin(), phase.cos()], -1).flatten(1))[:, None]

    def forward(self, x: Tensor, style: Tensor, seed: Tensor, given: Tensor) -> Tensor:
        """Clean poses from ``x (B, T, axes)`` at times 0 (noise) to 1 (pose), to be moved on by some step (0: very
        little), of which ``style`` tells; ``seed (B, T, axes + 1)`` poses before the window and whether each is
        given; ``given (B, T, ·)`` conditions."""
        styles = style.chunk(2 * len(self.blocks), -1)
        h = torch.cat([x, seed, given], -1)
        if rest := -h.shape[1] % self.patch:
            h = torch.cat([h, h[:, -1:].expand(-1, rest, -1)], 1)
        h = self.inward(h.unflatten(1, (-1, self.patch)).flatten(2))
        for i, block in enumerate(self.blocks):
            h = block(h, styles[2 * i], styles[2 * i + 1])
        return self.outward(self.norm(h)).unflatten(-1, (self.patch, -1)).flatten(1, 2)[:, : x.shape[1]]

    def advance(self, x: Tensor, style: Tensor, share: float | Tensor, seed: Tensor, given: Tensor) -> Tensor:
        """``x`` moved on by a ``share`` of the way (1: all of it) towards the clean poses."""
        clean = self(x, style, seed, given)
        return clean + (x - clean) * (1 - share)

    def shortcut(self, x: Tensor, t: Tensor, stride: Tensor, finest: int, seed: Tensor, given: Tensor) -> Tensor:
        """The clean poses that one step of ``stride (B,)`` must predict to end where two of half of it do."""
        half = stride / 2
        told = torch.where(half > 1.01 / finest, half, 0.0)
        there = x
        for now in (t, t + half):
            there = self.advance(there, self.style(now, told), (half / (1 - now))[:, None, None], seed, given)
        return x + (there - x) * ((1 - t) / stride)[:, None, None]


class Camn(nn.Module):
    """The whole network over one window of ``T`` frames; any ``T``."""

    noise_size: Tensor

    def __init__(self, shape: CamnShape) -> None:
        super().__init__()
        self.shape = shape
        self.register_buffer("noise_size", torch.zeros(OVERVIEW + 1))
        self.conditioner = Conditioner(shape)
        body, hands = shape.body_axes, shape.hand_axes
        self.body = Denoiser(body, shape.condition, shape.width, shape.blocks, shape.patch)
        self.hands = Denoiser(hands, shape.condition + body, shape.hand_width, shape.hand_blocks, shape.patch)

    def sample(
        self, features: dict[str, Tensor], seed_body: Tensor, seed_hands: Tensor, noise: Tensor, steps: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        """Coordinates of body ``(B, T, body_axes)`` and hands ``(B, T, hand_axes)``, drawn from ``noise (B, T, both)``.

        ``seed_* (B, T, axes + 1)`` hold the poses before the window and a column that is 1 where one is given.
        ``steps`` are the numbers of network calls for body and hands, powers of two; other heads than "flow" need
        one.
        """
        c = self.conditioner(features)
        first, second = noise.split([self.shape.body_axes, self.shape.hand_axes], -1)
        body = self._undo(self.body, first, seed_body, c, steps[0])
        hands = self._undo(self.hands, second, seed_hands, torch.cat([c, body], -1), steps[1])
        return body, hands

    @torch.inference_mode()
    def draw(
        self, rows: dict[str, NDArray], given: NDArray, before: int, noise: NDArray, steps: tuple[int, int]
    ) -> NDArray[np.float32]:
        """One window in numpy: ``rows`` as ``forward`` of the conditioner reads them, without the batch axis.

        ``given (N, both)`` are the poses before frame ``before`` of the window (fewer at the start of a recording),
        ``noise (T, both)``, which is made larger for lively speakers and smaller for calm ones as ``noise_size`` says
        (a prior by condition: PriorGrad, Lee et al. 2022, arXiv:2106.06406). Returns coordinates ``(T, both)`` of
        body and hands.
        """
        device = next(self.parameters()).device
        told = float(np.append(overview(rows), 1.0) @ self.noise_size.cpu().numpy())
        noise = noise * np.exp(np.clip(told, *MOST_NOISE)).astype(np.float32)

        def tensor(x: NDArray) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(x))[None].to(device)

        seed = np.zeros((len(noise), noise.shape[1] + 1), np.float32)
        count = min(before, len(given))
        seed[before - count : before, :-1] = given[len(given) - count :]
        seed[before - count : before, -1] = 1.0
        split = self.shape.body_axes
        seeds = [np.concatenate([part, seed[:, -1:]], 1) for part in (seed[:, :split], seed[:, split:-1])]
        features = {name: tensor(row) for name, row in rows.items()}
        with _one_thread():
            body, hands = self.sample(features, tensor(seeds[0]), tensor(seeds[1]), tensor(noise), steps)
        made = torch.cat([body, hands], -1)[0].float().cpu().numpy()
        if count:  # what the last given pose was made into differs a little from it: let that fade instead of jump
            fade = np.cos(np.linspace(0.0, np.pi, before + 1, dtype=np.float32))[1:, None] / 2 + 0.5
            after = made[before:][:before]
            after += (given[-1] - made[before - 1]) * fade[: len(after)]
        return made

    def _undo(self, decoder: Denoiser, x: Tensor, seed: Tensor, given: Tensor, steps: int) -> Tensor:
        if self.shape.head == "regression":
            x = torch.zeros_like(x)
        if self.shape.head != "flow":
            steps = 1
        times = torch.arange(steps, device=x.device) / steps
        told = 1 / steps if self.shape.head == "flow" and steps < self.shape.finest else 0.0
        styles = decoder.style(times, torch.full_like(times, told))  # of all steps at once: its weights are read once
        for k in range(steps):
            x = decoder.advance(x, styles[k : k + 1], 1 / (steps - k), seed, given)
        return x


def overview(rows: dict[str, NDArray]) -> NDArray[np.float64]:
    """What a stretch is on the whole: the speaker's traits and the means of emotion, sound and text."""
    means = [np.asarray(rows[k], float).mean(0) for k in ("emotion", "audio", "text")]
    return np.concatenate([np.asarray(rows["traits"], float), *means])


@contextmanager
def _one_thread() -> Iterator[None]:
    """One window is too small to share: threads of numpy's that still wait for work make torch's second one 2 x
    slower than none."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Discriminator(nn.Module):
    """Real or made, frame by frame, from poses and their steps (for the head "adversary")."""

    def __init__(self, axes: int, condition: int, width: int = 96) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv1d(2 * axes + condition, width, 5, padding=2), nn.LeakyReLU(0.2),
            nn.Conv1d(width, width, 5, padding=4, dilation=2), nn.LeakyReLU(0.2),
            nn.Conv1d(width, width, 5, padding=4, dilation=2), nn.LeakyReLU(0.2),
            nn.Conv1d(width, 1, 1),
        )  # fmt: skip

    def forward(self, poses: Tensor, given: Tensor) -> Tensor:
        """``poses (B, T, axes)`` → logits ``(B, T)``."""
        steps = torch.diff(poses, dim=1, prepend=poses[:, :1]) * 4.0
        return self.net(torch.cat([poses, steps, given], -1).transpose(1, 2))[:, 0]
