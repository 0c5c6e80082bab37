"""What a recording is read as, and why: the command ``gengine emotion``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from gengine import cli
from gengine.core.audio import AudioClip
from gengine.core.emotion import EMOTION_INDEX, EMOTIONS, EmotionTrack
from gengine.core.words import Word, sentences
from gengine.emotion import parse_emotion
from gengine.emotion.dials import Dials, parse_dials
from gengine.emotion.picture import COLUMNS, lines
from gengine.errors import GengineError
from gengine.explaining import FPS, Reading, Segment, between, read_emotion
from gengine.inputs.audio import load_audio

ROOT = Path(__file__).resolve().parents[1]
TEXT = (
    "[excited] Hello! I have something really big to show you. [sad] No, no! Not down here. Look up there! It changes "
)
TEXT += "all of us: you, me, everybody. Do you believe me?"


def track(**strengths: float) -> EmotionTrack:
    weights = np.zeros((30, len(EMOTIONS)))
    for name, strength in strengths.items():
        weights[:, EMOTION_INDEX[name]] = strength
    return EmotionTrack(weights, np.full((30, 3), 0.4), FPS)


def at(shaped: EmotionTrack, name: str) -> float:
    return round(float(shaped.weights[15, EMOTION_INDEX[name]]), 3)


def test_dials() -> None:
    read = track(anger=0.6, sadness=0.3, fear=0.1)
    assert at(Dials(strength=0.5).shape(read), "anger") == 0.3
    sharper = Dials(contrast=2).shape(read)
    assert at(sharper, "anger") == 0.6 and at(sharper, "sadness") == 0.15
    fewer = Dials(most=2).shape(read)
    assert at(fewer, "sadness") == 0.3 and at(fewer, "fear") == 0
    assert at(Dials(prefer="happy:0.25").shape(read), "happiness") == 0.25
    with pytest.raises(GengineError, match="dial contrast"):
        Dials(contrast=9)


def test_sentences_end_at_full_stops_and_pauses() -> None:
    said = [Word("One.", 0, 0.3), Word("two", 0.4, 0.6), Word("three", 1.8, 2.0)]
    assert [[w.text for w in s] for s in sentences(said)] == [["One."], ["two"], ["three"]]


def test_lines_are_as_wide_as_they_say() -> None:
    shown = lines(track(anger=1.0))
    assert shown[0] == f"{'anger':>11} |{'█' * COLUMNS}|" and "valence" in shown[1]
    assert "neutral" in lines(track())[0]


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["gengine", "emotion", str(ROOT / "demos/speech.wav"), *arguments])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code in (0, None)


def test_a_timeline_is_written_explained_and_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    timeline, plot = tmp_path / "timeline.json", tmp_path / "plot.png"
    run(monkeypatch, "--text", TEXT, "--json", "--write", str(timeline), "--plot", str(plot))
    said = json.loads(capsys.readouterr().out)
    assert said["fps"] == FPS and said["labels"] == list(EMOTIONS)
    assert len(said["weights"]) == len(said["vad"]) == 120 and len(said["weights"][0]) == len(EMOTIONS)
    assert {"start", "end", "top", "cues"} <= said["segments"][0].keys() and len(said["segments"]) == 7
    assert said["segments"][1]["top"] == "happiness" and said["segments"][3]["top"] == "sadness"
    assert "the text asks for 'excited'" in said["segments"][0]["cues"]
    assert "sadness" in said["overall"]
    plan = parse_emotion(str(timeline))
    assert plan(np.array([2.0]))[0][0, EMOTION_INDEX["happiness"]] > 0.5
    assert plan(np.array([7.5]))[0][0, EMOTION_INDEX["sadness"]] > 0.7
    assert plot.read_bytes()[:4] == b"\x89PNG"


def test_it_is_said_in_plain_sentences(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run(monkeypatch, "--text", TEXT)
    out = capsys.readouterr().out
    assert "sadness |" in out and "Overall: " in out
    assert any(line.endswith(").") and " s: sadness 0.8" in line for line in out.splitlines())


def test_dials_are_read_from_text() -> None:
    assert parse_dials("strength=0.8, most=2,prefer=vad:0.1,0.2,0.3,body=0.5") == Dials(
        0.8, most=2, prefer="vad:0.1,0.2,0.3", body=0.5
    )
    wrong = {"strenght=1": "dial:", "most=2.5": "dial most", "body=x": "a number", "face=3": "0 to 2",
             "prefer=hapy": "hapy", "loud": "dial:"}  # fmt: skip
    for said, message in wrong.items():
        with pytest.raises(GengineError, match=message):
            parse_dials(said)


def test_keyframes_keep_a_manner_that_is_no_emotion() -> None:
    whisper = Segment(0.0, 1.0, "", (), (), (0.0, -0.4, -0.1))
    happy = Segment(1.0, 2.0, "", (("happiness", 0.5),), (), (0.4, 0.26, 0.23))
    keys = Reading(track(), (whisper, happy)).keyframes()
    assert keys[0]["emotion"] == "shift:0.00,-0.40,-0.10" and keys[1]["emotion"] == "happiness:0.50"
    weights, vad, _ = parse_emotion([(k["time"], k["emotion"]) for k in keys])(np.array([0.2]))
    assert not weights.any() and vad[0, 1] == pytest.approx(-0.4)


def test_voice_and_words_that_disagree_are_shown_both() -> None:
    from gengine.explaining import _conflict

    angry, glad = track(anger=0.5).weights, track(happiness=0.6).weights
    assert _conflict(angry, glad) == ("anger", "happiness")
    assert _conflict(angry, angry) is None and _conflict(angry, track().weights) is None
    segment = Segment(0.0, 3.0, "", (), (), (0.0, 0.0, 0.0), ("anger", "happiness"))
    reading = Reading(track(), (segment,), voice=track(anger=0.5), words=track(happiness=0.6))
    shown = between(reading)
    assert [line.split()[0] for line in shown] == ["by", "anger", "by", "happiness"]
    assert reading.as_dict()["segments"][0]["conflict"] == {"voice": "anger", "words": "happiness"}
    assert reading.as_dict()["voice"][0][EMOTION_INDEX["anger"]] == 0.5


def test_a_voice_is_read_against_its_own_neutral_recording() -> None:
    clip = load_audio(ROOT / "demos/speech.wav")
    lower = AudioClip(clip.samples[: 8 * clip.rate], round(clip.rate * 0.8))  # somebody with a lower voice
    usual, against = read_emotion(clip), read_emotion(clip, voice_reference=lower)
    assert usual.voice is not None and against.voice is not None
    assert np.abs(usual.voice.weights - against.voice.weights).max() > 0.02
