"""Clips that the voice reader learns from and is judged on, and what recordings suffer, on samples at 16 kHz.

EMO-DB's clips of three emotions were cut at 2 s in another studio program than the others: other bandwidth, noise
floor and ends tell them apart without any emotion. ``same_carrier`` makes all clips alike before anything is learned
or measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, resample_poly, sosfilt

from gengine.core.audio import SAMPLE_RATE
from gengine.core.noise import generator
from gengine.data.recordings import read_table
from gengine.inputs.audio import load_audio

SECONDS = 2.0
"""Of a clip that are looked at."""
CARRIER_HZ = 5500.0
"""Bandwidth to which all clips are brought, Hz: that of the poorest."""
CARRIER_FLOOR = -45.0
"""White noise under all clips, dB of their peak."""
CARRIER_FADE = 0.02
"""Seconds over which a clip's ends are faded."""
SPEECH_DEPTH = 35.0
"""Frames this far below the loudest are no speech, dB."""
PAUSE = 0.05
"""Seconds kept before and after speech."""

Samples = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Clip:
    """``samples (N,)`` of speech at 16 kHz, without pauses at its ends; ``recognised`` is the share of listeners who
    heard ``emotion`` in it."""

    name: str
    corpus: str
    speaker: str
    emotion: str
    recognised: float
    samples: Samples


def emodb(folder: Path) -> Iterator[Clip]:
    """EMO-DB (CC0), 535 clips of ten actors in seven emotions."""
    for row in read_table(folder / "emodb" / "metadata.tsv"):
        samples = trimmed(load_audio(folder / "emodb" / "flac" / f"{row['id']}.flac").samples)
        recognised = float(row["recognised_pct"] or 100) / 100
        yield Clip(row["id"], "emodb", f"emodb-{row['speaker']}", row["emotion"], recognised, samples)


