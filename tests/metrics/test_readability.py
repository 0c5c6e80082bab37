"""The reader reads what differs and nothing else, and its ruler runs from neutral to the full emotion."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.core import rotation
from gengine.core.audio import AudioClip
from gengine.core.motion import Motion
from gengine.core.skeleton import beat_skeleton
from gengine.errors import GengineError
from gengine.metrics.readability import BODY_FEATURES, Reader, body_features, readability, windows

NAMES = ("neutral", "anger", "sadness")


def tables(rng: np.random.Generator, gap: float, count: int = 40, strength: float = 1.0) -> tuple[list, list]:
    """Tables in which anger is high in a and sadness in b, among two features that say nothing."""
    found, labels = [], []
    for name in NAMES:
        for _ in range(count):
            a, b, c, d = rng.normal(size=4)
            a += gap * strength * (name == "anger") + 2 * c  # c moves a about, so a alone reads poorly
            b += gap * strength * (name == "sadness")
            found.append({"a": a, "b": 100 * b + 7, "c": c, "d": 1e-4 * d, "missing": np.nan})
            labels.append(name)
    return found, labels


def motion(seconds: float = 8.0, swing: float = 0.4, hertz: float = 0.8, lean: float = 0.0) -> Motion:
    """Arms that swing up and down in front of a trunk that leans forward by degrees, 30 fps."""
    skeleton = beat_skeleton()
    t = np.arange(round(seconds * 30)) / 30
    local = np.zeros((len(t), len(skeleton), 4))
    local[..., 0] = 1.0
    for name, sign in (("LeftArm", -1), ("RightArm", 1)):
        local[:, skeleton.index(name)] = rotation.from_axis_angle(
            np.array([0.0, 0.0, 1.0]), np.full(len(t), sign * 1.0)
        )
    for name, sign in (("LeftForeArm", -1), ("RightForeArm", 1)):
        turn = sign * (1.2 + swing * np.sin(2 * np.pi * hertz * t))
        local[:, skeleton.index(name)] = rotation.from_axis_angle(np.array([0.0, 1.0, 0.0]), turn)
    local[:, skeleton.index("Spine")] = rotation.from_axis_angle(
        np.array([1.0, 0.0, 0.0]), np.full(len(t), np.radians(lean))
    )
    return Motion(skeleton, local, np.tile([0.0, 0.95, 0.0], (len(t), 1)), 30.0)


def test_a_reader_reads_new_tables_and_cannot_read_what_is_the_same() -> None:
    rng = np.random.default_rng(0)
    for gap, least, most in ((6.0, 0.97, 1.0), (0.0, 0.15, 0.55)):
        reader = Reader.trained(*tables(rng, gap))
        shown, labels = tables(rng, gap)
        reading = readability(reader, [[t] for t in shown], labels)
        assert least <= reading.accuracy <= most
        assert reading.n == 120
        assert reading.confusion.sum(1) == pytest.approx(np.ones(3))
    assert reading.mistakes()


def test_windows_of_a_take_are_read_together() -> None:
    rng = np.random.default_rng(1)
    reader = Reader.trained(*tables(rng, 2.0, 200))
    shown, labels = tables(rng, 2.0, 160)
    alone = readability(reader, [[t] for t in shown], labels).accuracy
    takes = [shown[i : i + 8] for i in range(0, len(shown), 8)]
    together = readability(reader, takes, labels[::8]).accuracy
    assert alone < 0.9 < together


def test_expression_is_0_at_neutral_1_at_the_full_emotion_and_half_between() -> None:
    rng = np.random.default_rng(2)
    reader = Reader.trained(*tables(rng, 5.0, 300))
    for strength in (0.0, 0.5, 1.0):
        shown, labels = tables(rng, 5.0, 300, strength)
        angry = [t for t, label in zip(shown, labels, strict=True) if label == "anger"]
        assert reader.expression(angry, "anger").mean() == pytest.approx(strength, abs=0.06)
        assert reader.expression(angry, "sadness").mean() == pytest.approx(0.0, abs=0.12)


def test_a_reader_needs_classes_with_examples() -> None:
    table = {"a": 0.0}
    for found, labels in (([], []), ([table] * 3, ["x"] * 3), ([table] * 3, ["x", "x", "y"]), ([table], ["x", "y"])):
        with pytest.raises(GengineError, match="Reader"):
            Reader.trained(found, labels)


def test_features_follow_the_body() -> None:
    plain = body_features(motion())
    assert set(plain) == set(BODY_FEATURES)
    assert all(np.isfinite(plain[k]) for k in BODY_FEATURES if not k.startswith("palm"))
    assert body_features(motion(lean=10))["lean"] - plain["lean"] == pytest.approx(10, abs=0.5)
    fast = body_features(motion(hertz=1.6))
    assert fast["speed"] - plain["speed"] == pytest.approx(np.log(2), abs=0.1)
    assert fast["rate"] > 1.6 * plain["rate"]
    assert body_features(motion(hertz=6.5, swing=0.05))["tremor"] > plain["tremor"] + 2
    still = body_features(motion(swing=0.0))
    assert still["hold"] == pytest.approx(1.0, abs=0.01)
    with pytest.raises(GengineError, match="at least 2 s"):
        body_features(motion(seconds=1.5))


def test_the_head_says_nothing() -> None:
    calm = motion()
    local = calm.rotations.astype(float)
    for name in ("Neck", "Neck1", "Head"):
        local[:, calm.skeleton.index(name)] = rotation.from_axis_angle(np.array([1.0, 0.0, 0.0]), 0.3)
    bowed = body_features(Motion(calm.skeleton, local, calm.root, calm.fps))
    assert bowed == pytest.approx(body_features(calm), nan_ok=True)


def test_windows_are_whole() -> None:
    parts = windows(motion(seconds=9.0), 4.0)
    assert [len(p) for p in parts] == [120, 120]


def test_a_reader_of_the_teacher_reads_it_in_another_voice() -> None:
    """Real motion end to end: three emotions of the choreographer, on noise bursts instead of speech."""
    from gengine import Session
    from gengine.core.performance import Performance

    def takes(seed: int) -> tuple[list, list]:
        rng = np.random.default_rng(seed)
        t = np.arange(10 * 16_000) / 16_000
        syllables = np.sin(2 * np.pi * (3.5 + 0.5 * seed) * t) > 0
        sound = 0.3 * syllables * np.sin(2 * np.pi * 140 * t) * (1 + 0.2 * rng.normal(size=len(t)))
        clip = AudioClip(sound.astype(np.float32), 16_000)
        found, labels = [], []
        for name in NAMES:
            session = Session(emotion=name, seed=seed)
            motion = Performance.join([p for p in (session.push(clip.samples), session.flush()) if p]).motion
            assert motion is not None
            parts = windows(motion, 4.0)
            found += [body_features(m) for m in parts]
            labels += [name] * len(parts)
        return found, labels

    train = [takes(seed) for seed in (0, 1)]
    reader = Reader.trained([t for found, _ in train for t in found], [x for _, labels in train for x in labels])
    found, labels = takes(7)
    assert readability(reader, [[t] for t in found], labels).accuracy >= 0.8
