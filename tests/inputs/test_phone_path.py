"""The path of known sounds through what is heard, on posteriors whose answer is plain."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.encoders.phones import PHONES
from gengine.inputs.phone_path import FILLER, FLOOR, best_path, ratios
from gengine.inputs.sounds import sound


def heard(said: str, frames: int = 6) -> np.ndarray:
    """Log posteriors of phones said one after the other, each for so many frames."""
    rows = [np.where(np.array(PHONES) == p, 0.9, 0.1 / 39) for p in said.split() for _ in range(frames)]
    return np.log(np.array(rows, np.float32))


def found(said: str, *words: str, whole: bool = True) -> tuple[list[tuple[int, int, int]], np.ndarray]:
    frames = heard(said)
    names = sorted({n for w in words for n in w.split()})
    fits = ratios(frames, [sound(n) for n in names])
    silence = np.maximum(frames[:, 0] - frames.max(axis=1), FLOOR)
    path = best_path(silence, fits, [[names.index(n) for n in w.split()] for w in words], whole)
    return [(s.word, s.first, s.last) for s in path.spans], path.untold


def test_sounds_lie_where_they_are_heard() -> None:
    spans, untold = found("sil b AA sil m IY".upper().replace("SIL", "sil"), "b a", "m i")
    assert spans == [(0, 6, 12), (0, 12, 18), (1, 24, 30), (1, 30, 36)] and not untold.any()


def test_speech_that_is_not_in_the_text_is_untold() -> None:
    spans, untold = found("B AA SH SH SH SH M IY", "b a", "m i")
    assert [s[0] for s in spans] == [0, 0, 1, 1] and spans[2][1] == 36
    assert untold[12:36].all() and not untold[:12].any()


def test_a_word_that_nobody_says_is_passed_over() -> None:
    spans, _ = found("B AA M IY", "b a", "s ʃ s ʃ s", "m i")
    assert [s[0] for s in spans] == [0, 0, 2, 2]


def test_a_sound_that_nobody_says_is_passed_over() -> None:
    assert [s[1:] for s in found("B AA N", "b a s n")[0]] == [(0, 6), (6, 12), (12, 18)]


def test_words_may_go_on_after_the_end() -> None:
    assert {s[0] for s in found("B AA", "b a", "m i", whole=False)[0]} == {0}


def test_a_foreign_sound_is_heard_as_its_kin() -> None:
    frames = heard("UW SH AA")
    fits = ratios(frames, [sound("y"), sound("ç"), sound("a"), sound("p")])
    assert fits[0, 0] == 0 and fits[6, 1] == 0 and fits[12, 2] == 0
    assert fits[:, 3].max() < FILLER and fits.min() >= FLOOR


@pytest.mark.parametrize("frames", [1, 2])
def test_a_short_recording_gives_no_sounds(frames: int) -> None:
    rows = np.log(np.full((frames, 40), 1 / 40, np.float32))
    assert len(best_path(rows[:, 0], ratios(rows, [sound("b")]), [[0, 0, 0]], True).spans) <= 1
