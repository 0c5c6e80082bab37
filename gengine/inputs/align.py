"""When each word and sound of a transcript is spoken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from gengine.core.audio import SAMPLE_RATE, AudioClip
from gengine.core.report import Report
from gengine.core.words import Phone, WordTrack
from gengine.errors import TextError
from gengine.inputs.decoders import Spoken
from gengine.inputs.ear import BELIEVED_LATE, Ear
from gengine.inputs.estimate import speech_parts
from gengine.inputs.forced import Aligner, aligner
from gengine.inputs.given_words import complete, fill
from gengine.inputs.intervals import gap_free, within
from gengine.inputs.language import split_words
from gengine.inputs.mend import mend
from gengine.inputs.pronounce import UNKNOWN
from gengine.inputs.stretch import BIAS, AlignedPart, Said, align_stretch, believed, english_words, said_words
from gengine.inputs.tag_times import Times, timed_tags
from gengine.inputs.transcript import Segment, Transcript

FASTEST = 35.0
"""Sounds per second of speech that nobody reaches: fast talkers say about 20 (judgement; LJ Speech reads 13)."""

ABSURD = 150.0
"""Sounds per second of speech that are another recording's text altogether."""

SLOWEST = 1.5
"""Sounds per second of speech below which most of what is said is missing from the text."""

SOUNDS_A_WORD = 4
"""Sounds of an average English word, to tell how many words fit."""

LEAST_SPEECH = 0.1
"""Less speech than this in a recording, seconds, is none."""

LEAST_SHARE = 0.2
"""Share of a recording that may be speech although it was not heard as such (music under the voice)."""

OVERHANG = 1.0
"""Times of a text may reach so far beyond the recording's end without a note, seconds."""

MARGIN = 0.4
"""Subtitles may be this much early or late, seconds."""

LONGEST_GROUP = 15
"""Subtitles without a gap between them are aligned as one up to this length, seconds."""

COVERED = 0.7
"""Share of the speech from which given words are all that is said."""

SHIFTED = 0.25
"""Where more of the words than this is lost, cues may lie elsewhere than their words: all is sought everywhere."""

FEW_UNHEARD = 0.1
"""Share of words not heard in the sound that is no news."""


def align(clip: AudioClip, transcript: Transcript) -> tuple[WordTrack, Report]:
    """Words and phones with their times, and a report on the words: how many were given, found, estimated, dropped.

    A transcript with word times keeps those that fit the sound (``gengine.inputs.mend``; source ``"given"``) and gets
    the phones it lacks. English is aligned by
    its acoustic model, and where that fails, as other languages, by the phones that are heard (``"aligned"``). Where
    the text does not fit the sound its phones are those heard, and its words lie where they fit best
    (``"estimated"``). Phones are ARPAbet or a symbol of ``gengine.inputs.phone_symbols.EXTENDED``, sorted, and cover
    [0, duration] without gaps, pauses as ``"sil"``; there are none where nothing of the text was found: who listens to
    the sound knows as much. Word texts are as written, punctuation included. ``TextError`` where the text cannot
    belong to the recording.
    """
    warnings: list[str] = []
    samples, duration = _at_analysis_rate(clip), clip.duration
    late = _check_times(transcript, duration, warnings)
    if transcript.track is not None and transcript.track.phones:
        given = _tagged(complete(transcript.track, duration), transcript, _given(transcript.track, duration))
        return given, _report(transcript, warnings, "given", dropped=late)
    parts = speech_parts(samples, SAMPLE_RATE)
    tool, ear = aligner(), Ear(samples)
    with tool.lock:
        said, source = said_words(transcript, tool)
        heard = sum(b - a for a, b in parts)
        believable = _check_rate(said, heard, duration, warnings)
        quick = tool if believable else None
        if transcript.track is not None:
            transcript = _mended(transcript, samples, said, quick, ear, duration, parts, warnings)
            assert transcript.track is not None
            track = fill(transcript.track, samples, said, tool, ear, duration)
            track = _tagged(track, transcript, _given(transcript.track, duration))
            return track, _report(transcript, warnings, source, dropped=late)
        found = [
            part
            for stretch, start, end in _stretches(transcript, said, duration)
            for part in _find(quick, ear, samples, stretch, start, end, transcript.language)
        ]
        if believable and transcript.segments[0].start is not None and _lost(found) > SHIFTED * len(said):
            whole = _find(quick, ear, samples, said, 0.0, duration, transcript.language)
            if _lost(whole) < _lost(found) / 2:
                found = whole
                warnings.append(_off(transcript, found))
    guessed = sum(len(p.said) for p in found if not p.found or not believable)
    unheard = sum(p.unheard for p in found if p.found) if believable else 0
    poor = sum(len(p.said) for p in found if p.found and p.poor)
    if source == UNKNOWN:
        warnings.append(
            f"What the text's letters sound like is not known (language {transcript.language}): word times are "
            "estimated, lips follow the sound. espeak-ng, where it is installed, knows about a hundred languages."
        )
    elif guessed and believable:
        what = "The text" if guessed == len(said) else f"{guessed} of {len(said)} words of the text"
        warnings.append(
            f"{what} could not be found in the sound; word times are estimated, lips follow the sound there."
        )
    elif 2 * poor > len(said):
        warnings.append("The text fits the sound poorly; check that it is what is said.")
    elif unheard > FEW_UNHEARD * len(said):
        warnings.append(f"{unheard} words of the text were not heard in the sound.")
    words = within(sorted((w for p in found for w in p.words), key=lambda w: w.start), duration)
    phones = gap_free((p for part in found for p in part.phones), duration) if guessed < len(said) else ()
    track = WordTrack(words, phones, transcript.language, "estimated" if 2 * guessed > len(said) else "aligned")
    source = source if phones else "heard"
    at = {id(token): (w.start, w.end) for p in found for (token, _), w in zip(p.said, p.words, strict=False)}
    track = _tagged(track, transcript, [at.get(id(token)) for token, _ in said])
    return track, _report(transcript, warnings, source, estimated=guessed, dropped=late + unheard)


