"""The published CaMN while it learns: whole recordings made hop by hop, and measured as ``gengine evaluate`` does.

One thing differs: here the network sees the recording's own face, there the one that the face network makes.
"""

from __future__ import annotations

import numpy as np

from gengine.core.conditions import ANALYSIS_RATE, Conditions, Prosody
from gengine.core.motion import Motion
from gengine.data.beat import Sequence
from gengine.data.cache import CachedCorpus
from gengine.encoders.syllables import is_vowel
from gengine.errors import GengineError
from gengine.metrics.evaluate import METRICS, Clip, evaluate
from gengine.metrics.fgd import FgdEncoder
from gengine.metrics.speech_coupling import stressed_onsets
from gengine.networks.camn.published_network import FPS, WINDOW, PublishedCamnNetwork

HOP = 2.0
"""Seconds: the engine's default, and the 30 frames by which a window goes forward."""
Played = tuple[Sequence, Motion]
"""A recording and the motion that was made for it."""


def chosen(sequences: CachedCorpus, count: int, seconds: float) -> list[Sequence]:
    """``count`` recordings spread evenly over a split, the same every time, each cut to ``seconds``."""
    found = []
    for i in np.linspace(0, len(sequences) - 1, min(count, len(sequences))).astype(int):
        sequence = sequences[int(i)]
        found.append(sequence.part(0.0, min(sequence.performance.duration, seconds)))
    return [x for x in found if x.performance.motion is not None and len(x.performance.motion) >= WINDOW]


def perform(network: PublishedCamnNetwork, sequence: Sequence) -> Motion:
    """The network's motion for a recording with its own words, emotion and face, hop by hop, at 15 fps."""
    p = sequence.performance
    state, parts = network.start(p.speaker, 0), []
    nothing = np.zeros(0, np.float32)
    emotion = p.emotion.resample(ANALYSIS_RATE)
    words = p.words.shift(-p.start).words
    for k in range(int(np.ceil(p.duration / HOP - 1e-6))):
        start, end = k * HOP, min((k + 1) * HOP, p.duration)
        known = min(end + network.spec.lookahead, p.duration)
        face = None if p.face is None else p.face[round(start * p.face.fps) : max(round(end * p.face.fps), 1)]
        conditions = Conditions(
            start=0.0, hop_start=start, hop_end=end, known_until=known, ended=end >= p.duration,
            prosody=Prosody(*[nothing] * 6), phones=(), syllables=(), cues=(),
            words=tuple(w for w in words if w.start < known), emotion=emotion, speaker=p.speaker,
            face=face, sound=p.audio.samples,
        )  # fmt: skip
        parts.append(network.generate(conditions, state))
    step = round(network.spec.fps / FPS)
    turns, root = (np.concatenate([getattr(m, name) for m in parts])[::step] for name in ("rotations", "root"))
    return Motion(parts[0].skeleton, turns, root, FPS)


def scores(played: list[Played]) -> dict[str, float]:
    """Every metric that can be measured; one that is best where it equals the truth has ``<name>_truth`` beside it."""
    if not played:
        return {}
    clips = [_clip(sequence, motion) for sequence, motion in played]
    truth = [_clip(sequence, clip.reference) for (sequence, _), clip in zip(played, clips, strict=True)]
    try:
        encoder = FgdEncoder.load()
    except GengineError:  # none is bundled: the rows that need one are left out
        encoder = None
    found = {row.metric: row.value for row in evaluate(clips, encoder)}
    found |= {f"{r.metric}_truth": r.value for r in evaluate(truth) if METRICS[r.metric][1] == "truth"}
    return {name: float(value) for name, value in found.items() if np.isfinite(value)}


def _clip(sequence: Sequence, motion: Motion) -> Clip:
    p = sequence.performance
    assert p.motion is not None
    onsets = [x.start - p.start for x in p.words.phones if is_vowel(x.symbol)]
    stressed = stressed_onsets(p.words.phones, [(w.text, w.start, w.end) for w in p.words.words])
    accents = np.array(stressed) - p.start
    return Clip(sequence.name, motion, p.motion, sequence.semantic, np.array(onsets), accents)
