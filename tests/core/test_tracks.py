"""What all timed tracks share: shapes are checked, slices cut, resampling keeps time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gengine.core import rotation
from gengine.core.audio import AudioClip
from gengine.core.emotion import BEAT_EMOTIONS, EMOTION_INDEX, EMOTIONS, EmotionTrack
from gengine.core.face import ARKIT_INDEX, ARKIT_NAMES, FaceTrack
from gengine.core.motion import Motion
from gengine.core.timing import frame_count
from gengine.errors import GengineError


def ramp(frames: int = 31, fps: float = 30.0) -> FaceTrack:
    """Every value grows by one (or one radian) in a second."""
    time = np.arange(frames) / fps
    turn = rotation.from_rotvec(time[:, None] * np.array([0, 1.0, 0]))
    return FaceTrack(np.tile(time[:, None], (1, 52)), turn, np.tile(time[:, None], (1, 2)), fps)


@pytest.mark.parametrize("fps", [15, 24, 60, 120, 30000 / 1001])
def test_resampled_faces_and_bodies_keep_time(make_motion, fps):
    face = ramp().resample(fps)
    assert len(face) == frame_count(31 / 30, fps)
    assert abs(face.duration - 31 / 30) < 1 / fps
    time = np.minimum(np.arange(len(face)) / fps, 1.0)  # held after the last frame
    assert np.allclose(face.weights[:, 3], time, atol=1e-6)
    assert np.allclose(face.gaze[:, 1], time, atol=1e-6)
    assert np.allclose(rotation.to_rotvec(face.head)[:, 1], time, atol=1e-6)
    motion = replace(make_motion(31), rotations=np.tile(ramp().head[:, None], (1, 75, 1)),
                     root=ramp().weights[:, :3]).resample(fps)  # fmt: skip
    assert motion.fps == fps
    assert np.allclose(motion.root[:, 0], time, atol=1e-6)
    assert np.allclose(rotation.to_rotvec(motion.rotations[:, 40])[:, 1], time, atol=1e-6)


def test_frames_that_fall_together_are_kept_exactly(make_motion):
    motion = make_motion(30)
    double = motion.resample(60)
    assert np.allclose(double.rotations[::2], motion.rotations, atol=1e-6)
    assert np.array_equal(double.root[::2], motion.root)
    assert motion.resample(30).rotations is motion.rotations


def test_emotion_resamples_linearly():
    track = EmotionTrack(np.linspace(0, 1, 11)[:, None] * np.ones(18), np.linspace(-1, 1, 11)[:, None] * np.ones(3), 10)
    fine = track.resample(40)
    assert np.allclose(fine.weights[:41, 5], np.linspace(0, 1, 41), atol=1e-6)
    assert np.allclose(fine.vad[:41, 1], np.linspace(-1, 1, 41), atol=1e-6)


@pytest.mark.parametrize("track", [ramp(), EmotionTrack(np.zeros((9, 18)), np.zeros((9, 3)), 10)])
def test_empty_and_single_frames_resample(track):
    assert len(track[:0].resample(60)) == 0
    assert len(track[:0]) == 0
    single = track[:1].resample(60)
    assert len(single) == frame_count(1 / track.fps, 60)
    assert (single.weights == track.weights[0]).all()


def test_slices_cut_every_array(make_motion):
    motion = make_motion(20)[5:9]
    assert (len(motion), motion.duration) == (4, 4 / 30)
    assert np.array_equal(motion.rotations, make_motion(20).rotations[5:9])
    face = ramp()[-3:]
    assert (face.weights.shape, face.head.shape, face.gaze.shape) == ((3, 52), (3, 4), (3, 2))
    clip = AudioClip(np.arange(10) / 10, 5)[2:6]
    assert (len(clip), clip.duration) == (4, 0.8)


def test_arrays_become_single_precision(make_motion):
    assert make_motion(2).rotations.dtype == np.float32
    assert ramp().weights.dtype == np.float32
    assert AudioClip([0.0, 0.5]).samples.dtype == np.float32


BAD = {
    "Motion.rotations": lambda m: replace(m, rotations=np.zeros((2, 74, 4))),
    "Motion.root": lambda m: replace(m, root=np.zeros((3, 3))),
    "Motion.fps": lambda m: replace(m, fps=0),
    "FaceTrack.weights": lambda _: replace(ramp(2), weights=np.zeros((2, 51))),
    "FaceTrack.head": lambda _: replace(ramp(2), head=np.zeros((3, 4))),
    "FaceTrack.gaze": lambda _: replace(ramp(2), gaze=np.zeros((2, 3))),
    "FaceTrack.fps": lambda _: replace(ramp(2), fps=float("nan")),
    "EmotionTrack.weights": lambda _: EmotionTrack(np.zeros((2, 8)), np.zeros((2, 3)), 10),
    "EmotionTrack.vad": lambda _: EmotionTrack(np.zeros((2, 18)), np.zeros((3, 3)), 10),
    "EmotionTrack.fps": lambda _: EmotionTrack(np.zeros((2, 18)), np.zeros((2, 3)), "10"),
    "AudioClip.samples": lambda _: AudioClip(np.zeros((2, 5))),
    "AudioClip.rate": lambda _: AudioClip(np.zeros(5), -1),
    "NaN": lambda _: AudioClip([0.0, float("nan")]),
}


@pytest.mark.parametrize("field", BAD)
def test_wrong_shapes_name_their_field(make_motion, field):
    with pytest.raises(GengineError, match=field):
        BAD[field](make_motion(2))


def test_motion_of_another_skeleton_is_an_error(make_motion):
    with pytest.raises(GengineError, match=r"expected \(T, 75, 4\)"):
        Motion(make_motion(1).skeleton, np.zeros((1, 3, 4)), np.zeros((1, 3)), 30)


def test_names_are_complete():
    assert len(ARKIT_NAMES) == len(set(ARKIT_NAMES)) == 52
    assert ARKIT_NAMES[ARKIT_INDEX["tongueOut"]] == "tongueOut"
    for name in ARKIT_NAMES:
        if name.endswith("Left"):
            assert name.replace("Left", "Right") in ARKIT_INDEX
    assert EMOTIONS[:8] == BEAT_EMOTIONS
    assert len(set(EMOTIONS)) == 18
    assert EMOTION_INDEX["neutral"] == 0
    face = ramp()
    assert np.array_equal(face.channel("jawOpen"), face.weights[:, 17])


@pytest.mark.data
def test_arkit_order_is_the_published_one(reference_data):
    rows = (reference_data / "tables" / "arkit52.csv").read_text().splitlines()[1:]
    assert [r.split(",")[1] for r in rows] == list(ARKIT_NAMES)


@pytest.mark.parametrize(("duration", "fps", "frames"), [(0, 30, 0), (1, 30, 30), (1.01, 30, 31), (0.1 + 0.2, 10, 3)])
def test_frame_count(duration, fps, frames):
    assert frame_count(duration, fps) == frames
