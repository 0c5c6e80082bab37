"""Names of speakers before what they say: "John Doe: Hello" in the lines of a transcript."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from gengine.inputs.tags import meanings

_LABEL = re.compile(
    r"^[ \t]*(?:[-–—•*]+|>+)?[ \t]*(?P<name>[^\W\d_][\w.'’-]{0,24}(?:,?[ ][\w.'’-]{1,24}){0,3})"
    r"(?:[ ]?\((?P<aside>[^()]{1,20})\))?[ ]?(?::(?=\s|$)|：)"
)
"""A name of up to four words before a colon at the beginning of a line."""

MOST = 0.5
"""Names are told by at least this share of the lines having them, ..."""


def speakers(lines: Iterable[str]) -> frozenset[str]:
    """Names of speakers that lines begin with; none where those are words that are said ("Note: …").

    Names come again and again: at least half of the lines begin with one, and half of these with one that comes back.
    Each of their words begins with a capital letter (where the script has any), or is a number.
    """
    count, found = 0, Counter[str]()
    for line in lines:
        count += bool(line.strip())
        if (match := _LABEL.match(line)) and _is_name(match["name"]):
            found[match["name"]] += 1
    labelled, again = sum(found.values()), sum(n for n in found.values() if n > 1)
    if labelled < 2 or labelled < MOST * count or again < MOST * labelled:
        return frozenset()
    return frozenset(found)


def _is_name(text: str) -> bool:
    return all(word[0].isdigit() or not word[0].islower() for word in text.split())


def without(line: str, names: frozenset[str]) -> tuple[str, str | None]:
    """A line without its speaker's name, and that name; the line itself where it begins with none of ``names``.

    How it is said, "Anna (angrily): …", stays where that is a tag.
    """
    match = _LABEL.match(line) if names else None
    if match is None or match["name"] not in names:
        return line, None
    how = f"({match['aside']})" if match["aside"] and meanings(match["aside"]) else ""
    return how + line[match.end() :], match["name"]
