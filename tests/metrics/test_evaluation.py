"""A network performs a small corpus and is measured: the choreographer, on recordings that it made itself."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from gengine.cli import app
from gengine.core import rotation
from gengine.core.noise import generator
from gengine.core.words import WordTrack
from gengine.data.beat import BeatCorpus
from gengine.data.recordings import Recording, SpeechClip
from gengine.data.synthesis import split_of, synthesize
from gengine.errors import GengineError
from gengine.inputs.audio import load_audio
from gengine.metrics.evaluation import clip_of, evaluate_network, perform, speech_of, write
from gengine.metrics.fgd import FPS, FgdEncoder

SECONDS = 9.0


def voice(seed: int) -> np.ndarray:
    """The demo's voice, begun elsewhere for each seed: a buzz is no speech to the gate."""
    said = load_audio("demos/speech.wav").samples
    noise = 0.0005 * generator(seed).standard_normal(int(SECONDS * 16_000))
    return (np.roll(said, -16_000 * 3 * seed)[: len(noise)] + noise).astype(np.float32)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Two recordings of the test split and one of the training split."""
    folder = tmp_path_factory.mktemp("speech")
    names = [f"own/{k}" for k in range(200)]
    chosen = [n for n in names if split_of(n) == "test"][:2] + [n for n in names if split_of(n) == "train"][:1]
    made = []
    for k, name in enumerate(chosen):
        soundfile.write(folder / f"{k}.wav", voice(k), 16_000)
        made.append(Recording(name, "own", "me", (SpeechClip(folder / f"{k}.wav", SECONDS),), None))
    out = tmp_path_factory.mktemp("corpus")
    synthesize(out, made, seed=3, workers=1)
    return out


@pytest.fixture(scope="module")
def found(corpus):
    return evaluate_network("choreographer", corpus)


def test_the_teacher_is_measured_beside_all_controls(found):
    names = [c.name for c in found.columns]
    controls = ["truth", "split-half", "shifted", "mismatched", "static", "mean", "random beats"]
    assert names == ["choreographer", "still", *controls]
    assert found.value("still", "wrist_speed") < 1e-6 and found.value("still", "fgd") > 0.1
    assert found.about["clips"] == 2 and found.about["split"] == "test"
    assert found.about["seconds"] == pytest.approx(2 * SECONDS, abs=0.3)
    assert found.value("truth", "srgr") == 1.0 and 0.3 < found.value("choreographer", "srgr") < 1.0
    assert found.value("truth", "fgd") < 0.1 < found.value("choreographer", "fgd")  # 18 windows order no more
    assert found.value("choreographer", "wrist_speed") > 1.0


def test_networks_may_be_handed_the_first_poses(corpus):
    given = evaluate_network("choreographer", corpus, stance=True, beside=(), limit=1)
    assert [c.name for c in given.columns[:2]] == ["choreographer", "choreographer + stance"]
    assert given.value("choreographer + stance", "wrist_speed") > 1.0 and "first 4 poses" in given.about["+ stance"]
    recording = BeatCorpus(corpus, fps=FPS).read(BeatCorpus(corpus, fps=FPS).names("test")[0]).performance
    begun = perform("choreographer", recording, 99, stance=True)
    spine = begun.skeleton.index("Spine2")
    apart = rotation.angle(begun.rotations[0, spine], recording.motion.rotations[0, spine])
    assert np.degrees(apart) < 3.0


def test_ids_name_the_data_and_the_encoder(found, corpus):
    read = BeatCorpus(corpus, fps=FPS)
    assert found.about["data_id"] == read.build_id(read.names("test")) != read.build_id(read.names("train"))
    encoder = FgdEncoder.load()
    assert found.about["encoder_sha256"] == encoder.sha256 == found.columns[0].rows["fgd"].extractor
    path = next(iter(read.files[read.names("test")[0]].values())).parent
    bvh = next(path.glob("*.bvh"))
    before = bvh.read_bytes()
    try:
        bvh.write_bytes(before + b"\n")
        assert BeatCorpus(corpus, fps=FPS).build_id(read.names("test")) != found.about["data_id"]
    finally:
        bvh.write_bytes(before)


def test_a_performance_repeats_and_follows_its_seed(corpus):
    recorded = BeatCorpus(corpus, fps=FPS).read(BeatCorpus(corpus).names("test")[0])
    assert recorded is not None
    a, b, c = (perform("choreographer", recorded.performance, seed) for seed in (1, 1, 2))
    assert np.array_equal(a.rotations, b.rotations) and not np.array_equal(a.rotations, c.rotations)
    assert a.fps == FPS and abs(len(a) - len(recorded.performance.motion)) <= 1
    part = recorded.part(3.0, 8.0)
    assert len(perform("choreographer", part.performance, 1)) == pytest.approx(5.0 * FPS, abs=1)
    onsets, _ = speech_of(part.performance)
    whole, _ = speech_of(recorded.performance)
    inside = whole[(whole > 3.2) & (whole < 7.8)] - 3.0
    assert all(np.abs(onsets - t).min() < 1e-6 for t in inside) and len(inside) > 3
    assert clip_of(part, part.performance.motion).duration == pytest.approx(5.0, abs=0.1)


def test_without_phones_syllables_are_heard(corpus):
    from dataclasses import replace

    recorded = BeatCorpus(corpus, fps=FPS).read(BeatCorpus(corpus).names("test")[0])
    onsets, accents = speech_of(replace(recorded.performance, words=WordTrack()))
    assert 8 < len(onsets) < 60 and set(accents) <= set(onsets)


def test_files_hold_what_the_table_holds(found, tmp_path):
    files = write(found, tmp_path / "a" / "b")
    content = json.loads(files["json"].read_text())
    row = next(r for r in content["columns"][0]["rows"] if r["metric"] == "srgr")
    assert row["value"] == found.value("choreographer", "srgr") and row["direction"] == "higher"
    assert [c["kind"] for c in content["columns"][1:3]] == ["floor", "ground truth"]
    assert "srgr_beat" in files["txt"].read_text() and files["png"].stat().st_size > 5000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "val"}, "split 'val' has no sequence; it has, for all speakers: train 1, val 0, test 2"),
        ({"speakers": [2]}, "has no sequence of speakers 2"),
        ({"split": "exam"}, "choose from train, val, test"),
        ({"limit": 0}, "--limit 0"),
        ({"encoder": "no-such"}, "checkpoint 'no-such' not found"),
        ({"network": "no-such"}, "'no-such'"),
    ],
)
def test_what_cannot_be_done_is_said(corpus, options, message):
    with pytest.raises(GengineError, match=message):
        evaluate_network(**({"network": "choreographer", "data": corpus} | options))


def test_an_empty_folder_is_said(tmp_path):
    with pytest.raises(GengineError, match="holds no sequence in BEAT's layout"):
        evaluate_network("choreographer", tmp_path)


def test_the_command_prints_a_table_or_json(corpus, tmp_path):
    command = ["evaluate", "choreographer", "--data", str(corpus), "--limit", "1", "--out", str(tmp_path)]
    shown = CliRunner().invoke(app, [*command, "--encoder", "none"])
    assert shown.exit_code == 0, shown.output
    assert "srgr_beat" in shown.stdout and "fgd" not in shown.stdout and "evaluation.png" in shown.stdout
    shown = CliRunner().invoke(app, [*command, "--json"])
    content = json.loads(shown.stdout)
    assert content["about"]["clips"] == 1 and any(r["metric"] == "fgd" for r in content["columns"][0]["rows"])
