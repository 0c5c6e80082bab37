"""From sound without a transcript to words with times."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from gengine.core.audio import SAMPLE_RATE, AudioClip
from gengine.core.report import Report
from gengine.core.words import WordTrack
from gengine.encoders.phones import hear
from gengine.errors import TextError
from gengine.inputs.align import align
from gengine.inputs.estimate import speech_parts
from gengine.inputs.transcript import untimed
from gengine.recognition.agreement import agreements, believed
from gengine.recognition.recogniser import Recogniser
from gengine.recognition.stretches import Stretch, stretches

HEARS = "phones-v1"
"""Who judges the words: the recognisers' ``least_agreement`` was set on what this one hears."""

SHORTEST_SPEECH = 0.25
"""Less speech than this in a stretch, seconds, is not listened to: recognisers make words of clicks. Judgement."""


def recognise(blocks: Iterable[NDArray[np.float32]], recogniser: Recogniser) -> tuple[WordTrack | None, Report]:
    """Words that are said in a recording which arrives as blocks ``(n,)`` at 16 kHz, and a report on them.

    The track (source "recognised") holds the words that agree with the sound, and phones inside these alone: elsewhere
    sounds are to be heard. None where no word is believed. Memory grows with the words, not with the sound.
    """
    tracks, count = [], 0
    for stretch in stretches(blocks):
        track = stretch_words(stretch, recogniser)
        count += 0 if track is None else len(track[0].words)
        if track is not None and track[1].words:
            tracks.append(track[1].shift(stretch.start))
    found = tuple(w for t in tracks for w in t.words)
    facts = {
        "given": 0,
        "recognised": count,
        "believed": len(found),
        "by": recogniser.name,
        "language": recogniser.language,
        "sounds": "of words where believed, else heard" if found else "heard",
    }
    if not found:
        return None, Report({"words": facts})
    phones = tuple(p for t in tracks for p in t.phones)
    tags = tuple(tag for t in tracks for tag in t.tags)
    return WordTrack(found, phones, tracks[0].language, "recognised", tags), Report({"words": facts})


def stretch_words(stretch: Stretch, recogniser: Recogniser) -> tuple[WordTrack, WordTrack] | None:
    """All words heard in a stretch, aligned, and those that are believed; None where none were heard."""
    speech = speech_parts(stretch.samples, SAMPLE_RATE)
    if sum(b - a for a, b in speech) < SHORTEST_SPEECH:
        return None
    said = recogniser.words(stretch.samples)
    try:
        transcript = untimed(said, recogniser.language, "recognised words")
        track, _ = align(AudioClip(stretch.samples), transcript)
    except TextError:  # signs without words, or more words than the sound has room for
        return None
    _, frames = hear(stretch.samples, HEARS)
    return track, believed(track, agreements(track, frames) >= recogniser.least_agreement)
