"""What strangers bring: transcripts of many more programs, odd recordings, and every file that once went wrong.

The same fourteen words in each; a file is read right, or refused with what to do, and nothing is lost without a word.
"""

# ruff: noqa: E501 - a row a kind
from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

import gengine
from gengine.avatars import find_avatar
from gengine.core.audio import AudioClip
from gengine.errors import AudioError, GengineError, TextError
from gengine.inputs.align import align
from gengine.inputs.audio import load_audio, open_audio
from gengine.inputs.text import read_text
from gengine.inputs.turns import speakers
from tests.inputs.test_foreign_transcripts import CUES, TEXT, WORDS, assert_said

DEMOS = Path(__file__).resolve().parents[2] / "demos"


@pytest.fixture(scope="module")
def sound() -> AudioClip:
    clip = load_audio(DEMOS / "speech.wav")
    return AudioClip(clip.samples[: round(5.6 * clip.rate)], clip.rate)


# ---- transcripts


def clock(seconds: float, mark: str = ",") -> str:
    return f"00:00:{seconds:06.3f}".replace(".", mark)


def cues(form: Callable[[int, str, float, float], str]) -> str:
    return "".join(form(k, *cue) for k, cue in enumerate(CUES, 1))


def words(form: Callable[[str, float, float], str]) -> str:
    return "".join(form(*word) for word in WORDS)


def of_cue(start: float, end: float) -> list[tuple[str, float, float]]:
    return [word for word in WORDS if start - 0.01 <= word[1] < end]


def plainly(word: str) -> str:
    return word.lower().strip("!,.")


SRT = cues(lambda k, text, a, b: f"{k}\n{clock(a)} --> {clock(b)}\n{text}\n\n")
VTT = cues(lambda k, text, a, b: f"{clock(a, '.')} --> {clock(b, '.')}\n{text}\n\n")
MICRODVD = cues(lambda k, text, a, b: f"{{{round(a * 25)}}}{{{round(b * 25)}}}{text}\n")
TTML = '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" {0}><body><div>{1}</div></body></tt>'
ASS = (
    "[Script Info]\nTitle: x\n\n[V4+ Styles]\nFormat: Name, Fontname\nStyle: Default,Arial\n\n[Events]\n"
    "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    + cues(lambda k, t, a, b: f"Dialogue: 0,0:00:{a:05.2f},0:00:{b:05.2f},Default,Bob,0,0,0,,{{\\pos(1,2)\\i1}}{t}\n")
    + "Comment: 0,0:00:00.00,0:00:05.00,Default,,0,0,0,,not said\n"
    "Dialogue: 0,0:00:00.00,0:00:05.00,Default,,0,0,0,,{\\p1}m 0 0 l 100 0{\\p0}\n"
)
SLOTS = cues(
    lambda k, t, a, b: (
        f"<TIME_SLOT TIME_SLOT_ID='a{k}' TIME_VALUE='{round(a * 1000)}'/>"
        f"<TIME_SLOT TIME_SLOT_ID='b{k}' TIME_VALUE='{round(b * 1000)}'/>"
    )
)
NOTES = cues(
    lambda k, t, a, b: (
        f"<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID='x{k}' TIME_SLOT_REF1='a{k}' "
        f"TIME_SLOT_REF2='b{k}'><ANNOTATION_VALUE>{t}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>"
    )
)
ELAN = (
    f"<?xml version='1.0'?><ANNOTATION_DOCUMENT><TIME_ORDER>{SLOTS}</TIME_ORDER>"
    f"<TIER TIER_ID='default'>{NOTES}</TIER></ANNOTATION_DOCUMENT>"
)
SRV3 = (
    '<?xml version="1.0"?><timedtext format="3"><body>'
    + cues(lambda k, t, a, b: f'<p t="{round(a * 1000)}" d="{round((b - a) * 1000)}">{t}</p>')
    + "</body></timedtext>"
)
INTERVALS = [
    row
    for before, (text, a, b) in zip([0.0, *(b for *_, b in WORDS)], WORDS, strict=False)
    for row in ([(before, a, "")] if a > before else []) + [(a, b, text)]
] + [(5.49, 5.6, "")]
SHORT_GRID = (
    'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n5.6\n<exists>\n1\n"IntervalTier"\n"words"\n0\n5.6\n'
    + f"{len(INTERVALS)}\n"
    + "".join(f'{a}\n{b}\n"{t}"\n' for a, b, t in INTERVALS)
)
UTTERANCES = [
    {"text": t, "start": a, "end": b, "words": [{"word": f" {w}", "start": c, "end": d} for w, c, d in of_cue(a, b)]}
    for t, a, b in CUES
]

