"""How something is said: energy, loudness level, voice activity, pitch, voicing and sibilance from the sound.

One FFT of a 50 ms window per 10 ms frame gives the band energies and, from its power spectrum, the pitch
(``pitch``, after Boersma 1993). Small causal trackers then follow the noise floor, the usual syllable peak and the
voice activity. All of them see ``look_ahead`` frames past the frame they describe, which is the whole of ``LATENCY``.

The result never depends on how the sound was cut: frames are computed row by row from absolute positions
and the trackers step frame by frame.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.core.audio import SAMPLE_RATE
from gengine.core.conditions import ANALYSIS_RATE, Prosody
from gengine.core.constants import Points, Span, read_constants
from gengine.core.timing import frame_count
from gengine.core.twins import flat_twin
from gengine.encoders.loudness import LOUDNESS, LoudnessRange, VoiceActivity
from gengine.encoders.pitch import FFT, HERTZ, PITCH, TAPER, WINDOW, PitchMedian, PitchPath, pitch_candidates
from gengine.errors import AudioError


@dataclass(frozen=True)
class ProsodyConstants:
    """``data/prosody.csv``, see there for units and sources."""

    look_ahead: int
    loudness_band: Points
    hiss_band: Points
    body_band: Points
    lowest_energy: float
    level_limit: float
    presence: Span
    voicing: Span
    voiced_presence: float
    hiss_level: float


PROSODY = read_constants(ProsodyConstants, "gengine.encoders", "prosody")

_HOP = SAMPLE_RATE // ANALYSIS_RATE
_ENERGY = 400  # samples: 25 ms
_BATCH = 400  # frames analysed at once at most, so that a long push stays inside the cache
_TINY_POWER = 1e-12  # keeps a division away from zero
_SILENT_POWER, _SILENT_DECIBEL = 1e-10, -100.0


class ProsodyEncoder:
    """Streaming prosody of mono 16 kHz sound: ``push`` samples, get the frames settled by them.

    Frame k describes the sound centred at k / ``ANALYSIS_RATE`` seconds; ``ceil(duration * ANALYSIS_RATE)``
    frames come out in total. Frames up to t seconds are settled once the sound up to t + ``LATENCY`` is known.
    """

    LATENCY = (WINDOW / 2 + (PROSODY.look_ahead + 1) * _HOP) / SAMPLE_RATE
    """Seconds of sound needed after a frame's time (0.135)."""

    def __init__(self) -> None:
        self._pending = np.zeros(WINDOW // 2, np.float32)  # sound from the next frame's window on
        self._received = 0
        self._frames = _FrameSequence()
        self._ended = False

    def push(self, samples: ArrayLike) -> Prosody:
        """The frames newly settled by ``samples (N,)`` float in [-1, 1] at 16 kHz.

        Raises AudioError for samples that are not one channel of finite numbers, and after ``flush``.
        """
        samples = np.asarray(samples, np.float32)
        if self._ended:
            raise AudioError("ProsodyEncoder.push: the recording was ended by flush(); start a new encoder")
        if samples.ndim != 1:
            raise AudioError(f"ProsodyEncoder.push: shape {samples.shape}, expected (N,) mono samples")
        if not np.isfinite(samples).all():
            raise AudioError("ProsodyEncoder.push: NaN or infinity among the samples, expected finite ones in [-1, 1]")
        self._received += len(samples)
        return self._analyse(samples)

    def flush(self) -> Prosody:
        """The remaining frames, up to ceil(duration * ANALYSIS_RATE); what follows the end is silence."""
        if self._ended:
            return _prosody([])
        self._ended = True
        total = frame_count(self._received / SAMPLE_RATE, ANALYSIS_RATE)
        missing = total - self._frames.written
        self._frames.loudness.learning = False  # the zeros after the end are not the recording's noise floor
        settled = self._analyse(np.zeros((PROSODY.look_ahead + 2) * _HOP + WINDOW, np.float32))
        return settled[:missing]

    def _analyse(self, samples: NDArray[np.float32]) -> Prosody:
        sound = np.concatenate([self._pending, samples])
        count = max(0, (len(sound) - WINDOW) // _HOP + 1)
        rows: list[tuple[float, ...]] = []
        for first in range(0, count, _BATCH):
            last = min(count, first + _BATCH)
            rows += self._frames.step(*_measure(sound[first * _HOP : (last - 1) * _HOP + WINDOW]))
        self._pending = sound[count * _HOP :]
        return _prosody(rows)


class GatedProsody:
    """Prosody of speech alone: music, noise and hum have no more level, pitch or rhythm than silence has.

    The encoder hears everything, so that frames in which someone may speak are just its own; only then are those where
    the speech gate is closed silenced (their ``energy`` stays: it says how loud the sound is, whatever it is).
    """

    def __init__(self) -> None:
        self._encoder = ProsodyEncoder()
        self._waiting = _prosody([])
        self._open = np.zeros(0, bool)

    def push(self, samples: NDArray[np.float32], open_frames: NDArray[np.bool_], last: bool = False) -> Prosody:
        """Frames newly settled by ``samples (N,)`` and by ``open_frames (F,)``, the gate's next ones at
        ``ANALYSIS_RATE``; with ``last`` the recording ends here, and gate frames past its end are dropped."""
        parts = [self._waiting, self._encoder.push(samples)]
        if last:
            parts.append(self._encoder.flush())
        frames = Prosody(**{k: np.concatenate([getattr(p, k) for p in parts]) for k in self._waiting.__dict__})
        gate = np.concatenate([self._open, open_frames])
        count = min(len(frames), len(gate))
        self._waiting, self._open = frames[count:], gate[count:]
        settled = frames[:count]
        silenced = {k: np.where(gate[:count], v, np.float32(0)) for k, v in settled.__dict__.items() if k != "energy"}
        return replace(settled, **silenced)


def _prosody(rows: list[tuple[float, ...]]) -> Prosody:
    columns = np.array(rows, np.float32).reshape(-1, 6).T
    return Prosody(*(np.ascontiguousarray(c) for c in columns))


# --- measures of single frames -------------------------------------------------------------------------------

_LOUDNESS_BAND = PROSODY.loudness_band.at(HERTZ).astype(np.float32)
_LOUDNESS_BAND *= 2.0 / (FFT * float((TAPER**2).sum()))
_HISS_BAND = PROSODY.hiss_band.at(HERTZ).astype(np.float32)
_BODY_BAND = PROSODY.body_band.at(HERTZ).astype(np.float32)


def _measure(sound: NDArray[np.float32]) -> tuple[list[float], ...]:
    """Per frame: mean square of 25 ms, loudness power, hiss share, and pitch candidates (lag, strength)."""
    count, (item,) = (len(sound) - WINDOW) // _HOP + 1, sound.strides
    frames = np.ndarray((count, WINDOW), sound.dtype, sound, strides=(_HOP * item, item))
    middle = np.ascontiguousarray(frames[:, (WINDOW - _ENERGY) // 2 : (WINDOW + _ENERGY) // 2])
    square = np.maximum((middle * middle).mean(1) - middle.mean(1) ** 2, 0)
    spectrum = np.fft.rfft((frames * TAPER).astype(float), FFT)  # numpy transforms single numbers more slowly
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    loudness = (power * _LOUDNESS_BAND).sum(1)
    hiss = (power * _HISS_BAND).sum(1) / np.maximum((power * _BODY_BAND).sum(1), _TINY_POWER)
    return (square.tolist(), loudness.tolist(), hiss.tolist(), *pitch_candidates(power))


def _pairs(turns: Sequence[list[float]]) -> Iterator[tuple[list[float], list[float]]]:
    return zip(turns[::2], turns[1::2], strict=True)


def _decibel(power: float) -> float:
    return 10 * math.log10(power) if power > _SILENT_POWER else _SILENT_DECIBEL


def _ramp(value: float, span: Span) -> float:
    """How far ``value`` has come in ``span``, 0..1."""
    return min(max((value - span.low) / span.width, 0), 1)


# --- what is followed from frame to frame --------------------------------------------------------------------


class _Frame(NamedTuple):
    """Measures of a frame: energy and loudness dB, share of hiss, pitch in semitones and its strength."""

    energy: float
    loudness: float
    hiss: float
    pitch: float
    strength: float
    sounds: bool  # like speech


class _FrameSequence:
    """Frames between the newest, which the trackers have seen, and the one that is written ``look_ahead`` later."""

    def __init__(self) -> None:
        self.loudness = LoudnessRange(WINDOW // _HOP)
        self.written = 0
        self._activity = VoiceActivity()
        self._path, self._median = PitchPath(), PitchMedian()
        self._frames: deque[_Frame] = deque()
        self._written_pitch: deque[float] = deque(maxlen=2)

    __deepcopy__ = flat_twin

    def step(self, square: list[float], loud: list[float], hiss: list[float], *candidates: list[float]) -> list[tuple]:
        """Rows (energy, level, speech, pitch, voicing, sibilance) of the frames that are now settled."""
        rows, held, choose, look_ahead = [], self._frames, self._path.choose, PROSODY.look_ahead
        options = zip(*(zip(lags, strengths, strict=True) for lags, strengths in _pairs(candidates)), strict=True)
        for mean_square, power, hissing, option in zip(square, loud, hiss, options, strict=True):
            pitch, strength = choose(option)
            loudness = _decibel(power)
            energy = max(_decibel(mean_square), PROSODY.lowest_energy)
            sounds = self._sounds(loudness, strength)
            held.append(_Frame(energy, loudness, hissing, pitch, strength, sounds))
            if len(held) > look_ahead:
                rows.append(self._write())
        return rows

    def _sounds(self, loudness: float, strength: float) -> bool:
        if not self.loudness.follow(loudness, strength):
            self._activity.active = False
            return False
        return self.loudness.known and self._activity.hear(self.loudness.level(loudness))

    def _write(self) -> tuple[float, float, float, float, float, float]:
        """The oldest frame, judged by what is known by now."""
        frame, *ahead = self._frames
        sound = self.loudness.known and frame.loudness > LOUDNESS.silent
        level = min(max(self.loudness.level(frame.loudness), 0), PROSODY.level_limit) if sound else 0
        # The first frames are tracked before there is a floor to judge them by.
        sounds = frame.sounds or level > LOUDNESS.speech_on
        speech = self._activity.decide(sounds, [f.sounds for f in ahead])
        # Voicing fades where the sound sinks into the noise.
        presence = _ramp(frame.loudness - self.loudness.floor.value, PROSODY.presence) if sound else 0
        voicing = _ramp(frame.strength, PROSODY.voicing) * presence
        sibilance = min(max(frame.hiss, 0), 1) * min(level * PROSODY.hiss_level, 1)
        semitones = self._semitones(frame, ahead, presence)
        self._frames.popleft()
        self.written += 1
        return frame.energy, level, float(speech and sound), semitones, voicing, sibilance

    def _semitones(self, frame: _Frame, ahead: list[_Frame], presence: float) -> float:
        """Pitch above the speaker's usual one, the median of five frames against single slips; 0 where unvoiced."""
        if not (frame.strength > PITCH.voiced and presence > PROSODY.voiced_presence and frame.pitch > 0):
            self._written_pitch.clear()
            return 0
        voiced = PITCH.voiced
        around = sorted([*self._written_pitch, *[f.pitch for f in (frame, *ahead[:2]) if f.strength > voiced]])
        pitch = around[len(around) // 2]
        self._written_pitch.append(pitch)
        return pitch - self._median.follow(pitch, frame.strength)
