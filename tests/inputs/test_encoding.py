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


def test_a_given_language_decides_between_encodings(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("Zeń".encode("cp1250"))
    assert read_text_file(path, "pl") == "Zeń" and read_text_file(path, "es") == "Zeñ"


def test_zero_bytes_anywhere_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\0\1\2\0\3" * 50)
    with pytest.raises(TextError, match="not a text file"):
        read_text_file(path)
