"""How something is said: energy, loudness level, voice activity, pitch, voicing and sibilance from the sound.

One FFT of a 50 ms window per 10 ms frame gives the band energies and, from its power spectrum, the
autocorrelation that the pitch is read from (Boersma 1993: divided by the window's own autocorrelation).
Small causal trackers then follow the noise floor, the usual syllable peak and the median pitch. All of them
see ``_AHEAD`` frames past the frame they describe, which is the whole of ``LATENCY``.

The result never depends on how the sound was cut: frames are computed row by row from absolute positions
and the trackers step frame by frame.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.core.audio import SAMPLE_RATE
from gengine.core.conditions import ANALYSIS_RATE, Prosody
from gengine.core.timing import frame_count
from gengine.errors import AudioError

_HOP = SAMPLE_RATE // ANALYSIS_RATE
_WINDOW = 800  # samples: three periods of the lowest pitch
_ENERGY = 400  # samples: 25 ms
_FFT = 1080  # window + longest lag, a fast length
_LAG_RATE = SAMPLE_RATE // 2  # the autocorrelation is read at 8 kHz, enough for what lies below 1.8 kHz
_LOW_PITCH, _HIGH_PITCH = 60.0, 500.0  # Hz
_CANDIDATES = 3
_AHEAD = 10  # frames the trackers run before the frame that is written
_BATCH = 400  # frames analysed at once at most, so that a long push stays inside the cache

_FLOOR_DB = -90.0  # lowest energy told
_SILENT_DB = -88.0  # digital silence: nothing is learnt from it
_RANGE_DB = 45.0  # level 0 lies at most this far below the syllable peak
_MIN_RANGE_DB = 14.0
_FLOOR_SPAN = 25  # frames of one block of the minimum tracker
_FLOOR_BLOCKS = 10
_ON, _OFF = 0.5, 0.35  # level at which the voice activity starts and stops
_HANGOVER = 7  # frames that speech goes on after it stopped
_GAP = 15  # frames of the longest gap inside speech that is closed (at most _HANGOVER + _AHEAD - 2)
_VOICED = 0.5  # autocorrelation peak of a voiced frame
_MEDIAN_SPAN = 1000  # clearly voiced frames in the running median of the pitch


class ProsodyEncoder:
    """Streaming prosody of mono 16 kHz sound: ``push`` samples, get the frames settled by them.

    Frame k describes the sound centred at k / ``ANALYSIS_RATE`` seconds; ``ceil(duration * ANALYSIS_RATE)``
    frames come out in total. Frames up to t seconds are settled once the sound up to t + ``LATENCY`` is known.
    """

    LATENCY = (_WINDOW / 2 + (_AHEAD + 1) * _HOP) / SAMPLE_RATE
    """Seconds of sound needed after a frame's time (0.135)."""

    def __init__(self) -> None:
        self._pending = np.zeros(_WINDOW // 2, np.float32)  # sound from the next frame's window on
        self._received = 0
        self._tracker = _Tracker()
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
        missing = total - self._tracker.written
        self._tracker.learning = False  # the zeros after the end are not the recording's noise floor
        settled = self._analyse(np.zeros((_AHEAD + 2) * _HOP + _WINDOW, np.float32))
        return settled[:missing]

    def _analyse(self, samples: NDArray[np.float32]) -> Prosody:
        sound = np.concatenate([self._pending, samples])
        count = max(0, (len(sound) - _WINDOW) // _HOP + 1)
        rows: list[tuple[float, ...]] = []
        for first in range(0, count, _BATCH):
            last = min(count, first + _BATCH)
            rows += self._tracker.step(*_measure(sound[first * _HOP : (last - 1) * _HOP + _WINDOW]))
        self._pending = sound[count * _HOP :]
        return _prosody(rows)


def _prosody(rows: list[tuple[float, ...]]) -> Prosody:
    columns = np.array(rows, np.float32).reshape(-1, 6).T
    return Prosody(*(np.ascontiguousarray(c) for c in columns))


# --- measures of single frames -------------------------------------------------------------------------------

_TAPER = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
_HERTZ = np.arange(_FFT // 2 + 1) * (SAMPLE_RATE / _FFT)
# Loudness: the vowels' bands in full, hiss 10 dB down so that /s/ is heard as speech but not as a syllable.
_LOUDNESS = np.interp(_HERTZ, [60, 180, 3500, 5000, 8000], [0, 1, 1, 0.1, 0.1]).astype(np.float32)
_LOUDNESS *= 2.0 / (_FFT * float((_TAPER**2).sum()))
_HISS = np.interp(_HERTZ, [3900, 4100], [0, 1]).astype(np.float32)
_BODY = np.interp(_HERTZ, [60, 180], [0, 1]).astype(np.float32)
_PITCH_BINS = int(np.searchsorted(_HERTZ, 1800.0))
_PITCH_BAND = np.interp(_HERTZ[:_PITCH_BINS], [45, 65, 1000, 1800], [0, 1, 1, 0]).astype(np.float32)
_LAGS = _FFT // 2
_FIRST_LAG, _LAST_LAG = int(_LAG_RATE / _HIGH_PITCH), int(math.ceil(_LAG_RATE / _LOW_PITCH))


def _window_correlation() -> NDArray[np.float32]:
    power = np.abs(np.fft.rfft(_TAPER.astype(float), 4 * _FFT)) ** 2
    correlation = np.fft.irfft(power)[: 2 * _LAGS : 2]
    return (correlation / correlation[0])[_FIRST_LAG - 1 : _LAST_LAG + 2].astype(np.float32)


_WINDOW_CORRELATION = _window_correlation()


def _measure(sound: NDArray[np.float32]) -> tuple[list[float], ...]:
    """Per frame: mean square of 25 ms, loudness power, hiss share, and pitch candidates (lag, strength)."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, _WINDOW)[::_HOP]
    middle = np.ascontiguousarray(frames[:, (_WINDOW - _ENERGY) // 2 : (_WINDOW + _ENERGY) // 2])
    square = np.maximum((middle * middle).mean(1) - middle.mean(1) ** 2, 0.0)
    spectrum = np.fft.rfft(frames * _TAPER, _FFT)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    loudness = (power * _LOUDNESS).sum(1)
    hiss = (power * _HISS).sum(1) / np.maximum((power * _BODY).sum(1), 1e-12)

    correlation = np.fft.irfft(power[:, :_PITCH_BINS] * _PITCH_BAND, _LAGS)
    zero = np.maximum(correlation[:, :1], 1e-12)
    r = (correlation[:, _FIRST_LAG - 1 : _LAST_LAG + 2] / zero).astype(np.float32) / _WINDOW_CORRELATION
    centre, before, after = r[:, 1:-1], r[:, :-2], r[:, 2:]
    peaks = np.where((centre > before) & (centre >= after), centre, np.float32(0.0))
    lags = np.arange(_FIRST_LAG, _LAST_LAG + 1, dtype=np.float32)
    # A small cost per octave of lag settles ties between a period and its multiples for the shorter one.
    peaks = peaks * (1.0 - 0.06 * np.log2(lags / _FIRST_LAG)).astype(np.float32)
    everyone = np.arange(len(r))
    candidates = []
    for _ in range(_CANDIDATES):
        best = peaks.argmax(1)
        a, b, c = before[everyone, best], centre[everyone, best], after[everyone, best]
        curve = np.minimum(a - 2 * b + c, -1e-6)
        shift = np.clip(0.5 * (a - c) / curve, -0.5, 0.5)
        found = peaks[everyone, best] > 0
        candidates += [(lags[best] + shift).tolist(), np.where(found, np.minimum(b, 1.0), 0.0).tolist()]
        peaks[everyone, best] = 0.0
    return (square.tolist(), loudness.tolist(), hiss.tolist(), *candidates)


# --- what is followed from frame to frame --------------------------------------------------------------------


def _decibel(power: float) -> float:
    return 10.0 * math.log10(power) if power > 1e-10 else -100.0


class _Tracker:
    """Noise floor, syllable peak, pitch track and voice activity, one frame at a time."""

    def __init__(self) -> None:
        self.seen = 0
        self.written = 0
        self.learning = True
        # Measures of the frames between the tracked and the written one.
        self._frames: deque[tuple[float, float, float, float, float, bool]] = deque()
        self._smooth = -100.0
        self._floor = math.inf
        self._mean, self._spread = 0.0, 5.0
        self._minimum = math.inf
        self._minima: deque[float] = deque(maxlen=_FLOOR_BLOCKS)
        self._peak = -math.inf
        self._heard = 0  # frames learnt from
        self._stood_out = 0  # of them, above the floor
        self._run = 0  # frames since the last digital silence
        self._active = False
        self._since_speech = 10_000
        self._last_pitch, self._last_voiced = 0.0, -100
        self._written_pitch: deque[float] = deque(maxlen=2)
        self._sorted: list[float] = []
        self._strong: deque[float] = deque()

    def step(self, square: list[float], loud: list[float], hiss: list[float], *candidates: list[float]) -> list[tuple]:
        """Rows (energy, level, speech, pitch, voicing, sibilance) of the frames that are now settled."""
        rows = []
        for i in range(len(square)):
            loudness = _decibel(loud[i])
            options = [(c[i], s[i]) for c, s in zip(candidates[::2], candidates[1::2], strict=True)]
            pitch, strength = self._choose(options)
            raw = self._follow(loudness, strength)
            self._frames.append((max(_decibel(square[i]), _FLOOR_DB), loudness, hiss[i], pitch, strength, raw))
            self.seen += 1
            if self.seen > _AHEAD:
                rows.append(self._write())
        return rows

    def _choose(self, options: list[tuple[float, float]]) -> tuple[float, float]:
        """Pitch in semitones above 1 Hz (0: none) and its strength, near the last voiced frame if it can be."""
        near = self.seen - self._last_voiced <= 8
        best, chosen, strength = 0.0, 0.0, 0.0
        for lag, s in options:
            if s <= 0.0:
                continue
            semitones = 12.0 * math.log2(_LAG_RATE / lag)
            score = s + 0.004 * (semitones - 71.0)  # 0.05 per octave
            if near:
                score -= 0.02 * min(abs(semitones - self._last_pitch), 12.0)
            if score > best or not chosen:
                best, chosen, strength = score, semitones, s
        if strength > _VOICED:
            self._last_pitch, self._last_voiced = chosen, self.seen
        return chosen, strength

    def _follow(self, loudness: float, strength: float) -> bool:
        """Update floor and peak with one frame; whether it sounds like speech."""
        if loudness <= _SILENT_DB:
            self._run = 0
            self._active = False
            return False
        self._run += 1
        # Windows that still hold silence from before the sound tell too low a floor.
        if self.learning and self._run > _WINDOW // _HOP:
            self._learn(loudness, strength)
        if math.isinf(self._peak):
            return False
        level = self._level(loudness)
        self._active = level > (_OFF if self._active else _ON)
        return self._active

    def _learn(self, loudness: float, strength: float) -> None:
        self._smooth = loudness if self._run == _WINDOW // _HOP + 1 else self._smooth + 0.4 * (loudness - self._smooth)
        quiet = max(self._smooth, loudness)
        self._heard += 1

        # Floor: smallest value of the last 2.5 s; a steady unvoiced sound is noise at once.
        if math.isinf(self._floor):
            self._floor = min(quiet, -58.0)
            self._mean = loudness
        self._minimum = min(self._minimum, quiet)
        if self._heard % _FLOOR_SPAN == 0:
            self._minima.append(self._minimum)
            self._minimum = math.inf
        lowest = min(self._minimum, *self._minima, math.inf)
        if len(self._minima) < _FLOOR_BLOCKS // 2:
            lowest = min(lowest, self._floor)
        self._mean += 0.08 * (loudness - self._mean)
        self._spread += 0.08 * (abs(loudness - self._mean) - self._spread)
        if self._spread < 1.6 and strength < 0.6 and abs(loudness - self._mean) < 4.0:
            lowest = max(lowest, self._mean)
        if lowest < self._floor:
            self._floor += 0.5 * (lowest - self._floor)
        else:
            self._floor += min(0.1 * (lowest - self._floor), 0.8)

        # Peak: expectile of what stands out of the floor, quick in the first second.
        if math.isinf(self._peak):
            self._peak = self._floor + 24.0
        if loudness > self._floor + 6.0:
            rate = max(0.05, 1.0 / (3.0 + 0.15 * self._stood_out))
            fall = 0.07 + 0.4 * math.exp(-self._stood_out / 12.0)
            self._stood_out += 1
            if loudness > self._peak:
                self._peak += rate * min(loudness - self._peak, 40.0)
            elif loudness > self._peak - 30.0 or self._stood_out < 50:
                self._peak -= fall * rate * (self._peak - loudness)
            else:
                self._peak -= 0.02
        else:
            self._peak -= 0.002
        self._peak = max(self._peak, self._floor + _MIN_RANGE_DB)

    def _level(self, loudness: float) -> float:
        bottom = max(self._floor + 1.5, self._peak - _RANGE_DB)
        return (loudness - bottom) / (self._peak - bottom)

    def _write(self) -> tuple[float, float, float, float, float, float]:
        """The frame ``_AHEAD`` before the last one tracked, judged by what is known by now."""
        frames = self._frames
        energy, loudness, hiss, pitch, strength, raw = frames[0]
        sound = not math.isinf(self._floor) and loudness > _SILENT_DB
        level = min(max(self._level(loudness), 0.0), 1.3) if sound else 0.0

        # Voice activity: a click shorter than 30 ms does not count; a gap that will be short does not either.
        raw = raw or level > _ON  # the first frames are tracked before there is a floor to judge them by
        begins = raw and (self._since_speech < _HANGOVER or (frames[1][5] and frames[2][5]))
        self._since_speech = 0 if begins else self._since_speech + 1
        speech = self._since_speech <= _HANGOVER
        if not speech and self._since_speech <= _GAP:
            ahead = next((i for i in range(1, _AHEAD - 1) if all(frames[i + j][5] for j in range(3))), _GAP)
            speech = self._since_speech + ahead <= _GAP + 1

        # Voicing fades where the sound sinks into the noise.
        presence = min(max((loudness - self._floor - 3.0) / 6.0, 0.0), 1.0) if sound else 0.0
        voicing = min(max((strength - 0.3) / 0.55, 0.0), 1.0) * presence
        voiced = strength > _VOICED and presence > 0.3 and pitch > 0.0
        semitones = 0.0
        if voiced:
            # Median of five frames against single slips of the track.
            around = sorted([*self._written_pitch, *(frames[i][3] for i in range(3) if frames[i][4] > _VOICED)])
            pitch = around[len(around) // 2]
            semitones = pitch - self._usual_pitch(pitch, strength > 0.75)
            self._written_pitch.append(pitch)
        else:
            self._written_pitch.clear()
        sibilance = min(max(hiss, 0.0), 1.0) * min(level * 4.0, 1.0)
        frames.popleft()
        self.written += 1
        return energy, level, float(speech and sound), semitones, voicing, sibilance

    def _usual_pitch(self, pitch: float, strong: bool) -> float:
        """Running median of the clearly voiced frames, this one included where it is one."""
        if strong:
            insort(self._sorted, pitch)
            self._strong.append(pitch)
            if len(self._strong) > _MEDIAN_SPAN:
                del self._sorted[bisect_left(self._sorted, self._strong.popleft())]
        return self._sorted[len(self._sorted) // 2] if self._sorted else pitch
