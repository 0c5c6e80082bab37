"""The whole body: streaming, continuity, possible poses, silence, emotion."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.constraints.body_limits import TORSO_RADIUS, WRIST_CLEARANCE
from gengine.core import rotation
from gengine.core.conditions import Cue
from gengine.core.face import FaceTrack
from gengine.core.motion import Motion
from gengine.core.noise import SmoothNoise
from gengine.networks.choreographer import Choreographer, trunk

from .conftest import feeling, perform, talk


def wrist_speed(motion: Motion) -> np.ndarray:
    """Speeds of both wrists, m/s ``(T - 1, 2)``."""
    at, _ = motion.forward()
    hands = at[:, [motion.skeleton.index("LeftHand"), motion.skeleton.index("RightHand")]]
    return np.linalg.norm(np.diff(hands, axis=0), axis=-1) * motion.fps


def test_hop_size_does_not_matter(plain: Motion) -> None:
    """Plans use a fixed horizon and smoothing sees both sides, so hops of 0.2 s give the frames of 2 s hops."""
    short = perform(talk(20.0), hop=0.2)
    assert len(short) == len(plain) == 1200
    np.testing.assert_allclose(short.rotations, plain.rotations, atol=2e-6)
    np.testing.assert_allclose(short.root, plain.root, atol=2e-6)


def test_same_seed_same_motion_other_seed_other(plain: Motion) -> None:
    assert np.array_equal(perform(talk(20.0)).rotations, plain.rotations)
    assert np.abs(perform(talk(20.0), seed=1).rotations - plain.rotations).max() > 0.1


@pytest.mark.parametrize("speaker", ["storyteller", "conversational", "orator", "somebody else"])
def test_no_jumps(speaker: str) -> None:
    """Steps of the wrists and of every joint stay within what people do, at hop borders too."""
    motion = perform(talk(16.0, ((6.0, 8.5),)), speaker, seed=3)
    assert np.isfinite(motion.rotations).all()
    norms = np.linalg.norm(motion.rotations, axis=-1)
    np.testing.assert_allclose(norms, 1.0, atol=1e-5)
    assert wrist_speed(motion).max() < 3.8
    velocity = rotation.angular_velocity(rotation.continuous(motion.rotations), motion.fps)
    change = np.linalg.norm(np.diff(velocity, axis=0), axis=-1)
    assert np.degrees(change).max() < 700  # deg/s from one frame to the next


def test_feet_stay_planted(plain: Motion) -> None:
    """Feet lie flat on the ground and do not slide; orators now and then lift one and step."""
    stepped = False
    for motion in (plain, perform(talk(20.0), "orator", seed=1)):
        at, _ = motion.forward()
        for side in ("Left", "Right"):
            for part in ("ForeFoot", "ToeBase"):
                foot = at[:, motion.skeleton.index(side + part)]
                assert foot[:, 1].min() > -0.004
                down = foot[1:, 1] < 0.002
                slide = np.linalg.norm(np.diff(foot[:, [0, 2]], axis=0), axis=-1) * motion.fps
                assert slide[down].max() < 0.03 and slide[down].mean() < 0.005
                stepped |= bool(np.abs(foot[:, [0, 2]] - foot[0, [0, 2]]).max() > 0.03)
                assert np.linalg.norm(foot[:, [0, 2]], axis=-1).max() < 0.7
        assert 0.01 < np.abs(motion.root[:, 0] - motion.root[:, 0].mean()).max() < 0.3  # and yet the weight moves
    assert stepped


def test_joints_within_their_ranges(plain: Motion) -> None:
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        fore = plain.rotations[:, plain.skeleton.index(f"{side}ForeArm")]
        swing, twist = rotation.swing_twist(fore, [1.0, 0.0, 0.0])
        roll = np.degrees(rotation.to_rotvec(twist)[:, 0])
        bend = np.degrees(rotation.to_rotvec(swing)[:, 1]) * -sign
        assert np.abs(roll).max() <= 80.5
        assert bend.min() >= -0.5 and bend.max() <= 145.5
        hand = np.degrees(rotation.to_euler(plain.rotations[:, plain.skeleton.index(f"{side}Hand")], "ZYX"))
        flexion, radial = -sign * hand[:, 0], -sign * hand[:, 1]
        assert flexion.min() > -70.5 and flexion.max() < 80.5
        assert radial.min() > -30.5 and radial.max() < 20.5


def test_hands_keep_off_the_trunk_and_each_other(plain: Motion) -> None:
    at, _ = plain.forward()
    find = plain.skeleton.index
    low, high = at[:, find("Hips")], at[:, find("Neck")]
    wrists = [at[:, find("LeftHand")], at[:, find("RightHand")]]
    for wrist in wrists:
        axis = high - low
        along = np.clip(((wrist - low) * axis).sum(-1) / (axis * axis).sum(-1), 0, 1)
        distance = np.linalg.norm(wrist - low - along[:, None] * axis, axis=-1)
        assert distance.min() > TORSO_RADIUS + 0.5 * WRIST_CLEARANCE * 0.564
    assert np.linalg.norm(wrists[0] - wrists[1], axis=-1).min() > 0.08


def test_long_silence_brings_the_hands_to_rest() -> None:
    motion = perform(talk(14.0, ((5.0, 11.0),)), "conversational", seed=2)
    speed = wrist_speed(motion)
    assert speed[7 * 60 : 10 * 60].mean() < 0.04  # idle life only, but life
    assert speed[7 * 60 : 10 * 60].max() > 0.001
    assert speed[2 * 60 : 5 * 60].mean() > 0.2
    at, _ = motion.forward()
    chest = at[7 * 60 : 10 * 60, motion.skeleton.index("Spine3")]
    assert np.ptp(chest, axis=0).max() > 0.0005  # breath and sway go on


def test_silence_from_the_start_and_very_short_sound() -> None:
    still = perform(talk(3.0, ((0.0, 3.0),)))
    assert wrist_speed(still).max() < 0.15
    assert len(perform(talk(0.1))) == 6


def test_the_head_looks_where_the_face_wants_whatever_the_trunk_does() -> None:
    """Sad and turning bodies too: what the neck leaves of the trunk is small."""
    network = Choreographer()
    speech = talk(4.0)
    prosody, syllables, _, _ = speech
    from gengine.core.conditions import Conditions
    from gengine.core.speaker import Speaker

    head = rotation.from_rotvec(0.15 * SmoothNoise(3, 0.6, 5, "head")(np.arange(120) / 60.0))
    face = FaceTrack(np.zeros((120, 52)), head, np.zeros((120, 2)), 60.0)
    who = Speaker.named("orator")
    conditions = Conditions(
        0.0, 0.0, 2.0, 4.0, True, prosody, (), (), syllables, (), feeling(4.0, sadness=1.0), who, face=face
    )
    motion = network.generate(conditions, network.start(who, 0))
    _, world = motion.forward()
    chest, skull = world[:, motion.skeleton.index("Spine3")], world[:, motion.skeleton.index("Head")]
    relative = rotation.multiply(rotation.conjugate(chest), skull)
    assert rotation.angle(relative, trunk.answer(chest, head)).max() < 3e-3  # the angle of float32 quaternions
    assert np.degrees(rotation.angle(skull, head).mean()) < 8 < np.degrees(rotation.angle(relative, head).mean())


def test_word_gestures_begin_before_their_word() -> None:
    """Hello waves: the hand is high by the accent and was not a second before."""
    cue = Cue("greeting", 6.0, 6.4, 6.1, "hello")
    heights = []
    for seed in range(6):
        motion = perform(talk(9.0, ((0.0, 5.6),), (cue,)), "orator", seed)
        at, _ = motion.forward()
        hands = at[:, [motion.skeleton.index("LeftHand"), motion.skeleton.index("RightHand")], 1].max(1)
        heights.append((hands[int(5.0 * 60)], hands[int(6.3 * 60)]))
    raised = [after - before for before, after in heights]
    assert sum(r > 0.35 for r in raised) >= 2  # a cue fires with a probability, never always


def test_emotion_dial_is_monotone_in_posture_and_speed() -> None:
    speech = talk(20.0)
    strengths = (0.0, 0.25, 0.5, 0.75, 1.0)
    for name, sign in (("happiness", 1), ("sadness", -1)):
        speeds, chests = [], []
        for s in strengths:
            motion = perform(speech, emotion=feeling(20.0, **{name: s}))
            speeds.append(float(wrist_speed(motion).mean()))
            _, world = motion.forward()
            chests.append(float(rotation.to_euler(world[:, motion.skeleton.index("Spine3")], "YXZ")[:, 1].mean()))
        assert np.all(np.diff(chests) * -sign > 0), (name, chests)
        order = np.corrcoef(strengths, speeds)[0, 1] * sign
        assert order > 0.85 and (speeds[-1] - speeds[0]) * sign > 0.08 * speeds[0], (name, speeds)


def test_emotions_change_smoothly() -> None:
    """A mood that turns within a second makes no jump beyond what plain talk has."""
    turn = feeling(16.0, anger=lambda t: np.clip(8.5 - t, 0, 1), sadness=lambda t: np.clip(t - 7.5, 0, 1))
    motion = perform(talk(16.0), emotion=turn, seed=4)
    joints = [motion.skeleton.index(n) for n in ("Hips", "Spine", "Spine1", "Spine2", "Spine3", "LeftShoulder")]
    velocity = rotation.angular_velocity(rotation.continuous(motion.rotations[:, joints]), 60.0)
    assert np.degrees(np.linalg.norm(velocity, axis=-1)).max() < 140
    assert wrist_speed(motion).max() < 3.8


def test_a_long_recording_keeps_its_memory_flat() -> None:
    network = Choreographer()
    prosody, syllables, _, _ = talk(60.0)
    from gengine.core.conditions import Conditions
    from gengine.core.speaker import Speaker

    who = Speaker.named("conversational")
    state = network.start(who, 0)
    sizes = []
    for k in range(28):
        start = 2.0 * k
        first, known = max(0.0, start - 2), start + 4.0
        c = Conditions(
            first, start, start + 2, known, False, prosody[round(first * 100) : round(known * 100)], (), (),
            tuple(s for s in syllables if first < s.end <= known), (), feeling(60.0)[round(first * 25) :], who,
        )  # fmt: skip
        network.generate(c, state)
        sizes.append(sum(len(h.wrist._pieces) for h in state.planner.hands) + len(state.planner.strokes))
    assert max(sizes[14:]) <= max(sizes[:14]) + 10
