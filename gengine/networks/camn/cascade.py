"""CaMN: encoders of sound, text, speaker, emotion and face in cascade, then body, then hands.

The cascade is that of Liu et al. 2022 (BEAT, arXiv:2203.05297): speaker, emotion and text join the sound, the face
joins what they made, the body is made from all of it and the hands from the body. What differs from the published
network (``published.py``): strokes are planned before bodies are drawn (``stroke_plan.py``); emotion is a mixture with
strengths and a VAD point at every frame; convolutions in place of LSTMs, so a window costs milliseconds; and the two
decoders are generative (``gengine.networks.flow``): regression gives the mean of all gestures that could go with a
sentence, which is a still pose, while this draws one of them.

This file imports torch and is itself imported only when a network is built.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from einops import rearrange, repeat
from numpy.typing import NDArray
from torch import Tensor, nn

from gengine.networks.camn.features import AUDIO, BUCKETS, EMOTION, FACE, TEXT, TRAITS
from gengine.networks.camn.sizes import CamnShape
from gengine.networks.camn.stroke_plan import STROKES
from gengine.networks.flow import ConvNeXtBlock, FlowDecoder

OVERVIEW = TRAITS + EMOTION + AUDIO + TEXT
"""Numbers of ``overview``."""
MOST_NOISE = (-0.4, 0.2)
"""Bounds of the logarithm of the noise's size (judgement: beyond them lies what no training recording asked for)."""
SLOPE = 0.2
"""Of every LeakyReLU (judgement)."""
STEP_GAIN = 4.0
"""What the discriminator's steps from frame to frame are multiplied by: they are about that much smaller than poses."""


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
        self.speaker = nn.Sequential(nn.Linear(TRAITS, 32), nn.LeakyReLU(SLOPE), nn.Linear(32, 32))
        self.labels = nn.Linear(EMOTION - 3, 32, bias=False)
        self.dimensions = nn.Linear(3, 32, bias=False)
        self.emotion = _encoder(32, 32, 1, 0.0)
        self.face = _encoder(FACE + 1, 32, 1, drop)
        self.plan = _encoder(STROKES + 1, 64, 1, 0.0)
        self.fuse = nn.Sequential(nn.Linear(128 + 64 + 32 + 32 + 64, 192), nn.GELU(), nn.Linear(192, 128))
        self.fuse_face = nn.Sequential(nn.Linear(128 + 32, 64), nn.GELU(), nn.Linear(64, 32))
        self.out = nn.Linear(128 + 32 + 64 + 32 + 32 + 64, shape.condition)

    def forward(self, f: dict[str, Tensor]) -> Tensor:
        """``f`` holds ``audio, text, subwords, cues, emotion, face (B, T, ·)``, ``traits (B, TRAITS)``,
        ``plan (B, T, STROKES)``, ``face_known`` and ``plan_known (B, T, 1)``."""
        batch, frames = f["audio"].shape[:2]
        audio = self.audio(f["audio"])
        words = rearrange(self.subwords(rearrange(f["subwords"], "b t n -> (b t) n")), "(b t) c -> b t c", b=batch)
        text = self.text(torch.cat([words, f["text"], f["cues"]], -1))
        speaker = repeat(self.speaker(f["traits"]), "b c -> b t c", t=frames)
        emotion = self.emotion(self.labels(f["emotion"][..., :-3]) + self.dimensions(f["emotion"][..., -3:]))
        face = self.face(torch.cat([f["face"] * f["face_known"], f["face_known"]], -1))
        plan = self.plan(torch.cat([f["plan"] * f["plan_known"], f["plan_known"]], -1))
        fused = self.fuse(torch.cat([audio, text, speaker, emotion, plan], -1))
        faced = self.fuse_face(torch.cat([fused, face], -1))
        return self.out(torch.cat([fused, faced, text, speaker, emotion, plan], -1))


class Camn(nn.Module):
    """The whole network over one window of ``T`` frames; any ``T``."""

    noise_size: Tensor

    def __init__(self, shape: CamnShape) -> None:
        super().__init__()
        self.shape = shape
        self.register_buffer("noise_size", torch.zeros(OVERVIEW + 1))
        self.conditioner = Conditioner(shape)
        body, hands = shape.body_axes, shape.hand_axes
        self.body = FlowDecoder(body, shape.condition, shape.width, shape.blocks, shape.patch)
        self.hands = FlowDecoder(hands, shape.condition + body, shape.hand_width, shape.hand_blocks, shape.patch)

    def sample(
        self, features: dict[str, Tensor], seed_body: Tensor, seed_hands: Tensor, noise: Tensor, steps: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        """Coordinates of body ``(B, T, body_axes)`` and hands ``(B, T, hand_axes)``, drawn from ``noise (B, T, both)``.

        ``seed_* (B, T, axes + 1)`` hold the poses before the window and a column that is 1 where one is given.
        ``steps`` are the numbers of network calls for body and hands, powers of two; other heads than "flow" take one.
        """
        c = self.conditioner(features)
        first, second = noise.split([self.shape.body_axes, self.shape.hand_axes], -1)
        body = self._sample(self.body, first, seed_body, c, steps[0])
        hands = self._sample(self.hands, second, seed_hands, torch.cat([c, body], -1), steps[1])
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

    def _sample(self, decoder: FlowDecoder, x: Tensor, seed: Tensor, given: Tensor, steps: int) -> Tensor:
        if self.shape.head == "flow":
            return decoder.sample(x, seed, given, steps, self.shape.finest)
        return decoder.sample(torch.zeros_like(x) if self.shape.head == "regression" else x, seed, given, 1, 0)


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
            nn.Conv1d(2 * axes + condition, width, 5, padding=2), nn.LeakyReLU(SLOPE),
            nn.Conv1d(width, width, 5, padding=4, dilation=2), nn.LeakyReLU(SLOPE),
            nn.Conv1d(width, width, 5, padding=4, dilation=2), nn.LeakyReLU(SLOPE),
            nn.Conv1d(width, 1, 1),
        )  # fmt: skip

    def forward(self, poses: Tensor, given: Tensor) -> Tensor:
        """``poses (B, T, axes)`` → logits ``(B, T)``."""
        steps = torch.diff(poses, dim=1, prepend=poses[:, :1]) * STEP_GAIN
        seen = rearrange([poses, steps], "what b t c -> b t (what c)")
        return self.net(rearrange(torch.cat([seen, given], -1), "b t c -> b c t"))[:, 0]
