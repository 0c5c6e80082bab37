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
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.core.audio import SAMPLE_RATE
from gengine.core.conditions import ANALYSIS_RATE, Prosody
from gengine.core.constants import Points, Span, read_constants
from gengine.core.timing import frame_count
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
    silent: float
    range: float
    least_range: float
    floor_margin: float
    level_limit: float
    floor_block: int
    floor_blocks: int
    floor_trusted: int
    floor_smoothing: float
    floor_first: float
    floor_fall: float
    floor_rise: float
    floor_rise_limit: float
    steady_smoothing: float
    steady_first: float
    steady_spread: float
    steady_strength: float
    steady_distance: float
    peak_first: float
    peak_above: float
    peak_rate: Span
    peak_least_rate: float
    peak_step: float
    peak_fall: float
    peak_first_fall: float
    peak_settling: float
    peak_reach: float
    peak_patience: int
    peak_sink: float
    peak_sink_quiet: float
    speech_on: float
    speech_off: float
    hangover: int
    closed_gap: int
    burst: int
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


def _prosody(rows: list[tuple[float, ...]]) -> Prosody:
    columns = np.array(rows, np.float32).reshape(-1, 6).T
    return Prosody(*(np.ascontiguousarray(c) for c in columns))


# --- measures of single frames -------------------------------------------------------------------------------

_LOUDNESS = PROSODY.loudness_band.at(HERTZ).astype(np.float32)
_LOUDNESS *= 2.0 / (FFT * float((TAPER**2).sum()))
_HISS = PROSODY.hiss_band.at(HERTZ).astype(np.float32)
_BODY = PROSODY.body_band.at(HERTZ).astype(np.float32)


