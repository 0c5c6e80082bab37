"""A performance onto an avatar's own joints."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.core import rotation
from gengine.core.avatar import Avatar
from gengine.core.face import ARKIT_NAMES, FaceTrack
from gengine.core.motion import Motion
from gengine.core.skeleton import BEAT_HIP_HEIGHT, Skeleton, beat_skeleton
from gengine.retarget.avatar_pose import gaze_turns, to_avatar


def face(yaw: float = 0.0, pitch: float = 0.0) -> FaceTrack:
    turns = np.tile(rotation.IDENTITY, (2, 1)).astype(np.float32)
    return FaceTrack(np.zeros((2, len(ARKIT_NAMES)), np.float32), turns, np.array([[0, 0], [yaw, pitch]], float), 30)


def motion(**turns: tuple[float, float, float]) -> Motion:
    skeleton = beat_skeleton()
    rotations = np.tile(rotation.IDENTITY, (2, len(skeleton), 1))
    for name, vector in turns.items():
        rotations[1, skeleton.index(name)] = rotation.from_rotvec(vector)
    return Motion(skeleton, rotations, np.array([[0, 1.0, 0], [0.2, 1.0, 0.4]]), 30)


def avatar(**about: object) -> Avatar:
    """Hips, a joint between that no BEAT joint drives, head, and an arm with a helper; half a person tall."""
    names = ("Pelvis", "Between", "Skull", "Arm", "Helper", "Fore", "EyeL")
    offsets = np.array([[0, 0, 0], [0, 0.2, 0], [0, 0.2, 0], [0.1, 0, 0], [0, 0, 0], [0.2, 0, 0], [0.02, 0.05, 0.05]])
    skeleton = Skeleton(names, np.array([-1, 0, 1, 1, 3, 3, 2]), offsets)
    mapped = {"Hips": "Pelvis", "Head": "Skull", "LeftArm": "Arm", "LeftForeArm": "Fore"}
    return Avatar("x", skeleton, (), 0.5 * BEAT_HIP_HEIGHT, joint_map=mapped, **about)  # type: ignore[arg-type]


def test_gaze_left_and_up():
    ahead = np.array([0.0, 0.0, 1.0])
    seen = rotation.rotate(gaze_turns(face(yaw=0.3, pitch=0.2))[1], ahead)
    assert np.allclose(seen, [np.sin(0.3) * np.cos(0.2), np.sin(0.2), np.cos(0.3) * np.cos(0.2)], atol=1e-6)


def test_eyes_turn_in_the_head_by_the_gaze():
    who = avatar(eyes=("EyeL",))
    pose = to_avatar(who, motion(Head=(0, 0.4, 0)), face(yaw=0.3), 30)
    world = who.skeleton.forward(pose.rotations, pose.root)[1]
    assert np.allclose(world[1, 6], rotation.from_rotvec([0, 0.7, 0]), atol=1e-6)


def test_the_path_scales_with_the_hips_and_turns_stay():
    who = avatar()
    pose = to_avatar(who, motion(Hips=(0, 0.3, 0), Head=(0, 0.4, 0), LeftArm=(0, 0, -1.0)), None, 30)
    assert np.allclose(pose.root, [[0, 0.5, 0], [0.1, 0.5, 0.2]])
    world = who.skeleton.forward(pose.rotations, pose.root)[1]
    hips = rotation.from_rotvec([0, 0.3, 0])
    assert np.allclose(world[1, 2], rotation.from_rotvec([0, 0.7, 0]), atol=1e-6)
    assert np.allclose(world[1, 3], rotation.multiply(hips, rotation.from_rotvec([0, 0, -1.0])), atol=1e-6)
    assert np.allclose(world[1, 1], hips, atol=1e-6)  # what nobody drives follows its parent
    assert np.allclose(world[1, 5], world[1, 3])


@pytest.mark.parametrize(("name", "source", "share"), [("Helper", "Arm", -0.7), ("Helper", "Fore", 0.5)])
def test_helpers_take_their_share_of_a_twist(name, source, share):
    who = avatar(twists=((name, source, share),))
    turns = {"LeftArm": (0.6, 0, 0)} if source == "Arm" else {"LeftForeArm": (0.6, 0, 0)}
    pose = to_avatar(who, motion(**turns), None, 30)
    assert np.allclose(rotation.to_rotvec(pose.rotations[1, 4]), [share * 0.6, 0, 0], atol=1e-6)
    bent = to_avatar(who, motion(**{next(iter(turns)): (0, 0.6, 0)}), None, 30)
    assert np.allclose(bent.rotations[1, 4], rotation.IDENTITY, atol=1e-6)  # a bend is no twist


def test_another_rest_pose_shows_the_same_figure():
    plain = avatar()
    rest = rotation.normalize(np.random.default_rng(2).normal(size=(7, 4)))
    offsets, parents = plain.skeleton.offsets.copy(), plain.skeleton.parents
    offsets[1:] = rotation.rotate(rotation.conjugate(rest[parents[1:]]), offsets[1:])
    odd = Avatar("y", Skeleton(plain.skeleton.names, parents, offsets), (), plain.root_height,
                 joint_map=plain.joint_map, rest=rest)  # fmt: skip
    what = motion(Head=(0, 0.4, 0), LeftArm=(0.2, 0.3, -1.0), Hips=(0, 0.5, 0))
    places = []
    for who in (plain, odd):
        pose = to_avatar(who, what, None, 30)
        places.append(who.skeleton.forward(pose.rotations, pose.root)[0])
    assert np.allclose(places[0], places[1], atol=1e-6)


def test_a_face_alone_moves_the_head_of_a_standing_figure():
    track = face()
    track.head[1] = rotation.from_rotvec([0, 0.4, 0])
    pose = to_avatar(avatar(), None, track, 30)
    assert np.allclose(pose.rotations[1, 2], rotation.from_rotvec([0, 0.4, 0]), atol=1e-6)
    assert np.allclose(pose.root, [[0, 0.5 * BEAT_HIP_HEIGHT, 0]] * 2)
