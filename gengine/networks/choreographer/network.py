"""``Choreographer``: from conditions to full-body motion by rule.

A planner chains movement units of both hands, gestures for words, holds and rests (planner.py); this file turns
plans into joints: hands pull the trunk, the trunk carries the shoulders, arms and legs follow by closed-form inverse
kinematics. All laws and ranges come from measurements on real motion; they stand in the tables of ``data/``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.constraints import legs
from gengine.constraints.body_limits import soft_floor
from gengine.core import rotation
from gengine.core.conditions import MOTION_RATE, Conditions
from gengine.core.motion import Motion
from gengine.core.noise import SmoothNoise
from gengine.core.quintic import read_all
from gengine.core.skeleton import Skeleton, beat_skeleton
from gengine.core.speaker import Speaker
from gengine.networks.base import MotionNetwork, NetworkSpec
from gengine.networks.choreographer import arm_motion, arms, fingers, trunk
from gengine.networks.choreographer.idle_motion import Breathing, WeightShift
from gengine.networks.choreographer.parameters import JOINTS, PLAN
from gengine.networks.choreographer.planner import HORIZON, MARGIN, Planner
from gengine.networks.choreographer.speech_context import SpeechContext
from gengine.networks.choreographer.style import MotionStyle, body_expression

Array = NDArray[np.float64]

_PAD = 13
"""Frames read on either side of a hop for smoothing (0.22 s). Judgement."""
_CHANGE = 27
"""Emotion read on either side of a frame (0.45 s): a posture changes in .9 s. Judgement."""
_TRAIL = 11
"""Length of the window over which loose hands trail, frames. Judgement."""
_CONTEXT, _SLACK, _MEMORY = 2.0, 0.05, 1.0
"""Seconds of conditions before a hop, beyond the plans' horizon, and for which plans are kept."""


@dataclass
class ChoreographerState:
    """Everything that one recording's body remembers."""

    style: MotionStyle
    planner: Planner
    weight: WeightShift
    breathing: Breathing
    trunk_noise: trunk.TrunkNoise
    wrist_noise: SmoothNoise
    fine_noise: SmoothNoise
    neck_noise: SmoothNoise
    revision: str = ""
    """Why plans are to be revised with the next hop: "told", "hushed" or not at all."""


