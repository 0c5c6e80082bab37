"""Recordings made worse, as whole sounds: what ``benchmarks/phones.py --degraded`` measures.

Made apart from the training's disturbances, which work on mel frames, and with other music.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import scipy.signal
import soxr
from numpy.typing import NDArray
from scipy.linalg import solve_toeplitz

from gengine.core.audio import SAMPLE_RATE
from gengine.inputs.audio import load_audio

Sound = NDArray[np.float32]
MUSIC = Path("faults") / "12_instrumental_music.wav"


def conditions(folder: Path) -> dict[str, Callable[[Sound], Sound]]:
    """Each condition's name and what it does to samples ``(N,)`` at 16 kHz; ``folder`` holds the reference data."""
    music = load_audio(folder / MUSIC).samples
    return {
        "clean": lambda x: x,
        "pitch x 1.5": lambda x: higher(x, 1.5),
        "pitch x 0.8": lambda x: higher(x, 0.8),
        "music 0 dB": lambda x: mixed(x, np.resize(music, len(x)), 0),
        "pink noise 0 dB": lambda x: mixed(x, pink(len(x)), 0),
        "pink noise 10 dB": lambda x: mixed(x, pink(len(x)), 10),
        "telephone": telephone,
        "room, RT60 .6 s": lambda x: room(x, 0.6),
        "whisper": whisper,
        "shout": shout,
        "-30 dB": lambda x: x * np.float32(0.0316),
    }


def silent(folder: Path) -> dict[str, Sound]:
    """Sounds in which nobody speaks: noise, hum and music, by name."""
    count = 8 * SAMPLE_RATE
    t, white = np.arange(count) / SAMPLE_RATE, np.random.default_rng(3).standard_normal(count)
    hum = sum(np.sin(2 * np.pi * 50 * k * t) / k for k in range(1, 8))
    levels = {f"white {dB} dBFS": white * 10 ** (dB / 20) for dB in (-70, -50, -30)}
    made = levels | {"pink -40 dBFS": pink(count) / pink(count).std() * 0.01, "hum": 0.05 * hum}
    made["music"] = load_audio(folder / MUSIC).samples
    return {name: np.asarray(sound, np.float32) for name, sound in made.items()}


def mixed(x: Sound, other: Sound, ratio: float) -> Sound:
    """``other`` added ``ratio`` dB below ``x``, by their mean power."""
    scale = np.sqrt(np.mean(np.square(x)) / np.mean(np.square(other))) * 10 ** (-ratio / 20)
    return np.asarray(x + scale * other, np.float32)


def pink(count: int) -> Sound:
    """Noise whose power falls by 3 dB an octave."""
    spectrum = np.fft.rfft(np.random.default_rng(5).standard_normal(count))
    spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(count), 20 / SAMPLE_RATE))
    return np.fft.irfft(spectrum, count).astype(np.float32)


def higher(x: Sound, ratio: float) -> Sound:
    """Pitch and resonances ``ratio`` times as high in the same tempo: resampled, then stretched by WSOLA."""
    y = soxr.resample(x, SAMPLE_RATE, SAMPLE_RATE / ratio)
    size, hop, reach = 512, 256, 160
    window = np.hanning(size + 1)[:-1]
    y = np.pad(y, (reach + size, 2 * size + reach))
    out = np.zeros(len(x) + 2 * size)
    at = reach + size
    for k in range(len(x) // hop + 1):
        if k:
            wanted = y[at + hop : at + hop + size]
            middle = min(int(k * hop / ratio) + reach + size, len(y) - size - reach)
            around = y[middle - reach : middle + reach + size]
            at = middle - reach + int(np.argmax(np.correlate(around, wanted, "valid")))
            at = min(at, len(y) - 2 * size)
        out[k * hop : k * hop + size] += window * y[at : at + size]
    return out[: len(x)].astype(np.float32)


def telephone(x: Sound) -> Sound:
    """300 to 3400 Hz, 8 kHz, 8-bit mu-law."""
    low = soxr.resample(x, SAMPLE_RATE, 8000)
    low = scipy.signal.sosfilt(scipy.signal.butter(4, [300, 3400], "band", fs=8000, output="sos"), low)
    low = low / (np.abs(low).max() + 1e-9) * 0.7
    code = np.rint(np.sign(low) * np.log1p(255 * np.abs(low)) / np.log(256) * 127) / 127
    return np.resize(soxr.resample(np.sign(code) * (256 ** np.abs(code) - 1) / 255, 8000, SAMPLE_RATE), len(x)).astype(
        np.float32
    )


def room(x: Sound, seconds: float) -> Sound:
    """A room's exponential tail of noise, as strong as the direct sound."""
    t = np.arange(int(SAMPLE_RATE * seconds)) / SAMPLE_RATE
    tail = np.random.default_rng(6).standard_normal(len(t)) * 10 ** (-3 * t / seconds)
    tail[: int(0.003 * SAMPLE_RATE)] = 0
    tail /= np.sqrt(np.sum(np.square(tail)))
    tail[0] = 1
    return scipy.signal.fftconvolve(x, tail)[: len(x)].astype(np.float32)


def whisper(x: Sound) -> Sound:
    """The residual of linear prediction (order 18, 25 ms) exchanged for noise of the same loudness, voiced or not."""
    rng, size, hop, order = np.random.default_rng(7), 400, 200, 18
    window = np.hanning(size + 1)[:-1]
    emphasised = scipy.signal.lfilter([1, -0.97], 1, x)
    out = np.zeros(len(x) + size)
    for at in range(0, len(x) - size, hop):
        frame = emphasised[at : at + size] * window
        r = np.correlate(frame, frame, "full")[size - 1 : size + order]
        if r[0] > 1e-8:
            r[0] *= 1.0001
            a = solve_toeplitz(r[:-1], r[1:])
            gain = np.sqrt(max(r[0] - a @ r[1:], 1e-12) / np.sum(np.square(window)))
            noise = scipy.signal.lfilter([gain], [1, *-a], rng.standard_normal(2 * size))[size:]
            out[at : at + size] += window * noise
    return (0.3 * out[: len(x)]).astype(np.float32)


def shout(x: Sound) -> Sound:
    """Brighter by 6 dB an octave above 500 Hz, 15 % higher, clipped."""
    y = higher(x, 1.15)
    y = y + 1.5 * scipy.signal.lfilter([1, -1], 1, y)
    y = y / (np.percentile(np.abs(y), 99.9) + 1e-9)
    return np.clip(2.5 * y, -0.9, 0.9).astype(np.float32)
