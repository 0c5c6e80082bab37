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
from operator import mul

import numpy as np

from gengine.core.conditions import ANALYSIS_RATE, Prosody, Syllable
from gengine.core.constants import Limits, Span, read_constants
from gengine.core.twins import flat_twin
from gengine.core.words import Phone

ARPABET_VOWELS = frozenset("AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW AX AXR IX UX".split())
_IPA_VOWELS = frozenset("aeiouyɑɐɒæəɘɚɛɜɝɞɤɪɨɔøœɶʊʉʌɯʏɵ")

_HISTORY = 256  # frames kept of every curve


@dataclass(frozen=True)
class SyllableConstants:
    """``data/syllables.csv``, see there for units and sources."""

    hiss_loss: float
    voicing: Span
    kernel: tuple[float, ...]
    dip: float
    lowest_peak: float
    edge: float
    longest: int
    shortest: int
    phone_settled: int
    wait: int
    usual_loudness: Span
    usual_height: Span
    usual_length: float
    usual_length_deviation: float
    usual_weight: float
    memory: float
    least_deviation: float
    learnt: Limits
    told: Limits
    top: float
    baseline: float
    loudness: float
    height: float
    length: float
    shortest_length: int
    stress: tuple[float, ...]
    rival_distance: float
    rival_loss: float
    rival_limit: float
    rarity: float
    slope: float


SYLLABLES = read_constants(SyllableConstants, "gengine.encoders", "syllables")
_S = SYLLABLES
_SMOOTH = len(_S.kernel) // 2
_KERNEL_SUM = sum(_S.kernel)


def is_vowel(symbol: str) -> bool:
    """Whether a phone is a vowel: ARPAbet (``"AH"``, ``"AH0"``) or IPA (first letter after any stress mark)."""
    bare = symbol.rstrip("012")
    return bare in ARPABET_VOWELS or bare.lstrip("ˈˌ")[:1] in _IPA_VOWELS


@dataclass
class RunningScore:
    """Mean and deviation of what was heard so far; the prior counts as ``weight`` observations."""

    mean: float
    deviation: float
    weight: float = _S.usual_weight

    def z(self, value: float) -> float:
        """``value`` in deviations from the mean, limited, and then learnt."""
        z = (value - self.mean) / max(self.deviation, _S.least_deviation)
        share = 1 / min(self.weight + 1, _S.memory)
        self.weight += 1
        offset = max(_S.learnt.low, min(_S.learnt.high, z)) * self.deviation
        variance = (1 - share) * (self.deviation**2 + share * offset**2)
        self.mean += share * offset
        self.deviation = math.sqrt(variance)
        return max(_S.told.low, min(_S.told.high, z))


@dataclass
class Nucleus:
    """A vowel or what sounds like one: ``onset`` and ``end`` s, ``score`` log-odds of an accent by itself."""

    onset: float
    end: float
    score: float


