"""Gaze: where the eyes look and how they get there (face.md section 3).

Directions are (yaw left, pitch up) in rad, of the line of sight against the way to whom is looked at: places on the
face, and away from it. ``gaze_holding`` makes eyes of them that hold while head and trunk move.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.core.conditions import ANALYSIS_RATE, Conditions
from gengine.core.constants import Limits, Span, read_constants
from gengine.core.face import LOOK_DOWN, LOOK_IN, LOOK_OUT, LOOK_UP
from gengine.core.noise import SmoothNoise, generator
from gengine.core.speaker import Traits
from gengine.networks.visemes.blinks import Draws, LidMotion
from gengine.networks.visemes.expression import arkit_indices
from gengine.networks.visemes.movements import GoalMoves
from gengine.networks.visemes.visual_prosody import FACE_CUES

_DEG = np.pi / 180


@dataclass(frozen=True)
class GazeConstants:
    """``data/gaze.csv``, see there for units and sources."""

    yaw_limit: float
    pitch_limits: Limits
    limit_knee: float
    fastest: float
    listener_yaw: tuple[float, ...]
    listener_pitch: tuple[float, ...]
    listener_chance: tuple[float, ...]
    listener_spread: float
    listener_distance: float
    listener_nearest: float
    point_spread: float
    refixation: float
    drift_rate: float
    drift: float
    first_fixation: Span
    first_switch: Span
    fixation: float
    fixation_spread: float
    fixation_limits: Limits
    away_spread: float
    saccade_start: float
    saccade_per_degree: float
    saccade_settle: float
    listening: float
    listening_spread: Span
    listening_least: float
    gaze_limits: Limits
    shy: float
    most_down: float
    intimacy_time: Span
    intimacy_places: tuple[float, ...]
    planning_time: Span
    planning_places: tuple[float, ...]
    planning_chance: Span
    planning_lead: float
    planning_lead_spread: float
    away_scale: float
    away_range: float
    away_reference: float
    away_least_draw: float
    away_offset: float
    away_limits: Limits
    up_limit: float
    up: Span
    down: Span
    side: Span
    head_share: float
    head_beyond: float
    head_beyond_share: float
    head_reach: float
    head_lag: float
    head_roll: float
    head_least: float
    head_delay: float
    head_time: Span
    onset_spacing: float
    onset_ahead: float
    cue_ahead: float
    turn_end: float
    turn_end_least_away: float
    turn_end_lead: float
    turn_end_hold: float
    turn_end_after: float
    speaking: float
    silence: int


GAZE = read_constants(GazeConstants, "gengine.networks.visemes", "gaze")

_LISTENER = np.stack([GAZE.listener_yaw, GAZE.listener_pitch], axis=1) * _DEG
"""Places on a listener's face that eyes visit, ``(4, 2)`` rad: both eyes, mouth, nose."""

_LOOKS = [i for way in ("In", "Out", "Up", "Down") for i in arkit_indices(f"eyeLook{way}")]
_TOWARDS = np.array([-1.0, 1.0])
"""Sign of the yaw that turns the left and the right eye inward."""

_CUES_KEPT = 50
_BEYOND_WINDOW = 1000
"""Frames of silence that are taken to lie before a window, and after a recording's end."""


@dataclass(frozen=True)
class GazeMood:
    """How one looks at others: multipliers of the usual but for ``cast``.

    ``aversion`` of looking away, ``haste`` of all shifts, ``down`` of the looks away that go down, which go ``cast``
    rad lower still; ``spread`` of the places that are looked at on the face.
    """

    aversion: float = 1.0
    haste: float = 1.0
    down: float = 1.0
    cast: float = 0.0
    spread: float = 1.0

    def contact(self, usual: float) -> float:
        """Share of the time on the other's face, where ``usual`` is the speaker's."""
        return float(GAZE.gaze_limits.clip(1 - (1 - usual) * self.aversion))


