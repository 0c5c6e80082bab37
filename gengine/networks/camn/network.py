"""``CamnNetwork``: a trained CaMN as a motion network of the engine, window after window."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gengine.checkpoint import fitting, load_checkpoint
from gengine.constraints.foot_planting import FootPlanting
from gengine.constraints.hand_reach import HandReach
from gengine.core import bounds, rotation
from gengine.core.conditions import MOTION_RATE, Conditions
from gengine.core.motion import Motion
from gengine.core.noise import generator
from gengine.core.speaker import Speaker
from gengine.core.timing import FRAME_RATES
from gengine.errors import FormatError, MissingExtraError
from gengine.networks.base import MotionNetwork, NetworkSpec
from gengine.networks.camn.features import FACE, SPEECH, Features, face_rows, features_of, traits_of
from gengine.networks.camn.pose_space import PoseSpace
from gengine.networks.camn.stroke_plan import LOOKAHEAD, StrokePlanner
from gengine.networks.choreographer.speech_context import BACK
from gengine.networks.choreographer.trunk import answer, spread_head

DEFAULT = "camn-synthetic-v2"
SPLINE = 3
"""Pose frames that the spline reads beyond the last one of a hop."""
MOST_FRAMES = 1000
"""Frames before and after a hop that a checkpoint may ask for (judgement): a minute at 15 Hz."""
SETTLE = 0.3
"""Seconds beyond the last frame read: a syllable is listed once it has ended."""
HUSH, HUSHED = 1.0, 0.15
"""Seconds without speech on either side from which on nobody speaks, and the noise's size there (judgement)."""
VERSION = 2
"""Of what a checkpoint's network reads."""


@dataclass
class CamnState:
    """What one recording's body remembers: the last poses, their faces, its feet."""

    seed: int
    traits: NDArray[np.float32]
    strokes: StrokePlanner
    planting: FootPlanting
    poses: NDArray[np.float32]
    """The last of the ``end`` poses made."""
    end: int = 0
    faces: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, FACE), np.float32))
    faces_end: int = 0


