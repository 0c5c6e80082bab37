"""Every written word of a text gets sounds, and where they come from is told."""

from __future__ import annotations

import importlib.util
import shutil

import pytest

from gengine.inputs.espeak import speaks
from gengine.inputs.language import split_words
from gengine.inputs.pronounce import pronounce, variants

lacks_readings = importlib.util.find_spec("janome") is None or importlib.util.find_spec("pypinyin") is None
needs_readings = pytest.mark.skipif(lacks_readings, reason="extra 'languages' is not installed")


def said(text: str, language: str) -> tuple[list[str], str]:
    sounds, source = pronounce(split_words(text), language)
    return [" ".join(name for name, _ in own) for own in sounds], source


def test_one_word_may_be_said_as_several() -> None:
    words, source = said("Ich habe 25 Bälle.", "de")
    assert len(words) == 4 and all(words) and len(words[2].split()) > 8
    assert source == ("espeak-ng" if speaks("de") else "spelling rules")


def test_letters_that_nobody_knows_are_syllables() -> None:
    words, source = said("ᚠᚢᚦᚨᚱᚲ ᚠᚢ", "xx")
    assert words == ["C* V* C* V*", "C* V*"] and source == "unknown"


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_espeak_is_asked_first() -> None:
    assert said("niño", "es")[1] == "espeak-ng"


def test_japanese_in_kana() -> None:
    words, source = said("きょうはさんぽ。", "ja")
    assert words[:3] == ["k", "j o", "ɯᵝ"] and words[5:] == ["m", "p o"] and source == "spelling rules"


@needs_readings
def test_japanese_in_han_characters() -> None:
    words, source = said("今日は日本語を話す。", "ja")
    assert source == "janome" and " ".join(filter(None, words)) == "k j o w a n i h o ɴ g o o h a n a s ɯᵝ"


@needs_readings
def test_han_characters_are_read_in_their_context() -> None:
    words, source = said("银行行走", "zh")
    assert source.startswith("pypinyin") and words[1] != words[2]


def test_variants_are_told_by_ear() -> None:
    haben = tuple((n, -1) for n in ("h", "a", "b", "ə", "n"))
    assert [n for n, _ in variants(haben, "de")[0]] == ["h", "a", "b", "m"]
    assert [n for n, _ in variants((("b", -1), ("a", -1)), "es")[0]] == ["β", "a"]
    assert variants(haben, "nl") == [] and variants((("a", -1),), "de") == []
