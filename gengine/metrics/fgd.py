"""Fréchet gesture distance: motion windows through BEAT's autoencoder, Gaussians of the latents compared.

The encoder is the published one (Yoon et al. 2020; BEAT, Liu et al. 2022): 34-frame windows at 15 fps, stride
10, normalised 141-dim poses, four convolutions and three linear layers onto 300 numbers. Between its linear
layers the published code has a leaky rectifier of slope 1, that is nothing, so they are one matrix here, as the
normalisations are part of the convolutions; what is computed is the same. All of it is numpy.

What the poses are. Euler angles wrap and have two triples per rotation, so every frame takes the branch nearest
to one stated pose (``reference``, the mean of the training data): a value depends on the pose alone, not on how
the body came there. Channels that hardly move in the training data are divided by ``floor`` and not by their
own tiny deviation, so that a foreign body's fingers do not outweigh its arms.

A distance is comparable only with the same encoder and the same data: every result carries the SHA-256 of the
weights and the id of the data that they were trained on. It also falls with the number of windows; below a few
times 300 of them the covariances are singular, and only figures of equal ``n`` can be read side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.checkpoint import fitting, load_checkpoint
from gengine.core import rotation
from gengine.core.euler141 import JOINTS, to_141
from gengine.core.motion import Motion
from gengine.errors import FormatError, GengineError
from gengine.metrics.frechet import frechet_distance, gaussian

Array = NDArray[np.float32]

FPS = 15.0
WINDOW, STRIDE, LATENT = 34, 10, 300
SLOPE = 0.2
DEFAULT = "fgd-synthetic-v1"
LAYERS: tuple[tuple[int, int, int], ...] = ((300, 3, 1), (600, 3, 1), (600, 4, 2), (300, 3, 1))
"""Convolutions: channels out, kernel, stride. The last one has no rectifier."""
TAIL = 12
"""Frames that are left of a window after them."""
REPRESENTATIONS = {"euler141": 141, "6d": 282}
"""What a pose is: 141 Euler angles (degrees), or 47 rotations as two columns of their matrices."""


def poses_at_15(motion: Motion) -> Motion:
    """The motion at the encoder's rate; whole multiples of it are thinned, not interpolated."""
    step = motion.fps / FPS
    if step > 1 and abs(step - round(step)) < 1e-6:
        return Motion(motion.skeleton, motion.rotations[:: round(step)], motion.root[:: round(step)], FPS)
    return motion if motion.fps == FPS else motion.resample(FPS)


def pose_values(motion: Motion, representation: str, reference: ArrayLike) -> NDArray[np.float64]:
    """Poses ``(T, D)`` of a motion at its own rate; ``reference (141,)`` degrees picks the Euler branch."""
    if representation == "euler141":
        return to_141(motion, np.broadcast_to(np.asarray(reference, float), (len(motion), 3 * len(JOINTS))))
    turns = motion.rotations[:, [motion.skeleton.index(name) for name in JOINTS]]
    return rotation.to_6d(turns).reshape(len(motion), -1)


def mean_pose(turns: NDArray) -> NDArray[np.float64]:
    """Mean rotations ``(J, 4)`` of ``(T, J, 4)``: the largest eigenvector of the summed outer products."""
    q = np.asarray(turns, float)
    _, vectors = np.linalg.eigh(np.einsum("tji,tjk->jik", q, q))
    return vectors[..., -1]


def in_posture_of(motions: Sequence[Motion], references: Sequence[Motion]) -> list[Motion]:
    """The motions with every joint's mean rotation, over all of them, turned to that of the references.

    A recording's rig and its speaker's stance shift angles for good (in BEAT's files the hips lean back by 20° and the
    spine makes up for it), and FGD counts that like movement. What is left after this is how bodies move about
    their mean pose.
    """
    sides = []
    for side in (motions, references):
        places = [side[0].skeleton.index(name) for name in JOINTS]
        sides.append((places, mean_pose(np.concatenate([m.rotations[:, places] for m in side]))))
    (places, own), (_, theirs) = sides
    turn = rotation.multiply(theirs, rotation.conjugate(own))
    posed = []
    for motion in motions:
        turns = np.array(motion.rotations)
        turns[:, places] = rotation.multiply(turn, turns[:, places])
        posed.append(Motion(motion.skeleton, turns, motion.root, motion.fps))
    return posed


