"""Sounds of words by espeak-ng, where it is installed: a program of its own, asked for IPA."""

from __future__ import annotations

import re
import shutil
import subprocess
import unicodedata
from collections.abc import Sequence
from functools import cache

from gengine.inputs.sounds import read_ipa

Sounds = tuple[tuple[str, int], ...]
"""Names for ``gengine.inputs.sounds.sound``, each with its stress (1, 0 or -1 where it is not known)."""

VOICES = {"zh": "cmn-latn-pinyin", "no": "nb"}
"""Voices whose names are not the language's code. The Mandarin voice "cmn" of 1.51 reads Han characters in English."""

BATCH = 400
"""Words in one call."""

LONGEST_WORD = 60
"""Letters of a word that are read; longer ones are no words."""

PATIENCE = 10.0
"""A call that takes longer, seconds, is given up: a batch takes about 0.1 s."""

_KNOWN: dict[tuple[str, str], Sounds] = {}
"""Words that were asked for before, by voice."""

MOST_KNOWN = 50_000
"""Words that are remembered."""

_FOREIGN = re.compile(r"\([a-z-]{2,12}\)")
"""Where espeak-ng changes to the rules of another language: "(en)"."""

_TONE = re.compile("ɜ$")
"""The Mandarin voice writes the third tone as this vowel behind the syllable's own."""


@cache
def _program() -> str | None:
    return shutil.which("espeak-ng")


@cache
def voices() -> frozenset[str]:
    """Names of the languages that the installed espeak-ng speaks; none where there is none."""
    program = _program()
    listed = _run([program, "--voices"], "") if program else None
    rows = [line.split() for line in (listed or "").splitlines()[1:]]
    return frozenset(row[1] for row in rows if len(row) > 1)


def speaks(language: str) -> bool:
    """Whether espeak-ng is installed and has a voice for that ISO 639 code."""
    voice = VOICES.get(language, language)
    return any(name == voice or name.startswith(f"{voice}-") for name in voices())


def espeak_sounds(words: Sequence[str], language: str) -> list[Sounds]:
    """The sounds of each word, spoken alone; () for words that espeak-ng cannot read. Needs ``speaks(language)``."""
    voice = VOICES.get(language, language)
    clean = ["".join(c for c in w if unicodedata.category(c)[0] in "LMN" or c in "'’")[:LONGEST_WORD] for w in words]
    unknown = sorted({w for w in clean if w and (voice, w) not in _KNOWN})
    if len(_KNOWN) + len(unknown) > MOST_KNOWN:
        _KNOWN.clear()
        unknown = sorted({w for w in clean if w})
    for first in range(0, len(unknown), BATCH):
        batch = unknown[first : first + BATCH]
        for word, said in zip(batch, _ask(batch, voice), strict=True):
            _KNOWN[voice, word] = said
    return [_KNOWN.get((voice, w), ()) for w in clean]


def _ask(words: list[str], voice: str) -> list[Sounds]:
    """One call; where its lines are not one for each word (a word spoken as two sentences), two calls of half."""
    said = _run([str(_program()), "-q", "-b", "1", "--ipa", "--sep=_", "-v", voice], "\n\n".join(words) + "\n")
    lines = [line for line in (said or "").splitlines() if line.strip()]
    if len(lines) == len(words):
        return [_read(line, voice) for line in lines]
    if len(words) == 1:
        return [_read(" ".join(lines), voice)]
    half = len(words) // 2
    return _ask(words[:half], voice) + _ask(words[half:], voice)


def _read(line: str, voice: str) -> Sounds:
    if _FOREIGN.search(line):
        native = [part for part in _FOREIGN.split(line)[::2] if part.strip(" _")]
        spelt = len(_FOREIGN.findall(line)) > 1 and voice in ("ja", "ko", VOICES["zh"])
        line = "" if spelt else " ".join(native) if voice == VOICES["zh"] else _FOREIGN.sub("", line)
    signs = [s for s in re.split(r"[\s_]+", line) if s]
    if voice == VOICES["zh"]:
        signs = [_TONE.sub("", s) for s in signs]
    return tuple(pair for s in signs for pair in read_ipa(s))


def _run(command: list[str], text: str) -> str | None:
    try:
        done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=PATIENCE, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace")
