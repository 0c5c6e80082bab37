"""Conversations as files have them: channels, subtitles with names, lists of turns."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gengine.errors import AudioError, GengineError
from gengine.inputs.audio import load_audio
from gengine.inputs.dialogue import read_dialogue

SRT = """1
00:00:00,500 --> 00:00:02,400
Anna: Hello! I have something really big.

2
00:00:03,000 --> 00:00:04,900
Ben: Hello! What is it?

3
00:00:05,500 --> 00:00:06,400
Anna: No, no!
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's first 1.9 s as Anna's and Ben's turns: in two channels that bleed, in one, and each by itself."""
    home = tmp_path_factory.mktemp("talk")
    said = load_audio("demos/speech.wav").samples[: int(1.9 * 16000)]
    both = np.zeros((7 * 16000, 2), np.float32)
    for start, channel in ((0.5, 1), (3.0, 0), (5.5, 1)):
        first, part = round(start * 16000), said if start < 5 else said[:14400]
        both[first : first + len(part), channel] += part
    bled = both + 0.03 * both[:, ::-1] + 1e-4 * np.random.default_rng(0).standard_normal(both.shape)
    soundfile.write(home / "talk.wav", bled, 16000)
    soundfile.write(home / "one.wav", bled.mean(axis=1), 16000)
    soundfile.write(home / "turn.wav", said, 16000)
    (home / "talk.srt").write_text(SRT, "utf-8")
    return home


def speaks(spans: np.ndarray, start: float, end: float) -> bool:
    return any(abs(a - start) < 0.4 and abs(b - end) < 0.5 for a, b in spans)


def test_a_channel_a_person_and_names_by_who_speaks_when(folder: Path) -> None:
    found = read_dialogue(folder / "talk.wav", text=folder / "talk.srt")
    ben, anna = found.people  # Anna is in channel 1
    assert (ben.name, anna.name) == ("Ben", "Anna")
    assert len(anna.spans) == 2 and speaks(anna.spans, 0.5, 2.4) and speaks(anna.spans, 5.5, 6.4)
    assert len(ben.spans) == 1 and speaks(ben.spans, 3.0, 4.9)
    assert not ben.sound.samples[: 2 * 16000].any() and ben.sound.samples[3 * 16000 : 5 * 16000].any()
    assert anna.transcript is not None and anna.transcript.text.startswith("Hello! I have")
    assert "through others' microphones" in found.report.notes[0] and found.report.facts["dialogue"]["turns"] == 3
    assert ben.speech[0, 0] >= ben.spans[0, 0] and ben.speech[-1, 1] <= ben.spans[-1, 1]


def test_what_is_written_as_one_turn_is_one(folder: Path) -> None:
    path = folder / "whole.json"
    turns = [{"who": "Anna", "start": 0.4, "end": 6.5}, {"who": "Ben", "start": 3, "end": 5}]
    path.write_text(json.dumps({"sound": "talk.wav", "people": ["Ben", "Anna"], "turns": turns}))
    anna = read_dialogue(path).people[1]
    assert len(anna.spans) == 1 and speaks(anna.spans, 0.5, 6.4) and len(anna.speech) > 2


def test_subtitles_with_names_part_one_channel(folder: Path) -> None:
    found = read_dialogue(folder / "talk.srt", folder / "one.wav")
    anna, ben = found.people
    np.testing.assert_allclose(anna.spans, [[0.5, 2.4], [5.5, 6.4]])
    assert not anna.sound.samples[round(3.2 * 16000) : round(5 * 16000)].any() and ben.spans.tolist() == [[3.0, 4.9]]
    assert read_dialogue(folder / "talk.srt").duration == 7.0  # talk.wav lies beside it


def test_turns_with_sounds_of_their_own_follow_each_other(folder: Path) -> None:
    turns = [
        {"who": "Anna", "sound": "turn.wav", "text": "Hello!", "emotion": "happy"},
        {"who": "Ben", "sound": "turn.wav"},
    ]
    path = folder / "turns.json"
    path.write_text(json.dumps({"people": [{"name": "Anna", "nods": False}, "Ben", "Cleo"], "turns": turns}))
    found = read_dialogue(path)
    anna, ben, cleo = found.people
    np.testing.assert_allclose(anna.spans, [[0, 1.9]], atol=1e-3)
    np.testing.assert_allclose(ben.spans, [[2.1, 4.0]], atol=1e-3)
    assert anna.nods is False and anna.moods[0][2] == "happy" and not len(cleo.spans)
    assert found.report.warnings == ("Cleo never speak; they listen.",)


def test_a_pause_belongs_to_a_turn_unless_another_speaks_in_it(folder: Path) -> None:
    rows = [("A", 0.5, 1.0), ("A", 1.4, 2.0), ("B", 2.0, 2.3), ("A", 2.4, 3.0)]
    path = folder / "rows.json"
    turns = [{"who": w, "start": a, "end": b} for w, a, b in rows]
    path.write_text(json.dumps({"sound": "one.wav", "turns": turns}))
    assert read_dialogue(path).people[0].spans.tolist() == [[0.5, 2.0], [2.4, 3.0]]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"sound": "one.wav", "turns": [{"who": "A", "start": 0, "end": 1}]}, "gengine animate is for one"),
        ({"turns": [{"who": "A", "start": 0, "end": 1}, {"who": "B", "start": 1, "end": 2}]}, "no sound is named"),
        ({"sound": "missing.wav", "turns": [{"who": "A", "start": 0, "end": 1}]}, "does not exist"),
        ({"sound": "talk.wav", "people": [{"name": "A", "channel": 5}, "B"]}, "has channel 5, expected 0 to 1"),
        ({"sound": "one.wav", "people": ["A", "B"]}, "one channel"),
    ],
)
def test_what_is_no_conversation_is_told(folder: Path, written: object, message: str) -> None:
    path = folder / "bad.json"
    path.write_text(json.dumps(written))
    with pytest.raises(GengineError, match=message):
        read_dialogue(path)


def test_sounds_that_say_too_little(folder: Path) -> None:
    with pytest.raises(AudioError, match="one channel"):
        read_dialogue(folder / "one.wav")
    with pytest.raises(AudioError, match="3 people, but 'talk.wav' has 2 channels"):
        read_dialogue(folder / "talk.wav", names=["A", "B", "C"])
