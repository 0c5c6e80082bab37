"""A little invented speech: real conditions without a recording."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gengine.core.conditions import ANALYSIS_RATE, Conditions, Cue, Prosody, Syllable
from gengine.core.emotion import EMOTION_INDEX, EMOTIONS, EmotionTrack
from gengine.core.motion import Motion
from gengine.core.speaker import Speaker
from gengine.networks.choreographer import Choreographer

Speech = tuple[Prosody, tuple[Syllable, ...], tuple[Cue, ...], float]


def talk(seconds: float, silences: tuple[tuple[float, float], ...] = (), cues: tuple[Cue, ...] = ()) -> Speech:
    """Four syllables a second with every third accented, silent where ``silences`` say."""
    count = round(seconds * ANALYSIS_RATE)
    speech = np.ones(count, np.float32)
    for start, end in silences:
        speech[round(start * ANALYSIS_RATE) : round(end * ANALYSIS_RATE)] = 0
    flat = np.zeros(count, np.float32)
    prosody = Prosody(-20 * speech - 80 * (1 - speech), speech, speech, flat, speech, flat)
    onsets = np.arange(0.1, seconds, 0.25)
    syllables = tuple(
        Syllable(float(t), float(t) + 0.15, 0.8 if k % 3 == 0 else 0.2)
        for k, t in enumerate(onsets)
        if speech[min(round(t * ANALYSIS_RATE), count - 1)] > 0
    )
    return prosody, syllables, cues, seconds


def feeling(seconds: float, **strengths: float | Callable[[np.ndarray], np.ndarray]) -> EmotionTrack:
    """An emotion track with constant or time-dependent strengths."""
    times = np.arange(round(seconds * 25) + 1) / 25
    weights = np.zeros((len(times), len(EMOTIONS)), np.float32)
    for name, value in strengths.items():
        weights[:, EMOTION_INDEX[name]] = value(times) if callable(value) else value
    return EmotionTrack(weights, np.zeros((len(times), 3), np.float32), 25.0)


def perform(
    speech: Speech,
    speaker: str = "conversational",
    seed: int = 0,
    hop: float = 2.0,
    emotion: EmotionTrack | None = None,
) -> Motion:
    """The whole motion, hop by hop, as a session makes it."""
    prosody, syllables, cues, seconds = speech
    network = Choreographer()
    who = Speaker.named(speaker)
    state = network.start(who, seed)
    emotion = emotion or feeling(seconds)
    parts, start = [], 0.0
    while start < seconds - 1e-9:
        end = min(start + hop, seconds)
        first, known = max(0.0, start - 2.0), min(end + network.spec.lookahead, seconds)
        frames = slice(round(first * ANALYSIS_RATE), round(known * ANALYSIS_RATE))
        seen = [tuple(e for e in events if first < e.end <= known) for events in (syllables, cues)]
        parts.append(
            network.generate(
                Conditions(
                    first, start, end, known, known >= seconds, prosody[frames], (), (), seen[0], seen[1],
                    emotion[round(first * 25) : round(known * 25) + 1], who,
                ),
                state,
            )
        )  # fmt: skip
        start = round(start + hop, 6)
    rotations = np.concatenate([p.rotations for p in parts])
    return Motion(parts[0].skeleton, rotations, np.concatenate([p.root for p in parts]), 60.0)


@pytest.fixture(scope="session")
def plain() -> Motion:
    """Twenty seconds of plain conversational talk."""
    return perform(talk(20.0))
