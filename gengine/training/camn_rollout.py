"""CaMN performs whole recordings while it learns, window after window, and its noise is fitted to their variety."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core.motion import Motion
from gengine.core.noise import generator
from gengine.metrics.evaluate import Clip, variety
from gengine.metrics.limbs import Body
from gengine.networks.camn.network import SPLINE, spline
from gengine.networks.camn.pose_space import PoseSpace
from gengine.networks.camn.stroke_plan import KNOWN
from gengine.training.motion_examples import MotionExamples

HEARD = ("audio", "text", "subwords", "cues")
"""Columns that are silent outside a recording."""
NOISE_ROUNDS = 2
NOISE_POWER = 1.8
"""L1 diversity of what is drawn grows with about this power of the noise's size (1.1 against 1.0, 300 recordings)."""
NOISE_RIDGE = 0.1
"""Ridge of the fit of the noise's size, per recording (judgement)."""
LEAST_DEVIATION = 0.05
"""Added to the deviations of what the size is fitted on, so that what hardly varies is not blown up (judgement)."""
STILL = 50.0
"""cm added to a diversity before its logarithm is taken, so that bodies at rest do not rule the fit (judgement)."""


@dataclass(frozen=True)
class WindowFrames:
    """A window in frames: given poses, made poses, poses beyond the hop that are made and thrown away."""

    before: int
    hop: int
    after: int

    @property
    def length(self) -> int:
        """All frames of a window."""
        return self.before + self.hop + self.after

    @property
    def frames(self) -> NDArray[np.int64]:
        """0 to ``length`` - 1."""
        return np.arange(self.length)

    @property
    def faced(self) -> NDArray[np.bool_]:
        """Frames ``(length,)`` whose face can be known: it is made hop by hop, so that of the last is not there yet."""
        return self.frames < self.before + self.hop - 2

    def planned(self, fps: float) -> NDArray[np.bool_]:
        """Frames ``(length,)`` at ``fps`` Hz that a plan reaches."""
        return self.frames + 1 <= self.before + self.hop - SPLINE + KNOWN * fps


@dataclass(frozen=True)
class Rollout:
    """How recordings are performed: in which ``space`` and windows, with how many network calls for body and hands,
    and from which seed."""

    space: PoseSpace
    window: WindowFrames
    sampling: tuple[int, int]
    seed: int
    truths: dict[int, Clip] = field(default_factory=dict)

    def recorded(self, data: MotionExamples, clip: int) -> Motion:
        """A recording's own motion."""
        rows = data.rows(clip)
        return Motion(self.space.skeleton, data.columns["rotations"][rows], data.columns["root"][rows], data.fps)

    def truth(self, data: MotionExamples, clip: int) -> Clip:
        """A recording of ``data`` (always the same) beside itself; made once, since evaluators remember what they
        measured of it."""
        if clip not in self.truths:
            motion = self.recorded(data, clip)
            onsets, accents = (np.array(x) for x in data.moments[clip])
            semantic = data.columns["semantic"][data.rows(clip)]
            self.truths[clip] = Clip(data.names[clip], motion, motion, semantic, onsets, accents)
        return self.truths[clip]

    def made(self, camn: Any, data: MotionExamples, clip: int) -> Motion:
        """The motion of the network ``camn`` for one recording, window after window on its own poses."""
        w, rows = self.window, data.rows(clip)
        length, size = rows.stop - rows.start, sum(self.space.sizes)
        made = np.zeros((0, size), np.float32)
        for start in range(0, length, w.hop):
            place = start - w.before + w.frames
            inside = (place >= 0) & (place < length)
            index = rows.start + np.clip(place, 0, length - 1)
            inputs = {k: data.columns[k][index] for k in (*HEARD, "emotion", "face")}
            for name in HEARD:
                inputs[name] = inputs[name] * inside[:, None].astype(inputs[name].dtype)
            planned = inside & w.planned(data.fps)
            plan = data.columns["own_plan"][index] * planned[:, None]
            inputs |= {
                "face_known": (inside & w.faced)[:, None].astype(np.float32), "traits": data.traits[clip],
                "plan": plan, "plan_known": planned[:, None].astype(np.float32),
            }  # fmt: skip
            noise = generator(self.seed, "sample", clip, start).standard_normal((w.length, size))
            window = camn.draw(inputs, made, w.before, noise.astype(np.float32), self.sampling)
            made = np.concatenate([made, window[w.before : w.before + w.hop]])
        poses = spline(made[:length], np.arange(length))
        rotations, root = self.space.decode(*np.split(poses, [self.space.sizes[0]], axis=1))
        return Motion(self.space.skeleton, rotations, root, data.fps)


def fit_noise(camn: Any, rollout: Rollout, data: MotionExamples, most: int) -> None:
    """Set ``camn.noise_size`` so that recordings of ``data`` (``most`` at most) are performed with their own variety.

    A network that has not learned all of what its conditions say makes the calm too lively and the lively too
    calm. The variety of what it draws grows with the noise that it begins from, so a ridge regression on what a
    recording is on the whole says how large that has to be.
    """
    import torch

    from gengine.networks.camn.cascade import overview

    count = min(most, len(data))
    clips = np.linspace(0, len(data) - 1, count).astype(int)
    about = np.stack([
        overview({k: v[data.rows(c)] for k, v in data.columns.items()} | {"traits": data.traits[c]})
        for c in clips
    ])  # fmt: skip
    true = np.array([variety(Body(rollout.recorded(data, c))) for c in clips])
    mean, deviation = about.mean(0), about.std(0) + LEAST_DEVIATION
    x = (about - mean) / deviation
    camn.noise_size.zero_()
    for _ in range(NOISE_ROUNDS):
        made = np.array([variety(Body(rollout.made(camn, data, c))) for c in clips])
        lack = np.log((true + STILL) / (made + STILL))
        slope = np.linalg.solve(x.T @ x + NOISE_RIDGE * count * np.eye(x.shape[1]), x.T @ (lack - lack.mean()))
        level = np.log(true.mean() / (made * np.exp(x @ slope)).mean())  # right for all of them together
        change = np.append(slope / deviation, level - (slope / deviation) @ mean) / NOISE_POWER
        camn.noise_size += torch.from_numpy(change).to(camn.noise_size)
