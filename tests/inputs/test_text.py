"""Every form of transcript, and what is said about broken ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gengine.errors import TextError
from gengine.inputs.text import Transcript, read_text

SRT = """1
00:00:01,000 --> 00:00:02,500
- <i>Hello</i> there! [music]

2
00:00:03,000 --> 00:00:04,250
{\\an8}MARY: It is me &amp; you.
"""

VTT = """WEBVTT - a title

NOTE this is
no subtitle

intro
01:00.500 --> 01:02.000 align:start
<v Anna>Good <c.loud>morning</c>

00:01:03.000 --> 00:01:04.000
(laughs)
"""


def written(tmp_path: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def refused(value: str | Path, saying: str) -> None:
    with pytest.raises(TextError, match=saying):
        read_text(value)


def times(transcript: Transcript) -> list[tuple[str, float | None, float | None]]:
    return [(s.text, s.start, s.end) for s in transcript.segments]


# ---- plain text


def test_plain_text() -> None:
    transcript = read_text("  Hello,\n big — world!  ")
    assert transcript.text == "Hello, big — world!" and transcript.track is None
    assert transcript.words == ("Hello,", "big—", "world!") and transcript.language == "en"


def test_a_sentence_may_end_like_a_file_name() -> None:
    assert read_text("please read all of notes.txt").words[-1] == "notes.txt"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"])
def test_text_file_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path, "a.txt", "Grüße an alle, und das ist schön.\r\nJa!\r\n", encoding)
    for value in (path, str(path)):
        transcript = read_text(value)
        assert transcript.text == "Grüße an alle, und das ist schön. Ja!" and transcript.language == "de"


def test_language_is_given_or_refused() -> None:
    assert read_text("Hello", "de-AT").language == "de"
    with pytest.raises(TextError, match="ISO 639-1"):
        read_text("Hello", "klingon!")


def test_nothing_to_read(tmp_path: Path) -> None:
    refused("", "no words")
    refused(" ... ", "no words")
    refused("missing.txt", "does not exist")
    refused(tmp_path, "is a folder")
    refused(written(tmp_path, "a.txt", ""), "is empty")
    refused(written(tmp_path, "a.txt", "\n\n"), "is empty")
    refused(written(tmp_path, "a.docx", "words"), "a .docx file")
    (tmp_path / "b.txt").write_bytes(b"ab\0cd\0\0ef" * 50)
    refused(tmp_path / "b.txt", "not a text file")


# ---- subtitles


def test_srt(tmp_path: Path) -> None:
    transcript = read_text(written(tmp_path, "a.srt", SRT))
    assert times(transcript) == [("Hello there!", 1.0, 2.5), ("It is me & you.", 3.0, 4.25)]
    assert transcript.track is None


def test_vtt(tmp_path: Path) -> None:
    assert times(read_text(written(tmp_path, "a.vtt", VTT))) == [("Good morning", 60.5, 62.0)]


@pytest.mark.parametrize(
    ("written_time", "seconds"),
    [("00:00:01,5", 1.5), ("00:00:01,50", 1.5), ("00:00:01.500", 1.5), ("0:01,05", 1.05), ("1:02", 62.0)],
)
def test_times_of_srt_however_short(tmp_path: Path, written_time: str, seconds: float) -> None:
    transcript = read_text(written(tmp_path, "a.srt", f"1\n{written_time} --> 00:01:10,000\nHello\n"))
    assert times(transcript) == [("Hello", seconds, 70.0)]


TWO = [("Hello!", 0.25, 0.75), ("It is 2024.", 1.0, 3.0)]


@pytest.mark.parametrize(
    "text",
    [
        "1\n00:00:00,250 --> 00:00:00,750\n\nHello!\n\n2\n00:00:01,000 --> 00:00:03,000\n\nIt is\n2024.\n",
        "1\n00:00:00,250 --> 00:00:00,750\nHello!\n2\n00:00:01,000 --> 00:00:03,000\nIt is\n2024.\n",
        "00:00:00,250 --> 00:00:00,750\nHello!\n\n00:00:01,000 --> 00:00:03,000\nIt is 2024.",
    ],
    ids=["blank line below the times", "no blank line between", "no numbers"],
)
def test_srt_as_people_write_it(tmp_path: Path, text: str) -> None:
    assert times(read_text(written(tmp_path, "a.srt", text))) == TWO


def test_a_number_that_is_said_stays(tmp_path: Path) -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nThe year was\n1984\n\n2\n00:00:03,000 --> 00:00:04,000\nand then\n2010\n"
    assert read_text(written(tmp_path, "a.srt", text)).text == "The year was 1984 and then 2010"


def test_names_and_blocks_of_vtt_are_not_said(tmp_path: Path) -> None:
    text = VTT.replace("(laughs)", "Yes").replace("00:01:03", "NOTE a\nremark\n\nsecond\n00:01:03", 1)
    assert times(read_text(written(tmp_path, "a.vtt", text))) == [("Good morning", 60.5, 62.0), ("Yes", 63.0, 64.0)]


def test_captions_that_roll_are_said_once(tmp_path: Path) -> None:
    text = """WEBVTT
