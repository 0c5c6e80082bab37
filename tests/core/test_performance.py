"""Performances: cut, join, resample."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gengine.core.performance import Performance
from gengine.errors import GengineError


@pytest.mark.parametrize("cuts", [[0, 3], [0, 1, 2, 3], [0, 0.2, 0.2, 1.7, 3], [0, 0, 3]])
def test_pieces_join_to_the_whole(make_performance, cuts):
    whole = make_performance(3.0)
    joined = Performance.join([whole.slice(a, b) for a, b in zip(cuts, cuts[1:], strict=False)])
    assert joined.start == 0
    assert joined.words == whole.words  # words cut in two appear once
    assert (joined.speaker, joined.provenance) == (whole.speaker, whole.provenance)
    assert np.array_equal(joined.audio.samples, whole.audio.samples)
    assert np.array_equal(joined.emotion.weights, whole.emotion.weights)
    assert np.array_equal(joined.emotion.vad, whole.emotion.vad)
    assert np.array_equal(joined.motion.rotations, whole.motion.rotations)
    assert np.array_equal(joined.motion.root, whole.motion.root)
    for field in ("weights", "head", "gaze"):
        assert np.array_equal(getattr(joined.face, field), getattr(whole.face, field))


def test_a_slice_knows_where_it_begins(make_performance):
    whole = make_performance(3.0)
    part = whole.slice(1.0, 2.5)
    assert (part.start, part.duration) == (1.0, 1.5)
    assert (len(part.motion), len(part.face), len(part.emotion)) == (45, 90, 75)
    assert [w.start for w in part.words.words] == [1.0, 1.5, 2.0]  # times of the recording
    inner = part.slice(0.5, 1.0)
    assert inner.start == 1.5
    assert [w.start for w in inner.words.words] == [1.5]
    assert np.array_equal(inner.face.weights, whole.slice(1.5, 2.0).face.weights)


def test_resampling_touches_only_what_is_asked(make_performance):
    whole = make_performance(2.0)
    fast = whole.resample(body_fps=60)
    assert (len(fast.motion), fast.motion.fps, fast.face) == (120, 60, whole.face)
    slow = whole.resample(face_fps=24)
    assert (len(slow.face), slow.face.fps, slow.motion) == (48, 24, whole.motion)
    assert fast.duration == slow.duration == 2.0


def test_tracks_may_be_absent(make_performance):
    bare = replace(make_performance(1.0), motion=None, face=None)
    half = bare.slice(0, 0.5).resample(60, 60)
    assert half.motion is half.face is None
    joined = Performance.join([bare.slice(0, 0.5), bare.slice(0.5, 1)])
    assert joined.motion is joined.face is None
    assert joined.duration == 1.0


def test_bad_cuts_are_errors(make_performance):
    with pytest.raises(GengineError, match="slice: 2..1"):
        make_performance(3.0).slice(2, 1)
    with pytest.raises(GengineError, match="slice: -1"):
        make_performance(3.0).slice(-1, 1)
    with pytest.raises(GengineError, match="no stretches"):
        Performance.join([])


def test_save_and_load(make_performance, tmp_path):
    performance = make_performance(1.0)
    loaded = Performance.load(performance.save(tmp_path / "p.npz"))
    assert np.array_equal(loaded.motion.rotations, performance.motion.rotations)
    assert loaded.words == performance.words


def test_a_slice_takes_the_frames_whose_times_it_holds(make_performance):
    whole = make_performance(3.0)
    part = whole.slice(0.51, 1.26)
    assert np.array_equal(part.audio.samples, whole.audio.samples[8160:20160])
    assert np.array_equal(part.emotion.vad, whole.emotion.vad[26:63])
    assert np.array_equal(part.motion.root, whole.motion.root[15:38])
    assert np.array_equal(part.face.gaze, whole.face.gaze[31:76])
    assert [w.text for w in part.words.words] == ["wörd1", "wörd2"]
    assert [p.start for p in part.words.phones] == [0.5, 0.75, 1.0, 1.25]
    assert whole.slice(1.0, 1.0).duration == 0 and whole.slice(0.0, 9.0).duration == 3.0


def test_what_two_stretches_share_is_joined_once_and_in_order(make_performance):
    whole = replace(make_performance(3.0), start=4.0)
    a, b = whole.slice(0, 0.6), whole.slice(0.6, 3)
    joined = Performance.join([a, b])
    assert (joined.start, joined.duration) == (4.0, 3.0)
    assert Performance.join([b]) is b
    with_other = Performance.join([replace(a, provenance={"a": 1}), replace(b, provenance={"b": 2})])
    assert with_other.provenance == {"a": 1}


def test_resampling_blends_body_and_face(make_performance):
    whole = make_performance(1.0)
    found = whole.resample(60, 30)
    assert np.allclose(found.motion.root[1], (whole.motion.root[0] + whole.motion.root[1]) / 2, atol=1e-6)
    assert np.array_equal(found.motion.root[::2], whole.motion.root)
    assert np.array_equal(found.face.weights, whole.face.weights[::2])
    assert found.audio is whole.audio and found.emotion is whole.emotion
