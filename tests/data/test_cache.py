"""The sequence cache: what goes in comes out, and nothing stale ever does."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

from gengine.data import annotations, beat, cache
from gengine.data.beat import BeatCorpus, write_sequence
from gengine.data.cache import CachedCorpus, build_cache
from gengine.errors import FormatError, GengineError


@pytest.fixture
def corpus(tmp_path, make_performance, monkeypatch):
    monkeypatch.setattr(cache, "SHARD", 2)
    for k in range(9, 14):
        p = make_performance(1.0, seed=k)
        gestures = annotations.cover([], 1.0)
        write_sequence(beat.Sequence(f"2_scott_0_{k}_{k}", p, np.zeros(30), 0, gestures), tmp_path / "corpus")
    return tmp_path / "corpus"


def stamps(folder):
    return {p.name: p.stat().st_mtime_ns for p in folder.glob("shard-*.npz")}


def test_cached_sequences_equal_read_ones(corpus, tmp_path):
    built = build_cache(BeatCorpus(corpus), tmp_path / "cache")
    assert len(built) == 5
    for cached, read in zip(built, BeatCorpus(corpus).sequences(), strict=True):
        a, b = cached.performance, read.performance
        assert cached.name == read.name and a.words == b.words and cached.gestures == read.gestures
        assert a.speaker == b.speaker and a.provenance == b.provenance and cached.emotion_id == read.emotion_id
        assert a.motion and b.motion and a.face and b.face and a.motion.skeleton == b.motion.skeleton
        np.testing.assert_array_equal(a.motion.rotations, b.motion.rotations)
        np.testing.assert_array_equal(a.face.weights, b.face.weights)
        np.testing.assert_array_equal(cached.semantic, read.semantic)
        np.testing.assert_allclose(a.audio.samples, b.audio.samples, atol=1 / 32000)


def test_nothing_is_built_twice_and_changes_are_seen(corpus, tmp_path):
    folder = tmp_path / "cache"
    told = []
    build_cache(BeatCorpus(corpus), folder, progress=lambda *a: told.append(a[:2]))
    assert told == [(1, 3), (2, 3), (3, 3)]
    first = stamps(folder)
    build_cache(BeatCorpus(corpus), folder)
    assert stamps(folder) == first

    path = corpus / "2" / "2_scott_0_11_11.txt"
    path.write_text("05_iconic_l\t0.000\t1.000\t1.000\t0.5\n")
    built = build_cache(BeatCorpus(corpus), folder)
    second = stamps(folder)
    assert len(set(first) & set(second)) == 2 and len(second) == 3  # one shard anew, the old one gone
    assert built[2].semantic.max() == 0.5

    built = build_cache(BeatCorpus(corpus, fps=15.0), folder)  # another setting: everything anew
    assert not set(stamps(folder)) & set(second) and built[0].performance.motion.fps == 15.0


def test_a_copy_with_other_times_is_the_same_content(corpus, tmp_path):
    folder = tmp_path / "cache"
    build_cache(BeatCorpus(corpus), folder)
    first = stamps(folder)
    for path in corpus.rglob("*.*"):
        os.utime(path, (1, 1))
    build_cache(BeatCorpus(corpus), folder)
    assert stamps(folder) == first


def test_an_interrupted_build_goes_on(corpus, tmp_path):
    folder = tmp_path / "cache"

    def stop(done, total, what):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_cache(BeatCorpus(corpus), folder, progress=stop)
    with pytest.raises(FormatError, match="build it"):
        CachedCorpus(folder)
    before = stamps(folder)
    build_cache(BeatCorpus(corpus), folder)
    assert len(before) == 2 and before.items() <= stamps(folder).items()


def test_damage_is_seen_and_mended(corpus, tmp_path):
    folder = tmp_path / "cache"
    build_cache(BeatCorpus(corpus), folder)
    shard = next(iter(sorted(folder.glob("shard-*.npz"))))
    shard.write_bytes(shard.read_bytes()[:-100])
    with pytest.raises(FormatError, match=f"{shard.name}.*build the cache again"):
        CachedCorpus(folder)
    assert len(list(build_cache(BeatCorpus(corpus), folder))) == 5


def test_skipped_sequences_stand_in_the_manifest(corpus, tmp_path):
    (corpus / "2" / "2_scott_0_10_10.json").write_text('{"names": ["jawOpen"], "frames": [')
    with pytest.raises(GengineError, match="2_scott_0_10_10.json"):
        build_cache(BeatCorpus(corpus), tmp_path / "cache")
    built = build_cache(BeatCorpus(corpus, policy="skip"), tmp_path / "cache")
    assert built.names == [f"2_scott_0_{k}_{k}" for k in (9, 11, 12, 13)]
    assert [name for name, _ in built.skipped] == ["2_scott_0_10_10"]
    again = build_cache(BeatCorpus(corpus, policy="skip"), tmp_path / "cache")
    assert again.skipped == built.skipped
    assert json.loads((tmp_path / "cache" / "cache.json").read_text())["settings"]["policy"] == "skip"
