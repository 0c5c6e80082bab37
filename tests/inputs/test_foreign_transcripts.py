"""Transcripts as recognisers, speech synthesis, players and people write them: the same fourteen words in each."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest

from gengine.core.audio import AudioClip
from gengine.core.report import Report
from gengine.core.words import Word
from gengine.errors import TextError
from gengine.inputs.align import align
from gengine.inputs.audio import load_audio
from gengine.inputs.markup import Direction, clean
from gengine.inputs.text import read_text

FAULTS = Path(__file__).parent / "faults"
DEMOS = Path(__file__).resolve().parents[2] / "demos"

CUES = [
    ("Hello!", 0.27, 0.95),
    ("I have something really big to show you.", 1.35, 3.27),
    ("No, no! Not down here.", 3.68, 5.49),
]
TEXT = " ".join(text for text, *_ in CUES)
WORDS = [
    ("Hello!", 0.27, 0.95), ("I", 1.35, 1.43), ("have", 1.43, 1.62), ("something", 1.62, 2.08), ("really", 2.08, 2.39),
    ("big", 2.39, 2.63), ("to", 2.63, 2.77), ("show", 2.77, 2.97), ("you.", 2.97, 3.27), ("No,", 3.68, 3.95),
    ("no!", 4.15, 4.39), ("Not", 4.6, 4.85), ("down", 4.85, 5.14), ("here.", 5.14, 5.49),
]  # fmt: skip
"""When they are said in the first 5.6 s of demos/speech.wav."""

SEEN = 0.08
"""Words may differ by so much, seconds."""


@pytest.fixture(scope="module")
def sound() -> AudioClip:
    clip = load_audio(DEMOS / "speech.wav")
    return AudioClip(clip.samples[: round(5.6 * clip.rate)], clip.rate)


def letters(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalpha())


def assert_said(words: tuple[Word, ...], expected: list[tuple[str, float, float]] = WORDS) -> None:
    assert [letters(w.text) for w in words] == [letters(t) for t, *_ in expected]
    for word, (_, start, end) in zip(words, expected, strict=True):
        assert abs(word.start - start) <= SEEN and abs(word.end - end) <= SEEN, (word, start, end)


def dumped(data: object) -> str:
    return json.dumps(data, ensure_ascii=False)


def bare(text: str) -> str:
    return text.strip(".,!").lower()


def ms(t: float) -> int:
    return round(t * 1000)


def ticks(t: float) -> int:
    return round(t * 1e7)


def clock(t: float, mark: str = ",") -> str:
    return f"00:00:{int(t):02}{mark}{round(t % 1 * 1000):03}"


def short(t: float) -> str:
    return f"00:{t:05.2f}"


def characters() -> list[tuple[str, float, float]]:
    """The text's letters and blanks, each word's time shared among its letters."""
    made = []
    for text, a, b in WORDS:
        step = (b - a) / len(text)
        made += [(c, a + k * step, a + (k + 1) * step) for k, c in enumerate(text)] + [(" ", b, b)]
    return made


def lists(kind: str) -> tuple[list, list, list]:
    rows = characters() if kind == "characters" else WORDS
    return [r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows]


def youtube() -> dict:
    events: list[dict] = [{"tStartMs": 0, "dDurationMs": 5600, "id": 1}]
    for k in range(3):
        words = [w for w in WORDS if CUES[k][1] <= w[1] < CUES[k][2]]
        segs = [{"utf8": ("" if n == 0 else " ") + bare(t), "tOffsetMs": ms(a - words[0][1])}
                for n, (t, a, _) in enumerate(words)]  # fmt: skip
        segs[0].pop("tOffsetMs")
        events.append({"tStartMs": ms(words[0][1]), "dDurationMs": 3000, "segs": segs})
        events.append({"tStartMs": ms(words[-1][1]), "aAppend": 1, "segs": [{"utf8": "\n"}]})
    return {"wireMagic": "pb3", "events": events}


def cpp_tokens() -> list[dict]:
    tokens = [{"text": "[_BEG_]", "offsets": {"from": 0, "to": 0}, "id": 50363, "p": 0.9}]
    for text, a, b in WORDS:
        middle, half = (a + b) / 2, len(text) // 2
        for piece, x, y in ((" " + text[:half], a, middle), (text[half:], middle, b)):
            tokens.append({"text": piece, "offsets": {"from": ms(x), "to": ms(y)}, "id": 1, "p": 0.9, "t_dtw": -1})
    return [*tokens, {"text": "[_TT_280]", "offsets": {"from": 5600, "to": 5600}, "id": 50643, "p": 0.1}]


def speechmarks() -> str:
    lines = [{"time": 0, "type": "sentence", "start": 0, "end": 69, "value": TEXT}]
    for k, (text, a, b) in enumerate(WORDS):
        lines += [{"time": ms(a), "type": "word", "start": 0, "end": 5, "value": bare(text)},
                  {"time": ms(a), "type": "viseme", "value": "p"}]  # fmt: skip
        if k + 1 == len(WORDS) or WORDS[k + 1][1] > b:
            lines.append({"time": ms(b), "type": "viseme", "value": "sil"})
    return "\n".join(map(dumped, lines))


def transcribe() -> dict:
    items = []
    for text, a, b in WORDS:
        word = {"alternatives": [{"confidence": "0.99", "content": text.strip(".,!")}], "type": "pronunciation"}
        items.append({"start_time": f"{a}", "end_time": f"{b}", **word})
        if text[-1] in ".,!":
            items.append({"alternatives": [{"confidence": "0.0", "content": text[-1]}], "type": "punctuation"})
    return {"jobName": "x", "results": {"transcripts": [{"transcript": TEXT}], "items": items}, "status": "COMPLETED"}


def rev() -> dict:
    elements = []
    for text, a, b in WORDS:
        elements += [{"type": "text", "value": text.strip(".,!"), "ts": a, "end_ts": b, "confidence": 0.9},
                     {"type": "punct", "value": text[-1] if text[-1] in ".,!" else " "}]  # fmt: skip
    return {"monologues": [{"speaker": 0, "elements": elements}]}


def gentle() -> dict:
    words = [{"alignedWord": bare(t), "case": "success", "start": a, "end": b, "startOffset": 0, "endOffset": 5, "word": t,  # noqa: E501
              "phones": [{"phone": "hh_B", "duration": 0.1}]} for t, a, b in WORDS]  # fmt: skip
    words[4] = {"case": "not-found-in-audio", "word": "really", "startOffset": 24, "endOffset": 30}
    return {"transcript": TEXT, "words": words}


def own(**keys: str) -> list[dict]:
    """Words under other keys: word=…, start=…, end=…."""
    return [{keys["word"]: t, keys["start"]: a, keys["end"]: b} for t, a, b in WORDS]


def azure_events(**more: object) -> list[dict]:
    return [{"text": t.strip(".,!"), "audio_offset": ticks(a), "duration": ticks(b - a), "boundary_type": "Word", **more}  # noqa: E501
            for t, a, b in WORDS]  # fmt: skip


def growing() -> str:
    """Live captions that grow word by word."""
    blocks = []
    for k, (_, a, _) in enumerate(WORDS):
        end = WORDS[k + 1][1] if k + 1 < len(WORDS) else 5.5
        blocks.append(f"{k + 1}\n{clock(a)} --> {clock(end)}\n{' '.join(t for t, *_ in WORDS[: k + 1])}\n")
    return "\n".join(blocks)


def textgrid(tiers: dict[str, list[tuple[str, float, float]]], points: bool = False) -> str:
    """Praat's short form."""
    text = f'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n5.6\n<exists>\n{len(tiers)}\n'
    for name, rows in tiers.items():
        text += f'"{"TextTier" if points else "IntervalTier"}"\n"{name}"\n0\n5.6\n{len(rows)}\n'
        text += "".join(f'{a}\n{"" if points else f"{b}" + chr(10)}"{t}"\n' for t, a, b in rows)
    return text


