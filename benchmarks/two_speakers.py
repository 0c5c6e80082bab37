"""Can our motion be told from a person's? A classifier learns on one real speaker and is asked about another.

    python benchmarks/two_speakers.py                     choreographer
    python benchmarks/two_speakers.py --body camn
Needs the reference recordings (GENGINE_DATA).

Windows of 2 s of two real standing speakers (BEAT's and ZeroEGGS's) and of our takes over BEAT's recordings. A linear
discriminant learns speaker A against half of our takes (one style, seeds of their own) and judges speaker B against
the other half, and the other way round: what it has learned of A's own habits does not help it, what all people do and
we do not does. AUC .5: cannot tell, 1: always can. Controls: our takes with pelvis and spine held still, and the two
people told from each other. Features are logarithms of speeds and spreads within a window, by part of the body; a
posture, which rigs and clips differ in, is none of them. Nothing is trained on real clips but the classifier itself.
"""

from __future__ import annotations

import argparse

import numpy as np
import real_clips
from gesture_table import recordings
from numpy.typing import NDArray

import gengine
from gengine.core import rotation
from gengine.core.motion import Motion
from gengine.metrics.limbs import Body, low_pass, velocity
from gengine.metrics.whole_body import euler

Array = NDArray[np.float64]

STYLES = ("conversational", "orator")
WINDOW, STEP = 2.0, 1.0
"""Seconds of a window and between windows."""
RATE = 30.0
"""Hz of all motion."""
FLOOR = 0.5
"""Added before logarithms, cm/s, degrees/s, cm and degrees alike: below it lies the noise of capture."""
RIDGE = 0.5
"""Of the discriminant's covariance, in its mean variance (judgement)."""
PRINTED = 6
"""Features printed."""


def features(motion: Motion) -> dict[str, Array]:
    """Curves of speeds and angles, name → rows ``(windows,)``."""
    motion = motion.resample(RATE) if motion.fps != RATE else motion
    body = Body(motion)
    fps = body.fps
    chest, hips = body.turn("chest"), body.turn("hips")
    carried = rotation.multiply(rotation.conjugate(hips), chest)
    angles = {"pelvis": euler(hips, fps), "trunk": euler(carried, fps), "head": body.head_angles}
    places = {
        "pelvis": low_pass(body.at("hips"), fps),
        "wrist": body.wrists,
        "elbow": low_pass(body.seen(body.both("elbow")), fps),
        "shoulder": low_pass(body.both("shoulder") - body.at("neck")[:, None], fps),
    }
    count, step = round(WINDOW * fps), round(STEP * fps)

    def windows(curve: Array) -> Array:
        return np.lib.stride_tricks.sliding_window_view(curve, count, axis=0)[::step]

    rows: dict[str, Array] = {}
    for part, turned in angles.items():
        for axis, name in enumerate(("yaw", "pitch", "roll")):
            seen = windows(turned[:, axis])
            rows[f"{part} {name} spread"] = seen.std(-1)
            rows[f"{part} {name} speed"] = windows(np.abs(velocity(turned[:, axis], fps))).mean(-1)
    for part, place in places.items():
        pace = velocity(place, fps)
        speed = np.linalg.norm(pace, axis=-1)
        sharp = np.linalg.norm(velocity(pace, fps), axis=-1)
        several = speed.reshape(len(speed), -1)
        seen = windows(several)
        rows[f"{part} speed"] = seen.mean((-1, -2))
        rows[f"{part} fastest"] = np.percentile(seen, 95, axis=-1).mean(-1)
        rows[f"{part} unevenness"] = seen.std(-1).mean(-1)
        rows[f"{part} acceleration"] = windows(sharp.reshape(len(sharp), -1)).mean((-1, -2)) / 10
        flat = place.reshape(len(place), -1, 3)
        for axis, name in enumerate(("sideways", "up", "forward")):
            rows[f"{part} {name} spread"] = windows(flat[..., axis]).std(-1).mean(-1)
    return {name: np.log(row + FLOOR) for name, row in rows.items()}


