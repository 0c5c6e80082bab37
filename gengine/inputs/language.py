"""Which language a text is in, and where its words are."""

from __future__ import annotations

import re

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

_COMMON = {  # the commonest short words of each language, those that a neighbour shares left out
    "en": "the and of to is you that it he was for on are with his they at be this have from or had by not but what "
    "all were we when your can said there an which she do how if will up about out them my no hello i me yes",
    "de": "der die und das ist ich nicht sie es ein zu den mit sich auf für dem auch er wir aber eine im von hat wie "
    "noch nach dass bei nur schon mich haben sind wird kann ja nein mal war dann ihr",
    "fr": "le les et des est une dans que qui pas pour je vous nous il elle sur avec ce sont mais au plus du ne oui "
    "tu mon cette être c'est j'ai bonjour très bien",
    "es": "el los las y que es una por con para no se lo su más como pero sus le ya este sí porque muy sin yo hay "
    "también hola está qué del",
    "it": "il che di è un per una sono non con mi ha si lo ma ti ho cosa questo come della gli più anche ci ciao sì "
    "perché molto bene",
    "pt": "o os as que é um uma para não com eu se você por mais ele isso do da em muito está são na no olá sim",
    "nl": "het een van ik je niet dat is te en zijn op ze met voor maar hij wat heb er ook aan als hebben nee ja dag",
}
_COMMON_SETS = {code: frozenset(words.split()) for code, words in _COMMON.items()}

_LETTERS = {"de": "äöüß", "fr": "çœèêëûîôâ", "es": "ñ¿¡", "pt": "ãõ"}

_SINGLE = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\u0e00-\u0e7f"
"""Scripts written without spaces: each character counts as a word."""

_CJK = re.compile(rf"([{_SINGLE}]ー?)")


def guess_language(text: str) -> str:
    """ISO 639-1 code from the script, common words and letters; "en" where nothing tells."""
    letters = sum(c.isalpha() for c in text)
    for code, script in _SCRIPTS:
        if len(script.findall(text)) > 0.25 * letters and letters:
            return code
    words = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)?", text.lower().replace("’", "'"))
    scores = {code: float(sum(w in common for w in words)) for code, common in _COMMON_SETS.items()}
    for code, special in _LETTERS.items():
        scores[code] += 1.5 * sum(c in special for c in text.lower())
    best = max(scores, key=lambda code: (scores[code], code == "en"))
    # English wins unless another language is clearly ahead: a borrowed word must not flip it.
    return best if scores[best] > 1.25 * scores["en"] else "en"


def split_words(text: str) -> list[str]:
    """Words as written, punctuation attached; signs that stand alone join the word before them."""
    words: list[str] = []
    for token in _CJK.sub(r" \1 ", text).split():
        if any(c.isalnum() for c in token) or re.search(r"[%€$£&@#+=]", token):
            words.append(token)
        elif words:
            words[-1] += token
    return words
