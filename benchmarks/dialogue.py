"""A three-minute conversation of two, watched: turns, gaze, nods, and whether bodies talk over each other.

    python benchmarks/dialogue.py                three takes and their controls; needs espeak-ng
    python benchmarks/dialogue.py --turns 8      its beginning alone

Rows, each with its control. *turns*: spans heard in the two channels against those that were spoken. *gaze*: share of
listening in which the line of sight lies within 8 degrees of the speaker's eyes or mouth; control: the same eyes while
speaking, which look away more. *nods* while listening, by the pitch of the head, a minute, and the share that begins
within a second after the other pauses, over that of moments drawn at random; control: a listener who is still. *hands*:
wrist speed while listening over that while speaking, and strokes a minute (over 30 cm/s for .2 s) in both, from 1.5 s
after one's own turn, when hands have come home. *jaw*: most
that it opens while listening. *affect*: smile while the other's turn is happy, less while it is neutral; control: no
mirror. PASS or FAIL against ``SPANS``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from dialogue_scene import write_scene
from eye_contact import NEAR, angle, lines_of_sight

from gengine.config import EngineConfig
from gengine.conversing import Conversation, prepare
from gengine.core.emotion import EMOTION_INDEX
from gengine.core.performance import Performance
from gengine.core.turns import merged, within
from gengine.metrics.limbs import Body

Array = np.ndarray
FPS = 60.0
STROKE, LASTS = 30.0, 0.2
"""Wrist speed, cm/s, that counts as a stroke where it lasts so long, s (judgement)."""
NOD = np.radians(2.0)
"""The least fall of the head that is a nod, rad: smaller ones are breath and sway. Judgement."""
NOD_SECONDS = (0.1, 0.6)
AFTER = 1.0
"""Seconds after a pause begins in which a nod answers it."""
SETTLED = 0.6
"""Seconds at both ends of a stretch of listening that belong to the change of turn."""
SPANS = {
    "turn error, s": (0.0, 0.25), "turns found": (0.97, 1.0), "gaze on the speaker": (0.7, 1.0),
    "nods a minute": (4.0, 25.0), "nods after pauses ÷ chance": (1.3, np.inf), "hands listening ÷ speaking": (0.0, 0.5),
    "strokes a minute, listening": (0.0, 3.0), "jaw, listening": (0.0, 0.15), "smile caught": (0.03, 1.0),
}  # fmt: skip
"""Spans of sense (judgement): listeners look at speakers 75 % of the time, speakers at listeners 40 % (Argyle 1976)."""


def taken(c: Conversation) -> list[Performance]:
    return [Performance.join(list(take)) for take in c.takes]


def nods(p: Performance) -> Array:
    """Seconds at which the head begins to fall for a nod: down by ``NOD`` and up again, quickly."""
    assert p.face is not None
    x, y, z, w = (p.face.head[:, k].astype(float) for k in (1, 2, 3, 0))
    pitch = np.arcsin(np.clip(2 * (w * x - y * z), -1, 1))
    smooth = np.convolve(pitch, np.ones(5) / 5, "same")
    turns = np.flatnonzero(np.diff(np.sign(np.diff(smooth)))) + 1
    found = []
    for a, b, c in zip(turns, turns[1:], turns[2:], strict=False):
        fell, rose = smooth[b] - smooth[a], smooth[b] - smooth[c]
        quick = all(NOD_SECONDS[0] <= (v - u) / FPS <= NOD_SECONDS[1] for u, v in ((a, b), (b, c)))
        if quick and fell > NOD and rose > NOD / 2:
            found.append(a / FPS)
    return np.array(found)


HOME = 1.5
"""Seconds after one's own turn in which hands come home."""


def listening(c: Conversation, k: int, times: Array) -> Array:
    """Where one listens to the other, away from the changes of turn."""
    spans = [s + [SETTLED, -SETTLED] for j, p in enumerate(c.dialogue.people) if j != k for s in p.spans]
    heard = np.zeros(len(times), bool)
    for a, b in spans:
        heard |= (times >= a) & (times < b)
    return heard & ~within(c.dialogue.people[k].spans, times)


