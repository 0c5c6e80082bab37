"""A small corpus made by the engine: clean, repeatable, and labelled by what was done."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from gengine.cli.data import app
from gengine.core.noise import generator
from gengine.data.beat import BeatCorpus
from gengine.data.check import check
from gengine.data.recordings import Recording, SpeechClip, recordings, spoken
from gengine.data.synthesis import synthesize
from gengine.errors import GengineError


def voice(seconds: float, seed: int) -> np.ndarray:
    """Something with syllables: a buzzing pitch switched on and off about four times a second."""
    t = np.arange(int(seconds * 16_000)) / 16_000
    pitch = 2 * np.pi * np.cumsum(120 + 20 * np.sin(1.7 * t + seed)) / 16_000
    loud = np.clip(np.sin(2 * np.pi * 3.7 * t), 0, 1) * (np.sin(0.9 * t + seed) > -0.7)
    noise = 0.002 * generator(seed).standard_normal(len(t))
    return (0.25 * loud * sum(np.sin(k * pitch) / k for k in range(1, 9)) + noise).astype(np.float32)


@pytest.fixture(scope="module")
def speech(tmp_path_factory):
    folder = tmp_path_factory.mktemp("speech")
    for k in range(2):
        soundfile.write(folder / f"{k}.wav", voice(5.0, k), 16_000)
    return [Recording(f"own/{k}", "own", "me", (SpeechClip(folder / f"{k}.wav", 5.0),), None) for k in range(2)]


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def made(speech, tmp_path_factory):
    out = tmp_path_factory.mktemp("made")
    report = synthesize(out, speech, hours=20 / 3600, seed=3, workers=1)
    return out, report


def test_twenty_seconds_are_clean(made):
    out, report = made
    assert report.sequences == 4 and report.hours == pytest.approx(20 / 3600, rel=0.02) and report.rate > 0
    checked = check(out)
    assert checked.clean and len(checked.usable) == 4, checked.findings
    assert BeatCorpus(out).about["speech"] == {"own": "the user's own"}


def test_the_same_arguments_give_the_same_bytes_with_any_workers(made, speech, tmp_path):
    out, _ = made
    synthesize(tmp_path, speech, hours=20 / 3600, seed=3, workers=2)
    assert contents(tmp_path) == contents(out)


def test_a_second_run_keeps_what_is_there(made, speech):
    out, _ = made
    before = contents(out)
    (victim,) = out.glob("*/*_3_3.bvh")
    victim.unlink()
    again = synthesize(out, speech, hours=20 / 3600, seed=3, workers=1)
    assert again.reused == 3 and contents(out) == before


def test_a_folder_holds_one_corpus_which_can_grow(speech, tmp_path):
    synthesize(tmp_path, speech[:1], limit=1, workers=1)
    assert synthesize(tmp_path, speech[:1], limit=2, workers=1).reused == 1
    with pytest.raises(GengineError, match="1 sequence.*of a run with other settings"):
        synthesize(tmp_path, speech[:1], limit=1, workers=1)


def test_an_interrupted_run_goes_on(speech, tmp_path):
    def stop(*args):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        synthesize(tmp_path, speech, workers=1, progress=stop)
    assert not (tmp_path / "corpus.json").exists() and check(tmp_path).sequences == 1
    made = synthesize(tmp_path, speech, workers=1)
    assert (made.sequences, made.reused) == (2, 1)


def test_unreadable_recordings_are_left_out_and_named(speech, tmp_path):
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    bad = Recording("own/bad", "own", "me", (SpeechClip(tmp_path / "bad.wav", 5.0),), None)
    made = synthesize(tmp_path / "out", [bad, speech[0]], workers=1)
    assert made.sequences == 1 and len(made.notes) == 1 and "bad.wav" in made.notes[0]
    with pytest.raises(GengineError, match="nothing could be made.*bad.wav"):
        synthesize(tmp_path / "none", [bad], workers=1)


def test_command_line(speech, tmp_path, monkeypatch):
    monkeypatch.delenv("GENGINE_DATA", raising=False)
    source = str(speech[0].clips[0].path.parent)
    options = ["synthesize", "--out", str(tmp_path / "c"), "--limit", "1", "--workers", "1", "--json"]
    done = CliRunner().invoke(app, [*options, "--source", source])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["sequences"] == 1
    refused = CliRunner().invoke(app, options)
    assert isinstance(refused.exception, GengineError) and "--source" in str(refused.exception)


def test_takes_differ_by_emotion_speaker_and_seed(made, speech, tmp_path):
    out, _ = made
    about = json.loads((out / "corpus.json").read_text())["sequences"]
    assert len({(str(s["emotion"]), s["speaker"], s["seed"]) for s in about.values()}) == 4
    synthesize(tmp_path, speech, limit=1, seed=4, emotions=["sad:0.8"], speakers=["orator"], workers=1)
    (sequence,) = BeatCorpus(tmp_path).sequences()
    assert sequence.name == "31_orator_0_1_1" and sequence.emotion_id == 3
    assert sequence.performance.emotion.weights[:, 3] == pytest.approx(0.8, abs=1e-3)


def test_splits_go_by_recording(made):
    out, _ = made
    about = json.loads((out / "corpus.json").read_text())
    by_recording: dict[str, set[str]] = {}
    for stem, facts in about["sequences"].items():
        by_recording.setdefault(facts["recording"], set()).add(about["splits"][stem])
    assert all(len(splits) == 1 for splits in by_recording.values())
    corpus = BeatCorpus(out)
    assert sum(len(corpus.names(s)) for s in ("train", "val", "test")) == 4


def test_words_bring_meaning(tmp_path):
    """Spoken sentences full of cues: some strokes carry a semantic score, at times where words are said."""
    try:
        takes = spoken(tmp_path / "speech", takes=1, most=1)
    except GengineError as error:
        pytest.skip(str(error))
    synthesize(tmp_path / "out", takes, speakers=["orator"], emotions=["happiness:0.7"], limit=1, workers=1)
    (sequence,) = BeatCorpus(tmp_path / "out").sequences()
    meant = [g for g in sequence.gestures if g.score > 0.1]
    assert len(meant) >= 3 and all(g.keywords for g in meant)
    assert sequence.performance.words.source == "given" and len(sequence.performance.words.words) > 60
    assert check(tmp_path / "out").clean


def test_sources(tmp_path):
    soundfile.write(tmp_path / "a.wav", voice(1.0, 0), 16_000)
    (tmp_path / "a.txt").write_text("one two")
    (take,) = recordings(tmp_path)
    assert take.clips[0].text == tmp_path / "a.txt" and take.seconds == 1.0
    (tmp_path / "list.tsv").write_text("# mine\na.wav\tone two\nb.wav\n")
    with pytest.raises(GengineError, match="line 3: 'b.wav' does not exist"):
        recordings(tmp_path / "list.tsv")
    with pytest.raises(GengineError, match="does not exist"):
        recordings(tmp_path / "nowhere")


@pytest.mark.data
def test_known_corpora_are_strung_together(reference_data):
    found = recordings(reference_data)
    assert {r.corpus for r in found} == {"ljspeech", "kathleen", "emodb", "librispeech", "speechocean", "facegood"}
    assert all(len({c.path.parent for c in r.clips}) == 1 for r in found)
    long = [r for r in found if r.corpus in ("ljspeech", "kathleen")]
    assert np.median([r.seconds for r in long]) > 40
    assert all(c.path.is_file() for r in found for c in r.clips)
    assert not any("beat" in str(c.path) or "grid" in str(c.path.parent) for r in found for c in r.clips)
    assert {r.emotion for r in found if r.corpus == "emodb"} >= {"anger", "happiness", "neutral", "sadness"}