SRT = "\n".join(f"{k}\n{clock(a)} --> {clock(b)}\n{t}\n" for k, (t, a, b) in enumerate(CUES, 1))
VTT = "WEBVTT\n\n" + "\n".join(f"{clock(a, '.')} --> {clock(b, '.')}\n{t}\n" for t, a, b in CUES)
ASS = (
    "[Script Info]\nScriptType: v4.00+\n\n[Events]\n"
    "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
)
JSON_TIMES = [{"startTime": f"{a:.3f}s", "endTime": f"{b:.3f}s", "word": t} for t, a, b in WORDS]
DEEPGRAM = [{"word": bare(t), "punctuated_word": t, "start": a, "end": b, "confidence": 0.9} for t, a, b in WORDS]
SEGMENTS = [{"id": k, "start": a, "end": b, "text": " " + t} for k, (t, a, b) in enumerate(CUES)]
CHARS, PARALLEL = lists("characters"), lists("words")
MFA = {
    "start": 0, "end": 5.6,
    "tiers": {"words": {"type": "interval", "entries": [[a, b, bare(t)] for t, a, b in WORDS]}},
}  # fmt: skip

VARIANTS: dict[str, tuple[str, str]] = {
    # recognisers
    "Whisper, segments alone": ("a.json", dumped({"text": TEXT, "segments": SEGMENTS, "language": "en"})),
    "OpenAI, words beside segments": ("a.json", dumped({
        "task": "transcribe", "language": "english", "duration": 5.6, "text": TEXT, "segments": SEGMENTS,
        "words": [{"word": bare(t), "start": a, "end": b} for t, a, b in WORDS]})),
    "faster-whisper, tuples": ("a.json", dumped([
        {"id": 1, "start": 0.27, "end": 5.49, "text": TEXT, "words": [[a, b, " " + t, 0.9] for t, a, b in WORDS]}])),
    "WhisperX, words without times": ("a.json", dumped({"segments": [{"start": 0.27, "end": 5.5, "text": TEXT, "words": [  # noqa: E501
        {"word": t} if t in ("to", "down") else {"word": t, "start": a, "end": b, "score": 0.9} for t, a, b in WORDS]}]})),  # noqa: E501
    "whisper-timestamped": ("a.json", dumped({"segments": [{"words": own(word="text", start="start", end="end")}]})),
    "whisper.cpp -oj": ("a.json", dumped({"result": {"language": "en"}, "transcription": [
        {"timestamps": {"from": clock(a), "to": clock(b)}, "offsets": {"from": ms(a), "to": ms(b)}, "text": " " + t}
        for t, a, b in CUES]})),
    "whisper.cpp -ojf": ("a.json", dumped({"result": {"language": "en"}, "transcription": [
        {"offsets": {"from": 270, "to": 5490}, "text": TEXT, "tokens": cpp_tokens()}]})),
    "whisper.cpp's print": ("a.txt", "\n".join(f"[{clock(a, '.')} --> {clock(b, '.')}]   {t}" for t, a, b in CUES)),
    "Whisper's print": ("a.txt", "\n".join(f"[{short(a)}0 --> {short(b)}0]  {t}" for t, a, b in CUES)),
    "Whisper's table": ("a.tsv", "start\tend\ttext\n" + "\n".join(f"{ms(a)}\t{ms(b)}\t{t}" for t, a, b in CUES)),
    "whisper.cpp's table": ("a.csv", "start,end,text\n" + "\n".join(f'{ms(a)},{ms(b)}," {t}"' for t, a, b in CUES)),
    "Transformers, words": ("a.json", dumped({"text": TEXT, "chunks": [
        {"text": " " + t, "timestamp": [a, b]} for t, a, b in WORDS]})),
    "NeMo": ("a.json", dumped({"text": TEXT, "timestamp": {"word": own(word="word", start="start", end="end")}})),
    "ElevenLabs Scribe": ("a.json", dumped({"language_code": "eng", "text": TEXT, "words": [
        w for t, a, b in WORDS for w in ({"text": t, "start": a, "end": b, "type": "word", "speaker_id": "speaker_0"},
                                         {"text": " ", "start": b, "end": b, "type": "spacing"})]
        + [{"text": "(laughs)", "start": 5.5, "end": 5.6, "type": "audio_event"}]})),
    "Deepgram": ("a.json", dumped({"metadata": {}, "results": {"channels": [
        {"alternatives": [{"transcript": TEXT, "words": DEEPGRAM}], "detected_language": "en"}]}})),
    "AssemblyAI": ("a.json", dumped({"id": "x", "language_code": "en_us", "text": TEXT, "words": [
        {"text": t, "start": ms(a), "end": ms(b), "confidence": 0.9, "speaker": "A"} for t, a, b in WORDS]})),
    "Google, v1": ("a.json", dumped({"results": [{"alternatives": [{"transcript": TEXT, "words": JSON_TIMES}]}]})),
    "Google, seconds and nanos": ("a.json", dumped({"results": [{"alternatives": [{"words": [
        {"word": t, "start_time": {"seconds": int(a), "nanos": round(a % 1 * 1e9)},
         "end_time": {"seconds": int(b), "nanos": round(b % 1 * 1e9)}} for t, a, b in WORDS]}]}]})),
    "Google, v2": ("a.json", dumped({"results": [{"alternatives": [{"words": [
        {"word": t, "startOffset": f"{a}s", "endOffset": f"{b}s"} for t, a, b in WORDS]}], "languageCode": "en-us"}]})),
    "Amazon Transcribe": ("a.json", dumped(transcribe())),
    "Azure, detailed": ("a.json", dumped({"RecognitionStatus": "Success", "NBest": [{"Display": TEXT, "Words": [
        {"Word": bare(t), "Offset": ticks(a), "Duration": ticks(b - a)} for t, a, b in WORDS]}]})),
    "Azure, fast transcription": ("a.json", dumped({"phrases": [{"offsetMilliseconds": 270, "text": TEXT, "locale": "en-US",  # noqa: E501
        "words": [{"text": t, "offsetMilliseconds": ms(a), "durationMilliseconds": ms(b - a)} for t, a, b in WORDS]}]})),  # noqa: E501
    "Speechmatics": ("a.json", dumped({"format": "2.9", "results": [
        {"type": "word", "start_time": a, "end_time": b, "alternatives": [{"content": t}]} for t, a, b in WORDS]})),
    "IBM Watson": ("a.json", dumped({"results": [{"alternatives": [{"timestamps": [[bare(t), a, b] for t, a, b in WORDS]}]}]})),  # noqa: E501
    "Vosk, a line for each utterance": ("a.json", "\n".join(dumped({"result": [
        {"conf": 1.0, "start": a, "end": b, "word": bare(t)} for t, a, b in part], "text": "x"}) for part in (WORDS[:9], WORDS[9:]))),  # noqa: E501
    "Rev": ("a.json", dumped(rev())),
    "Gentle, a word not found": ("a.json", dumped(gentle())),
    "Montreal Forced Aligner, JSON": ("a.json", dumped(MFA)),
    "Montreal Forced Aligner, table": ("a.csv", "Begin,End,Label,Type,Speaker\n" + "\n".join(
        f"{a},{b},{bare(t)},words,x\n{a},{b},HH,phones,x" for t, a, b in WORDS)),
    "Kaldi": ("a.ctm", "\n".join(f"x 1 {a:.2f} {b - a:.2f} {bare(t)} 0.99" for t, a, b in WORDS)),
    "YouTube, json3": ("a.json3", dumped(youtube())),
    # synthesis
    "ElevenLabs": ("a.json", dumped({"audio_base64": "", "alignment": {"characters": CHARS[0],
        "character_start_times_seconds": CHARS[1], "character_end_times_seconds": CHARS[2]}})),
    "ElevenLabs, normalised alone": ("a.json", dumped({"alignment": None, "normalized_alignment": {"characters": CHARS[0],  # noqa: E501
        "character_start_times_seconds": CHARS[1], "character_end_times_seconds": CHARS[2]}})),
    "ElevenLabs, stream of chunks": ("a.jsonl", "\n".join(dumped({"alignment": {"chars": CHARS[0][p], "charStartTimesMs": [  # noqa: E501
        ms(t) for t in CHARS[1][p]], "charDurationsMs": [ms(b - a) for a, b in zip(CHARS[1][p], CHARS[2][p], strict=True)]}})  # noqa: E501
        for p in (slice(0, 30), slice(30, None)))),
    "Cartesia": ("a.json", dumped({"word_timestamps": dict(zip(("words", "start", "end"), PARALLEL, strict=True))})),
    "Inworld": ("a.json", dumped({"timestampInfo": {"wordAlignment": dict(zip(
        ("words", "wordStartTimeSeconds", "wordEndTimeSeconds"), PARALLEL, strict=True))}})),
    "Azure, events and visemes": ("a.json", dumped([*azure_events(), {"visemeId": 3, "audioOffset": 500000}])),
    "Azure, batch synthesis": ("a.json", dumped([{"Text": t, "AudioOffset": ms(a), "Duration": ms(b - a)} for t, a, b in WORDS])),  # noqa: E501
    "edge-tts": ("a.jsonl", "\n".join(dumped({"type": "WordBoundary", "offset": ticks(a), "duration": ticks(b - a), "text": t})  # noqa: E501
                                      for t, a, b in WORDS)),
    "Amazon Polly": ("a.marks", speechmarks()),
    "Google, marks named by words": ("a.json", dumped({"timepoints": [
        {"markName": bare(t), "timeSeconds": a} for t, a, _ in WORDS]})),
    "Kokoro": ("a.json", dumped(own(word="text", start="start_ts", end="end_ts"))),
    "Kokoro's server": ("a.json", dumped({"audio": "", "timestamps": own(word="word", start="start_time", end="end_time")})),  # noqa: E501
    # subtitles, lyrics, labels
    "lyrics": ("a.lrc", "[ti:A title]\n[length:00:06]\n" + "\n".join(f"[{short(a)}]{t}" for t, a, _ in CUES)),
    "lyrics with an offset": ("a.lrc", "[offset:+200]\n" + "\n".join(f"[{short(a + 0.2)}] {t}" for t, a, _ in CUES)),
    "lyrics of words": ("a.lrc", "\n".join(f"[{short(a)}] " + " ".join(
        f"<{short(x)}> {t}" for t, x, _ in WORDS if a <= x < b) + f" <{short(b)}>" for _, a, b in CUES)),
    "YouTube, .sbv": ("a.sbv", "\n".join(f"0:{clock(a, '.')[3:]},0:{clock(b, '.')[3:]}\n{t}\n" for t, a, b in CUES)),
    "WebVTT with voices and styles": ("a.vtt", VTT.replace("Hello!", "<v.loud Anna>Hello!</v>").replace("big", "<b>big</b>")),  # noqa: E501
    "WebVTT karaoke": ("a.vtt", "WEBVTT\n\n" + "\n".join(f"{clock(a, '.')} --> {clock(b, '.')}\n" + "".join(
        f"<{clock(x, '.')}>{t} " for t, x, _ in WORDS if a <= x < b) + "\n" for _, a, b in CUES)),
    "SubStation karaoke": ("a.ass", ASS + "\n".join(
        f"Dialogue: 0,0:00:{a:05.2f},0:00:{b:05.2f},Default,,0,0,0,,{{\\k{round((b - a) * 100)}}}{t}" for t, a, b in WORDS)),  # noqa: E501
    "SubRip with styles": ("a.srt", SRT.replace("Hello!", '{\\an8}<font color="#ff0">Hello!</font>').replace("big", "<i>big</i>")),  # noqa: E501
    "SubRip out of order": ("a.srt", "\n".join(reversed(SRT.strip().split("\n\n")))
                            .replace("here.\n2", "here.\n\n2").replace("you.\n1", "you.\n\n1")),
    "SubRip with overlapping cues": ("a.srt", SRT.replace(clock(0.95), clock(1.6)).replace(clock(3.27), clock(4.0))),
    "SubRip with sounds and speakers": ("a.srt", SRT.replace("Hello!", "[door opens] ANNA: Hello! ♪♪").replace(
        "No, no!", "- No, no! (sighs)")),
    "SubRip with brackets that are spoken": ("a.srt", SRT.replace("really big", "(really) big").replace("I have", "[I] have")),  # noqa: E501
    "SubRip 1.5 s late": ("a.srt", "\n".join(f"{clock(a + 1.5)} --> {clock(b + 1.5)}\n{t}\n" for t, a, b in CUES)),
    "captions that grow": ("a.srt", growing()),
    "SubRip in a .txt": ("a.txt", SRT),
    "TTML": ("a.ttml", '<tt xmlns="http://www.w3.org/ns/ttml"><body><div>' + "".join(
        f'<p begin="{clock(a, ".")}" end="{clock(b, ".")}">{t}</p>' for t, a, b in CUES) + "</div></body></tt>"),
    "a player's transcript": ("a.txt", "\n".join(f"0:{int(a):02}\n{t}" for t, a, _ in CUES)),
    "lines with times in brackets": ("a.txt", "\n".join(f"[00:00:{int(a):02}] {t}" for t, a, _ in CUES)),
    "a table with decimal commas": ("a.csv", "start;end;word\n" + "\n".join(
        f"{a};{b};{t.strip(',')}".replace(".", ",") for t, a, b in WORDS)),
    # markup
    "SSML": ("a.ssml", '<?xml version="1.0"?><speak version="1.0" xml:lang="en-US"><voice name="x"><mstts:express-as '
             'style="cheerful">Hello!<break time="400ms"/> I have something <emphasis level="strong">really</emphasis> '
             'big to show you.</mstts:express-as><prosody rate="fast">No, no! <sub alias="Not">!</sub> down '
             "here.</prosody></voice></speak>"),
    "audio tags": ("a.txt", "[excited] Hello! *laughs* I have something *really* big (whispers) to show you. [pause] "
                   "<laugh> No, no! <#0.5#> Not [laughs harder] down here."),
    # Praat
    "TextGrid, one speaker of two by name": ("a.TextGrid", textgrid({
        "Ben - words": [("yes", 0.1, 0.2)], "Anna - words": [(bare(t), a, b) for t, a, b in WORDS]})),
    "TextGrid of points": ("a.TextGrid", textgrid({"words": [(bare(t), a, b) for t, a, b in WORDS]}, points=True)),
    "TextGrid of utterances in a .txt": ("a.txt", textgrid({"utterances": CUES})),
}  # fmt: skip


