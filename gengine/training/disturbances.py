"""What recordings suffer, on mel frames in dB: other tempi, throats and efforts, rooms, telephones, noise, music.

Powers of voice and noise are added and their cross terms left out, so that a training step costs no sound. Ranges are
judgements, chosen wider than what was measured in recordings.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from gengine.core.audio import SAMPLE_RATE
from gengine.core.noise import generator
from gengine.encoders import logmel

_BANDS = np.arange(logmel.BANDS)
_BAND_HZ = 700 * (
    10 ** (np.linspace(2595 * np.log10(1 + 60 / 700), 2595 * np.log10(1 + 7600 / 700), 42)[1:-1] / 2595) - 1
)
"""Centres of the mel bands, Hz."""

WHISPER_SHARE = 0.12
"""Share of utterances whose voice is taken away."""
CLEAN_SHARE = 0.35
"""Share of stretches without room, noise, music and telephone: most recordings are clean."""
MUSIC_SECONDS = 240
"""Length of the music that is mixed in, at a random place."""


def mel_powers(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Band powers ``(T, 40)`` of samples ``(N,)`` at 16 kHz, as the encoder sees them."""
    frames = int(np.ceil(len(samples) / logmel.HOP))
    tail = np.zeros(2 * logmel.BLOCK * logmel.HOP, np.float32)
    return np.concatenate(logmel.MelBlocks().push(np.concatenate([samples, tail])))[:frames]


