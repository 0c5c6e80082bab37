"""When each word and sound of a transcript is spoken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from gengine.core.audio import SAMPLE_RATE, AudioClip
from gengine.core.words import Phone, Word, WordTrack
from gengine.errors import TextError
from gengine.inputs.estimate import Token, estimate, speech_parts
from gengine.inputs.forced import Aligner, Chunk, Sound, Spoken, aligner
from gengine.inputs.intervals import gap_free, spread, within
from gengine.inputs.language import split_words
from gengine.inputs.letters import spell
from gengine.inputs.phone_symbols import SILENCE, UNKNOWN
from gengine.inputs.spoken import foreign_words, spoken_words
from gengine.inputs.stress import stresses
from gengine.inputs.transcript import Transcript

BIAS = 0.006
"""Added to every aligned time, seconds, so that borders are neither early nor late on the whole.

With it they differ by -3 to +2 ms from EMO-DB's hand-set labels and by 0 to +1 ms from BEAT's labels, and lie
evenly around the energy landmarks of S in LJ Speech. (LJ Speech's own labels are 14 ms late by the same
landmarks, ours seem 10 ms early against them: they set no standard here.) ``python benchmarks/alignment.py``.
"""

BELIEVED, CONTRAST_COUNTS = -30.0, 0.8
"""A doubted chunk is believed where its mean score per frame plus so much of its contrast reaches the first.

