"""The one resampler: exact values between frames, past their ends, and however a track is cut."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.core import resampling, rotation
from gengine.core.emotion import EmotionTrack
from gengine.core.face import FaceTrack
from gengine.core.motion import Motion
from gengine.core.resampling import StreamResampler, blend_at, hop_at_rate, joined, resample
from gengine.core.skeleton import Skeleton
from gengine.errors import GengineError

JOINT = Skeleton(("root",), np.array([-1]), np.zeros((1, 3)))


def turning(frames: int, fps: float, rate: float = 1.0) -> Motion:
    """One joint that turns by ``rate`` rad/s about X and walks 1 m/s along X."""
    time = np.arange(frames) / fps
    turns = rotation.from_rotvec(np.stack([rate * time, 0 * time, 0 * time], -1))[:, None]
    return Motion(JOINT, turns, np.stack([time, 0 * time, 0 * time], -1), fps)


def rising(frames: int, fps: float) -> FaceTrack:
    time = np.arange(frames) / fps
    head = rotation.from_rotvec(np.stack([0 * time, time, 0 * time], -1))
    return FaceTrack(np.tile(time[:, None], 52), head, np.stack([time, -time], -1), fps)


def angles(motion: Motion) -> np.ndarray:
    return rotation.to_rotvec(motion.rotations[:, 0])[:, 0]


def test_blends_name_neighbours_and_shares():
    blend = blend_at(np.array([0.0, 0.25, 1.0 - 1e-10, 2.5, 3.0]), 4)
    assert blend.low.tolist() == [0, 0, 1, 2, 3] and blend.high.tolist() == [1, 1, 2, 3, 3]
    assert np.allclose(blend.t, [0, 0.25, 0, 0.5, 0]) and blend.t.min() >= 0
    assert blend_at(np.array([1.0 - 1e-7]), 4).low.tolist() == [0]
    assert blend_at(np.array([1.0 - 1e-7]), 4, near=1e-6).low.tolist() == [1]


def test_lines_and_arcs_read_the_wanted_share():
    blend = blend_at(np.array([0.25, 1.0]), 2)
    assert blend.line(np.array([[0.0, 4.0], [8.0, 0.0]])).tolist() == [[2.0, 3.0], [8.0, 0.0]]
    q = rotation.from_rotvec(np.array([[0.0, 0, 0], [0.8, 0, 0]]))
    assert np.allclose(rotation.to_rotvec(blend.arc(q)), [[0.2, 0, 0], [0.8, 0, 0]])
    assert np.allclose(rotation.to_rotvec(blend.arc(q[:, None])), [[[0.2, 0, 0]], [[0.8, 0, 0]]])


@pytest.mark.parametrize(("fps", "frames"), [(20, 20), (15, 15), (7, 7), (12.5, 13)])
def test_motion_at_another_rate_is_the_same_motion(fps, frames):
    found = resample(turning(10, 10), fps)
    times = np.minimum(np.arange(frames) / fps, 0.9)  # held after the last frame
    assert (len(found), found.fps, type(found.fps)) == (frames, fps, float)
    assert np.allclose(angles(found), times, atol=1e-6) and np.allclose(found.root[:, 0], times, atol=1e-6)
    assert found.skeleton is JOINT


def test_faces_and_emotions_at_another_rate():
    face = rising(10, 10).resample(20)
    times = np.minimum(np.arange(20) / 20, 0.9)
    assert np.allclose(face.weights, times[:, None], atol=1e-6) and np.allclose(face.gaze[:, 1], -times, atol=1e-6)
    assert np.allclose(rotation.to_rotvec(face.head)[:, 1], times, atol=1e-6)
    track = EmotionTrack(np.tile(np.arange(4)[:, None] / 4, 18), np.zeros((4, 3)), 2.0).resample(4.0)
    assert track.weights[:, 0].tolist() == [0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.75] and track.fps == 4.0


def test_the_same_rate_and_no_frames_need_no_blending():
    motion = turning(5, 10)
    assert motion.resample(10).rotations is motion.rotations
    assert (len(motion[:0].resample(25)), motion[:0].resample(25).fps) == (0, 25.0)
    with pytest.raises(GengineError, match="resample: 0, expected a rate above 0 Hz"):
        motion.resample(0)


def test_joined_tracks_follow_each_other():
    motion = turning(9, 10)
    whole = joined([motion[:4], motion[4:4], motion[4:]])
    assert np.array_equal(whole.rotations, motion.rotations) and np.array_equal(whole.root, motion.root)
    assert (whole.fps, whole.skeleton) == (10, JOINT)


def test_a_hop_at_another_rate_continues_past_its_last_frame():
    hop = turning(6, 60, rate=3.0)  # [0.1, 0.2) of a recording, read at 25 Hz: times 0.12 and 0.16
    found = hop_at_rate(hop, 0.1, 0.2, 25)
    assert (len(found), found.fps) == (2, 25)
    assert np.allclose(found.root[:, 0], [0.02, 0.06], atol=1e-6)
    assert np.allclose(angles(found), [0.06, 0.18], atol=1e-6)
    late = hop_at_rate(hop, 0.1, 0.2, 120)  # the last one lies half a frame past the hop's last
    assert len(late) == 12
    assert np.allclose(late.root[:, 0], np.arange(12) / 120, atol=1e-6)
    assert np.allclose(angles(late), 3 * np.arange(12) / 120, atol=1e-6)
    assert np.array_equal(hop_at_rate(hop, 0.1, 0.2, 60).rotations, hop.rotations)


def test_a_hop_of_a_face_keeps_its_limits():
    face = rising(6, 60)
    found = hop_at_rate(face, 0.0, 0.1, 120)
    times = np.arange(12) / 120
    assert np.allclose(found.weights[:, 0], times, atol=1e-6) and np.allclose(found.gaze[:, 1], -times, atol=1e-6)
    assert np.allclose(rotation.to_rotvec(found.head)[:, 1], times, atol=1e-4)
    full = FaceTrack(np.tile(np.linspace(0.5, 1.0, 6)[:, None], 52), face.head, face.gaze, 60)
    assert hop_at_rate(full, 0.0, 0.1, 120).weights.max() == 1.0
    assert len(hop_at_rate(face[:0], 0.0, 0.0, 120)) == 0


@pytest.mark.parametrize("fps", [24, 45, 100])
@pytest.mark.parametrize("seed", range(3))
def test_a_stream_is_resampled_like_the_whole(fps, seed, make_performance):
    performance = make_performance(2.0)
    rng = np.random.default_rng(seed)
    for track in (performance.motion, performance.face, performance.emotion):
        stream = StreamResampler(fps)
        cuts = np.sort(rng.integers(0, len(track), 9))
        parts = [stream.push(track[a:b]) for a, b in zip([0, *cuts], [*cuts, len(track)], strict=True)]
        parts.append(stream.flush())
        found, whole = joined(parts), resampling.resample(track, fps)
        assert len(found) == len(whole)
        for name in track.ARRAYS:
            assert np.allclose(getattr(found, name), getattr(whole, name), atol=1e-6)


def test_a_stream_gives_what_is_certain_and_holds_little():
    stream = StreamResampler(20)
    assert len(stream.push(turning(5, 10))) == 9  # up to the last frame
    rest = stream.flush()
    assert rest is not None and len(rest) == 1  # held to its end
    same = StreamResampler(None)
    motion = turning(3, 10)
    assert same.push(motion) is motion and same.flush() is None
    long = StreamResampler(15)
    for _ in range(50):
        long.push(turning(30, 30))
    assert len(long._held) <= 2
    with pytest.raises(GengineError, match="fps"):
        StreamResampler(0)
