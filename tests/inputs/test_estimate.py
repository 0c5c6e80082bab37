"""Speech is found in sound, and time lines have no holes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gengine.core.words import Phone
from gengine.inputs.estimate import speech_parts
from gengine.inputs.intervals import gap_free

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