STARTS_ALONE = ("lyrics of words", "WebVTT karaoke")
"""These tell when words begin; one may last to the next where the sound shows no plain pause."""


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_words_lie_where_they_are_said(variant: str, sound: AudioClip, tmp_path: Path) -> None:
    name, text = VARIANTS[variant]
    (tmp_path / name).write_text(text, encoding="utf-8")
    track, report = align(sound, read_text(tmp_path / name))
    if variant in STARTS_ALONE:
        assert all(abs(w.start - a) <= SEEN for w, (_, a, _) in zip(track.words, WORDS, strict=True))
    else:
        assert_said(track.words)
    facts = report.facts["words"]
    assert facts["given"] == 14 and facts["found"] == 14 and facts["language"] == "en"


@pytest.mark.parametrize("name", ["03a_blank_after_time.srt", "03c_no_blank_between.srt", "04_youtube_rolling.vtt",
                                  "05_whisper_early_words.json", "08a_audacity_labels.txt",
                                  "10_elevenlabs_timestamps.json"])  # fmt: skip
def test_files_that_went_wrong_once(name: str, sound: AudioClip) -> None:
    track, report = align(sound, read_text(FAULTS / name))
    assert_said(track.words)
    assert report.facts["words"]["moved"] == (5 if name.startswith("05") else 0)