def _tagged(track: WordTrack, transcript: Transcript, times: Sequence[Times]) -> WordTrack:
    """The track with the transcript's tags at its words' ``times``."""
    return replace(track, tags=timed_tags(transcript, times)) if transcript.directions else track


def _given(track: WordTrack, duration: float) -> list[Times]:
    return [(w.start, w.end) if w.start < duration else None for w in track.words]


def _mended(
    transcript: Transcript, samples: NDArray[np.float32], said: list[Said], tool: Aligner | None, ear: Ear,
    duration: float, parts: list[tuple[float, float]], warnings: list[str],
) -> Transcript:  # fmt: skip
    """A transcript whose words' times fit the sound; those that do already are as given."""
    track = transcript.track
    assert track is not None
    missing = [s.start is None for s in transcript.segments]
    spoken = sum(b - a for a, b in parts)
    covered = sum(w.end - w.start for w in track.words)  # wherever they lie: they may be shifted
    if tool is None:
        return transcript
    if covered >= COVERED * spoken or any(missing):
        found = _find(tool, ear, samples, said, 0.0, duration, transcript.language)
    else:  # others speak too: the words are sought about their times
        timed = replace(transcript, segments=tuple(Segment(w.text, w.start, w.end) for w in track.words))
        found = [
            part
            for stretch, start, end in _stretches(timed, said, duration)
            for part in _find(tool, ear, samples, stretch, start, end, transcript.language)
        ]
    mended = mend(track.words, missing, found, parts)
    facts = {"moved": mended.moved, "estimated": mended.estimated}
    if mended.offset:
        how = "early" if mended.offset > 0 else "late"
        warnings.append(f"The text's times are about {abs(mended.offset):.2f} s {how}; the sound's own are taken.")
    elif mended.moved:
        warnings.append(f"{mended.moved} of {len(said)} words did not lie where they are said and were moved.")
    if mended.estimated:
        warnings.append(f"{mended.estimated} words without times were not found in the sound; theirs are estimated.")
    report = transcript.report + Report({"words": facts})
    return replace(transcript, track=replace(track, words=mended.words), report=report)


def _lost(found: list[AlignedPart]) -> int:
    """Words that were not found or not heard."""
    return sum(len(p.said) if not p.found else p.unheard for p in found)


def _off(transcript: Transcript, found: list[AlignedPart]) -> str:
    """How far the cues lie from their words."""
    starts: dict[int, float] = {}
    for part in found:
        for (token, _), word in zip(part.said, part.words, strict=False):
            starts.setdefault(token.segment, word.start)
    shift = float(np.median([at - (transcript.segments[k].start or 0.0) for k, at in starts.items()]))
    how = "early" if shift > 0 else "late"
    return f"The cues do not lie where they are said, about {abs(shift):.2f} s {how}; the sound's own times are taken."


def _find(
    tool: Aligner | None, ear: Ear, samples: NDArray[np.float32], stretch: list[Said], start: float, end: float,
    language: str,
) -> list[AlignedPart]:  # fmt: skip
    """Parts of a stretch of words in order: English by its own model first where there is one, then by ear."""
    if language != "en" or tool is None:
        return ear.find(stretch, start, end, language)
    result: list[AlignedPart] = []
    for found, group in groupby(align_stretch(tool, samples, stretch, start, end), lambda part: part.found):
        run = list(group)
        if not found:
            missing = [item for part in run for item in part.said]
            run = ear.find(missing, run[0].start, run[-1].end, language, BELIEVED_LATE)
        result += run
    return result


