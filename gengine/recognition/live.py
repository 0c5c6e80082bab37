"""Words of a stream while it goes on: phrase by phrase, by a recogniser that works beside the session.

A phrase ends in a pause (where the speech gate closes) or when it grows long. Its words are known ``DELAY`` seconds of
sound later, however fast the recogniser is: who asks earlier does not get them, who asks later waits until they are
there. So what is known when depends on the sound alone, not on the machine or on how the sound was cut.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from gengine.core.audio import SAMPLE_RATE
from gengine.core.conditions import ANALYSIS_RATE, Cue
from gengine.core.words import RECOGNISED, Word, WordTrack
from gengine.encoders.lexicon import LexiconEncoder
from gengine.errors import unknown, wrong_kind
from gengine.recognition import chosen
from gengine.recognition.recognise import stretch_words
from gengine.recognition.recogniser import Recogniser
from gengine.recognition.stretches import Stretch
from gengine.registry import names

DELAY = 1.5
"""Seconds from the end of a phrase until its words are known: Whisper base takes about 1.1 s of a core for one."""

LONGEST_PHRASE = 5.0
"""A longer phrase is cut, seconds: its first words come late enough. Judgement."""

CUT_SOUGHT = 2.5
"""... at its quietest moment within the last so many seconds. Judgement."""

_HOP = SAMPLE_RATE // ANALYSIS_RATE


class LiveWords:
    """Sound and the speech gate's frames in, words and their cues out, in order of time."""

    def __init__(self, recogniser: Recogniser) -> None:
        self.recogniser = recogniser
        self._worker = ThreadPoolExecutor(1, "words")
        self._sound = np.zeros(0, np.float32)
        self._first = 0  # number of the first sample in _sound
        self._frames = 0
        self._began: int | None = None  # frame
        self._phrases: deque[tuple[float, float, Future[tuple[WordTrack, WordTrack] | None]]] = deque()
        self._told: tuple[Word, ...] = ()
        self._language = recogniser.language or "en"  # of what was told: the worker may know more already

    def push(self, samples: NDArray[np.float32], open_frames: NDArray[np.bool_], last: bool = False) -> None:
        """The next ``samples (N,)`` at 16 kHz and frames ``(F,)`` of the gate, which may lag behind them; with ``last``
        the recording ends here, and the phrase going on with it."""
        self._sound = np.concatenate([self._sound, samples])
        for is_open in open_frames.tolist():
            frame = self._frames
            if is_open and self._began is None:
                self._began = frame
            elif not is_open and self._began is not None:
                self._end(self._began, frame)
                self._began = None
            elif self._began is not None and frame - self._began >= LONGEST_PHRASE * ANALYSIS_RATE:
                cut = self._quietest(frame)
                self._end(self._began, cut)
                self._began = cut
            self._frames += 1
        if last:
            if self._began is not None:
                self._end(self._began, self._frames)
                self._began = None
            self._worker.shutdown(wait=False)
        keep = (self._frames if self._began is None else self._began) * _HOP
        if keep > self._first:
            self._sound, self._first = self._sound[keep - self._first :], keep

    def known(self, until: float) -> list[tuple[WordTrack, Sequence[Cue]]]:
        """What is known at ``until`` s of the stream and was not returned yet: a phrase's words and cues each."""
        found: list[tuple[WordTrack, Sequence[Cue]]] = []
        while self._phrases and self._phrases[0][0] <= until:
            _, start, phrase = self._phrases.popleft()
            if (heard := phrase.result()) is not None:
                track = heard[1].shift(start)
                self._told, self._language = (*self._told, *track.words), track.language
                lexicon = LexiconEncoder(track.language)
                found.append((track, [*lexicon.push(track.words, track.phones), *lexicon.flush()]))
        return found

    def take(self) -> WordTrack:
        """The words that ``known`` returned since the last call, without their phones."""
        words, self._told = self._told, ()
        return WordTrack(words, (), self._language, RECOGNISED)

    def _end(self, first: int, last: int) -> None:
        """Have the words of the frames [first, last) recognised."""
        samples = self._sound[first * _HOP - self._first : last * _HOP - self._first]
        start = first / ANALYSIS_RATE
        phrase = self._worker.submit(stretch_words, Stretch(start, samples), self.recogniser)
        self._phrases.append((self._frames / ANALYSIS_RATE + DELAY, start, phrase))

    def _quietest(self, frame: int) -> int:
        """The quietest frame of the last seconds before ``frame``."""
        count = round(CUT_SOUGHT * ANALYSIS_RATE)
        sound = self._sound[(frame - count) * _HOP - self._first : frame * _HOP - self._first]
        power = (sound.reshape(count, _HOP).astype(float) ** 2).mean(axis=1)
        around = np.convolve(power, np.ones(5) / 5, "valid")
        return frame - count + 2 + int(np.argmin(around))


def live_words(words: str | Recogniser, language: str | None) -> LiveWords | None:
    """Words of a stream by the recogniser that ``words`` is or names (see ``chosen``); None for "none".

    Raises ``GengineError`` for what is neither, and as ``chosen`` does.
    """
    if isinstance(words, str):
        if words.partition(":")[0] not in (known := ["auto", "none", *names("recogniser")]):
            hint = "gengine.animate takes text or a transcript's path"
            raise unknown("Session words: recogniser", words, known, hint)
        recogniser = chosen(words, language)
    elif isinstance(words, Recogniser):
        recogniser = words
    else:
        raise wrong_kind("Session words", words, 'a WordTrack, a Recogniser, or who recognises them, "whisper" say')
    return None if recogniser is None else LiveWords(recogniser)
