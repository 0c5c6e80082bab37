"""What the planner may know at a moment: speech and pauses, accents, cues, emotion, up to a fixed horizon."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gengine.core.conditions import ANALYSIS_RATE, Conditions, Cue, Syllable
from gengine.core.words import is_function_word
from gengine.networks.choreographer.parameters import PLAN
from gengine.networks.choreographer.style import EmotionStyle

PAUSE_FRAMES = 35
"""Silence (10 ms frames) that counts as a pause; shorter ones belong to the speech (measured: pauses .29-.36 s)."""
ONGOING_FRAMES = 20
"""Speech within so many last frames (10 ms) goes on, where no more is known: closures of stops last up to .15 s."""
EMPHASIS_FRAMES = 100
"""What comes next, for the emphasis of a moment: 10 ms frames. Tuned (with half of it sizes scatter so much that a
stronger emotion is no longer the larger one: benchmarks/dial.py)."""
MOST_EMPHASIS = 2.0
"""Bound of the logarithm of an emphasis. Judgement."""
_QUIET = 1e-3
"""Level below which nothing was said that could be compared."""
BACK_FRAMES, BACK = 200, 2.0
"""How far back silence is counted: 10 ms frames, seconds. Judgement."""
ACCENTED = 0.5
"""Prominence from which a syllable counts as accented. Judgement."""
STRESSED, UNSTRESSED = 0.55, -0.35
"""What the lexical stress of a content word's vowel adds to its prominence. Judgement."""
_SLACK = 0.01
"""Seconds by which a phone may overlap its word's borders."""


@dataclass(frozen=True)
class SpeechMoment:
    """The sound around one moment, seconds relative to it."""

    speaking: bool
    silent_for: float
    """How long it has been silent (0 while speaking), at most about 2 s."""
    resumes: float
    """Until speech (re)starts; infinite if not within the horizon; 0 while speaking."""
    lasts: float
    """How much longer speech goes on before a pause of at least 0.35 s; the horizon at most; 0 in silence."""
    pause: float
    """Length of the pause after that, up to the horizon; infinite if the recording ends."""


