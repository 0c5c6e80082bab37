"""Arms and fingers of one hop: from planned wrists and poses to joints.

The order is the body's: where the wrists shall be, how far the elbows swing out, what is in the way, how the shoulder
girdle follows, then the bones, the palms and the loose wrists. Arrays of both arms are ``(T, 2, ...)``, left first.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gengine.constraints.body_limits import WRIST_CLEARANCE, BodySpace, soft_floor
from gengine.core import rotation
from gengine.core.quintic import smoothstep
from gengine.networks.choreographer import arms, fingers
from gengine.networks.choreographer.hand_plan import SHOULDER_OUT
from gengine.networks.choreographer.parameters import JOINTS

Array = NDArray[np.float64]

_LOW_SWIVEL = np.radians(JOINTS.low_swivel)


@dataclass(frozen=True, eq=False)
class PlannedHands:
    """What the plans say of both hands, left first.

    ``path (T, 2, 3)`` wrists (out, up, forward; arm lengths), ``smooth`` without jerks, ``velocity`` a second;
    ``trail (T, 2, 3)`` rad by which loose hands trail behind along these axes; ``posture (T, 2, 5)`` rad of palm turn,
    elbow swivel, wrist flexion, radial deviation and shrug; ``shapes (T, 2, 19)`` rad of the fingers.
    """

    path: Array
    smooth: Array
    velocity: Array
    trail: Array
    posture: Array
    shapes: Array


@dataclass(frozen=True, eq=False)
class SmallLife:
    """What no plan says: noise, breath and emotion, frame by frame.

    ``drift (T, 2, 3)`` of the wrists and ``fine (T, 10)``, quicker, of unit size; ``tremor (T,)`` x the emotion's
    share; ``breath (T,)`` and ``lively (T,)`` 0..1; ``idle`` the size of the wandering, x.
    """

    drift: Array
    fine: Array
    tremor: Array
    breath: Array
    lively: Array
    emotion: dict[str, Array]
    idle: float


@dataclass(frozen=True, eq=False)
class Torso:
    """World places (m) and rotations of what arms hang on and must not enter."""

    root: Array
    thighs: Array
    chest: Array
    """Rotation of the chest ``(T, 4)``."""
    chest_at: Array
    skull: Array

    def beyond(self, offset: Array | tuple[float, ...]) -> Array:
        """The place ``(T, 3)`` of ``offset`` in the chest's frame."""
        return self.chest_at + rotation.rotate(self.chest, offset)

    @cached_property
    def heading(self) -> Array:
        """Where the chest faces on the ground ``(T, 3)``."""
        ahead = rotation.rotate(self.chest, arms.AHEAD)
        heading = np.stack([ahead[:, 0], np.zeros(len(ahead)), ahead[:, 2]], -1)
        return heading / rotation.length(heading)

    @cached_property
    def left(self) -> Array:
        """To the left of that ``(T, 3)``."""
        return np.stack([self.heading[:, 2], np.zeros(len(self.heading)), -self.heading[:, 0]], -1)


def tremor(times: Array) -> Array:
    """5-8 Hz shaking of unit size ``(T,)``."""
    depth, pace = JOINTS.shake_wander
    phase = 2 * np.pi * (JOINTS.shake_pace * times + depth * np.sin(2 * np.pi * pace * times))
    return np.sin(phase) * JOINTS.shake_swell.at(np.sin(2 * np.pi * JOINTS.shake_swell_pace * times))


