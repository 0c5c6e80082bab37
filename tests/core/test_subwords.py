"""Letter groups of words: stable, shared by forms of one stem, and never absent."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.core.subwords import BUCKETS, plain_word, subword_ids
from gengine.errors import GengineError


def test_ids_are_the_same_on_every_machine():
    assert subword_ids("go").tolist() == [684, 3209, 3293]
    assert subword_ids("Go!").tolist() == subword_ids("go").tolist()
    assert subword_ids("don’t").tolist() == subword_ids("DON'T").tolist()


def test_whole_word_first_then_groups_within_the_limit():
    ids = subword_ids("extraordinary")
    assert len(ids) == 12 and len(set(ids.tolist())) == 12
    assert ids[0] == subword_ids("extraordinary", longest=1)[0]
    assert ids.min() >= 1 and ids.max() < BUCKETS
    with pytest.raises(ValueError):
        ids[0] = 0


def test_forms_of_one_stem_share_groups():
    a, b = set(subword_ids("celebrate").tolist()), set(subword_ids("celebration").tolist())
    assert len(a & b) == 11
    assert len(a & set(subword_ids("mountain").tolist())) <= 1


@pytest.mark.parametrize("word", ["", "…", " -- ", "?!"])
def test_nothing_to_read_has_the_reserved_id(word):
    assert plain_word(word) == "" and subword_ids(word).tolist() == [0]


def test_any_script_has_ids():
    words = ["a", "你好", "はい", "naïve", "42", "हिन्दी"]
    found = [subword_ids(w) for w in words]
    assert all(0 not in ids for ids in found) and len({int(ids[0]) for ids in found}) == len(words)


def test_ids_spread_over_the_buckets():
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("etaoinshrdlu"), 6)) for _ in range(4000)]
    counts = np.bincount([subword_ids(w)[0] for w in words], minlength=256 * 16).reshape(-1, 16).sum(1)
    assert counts.std() < 2 * np.sqrt(counts.mean())  # a fair hash: Poisson


def test_useless_settings_are_refused():
    with pytest.raises(GengineError, match="buckets 1"):
        subword_ids("go", 1)
