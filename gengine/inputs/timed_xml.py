"""Text with times in XML: TTML and its kin (DFXP, EBU-TT, iTunes, Netflix), YouTube's captions, ELAN's annotations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from gengine.errors import GengineError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

Cue = tuple[str, float, float | None]
"""Text with line breaks, start and end in seconds; an end of None is the next start."""

_CLOCK = re.compile(r"(\d{1,3}):(\d{1,2}):(\d{1,2})(?:[.,](\d{1,9})|:(\d{1,3})(?:\.\d+)?)?")
_OFFSET = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)(h|m|s|ms|f|t)")


def read_cues(text: str, fail: Callable[[str], GengineError]) -> list[Cue] | None:
    """The cues of an XML file in its own order; None where it is none of those kinds.

    What ``fail`` makes of a reason is raised where the file cannot be read.
    """
    from xml.etree import ElementTree

    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise fail("declares entities, which are not read; export it without")
    try:
        root = ElementTree.fromstring(text.encode())
    except (ElementTree.ParseError, ValueError, RecursionError) as error:
        raise fail(f"not XML that can be read ({str(error)[:80]}); export it as .srt") from None
    kind = _name(root)
    try:
        if kind == "tt":
            return list(_ttml(root))
        if kind == "transcript":
            return [(_text(e), *_span(e, "start", "dur", 1.0)) for e in root.iter() if _name(e) == "text"]
        if kind == "timedtext":
            return [(_text(e), *_span(e, "t", "d", 1e-3)) for e in root.iter() if _name(e) == "p"]
        if kind == "ANNOTATION_DOCUMENT":
            return list(_elan(root, fail))
    except (ValueError, KeyError, ZeroDivisionError, OverflowError) as error:
        raise fail(f"has a time that cannot be read ({str(error)[:80]}); export it as .srt") from None
    return None


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _attribute(element: Element, name: str) -> str | None:
    """An attribute whatever its namespace."""
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), None)


def _text(element: Element) -> str:
    """All text below an element, its ``br`` as line breaks, without metadata."""
    parts = [element.text or ""]
    for child in element:
        if _name(child) == "br":
            parts.append("\n")
        elif _name(child) != "metadata":
            parts.append(_text(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _span(element: Element, start: str, length: str, unit: float) -> tuple[float, float | None]:
    first = float(element.attrib[start]) * unit
    return first, first + float(element.attrib[length]) * unit if length in element.attrib else None


def _ttml(root: Element) -> Iterator[Cue]:
    """Paragraphs of TTML (W3C, TTML2 section 12): times of an element count from the beginning of the one around it."""
    rate = Fraction(_attribute(root, "frameRate") or 30)
    if multiplier := _attribute(root, "frameRateMultiplier"):
        over, under = multiplier.replace(":", " ").split()
        rate *= Fraction(int(over), int(under))
    ticks = Fraction(_attribute(root, "tickRate") or (rate if _attribute(root, "frameRate") else 1))
    units = {"h": 3600, "m": 60, "s": 1, "ms": Fraction(1, 1000), "f": 1 / rate, "t": 1 / ticks}

    def seconds(written: str) -> float:
        if clock := _CLOCK.fullmatch(written.strip()):
            hours, minutes, whole, fraction, frames = clock.groups()
            part = Fraction(int(fraction), 10 ** len(fraction)) if fraction else Fraction(int(frames or 0)) / rate
            return float(int(hours) * 3600 + int(minutes) * 60 + int(whole) + part)
        if offset := _OFFSET.fullmatch(written.strip()):
            return float(Fraction(offset[1]) * units[offset[2]])
        raise ValueError(written)

    def cues(element: Element, around: float, limit: float | None) -> Iterator[Cue]:
        first, last = around, limit
        if begin := _attribute(element, "begin"):
            first = around + seconds(begin)
        if end := _attribute(element, "end"):
            last = around + seconds(end)
        elif duration := _attribute(element, "dur"):
            last = first + seconds(duration)
        timed = [child for child in element if _attribute(child, "begin")]
        if _name(element) == "p" and not timed:
            yield _text(element), first, last
        elif _name(element) == "p":  # spans with times of their own
            for child in timed:
                yield from cues(child, first, last)
        elif _name(element) == "span":
            yield _text(element), first, last
        elif _name(element) not in ("head", "metadata"):
            for child in element:
                yield from cues(child, first, last)

    yield from cues(root, 0.0, None)


def _elan(root: Element, fail: Callable[[str], GengineError]) -> Iterator[Cue]:
    """The annotations of an ELAN file of one tier."""
    times = {e.attrib["TIME_SLOT_ID"]: e.attrib.get("TIME_VALUE") for e in root.iter("TIME_SLOT")}
    tiers: dict[str, list[Cue]] = {}
    for tier in root.iter("TIER"):
        for annotation in tier.iter("ALIGNABLE_ANNOTATION"):
            first, last = (times[annotation.attrib[f"TIME_SLOT_REF{k}"]] for k in (1, 2))
            if first is not None and last is not None:
                said = _text(annotation).strip()
                tiers.setdefault(tier.attrib["TIER_ID"], []).append((said, int(first) / 1000, int(last) / 1000))
    if not tiers:
        raise fail("holds no annotations with times; export the tier with the words as a .TextGrid")
    if len(tiers) > 1:
        raise fail(f"has the tiers {', '.join(tiers)[:120]}; export the one with the words as a .TextGrid")
    yield from next(iter(tiers.values()))
