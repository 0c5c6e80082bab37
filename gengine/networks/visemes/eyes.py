"""Eyes: where they look, how they get there, and when the lids close (face.md section 3).

Directions are (yaw left, pitch up) in rad, of the line of sight relative to the chest until the head's own
rotation is taken off: the eyes hold their target while the head moves, as the vestibulo-ocular reflex does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gengine.core.conditions import ANALYSIS_RATE, Conditions
from gengine.core.face import ARKIT_INDEX
from gengine.core.noise import SmoothNoise, generator
from gengine.core.speaker import Traits
from gengine.networks.visemes.cues import FACE_CUES
from gengine.networks.visemes.expression import LOOK_DOWN_RANGE, indices
from gengine.networks.visemes.pulses import Pulses, Steps

_DEG = np.pi / 180
LOOK_UP_RANGE, LOOK_IN_RANGE, LOOK_OUT_RANGE = 23 * _DEG, 33 * _DEG, 31 * _DEG
"""Eye rotation at weight 1 of eyeLookUp, In and Out, rad (iPhone captures)."""

VERGENCE = 1.8 * _DEG
"""Inward turn of each eye for a listener at 1 m, rad."""

BLINK_PEAK = 0.94
_LISTENER = np.array([[-1.7, 0.6], [1.7, 0.6], [0.0, -4.5], [0.0, -1.2]]) * _DEG
"""Places on a listener's face that eyes visit: both eyes, mouth, nose."""

_BLINK = indices("eyeBlink")
_WIDE = indices("eyeWide")
_SQUINT = indices("eyeSquint")