def table(motions: list[Motion]) -> tuple[Array, list[str]]:
    """Rows ``(windows, features)`` of motions, and the features' names."""
    found = [features(m) for m in motions]
    return np.concatenate([np.stack(list(f.values()), 1) for f in found]), list(found[0])


def stiff(motion: Motion) -> Motion:
    """The same motion with pelvis and spine held in their first pose."""
    rotations, root = np.array(motion.rotations), np.array(motion.root)
    trunk = [motion.skeleton.index(n) for n in ("Hips", "Spine", "Spine1", "Spine2", "Spine3")]
    rotations[:, trunk], root[:] = rotations[:1, trunk], root[:1]
    return Motion(motion.skeleton, rotations, root, motion.fps)


def judged(real: dict[str, Array], first: Array, second: Array) -> list[float]:
    """AUC of a classifier that learned BEAT against ``first`` on ZeroEGGS against ``second``, and the other way."""
    scores = []
    for learn, judge in (("BEAT", "ZeroEGGS"), ("ZeroEGGS", "BEAT")):
        weights = discriminant(real[learn], first)
        scores.append(auc(real[judge] @ weights, second @ weights))
    return scores


def discriminant(real: Array, made: Array) -> Array:
    """Weights of a linear discriminant of shrunken covariance: more is more real."""
    inner = np.concatenate([real - real.mean(0), made - made.mean(0)])
    covariance = inner.T @ inner / len(inner)
    scale = np.sqrt(np.diag(covariance))
    shrunk = covariance / np.outer(scale, scale) + RIDGE * np.eye(len(scale))
    return np.linalg.solve(shrunk, (real.mean(0) - made.mean(0)) / scale) / scale


def auc(real: Array, made: Array) -> float:
    """Share of pairs ``(real, made)`` in which the real one scores higher."""
    return float((real[:, None] > made[None]).mean() + 0.5 * (real[:, None] == made[None]).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--body", help="the body network or a checkpoint")
    parser.add_argument("--seeds", type=int, default=2, help="seeds of each half")
    options = parser.parse_args()
    speakers = {"BEAT": real_clips.beat(), "ZeroEGGS": real_clips.zeggs()}
    real = {name: table([motion])[0] for name, motion in speakers.items()}
    for style in STYLES:
        takes = [
            [
                p.motion
                for _, sound, text in recordings(quick=False)
                for seed in range(half, 2 * options.seeds, 2)
                if (p := gengine.animate(sound, text=text, speaker=style, seed=seed, body=options.body)).motion
            ]
            for half in (0, 1)
        ]
        (first, names), (second, _) = table(takes[0]), table(takes[1])
        scores = judged(real, first, second)
        held = judged(real, *(table([stiff(m) for m in half])[0] for half in takes))
        # A feature gives us away where it does so for both speakers, in the same direction.
        single = [[auc(real[n][:, k], second[:, k]) for k in range(len(names))] for n in ("ZeroEGGS", "BEAT")]
        print(f"\n{style}: AUC {np.mean(scores):.2f} (judging ZeroEGGS {scores[0]:.2f}, BEAT {scores[1]:.2f})")
        print(f"  control, pelvis and spine held: AUC {np.mean(held):.2f}")
        both = np.where(
            np.sign(np.array(single[0]) - 0.5) == np.sign(np.array(single[1]) - 0.5),
            np.minimum(np.abs(np.array(single[0]) - 0.5), np.abs(np.array(single[1]) - 0.5)), 0.0,
        )  # fmt: skip
        for k in np.argsort(-both)[:PRINTED]:
            print(f"  {names[k]:26} {single[0][k]:.2f} {single[1][k]:.2f}  (above .5: people have more of it)")
    own = []
    for a, b in (("BEAT", "ZeroEGGS"), ("ZeroEGGS", "BEAT")):
        half = len(real[a]) // 2
        weights = discriminant(real[b], real[a][:half])
        own.append(auc(real[b] @ weights, real[a][half:] @ weights))
    print(f"\nControl, one person against the other: AUC {np.mean(own):.2f}")


if __name__ == "__main__":
    main()