def test_of_several_speakers_none_is_lost_in_silence(sound: AudioClip) -> None:
    grid = FAULTS / "06_two_speakers.TextGrid"
    track, report = align(sound, read_text(grid))
    assert_said(track.words, WORDS[1:])
    assert "'SPEAKER_00', 'SPEAKER_01'" in report.warnings[0] and "1 words of the others" in report.warnings[0]
    for tier in ("SPEAKER_00", "speaker_00 - words"):
        track, report = align(sound, read_text(grid, tier=tier))
        assert_said(track.words, WORDS[:1])
    with pytest.raises(TextError, match="tier 'SPEAKER_07' is unknown; .*SPEAKER_00 - words"):
        read_text(grid, tier="SPEAKER_07")
    with pytest.raises(TextError, match="is for a .TextGrid"):
        read_text(FAULTS / "03a_blank_after_time.srt", tier="words")


def test_a_textgrid_of_sounds_alone_moves_the_lips(sound: AudioClip, tmp_path: Path) -> None:
    sounds = [("HH", 0.27, 0.36), ("AH0", 0.36, 0.45), ("L", 0.45, 0.6), ("OW1", 0.6, 0.95), ("", 0.95, 5.6)]
    (tmp_path / "a.TextGrid").write_text(textgrid({"phones": sounds}))
    track, report = align(sound, read_text(tmp_path / "a.TextGrid"))
    assert [p.symbol for p in track.phones if p.symbol != "sil"] == ["HH", "AH", "L", "OW"] and not track.words
    assert "sounds alone" in report.notes[0]


