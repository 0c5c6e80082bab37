"""Pelvis, spine and breath: posture, weight, and what the hands pull along."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.constraints.body_limits import soft_range
from gengine.core import rotation
from gengine.core.noise import SmoothNoise, generator
from gengine.networks.choreographer.parameters import TRUNK
from gengine.networks.choreographer.style import MotionStyle

Array = NDArray[np.float64]


_SHARES = np.stack([TRUNK.share_pitch, TRUNK.share_yaw, TRUNK.share_roll], -1)
_CURVE = np.radians(TRUNK.curve)
_LEANS = [rotation.from_axis_angle([1, 0, 0], lean) for lean in np.radians(TRUNK.neck_lean)]
"""How the two joints of the neck lean at rest."""
_CHEST = "trunk_flexion", "trunk_turn", "trunk_side"


@dataclass
class TrunkMotion:
    """One hop of trunk motion: ``sideways (T, 3)`` m on the ground, ``hips (T, 4)``, ``spine (T, 4, 4)`` local."""

    sideways: Array
    hips: Array
    spine: Array
    dip: Array
    """How far the knees give, share of the leg's length ``(T,)``."""


class TrunkNoise:
    """The smooth noises of one recording's trunk: one octave each, of absolute time."""

    def __init__(self, seed: int) -> None:
        self.away = 1 if generator(seed, "trunk").random() < 0.5 else -1
        """The side to which this body turns away."""
        self.slow = SmoothNoise(6, TRUNK.slow_pace, seed, "trunk", "slow")
        self.talk = SmoothNoise(7, TRUNK.talk_pace, seed, "trunk", "talk")

    def __call__(self, times: Array) -> tuple[Array, Array]:
        return self.slow(times), self.talk(times)


@dataclass(frozen=True, eq=False)
class TrunkDrive:
    """What moves the trunk in one hop, frame by frame.

    ``emotion`` is ``style.body_expression``; ``liveliness (T,)`` 0 at rest .. 1 gesturing; ``hands (T, 2, 3)`` the
    planned wrists (out, up, forward; arm lengths), smoothed; ``middle (T, 2)`` m between the feet (sideways, forward)
    and ``weight (T, 2)`` m of the pelvis from there; ``turn (T, 2)`` deg of pelvis yaw and pitch that go with it;
    ``swing (T, 5)`` deg and cm that strokes add to the pelvis (``BodyPlan.pelvis``); ``breath (T,)`` 0..1; ``nod (T,)``
    rad of chest pitch that strokes add; ``arm_cm`` the length of an arm.
    """

    emotion: dict[str, Array]
    liveliness: Array
    hands: Array
    middle: Array
    weight: Array
    turn: Array
    swing: Array
    breath: Array
    nod: Array
    arm_cm: float


