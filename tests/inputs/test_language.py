"""Languages by script and by common words."""

from __future__ import annotations

import pytest

from gengine.inputs.language import guess_language, split_words


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hello! I have something really big to show you.", "en"),
        ("Gengine", "en"),
        ("He said ja, and left the Autobahn.", "en"),
        ("Der Lappen liegt auf dem Eisschrank.", "de"),
        ("Ich weiß nicht", "de"),
        ("Je ne sais pas ce que vous voulez.", "fr"),
        ("No sé qué quiere usted, pero está bien.", "es"),
        ("Non lo so, ma è molto bello.", "it"),
        ("Eu não sei, mas isso é bom.", "pt"),
        ("Ik weet het niet, maar dat is goed.", "nl"),
        ("你好世界", "zh"),
        ("こんにちは世界", "ja"),
        ("안녕하세요", "ko"),
        ("Привет, мир", "ru"),
        ("مرحبا بالعالم", "ar"),
        ("123", "en"),
    ],
)
def test_guess(text: str, language: str) -> None:
    assert guess_language(text) == language


def test_words_are_as_written() -> None:
    assert split_words("“Well—you know,” he said - 5 % !") == ["“Well—you", "know,”", "he", "said-", "5", "%!"]
    assert split_words("我有2个苹果。") == ["我", "有", "2", "个", "苹", "果。"]
    assert split_words(" ... ") == []