class SyllableEncoder:
    """Streaming syllables: push prosody (and phones), get the syllables settled by it, in order of time.

    The result does not depend on the chunking as long as every phone is passed no later than the prosody
    of its end. Once any phones are passed, be it an empty tuple, they alone say where syllables are.
    """

    LATENCY = (_S.wait + _SMOOTH + 2) / ANALYSIS_RATE
    """A syllable is returned once the prosody up to this long after its end is known (0.3 s)."""

    def __init__(self) -> None:
        self._phones: deque[Phone] | None = None
        self._now = 0  # frames seen
        self._level = deque[float](maxlen=_HISTORY)
        self._pitch = deque[float](maxlen=_HISTORY)
        self._curve = deque[float](maxlen=_HISTORY)
        self._raw = deque[float]([0] * (2 * _SMOOTH), maxlen=2 * _SMOOTH + 1)
        self._waiting: deque[Nucleus] = deque()
        self._previous: Nucleus | None = None
        self._valley = self._peak = 0.0
        self._valley_at = self._peak_at = 0
        self._rising = True
        self._strong_since = 0
        self._last_end = 0
        self._loudness = RunningScore(_S.usual_loudness.low, _S.usual_loudness.width)
        self._height = RunningScore(_S.usual_height.low, _S.usual_height.width)
        self._length = RunningScore(math.log(_S.usual_length), _S.usual_length_deviation)
        self._baseline = 0.0

    __deepcopy__ = flat_twin

    def push(self, prosody: Prosody, phones: tuple[Phone, ...] | None = None) -> list[Syllable]:
        """Syllables newly settled by the next frames of ``prosody`` and the newly settled ``phones``.

        None for ``phones`` leaves the syllables to the sound.
        """
        if phones is not None:
            self._phones = self._phones if self._phones is not None else deque()
            self._phones.extend(p for p in phones if is_vowel(p.symbol))
        voiced = _S.voicing.at(prosody.voicing)
        sonority = prosody.level * (1 - _S.hiss_loss * prosody.sibilance) * voiced * prosody.speech
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
            self._step(0, 0, 0)
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
            self._curve.append(sum(map(mul, _S.kernel, self._raw)) / _KERNEL_SUM)
            if self._now > _SMOOTH:
                self._follow(self._curve[-1], self._now - 1 - _SMOOTH)
            return
        while self._phones and self._phones[0].end * ANALYSIS_RATE + _S.phone_settled <= self._now:
            self._close(self._phones.popleft(), self._now)

    def _close(self, phone: Phone, now: int) -> None:
        first, last = round(phone.start * ANALYSIS_RATE), min(round(phone.end * ANALYSIS_RATE), now)
        self._waiting.append(Nucleus(phone.start, phone.end, self._score(first, last, phone.stress)))

    def _follow(self, value: float, at: int) -> None:
        """One more value of the smoothed curve: rise to a peak, fall from it, and so on."""
        if self._rising:
            if value > self._peak:
                self._peak, self._peak_at = value, at
            fallen = value < min(self._peak - _S.dip, _S.edge * self._peak)
            if self._peak < _S.lowest_peak:
                self._strong_since = at
                if value <= self._valley:
                    self._valley, self._valley_at = value, at
                    self._peak = value
            elif fallen or at - self._strong_since > _S.longest:
                self._nucleus(at)
                self._rising = False
                self._valley, self._valley_at = value, at
        else:
            if value < self._valley:
                self._valley, self._valley_at = value, at
            elif value > self._valley + _S.dip:
                self._rising = True
                self._peak, self._peak_at = value, at
                self._strong_since = at

    def _read(self, at: int) -> float:
        """The smoothed curve at frame ``at``."""
        index = len(self._curve) - 1 - (self._now - 1 - _SMOOTH - at)
        return self._curve[max(index, 0)]

    def _nucleus(self, at: int) -> None:
        edge = max(_S.edge * self._peak, 0)
        onset = self._peak_at
        earliest = max(self._valley_at, self._last_end, at - _S.longest, 0)
        while onset > earliest and self._read(onset - 1) > edge:
            onset -= 1
        end = self._peak_at
        while end < at and self._read(end) > edge:
            end += 1
        end = max(min(end, onset + _S.longest), onset + _S.shortest)
        self._last_end = end
        score = self._score(onset, min(end, self._now), -1)
        self._waiting.append(Nucleus(onset / ANALYSIS_RATE, end / ANALYSIS_RATE, score))

    # --- how prominent they are

    def _score(self, first: int, last: int, stress: int) -> float:
        """Log-odds of an accent before the neighbours are compared; frames [first, last)."""
        oldest = self._now - len(self._level)
        low, high = max(first - oldest, 0), max(last - oldest, 0)
        levels = [self._level[i] for i in range(low, high)] or [0]
        voiced = sorted(p for p in (self._pitch[i] for i in range(low, high)) if p != 0)
        loudness = self._loudness.z(max(levels))
        length = self._length.z(math.log(max(last - first, _S.shortest_length) / ANALYSIS_RATE))
        height = 0
        if len(voiced) >= 2:
            top = voiced[int(_S.top * (len(voiced) - 1))]
            height = self._height.z(top - self._baseline)
            self._baseline += _S.baseline * (voiced[len(voiced) // 2] - self._baseline)
        score = _S.loudness * loudness + _S.height * height + _S.length * length
        if stress >= 0:
            score += _S.stress[min(stress, 2)]
        return score

    def _settle(self, now: int) -> list[Syllable]:
        """Syllables whose neighbours are known, or that have waited long enough."""
        settled = []
        while self._waiting:
            item = self._waiting[0]
            following = self._waiting[1] if len(self._waiting) > 1 else None
            if following is None and now < item.end * ANALYSIS_RATE + _S.wait + _SMOOTH:
                break
            self._waiting.popleft()
            rivals = [
                n.score
                for n in (self._previous, following)
                if n is not None and abs(n.onset - item.onset) < _S.rival_distance
            ]  # fmt: skip
            lost = max([r - item.score for r in rivals] + [0])
            odds = item.score - _S.rival_loss * min(lost, _S.rival_limit) - _S.rarity
            self._previous = item
            settled.append(Syllable(item.onset, item.end, float(1 / (1 + np.exp(-_S.slope * odds)))))
        return settled
