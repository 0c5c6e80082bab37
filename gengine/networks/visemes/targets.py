"""What every speech sound does with the mouth: ARKit targets and how strongly each sound insists on them.

Targets and dominances are measured on real talking faces (GRID, BEAT) and fitted to the ICT head (face.md
sections 1 and 2), with vowels 10 % more and tongue sounds 15 % less open than proposed there: that brings the
openings per second and the spread of the lip gap to GRID's. Symbols are ARPAbet, and IPA for the sounds of
German and Mandarin that English lacks.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources

import numpy as np
from numpy.typing import NDArray

MOUTH = (
    "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthStretch", "mouthSmile", "mouthPress",
    "mouthRollLower", "mouthRollUpper", "mouthLowerDown", "mouthUpperUp", "tongueOut",
)  # fmt: skip
"""Channels that speech drives; those with two sides get the same value on both."""

GROUPS = ("lips", "width", "jaw")
"""Sounds insist on these three separately: a T leaves the lips alone, an S rules jaw and width."""

GROUP_OF = np.array([2, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
"""Index into ``GROUPS`` of each channel of ``MOUTH``."""

PLATEAU = np.array([0.5, 0.6, 0.25])
"""Share of a sound's duration at full dominance, by group."""

VOWEL_CLASSES = ("open", "mid", "front")
SILENCE = "sil"


@dataclass(frozen=True, eq=False)
class Targets:
    """The tables as arrays over R rows (a row is a sound or one part of it).

    ``mouth (R, 12)`` weights by ``MOUTH``; ``log_dominance (R, 3)``, ``rise`` and ``fall (R, 3)`` s by
    ``GROUPS``; ``classes (R,)`` names; ``rows`` a sound's rows, one or two.
    """

    mouth: NDArray[np.float64]
    log_dominance: NDArray[np.float64]
    rise: NDArray[np.float64]
    fall: NDArray[np.float64]
    classes: tuple[str, ...]
    rows: dict[str, tuple[int, ...]]

    def of_class(self, *names: str) -> NDArray[np.bool_]:
        """Which rows belong to the classes ``names``."""
        return np.array([c in names for c in self.classes])

    @cached_property
    def silence(self) -> int:
        return self.rows[SILENCE][0]

    @cached_property
    def bilabial(self) -> NDArray[np.bool_]:
        return self.of_class("bilab")

    @cached_property
    def labiodental(self) -> NDArray[np.bool_]:
        return self.of_class("labdent")

    @cached_property
    def rounded(self) -> NDArray[np.bool_]:
        return self.of_class("round", "postalv")

    @cached_property
    def rounded_vowel(self) -> NDArray[np.bool_]:
        """Rows of rounded vowels and W, whose lips start early."""
        names = {"UW", "OW", "OY", "W", "AO", "UH", "y", "ø", "œ", "oː", "ü", "u", "uo", "ʊŋ"}
        rows = {self.rows[n][0] for n in names}
        return np.array([r in rows for r in range(len(self.classes))])

    @cached_property
    def vowel(self) -> NDArray[np.bool_]:
        names = {
            "AA", "AE", "AH", "AO", "AY", "AW", "EY", "OW", "OY", "EH", "IH", "IY", "ER", "UH", "UW", "y", "ø", "œ",
            "oː", "eː", "ɐ", "ü", "a", "u", "uo", "ʊŋ", "ɤ", "ɿ",
        }  # fmt: skip
        rows = {r for n in names for r in self.rows[n]}
        return np.array([r in rows for r in range(len(self.classes))])

    @cached_property
    def yielding(self) -> NDArray[np.bool_]:
        """Consonants that let a following rounded vowel take the lips early."""
        return self.of_class("tongue", "velar", "velar_nasal", "dental", "breath")

    def lookup(self, symbol: str) -> tuple[int, ...]:
        """Rows of a sound; empty where nothing is known about the symbol (``"spn"``)."""
        return self.rows.get(symbol) or self.rows.get(symbol.rstrip("012"), ())


@cache
def targets() -> Targets:
    """The tables shipped with the project."""
    rows: dict[str, tuple[int, ...]] = {}
    mouth, classes = [], []
    for line in _table("phones"):
        rows[line["phone"]] = (*rows.get(line["phone"], ()), len(mouth))
        mouth.append([float(line[c]) for c in MOUTH])
        classes.append(line["class"])
    by_class = {line["class"]: line for line in _table("classes")}

    def column(suffix: str) -> NDArray[np.float64]:
        return np.array([[float(by_class[c][g + suffix]) for g in GROUPS] for c in classes])

    return Targets(
        np.array(mouth), np.log(column("")), column("_rise_ms") / 1000, column("_fall_ms") / 1000, tuple(classes), rows
    )


def _table(name: str) -> list[dict[str, str]]:
    text = resources.files("gengine.networks.visemes").joinpath(f"data/{name}.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))