Kind: captions

00:00:00.270 --> 00:00:02.070 align:start position:0%
 \x20
hello<00:00:01.350><c> I</c><00:00:01.430><c> have</c>

00:00:02.070 --> 00:00:02.080 align:start position:0%
hello I have
 \x20

00:00:02.080 --> 00:00:03.670 align:start position:0%
hello I have
something<00:00:02.390><c> big</c>
"""
    assert times(read_text(written(tmp_path, "a.vtt", text))) == [
        ("hello I have", 0.27, 2.08), ("something big", 2.08, 3.67),
    ]  # fmt: skip


def test_times_that_are_said_stay(tmp_path: Path) -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nfrom 10:00:00,5 to 11:00:00,5\n"
    assert times(read_text(written(tmp_path, "a.srt", text))) == [("from 10:00:00,5 to 11:00:00,5", 1.0, 2.0)]


def test_what_is_said_twice_stays(tmp_path: Path) -> None:
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\nNo!\n\n00:02.000 --> 00:03.000\nNo!\n"
    assert times(read_text(written(tmp_path, "a.vtt", text))) == [("No!", 1.0, 2.0), ("No!", 2.0, 3.0)]


ASS = """[Script Info]
ScriptType: v4.00+

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,not said
Dialogue: 0,0:00:01.50,0:00:02.75,Default,Anna,0,0,0,,{\\i1}Hello{\\i0}\\Nthere
Dialogue: 0,0:00:03.50,0:00:04.75,Default,,0,0,0,,{\\p1}m 0 0 l 1 1{\\p0}
"""


def test_substation_and_sbv(tmp_path: Path) -> None:
    for suffix in ("ass", "ssa"):
        assert times(read_text(written(tmp_path, f"a.{suffix}", ASS))) == [("Hello there", 1.5, 2.75)]
    sbv = "0:00:01.500,0:00:02.750\nHello\nthere, you\n\n0:00:03.000,0:00:04.000\nOh\n"
    assert times(read_text(written(tmp_path, "a.sbv", sbv))) == [("Hello there, you", 1.5, 2.75), ("Oh", 3.0, 4.0)]
    refused(written(tmp_path, "b.ass", ASS.replace("0:00:01.50", "0:00:xx.50")), "line 7: .*0:00:xx.50")
    refused(written(tmp_path, "c.ass", "hello"), "line 1: holds no subtitles")


def test_audacity_labels(tmp_path: Path) -> None:
    labels = "0.270000\t0.950000\tHello!\n\\\t100.0\t200.0\n1,35\t3.27\tI have something really big.\n"
    transcript = read_text(written(tmp_path, "a.txt", labels))
    assert times(transcript) == [("Hello!", 0.27, 0.95), ("I have something really big.", 1.35, 3.27)]
    assert transcript.track is None
    track = read_text(written(tmp_path, "b.txt", "0.2\t0.4\tHello\n0.5\t0.9\tyou\n")).track
    assert track is not None and [(w.text, w.start) for w in track.words] == [("Hello", 0.2), ("you", 0.5)]
    refused(written(tmp_path, "c.txt", "0.27\t0.95\tHello!\n2.0\t1.0\tyou\n"), "line 2: ends at 1.000 s before")


@pytest.mark.parametrize(
    ("old", "new", "saying"),
    [
        ("00:00:03,000", "00:00:xx,000", "line 6: '00:00:xx,000"),
        ("00:00:03,000", "100:00:03,000", "line 6: .*expected times up to 99:59:59,999"),
        ("00:00:04,250", "00:00:02,250", "line 6: ends at 2.250 s before it starts at 3.000 s"),
    ],
)
def test_broken_srt_names_the_line(tmp_path: Path, old: str, new: str, saying: str) -> None:
    refused(written(tmp_path, "a.srt", SRT.replace(old, new)), saying)


def test_subtitles_without_words(tmp_path: Path) -> None:
    refused(
        written(tmp_path, "a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\n[music]\n"),
        "no subtitles with words|holds no words",
    )


# ---- JSON


def test_json_words_and_phones(tmp_path: Path) -> None:
    data = {
        "language": "en",
        "words": [{"word": " hi", "start": 0.1, "end": 0.4}, {"text": "me!", "start": 0.5, "end": 0.9}],
        "phones": [{"phone": "HH", "start": 0.1, "end": 0.2}, {"symbol": "AY1", "start": 0.2, "end": 0.4}],
    }
    track = read_text(written(tmp_path, "a.json", json.dumps(data))).track
    assert track is not None and track.source == "given"
    assert [(w.text, w.start, w.end) for w in track.words] == [("hi", 0.1, 0.4), ("me!", 0.5, 0.9)]
    assert [(p.symbol, p.stress) for p in track.phones] == [("HH", -1), ("AY", 1)]


def test_json_of_whisper(tmp_path: Path) -> None:
    words = [{"word": " Hallo", "start": 0.1, "end": 0.4, "probability": 1}, {"word": " 2", "score": 0.2}]
    words.append({"word": " mal", "start": 0.8, "end": 1.0})
    data = {"text": " Hallo 2 mal", "segments": [{"start": 0, "end": 1, "text": "Hallo", "words": words}]}
    track = read_text(written(tmp_path, "a.json", json.dumps({**data, "language": "de"}))).track
    assert track is not None and track.language == "de"
    # A word that whisperX left without times takes the room between its neighbours.
    assert [(w.text, w.start, w.end) for w in track.words][1] == ("2", 0.4, 0.8)


def test_json_segments_and_text(tmp_path: Path) -> None:
    segments = {"segments": [{"start": 1, "end": 2, "text": " It is me."}]}
    assert times(read_text(written(tmp_path, "a.json", json.dumps(segments)))) == [("It is me.", 1.0, 2.0)]
    assert times(read_text(written(tmp_path, "b.json", '{"text": "It is me."}'))) == [("It is me.", None, None)]


@pytest.mark.parametrize(
    ("content", "saying"),
    [
        ('{"words": [\n{"word": }', "line 2: not valid JSON"),
        ('"words"', "a bare str"),
        ('{"word": "a"}', "no 'words'"),
        ('{"words": {}}', "expected a list"),
        ('{"words": []}', "hold no words"),
        ('{"words": [3]}', r"words\[0\] is 3"),
        ('{"words": [{"word": "a", "start": 2, "end": 1}]}', "lasts from 2 to 1"),
        ('{"words": [{"word": "a", "start": -1, "end": 1}]}', "lasts from -1 to 1"),
        ('{"words": [{"word": "a", "start": NaN, "end": 1}]}', "lasts from nan to 1"),
        ('{"words": [{"word": "a", "start": "soon", "end": 1}]}', "lasts from 'soon' to 1"),
        ('{"words": [{"word": "a"}]}', "no entry of 'words' has"),
    ],
)
def test_broken_json_is_explained(tmp_path: Path, content: str, saying: str) -> None:
    refused(written(tmp_path, "a.json", content), saying)