def test_old_encodings_keep_their_language() -> None:
    assert read_text(FAULTS / "07a_russian_cp1251.srt").words[:2] == ("Привет,", "это")
    assert read_text(FAULTS / "07c_chinese_gbk.srt").text.replace(" ", "") == "你好，这是一个测试。"


# ---- times are evidence


def timed_file(path: Path, words: list[tuple[str, float | None, float | None]]) -> Path:
    path.write_text(dumped([{"word": t, **({} if a is None else {"start": a, "end": b})} for t, a, b in words]))
    return path


def test_times_that_fit_stay_to_the_bit(sound: AudioClip, tmp_path: Path) -> None:
    nudged = [(t, a + 0.03 * (k % 2), b + 0.02) for k, (t, a, b) in enumerate(WORDS)]
    track, report = align(sound, read_text(timed_file(tmp_path / "a.json", nudged)))
    given = read_text(tmp_path / "a.json").track
    assert given is not None and [w.start for w in track.words] == [w.start for w in given.words]
    assert report.facts["words"]["moved"] == 0 and report.warnings == ()


def test_a_shift_is_mended_and_said(sound: AudioClip, tmp_path: Path) -> None:
    for shift, said in ((0.6, "late"),):
        shifted = [(t, a + shift, b + shift) for t, a, b in WORDS if a < 5]
        track, report = align(sound, read_text(timed_file(tmp_path / "a.json", shifted)))
        assert_said(track.words, WORDS[:-1])
        assert report.facts["words"]["moved"] == 13 and said in report.warnings[0]