class GazeMotion:
    """Gaze of one recording and the lids that go with it: ``plan`` each hop, then ``gaze`` and ``add``."""

    def __init__(self, traits: Traits, seed: int) -> None:
        self._seed, self._traits = seed, traits
        self.target = GoalMoves(_LISTENER[3])
        self._drift = SmoothNoise(2, GAZE.drift_rate, seed, "fixation")
        self._draws = Draws()
        rng = generator(seed, "eyes")
        self._next = GAZE.first_fixation.at(rng.random())
        self._switch = GAZE.first_switch.at(rng.random())  # when the eyes leave the listener or come back
        self._lids = LidMotion(seed, self._draws, rng.random())
        self._away, self._since = False, 0
        self._why = "intimacy"
        self._last_onset = -math.inf
        self._cues: dict[float, None] = {}

    def plan(self, conditions: Conditions, turn: GoalMoves, rate: float, slowness: float, mood: GazeMood) -> None:
        """Plan gaze shifts and blinks of the hop.

        ``turn`` is the head's part in gaze shifts; ``rate`` and ``slowness`` scale blinks.
        """
        start, end = conditions.hop_start, conditions.hop_end
        self.target.forget(start)
        self._lids.forget(start)
        onsets, ends = _speech_edges(conditions)
        self._think(conditions, onsets, mood)
        if mood.contact(self._traits.gaze) > GAZE.shy:
            self._give_the_floor(start, ends)
        while min(self._next, self._switch) < end:
            self._shift(max(min(self._next, self._switch), start), turn, mood, slowness)
        self._lids.plan(start, end, ends, rate, slowness)

    def _think(self, conditions: Conditions, onsets: NDArray[np.float64], mood: GazeMood) -> None:
        """Look away before some utterances and where words ask for it: planning takes the eyes off the listener."""
        start = conditions.hop_start
        for onset in onsets:
            if onset > self._last_onset + GAZE.onset_spacing and onset > start + GAZE.onset_ahead:
                self._last_onset = onset
                rng = generator(self._seed, "planning", round(onset * 100))
                chance, early = rng.random(), rng.random()
                if not self._away and chance < GAZE.planning_chance.at(1 - mood.contact(self._traits.gaze)):
                    at = onset - GAZE.planning_lead - GAZE.planning_lead_spread * early
                    self._switch, self._why = min(self._switch, max(start, at)), "planning"
        for cue in conditions.cues:
            face = FACE_CUES.get(cue.kind)
            near = start < cue.start < conditions.hop_end + GAZE.cue_ahead
            if face and face.gaze and near and cue.start not in self._cues:
                self._cues[cue.start] = None
                if not self._away:
                    self._switch, self._why = min(self._switch, cue.start), "planning"
        while len(self._cues) > _CUES_KEPT:
            del self._cues[next(iter(self._cues))]

    def _give_the_floor(self, start: float, ends: NDArray[np.float64]) -> None:
        """A speaker who is not shy looks at the listener when an utterance ends."""
        for e in ends:
            if e > start and self._away and self._switch > e - GAZE.turn_end:
                self._switch = max(start, self._since + GAZE.turn_end_least_away, e - GAZE.turn_end_lead)
            elif not self._away and e - GAZE.turn_end_hold < self._switch < e + GAZE.turn_end_after:
                self._switch = e + GAZE.turn_end_after

    def _shift(self, at: float, turn: GoalMoves, mood: GazeMood, slowness: float) -> None:
        """One saccade: away from the listener, back, or to another place near by; head and lids may follow."""
        rng = generator(self._seed, "saccade", next(self._draws))
        draw = rng.random(8)
        here = self.target.goal
        head_share, switching, coming_back = 0, self._switch <= self._next, self._away
        gaze = mood.contact(self._traits.gaze)
        if switching and not self._away:
            goal, head_share = self._averted(draw, mood)
            planning = self._why == "planning"
            lasting = GAZE.planning_time.at(draw[6]) if planning else GAZE.intimacy_time.at(rng.standard_normal())
            lasting *= max(1, (1 - gaze) / GAZE.shy) / mood.haste
            self._away, self._since, self._switch, self._why = True, at, at + lasting, "intimacy"
        elif switching:
            goal = self._on_listener(draw, here, mood.spread)
            listening = GAZE.listening * gaze / (1 - gaze) * GAZE.listening_spread.at(rng.standard_normal())
            self._away, self._switch = False, at + max(GAZE.listening_least, listening) / mood.haste
        elif self._away:
            goal = here + (draw[:2] - 1 / 2) * GAZE.away_spread * _DEG
        else:
            goal = self._on_listener(draw, here, mood.spread)
        size = float(np.hypot(*(goal - here)))
        duration = GAZE.saccade_start + GAZE.saccade_per_degree * size / _DEG + GAZE.saccade_settle
        self.target.to(at, duration, goal)
        self._next = self._rests_until(at, rng.standard_normal(), mood)
        self._turn(at, goal, None if switching and coming_back else head_share, turn, draw[7])
        self._lids.with_gaze_shift(at, size / _DEG, draw[5], slowness)

    def _rests_until(self, at: float, drawn: float, mood: GazeMood) -> float:
        """When a fixation ends that begins at ``at`` s; ``drawn`` from a normal distribution."""
        fixation = GAZE.fixation * np.exp(GAZE.fixation_spread * drawn) / mood.haste
        return at + float(GAZE.fixation_limits.clip(fixation))

    def _averted(self, draw: NDArray[np.float64], mood: GazeMood) -> tuple[NDArray[np.float64], float]:
        """A place away from the listener ``(2,)`` rad and the head's share in getting there.

        Sizes are Eyes Alive's (Lee, Badler & Badler 2002), places those of Andrist (2013).
        """
        above, below, with_head = GAZE.planning_places if self._why == "planning" else GAZE.intimacy_places
        down = min((below - above) * mood.down, GAZE.most_down)
        above *= (1 - down) / (1 - (below - above))
        share = max(draw[0], GAZE.away_least_draw) * GAZE.away_range / GAZE.away_reference
        amplitude = float(GAZE.away_limits.clip(-GAZE.away_scale * np.log(share) + GAZE.away_offset)) * _DEG
        side, lower = 1 if draw[1] < 1 / 2 else -1, mood.cast
        if draw[2] < above:
            angle = np.radians(GAZE.up.at(draw[3]))
            amplitude, lower = min(amplitude, GAZE.up_limit * _DEG), 0.0
        elif draw[2] < above + down:
            angle = -np.radians(GAZE.down.at(draw[3]))
        else:
            angle = np.radians(GAZE.side.at(draw[3]))
        amplitude = min(amplitude, GAZE.away_limits.high * _DEG - lower)
        goal = amplitude * np.array([side * np.cos(angle), np.sin(angle)]) - [0, lower]
        return goal, GAZE.head_share if draw[4] < with_head else 0

    def _on_listener(self, draw: NDArray[np.float64], here: NDArray[np.float64], spread: float) -> NDArray[np.float64]:
        """A place on the listener's face other than ``here``, ``(2,)`` rad; ``spread`` is the face's size."""
        places = _LISTENER * spread
        place = int(np.searchsorted(GAZE.listener_chance, draw[0] * GAZE.listener_chance[-1]))
        if np.hypot(*(places[place] - here)) < GAZE.refixation * spread * _DEG:
            place = (place + 1) % 2 if place < 2 else 0
        return places[place] + (draw[2:4] - 1 / 2) * GAZE.listener_spread * spread * _DEG

    def _turn(self, at: float, goal: NDArray, share: float | None, turn: GoalMoves, chance: float) -> None:
        """Let the head follow: part of what lies beyond comfortable eye rotation or ``share``, None to face ahead."""
        size = float(np.hypot(*goal))
        beyond = max(0, size - GAZE.head_beyond * _DEG) * GAZE.head_beyond_share
        amount = 0 if share is None else max(beyond, share * size)
        wanted = np.array([-goal[1], goal[0], GAZE.head_roll * goal[0]]) * (amount / size if amount else 0)
        if np.abs(wanted - turn.goal).max() > GAZE.head_least * _DEG:
            turn.to(at + GAZE.head_delay, GAZE.head_time.at(chance), wanted)

    def sight(self, times: NDArray) -> NDArray[np.float64]:
        """Line of sight ``(T, 2)`` rad at ``times (T,)`` s, against the way to whom is looked at."""
        return self.target(times) + self._drift(times) * (GAZE.drift * _DEG)

    def add(self, weights: NDArray[np.float64], times: NDArray, gaze: NDArray, inward: NDArray) -> None:
        """Write the channels of ``gaze (T, 2)`` into ``weights (T, 52)`` and let the lids follow, in place.

        ``inward (T,)`` rad is how far each eye turns in from it.
        """
        up, down = np.maximum(gaze[:, 1], 0) / LOOK_UP, np.maximum(-gaze[:, 1], 0) / LOOK_DOWN
        yaw = gaze[:, :1] * _TOWARDS + inward[:, None]
        looks = np.empty((len(times), len(_LOOKS)))
        looks[:, 0:2], looks[:, 2:4] = yaw / LOOK_IN, -yaw / LOOK_OUT
        looks[:, 4:6], looks[:, 6:8] = up[:, None], down[:, None]
        weights[:, _LOOKS] = np.minimum(np.maximum(looks, 0), 1)
        self._lids.add(weights, times, up, down)


def _speech_edges(conditions: Conditions) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times (s) at which speech starts after, and stops before, a silence of 0.3 s or more in this window."""
    speech = conditions.prosody.speech > GAZE.speaking
    if len(speech) < 2:
        return np.zeros(0), np.zeros(0)
    change = np.flatnonzero(speech[1:] != speech[:-1]) + 1
    if not len(change):
        return np.zeros(0), np.zeros(0)
    after = _BEYOND_WINDOW if conditions.ended else 0
    bounds = np.concatenate([[-_BEYOND_WINDOW], change, [len(speech) + after]])
    rising = speech[change]
    quiet_before, quiet_after = change - bounds[:-2], bounds[2:] - change
    at = conditions.start + change / ANALYSIS_RATE
    return at[rising & (quiet_before >= GAZE.silence)], at[~rising & (quiet_after >= GAZE.silence)]
