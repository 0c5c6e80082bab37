"""Does the body show the emotion that was asked for? A judge that never saw our motion reads it.

    python benchmarks/style_judge.py                      four emotions, three styles, three recordings x two seeds
    python benchmarks/style_judge.py --body camn
Needs the reference recordings (GENGINE_DATA).

The judge learns from one actor's walks, runs and bows in four styles (Bandai Namco: normal, happy, angry, sad) what a
style changes in 2 s of motion against the same action done normally: posture, dynamics, where hands and elbows are.
What the action itself is, it is not told. It then reads our talk against our own neutral talk. Printed: the ceiling
(each action left out of the learning in turn), ours, and the control (our neutral takes called by the others' names).
Nothing is trained on these clips but the judge itself.
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
import real_clips
from gesture_table import recordings
from numpy.typing import NDArray

import gengine
from gengine.core.motion import Motion
from gengine.formats.bvh_reader import read_bvh
from gengine.metrics.limbs import Body, low_pass, velocity

Array = NDArray[np.float64]

STYLES = {"neutral": "normal", "happiness": "happy", "anger": "angry", "sadness": "sad"}
WINDOW, STEP = 2.0, 0.5
"""Seconds of a window and between windows."""
RIDGE = 1.0
"""Of the discriminant's covariance, in its mean variance."""


def features(motion: Motion) -> Array:
    """Rows ``(windows, n)``: posture in degrees and arm lengths, logarithms of speeds.

    Where the hands are is left out: it says more of walking and bowing than of a style (the ceiling is no lower).
    """
    motion = motion.resample(30.0) if motion.fps > 33 else motion
    body = Body(motion)
    fps, arm = body.fps, body.arm_length.mean()
    hips, neck, head = (body.seen(body.at(p)[:, None])[:, 0] for p in ("hips", "neck", "head"))
    trunk, nape = neck - hips, head - neck
    shoulder, elbow = body.seen(body.both("shoulder")), body.seen(body.both("elbow"))
    out = np.array([1.0, -1.0])
    speed = np.maximum(body.speed, 1.0)
    sharp = np.linalg.norm(velocity(body.wrist_velocity, fps), axis=2)
    jerk = np.linalg.norm(velocity(velocity(body.wrist_velocity, fps), fps), axis=2)
    bounce = np.abs(velocity(low_pass(body.at("hips")[:, 1], fps), fps))
    curves = {
        "trunk pitch": np.degrees(np.arctan2(trunk[:, 2], trunk[:, 1])),
        "neck pitch": np.degrees(np.arctan2(nape[:, 2], nape[:, 1])),
        "shoulders up": (shoulder[..., 1] - neck[:, None, 1]).mean(1) / arm * 100,
        "elbows out": ((elbow - shoulder)[..., 0] * out).mean(1) / arm * 100,
        "speed": np.log(speed.mean(1)),
        "acceleration": np.log(sharp.mean(1) + 10),
        "jerk": np.log(jerk.mean(1) + 100),
        "fluidity": np.log(sharp.mean(1) + 10) - np.log(speed.mean(1)),
        "bounce": np.log(bounce + 1.0),
    }
    table = np.stack(list(curves.values()), 1)
    count, step = min(round(WINDOW * fps), len(table)), round(STEP * fps)
    starts = range(0, len(table) - count + 1, step)
    return np.array([table[i : i + count].mean(0) for i in starts])


class Judge:
    """A linear discriminant of shrunken covariance over differences to the same actor's normal motion."""

    def __init__(self, rows: Array, labels: NDArray[np.int64]) -> None:
        self.means = np.stack([rows[labels == k].mean(0) for k in range(len(STYLES))])
        inner = rows - self.means[labels]
        covariance = inner.T @ inner / len(rows)
        scale = np.sqrt(np.diag(covariance))
        shrunk = covariance / np.outer(scale, scale) + RIDGE * np.eye(len(scale))
        self.inverse = np.linalg.inv(shrunk) / np.outer(scale, scale)

    def read(self, rows: Array) -> NDArray[np.int64]:
        """The likeliest style of each row."""
        away = rows[:, None] - self.means
        return np.argmin(np.einsum("nki,ij,nkj->nk", away, self.inverse, away), 1)


def actions() -> dict[str, tuple[Array, NDArray[np.int64]]]:
    """Windows and labels by action, against the action done normally."""
    folder, found = real_clips.data_folder() / "mocap_styles", {}
    for action in ("bow", "run", "walk-left", "walk"):
        rows, labels = [], []
        for k, style in enumerate(STYLES.values()):
            for path in sorted(folder.glob(f"dataset-1_{action}_{style}_*.bvh")):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    part = features(read_bvh(path))
                rows.append(part)
                labels += [k] * len(part)
        table, names = np.concatenate(rows), np.array(labels)
        found[action] = (table - table[names == 0].mean(0), names)
    return found


def confusion(wanted: NDArray[np.int64], read: NDArray[np.int64]) -> Array:
    """Shares ``(wanted, read)``."""
    table = np.zeros((len(STYLES), len(STYLES)))
    np.add.at(table, (wanted, read), 1)
    return table / np.maximum(table.sum(1, keepdims=True), 1)


def show(title: str, table: Array) -> None:
    """One confusion matrix and its mean diagonal."""
    print(f"\n{title}: {np.diag(table).mean():.2f} of windows (chance {1 / len(STYLES):.2f})")
    print(f"{'asked':12s}" + "".join(f"{name:>11s}" for name in STYLES))
    for name, row in zip(STYLES, table, strict=True):
        print(f"{name:12s}" + "".join(f"{share:11.2f}" for share in row))


def ours(style: str, seeds: int, body: str | None) -> tuple[Array, NDArray[np.int64]]:
    """Our windows against our neutral ones of the same style, and what was asked for."""
    rows, labels = [], []
    for k, emotion in enumerate(STYLES):
        for _, sound, text in recordings(quick=False):
            for seed in range(seeds):
                take = gengine.animate(sound, emotion, text=text, speaker=style, seed=seed, body=body)
                assert take.motion is not None
                rows.append(features(take.motion))
                labels += [k] * len(rows[-1])
    table, names = np.concatenate(rows), np.array(labels)
    return table - table[names == 0].mean(0), names


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--body")
    parser.add_argument("--style", action="append", help="default: storyteller, conversational, orator")
    parser.add_argument("--why", action="store_true", help="print how far each class lies from each mean, per row")
    args = parser.parse_args()
    corpus = actions()
    left_out = []
    for action, (rows, labels) in corpus.items():
        others = [v for name, v in corpus.items() if name != action]
        judge = Judge(np.concatenate([r for r, _ in others]), np.concatenate([n for _, n in others]))
        left_out.append(confusion(labels, judge.read(rows)))
    show("ceiling, an action that was left out", np.mean(left_out, 0))
    judge = Judge(*(np.concatenate(x) for x in zip(*corpus.values(), strict=True)))
    total = []
    for style in args.style or ("storyteller", "conversational", "orator"):
        rows, labels = ours(style, args.seeds, args.body)
        total.append(confusion(labels, judge.read(rows)))
        show(style, total[-1])
        if args.why:
            scale = np.sqrt(1 / np.diag(judge.inverse))
            for k, name in enumerate(STYLES):
                print(
                    name,
                    "ours",
                    np.round(rows[labels == k].mean(0) / scale, 1),
                    "theirs",
                    np.round(judge.means[k] / scale, 1),
                )
    show("all", np.mean(total, 0))


if __name__ == "__main__":
    main()
