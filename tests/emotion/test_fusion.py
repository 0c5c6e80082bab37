"""The pool of voice and words: silence and absence change nothing, agreement helps, conflict is said."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.emotion.fusion import CONFLICT, FAMILIES, pool, spread

K = len(FAMILIES)
ONE, NONE = np.ones(1), np.zeros(1)


def sure(name: str, chance: float) -> np.ndarray:
    rest = np.full(K, (1 - chance) / (K - 1))
    rest[FAMILIES.index(name)] = chance
    return rest[None]


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("chance", [0.3, 0.6, 0.95])
def test_a_missing_or_neutral_witness_changes_nothing(name, chance):
    witness, flat = sure(name, chance), sure("neutral", 0.75)
    for pooled in (
        pool(witness, sure("anger", 0.9), ONE, NONE), pool(sure("anger", 0.9), witness, NONE, ONE),
        pool(witness, flat, ONE, ONE),
    ):  # fmt: skip
        assert np.abs(pooled.posterior - witness).max() <= 0.01 and pooled.conflict[0] == 0
    if name != "neutral" and chance > 0.6:
        assert np.abs(pool(flat, witness, ONE, ONE).posterior - witness).max() <= 0.01


def test_nobody_there_is_neutral():
    assert pool(sure("anger", 0.9), sure("fear", 0.9), NONE, NONE).posterior[0, 0] == 1


def test_two_that_agree_are_surer_than_either():
    pooled = pool(sure("sadness", 0.6), sure("sadness", 0.5), ONE, ONE)
    assert pooled.posterior[0, FAMILIES.index("sadness")] > 0.75
    assert pooled.conflict[0] < 0.3


def test_conflict_shows_both_and_is_said():
    pooled = pool(sure("happiness", 0.93), sure("anger", 0.93), ONE, ONE)
    both = pooled.posterior[0, [FAMILIES.index("happiness"), FAMILIES.index("anger")]]
    assert pooled.conflict[0] > CONFLICT and both.min() > 0.35
    assert np.allclose(pooled.posterior.sum(axis=1), 1)


def test_the_pool_moves_without_jumps():
    chances = np.linspace(0.02, 0.98, 500)
    words = np.concatenate([sure("fear", c) for c in chances])
    voice = np.repeat(sure("sadness", 0.8), 500, axis=0)
    assert np.abs(np.diff(pool(voice, words, np.ones(500), np.ones(500)).posterior, axis=0)).max() < 0.02


def test_a_witness_says_nothing_of_what_it_cannot_tell():
    full = spread(np.array([[0.2, 0.6, 0.2]]), ("neutral", "anger", "sadness"))
    assert full.shape == (1, K) and full.sum() == pytest.approx(1)
    unknown = full[0, FAMILIES.index("surprise")]
    assert full[0, FAMILIES.index("sadness")] < unknown < full[0, FAMILIES.index("anger")]
    words = sure("surprise", 0.8)
    assert pool(full, words, ONE, ONE).posterior[0].argmax() == FAMILIES.index("surprise")
