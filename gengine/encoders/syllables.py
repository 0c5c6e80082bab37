"""Syllables and how strongly each is accented.

Where phones are known their vowels are the syllables. Otherwise a syllable is a bump of the sonority curve
(loudness level, lowered where the sound hisses or is unvoiced) between dips, in the spirit of Mermelstein
1975 and of the intensity-peak counters that followed him.

Prominence weighs loudness, pitch and length, each against the speaker's own running mean, with lexical stress
where it is known, and lets the stronger of two neighbours win. A logistic regression on the stressed vowels
of read speech weighs loudness 1.1, length 0.5 and pitch 0.05; pitch counts more here because accents, unlike
word stress, are made with it. ``benchmarks/syllables.py`` prints the agreement.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from gengine.core.conditions import ANALYSIS_RATE, Prosody, Syllable
from gengine.core.words import Phone

ARPABET_VOWELS = frozenset("AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW AX AXR IX UX".split())
_IPA_VOWELS = frozenset("aeiouyɑɐɒæəɘɚɛɜɝɞɤɪɨɔøœɶʊʉʌɯʏɵ")

_WAIT = 25  # frames a syllable waits for a stronger neighbour
_SMOOTH = 3  # frames to each side of the sonority curve's smoothing
_DIP = 0.07  # fall and rise of the curve that part two syllables
_LOWEST_PEAK = 0.35
_EDGE = 0.90  # share of the peak at which the vowel begins and ends
_LONGEST = 45  # frames
_SHORTEST = 4
_RARITY = 0.7  # log-odds that make about a third of the syllables accents
_HISTORY = 256  # frames kept of every curve
_KERNEL = (1.0, 6.0, 15.0, 20.0, 15.0, 6.0, 1.0)


def is_vowel(symbol: str) -> bool:
    """Whether a phone is a vowel: ARPAbet (``"AH"``, ``"AH0"``) or IPA (first letter after any stress mark)."""
    bare = symbol.rstrip("012")
    return bare in ARPABET_VOWELS or bare.lstrip("ˈˌ")[:1] in _IPA_VOWELS


@dataclass
class _Running:
    """Mean and deviation of what was heard so far; the prior counts as ``weight`` observations."""

    mean: float
    deviation: float
    weight: float = 6.0

    def z(self, value: float) -> float:
        """``value`` in deviations from the mean, limited to ±2.5, and then learnt."""
        z = (value - self.mean) / max(self.deviation, 1e-3)
        share = 1.0 / min(self.weight + 1.0, 40.0)
        self.weight += 1.0
        offset = max(-3.0, min(3.0, z)) * self.deviation
        variance = (1 - share) * (self.deviation**2 + share * offset**2)
        self.mean += share * offset
        self.deviation = math.sqrt(variance)
        return max(-2.5, min(2.5, z))


@dataclass
class _Nucleus:
    onset: float
    end: float
    score: float


class SyllableEncoder:
    """Streaming syllables: push prosody (and phones), get the syllables settled by it, in order of time.

    The result does not depend on the chunking as long as every phone is passed no later than the prosody
    of its end. Once any phones are passed, be it an empty tuple, they alone say where syllables are.
    """

    LATENCY = (_WAIT + _SMOOTH + 2) / ANALYSIS_RATE
    """A syllable is returned once the prosody up to this long after its end is known (0.3 s)."""

    def __init__(self) -> None:
        self._phones: deque[Phone] | None = None
        self._now = 0  # frames seen
        self._level = deque[float](maxlen=_HISTORY)
        self._pitch = deque[float](maxlen=_HISTORY)
        self._curve = deque[float](maxlen=_HISTORY)
        self._raw = deque[float]([0.0] * (2 * _SMOOTH), maxlen=2 * _SMOOTH + 1)
        self._waiting: deque[_Nucleus] = deque()
        self._previous: _Nucleus | None = None
        self._valley, self._valley_at = 0.0, 0
        self._peak, self._peak_at = 0.0, 0
        self._rising = True
        self._strong_since = 0
        self._last_end = 0
        self._loudness = _Running(0.88, 0.15)
        self._height = _Running(0.5, 3.0)
        self._length = _Running(math.log(0.09), 0.45)
        self._baseline = 0.0

    def push(self, prosody: Prosody, phones: tuple[Phone, ...] | None = None) -> list[Syllable]:
        """Syllables newly settled by the next frames of ``prosody`` and the newly settled ``phones``."""
        if phones is not None:
            self._phones = self._phones if self._phones is not None else deque()
            self._phones.extend(p for p in phones if is_vowel(p.symbol))
        sonority = prosody.level * (1 - 0.7 * prosody.sibilance) * (0.6 + 0.4 * prosody.voicing) * prosody.speech
        settled: list[Syllable] = []
        for level, pitch, value in zip(prosody.level.tolist(), prosody.pitch.tolist(), sonority.tolist(), strict=True):
            self._step(level, pitch, value)
            settled += self._settle(self._now)
        return settled

    def flush(self) -> list[Syllable]:
        """The remaining syllables; the recording has ended."""
        settled: list[Syllable] = []
        ending = self._now
        for _ in range(_SMOOTH + 2):
            self._step(0.0, 0.0, 0.0)
            settled += self._settle(self._now)
        while self._phones:
            self._close(self._phones.popleft(), ending)
        return settled + self._settle(self._now + 10 * _HISTORY)

    # --- where the syllables are

    def _step(self, level: float, pitch: float, sonority: float) -> None:
        self._level.append(level)
        self._pitch.append(pitch)
        self._raw.append(sonority)
        self._now += 1
        if self._phones is None:
            self._curve.append(sum(w * v for w, v in zip(_KERNEL, self._raw, strict=True)) / 64.0)
            if self._now > _SMOOTH:
                self._follow(self._curve[-1], self._now - 1 - _SMOOTH)
            return
        while self._phones and self._phones[0].end * ANALYSIS_RATE + 2 <= self._now:
            self._close(self._phones.popleft(), self._now)

    def _close(self, phone: Phone, now: int) -> None:
        first, last = round(phone.start * ANALYSIS_RATE), min(round(phone.end * ANALYSIS_RATE), now)
        self._waiting.append(_Nucleus(phone.start, phone.end, self._score(first, last, phone.stress)))

    def _follow(self, value: float, at: int) -> None:
        """One more value of the smoothed curve: rise to a peak, fall from it, and so on."""
        if self._rising:
            if value > self._peak:
                self._peak, self._peak_at = value, at
            fallen = value < min(self._peak - _DIP, _EDGE * self._peak)
            if self._peak < _LOWEST_PEAK:
                self._strong_since = at
                if value <= self._valley:
                    self._valley, self._valley_at = value, at
                    self._peak = value
            elif fallen or at - self._strong_since > _LONGEST:
                self._nucleus(at)
                self._rising = False
                self._valley, self._valley_at = value, at
        else:
            if value < self._valley:
                self._valley, self._valley_at = value, at
            elif value > self._valley + _DIP:
                self._rising = True
                self._peak, self._peak_at = value, at
                self._strong_since = at

    def _read(self, at: int) -> float:
        """The smoothed curve at frame ``at``."""
        index = len(self._curve) - 1 - (self._now - 1 - _SMOOTH - at)
        return self._curve[max(index, 0)]

    def _nucleus(self, at: int) -> None:
        edge = max(_EDGE * self._peak, 0.0)
        onset = self._peak_at
        earliest = max(self._valley_at, self._last_end, at - _LONGEST, 0)
        while onset > earliest and self._read(onset - 1) > edge:
            onset -= 1
        end = self._peak_at
        while end < at and self._read(end) > edge:
            end += 1
        end = max(min(end, onset + _LONGEST), onset + _SHORTEST)
        self._last_end = end
        score = self._score(onset, min(end, self._now), -1)
        self._waiting.append(_Nucleus(onset / ANALYSIS_RATE, end / ANALYSIS_RATE, score))

    # --- how prominent they are

    def _score(self, first: int, last: int, stress: int) -> float:
        """Log-odds of an accent before the neighbours are compared; frames [first, last)."""
        oldest = self._now - len(self._level)
        low, high = max(first - oldest, 0), max(last - oldest, 0)
        levels = [self._level[i] for i in range(low, high)] or [0.0]
        voiced = sorted(p for p in (self._pitch[i] for i in range(low, high)) if p != 0.0)
        loudness = self._loudness.z(max(levels))
        length = self._length.z(math.log(max(last - first, 2) / ANALYSIS_RATE))
        height = 0.0
        if len(voiced) >= 2:
            top = voiced[int(0.85 * (len(voiced) - 1))]
            height = self._height.z(top - self._baseline)
            self._baseline += 0.25 * (voiced[len(voiced) // 2] - self._baseline)
        score = 1.0 * loudness + 0.4 * height + 0.5 * length
        if stress >= 0:
            score += (-1.4, 0.4, -0.2)[min(stress, 2)]
        return score

    def _settle(self, now: int) -> list[Syllable]:
        """Syllables whose neighbours are known, or that have waited long enough."""
        settled = []
        while self._waiting:
            item = self._waiting[0]
            following = self._waiting[1] if len(self._waiting) > 1 else None
            if following is None and now < item.end * ANALYSIS_RATE + _WAIT + _SMOOTH:
                break
            self._waiting.popleft()
            rivals = [
                n.score
                for n in (self._previous, following)
                if n is not None and abs(n.onset - item.onset) < 0.4
            ]  # fmt: skip
            lost = max([r - item.score for r in rivals] + [0.0])
            odds = item.score - 0.5 * min(lost, 3.0) - _RARITY
            self._previous = item
            settled.append(Syllable(item.onset, item.end, float(1.0 / (1.0 + np.exp(-1.3 * odds)))))
        return settled
