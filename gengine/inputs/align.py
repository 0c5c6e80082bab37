"""When each word and sound of a transcript is spoken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gengine.core.audio import SAMPLE_RATE, AudioClip
from gengine.core.report import Report
from gengine.core.words import Phone, Word, WordTrack
from gengine.errors import TextError
from gengine.inputs.decoders import Spoken
from gengine.inputs.estimate import Token, estimate, speech_parts
from gengine.inputs.forced import Aligner, aligner
from gengine.inputs.intervals import gap_free, spread, within
from gengine.inputs.language import split_words
from gengine.inputs.phone_symbols import SILENCE, UNKNOWN
from gengine.inputs.stress import stresses
from gengine.inputs.stretch import BIAS, AlignedPart, Said, align_stretch, believed
from gengine.inputs.transcript import Transcript

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

PHRASE_GAP = 0.3
"""Words with given times are aligned together up to a gap of this length, seconds..."""

LONGEST_PHRASE = 8
"""... or up to a phrase of this length, seconds."""

PHRASE_MARGIN = 0.15
"""Sound before and after a phrase that is searched with it, seconds."""

AGREES = 0.25
"""A word aligned so near to its given times, seconds, says where its sounds lie; else they are spread over it."""

FEW_UNHEARD = 0.1
"""Share of words not heard in the sound that is no news."""


def align(clip: AudioClip, transcript: Transcript) -> tuple[WordTrack, Report]:
    """Words and phones with their times, and a report on the words: how many were given, found, estimated, dropped.

    A transcript with word times keeps them (source ``"given"``) and gets the phones it lacks. English, and
    languages whose spelling tells the sounds, are aligned to the sound (``"aligned"``); where that fails the
    words are spread over the speech (``"estimated"``). Phones are ARPAbet or a symbol of
    ``gengine.inputs.phone_symbols.EXTENDED``, sorted, and cover [0, duration] without gaps, pauses as ``"sil"``;
    there are none where the script tells no sounds. Word texts are as written, punctuation included.
    ``TextError`` where the text cannot belong to the recording.
    """
    warnings: list[str] = []
    samples, duration = _at_analysis_rate(clip), clip.duration
    late = _check_times(transcript, duration, warnings)
    if transcript.track is not None and transcript.track.phones:
        return _given(transcript.track, duration), _report(transcript, warnings, dropped=late)
    parts = speech_parts(samples, SAMPLE_RATE)
    tool = aligner()
    with tool.lock:
        said = _said(transcript, tool)
        heard = sum(b - a for a, b in parts)
        believable = _check_rate(said, heard, duration, warnings)
        if transcript.track is not None:
            track = _fill_words(transcript.track, samples, said, tool, duration)
            return track, _report(transcript, warnings, dropped=late)
        words: list[Word] = []
        phones: list[Phone] = []
        guessed = unheard = poor = 0
        for stretch, start, end in _stretches(transcript, said, duration):
            found = (
                align_stretch(tool, samples, stretch, start, end) if believable else [AlignedPart(stretch, start, end)]
            )
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
        warnings.append(f"{what} could not be found in the sound; these word times are estimated, lips less exact.")
    elif 2 * poor > len(said):
        warnings.append("The text fits the sound poorly; check that it is what is said.")
    elif unheard > FEW_UNHEARD * len(said):
        warnings.append(f"{unheard} words of the text were not heard in the sound.")
    words.sort(key=lambda w: w.start)
    source = "estimated" if guessed > len(said) / 2 else "aligned"
    complete = gap_free(phones, duration) if phones else ()
    track = WordTrack(within(words, duration), complete, transcript.language, source)
    return track, _report(transcript, warnings, estimated=guessed, dropped=late + unheard)


def _report(transcript: Transcript, warnings: list[str], estimated: int = 0, dropped: int = 0) -> Report:
    """How many words were given, and what became of them."""
    given = len(transcript.words) if transcript.track is None else len(transcript.track.words)
    facts = {
        "given": given,
        "found": given - estimated - dropped,
        "estimated": estimated,
        "dropped": dropped,
        "language": transcript.language,
    }
    return Report({"words": facts}, warnings=tuple(warnings))


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


def _said(transcript: Transcript, tool: Aligner) -> list[Said]:
    """Every written word with its spoken words and its sounds."""
    said: list[Said] = []
    for index, segment in enumerate(transcript.segments):
        # A word with times of its own is one word, whatever it looks like.
        texts = [segment.text] if transcript.track is not None else split_words(segment.text)
        for k, text in enumerate(texts):
            if transcript.language == "en":
                spoken = english_words(text, tool)
                sounds = tuple(pair for w in spoken for pair in _stressed(w.name, tool.pronounce(w.name)))
            else:
                before, after = (texts[n] if 0 <= n < len(texts) else "" for n in (k - 1, k + 1))
                spoken = _foreign(text, transcript.language, before, after)
                sounds = tuple((s, -1) for w in spoken for s in w.sounds)
            said.append((Token(text, sounds, index), spoken))
    return said


def english_words(text: str, tool: Aligner) -> tuple[Spoken, ...]:
    """What is said for one written English word, by the dictionary's names."""
    from gengine.inputs.spoken import spoken_words

    return tuple(Spoken(w) for w in spoken_words(text, lambda w: tool.lookup(w) is not None))


