"""How somebody moves: the speaker's traits, turned by the emotion of the moment.

Every value is in a table: ``speaker_style.csv`` holds three measured speakers, between whom ``Traits.energy``
interpolates, ``style.csv`` how the other traits bend them, ``emotion_style.csv`` what named emotions ask and
``emotion_dimensions.csv`` what valence, arousal and dominance do. Strengths enter linearly for offsets and shares,
and in the exponent for ratios, so every effect grows monotonically and smoothly with strength.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.core.constants import read_table
from gengine.core.emotion import EMOTIONS
from gengine.core.speaker import STYLES, Traits
from gengine.core.twins import no_twin
from gengine.networks.choreographer.parameters import PACKAGE, STYLE

Array = NDArray[np.float64]

RATIOS = ("rate", "amp", "speed", "hold", "sway", "stance")
"""Columns that multiply."""

REFERENCES = ("storyteller", "conversational", "orator")
"""The measured speakers, from calm to lively."""


# -- emotion -----------------------------------------------------------------------------------------------------------


@cache
def _emotions() -> tuple[dict[str, Array], Array]:
    """Columns ``(18,)`` of what each emotion asks, and the emotions' VAD points ``(18, 3)``."""
    rows = {row["emotion"]: row for row in read_table(PACKAGE, "emotion_style")}
    names = [n for n in next(iter(rows.values())) if n not in ("emotion", "v", "a", "d")]
    columns = {n: np.array([float(rows[e][n]) for e in EMOTIONS]) for n in names}
    for name in RATIOS:
        columns[name] = np.log(columns[name])
    vad = np.array([[float(rows[e][c]) for c in "vad"] for e in EMOTIONS])
    return columns, vad


@cache
def _dimensions() -> dict[str, dict[str, float]]:
    """Coefficients of v, a, d and a x d, those that are not 0, by column."""
    table = {
        r["name"]: {c: float(r[c]) for c in ("v", "a", "d", "ad")} for r in read_table(PACKAGE, "emotion_dimensions")
    }
    return {name: {c: k for c, k in row.items() if k} for name, row in table.items()}


def body_expression(weights: ArrayLike, vad: ArrayLike) -> dict[str, Array]:
    """What emotion asks of the body, each ``(T,)``: ratios around 1, offsets around 0, shares from 0.

    ``weights (T, 18)`` strengths and ``vad (T, 3)``. Only the part of ``vad`` that the named strengths do not
    explain acts through the dimensions, so a label and its own VAD point do not count twice. Units are those of
    ``emotion_style.csv``.
    """
    share: Array = np.asarray(weights, float)
    vad = np.asarray(vad, float)
    share = share / np.maximum(1, share[:, 1:].sum(-1, keepdims=True))  # mixtures stay within one emotion's strength
    columns, known = _emotions()
    out: dict[str, Array] = {name: share @ column for name, column in columns.items()}
    said = np.maximum(np.sign(vad) * (share @ known), 0)
    # A VAD point inside what the labels already say changes nothing; a small excess is the labels' own spread.
    rest = np.sign(vad) * np.maximum(np.abs(vad) - said - STYLE.explained, 0)
    v, a, d = rest.T
    axes = {"v": v, "a": a, "d": d, "ad": a * d}
    for name, row in _dimensions().items():
        out[name] += sum(k * axes[c] for c, k in row.items())
    out["bounce"] += np.clip(0.5 * v * a, 0, 0.5)  # happy, not only active
    for name in RATIOS:
        out[name] = np.exp(out[name])
    return out


@dataclass(frozen=True)
class EmotionStyle:
    """The emotion's demands at one moment, as plain numbers (see ``body_expression``)."""

    rate: float
    amp: float
    speed: float
    hold: float
    sway: float
    stance: float
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
    def at(cls, weights: ArrayLike, vad: ArrayLike) -> EmotionStyle:
        """From strengths ``(18,)`` and VAD ``(3,)``."""
        return _style(np.asarray(weights, float).tobytes(), np.asarray(vad, float).tobytes())


@lru_cache(maxsize=8)
def _style(weights: bytes, vad: bytes) -> EmotionStyle:
    """``EmotionStyle.at``: the planner asks for the same emotion again and again."""
    values = body_expression(np.frombuffer(weights)[None], np.frombuffer(vad)[None])
    return EmotionStyle(**{f.name: float(values[f.name][0]) for f in fields(EmotionStyle)})