The contrast is the lead over its words said backwards. Neither alone tells right from wrong: noise and accents
score as poorly as another text does, and short wrong texts happen to fit better one way round. Chosen on a part
of the recordings that ``python benchmarks/alignment.py robustness`` leaves out.
"""

FASTEST, ABSURD = 35.0, 150.0
"""Sounds per second of speech: nobody talks faster than the first; the second is another text altogether."""

SLOWEST = 1.5
"""Sounds per second of speech below which most of what is said is missing from the text."""

_MARGIN = 0.4
"""Subtitles may be this much early or late, seconds."""

# One token is what is written; the aligner takes one or several spoken words for it.
_Said = tuple[Token, tuple[Spoken, ...]]


def align(clip: AudioClip, transcript: Transcript) -> tuple[WordTrack, list[str]]:
    """Words and phones with their times, and notes (plain sentences) about what had to be guessed.

    A transcript with word times keeps them (source ``"given"``) and gets the phones it lacks. English, and
    languages whose spelling tells the sounds, are aligned to the sound (``"aligned"``); where that fails the
    words are spread over the speech (``"estimated"``). Phones are ARPAbet or a symbol of
    ``gengine.inputs.phone_symbols.EXTENDED``, sorted, and cover [0, duration] without gaps, pauses as ``"sil"``;
    there are none where the script tells no sounds. Word texts are as written, punctuation included.
    ``TextError`` where the text cannot belong to the recording.
    """
    notes: list[str] = []
    samples, duration = _at_analysis_rate(clip), clip.duration
    _check_times(transcript, duration, notes)
    if transcript.track is not None and transcript.track.phones:
        return _given(transcript.track, duration), notes
    parts = speech_parts(samples, SAMPLE_RATE)
    tool = aligner()
    with tool.lock:
        said = _said(transcript, tool)
        heard = sum(b - a for a, b in parts)
        believable = _check_rate(said, heard, duration, notes)
        if transcript.track is not None:
            return _fill_words(transcript.track, samples, said, tool, duration), notes
        words: list[Word] = []
        phones: list[Phone] = []
        guessed = unheard = poor = 0
        for stretch, start, end in _stretches(transcript, said, duration):
            found = _align(tool, samples, stretch, start, end) if believable else [_Found(stretch, start, end)]
            for part in found:
                if not part.found:
                    guessed += len(part.said)
                    some_words, some_phones = estimate([t for t, _ in part.said], parts, part.start, part.end)
                else:
                    unheard += part.unheard
                    poor += len(part.said) if part.poor else 0
                    some_words, some_phones = part.words, part.phones
                words += some_words
                phones += some_phones
    if guessed and believable:
        what = "The text" if guessed == len(said) else f"{guessed} of {len(said)} words of the text"
        notes.append(f"{what} could not be found in the sound; these word times are estimated, lips less exact.")
    elif 2 * poor > len(said):
        notes.append("The text fits the sound poorly; check that it is what is said.")
    elif unheard > 0.1 * len(said):
        notes.append(f"{unheard} words of the text were not heard in the sound.")
    words.sort(key=lambda w: w.start)
    source = "estimated" if guessed > len(said) / 2 else "aligned"
    complete = gap_free(phones, duration) if phones else ()
    return WordTrack(within(words, duration), complete, transcript.language, source), notes


def _at_analysis_rate(clip: AudioClip) -> NDArray[np.float32]:
    if clip.rate == SAMPLE_RATE:
        return clip.samples
    import soxr

    return soxr.resample(clip.samples, clip.rate, SAMPLE_RATE)


def _said(transcript: Transcript, tool: Aligner) -> list[_Said]:
    """Every written word with its spoken words and its sounds."""
    said: list[_Said] = []
    english = transcript.language == "en"
    for index, segment in enumerate(transcript.segments):
        # A word with times of its own is one word, whatever it looks like.
        for text in [segment.text] if transcript.track is not None else split_words(segment.text):
            if english:
                spoken = tuple(Spoken(w) for w in spoken_words(text, lambda w: tool.lookup(w) is not None))
                sounds = tuple(pair for w in spoken for pair in _stressed(w.name, tool.pronounce(w.name)))
            else:
                built = [tuple(spell(w, transcript.language)) for w in foreign_words(text, transcript.language)]
                spoken = tuple(Spoken("", sounds) for sounds in built if sounds)
                sounds = tuple((s, -1) for w in spoken for s in w.sounds)
            said.append((Token(text, sounds, index), spoken))
    return said


def _stressed(word: str, sounds: Sequence[str]) -> list[tuple[str, int]]:
    return list(zip(sounds, stresses(word, sounds), strict=True))


def _check_times(transcript: Transcript, duration: float, notes: list[str]) -> None:
    """Given times must belong to this recording."""
    starts = [s.start for s in transcript.segments if s.start is not None]
    if not starts:
        return
    late = sum(s >= duration for s in starts)
    last = max(s.end for s in transcript.segments if s.end is not None)
    if late > len(starts) / 2:
        raise TextError(
            f"text: '{transcript.name}' reaches to {last:.1f} s, but the recording ends at {duration:.1f} s; "
            "give the transcript of this recording"
        )
    if last > duration + 1.0:
        notes.append(f"The text reaches to {last:.1f} s; what lies after the recording's end is left out.")


def _check_rate(said: list[_Said], heard: float, duration: float, notes: list[str]) -> bool:
    """Whether so many sounds can be spoken in so much speech; notes what is odd."""
    count = sum(t.weight for t, _ in said)
    if count > ABSURD * max(heard, 0.2 * duration, 0.1):
        raise TextError(
            f"text: {len(said)} words cannot be spoken in {heard:.1f} s of speech (at most about "
            f"{int(FASTEST / 4 * max(heard, 0.1))}); give the transcript of this recording"
        )
    if heard < 0.1:
        notes.append("No speech was found in the sound; word times are estimated.")
    elif count > FASTEST * heard:
        notes.append(
            f"{len(said)} words are too many for {heard:.1f} s of speech; word times are estimated. "
            "Check that the text belongs to the recording."
        )
    else:
        if count < SLOWEST * heard:
            notes.append(f"{len(said)} words are few for {heard:.1f} s of speech; part of it may be missing.")
        return True
    return False


def _given(track: WordTrack, duration: float) -> WordTrack:
    """A complete track, its phones made gap-free; "spoken noise" gets a neutral vowel."""
    phones = [replace(p, symbol="AH") if p.symbol == UNKNOWN else p for p in track.phones]
    return replace(track, words=within(track.words, duration), phones=gap_free(phones, duration))


def _stretches(
    transcript: Transcript, said: list[_Said], duration: float
) -> list[tuple[list[_Said], float, float]]:  # fmt: skip
    """Runs of words and the time window they lie in: all, or one per group of subtitles."""
    segments = transcript.segments
    if segments[0].start is None:
        return [(said, 0.0, duration)]
    by_segment: dict[int, list[_Said]] = {}
    for item in said:
        by_segment.setdefault(item[0].segment, []).append(item)
    groups: list[tuple[list[_Said], float, float]] = []
    for index in sorted(by_segment):
        start, end = segments[index].start or 0.0, segments[index].end or 0.0
        if start >= duration:
            break
        words, end = by_segment[index], min(end, duration)
        # Subtitles without a gap between them are one stretch: the border is rarely where the pause is.
        if groups and start - groups[-1][2] < _MARGIN and groups[-1][2] - groups[-1][1] < 15:
            groups[-1] = (groups[-1][0] + words, groups[-1][1], max(end, groups[-1][2]))
        else:
            groups.append((words, start, end))
    padded = []
    for k, (words, start, end) in enumerate(groups):
        before = groups[k - 1][2] if k else 0.0
        after = groups[k + 1][1] if k + 1 < len(groups) else duration
        left = max(start - _MARGIN, min((before + start) / 2, start), 0.0)
        right = min(end + _MARGIN, max((after + end) / 2, end), duration)
        padded.append((words, left, right))
    return padded


@dataclass
class _Found:
    """Part of a stretch, in [``start``, ``end``] s: aligned where ``found``; ``doubted`` at first, ``poor`` still."""

    said: Sequence[_Said]
    start: float
    end: float
    found: bool = False
    doubted: bool = False
    poor: bool = False
    unheard: int = 0
    words: list[Word] = field(default_factory=list)
    phones: list[Phone] = field(default_factory=list)


def _align(
    tool: Aligner, samples: NDArray[np.float32], stretch: Sequence[_Said], start: float, end: float
) -> list[_Found]:
    """Forced alignment inside [start, end] s, part by part; what fails or is not believable is not found."""
    spoken = [w for _, words in stretch for w in words]
    if not spoken or end - start < 0.1:
        return [_Found(stretch, start, end)]
    chunks = tool.align(samples[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)], spoken)
    found, token, at = [], 0, 0
    for chunk in chunks:
        # A written word may be spoken as several and so reach into the next chunk: it belongs where it begins.
        first, begin = token, at
        while token < len(stretch) and (at < chunk.last or chunk is chunks[-1]):
            at += len(stretch[token][1])
            token += 1
        said = stretch[first:token]
        if not said:
            continue
        part = _Found(said, start + chunk.start, start + chunk.end)
        if _believed(chunk) and begin >= chunk.first and at <= chunk.last:
            _place(part, chunk.sounds, begin, at, start + BIAS)
            part.found, part.unheard = True, chunk.unheard
            part.doubted, part.poor = chunk.contrast is not None, chunk.doubted
        found.append(part)
    if sum(_fit(c) * (c.last - c.first) for c in chunks) < BELIEVED * len(spoken):
        # Among so much that does not fit, another text's words fit by chance.
        return [_Found(part.said, part.start, part.end) if part.doubted else part for part in found]
    return found


def _fit(chunk: Chunk) -> float:
    """What ``BELIEVED`` is compared with."""
    return chunk.score + CONTRAST_COUNTS * (chunk.contrast or 0.0) if chunk.sounds else 2 * BELIEVED


def _believed(chunk: Chunk) -> bool:
    return bool(chunk.sounds) and (chunk.contrast is None or _fit(chunk) >= BELIEVED)


def _place(part: _Found, sounds: Sequence[Sound], first: int, last: int, shift: float) -> None:
    """Times for the words of ``part``, whose spoken words are ``first`` to ``last``."""
    spans: list[list[Sound]] = [[] for _ in range(last)]
    for sound in sounds:
        if first <= sound.word < last:
            spans[sound.word].append(sound)
    names = [w.name for _, words in part.said for w in words]
    stress = [-1] * len(sounds)
    for k, name in enumerate(names, first):
        if name and spans[k]:  # names are English words
            index = sounds.index(spans[k][0])
            stress[index : index + len(spans[k])] = stresses(name, [s.symbol for s in spans[k]])
    part.phones = [
        Phone(s.symbol, s.start + shift, s.end + shift, mark) for s, mark in zip(sounds, stress, strict=True)
    ]
    at, until = first, part.start
    for token, words in part.said:
        heard = [s for span in spans[at : at + len(words)] for s in span]
        at += len(words)
        begin = heard[0].start + shift if heard else until  # a sign that nobody says takes no time
        until = heard[-1].end + shift if heard else until
        part.words.append(Word(token.text, begin, until))


def _fill_words(
    track: WordTrack, samples: NDArray[np.float32], said: list[_Said], tool: Aligner, duration: float
) -> WordTrack:
    """Phones inside words whose times are given: aligned phrase by phrase, else spread."""
    words = within(track.words, duration)
    phones: list[Phone] = []
    pairs = list(zip(words, said, strict=False))
    run: list[tuple[Word, _Said]] = []
    for k, pair in enumerate(pairs):
        run.append(pair)
        following = pairs[k + 1][0].start if k + 1 < len(pairs) else duration
        if following - pair[0].end > 0.3 or pair[0].end - run[0][0].start > 8 or k + 1 == len(pairs):
            phones += _phrase(run, samples, tool, duration)
            run = []
    return WordTrack(words, gap_free(phones, duration) if phones else (), track.language, "given")


def _phrase(
    run: list[tuple[Word, _Said]], samples: NDArray[np.float32], tool: Aligner, duration: float
) -> list[Phone]:  # fmt: skip
    start, end = max(run[0][0].start - 0.15, 0.0), min(run[-1][0].end + 0.15, duration)
    found = [part for part in _align(tool, samples, [said for _, said in run], start, end) if part.found]
    heard_words = {id(token): word for part in found for (token, _), word in zip(part.said, part.words, strict=True)}
    heard_phones = [p for part in found for p in part.phones if p.symbol != SILENCE]
    phones: list[Phone] = []
    for word, (token, _) in run:
        heard = heard_words.get(id(token))
        inside = []
        if heard and abs(heard.start - word.start) < 0.25 and abs(heard.end - word.end) < 0.25:
            inside = [p for p in heard_phones if heard.start <= p.start + 1e-6 and p.end <= heard.end + 1e-6]
        if inside:
            phones += inside
        elif token.sounds and word.end > word.start:
            phones += spread(list(token.sounds), word.start, word.end)
    return phones
