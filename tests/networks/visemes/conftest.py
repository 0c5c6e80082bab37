"""A tiny stage: say phones with a synthetic voice, hop by hop, as the session does."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from gengine.core.conditions import ANALYSIS_RATE, MOTION_RATE, Conditions, Cue, Prosody, Syllable
from gengine.core.emotion import EMOTIONS, EmotionTrack
from gengine.core.face import FaceTrack
from gengine.core.speaker import Speaker
from gengine.core.words import Phone
from gengine.networks.visemes.network import VisemeNetwork

VOWELS = {"AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"}
QUIET = {"P": 0.2, "B": 0.4, "T": 0.2, "D": 0.4, "K": 0.2, "M": 0.7, "N": 0.7, "S": 0.5, "sil": 0.0}


def spell(text: str, start: float = 0.0, each: float = 0.1) -> tuple[Phone, ...]:
    """Phones from "B AA:0.2 sil:0.5 M", each with its seconds or ``each``."""
    phones = []
    for part in text.split():
        symbol, _, seconds = part.partition(":")
        end = start + (float(seconds) if seconds else each)
        phones.append(Phone(symbol, start, end, 1 if symbol in VOWELS else -1))
        start = end
    return tuple(phones)


def voice(phones: Sequence[Phone], seconds: float) -> Prosody:
    """Prosody of a voice that says these phones, without noise."""
    at = np.arange(round(seconds * ANALYSIS_RATE)) / ANALYSIS_RATE
    level, speech, hiss = np.zeros(len(at)), np.zeros(len(at)), np.zeros(len(at))
    for p in phones:
        inside = (at >= p.start) & (at < p.end)
        level[inside] = 1.0 if p.symbol in VOWELS else QUIET.get(p.symbol, 0.5)
        speech[inside] = p.symbol != "sil"
        hiss[inside] = 0.9 if p.symbol in ("S", "Z", "SH") else 0.0
    energy = -60 + 40 * level
    pitch = 2 * np.sin(2 * np.pi * 0.7 * at) * speech
    return Prosody(*(c.astype(np.float32) for c in (energy, level, speech, pitch, (level > 0.3) * 1.0, hiss)))


@pytest.fixture(scope="session")
def perform() -> Callable[..., FaceTrack]:
    """Run the network over phones; keywords set the scene."""
    return make_face


def make_face(
    phones: Sequence[Phone],
    *,
    seconds: float | None = None,
    emotion: dict[str, float] | Callable[[np.ndarray], np.ndarray] | None = None,
    vad: tuple[float, float, float] = (0.0, 0.0, 0.0),
    speaker: str | None = None,
    seed: int = 0,
    hop: float = 0.5,
    source: str = "aligned",
    cues: Sequence[Cue] = (),
    syllables: Sequence[Syllable] | None = None,
    prosody: Prosody | None = None,
    jaw: np.ndarray | None = None,
    network: VisemeNetwork | None = None,
) -> FaceTrack:
    seconds = seconds or phones[-1].end
    prosody = prosody or voice(phones, seconds)
    if syllables is None:
        vowels = [p for p in phones if p.symbol in VOWELS]
        syllables = [Syllable(p.start, p.end, 0.8 if i % 3 == 0 else 0.3) for i, p in enumerate(vowels)]
    frames = round(seconds * ANALYSIS_RATE)
    weights = np.zeros((frames, len(EMOTIONS)), np.float32)
    if callable(emotion):
        weights = emotion(np.arange(frames) / ANALYSIS_RATE).astype(np.float32)
    else:
        for name, strength in (emotion or {}).items():
            weights[:, EMOTIONS.index(name)] = strength
    track = EmotionTrack(weights, np.tile(np.float32(vad), (frames, 1)), ANALYSIS_RATE)
    network = network or VisemeNetwork()
    who = Speaker.named(speaker)
    state = network.start(who, seed)
    spec, made, count = network.spec, [], round(seconds * MOTION_RATE)
    for first in range(0, count, round(hop * MOTION_RATE)):
        begin, end = first / MOTION_RATE, min(first + round(hop * MOTION_RATE), count) / MOTION_RATE
        start, known = max(0.0, begin - spec.context), min(seconds, end + spec.lookahead)
        a, b = round(start * ANALYSIS_RATE), round(known * ANALYSIS_RATE)

        def seen(events: Sequence, start: float = start, known: float = known) -> tuple:
            return tuple(e for e in events if e.end > start and e.end <= known + 1e-9)

        conditions = Conditions(
            start=a / ANALYSIS_RATE, hop_start=begin, hop_end=end, known_until=known, ended=known >= seconds,
            prosody=prosody[a:b], phones=seen(phones), words=(), syllables=seen(syllables), cues=seen(cues),
            emotion=track[a:b], speaker=who, source=source,
            jaw=None if jaw is None else jaw[a:b],
        )  # fmt: skip
        made.append(network.generate(conditions, state))
    return FaceTrack(
        np.concatenate([f.weights for f in made]),
        np.concatenate([f.head for f in made]),
        np.concatenate([f.gaze for f in made]),
        MOTION_RATE,
    )
