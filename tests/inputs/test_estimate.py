"""Words are spread over speech, and time lines have no holes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gengine.core.words import Phone
from gengine.inputs.estimate import Token, estimate, speech_parts
from gengine.inputs.intervals import gap_free, spread

RATE = 16_000


def noise(*spans: tuple[float, float], seconds: float = 4.0, floor: float = 1e-4) -> np.ndarray:
    rng = np.random.default_rng(0)
    sound = floor * rng.standard_normal(int(seconds * RATE))
    for start, end in spans:
        sound[int(start * RATE) : int(end * RATE)] += 0.1 * rng.standard_normal(int(end * RATE) - int(start * RATE))
    return sound.astype(np.float32)


@pytest.mark.parametrize("gain", [1.0, 0.02])
def test_speech_is_found_at_any_loudness(gain: float) -> None:
    parts = speech_parts(gain * noise((0.5, 1.5), (1.6, 2.0), (3.0, 3.5)), RATE)
    assert np.array(parts) == pytest.approx(np.array([(0.5, 2.0), (3.0, 3.5)]), abs=0.03)  # 0.1 s is no pause


def test_no_speech_in_silence_and_all_in_constant_sound() -> None:
    assert speech_parts(np.zeros(RATE, np.float32), RATE) == []
    assert speech_parts(np.zeros(0, np.float32), RATE) == []
    assert speech_parts(noise((0.0, 4.0)), RATE) == [(0.0, 4.0)]


def tokens(*texts: str) -> list[Token]:
    return [Token(text, tuple(("AH", -1) for c in text if c.isalpha())) for text in texts]


def test_clauses_end_at_pauses() -> None:
    words, phones = estimate(tokens("one", "two,", "three", "four"), [(0.0, 1.1), (2.0, 2.9)], 0.0, 4.0)
    assert [w.text for w in words] == ["one", "two,", "three", "four"]
    assert words[1].end == pytest.approx(1.1) and words[2].start == pytest.approx(2.0)
    assert len(phones) == 15 and phones[0].start == 0.0 and phones[-1].end == pytest.approx(2.9)


def test_words_without_sounds_have_times_but_no_phones() -> None:
    words, phones = estimate([Token("你", ()), Token("好", ())], [(1.0, 2.0)], 0.0, 4.0)
    assert [(w.start, w.end) for w in words] == [(1.0, 1.5), (1.5, 2.0)] and phones == []


@given(st.integers(1, 12), st.lists(st.tuples(st.floats(0, 10), st.floats(0, 3)), max_size=5))
def test_estimates_are_in_order_and_inside(count: int, spans: list[tuple[float, float]]) -> None:
    at, parts = 0.0, []
    for gap, length in spans:
        parts.append((at + gap, at + gap + length))
        at += gap + length
    words, phones = estimate(tokens(*["word"] * count), parts, 0.0, 20.0)
    assert len(words) == count and len(phones) == 4 * count
    for items in (words, phones):
        assert all(a.end <= b.start + 1e-9 for a, b in zip(items, items[1:], strict=False))
        assert items[0].start >= 0 and items[-1].end <= 20 + 1e-9


@given(
    st.lists(st.tuples(st.sampled_from(["AA", "B", "sil"]), st.floats(-1, 6), st.floats(0, 2)), max_size=12),
    st.floats(0.1, 5),
)
def test_gap_free_covers_everything_once(rows: list[tuple[str, float, float]], duration: float) -> None:
    track = gap_free([Phone(s, start, start + length) for s, start, length in rows], duration)
    assert track[0].start == 0.0 and track[-1].end == duration
    assert all(a.end == b.start and a.end > a.start for a, b in zip(track, track[1:], strict=False))
    assert all({a.symbol, b.symbol} != {"sil"} for a, b in zip(track, track[1:], strict=False))


def test_short_gaps_are_bridged_long_ones_are_pauses() -> None:
    track = gap_free([Phone("B", 0.5, 0.6), Phone("AA", 0.62, 0.8, 1), Phone("M", 1.0, 1.1)], 2.0)
    assert [(p.symbol, p.start, p.end) for p in track] == [
        ("sil", 0.0, 0.5), ("B", 0.5, 0.62), ("AA", 0.62, 0.8), ("sil", 0.8, 1.0), ("M", 1.0, 1.1), ("sil", 1.1, 2.0),
    ]  # fmt: skip
    assert track[2].stress == 1


def test_spread_gives_vowels_more_time() -> None:
    b, a, m = spread([("B", -1), ("AA", 1), ("M", -1)], 1.0, 2.0)
    assert a.end - a.start == pytest.approx(1.4 * (b.end - b.start)) and (b.start, m.end) == (1.0, 2.0)
