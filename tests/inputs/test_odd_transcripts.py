"""Transcripts that are a little off their format, and those of services of which each does it in its own way.

The same fourteen words in each: read right, or refused with what to do; ``LOST`` went wrong without a word before.
"""

# ruff: noqa: E501 - a row a kind
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gengine.core.audio import AudioClip
from gengine.errors import TextError
from gengine.inputs.align import align
from gengine.inputs.audio import load_audio
from gengine.inputs.text import read_text
from tests.inputs.test_foreign_transcripts import (
    ASS,
    CHARS,
    CUES,
    SEEN,
    SRT,
    TEXT,
    VTT,
    WORDS,
    assert_said,
    azure_events,
    bare,
    clock,
    ms,
    short,
    ticks,
    transcribe,
)

DEMOS = Path(__file__).resolve().parents[2] / "demos"


@pytest.fixture(scope="module")
def sound() -> AudioClip:
    clip = load_audio(DEMOS / "speech.wav")
    return AudioClip(clip.samples[: round(5.6 * clip.rate)], clip.rate)


def dots(t: float) -> str:
    return clock(t, ".")


def of_cue(start: float, end: float) -> list[tuple[str, float, float]]:
    return [word for word in WORDS if start - 0.01 <= word[1] < end]


def cues(form: Callable[[int, str, float, float], str]) -> str:
    return "".join(form(k, *cue) for k, cue in enumerate(CUES, 1))


def lines(form: Callable[[str, float, float], object]) -> str:
    return "\n".join(json.dumps(form(*cue)) for cue in CUES)


def filled(pause: str, label: Callable[[str], str] = bare) -> list[tuple[str, float, float]]:
    """The words as intervals of a tier, with a label in every pause."""
    rows, last = [], 0.0
    for text, a, b in WORDS:
        rows += ([(pause, last, a)] if a > last else []) + [(label(text), a, b)]
        last = b
    return [*rows, (pause, last, 5.6)]


def grid(tiers: dict[str, list[tuple[str, float, float]]]) -> str:
    """Praat's long form."""
    text = f'File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0 \nxmax = 5.6 \ntiers? <exists> \nsize = {len(tiers)} \nitem []: \n'
    for k, (name, rows) in enumerate(tiers.items(), 1):
        text += f'    item [{k}]:\n        class = "IntervalTier" \n        name = "{name}" \n        xmin = 0 \n        xmax = 5.6 \n        intervals: size = {len(rows)} \n'
        for n, (label, a, b) in enumerate(rows, 1):
            text += f'        intervals [{n}]:\n            xmin = {a} \n            xmax = {b} \n            text = "{label}" \n'
    return text


def marked(text: str, cue: list[tuple[str, float, float]]) -> str:
    return " ".join(f"<u>{w}</u>" if w == text else w for w, *_ in cue)