def spoken(folder: Path, corpus: str, each: int = 10**9) -> Iterator[Clip]:
    """Speech of other corpora, read or told without acting: at most ``each`` clips, evenly picked."""
    endings = {"grid_s1": "*.mkv", "speech": "LJ*.wav"}
    paths = sorted((folder / corpus).rglob(endings.get(corpus, "*.flac")))
    speakers = _speakers(folder / corpus / "metadata.tsv")
    for path in paths[:: max(1, -(-len(paths) // each))]:
        speaker = speakers.get(path.stem, "")
        yield Clip(path.stem, corpus, f"{corpus}-{speaker}", "neutral", 1.0, trimmed(load_audio(path).samples))


def _speakers(table: Path) -> dict[str, str]:
    return {row["id"]: row.get("speaker", "") for row in read_table(table)} if table.is_file() else {}


def trimmed(samples: NDArray) -> Samples:
    """Without the silence before and after speech."""
    samples = np.asarray(samples, float)
    hop = SAMPLE_RATE // 100
    power = np.convolve(samples**2, np.ones(400) / 400, "same")[::hop] + 1e-12
    level = 10 * np.log10(power)
    speech = np.flatnonzero(level > np.percentile(level, 98) - SPEECH_DEPTH)
    if not len(speech):
        return samples
    keep = round(PAUSE * SAMPLE_RATE)
    return samples[max(0, speech[0] * hop - keep) : speech[-1] * hop + keep]


def low_pass(samples: Samples, hertz: float) -> Samples:
    """Butterworth, sixth order."""
    return np.asarray(sosfilt(butter(6, min(hertz, 7900), "low", fs=SAMPLE_RATE, output="sos"), samples))


def high_pass(samples: Samples, hertz: float) -> Samples:
    """Butterworth, second order."""
    return np.asarray(sosfilt(butter(2, hertz, "high", fs=SAMPLE_RATE, output="sos"), samples))


def coloured_noise(count: int, slope: float, rng: np.random.Generator) -> Samples:
    """Noise whose power falls with frequency by the power ``slope``: 0 white, 1 pink."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    return np.fft.irfft(spectrum / np.maximum(np.fft.rfftfreq(count, 1 / SAMPLE_RATE), 40) ** (slope / 2), count)


def in_noise(samples: Samples, decibels: float, slope: float, rng: np.random.Generator) -> Samples:
    """With noise that many dB below the speech."""
    noise = coloured_noise(len(samples), slope, rng)
    return samples + noise * np.sqrt(np.mean(samples**2) / np.mean(noise**2) / 10 ** (decibels / 10))


def in_room(samples: Samples, reverberation: float, direct: float, rng: np.random.Generator) -> Samples:
    """In a room of that reverberation time (s), the direct sound so many dB above the reverberant."""
    count = int(reverberation * SAMPLE_RATE * 1.1)
    tail = rng.standard_normal(count) * np.exp(-6.9 * np.arange(count) / (reverberation * SAMPLE_RATE))
    tail[: SAMPLE_RATE // 500] = 0
    tail *= np.sqrt(1 / np.sum(tail**2) / 10 ** (direct / 10))
    tail[0] = 1
    return fftconvolve(samples, tail)[: len(samples) + count // 3]


def by_telephone(samples: Samples) -> Samples:
    """300 to 3400 Hz, as ITU-T G.712 has it."""
    return high_pass(low_pass(samples, 3400), 300)


def shouted(samples: Samples, effort: float) -> Samples:
    """As if shouted: brighter by 6 dB an octave above 500 Hz times ``effort``, a quarter of an octave higher, and into
    a microphone that clips. No recording of shouts: what shouting does to words and breath is not in it."""
    higher = resample_poly(samples, 100, round(100 * 2 ** (effort / 4)))
    spectrum, hertz = np.fft.rfft(higher), np.fft.rfftfreq(len(higher), 1 / SAMPLE_RATE)
    bright = np.fft.irfft(spectrum * (np.clip(hertz, 500, 4000) / 500) ** effort, len(higher))
    return np.tanh(bright / np.abs(bright).max() * (1 + 3 * effort))


def same_carrier(samples: Samples, rng: np.random.Generator, seconds: float = SECONDS) -> Samples:
    """The first ``seconds``, below ``CARRIER_HZ``, over one noise floor, with faded ends."""
    samples = low_pass(samples[: round(seconds * SAMPLE_RATE)], CARRIER_HZ)
    samples = samples / (np.abs(samples).max() + 1e-9)
    samples = samples + rng.standard_normal(len(samples)) * 10 ** (CARRIER_FLOOR / 20)
    fade = np.minimum(np.arange(len(samples)) / (CARRIER_FADE * SAMPLE_RATE), 1)
    return samples * fade * fade[::-1]


def disturbed(samples: Samples, rng: np.random.Generator) -> Samples:
    """Another throat, stretch, pause, room, distance, colour, band, noise and clipping, each by chance.

    Ranges are judgements, wider than what is measured on; no band reaches beyond the carrier's.
    """
    if rng.random() < 0.5:
        samples = resample_poly(samples, 100, int(rng.integers(94, 107)))
    if rng.random() < 0.7:
        count = int(rng.uniform(1.2, SECONDS) * SAMPLE_RATE)
        first = int(rng.integers(max(1, len(samples) - count)))
        samples = samples[first : first + count]
    if rng.random() < 0.15:
        samples = shouted(samples, rng.uniform(0.2, 1.2))
    if rng.random() < 0.5:
        samples = in_room(samples, rng.uniform(0.15, 0.9), rng.uniform(-6, 12), rng)
    if rng.random() < 0.5:
        spectrum, hertz = np.fft.rfft(samples), np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
        tilt = rng.uniform(-1.5, 1.5) * np.log2(np.maximum(hertz, 100) / 1000)
        samples = np.fft.irfft(spectrum * 10 ** (tilt / 20), len(samples))
    samples = low_pass(samples, rng.uniform(3300, CARRIER_HZ))
    if rng.random() < 0.4:
        samples = high_pass(samples, rng.uniform(60, 350))
    if rng.random() < 0.75:
        samples = in_noise(samples, rng.uniform(5, 35), rng.uniform(0, 1.5), rng)
    if rng.random() < 0.15:
        samples = np.tanh(samples / np.abs(samples).max() * rng.uniform(1, 4))
    if rng.random() < 0.3:
        pause = np.zeros(int(rng.uniform(0.1, 0.8) * SAMPLE_RATE))
        samples = np.concatenate([samples, pause] if rng.random() < 0.5 else [pause, samples])
        samples = samples + rng.standard_normal(len(samples)) * np.abs(samples).max() * 10 ** (
            rng.uniform(-60, -35) / 20
        )
    return samples[: round(SECONDS * SAMPLE_RATE)]


CONDITIONS = {
    "noise of 10 dB": lambda s, rng: in_noise(s, 10, 1.0, rng),
    "room": lambda s, rng: in_room(s, 0.6, 0, rng),
    "at a distance": lambda s, rng: in_noise(in_room(s, 0.8, -6, rng), 20, 1.0, rng),
    "telephone": lambda s, rng: by_telephone(s),
    "shouting, simulated": lambda s, rng: shouted(s, 0.8),
}
"""What is done to clips to ask how the reader bears it."""


def draw(name: str, kind: str) -> np.random.Generator:
    """The randomness of one clip and one purpose."""
    return generator(0, f"voice {kind} {name}")
