"""A network while it learns, measured as ``gengine evaluate`` measures it.

One thing differs for the published CaMN: here it sees the recording's own face, there the one that the face network
makes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gengine.core.conditions import ANALYSIS_RATE, Conditions, Prosody
from gengine.core.motion import Motion
from gengine.data.beat import Sequence
from gengine.data.cache import CachedCorpus
from gengine.errors import GengineError
from gengine.metrics.evaluate import METRICS, Clip, evaluate
from gengine.metrics.evaluation import clip_of
from gengine.metrics.fgd import FgdEncoder
from gengine.metrics.frechet import frechet_distance, gaussian
from gengine.network_run import run_network
from gengine.networks.camn.published_network import FPS, WINDOW, PublishedCamnNetwork

SHOWN = ("Head", "LeftForeArm", "LeftHand", "RightForeArm", "RightHand")
"""Joints whose places ``pose_distance`` compares."""
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
    conditions = Conditions(
        start=0.0, hop_start=0.0, hop_end=p.duration, known_until=p.duration, ended=True,
        prosody=Prosody(*[np.zeros(0, np.float32)] * 6), phones=(), syllables=(), cues=(),
        words=p.words.shift(-p.start).words, emotion=p.emotion.resample(ANALYSIS_RATE), speaker=p.speaker,
        sound=p.audio.samples,
    )  # fmt: skip
    parts = run_network(network, conditions, 0, face=p.face, hop=HOP)
    step = round(network.spec.fps / FPS)
    turns, root = (np.concatenate([getattr(m, name) for m in parts])[::step] for name in ("rotations", "root"))
    return Motion(parts[0].skeleton, turns, root, FPS)


def validate(clips: list[Clip], encoder: FgdEncoder | None) -> tuple[dict[str, float], dict[str, float]]:
    """Every metric of ``gengine evaluate`` by name: of the motions, and of their recordings themselves (without the
    distances that need the encoder)."""
    own = [replace(c, motion=c.reference) for c in clips]
    found, truth = evaluate(clips, encoder), evaluate(own)
    return {row.metric: row.value for row in found}, {row.metric: row.value for row in truth}


def scores(played: list[Played]) -> dict[str, float]:
    """Every metric that can be measured; one that is best where it equals the truth has ``<name>_truth`` beside it."""
    if not played:
        return {}
    try:
        encoder = FgdEncoder.load()
    except GengineError:  # none is bundled: the rows that need one are left out
        encoder = None
    found, truth = validate([clip_of(sequence, motion) for sequence, motion in played], encoder)
    found |= {f"{name}_truth": value for name, value in truth.items() if METRICS[name][1] == "truth"}
    return {name: float(value) for name, value in found.items() if np.isfinite(value)}


def pose_distance(clips: list[Clip]) -> float:
    """Fréchet distance of joint positions and their steps, dm and dm per frame: what stands in for FGD without an
    encoder."""
    made, true = (np.concatenate([_moving(getattr(c, side)) for c in clips]) for side in ("motion", "reference"))
    return float(frechet_distance(*gaussian(made), *gaussian(true)))


def _moving(motion: Motion) -> NDArray[np.float64]:
    """Places of head, elbows and wrists and their steps ``(T - 1, 30)``, dm."""
    places = motion.skeleton.forward(motion.rotations, motion.root)[0]
    few = 10 * places[:, [motion.skeleton.index(name) for name in SHOWN]].reshape(len(motion), -1)
    return np.concatenate([few[1:], np.diff(few, axis=0)], axis=1)