class SpeechContext:
    """One window of conditions as the planner reads it.

    Every question is limited to ``horizon`` seconds after the moment asked about, so an answer is the same in
    every window that reaches that far: plans do not depend on the hop size. In a window that does not reach so far,
    what goes on goes on: speech where it was heard last, but for pauses of words that are known ahead.
    """

    def __init__(self, conditions: Conditions, horizon: float) -> None:
        self.conditions, self.horizon = conditions, horizon
        self._start = conditions.start
        reach = round((conditions.hop_end + PLAN.margin + horizon - self._start) * ANALYSIS_RATE)
        self._missing = 0 if conditions.ended else max(reach - len(conditions.prosody), 0)
        self.short = self._missing > 0
        """Whether the window does not reach as far as decisions may look."""

    @cached_property
    def _stress(self) -> dict[int, bool]:
        """Whether the vowels of phones (by their beginning, ms) are stressed ones of content words."""
        c = self.conditions
        content = [(w.start, w.end) for w in c.words if not is_function_word(w.text)]
        return {
            round(p.start * 1000): p.stress == 1
            and any(a <= p.start + _SLACK and p.end <= b + _SLACK for a, b in content)
            for p in c.phones
            if p.stress >= 0
        }

    @cached_property
    def _accents(self) -> np.ndarray:
        """Accented vowels ``(n, 3)``: onset s, prominence, end s."""
        accents = [(s.onset, p, s.end) for s in self.conditions.syllables if (p := self._weight(s)) >= ACCENTED]
        return np.array(accents).reshape(-1, 3)

    @cached_property
    def _cues(self) -> list[Cue]:
        return sorted(self.conditions.cues, key=lambda c: (c.accent, c.kind))

    @cached_property
    def _voice(self) -> tuple[np.ndarray, np.ndarray]:
        """Whether somebody speaks and how loudly, frame by frame from the window's beginning on."""
        prosody = self.conditions.prosody
        speech, level = np.asarray(prosody.speech) > 0.5, np.asarray(prosody.level)
        return self._go_on(speech, level) if self.short else (speech, level)

    def around(self, moment: float) -> SpeechMoment:
        """Speech and silence around ``moment``."""
        here = int(round((moment - self._start) * ANALYSIS_RATE))
        last = here + int(self.horizon * ANALYSIS_RATE)
        speech, _ = self._voice
        ahead = speech[max(here, 0) : last]
        cut = len(ahead) < self.horizon * ANALYSIS_RATE - 2 and self.conditions.ended
        back = speech[max(here - BACK_FRAMES, 0) : max(here, 0)]
        step = 1 / ANALYSIS_RATE
        spoken = np.flatnonzero(ahead)
        if len(ahead) == 0 or not ahead[0]:
            past = np.flatnonzero(back)
            silent = (len(back) - 1 - past[-1]) * step if len(past) else max(len(back) * step, BACK)
            return SpeechMoment(False, float(silent), float(spoken[0]) * step if len(spoken) else float(np.inf), 0, 0)
        gaps = np.flatnonzero(np.diff(spoken) > PAUSE_FRAMES)
        final = spoken[gaps[0]] if len(gaps) else spoken[-1]
        after = spoken[gaps[0] + 1] - final if len(gaps) else len(ahead) - 1 - final
        pause = float(np.inf) if cut and not len(gaps) else float(after) * step
        return SpeechMoment(True, 0, 0, (float(final) + 1) * step, pause)

    def _go_on(self, heard: np.ndarray, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What was ``heard`` and its ``level`` with the missing frames as they are to be expected."""
        known = len(heard)
        speech = np.full(self._missing, bool(heard[-ONGOING_FRAMES:].any()))
        told = [p for p in self.conditions.phones if p.end > self._start + known / ANALYSIS_RATE]
        for phone in told:
            first, last = (max(round((t - self._start) * ANALYSIS_RATE) - known, 0) for t in (phone.start, phone.end))
            speech[first:last] = phone.symbol != "sil"
            speech[last:] = False
        spoken = level[heard]
        usual = float(spoken.mean()) if len(spoken) else 0.0
        return np.concatenate([heard, speech]), np.concatenate([level, np.where(speech, usual, 0)])

    def emphasis(self, moment: float) -> float:
        """How much louder the voice is in the next second than within the horizon and ``BACK`` s, x: gestures
        are larger where the voice is (Pouw, Harrison & Dixon 2020)."""
        speech, level = self._voice
        here = int(round((moment - self._start) * ANALYSIS_RATE))
        whole = slice(max(here - BACK_FRAMES, 0), here + int(self.horizon * ANALYSIS_RATE))
        spoken = level[whole][speech[whole]]
        coming = level[max(here, 0) : here + EMPHASIS_FRAMES]
        if not len(spoken) or not len(coming):
            return 1.0
        louder = float(coming.mean()) / max(float(spoken.mean()), _QUIET) - 1
        return float(np.exp(MOST_EMPHASIS * np.tanh(louder)))

    def accents(self, moment: float, first: float, last: float) -> np.ndarray:
        """Accented vowels ``(n, 2)`` (onset s, prominence) with onset in [moment + first, moment + last)."""
        a = self._accents
        known = a[:, 2] <= moment + self.horizon
        return a[known & (a[:, 0] >= moment + first) & (a[:, 0] < moment + last), :2]

    def _weight(self, syllable: Syllable) -> float:
        """Prominence, leaning towards stressed vowels of content words where the words are known."""
        stress = self._stress.get(round(syllable.onset * 1000))
        if stress is None:
            return syllable.prominence
        return float(np.clip(syllable.prominence + (STRESSED if stress else UNSTRESSED), 0, 1))

    def cues(self, moment: float, late: float = 0.0) -> list[Cue]:
        """Cues whose accent is to come, or came ``late`` s ago at most, and whose words end within the horizon."""
        return [c for c in self._cues if c.accent > moment - late and c.end <= moment + self.horizon]

    def emotion(self, moment: float) -> EmotionStyle:
        """The emotion's demands at ``moment``."""
        weights, vad = self.conditions.emotion_at(np.array([moment]))
        return EmotionStyle.at(weights[0], vad[0])
