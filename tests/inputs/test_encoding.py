"""Texts in the encodings that came before Unicode, told by what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from gengine.errors import TextError
from gengine.inputs.encoding import read_text_file
from gengine.inputs.text import read_text

CUE = "1\n00:00:00,300 --> 00:00:03,200\n"

SAMPLES = [
    ("Grüße an alle, und das ist schön.", "cp1252", "de"),
    ("It’s “fine” here, and you know it.", "cp1252", "en"),
    ("Où est-il passé ? C'est très bien, dit Hélène.", "latin-1", "fr"),
    ("¿Qué pasó? Mañana será otro día.", "latin-1", "es"),
    ("Não sei o que é isso, mas está bom.", "latin-1", "pt"),
    ("Perché no? È così, non lo so.", "latin-1", "it"),
    ("Één kopje koffie, alstublieft.", "cp1252", "nl"),
    ("Dzień dobry, jak się pan ma? Chcę zapłacić.", "cp1250", "pl"),
    ("Bugün hava çok güzel, değil mi?", "cp1254", "tr"),
    ("Привет, это проверка голоса.", "cp1251", "ru"),
    ("Привет, это проверка голоса.", "koi8-r", "ru"),
    ("مرحبا كيف حالك اليوم", "cp1256", "ar"),
    ("你好，这是一个测试。", "gbk", "zh"),
    ("你好，世界。今天天气很好", "gbk", "zh"),
    ("我們今天去看電影，好不好？", "big5", "zh"),
    ("今日は天気がいいですね。", "shift_jis", "ja"),
    ("今日は天気がいいですね。", "euc_jp", "ja"),
    ("안녕하세요, 오늘 날씨가 좋네요.", "cp949", "ko"),
    ("Cześć, to jest próba głosu. Żółta łódź płynie wolno.", "iso8859-2", "pl"),
    ("Γεια σας, αυτή είναι μια δοκιμή φωνής.", "cp1253", "el"),
    ("Γεια σας, αυτή είναι μια δοκιμή φωνής.", "iso8859-7", "el"),
    ("שלום, זאת בדיקת קול. בוקר טוב לכולם.", "cp1255", "he"),
    ("Привет, это проверка голоса. Доброе утро всем.", "cp866", "ru"),
    ("Привет, это проверка голоса. Доброе утро всем.", "iso8859-5", "ru"),
    ("Привіт, це перевірка голосу. Їжак їсть яблука.", "koi8-u", "ru"),
    ("こんにちは、これは音声のテストです。", "iso2022-jp", "ja"),
    ("Grüß Gott, das ist eine Stimmprobe. Schöne Füße.", "mac-roman", "de"),
    ("Grüß Gott, das ist eine Stimmprobe. Schöne Füße.", "cp850", "de"),
    ("Bonjour, ceci est un essai de voix. Ça c'est l'été à Noël, cœur.", "iso8859-15", "fr"),
    ("Bonjour, ceci est un essai de voix. Ça c'est l'été à Noël, cœur.", "mac-roman", "fr"),
    ("Hola, esto es una prueba de voz. ¿Mañana será otro día?", "cp850", "es"),
    ("It’s a “test” – really, and you know it.", "mac-roman", "en"),
    ("Привет, это проверка голоса.", "utf-16-le", "ru"),
    ("你好，这是一个测试。", "utf-16", "zh"),
]


@pytest.mark.parametrize(("text", "encoding", "language"), SAMPLES, ids=[f"{e}-{k}" for *_, k, e in SAMPLES])
@pytest.mark.parametrize("name", ["a.srt", "a.txt"])
def test_every_encoding_is_told(tmp_path: Path, text: str, encoding: str, language: str, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(((CUE if name == "a.srt" else "") + text + "\n").encode(encoding))
    transcript = read_text(path)
    assert (transcript.text, transcript.language) == (text, language)


def test_letters_of_languages_without_a_model_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("Szia, ez egy hangpróba. Árvíztűrő tükörfúrógép.".encode("cp1250"))
    assert read_text(path).text == "Szia, ez egy hangpróba. Árvíztűrő tükörfúrógép."


def test_an_old_encoding_is_told_and_a_guess_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("Привет, это проверка голоса.".encode("cp1251"))
    assert read_text(path).report.notes[0] == "'a.txt' is not in UTF-8; it is read as cp1251."
    path.write_bytes("Salam, dünya ¤¦".encode("latin-1"))
    assert any("a guess: save it as UTF-8" in said for said in read_text(path, "zu").report.warnings)
    path.write_text("Привет")
    assert not read_text(path).report.notes


def test_a_given_language_decides_between_encodings(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("Zeń".encode("cp1250"))
    assert read_text_file(path, "pl") == "Zeń" and read_text_file(path, "es") == "Zeñ"


def test_zero_bytes_anywhere_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\0\1\2\0\3" * 50)
    with pytest.raises(TextError, match="not a text file"):
        read_text_file(path)
