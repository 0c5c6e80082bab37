"""The published CaMN (Liu et al. 2022, "BEAT") as a body network that runs a trained checkpoint.

The network makes windows of 34 frames at 15 fps. Four frames of a window are given, the last of the window before,
so it goes forward by 30 frames, or two seconds. It predicts Euler angles of 47 joints; hips, legs and the joints
between keep the mean pose of the training corpus. It is a regression: ``seed`` changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.checkpoint import Tensors, fitting, load_checkpoint
from gengine.core.audio import SAMPLE_RATE
from gengine.core.bounds import number
from gengine.core.conditions import MOTION_RATE, Conditions
from gengine.core.emotion import beat_ids
from gengine.core.euler141 import JOINTS, from_141
from gengine.core.face import ARKIT_INDEX, ARKIT_NAMES
from gengine.core.motion import Motion
from gengine.core.noise import stable_seed
from gengine.core.skeleton import beat_skeleton
from gengine.core.speaker import Speaker
from gengine.core.subwords import plain_word, subword_ids
from gengine.core.words import Word
from gengine.errors import FormatError, MissingExtraError
from gengine.networks.base import MotionNetwork, NetworkSpec

KIND = "camn-paper"
FPS = 15.0
WINDOW, SEED_FRAMES = 34, 4
HOP_FRAMES = WINDOW - SEED_FRAMES
SAMPLES = math.ceil(WINDOW * SAMPLE_RATE / FPS)
"""Samples of a window's sound, 36267: 34 frames last 36266.67. A frame lasts 1066.67 samples, so a window that
begins with frame k begins with sample ``round(k * 16000 / 15)``, off by a third of a sample at most and never
adding up."""
DIMS = 3 * len(JOINTS)
HANDS = tuple(c for c in range(DIMS) if "Hand" in JOINTS[c // 3])
"""The 114 columns of wrists and fingers."""
BODY = tuple(c for c in range(DIMS) if "Hand" not in JOINTS[c // 3])
"""The 27 columns of spine, neck, shoulders and arms."""
FACE_NAMES: tuple[str, ...] = tuple(sorted(set(ARKIT_NAMES) - {"tongueOut"}))
"""The 51 face weights in the order of BEAT's files."""
FACE_ORDER = np.array([ARKIT_INDEX[name] for name in FACE_NAMES])
_FADE = 6
"""Frames over which the step between a window's last given pose and its own picture of it fades."""


def first_sample(frame: int) -> int:
    """Sample at 16 kHz with which a pose frame begins."""
    return round(frame * SAMPLE_RATE / FPS)


def words_at(words: tuple[Word, ...], times: NDArray) -> list[str]:
    """The word that is being said at each of the ascending ``times`` (s), "" where none is."""
    said = [""] * len(times)
    for word in words:
        for k in range(*np.searchsorted(times, [word.start - 1e-6, word.end - 1e-6])):
            said[k] = word.text
    return said


def speaker_row(name: str, speakers: Sequence[str]) -> int:
    """Row of a speaker; one that is not among ``speakers`` gets the row of one who is, always the same."""
    return list(speakers).index(name) if name in speakers else stable_seed(name) % len(speakers)


def joined(seed: NDArray, made: NDArray) -> NDArray:
    """The 30 new poses ``(..., 30, 141)`` of a window ``made (..., 34, 141)`` that began with ``seed (..., 4, 141)``.

    A window pictures the given frames too; where its last one is off, so are those that follow it, so that step is
    taken away and fades over 0.4 s.
    """
    step = seed[..., -1:, :] - made[..., SEED_FRAMES - 1 : SEED_FRAMES, :]
    fade = np.clip(1 - np.arange(1, HOP_FRAMES + 1) / _FADE, 0, None)[:, None]
    return made[..., SEED_FRAMES:, :] + fade * step


