"""Pelvis, spine and breath: posture, weight, and what the hands pull along."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.constraints.body_limits import soft_range
from gengine.core import rotation
from gengine.core.noise import SmoothNoise, generator
from gengine.networks.choreographer.style import Manner

Array = NDArray[np.float64]

# Shares of the chest's pitch, yaw and roll that Spine, Spine1, Spine2, Spine3 carry (orator's deviations by joint).
_SHARES = np.array([[0.20, 0.14, 0.24], [0.25, 0.16, 0.24], [0.38, 0.52, 0.36], [0.17, 0.18, 0.16]])
# Standing curve of the spine, deg of pitch, over a pelvis that tips forward by _TIP: the chest ends up 2 deg forward.
_CURVE = np.radians([-5.5, -1.5, 1.5, 1.5])
_TIP = 6.0


@dataclass
class Trunk:
    """One hop of trunk motion: ``sideways (T, 3)`` m on the ground, ``hips (T, 4)``, ``spine (T, 4, 4)`` local."""

    sideways: Array
    hips: Array
    spine: Array
    dip: Array
    """How far the knees give, share of the leg's length ``(T,)``."""


class TrunkNoise:
    """The smooth noises of one recording's trunk: one octave each, of absolute time."""

    def __init__(self, seed: int) -> None:
        self.away = 1.0 if generator(seed, "trunk").random() < 0.5 else -1.0
        """The side to which this body turns away."""
        self.slow = SmoothNoise(6, 0.22, seed, "trunk", "slow")
        self.talk = SmoothNoise(7, 1.3, seed, "trunk", "talk")

    def __call__(self, times: Array) -> tuple[Array, Array]:
        return self.slow(times), self.talk(times)


def pose(
    times: Array,
    noise: TrunkNoise,
    manner: Manner,
    feel: dict[str, Array],
    liveliness: Array,
    hands: Array,
    middle: Array,
    weight: Array,
    breath: Array,
    nod: Array,
    arm_cm: float,
) -> Trunk:
    """Trunk of one hop.

    ``feel`` is ``style.expression``; ``liveliness (T,)`` 0 at rest .. 1 gesturing; ``hands (T, 2, 3)`` the planned
    wrists (out, up, forward; arm lengths), smoothed; ``middle (T, 2)`` m between the feet (sideways,
    forward) and ``weight (T, 2)`` m of the pelvis from there; ``breath (T,)`` 0..1;
    ``nod (T,)`` rad of chest pitch that strokes add.
    """
    slow, talk = noise(times)
    sway = manner.traits.sway * feel["sway"]
    lively = liveliness * sway
    left, right = hands[:, 0], hands[:, 1]
    hang = -0.9
    higher = (left[:, 1] - right[:, 1]) * arm_cm
    lifted = (0.5 * (left[:, 1] + right[:, 1]) - hang) * arm_cm
    aside = 0.5 * (left[:, 0] - right[:, 0]) * arm_cm
    ahead = (left[:, 2] - right[:, 2]) * arm_cm
    degrees = np.pi / 180
    # Chest against pelvis. Couplings to the hands are measured; both ends of the range are bent, never cut.
    pitch = feel["spine"] - 0.08 * lifted + (0.3 + 1.8 * lively) * talk[:, 0] + (0.7 + 1.2 * lively) * slow[:, 0]
    pitch = pitch - 1.2 * breath
    yaw = (
        noise.away * feel["turn"] * 0.6
        + 0.28 * aside
        - 0.18 * ahead
        + (0.2 + 1.6 * lively) * talk[:, 1]
        + (0.3 + 0.8 * lively) * slow[:, 1]
    )
    roll = 0.18 * higher + (0.2 + 1.6 * lively) * talk[:, 2] + (0.3 + 1.2 * lively) * slow[:, 2]
    pelvis_roll = -weight[:, 0] * 42.0 + 0.25 * slow[:, 3]  # the unloaded hip drops, about 2.5 deg for 6 cm
    pelvis_yaw = (
        noise.away * feel["turn"] * 0.6 + (0.5 + 2.2 * lively) * slow[:, 4] + 0.12 * aside + (1.1 * lively) * talk[:, 4]
    )
    pelvis_pitch = _TIP + feel["lean"] * 0.55 + 0.3 * slow[:, 5] + 0.35 * lively * talk[:, 5] - weight[:, 1] * 20
    roll = roll - 0.6 * pelvis_roll  # shoulders stay nearly level over a tilted pelvis
    pitch = pitch + feel["lean"] * 0.45
    chest = np.stack(
        [
            soft_range(pitch * degrees + nod, "trunk_flexion"),
            soft_range(yaw * degrees, "trunk_turn"),
            soft_range(roll * degrees, "trunk_side"),
        ],
        -1,
    )
    angles = chest[:, None] * _SHARES
    angles[..., 0] += _CURVE
    hips = rotation.from_euler(np.stack([pelvis_yaw, pelvis_pitch, pelvis_roll], -1) * degrees, "YXZ")
    sideways = np.zeros((len(times), 3))
    sideways[:, 0] = middle[:, 0] + weight[:, 0] + 0.004 * slow[:, 3]
    # Leaning from the ankles: the pelvis goes back a little when the trunk goes forward.
    sideways[:, 2] = middle[:, 1] + weight[:, 1] - 0.0022 * feel["lean"] + 0.003 * slow[:, 5] - 0.0008 * feel["spine"]
    # Knees give a little when weight moves over, and with the rhythm of talk; never straighter than the base.
    dip = 0.0025 * lively * (1 + np.tanh(talk[:, 6])) + 0.002 * (1 + np.tanh(slow[:, 5])) * lively
    return Trunk(sideways, hips, rotation.from_euler(angles[..., [1, 0, 2]], "YXZ"), dip)


def spread_head(head: Array) -> tuple[Array, Array, Array]:
    """Head rotation relative to the chest ``(T, 4)`` → local rotations of Neck, Neck1 and Head whose product it is."""
    part = rotation.to_rotvec(head)
    lean, more = np.radians([18.0, 6.0])  # a neck leans forward, the skull sits level on it
    neck = rotation.multiply(rotation.from_rotvec(0.36 * part), rotation.from_axis_angle([1.0, 0, 0], lean))
    neck1 = rotation.multiply(rotation.from_rotvec(0.30 * part), rotation.from_axis_angle([1.0, 0, 0], more))
    return neck, neck1, rotation.multiply(rotation.conjugate(rotation.multiply(neck, neck1)), head)
