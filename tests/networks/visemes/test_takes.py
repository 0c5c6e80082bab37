"""The same faces as ever: what the rules make of two scenes that use all of them.

A change that is meant to move the face differently writes them anew, and says so in its message:
``python -m tests.networks.visemes.test_takes``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gengine.core.conditions import Cue
from gengine.core.emotion import EMOTIONS
from gengine.core.face import FaceTrack
from gengine.networks.visemes.visual_prosody import FACE_CUES
from tests.networks.visemes.conftest import make_face, spell

FILE = Path(__file__).with_name("takes.npz")
EVERY = 6
"""Of a take's frames one in so many is kept."""

SPEECH = "B AA T AH M OW S IY F EH P UW K AY sil:0.15 W IH TH AA M IY V ER D AE B OY spn:0.3 SH AW JH UH R"


def told() -> FaceTrack:
    """Aligned phones, every cue, and each emotion after the other at falling strength."""
    phones = spell(" ".join(["sil:1.2", *[f"{SPEECH} sil:0.7"] * 10, "sil:5"]))
    cues = [Cue(kind, 1.3 + 1.1 * k, 1.6 + 1.1 * k, 1.45 + 1.1 * k, kind) for k, kind in enumerate(FACE_CUES)]

    def emotion(at: np.ndarray) -> np.ndarray:
        weights = np.zeros((len(at), len(EMOTIONS)))
        now = (at / 2.2).astype(int) % len(EMOTIONS)
        weights[np.arange(len(at)), now] = 1.0 - 0.3 * np.sin(at) ** 2
        weights[:, 1] += 0.2
        return weights

    return make_face(phones, cues=cues, emotion=emotion, vad=(0.2, 0.6, -0.3), speaker="wayne", seed=11)


def heard() -> FaceTrack:
    """Recognised phones with the jaw that the recogniser expects, a calm speaker, a low mood."""
    phones = spell(" ".join(["sil:1.2", *[f"{SPEECH} sil:1.4"] * 3]))
    at = np.arange(round(phones[-1].end * 100)) / 100
    jaw = 0.15 + 0.1 * np.sin(9 * at)
    return make_face(
        phones, jaw=jaw, source="heard", emotion={"sadness": 0.7}, vad=(-0.6, -0.7, 0.4), speaker="storyteller", seed=4
    )


TAKES = {"told": told, "heard": heard}


def kept(face: FaceTrack) -> dict[str, np.ndarray]:
    return {name: getattr(face, name)[::EVERY] for name in ("weights", "head", "gaze")}


@pytest.mark.parametrize("name", TAKES)
def test_a_take_is_what_it_was(name):
    made = kept(TAKES[name]())
    with np.load(FILE) as file:
        for track, values in made.items():
            np.testing.assert_allclose(values, file[f"{name}.{track}"], rtol=0, atol=2e-5, err_msg=f"{name}: {track}")


if __name__ == "__main__":
    np.savez_compressed(FILE, **{f"{n}.{t}": v for n, make in TAKES.items() for t, v in kept(make()).items()})
