"""Where the people of a conversation stand, and whom each of them looks at when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.core.look_at import PLACES, STANDING_EYES, LookAt
from gengine.core.noise import generator
from gengine.core.turns import within

REACTS = 0.3
"""Seconds after somebody has begun to speak in which listeners' eyes have come to them. Judgement: a saccade to what is
heard takes .2 s, and who speaks next is often foreseen."""

YIELDS = 0.6
"""Seconds before the end of a turn at which its speaker looks at who speaks next (Kendon 1967: at the end of a turn
speakers look at the listener). Judgement."""

GLANCES = (3.0, 4.0)
"""Seconds from one listener to another, at least and how much longer, while one speaks to several. Judgement."""

SHIFT = 0.05
"""Seconds in which a target becomes another one: the eyes make a saccade of it."""

_STEP = 0.05  # s of the plan


@dataclass(frozen=True)
class Place:
    """Where somebody stands, ``x`` and ``z`` m of a world that all share (y is up), turned by ``yaw`` rad about y: at 0
    they look along z."""

    x: float
    z: float
    yaw: float

    def seen(self, other: Place) -> NDArray[np.float64]:
        """Another's eyes as this one has them, (x, y, z) m: x to the own left, z ahead."""
        ahead, left = np.array([np.sin(self.yaw), np.cos(self.yaw)]), np.array([np.cos(self.yaw), -np.sin(self.yaw)])
        forth = np.array([np.sin(other.yaw), np.cos(other.yaw)])  # the eyes are ahead of the body
        offset = np.array([other.x - self.x, other.z - self.z]) + STANDING_EYES[2] * forth
        return np.array([offset @ left, STANDING_EYES[1], offset @ ahead])


def circle(people: int) -> list[Place]:
    """Places of 2 or more people who face the middle; neighbours' eyes are as far apart as listeners are."""
    radius = PLACES["listener"] / (2 * np.sin(np.pi / people)) + STANDING_EYES[2]
    turns = 2 * np.pi * np.arange(people) / people
    return [Place(float(-radius * np.sin(t)), float(-radius * np.cos(t)), float(t)) for t in turns]


def whom(person: int, spans: Sequence[NDArray[np.float64]], duration: float, seed: int) -> NDArray[np.int64]:
    """Number of the one whom ``person`` looks at, for every 0.05 s.

    A listener looks at who speaks, of several at who began first, and stays with them until another begins; a speaker
    at who spoke last, of more than one listener now and then at another, and in the end at who speaks next.
    """
    times = np.arange(0, duration + _STEP, _STEP)
    others = [k for k in range(len(spans)) if k != person]
    target = np.full(len(times), others[0])
    own = within(spans[person], times)
    begins = sorted((float(start), float(end), k) for k in others for start, end in spans[k])
    for start, end, k in begins:
        later = times >= start + min(REACTS, end - start)
        busy = np.zeros(len(times), bool)
        for before, until, other in begins:
            if before < start < until and other != k:
                busy |= times < until
        target[later & ~busy] = k
    for number, (start, end) in enumerate(spans[person].tolist()):
        after = next((k for begin, _, k in begins if begin >= end - YIELDS), None)
        before = [k for begin, _, k in begins if begin < start]
        now = before[-1] if before else after if after is not None else others[0]
        at = start
        while at < end:
            low, width = GLANCES
            chosen = generator(seed, "glance", person, number, round(at, 2)).random(2)
            until = at + low + width * chosen[0]
            target[own & (times >= at) & (times < min(until, end))] = now
            rest = [k for k in others if k != now]
            now, at = (rest[int(chosen[1] * len(rest))] if rest else now), until
        if after is not None:
            target[own & (times >= end - YIELDS) & (times < end)] = after
    return target


def looks(person: int, places: Sequence[Place], target: NDArray[np.int64]) -> LookAt:
    """The eyes of the one whom ``target`` names for every 0.05 s, as ``person`` has them."""
    changes = np.flatnonzero(np.diff(target)) + 1
    rows = [(0.0, places[person].seen(places[target[0]]))]
    for k in changes:
        rows.append((k * _STEP - SHIFT / 2, places[person].seen(places[target[k - 1]])))
        rows.append((k * _STEP + SHIFT / 2 - 1e-6, places[person].seen(places[target[k]])))
    return LookAt(np.array([t for t, _ in rows]), np.array([p for _, p in rows]), face=True)