def _measure(sound: NDArray[np.float32]) -> tuple[list[float], ...]:
    """Per frame: mean square of 25 ms, loudness power, hiss share, and pitch candidates (lag, strength)."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::_HOP]
    middle = np.ascontiguousarray(frames[:, (WINDOW - _ENERGY) // 2 : (WINDOW + _ENERGY) // 2])
    square = np.maximum((middle * middle).mean(1) - middle.mean(1) ** 2, 0)
    spectrum = np.fft.rfft(frames * TAPER, FFT)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    loudness = (power * _LOUDNESS).sum(1)
    hiss = (power * _HISS).sum(1) / np.maximum((power * _BODY).sum(1), _TINY_POWER)
    return (square.tolist(), loudness.tolist(), hiss.tolist(), *pitch_candidates(power))


def _decibel(power: float) -> float:
    return 10 * math.log10(power) if power > _SILENT_POWER else _SILENT_DECIBEL


def _ramp(value: float, span: Span) -> float:
    """How far ``value`` has come in ``span``, 0..1."""
    return min(max((value - span.low) / span.width, 0), 1)


# --- what is followed from frame to frame --------------------------------------------------------------------


class NoiseFloor:
    """Loudness of the background in dB: the least of the last 2.5 s (minimum statistics, Martin 2001).

    A steady unvoiced sound is noise at once. The floor falls quickly and rises slowly.
    """

    def __init__(self) -> None:
        self.value = math.inf  # unknown
        self._smooth = _SILENT_DECIBEL
        self._mean, self._spread = 0.0, PROSODY.steady_first
        self._minimum = math.inf
        self._minima: deque[float] = deque(maxlen=PROSODY.floor_blocks)
        self._heard = 0

    def follow(self, loudness: float, strength: float, restarted: bool) -> None:
        """One more frame: ``loudness`` dB, ``strength`` of its pitch; ``restarted`` after digital silence."""
        self._smooth = loudness if restarted else self._smooth + PROSODY.floor_smoothing * (loudness - self._smooth)
        quiet = max(self._smooth, loudness)
        if math.isinf(self.value):
            self.value = min(quiet, PROSODY.floor_first)
            self._mean = loudness
        lowest = self._least_of_recent(quiet)
        self._mean += PROSODY.steady_smoothing * (loudness - self._mean)
        distance = abs(loudness - self._mean)
        self._spread += PROSODY.steady_smoothing * (distance - self._spread)
        unvoiced = strength < PROSODY.steady_strength
        if unvoiced and self._spread < PROSODY.steady_spread and distance < PROSODY.steady_distance:
            lowest = max(lowest, self._mean)
        if lowest < self.value:
            self.value += PROSODY.floor_fall * (lowest - self.value)
        else:
            self.value += min(PROSODY.floor_rise * (lowest - self.value), PROSODY.floor_rise_limit)

    def _least_of_recent(self, quiet: float) -> float:
        self._heard += 1
        self._minimum = min(self._minimum, quiet)
        if self._heard % PROSODY.floor_block == 0:
            self._minima.append(self._minimum)
            self._minimum = math.inf
        lowest = min(self._minimum, *self._minima, math.inf)
        if len(self._minima) < PROSODY.floor_trusted:
            lowest = min(lowest, self.value)
        return lowest


class SyllablePeak:
    """Usual loudness of a syllable's peak in dB: an expectile of what stands out of the floor (Newey & Powell 1987).

    It rises more readily than it falls, and quickly in the first second.
    """

    def __init__(self) -> None:
        self.value = -math.inf  # unknown
        self._stood_out = 0  # frames

    def follow(self, loudness: float, floor: float) -> None:
        """One more frame of ``loudness`` dB over a background of ``floor`` dB."""
        if math.isinf(self.value):
            self.value = floor + PROSODY.peak_first
        if loudness > floor + PROSODY.peak_above:
            rate = max(PROSODY.peak_least_rate, 1 / PROSODY.peak_rate.at(self._stood_out))
            settling = math.exp(-self._stood_out / PROSODY.peak_settling)
            fall = PROSODY.peak_fall + PROSODY.peak_first_fall * settling
            self._stood_out += 1
            if loudness > self.value:
                self.value += rate * min(loudness - self.value, PROSODY.peak_step)
            elif loudness > self.value - PROSODY.peak_reach or self._stood_out < PROSODY.peak_patience:
                self.value -= fall * rate * (self.value - loudness)
            else:
                self.value -= PROSODY.peak_sink
        else:
            self.value -= PROSODY.peak_sink_quiet
        self.value = max(self.value, floor + PROSODY.least_range)


class LoudnessRange:
    """Noise floor and syllable peak together: they say where a loudness lies between background and speech."""

    def __init__(self) -> None:
        self.floor, self.peak = NoiseFloor(), SyllablePeak()
        self.learning = True
        self._run = 0  # frames since the last digital silence

    @property
    def known(self) -> bool:
        """Whether any sound has been learnt from."""
        return not math.isinf(self.floor.value)

    def follow(self, loudness: float, strength: float) -> bool:
        """Learn from one more frame; False where it is digital silence, which teaches nothing."""
        if loudness <= PROSODY.silent:
            self._run = 0
            return False
        self._run += 1
        # Windows that still hold silence from before the sound tell too low a floor.
        if self.learning and self._run > WINDOW // _HOP:
            self.floor.follow(loudness, strength, restarted=self._run == WINDOW // _HOP + 1)
            self.peak.follow(loudness, self.floor.value)
        return True

    def level(self, loudness: float) -> float:
        """``loudness`` dB between the floor, or what lies well below the peak (0), and the peak (1), not limited."""
        bottom = max(self.floor.value + PROSODY.floor_margin, self.peak.value - PROSODY.range)
        return (loudness - bottom) / (self.peak.value - bottom)


class VoiceActivity:
    """Speech or not, by level with hysteresis; it hangs over ends and closes short gaps that end in sight."""

    def __init__(self) -> None:
        self.active = False
        self._since_speech = math.inf

    def hear(self, level: float) -> bool:
        """Whether a frame of ``level`` sounds like speech after the one before it."""
        self.active = level > (PROSODY.speech_off if self.active else PROSODY.speech_on)
        return self.active

    def decide(self, sounds: bool, ahead: list[bool]) -> bool:
        """Whether a frame is speech, by whether it ``sounds`` like it and the frames ``ahead`` of it do."""
        # A click shorter than three frames does not count, unless speech has only just gone.
        begins = sounds and (self._since_speech < PROSODY.hangover or all(ahead[: PROSODY.burst - 1]))
        self._since_speech = 0 if begins else self._since_speech + 1
        if self._since_speech <= PROSODY.hangover:
            return True
        if self._since_speech > PROSODY.closed_gap:
            return False
        bursts = (all(ahead[i : i + PROSODY.burst]) for i in range(len(ahead) - PROSODY.burst + 1))
        until = next((i for i, burst in enumerate(bursts, 1) if burst), PROSODY.closed_gap)
        return self._since_speech + until <= PROSODY.closed_gap + 1


@dataclass(frozen=True)
class _Frame:
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
        self.loudness = LoudnessRange()
        self.written = 0
        self._activity = VoiceActivity()
        self._path, self._median = PitchPath(), PitchMedian()
        self._frames: deque[_Frame] = deque()
        self._written_pitch: deque[float] = deque(maxlen=2)

    def step(self, square: list[float], loud: list[float], hiss: list[float], *candidates: list[float]) -> list[tuple]:
        """Rows (energy, level, speech, pitch, voicing, sibilance) of the frames that are now settled."""
        rows = []
        for i in range(len(square)):
            options = [(c[i], s[i]) for c, s in zip(candidates[::2], candidates[1::2], strict=True)]
            pitch, strength = self._path.choose(options)
            loudness = _decibel(loud[i])
            energy = max(_decibel(square[i]), PROSODY.lowest_energy)
            sounds = self._sounds(loudness, strength)
            self._frames.append(_Frame(energy, loudness, hiss[i], pitch, strength, sounds))
            if len(self._frames) > PROSODY.look_ahead:
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
        sound = self.loudness.known and frame.loudness > PROSODY.silent
        level = min(max(self.loudness.level(frame.loudness), 0), PROSODY.level_limit) if sound else 0
        # The first frames are tracked before there is a floor to judge them by.
        sounds = frame.sounds or level > PROSODY.speech_on
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
        coming = (f.pitch for f in (frame, *ahead[:2]) if f.strength > PITCH.voiced)
        around = sorted([*self._written_pitch, *coming])
        pitch = around[len(around) // 2]
        self._written_pitch.append(pitch)
        return pitch - self._median.follow(pitch, frame.strength)
