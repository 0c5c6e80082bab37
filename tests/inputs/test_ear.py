"""Words found by the phones that are heard: real English speech, and espeak-ng's voices with known times."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from gengine.core.audio import AudioClip
from gengine.core.words import Phone
from gengine.inputs.align import align
from gengine.inputs.audio import load_audio
from gengine.inputs.ear import Ear
from gengine.inputs.forced import aligner
from gengine.inputs.stretch import AlignedPart, Said, said_words
from gengine.inputs.text import read_text

DEMOS = Path(__file__).resolve().parents[2] / "demos"
TEXT = (DEMOS / "speech.txt").read_text(encoding="utf-8")
SPANISH = "El profesor explica el problema, pero nadie comprende la respuesta. Un perro blanco busca una pelota."
OTHER = "Mañana por la noche vamos a cenar con unos amigos de mi padre."
needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


@pytest.fixture(scope="module")
def speech() -> AudioClip:
    return load_audio(DEMOS / "speech.wav")


@pytest.fixture(scope="module")
def spanish() -> tuple[AudioClip, tuple[Phone, ...]]:
    from gengine.data.synthetic_speech import espeak

    said = espeak(SPANISH, "es", "spanish")
    return AudioClip(said.samples), said.phones


def listen(clip: AudioClip, text: str) -> list[AlignedPart]:
    return Ear(clip.samples).find(said(text), 0.0, clip.duration, "en")


def said(text: str) -> list[Said]:
    return said_words(read_text(text, "en"), aligner())[0]


def test_english_by_ear_is_where_its_own_model_finds_it(speech: AudioClip) -> None:
    track, _ = align(speech, read_text(TEXT))
    parts = listen(speech, TEXT)
    assert all(part.found for part in parts)
    words = [w for part in parts for w in part.words]
    assert [w.text for w in words] == [w.text for w in track.words]
    apart = np.abs([a.start - b.start for a, b in zip(words, track.words, strict=True)])
    assert np.median(apart) < 0.02 and np.percentile(apart, 95) < 0.08


def test_another_text_is_not_believed_and_keeps_what_is_heard(speech: AudioClip) -> None:
    parts = listen(speech, "Printing, in the only sense with which we are at present concerned, differs from the arts")
    assert not any(part.found for part in parts if part.said)
    heard, ours = Ear(speech.samples).phones(0.0, speech.duration), [p for part in parts for p in part.phones]
    assert len(heard) > 80
    for phone in heard:
        middle = (phone.start + phone.end) / 2
        assert next(p.symbol for p in ours if p.start <= middle <= p.end) == phone.symbol


def test_speech_that_the_text_leaves_out_is_heard(speech: AudioClip) -> None:
    words = TEXT.split()
    parts = listen(speech, " ".join(words[:9]))
    last = max(w.end for part in parts for w in part.words)
    after = [p for part in parts for p in part.phones if p.start > last + 0.5]
    assert all(part.found for part in parts) and sum(p.symbol != "sil" for p in after) > 40


def test_windows_do_not_lose_words(speech: AudioClip) -> None:
    copies = 8
    clip = AudioClip(np.tile(speech.samples, copies))
    words = [w for part in listen(clip, TEXT * copies) for w in part.words]
    single = [w for part in listen(speech, TEXT) for w in part.words]
    wanted = [w.start + k * speech.duration for k in range(copies) for w in single]
    assert np.percentile(np.abs([w.start - t for w, t in zip(words, wanted, strict=True)]), 98) < 0.06


def test_a_text_that_begins_late_is_found(speech: AudioClip) -> None:
    other = np.tile(speech.samples[::-1], 8)  # 96 s of speech backwards
    words = [w for part in listen(AudioClip(np.concatenate([other, speech.samples])), TEXT) for w in part.words]
    assert np.median([w.start for w in words]) > len(other) / 16_000


@needs_espeak
def test_another_language_closes_the_lips_where_it_says_p_b_m(spanish: tuple[AudioClip, tuple[Phone, ...]]) -> None:
    from gengine.metrics.phone_accuracy import closures, match

    clip, truth = spanish
    track, report = align(clip, read_text(SPANISH, "es"))
    assert track.source == "aligned" and report.warnings == () and [w.text for w in track.words] == SPANISH.split()
    assert report.facts["words"]["sounds"] == "espeak-ng" and report.facts["words"]["found"] == len(track.words)
    true, ours, heard = (closures(p) for p in (truth, track.phones, tuple(Ear(clip.samples).phones(0, clip.duration))))
    assert len(match(true, ours)) > len(match(true, heard)) and len(match(true, ours)) >= 0.85 * len(true)
    assert len(match(true, ours)) >= 0.85 * len(ours)
    assert track.phones[0].start == 0 and track.phones[-1].end == clip.duration
    assert all(a.end == b.start for a, b in zip(track.phones, track.phones[1:], strict=False))


@needs_espeak
def test_a_wrong_text_is_worth_no_less_than_the_sound(spanish: tuple[AudioClip, tuple[Phone, ...]]) -> None:
    track, report = align(spanish[0], read_text(OTHER, "es"))
    assert track.phones == () and track.source == "estimated" and report.facts["words"]["sounds"] == "heard"
    assert [w.text for w in track.words] == OTHER.split()
    assert "could not be found" in report.warnings[0]


@needs_espeak
def test_words_with_given_times_get_their_sounds(spanish: tuple[AudioClip, tuple[Phone, ...]], tmp_path: Path) -> None:
    clip, _ = spanish
    aligned, _ = align(clip, read_text(SPANISH, "es"))
    rows = ",".join(f'{{"word": "{w.text}", "start": {w.start}, "end": {w.end}}}' for w in aligned.words)
    (tmp_path / "a.json").write_text(f"[{rows}]", encoding="utf-8")
    track, _ = align(clip, read_text(tmp_path / "a.json", "es"))
    assert track.source == "given" and track.words == aligned.words
    ours, theirs = ([p.start for p in t.phones if p.symbol in "PBM"] for t in (track, aligned))
    assert ours == pytest.approx(theirs, abs=0.03)
