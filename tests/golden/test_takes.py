"""The same takes as ever: what the rules make of short recordings, held to a thousandth.

A change that is meant to move the body or the face differently writes them anew, and says so in its message:
``python tests/golden/test_takes.py``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gengine
from gengine.core import rotation
from gengine.core.motion import Motion
from gengine.core.skeleton import BEAT_HIP_HEIGHT, beat_skeleton
from gengine.core.words import Phone, Word, WordTrack
from gengine.inputs.audio import load_audio

FILE = Path(__file__).with_name("takes.npz")
SPEECH = Path(__file__).resolve().parents[2] / "demos" / "speech.wav"
EVERY = 5
"""Of a take's frames one in so many is kept."""
TOLERANCE = 1e-3
"""Of quaternions, metres and weights: what other versions of numpy and other processors may differ by."""

WORDS = WordTrack(
    (Word("no", 0.30, 0.55), Word("this", 0.60, 0.80), Word("is", 0.80, 0.95), Word("really", 0.95, 1.35),
     Word("big", 1.35, 1.75), Word("you", 2.30, 2.60), Word("know", 2.60, 3.10)),
    (Phone("sil", 0.0, 0.30), Phone("N", 0.30, 0.40), Phone("OW", 0.40, 0.55, 1), Phone("sil", 0.55, 0.60),
     Phone("DH", 0.60, 0.66), Phone("IH", 0.66, 0.72), Phone("S", 0.72, 0.80), Phone("IH", 0.80, 0.88),
     Phone("Z", 0.88, 0.95), Phone("R", 0.95, 1.05), Phone("IH", 1.05, 1.15, 1), Phone("L", 1.15, 1.22),
     Phone("IY", 1.22, 1.35), Phone("B", 1.35, 1.45), Phone("IH", 1.45, 1.60, 1), Phone("G", 1.60, 1.75),
     Phone("sil", 1.75, 2.30), Phone("Y", 2.30, 2.40), Phone("UW", 2.40, 2.60), Phone("N", 2.60, 2.75),
     Phone("OW", 2.75, 3.10, 1), Phone("sil", 3.10, 4.0)),
    "en", "given",
)  # fmt: skip


def slouch() -> Motion:
    """A stance of one pose that no network draws: turned away, leaning back, feet apart."""
    skeleton = beat_skeleton()
    turns = np.zeros((1, len(skeleton), 3))
    for joint, turn in {
        "Hips": (-0.2, 0.5, 0.0),
        "Spine1": (0.25, 0.0, 0.1),
        "LeftUpLeg": (0.1, 0.0, 0.15),
        "RightUpLeg": (0.1, 0.0, -0.2),
        "LeftArm": (0.0, 0.2, -1.1),
        "RightArm": (0.0, 0.0, 1.0),
    }.items():
        turns[0, skeleton.index(joint)] = turn
    return Motion(skeleton, rotation.from_rotvec(turns), np.array([[0.3, BEAT_HIP_HEIGHT, -0.2]]), 30.0)


TAKES: dict[str, dict[str, Any]] = {
    "heard": {"span": (0.0, 5.0), "emotion": "happiness:0.8", "speaker": "conversational", "seed": 1},
    "orator": {"span": (2.0, 7.0), "emotion": [(0.0, "neutral"), (2.0, "anger")], "speaker": "orator", "seed": 5},
    "told": {"span": (4.0, 8.0), "emotion": "sadness:0.6+fear:0.4", "speaker": "storyteller", "seed": 2},
    "stance": {"span": (8.0, 10.5), "emotion": "pride:0.5", "speaker": "conversational", "seed": 4, "stance": slouch()},
    "words": {"span": (0.0, 4.0), "emotion": "surprise:0.7", "speaker": "conversational", "seed": 3, "words": WORDS},
}


def take(span: tuple[float, float], **settings: Any) -> dict[str, np.ndarray]:
    """Frames of one take under the names of its tracks."""
    sound = load_audio(SPEECH)
    session = gengine.Session(**settings)
    part = sound.samples[round(span[0] * sound.rate) : round(span[1] * sound.rate)]
    performance = gengine.Performance.join([p for p in (session.push(part), session.flush()) if p is not None])
    motion, face = performance.motion, performance.face
    assert motion is not None and face is not None
    tracks = {"rotations": motion.rotations, "root": motion.root, "weights": face.weights, "head": face.head,
              "gaze": face.gaze}  # fmt: skip
    return {name: np.asarray(track[::EVERY], np.float32) for name, track in tracks.items()}


@pytest.mark.parametrize("name", TAKES)
def test_a_take_is_what_it_was(name: str) -> None:
    made = take(**TAKES[name])
    with np.load(FILE) as kept:
        for track, values in made.items():
            before = kept[f"{name}.{track}"].astype(np.float32)
            assert values.shape == before.shape, track
            np.testing.assert_allclose(values, before, rtol=0, atol=TOLERANCE, err_msg=f"{name}: {track}")


if __name__ == "__main__":
    np.savez_compressed(FILE, **{f"{n}.{t}": v for n, s in TAKES.items() for t, v in take(**s).items()})  # type: ignore[arg-type]
