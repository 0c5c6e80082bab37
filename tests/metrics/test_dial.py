"""The dial's statistics: a dial that answers passes, one that does nothing fails, a step is a jump."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.core import rotation
from gengine.core.audio import AudioClip
from gengine.core.emotion import EMOTIONS, EmotionTrack
from gengine.core.face import ARKIT_INDEX, FaceTrack
from gengine.core.motion import Motion
from gengine.core.performance import Performance
from gengine.core.skeleton import beat_skeleton
from gengine.core.words import WordTrack
from gengine.errors import GengineError
from gengine.metrics.dial import (
    BODY_MEASURES,
    FACE_MEASURES,
    SIGNATURE,
    distinctness,
    jumps,
    measure_body,
    measure_dial,
    measure_face,
    responses,
    spearman,
)

FPS, SECONDS = 60.0, 4.0
FRAMES = round(FPS * SECONDS)


def face(**weights: float | np.ndarray) -> FaceTrack:
    channels = np.zeros((FRAMES, 52))
    for name, value in weights.items():
        channels[:, ARKIT_INDEX[name]] = value
    return FaceTrack(channels, np.tile([1.0, 0, 0, 0], (FRAMES, 1)), np.zeros((FRAMES, 2)), FPS)


def body(**turns: tuple[tuple[float, float, float], float]) -> Motion:
    """Hanging arms that swing a little; joints turned by degrees about an axis."""
    skeleton = beat_skeleton()
    local = np.zeros((FRAMES, 75, 4))
    local[..., 0] = 1
    swing = 0.2 * np.sin(2 * np.pi * np.arange(FRAMES) / FPS)
    for side, down in (("Left", -80.0), ("Right", 80.0)):
        hang = rotation.from_axis_angle(np.array([0.0, 0, 1]), np.radians(down))
        forward = rotation.from_axis_angle(np.array([1.0, 0, 0]), -swing)
        local[:, skeleton.index(f"{side}Arm")] = rotation.multiply(forward, hang)
    for joint, (axis, degrees) in turns.items():
        i = skeleton.index(joint)
        local[:, i] = rotation.multiply(
            local[:, i], rotation.from_axis_angle(np.array(axis, float), np.radians(degrees))
        )
    return Motion(skeleton, local, np.tile([0, 0.93, 0], (FRAMES, 1)), FPS)


def performance(f: FaceTrack, m: Motion) -> Performance:
    audio = AudioClip(np.zeros(round(SECONDS * 16_000), np.float32))
    emotion = EmotionTrack(np.zeros((400, len(EMOTIONS))), np.zeros((400, 3)), 100.0)
    return Performance(audio, WordTrack(), emotion, motion=m, face=f)


def test_measures_follow_what_a_viewer_sees() -> None:
    smile = measure_face(face(mouthSmileLeft=0.6, mouthSmileRight=0.6))
    assert smile["corners"] == pytest.approx(0.6)
    assert smile["lopsided"] == pytest.approx(0)
    assert measure_face(face(mouthSmileLeft=0.5))["lopsided"] == pytest.approx(0.5)
    assert measure_face(face(mouthFrownLeft=0.4, mouthFrownRight=0.4))["corners"] == pytest.approx(-0.4)
    plain = measure_body(body())
    bowed = measure_body(body(Head=((1, 0, 0), 20)))
    assert bowed["head_down"] - plain["head_down"] == pytest.approx(20, abs=0.5)
    lean = measure_body(body(Spine=((1, 0, 0), 12)))
    assert lean["lean"] - plain["lean"] == pytest.approx(12, abs=0.5)
    assert lean["head_down"] > plain["head_down"]
    shrug = measure_body(body(LeftShoulder=((0, 0, 1), 15), RightShoulder=((0, 0, 1), -15)))
    assert shrug["shoulders"] - plain["shoulders"] == pytest.approx(5.0, abs=1.0)
    raised = measure_body(body(LeftForeArm=((0, 1, 0), -120), RightForeArm=((0, 1, 0), 120)))
    assert raised["height"] > plain["height"] + 0.2


def test_every_named_measure_is_there_and_every_signature_names_one() -> None:
    found = measure_dial(performance(face(), body()))
    assert set(found) == set(FACE_MEASURES) | set(BODY_MEASURES)
    assert {m for signs in SIGNATURE.values() for m in signs} <= set(found)


def test_a_dial_that_answers_passes_and_a_dead_or_reversed_one_fails() -> None:
    strengths = (0, 0.25, 0.5, 0.75, 1)

    def table(smile: float) -> dict[str, float]:
        return measure_dial(performance(face(mouthSmileLeft=smile, mouthSmileRight=smile), body()))

    for scale, passes in ((0.6, True), (0.0, False)):
        takes = [[table(scale * k) for k in strengths]]
        corner = next(r for r in responses("happiness", strengths, takes) if r.measure == "corners")
        assert corner.passed is passes
    falling = [[table(0.6 * (1 - k)) for k in strengths]]
    corner = next(r for r in responses("happiness", strengths, falling) if r.measure == "corners")
    assert corner.rho == pytest.approx(-1)
    assert not corner.passed
    with pytest.raises(GengineError, match="3 or more"):
        responses("happiness", (0, 1), [[{}, {}]])


def test_spearman_ranks() -> None:
    assert spearman([1, 2, 3], [1, 10, 100]) == pytest.approx(1)
    assert spearman([1, 2, 3, 4], [4, 3, 2, 1]) == pytest.approx(-1)
    assert spearman([1, 2, 3], [5, 5, 5]) == 0


def test_distinctness_needs_a_difference_that_holds_across_recordings() -> None:
    rng = np.random.default_rng(0)

    def takes(gap: float) -> dict:
        return {
            e: {r: [{"a": rng.normal(gap * i), "b": rng.normal()} for _ in range(6)] for r in ("x", "y", "z")}
            for i, e in enumerate(("neutral", "anger", "sadness", "fear"))
        }

    apart, same = distinctness(takes(8), ("a", "b")), distinctness(takes(0), ("a", "b"))
    assert apart.accuracy > 0.9
    assert same.accuracy < 0.55
    assert same.chance == 0.25
    assert apart.closest()[2] > 4 > same.closest()[2]
    with pytest.raises(GengineError, match="recordings"):
        distinctness({"a": {"x": []}, "b": {"x": []}}, ("a",))


def test_a_step_is_a_jump_with_its_name_and_time_and_a_fade_is_none() -> None:
    times = np.arange(FRAMES) / FPS
    steady = [performance(face(), body()), performance(face(browInnerUp=0.8), body())]
    fade = performance(face(browInnerUp=0.8 * np.clip((times - 2.0) / 0.6, 0, 1)), body())
    step = performance(face(browInnerUp=0.8 * (times > 2.1)), body())
    assert jumps(fade, steady, [2.0])[0].ratio <= 1
    worst = jumps(step, steady, [2.0])[0]
    assert worst.name == "face.browInnerUp"
    assert worst.ratio > 5
    assert worst.time == pytest.approx(2.1, abs=0.04)
    assert jumps(step, steady, [0.5])[0].ratio <= 1  # far from the cut it is not counted

    popped = body()
    local = popped.rotations.astype(float)
    local[130:, 3] = rotation.from_axis_angle(np.array([1.0, 0, 0]), 0.5)
    worst = jumps(performance(face(), Motion(popped.skeleton, local, popped.root, FPS)), steady, [2.0])[0]
    assert worst.name == f"joint.{popped.skeleton.names[3]}"
