"""Arm inverse kinematics against forward kinematics."""

from __future__ import annotations

import numpy as np

from gengine.core import rotation
from gengine.core.noise import generator
from gengine.core.skeleton import beat_skeleton
from gengine.networks.choreographer import arms


def _solve(offsets: np.ndarray, swivel: float = 0.4, palm: float = 0.0):
    """Arms of a body in T-pose with wrists at shoulder + ``offsets (T, 2, 3)``: world positions and rotations."""
    skeleton = beat_skeleton()
    spec = arms.ArmSpec.of(skeleton)
    count = len(offsets)
    rest = np.zeros((count, len(skeleton), 4))
    rest[..., 0] = 1
    at, _ = skeleton.forward(rest, np.zeros((count, 3)))
    chest = np.tile(rotation.IDENTITY, (count, 1))
    shoulder = at[:, [skeleton.index("LeftArm"), skeleton.index("RightArm")]]
    clavicle = np.tile(rotation.IDENTITY, (count, 2, 1))
    ahead = np.tile([0.0, 0.0, 1.0], (count, 1))
    wrist, elbow, hinge = arms.bend(shoulder, shoulder + offsets, np.full((count, 2), swivel), ahead, spec)
    inward = np.tile([[-1.0, 0, 0], [1.0, 0, 0]], (count, 1, 1))
    arm, fore, roll, normal = arms.pose(
        chest, clavicle, shoulder, elbow, wrist, hinge, inward, np.full((count, 2), palm)
    )
    for k, side in enumerate(("Left", "Right")):
        rest[:, skeleton.index(f"{side}Arm")] = arm[:, k]
        rest[:, skeleton.index(f"{side}ForeArm")] = fore[:, k]
    at, world = skeleton.forward(rest, np.zeros((count, 3)))
    return skeleton, at, world, shoulder, wrist, elbow, roll, normal


def test_reaches_every_reachable_wrist() -> None:
    rng = generator("arms")
    offsets = rng.normal([0.05, -0.2, 0.25], 0.12, (300, 2, 3))
    offsets[:, 1, 0] *= -1
    length = np.linalg.norm(offsets, axis=-1)
    offsets *= (np.clip(length, 0.24, 0.52) / length)[..., None]
    skeleton, at, _, shoulder, wrist, elbow, *_ = _solve(offsets)
    for k, side in enumerate(("Left", "Right")):
        np.testing.assert_allclose(at[:, skeleton.index(f"{side}Hand")], wrist[:, k], atol=2e-3)
        np.testing.assert_allclose(at[:, skeleton.index(f"{side}ForeArm")], elbow[:, k], atol=1e-6)
    inner = np.linalg.norm(offsets, axis=-1) < 0.5
    np.testing.assert_allclose(wrist[inner], (shoulder + offsets)[inner], atol=1e-6)


def test_far_targets_stop_at_the_arms_length() -> None:
    *_, shoulder, wrist, _, _, _ = _solve(np.array([[[0.5, 0.0, 0.9], [-0.1, -1.2, 0.3]]]))
    assert (np.linalg.norm(wrist - shoulder, axis=-1) < 0.5637).all()


def test_elbow_is_below_and_outside_and_mirrored() -> None:
    offsets = np.array([[[0.1, -0.15, 0.35], [-0.1, -0.15, 0.35]]])
    *_, shoulder, _, elbow, _, _ = _solve(offsets, swivel=0.5)
    assert (elbow[0, :, 1] < shoulder[0, :, 1]).all()
    np.testing.assert_allclose(elbow[0, 0] * [-1, 1, 1], elbow[0, 1], atol=1e-9)
    *_, wide, _, _ = _solve(offsets, swivel=1.0)
    assert wide[0, 0, 0] > elbow[0, 0, 0]


def test_palms_turn_where_asked() -> None:
    offsets = np.array([[[0.05, -0.28, 0.30], [-0.05, -0.28, 0.30]]])
    faces = {
        name: _solve(offsets, 0.05, np.radians(angle))[-1][0] for name, angle in (("in", 0), ("up", 75), ("down", -75))
    }
    assert faces["in"][0, 0] < -0.9 and faces["in"][1, 0] > 0.9
    assert (faces["up"][:, 1] > 0.7).all()
    assert (faces["down"][:, 1] < -0.7).all()


def test_a_smooth_path_gives_smooth_joints() -> None:
    """Across the body, up to the head, down and out: no flip of elbow or forearm on the way."""
    t = np.linspace(0, 2 * np.pi, 400)
    left = np.stack([0.12 + 0.22 * np.cos(t), -0.15 + 0.30 * np.sin(t), 0.30 + 0.08 * np.cos(2 * t)], -1)
    offsets = np.stack([left, left * [-1, 1, 1]], 1)
    skeleton, _, world, *_ = _solve(offsets, 0.5, 0.6)
    for name in ("LeftArm", "LeftForeArm", "RightForeArm"):
        step = rotation.angle(world[1:, skeleton.index(name)], world[:-1, skeleton.index(name)])
        assert np.degrees(step).max() < 9


def test_elbows_are_not_held_up_over_low_hands() -> None:
    """A wide swivel lifts the elbow of a raised hand, never that of a hand below it (real elbows: 95th percentile)."""
    rng = generator("low hands")
    offsets = rng.normal([0.15, -0.20, 0.20], [0.10, 0.10, 0.12], (400, 2, 3))
    offsets[:, 1, 0] *= -1
    length = np.linalg.norm(offsets, axis=-1)
    offsets *= (np.clip(length, 0.26, 0.52) / length)[..., None]
    *_, shoulder, wrist, elbow, _, _ = _solve(offsets, swivel=1.4)
    hand, bend = (wrist - shoulder)[..., 1], (elbow - shoulder)[..., 1]
    low = hand < -0.06
    assert low.sum() > 300
    hung = low & (bend > -0.12) & (bend - hand > 0.07)
    assert hung.mean() < 0.05  # an unbounded swivel leaves 59 %
