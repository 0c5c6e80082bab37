"""Words to gesture cues: which words call for which class of gesture, as they are spoken.

Classes follow NVBG's rules and the image schemas of embodied-agent work; the words are in ``data/lexicon.csv``.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from functools import cache
from importlib import resources

from gengine.core.conditions import Cue
from gengine.core.words import Phone, Word

_VOWELS = frozenset("AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW".split())
_STRIP = re.compile(r"[^\w'\- ]+")


@cache
def lexicon(language: str) -> dict[tuple[str, ...], str]:
    """Class of every trigger, a tuple of normalised words; empty for a language without a list."""
    text = resources.files("gengine.encoders").joinpath("data/lexicon.csv").read_text("utf-8")
    out: dict[tuple[str, ...], str] = {}
    for row in csv.reader(line for line in text.splitlines() if not line.startswith("#")):
        if row[0] != language:
            continue
        # The triggers are the rest of the line: they may hold commas in no language we list.
        for trigger in ",".join(row[2:]).split(";"):
            words = tuple(trigger.split())
            if words:
                out.setdefault(words, row[1])
    return out


def languages() -> tuple[str, ...]:
    """ISO codes that have a word list."""
    text = resources.files("gengine.encoders").joinpath("data/lexicon.csv").read_text("utf-8")
    return tuple(dict.fromkeys(x.split(",")[0] for x in text.splitlines() if x and x[0] != "#" and x[:4] != "lang"))


def normalise(text: str) -> str:
    """A word as the lists spell it: lower case, plain apostrophes, no punctuation around it."""
    return _STRIP.sub("", text.lower().replace("\u2019", "'")).strip("'-_ ")


class LexiconEncoder:
    """Cues of a stream of words, the same however the words are cut into pushes.

    The longest trigger that starts at a word wins. A word that may still become part of a longer trigger waits
    for the next words; ``flush`` settles what waits at the end.
    """

    def __init__(self, language: str = "en") -> None:
        self.language = language.split("-")[0].lower()
        self._table = lexicon(self.language)
        self._prefixes = {key[:n] for key in self._table for n in range(1, len(key))}
        self._longest = max((len(k) for k in self._table), default=0)
        self._waiting: list[tuple[Word, float]] = []

    def push(self, words: Sequence[Word], phones: Sequence[Phone] = ()) -> list[Cue]:
        """Cues that the new ``words`` (in order of time) settle. ``phones`` that cover them place the accents."""
        vowels = [p for p in phones if p.symbol.rstrip("012") in _VOWELS]
        self._waiting += [(word, _accent(word, vowels)) for word in words]
        return self._settle(ended=False)

    def flush(self) -> list[Cue]:
        """Cues still open when no more words will come."""
        return self._settle(ended=True)

    def _settle(self, ended: bool) -> list[Cue]:
        cues: list[Cue] = []
        spelled = [normalise(w.text) for w, _ in self._waiting]
        at = 0
        while at < len(spelled):
            key, best = (), 0
            undecided = False
            for n in range(1, self._longest + 1):
                if at + n > len(spelled):
                    undecided = not ended and (n == 1 or key in self._prefixes)
                    break
                key = tuple(spelled[at : at + n])
                if key in self._table:
                    best = n
                if key not in self._prefixes:
                    break
            if undecided:
                break
            if best:
                group = self._waiting[at : at + best]
                # The last content word of a phrase carries its accent: "i don't KNOW", "on one HAND".
                accent = group[-1][1] if best > 1 else group[0][1]
                text = " ".join(w.text for w, _ in group)
                kind = self._table[tuple(spelled[at : at + best])]
                cues.append(Cue(kind, group[0][0].start, group[-1][0].end, accent, text))
            at += max(best, 1)
        self._waiting = self._waiting[at:]
        return cues


def _accent(word: Word, vowels: Sequence[Phone]) -> float:
    """Onset of the stressed vowel: from phones where known, else guessed from the spelling."""
    inside = [p for p in vowels if p.start >= word.start - 0.02 and p.end <= word.end + 0.02]
    if inside:
        return max(inside, key=lambda p: (p.stress == 1, p.stress == 2, -p.start)).start
    text = normalise(word.text)
    first = re.search(r"[aeiouyäöü]", text)
    share = first.start() / max(len(text), 1) if first else 0.3
    return word.start + min(share, 0.5) * (word.end - word.start)
