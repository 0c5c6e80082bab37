"""Whom the eyes rest on, in the world: eye contact by emotion, a target that moves, saccades and the eyes' range.

    python benchmarks/eye_contact.py                  seven emotions, two speakers, four seeds; about a minute
    python benchmarks/eye_contact.py --seeds 8 --sound talk.wav

Contact is the share of the time in which the line of sight passes within 8 degrees of a listener's eyes, ahead at eye
height; beside it, of eyes that go along with the head (``look_at="none"``). The moving target goes round in front,
up to 45 degrees to either side, at up to 35 degrees/s. Exit status 1 where a value leaves its span.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

import gengine
from gengine.core import rotation
from gengine.core.audio import AudioClip
from gengine.core.face import LOOK_DOWN, LOOK_IN, LOOK_OUT, LOOK_UP
from gengine.core.look_at import LISTENER, LookAt
from gengine.core.performance import Performance
from gengine.inputs.audio import load_audio
from gengine.networks.visemes.gaze_holding import direction, head_in_world
from gengine.retarget.avatar_pose import gaze_turns

Array = np.ndarray

CONTACT = {
    "neutral": (0.6, 1.0), "happiness": (0.6, 1.0), "anger": (0.7, 1.0), "surprise": (0.7, 1.0), "fear": (0.3, 0.6),
    "contempt": (0.3, 0.6), "sadness": (0.15, 0.45),
}  # fmt: skip
"""Spans of the share of contact (judgement after Adams & Kleck 2005, Emotion 5:3, and Andrist 2013)."""
SPEAKERS = ("conversational", "orator")
NEAR = np.radians(8)
ON_IT = np.radians(4.5)
"""A fixation this near what is no face is on it: a look away begins at 9 degrees and wanders by 4.5."""
SACCADE = np.radians(40)
"""Against its target the line of sight of a saccade is faster than this, rad/s."""
SPANS = {"saccades/s": (1.0, 1.5), "median": (4.0, 6.0), "p95": (15.0, 22.0)}
"""Of saccades, degrees (face.md section 3: 1-1.5 a second, 5 and 20 degrees; widths are judgement)."""
FPS = 60.0


def round_trip(time: float) -> tuple[float, float, float]:
    """A target that goes to and fro in front, up and down, nearer and farther."""
    angle = np.radians(45) * np.sin(0.75 * time)
    return (2.0 * np.sin(angle), 1.63 + 0.3 * np.sin(1.1 * time), 2.0 * np.cos(angle) + 0.1)


def lines_of_sight(p: Performance, target: LookAt) -> tuple[Array, Array]:
    """Directions of the line of sight and of the target from the eyes, unit ``(T, 3)`` each, in the world."""
    assert p.motion is not None and p.face is not None
    head, eyes = head_in_world(p.motion)
    count = min(len(head), len(p.face))
    turn = rotation.multiply(head[:count], gaze_turns(p.face)[:count])
    sight = rotation.rotate(turn, np.broadcast_to([0.0, 0.0, 1.0], (count, 3)))
    way = target.at(np.arange(count) / FPS) - eyes[:count]
    return sight, way / np.linalg.norm(way, axis=1, keepdims=True)


def angle(a: Array, b: Array) -> Array:
    return np.arccos(np.clip((a * b).sum(axis=-1), -1, 1))


def contact(p: Performance) -> float:
    assert LISTENER is not None
    return float((angle(*lines_of_sight(p, LISTENER)) < NEAR).mean())


def saccades(p: Performance, target: LookAt) -> tuple[Array, Array]:
    """Sizes of saccades, degrees, and which frames ``(T,)`` they move, of the line of sight against its target."""
    sight, way = (direction(x) for x in lines_of_sight(p, target))
    step = np.diff(sight - way, axis=0)
    fast = np.concatenate([[False], np.hypot(*step.T) * FPS > SACCADE, [False]])
    edges = np.flatnonzero(np.diff(fast.astype(int))).reshape(-1, 2)
    sizes = np.degrees([np.hypot(*step[a:b].sum(axis=0)) for a, b in edges])
    return sizes[sizes >= 1], fast[:-1] | fast[1:]


def holding(p: Performance, target: LookAt) -> tuple[Array, Array]:
    """How far the line of sight leaves its target in fixations on it, and its place in any, degrees."""
    sight, way = lines_of_sight(p, target)
    apart = direction(sight) - direction(way)
    still = ~saccades(p, target)[1]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], still, [False]]).astype(int))).reshape(-1, 2)
    off, moved = [], []
    for a, b in edges:
        middle = np.median(apart[a:b], axis=0)
        moved.append(np.hypot(*(apart[a:b] - middle).T))
        if np.hypot(*middle) < ON_IT:
            off.append(angle(sight[a:b], way[a:b]))
    return np.degrees(np.concatenate([[], *off])), np.degrees(np.concatenate([[], *moved]))


def beyond(p: Performance) -> float:
    """How far any eye turns beyond the range of its channels, degrees."""
    assert p.face is not None
    worst = 0.0
    for inward in (-1.0, 1.0):
        yaw, pitch = p.face.gaze.astype(float).T
        outward = -inward * (yaw + inward * p.face.convergence)
        worst = max(worst, *(outward - LOOK_OUT), *(-outward - LOOK_IN), *(pitch - LOOK_UP), *(-pitch - LOOK_DOWN))
    return float(np.degrees(worst))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--sound", type=Path, default=Path(__file__).resolve().parents[1] / "demos" / "speech.wav")
    args = parser.parse_args()
    sound = load_audio(args.sound)
    sound = AudioClip(np.resize(sound.samples, round(args.seconds * sound.rate)), sound.rate)
    assert LISTENER is not None

    def made(emotion: str, speaker: str, seed: int, look_at: object = "listener") -> Performance:
        return gengine.animate(sound, emotion, text="none", speaker=speaker, seed=seed, fps=FPS, look_at=look_at)

    failed = []

    def told(name: str, value: float, low: float, high: float) -> str:
        good = low <= value <= high
        if not good:
            failed.append(name)
        return f"{value:7.2f}{' ' if good else '*'} ({low:g}..{high:g})"

    sizes, range_left, seconds = [], 0.0, 0.0
    print(f"{'contact':12}" + "".join(f"{s:>28}{'with the head':>15}" for s in SPEAKERS) + "   saccades/s median p95")
    for emotion, (low, high) in CONTACT.items():
        line, jumps = f"{emotion:12}", []
        for speaker in SPEAKERS:
            ours = [made(emotion, speaker, seed) for seed in range(args.seeds)]
            with_head = np.mean([contact(made(emotion, speaker, seed, "none")) for seed in range(args.seeds)])
            line += f"{told(emotion, float(np.mean([contact(p) for p in ours])), low, high):>28}{with_head:15.2f}"
            jumps += [saccades(p, LISTENER)[0] for p in ours]
            range_left = max(range_left, *(beyond(p) for p in ours))
        sizes += jumps
        pooled, time = np.concatenate(jumps), len(jumps) * args.seconds
        seconds += time
        print(f"{line}   {len(pooled) / time:8.2f} {np.median(pooled):8.1f} {np.percentile(pooled, 95):5.1f}")
    pooled = np.concatenate(sizes)
    for (name, span), value in zip(
        SPANS.items(), (len(pooled) / seconds, np.median(pooled), np.percentile(pooled, 95)), strict=True
    ):
        print(f"{name:44}{told(name, float(value), *span)}")
    moving = gengine.core.look_at.parse_look_at(round_trip)
    for look_at in (moving, "none"):
        shown = [made(e, "orator", s, look_at) for s in range(args.seeds) for e in ("neutral", "fear")]
        held = zip(*(holding(p, moving) for p in shown), strict=True)
        off, moved = (float(np.percentile(np.concatenate(part), 95)) for part in held)
        limit = (0.0, 3.0) if look_at is moving else (0.0, np.inf)
        whose = "moving target" if look_at is moving else "  eyes that go with the head"
        print(f"{whose + ': off it in fixations, deg p95':44}{told('moving', off, *limit)}")
        print(f"{whose + ': off their place, deg p95':44}{told('moving', moved, *limit)}")
        if look_at is moving:
            range_left = max(range_left, *(beyond(p) for p in shown))
    print(f"{'any eye beyond its range, deg':44}{told('range', range_left, 0.0, 1e-4)}")
    print("failed: " + ", ".join(dict.fromkeys(failed)) if failed else "every value in its span")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