@dataclass(frozen=True)
class WordIndex:
    """Words → rows of the word table. Row 0 means that nothing is said.

    With a ``vocabulary`` each of its words has a row from 2 on and all other words share row 1; without one a word
    has the rows of its letter groups among ``buckets`` (``gengine.core.subwords``), so every word has a vector.
    """

    vocabulary: tuple[str, ...] = ()
    buckets: int = 4096
    _rows: dict[str, int] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._rows.update({word: row for row, word in enumerate(self.vocabulary, 2)})

    @property
    def rows(self) -> int:
        """Size of the table."""
        return len(self.vocabulary) + 2 if self.vocabulary else self.buckets

    @property
    def width(self) -> int:
        """Most rows of one word."""
        return 1 if self.vocabulary else 12

    def ids(self, word: str) -> NDArray[np.int64]:
        """Rows ``(width,)`` of one word, zeros after the last."""
        if not self.vocabulary:
            found = subword_ids(word, self.buckets, self.width)
            return np.pad(found, (0, self.width - len(found)))
        plain = plain_word(word)
        return np.array([self._rows.get(plain, 1) if plain else 0])

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"vocabulary": list(self.vocabulary), "buckets": self.buckets}


@dataclass
class PublishedCamnState:
    speaker: int
    poses: NDArray[np.float64]
    """Normalised poses of frames ``first`` and after."""
    face: NDArray[np.float32]
    """Face weights of the frames before the hop, the newest last."""
    tangents: dict[int, NDArray[np.float64]] = field(default_factory=dict)
    """Slopes per frame that a hop has already drawn its curve with."""
    first: int = 1 - SEED_FRAMES

    @property
    def end(self) -> int:
        """Number of the next frame to make."""
        return self.first + len(self.poses)


