"""BEAT's layout: names, splits, files in both directions, and the real clip."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gengine.core import rotation
from gengine.core.euler141 import JOINTS, from_141, to_141
from gengine.core.performance import Performance
from gengine.data import annotations, beat
from gengine.data.annotations import Feeling, Gesture
from gengine.data.beat import BeatCorpus, read_sequence, write_sequence
from gengine.data.beat2 import read_beat2
from gengine.data.beat_layout import SequenceName, expected_numbers, find_sequences
from gengine.data.beat_motion import columns141, read_body
from gengine.errors import FormatError, GengineError


@pytest.fixture
def make_sequence(make_performance):
    def make(stem: str = "2_scott_0_66_66", seconds: float = 4.0, seed: int = 0, **rates) -> beat.Sequence:
        p: Performance = make_performance(seconds, seed, **rates)
        gestures = annotations.cover([Gesture("05_iconic_l", 0.5, 1.25, 0.5, "so big")], seconds)
        assert p.motion is not None
        semantic = annotations.semantic_scores(gestures, len(p.motion), p.motion.fps)
        return beat.Sequence(stem, p, semantic, annotations.feelings_of(p.emotion)[0].id, gestures)

    return make


def test_written_sequences_read_back(tmp_path, make_sequence):
    given = make_sequence()
    files = write_sequence(given, tmp_path)
    assert {s for s in files} == {".bvh", ".json", ".wav", ".TextGrid", ".csv", ".txt", ".mixture.csv"}
    assert all(path.parent == tmp_path / "2" for path in files.values())
    assert sorted(p.name for p in (tmp_path / "2").iterdir()) == sorted(p.name for p in files.values())

    back = read_sequence(tmp_path, "2_scott_0_66_66", fps=None)
    a, b = given.performance, back.performance
    assert a.motion and b.motion and a.face and b.face
    assert b.motion.fps == a.motion.fps and len(b.motion) == len(a.motion)
    assert rotation.angle(a.motion.rotations, b.motion.rotations).max() < 2e-3  # arccos of float32 near 1
    np.testing.assert_allclose(b.motion.root, a.motion.root, atol=2e-6)
    np.testing.assert_allclose(b.motion.skeleton.offsets, a.motion.skeleton.offsets, atol=1e-7)
    np.testing.assert_allclose(b.audio.samples, np.clip(a.audio.samples, -1, 1), atol=2 / 32768)
    np.testing.assert_allclose(b.face.weights[:, :51], a.face.weights[:, :51], atol=2e-6)
    assert [w.text for w in b.words.words] == [w.text for w in a.words.words]
    np.testing.assert_allclose([w.start for w in b.words.words], [w.start for w in a.words.words], atol=2e-6)
    said = [p for p in b.words.phones if p.symbol != "sil"]
    assert [(p.symbol, p.stress) for p in said] == [(p.symbol, p.stress) for p in a.words.phones]
    np.testing.assert_array_equal(back.semantic, given.semantic)
    assert back.notes == () and back.gestures == given.gestures
    thin = a.emotion.resample(beat.EMOTION_RATE)
    np.testing.assert_allclose(b.emotion.weights, thin.weights, atol=1e-3)
    np.testing.assert_allclose(b.emotion.vad, thin.vad, atol=1e-3)


def test_a_failed_write_leaves_nothing(tmp_path, make_sequence, monkeypatch):
    def fail(*args):
        raise GengineError("disk is full")

    monkeypatch.setattr(annotations, "write_semantic", fail)
    with pytest.raises(GengineError, match="disk is full"):
        write_sequence(make_sequence(), tmp_path)
    assert list((tmp_path / "2").iterdir()) == []


def test_bodies_are_thinned_and_resampled(tmp_path, make_sequence):
    write_sequence(make_sequence(fps=120.0), tmp_path)
    whole = read_sequence(tmp_path, "2_scott_0_66_66", fps=None).performance.motion
    for fps in (15.0, 30.0, 50.0):
        got = read_sequence(tmp_path, "2_scott_0_66_66", fps=fps)
        motion = got.performance.motion
        wanted = whole.resample(fps)
        assert motion.fps == fps and len(motion) == len(wanted) == len(got.semantic)
        assert rotation.angle(motion.rotations, wanted.rotations).max() < 2e-3


HAND_LISTED = {
    "2_scott_0_1_1": "test", "2_scott_0_8_8": "test", "2_scott_0_9_9": "train", "2_scott_0_56_56": "train",
    "2_scott_0_57_57": "val", "2_scott_0_64_64": "val", "2_scott_0_65_65": "test", "2_scott_0_66_66": "train",
    "2_scott_0_72_72": "val", "2_scott_0_86_86": "val", "2_scott_0_94_94": "val", "2_scott_0_103_103": "test",
    "2_scott_0_118_118": "val", "2_scott_0_117_117": "train", "2_scott_1_1_1": "test", "2_scott_1_12_12": "val",
    "2_scott_1_2_2": "train", "21_ayana_0_73_73": "test", "9_miranda_0_2_8": "test",
    "5_stewart_0_4_4": "test", "5_stewart_0_5_5": "val", "5_stewart_0_8_8": "val", "5_stewart_0_9_9": "train",
    "5_stewart_0_16_16": "train", "5_stewart_0_66_66": "train", "5_stewart_0_118_118": "train",
    "5_stewart_0_65_a": "test", "5_stewart_0_65_b": "val", "5_stewart_0_111_111_a": "test", "5_stewart_1_1_a": "test",
    "5_stewart_1_1_b": "val", "5_stewart_1_2_2": "train", "5_stewart_1_3_3": "train",
    "5_stewart_0_17_17": None, "5_stewart_0_67_67": None, "5_stewart_1_4_4": None, "2_scott_2_9_9": None,
    "31_alma_0_9_9": None,
}  # fmt: skip


@pytest.mark.parametrize(("stem", "split"), HAND_LISTED.items())
def test_splits_are_the_published_ones(stem, split):
    parts = SequenceName.parse(stem).split_parts()
    assert parts == ({} if split is None else {split: (0.0, 1.0)})


def test_an_uncut_recording_serves_test_and_validation_by_halves(tmp_path, make_sequence):
    write_sequence(make_sequence("5_stewart_0_65_65"), tmp_path)
    corpus = BeatCorpus(tmp_path)
    halves = {split: list(corpus.sequences(split)) for split in ("train", "val", "test")}
    assert [len(halves[s]) for s in halves] == [0, 1, 1]
    test, val = halves["test"][0], halves["val"][0]
    assert test.performance.duration == val.performance.duration == 2.0
    assert len(test.semantic) == 60 and test.semantic.max() == 0.5 and val.semantic.max() < 0.2
    assert val.performance.start == 2.0


def test_names_and_numbers():
    name = SequenceName.parse("21_ayana_3_1_8")
    assert (name.speaker, name.name, name.language, name.conversation) == (21, "ayana", "zh", True)
    emotions = {64: 0, 65: 1, 72: 1, 73: 2, 80: 2, 81: 3, 86: 3, 87: 4, 95: 5, 103: 6, 111: 7, 118: 7, 119: None}
    assert {n: SequenceName(2, "scott", 0, n, n).emotion for n in emotions} == emotions
    assert len(expected_numbers(2)) == 118 and expected_numbers(9) == expected_numbers(2) - set(range(2, 9))
    assert len(expected_numbers(5)) == 16 + 7 + 8
    for bad in ("scott", "2_scott_9_1_1", "2_scott_0_5_4", "2_scott_0_1_"):
        with pytest.raises(FormatError):
            SequenceName.parse(bad)


def test_speakers_are_chosen_by_number_and_name(tmp_path, make_sequence):
    for stem in ("2_scott_0_66_66", "31_alma_0_1_1"):
        write_sequence(make_sequence(stem, 1.0), tmp_path)
    corpus = BeatCorpus(tmp_path)
    assert corpus.names() == ["2_scott_0_66_66", "31_alma_0_1_1"]
    assert corpus.names(speakers=[2]) == corpus.names(speakers=["scott"]) == ["2_scott_0_66_66"]
    assert corpus.names("train") == ["2_scott_0_66_66"]
    with pytest.raises(GengineError, match="train, val, test"):
        corpus.names("dev")


def test_a_damaged_sequence_is_raised_or_skipped_but_never_used(tmp_path, make_sequence):
    for stem in ("2_scott_0_66_66", "2_scott_0_67_67"):
        write_sequence(make_sequence(stem, 1.0), tmp_path)
    (tmp_path / "2" / "2_scott_0_66_66.csv").write_text("01_happiness,0,x,1,1\n")
    with pytest.raises(FormatError, match=r"2_scott_0_66_66.csv: line 1: times '0' 'x'"):
        list(BeatCorpus(tmp_path).sequences())
    corpus = BeatCorpus(tmp_path, policy="skip")
    assert [s.name for s in corpus.sequences()] == ["2_scott_0_67_67"]
    assert corpus.skipped[0][0] == "2_scott_0_66_66" and "line 1" in corpus.skipped[0][1]


def test_emotion_and_semantic_files(tmp_path):
    feelings = (Feeling(0.0, 10.5, 0), Feeling(10.5, 20.25, 7))
    path = annotations.write_emotion(feelings, tmp_path / "a.csv")
    assert path.read_text().splitlines() == ["00_netural,0,10.500,10.500,0", "07_disgust,10.5,20.250,9.750,7"]
    assert annotations.read_emotion(path) == feelings
    track = annotations.emotion_track(feelings, 20.25, 20.0)
    assert track.weights[209].argmax() == 0 and track.weights[210].argmax() == 7
    assert annotations.feelings_of(track)[0] == feelings[0]

    scores = annotations.semantic_scores((Gesture("a", 0, 0.1, 0.1), Gesture("b", 0.1, 0.2, 0.7)), 5, 20.0)
    np.testing.assert_allclose(scores, [0.1, 0.1, 0.7, 0.7, 0])
    (tmp_path / "b.txt").write_text("01_beat_align\t0\t1\t1\t0.1\n07_iconic_h\t1\t2\t1\t7\n")
    with pytest.raises(FormatError, match="line 2: score '7'"):
        annotations.read_semantic(tmp_path / "b.txt")


def test_emotions_beyond_beat_get_the_nearest_label(make_performance):
    from gengine.core.emotion import EMOTION_INDEX, EmotionTrack

    weights = np.zeros((10, 18))
    weights[:, EMOTION_INDEX["bored"]] = 0.9
    track = EmotionTrack(weights, np.tile([-0.6, -0.5, -0.3], (10, 1)), 10.0)
    assert [f.id for f in annotations.feelings_of(track)] == [3]


def test_a_fractional_frame_count_is_read_and_said(tmp_path, make_sequence):
    path = write_sequence(make_sequence(), tmp_path)[".bvh"]
    path.write_text(path.read_text().replace("Frames: 120\n", "Frames: 120.4\n"))
    body = read_body(path)
    assert len(body.table.values) == 120 and body.fps == 30.0
    assert "line 430: Frames: 120.4 is no whole number" in body.notes[0]


def test_141_channels_are_those_of_the_file(tmp_path, make_sequence):
    given = make_sequence()
    path = write_sequence(given, tmp_path)[".bvh"]
    body = read_body(path)
    raw = body.angles141()
    assert raw.shape == (120, 141) and len(JOINTS) == 47
    assert columns141()[0] == 6 and columns141()[-1] == 188
    motion = given.performance.motion
    np.testing.assert_allclose(to_141(motion, near=raw[0]), raw, atol=0.02)
    again = from_141(to_141(motion), motion.fps, rest=motion)
    places = [motion.skeleton.index(j) for j in JOINTS]
    np.testing.assert_allclose(
        np.abs((again.rotations[:, places] * motion.rotations[:, places]).sum(-1)), 1.0, atol=1e-6
    )
    others = np.setdiff1d(np.arange(75), places)
    np.testing.assert_array_equal(again.rotations[:, others], np.tile(motion.rotations[:1, others], (120, 1, 1)))


@pytest.mark.data
def test_the_real_clip_is_read_at_its_true_rate(reference_data):
    got = read_sequence(reference_data / "beat", "2_scott_0_1_1", fps=15.0)
    p = got.performance
    assert p.motion is not None and (len(p.motion), p.motion.fps) == (957, 15.0)
    assert abs(p.motion.duration - p.audio.duration) < 0.5
    assert got.emotion_id == 0 and p.speaker.name == "scott" and len(p.words.words) == 199
    assert got.semantic.shape == (957,) and math.isclose(got.semantic[50], 0.7, abs_tol=1e-6)  # "relaxing", 3.3 s
    assert sum("15 Hz" in n for n in got.notes) == 1 and sum("line 432" in n for n in got.notes) == 1
    hips = p.motion.rotations[:, 0]
    np.testing.assert_array_equal(hips, np.tile(hips[:1], (957, 1)))  # held from the one whole row
    assert rotation.angle(hips[0].astype(float)) > np.radians(20)
    positions, _ = p.motion.forward()
    assert abs(positions[..., 1].min()) < 1e-5 and 1.5 < positions[0, :, 1].max() < 2.0


@pytest.mark.data
def test_the_141_order_is_that_of_the_published_statistics(reference_data):
    folder = reference_data / "beat" / "2_scott_0_1_1"
    stats = folder / "norm_stats_4english_15_141" / "bvh_rot"
    mean, std = np.load(stats / "bvh_mean.npy"), np.load(stats / "bvh_std.npy")
    raw = read_body(folder / "2_scott_0_1_1.bvh").angles141(15.0)
    moving = std > 0.05
    z = np.abs(raw.mean(0) - mean)[moving] / std[moving]
    shuffled = np.abs(np.roll(raw.mean(0), 12) - mean)[moving] / std[moving]
    assert np.median(z) < 0.35 and z.max() < 2.0 < np.percentile(shuffled, 80)
    motion = read_body(folder / "2_scott_0_1_1.bvh").motion()
    assert np.abs(to_141(motion, near=raw) - raw).max() < 0.05
    assert (np.abs(to_141(motion, near=raw[0]) - raw) < 0.05).mean() > 0.95  # the file changes branch now and then


@pytest.mark.data
def test_beat2_moves_as_beat_does(reference_data):
    folder = reference_data / "beat" / "2_scott_0_1_1"
    take = read_beat2(folder / "2_scott_0_1_1_beat2_smplx.npz", fps=15.0)
    body = read_body(folder / "2_scott_0_1_1.bvh").motion(15.0)
    assert len(take.motion) == 953 and take.expressions.shape == (1906, 100) and take.jaw.shape == (1906, 3)
    for joint in ("RightForeArm", "LeftForeArm", "RightArm"):
        j = body.skeleton.index(joint)
        a, b = (rotation.angle(m.rotations[1:900, j], m.rotations[:899, j]) for m in (body, take.motion))
        assert np.corrcoef(a, b)[0, 1] > 0.7, joint


@pytest.mark.data
def test_other_suffixes_and_flac_are_found(reference_data):
    found = find_sequences(reference_data / "beat")
    assert list(found) == ["2_scott_0_1_1", "2_scott_0_2_2", "2_scott_0_3_3"]
    assert found["2_scott_0_1_1"]["emotion"].name == "2_scott_0_1_1.emo.csv"
    assert set(found["2_scott_0_2_2"]) == {"audio", "TextGrid"}