def _report(
    transcript: Transcript, warnings: list[str], sounds: str, estimated: int = 0, dropped: int = 0
) -> Report:  # fmt: skip
    """How many words were given, what became of them, and who told their ``sounds``."""
    given = len(transcript.words) if transcript.track is None else len(transcript.track.words)
    read = transcript.report.facts.get("words", {})
    estimated += read.get("estimated", 0)
    facts = {
        "given": given,
        "found": given - estimated - dropped,
        "moved": read.get("moved", 0),
        "estimated": estimated,
        "dropped": dropped,
        "language": transcript.language,
        "sounds": sounds,
    }
    return transcript.report + Report({"words": facts}, warnings=tuple(warnings))


def align_phones(samples: NDArray[np.float32], text: str | Sequence[Spoken]) -> tuple[Phone, ...] | None:
    """Phones of English ``text``, or of words with sounds of their own, in ``samples`` ``(N,)`` at 16 kHz.

    They cover the whole recording without gaps; every word is taken to be said. None where a part of the text does not
    fit the sound: as labels to learn from, guesses will not do.
    """
    duration, tool = len(samples) / SAMPLE_RATE, aligner()
    with tool.lock:
        if isinstance(text, str):
            text = [w for word in split_words(text) for w in english_words(word, tool)]
        chunks = tool.align(samples, text, skips=False) if text else []
    if not chunks or not all(map(believed, chunks)):
        return None
    return gap_free([Phone(s.symbol, s.start + BIAS, s.end + BIAS) for c in chunks for s in c.sounds], duration)


def _at_analysis_rate(clip: AudioClip) -> NDArray[np.float32]:
    if clip.rate == SAMPLE_RATE:
        return clip.samples
    import soxr

    return soxr.resample(clip.samples, clip.rate, SAMPLE_RATE)


def _check_times(transcript: Transcript, duration: float, warnings: list[str]) -> int:
    """Given times must belong to this recording; how many words begin after its end."""
    starts = [s.start for s in transcript.segments if s.start is not None]
    if not starts:
        return 0
    late = sum(s >= duration for s in starts)
    last = max([*starts, *(s.end for s in transcript.segments if s.end is not None)])
    if late > len(starts) / 2:
        raise TextError(
            f"text: '{transcript.name}' reaches to {last:.1f} s, but the recording ends at {duration:.1f} s; "
            "give the transcript of this recording"
        )
    if last > duration + OVERHANG:
        warnings.append(f"The text reaches to {last:.1f} s; what lies after the recording's end is left out.")
    after = [s.text for s in transcript.segments if s.start is not None and s.start >= duration]
    return len(after) if transcript.track is not None else sum(len(split_words(text)) for text in after)


def _check_rate(said: list[Said], heard: float, duration: float, warnings: list[str]) -> bool:
    """Whether so many sounds can be spoken in so much speech; warns of what is odd."""
    count = sum(t.weight for t, _ in said)
    if count > ABSURD * max(heard, LEAST_SHARE * duration, LEAST_SPEECH):
        raise TextError(
            f"text: {len(said)} words of {count:.0f} sounds cannot be spoken in {heard:.1f} s of speech (at most about "
            f"{int(FASTEST * max(heard, LEAST_SPEECH))} sounds); give the transcript of this recording"
        )
    if heard < LEAST_SPEECH:
        warnings.append("No speech was found in the sound; word times are estimated.")
    elif count > FASTEST * heard:
        warnings.append(
            f"{len(said)} words are too many for {heard:.1f} s of speech; word times are estimated. "
            "Check that the text belongs to the recording."
        )
    else:
        if count < SLOWEST * heard:
            warnings.append(f"{len(said)} words are few for {heard:.1f} s of speech; part of it may be missing.")
        return True
    return False


def _stretches(
    transcript: Transcript, said: list[Said], duration: float
) -> list[tuple[list[Said], float, float]]:  # fmt: skip
    """Runs of words and the time window they lie in: all, or one per group of subtitles."""
    segments = transcript.segments
    if segments[0].start is None:
        return [(said, 0.0, duration)]
    by_segment: dict[int, list[Said]] = {}
    for item in said:
        by_segment.setdefault(item[0].segment, []).append(item)
    groups: list[tuple[list[Said], float, float]] = []
    for index in sorted(by_segment):
        start, end = segments[index].start or 0.0, segments[index].end
        if start >= duration:
            break
        words, end = by_segment[index], duration if end is None else min(end, duration)
        # Subtitles without a gap between them are one stretch: the border is rarely where the pause is.
        if groups and start - groups[-1][2] < MARGIN and groups[-1][2] - groups[-1][1] < LONGEST_GROUP:
            groups[-1] = (groups[-1][0] + words, groups[-1][1], max(end, groups[-1][2]))
        else:
            groups.append((words, start, end))
    padded = []
    for k, (words, start, end) in enumerate(groups):
        before = groups[k - 1][2] if k else 0.0
        after = groups[k + 1][1] if k + 1 < len(groups) else duration
        left = max(start - MARGIN, min((before + start) / 2, start), 0.0)
        right = min(end + MARGIN, max((after + end) / 2, end), duration)
        padded.append((words, left, right))
    return padded
