"""Timed sounds that a text-to-speech program writes, without the words that they belong to.

espeak-ng's MBROLA voices write a ``.pho`` file (``espeak-ng -v mb-en1 --pho --phonout=FILE``): a sound in SAMPA and its
length in milliseconds on every line. Piper's voices give ``phoneme_alignments`` (its Python interface; written as JSON
with the chunk's ``sample_rate``): a sound of IPA and its length in samples, with a blank between words.
"""

from __future__ import annotations

import math
import re
from itertools import accumulate
from pathlib import Path
from typing import Any

from gengine.core import bounds
from gengine.core.audio import HIGHEST_RATE, LOWEST_RATE
from gengine.core.words import Phone, Word, WordTrack
from gengine.errors import GengineError, TextError
from gengine.inputs.language import guess_language, split_words
from gengine.inputs.phone_symbols import SILENCE, phones_from

LONGEST_SOUND = 60.0
"""Seconds; a sound that lasts longer is none."""
MOST_SOUNDS = 100_000
"""Of a file: about three hours of speech."""
HINT = "give the file that the text-to-speech program wrote"
_PHO = re.compile(r"(\S{1,8})[ \t]+(\d{1,6}(?:\.\d{1,9})?)(?:[ \t].*)?")
_PAUSE, _GAP = "_", ""
_STRESS, _LENGTHS = frozenset("ˈˌ"), frozenset("ːˑ̩̃ʲʰ")
"""Signs of IPA that belong to the next sound, and to the one before."""

Row = tuple[str, float]
"""A symbol and its length in s; ``_PAUSE`` is silence, ``_GAP`` parts two words."""


def read_sounds(path: Path, text: str) -> WordTrack | None:
    """Sounds of a ``.pho`` file or of Piper's alignments, and the words of ``text`` where the sounds put them.

    Words begin and end with their sounds where as many groups of these are told apart as there are words; else the
    words share the sounds by their letters. None for a file of another kind, ``TextError`` for one that is broken.
    """
    suffix = path.suffix.lower()
    if suffix not in (".pho", ".json", ".jsonl"):
        return None
    with bounds.border(Path(path.name), HINT, TextError):
        content = bounds.read_bounded(path, bounds.TEXT_BYTES, HINT, TextError).decode("utf-8")
        if suffix == ".pho":
            return _track(_read_pho(content, path.name), text, "sampa", path.name)
        chunks = _chunks(content, path.name) if '"phoneme_alignments"' in content else []
        return _track(_read_piper(chunks, path.name), text, "ipa", path.name) if chunks else None


def _read_pho(content: str, name: str) -> list[Row]:
    rows: list[Row] = []
    for number, line in enumerate(content.splitlines(), 1):
        written = line.split(";")[0].strip()  # the rest is a remark
        if not written or written == "#":
            continue
        found = _PHO.fullmatch(written)
        if found is None:
            raise TextError(
                f"text: '{name}' line {number}: '{line[:40]}', expected a sound and its milliseconds such as: h 60"
            )
        rows.append((found[1], float(found[2]) / 1000))
    return rows


def _chunks(content: str, name: str) -> list[dict[str, Any]]:
    """Objects with alignments: one, a list of them, or one on every line."""
    try:
        found = bounds.parse_json(content, name, HINT, TextError)
    except GengineError:
        found = [bounds.parse_json(line, name, HINT, TextError) for line in content.splitlines() if line.strip()]
    found = found if isinstance(found, list) else [found]
    return [c for c in found if isinstance(c, dict) and isinstance(c.get("phoneme_alignments"), list)]


def _read_piper(chunks: list[dict[str, Any]], name: str) -> list[Row]:
    rows: list[Row] = []
    for chunk in chunks:
        rate = chunk.get("sample_rate")
        if not (isinstance(rate, int | float) and LOWEST_RATE <= rate <= HIGHEST_RATE):
            raise TextError(f"text: '{name}': sample_rate {str(rate)[:20]}, expected Hz of the voice such as 22050")
        for k, entry in enumerate(chunk["phoneme_alignments"]):
            symbol, count = (entry.get(key) if isinstance(entry, dict) else None for key in ("phoneme", "num_samples"))
            if not (isinstance(symbol, str) and isinstance(count, int | float) and 0 <= count < math.inf):
                raise TextError(f"text: '{name}': phoneme_alignments[{k}] is {str(entry)[:60]}, expected a phoneme and "
                                "its num_samples")  # fmt: skip
            sign = symbol in _STRESS | _LENGTHS or any(c.isalpha() for c in symbol)
            rows.append((symbol if sign else _GAP if not symbol.strip() else _PAUSE, count / rate))  # ^ $ and , pause
    return rows


def _track(rows: list[Row], text: str, notation: str, name: str) -> WordTrack:
    if not 0 < len(rows) <= MOST_SOUNDS or max(length for _, length in rows) > LONGEST_SOUND:
        raise TextError(f"text: '{name}' holds {len(rows)} sounds, expected 1 to {MOST_SOUNDS} of at most "
                        f"{LONGEST_SOUND:g} s each")  # fmt: skip
    sounds: list[tuple[float, float, str]] = []
    groups: list[list[int]] = [[]]  # numbers of the sounds between two gaps or pauses
    begin = end = 0.0
    stress = ""
    for symbol, length in rows:
        end += length
        if symbol in _STRESS:
            stress = symbol
            continue
        if sounds and symbol in _LENGTHS | {_GAP}:
            sounds[-1] = (sounds[-1][0], end, sounds[-1][2] + symbol)
        elif symbol != _GAP:
            sounds.append((begin, end, stress + symbol))
        if symbol in (_GAP, _PAUSE):
            groups.append([])
        elif symbol not in _LENGTHS:
            groups[-1].append(len(sounds) - 1)
        begin, stress = end, ""
    phones = tuple(phones_from(sounds, notation))
    spans = [(sounds[group[0]][0], sounds[group[-1]][1]) for group in groups if group]
    names = split_words(text)
    words = _named(names, spans) if len(names) == len(spans) else _shared(names, phones)
    return WordTrack(words, phones, guess_language(text), "given")


def _named(names: list[str], spans: list[tuple[float, float]]) -> tuple[Word, ...]:
    return tuple(Word(name, *span) for name, span in zip(names, spans, strict=True))


def _shared(names: list[str], phones: tuple[Phone, ...]) -> tuple[Word, ...]:
    """Words over the sounds that are heard, by their letters."""
    heard = [p for p in phones if p.symbol != SILENCE]
    if not names or not heard:
        return ()
    until = [0, *accumulate(len(name) for name in names)]
    place = [min(round(len(heard) * letters / until[-1]), len(heard) - 1) for letters in until]
    spans = [
        (heard[a].start, heard[max(b - 1, a)].end) for a, b in zip(place, [*place[1:-1], len(heard)], strict=False)
    ]
    return _named(names, spans)