@dataclass(frozen=True)
class ArmMotion:
    """Both arms of one skeleton: ``arm`` are its lengths, ``thigh`` m that of the bone that hands keep off."""

    arm: arms.ArmSpec
    thigh: float

    def joints(self, hands: PlannedHands, life: SmallLife, torso: Torso) -> tuple[Array, Array, Array, Array]:
        """Local rotations ``(T, 2, 4)`` of clavicles, upper arms, forearms and hands."""
        root = torso.beyond(self.arm.clavicle_root)
        swivel = _swivel(hands)
        wrists = self._free(self._wrists(hands, life, torso), swivel, root, torso)
        swivel = swivel + np.radians(JOINTS.swivel_noise) * life.fine[:, :2]
        clavicle = self._clavicles(wrists, hands, life, root, torso)
        shoulder = self._shoulders(rotation.multiply(torso.chest[:, None], clavicle), root)
        wrists, elbow, hinge = arms.bend(shoulder, wrists, swivel, torso.heading, self.arm)
        inward = -arms.SIDE[:, None] * torso.left[:, None] + arms.UP * JOINTS.inward_up
        palm = hands.posture[..., 0] + np.radians(JOINTS.palm_noise) * life.fine[:, 6:8]
        arm, fore, _, facing = arms.pose(torso.chest, clavicle, shoulder, elbow, wrists, hinge, inward, palm)
        return clavicle, arm, fore, _loose_wrists(hands, life, torso, facing)

    def _wrists(self, hands: PlannedHands, life: SmallLife, torso: Torso) -> Array:
        """Where plans and small life want the wrists, world m."""
        place = hands.path.copy()
        place[..., 2] = soft_floor(place[..., 2], 0, JOINTS.behind_corner)  # arcs may swing, but not behind the back
        place[..., 0] = soft_floor(place[..., 0], JOINTS.across_least, JOINTS.across_corner)
        place = place * self.arm.length
        place = (
            place
            + JOINTS.drift * life.idle * life.drift
            + JOINTS.shake * life.tremor[:, None, None] * JOINTS.shake_axes
        )
        origin = torso.beyond(self.arm.middle)
        wrists = origin[:, None] + place[..., 1:2] * arms.UP
        return (
            wrists + place[..., :1] * arms.SIDE[:, None] * torso.left[:, None] + place[..., 2:] * torso.heading[:, None]
        )

    def _shoulders(self, carrier: Array, root: Array) -> Array:
        """Shoulder joints at the ends of clavicles that ``carrier`` turns."""
        bone = np.zeros((len(root), 2, 3))
        bone[..., 0] = self.arm.clavicle * arms.SIDE
        return root[:, None] + rotation.rotate(carrier, bone)

    def _free(self, wrists: Array, swivel: Array, root: Array, torso: Torso) -> Array:
        """Wrists so placed that neither they nor the hands beyond them enter trunk, head, thighs or each other."""
        space = BodySpace(
            torso.root, torso.beyond(JOINTS.neck_base), torso.skull, torso.thighs, self.thigh, torso.heading
        )
        wrists = space.off_trunk(wrists, WRIST_CLEARANCE * self.arm.length)
        # Hands are about 18 cm long: look where the forearms will point.
        shoulder = self._shoulders(torso.chest[:, None], root)
        reached, elbow, _ = arms.bend(shoulder, wrists, swivel, torso.heading, self.arm)
        return space.clear(wrists, reached, (reached - elbow) / self.arm.fore)

    def _clavicles(self, wrists: Array, hands: PlannedHands, life: SmallLife, root: Array, torso: Torso) -> Array:
        """The shoulder girdle follows the arm's course, not its every jerk; breath and emotion move it too."""
        emotion = life.emotion
        rise = np.radians(JOINTS.breath_shrug * life.breath + JOINTS.shoulder_shrug * emotion["shoulder"])
        shrug = hands.posture[..., 4] + rise[:, None]
        forward = np.radians(JOINTS.shoulder_round * emotion["round"])[:, None] + np.zeros_like(shrug)
        lag = (hands.smooth - hands.path) * self.arm.length
        eased = wrists + lag[..., 1:2] * arms.UP + lag[..., 2:] * torso.heading[:, None]
        eased = eased + lag[..., :1] * arms.SIDE[:, None] * torso.left[:, None]
        return arms.clavicles(torso.chest, root, self.arm, eased, shrug, forward)


def _swivel(hands: PlannedHands) -> Array:
    """Elbow swivels ``(T, 2)`` rad: a hand raised to the side, hanging low or close to its shoulder carries its elbow
    lower than the speaker's habit, or the arm looks hung up."""
    out, up = hands.path[..., 0] - SHOULDER_OUT, hands.path[..., 1]
    reach = np.sqrt(out**2 + up**2 + hands.path[..., 2] ** 2)
    (depth, over), (near, within) = JOINTS.side_from, JOINTS.near_from
    swivel = hands.posture[..., 1] * (1 - JOINTS.side_swivel * smoothstep((up + depth) / over))
    swivel = swivel * (1 - JOINTS.near_swivel * smoothstep((near - reach) / within))
    habit = _LOW_SWIVEL - soft_floor(swivel, _LOW_SWIVEL, JOINTS.low_corner)
    return swivel + habit * smoothstep((JOINTS.low_from - up) / JOINTS.low_over)


def _loose_wrists(hands: PlannedHands, life: SmallLife, torso: Torso, facing: Array) -> Array:
    """Hands ``(T, 2, 4)`` as planned, trailing behind the arm's course along their palms' normals ``facing``."""
    side = arms.SIDE[:, None] * torso.left[:, None]
    out, up, on = ((facing * axis).sum(-1) for axis in (side, arms.UP, torso.heading[:, None]))
    normal = np.stack([out, up, on], -1)
    flexion = hands.posture[..., 2] - (hands.trail * normal).sum(-1)
    flexion = flexion + np.radians(JOINTS.flexion_noise) * life.fine[:, 2:4]
    flexion = flexion + np.radians(JOINTS.shake_flexion) * life.tremor[:, None]
    radial = hands.posture[..., 3] - JOINTS.trail_radial * hands.trail[..., 1] * (1 - np.abs(up))
    radial = radial + np.radians(JOINTS.radial_noise) * life.fine[:, 4:6]
    return arms.wrist(flexion, radial)


def finger_shapes(hands: PlannedHands, life: SmallLife) -> Array:
    """Hand shapes ``(T, 2, 19)`` rad: as planned, opening a little as hands move out and up, closing on the way in."""
    emotion, (outward, upward), (opened, closed) = life.emotion, JOINTS.open_rates, JOINTS.curl_emotion
    lively = JOINTS.curl_lively.at(life.lively)
    open_up = np.tanh(hands.velocity[..., 0] * outward + hands.velocity[..., 1] * upward)
    curl = JOINTS.curl_noise * life.fine[:, [8, 9]] * lively[:, None] - JOINTS.curl_open * open_up
    curl = curl + opened * emotion["open"][:, None] + closed * np.clip(emotion["fist"], 0, 1)[:, None]
    little = JOINTS.little_noise * life.fine[:, [2, 3]]
    return hands.shapes + curl[..., None] * fingers.SYNERGY + little[..., None] * fingers.OFFSET
