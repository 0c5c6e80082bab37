"""What every phone does with the mouth: ARKit targets and how strongly each phone insists on them.

Targets and dominances are measured on real talking faces (GRID, BEAT) and fitted to the ICT head (face.md
sections 1 and 2), with vowels 10 % more and tongue sounds 15 % less open than proposed there: that brings the
openings per second and the spread of the lip gap to GRID's. Symbols are ARPAbet, and IPA for the sounds of
German and Mandarin that English lacks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from gengine.core.constants import read_table

MOUTH = (
    "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthStretch", "mouthSmile", "mouthPress",
    "mouthRollLower", "mouthRollUpper", "mouthLowerDown", "mouthUpperUp", "tongueOut",
)  # fmt: skip
"""Channels that speech drives; those with two sides get the same value on both."""

GROUPS = ("lips", "width", "jaw")
"""Phones insist on these three separately: a T leaves the lips alone, an S rules jaw and width."""

GROUP_OF = np.array([2, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
"""Index into ``GROUPS`` of each channel of ``MOUTH``."""

SILENCE = "sil"

_ROUNDED_VOWELS = {"UW", "OW", "OY", "W", "AO", "UH", "y", "ø", "œ", "oː", "ü", "u", "uo", "ʊŋ"}
"""Rounded vowels and W, whose lips start early."""

_VOWELS = {
    "AA", "AE", "AH", "AO", "AY", "AW", "EY", "OW", "OY", "EH", "IH", "IY", "ER", "UH", "UW", "y", "ø", "œ",
    "oː", "eː", "ɐ", "ü", "a", "u", "uo", "ʊŋ", "ɤ", "ɿ",
}  # fmt: skip

_YIELDING = {"tongue", "velar", "velar_nasal", "dental", "breath"}
"""Classes of consonants that let a following rounded vowel take the lips early."""

_MILLISECONDS = 1000  # in a second


@dataclass(frozen=True, eq=False)
class VisemeTargets:
    """The tables as arrays over R rows (a row is a phone or one part of it).

    ``mouth (R, 12)`` weights by ``MOUTH``; ``log_dominance (R, 3)``, ``rise`` and ``fall (R, 3)`` s by
    ``GROUPS``; ``classes (R,)`` names; ``rows`` a phone's rows, one or two.
    """

    mouth: NDArray[np.float64]
    log_dominance: NDArray[np.float64]
    rise: NDArray[np.float64]
    fall: NDArray[np.float64]
    classes: tuple[str, ...]
    rows: dict[str, tuple[int, ...]]

    @cached_property
    def silence(self) -> int:
        """The row of silence."""
        return self.rows[SILENCE][0]

    @cached_property
    def bilabial(self) -> NDArray[np.bool_]:
        """Which rows close the lips, ``(R,)``."""
        return np.array([c == "bilab" for c in self.classes])

    @cached_property
    def labiodental(self) -> NDArray[np.bool_]:
        """Which rows put the lower lip on the teeth, ``(R,)``."""
        return np.array([c == "labdent" for c in self.classes])

    @cached_property
    def rounded_vowel(self) -> NDArray[np.bool_]:
        """Rows of rounded vowels and W, whose lips start early, ``(R,)``: of two parts the first."""
        return self._rows_of({self.rows[name][0] for name in _ROUNDED_VOWELS})

    @cached_property
    def vowel(self) -> NDArray[np.bool_]:
        """Rows of vowels, both parts of diphthongs, ``(R,)``."""
        return self._rows_of({row for name in _VOWELS for row in self.rows[name]})

    @cached_property
    def yielding(self) -> NDArray[np.bool_]:
        """Consonants that let a following rounded vowel take the lips early, ``(R,)``."""
        return np.array([c in _YIELDING for c in self.classes])

    def _rows_of(self, rows: set[int]) -> NDArray[np.bool_]:
        return np.isin(np.arange(len(self.classes)), list(rows))

    def lookup(self, symbol: str) -> tuple[int, ...]:
        """Rows of a phone; empty where nothing is known about the symbol (``"spn"``)."""
        return self.rows.get(symbol) or self.rows.get(symbol.rstrip("012"), ())


@cache
def viseme_targets() -> VisemeTargets:
    """``data/phones.csv`` and ``data/classes.csv``."""
    rows: dict[str, tuple[int, ...]] = {}
    mouth, classes = [], []
    for line in read_table("gengine.networks.visemes", "phones"):
        rows[line["phone"]] = (*rows.get(line["phone"], ()), len(mouth))
        mouth.append([float(line[c]) for c in MOUTH])
        classes.append(line["class"])
    by_class = {line["class"]: line for line in read_table("gengine.networks.visemes", "classes")}

    def column(suffix: str) -> NDArray[np.float64]:
        return np.array([[float(by_class[c][g + suffix]) for g in GROUPS] for c in classes])

    rise, fall = column("_rise_ms") / _MILLISECONDS, column("_fall_ms") / _MILLISECONDS
    return VisemeTargets(np.array(mouth), np.log(column("")), rise, fall, tuple(classes), rows)
