from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gengine
from gengine.core.audio import SAMPLE_RATE, AudioClip
from gengine.errors import GengineError
from gengine.inputs.audio import load_audio
from gengine.recognition import chosen
from gengine.recognition.recognise import recognise
from gengine.recognition.sphinx import PocketSphinx


def test_words_of_a_voice(speech: np.ndarray) -> None:
    recogniser = PocketSphinx()
    track, report = recognise([speech], recogniser)
    assert track is not None and track.source == "recognised" and track.language == "en"
    facts = report.facts["words"]
    assert facts["by"] == "pocketsphinx en-us" and facts["recognised"] >= facts["believed"] >= 8
    said = " ".join(w.text for w in track.words)
    assert "big" in said and "show" in said
    again, _ = recognise([speech[:9000], speech[9000:]], recogniser)
    assert again == track, "another stretch before it, and another cut, change nothing"


def test_noise_says_nothing() -> None:
    noise = np.random.default_rng(0).normal(0, 0.02, 3 * SAMPLE_RATE).astype(np.float32)
    assert PocketSphinx().words(noise) == ""


@pytest.mark.data
def test_music_says_nothing(reference_data: Path) -> None:
    music = load_audio(reference_data / "faults" / "12_instrumental_music.wav").samples
    assert PocketSphinx().words(music) == ""


def test_it_is_asked_for_by_name(speech: np.ndarray) -> None:
    assert chosen("pocketsphinx", "en-US") is not None
    for words, language, says in (
        ("pocketsphinx:large", None, "it has one model; give pocketsphinx"),
        ("pocketsphinx", "de", "hears English, not 'de'"),
    ):
        with pytest.raises(GengineError, match=says):
            chosen(words, language)
    performance = gengine.animate(AudioClip(speech), words="pocketsphinx")
    assert performance.words.source == "recognised"
