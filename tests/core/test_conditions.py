"""Reading one window of conditions."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.core.conditions import ANALYSIS_RATE, MOTION_RATE, Conditions, Prosody
from gengine.core.emotion import EmotionTrack
from gengine.core.face import FaceTrack
from gengine.core.speaker import Speaker


@pytest.fixture
def window() -> Conditions:
    """One second from 10.0 s; the level grows by one per second, so does happiness."""
    time = 10 + np.arange(100) / ANALYSIS_RATE
    flat = np.zeros(100)
    prosody = Prosody(flat, time, flat, flat, flat, flat)
    mood = 10 + np.arange(20) / 20
    weights = np.zeros((20, 18))
    weights[:, 1] = mood - 10
    emotion = EmotionTrack(weights, np.tile((mood - 10)[:, None], 3), 20.0)
    return Conditions(
        start=10.0, hop_start=10.5, hop_end=10.75, known_until=11.0, ended=False, prosody=prosody,
        phones=(), words=(), syllables=(), cues=(), emotion=emotion, speaker=Speaker(),
    )  # fmt: skip


def test_frames_are_those_of_the_hop(window):
    frames = window.frames()
    assert len(frames) == 15
    assert np.allclose(frames, 10.5 + np.arange(15) / MOTION_RATE)
    assert len(window.frames(100)) == 25


def test_neighbouring_hops_share_no_frame(window):
    times = []
    for hop in range(40):
        start, end = 10 + hop * 0.25, 10.25 + hop * 0.25
        times.append(Conditions(**{**window.__dict__, "hop_start": start, "hop_end": end}).frames())
    assert np.allclose(np.diff(np.concatenate(times)), 1 / MOTION_RATE)


def test_curves_are_read_between_frames_and_held_at_the_ends(window):
    assert np.allclose(window.curve("level", np.array([10.0, 10.333, 10.99])), [10.0, 10.333, 10.99])
    assert np.allclose(window.curve("level", np.array([9.0, 12.0])), [10.0, 10.99])
    empty = Conditions(**{**window.__dict__, "prosody": window.prosody[:0]})
    assert np.array_equal(empty.curve("level", np.array([10.0, 10.5])), [0, 0])


def test_emotion_is_read_between_frames_and_held_at_the_ends(window):
    weights, vad = window.emotion_at(np.array([9.0, 10.125, 10.5, 99.0]))
    assert weights.shape == (4, 18)
    assert np.allclose(weights[:, 1], [0, 0.125, 0.5, 0.95], atol=1e-6)
    assert np.allclose(vad[:, 2], [0, 0.125, 0.5, 0.95], atol=1e-6)
    assert not weights[:, 0].any()


def test_a_face_is_added_without_touching_the_window(window):
    face = FaceTrack(np.zeros((15, 52)), np.zeros((15, 4)), np.zeros((15, 2)), 60)
    assert window.with_face(face).face is face
    assert window.face is None


def test_prosody_slices_every_curve(window):
    part = window.prosody[10:20]
    assert len(part) == 10
    assert np.allclose(part.level, 10.1 + np.arange(10) / 100)
    assert len(part.pitch) == len(part.sibilance) == 10
