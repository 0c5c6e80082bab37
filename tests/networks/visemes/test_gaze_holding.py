"""Eyes on a place in the world: held against head and trunk, in their range, with the head's help where it is far."""

from __future__ import annotations

import numpy as np
import pytest

import gengine
from gengine.core import rotation
from gengine.core.audio import AudioClip
from gengine.core.face import LOOK_DOWN, LOOK_IN, LOOK_OUT, LOOK_UP
from gengine.core.look_at import EYES_OF_HEAD, LISTENER, STANDING_EYES, LookAt, parse_look_at
from gengine.core.motion import Motion
from gengine.core.performance import Performance
from gengine.core.skeleton import beat_skeleton
from gengine.networks.visemes.gaze_holding import (
    GazeHolding,
    HeadFollowing,
    convergence,
    direction,
    head_in_world,
    spread_on,
)
from gengine.retarget.avatar_pose import gaze_turns

DEG = np.pi / 180
SKELETON = beat_skeleton()


def body(frames: int = 1, **turns: tuple[float, float, float]) -> Motion:
    """A T-pose on its feet whose joints turn by (x, y, z) degrees."""
    vectors = np.zeros((frames, len(SKELETON), 3))
    for joint, turn in turns.items():
        vectors[:, SKELETON.index(joint)] = np.array(turn) * DEG
    return Motion(SKELETON, rotation.from_rotvec(vectors), np.tile([0.1, 0.93, 0.2], (frames, 1)), 60.0)


