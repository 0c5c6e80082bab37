"""What is written of a conversation: people and turns of ``.json``, names in subtitles."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gengine.errors import GengineError, TextError
from gengine.inputs.dialogue_script import read_subtitles, read_turns


def test_people_and_turns_of_json(tmp_path: Path) -> None:
    path = tmp_path / "talk.json"
    turns = [{"who": "Ben", "start": 0, "end": 2.5, "text": "Hello!", "emotion": "happy"}, {"who": "Anna"}]
    people = ["Anna", {"name": " Ben ", "channel": 1, "nods": False}]
    path.write_text(json.dumps({"sound": "talk.wav", "people": people, "turns": turns, "language": "en"}))
    (anna, ben), (first, second), sound, language = read_turns(path)
    assert (anna.name, ben.name, ben.channel, ben.nods) == ("Anna", "Ben", 1, False)
    assert (first.who, first.start, first.end, first.text, first.emotion) == ("Ben", 0, 2.5, "Hello!", "happy")
    assert second.start is None and sound == tmp_path / "talk.wav" and language == "en"
    assert read_turns(path, "de")[3] == "de"


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ([], "expected"),
        ({"turns": [{"who": "A", "start": 2, "end": 1}]}, "expected a start before it"),
        ({"turns": [{"who": "A", "start": 1}]}, "lacks its end"),
        ({"turns": [{"whom": "A"}]}, "turns"),
        ({"people": ["A", "A"], "turns": []}, "called alike"),
        ({"people": ["A", "B"], "turns": [{"who": "C", "start": 0, "end": 1}]}, "nobody is called"),
        ({"sound": "one.wav", "people": [{"name": "A", "channel": -1}, "B"]}, "channel"),
        ({"sound": 3, "turns": []}, "expected text"),
    ],
)
def test_what_is_no_conversation_is_told(tmp_path: Path, written: object, message: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(written))
    with pytest.raises(GengineError, match=message):
        read_turns(path)


def test_names_in_subtitles(tmp_path: Path) -> None:
    path = tmp_path / "talk.srt"
    path.write_text(
        "1\n00:00:01,000 --> 00:00:03,000\nAnna: Hello!\nBen: Oh.\n\n2\n00:00:04,000 --> 00:00:05,000\nYes.\n\n"
        "3\n00:00:06,000 --> 00:00:07,000\nAnna: Well.\n\n4\n00:00:07,000 --> 00:00:08,000\nBen: No.\n"
    )
    turns = read_subtitles(path)
    assert [(t.who, t.start, t.end, t.text) for t in turns] == [
        ("Anna", 1, 2, "Hello!"), ("Ben", 2, 3, "Oh."), ("Ben", 4, 5, "Yes."), ("Anna", 6, 7, "Well."),
        ("Ben", 7, 8, "No."),
    ]  # fmt: skip
    path.write_text("1\n00:00:00,000 --> 00:00:01,000\nHello there\n")
    with pytest.raises(TextError, match="names 0 speakers"):
        read_subtitles(path)