def pauses(c: Conversation, k: int) -> Array:
    """Seconds at which who speaks to one begins to pause."""
    other = c.dialogue.people[1 - k].sound
    hop = other.rate // 100
    level = np.abs(other.samples[: len(other) // hop * hop]).reshape(-1, hop).max(axis=1) > 0.02
    begins = [i / 100 for i in range(60, len(level) - 20)
              if level[i - 1] and not level[i : i + 20].any() and level[i - 60 : i].mean() > 0.4]  # fmt: skip
    return np.array(begins)


def strokes(speed: Array, where: Array) -> float:
    """Strokes a minute."""
    fast = np.concatenate([[False], (speed > STROKE) & where, [False]])
    edges = np.flatnonzero(np.diff(fast.astype(int))).reshape(-1, 2)
    return float(sum(b - a >= LASTS * FPS for a, b in edges) / max(where.sum() / FPS / 60, 1e-9))


def measured(c: Conversation, told: list[dict[str, Any]]) -> dict[str, float]:
    """All rows of one take, the mean over both people."""
    rows: dict[str, list[float]] = {}

    def add(name: str, value: float) -> None:
        rows.setdefault(name, []).append(float(value))

    for k, (person, p) in enumerate(zip(c.dialogue.people, taken(c), strict=True)):
        assert p.motion is not None and p.face is not None
        own = [t for t in told if t["who"].lower() == person.name.lower()]
        ends = np.array([[t["start"], t["end"]] for t in own])
        near = [np.abs(person.spans - e).max(axis=1).min() if len(person.spans) else np.inf for e in ends]
        edges = [np.abs(person.spans[:, i] - e[i]).min() for e in ends for i in (0, 1)]
        add("turn error, s", np.median(edges))
        add("turns found", np.mean(np.array(near) < 1.0))
        sight, way = lines_of_sight(p, c.takes[k].look_at)  # type: ignore[arg-type]
        times = np.arange(len(sight)) / FPS
        hears, speaks = listening(c, k, times), within(person.spans, times)
        on = angle(sight, way) < NEAR
        add("gaze on the speaker", on[hears].mean())
        add("gaze on the listener", on[speaks].mean())
        begun, rests = nods(p), pauses(c, k)
        nodded = begun[hears[np.minimum((begun * FPS).astype(int), len(hears) - 1)]] if len(begun) else begun
        add("nods a minute", len(nodded) / (hears.sum() / FPS / 60))
        answers = np.zeros(len(times), bool)
        for at in rests:
            answers |= (times >= at) & (times < at + AFTER)
        chance = answers[hears].mean()
        share = answers[(nodded * FPS).astype(int)].mean() if len(nodded) else 0.0
        add("nods after pauses ÷ chance", share / max(chance, 1e-9))
        body = Body(p.motion)
        speed = body.speed.mean(axis=1)[: len(times)]
        at, being = speed[: len(hears)], slice(0, len(speed))
        rests_now = hears[being] & ~within(merged(person.spans + [0, HOME]), times[being])
        add("hands listening ÷ speaking", at[rests_now].mean() / at[speaks[being]].mean())
        add("strokes a minute, listening", strokes(speed, rests_now))
        add("strokes a minute, speaking", strokes(speed, speaks[being]))
        add("jaw, listening", p.face.channel("jawOpen")[: len(hears)][hears].max())
        smile = p.face.channel("mouthSmileLeft")[: len(hears)]
        other = c.felt[1 - k].weights[:, [EMOTION_INDEX["happiness"], EMOTION_INDEX["amused"]]].max(axis=1)
        glad = np.interp(times, np.arange(len(other)) / c.felt[1 - k].fps, other)
        add("smile caught", smile[hears & (glad > 0.4)].mean() - smile[hears & (glad < 0.1)].mean())
    return {name: float(np.mean(values)) for name, values in rows.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, help="of the scene, from its beginning")
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    config, failed = EngineConfig(body_fps=FPS, face_fps=FPS), 0
    with tempfile.TemporaryDirectory() as made:
        _, told = write_scene(Path(made), args.turns)
        talk = Path(made) / "talk.json"
        print(f"{told[-1]['end']:.0f} s, {len(told)} turns")
        ours = [measured(prepare(talk, seed=s, config=config), told) for s in range(args.seeds)]
        control = measured(prepare(talk, seed=0, nods=False, mirror=0, config=config), told)
    print(f"{'':32}{'ours':>8}{'over seeds':>18}{'still, no mirror':>18}")
    for name in ours[0]:
        values = [row[name] for row in ours]
        low, high = SPANS.get(name, (-np.inf, np.inf))
        good = low <= np.mean(values) <= high
        failed += not good
        verdict = "" if name not in SPANS else "PASS" if good else "FAIL"
        print(f"{name:32}{np.mean(values):8.2f}{min(values):9.2f}{max(values):9.2f}{control[name]:18.2f}  {verdict}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