READ: dict[str, tuple[str, str | bytes]] = {
    "SubRip with a byte order mark": ("a.srt", "\ufeff" + SRT),
    "SubRip in UTF-16 without a mark": ("a.srt", SRT.encode("utf-16-le")),
    "SubRip with points": ("a.srt", SRT.replace(",", ".", 0).replace(",0", ".0").replace(",2", ".2").replace(",9", ".9")),
    "SubRip without hours": ("a.srt", SRT.replace("00:00:", "00:")),
    "SubRip without numbers": ("a.srt", cues(lambda k, t, a, b: f"{clock(a)} --> {clock(b)}\n{t}\n\n")),
    "SubRip, arrows without blanks": ("a.srt", SRT.replace(" --> ", "-->")),
    "SubRip, arrows of a word processor": ("a.srt", SRT.replace("-->", "→")),
    "SubRip, arrows with a long dash": ("a.srt", SRT.replace("-->", "–>")),
    "SubRip, hundredths": ("a.srt", cues(lambda k, t, a, b: f"{k}\n0:00:{a:.2f} --> 0:00:{b:.2f}\n{t}\n\n")),
    "SubRip with entities": ("a.srt", cues(lambda k, t, a, b: f"{k}\n{clock(a)} --> {clock(b)}\n&quot;{t}&quot; &nbsp;\n\n")),
    "SubRip with dashes": ("a.srt", cues(lambda k, t, a, b: f"{k}\n{clock(a)} --> {clock(b)}\n- {t}\n\n")),
    "SubRip with chevrons": ("a.srt", cues(lambda k, t, a, b: f"{k}\n{clock(a)} --> {clock(b)}\n>> {t}\n\n")),
    "SubRip, a cue of music alone": ("a.srt", SRT + "4\n00:00:05,500 --> 00:00:05,590\n♪ ♪\n"),
    "SubRip, a cue of applause first": ("a.srt", "1\n00:00:00,000 --> 00:00:00,100\n[Applause]\n\n" + SRT),
    "SubRip with coordinates": ("a.srt", cues(lambda k, t, a, b: f"{k}\n{clock(a)} --> {clock(b)}  X1:201 X2:516 Y1:397\n{t}\n\n")),
    "SubRip with places and fonts": ("a.srt", cues(lambda k, t, a, b: f'{k}\n{clock(a)} --> {clock(b)}\n{{\\an8}}<font color="#fff">{t}</font>\n\n')),
    "SubRip, lines of an old Mac": ("a.srt", SRT.replace("\n", "\r")),
    "SubRip, blanks at line ends": ("a.srt", SRT.replace("\n", " \n")),
    "SubRip, every cue twice": ("a.srt", cues(lambda k, t, a, b: f"{k}\n{clock(a)} --> {clock(b)}\n{t}\n\n" * 2)),
    "SubRip, cues of no length": ("a.srt", cues(lambda k, t, a, b: f"{k}\n{clock(a)} --> {clock(a)}\n{t}\n\n")),
    "SubRip for the hard of hearing": ("a.srt", cues(lambda k, t, a, b: f"{k}\n{clock(a)} --> {clock(b)}\n(LAUGHS) MARY: {t}\n\n")),
    "SubRip, ending in capitals": ("A.SRT", SRT),
    "SubRip, names in small letters": ("a.srt", cues(lambda k, t, a, b: f"{k}\n{clock(a)} --> {clock(b)}\nMary Ann: {t}\n\n")),
    "WebVTT, cues right below the head": ("a.vtt", "WEBVTT\n" + VTT),
    "WebVTT of a stream": ("a.vtt", "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:900000\n\n" + VTT),
    "WebVTT of Zoom": ("a.vtt", "WEBVTT\n\n" + cues(lambda k, t, a, b: f"{k}\n{clock(a, '.')} --> {clock(b, '.')}\nJohn Doe: {t}\n\n")),
    "WebVTT of Teams": ("a.vtt", "WEBVTT\n\n" + cues(lambda k, t, a, b: f"c1-0{k}/{k}-0\n{clock(a, '.')} --> {clock(b, '.')}\n<v Doe, John>{t}</v>\n\n")),
    "WebVTT without its head": ("a.vtt", VTT),
    "WebVTT with notes and styles": ("a.vtt", "WEBVTT - x\n\nNOTE\nthis is\nnot said\n\nSTYLE\n::cue{color:red}\n\n" + VTT),
    "SubStation with drawings": ("a.ass", ASS),
    "MicroDVD": ("a.sub", "{1}{1}25\n" + MICRODVD),
    "SAMI": ("a.smi", "<SAMI><BODY>" + cues(lambda k, t, a, b: f"<SYNC Start={round(a * 1000)}><P Class=EN>{t}<SYNC Start={round(b * 1000)}><P Class=EN>&nbsp;") + "</BODY></SAMI>"),
    "YouTube's transcript, copied": ("a.txt", cues(lambda k, t, a, b: f"0:0{int(a)}\n{t}\n")),
    "Otter": ("a.txt", cues(lambda k, t, a, b: f"Speaker 1  0:0{int(a)}\n{t}\n\n")),
    "Rev, text": ("a.txt", cues(lambda k, t, a, b: f"Speaker 1 (00:0{int(a)}):\n{t}\n\n")),
    "Teams, copied": ("a.txt", cues(lambda k, t, a, b: f"Doe, John   0:0{int(a)}\n{t}\n\n")),
    "Descript": ("a.txt", cues(lambda k, t, a, b: f"[00:00:0{int(a)}] Bob: {t}\n")),
    "Premiere's table": ("a.csv", "Speaker Name,Start Time,End Time,Text\n" + cues(lambda k, t, a, b: f'Speaker 1,{clock(a, ".")},{clock(b, ".")},"{t}"\n')),
    "a table of words": ("a.csv", "start,end,word\n" + words(lambda w, a, b: f'{a},{b},"{w}"\n')),
    "a table in milliseconds": ("a.csv", "word,start_ms,end_ms\n" + words(lambda w, a, b: f'"{w}",{round(a * 1000)},{round(b * 1000)}\n')),
    "a table without a head": ("a.tsv", words(lambda w, a, b: f"{a}\t{b}\t{w}\n")),
    "a table of lengths": ("a.csv", "word,start,duration\n" + words(lambda w, a, b: f'"{w}",{a},{b - a:.3f}\n')),
    "Reaper's regions": ("a.csv", "#,Name,Start,End,Length\n" + cues(lambda k, t, a, b: f'R{k},"{t}",0:{a:06.3f},0:{b:06.3f},0:{b - a:06.3f}\n')),
    "Montreal's table": ("a.csv", "Begin,End,Label,Type,Speaker\n" + words(lambda w, a, b: f"{a},{b},{plainly(w)},words,spk\n")),
    "Audacity with frequencies": ("a.txt", cues(lambda k, t, a, b: f"{a:.6f}\t{b:.6f}\t{t}\n\\\t100.0\t2000.0\n")),
    "Audacity with decimal commas": ("a.txt", cues(lambda k, t, a, b: f"{a:.6f}\t{b:.6f}\t".replace(".", ",") + f"{t}\n")),
    "ELAN": ("a.eaf", ELAN),
    "ELAN in .xml": ("a.xml", ELAN),
    "YouTube, srv3": ("a.srv3", SRV3),
    "YouTube, srv3 in .xml": ("a.xml", SRV3),
    "YouTube, srv1": ("a.xml", '<?xml version="1.0"?><transcript>' + cues(lambda k, t, a, b: f'<text start="{a}" dur="{b - a:.2f}">{t}</text>') + "</transcript>"),
    "TTML in ticks": ("a.ttml", TTML.format('ttp:tickRate="10000000"', cues(lambda k, t, a, b: f'<p begin="{round(a * 1e7)}t" end="{round(b * 1e7)}t">{t}</p>'))),
    "TTML in frames": ("a.ttml", TTML.format('ttp:frameRate="25"', cues(lambda k, t, a, b: f'<p begin="00:00:{int(a):02}:{int(a % 1 * 25):02}" end="00:00:{int(b):02}:{int(b % 1 * 25):02}">{t}</p>'))),
    "iTunes": ("a.itt", TTML.format('ttp:frameRate="24" ttp:frameRateMultiplier="1000 1001"', cues(lambda k, t, a, b: f'<p begin="{a}s" end="{b}s">{t}</p>'))),
    "TTML, lengths and lines": ("a.ttml", TTML.format("", cues(lambda k, t, a, b: f'<p begin="{a}s" dur="{b - a:.2f}s"><span>{t.replace(" big", "<br/>big")}</span></p>'))),
    "TTML, times of the part around": ("a.ttml", TTML.format("", '<div begin="0.2s">' + cues(lambda k, t, a, b: f'<p begin="{a - 0.2:.2f}s" end="{b - 0.2:.2f}s">{t}</p>') + "</div>")),
    "TTML, words in spans": ("a.ttml", TTML.format("", cues(lambda k, t, a, b: f'<p begin="{a}s" end="{b}s">' + "".join(f'<span begin="{c - a:.2f}s" end="{d - a:.2f}s">{w}</span> ' for w, c, d in of_cue(a, b)) + "</p>"))),
    "a short TextGrid": ("a.TextGrid", SHORT_GRID),
    "a short TextGrid in UTF-16": ("a.TextGrid", b"\xff\xfe" + SHORT_GRID.encode("utf-16-le")),
    "lyrics of three digits": ("a.lrc", cues(lambda k, t, a, b: f"[00:{a:06.3f}]{t}\n")),
    "Gladia": ("a.json", json.dumps({"result": {"transcription": {"full_transcript": TEXT, "utterances": UTTERANCES}}})),
    "Vosk": ("a.json", json.dumps({"result": [{"conf": 1, "word": plainly(w), "start": a, "end": b} for w, a, b in WORDS], "text": TEXT.lower()})),
    "aeneas": ("a.json", json.dumps({"fragments": [{"begin": f"{a:.3f}", "end": f"{b:.3f}", "id": "f", "lines": [t], "children": []} for t, a, b in CUES]})),
    "stable-ts": ("a.json", json.dumps({"text": TEXT, "segments": UTTERANCES, "language": "en", "ori_dict": {}})),
    "Whisper, words that are null": ("a.json", json.dumps({"text": TEXT, "segments": [{"start": a, "end": b, "text": t, "words": None} for t, a, b in CUES]})),
    "a list of texts and timestamps": ("a.json", json.dumps([{"text": w, "timestamp": [a, b]} for w, a, b in WORDS])),
    "a list of words, start_time": ("a.json", json.dumps([{"word": w, "start_time": a, "end_time": b} for w, a, b in WORDS])),
    "words in startMs": ("a.json", json.dumps({"words": [{"text": w, "startMs": round(a * 1000), "endMs": round(b * 1000)} for w, a, b in WORDS]})),
    "words with lengths": ("a.json", json.dumps({"words": [{"word": w, "start": a, "duration": round(b - a, 3)} for w, a, b in WORDS]})),
    "words in ticks": ("a.json", json.dumps([{"Text": w, "Offset": round(a * 1e7), "Duration": round((b - a) * 1e7)} for w, a, b in WORDS])),
    "times in quotes": ("a.json", json.dumps({"words": [{"word": w, "start": str(a), "end": str(b)} for w, a, b in WORDS]})),
    "PlayHT": ("a.json", json.dumps({"timestamps": [{"word": w, "start": a, "end": b} for w, a, b in WORDS]})),
    "LMNT": ("a.json", json.dumps({"durations": [{"text": w, "start": a, "duration": round(b - a, 3)} for w, a, b in WORDS]})),
    "Hume": ("a.json", json.dumps({"generations": [{"snippets": [[{"text": TEXT, "timestamps": [{"text": w, "time": {"begin": round(a * 1000), "end": round(b * 1000)}} for w, a, b in WORDS]}]]}]})),
    "youtube-transcript-api": ("a.json", json.dumps([{"text": t, "start": a, "duration": b - a} for t, a, b in CUES])),
    "a podcast's transcript": ("a.json", json.dumps({"version": "1.0.0", "segments": [{"speaker": "A", "startTime": a, "endTime": b, "body": t} for t, a, b in CUES]})),
    "sentences from and to": ("a.json", json.dumps({"segments": [{"from": a, "to": b, "sentence": t} for t, a, b in CUES]})),
    "a web page": ("a.txt", f"<html><body><p>{TEXT}</p></body></html>"),
    "quotes of Windows": ("a.txt", f"“{TEXT[:-1]}…”".encode("cp1252")),
    "blanks that do not show": ("a.txt", TEXT.replace(" ", "\u00a0").replace("really", "\u200breally")),
    "a word a line": ("a.txt", TEXT.replace(" ", "\n")),
    "a play": ("a.txt", "Anna: Hello!\nBen: I have something really big to show you.\nAnna: No, no! Not down here.\n"),
    "remarks of all kinds": ("a.txt", "Hello! (laughs) I have something really big to show you. [pause] No, no! *sighs* Not down here."),
}  # fmt: skip
"""What is read, by what it is: the file's name and what is in it."""