def test_words_without_times_are_found(sound: AudioClip, tmp_path: Path) -> None:
    some = [(t, None, None) if k in (0, 4, 5, 13) else (t, a, b) for k, (t, a, b) in enumerate(WORDS)]
    track, report = align(sound, read_text(timed_file(tmp_path / "a.json", some)))
    assert_said(track.words)
    assert report.facts["words"]["estimated"] == 0 and report.facts["words"]["found"] == 14


@pytest.mark.parametrize("kind", ["as they are", "Whisper's pauses", "jitter"])
def test_hand_set_times_are_not_worsened_and_poor_ones_get_better(
    kind: str, reference_data: Path, tmp_path: Path
) -> None:
    random = np.random.default_rng(0)
    before: list[float] = []
    after: list[float] = []
    for grid in sorted((reference_data / "ljspeech/textgrid").rglob("*.TextGrid"))[:8]:
        track = read_text(grid).track
        assert track is not None
        words = [[w.text, w.start, w.end] for w in track.words]
        for k in range(len(words) - 1):
            gap = words[k + 1][1] - words[k][2]
            if kind == "Whisper's pauses" and gap > 0.02:
                words[k + 1][1] = max(words[k][2], words[k + 1][1] - 0.45)
            if kind == "jitter":
                words[k][2] = words[k + 1][1] = max(words[k + 1][1] + random.normal(0, 0.08), words[k][1] + 0.02)
        clip = load_audio(reference_data / "ljspeech/flac" / f"{grid.stem}.flac")
        mended, _ = align(clip, read_text(timed_file(tmp_path / "a.json", [tuple(w) for w in words])))
        for (_, a, b), gold, now in zip(words, track.words, mended.words, strict=True):
            before.append(max(abs(a - gold.start), abs(b - gold.end)))
            after.append(max(abs(now.start - gold.start), abs(now.end - gold.end)))
    if kind == "as they are":
        moved = np.array(after) > 0.005  # six words of one sentence, which the aligner hears .1 s off
        assert moved.sum() <= 6 and np.max(after) < 0.12
    else:
        assert np.mean(after) < (0.6 if kind == "jitter" else 0.8) * np.mean(before)


