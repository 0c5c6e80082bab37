"""Which language a text is in, and where its words are."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
)
"""Languages that their script tells, the first that fits; kana before the Han characters that stand among them."""

LATIN = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "tr")
"""Languages in Latin letters that are told apart."""

SCRIPT_SHARE = 0.25
"""Share of a text's letters from which their script tells its language: foreign names stay below. Judgement."""

SURE = 0.5
"""Probability from which a guess other than English is believed: more likely than not.

Of 33 English scraps of one to nine words ("Okay", "Wait") none is taken for another language then, and of 31 foreign
scraps of one to three words ("Danke schön") 22 are known; the others ("Hallo!", "Bom dia") count as English.
"""

LOOKED_AT = 4_000
"""Characters that are looked at; more change nothing."""

_ENGLISH = frozenset("the and you it that with this have they was what your his her she are be been will would".split())
"""Common English words that no other language of ``LATIN`` writes so ("was" is German too, among others it is rare)."""

PLAINLY_ENGLISH = 0.15
"""Share of ``_ENGLISH`` words in ASCII text of ``ENOUGH`` words from which no model is asked (it takes 0.5 s to load).

Judgement: half of the GoEmotions comments of eight words and more reach it, the test's other languages stay at 0.
"""

ENOUGH = 8
"""Words among which a share means something."""

_SINGLE = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\u0e00-\u0e7f"
"""Scripts written without spaces: each character counts as a word."""

_CJK = re.compile(rf"([{_SINGLE}]ー?)")


def guess_language(text: str) -> str:
    """ISO 639-1 code: by script, among ``LATIN`` by py3langid's model (Lui and Baldwin 2012), else "en"."""
    text = text[:LOOKED_AT]
    letters = sum(c.isalpha() for c in text)
    if not letters:
        return "en"
    for code, script in _SCRIPTS:
        if len(script.findall(text)) > SCRIPT_SHARE * letters:
            return code
    words = re.findall(r"[^\W\d_]+", text.lower())
    if text.isascii() and len(words) >= ENOUGH and sum(w in _ENGLISH for w in words) >= PLAINLY_ENGLISH * len(words):
        return "en"
    best, probability = _identifier(LATIN).rank(text)[0]
    return best if probability >= SURE else "en"


def any_language(text: str) -> str:
    """ISO 639-1 code of the likeliest of all languages that py3langid knows."""
    return _identifier(None).rank(text[:LOOKED_AT])[0][0]


@cache
def _identifier(languages: tuple[str, ...] | None) -> Any:
    """py3langid's naive Bayes over byte sequences, restricted to ``languages`` where some are given."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    if languages is not None:
        identifier.set_languages(list(languages))
    return identifier


def split_words(text: str) -> list[str]:
    """Words as written, punctuation attached; signs that stand alone join the word before them."""
    words: list[str] = []
    for token in _CJK.sub(r" \1 ", text).split():
        if any(c.isalnum() for c in token) or re.search(r"[%€$£&@#+=]", token):
            words.append(token)
        elif words:
            words[-1] += token
    return words
