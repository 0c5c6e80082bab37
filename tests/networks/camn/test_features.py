"""Rows that a CaMN reads: the same from a whole recording and from any window of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gengine import Performance
from gengine.core.conditions import Conditions, Cue
from gengine.core.speaker import Speaker
from gengine.core.words import Word
from gengine.hearing import hear_recording
from gengine.networks.camn import features
from gengine.networks.camn.features import READINGS, face_rows, features_of, traits_of

KINDS = ("deictic_self", "negation")


@pytest.fixture(scope="module")
def c(teacher: Performance) -> Conditions:
    words = (Word("really", 1.0, 1.4), Word("me", 2.0, 2.2))
    return replace(
        hear_recording(teacher),
        words=words,
        cues=(Cue("deictic_self", 2.0, 2.2, 2.1, "me"), Cue("x", 1, 2, 1.5, "y")),
    )


def test_shapes_and_silence_around_the_recording(c: Conditions) -> None:
    rows = features_of(c, np.arange(-5, 120), 15.0, KINDS)
    assert rows.audio.shape == (125, features.AUDIO) and rows.emotion.shape == (125, features.EMOTION)
    assert rows.text.shape == (125, features.TEXT) and rows.subwords.shape == (125, features.SUBWORDS)
    last = int(np.ceil(c.known_until * 15)) + 6
    for name in ("audio", "text", "subwords", "cues"):
        values = getattr(rows, name)
        assert np.abs(values[:4]).max() < 1e-3 and np.abs(values[last:]).max() < 1e-3, name
    assert rows.audio[5:100, READINGS : 2 * READINGS].mean() > 0.3  # there is speech


def test_a_window_reads_what_the_whole_reads(c: Conditions) -> None:
    whole = features_of(c, np.arange(30, 60), 15.0, KINDS)
    a, b = 150, 460  # analysis frames
    window = replace(
        c, start=1.5, hop_start=2.0, hop_end=4.0, known_until=4.6, prosody=c.prosody[a:b],
        emotion=c.emotion[a:b], syllables=tuple(s for s in c.syllables if 1.5 < s.end <= 4.6),
    )  # fmt: skip
    part = features_of(window, np.arange(30, 60), 15.0, KINDS)
    for name in ("audio", "text", "subwords", "cues", "emotion"):
        np.testing.assert_allclose(getattr(part, name), getattr(whole, name), atol=1e-6, err_msg=name)


def test_words_and_cues_stand_where_they_are_said(c: Conditions) -> None:
    rows = features_of(c, np.arange(0, 60), 15.0, KINDS)
    spoken = np.flatnonzero(rows.text[:, 0])
    assert spoken.tolist() == [*range(15, 21), *range(30, 33)]
    assert (rows.subwords[15] > 0).sum() > 3 and (rows.subwords[15] != rows.subwords[30]).any()
    assert (rows.subwords[~np.isin(np.arange(60), spoken)] == 0).all()
    assert rows.cues[31, 0] == rows.cues.max() and np.abs(rows.cues[:25]).max() < 1e-6  # unknown kinds are left out
    assert rows.text[15, 1] == pytest.approx(0, abs=1e-6) and rows.text[20, 1] > 0.8


def test_faces_are_read_by_time(teacher: Performance) -> None:
    assert teacher.face is not None
    rows = face_rows(teacher.face[60:], 1.0, np.array([1.0, 2.0]))
    np.testing.assert_allclose(rows[:, :52], teacher.face.weights[[60, 120]], atol=1e-6)
    np.testing.assert_allclose(rows[:, 55:], teacher.face.gaze[[60, 120]], atol=1e-6)


def test_every_speaker_has_traits_of_its_own() -> None:
    names = ["storyteller", "conversational", "orator", "scott", "anybody"]
    assert len({traits_of(Speaker.named(n)).tobytes() for n in names}) == len(names)
