"""Lips in noise, hum and music before speech, and the speech after them: with the speech gate and without it.

python benchmarks/noise.py            # demos/speech.wav; LJ Speech and BEAT as well where the reference data are
Four seconds of sound without words stand before the speech. "gap" is the 95th percentile of the inner-lip gap there
(rest: .8 mm; idle lips part to 1.8 mm), "openings" how often a second it grows beyond 2 mm, "jaw" the share of frames
with jawOpen above .05, "wrists" the mean speed of the wrists there over that in the speech (standing in silence: .04).
"onset" is how much later the first phone of the speech begins than after digital silence
without the gate, "same" the share of the speech's frames with the phone heard there, and "F1" that of its closures
(P, B, M) against the true phones, where they are known.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from unittest.mock import patch

import numpy as np
import real_clips
import scipy.signal
from numpy.typing import NDArray

import gengine.hearing
from gengine.core.audio import SAMPLE_RATE, AudioClip
from gengine.core.conditions import MOTION_RATE
from gengine.core.emotion import EmotionTrack
from gengine.core.face import ARKIT_INDEX
from gengine.core.lips import SealModel
from gengine.core.performance import Performance
from gengine.core.words import Phone, WordTrack
from gengine.data import speech
from gengine.encoders.phones import PhoneEncoder
from gengine.encoders.speech_gate import SpeechGate
from gengine.errors import GengineError
from gengine.hearing import hear_recording
from gengine.inputs.audio import load_audio
from gengine.metrics.phone_accuracy import closures, match
from gengine.network_run import run_network
from gengine.networks.visemes.network import VisemeNetwork
from gengine.session import Session
from gengine.training.phone_examples import held_out

Sound = NDArray[np.float32]
BEFORE = 4 * SAMPLE_RATE
"""Samples of sound before the speech."""
QUIET = 3.6
"""What is measured of it, s: lips open ahead of the first sound."""
OPEN_MM, OPEN_JAW = 2.0, 0.05
LEVELS = (-70, -60, -50, -40, -30)
SPEECH_SECONDS = 12
BODY_SECONDS, BODY_SEEDS = 8, (0, 1)
"""Speech after the sound to which the wrists in it are compared, and the takes averaged."""


def at_level(x: NDArray, decibels: float) -> Sound:
    """``x`` with its mean power at ``decibels`` of full scale."""
    return (x * 10 ** (decibels / 20) / np.sqrt(np.mean(np.square(x)))).astype(np.float32)


def coloured(slope: float, rng: np.random.Generator) -> NDArray:
    """Noise whose amplitude falls with frequency to the power ``slope``: 0 white, .5 pink, 1 brown."""
    spectrum = np.fft.rfft(rng.standard_normal(BEFORE))
    frequency = np.fft.rfftfreq(BEFORE, 1 / SAMPLE_RATE)
    return np.fft.irfft(spectrum / np.maximum(frequency, 20) ** slope * (frequency > 20), BEFORE)


def hum(hertz: float, rng: np.random.Generator) -> NDArray:
    """A mains hum with ten harmonics."""
    t = np.arange(BEFORE) / SAMPLE_RATE
    return sum(np.sin(2 * np.pi * hertz * k * t + rng.uniform(0, 2 * np.pi)) / k for k in range(1, 12))


def chords(rng: np.random.Generator, decay: float = 1.5) -> NDArray:
    """Four struck (or held: ``decay`` 0) chords of harmonic tones, one a second."""
    t = np.arange(BEFORE // 4) / SAMPLE_RATE
    envelope = np.minimum(1, t / 0.01) * np.exp(-decay * t)
    roots = (220.0, 174.6, 261.6, 196.0)
    tones = [
        sum(
            np.sin(2 * np.pi * root * ratio * k * t + rng.uniform(0, 6)) / k**1.5
            for ratio in (1, 1.26, 1.5, 2)
            for k in range(1, 7)
        )
        for root in roots
    ]
    return np.concatenate([envelope * tone for tone in tones])


def drums(rng: np.random.Generator) -> NDArray:
    """Bass drum, snare and hi-hat, four strokes a second."""
    out, size = np.zeros(BEFORE), SAMPLE_RATE // 4
    t = np.arange(size) / SAMPLE_RATE
    kick = 2 * np.sin(2 * np.pi * (50 * t - 20 / 30 * np.exp(-30 * t))) * np.exp(-12 * t)
    for i in range(BEFORE // size):
        noise = rng.standard_normal(size + 1)
        stroke = 0.3 * np.diff(noise) * np.exp(-60 * t)
        if i % 4 == 0:
            stroke += kick
        elif i % 4 == 2:
            stroke += (noise[1:] + np.sin(2 * np.pi * 190 * t)) * np.exp(-20 * t)
        out[i * size : (i + 1) * size] = stroke
    return out


def breaths(rng: np.random.Generator) -> NDArray:
    """Three breaths of .7 s."""
    size = int(0.7 * SAMPLE_RATE)
    band = scipy.signal.butter(2, [400, 4500], "band", fs=SAMPLE_RATE, output="sos")
    out = np.zeros(BEFORE)
    for at in (3000, 24000, 45000):
        out[at : at + size] = scipy.signal.sosfilt(band, rng.standard_normal(size)) * np.hanning(size) ** 1.5
    return out


def clicks(rng: np.random.Generator) -> NDArray:
    """Twelve clicks of 10 ms."""
    out = np.zeros(BEFORE)
    for at in rng.integers(0, BEFORE - 160, 12):
        out[at : at + 160] += rng.standard_normal(160) * np.exp(-np.arange(160) / 30)
    return out


def sounds(rng: np.random.Generator) -> Iterator[tuple[str, Sound]]:
    """Name and samples of every sound without words."""
    yield "digital silence", np.zeros(BEFORE, np.float32)
    for name, slope in (("white", 0), ("pink", 0.5), ("brown", 1)):
        for level in LEVELS:
            yield f"{name} noise {level} dB", at_level(coloured(slope, rng), level)
    for hertz in (50, 100, 120):
        for level in LEVELS[2::2]:
            yield f"hum {hertz} Hz {level} dB", at_level(hum(hertz, rng), level)
    instruments: dict[str, Callable[[np.random.Generator], NDArray]] = {
        "chords": chords,
        "held chords": lambda r: chords(r, 0),
        "drums": drums,
        "breaths": breaths,
        "clicks": clicks,
    }
    for name, play in instruments.items():
        for level in (-40, -20):
            yield f"{name} {level} dB", at_level(play(rng), level)
    try:
        music = load_audio(real_clips.data_folder() / "faults" / "12_instrumental_music.wav").samples
    except GengineError:
        return
    yield "music, a recording", np.resize(music, BEFORE).astype(np.float32)


def lips(samples: Sound) -> tuple[float, float, float]:
    """Gap mm (95th percentile), openings a second and share of open jaw in the first ``QUIET`` s."""
    frames = len(samples) * MOTION_RATE // SAMPLE_RATE
    calm = np.zeros((int(frames) + 1, 18))
    calm[:, 0] = 1
    emotion = EmotionTrack(calm, np.zeros((len(calm), 3)), MOTION_RATE)
    made = Performance(AudioClip(samples), WordTrack(), emotion)
    faces = run_network(VisemeNetwork(), hear_recording(made), 0)
    weights = np.concatenate([f.weights for f in faces])[: int(QUIET * MOTION_RATE)]
    gap = SealModel.ict().gap_mm(weights)
    rises = np.count_nonzero(np.diff((gap > OPEN_MM).astype(int), prepend=0) == 1)
    return float(np.percentile(gap, 95)), rises / QUIET, float((weights[:, ARKIT_INDEX["jawOpen"]] > OPEN_JAW).mean())


def wrists(sound: Sound, speech: Sound) -> float:
    """Mean speed of the wrists in the first ``QUIET`` s of ``sound`` over that in the ``speech`` after it."""
    calm, busy = [], []
    for seed in BODY_SEEDS:
        session = Session(seed=seed)
        parts = (session.push(np.concatenate([sound, speech])), session.flush())
        motion = Performance.join([part for part in parts if part is not None]).motion
        assert motion is not None
        places = motion.forward()[0][:, [motion.skeleton.index(f"{side}Hand") for side in ("Left", "Right")]]
        speed = np.linalg.norm(np.diff(places, axis=0), axis=2)
        calm.append(speed[: round(QUIET * motion.fps)].mean())
        busy.append(speed[round(len(sound) / SAMPLE_RATE * motion.fps) :].mean())
    return float(np.mean(calm) / np.mean(busy))


def hear(samples: Sound, gated: bool) -> tuple[Phone, ...]:
    encoder = PhoneEncoder(gate=SpeechGate() if gated else None)
    return (*encoder.push(samples), *encoder.flush())


def spoken() -> list[tuple[Sound, tuple[Phone, ...]]]:
    """The demo, and clips never learned from, with their true phones."""
    found: list[tuple[Sound, tuple[Phone, ...]]] = [(load_audio("demos/speech.wav").samples, ())]
    try:
        folder = real_clips.data_folder()
    except GengineError:
        return found
    clips = [u for u in speech.ljspeech(folder) if held_out(u.corpus, u.name, u.speaker)][:3]
    for u in [*clips, next(speech.beat(folder))]:
        samples = u.samples[: SPEECH_SECONDS * SAMPLE_RATE]
        end = len(samples) / SAMPLE_RATE
        found.append((samples, tuple(p for p in u.phones if p.end <= end)))
    return found


def shifted(phones: tuple[Phone, ...], offset: float) -> tuple[Phone, ...]:
    """What is heard from ``offset`` s on, counted from there."""
    return tuple(Phone(p.symbol, max(p.start - offset, 0), p.end - offset) for p in phones if p.end > offset + 0.005)


def labels(phones: tuple[Phone, ...], seconds: float) -> NDArray:
    starts = np.array([p.start for p in phones])
    at = np.searchsorted(starts, np.arange(0, seconds, 0.01), side="right") - 1
    return np.array([p.symbol for p in phones])[np.maximum(at, 0)]


def after(sound: Sound, gated: bool, clips: list, alone: list[tuple[Phone, ...]]) -> tuple[float, float, float]:
    """Median delay ms of the first phone, F1 of closures and share of frames as ``alone``."""
    late, found, known, heard, same = [], 0, 0, 0, []
    for (samples, true), expected in zip(clips, alone, strict=True):
        seconds, offset = len(samples) / SAMPLE_RATE, len(sound) / SAMPLE_RATE
        phones = hear(np.concatenate([sound, samples]), gated)
        here = shifted(phones, offset)
        first = [next((p.start for p in track if p.symbol != "sil"), np.inf) for track in (here, expected)]
        late.append(1000 * (first[0] - first[1]))
        same.append(np.mean(labels(here, seconds) == labels(expected, seconds)))
        if true:
            a, b = closures(true), closures(here)
            found, known, heard = found + len(match(a, b)), known + len(a), heard + len(b)
    return float(np.median(late)), 2 * found / max(known + heard, 1), float(np.mean(same))


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    clips = spoken()
    print(f"{'':24s}{'without the gate':^51s}   {'with the gate':^51s}")
    print(f"{'4 s before speech':24s}" + 2 * f"{'gap mm openings  jaw wrists | onset ms   F1   same':>51s}   ")
    silence = np.zeros(BEFORE, np.float32)
    alone = [shifted(hear(np.concatenate([silence, x]), False), BEFORE / SAMPLE_RATE) for x, _ in clips]
    for name, sound in sounds(np.random.default_rng(0)):
        cells = ""
        for gated in (False, True):
            with patch.object(gengine.hearing, "SpeechGate", SpeechGate if gated else lambda: None):
                gap, openings, jaw = lips(np.concatenate([sound, clips[0][0][: 2 * SAMPLE_RATE]]))
                body = wrists(sound, clips[0][0][: BODY_SECONDS * SAMPLE_RATE])
            late, f1, same = after(sound, gated, clips, alone)
            cells += f"{gap:8.1f}{openings:9.1f}{jaw:6.2f}{body:7.2f} |{late:8.0f}{f1:8.3f}{same:6.2f}   "
        print(f"{name:24s}{cells}", flush=True)


if __name__ == "__main__":
    main()
