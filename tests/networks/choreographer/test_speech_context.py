"""What the planner may know: pauses, accents, cues, and nothing beyond its horizon."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.core.conditions import ANALYSIS_RATE, Conditions, Cue
from gengine.core.speaker import Speaker
from gengine.core.words import Phone, Word
from gengine.networks.choreographer.speech_context import SpeechContext

from .conftest import feeling, talk


def context(
    silences: tuple[tuple[float, float], ...] = (), cues: tuple[Cue, ...] = (), start: float = 0.0,
    words: tuple[Word, ...] = (), phones: tuple[Phone, ...] = (), ended: bool = True,
) -> SpeechContext:  # fmt: skip
    prosody, syllables, cues, _ = talk(10.0, silences, cues)
    seen = prosody[round(start * ANALYSIS_RATE) : 1000]
    who = Speaker.named("conversational")
    return SpeechContext(
        Conditions(start, start, 10.0, 10.0, ended, seen, phones, words, syllables, cues, feeling(10.0, fear=0.5), who),
        1.5,
    )


def test_speech_and_pauses_around_a_moment() -> None:
    speech = context(((2.0, 2.3), (4.0, 5.0), (8.0, 10.0)))
    talking = speech.around(1.0)
    assert (talking.speaking, talking.silent_for, talking.resumes) == (True, 0, 0)
    assert talking.lasts == pytest.approx(1.5) and talking.pause == pytest.approx(0)  # .3 s of silence are no pause
    before = speech.around(3.5)
    assert before.lasts == pytest.approx(0.5) and before.pause == pytest.approx(1.0)
    pause = speech.around(4.4)
    assert not pause.speaking and pause.silent_for == pytest.approx(0.4) and pause.resumes == pytest.approx(0.6)
    assert (pause.lasts, pause.pause) == (0, 0)
    end = speech.around(8.6)
    assert end.resumes == np.inf and end.silent_for == pytest.approx(0.6)
    assert speech.around(9.9).silent_for == pytest.approx(1.9)
    assert speech.around(7.0).pause == pytest.approx(0.49, abs=0.02)  # silent as far as the horizon


def test_the_recordings_end_is_a_pause_without_end() -> None:
    assert context().around(9.5).pause == np.inf
    assert context(ended=False).around(9.5).pause == pytest.approx(0)
    assert context().around(8.0).pause == pytest.approx(0)


def test_windows_that_reach_far_enough_agree() -> None:
    silences = ((2.0, 2.3), (4.0, 5.0))
    whole, late = context(silences), context(silences, start=3.0)
    for moment in (5.2, 6.0, 7.77):
        assert whole.around(moment) == late.around(moment)
    assert context(((0.0, 10.0),)).around(0.5).silent_for == 2.0  # nothing was ever heard


def test_accents_in_a_window_up_to_the_horizon() -> None:
    speech = context()
    found = speech.accents(1.0, 0.0, 1.0)
    np.testing.assert_allclose(found, [[1.6, 0.8]], atol=1e-6)  # every third syllable from .1 s on
    np.testing.assert_allclose(speech.accents(1.0, 0.59, 1.3)[:, 0], [1.6], atol=1e-6)
    np.testing.assert_allclose(speech.accents(1.0, 0.61, 3.0)[:, 0], [2.35], atol=1e-6)  # 3.1 is beyond
    assert len(speech.accents(1.0, 0.0, 0.59)) == 0


def test_stress_of_content_words_moves_prominence() -> None:
    """A stressed vowel counts, an unstressed one does not, and a function word's stress is none."""
    words = (Word("garden", 0.3, 0.8), Word("is", 0.8, 1.1))
    phones = (Phone("AA", 0.35, 0.5, 1), Phone("AH", 0.6, 0.7, 0), Phone("IH", 0.85, 1.0, 1))
    speech = context(words=words, phones=phones)
    assert speech.accents(0.0, 0.0, 0.8)[:, 0] == pytest.approx([0.1, 0.35])  # .2 + .55
    assert speech.accents(0.0, 0.0, 0.8)[1, 1] == pytest.approx(0.75)
    assert 0.85 not in np.round(speech.accents(0.0, 0.8, 1.2)[:, 0], 3)  # .8 - .35 for a function word


def test_cues_that_are_still_to_come() -> None:
    cues = (Cue("self", 1.0, 1.2, 1.1, "i"), Cue("now", 2.0, 2.4, 2.1, "now"), Cue("big", 2.3, 2.6, 2.4, "big"))
    speech = context(cues=cues[::-1])
    assert [c.kind for c in speech.cues(0.9)] == ["self", "now"]  # the third ends beyond 2.4
    assert [c.kind for c in speech.cues(1.1)] == ["now", "big"]
    assert speech.emotion(1.0).tremor == pytest.approx(0.5, abs=0.01)
