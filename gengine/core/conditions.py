"""What a network may know while it makes one hop of motion."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gengine.core.emotion import EmotionTrack
from gengine.core.face import FaceTrack
from gengine.core.look_at import LISTENER, LookAt
from gengine.core.resampling import blend_at
from gengine.core.speaker import Speaker
from gengine.core.words import RECOGNISED, Phone, Word

ANALYSIS_RATE = 100
"""Frames per second of every analysis curve, Hz; frame k describes the sound around k / 100 s."""

WORD_EDGE = 0.1
"""Seconds over which hearing alone takes over outside a recognised word, so that no jaw jumps there. Judgement."""

MOTION_RATE = 60
"""Frames per second at which the rule-based networks move, Hz."""

ACCENT = 0.5
"""Prominence from which a syllable is an accent: about a third of the syllables of lively speech."""


@dataclass(frozen=True, eq=False)
class Prosody:
    """Curves ``(N,)`` at ``ANALYSIS_RATE`` describing how something is said.

    - ``energy`` dBFS of a 25 ms window (floor -90).
    - ``level`` 0..about 1.2: loudness between the running noise floor (0) and the speaker's usual
      syllable peak (1), so quiet and loud recordings look alike.
    - ``speech`` 0 or 1: voice activity with short gaps inside words closed.
    - ``pitch`` semitones above the speaker's running median; 0 where unvoiced.
    - ``voicing`` 0..1 periodicity.
    - ``sibilance`` 0..1 share of energy above 4 kHz while there is sound.
    """

    energy: NDArray[np.float32]
    level: NDArray[np.float32]
    speech: NDArray[np.float32]
    pitch: NDArray[np.float32]
    voicing: NDArray[np.float32]
    sibilance: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.energy)

    def __getitem__(self, frames: slice) -> Prosody:
        return Prosody(**{k: v[frames] for k, v in self.__dict__.items()})


@dataclass(frozen=True)
class Syllable:
    """One syllable: vowel ``onset`` and ``end`` (s) and ``prominence`` 0..1 (1 = clearly accented).

    An accent is a syllable with prominence of at least ``ACCENT``.
    """

    onset: float
    end: float
    prominence: float


@dataclass(frozen=True)
class Cue:
    """A word or phrase that calls for a gesture or a head move.

    ``kind`` is a class of the lexicon ("negation", "deictic_self", ...); ``start``, ``end`` are its words'
    times and ``accent`` its stressed vowel's onset, all seconds; ``text`` the words as said.
    """

    kind: str
    start: float
    end: float
    accent: float
    text: str


@dataclass(frozen=True, eq=False)
class Conditions:
    """One window of everything known, and the hop to fill.

    Curves start at ``start`` seconds and end at ``known_until`` (context + hop + look-ahead; less at the
    recording's beginning and end). Motion is wanted for [``hop_start``, ``hop_end``); both are whole numbers
    of frames at ``MOTION_RATE``. Events (``phones``, ``words``, ``syllables``, ``cues``) that end after
    ``start`` and no later than ``known_until`` are listed with absolute times (those of a given transcript
    already when they begin by then); an event is listed identically in every window that lists it, so
    (kind, start) can serve as its key. Nothing else after ``known_until`` is known; ``ended`` says that the
    recording ends there. ``jaw (N,)``, where phones are only heard, is the jawOpen that the recogniser expects
    of neutral speech, on the clock of the prosody. ``sound (M,)`` is the waveform itself, [-1, 1] at ``SAMPLE_RATE``
    from ``start`` to ``known_until``. ``look_at`` is whom the eyes rest on, None for nobody; ``role`` is "speaking",
    "listening" or "thinking". ``face_shows`` and ``head_shows`` (0 to 2) multiply what face and head show of
    the emotion.

    In a stream whose hops do not wait (``EngineConfig.latency``) curves end where they were settled, before
    ``known_until``, and events are what was certain by then: of words that were said ahead also those to come.
    """

    start: float
    hop_start: float
    hop_end: float
    known_until: float
    ended: bool
    prosody: Prosody
    phones: tuple[Phone, ...]
    words: tuple[Word, ...]
    syllables: tuple[Syllable, ...]
    cues: tuple[Cue, ...]
    emotion: EmotionTrack
    speaker: Speaker
    language: str = "en"
    source: str = "none"
    jaw: NDArray[np.floating] | None = None
    face: FaceTrack | None = None
    sound: NDArray[np.float32] | None = None
    look_at: LookAt | None = LISTENER
    role: str = "speaking"
    face_shows: float = 1.0
    head_shows: float = 1.0

    def frames(self, rate: float = MOTION_RATE) -> NDArray[np.float64]:
        """Times (s) of the motion frames of this hop."""
        first, last = round(self.hop_start * rate), round(self.hop_end * rate)
        return np.arange(first, last) / rate

    def curve(self, name: str, times: NDArray) -> NDArray[np.float64]:
        """A prosody curve read at ``times`` (s), linear between frames, held at the window's ends."""
        values = getattr(self.prosody, name)
        if len(values) == 0:
            return np.zeros(len(times))
        at = self.start + np.arange(len(values)) / ANALYSIS_RATE
        return np.interp(times, at, values)

    def only_heard(self, times: NDArray) -> NDArray[np.float64]:
        """Share in which what is said at ``times`` (s) is heard alone, 0 inside words that are known to 1 away from
        them, ``WORD_EDGE`` s wide at their ends."""
        times = np.asarray(times, float)
        heard = np.full(times.shape, float(self.source in ("heard", RECOGNISED)))
        if self.source == RECOGNISED:
            for word in self.words:
                away = np.maximum(word.start - times, times - word.end)
                heard = np.minimum(heard, np.clip(away / WORD_EDGE, 0, 1))
        return heard

    def emotion_at(self, times: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Strengths ``(T, 18)`` and VAD ``(T, 3)`` at ``times`` (s)."""
        position = np.clip((np.asarray(times) - self.start) * self.emotion.fps, 0, len(self.emotion) - 1)
        blend = blend_at(position, len(self.emotion), near=0.0)
        return blend.line(self.emotion.weights), blend.line(self.emotion.vad)

    def with_face(self, face: FaceTrack) -> Conditions:
        """These conditions with the face of this hop, for networks further down the cascade."""
        return replace(self, face=face)
