"""A mood that lives: it swells with phrase and accent, and a neutral face is not still."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.core.conditions import MOTION_RATE
from gengine.core.face import ARKIT_INDEX
from gengine.networks.visemes.mood import MOOD, MoodMotion
from tests.networks.visemes.conftest import spell

TIMES = np.arange(round(40 * MOTION_RATE)) / MOTION_RATE
STILL = np.full(len(TIMES), MOOD.phrase_usual)
SPEECH = spell(" ".join(["sil:0.6", *["B AA T AH M OW S IY F EH P UW K AY sil:0.4"] * 14]))
BROW, SQUINT = ARKIT_INDEX["browDownLeft"], ARKIT_INDEX["eyeSquintLeft"]


def held(weight: float) -> np.ndarray:
    felt = np.zeros((len(TIMES), 52))
    felt[:, [BROW, SQUINT]] = weight
    return felt


def swollen(loudness: np.ndarray = STILL, arousal: float = 0.0) -> np.ndarray:
    felt = held(0.5)
    MoodMotion(3).swell(felt, TIMES, loudness, np.full(len(TIMES), arousal))
    return felt


def test_a_held_expression_deviates_and_the_agitated_one_more():
    calm, agitated = swollen(), swollen(arousal=0.7)
    assert 0.06 < calm[:, BROW].std() < 0.12
    assert agitated[:, BROW].std() > 1.3 * calm[:, BROW].std()
    assert 0.35 < calm[:, BROW].mean() < 0.6
    assert np.abs(np.diff(agitated[:, BROW])).max() * MOTION_RATE < 2  # a swell, no jump
    assert abs(np.corrcoef(calm[:, BROW], calm[:, SQUINT])[0, 1]) < 0.7  # brows and lids each in their own way
    assert (swollen(arousal=3.0)[:, BROW] <= 0.5 * MOOD.limits.high + 1e-9).all()


def test_a_loud_phrase_shows_more_of_it():
    loud = swollen(STILL + MOOD.phrase_deviation * (TIMES > 20))
    assert loud[TIMES > 20, BROW].mean() > swollen()[TIMES > 20, BROW].mean() + 0.02
    assert loud[TIMES <= 20, BROW] == pytest.approx(swollen()[TIMES <= 20, BROW])


def test_accents_show_more_of_it(perform):
    """An accent lies on every vowel: the brow is lower around them than in the same second without speech."""
    talked = perform(SPEECH, emotion={"anger": 1.0}, vad=(-0.5, 0.7, 0.3), seed=1)
    silent = perform(spell("sil:20"), emotion={"anger": 1.0}, vad=(-0.5, 0.7, 0.3), seed=1)
    n = min(len(talked), len(silent))
    assert talked.channel("noseSneerLeft")[:n].max() > silent.channel("noseSneerLeft")[:n].max()


def test_neutral_speech_moves_every_part_of_a_face_and_its_sides_a_little_apart(perform):
    face = perform(SPEECH, seed=2)
    for name in ("eyeSquint", "cheekSquint", "noseSneer", "mouthSmile", "mouthDimple", "mouthFrown", "mouthPress"):
        left, right = (face.channel(name + side).astype(float) for side in ("Left", "Right"))
        assert left.std() > 0.004, name
        assert 0.3 < np.corrcoef(left, right)[0, 1] < 0.999, name
    assert face.channel("jawForward").std() > 0.004