TOKENS = [piece for text, a, b in WORDS for half in [len(text) // 2 or 1] for piece in
          ([(" " + text[:half], a, (a + b) / 2), (text[half:], (a + b) / 2, b)] if text[half:] else [(" " + text, a, b)])]  # fmt: skip
"""The words in pieces, as networks write them: a blank begins a word."""

HIGHLIGHTED = "".join(
    f"{clock(a)} --> {clock(b)}\n{marked(text, cue)}\n\n"
    for _, start, end in CUES for cue in [of_cue(start, end)] for text, a, b in cue
)  # fmt: skip
ROLLED_UP = (
    f"1\n{clock(0.27)} --> {clock(1.35)}\nHello!\n\n2\n{clock(1.35)} --> {clock(3.68)}\nHello!\n{CUES[1][0]}\n\n"
    f"3\n{clock(3.68)} --> {clock(5.49)}\n{CUES[1][0]}\n{CUES[2][0]}\n"
)
NAMED_TUPLES = [
    [k, 0, a, b, f" {t}", [1, 2], 0.0, -0.2, 1.1, 0.01, [[x, y, f" {w}", 0.9] for w, x, y in of_cue(a, b)]]
    for k, (t, a, b) in enumerate(CUES)
]


def deepgram(text: str, a: float, b: float, final: bool = True) -> dict:
    words = [{"word": bare(w), "punctuated_word": w, "start": x, "end": y} for w, x, y in of_cue(a, b)]
    alternatives = [{"transcript": text, "words": words if final else words[:1]}]
    return {
        "type": "Results",
        "start": a,
        "duration": b - a,
        "is_final": final,
        "channel": {"alternatives": alternatives},
    }


def azure_message(text: str, a: float, b: float) -> dict:
    words = [{"Word": bare(w), "Offset": ticks(x), "Duration": ticks(y - x)} for w, x, y in of_cue(a, b)]
    return {
        "Id": "x",
        "RecognitionStatus": "Success",
        "Offset": ticks(a),
        "Duration": ticks(b - a),
        "NBest": [{"Display": text, "Words": words}],
    }


LOST: dict[str, tuple[str, str | bytes]] = {
    "SubRip, lines ended twice": ("a.srt", SRT.replace("\n", "\r\r\n")),
    "SubRip, numbers with points": ("a.srt", cues(lambda k, t, a, b: f"{k}.\n{clock(a)} --> {clock(b)}\n{t}\n\n")),
    "SubRip, the word that is said marked": ("a.srt", HIGHLIGHTED),
    "SubRip, two lines that roll up": ("a.srt", ROLLED_UP),
    "WebVTT, segments joined": ("a.vtt", cues(lambda k, t, a, b: f"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\n\n{dots(a)} --> {dots(b)}\n{t}\n")),
    "SubViewer": ("a.sub", "[INFORMATION]\n[TITLE]x\n[END INFORMATION]\n[SUBTITLE]\n" + cues(lambda k, t, a, b: f"00:00:{a:05.2f},00:00:{b:05.2f}\n{t.replace(' really', '[br]really')}\n\n")),
    "lyrics of words without blanks": ("a.lrc", "".join(f"[{short(a)}]" + "".join(f"<{short(x)}>{t}" for t, x, _ in of_cue(a, b)) + "\n" for _, a, b in CUES)),
    "a print with colours": ("a.txt", cues(lambda k, t, a, b: f"\x1b[38;5;196m[{dots(a)} --> {dots(b)}]  {t}\x1b[0m\n")),
    "a print in seconds": ("a.txt", cues(lambda k, t, a, b: f"[{a:.2f}s -> {b:.2f}s]  {t}\n")),
    "times with a dash between": ("a.txt", cues(lambda k, t, a, b: f"{dots(a)} - {dots(b)}: {t}\n")),
    "ELAN's table in .txt": ("a.txt", cues(lambda k, t, a, b: f"default\t\t{dots(a)}\t{a:.3f}\t{dots(b)}\t{b:.3f}\t{dots(b - a)}\t{b - a:.3f}\t{t}\n")),
    "a table, commas without quotes": ("a.csv", "start,end,text\n" + cues(lambda k, t, a, b: f"{a},{b},{t}\n")),
    "WebMAUS": ("a.TextGrid", grid({"ORT-MAU": filled("<p:>"), "KAN-MAU": filled("<p:>", lambda _: "h@l@U"), "MAU": filled("<p:>", lambda _: "@")})),
    **{f"TextGrid, {pause} for pauses": ("a.TextGrid", grid({"words": filled(pause)})) for pause in ("#", "h#", "xxx", "spn", "silence")},
    "tags of speech synthesis in round brackets": ("a.txt", "(excited) Hello! (break) I have something really big to show you. (in a hurry tone) No, no! (long-break) Not down here."),
    "faster-whisper's named tuples": ("a.json", json.dumps(NAMED_TUPLES)),
    "Deepgram, messages": ("a.jsonl", lines(deepgram)),
    "Deepgram, messages that grow": ("a.jsonl", "\n".join(json.dumps(deepgram(*cue, final)) for cue in CUES for final in (False, True))),
    "Azure, messages": ("a.jsonl", lines(azure_message)),
    "Azure, phrases alone": ("a.json", json.dumps({"recognizedPhrases": [{"offset": f"PT{a}S", "offsetInTicks": ticks(a), "durationInTicks": ticks(b - a), "nBest": [{"display": t}]} for t, a, b in CUES]})),
    "Azure, lengths of C#": ("a.json", json.dumps([{"Text": t.strip(".,!"), "AudioOffset": ticks(a), "Duration": f"00:00:0{b - a:.7f}", "BoundaryType": "Word"} for t, a, b in WORDS])),
    "Cartesia, messages": ("a.jsonl", lines(lambda _, a, b: {"type": "timestamps", "word_timestamps": {"words": [w for w, *_ in of_cue(a, b)], "start": [x for _, x, _ in of_cue(a, b)], "end": [y for *_, y in of_cue(a, b)]}}) + '\n{"type": "phoneme_timestamps"}'),
    "Kokoro's server, messages": ("a.jsonl", lines(lambda _, a, b: {"audio": "UklG", "timestamps": [{"word": w, "start_time": x, "end_time": y} for w, x, y in of_cue(a, b)]})),
    "Yandex, messages": ("a.jsonl", lines(lambda t, a, b: {"result": {"final": {"alternatives": [{"words": [{"text": bare(w), "startTimeMs": str(ms(x)), "endTimeMs": str(ms(y))} for w, x, y in of_cue(a, b)], "text": t}]}}})),
    "Speechify, letters and times": ("a.json", json.dumps({"speech_marks": {"type": "sentence", "value": TEXT, "chunks": [{"type": "word", "start": 0, "end": 4, "start_time": ms(a), "end_time": ms(b), "value": t} for t, a, b in WORDS]}})),
    "CosyVoice, whole milliseconds": ("a.json", json.dumps({"output": {"sentence": {"words": [{"text": t, "begin_index": 0, "end_index": 1, "begin_time": ms(a), "end_time": ms(b)} for t, a, b in WORDS]}}})),
    "Soniox, pieces of words": ("a.json", json.dumps({"text": TEXT, "tokens": [{"text": t, "start_ms": ms(a), "end_ms": ms(b)} for t, a, b in TOKENS]})),
    "Parakeet, pieces of words": ("a.json", json.dumps({"text": TEXT, "sentences": [{"text": t, "start": a, "end": b, "tokens": [{"text": p, "start": x, "end": y} for p, x, y in TOKENS if a - 0.01 <= x < b]} for t, a, b in CUES]})),
    "sherpa-onnx, when tokens begin": ("a.json", json.dumps({"text": TEXT, "tokens": [t.replace(" ", "▁") for t, *_ in TOKENS], "timestamps": [a for _, a, _ in TOKENS]})),
}  # fmt: skip

RIGHT: dict[str, tuple[str, str | bytes]] = {
    "SubRip, all numbers one": ("a.srt", cues(lambda k, t, a, b: f"1\n{clock(a)} --> {clock(b)}\n{t}\n\n")),
    "SubRip, blank lines inside cues": ("a.srt", SRT.replace("something really", "something\n\nreally").replace("no! Not", "no!\n\n\nNot")),
    "SubRip, marks of direction and soft hyphens": ("a.srt", SRT.replace("something", "some\u00adthing").replace("Hello", "\u202aHello\u202c")),
    "SubRip in UTF-16, big end first": ("a.srt", b"\xfe\xff" + SRT.encode("utf-16-be")),
    "WebVTT with a region": ("a.vtt", "WEBVTT\n\nREGION\nid:fred\nwidth:40%\n\n" + cues(lambda k, t, a, b: f"cue {k} - intro\n{dots(a)} --> {dots(b)} region:fred line:-1\n<v.first Mary>{t}\n\n")),
    "WebVTT with ruby": ("a.vtt", VTT.replace("Hello!", "<lang en-GB>Hello!</lang>").replace("big", "<ruby>big<rt>large</rt></ruby>")),
    "SubStation 4": ("a.ssa", "[Script Info]\nScriptType: v4.00\n\n[V4 Styles]\nFormat: Name, Fontname\nStyle: Default,Arial\n\n[Events]\nFormat: Marked, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n" + cues(lambda k, t, a, b: f"Dialogue: Marked=0,0:00:{a:05.2f},0:00:{b:05.2f},Default,NTP,0000,0000,0000,!Effect,{t}\n")),
    "SubStation, every line in two layers": ("a.ass", ASS + "".join(f"Dialogue: {layer},0:00:{a:05.2f},0:00:{b:05.2f},Default,,0,0,0,,{{\\bord{layer}}}{t}\n" for t, a, b in CUES for layer in (0, 1))),
    "MPL2": ("a.txt", cues(lambda k, t, a, b: f"[{round(a * 10)}][{round(b * 10)}]{t}\n")),
    "lyrics, times of words in square brackets": ("a.lrc", "".join("".join(f"[{short(x)}]{t} " for t, x, _ in of_cue(a, b)) + f"[{short(b)}]\n" for _, a, b in CUES)),
    "TextGrid, phones first, capitals": ("a.TextGrid", grid({"phones": filled("", lambda _: "HH"), "words": filled("", lambda t: bare(t).upper())})),
    "TextGrid, tiers in Spanish": ("a.TextGrid", grid({"palabras": filled(""), "fonemas": filled("", lambda _: "a")})),
    "TextGrid, a sentence and its words": ("a.TextGrid", grid({"sentence": [(TEXT, 0.27, 5.49)], "words": filled("")})),
    "WhisperX, words on their own": ("a.json", json.dumps({"segments": [{"start": a, "end": b, "text": t} for t, a, b in CUES], "word_segments": [{"word": w, "start": x, "end": y} for w, x, y in WORDS]})),
    "Transformers, an end that is null": ("a.json", json.dumps({"chunks": [{"timestamp": [a, b if b < 5 else None], "text": f" {t}"} for t, a, b in CUES], "text": TEXT})),
    "Deepgram, utterances": ("a.json", json.dumps({"results": {"utterances": [{"start": a, "end": b, "transcript": t, "words": deepgram(t, a, b)["channel"]["alternatives"][0]["words"]} for t, a, b in CUES]}})),
    "Amazon, speakers": ("a.json", json.dumps({**transcribe(), "results": {**transcribe()["results"], "speaker_labels": {"speakers": 1, "segments": [{"start_time": "0.27", "end_time": "5.49", "items": []}]}}})),
    "Amazon, channels": ("a.json", json.dumps({"results": {"channel_labels": {"channels": [{"channel_label": "ch_0", "items": transcribe()["results"]["items"]}, {"items": []}]}}})),
    "Google, a batch of one file": ("a.json", json.dumps({"results": {"gs://x": {"transcript": {"results": [{"alternatives": [{"words": [{"word": t, "startOffset": f"{a}s", "endOffset": f"{b}s"} for t, a, b in WORDS]}]}]}}}})),
    "ElevenLabs Scribe, channels": ("a.json", json.dumps({"transcripts": [{"language_code": "eng", "words": [{"text": t, "start": a, "end": b, "type": "word"} for t, a, b in WORDS]}]})),
    "Google, the first zero left out": ("a.json", json.dumps({"results": [{"alternatives": [{"words": [{"word": t, **({"startOffset": f"{a}s"} if k else {}), "endOffset": f"{b}s"} for k, (t, a, b) in enumerate(WORDS)]}]}]})),
    "ElevenLabs, both alignments": ("a.json", json.dumps({"alignment": {"characters": CHARS[0], "character_start_times_seconds": CHARS[1], "character_end_times_seconds": CHARS[2]}, "normalized_alignment": {"characters": [" ", *CHARS[0]], "character_start_times_seconds": [0, *CHARS[1]], "character_end_times_seconds": [0.27, *CHARS[2]]}})),
    "ElevenLabs, a last message without letters": ("a.jsonl", json.dumps({"alignment": {"chars": CHARS[0], "charStartTimesMs": [ms(t) for t in CHARS[1]], "charDurationsMs": [ms(b - a) for a, b in zip(CHARS[1], CHARS[2], strict=True)]}}) + '\n{"audio": null, "isFinal": true, "alignment": null}'),
    "Kokoro, punctuation of its own": ("a.json", json.dumps([entry for t, a, b in WORDS for entry in [{"text": t.strip(".,!"), "start_ts": a, "end_ts": b}, *([{"text": t[-1], "start_ts": b, "end_ts": b}] if t[-1] in ".,!" else [])]])),
    "Kokoro, times that are null": ("a.json", json.dumps([{"text": t, "start_ts": None if t == "to" else a, "end_ts": None if t == "to" else b} for t, a, b in WORDS])),
    "Azure, bounds of words and of punctuation": ("a.json", json.dumps([*azure_events(boundary_type="WordBoundary"), {"text": ".", "audio_offset": ticks(5.49), "duration": 500000, "boundary_type": "PunctuationBoundary"}])),
    "Echogarden, parts within parts": ("a.json", json.dumps([{"type": "sentence", "text": t, "startTime": a, "endTime": b, "timeline": [{"type": "word", "text": w, "startTime": x, "endTime": y} for w, x, y in of_cue(a, b)]} for t, a, b in CUES])),
    "Premiere": ("a.json", json.dumps({"language": "en-us", "segments": [{"start": a, "duration": b - a, "words": [{"text": w, "start": x, "duration": y - x, "type": "word"} for w, x, y in of_cue(a, b)]} for t, a, b in CUES]})),
    "clocks with commas": ("a.json", json.dumps([{"text": t, "start": clock(a), "end": clock(b)} for t, a, b in CUES])),
    "Audition's markers": ("a.csv", "Name\tStart\tDuration\tTime Format\tType\tDescription\n" + cues(lambda k, t, a, b: f"{t}\t0:{a:06.3f}\t0:{b - a:06.3f}\tdecimal\tCue\t\n")),
    "Azure's markup": ("a.ssml", f'<speak version="1.0" xmlns:mstts="https://www.w3.org/2001/mstts" xml:lang="en-US"><mstts:silence type="Sentenceboundary" value="200ms"/><bookmark mark="b"/>{TEXT}<audio src="x">noise</audio></speak>'),
    "marks before every word": ("a.ssml", "<speak>" + " ".join(f'<mark name="w{k}"/>{t}' for k, (t, *_) in enumerate(WORDS)) + "</speak>"),
}  # fmt: skip

STARTS_ALONE = (
    "lyrics of words without blanks",
    "lyrics, times of words in square brackets",
    "sherpa-onnx, when tokens begin",
)
"""These tell when words begin; one may last to the next where the sound shows no plain pause."""


KNOWN = ("Amazon, channels", "Google, a batch of one file", "ElevenLabs Scribe, channels", "Deepgram, utterances",
         "Deepgram, messages", "Azure, messages", "Cartesia, messages", "Kokoro's server, messages")  # fmt: skip
"""Of services that are known nothing is guessed."""


@pytest.mark.parametrize("kind", [*LOST, *RIGHT])
def test_no_word_is_lost_or_made_up(kind: str, sound: AudioClip, tmp_path: Path) -> None:
    name, content = (LOST | RIGHT)[kind]
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    track, report = align(sound, read_text(tmp_path / name))
    assert track is not None
    if kind in STARTS_ALONE:
        assert all(abs(w.start - a) <= SEEN for w, (_, a, _) in zip(track.words, WORDS, strict=True))
    else:
        assert_said(track.words)
    assert report.facts["words"]["given"] == report.facts["words"]["found"] == 14
    assert kind not in KNOWN or not report.warnings


REFUSED = {
    "Praat's silences": ("a.TextGrid", grid({"silences": filled("silent", lambda _: "sounding")}), "holds no words"),
    "a broadcast's clock": ("a.srt", SRT.replace("00:00:0", "01:00:0"), "reaches to 3605.5 s, but the recording ends"),
    "zeros behind the end": ("a.srt", SRT + "\0" * 64, "holds zero bytes"),
    "times with four colons": ("a.srt", SRT.replace(",", ":"), "line 2: .*expected times such as"),
    "Praat's chronological form": (
        "a.TextGrid",
        '"Praat chronological TextGrid text file"\n0 5.6',
        "save it in Praat as a TextGrid text file",
    ),
    "frames of an unknown rate": ("a.csv", 'Start,End,Text\n00:00:00:06,00:00:01:00,"Hello!"\n', "time '00:00:00:06'"),
    "columns of unknown names": (
        "a.csv",
        "Beginn;Ende;Text\n0,27;0,95;Hello!\n",
        "columns beginn, ende, text; expected",
    ),
    "Piper's sounds": (
        "a.json",
        '{"phonemes": ["h"], "phoneme_alignments": [{"phoneme": "h", "num_samples": 2000}]}',
        "known are the JSON of",
    ),
    "messages without end": ("a.json", "\n".join(['{"x": {}}'] * 20_001), "20001 messages, expected 20000 at most"),
    "figures, not words": (
        "a.json",
        json.dumps({"words": [{"word": w, "start_frame": 1} for w, *_ in WORDS]}),
        "no entry of 'words' has",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_told_is_refused(kind: str, sound: AudioClip, tmp_path: Path) -> None:
    name, content, said = REFUSED[kind]
    (tmp_path / name).write_text(content)
    with pytest.raises(TextError, match=said) as error:
        align(sound, read_text(tmp_path / name))
    assert "\n" not in str(error.value)


def test_what_is_said_twice_stays(tmp_path: Path) -> None:
    """A line that comes again at once is no caption that rolls, nor is a word of a sentence a pause."""
    (tmp_path / "a.srt").write_text(
        f"1\n{clock(0)} --> {clock(1)}\nNo!\n\n2\n{clock(1)} --> {clock(2)}\nNo!\n\n3\n{clock(2)} --> {clock(3)}\nYes!\n"
    )
    assert read_text(tmp_path / "a.srt").words == ("No!", "No!", "Yes!")
    (tmp_path / "a.TextGrid").write_text(
        grid({"words": [("", 0, 1), ("silence", 1, 2), ("", 2, 3), ("silence", 3, 4)]})
    )
    assert read_text(tmp_path / "a.TextGrid").words == ("silence", "silence")
    (tmp_path / "a.txt").write_text("10:30 - 11:00 we meet")
    assert len(read_text(tmp_path / "a.txt").words) == 4


def test_messages_may_count_from_their_own_beginning(sound: AudioClip, tmp_path: Path) -> None:
    parts = [[(w, x - a, y - a) for w, x, y in of_cue(a, b)] for _, a, b in CUES]
    text = "\n".join(
        json.dumps({"timestamps": [{"word": w, "start_time": x, "end_time": y} for w, x, y in part]}) for part in parts
    )
    (tmp_path / "a.jsonl").write_text(text)
    said = read_text(tmp_path / "a.jsonl")
    assert said.track is not None and len(said.track.words) == 14
    assert all(a.end <= b.start + 1e-6 for a, b in zip(said.track.words, said.track.words[1:], strict=False))


def test_there_are_sixty() -> None:
    assert len(LOST) + len(RIGHT) >= 60