def _foreign(text: str, language: str, before: str, after: str) -> tuple[Spoken, ...]:
    from gengine.inputs.foreign import foreign_words
    from gengine.inputs.letters import spell

    built = [tuple(spell(w, language)) for w in foreign_words(text, language, before, after)]
    return tuple(Spoken("", sounds) for sounds in built if sounds)


def _stressed(word: str, sounds: Sequence[str]) -> list[tuple[str, int]]:
    return list(zip(sounds, stresses(word, sounds), strict=True))


def _check_times(transcript: Transcript, duration: float, warnings: list[str]) -> int:
    """Given times must belong to this recording; how many words begin after its end."""
    starts = [s.start for s in transcript.segments if s.start is not None]
    if not starts:
        return 0
    late = sum(s >= duration for s in starts)
    last = max(s.end for s in transcript.segments if s.end is not None)
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
            f"text: {len(said)} words cannot be spoken in {heard:.1f} s of speech (at most about "
            f"{int(FASTEST / SOUNDS_A_WORD * max(heard, LEAST_SPEECH))}); give the transcript of this recording"
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


def _given(track: WordTrack, duration: float) -> WordTrack:
    """A complete track, its phones made gap-free; "spoken noise" gets a neutral vowel."""
    phones = [replace(p, symbol="AH") if p.symbol == UNKNOWN else p for p in track.phones]
    return replace(track, words=within(track.words, duration), phones=gap_free(phones, duration))


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
        start, end = segments[index].start or 0.0, segments[index].end or 0.0
        if start >= duration:
            break
        words, end = by_segment[index], min(end, duration)
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


def _fill_words(
    track: WordTrack, samples: NDArray[np.float32], said: list[Said], tool: Aligner, duration: float
) -> WordTrack:
    """Phones inside words whose times are given: aligned phrase by phrase, else spread."""
    words = within(track.words, duration)
    phones: list[Phone] = []
    pairs = list(zip(words, said, strict=False))
    run: list[tuple[Word, Said]] = []
    for k, pair in enumerate(pairs):
        run.append(pair)
        following = pairs[k + 1][0].start if k + 1 < len(pairs) else duration
        if (
            following - pair[0].end > PHRASE_GAP
            or pair[0].end - run[0][0].start > LONGEST_PHRASE
            or k + 1 == len(pairs)
        ):
            phones += _phrase(run, samples, tool, duration)
            run = []
    return WordTrack(words, gap_free(phones, duration) if phones else (), track.language, "given")


def _phrase(
    run: list[tuple[Word, Said]], samples: NDArray[np.float32], tool: Aligner, duration: float
) -> list[Phone]:  # fmt: skip
    start, end = max(run[0][0].start - PHRASE_MARGIN, 0.0), min(run[-1][0].end + PHRASE_MARGIN, duration)
    found = [part for part in align_stretch(tool, samples, [said for _, said in run], start, end) if part.found]
    heard_words = {id(token): word for part in found for (token, _), word in zip(part.said, part.words, strict=True)}
    heard_phones = [p for part in found for p in part.phones if p.symbol != SILENCE]
    phones: list[Phone] = []
    for word, (token, _) in run:
        heard = heard_words.get(id(token))
        inside = []
        if heard and abs(heard.start - word.start) < AGREES and abs(heard.end - word.end) < AGREES:
            inside = [p for p in heard_phones if heard.start <= p.start + 1e-6 and p.end <= heard.end + 1e-6]
        if inside:
            phones += inside
        elif token.sounds and word.end > word.start:
            phones += spread(list(token.sounds), word.start, word.end)
    return phones
