"""Emotion over the turns of a conversation."""

from __future__ import annotations

import numpy as np

from gengine.core.emotion import EMOTION_INDEX, EMOTIONS, EmotionTrack
from gengine.emotion.turns import CATEGORIES, TURNS, counted, over_turns, shares


def felt(seconds: float = 20.0, **spans: tuple[float, float]) -> EmotionTrack:
    weights = np.zeros((round(seconds * TURNS.fps), len(EMOTIONS)))
    for name, (start, end) in spans.items():
        weights[round(start * TURNS.fps) : round(end * TURNS.fps), EMOTION_INDEX[name]] = 0.8
    return EmotionTrack(weights, np.zeros((len(weights), 3)), TURNS.fps)


SPEAKING = np.array([[k < 100 for k in range(200)], [k >= 100 for k in range(200)]])


def test_neutral_people_stay_neutral() -> None:
    for track in over_turns([felt(), felt()], SPEAKING, [1, 1]):
        assert not track.weights.any() and not track.vad.any()


def test_anger_lingers_and_is_caught_as_far_as_was_counted() -> None:
    anger = EMOTION_INDEX["anger"]
    a, b = over_turns([felt(anger=(0, 10)), felt()], SPEAKING, [1, 1])
    lingers, caught = shares()
    assert a.weights[50, anger] == np.float32(0.8)
    assert 0.5 * lingers[anger] * 0.8 < a.weights[110, anger] <= lingers[anger] * 0.8
    assert a.weights[199, anger] < a.weights[110, anger] / 2
    assert caught[anger] * 0.8 < b.weights[80, anger] < TURNS.mirror * caught[anger] * 0.8 + 1e-6
    assert b.weights[5, anger] < b.weights[20, anger] and np.abs(np.diff(b.weights, axis=0)).max() < 0.05
    stone = over_turns([felt(anger=(0, 10)), felt()], SPEAKING, [1, 0])[1]
    assert not stone.weights.any()


def test_what_was_counted() -> None:
    own, other, usual = counted()
    for table in (own, other):
        np.testing.assert_allclose(table.sum(axis=1), 1, atol=1e-3)
    anger = CATEGORIES.index("anger")
    assert own[anger, anger] > other[anger, anger] > usual[anger]
    assert shares()[0][0] == shares()[1][0] == 0
