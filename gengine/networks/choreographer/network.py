"""``Choreographer``: from conditions to full-body motion by rule.

A planner chains movement units of both hands, gestures for words, holds and rests (plan.py); this file turns
plans into joints: hands pull the trunk, the trunk carries the shoulders, arms and legs follow by closed-form inverse
kinematics. All laws and ranges come from measurements on real motion; see style.py and the modules it names.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.constraints import legs
from gengine.constraints.body_limits import WRIST_CLEARANCE, BodySpace, soft_floor
from gengine.core import rotation
from gengine.core.conditions import MOTION_RATE, Conditions
from gengine.core.motion import Motion
from gengine.core.noise import SmoothNoise
from gengine.core.quintic import smoothstep
from gengine.core.skeleton import Skeleton, beat_skeleton
from gengine.core.speaker import Speaker
from gengine.networks.base import MotionNetwork, NetworkSpec
from gengine.networks.choreographer import arms, hands, trunk
from gengine.networks.choreographer.body import Breath, Stance
from gengine.networks.choreographer.hand import SHOULDER_OUT
from gengine.networks.choreographer.plan import HORIZON, MARGIN, Planner
from gengine.networks.choreographer.speech_context import Heard
from gengine.networks.choreographer.style import Manner, expression

Array = NDArray[np.float64]

_LOW_SWIVEL = np.radians(32.0)
"""Elbow swivel of low hands, where the speaker's own is larger."""
_PAD = 13
"""Frames read on either side of a hop for smoothing (0.22 s)."""


@dataclass
class ChoreographerState:
    """Everything that one recording's body remembers."""

    manner: Manner
    planner: Planner
    stance: Stance
    breath: Breath
    trunk_noise: trunk.TrunkNoise
    wrist_noise: SmoothNoise
    fine_noise: SmoothNoise
    neck_noise: SmoothNoise


