"""When the tags of a transcript act: with the words they stand at."""

from __future__ import annotations

from collections.abc import Sequence

from gengine.core.words import Tag
from gengine.inputs.language import split_words
from gengine.inputs.markup import Direction
from gengine.inputs.transcript import Transcript

Times = tuple[float, float] | None
"""Start and end of a word, seconds; None where it is not in the recording."""

_HEARD = ("pause", "voice")
"""Directions that the sound itself follows."""

_SENTENCE_ENDS = tuple(".!?…。！？")


def timed_tags(transcript: Transcript, times: Sequence[Times]) -> tuple[Tag, ...]:
    """Tags of a transcript whose segments' words have ``times``, in order of time.

    A tag begins with the word that follows it, the last ones as the last word ends. One that stands around words lasts
    as long as they, an emoji as long as its sentence, any other until the next.
    """
    acted = [d for d in transcript.directions if d.kind not in _HEARD]
    if not acted:
        return ()
    words, times = _by_piece(transcript, times)
    tags = []
    for direction in acted:
        first, last = _reach(direction, words)
        inside = [t for t in times[first:last] if t is not None]
        following = next((t for t in times[first:] if t is not None), None)
        before = next((t for t in reversed(times[:first]) if t is not None), None)
        if following is None and before is None:
            continue
        start = following[0] if following is not None else before[1] if before is not None else 0.0
        if last <= first:
            tags.append(Tag(direction.kind, direction.value, start))
        elif inside:
            tags.append(Tag(direction.kind, direction.value, start, inside[-1][1]))
    return tuple(sorted(tags, key=lambda tag: tag.start))


def _reach(direction: Direction, words: Sequence[str]) -> tuple[int, int]:
    """The words that a direction is about, [first, last); those of its sentence for an emoji."""
    if direction.kind != "sign":
        return direction.first, direction.last
    own = max(direction.first - 1, 0)  # an emoji follows what it is about
    ends = [k for k, word in enumerate(words) if word.rstrip("\"'”’)»").endswith(_SENTENCE_ENDS)]
    first = max((k + 1 for k in ends if k < own), default=0)
    return first, min((k + 1 for k in ends if k >= own), default=len(words))


def _by_piece(transcript: Transcript, times: Sequence[Times]) -> tuple[list[str], list[Times]]:
    """Words as directions count them: one that has times of its own may be several."""
    if transcript.track is None:
        return list(transcript.words), list(times)
    words: list[str] = []
    result: list[Times] = []
    for segment, time in zip(transcript.segments, times, strict=True):
        pieces = split_words(segment.text)
        words += pieces
        result += [time if k == 0 or time is None else (time[1], time[1]) for k in range(len(pieces))]
    return words, result
