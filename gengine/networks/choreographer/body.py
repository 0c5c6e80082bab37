"""Slow life of the body, planned as curves: weight on the feet and breath."""

from __future__ import annotations

import numpy as np

from gengine.core.noise import generator
from gengine.networks.choreographer.heard import Heard
from gengine.networks.choreographer.style import Manner
from gengine.networks.choreographer.trajectory import Track


class Stance:
    """Where the weight rests: ``weight`` (sideways, forward; m), shifted at irregular times, mostly while speaking."""

    def __init__(self, manner: Manner, seed: int) -> None:
        self.manner, self.seed = manner, seed
        rng = generator(seed, "stance")
        self.side = 1.0 if rng.random() < 0.5 else -1.0
        first = [self.side * 0.6 * manner.shift_size, 0.0]
        self.weight = Track(first, 0.0)
        self.count = 0

    def extend(self, heard: Heard, until: float) -> None:
        """Plan weight shifts until ``until``."""
        while self.weight.end < until:
            rng = generator(self.seed, "shift", self.count)
            self.count += 1
            now = self.weight.end
            look, mood = heard.look(now), heard.mood(now)
            calm = 1.0 if look.speaking or look.resumes < 1.0 else 3.0
            wait = self.manner.shift_every * calm / mood.sway**0.7 * float(rng.gamma(2.0, 0.5))
            wait = min(wait, 0.9)  # decide again soon: a long wait is a chain of short ones
            if rng.random() > wait / (self.manner.shift_every * calm / mood.sway**0.7):
                self.weight.hold(now + wait)
                continue
            size = self.manner.shift_size * float(np.clip(mood.sway, 0.4, 1.6))
            self.side = -self.side if rng.random() < 0.8 else self.side
            goal = [self.side * size * abs(rng.normal(1.0, 0.45)), 0.45 * size * rng.standard_normal()]
            way = abs(goal[0] - self.weight.value[0])
            span = float(np.clip(0.9 + 9.0 * way, 0.9, 2.2) * rng.uniform(0.85, 1.3) / mood.speed**0.3)
            self.weight.to(now + span, goal)


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