def shifted(samples: NDArray[np.float32], ratio: float) -> NDArray[np.float32]:
    """dB frames ``(T, 40)`` of a voice whose pitch and throat are ``ratio`` times as high, in its own tempo: a child's
    from 1.2 on. Played faster, and read at a hop that is as much shorter."""
    import soxr

    x = soxr.resample(np.asarray(samples, np.float32), SAMPLE_RATE, SAMPLE_RATE / ratio)
    frames = int(np.ceil(len(samples) / logmel.HOP))
    window = np.hanning(logmel.WINDOW + 1)[:-1]
    window = (window * 2 / window.sum()).astype(np.float32)
    starts = np.rint(np.arange(frames) * logmel.HOP / ratio).astype(int)
    x = np.pad(x, (logmel.WINDOW // 2, logmel.WINDOW * 2))
    filters, out = logmel.mel_filters(), []
    for part in np.array_split(starts, frames // 2000 + 1):
        cut = x[np.minimum(part, len(x) - logmel.WINDOW)[:, None] + np.arange(logmel.WINDOW)] * window
        out.append(np.square(np.abs(np.fft.rfft(cut, 512, axis=1))).astype(np.float32) @ filters)
    return logmel.power_to_db(np.concatenate(out))


def overdriven(samples: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Sound ``(N,)`` brightened as a shout is and clipped by a microphone or a recorder that was set too high."""
    y = samples + rng.uniform(0, 2) * np.diff(samples, prepend=np.float32(0))
    y = y / (np.percentile(np.abs(y), 99.9) + 1e-9) * np.exp(rng.uniform(np.log(0.9), np.log(4)))
    return np.asarray(np.clip(y, -0.9, 0.9), np.float32)


@cache
def music(seed: int) -> NDArray[np.float32]:
    """Band powers of made music, mean 1."""
    power = mel_powers(music_sound(seed))
    return power / power.sum(axis=1).mean()


@cache
def music_sound(seed: int) -> NDArray[np.float32]:
    """Made music ``(N,)`` at 16 kHz, deviation 1: chords and arpeggios of rich tones, a bass and percussion."""
    rng, parts = generator(seed, "music"), []
    while sum(map(len, parts)) < MUSIC_SECONDS * SAMPLE_RATE:
        beat = int(SAMPLE_RATE * rng.uniform(0.28, 0.8))
        song = np.zeros(beat * 16, np.float32)
        root, style = rng.uniform(80, 260), rng.random(4)
        tilt, decay, drone = rng.uniform(0.6, 2.0), rng.uniform(0.1, 3.0), rng.random() < 0.3
        for bar in range(4):
            chord = root * 2 ** ((rng.choice([0, 2, 4, 5, 7, 9]) + np.array([0, rng.choice([3, 4]), 7, 12])) / 12)
            for n in range(4 if style[0] < 0.5 else 8):
                at = bar * 4 * beat + n * (beat if style[0] < 0.5 else beat // 2)
                length = int(min(len(song) - at, beat * rng.uniform(0.5, 4)))
                t = np.arange(length) / SAMPLE_RATE
                envelope = np.minimum(t / 0.01, 1) * (1 if drone else np.exp(-t / decay))
                for tone in chord if style[1] < 0.5 else [rng.choice(chord) * rng.choice([1, 2, 4])]:
                    for k in range(1, 1 + min(20, int(7000 / tone))):
                        song[at : at + length] += (
                            0.2 * k**-tilt * envelope * np.sin(2 * np.pi * tone * k * t + rng.uniform(0, 6.28))
                        ).astype(np.float32)
                if style[2] < 0.6:
                    hit = rng.standard_normal(length) * np.exp(-t / rng.uniform(0.01, 0.12)) * rng.uniform(0.1, 0.8)
                    song[at : at + length] += (np.diff(hit, prepend=0) if rng.random() < 0.5 else hit).astype(
                        np.float32
                    )
        parts.append(song / (song.std() + 1e-9))
    return np.concatenate(parts)


def disturb(
    decibels: NDArray, labels: NDArray, jaw: NDArray, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray, NDArray]:
    """Another tempo, throat, voice and colour for one utterance (dB frames)."""
    x = decibels.astype(np.float32)
    if rng.random() < 0.7:  # tempo
        count = max(8, round(len(x) * rng.uniform(0.78, 1.25)))
        at = np.linspace(0, len(x) - 1, count)
        low = np.minimum(at.astype(int), len(x) - 2)
        t = (at - low)[:, None].astype(np.float32)
        x = x[low] * (1 - t) + x[low + 1] * t
        nearest = np.rint(at).astype(int)
        labels, jaw = labels[nearest], jaw[nearest]
    if rng.random() < 0.7:  # vocal tract length: a warp of the mel axis
        warp = np.clip(_BANDS + rng.uniform(-2, 2) * np.sin(np.linspace(0.3, np.pi, logmel.BANDS)), 0, 38.999)
        low = warp.astype(int)
        t = (warp - low).astype(np.float32)
        x = x[:, low] * (1 - t) + x[:, low + 1] * t
    if rng.random() < WHISPER_SHARE:
        x = whispered(np.asarray(x, np.float32), rng)
    colour = np.interp(_BANDS, np.linspace(0, logmel.BANDS - 1, 6), rng.normal(0, 3.5, 6))
    if rng.random() < 0.25:  # effort: shouts and Lombard speech are brighter, murmurs darker
        colour = colour + rng.uniform(-8, 14) * np.linspace(-0.5, 0.5, logmel.BANDS)
    return x + colour.astype(np.float32), labels, jaw


def whispered(x: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """The same throat blown instead of voiced: no harmonics, little below 500 Hz, louder hiss, a noise's flutter."""
    power = 10 ** (x / 10)
    smooth = power.copy()
    for _ in range(2):  # over harmonics, which the lowest twelve bands can tell apart
        smooth[:, 1:13] = (smooth[:, :12] + 2 * smooth[:, 1:13] + smooth[:, 2:14]) / 4
    cut = rng.uniform(10, 25) / (1 + (_BAND_HZ / rng.uniform(350, 700)) ** 2)
    loud = logmel.power_to_db(smooth.sum(axis=1).astype(np.float32))
    voiced = np.clip((smooth[:, :14].sum(axis=1) / (smooth.sum(axis=1) + 1e-12) - 0.3) / 0.4, 0, 1)[:, None]
    squeezed = -rng.uniform(0.0, 0.4) * np.maximum(loud - np.percentile(loud, 95) + 15, 0)[:, None]  # vowels lose most
    tilt = voiced * (rng.uniform(0, 12) * np.linspace(-0.5, 0.5, logmel.BANDS) - cut)
    freedom = 2 * np.maximum(1, np.gradient(_BAND_HZ) * 0.0125)
    flutter = rng.gamma(freedom, 1 / freedom, x.shape)
    flutter = voiced * flutter + (1 - voiced)
    return (logmel.power_to_db((smooth * flutter).astype(np.float32)) + squeezed + tilt).astype(np.float32)


def spoil(x: NDArray[np.float32], rng: np.random.Generator, seed: int = 1) -> NDArray[np.float32]:
    """Rooms, noise, hum, music, telephones, loudness and the 16-bit floor for one stretch (dB frames)."""
    power = 10 ** (x / 10)
    peak = np.percentile(power.sum(axis=1), 95)
    clean = rng.random() < CLEAN_SHARE
    if not clean and rng.random() < 0.5:
        power = _room(power, rng)
    kind = 1.0 if clean else rng.random()
    if kind < 0.55:
        level = rng.uniform(-3, 45) if rng.random() < 0.5 else rng.uniform(-3, 15)
        power = power + peak * 10 ** (-level / 10) * _noise(len(x), rng)
    if 0.45 < kind < 0.75:
        bank = music(seed)
        first = int(rng.integers(len(bank) - len(x)))
        colour = 10 ** (np.interp(_BANDS, np.linspace(0, logmel.BANDS - 1, 4), rng.normal(0, 4, 4)) / 10)
        level = rng.uniform(-3, 25) if rng.random() < 0.5 else rng.uniform(-3, 8)
        power = power + peak * 10 ** (-level / 10) * bank[first : first + len(x)] * colour
    if not clean and rng.random() < 0.2:
        power[:, rng.integers(26, 38) :] *= 1e-6
        if rng.random() < 0.6:
            power[:, : rng.integers(1, 6)] *= 1e-4
    return louder(logmel.power_to_db(power.astype(np.float32)), rng)


def louder(x: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Another loudness of the whole stretch (dB frames), over the 16-bit floor."""
    gain = 10 ** (rng.uniform(-40, 5) / 10)
    floor = 10 ** (rng.uniform(-110, -95) / 10)
    return logmel.power_to_db((10 ** (x / 10) * gain + floor).astype(np.float32))


def _room(power: NDArray, rng: np.random.Generator) -> NDArray:
    """An exponential tail, shorter for high bands; its energy from -17 dB to +5 dB of the direct sound's."""
    seconds = np.exp(rng.uniform(np.log(0.15), np.log(1.3))) * np.linspace(1.15, rng.uniform(0.4, 0.9), logmel.BANDS)
    decay = 10 ** (-6 * 0.01 / seconds)
    share, tail = np.exp(rng.uniform(np.log(0.02), np.log(3.0))), np.zeros(power.shape[1])
    wet = np.empty_like(power)
    for i, frame in enumerate(power):
        wet[i] = tail
        tail = tail * decay + frame * (1 - decay)
    return power + share * wet


def _noise(frames: int, rng: np.random.Generator) -> NDArray:
    """Band powers of steady noise of any colour with slow swells, or of a mains hum; mean 1."""
    slope = np.interp(_BANDS, np.linspace(0, logmel.BANDS - 1, 4), rng.normal(0, 6, 4))
    shape = 10 ** ((slope + rng.uniform(-6, 2.5) * np.linspace(0, 4, logmel.BANDS)) / 10)
    if rng.random() < 0.1:
        shape = shape * np.where(_BANDS < rng.integers(2, 12), 1.0, 1e-4)  # hum, engines, wind
    corners = np.arange(0, frames + 100, 100)
    swell = 10 ** (np.interp(np.arange(frames), corners, rng.normal(0, 2, len(corners))) / 10)
    freedom = rng.choice([4, 8, 16])
    return shape / shape.sum() * rng.gamma(freedom, 1 / freedom, (frames, logmel.BANDS)) * swell[:, None]
