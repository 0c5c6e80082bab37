from __future__ import annotations

import numpy as np
import pytest

from gengine.core.words import Phone
from gengine.encoders.spliced import SplicedPhones


def phones(text: str) -> list[Phone]:
    """ "P 0 0.1, AA 0.1 0.3" as phones."""
    rows = [row.split() for row in text.split(",")]
    return [Phone(symbol, float(start), float(end)) for symbol, start, end in rows]


HEARD = phones("sil 0 0.4, M 0.4 0.5, AA 0.5 0.8, T 0.8 0.9, sil 0.9 1.5, N 1.5 1.6, OW 1.6 1.9")


def test_without_words_nothing_changes() -> None:
    assert SplicedPhones(()).push(HEARD) == HEARD


def test_known_sounds_stand_in_place_of_heard_ones() -> None:
    out = SplicedPhones(phones("B 0.42 0.5, AH 0.5 0.7, D 0.7 0.88")).push(HEARD)
    # what is left of M and T beside the word is too short to be a sound of its own
    assert out == phones("sil 0 0.4, B 0.4 0.5, AH 0.5 0.7, D 0.7 0.88, sil 0.88 1.5, N 1.5 1.6, OW 1.6 1.9")


def test_silence_beside_a_word_stays_silence() -> None:
    out = SplicedPhones(phones("B 0.1 0.38")).push(HEARD)
    assert out[:3] == phones("sil 0 0.1, B 0.1 0.38, M 0.38 0.5")


@pytest.mark.parametrize("seed", range(4))
def test_cut_anyhow_it_is_the_same_and_gap_free(seed: int) -> None:
    rng = np.random.default_rng(seed)
    edges = np.cumsum(rng.uniform(0.02, 0.3, 60))
    heard = [Phone("AA", a, b) for a, b in zip([0.0, *edges], edges, strict=False)]
    starts = np.sort(rng.uniform(0, edges[-1], 20))
    known = [Phone("B", a, min(a + 0.1, b)) for a, b in zip(starts, [*starts[1:], edges[-1]], strict=True)]
    whole = SplicedPhones(known).push(heard)
    parted = SplicedPhones(known)
    assert [p for phone in heard for p in parted.push([phone])] == whole
    assert whole[0].start == 0 and all(a.end == b.start for a, b in zip(whole, whole[1:], strict=False))
    assert sum(p.symbol == "B" for p in whole) >= 18  # one that ends before it begins to count has no place
