"""Slow life of the body, planned as curves: weight on the feet and breath."""

from __future__ import annotations

import numpy as np

from gengine.core.noise import generator
from gengine.core.quintic import Track
from gengine.networks.choreographer.speech_context import Heard
from gengine.networks.choreographer.style import Manner


class Stance:
    """Weight and feet: the weight shifts at irregular times, mostly in speech, and now and then a freed foot steps.

    ``weight`` is the pelvis's place (sideways, forward; m); ``feet`` hold (sideways, forward; m, yaw; rad) and
    ``lifts`` the height (m) of the left and right foot.
    """

    def __init__(self, manner: Manner, seed: int) -> None:
        self.manner, self.seed = manner, seed
        rng = generator(seed, "stance")
        self.side = 1.0 if rng.random() < 0.5 else -1.0
        self.weight = Track([self.side * 0.6 * manner.shift_size, 0.0], 0.0)
        half = manner.stance / 2
        ahead = 0.015 if rng.random() < 0.5 else -0.015
        turn = np.radians(rng.uniform(8, 13, 2))
        self.feet = [Track([half, ahead, turn[0]], 0.0), Track([-half, -ahead, -turn[1]], 0.0)]
        self.lifts = [Track([0.0], 0.0), Track([0.0], 0.0)]
        self.count = 0

    def extend(self, heard: Heard, until: float) -> None:
        """Plan until ``until``."""
        while self.weight.end < until:
            rng = generator(self.seed, "shift", self.count)
            self.count += 1
            now = self.weight.end
            look, mood = heard.look(now), heard.mood(now)
            m, calm = self.manner, 1.0 if look.speaking or look.resumes < 1.0 else 3.0
            mean = m.shift_every * calm / mood.sway**0.7
            wait = min(mean * float(rng.gamma(2.0, 0.5)), 0.9)  # a long wait is a chain of short ones
            if rng.random() > wait / mean:
                self.weight.hold(now + wait)
                continue
            self.side = -self.side if rng.random() < 0.8 else self.side
            middle = 0.5 * (self.feet[0].value[:2] + self.feet[1].value[:2])
            stepping = calm == 1.0 and rng.random() < m.step_share * min(mood.sway * mood.rate, 1.4)
            size = m.shift_size * float(np.clip(mood.sway, 0.4, 1.6)) * abs(float(rng.normal(1.0, 0.45)))
            if stepping:  # the foot to move must be free of weight
                size = max(size, 0.30 * m.stance)
            goal = middle + [self.side * size, 0.45 * m.shift_size * float(rng.standard_normal())]
            way = float(np.linalg.norm(goal - self.weight.value))
            span = float(np.clip(0.9 + 9.0 * way, 0.9, 2.2) * rng.uniform(0.85, 1.3) / mood.speed**0.3)
            self.weight.to(now + span, goal)
            if stepping:
                self._step(now + 0.85 * span, rng)
        for track in (*self.feet, *self.lifts):
            track.hold(max(until, track.end))

    def _step(self, start: float, rng: np.random.Generator) -> None:
        """Move the unloaded foot to a new place around the origin."""
        foot = 1 if self.side > 0 else 0
        sign = 1.0 if foot == 0 else -1.0
        other = self.feet[1 - foot].value
        start = max(start, self.feet[foot].end)
        middle = rng.normal([0.0, 0.0], [0.10, 0.06])
        goal = middle + [sign * self.manner.stance / 2, sign * 0.02 * rng.standard_normal()]
        goal = self.feet[foot].value[:2] + np.clip(goal - self.feet[foot].value[:2], -0.16, 0.16)
        goal[0] = other[0] + sign * np.clip(sign * (goal[0] - other[0]), 0.19, 0.36)
        goal[1] = other[1] + np.clip(goal[1] - other[1], -0.11, 0.11)
        span = 0.44 + 0.9 * float(np.linalg.norm(goal - self.feet[foot].value[:2]))
        place, lift = self.feet[foot], self.lifts[foot]
        place.hold(start + 0.09)
        place.to(start + span - 0.07, [*goal, sign * np.radians(rng.uniform(6, 15))])
        lift.hold(start)
        lift.to(start + 0.45 * span, [0.03 + 0.15 * span**2 * rng.random() * 0.4])
        lift.to(start + span, [0.0])
        self.weight.hold(max(start + span + 0.1, self.weight.end))

    def trim(self, before: float) -> None:
        """Forget what lies before ``before`` seconds."""
        for track in (self.weight, *self.feet, *self.lifts):
            track.trim(before)


class Breath:
    """Lung volume 0..1: short deep breaths before speech, slow even ones in silence."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.volume = Track([0.3], 0.0)
        self.count = 0

    def extend(self, heard: Heard, until: float) -> None:
        """Plan breathing until ``until``."""
        while self.volume.end < until:
            rng = generator(self.seed, "breath", self.count)
            self.count += 1
            now = self.volume.end
            look = heard.look(now)
            level = float(self.volume.value[0])
            if look.speaking:
                # Speaking lets air out slowly; the next pause refills.
                span = float(np.clip(look.lasts, 0.15, 0.8))
                self.volume.to(now + span, [max(level - 0.11 * span, 0.05)], [-0.1 if level > 0.15 else 0.0])
            elif look.resumes < 1.2 and level < 0.75:
                span = float(np.clip(look.resumes - 0.08, 0.22, 0.6))
                self.volume.to(now + span, [min(1.0, level + 0.5 + 0.25 * rng.random())])
                if look.resumes > 0.7:
                    self.volume.hold(now + look.resumes - 0.05)
            elif look.resumes < 1.2:
                self.volume.to(now + max(look.resumes, 0.1), [level])
            else:
                inhale = 1.75 * float(rng.uniform(0.85, 1.2))  # 14 breaths a minute, in : out 1 : 1.2
                if level < 0.45:
                    self.volume.to(now + inhale, [0.62 + 0.1 * rng.random()])
                else:
                    self.volume.to(now + 1.2 * inhale, [0.22 + 0.06 * rng.random()])
