"""Voice and words in one pool: what says nothing changes nothing; dials shape what both say."""

from __future__ import annotations

import numpy as np
import pytest

import gengine
from gengine.core.emotion import EMOTION_INDEX, EMOTIONS, EmotionTrack
from gengine.core.face import FaceTrack
from gengine.core.motion import Motion
from gengine.core.noise import generator
from gengine.emotion import parse_emotion
from gengine.emotion.dials import Dials
from gengine.emotion.text import SaidEmotion
from gengine.hearing import Hearing
from gengine.inputs.guess import guessed

NEUTRAL = ("The train to Hamburg leaves from platform four.", "There are twelve chairs in the room.", "1 2 3 4", "a",
           "Das Fenster steht offen und der Zug fährt um neun.")  # fmt: skip
SURE = "I hate you, you stupid liar!"


def heard(samples: np.ndarray, text: str | None, dials: Dials | None = None) -> EmotionTrack:
    hearing = Hearing(parse_emotion("auto"), guessed(text) if text else None, hears=False, dials=dials)
    hearing.push(samples.astype(np.float32))
    hearing.flush()
    return hearing.whole(len(samples) / 16000).emotion


@pytest.mark.parametrize("text", NEUTRAL)
@pytest.mark.parametrize(("emotion", "strength"), [("anger", 0.8), ("sadness", 0.3), ("neutral", 0.0)])
def test_neutral_words_leave_the_voice_as_it_is(text: str, emotion: str, strength: float) -> None:
    weights = np.zeros((50, len(EMOTIONS)))
    weights[:, EMOTION_INDEX[emotion]] = strength
    voice = EmotionTrack(weights, np.full((50, 3), 0.2), 10.0)
    told = SaidEmotion()
    told.add(guessed(text).words)
    both = told.over(voice, 0.0, np.ones(50))
    assert np.abs(both.weights - voice.weights).max() <= 0.01 and np.abs(both.vad - voice.vad).max() <= 0.01


@pytest.mark.parametrize("sound", ["silence", "noise", "tone"])
def test_sound_without_speech_leaves_the_words_as_they_are(sound: str) -> None:
    times = np.arange(4 * 16000) / 16000
    samples = {"silence": 0 * times, "noise": 0.1 * generator(0).standard_normal(len(times)),
               "tone": 0.2 * np.sin(2 * np.pi * 220 * times)}[sound]  # fmt: skip
    told = SaidEmotion()
    told.add(guessed(SURE).words)
    nothing = EmotionTrack(np.zeros((400, len(EMOTIONS))), np.zeros((400, 3)), 100.0)
    both = heard(samples, SURE)
    assert both.weights.max() > 0.3
    assert np.abs(both.weights - told.over(nothing, 0.0, np.ones(400)).weights).max() <= 0.01
    assert not heard(samples, None).weights.any()


def test_dials_shape_what_is_read() -> None:
    silence = np.zeros(6 * 16000)
    plain, soft = heard(silence, SURE), heard(silence, SURE, Dials(strength=0.5))
    np.testing.assert_allclose(soft.weights, 0.5 * plain.weights, atol=1e-6)
    one = heard(silence, SURE, Dials(most=1))
    assert (one.weights > 0).sum(axis=1).max() == 1
    slow = heard(silence, SURE, Dials(smoothing=2))
    assert np.abs(np.diff(slow.weights, axis=0)).max() < 0.5 * np.abs(np.diff(plain.weights, axis=0)).max()


def test_each_part_shows_as_much_as_its_dial_says() -> None:
    sound = gengine.AudioClip(np.zeros(3 * 16000, np.float32), 16000)

    def made(dials: str | None, emotion: str = "angry") -> tuple[FaceTrack, Motion]:
        p = gengine.animate(sound, emotion, text="none", seed=1, dials=dials)
        assert p.face is not None and p.motion is not None
        return p.face, p.motion

    def frown(face: FaceTrack) -> float:
        return float(face.channel("browDownLeft")[90:].mean())

    (plain, moved), (blank, same_body), (same_face, still) = made(None), made("face=0"), made("body=0")
    assert frown(blank) < 0.3 * frown(plain) and frown(same_face) == pytest.approx(frown(plain), abs=0.05)
    assert np.abs(still.rotations - moved.rotations).max() > 0.02
    assert np.abs(same_body.rotations[0] - moved.rotations[0]).max() < 0.02
    np.testing.assert_array_equal(made("face=1,head=1")[0].weights, plain.weights)
    sad, upright = made(None, "sad")[0], made("head=0", "sad")[0]
    assert np.abs(sad.head - upright.head).max() > 0.03
    np.testing.assert_allclose(sad.channel("browInnerUp"), upright.channel("browInnerUp"), atol=0.06)