@dataclass(frozen=True, eq=False)
class FgdEncoder:
    """A trained encoder. ``sha256`` names the weights, ``data_id`` what they were trained on."""

    tensors: dict[str, NDArray[Any]]
    representation: str
    sha256: str
    data_id: str
    name: str = ""
    _known: WeakKeyDictionary[Motion, Array] = field(default_factory=WeakKeyDictionary)

    @classmethod
    def load(cls, checkpoint: str | Path = DEFAULT) -> FgdEncoder:
        """From a bundled name or a folder; another kind of checkpoint is a ``GengineError``."""
        config, tensors = load_checkpoint(checkpoint)
        if config.get("kind") != "fgd" or config.get("representation") not in REPRESENTATIONS:
            raise GengineError(
                f"checkpoint {checkpoint}: kind '{config.get('kind')}', expected 'fgd'; train one with "
                "gengine train configs/train/fgd-synthetic.yaml"
            )
        names = {"reference", "mean", "scale", "latent.weight", "latent.bias"}
        names |= {f"layer{i}.{part}" for i in range(len(LAYERS)) for part in ("weight", "bias")}
        if missing := sorted(names - set(tensors)):
            raise GengineError(f"checkpoint {checkpoint}: lacks {', '.join(missing)}; restore it")
        with fitting(checkpoint):
            weights = {k: v.astype(np.float32) for k, v in tensors.items()}
            name = Path(checkpoint).name
            encoder = cls(weights, config["representation"], config["sha256"], str(config["data_id"]), name)
            size = REPRESENTATIONS[encoder.representation]
            latents = encoder.features(np.zeros((WINDOW, size), np.float32))
            if latents.shape != (1, LATENT) or not np.isfinite(latents).all() or encoder.reference.shape != (141,):
                raise FormatError(f"checkpoint {checkpoint}: latents {latents.shape} of a still pose; restore it")
        return encoder

    @property
    def reference(self) -> Array:
        """The pose ``(141,)`` in degrees whose Euler branch every frame takes."""
        return self.tensors["reference"]

    def about(self) -> dict[str, str]:
        """What a published figure needs beside it."""
        return {
            "encoder": self.name,
            "encoder_sha256": self.sha256,
            "encoder_data_id": self.data_id,
            "representation": self.representation,
        }

    def features(self, values: ArrayLike) -> Array:
        """Latents ``(N, 300)`` of the windows of poses ``(T, D)`` at 15 fps; N = (T - 34) // 10 + 1, or 0.

        The convolutions run once over all frames: strides and window starts are even, so windows share them.
        """
        poses = np.asarray(values, np.float32)
        size = REPRESENTATIONS[self.representation]
        if poses.ndim != 2 or poses.shape[1] != size:
            raise GengineError(f"fgd: poses {poses.shape}, expected (T, {size}) of {self.representation}")
        if not np.isfinite(poses).all():
            raise GengineError("fgd: poses hold NaN or infinity, expected finite numbers")
        count = (len(poses) - WINDOW) // STRIDE + 1
        if count < 1:
            return np.zeros((0, LATENT), np.float32)
        t = self.tensors
        x: NDArray = (poses[: (count - 1) * STRIDE + WINDOW] - t["mean"]) / t["scale"]
        for i, (_, kernel, stride) in enumerate(LAYERS):
            frames = (len(x) - kernel) // stride + 1
            rows = np.concatenate([x[k : k + stride * (frames - 1) + 1 : stride] for k in range(kernel)], axis=1)
            x = rows @ t[f"layer{i}.weight"] + t[f"layer{i}.bias"]
            if i < len(LAYERS) - 1:
                x = np.maximum(x, SLOPE * x)
        places = (np.arange(count) * (STRIDE // 2))[:, None] + np.arange(TAIL)
        return x[places].reshape(count, -1) @ t["latent.weight"] + t["latent.bias"]

    def of(self, motion: Motion) -> Array:
        """Latents of a motion of BEAT's joints at any rate; remembered as long as the motion lives."""
        if motion not in self._known:
            values = pose_values(poses_at_15(motion), self.representation, self.reference)
            self._known[motion] = self.features(values)
        return self._known[motion]

    def fgd(self, pred: Iterable[ArrayLike], ref: Iterable[ArrayLike]) -> float:
        """Distance of two sets of clips, each clip poses ``(T, D)``; lower is nearer, 0 the same distribution."""
        return fgd_of_features(stack(map(self.features, pred)), stack(map(self.features, ref)))


def stack(features: Iterable[Array]) -> Array:
    """All windows of all clips."""
    return np.concatenate([np.zeros((0, LATENT), np.float32), *features])


def fgd_of_features(pred: Array, ref: Array) -> float:
    """Fréchet distance of latents ``(N, 300)`` and ``(M, 300)``; NaN where either has fewer than two windows."""
    if min(len(pred), len(ref)) < 2:
        return float("nan")
    return max(0.0, frechet_distance(*gaussian(pred), *gaussian(ref)))
