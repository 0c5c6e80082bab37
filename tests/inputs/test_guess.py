"""Times of words before anything of them is heard."""

from __future__ import annotations

import pytest

from gengine.inputs.guess import guessed, seconds_of_break


@pytest.mark.parametrize(
    ("text", "pause"),
    [
        ("Well <break time='500ms'/> look", 0.5), ("Well, <break time='1.5s'/> look", 1.5),
        ("Well <break/> look", 0.75),
        ("Well <break strength='x-strong'/> look", 1.25), ("Well [long pause] look", 1.25), ("Well look", 0.0),
        ("Well. <break strength='none'/> look", 0.0), ("Well <break time='900s'/> look", 20.0),
    ],
)  # fmt: skip
def test_breaks_are_pauses(text: str, pause: float) -> None:
    words = guessed(text).words
    assert [w.text.strip(".,") for w in words] == ["Well", "look"]
    assert words[1].start - words[0].end == pytest.approx(pause)


def test_a_break_may_come_first() -> None:
    assert guessed("<break time='2s'/> Hello").words[0].start == 2.0
    assert seconds_of_break("soon") == 0.75