# ---- what is not spoken


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Hello [music] there (applause)", "Hello there"),
        ("I (really) mean it (laughs)", "I really mean it"),
        ("[I have something to say.] ♪ upbeat music ♪", "I have something to say."),
        ("♪ happy birthday to you ♪", "happy birthday to you"),
        ("*sighs* This is *very* **good**", "This is very good"),
        ("[laughs harder] ok [Applaus] gut [掌声] 好", "ok gut 好"),
        ("if a < b and 3 > 2 then <3", "if a b and 3 > 2 then 3"),
        ("[S1] Hi. [S2] Yes. [SPEAKER_00]: no", "Hi. Yes. no"),
        ("[Kokoro](/kˈOkəɹO/) speaks", "Kokoro speaks"),
        ('<say-as interpret-as="characters">ABC</say-as> <say-as interpret-as="ordinal">3</say-as>', "A B C 3rd"),
        ("AT&amp;T &lt;b&gt; {\\an8}up", "AT&T <b> up"),
    ],
)
def test_what_is_spoken(text: str, spoken: str) -> None:
    assert clean(text).text == spoken


def test_directions_stand_at_their_words() -> None:
    said = read_text(
        '<speak>One <break time="500ms"/> two <emphasis>three four</emphasis> <express-as style="sad">five'
        "</express-as> [laughs] six</speak>"
    )
    assert said.words == ("One", "two", "three", "four", "five", "six")
    assert said.directions == (
        Direction("pause", "500ms", 1, 1), Direction("emphasis", "moderate", 2, 4), Direction("style", "sad", 4, 5),
        Direction("sound", "laughs", 5, 5),
    )  # fmt: skip
    assert "not spoken" in said.report.notes[0] and any("'sad'" in note for note in said.report.notes)
    assert isinstance(said.report, Report) and said.report.warnings == ()


