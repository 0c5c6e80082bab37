"""Words no dictionary lists get believable sounds."""

from __future__ import annotations

import pytest

from gengine.inputs.letters import english_sounds, spell_english
from gengine.inputs.phone_symbols import ARPABET
from gengine.inputs.stress import stresses

LISTED = {
    "wood": "W UH D", "cutters": "K AH T ER Z", "shape": "SH EY P", "happy": "HH AE P IY", "box": "B AA K S",
    "walk": "W AO K", "want": "W AA N T", "deny": "D IH N AY",
}  # fmt: skip


@pytest.mark.parametrize(
    ("word", "sounds"),
    [
        ("blip", "B L IH P"), ("zuckerberg", "Z AH K ER B ER G"), ("tiktok", "T IH K T AA K"), ("phone", "F OW N"),
        ("nation", "N EY SH AH N"), ("mumble", "M AH M B AH L"), ("thing", "TH IH NG"), ("cheese", "CH IY Z"),
    ],
)  # fmt: skip
def test_english_rules(word: str, sounds: str) -> None:
    assert english_sounds(word) == sounds.split()


@pytest.mark.parametrize(
    ("word", "sounds"),
    [
        ("woodcutters", "W UH D K AH T ER Z"), ("shaper", "SH EY P ER"), ("happiness", "HH AE P IY N AH S"),
        ("denied", "D IH N AY D"), ("happily", "HH AE P AH L IY"), ("unhappy", "AH N HH AE P IY"),
        ("boxes", "B AA K S IH Z"), ("walked", "W AO K T"), ("wanted", "W AA N T IH D"), ("walks", "W AO K S"),
    ],
)  # fmt: skip
def test_english_words_are_built_from_known_parts(word: str, sounds: str) -> None:
    assert spell_english(word, {w: s.split() for w, s in LISTED.items()}.get) == sounds.split()


def test_english_rules_always_say_something() -> None:
    assert set(english_sounds("thequickbrownfoxjumpsoverthelazydog")) <= ARPABET
    assert english_sounds("'") == ["AH"]


@pytest.mark.parametrize(
    ("word", "sounds", "marks"),
    [
        ("big", "B IH G", [-1, 1, -1]), ("the", "DH AH", [-1, 0]), ("believe", "B IH L IY V", [-1, 0, -1, 1, -1]),
        ("station", "S T EY SH AH N", [-1, -1, 1, -1, 0, -1]), ("other", "AH DH ER", [1, -1, 0]),
    ],
)  # fmt: skip
def test_stress(word: str, sounds: str, marks: list[int]) -> None:
    assert stresses(word, sounds.split()) == marks