@pytest.mark.parametrize("kind", READ)
def test_transcripts_of_strangers_lie_where_they_are_said(kind: str, sound: AudioClip, tmp_path: Path) -> None:
    name, content = READ[kind]
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    track, report = align(sound, read_text(tmp_path / name))
    assert track is not None
    assert_said(track.words)
    facts = report.facts["words"]
    assert facts["given"] == facts["found"] == 14 and facts["language"] == "en"


def test_there_are_sixty_and_more() -> None:
    assert len(READ) >= 60 and len(set(map(str, READ.values()))) == len(READ)


REFUSED: dict[str, tuple[str, bytes, str]] = {
    "MicroDVD without a rate": ("a.sub", MICRODVD.encode(), r"put a line such as \{1\}\{1\}25 before it"),
    "RTF in .txt": ("a.txt", b"{\\rtf1\\ansi Hello}", "RTF document; save it as plain text"),
    "RTF": ("a.rtf", b"{\\rtf1\\ansi Hello}", "a .rtf file; give .*txt"),
    "Word": ("a.docx", b"PK\x03\x04" + bytes(100), "a .docx file; give .*txt"),
    "Word in .txt": ("a.txt", b"PK\x03\x04" + bytes(100), "zero bytes"),
    "PDF": ("a.pdf", b"%PDF-1.4", "a .pdf file; give .*txt"),
    "HTK labels": ("a.lab", b"0 100 hello", "a .lab file; give .*TextGrid"),
    "ELAN, two tiers": ("a.eaf", ELAN.replace("</ANNOTATION_DOCUMENT>", f"<TIER TIER_ID='other'>{NOTES}</TIER></ANNOTATION_DOCUMENT>").encode(), "tiers default, other; export"),
    "XML of another kind": ("a.itt", b"<a><b/></a>", "unknown kind; export it as .srt"),
    "broken XML": ("a.srv3", b"<timedtext><p t='1'>", "not XML that can be read"),
    "TTML, a time that is none": ("a.ttml", TTML.format("", "<p begin='soon'>Hello</p>").encode(), "time that cannot be read"),
    "TTML, absurd numbers": ("a.ttml", TTML.format("ttp:frameRate='0'", "<p begin='1f'>Hello</p>").encode(), "time that cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_not_read_is_refused_with_what_to_do(kind: str, tmp_path: Path) -> None:
    name, content, said = REFUSED[kind]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TextError, match=said) as error:
        read_text(tmp_path / name)
    assert "\n" not in str(error.value)


def test_two_languages_below_each_other_are_said(sound: AudioClip, tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text(cues(lambda k, t, a, b: f"{k}\n{clock(a)} --> {clock(b)}\n{t}\nПривет, это\n\n"))
    _, report = align(sound, read_text(tmp_path / "a.srt"))
    assert any("could not be found in the sound" in said for said in report.warnings)


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        (["Anna: a", "Ben: b", "Anna: c"], {"Anna", "Ben"}),
        (["Dr. Who: a", "Dr. Who: b"], {"Dr. Who"}),
        (["Speaker 1: a", "", "Speaker 1: b"], {"Speaker 1"}),
        (["安娜：你好", "安娜：再见"], {"安娜"}),
        (["First: do this.", "Second: do that."], set()),
        (["Note: a", "and then", "and then", "Note: b", "and so on"], set()),
        (["I said: no", "I said: no"], set()),
        (["10:30 is late", "10:30 is late"], set()),
    ],
)
def test_names_come_again_and_again(lines: list[str], names: set[str]) -> None:
    assert speakers(lines) == names


