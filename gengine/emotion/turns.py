"""Emotion over the turns of a conversation: what somebody felt in their last turn lingers, what they hear is caught.

How far, ``data/turn_emotions.csv`` says: how often an emotion follows the speaker's own last one and another's last
one, over how often it is met at all. It was counted on MELD's training dialogues (Poria et al. 2019; GPL-3.0, none of
its texts are here; ``benchmarks/emotion_dialogue.py`` counts it again): of turns after one's own anger 41 % are angry,
after another's 24 %, of all 11 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.core.constants import read_constants, read_table
from gengine.core.emotion import EMOTIONS, EmotionTrack
from gengine.emotion.label_sets import label_shares

CATEGORIES = ("neutral", "happiness", "surprise", "anger", "sadness", "disgust", "fear")
"""What turns were told apart by: Ekman's six and neutral."""


@dataclass(frozen=True)
class TurnConstants:
    """``data/turns.csv``, see there for units and sources."""

    fps: float
    gather: float
    keep: float
    catch: float
    lose: float
    mirror: float
    turn: float


TURNS = read_constants(TurnConstants, "gengine.emotion", "turns")


@cache
def counted() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Chances ``(7, 7)`` of an emotion after the speaker's own last and after another's last, and of any ``(7,)``."""
    own, other, usual = np.zeros((7, 7)), np.zeros((7, 7)), np.zeros(7)
    for row in read_table("gengine.emotion", "turn_emotions"):
        i, j = CATEGORIES.index(row["before"]), CATEGORIES.index(row["after"])
        own[i, j], other[i, j], usual[j] = float(row["own"]), float(row["other"]), float(row["usual"])
    return own, other, usual


@cache
def shares() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each of the eighteen emotions ``(18,)`` the share that lingers in its speaker, and that another catches.

    The share of turns in which the emotion comes again beyond chance, (p - usual) / (1 - usual), as Cohen's kappa has
    agreement; of the finer emotions that of their category.
    """
    own, other, usual = counted()
    kinds = label_shares("ekman")
    category = [CATEGORIES.index(max(kinds, key=lambda name: kinds[name][k])) for k in range(len(EMOTIONS))]
    found = [np.clip((np.diag(table) - usual) / (1 - usual), 0, 1)[category] for table in (own, other)]
    for share in found:
        share[0] = 0  # neutral is the absence of the others
    return found[0], found[1]


def over_turns(felt: Sequence[EmotionTrack], speaking: ArrayLike, mirror: Sequence[float]) -> list[EmotionTrack]:
    """What everybody feels in the course of a conversation.

    ``felt`` are the people's emotions by themselves, of one length at ``TURNS.fps``; ``speaking (P, T)`` says who
    speaks; ``mirror (P,)`` scales what each of them catches. An emotion that is weaker than what lingers or is caught
    is raised to it, so that neutral speech among neutral people changes nothing.
    """
    speaks = np.asarray(speaking, bool)
    lingers, caught = shares()
    width, dt = len(EMOTIONS), 1 / TURNS.fps
    alone = np.stack([np.concatenate([t.weights, t.vad], axis=1) for t in felt]).astype(float)  # (P, T, 21)
    kept, heard = np.zeros(alone.shape[::2]), np.zeros(alone.shape[::2])
    shown, listens = np.empty_like(alone), np.zeros(len(felt))

    def towards(state: NDArray, goal: NDArray, seconds: NDArray) -> NDArray:
        return state + (1 - np.exp(-dt / seconds))[:, None] * (goal - state)

    for frame in range(alone.shape[1]):
        now, talks = alone[:, frame], speaks[:, frame]
        kept = towards(kept, now * talks[:, None], np.where(talks, TURNS.gather, TURNS.keep))
        others = talks & ~np.eye(len(felt), dtype=bool)
        count = others.sum(axis=1)
        goal = (others[:, :, None] * now).sum(axis=1) / np.maximum(count, 1)[:, None]
        heard = towards(heard, goal, np.where(count > 0, TURNS.catch, TURNS.lose))
        listens = listens + (1 - np.exp(-dt / TURNS.turn)) * (~talks - listens)
        gain = (np.asarray(mirror) * (1 + (TURNS.mirror - 1) * listens))[:, None]
        weights = np.maximum(now[:, :width], np.maximum(lingers * kept[:, :width], gain * caught * heard[:, :width]))
        rest = (1 - now[:, :width].max(axis=1, initial=0, keepdims=True)).clip(0)
        more = lingers[1:].mean() * kept[:, width:] + gain * caught[1:].mean() * heard[:, width:]
        shown[:, frame] = np.concatenate([np.minimum(weights, 1), np.clip(now[:, width:] + rest * more, -1, 1)], axis=1)
    return [EmotionTrack(rows[:, :width], rows[:, width:], TURNS.fps) for rows in shown]