# -- speaker -----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=16)
def reference_style(energy: float) -> dict[str, float]:
    """``speaker_style.csv`` at ``energy``, between the measured speakers; see there for units and sources."""
    energies = [STYLES[name].energy for name in REFERENCES]
    table = {row["name"]: [float(row[name]) for name in REFERENCES] for row in read_table(PACKAGE, "speaker_style")}
    table["usual_tempo"] = [STYLES[name].tempo for name in REFERENCES]
    return {name: float(np.interp(energy, energies, three)) for name, three in table.items()}


@dataclass(frozen=True)
class MotionStyle:
    """One speaker's way of moving, from traits alone: the columns of ``speaker_style.csv``, bent by the traits.

    Lengths in cm, times in s, places in arm lengths; beside what the table explains: ``active`` the share of speech
    spent gesturing, ``together`` that of units in which both hands move, ``bow`` the bulge of arcs (share of the
    chord), ``pause_moves`` whether hands go on in short pauses, ``centre (2 hands, 3)`` where hands gesture (out, up,
    forward of mid-shoulder) with deviation ``spread (3,)``, ``mirrored`` the share of phrases
    in which hands mirror each other, ``variety`` how much phrases differ in energy, ``low (2,)`` the chance that a
    unit drops a hand, ``swivel`` rad, ``shift_size`` m, ``turn`` and ``lean`` deg of the pelvis with the weight and
    ``stance`` m between the ankles.
    """

    traits: Traits
    chord: float
    chord_sd: float
    duration_at: float
    duration_power: float
    duration_sd: float
    active: float
    units: float
    hold_share: float
    hold_median: float
    reverse: float
    through: float
    together: float
    bow: float
    reach: float
    loose: float
    pause_moves: bool
    form_hold: float
    sinus: float
    centre: Array
    spread: Array
    low: Array
    swivel: float
    palm_up: float
    palm_down: float
    palm_back: float
    shift_every: float
    shift_size: float
    turn: float
    lean: float
    step_share: float
    stance: float
    mirrored: float
    variety: float
    cue_chance: float
    idle: float

    __deepcopy__ = no_twin

    @classmethod
    def of(cls, traits: Traits) -> MotionStyle:
        """Interpolate the three measured styles at this speaker's traits."""
        usual, p = reference_style(traits.energy), STYLE
        share, length = p.hold_share_trait, p.hold_length_trait
        hold_share = usual["hold_share"] * (share.low + share.width * traits.hold / usual["usual_hold"])
        # The other hand works lower; least so for orators.
        right = np.clip((traits.handedness - 0.5) * 2, -1, 1)
        drop = usual["drop"] * (right / p.even_handed if abs(right) < p.even_handed else np.sign(right))
        lower = 1 + p.drop_low * np.sign(drop) * min(1, abs(drop) / p.drop_most)
        out, ahead = usual["out"], usual["ahead"]
        up = usual["up"] + traits.height - usual["usual_height"]
        bent = {
            "chord": usual["chord"] * (traits.amplitude / usual["usual_amplitude"]),
            "duration_at": usual["duration_at"] / (traits.tempo / usual["usual_tempo"]),
            "active": p.active.at(traits.energy),
            "hold_share": float(np.clip(hold_share, 0, p.hold_share_most)),
            "hold_median": usual["hold_median"] * (length.low + length.width * traits.hold / usual["usual_hold"]),
            "together": float(np.clip(traits.two_handed + p.together_more, 0, 1)),
            "bow": p.bow,
            "pause_moves": traits.hold < p.pause_hold,
            "centre": np.array([[out + p.out_left, up - drop, ahead], [out, up + p.raised * drop, ahead]]),
            "spread": np.array([usual[f"spread_{axis}"] for axis in ("out", "up", "ahead")]),
            "low": np.clip(usual["low"] * np.array([lower, 1]), 0, 1),
            "swivel": np.radians(usual["swivel"]) + traits.swivel,
            "palm_up": traits.palm_up * usual["palm_up"],
            "shift_every": usual["shift_every"] / np.sqrt(max(traits.sway, p.sway_least)),
            "shift_size": usual["shift_size"] * traits.sway,
            "turn": usual["turn"] * traits.sway,
            "lean": usual["lean"] * traits.sway,
        }
        values: dict[str, Any] = {**usual, **bent}
        return cls(traits, **{f.name: values[f.name] for f in fields(cls) if f.name != "traits"})

    def duration(self, chord_cm: float) -> float:
        """Usual duration (s) of a unit: longer units are faster, little longer (fitted power laws)."""
        return self.duration_at * max(chord_cm, 1) ** self.duration_power