class PublishedCamnNetwork(MotionNetwork):
    """A trained checkpoint (kind "camn-paper") as a body network. Needs torch.

    Windows end with the hop, so the network fits ``hop = 2`` seconds, the default: another hop that is shorter is
    made with a future as silent as it is unknown. Frame 0 is the corpus's mean pose.
    """

    spec = NetworkSpec(
        consumes=("sound", "words", "emotion", "face"), produces="motion", fps=MOTION_RATE, context=0.4, lookahead=0.1
    )

    def __init__(self, folder: str | Path) -> None:
        config, tensors = load_checkpoint(folder)
        if config.get("kind") != KIND:
            raise FormatError(f"{folder}: holds a '{config.get('kind')}', expected a checkpoint of kind '{KIND}'")
        with fitting(folder):
            self._fill(config, tensors)

    @classmethod
    def of(cls, config: dict[str, Any], tensors: Tensors) -> PublishedCamnNetwork:
        """The network of a checkpoint that is not on disk."""
        network = cls.__new__(cls)
        network._fill(config, tensors)
        return network

    def _fill(self, config: dict[str, Any], tensors: Tensors) -> None:
        try:
            import torch
        except ImportError:
            raise MissingExtraError("the published CaMN", "camn") from None
        from gengine.networks.camn.published import PublishedCamn
        from gengine.networks.camn.sizes import LARGEST_SIZE, PublishedShape, checked_sizes

        tensors = dict(tensors)
        self.config = config
        self.words = WordIndex(
            tuple(config["words"]["vocabulary"]), int(number(config["words"]["buckets"], "buckets", 0, LARGEST_SIZE))
        )
        self.speakers: list[str] = list(config["speakers"])
        self.mean, self.deviation = (tensors.pop(f"pose.{k}").astype(float) for k in ("mean", "deviation"))
        self.face_mean, self.face_deviation = (tensors.pop(f"face.{k}") for k in ("mean", "deviation"))
        for name, values, width in (("pose", self.mean, DIMS), ("pose", self.deviation, DIMS),
                                    ("face", self.face_mean, len(FACE_NAMES)),
                                    ("face", self.face_deviation, len(FACE_NAMES))):  # fmt: skip
            if values.shape != (width,):
                raise FormatError(f"{name} statistics {values.shape}, expected ({width},)")
        self.rest = Motion(beat_skeleton(), tensors.pop("rest.rotations")[None], tensors.pop("rest.root")[None], FPS)
        self.network = PublishedCamn(PublishedShape.of(checked_sizes(config["shape"]))).eval()
        self.network.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in tensors.items()})

    def start(self, speaker: Speaker, seed: int) -> PublishedCamnState:
        """A fresh state; a speaker the network never saw gets one of those it knows, always the same."""
        return PublishedCamnState(
            speaker_row(speaker.name, self.speakers),
            np.zeros((SEED_FRAMES, DIMS)),
            np.zeros((0, len(FACE_NAMES)), np.float32),
        )

    def generate(self, conditions: Conditions, state: PublishedCamnState) -> Motion:
        """Frames of the hop at 60 Hz: a cubic curve through the network's frames at 15 Hz."""
        last = math.ceil(conditions.hop_end * FPS - 1e-6)
        while state.end <= last:
            self._window(conditions, state, last)
        frames = conditions.frames(self.spec.fps) * FPS
        motion = from_141(self._curve(state, frames) * self.deviation + self.mean, self.spec.fps, rest=self.rest)
        drop = max(0, last - SEED_FRAMES - state.first)  # seeds of the next window, and the curve's last piece
        state.poses, state.first = state.poses[drop:], state.first + drop
        state.tangents = {k: v for k, v in state.tangents.items() if k >= last - 1}
        return motion

    def _window(self, c: Conditions, state: PublishedCamnState, last: int) -> None:
        """Make the next frames, at most 30 and none after ``last``."""
        import torch

        first = state.end - SEED_FRAMES
        times = (first + np.arange(WINDOW)) / FPS
        known = times < c.known_until - 1e-9
        emotion = beat_ids(*c.emotion_at(np.minimum(times, c.known_until)))
        said = [word if sure else "" for word, sure in zip(words_at(c.words, times), known, strict=True)]
        ids = np.stack([self.words.ids(word) for word in said])
        seed = state.poses[-SEED_FRAMES:]
        inputs = {
            "sound": _cut(c, first_sample(first)),
            "words": ids,
            "speaker": np.array(state.speaker),
            "emotion": emotion,
            "face": (self._face(c, state, times) - self.face_mean) / self.face_deviation,
            "seed": seed.astype(np.float32),
        }
        with torch.inference_mode():
            made = self.network(**{k: torch.from_numpy(np.asarray(v))[None] for k, v in inputs.items()})
        poses = made[0].double().numpy()
        new = joined(seed, poses)
        state.poses = np.concatenate([state.poses, new[: last + 1 - state.end]])

    def _face(self, c: Conditions, state: PublishedCamnState, times: NDArray) -> NDArray[np.float32]:
        """Face weights ``(34, 51)``: this hop's, those remembered before it, the last one after it."""
        rows = np.tile(self.face_mean, (len(times), 1)).astype(np.float32)
        if c.face is None or len(c.face) == 0:
            return rows
        at = np.round((times - c.hop_start) * c.face.fps).astype(int)
        rows[at >= 0] = c.face.weights[np.minimum(at[at >= 0], len(c.face) - 1)][:, FACE_ORDER]
        before = np.flatnonzero(at < 0)
        remembered = state.face[len(state.face) - min(len(before), len(state.face)) :]
        if len(remembered):
            rows[before[-len(remembered) :]] = remembered
        ahead = math.ceil(c.hop_end * FPS - 1e-6)
        inside = times * FPS < ahead - 1e-6
        state.face = rows[inside][-SEED_FRAMES - 1 :]
        return rows

    def _curve(self, state: PublishedCamnState, at: NDArray) -> NDArray[np.float64]:
        """Poses at frame positions ``at``, once differentiable also from hop to hop (Catmull-Rom)."""
        low = np.minimum(np.floor(at + 1e-9).astype(int), state.end - 2)
        poses = state.poses
        for k in range(low.min(initial=state.end - 2), low.max(initial=0) + 2):
            if k not in state.tangents:
                i = k - state.first
                ahead = min(i + 1, len(poses) - 1)
                state.tangents[k] = (poses[ahead] - poses[i - 1]) / (ahead - i + 1)
        slopes = np.stack([[state.tangents[k], state.tangents[k + 1]] for k in low.tolist()] or [np.zeros((2, DIMS))])
        t = (at - low)[:, None]
        a, b = poses[low - state.first], poses[low + 1 - state.first]
        m, n = slopes[: len(at), 0], slopes[: len(at), 1]
        return a + t * (m + t * (3 * (b - a) - 2 * m - n + t * (2 * (a - b) + m + n)))


def _cut(c: Conditions, first: int) -> NDArray[np.float32]:
    """The window's sound from sample ``first`` of the recording on; silence where there is none."""
    sound = np.zeros(SAMPLES, np.float32)
    if c.sound is not None:
        begin = first - round(c.start * SAMPLE_RATE)
        known = round((c.known_until - c.start) * SAMPLE_RATE)
        part = c.sound[max(0, begin) : min(max(0, begin + SAMPLES), known)]
        sound[max(0, -begin) : max(0, -begin) + len(part)] = part
    return sound
