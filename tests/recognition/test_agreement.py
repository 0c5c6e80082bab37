from __future__ import annotations

import numpy as np

from gengine.core.words import Phone, Word, WordTrack
from gengine.encoders.phones import PHONES, PhoneFrames
from gengine.recognition.agreement import LEAST_PROBABILITY, agreements, believed

TRACK = WordTrack(
    (Word("map", 0.1, 0.4), Word("see", 0.5, 0.8), Word("far", 1.6, 1.9)),
    (Phone("sil", 0, 0.1), Phone("M", 0.1, 0.2), Phone("AE", 0.2, 0.3), Phone("P", 0.3, 0.4), Phone("sil", 0.4, 0.5),
     Phone("S", 0.5, 0.6), Phone("IY", 0.6, 0.8), Phone("sil", 0.8, 1.6), Phone("F", 1.6, 1.7),
     Phone("AA", 1.7, 1.9), Phone("sil", 1.9, 2.0)),
    "en", "aligned",
)  # fmt: skip


def frames(track: WordTrack, wrong: tuple[float, float] = (0.0, 0.0)) -> PhoneFrames:
    """Posteriors that are sure of a track's phones, and of K from ``wrong[0]`` to ``wrong[1]`` s."""
    posteriors = np.zeros((200, len(PHONES)), np.float32)
    for k in range(200):
        said = next(p.symbol for p in track.phones if p.start <= (k + 0.5) / 100 < p.end)
        posteriors[k, PHONES.index("K" if wrong[0] <= (k + 0.5) / 100 < wrong[1] else said)] = 1
    return PhoneFrames(0, posteriors, np.zeros(200, np.float32), np.ones(200, bool))


def test_words_agree_with_their_sounds() -> None:
    np.testing.assert_allclose(agreements(TRACK, frames(TRACK)), 0)
    scores = agreements(TRACK, frames(TRACK, wrong=(0.5, 0.6)))
    np.testing.assert_allclose(scores, [0, np.log(LEAST_PROBABILITY) / 3, 0], rtol=1e-6)


def test_a_lip_class_is_enough() -> None:
    other = WordTrack(TRACK.words, tuple(Phone("B", p.start, p.end) if p.symbol in "MP" else p for p in TRACK.phones))
    np.testing.assert_allclose(agreements(other, frames(TRACK)), 0)


def test_believed_words_keep_their_sounds_and_short_pauses() -> None:
    track = believed(TRACK, [True, True, True])
    assert [p.symbol for p in track.phones] == ["M", "AE", "P", "sil", "S", "IY", "F", "AA"]
    assert track.source == "recognised"
    track = believed(TRACK, [True, False, True])
    assert [w.text for w in track.words] == ["map", "far"]
    assert [p.symbol for p in track.phones] == ["M", "AE", "P", "F", "AA"]