class Eyes:
    """Gaze and lids of one recording: ``plan`` each hop, then ``gaze`` and ``lids``."""

    def __init__(self, traits: Traits, seed: int) -> None:
        self._seed, self._traits = seed, traits
        self.target = Steps(_LISTENER[3])
        self._drift = SmoothNoise(2, 2.5, seed, "fixation")
        self._blinks = Pulses(1)
        self._away, self._since = False, 0.0
        self._serial = 0
        rng = generator(seed, "eyes")
        self._next = 0.3 + 0.8 * rng.random()
        self._switch = 1.2 + 2.5 * rng.random()
        self._why = "intimacy"
        self._next_blink = 0.4 + 3.2 * rng.random()
        self._last_blink = -2.0
        self._known_onset = self._known_end = -1.0
        self._cues: dict[float, None] = {}

    # ---------------------------------------------------------------- planning

    def plan(
        self, conditions: Conditions, turn: Steps, rate: float, slowness: float, aversion: float, haste: float
    ) -> None:
        """Plan saccades and blinks of the hop.

        ``turn`` is the head's part in gaze shifts; ``rate`` and ``slowness`` scale blinks, ``aversion`` the
        share of looking away and ``haste`` the saccade rate (1 = calm).
        """
        start, end = conditions.hop_start, conditions.hop_end
        self.target.forget(start)
        self._blinks.forget(start)
        onsets, ends = _speech_edges(conditions)
        self._react(conditions, onsets, ends)
        while min(self._next, self._switch) < end:
            self._saccade(max(min(self._next, self._switch), start), turn, aversion, haste, slowness)
        while self._next_blink < end:
            self._blink_at(self._near_pause(self._next_blink, ends, start), rate, slowness)
        for e in ends:
            if e > self._known_end + 0.3 and e - 0.25 < end + 0.1:
                self._known_end = e
                rng = generator(self._seed, "end blink", round(e * 100))
                at = e - 0.45 + 0.4 * rng.random()
                if rng.random() < 0.45 * min(rate, 1.2) and at > max(self._last_blink + 0.6, start):
                    self._blink_at(at, rate, slowness)

    def _react(self, conditions: Conditions, onsets: NDArray, ends: NDArray) -> None:
        start = conditions.hop_start
        for onset in onsets:
            if onset > self._known_onset + 0.5 and onset > start + 0.2:
                self._known_onset = onset
                rng = generator(self._seed, "planning", round(onset * 100))
                chance, early = rng.random(), rng.random()
                if not self._away and chance < 0.3 + 0.5 * (1 - self._traits.gaze):
                    self._switch, self._why = max(start, onset - 0.4 - 0.5 * early), "planning"
        for cue in conditions.cues:
            move = FACE_CUES.get(cue.kind)
            if move and move.gaze and start < cue.start < conditions.hop_end + 0.1 and cue.start not in self._cues:
                self._cues[cue.start] = None
                if not self._away:
                    self._switch, self._why = cue.start, "planning"
        for e in ends:  # a speaker looks at the listener when giving the floor away
            if e > start and self._away and self._switch > e - 0.5:
                self._switch = max(start, self._since + 0.6, e - 0.6)
            elif not self._away and e - 0.9 < self._switch < e + 0.3:
                self._switch = e + 0.3
        while len(self._cues) > 50:
            del self._cues[next(iter(self._cues))]

    def _saccade(self, at: float, turn: Steps, aversion: float, haste: float, slowness: float) -> None:
        self._serial += 1
        rng = generator(self._seed, "saccade", self._serial)
        draw = rng.random(8)
        here = self.target.goal
        switching = self._switch <= self._next
        head_share = 0.0
        if switching and not self._away:
            goal, head_share = self._averted(draw)
            self._away, self._since = True, at
            self._switch = at + (1.0 + 0.25 * rng.standard_normal() if self._why == "intimacy" else 1.5 + draw[6])
            self._why = "intimacy"
        elif switching:
            self._away, head_share = False, 1.0
            goal = self._on_listener(draw, here)
            gaze = float(np.clip(1.0 - (1.0 - self._traits.gaze) * aversion, 0.35, 0.97))
            self._switch = at + max(1.0, 1.1 * gaze / (1.0 - gaze) * (1.0 + 0.3 * rng.standard_normal()))
        elif self._away:
            goal = here + np.array([draw[0] - 0.5, draw[1] - 0.5]) * 9 * _DEG
        else:
            goal = self._on_listener(draw, here)
        size = float(np.hypot(*(goal - here)))
        duration = 0.025 + 0.0024 * size / _DEG + 0.012
        self.target.to(at, duration, goal)
        self._next = at + float(np.clip(0.86 * np.exp(0.45 * rng.standard_normal()) / haste, 0.25, 3.0))
        self._turn(at, goal, head_share, turn, draw[7])
        # Large shifts of gaze come with a blink.
        if draw[5] < np.interp(size / _DEG, [4, 10, 33], [0.0, 0.2, 0.97]) and at > self._last_blink + 0.5:
            self._blink_at(at - 0.01, 1.0, slowness)

    def _averted(self, draw: NDArray) -> tuple[NDArray, float]:
        """A place away from the listener and the head's share in getting there."""
        planning = self._why == "planning"
        amplitude = float(np.clip(-6.9 * np.log(max(draw[0], 1e-3) * 15 / 15.7) + 4.0, 7.0, 25.0)) * _DEG
        side = 1.0 if draw[1] < 0.5 else -1.0
        up, down = (0.7, 0.9) if planning else (0.13, 0.3)
        if draw[2] < up:
            angle = np.radians(50 + 35 * draw[3])
            amplitude = min(amplitude, 16 * _DEG)
        elif draw[2] < down:
            angle = -np.radians(45 + 35 * draw[3])
        else:
            angle = np.radians(-15 + 30 * draw[3])
        goal = amplitude * np.array([side * np.cos(angle), np.sin(angle)])
        return goal, 0.4 if draw[4] < (0.4 if planning else 0.1) else 0.0

    def _on_listener(self, draw: NDArray, here: NDArray) -> NDArray:
        order = np.array([0.4, 0.8, 0.92, 1.0])
        place = int(np.searchsorted(order, draw[0] * order[-1]))
        if np.hypot(*(_LISTENER[place] - here)) < 1.2 * _DEG:
            place = (place + 1) % 2 if place < 2 else 0
        return _LISTENER[place] + (draw[2:4] - 0.5) * 1.6 * _DEG

    def _turn(self, at: float, goal: NDArray, share: float, turn: Steps, chance: float) -> None:
        """Let the head follow: part of what lies beyond comfortable eye rotation, or a planned share."""
        size = float(np.hypot(*goal))
        beyond = max(0.0, size - 12 * _DEG) * 0.65
        amount = max(beyond, share * size if 0 < share < 1 else 0.0)
        if share == 1.0:
            amount = 0.0
        wanted = np.array([-goal[1], goal[0], 0.15 * goal[0]]) * (amount / size if size > 1e-6 else 0.0)
        if np.abs(wanted - turn.goal).max() > 0.4 * _DEG:
            turn.to(at + 0.03, 0.35 + 0.25 * chance, wanted)

    # ------------------------------------------------------------------ blinks

    def _near_pause(self, at: float, ends: NDArray, earliest: float) -> float:
        near = ends[(ends - at > -0.3) & (ends - at < 0.6)]
        if len(near):
            return max(float(near[0]) - 0.25, earliest)
        return max(at, earliest)

    def _blink_at(self, at: float, rate: float, slowness: float) -> None:
        self._serial += 1
        rng = generator(self._seed, "blink", self._serial)
        draw = rng.random(6)
        gap = float(np.clip(np.exp(1.3 + 0.65 * rng.standard_normal()), 0.6, 8.0)) / rate
        if at < self._last_blink + 0.35:
            self._next_blink = max(self._next_blink, at) + gap
            return
        close, hold, open_ = 0.05 + 0.017 * draw[0], 0.017 + 0.02 * draw[1], 0.085 + 0.03 * draw[2]
        close, hold, open_ = close * slowness**0.5, hold * slowness, open_ * slowness**0.7
        peak = BLINK_PEAK + 0.06 * (draw[3] - 0.5)
        self._blinks.add(at, close, hold, open_, [peak])
        length = close + hold + open_
        if draw[4] < 0.15:
            self._blinks.add(at + length + 0.02 + 0.3 * draw[5], close, hold, open_, [peak * 0.96])
            length *= 2.5
        self._last_blink = at
        self._next_blink = at + length + gap

    # ----------------------------------------------------------------- reading

    def gaze(self, times: NDArray, head: NDArray, lowered: NDArray) -> NDArray[np.float64]:
        """Gaze ``(T, 2)`` rad relative to the head; ``head (T, 3)`` angles, ``lowered (T,)`` rad of the mood."""
        target = self.target(times) + self._drift(times) * (0.15 * _DEG)
        yaw = target[:, 0] - head[:, 1]
        pitch = target[:, 1] - lowered + head[:, 0]
        limit = 30 * _DEG
        return np.stack([limit * np.tanh(yaw / limit), np.clip(pitch, -28 * _DEG, 20 * _DEG)], axis=1)

    def lids(self, weights: NDArray[np.float64], times: NDArray, gaze: NDArray) -> None:
        """Write the gaze channels, let the lids follow them and blink; ``weights (T, 52)`` in place."""
        up, down = np.maximum(gaze[:, 1], 0.0) / LOOK_UP_RANGE, np.maximum(-gaze[:, 1], 0.0) / LOOK_DOWN_RANGE
        for side, inward in (("Left", -1.0), ("Right", 1.0)):
            yaw = inward * gaze[:, 0] + VERGENCE
            weights[:, ARKIT_INDEX[f"eyeLookIn{side}"]] = np.clip(yaw / LOOK_IN_RANGE, 0.0, 1.0)
            weights[:, ARKIT_INDEX[f"eyeLookOut{side}"]] = np.clip(-yaw / LOOK_OUT_RANGE, 0.0, 1.0)
            weights[:, ARKIT_INDEX[f"eyeLookUp{side}"]] = np.clip(up, 0.0, 1.0)
            weights[:, ARKIT_INDEX[f"eyeLookDown{side}"]] = np.clip(down, 0.0, 1.0)
        weights[:, _WIDE] += 0.4 * up[:, None]
        weights[:, _BLINK] += (0.5 * down - 0.1 * up)[:, None]
        np.clip(weights[:, _BLINK], 0.0, 0.6, out=weights[:, _BLINK])
        if len(self._blinks):
            height, peaks = self._blinks.shape(times)
            if height.shape[1]:
                shut = (height * peaks[:, 0]).max(axis=1)[:, None]
                weights[:, _BLINK] += shut * np.maximum(1.0 - weights[:, _BLINK], 0.0)
                weights[:, _WIDE] *= 1.0 - shut
                weights[:, _SQUINT] *= 1.0 - 0.3 * shut


def _speech_edges(conditions: Conditions) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times (s) at which speech starts after, and stops before, at least 0.3 s of silence in this window."""
    speech = conditions.prosody.speech > 0.5
    if len(speech) < 2:
        return np.zeros(0), np.zeros(0)
    change = np.flatnonzero(speech[1:] != speech[:-1]) + 1
    if not len(change):
        return np.zeros(0), np.zeros(0)
    bounds = np.concatenate([[-1000], change, [len(speech) + (1000 if conditions.ended else 0)]])
    rising = speech[change]
    quiet_before, quiet_after = change - bounds[:-2], bounds[2:] - change
    at = conditions.start + change / ANALYSIS_RATE
    return at[rising & (quiet_before >= 30)], at[~rising & (quiet_after >= 30)]
