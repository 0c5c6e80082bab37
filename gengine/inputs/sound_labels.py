"""Which bracketed remarks of a transcript are sounds and stage directions, and which are speech."""

from __future__ import annotations

import re

_STEMS = (
    # voices
    "laugh|chuckl|giggl|snicker|cackl|guffaw|sigh|whisper|murmur|mutter|mumbl|cough|sneez|gasp|groan|moan|grunt|sob|cry|"
    "crie|weep|whimper|sniff|snort|scoff|scream|shout|yell|shriek|exhal|inhal|breath|pant|wheez|yawn|hum|sing|whistl|"
    "gulp|swallow|stammer|stutter|hesitat|growl|hiss|burp|hiccup|babbl|"
    # what is done or not understood
    "applau|clap|cheer|boo|inaudible|indistinct|unintelligible|crosstalk|overlapping|foreign|blank_audio|"
    "silen|pause|noise|static|sound|background|censored|bleep|beep|buzz|"
    # music and things
    "music|musical|instrumental|song|melod|jingle|theme|tune|lyric|piano|guitar|drum|orchestra|ringtone|phone ring|"
    "bell|chime|siren|alarm|horn|engine|footstep|knock|door|thunder|rain|wind|gunshot|explosion|explod|crash|slam|"
    "bark|chirp|meow|mooing|neigh|birdsong|crowd|audience|"
    # German, French, Spanish, Portuguese, Italian
    "musik|applaus|lach|geläch|seufz|husten|räusper|flüster|stille|geräusch|jubel|beifall|klatsch|"
    "musique|rire|soupir|toux|chuchot|bruit|applaudiss|silence|risa|ríe|suspir|música|aplauso|tos|susurr|ruido|silencio|"
    "risos|palmas|musica|risate|applausi|sospir|sussurr|rumore|"
    # Russian, Polish, Chinese, Japanese, Korean
    "музык|смех|смеёт|смеет|аплодисмент|вздох|вздых|кашл|шёпот|шепот|тишин|шум|muzyka|śmiech|oklaski|westchn|"
    "音乐|音樂|掌声|掌聲|笑声|笑聲|笑|叹气|嘆氣|咳嗽|音楽|拍手|歓声|ため息|음악|박수|웃음|한숨"
)
_LABEL = re.compile(rf"(?:^|[^\w])(?:{_STEMS})|[音笑拍掌]", re.IGNORECASE)

_MANNERS = frozenset(
    "happy happily sad sadly angry angrily excited excitedly curious curiously sarcastic sarcastically nervous "
    "nervously calm calmly tired annoyed bored cheerful cheerfully playful playfully serious seriously softly "
    "loudly quietly slowly quickly deadpan mischievously mischievous surprised shocked amazed amused "
    "thoughtful thoughtfully sincere warmly coldly flatly quizzically resigned rushed drawn-out dramatic "
    "dramatically emphatic emphasized frustrated sorrowful appalled impressed delighted awe beat inhale exhale "
    "ugh offscreen off-screen v.o. o.s. narrator woo muffled continuing interrupting aside robotic british "
    "break long-break accent german french".split()
)
"""Manners of speaking that stand alone, or with another word, between square brackets or asterisks."""

_SPEECH = frozenset(
    "i you he she we they me him us them it its is are am was were be been do does did have has had can could "
    "will would shall should may might must not no yes yeah okay oh hey hello hi please thanks thank what who "
    "why how when where this that these those there here if because really just very".split()
)
"""Words of sentences, which labels hold none of."""

MOST_WORDS = 7
"""Longer labels than this are sentences."""


def is_label(remark: str, bracket: str) -> bool | None:
    """Whether ``remark``, without its ``bracket`` ("[", "(", "*", "♪"), is no speech; None where that is a guess.

    Square brackets hold sounds and directions by the custom of subtitles and of speech synthesis, unless they hold
    a sentence; round ones and asterisks hold speech unless they name a sound.
    """
    words = re.findall(r"[^\W\d_]+(?:['’.-][^\W\d_]+)*\.?", remark.lower())
    if not words:
        return bracket != "("  # figures: [1] is a reference, (2024) a year
    sentence = bool(_SPEECH.intersection(words)) or remark.rstrip()[-1:] in "!?"
    if len(words) > MOST_WORDS:
        return False
    if _LABEL.search(remark) and not sentence:
        return bracket != "(" or len(words) <= 4 or None
    if bracket == "♪":
        return False
    if not sentence and words[0] in _MANNERS and len(words) <= 3 and (bracket != "(" or len(words) == 1):
        return True
    if bracket == "(":
        return remark.isupper() and len(words[0]) > 2 and not sentence
    if bracket == "*":
        return False
    return False if sentence else None
