"""What somebody does who listens or thinks."""

from __future__ import annotations

import numpy as np

from gengine.encoders.attending import ATTENDING, Attending


def talk(phrases: int, phrase: int = 150, pause: int = 60) -> np.ndarray:
    return np.tile(np.concatenate([np.ones(phrase), np.zeros(pause)]), phrases)


def test_a_listener_nods_mostly_where_the_other_pauses() -> None:
    speech = talk(60)
    cues = Attending().push(speech, 0, "listening")
    at_pauses = [c for c in cues if 150 <= round((c.start - ATTENDING.nod_lead) * 100) % 210 < 180]
    assert {c.kind for c in cues} == {"affirmation"}
    assert 0.6 * 60 < len(at_pauses) < 0.9 * 60 and len(at_pauses) > 0.6 * len(cues)
    assert not Attending().push(np.zeros(3000), 0, "listening")


def test_cuts_change_nothing_and_thinking_searches() -> None:
    speech = talk(5)
    whole, cut = Attending(), Attending()
    parts = [c for k in range(0, len(speech), 7) for c in cut.push(speech[k : k + 7], k, "listening")]
    assert parts == whole.push(speech, 0, "listening")
    searches = Attending().push(np.zeros(3000), 0, "thinking")
    assert {c.kind for c in searches} == {"word_search"} and 30 / 4.6 < len(searches) <= 30 / 2
