from __future__ import annotations

import numpy as np

import gengine
from gengine.core.audio import AudioClip
from gengine.core.words import Phone, Word, WordTrack
from gengine.hearing import Hearing

KNOWN = WordTrack(
    (Word("map", 1.05, 1.4),),
    (Phone("M", 1.05, 1.15), Phone("AE", 1.15, 1.3), Phone("P", 1.3, 1.4)),
    "en",
    "recognised",
)


def test_text_none_follows_the_sound_alone(speech: np.ndarray) -> None:
    clip = AudioClip(speech[:32_000])
    performance = gengine.animate(clip, text="none")
    assert performance.words.source == "heard" and not performance.words.words
    assert performance.provenance["config"]["words"] == "none" and performance.provenance["text"] is None
    assert gengine.animate(clip, words="none").words == performance.words


def test_phones_are_heard_outside_of_recognised_words(speech: np.ndarray) -> None:
    heard, mixed = Hearing(), Hearing(words=KNOWN)
    for hearing in (heard, mixed):
        hearing.push(speech)
        hearing.flush()
    alone, spliced = (h.whole(len(speech) / 16_000) for h in (heard, mixed))
    assert [p for p in spliced.phones if 1.0 <= p.start < 1.4] == list(KNOWN.phones)
    away = [p for p in alone.phones if p.end < 0.9 or p.start > 1.6]
    assert [p for p in spliced.phones if p.end < 0.9 or p.start > 1.6] == away
    np.testing.assert_array_equal(spliced.jaw, alone.jaw)
    np.testing.assert_allclose(spliced.only_heard(np.array([0.5, 1.0, 1.2, 1.45, 2.0])), [1, 0.5, 0, 0.5, 1])


def test_recognised_words_stream_as_they_are_offline(speech: np.ndarray) -> None:
    def run(cuts: list[int]) -> gengine.Performance:
        session = gengine.Session(words=KNOWN, seed=1)
        parts = [session.push(part) for part in np.split(speech, cuts)] + [session.flush()]
        return gengine.Performance.join([p for p in parts if p is not None])

    whole, cut = run([]), run([5_000, 23_456, 50_000])
    assert whole.face is not None and cut.face is not None
    np.testing.assert_array_equal(whole.face.weights, cut.face.weights)
    assert whole.words == cut.words and whole.words.source == "recognised"
    assert whole.words.words == KNOWN.words and set(KNOWN.phones) <= set(whole.words.phones)
