"""How loud a sound is for this speaker in this room, and whether it is speech: causal trackers, frame by frame."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from gengine.core.constants import Span, read_constants


@dataclass(frozen=True)
class LoudnessConstants:
    """``data/loudness.csv``, see there for units and sources."""

    silent: float
    range: float
    least_range: float
    floor_margin: float
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


LOUDNESS = read_constants(LoudnessConstants, "gengine.encoders", "loudness")


class NoiseFloor:
    """Loudness of the background in dB: the least of the last 2.5 s (minimum statistics, Martin 2001).

    A steady unvoiced sound is noise at once. The floor falls quickly and rises slowly.
    """

    def __init__(self) -> None:
        self.value = math.inf  # unknown
        self._smooth = 0.0
        self._mean, self._spread = 0.0, LOUDNESS.steady_first
        self._minimum = math.inf
        self._minima: deque[float] = deque(maxlen=LOUDNESS.floor_blocks)
        self._least = math.inf  # of the minima
        self._heard = 0

    def follow(self, loudness: float, strength: float, restarted: bool) -> None:
        """One more frame: ``loudness`` dB, ``strength`` of its pitch; ``restarted`` after digital silence."""
        self._smooth = loudness if restarted else self._smooth + LOUDNESS.floor_smoothing * (loudness - self._smooth)
        quiet = max(self._smooth, loudness)
        if math.isinf(self.value):
            self.value = min(quiet, LOUDNESS.floor_first)
            self._mean = loudness
        lowest = self._least_of_recent(quiet)
        self._mean += LOUDNESS.steady_smoothing * (loudness - self._mean)
        distance = abs(loudness - self._mean)
        self._spread += LOUDNESS.steady_smoothing * (distance - self._spread)
        unvoiced = strength < LOUDNESS.steady_strength
        if unvoiced and self._spread < LOUDNESS.steady_spread and distance < LOUDNESS.steady_distance:
            lowest = max(lowest, self._mean)
        if lowest < self.value:
            self.value += LOUDNESS.floor_fall * (lowest - self.value)
        else:
            self.value += min(LOUDNESS.floor_rise * (lowest - self.value), LOUDNESS.floor_rise_limit)

    def _least_of_recent(self, quiet: float) -> float:
        self._heard += 1
        self._minimum = min(self._minimum, quiet)
        if self._heard % LOUDNESS.floor_block == 0:
            self._minima.append(self._minimum)
            self._minimum, self._least = math.inf, min(self._minima)
        lowest = min(self._minimum, self._least)
        if len(self._minima) < LOUDNESS.floor_trusted:
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
            self.value = floor + LOUDNESS.peak_first
        if loudness > floor + LOUDNESS.peak_above:
            rate = max(LOUDNESS.peak_least_rate, 1 / LOUDNESS.peak_rate.at(self._stood_out))
            settling = math.exp(-self._stood_out / LOUDNESS.peak_settling)
            fall = LOUDNESS.peak_fall + LOUDNESS.peak_first_fall * settling
            self._stood_out += 1
            if loudness > self.value:
                self.value += rate * min(loudness - self.value, LOUDNESS.peak_step)
            elif loudness > self.value - LOUDNESS.peak_reach or self._stood_out < LOUDNESS.peak_patience:
                self.value -= fall * rate * (self.value - loudness)
            else:
                self.value -= LOUDNESS.peak_sink
        else:
            self.value -= LOUDNESS.peak_sink_quiet
        self.value = max(self.value, floor + LOUDNESS.least_range)


class LoudnessRange:
    """Noise floor and syllable peak together: they say where a loudness lies between background and speech.

    A frame's loudness is measured over ``window`` frames.
    """

    def __init__(self, window: int) -> None:
        self._window = window
        self.floor, self.peak = NoiseFloor(), SyllablePeak()
        self.learning = True
        self._run = 0  # frames since the last digital silence

    @property
    def known(self) -> bool:
        """Whether any sound has been learnt from."""
        return not math.isinf(self.floor.value)

    def follow(self, loudness: float, strength: float) -> bool:
        """Learn from one more frame; False where it is digital silence, which teaches nothing."""
        if loudness <= LOUDNESS.silent:
            self._run = 0
            return False
        self._run += 1
        # Windows that still hold silence from before the sound tell too low a floor.
        if self.learning and self._run > self._window:
            self.floor.follow(loudness, strength, restarted=self._run == self._window + 1)
            self.peak.follow(loudness, self.floor.value)
        return True

    def level(self, loudness: float) -> float:
        """``loudness`` dB between the floor, or what lies well below the peak (0), and the peak (1), not limited."""
        bottom = max(self.floor.value + LOUDNESS.floor_margin, self.peak.value - LOUDNESS.range)
        return (loudness - bottom) / (self.peak.value - bottom)


class VoiceActivity:
    """Speech or not, by level with hysteresis; it hangs over ends and closes short gaps that end in sight."""

    def __init__(self) -> None:
        self.active = False
        self._since_speech = math.inf

    def hear(self, level: float) -> bool:
        """Whether a frame of ``level`` sounds like speech after the one before it."""
        self.active = level > (LOUDNESS.speech_off if self.active else LOUDNESS.speech_on)
        return self.active

    def decide(self, sounds: bool, ahead: list[bool]) -> bool:
        """Whether a frame is speech, by whether it ``sounds`` like it and the frames ``ahead`` of it do."""
        # A click shorter than three frames does not count, unless speech has only just gone.
        begins = sounds and (self._since_speech < LOUDNESS.hangover or all(ahead[: LOUDNESS.burst - 1]))
        self._since_speech = 0 if begins else self._since_speech + 1
        if self._since_speech <= LOUDNESS.hangover:
            return True
        if self._since_speech > LOUDNESS.closed_gap:
            return False
        bursts = (all(ahead[i : i + LOUDNESS.burst]) for i in range(len(ahead) - LOUDNESS.burst + 1))
        until = next((i for i, burst in enumerate(bursts, 1) if burst), LOUDNESS.closed_gap)
        return self._since_speech + until <= LOUDNESS.closed_gap + 1
