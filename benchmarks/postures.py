"""How emotions stand: the head's tilt in the world, the feet, the weight.

    python benchmarks/postures.py                three styles, two recordings, two seeds
Needs the reference recordings (GENGINE_DATA).

Tilt: pitch of the head in the world, degrees down, its mean and its spread within a take. Lean: pitch of the chest.
Stance: distance of the ankles, cm. Shifts: how often the pelvis goes over to the other foot, a minute. Steps: share of
frames in which a foot moves.
"""

from __future__ import annotations

import argparse
import itertools

import numpy as np
from gesture_table import recordings
from numpy.typing import NDArray

import gengine
from gengine.core import rotation
from gengine.core.emotion import EMOTIONS
from gengine.core.motion import Motion
from gengine.metrics.limbs import Body, low_pass, velocity

STYLES = ("storyteller", "conversational", "orator")
SHIFT_HZ, SHIFT_CM = 0.6, 2.5
"""Low-pass of the pelvis's way over the feet, and how far beyond the middle it counts as over the other one."""
MOVING = 5.0
"""cm/s: a foot that moves."""


def pitch(turns: NDArray) -> NDArray:
    """Degrees down ``(T,)`` of world rotations ``(T, 4)``."""
    return np.degrees(rotation.to_euler(turns, "YXZ"))[:, 1]


def posture(motion: Motion) -> list[float]:
    """Tilt, its spread, lean, stance, shifts a minute, share of frames in a step."""
    body = Body(motion.resample(30.0))
    tilt = pitch(body.turn("head"))
    ankles = body.both("ankle")
    apart = ankles[:, 0] - ankles[:, 1]
    across = apart / np.linalg.norm(apart[:, [0, 2]], axis=1, keepdims=True)
    over = low_pass(((body.at("hips") - ankles.mean(1)) * across)[:, [0, 2]].sum(1), body.fps, SHIFT_HZ)
    sides = [s for s, _ in itertools.groupby(np.sign(over[np.abs(over) > SHIFT_CM]))]
    speed = np.linalg.norm(velocity(ankles, body.fps), axis=-1)
    return [
        float(tilt.mean()), float(tilt.std()), float(pitch(body.turn("chest")).mean()),
        float(np.linalg.norm(apart[:, [0, 2]], axis=1).mean()), (len(sides) - 1) / motion.duration * 60,
        float((speed > MOVING).any(1).mean()),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--body", help="the body network or a checkpoint")
    options = parser.parse_args()
    print(f"{'':10} {'head down':>16} {'chest down':>11} {'stance cm':>10} {'shifts/min':>11} {'stepping':>9}")
    for emotion in EMOTIONS:
        rows = np.array([
            posture(p.motion)
            for style in STYLES
            for _, sound, text in recordings(quick=False)[1:]
            for seed in range(options.seeds)
            if (p := gengine.animate(sound, emotion, text=text, speaker=style, seed=seed, body=options.body)).motion
        ])  # fmt: skip
        tilt, spread, lean, stance, shifts, steps = rows.mean(0)
        error = rows[:, 3].std() / len(rows) ** 0.5
        feet = f"{stance:5.1f} ± {error:3.1f} {shifts:10.1f} {steps:9.2f}"
        print(f"{emotion:10} {tilt:+7.1f} sd {spread:4.1f}° {lean:+10.1f}° {feet}")


if __name__ == "__main__":
    main()
