"""Forced alignment of real speech, and what happens when text and sound do not belong together."""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gengine.core.audio import AudioClip
from gengine.core.words import WordTrack
from gengine.errors import TextError
from gengine.inputs.align import align
from gengine.inputs.audio import load_audio
from gengine.inputs.phone_symbols import ARPABET, EXTENDED
from gengine.inputs.text import read_text

DEMOS = Path(__file__).resolve().parents[2] / "demos"
TEXT = (DEMOS / "speech.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def speech() -> AudioClip:
    return load_audio(DEMOS / "speech.wav")


@pytest.fixture(scope="module")
def aligned(speech: AudioClip) -> WordTrack:
    track, report = align(speech, read_text(TEXT))
    assert report.warnings == ()
    return track


def assert_complete(track: WordTrack, duration: float) -> None:
    """Phones cover the recording without gaps, words are in order and inside."""
    assert track.phones[0].start == 0.0 and track.phones[-1].end == duration
    assert all(a.end == b.start for a, b in zip(track.phones, track.phones[1:], strict=False))
    assert {p.symbol for p in track.phones} <= ARPABET | EXTENDED | {"sil"}
    assert all(0 <= w.start <= w.end <= duration for w in track.words)


def word(track: WordTrack, text: str) -> tuple[float, float]:
    found = next(w for w in track.words if w.text.strip(",.!?:").lower() == text)
    return found.start, found.end


def test_words_are_where_the_sound_is(aligned: WordTrack, speech: AudioClip) -> None:
    assert aligned.source == "aligned" and aligned.language == "en"
    assert [w.text for w in aligned.words] == TEXT.split()
    assert_complete(aligned, speech.duration)
    # demos/make_speech.py puts silence of exactly zero between the sentences.
    loud = np.abs(speech.samples) > 0
    edges = np.flatnonzero(np.diff(loud.astype(int), prepend=0))
    pauses = [(a, b) for a, b in zip(edges[1:], edges[2:], strict=False) if not loud[a] and b - a > 3200]
    assert len(pauses) >= 4
    for start, end in pauses:
        middle = (start + end) / 2 / speech.rate
        assert all(not w.start < middle < w.end for w in aligned.words)
        assert next(p for p in aligned.phones if p.start <= middle < p.end).symbol == "sil"


def test_sounds_and_stress(aligned: WordTrack) -> None:
    start, end = word(aligned, "believe")
    inside = [p for p in aligned.phones if p.start >= start and p.end <= end]
    assert [p.symbol for p in inside] == ["B", "IH", "L", "IY", "V"]
    assert [p.stress for p in inside] == [-1, 0, -1, 1, -1]


def test_lips_are_closed_when_the_sound_says_so(aligned: WordTrack, speech: AudioClip) -> None:
    """During P and B the sound is far below the vowel that follows."""
    drops = []
    for closure, vowel in zip(aligned.phones, aligned.phones[1:], strict=False):
        if closure.symbol in "PB" and vowel.symbol != "sil":
            level = [np.square(speech.samples[int(p.start * 16000) : int(p.end * 16000)]) for p in (closure, vowel)]
            drops.append(10 * np.log10(np.min(level[1].mean()) / np.median(level[0])))
    assert len(drops) >= 3 and min(drops) > 5


def test_same_answer_every_time_and_at_any_rate(aligned: WordTrack, speech: AudioClip) -> None:
    align(speech, read_text("something else was heard in between"))
    assert align(speech, read_text(TEXT))[0] == aligned
    import soxr

    doubled = AudioClip(soxr.resample(speech.samples, 16_000, 48_000), 48_000)
    track, _ = align(doubled, read_text(TEXT))
    apart = np.abs([a.start - b.start for a, b in zip(track.words, aligned.words, strict=True)])
    assert np.percentile(apart, 95) < 0.03 and apart.max() < 0.05  # after a pause an onset has two good places


def test_unknown_words_and_numbers(speech: AudioClip) -> None:
    text = TEXT.replace("everybody", "evvribody").replace("to show", "2 show")
    track, _ = align(speech, read_text(text))
    assert track.source == "aligned" and "evvribody." in [w.text for w in track.words]
    assert_complete(track, speech.duration)


def test_words_that_nobody_says_do_not_harm_the_others(speech: AudioClip, aligned: WordTrack) -> None:
    text = TEXT.replace("big", "big wonderful").replace("Look", "Seventeen elephants look").replace("really ", "")
    track, report = align(speech, read_text(text))
    assert track.source == "aligned" and report.warnings == ()
    for text in ("show", "up", "everybody"):
        assert word(track, text) == pytest.approx(word(aligned, text), abs=0.05)
    start, end = word(track, "elephants")
    assert end - start < 0.05


def test_long_recordings_in_chunks(speech: AudioClip, aligned: WordTrack) -> None:
    copies = 5
    long = AudioClip(np.tile(speech.samples, copies))
    began = time.process_time()
    track, report = align(long, read_text(TEXT * copies))
    assert long.duration / (time.process_time() - began) > 10  # 30 on an idle machine
    assert report.warnings == () and track.source == "aligned"
    assert_complete(track, long.duration)
    wanted = [w.start + k * speech.duration for k in range(copies) for w in aligned.words]
    assert np.percentile(np.abs([w.start - t for w, t in zip(track.words, wanted, strict=True)]), 95) < 0.05


def test_subtitles_are_aligned_inside_their_times(tmp_path: Path, speech: AudioClip, aligned: WordTrack) -> None:
    (tmp_path / "a.srt").write_text(
        "1\n00:00:00,000 --> 00:00:03,400\nHello! I have something really big to show you.\n\n"
        "2\n00:00:07,000 --> 00:00:10,200\nIt changes all of us: you, me, everybody.\n",
        encoding="utf-8",
    )
    track, report = align(speech, read_text(tmp_path / "a.srt"))
    assert track.source == "aligned" and report.warnings == ()
    assert_complete(track, speech.duration)
    for text in ("big", "changes", "everybody"):
        assert word(track, text) == pytest.approx(word(aligned, text), abs=0.05)
    assert all(p.symbol == "sil" for p in track.phones if 4 < p.start and p.end < 6.5)


def test_given_words_keep_their_times_and_get_phones(tmp_path: Path, speech: AudioClip, aligned: WordTrack) -> None:
    rows = [f'{{"word": "{w.text}", "start": {w.start}, "end": {w.end}}}' for w in aligned.words]
    (tmp_path / "a.json").write_text("[" + ",".join(rows) + "]", encoding="utf-8")
    track, report = align(speech, read_text(tmp_path / "a.json"))
    assert track.source == "given" and report.warnings == () and track.words == aligned.words
    assert_complete(track, speech.duration)
    ours = [p for p in track.phones if p.symbol in "PBM"]
    theirs = [p for p in aligned.phones if p.symbol in "PBM"]
    assert [p.start for p in ours] == pytest.approx([p.start for p in theirs], abs=0.03)


def test_given_phones_are_kept(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(
        '{"words": [{"word": "me", "start": 0.2, "end": 0.5}], "phones": [{"phone": "M", "start": 0.2, "end": 0.3},'
        '{"phone": "IY1", "start": 0.3, "end": 0.5}]}',
        encoding="utf-8",
    )
    track, report = align(AudioClip(np.zeros(16_000)), read_text(tmp_path / "a.json"))
    assert report.warnings == () and [(p.symbol, p.start) for p in track.phones] == [
        ("sil", 0.0), ("M", 0.2), ("IY", 0.3), ("sil", 0.5),
    ]  # fmt: skip


def test_german_is_aligned_by_way_of_english_sounds(speech: AudioClip) -> None:
    track, _ = align(speech, read_text("Hällo! Ei häw samthing rielie bigg tu scho ju.", "de"))
    assert track.language == "de"
    assert_complete(track, speech.duration)


def test_a_script_without_sounds_gets_word_times_only(speech: AudioClip) -> None:
    track, report = align(speech, read_text("你好世界我们都很好"))
    assert track.source == "estimated" and track.phones == () and len(track.words) == 9
    assert "estimated" in report.warnings[0]


# ---- text and sound that do not belong together


def test_another_text_is_noticed(speech: AudioClip) -> None:
    text = "Printing, in the only sense with which we are at present concerned, differs from most of the arts"
    track, report = align(speech, read_text(text))
    assert track.source == "estimated" and "could not be found in the sound" in report.warnings[0]
    assert [w.text for w in track.words] == text.split() and track.phones == ()  # who hears the sound knows as much
    assert report.facts["words"]["sounds"] == "heard"


def test_too_many_words(speech: AudioClip) -> None:
    track, report = align(speech, read_text(TEXT * 4))
    assert track.source == "estimated" and "too many for" in report.warnings[0]
    assert track.phones == ()
    with pytest.raises(TextError, match="cannot be spoken in"):
        align(speech, read_text(TEXT * 30))


def test_far_too_few_words(speech: AudioClip) -> None:
    _, report = align(speech, read_text("Hello"))
    assert "few for" in report.warnings[0]


@pytest.mark.parametrize("sound", [np.zeros(48_000), 0.1 * np.random.default_rng(0).standard_normal(48_000)])
def test_silence_and_noise(sound: np.ndarray) -> None:
    track, report = align(AudioClip(sound), read_text("hello there"))
    assert track.source == "estimated" and report.warnings
    assert [w.text for w in track.words] == ["hello", "there"] and track.phones == ()


def test_shortest_recording() -> None:
    track, _ = align(AudioClip(np.zeros(1600)), read_text("hi"))
    assert [w.text for w in track.words] == ["hi"] and track.phones == ()


def test_times_of_another_recording(tmp_path: Path, speech: AudioClip) -> None:
    (tmp_path / "a.srt").write_text("1\n00:01:00,000 --> 00:01:02,000\nHello there\n", encoding="utf-8")
    with pytest.raises(TextError, match="ends at 11.9 s"):
        align(speech, read_text(tmp_path / "a.srt"))


# ---- real speech with reference labels


def _ljspeech(folder: Path, count: int) -> Iterator[tuple[AudioClip, str, WordTrack]]:
    with (folder / "metadata.tsv").open(encoding="utf-8") as file:
        for row in list(csv.DictReader(file, delimiter="\t"))[:count]:
            reference = read_text(folder / "textgrid" / f"{row['id']}.TextGrid", "en").track
            assert reference is not None
            yield load_audio(folder / "flac" / f"{row['id']}.flac"), row["text"], reference


@pytest.mark.data
def test_closures_against_reference_labels(reference_data: Path) -> None:
    """P, B, M of 8 clips: the median start and end within 20 ms of labels that are themselves 14 ms late."""
    errors = []
    for clip, text, reference in _ljspeech(reference_data / "ljspeech", 8):
        track, _ = align(clip, read_text(text))
        assert track.source == "aligned"
        ours = [p for p in track.phones if p.symbol in "PBM"]
        theirs = [p for p in reference.phones if p.symbol in "PBM"]
        assert abs(len(ours) - len(theirs)) <= 1
        for a in ours:
            b = min(theirs, key=lambda p: abs(p.start - a.start))
            errors.append((abs(a.start - b.start), abs(a.end - b.end)))
    assert len(errors) > 30 and (np.median(errors, 0) < 0.02).all()


@pytest.mark.data
@pytest.mark.parametrize("title", ["", "Inaugural Address, January 20th, 1961\n\n"], ids=["", "title"])
def test_a_slow_orator_in_a_large_place(reference_data: Path, title: str) -> None:
    """Long pauses, echo, and a title that he does not read: all that he says is found, where he says it."""
    clip = load_audio(reference_data / "speech" / "jfk.flac")
    text = (reference_data / "speech" / "jfk.txt").read_text(encoding="utf-8")
    for written in (text, re.sub("[^A-Z ]", "", text.upper())):
        track, report = align(clip, read_text(title + written))
        assert track.source == "aligned" and all("not heard" in note for note in report.warnings)
        assert bool(report.warnings) == bool(title)
        for name, start in (("americans", 1.66), ("not", 3.99), ("country", 5.86)):  # seen in the waveform
            assert word(track, name)[0] == pytest.approx(start, abs=0.08)
        assert track.words[-1].start == pytest.approx(10.0, abs=0.08)


@pytest.mark.data
def test_another_text_for_the_slow_orator(reference_data: Path) -> None:
    clip = load_audio(reference_data / "speech" / "jfk.flac")
    text = (reference_data / "speech" / "LJ001-0001.txt").read_text(encoding="utf-8")
    track, report = align(clip, read_text(text))
    assert track.source == "estimated" and "could not be found in the sound" in report.warnings[0]


def test_noise_under_the_voice(speech: AudioClip, aligned: WordTrack) -> None:
    level = np.sqrt(np.mean(speech.samples[np.abs(speech.samples) > 0.01] ** 2)) * 10 ** (-12 / 20)
    noise = level * np.random.default_rng(0).standard_normal(len(speech.samples))
    track, report = align(AudioClip((speech.samples + noise).astype(np.float32)), read_text(TEXT))
    assert track.source == "aligned"  # two words of three; the others are estimated
    assert np.median([abs(a.start - b.start) for a, b in zip(track.words, aligned.words, strict=True)]) < 0.08
