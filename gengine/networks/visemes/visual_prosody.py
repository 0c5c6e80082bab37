"""Head and brows with the rhythm of speech (visual prosody): wandering, nods, shakes and raises on accents and words.

Wandering has a real monologue's rms per frequency band (BEAT, face.md section 4); single moves follow accents and
cue words loosely, as real heads and brows do. The moves that words ask for are those of NVBG (Lee & Marsella 2006;
gesture.md section 3). Head angles are (pitch down, yaw left, roll left side up) in rad.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.conditions import ACCENT, Conditions, Cue
from gengine.core.constants import Limits, Points, Span, read_constants, read_records
from gengine.core.face import ARKIT_INDEX
from gengine.core.noise import SmoothNoise, generator
from gengine.core.speaker import Traits
from gengine.networks.visemes.movements import GoalMoves, PlannedEvents, TransientMoves

_INNER = ARKIT_INDEX["browInnerUp"]
_OUTER = [ARKIT_INDEX["browOuterUpLeft"], ARKIT_INDEX["browOuterUpRight"]]
_DOWN = [ARKIT_INDEX["browDownLeft"], ARKIT_INDEX["browDownRight"]]

_OPEN_CUES = ("question", "uncertainty", "word_search")
"""Cues whose raised brows wait for an answer."""


@dataclass(frozen=True)
class HeadConstants:
    """``data/head.csv``, see there for units and sources."""

    look_ahead: float
    band_rate: tuple[float, ...]
    band_pitch: tuple[float, ...]
    band_yaw: tuple[float, ...]
    band_roll: tuple[float, ...]
    calm_size: Points
    calm_pace: Points
    quick_activity: Span
    slow_activity: Span
    limit: float
    nod_chance: float
    nod_prominence: Span
    nod_spacing: float
    nod_size: Span
    nod_lag: Span
    nod_rise: Span
    nod_hold: float
    nod_fall: Span
    nod_latest: float
    preparation: tuple[float, ...]
    rebound: tuple[float, ...]
    cue_spacing: float
    cue_size_spread: float
    cue_size_limit: float
    cue_nod_lag: float
    cue_nod_rise: Span
    cue_nod_fall: Span
    cue_lead: float
    left_share: float


@dataclass(frozen=True)
class BrowConstants:
    """``data/brows.csv``, see there for units and sources."""

    look_ahead: float
    spacing: float
    cue_chance: Span
    cue_size: Span
    cue_hold: Span
    open_cue_hold: Span
    accent_chance: Span
    accent_size: Span
    accent_hold: float
    raise_inner: float
    raise_outer: float
    frown: float
    lead: float
    rise: float
    fall: float
    wander_rate: float
    wander: tuple[float, ...]
    pitch: float
    pitch_limits: Limits
    asymmetry: float
    asymmetry_delay: float


@dataclass(frozen=True)
class FaceCue:
    """What a class of the cue lexicon does: a ``head`` move of ``size`` degrees, shown with ``chance``, and a ``brow``.

    ``head`` is "nod", a row of ``head_moves`` or ""; ``brow`` raises above zero and frowns below it. ``gaze``
    "up" looks away while the cue lasts.
    """

    head: str
    size: float
    chance: float
    brow: float
    gaze: str


@dataclass(frozen=True)
class HeadMove:
    """A move of one or more beats. Times in s grow with the speaker's pace from ``low``; angles are shares of its size.

    ``spacing`` from beat to beat in rises, ``shares`` the beats' sizes and directions, ``lead`` before the cue's
    own beginning and ``rest`` after its accent, in which no other move begins. ``side`` is "any", "alternating" or "".
    """

    side: str
    lead: float
    spacing: float
    shares: tuple[float, ...]
    rise: Span
    hold: Span
    fall: Span
    pitch: float
    yaw: float
    roll: float
    rest: float


HEAD = read_constants(HeadConstants, "gengine.networks.visemes", "head")
BROWS = read_constants(BrowConstants, "gengine.networks.visemes", "brows")


FACE_CUES = read_records(FaceCue, "gengine.networks.visemes", "cues", key="kind")
"""What each class of the cue lexicon does; classes without a row move nothing in the face."""

HEAD_MOVES = read_records(HeadMove, "gengine.networks.visemes", "head_moves", key="move")
"""The moves that cues name, except the nod, which accents share."""


class HeadMotion:
    """Head angles of one recording; ``plan`` first, then read ``angles``."""

    def __init__(self, traits: Traits, seed: int) -> None:
        self._seed = seed
        self._size = traits.head
        # Calm speakers move as far but slowly: their quick bands shrink and all is slower.
        calm, pace = HEAD.calm_size.at(traits.energy), HEAD.calm_pace.at(traits.energy)
        bands = zip(HEAD.band_rate, HEAD.band_pitch, HEAD.band_yaw, HEAD.band_roll, strict=True)
        self._bands = [
            (SmoothNoise(3, rate * pace, seed, "head", k), np.radians(rms) * traits.head * (calm if k else 1))
            for k, (rate, *rms) in enumerate(bands)
        ]
        self._moves = TransientMoves(3)
        self.turn = GoalMoves(np.zeros(3))
        """Turns that follow the gaze."""
        self._events = PlannedEvents()
        self._last_move = -math.inf
        self._side = 1

    def plan(self, conditions: Conditions) -> None:
        """Take in accents and cues that the hop's look-ahead has brought."""
        horizon, start = conditions.hop_end + HEAD.look_ahead, conditions.hop_start
        self._moves.forget(start)
        self.turn.forget(start)
        for cue in conditions.cues:
            if cue.accent < horizon and self._events.is_new(cue.kind, cue.start):
                self._cue(cue, start)
        self._accents(conditions, horizon, start)
        self._events.forget()

    def _accents(self, conditions: Conditions, horizon: float, start: float) -> None:
        """Plan what goes with the accents before ``horizon`` s, none of it before ``start``."""
        for syllable in conditions.syllables:
            accented = syllable.prominence >= ACCENT and syllable.onset < horizon
            if accented and self._events.is_new("nod", syllable.onset):
                self._accent(syllable.onset, syllable.prominence, start)

    def _accent(self, onset: float, prominence: float, earliest: float) -> None:
        rng = generator(self._seed, "nod", round(onset * 1000))
        chance, depth, lag, rise, fall = rng.random(), rng.random(), rng.random(), rng.random(), rng.random()
        too_soon = onset - self._last_move < HEAD.nod_spacing
        if too_soon or chance > HEAD.nod_chance * HEAD.nod_prominence.at(prominence):
            return
        size = np.radians(HEAD.nod_size.at(depth)) * self._size
        self._nod(onset + HEAD.nod_lag.at(lag), size, HEAD.nod_rise.at(rise), HEAD.nod_fall.at(fall), earliest)

    def _nod(self, peak: float, size: float, rise: float, fall: float, earliest: float) -> None:
        """Down to ``size`` rad at ``peak`` s, after a small counter-move up, and back a little beyond rest."""
        begin = max(peak - rise, earliest)
        if begin > peak + HEAD.nod_latest:
            return
        lead, up, down, share = HEAD.preparation
        self._moves.add(max(begin - lead, earliest), up, 0, down, [share * size, 0, 0])
        self._moves.add(begin, rise, HEAD.nod_hold, fall, [size, 0, 0])
        after, up, down, share = HEAD.rebound
        self._moves.add(begin + rise + after * fall, up, 0, down, [share * size, 0, 0])
        self._last_move = peak

    def _cue(self, cue: Cue, earliest: float) -> None:
        face = FACE_CUES.get(cue.kind)
        if face is None or not face.head:
            return
        rng = generator(self._seed, "head cue", cue.kind, round(cue.start * 1000))
        chance, scale, side, pace = rng.random(), rng.normal(), rng.random(), rng.random()
        too_soon = cue.accent - self._last_move < HEAD.cue_spacing and face.chance < 1
        if chance > face.chance or too_soon:  # what is asked for comes in any case
            return
        scale = np.exp(HEAD.cue_size_spread * np.clip(scale, -HEAD.cue_size_limit, HEAD.cue_size_limit))
        size = float(np.radians(face.size) * self._size * scale)
        if face.head == "nod":
            rise, fall = HEAD.cue_nod_rise.at(face.size), HEAD.cue_nod_fall.at(pace)
            self._nod(cue.accent + HEAD.cue_nod_lag, size, rise, fall, earliest)
            return
        move = HEAD_MOVES[face.head]
        sign = 1 if side < HEAD.left_share else -1
        if move.side == "alternating":
            sign = self._side = -self._side
        begin = max(cue.accent - HEAD.cue_lead, earliest) - move.lead
        rise, hold, fall = move.rise.at(pace), move.hold.at(pace), move.fall.at(pace)
        for i, share in enumerate(move.shares):
            yaw, roll = sign * share * (move.yaw * size), sign * share * (move.roll * size)
            beat = begin + move.spacing * rise * i
            self._moves.add(beat, rise, hold, fall, [move.pitch * size * abs(share), yaw, roll])
        self._last_move = cue.accent + move.rest

    def angles(
        self, times: NDArray[np.float64], activity: NDArray[np.float64], posture: NDArray[np.float64], gain: NDArray
    ) -> NDArray[np.float64]:
        """Angles ``(T, 3)`` rad (pitch down, yaw, roll) at ``times (T,)`` s.

        ``activity (T,)`` 0..1 is how much is being said, ``posture (T, 3)`` the emotion's (pitch, roll, yaw) rad,
        ``gain (T,)`` scales movement.
        """
        total = self._stirred(times, self._moves(times) * gain[:, None] + self.turn(times), activity, gain)
        total[:, 0] += posture[:, 0]
        total[:, 1] += posture[:, 2]
        total[:, 2] += posture[:, 1]
        return np.clip(total, -HEAD.limit, HEAD.limit, out=total)

    def _stirred(self, times: NDArray, total: NDArray, activity: NDArray, gain: NDArray) -> NDArray[np.float64]:
        """The angles ``total (T, 3)`` with all that stirs between single moves."""
        # Speech enlarges movement; silence keeps a part of it and most of the slow drift.
        quick = (HEAD.quick_activity.at(activity) * gain)[:, None]
        slow = HEAD.slow_activity.at(activity)[:, None]
        for k, (noise, size) in enumerate(self._bands):
            total = total + noise(times) * size * (quick if k else slow)
        return total