class Choreographer(MotionNetwork):
    """The rule-based full-body gesture network: BEAT's 75 joints at 60 fps.

    Reads prosody, syllables, cues, emotion, speaker and, where there is one, the face's head rotation, which it
    spreads over a neck that takes back most of what the trunk does (``trunk.answer``).
    """

    spec = NetworkSpec(
        consumes=("prosody", "syllables", "words", "cues", "emotion", "speaker", "face"),
        produces="motion",
        fps=MOTION_RATE,
        context=_CONTEXT,
        lookahead=HORIZON + MARGIN + _SLACK,
        least=0.0,
    )

    def __init__(self, skeleton: Skeleton | None = None) -> None:
        self.skeleton = skeleton or beat_skeleton()
        self.arm = arms.ArmSpec.of(self.skeleton)
        self.leg = legs.LegSpec.of(self.skeleton)
        self.arm_motion = arm_motion.ArmMotion(self.arm, self.leg.thigh)
        find = self.skeleton.index
        self._spine = [find(n) for n in ("Spine", "Spine1", "Spine2", "Spine3")]
        self._neck = [find(n) for n in ("Neck", "Neck1", "Head")]
        self._arm_joints = [[find(f"{side}{part}") for part in ("Shoulder", "Arm", "ForeArm", "Hand")]
                            for side in ("Left", "Right")]  # fmt: skip
        self._leg_joints = [[find(f"{side}{part}") for part in ("UpLeg", "Leg", "Foot")] for side in ("Left", "Right")]
        window = np.hanning(2 * _PAD + 3)[1:-1]
        self._window = window / window.sum()
        change = np.hanning(2 * _CHANGE + 3)[1:-1]
        self._change = change / change.sum()
        trail = np.hanning(_TRAIL)[1:-1]
        self._trail = trail / trail.sum()

    def start(self, speaker: Speaker, seed: int) -> ChoreographerState:
        """A fresh body for one recording."""
        style = MotionStyle.of(speaker.traits)
        return ChoreographerState(
            style,
            Planner(style, seed, self.arm.length * 100),
            WeightShift(style, seed),
            Breathing(seed),
            trunk.TrunkNoise(seed),
            SmoothNoise(6, JOINTS.drift_pace, seed, "wrist"),
            SmoothNoise(10, JOINTS.fine_pace, seed, "fine"),
            SmoothNoise(3, JOINTS.head_idle_pace, seed, "neck"),
        )

    def generate(self, conditions: Conditions, state: ChoreographerState) -> Motion:
        """Motion of the hop."""
        times = conditions.frames(MOTION_RATE)
        if len(times) == 0:
            return Motion(self.skeleton, np.zeros((0, len(self.skeleton), 4)), np.zeros((0, 3)), MOTION_RATE)
        speech = SpeechContext(conditions, HORIZON)
        if state.revision:  # the frames that were shown have seen so far
            shown = conditions.hop_start + _PAD / MOTION_RATE
            state.planner.revise(speech, shown, hushed=state.revision == "hushed")
            state.revision = ""
        until = conditions.hop_end + (PLAN.live_margin if speech.short else MARGIN)
        for part in (state.planner, state.weight, state.breathing):
            part.extend(speech, until)
        motion = self._realise(times, conditions, state)
        before = conditions.hop_end - _MEMORY
        for part in (state.planner, state.weight, state.breathing.volume):
            part.trim(before)
        return motion

    def revise(self, state: ChoreographerState, hushed: bool) -> None:
        """Hands that rest may wake for words that became known; ``hushed``, those that are out go home."""
        state.revision = "hushed" if hushed else state.revision or "told"

    # -- plans to joints -------------------------------------------------------------------------------------------

    def _realise(self, times: Array, conditions: Conditions, state: ChoreographerState) -> Motion:
        planner, count = state.planner, len(times)
        padded = (np.arange(-_PAD, count + _PAD) + round(times[0] * MOTION_RATE)) / MOTION_RATE
        # A body takes longer than a face to become another emotion's.
        around = (np.arange(-_CHANGE, count + _CHANGE) + round(times[0] * MOTION_RATE)) / MOTION_RATE
        abrupt = body_expression(*conditions.emotion_at(around))
        emotion = dict(zip(abrupt, _filter(np.stack(list(abrupt.values()), 1), self._change).T, strict=True))
        weight, wrists = state.weight, planner.hands
        nod, lively, breath, on, turn, pelvis, left, right, *rest = read_all((
            planner.nod, planner.lively, state.breathing.volume, weight.weight, weight.turn, planner.pelvis,
            *weight.feet, *weight.lifts, *(hand.palm for hand in wrists), *(hand.fingers for hand in wrists),
        ), times)  # fmt: skip
        lifts, palms, shapes = rest[:2], np.stack(rest[2:4], 1), np.stack(rest[4:], 1)
        hands = self._hands(padded, planner, palms, shapes)
        feet, middle = np.stack([left, right], 1), (0.5 * (left + right))[:, :2]
        lively, breath = lively[:, 0], breath[:, 0]
        drive = trunk.TrunkDrive(
            emotion, lively, hands.smooth, middle, on - middle, turn, pelvis, breath, nod[:, 0], self.arm.length * 100
        )
        body = trunk.pose(times, state.trunk_noise, state.style, drive)
        life = arm_motion.SmallLife(
            state.wrist_noise(times).reshape(-1, 2, 3), state.fine_noise(times),
            emotion["tremor"] * arm_motion.tremor(times), breath, lively, emotion, state.style.idle,
        )  # fmt: skip

        out = np.zeros((count, len(self.skeleton), 4))
        out[..., 0] = 1
        root, thighs = self._legs(out, body, feet, np.concatenate(lifts, 1), weight.style.stance, nod[:, 1], emotion)
        chest, chest_at = self._trunk(out, body, root)
        skull = self._head(out, conditions, times, state, chest, chest_at)
        torso = arm_motion.Torso(root, thighs, chest, chest_at, skull)
        joints = self.arm_motion.joints(hands, life, torso)
        for side, names in enumerate(self._arm_joints):
            for joint, turns in zip(names, joints, strict=True):
                out[:, joint] = turns[:, side]
        fingers.place(out, self.skeleton, arm_motion.finger_shapes(hands, life))
        return Motion(self.skeleton, out, root, MOTION_RATE)

    def _hands(self, padded: Array, planner: Planner, palms: Array, shapes: Array) -> arm_motion.PlannedHands:
        """Both hands' plans, with their paths read at ``padded`` times where smoothing needs it."""
        count = len(palms)
        inner = slice(_PAD, _PAD + count)
        paths = np.stack(read_all([hand.wrist for hand in planner.hands], padded), 1)
        smooth = _filter(paths.reshape(len(padded), 6), self._window).reshape(count, 2, 3)
        speed = np.gradient(paths, 1 / MOTION_RATE, axis=0)
        # A loose hand trails behind the wrist: behind its speed a little, behind its acceleration with a snap.
        jolt = np.gradient(speed, 1 / MOTION_RATE, axis=0)
        (most, usual), (snap, hard) = JOINTS.trail_speed, JOINTS.trail_snap
        trail = most * np.tanh(speed * self.arm.length / usual) + snap * np.tanh(jolt * self.arm.length / hard)
        trail = _filter(trail.reshape(len(padded), 6), self._trail).reshape(-1, 2, 3)
        spare = (len(trail) - count) // 2
        return arm_motion.PlannedHands(paths[inner], smooth, speed[inner], trail[spare : spare + count], palms, shapes)

    def _legs(
        self,
        out: Array,
        body: trunk.TrunkMotion,
        feet: Array,
        lift: Array,
        stance: float,
        bob: Array,
        emotion: dict[str, Array],
    ) -> tuple[Array, Array]:
        """Write hips and legs; returns the root ``(T, 3)`` and the thighs' ends ``(2, T, 2, 3)``."""
        ankles = np.stack([feet[..., 0], self.leg.ankle + lift, feet[..., 1]], -1)
        yaw = feet[..., 2]
        give = np.clip(emotion["tremor"] + emotion["spine"] / JOINTS.knee_spine, 0, 1)
        bend = JOINTS.knee_base + JOINTS.knee_emotion * give + body.dip
        root = body.sideways.copy()
        # A lifted foot bounds the pelvis like one that stands: the pelvis does not jump up in a step.
        planted = np.concatenate([ankles[..., :1], np.full_like(lift, self.leg.ankle)[..., None], ankles[..., 2:]], -1)
        lowest = legs.pelvis_height(body.sideways, planted, body.hips, self.leg, bend)
        # Between the feet knees give and the pelvis travels level; only a far shift lowers it.
        level = legs.level_height(stance, JOINTS.level_shift, self.leg) - self.leg.length * bend
        root[:, 1] = level - soft_floor(level - lowest, 0, JOINTS.level_corner) + bob
        out[:, 0] = body.hips
        solved, hip, knee = legs.solve(root, body.hips, ankles, yaw, self.leg)
        for side in (0, 1):
            out[:, self._leg_joints[side]] = solved[:, side]
        return root, np.stack([hip, knee])

    def _trunk(self, out: Array, body: trunk.TrunkMotion, root: Array) -> tuple[Array, Array]:
        """Write the spine; returns the chest's world rotation ``(T, 4)`` and position ``(T, 3)``."""
        world, at = body.hips, root
        for k, joint in enumerate(self._spine):
            at = at + rotation.rotate(world, self.skeleton.offsets[joint])
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
            head = rotation.from_rotvec(np.radians(JOINTS.head_idle) * state.neck_noise(times))
        wanted, head = head, trunk.answer(chest, head)
        neck, neck1, skull = trunk.spread_head(head, wanted)
        out[:, self._neck[0]], out[:, self._neck[1]], out[:, self._neck[2]] = neck, neck1, skull
        both = rotation.multiply(neck, neck1)
        at, offset = chest_at, self.skeleton.offsets
        turned = (rotation.multiply(chest, part) for part in (neck, both, head))
        at = at + rotation.rotate(chest, offset[self._neck[0]])
        for world, step in zip(turned, (offset[self._neck[1]], offset[self._neck[2]], JOINTS.skull), strict=True):
            at = at + rotation.rotate(world, step)
        return at


def _filter(curve: Array, window: Array) -> Array:
    """Padded curve ``(T + len(window) - 1, n)`` → weighted means ``(T, n)``."""
    rows, (row, column) = len(curve) - len(window) + 1, curve.strides
    view = np.ndarray((rows, curve.shape[1], len(window)), curve.dtype, curve, strides=(row, column, row))
    return view @ window
