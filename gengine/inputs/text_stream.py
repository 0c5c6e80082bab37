"""Text that comes in pieces, as a language model writes it: tags are taken out the moment they are whole."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from gengine.core.words import Tag
from gengine.inputs.markup import Direction, clean
from gengine.inputs.tags import LONGEST, signs

SENTENCE = 3.0
"""Seconds for which an emoji is felt: its sentence, whose end is not known yet. Judgement."""

_SPAN = re.compile(
    r"\[[^\[\]]{1,80}\]|【[^【】]{1,80}】|\([^()]{1,80}\)|（[^（）]{1,80}）|</?[A-Za-z][^<>]{0,200}>|"
    r"(?<![\w*])\*{1,3}[^\s*][^*]{0,80}\*{1,3}|" + "|".join(map(re.escape, signs()))
)
"""What may be a tag: remarks in brackets or stars, elements, emoji and emoticons."""

_OPEN = re.compile(r"[\[【(（<*][^\]】)）>]*$")
"""A remark that may still become whole."""

_CUTS = sorted({sign[:k] for sign in signs() for k in range(1, len(sign))}, key=len, reverse=True)
"""What an emoticon may begin with."""

_CLOSING = re.compile(r"</\s*([A-Za-z][\w:.-]*)")

_UNSAID = ("pause", "voice")
"""Directions that only a voice follows."""


class TextStream:
    """``push`` takes pieces of a text, cut anywhere, and gives what is to be spoken and the tags that act now.

    What may become a tag is held back, ``LONGEST`` characters at most. Tags count from second 0, the moment at which
    they came whole; one holds until the next unless it is an act or an emoji.
    """

    def __init__(self) -> None:
        self._held = ""
        self._blank = True  # what was given out last ends in a blank
        self._taken = False  # a tag was taken out behind it

    def push(self, piece: str, last: bool = False) -> tuple[str, tuple[Tag, ...]]:
        """The next ``piece``; ``last`` where nothing follows."""
        text, spoken, tags = self._held + piece, [], []
        at = 0
        for match in _SPAN.finditer(text):
            if not last and match.end() == len(text) and match[0][0] not in "[【(（<*":
                break  # an emoji may have a variant, an emoticon may be a word
            said, found = _read(match[0])
            self._speak(spoken, text[at : match.start()])
            self._speak(spoken, said)
            self._taken = not said
            tags += found
            at = match.end()
        rest = text[at:]
        keep = 0 if last else self._unfinished(rest)
        self._held = rest[len(rest) - keep :]
        self._speak(spoken, rest[: len(rest) - keep])
        return "".join(spoken), tuple(tags)

    def _speak(self, spoken: list[str], text: str) -> None:
        """Around a tag that is taken out stand two blanks: one is enough."""
        if text:
            doubled = self._taken and self._blank and text[0] == " "
            spoken.append(text[doubled:])
            self._blank, self._taken = text[-1].isspace(), False

    @staticmethod
    def _unfinished(text: str) -> int:
        """Characters at the end that may belong to a tag."""
        if (opened := _OPEN.search(text)) and len(opened[0]) <= LONGEST:
            return len(opened[0])
        match = next((m for m in signs() if text.endswith(m)), None)
        return len(match or next((cut for cut in _CUTS if text.endswith(cut)), ""))


def _read(span: str) -> tuple[str, list[Tag]]:
    """What is spoken of ``span``, and the tags that it is."""
    if closing := _CLOSING.match(span):
        return "", [Tag("end", closing[1], 0.0)]
    found = clean(span)
    directions = [d for d in found.directions if d.kind not in _UNSAID]
    if found.text and not directions:
        return span, []
    return found.text, list(_tags(directions))


def _tags(directions: list[Direction]) -> Iterator[Tag]:
    for direction in directions:
        end = SENTENCE if direction.kind in ("sign", "emphasis") else math.inf
        yield Tag(direction.kind, direction.value, 0.0, end)