class Choreographer(MotionNetwork):
    """The rule-based full-body gesture network: BEAT's 75 joints at 60 fps.

    Reads prosody, syllables, cues, emotion, speaker and, where there is one, the face's head rotation, which it
    spreads over the neck so that head relative to chest (Spine3) is exactly ``FaceTrack.head``.
    """

    spec = NetworkSpec(
        consumes=("prosody", "syllables", "words", "cues", "emotion", "speaker", "face"),
        produces="motion",
        fps=MOTION_RATE,
        context=2.0,
        lookahead=HORIZON + MARGIN + 0.05,
    )

    def __init__(self, skeleton: Skeleton | None = None) -> None:
        self.skeleton = skeleton or beat_skeleton()
        self.arm = arms.ArmSpec.of(self.skeleton)
        self.leg = legs.LegSpec.of(self.skeleton)
        find = self.skeleton.index
        self._spine = [find(n) for n in ("Spine", "Spine1", "Spine2", "Spine3")]
        self._neck = [find(n) for n in ("Neck", "Neck1", "Head")]
        self._arm_joints = [[find(f"{side}{part}") for part in ("Shoulder", "Arm", "ForeArm", "Hand")]
                            for side in ("Left", "Right")]  # fmt: skip
        self._leg_joints = [[find(f"{side}{part}") for part in ("UpLeg", "Leg", "Foot")] for side in ("Left", "Right")]
        window = np.hanning(2 * _PAD + 3)[1:-1]
        self._window = window / window.sum()
        trail = np.hanning(11)[1:-1]
        self._trail = trail / trail.sum()

    def start(self, speaker: Speaker, seed: int) -> ChoreographerState:
        """A fresh body for one recording."""
        manner = Manner.of(speaker.traits)
        return ChoreographerState(
            manner,
            Planner(manner, seed, self.arm.length * 100),
            Stance(manner, seed),
            Breath(seed),
            trunk.TrunkNoise(seed),
            SmoothNoise(6, 0.35, seed, "wrist"),
            SmoothNoise(10, 0.5, seed, "fine"),
            SmoothNoise(3, 0.25, seed, "neck"),
        )

    def generate(self, conditions: Conditions, state: ChoreographerState) -> Motion:
        """Motion of the hop."""
        times = conditions.frames(MOTION_RATE)
        if len(times) == 0:
            return Motion(self.skeleton, np.zeros((0, len(self.skeleton), 4)), np.zeros((0, 3)), MOTION_RATE)
        heard = Heard(conditions, HORIZON)
        until = conditions.hop_end + MARGIN
        state.planner.extend(heard, until)
        state.stance.extend(heard, until)
        state.breath.extend(heard, until)
        motion = self._realise(times, conditions, state)
        before = conditions.hop_end - 1.0
        for part in (state.planner, state.stance, state.breath.volume):
            part.trim(before)
        return motion

    # -- plans to joints -------------------------------------------------------------------------------------------

    def _realise(self, times: Array, conditions: Conditions, state: ChoreographerState) -> Motion:
        planner, count = state.planner, len(times)
        padded = (np.arange(-_PAD, count + _PAD) + round(times[0] * MOTION_RATE)) / MOTION_RATE
        # A body takes longer than a face to become another emotion's.
        abrupt = expression(*conditions.emotion_at(padded))
        feel = dict(zip(abrupt, _filter(np.stack(list(abrupt.values()), 1), self._window).T, strict=True))
        paths = np.stack([h.wrist.at(padded) for h in planner.hands], 1)
        speed = np.gradient(paths, 1.0 / MOTION_RATE, axis=0)
        smooth = _filter(paths.reshape(len(padded), 6), self._window).reshape(count, 2, 3)
        inner = slice(_PAD, _PAD + count)
        path, velocity = paths[inner], speed[inner]
        # A loose hand trails behind the wrist: behind its speed a little, behind its acceleration with a snap.
        jolt = np.gradient(speed, 1.0 / MOTION_RATE, axis=0)
        pull = 0.26 * np.tanh(speed * self.arm.length / 0.9) + 0.24 * np.tanh(jolt * self.arm.length / 9.0)
        pull = _filter(pull.reshape(len(padded), 6), self._trail).reshape(-1, 2, 3)
        spare = (len(pull) - count) // 2
        pull = pull[spare : spare + count]
        posture = np.stack([h.palm.at(times) for h in planner.hands], 1)
        fingers = np.stack([h.fingers.at(times) for h in planner.hands], 1)
        nod = planner.nod.at(times)
        lively = planner.lively.at(times)[:, 0]
        weight = state.stance.weight.at(times)
        left, right = state.stance.feet
        middle = 0.5 * (left.at(times) + right.at(times))[:, :2]
        breath = state.breath.volume.at(times)[:, 0]

        body = trunk.pose(
            times, state.trunk_noise, state.manner, feel, lively, smooth, middle, weight - middle, breath, nod[:, 0],
            self.arm.length * 100,
        )  # fmt: skip
        out = np.zeros((count, len(self.skeleton), 4))
        out[..., 0] = 1.0
        root, thighs = self._legs(out, body, times, state.stance, nod[:, 1], feel)
        chest, chest_at = self._trunk(out, body, root)
        skull = self._head(out, conditions, times, state, chest, chest_at)
        self._arms(out, state, times, feel, thighs, skull, root, chest, chest_at, path, smooth, pull, posture, breath)
        self._fingers(out, state, times, feel, fingers, velocity)
        return Motion(self.skeleton, out, root, MOTION_RATE)

    def _legs(
        self, out: Array, body: trunk.Trunk, times: Array, stance: Stance, bob: Array, feel: dict[str, Array]
    ) -> tuple[Array, Array]:
        """Write hips and legs; returns the root ``(T, 3)`` and the thighs' ends ``(2, T, 2, 3)``."""
        feet = np.stack([foot.at(times) for foot in stance.feet], 1)
        lift = np.concatenate([lift.at(times) for lift in stance.lifts], 1)
        ankles = np.stack([feet[..., 0], self.leg.ankle + lift, feet[..., 1]], -1)
        yaw = feet[..., 2]
        bend = 0.002 + 0.006 * np.clip(feel["tremor"] + feel["spine"] / 9.0, 0, 1) + body.dip
        root = body.sideways.copy()
        root[:, 1] = legs.pelvis_height(body.sideways, ankles, body.hips, self.leg, bend) + bob
        out[:, 0] = body.hips
        solved, hip, knee = legs.solve(root, body.hips, ankles, yaw, self.leg)
        for side in (0, 1):
            out[:, self._leg_joints[side]] = solved[:, side]
        return root, np.stack([hip, knee])

    def _trunk(self, out: Array, body: trunk.Trunk, root: Array) -> tuple[Array, Array]:
        """Write the spine; returns the chest's world rotation ``(T, 4)`` and position ``(T, 3)``."""
        world, at = body.hips, root
        for k, joint in enumerate(self._spine):
            at = at + rotation.rotate(world, np.broadcast_to(self.skeleton.offsets[joint], at.shape))
            world = rotation.multiply(world, body.spine[:, k])
            out[:, joint] = body.spine[:, k]
        return world, at

    def _head(
        self, out: Array, conditions: Conditions, times: Array, state: ChoreographerState, chest: Array, chest_at: Array
    ) -> Array:
        """Spread the head's rotation over three joints whose product is exactly the wanted one; returns its middle."""
        count = len(times)
        face = conditions.face
        if face is not None and len(face):
            head = np.asarray(face.resample(MOTION_RATE).head, float)
            head = head[np.minimum(np.arange(count), len(head) - 1)]
        else:  # no face network ran: idle life only
            head = rotation.from_rotvec(np.radians([1.6, 2.2, 1.2]) * state.neck_noise(times))
        neck, neck1, skull = trunk.spread_head(head)
        out[:, self._neck[0]], out[:, self._neck[1]], out[:, self._neck[2]] = neck, neck1, skull
        both = rotation.multiply(neck, neck1)
        at, offset = chest_at, self.skeleton.offsets
        middle = np.array([0.0, 0.08, 0.02])
        turned = (rotation.multiply(chest, part) for part in (neck, both, head))
        at = at + rotation.rotate(chest, np.broadcast_to(offset[self._neck[0]], at.shape))
        for world, step in zip(turned, (offset[self._neck[1]], offset[self._neck[2]], middle), strict=True):
            at = at + rotation.rotate(world, np.broadcast_to(step, at.shape))
        return at

    def _arms(
        self, out: Array, state: ChoreographerState, times: Array, feel: dict[str, Array], thighs: Array,
        skull: Array, root: Array, chest: Array, chest_at: Array, path: Array, smooth: Array, pull: Array,
        posture: Array, breath: Array,
    ) -> None:  # fmt: skip
        length = self.arm.length
        ahead = rotation.rotate(chest, np.broadcast_to([0.0, 0.0, 1.0], chest_at.shape))
        heading = np.stack([ahead[:, 0], np.zeros(len(ahead)), ahead[:, 2]], -1)
        heading /= np.linalg.norm(heading, axis=-1, keepdims=True)
        left = np.stack([heading[:, 2], np.zeros(len(ahead)), -heading[:, 0]], -1)
        neck_root = chest_at + rotation.rotate(chest, np.broadcast_to(self.arm.clavicle_root, chest_at.shape))

        drift, fine = state.wrist_noise(times), state.fine_noise(times)
        shake = self._tremor(times, feel)
        place = path.copy()
        place[..., 2] = soft_floor(place[..., 2], 0.0, 0.035)  # arcs may swing, but not behind the back
        place[..., 0] = soft_floor(place[..., 0], -0.08, 0.03)
        place = place * length
        place = (
            place
            + 0.0075 * state.manner.idle * drift.reshape(-1, 2, 3)
            + 0.0015 * shake[:, None, None] * [0.4, 1.0, 0.6]
        )
        origin = chest_at + rotation.rotate(chest, np.broadcast_to(self.arm.middle, chest_at.shape))
        wrists = origin[:, None] + place[..., 1:2] * [0.0, 1.0, 0.0]
        wrists = wrists + place[..., :1] * arms.SIDE[:, None] * left[:, None] + place[..., 2:] * heading[:, None]
        # A hand raised to the side, hanging low or close to its shoulder carries its elbow lower than the speaker's
        # habit, or the arm looks hung up.
        out_of, up = path[..., 0] - SHOULDER_OUT, path[..., 1]
        reach = np.sqrt(out_of**2 + up**2 + path[..., 2] ** 2)
        swivel = posture[..., 1] * (1 - 0.4 * smoothstep((up + 0.35) / 0.4))
        swivel = swivel * (1 - 0.3 * smoothstep((0.75 - reach) / 0.25))
        swivel = swivel + (_LOW_SWIVEL - soft_floor(swivel, _LOW_SWIVEL, 0.05)) * smoothstep((-0.40 - up) / 0.30)
        wrists = self._clear(wrists, root, thighs, skull, chest, chest_at, neck_root, swivel, heading)

        swivel = swivel + np.radians(6.0) * fine[:, :2]
        shrug = posture[..., 4] + np.radians(1.2 * breath + 2.6 * feel["shoulder"])[:, None]
        forward = np.radians(2.6 * feel["round"])[:, None] + np.zeros_like(shrug)
        # The shoulder girdle follows the arm's course, not its every jerk.
        lag = (smooth - path) * length
        eased = wrists + lag[..., 1:2] * [0.0, 1.0, 0.0] + lag[..., 2:] * heading[:, None]
        eased = eased + lag[..., :1] * arms.SIDE[:, None] * left[:, None]
        clavicle = arms.clavicles(chest, neck_root, self.arm, eased, shrug, forward)
        bone = np.zeros((len(times), 2, 3))
        bone[..., 0] = self.arm.clavicle * arms.SIDE
        above = rotation.multiply(chest[:, None], clavicle)
        shoulder = neck_root[:, None] + rotation.rotate(above, bone)
        wrists, elbow, hinge = arms.bend(shoulder, wrists, swivel, heading, self.arm)

        inward = -arms.SIDE[:, None] * left[:, None] + [0.0, 0.12, 0.0]
        palm = posture[..., 0] + np.radians(2.5) * fine[:, 6:8]
        arm, fore, _, facing = arms.pose(chest, clavicle, shoulder, elbow, wrists, hinge, inward, palm)
        side = arms.SIDE[:, None] * left[:, None]
        out_of, up, on = ((facing * axis).sum(-1) for axis in (side, [0.0, 1.0, 0.0], heading[:, None]))
        normal = np.stack([out_of, up, on], -1)
        flexion = posture[..., 2] - (pull * normal).sum(-1) + np.radians(2.0) * fine[:, 2:4]
        flexion = flexion + np.radians(0.5) * shake[:, None]
        radial = posture[..., 3] - 0.55 * pull[..., 1] * (1 - np.abs(up)) + np.radians(1.5) * fine[:, 4:6]
        hand = arms.wrist(flexion, radial)
        for k, (c, a, f, h) in enumerate(self._arm_joints):
            out[:, c], out[:, a], out[:, f], out[:, h] = clavicle[:, k], arm[:, k], fore[:, k], hand[:, k]

    def _clear(
        self, wrists: Array, root: Array, thighs: Array, skull: Array, chest: Array, chest_at: Array, neck_root: Array,
        swivel: Array, heading: Array,
    ) -> Array:  # fmt: skip
        """Wrists so placed that neither they nor the hands beyond them enter trunk, head, thighs or each other."""
        space = BodySpace(root, chest_at + rotation.rotate(chest, np.broadcast_to([0.0, 0.14, 0.0], chest_at.shape)),
                          skull, thighs, self.leg.thigh, heading)  # fmt: skip
        wrists = space.off_trunk(wrists, WRIST_CLEARANCE * self.arm.length)
        # Hands are about 18 cm long: look where the forearms will point.
        bone = np.zeros((len(wrists), 2, 3))
        bone[..., 0] = self.arm.clavicle * arms.SIDE
        shoulder = neck_root[:, None] + rotation.rotate(chest[:, None], bone)
        reached, elbow, _ = arms.bend(shoulder, wrists, swivel, heading, self.arm)
        return space.clear(wrists, reached, (reached - elbow) / self.arm.fore)

    def _tremor(self, times: Array, feel: dict[str, Array]) -> Array:
        """5-8 Hz shaking of unit size x the mood's tremor."""
        phase = 2 * np.pi * (6.3 * times + 0.35 * np.sin(2 * np.pi * 0.31 * times))
        return feel["tremor"] * (np.sin(phase) * (0.75 + 0.25 * np.sin(2 * np.pi * 0.7 * times)))

    def _fingers(
        self, out: Array, state: ChoreographerState, times: Array, feel: dict[str, Array], fingers: Array,
        velocity: Array,
    ) -> None:  # fmt: skip
        noise = state.fine_noise(times)
        lively = 0.35 + 0.65 * state.planner.lively.at(times)[:, 0]
        # Hands open a little as they move out and up, and close on the way in.
        open_up = np.tanh(velocity[..., 0] * 0.5 + velocity[..., 1] * 0.3)
        curl = 0.5 * noise[:, [8, 9]] * lively[:, None] - 0.5 * open_up - 0.25 * feel["open"][:, None]
        curl = curl + 0.15 * np.clip(feel["fist"], 0, 1)[:, None]
        little = 0.35 * noise[:, [2, 3]]
        shape = fingers + curl[..., None] * hands.SYNERGY + little[..., None] * hands.OFFSET
        hands.place(out, self.skeleton, shape)


def _filter(curve: Array, window: Array) -> Array:
    """Padded curve ``(T + len(window) - 1, n)`` → weighted means ``(T, n)``."""
    return np.lib.stride_tricks.sliding_window_view(curve, len(window), axis=0) @ window