def line(motion: Motion, gaze: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """World direction of a gaze ``(T, 2)`` in a body's head, and where it comes from."""
    at, world = motion.forward()
    head = SKELETON.index("Head")
    turn = rotation.from_euler(np.stack([gaze[:, 0], -gaze[:, 1], 0 * gaze[:, 0]], 1), "YXZ")
    eyes = at[:, head] + rotation.rotate(world[:, head], np.broadcast_to(EYES_OF_HEAD, (len(gaze), 3)))
    ahead = np.broadcast_to([0.0, 0.0, 1.0], (len(gaze), 3))
    return rotation.rotate(rotation.multiply(world[:, head], turn), ahead), eyes


def off(sight: np.ndarray, way: np.ndarray) -> np.ndarray:
    """Degrees between directions ``(T, 3)``."""
    way = way / np.linalg.norm(way, axis=1, keepdims=True)
    return np.degrees(np.arccos(np.clip((sight * way).sum(1), -1, 1)))


@pytest.mark.parametrize(
    "turns",
    [{}, {"Head": (12, 10, 5)}, {"Spine1": (15, 10, 0)}, {"Hips": (0, 14, 0), "Spine": (8, 0, 6), "Neck": (-10, 0, 0)}],
)
def test_eyes_hold_the_target_whatever_head_and_trunk_do(turns):
    motion, target = body(**turns), np.array([[0.1, 1.6, 1.5]])
    gaze, inward = GazeHolding().gaze(motion, target, np.zeros((1, 2)))
    sight, eyes = line(motion, gaze)
    assert off(sight, target - eyes)[0] < 0.01
    assert inward[0] == pytest.approx(np.arctan(0.031 / np.linalg.norm(target - eyes)))
    head, found = head_in_world(motion)
    assert found == pytest.approx(eyes) and head.shape == (1, 4)


def test_planned_places_are_degrees_from_the_target():
    motion, target = body(Spine1=(10, 0, 0)), np.array([[0.0, 1.6, 2.0]])
    gaze, _ = GazeHolding().gaze(motion, target, np.array([[8.0, -5.0]]) * DEG)
    sight, eyes = line(motion, gaze)
    assert (direction(sight) - direction(target - eyes))[0] / DEG == pytest.approx([8.0, -5.0], abs=1e-6)


def test_no_eye_leaves_its_range_or_outruns_a_saccade():
    frames = 60
    motion = body(frames)
    around = np.arange(frames) / frames * 2 * np.pi
    target = np.stack([3 * np.sin(around), 1.6 + 3 * np.cos(3 * around), 3 * np.cos(around)], 1)
    target[30:] = [2.0, 0.2, 0.5]  # and then it leaps
    gaze, _ = GazeHolding().gaze(motion, target, np.zeros((frames, 2)))
    assert np.abs(gaze[:, 0]).max() <= 30 * DEG
    assert gaze[:, 1].min() >= -28 * DEG and gaze[:, 1].max() <= 22.5 * DEG
    assert np.hypot(*np.diff(gaze, axis=0).T).max() <= 10 * DEG + 1e-9
    parts, holding = [], GazeHolding()
    for cut in (slice(0, 7), slice(7, 31), slice(31, frames)):
        parts.append(holding.gaze(motion[cut], target[cut], np.zeros((frames, 2))[cut])[0])
    np.testing.assert_array_equal(np.concatenate(parts), gaze)


def test_the_head_turns_by_its_share_of_what_is_far():
    for yaw, turned in ((10, 0.0), (17.9, 0.0), (25, 0.77 * 7), (60, 60 - 22)):
        angles = HeadFollowing().turn(np.tile([yaw * DEG, 0.0], (3, 1))) / DEG
        assert angles[-1] == pytest.approx([0, turned, 0.15 * turned])
    assert HeadFollowing().turn(np.array([[0.0, 30.0]]) * DEG)[0, 0] / DEG == pytest.approx(-0.77 * 12)


def test_the_head_comes_after_the_target_in_any_cut():
    towards = np.zeros((120, 2))
    towards[20:, 0] = 40 * DEG
    following = HeadFollowing()
    turned = following.turn(towards)[:, 1]
    assert turned[20] < 0.05 * turned[-1] and 0.3 < turned[30] / turned[-1] < 0.6 and (np.diff(turned) >= 0).all()
    assert turned[-1] / DEG == pytest.approx(18, abs=0.1)
    cut = HeadFollowing()
    parts = [cut.turn(towards[a:b])[:, 1] for a, b in ((0, 19), (19, 64), (64, 120))]
    np.testing.assert_array_equal(np.concatenate(parts), turned)


def test_a_far_face_is_smaller_and_a_point_smaller_still():
    assert LISTENER is not None
    assert spread_on(LISTENER, 0.0) == pytest.approx(1 / 1.2)
    assert spread_on(LookAt(np.zeros(1), STANDING_EYES[None] + [0, 0, 0.1], face=True), 0.0) == pytest.approx(1 / 0.6)
    point = parse_look_at("0,1,5")
    assert point is not None and spread_on(point, 0.0) == 0.25
    assert convergence(np.array([[0, 0, 0.6], [0, 0, 0.01]])) / DEG == pytest.approx([2.96, 10], abs=0.01)


# -- whole performances ------------------------------------------------------------------------------------------------


def sound(seconds: float = 12.0) -> AudioClip:
    from gengine.inputs.audio import load_audio

    clip = load_audio("demos/speech.wav")
    return AudioClip(np.resize(clip.samples, round(seconds * clip.rate)), clip.rate)


def perform(emotion: str = "neutral", seconds: float = 12.0, **settings) -> Performance:
    return gengine.animate(sound(seconds), emotion, text="none", fps=60, **settings)


def aside(p: Performance, target: LookAt) -> np.ndarray:
    """Degrees between the line of sight and the target, ``(T,)``."""
    assert p.motion is not None and p.face is not None
    sight, eyes = line(p.motion, p.face.gaze.astype(float))
    return off(sight, target.at(np.arange(len(sight)) / 60) - eyes)


def test_an_angry_speaker_looks_at_the_listener_and_a_sad_one_drops_the_eyes():
    assert LISTENER is not None
    angry, sad = ((aside(perform(e), LISTENER) < 8).mean() for e in ("anger", "sadness"))
    assert angry > 0.7 and sad < 0.5
    assert (aside(perform("anger", look_at="none"), LISTENER) < 8).mean() < 0.6


def test_eyes_follow_a_target_that_moves_and_agree_with_their_channels():
    target = parse_look_at(lambda t: (1.5 * np.sin(t), 1.4, 2.0))
    assert target is not None
    p = perform(look_at=target, speaker="storyteller")
    assert p.face is not None
    assert np.median(aside(p, target)) < 3
    still = parse_look_at("0,1.4,2")
    assert still is not None and np.median(aside(p, still)) > 10
    yaw, pitch = p.face.gaze.astype(float).T
    inward = p.face.convergence
    assert 0.3 * DEG < inward.min() and inward.max() < 1.5 * DEG
    for side, towards in (("Left", -1), ("Right", 1)):
        turned = p.face.channel(f"eyeLookIn{side}") * LOOK_IN - p.face.channel(f"eyeLookOut{side}") * LOOK_OUT
        assert turned == pytest.approx(towards * yaw + inward, abs=1e-5)
        raised = p.face.channel(f"eyeLookUp{side}") * LOOK_UP - p.face.channel(f"eyeLookDown{side}") * LOOK_DOWN
        assert raised == pytest.approx(pitch, abs=1e-5)
    assert gaze_turns(p.face, -1)[:, 2] != pytest.approx(gaze_turns(p.face, 1)[:, 2])


def test_lips_and_all_but_the_eyes_are_the_same_wherever_one_looks():
    one, other = (perform(seconds=4, look_at=at).face for at in ("listener", "camera"))
    assert one is not None and other is not None
    eyes = [i for i, name in enumerate(gengine.core.face.ARKIT_NAMES) if name.startswith("eye")]
    np.testing.assert_array_equal(np.delete(one.weights, eyes, 1), np.delete(other.weights, eyes, 1))
    assert not np.array_equal(one.gaze, other.gaze)