class CamnNetwork(MotionNetwork):
    """BEAT's 75 joints from sound, words, speaker, emotion and face, drawn anew for every seed.

    The network makes poses at its own rate (15 or 30 fps) in windows of some given poses, the hop, and some beyond
    it, which are thrown away and made again when more is known; a spline through them gives 60 fps. Four things are
    not left to it: the head, which the face network turns; the soles, which stay where they stand; the space that
    hands keep out of; and how far a finger bends.
    """

    def __init__(self, checkpoint: str | Path = DEFAULT) -> None:
        try:
            import torch

            from gengine.networks.camn.cascade import Camn
            from gengine.networks.camn.sizes import CamnShape, checked_sizes
        except ImportError:
            raise MissingExtraError("the body network camn", "camn") from None
        config, tensors = load_checkpoint(checkpoint)
        if config.get("kind") != "camn":
            raise FormatError(f"checkpoint {checkpoint}: is for '{config.get('kind')}', expected one for 'camn'")
        if config.get("version") != VERSION:
            raise FormatError(f"checkpoint {checkpoint}: was made before strokes were planned; train it again")
        with fitting(checkpoint):
            self.fps = bounds.number(config["fps"], "fps", *FRAME_RATES)
            self.before, self.after = (int(bounds.number(config[k], k, 0, MOST_FRAMES)) for k in ("before", "after"))
            self.kinds = tuple(str(cue) for cue in config["cues"])
            body, hands = config["sampling"]
            self.steps = (int(bounds.number(body, "sampling", 1, 1000)), int(bounds.number(hands, "sampling", 1, 1000)))
            self.model = Camn(CamnShape(**checked_sizes(config["shape"])))
            weights = {k[4:]: torch.from_numpy(v.astype(np.float32)) for k, v in tensors.items() if k[:4] == "net."}
            self.model.load_state_dict(weights)
            self.space = PoseSpace.from_tensors(tensors)
            turns, _ = self.space.decode(*(np.zeros((1, size)) for size in self.space.sizes))
            if turns.shape[1] != len(self.space.skeleton) or not np.isfinite(turns).all():
                raise FormatError(
                    f"checkpoint {checkpoint}: its pose space has {turns.shape[1]} joints; train it again"
                )
            shape = config["shape"]
            if self.space.sizes != (shape["body_axes"], shape["hand_axes"]) or len(self.kinds) != shape["cues"]:
                raise FormatError(f"checkpoint {checkpoint}: its pose space or cues are not those of its shape")
        self.model.eval().requires_grad_(False)
        self.skeleton = self.space.skeleton
        self._reach = HandReach(self.skeleton)
        self._spine = [self.skeleton.index(n) for n in ("Hips", "Spine", "Spine1", "Spine2", "Spine3")]
        self._neck = [self.skeleton.index(n) for n in ("Neck", "Neck1", "Head")]
        self.spec = NetworkSpec(
            consumes=("prosody", "syllables", "words", "cues", "emotion", "speaker", "face"),
            produces="motion",
            fps=MOTION_RATE,
            context=max(BACK, _steps_of_50_ms((self.before + 2 * SPLINE) / self.fps + 0.1)),
            lookahead=_steps_of_50_ms(max(LOOKAHEAD, (self.after + SPLINE) / self.fps + SETTLE)),
        )

    def start(self, speaker: Speaker, seed: int) -> CamnState:
        """A fresh body."""
        empty = np.zeros((0, sum(self.space.sizes)), np.float32)
        strokes = StrokePlanner(speaker, seed, self.skeleton)
        return CamnState(seed, traits_of(speaker), strokes, FootPlanting(self.skeleton), empty)

    def generate(self, conditions: Conditions, state: CamnState) -> Motion:
        """Motion of the hop at 60 fps."""
        c = conditions
        times = c.frames(MOTION_RATE)
        if len(times) == 0:
            return Motion(self.skeleton, np.zeros((0, len(self.skeleton), 4)), np.zeros((0, 3)), MOTION_RATE)
        end = int(np.ceil(c.hop_end * self.fps - 1e-6)) + SPLINE
        if end > state.end:
            self._draw(c, state, end)
        first = state.end - len(state.poses)
        poses = spline(state.poses, times * self.fps - first)
        body, hands = np.split(poses, [self.space.sizes[0]], axis=1)
        rotations, root = self.space.decode(body, hands)
        if c.face is not None and len(c.face):
            face = c.face.resample(MOTION_RATE).head
            head = np.asarray(face[np.minimum(np.arange(len(times)), len(face) - 1)], float)
            chest = rotations[:, self._spine[0]]
            for joint in self._spine[1:]:
                chest = rotation.multiply(chest, rotations[:, joint])
            rotations[:, self._neck] = np.stack(spread_head(answer(chest, head), head), axis=1)
        root = state.planting.plant(rotations, root)
        self._reach.curl(rotations)
        self._reach.pronate(rotations)
        self._reach.clear(rotations, root)
        return Motion(self.skeleton, rotations, root, MOTION_RATE)

    def _draw(self, c: Conditions, state: CamnState, end: int) -> None:
        """Make the pose frames up to ``end`` and remember what the next hop needs."""
        place = np.arange(state.end - self.before, end + self.after)
        rows = features_of(c, place, self.fps, self.kinds)
        state.strokes.extend(c)
        plan, planned = state.strokes.rows(place, self.fps)
        inputs = rows.__dict__ | {
            "face_known": self._see(c, state, place, rows), "traits": state.traits,
            "plan": plan, "plan_known": planned[:, None].astype(np.float32),
        }  # fmt: skip
        made = self.model.draw(inputs, state.poses, self.before, self._noise(state, rows), self.steps)
        fresh = made[self.before : self.before + end - state.end]
        keep = self.before + 2 * SPLINE + 1 + end - state.end
        state.poses = np.concatenate([state.poses, fresh])[-keep:]
        state.end = end

    def _noise(self, state: CamnState, rows: Features) -> NDArray[np.float32]:
        """Noise of a window ``(T, axes)``. It belongs to what is planned as well as to the seed: with the seed's alone
        every recording would be gestured alike where sound and words leave a choice. Where nobody speaks it is small:
        what is drawn from it is rest."""
        draws = generator(state.seed, "camn", state.end, *state.strokes.key)
        noise = draws.standard_normal((len(rows), sum(self.space.sizes)))
        speaking = rows.audio[:, SPEECH].max(1) > 0
        around = round(HUSH * self.fps)
        near = np.convolve(speaking, np.ones(2 * around + 1), "full")[around : around + len(rows)] > 0.5
        return (noise * np.where(near, 1, HUSHED)[:, None]).astype(np.float32)

    def _see(self, c: Conditions, state: CamnState, place: NDArray, rows: Features) -> NDArray[np.float32]:
        """Write the faces seen so far into ``rows``; returns where they are known ``(T, 1)``."""
        if c.face is not None and len(c.face):
            last = int(np.ceil(c.hop_end * self.fps - 1e-6))
            fresh = np.arange(state.faces_end, last)
            state.faces = np.concatenate([state.faces, face_rows(c.face, c.hop_start, fresh / self.fps)])
            state.faces = state.faces[-len(place) - len(fresh) :]
            state.faces_end = last
        index = place - (state.faces_end - len(state.faces))
        known = (index >= 0) & (index < len(state.faces)) & (place >= 0)
        rows.face[known] = state.faces[index[known]]
        return known[:, None].astype(np.float32)


def _steps_of_50_ms(seconds: float) -> float:
    return float(np.ceil(seconds * 20 - 1e-9) / 20)


# Rows: frames -2 .. 3 around a position; columns: powers 0 .. 5 of the way from frame 0 to frame 1.
_QUINTIC = np.array(
    [
        [1, -5, 10, -10, 5, -1],
        [26, -50, 20, 20, -20, 5],
        [66, 0, -60, 0, 30, -10],
        [26, 50, 20, -20, -20, 10],
        [1, 5, 10, 10, 5, -5],
        [0, 0, 0, 0, 0, 1],
    ]
) / 120.0  # fmt: skip


def spline(poses: NDArray, position: NDArray) -> NDArray[np.float64]:
    """``poses (N, K)`` read at fractional ``position (T,)`` by the uniform quintic B-spline (held at the ends).

    It passes near the poses, not through them: drawn poses tremble a little from frame to frame, by as much as the
    last of the noise that was not undone, and the spline's kernel (half a frame of deviation) takes that away.
    """
    low = np.floor(position + 1e-9).astype(int)
    powers = (position - low)[:, None] ** np.arange(6)
    weights = powers @ _QUINTIC.T
    frames = np.clip(low[:, None] + np.arange(-2, 4), 0, len(poses) - 1)
    return np.einsum("tk,tkd->td", weights, poses[frames].astype(float))
