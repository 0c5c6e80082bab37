"""Mouth shapes in time, for 2D and low-poly faces: the phones behind the lips in the shapes of other programs.

What every phone looks like in each set stands in ``data/visemes.csv``. A set of drawings cannot blend, so the cues are
tidied as Rhubarb does it: sounds that leave the lips free look like their neighbours, short pauses keep the mouth as it
is, and no shape is so short that it flickers; closures (P, B, M, F, V) are never dropped for that but made longer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from gengine.core.constants import read_constants, read_table
from gengine.core.words import Phone
from gengine.errors import unknown

SETS = ("oculus", "azure", "preston_blair", "rhubarb")
"""Names of the sets of shapes."""

SILENCE, NOT_KNOWN = "sil", "spn"
_CLOSURES = ("P", "F")
_MOMENT = 1e-6
"""Seconds; anything shorter is no interval."""


@dataclass(frozen=True)
class CueConstants:
    """``data/viseme_cues.csv``, see there for units and sources."""

    hold_pause: float
    first_part: float
    anticipation: float
    long_phone: float
    lead: float


@dataclass(frozen=True)
class Cue:
    """One shape from ``start`` to ``end`` seconds."""

    start: float
    end: float
    shape: str

    @property
    def duration(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class VisemeSet:
    """One set of shapes: ``shapes`` in the order of their numbers, the one at ``rest``, the ``shortest`` cue (s), and
    ``parts`` by phone: the shapes after each other, each as alternatives; ``long_parts`` those of long phones."""

    name: str
    shapes: tuple[str, ...]
    rest: str
    shortest: float
    parts: dict[str, tuple[tuple[str, ...], ...]]
    long_parts: dict[str, tuple[tuple[str, ...], ...]]

    @property
    def closures(self) -> frozenset[str]:
        """Shapes that bring the lips together, or to the teeth."""
        return frozenset(self.parts[phone][0][0] for phone in _CLOSURES)

    def of(self, phone: Phone) -> tuple[tuple[str, ...], ...]:
        """The parts of a phone; one whose symbol is not in the table looks like unknown speech."""
        for symbol in (phone.symbol, phone.symbol.rstrip("012"), NOT_KNOWN):
            if phone.end - phone.start >= constants().long_phone and symbol in self.long_parts:
                return self.long_parts[symbol]
            if symbol in self.parts:
                return self.parts[symbol]
        raise AssertionError("the table has no row for unknown speech")


@cache
def constants() -> CueConstants:
    """``data/viseme_cues.csv``."""
    return read_constants(CueConstants, "gengine.formats", "viseme_cues")


@cache
def viseme_set(name: str) -> VisemeSet:
    """The set of that name, one of ``SETS``; GengineError for another."""
    if name not in SETS:
        raise unknown("visemes:", name, SETS)
    row = next(line for line in read_table("gengine.formats", "viseme_sets") if line["set"] == name)
    table = read_table("gengine.formats", "visemes")
    long_column = f"{name}_long"
    return VisemeSet(
        name,
        tuple(row["shapes"].split()),
        row["rest"],
        float(row["shortest"]),
        {line["phone"]: _parts(line[name]) for line in table},
        {line["phone"]: _parts(line[long_column]) for line in table if line.get(long_column)},
    )


def _parts(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(part.split("/")) for part in text.split(">"))


def covered(phones: Iterable[Phone], duration: float) -> list[Phone]:
    """``phones`` cut to [0, ``duration``] s without a gap or overlap: what no phone covers is silence."""
    out: list[Phone] = []

    def add(phone: Phone) -> None:
        if phone.end - phone.start <= _MOMENT:
            return
        if out and phone.symbol == out[-1].symbol == SILENCE:
            out[-1] = replace(out[-1], end=phone.end)
        else:
            out.append(phone)

    at = 0.0
    for phone in phones:
        start, end = max(phone.start, at), min(phone.end, duration)
        if end - start <= _MOMENT:
            continue
        add(Phone(SILENCE, at, start))
        add(replace(phone, start=at if start - at <= _MOMENT else start, end=end))
        at = end
    add(Phone(SILENCE, at, duration))
    return out


def viseme_cues(phones: Iterable[Phone], duration: float, name: str, shortest: float | None = None) -> list[Cue]:
    """Shapes of the set ``name`` (one of ``SETS``) from 0 to ``duration`` s, without gaps, none twice in a row.

    No cue is shorter than ``shortest`` s (the set's own unless given), except where all the sound is. Raises
    GengineError for a set that is not known.
    """
    shapes = viseme_set(name)
    cues = _joined(_hold_pauses(_chosen(covered(phones, duration), shapes), shapes))
    return _steady(cues, shapes.shortest if shortest is None else shortest, shapes.closures)


def _chosen(phones: Sequence[Phone], shapes: VisemeSet) -> list[Cue]:
    """One or two cues a phone, free sounds in the shape of a neighbour."""
    spans: list[tuple[float, float, tuple[str, ...]]] = []
    for phone in phones:
        parts = shapes.of(phone)
        middle = phone.start + constants().first_part * (phone.end - phone.start)
        spans += [
            (phone.start if k == 0 else middle, phone.end if k == len(parts) - 1 else middle, options)
            for k, options in enumerate(parts)
        ]
    coming: list[tuple[str, float]] = []  # the next shape that is certain, and when it begins
    following = (shapes.rest, float("inf"))
    for start, _, options in reversed(spans):
        coming.append(following)
        if len(options) == 1:
            following = options[0], start
    cues: list[Cue] = []
    for (start, end, options), (after, begins) in zip(spans, reversed(coming), strict=True):
        before = cues[-1].shape if cues else shapes.rest
        near = begins - end <= constants().anticipation
        wanted = next((s for s in (after if near else before, before) if s in options), options[0])
        cues.append(Cue(start, end, wanted))
    return cues


def _hold_pauses(cues: Sequence[Cue], shapes: VisemeSet) -> list[Cue]:
    """Short pauses inside speech take the shape before them."""
    out: list[Cue] = []
    for k, cue in enumerate(cues):
        inside = 0 < k < len(cues) - 1
        held = inside and cue.shape == shapes.rest and cue.duration < constants().hold_pause
        out.append(replace(cue, shape=out[-1].shape) if held else cue)
    return out


def _joined(cues: Iterable[Cue]) -> list[Cue]:
    """Neighbours of the same shape become one."""
    out: list[Cue] = []
    for cue in cues:
        _put(out, cue)
    return out


def _put(out: list[Cue], cue: Cue) -> None:
    """Append ``cue``, cutting or lengthening the last one to its start; the same shape goes on."""
    if out:
        out[-1] = replace(out[-1], end=cue.start)
    if out and out[-1].shape == cue.shape:
        out[-1] = replace(out[-1], end=cue.end)
    else:
        out.append(cue)


def _steady(cues: Sequence[Cue], shortest: float, closures: frozenset[str]) -> list[Cue]:
    """No cue shorter than ``shortest`` s: closures are made longer, of others each neighbour gets a half."""
    out: list[Cue] = []
    at, total = 0.0, cues[-1].end if cues else 0.0
    for k, cue in enumerate(cues):
        end, last = cue.end, k == len(cues) - 1
        missing = shortest - (end - at)
        if end - at <= _MOMENT:
            continue  # a closure before it took its time
        if missing <= _MOMENT or (out and out[-1].shape == cue.shape):
            _put(out, Cue(at, end, cue.shape))
        elif cue.shape in closures:
            spare = max(out[-1].duration - shortest, 0.0) if out else 0.0
            at -= min(spare, missing if last else min(missing, constants().lead))
            end = min(max(end, at + shortest), total)
            _put(out, Cue(at, end, cue.shape))
        elif out:
            end = end if last else (at + end) / 2
            _put(out, Cue(at, end, out[-1].shape))
        elif last:
            _put(out, Cue(at, end, cue.shape))
        else:
            continue  # what follows begins the recording
        at = end
    return out