def test_names_that_are_not_spoken_are_noted(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Anna: Hello!\nBen: Go on.\nAnna: No.")
    said = read_text(tmp_path / "a.txt")
    assert said.text == "Hello! Go on. No." and "'Anna', 'Ben'" in said.report.notes[0]


# ---- recordings


@pytest.mark.parametrize(
    "name", ["talk:1.wav", "http:x.wav", "%03d.wav", "concat:a.wav", "-dash.wav", "ta lk.wav", "тест.wav", "#1?.wav",
             "pipe:0", "a|b.wav", "UPPER.WAV", "no ending", "wav.mp3"],
)  # fmt: skip
def test_names_of_files_mean_nothing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(DEMOS / "speech.wav", name)
    assert load_audio(name).duration == pytest.approx(load_audio(DEMOS / "speech.wav").duration)


def test_joined_mp3s_are_heard_whole(sound: AudioClip, tmp_path: Path) -> None:
    import av

    with av.open(str(tmp_path / "a.mp3"), "w") as file:
        stream = file.add_stream("libmp3lame", rate=sound.rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(sound.samples[None], format="fltp", layout="mono")
        frame.sample_rate = sound.rate
        file.mux([*stream.encode(frame), *stream.encode(None)])
    (tmp_path / "b.mp3").write_bytes((tmp_path / "a.mp3").read_bytes() * 3)
    with open_audio(tmp_path / "b.mp3") as stream:
        length = sum(map(len, stream)) / stream.output_rate
    assert length == pytest.approx(3 * sound.duration, abs=0.2)
    assert "several files joined" in stream.notes[0] and not stream.warnings


def test_channels_of_different_sounds_are_said(sound: AudioClip, tmp_path: Path) -> None:
    half = len(sound.samples) // 2
    anna, ben = sound.samples.copy(), sound.samples.copy()
    anna[half:], ben[:half] = 0, 0
    soundfile.write(tmp_path / "interview.wav", np.stack([anna, ben], 1), sound.rate)
    soundfile.write(tmp_path / "stereo.wav", np.stack([sound.samples, 0.5 * sound.samples], 1), sound.rate)
    for name, notes in (("interview.wav", 1), ("stereo.wav", 0)):
        with open_audio(tmp_path / name) as stream:
            list(stream)
        assert sum("hold different sounds" in note and "--channel" in note for note in stream.notes) == notes


NOT_SOUND = {
    "a pointer of Git LFS": ("a.wav", b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\n", "git lfs pull"),
    "samples without a header": ("a.pcm", bytes(range(256)) * 40, "--raw s16le:24000"),
    "a web page": ("a.mp3", b"<!DOCTYPE html><html>404</html>" * 20, "no sound that can be read"),
    "an error of a service": ("a.wav", b'{"error":"quota"}', "no sound that can be read"),
    "an archive": ("a.wav", b"PK\x03\x04" + bytes(300), "no sound that can be read"),
    "nothing": ("a.wav", b"", "empty file"),
}


@pytest.mark.parametrize("kind", NOT_SOUND)
def test_what_is_no_sound_says_what_helps(kind: str, tmp_path: Path) -> None:
    name, content, said = NOT_SOUND[kind]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(AudioError, match=said):
        load_audio(tmp_path / name)


# ---- every file that went wrong once, by its right value


SOUNDS = ("01c_data_2000000000.wav", "01e_data_plus16.wav", "09a_opposite_polarity.wav")
LATE_SOUNDS = ("02_audio_starts_at_2s.mkv", "02_audio_starts_at_2s.mp4")
TRANSCRIPTS = ("03a_blank_after_time.srt", "03c_no_blank_between.srt", "04_youtube_rolling.vtt",
               "05_whisper_early_words.json", "08a_audacity_labels.txt", "10_elevenlabs_timestamps.json")  # fmt: skip
FIGURES = ("14a_cc_base_rig.glb", "14b_vroid_jbip_rig.glb", "14e_sketchfab_suffix_rig.glb")
OTHERS = {
    "base.wav", "base.txt", "README.md", "trust", "01a_espeak_stdout.wav", "02a_delay2s.srt", "06_two_speakers.TextGrid",
    "07a_russian_cp1251.srt", "07c_chinese_gbk.srt", "11_excel_decimal_comma.csv", "12_instrumental_music.wav",
    "14_control_mixamo.glb", "15_normal_map_and_visemes.glb", "16a_mixamo_stance.bvh",
}  # fmt: skip
"""Those with tests of their own below, in test_rigs, test_gltf_origin_scene and test_humanoid_bvh, and the control."""


@pytest.fixture(scope="module")
def faults(reference_data: Path) -> Path:
    if not (reference_data / "faults").is_dir():
        pytest.skip("the faulty files are not there")
    return reference_data / "faults"


@pytest.fixture(scope="module")
def control(faults: Path) -> gengine.Performance:
    return gengine.animate(faults / "base.wav", text=faults / "base.txt")


def jaws_agree(made: gengine.Performance, control: gengine.Performance, late: float = 0.0) -> float:
    assert made.face is not None and control.face is not None
    jaw, wanted = made.face.channel("jawOpen")[round(late * made.face.fps) :], control.face.channel("jawOpen")
    n = min(len(jaw), len(wanted))
    return float(np.corrcoef(jaw[:n], wanted[:n])[0, 1])


@pytest.mark.data
def test_every_faulty_file_has_a_test(faults: Path) -> None:
    assert {p.name for p in faults.iterdir()} == {*SOUNDS, *LATE_SOUNDS, *TRANSCRIPTS, *FIGURES, *OTHERS}


@pytest.mark.data
@pytest.mark.parametrize("name", [*SOUNDS, *TRANSCRIPTS])
def test_mouth_and_words_are_the_controls(name: str, faults: Path, control: gengine.Performance) -> None:
    sound, text = (name, "base.txt") if name in SOUNDS else ("base.wav", name)
    made = gengine.animate(faults / sound, text=faults / text)
    assert_said(made.words.words)
    assert jaws_agree(made, control) >= 0.95


@pytest.mark.data
@pytest.mark.parametrize("name", LATE_SOUNDS)
@pytest.mark.parametrize("text", ["base.txt", "02a_delay2s.srt"])
def test_late_sound_keeps_the_pictures_clock(name: str, text: str, faults: Path, control: gengine.Performance) -> None:
    made = gengine.animate(faults / name, text=faults / text)
    assert_said(made.words.shift(-2.0).words)
    assert jaws_agree(made, control, 2.0) >= 0.95
    assert "starts 2.00 s after the picture" in made.provenance["report"]["notes"][0]


@pytest.mark.data
def test_the_other_files_have_their_right_values(faults: Path, control: gengine.Performance) -> None:
    assert load_audio(faults / "01a_espeak_stdout.wav").duration == pytest.approx(2.5, abs=0.01)
    made = gengine.animate(faults / "base.wav", text=faults / "06_two_speakers.TextGrid")
    assert_said(made.words.words, WORDS[1:])
    assert "'SPEAKER_00', 'SPEAKER_01'" in made.provenance["warnings"][0]
    assert read_text(faults / "07a_russian_cp1251.srt").text.startswith("Привет, это проверка голоса")
    assert read_text(faults / "07c_chinese_gbk.srt").text.startswith("你好，这是一个测试")
    assert [read_text(faults / f).language for f in ("07a_russian_cp1251.srt", "07c_chinese_gbk.srt")] == ["ru", "zh"]
    mood = gengine.animate(faults / "base.wav", str(faults / "11_excel_decimal_comma.csv"), words="none").emotion
    assert mood.weights.max(0)[1:3] == pytest.approx([0.8, 0.5], abs=0.01)
    music = gengine.animate(faults / "12_instrumental_music.wav", words="none")
    assert music.face is not None and (music.face.channel("jawOpen") > 0.05).mean() < 0.02


@pytest.mark.data
@pytest.mark.parametrize("name", FIGURES)
def test_rigs_move_the_controls_joints(name: str, faults: Path) -> None:
    assert (
        len(find_avatar(faults / name).joint_map) == len(find_avatar(faults / "14_control_mixamo.glb").joint_map) == 22
    )


@pytest.mark.data
def test_hostile_files_are_refused_in_a_line_or_read(faults: Path) -> None:
    """A sample of every kind; test_bounds, the fuzz tests and the readers' own tests hold the rest."""
    readers: dict[str, Callable[[Path], object]] = {
        ".wav": load_audio, ".flac": load_audio, ".glb": find_avatar, ".srt": read_text, ".npz": gengine.load,
    }  # fmt: skip
    for path in sorted((faults / "trust").iterdir()):
        if path.suffix in readers and "yaml" not in path.name:
            try:
                readers[path.suffix](path)
            except GengineError as error:
                assert "\n" not in str(error)
