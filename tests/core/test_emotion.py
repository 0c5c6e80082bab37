"""The emotion timeline and BEAT's ids of it."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.core.emotion import BEAT_VAD, EMOTION_INDEX, EMOTIONS, EmotionTrack, beat_ids


def ids(vad: tuple[float, float, float] = (0.0, 0.0, 0.0), **strengths: float) -> int:
    weights = np.zeros((1, len(EMOTIONS)))
    for name, value in strengths.items():
        weights[0, EMOTION_INDEX[name]] = value
    return int(beat_ids(weights, np.array([vad]))[0])


def test_the_strongest_of_the_eight_counts():
    assert ids(anger=0.6, sadness=0.5) == EMOTION_INDEX["anger"]
    assert ids(disgust=1.0) == 7 and ids(happiness=0.2) == 1


def test_what_is_weak_or_neutral_is_neutral():
    assert ids() == ids(neutral=1.0) == ids(anger=0.149) == 0
    assert ids(anger=0.15) == EMOTION_INDEX["anger"]
    assert ids(BEAT_VAD[6], tired=0.149) == 0


def test_an_emotion_beyond_the_eight_is_the_nearest_in_vad():
    for name in ("happiness", "fear", "disgust"):
        assert ids(BEAT_VAD[EMOTION_INDEX[name]], amused=0.5, anger=0.4) == EMOTION_INDEX[name]
    assert ids(BEAT_VAD[6], amused=0.4, anger=0.4) == EMOTION_INDEX["anger"]
    assert ids((0.0, 0.05, 0.0), tired=0.5) == 0


def test_a_track_cuts_and_resamples():
    weights = np.zeros((4, 18))
    weights[:, 3] = 0, 0.3, 0.6, 0.9
    track = EmotionTrack(weights, np.tile([[0.0], [0.1], [0.2], [0.3]], 3), 10)
    assert (len(track), track.duration) == (4, 0.4)
    assert track[1:3].weights[:, 3] == pytest.approx([0.3, 0.6])
    double = track.resample(20)
    assert double.fps == 20.0 and double.weights[:, 3] == pytest.approx([0, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 0.9])
    assert double.vad[:, 0] == pytest.approx([0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.3])
    assert track.resample(10).weights is track.weights
