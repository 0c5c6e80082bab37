"""Legs keep the feet where they are."""

from __future__ import annotations

import numpy as np

from gengine.constraints import legs
from gengine.core import rotation
from gengine.core.skeleton import beat_skeleton


def test_feet_stay_while_the_pelvis_moves() -> None:
    skeleton = beat_skeleton()
    spec = legs.LegSpec.of(skeleton)
    t = np.linspace(0, 6, 200)
    sideways = np.stack([0.09 * np.sin(t), 0 * t, 0.04 * np.cos(1.3 * t)], -1)
    hips = rotation.from_euler(np.radians(np.stack([8 * np.sin(t), 4 * np.cos(t), 3 * np.sin(2 * t)], -1)), "YXZ")
    ankles = np.tile([[0.14, spec.ankle, 0.0], [-0.14, spec.ankle, 0.0]], (200, 1, 1))
    yaw = np.tile([0.2, -0.2], (200, 1))
    root = sideways.copy()
    root[:, 1] = legs.pelvis_height(sideways, ankles, hips, spec, np.full(200, 0.008))
    turns, _, _ = legs.solve(root, hips, ankles, yaw, spec)
    local = np.zeros((200, len(skeleton), 4))
    local[..., 0] = 1
    local[:, 0] = hips
    for k, side in enumerate(("Left", "Right")):
        for i, part in enumerate(("UpLeg", "Leg", "Foot")):
            local[:, skeleton.index(side + part)] = turns[:, k, i]
    at, world = skeleton.forward(local, root)
    for k, side in enumerate(("Left", "Right")):
        np.testing.assert_allclose(at[:, skeleton.index(f"{side}Foot")], ankles[:, k], atol=1e-3)
        toe = rotation.rotate(world[:, skeleton.index(f"{side}Foot")], np.tile([0.0, 0.0, 1.0], (200, 1)))
        assert np.abs(toe[:, 1]).max() < 1e-6
        knee = rotation.to_rotvec(turns[:, k, 1])[:, 0]
        assert knee.min() > 0 and np.degrees(np.abs(np.diff(knee))).max() < 3
    assert np.abs(np.diff(root[:, 1], n=2)).max() < 5e-4  # the carrying leg changes without a corner