# ---- what nobody should send


@pytest.mark.parametrize(
    "sign", ["<", "<a ", "<!--", "[", "(", "*a", "♪", "{", "&#9", '<a b="', "- ", " ", "A. ", "[[ "]
)
def test_cleaning_takes_no_longer_than_the_text(sign: str) -> None:
    began = time.perf_counter()
    clean(sign * (200_000 // len(sign)), cue=True)
    assert time.perf_counter() - began < 5


HUGE = "9" * 5000


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", f'{{"words": [{{"word": "a", "start": {HUGE}, "end": 1}}]}}'),
        ("a.json", '{"words": [{"word": "a", "start": 1e999, "end": 1}]}'),
        ("a.json", "[" * 100_000),
        ("a.json", '{"foo": 1, "bar": 2}'),
        ("a.json", '{"alignment": {"characters": ["a"], "character_start_times_seconds": [1],'
                   ' "character_end_times_seconds": []}}'),
        ("a.json", '{"transcription": [{"text": "a", "offsets": {"from": -5, "to": 1}}]}'),
        ("a.json", '{"events": [{"segs": [{"utf8": "a"}], "tStartMs": "x"}]}'),
        ("a.srt", f"1\n{HUGE}:00:00,000 --> {HUGE}:00:01,000\nhello"),
        ("a.lrc", "no times"),
        ("a.tsv", "a\tb\n1\t2"),
        ("a.csv", f"start,end,text\n{HUGE},1,a"),
        ("a.ctm", "x 1 nan 0.2 word"),
        ("a.ttml", '<!DOCTYPE tt [<!ENTITY a "b">]><tt/>'),
        ("a.TextGrid", textgrid({"words": [("a", 0, float(f"{10**20}"))]})),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_in_one_line(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(TextError) as error:
        read_text(tmp_path / name)
    assert len(str(error.value)) < 700


def test_an_unknown_shape_lists_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"foo": 1}')
    with pytest.raises(TextError, match="foo; known are the JSON of .*ElevenLabs.*whisper.cpp.*Polly.*Deepgram"):
        read_text(tmp_path / "a.json")


def test_entities_beyond_all_numbers_are_text(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text(f"1\n00:00:00,100 --> 00:00:01,000\n&#{HUGE}; hello")
    assert read_text(tmp_path / "a.srt").words[-1] == "hello"


def test_a_pipe_is_no_transcript(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.srt")
    with pytest.raises(TextError, match="does not exist|no regular file"):
        read_text(tmp_path / "a.srt")


def test_tags_within_each_other_are_followed_64_deep() -> None:
    """A silent element is left out as long as it lies no deeper; then its text is taken for what is said."""
    assert clean("<b>" * 63 + "<audio>noise</audio> said").text == "said"
    assert clean("<b>" * 64 + "<audio>noise</audio> said").text == "noise said"
    assert clean("<b>" * 64 + "</b>" + "<audio>noise</audio> said").text == "said"


def test_tags_that_never_close_cost_no_more_than_their_length() -> None:
    def took(tags: int) -> float:
        began = time.process_time()
        assert clean("<b>a " * tags).words == tags
        return time.process_time() - began

    took(500)
    assert took(64_000) < 150 * took(2_000)  # 32 where it is as long, 1024 where each looks at all others


@pytest.mark.parametrize("line", ["[" + "a" * 100_000, "  ab[" + "[a" * 50_000])
def test_a_heading_that_never_ends_costs_no_more_than_its_length(line: str, tmp_path: Path) -> None:
    (tmp_path / "a.ass").write_text(f"{line}\n[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,Hello!\n")
    began = time.process_time()
    assert read_text(tmp_path / "a.ass").text == "Hello!"
    assert time.process_time() - began < 2