def pose(times: Array, noise: TrunkNoise, style: MotionStyle, drive: TrunkDrive) -> TrunkMotion:
    """Trunk of one hop at ``times (T,)`` s. Couplings to the hands are measured."""
    slow, talk = noise(times)
    emotion, weight, degrees, swing = drive.emotion, drive.weight, np.pi / 180, drive.swing
    lively = drive.liveliness * (style.traits.sway * emotion["sway"])

    left, right = drive.hands[:, 0], drive.hands[:, 1]
    higher = (left[:, 1] - right[:, 1]) * drive.arm_cm
    lifted = (0.5 * (left[:, 1] + right[:, 1]) - TRUNK.hang) * drive.arm_cm
    aside = 0.5 * (left[:, 0] - right[:, 0]) * drive.arm_cm
    ahead = (left[:, 2] - right[:, 2]) * drive.arm_cm
    away = noise.away * emotion["turn"] * TRUNK.turn_share

    # Pelvis, degrees.
    pelvis_roll = weight[:, 0] * TRUNK.drop + TRUNK.drop_noise.at(lively) * slow[:, 3] + swing[:, 2]
    pelvis_yaw = away + TRUNK.pelvis_yaw_slow.at(lively) * slow[:, 4] + TRUNK.pelvis_yaw_aside * aside
    pelvis_yaw = pelvis_yaw + TRUNK.pelvis_yaw_talk * lively * talk[:, 4] + drive.turn[:, 0] + swing[:, 0]
    pelvis_pitch = TRUNK.tip + emotion["lean"] * TRUNK.lean_pelvis + TRUNK.pelvis_pitch_slow.at(lively) * slow[:, 5]
    pelvis_pitch = pelvis_pitch + TRUNK.pelvis_pitch_talk * lively * talk[:, 5] - weight[:, 1] * TRUNK.weight_pitch
    pelvis_pitch = pelvis_pitch + drive.turn[:, 1] + swing[:, 1]

    # Chest against pelvis, degrees; both ends of the range are bent, never cut.
    pitch = emotion["spine"] + TRUNK.raised_pitch * lifted
    pitch = pitch + TRUNK.pitch_talk.at(lively) * talk[:, 0] + TRUNK.pitch_slow.at(lively) * slow[:, 0]
    pitch = pitch - TRUNK.breath_pitch * drive.breath
    pitch = pitch + emotion["lean"] * TRUNK.lean_chest
    yaw = away + TRUNK.aside_yaw * aside + TRUNK.ahead_yaw * ahead
    yaw = yaw + TRUNK.yaw_talk.at(lively) * talk[:, 1] + TRUNK.yaw_slow.at(lively) * slow[:, 1]
    roll = (
        TRUNK.higher_roll * higher + TRUNK.roll_talk.at(lively) * talk[:, 2] + TRUNK.roll_slow.at(lively) * slow[:, 2]
    )
    roll = roll - TRUNK.level * pelvis_roll
    chest = soft_range(np.stack([pitch * degrees + drive.nod, yaw * degrees, roll * degrees], -1), _CHEST)
    angles = chest[:, None] * _SHARES
    angles[..., 0] += _CURVE
    hips = rotation.from_euler(np.stack([pelvis_yaw, pelvis_pitch, pelvis_roll], -1) * degrees, "YXZ")

    sideways = np.zeros((len(times), 3))
    sideways[:, 0] = drive.middle[:, 0] + weight[:, 0] + TRUNK.sway.at(lively) * slow[:, 2] + 0.01 * swing[:, 3]
    back = (
        drive.middle[:, 1] + weight[:, 1] - TRUNK.lean_back * emotion["lean"] + TRUNK.sway_ahead.at(lively) * slow[:, 1]
    )
    back = back + 0.01 * swing[:, 4]
    sideways[:, 2] = back - TRUNK.spine_back * emotion["spine"]
    # Knees give a little; never straighter than the base.
    dip = TRUNK.dip_talk * lively * (1 + np.tanh(talk[:, 6])) + TRUNK.dip_slow * (1 + np.tanh(slow[:, 5])) * lively
    return TrunkMotion(sideways, hips, rotation.from_euler(angles[..., [1, 0, 2]], "YXZ"), dip)


def answer(chest: Array, head: Array) -> Array:
    """Head relative to the chest ``(T, 4)`` of a neck that takes back most of what the trunk turns, tips and tilts.

    ``chest (T, 4)`` is the chest's world rotation and ``head (T, 4)`` the wanted one of ``FaceTrack``: people keep
    their face on whom they talk to, whatever the trunk does.
    """
    turned = rotation.to_euler(chest, "YXZ") - [0, np.radians(TRUNK.upright), 0]
    kept = turned * (1 - np.array(TRUNK.neck_answer))
    seen = rotation.multiply(rotation.from_euler(kept + [0, np.radians(TRUNK.head_level), 0], "YXZ"), head)
    return rotation.multiply(rotation.conjugate(chest), seen)


def spread_head(head: Array, wanted: Array) -> tuple[Array, Array, Array]:
    """Head relative to the chest ``(T, 4)`` → local rotations of Neck, Neck1 and Head whose product it is.

    The neck shares in what the face ``wanted``; what answers the trunk is mostly the skull's on the neck, so that a
    bent back carries the neck forward and the face is still level.
    """
    part = rotation.to_rotvec(wanted)
    part = part + TRUNK.neck_answers * (rotation.to_rotvec(head) - part)
    first, second = TRUNK.neck_share
    neck = rotation.multiply(rotation.from_rotvec(first * part), _LEANS[0])
    neck1 = rotation.multiply(rotation.from_rotvec(second * part), _LEANS[1])
    return neck, neck1, rotation.multiply(rotation.conjugate(rotation.multiply(neck, neck1)), head)
