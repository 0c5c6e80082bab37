"""Languages by script and by the model of py3langid."""

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


SENTENCES = {
    "en": ("Where did you leave the keys?", "It will rain again tomorrow.", "I never said that to her."),
    "de": ("Wo hast du die Schlüssel gelassen?", "Morgen regnet es wieder.", "Das habe ich ihr nie gesagt."),
    "fr": ("Où as-tu laissé les clés ?", "Il va encore pleuvoir demain.", "Je ne lui ai jamais dit cela."),
    "es": ("¿Dónde has dejado las llaves?", "Mañana va a llover otra vez.", "Nunca le he dicho eso."),
    "it": ("Dove hai lasciato le chiavi?", "Domani pioverà di nuovo.", "Non le ho mai detto questo."),
    "pt": ("Onde você deixou as chaves?", "Amanhã vai chover outra vez.", "Eu nunca disse isso a ela."),
    "nl": ("Waar heb je de sleutels gelaten?", "Morgen gaat het weer regenen.", "Dat heb ik haar nooit gezegd."),
    "pl": ("Gdzie zostawiłeś klucze?", "Jutro znowu będzie padać.", "Nigdy jej tego nie powiedziałem."),
    "tr": ("Anahtarları nerede bıraktın?", "Yarın yine yağmur yağacak.", "Bunu ona hiç söylemedim."),
    "ru": ("Где ты оставил ключи?", "Завтра опять будет дождь.", "Я ей этого никогда не говорил."),
    "ar": ("أين تركت المفاتيح؟", "ستمطر مرة أخرى غدا.", "لم أقل لها ذلك أبدا."),
    "hi": ("तुमने चाबियाँ कहाँ छोड़ दीं?", "कल फिर बारिश होगी।", "मैंने उससे यह कभी नहीं कहा।"),
    "ja": ("鍵をどこに置きましたか。", "明日もまた雨が降ります。", "彼女にそんなことは言っていません。"),
    "zh": ("你把钥匙放在哪里了？", "明天还会下雨。", "我从来没对她说过那句话。"),
}


def test_short_sentences_of_every_language() -> None:
    """Everyday sentences of four to seven words, three of each language: all 42 are told (34 by common words)."""
    wrong = [(code, text, guess_language(text)) for code, texts in SENTENCES.items() for text in texts
             if guess_language(text) != code]  # fmt: skip
    assert wrong == []


@pytest.mark.parametrize("text", ["Hello!", "Okay", "Wait", "No, no!", "me!", "café", "Bravo!", "STOP IT NOW", "Oh no"])
def test_scraps_are_english(text: str) -> None:
    assert guess_language(text) == "en"


def test_capitals_are_read_like_small_letters() -> None:
    known = [guess_language(text.upper()) for code in ("fr", "it", "pt", "nl") for text in SENTENCES[code]]
    assert known == ["fr"] * 3 + ["it"] * 3 + ["pt"] * 3 + ["nl"] * 3


def test_plain_english_needs_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gengine.inputs.language._identifier", None)
    assert guess_language("And so, my fellow Americans, ask not what your country can do for you.") == "en"


def test_words_are_as_written() -> None:
    assert split_words("“Well—you know,” he said - 5 % !") == ["“Well—you", "know,”", "he", "said-", "5", "%!"]
    assert split_words("我有2个苹果。") == ["我", "有", "2", "个", "苹", "果。"]
    assert split_words(" ... ") == []