def to_quaternion(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Head quaternions ``(T, 4)`` of angles ``(T, 3)`` (pitch down, yaw, roll): yaw, then pitch, then roll."""
    return rotation.from_euler(angles[:, [1, 0, 2]], "YXZ")


class BrowMotion:
    """Brows of one recording: raised on about half the focal accents and through questions, never quite still."""

    def __init__(self, traits: Traits, seed: int) -> None:
        self._seed, self._readiness = seed, traits.brow
        self._moves = TransientMoves(3)  # inner up, outer up, down
        self._noise = SmoothNoise(3, BROWS.wander_rate, seed, "brows")
        self._events = PlannedEvents()
        self._last = -math.inf

    def plan(self, conditions: Conditions) -> None:
        """Take in accents and cues that the look-ahead has brought."""
        horizon, start = conditions.hop_end + BROWS.look_ahead, conditions.hop_start
        self._moves.forget(start)
        for cue in conditions.cues:
            face = FACE_CUES.get(cue.kind)
            if face and face.brow and cue.accent < horizon and self._events.is_new(cue.kind, cue.start):
                rng = generator(self._seed, "brow cue", cue.kind, round(cue.start * 1000))
                chance, size, hold = rng.random(), rng.random(), rng.random()
                if chance < BROWS.cue_chance.at(face.chance) * self._readiness:
                    holding = BROWS.open_cue_hold if cue.kind in _OPEN_CUES else BROWS.cue_hold
                    self._move(cue.accent, face.brow * BROWS.cue_size.at(size), holding.at(hold), start)
        self._accents(conditions, horizon, start)
        self._events.forget()

    def _accents(self, conditions: Conditions, horizon: float, start: float) -> None:
        """Plan the raises on accents before ``horizon`` s, none of them before ``start``."""
        for syllable in conditions.syllables:
            accented = syllable.prominence >= ACCENT and syllable.onset < horizon
            if accented and self._events.is_new("accent", syllable.onset):
                rng = generator(self._seed, "brow", round(syllable.onset * 1000))
                chance, size = rng.random(), rng.random()
                if chance < self._readiness * BROWS.accent_chance.at(syllable.prominence - ACCENT):
                    self._move(syllable.onset, BROWS.accent_size.at(size), BROWS.accent_hold, start)

    def _move(self, accent: float, size: float, hold: float, earliest: float) -> None:
        """A raise (``size`` above zero) or a frown that is there by the ``accent`` s."""
        if accent - self._last < BROWS.spacing:
            return
        self._last = accent
        peak = [BROWS.raise_inner * size, BROWS.raise_outer * size, 0] if size > 0 else [0, 0, BROWS.frown * -size]
        self._moves.add(max(accent - BROWS.lead, earliest), BROWS.rise, hold, BROWS.fall, peak)

    def add(self, weights: NDArray[np.float64], times: NDArray, pitch: NDArray, gain: NDArray) -> None:
        """Add to ``weights (T, 52)`` in place at ``times (T,)`` s; ``pitch (T,)`` semitones, ``gain (T,)`` scales."""
        moves = self._moves(times) * gain[:, None]
        wander = self._noise(times) * BROWS.wander
        lift = moves[:, 0] + wander[:, 0] + BROWS.pitch_limits.clip(BROWS.pitch * pitch)
        weights[:, _INNER] += lift
        outer = moves[:, 1] + wander[:, 1]
        side = BROWS.asymmetry * self._noise(times, BROWS.asymmetry_delay)[:, 0]
        weights[:, _OUTER] += np.stack([outer + side, outer - side], axis=1)
        weights[:, _DOWN] += (moves[:, 2] + wander[:, 2])[:, None]
