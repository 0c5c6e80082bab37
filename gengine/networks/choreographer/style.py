"""How somebody moves: the speaker's traits, turned by the emotion of the moment.

Sources: movement laws, holds and shares are measured on three real clips (a seated storyteller, a standing
conversational speaker, an orator) and interpolated over ``Traits.energy``; the emotions' columns are in
``data/emotion_style.csv``. Strengths enter linearly for offsets and shares, and in the exponent for ratios, so
every effect grows monotonically and smoothly with strength.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.core.emotion import EMOTIONS
from gengine.core.speaker import STYLES, Traits

Array = NDArray[np.float64]

RATIOS = ("rate", "amp", "speed", "hold", "sway")
"""Columns that multiply."""


@cache
def _table() -> tuple[dict[str, Array], Array]:
    text = resources.files("gengine.networks.choreographer").joinpath("data/emotion_style.csv").read_text("utf-8")
    rows = {r["emotion"]: r for r in csv.DictReader(x for x in text.splitlines() if not x.startswith("#"))}
    names = [n for n in next(iter(rows.values())) if n not in ("emotion", "v", "a", "d")]
    columns = {n: np.array([float(rows[e][n]) for e in EMOTIONS]) for n in names}
    for name in RATIOS:
        columns[name] = np.log(columns[name])
    vad = np.array([[float(rows[e][c]) for c in "vad"] for e in EMOTIONS])
    return columns, vad


def expression(weights: ArrayLike, vad: ArrayLike) -> dict[str, Array]:
    """What emotion asks of the body, each ``(T,)``: ratios around 1, offsets around 0, shares from 0.

    ``weights (T, 18)`` strengths and ``vad (T, 3)``. Only the part of ``vad`` that the named strengths do not
    explain acts through the dimensions, so a label and its own VAD point do not count twice.
    """
    share: Array = np.asarray(weights, float)
    vad = np.asarray(vad, float)
    share = share / np.maximum(1.0, share[:, 1:].sum(-1, keepdims=True))  # mixtures stay within one emotion's strength
    columns, known = _table()
    out: dict[str, Array] = {name: share @ column for name, column in columns.items()}
    said = np.maximum(np.sign(vad) * (share @ known), 0.0)
    # A VAD point inside what the labels already say changes nothing; a small excess is the labels' own spread.
    rest = np.sign(vad) * np.maximum(np.abs(vad) - said - 0.1, 0.0)
    v, a, d = rest.T
    out["speed"] += 0.45 * a
    out["rate"] += 0.3 * a
    out["amp"] += 0.25 * a + 0.15 * d
    out["hold"] += -0.4 * a
    out["spine"] += -4 * v - 3 * d
    out["lean"] += 2 * a * d
    out["elbow"] += 4 * v + 6 * d
    out["out"] += 0.04 * v + 0.05 * d
    out["height"] += 0.05 * a + 0.03 * v
    out["bounce"] += np.clip(0.5 * v * a, 0, 0.5)
    for name in RATIOS:
        out[name] = np.exp(out[name])
    return out


_ENERGY = np.array([STYLES[s].energy for s in ("storyteller", "conversational", "orator")])


def _by_energy(energy: float, *values: float) -> float:
    return float(np.interp(energy, _ENERGY, values))


@dataclass(frozen=True)
class Manner:
    """One speaker's way of moving, from traits alone. Lengths in cm, times in s, positions in arm lengths."""

    traits: Traits
    chord: float
    """Median length of a movement unit."""
    chord_sd: float
    """Its log standard deviation."""
    duration_at: float
    """Duration of a 1 cm unit; see ``duration``."""
    duration_power: float
    duration_sd: float
    active: float
    """Share of speech spent gesturing rather than resting."""
    units: float
    """Mean units before the hands go home."""
    hold_share: float
    """Chance that a unit ends in a hold."""
    hold_median: float
    reverse: float
    through: float
    together: float
    """Share of units in which both hands move."""
    bow: float
    """Bulge of the arcs, share of the chord."""
    reach: float
    """Usual shoulder-wrist distance while gesturing, arm lengths."""
    loose: float
    """Median speed at the ends of units, share of their mean speed."""
    pause_moves: bool
    """Hands go on in short pauses instead of waiting."""
    form_hold: float
    """Length of holds after meaningful strokes, x."""
    sinus: float
    """How far reversals turn without stopping: 1 swings like a pendulum, 0 stops."""
    centre: Array
    """Where the hands gesture ``(2 hands, 3)``: out, up, forward of mid-shoulder."""
    spread: Array
    """Standard deviation around ``centre`` ``(3,)``."""
    low: Array
    """Chance that a unit drops a hand low, per hand ``(2,)``."""
    swivel: float
    """Elbow swivel, rad."""
    palm_up: float
    palm_down: float
    palm_back: float
    shift_every: float
    """Mean seconds between weight shifts."""
    shift_size: float
    """Standard deviation of the pelvis's sideways place, metres."""
    step_share: float
    """Chance that a weight shift while speaking ends in a step."""
    stance: float
    """Distance between the ankles, metres."""
    cue_chance: float
    """Chance that a cue word becomes a gesture."""
    idle: float
    """Size of the hands' wandering, x: those who gesture little are never quite still."""

    @classmethod
    def of(cls, traits: Traits) -> Manner:
        """Interpolate the three measured styles at this speaker's traits."""
        e = traits.energy
        usual_tempo = _by_energy(e, *(STYLES[s].tempo for s in ("storyteller", "conversational", "orator")))
        usual_hold = _by_energy(e, 0.7, 0.3, 0.65)
        usual_amp = _by_energy(e, 0.85, 1.0, 1.15)
        amp = traits.amplitude / usual_amp
        tempo = traits.tempo / usual_tempo
        right = np.clip((traits.handedness - 0.5) * 2, -1, 1)
        # The other hand works lower; least so for orators.
        drop = _by_energy(e, 0.02, 0.16, 0.01) * (right / 0.2 if abs(right) < 0.2 else np.sign(right))
        out = _by_energy(e, 0.26, 0.58, 0.52)
        up = _by_energy(e, -0.50, -0.50, -0.30) + traits.height - _by_energy(e, -0.1, 0.0, 0.12)
        ahead = _by_energy(e, 0.46, 0.51, 0.43)
        low_share = _by_energy(e, 0.0, 0.24, 0.14)
        return cls(
            traits=traits,
            chord=_by_energy(e, 16.0, 27.0, 27.0) * amp,
            chord_sd=_by_energy(e, 0.55, 0.70, 0.75),
            duration_at=_by_energy(e, 0.33, 0.152, 0.112) / tempo,
            duration_power=_by_energy(e, 0.32, 0.38, 0.47),
            duration_sd=_by_energy(e, 0.30, 0.30, 0.55),
            active=float(np.interp(e, [0.0, 0.2, 0.6, 1.0], [0.08, 0.17, 0.97, 0.97])),
            units=_by_energy(e, 3.6, 22.0, 30.0),
            hold_share=float(np.clip(_by_energy(e, 0.12, 0.07, 0.20) * (0.4 + 0.6 * traits.hold / usual_hold), 0, 0.6)),
            hold_median=_by_energy(e, 0.55, 0.32, 0.6) * (0.6 + 0.4 * traits.hold / usual_hold),
            reverse=_by_energy(e, 0.42, 0.54, 0.42),
            through=_by_energy(e, 0.16, 0.12, 0.18),
            together=float(np.clip(traits.two_handed + 0.12, 0, 1)),
            bow=0.19,
            reach=_by_energy(e, 0.70, 0.86, 0.80),
            loose=_by_energy(e, 0.16, 0.5, 0.42),
            pause_moves=traits.hold < 0.5,
            form_hold=_by_energy(e, 1.0, 0.45, 1.0),
            sinus=_by_energy(e, 0.35, 0.75, 0.3),
            centre=np.array([[out - 0.04, up - drop, ahead], [out, up + 0.25 * drop, ahead]]),
            spread=np.array(
                [_by_energy(e, 0.10, 0.18, 0.22), _by_energy(e, 0.11, 0.27, 0.34), _by_energy(e, 0.07, 0.22, 0.26)]
            ),
            low=np.clip(low_share * np.array([1 + 1.2 * np.sign(drop) * min(1, abs(drop) / 0.16), 1.0]), 0, 1),
            swivel=np.radians(_by_energy(e, 4.0, 12.0, 30.0)) + traits.swivel,
            palm_up=traits.palm_up * _by_energy(e, 0.25, 0.25, 1.25),
            palm_down=_by_energy(e, 0.2, 0.11, 0.05),
            palm_back=_by_energy(e, 0.05, 0.07, 0.28),
            shift_every=_by_energy(e, 3.6, 1.0, 0.7) / np.sqrt(max(traits.sway, 0.2)),
            shift_size=_by_energy(e, 0.045, 0.045, 0.07) * traits.sway,
            step_share=_by_energy(e, 0.02, 0.12, 0.38),
            stance=_by_energy(e, 0.315, 0.295, 0.30),
            cue_chance=_by_energy(e, 0.36, 0.34, 0.42),
            idle=_by_energy(e, 2.0, 1.0, 1.0),
        )

    def duration(self, chord_cm: float) -> float:
        """Usual duration (s) of a unit: longer units are faster, little longer (fitted power laws)."""
        return self.duration_at * max(chord_cm, 1.0) ** self.duration_power


@dataclass(frozen=True)
class Mood:
    """The emotion's demands at one moment, as plain numbers (see ``expression``)."""

    rate: float
    amp: float
    speed: float
    hold: float
    sway: float
    spine: float
    lean: float
    shoulder: float
    round: float
    elbow: float
    height: float
    out: float
    ahead: float
    fist: float
    open: float
    point: float
    chop: float
    palm_up: float
    palm_down: float
    self_touch: float
    flick: float
    burst: float
    bounce: float
    tremor: float
    asym: float
    symmetric: float

    @classmethod
    def at(cls, weights: ArrayLike, vad: ArrayLike) -> Mood:
        """From strengths ``(18,)`` and VAD ``(3,)``."""
        values = expression(np.atleast_2d(weights), np.atleast_2d(vad))
        return cls(**{f.name: float(values[f.name][0]) for f in fields(cls)})
