"""The forms of meaningful gestures: where the hands go, how the palms turn, what the fingers do.

Places are (out, up, forward) of mid-shoulder in arm lengths on the moving hand's own side, for a speaker of middle
height of gesture; the planner scales, shifts and varies them. Times follow from the movement laws. Which words call
which form is ``lexicon.csv`` of the gesture notes (classes after the NVBG rules and image schemas); forms are
designed here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

PALMS: dict[str, float] = {
    "in": 6.0,
    "rest": 16.0,
    "up": 92.0,
    "down": -78.0,
    "forward": -88.0,
    "back": 38.0,
    "out": -112.0,
}
"""How far a palm is turned from facing inward, degrees: positive is towards up (supination).

With the forearm raised the same turn faces ahead (down) or back (up)."""


@dataclass(frozen=True)
class Posture:
    """One hand at one moment: place, palm, hand shape, wrist (deg), elbow (deg beyond the speaker's), shrug (deg)."""

    at: tuple[float, float, float]
    palm: str = "in"
    hand: str = "relaxed"
    flexion: float = -5.0
    radial: float = -2.0
    elbow: float = 0.0
    shrug: float = 0.0


@dataclass(frozen=True)
class Beat:
    """One movement of a form: postures of the leading and the other hand (None: that hand does not take part)."""

    lead: Posture | None
    other: Posture | None = None
    flow: bool = False
    """Pass through with speed instead of stopping."""
    quick: float = 1.0
    """Speed relative to the movement law."""
    hold: float = 0.0
    """Seconds of stillness after it."""


@dataclass(frozen=True)
class Form:
    """A gesture: a preparation to ``ready``, then strokes; the first stroke ends on the word's accent."""

    name: str
    ready: Beat
    strokes: tuple[Beat, ...]
    double: float = 0.0
    """Chance that the other hand mirrors a one-handed form, x the speaker's two-handed share."""
    side: int | None = None
    """Hand that must lead: 0 left, 1 right, None the speaker's choice."""
    score: float = 0.6
    """Semantic weight as annotators of gesture corpora give it: beats .1, deictics .2-.4, emblems to 1."""


def _p(out: float, up: float, ahead: float, palm: str = "in", hand: str = "relaxed", **more: float) -> Posture:
    return Posture((out, up, ahead), palm, hand, **more)


def _both(posture: Posture, **more: float | bool) -> Beat:
    return Beat(posture, posture, **more)  # type: ignore[arg-type]


def _one(posture: Posture, **more: float | bool) -> Beat:
    return Beat(posture, None, **more)  # type: ignore[arg-type]


def _moved(posture: Posture, out: float = 0.0, up: float = 0.0, ahead: float = 0.0, **more: object) -> Posture:
    at = (posture.at[0] + out, posture.at[1] + up, posture.at[2] + ahead)
    return replace(posture, at=at, **more)  # type: ignore[arg-type]


Maker = Callable[[str, np.random.Generator], Form]
"""Makes a form from the words said and a generator that belongs to the cue."""


def _negation(text: str, rng: np.random.Generator) -> Form:
    kind = rng.random()
    if kind < 0.55:
        start = _p(0.14, -0.36, 0.60, "down", "flat_soft", flexion=-12)
        return Form("cross_cut", _both(start), (_both(_moved(start, 0.52, -0.03, -0.08), quick=1.25, hold=0.22),),
                    score=0.9)  # fmt: skip
    if kind < 0.8:
        start = _p(0.34, -0.24, 0.40, "forward", "flat_soft", flexion=-38)
        return Form("push_away", _one(start), (_one(_moved(start, 0.08, 0.06, 0.30, flexion=-52.0), hold=0.35),),
                    double=0.5, score=0.9)  # fmt: skip
    start = _p(0.42, -0.06, 0.52, "forward", "flat_soft", flexion=-30)
    wag = tuple(_one(_moved(start, d, radial=r), flow=True, quick=0.9)
                for d, r in ((0.12, -18.0), (-0.10, 12.0), (0.09, -15.0), (-0.03, 0.0)))  # fmt: skip
    return Form("wag", _one(start), wag, score=0.9)


def _inclusivity(text: str, rng: np.random.Generator) -> Form:
    start = _p(0.20, -0.40, 0.58, "up" if rng.random() < 0.6 else "in", "flat_soft")
    end = replace(_moved(start, 0.48, 0.10, -0.10), hand="open_spread", palm="up")
    return Form("sweep", _both(start), (_both(end, quick=0.85, hold=0.25),), score=0.7)


def _intensification(text: str, rng: np.random.Generator) -> Form:
    hand, palm = (("loose_fist", "in"), ("precision_pinch", "in"), ("claw_grasp", "up"))[int(rng.integers(3))]
    start = _p(0.42, -0.16, 0.46, palm, hand)
    return Form("stress", _one(start), (_one(_moved(start, 0.02, -0.26, 0.10), quick=1.25, hold=0.18),), double=0.8,
                score=0.5)  # fmt: skip


def _offer(text: str, rng: np.random.Generator) -> Form:
    start = _p(0.30, -0.46, 0.36, "in", "relaxed")
    end = _p(0.46 + 0.1 * rng.random(), -0.36, 0.62, "up", "cup_bowl", flexion=-14)
    return Form("offer", _one(start), (_one(end, hold=0.25),), double=0.7, score=0.6)


def _flick(text: str, rng: np.random.Generator) -> Form:
    start = _p(0.26, -0.26, 0.46, "back", "soft", flexion=25)
    end = _p(0.72, -0.34, 0.48, "out", "open_spread", flexion=-28)
    return Form("dismiss", _one(start), (_one(end, quick=1.3, hold=0.1),), score=0.7)


def _contrast(text: str, rng: np.random.Generator) -> Form:
    start = _p(0.20, -0.34, 0.54, "down", "flat_soft")
    end = _p(0.72, -0.36, 0.44, "up", "cup_bowl")
    return Form("flip", _one(start), (_one(end, hold=0.2),), double=0.2, score=0.6)


def _alternative(text: str, rng: np.random.Generator) -> Form:
    start = _p(0.28, -0.44, 0.50, "up", "cup_bowl")
    raised = _p(0.56, -0.30, 0.52, "up", "cup_bowl", flexion=-14)
    return Form("either_or", _both(start), (Beat(raised, start, hold=0.12), Beat(start, raised, hold=0.15)), score=0.7)


def _listing(text: str, rng: np.random.Generator) -> Form:
    counts = {"first": "point", "firstly": "point", "one": "point", "second": "two_V", "secondly": "two_V",
              "two": "two_V", "third": "three", "thirdly": "three", "three": "three", "four": "four"}  # fmt: skip
    hand = counts.get(text.split()[0] if text else "", "")
    if hand:
        start = _p(0.36, -0.20, 0.42, "up", hand, flexion=-6)
        return Form("count", _one(start), (_one(_moved(start, 0.02, -0.10, 0.08), quick=1.1, hold=0.4),), score=0.8)
    start = _p(0.30, -0.26, 0.48, "in", "flat_soft")
    step = tuple(_one(_moved(start, 0.10 + 0.13 * k, -0.16, 0.06), quick=1.1) for k in range(2))
    return Form("steps", _one(start), (step[0], _one(_moved(start, 0.18, -0.02), flow=True), step[1]), double=0.4,
                score=0.6)  # fmt: skip


def _assumption(text: str, rng: np.random.Generator) -> Form:
    base = _p(0.50, -0.36, 0.52, "down", "open_spread", flexion=-10)
    rock = tuple(
        _one(replace(_moved(base, d), palm=palm, radial=r), flow=True, quick=0.8)
        for d, palm, r in ((0.05, "out", 8.0), (-0.05, "in", -14.0), (0.04, "out", 6.0), (-0.02, "down", -4.0))
    )
    return Form("so_so", _one(base), rock, double=0.3, score=0.8)


def _weigh(text: str, rng: np.random.Generator) -> Form:
    low = _p(0.46, -0.50, 0.54, "up", "cup_bowl")
    high = _moved(low, 0.02, 0.20)
    return Form("weigh", _both(_moved(low, 0, 0.06)), (Beat(high, low), Beat(low, high), Beat(high, low, hold=0.15)),
                score=0.7)  # fmt: skip


def _uncertainty(text: str, rng: np.random.Generator) -> Form:
    start = _p(0.36, -0.56, 0.44, "in", "relaxed")
    up = _p(0.62, -0.44, 0.44, "up", "flat_soft", flexion=-22, elbow=-10, shrug=15)
    return Form("shrug", _both(start), (_both(up, hold=0.6),), score=0.9)


def _question(text: str, rng: np.random.Generator) -> Form:
    start = _p(0.30, -0.50, 0.42, "in", "relaxed")
    end = _p(0.52, -0.40, 0.50, "up", "cup_bowl", flexion=-16, shrug=4)
    return Form("palms_open", _both(start), (_both(end, hold=0.3),), score=0.6)


def _chop(text: str, rng: np.random.Generator) -> Form:
    start = _p(0.38, -0.10, 0.46, "in", "flat_closed", flexion=0)
    down = _moved(start, 0.02, -0.34, 0.10)
    return Form("chop", _one(start), (_one(down, quick=1.35, hold=0.2),), double=0.6, score=0.6)


def _self(text: str, rng: np.random.Generator) -> Form:
    start = _p(0.24, -0.42, 0.46, "back", "flat_soft")
    chest = _p(0.08, -0.30, 0.43, "back", "flat_soft", flexion=18, elbow=18)
    return Form("to_self", _one(start), (_one(chest, hold=0.3),), double=0.12, score=0.4)


def _addressee(text: str, rng: np.random.Generator) -> Form:
    start = _p(0.32, -0.42, 0.42, "in", "relaxed")
    end = _p(0.34, -0.30, 0.76, "up", "flat_soft", flexion=-10)
    return Form("to_you", _one(start), (_one(end, hold=0.25),), double=0.35, score=0.4)


def _group(text: str, rng: np.random.Generator) -> Form:
    start = _p(0.56, -0.34, 0.68, "in", "flat_soft")
    end = _p(0.16, -0.36, 0.46, "back", "flat_soft", flexion=14)
    return Form("gather", _both(start), (_both(end, quick=0.8, hold=0.2),), score=0.5)


def _deictic(text: str, rng: np.random.Generator) -> Form:
    word = text.split()[-1] if text else ""
    hand = "point" if rng.random() < 0.55 else "flat_soft"
    palm = "down" if hand == "point" else ("in" if rng.random() < 0.5 else "up")
    start = _p(0.40, -0.34, 0.36, palm, hand, flexion=0)
    if word in ("left", "right"):
        side = 0 if word == "left" else 1
        return Form("point_side", _one(start), (_one(_p(0.98, -0.14, 0.26, palm, hand, flexion=0), hold=0.35),),
                    side=side, score=0.6)  # fmt: skip
    if word in ("here", "this", "these", "hier", "dies", "diese"):
        end = _p(0.36, -0.56, 0.60, "down", hand, flexion=8)
        return Form("point_here", _one(_moved(start, 0, 0.06)), (_one(end, hold=0.25),), double=0.2, score=0.4)
    end = _p(0.66, -0.10, 0.72, palm, hand, flexion=0)
    return Form("point_there", _one(start), (_one(end, hold=0.35),), score=0.5)


_DOWN_WORDS = ("down", "fall", "falls", "fell", "falling", "drop", "drops", "dropped", "lower", "below", "sink",
               "unter", "runter", "fallen")  # fmt: skip


def _vertical(text: str, rng: np.random.Generator) -> Form:
    low, high = _p(0.46, -0.56, 0.50, "up", "flat_soft"), _p(0.50, -0.02, 0.50, "up", "flat_soft")
    if any(w in _DOWN_WORDS for w in text.split()):
        low, high = (replace(x, palm="down") for x in (low, high))
        return Form("descend", _one(high), (_one(low, hold=0.2),), double=0.5, score=0.8)
    return Form("rise", _one(low), (_one(high, hold=0.25),), double=0.5, score=0.8)


def _container(text: str, rng: np.random.Generator) -> Form:
    box = _p(0.30, -0.22, 0.54, "in", "box_side", flexion=6)
    return Form("box", _both(box), (_both(_moved(box, 0, -0.20, 0.04), quick=1.1, hold=0.25),), score=0.7)


def _big(text: str, rng: np.random.Generator) -> Form:
    start = _p(0.24, -0.36, 0.54, "in", "flat_soft")
    return Form("big", _both(start), (_both(_p(0.82, -0.22, 0.48, "in", "open_spread"), hold=0.3),), score=0.9)


def _small(text: str, rng: np.random.Generator) -> Form:
    if rng.random() < 0.5:
        start = _p(0.36, -0.20, 0.44, "in", "relaxed")
        return Form("pinch_small", _one(start), (_one(_moved(start, 0.0, 0.04, 0.12, hand="precision_pinch"),
                    hold=0.4),), score=0.9)  # fmt: skip
    start = _p(0.46, -0.36, 0.50, "in", "flat_soft")
    return Form("small", _both(start), (_both(_moved(start, -0.28, 0.02, 0.04), hold=0.3),), score=0.9)


def _distance(text: str, rng: np.random.Generator) -> Form:
    near = any(w in ("near", "close", "nearby", "nah", "nahe") for w in text.split())
    start = _p(0.40, -0.36, 0.40, "in", "flat_soft")
    end = _p(0.28, -0.42, 0.48, "back", "flat_soft") if near else _p(0.62, -0.06, 0.78, "down", "flat_soft")
    return Form("near" if near else "far", _one(start), (_one(end, hold=0.25),), score=0.7)


def _past(text: str, rng: np.random.Generator) -> Form:
    start = _p(0.42, -0.24, 0.50, "back", "flat_soft")
    end = _p(0.70, 0.02, 0.22, "back", "flat_soft", flexion=-20, elbow=10)
    return Form("back_then", _one(start), (_one(end, hold=0.2),), score=0.7)


def _future(text: str, rng: np.random.Generator) -> Form:
    start = _p(0.38, -0.36, 0.36, "in", "flat_soft")
    over = _p(0.42, -0.12, 0.56, "in", "flat_soft")
    return Form("ahead", _one(start), (_one(over, flow=True), _one(_p(0.46, -0.24, 0.80, "in", "flat_soft"),
                hold=0.2)), double=0.3, score=0.7)  # fmt: skip


def _now(text: str, rng: np.random.Generator) -> Form:
    start = _p(0.30, -0.30, 0.48, "down", "flat_soft")
    return Form("right_now", _both(start), (_both(_moved(start, 0.04, -0.26, 0.06), quick=1.2, hold=0.25),), score=0.6)


def _process(text: str, rng: np.random.Generator) -> Form:
    centre, radius, turns = (0.40, -0.32, 0.52), 0.11 + 0.05 * rng.random(), 2 + int(rng.random() < 0.4)
    circle = []
    for k in range(1, 4 * turns + 1):
        angle = np.pi / 2 * k
        at = (centre[0] + 0.03 * np.sin(angle), centre[1] + radius * np.cos(angle), centre[2] + radius * np.sin(angle))
        circle.append(Beat(Posture(at, "in", "soft"), None, flow=k < 4 * turns, quick=1.0))
    return Form("cycle", _one(Posture((centre[0], centre[1] + radius, centre[2]), "in", "soft")), tuple(circle),
                double=0.6, score=0.8)  # fmt: skip


_SPLIT = ("separate", "split", "divide", "apart", "break", "broke", "trennen", "getrennt")


def _merge_split(text: str, rng: np.random.Generator) -> Form:
    wide, close = _p(0.56, -0.34, 0.50, "in", "cup_bowl"), _p(0.16, -0.34, 0.54, "in", "cup_bowl")
    if any(w in _SPLIT for w in text.split()):
        return Form("split", _both(close), (_both(wide, hold=0.2),), score=0.8)
    return Form("merge", _both(wide), (_both(close, hold=0.25),), score=0.8)


def _thinking(text: str, rng: np.random.Generator) -> Form:
    if rng.random() < 0.5:
        start = _p(0.40, -0.20, 0.44, "in", "soft")
        temple = _p(0.40, 0.16, 0.36, "in", "point", flexion=4, elbow=8)
        return Form("temple", _one(start), (_one(temple, quick=0.85, hold=0.4),), score=0.7)
    start = _p(0.34, -0.34, 0.42, "up", "relaxed")
    return Form("hold_idea", _one(start), (_one(_moved(start, 0.06, 0.16, 0.12, hand="claw_grasp"), hold=0.35),),
                double=0.3, score=0.6)  # fmt: skip


def _word_search(text: str, rng: np.random.Generator) -> Form:
    form = _process(text, rng)
    strokes = tuple(replace(b, quick=0.8) for b in form.strokes[:5])
    return replace(form, name="searching", strokes=strokes, double=0.1, score=0.3)


def _greeting(text: str, rng: np.random.Generator) -> Form:
    if any(w in text.split() for w in ("thanks", "thank", "danke")):
        return replace(_self(text, rng), name="thanks", score=0.8)
    if "welcome" in text or rng.random() < 0.25:
        return Form("open_arms", _both(_p(0.36, -0.46, 0.46, "in")), (_both(_p(0.78, -0.30, 0.50, "up", "open_spread"),
                    hold=0.4),), score=0.9)  # fmt: skip
    high = _p(0.62, 0.16, 0.44, "forward", "flat_soft", flexion=-12, elbow=6)
    waves = tuple(_one(_moved(high, d, radial=r), flow=True, quick=1.1)
                  for d, r in ((0.16, -20.0), (-0.10, 16.0), (0.15, -20.0), (-0.08, 14.0), (0.05, -6.0)))  # fmt: skip
    return Form("wave", _one(high), waves, score=1.0)


def _stop(text: str, rng: np.random.Generator) -> Form:
    start = _p(0.40, -0.28, 0.36, "forward", "flat_soft", flexion=-35)
    return Form("halt", _one(start), (_one(_p(0.44, -0.06, 0.70, "forward", "flat_closed", flexion=-58), quick=1.2,
                hold=0.7),), double=0.4, score=1.0)  # fmt: skip


def _calm(text: str, rng: np.random.Generator) -> Form:
    top = _p(0.42, -0.32, 0.54, "down", "flat_soft", flexion=-14)
    low = _moved(top, 0.02, -0.16)
    return Form("pat_down", _both(top), (_both(low, quick=0.7), _both(top, flow=True, quick=0.7),
                _both(low, quick=0.7, hold=0.2)), score=0.9)  # fmt: skip


def _beckon(text: str, rng: np.random.Generator) -> Form:
    base = _p(0.46, -0.28, 0.62, "up", "flat_soft")
    curled = _moved(base, 0, 0.06, -0.10, hand="claw_grasp", flexion=25.0)
    return Form("beckon", _one(base), (_one(curled), _one(base, flow=True), _one(curled)), score=0.9)


def _quote(text: str, rng: np.random.Generator) -> Form:
    up = _p(0.44, 0.02, 0.46, "forward", "two_V", flexion=-5)
    hook = _moved(up, 0, -0.04, 0.01, hand="two_hook", flexion=12.0)
    return Form("quotes", _both(up), (_both(hook), _both(up), _both(hook)), score=1.0)


def _precision(text: str, rng: np.random.Generator) -> Form:
    start = _p(0.36, -0.16, 0.50, "in", "precision_pinch", flexion=-4)
    end = _moved(start, 0.0, -0.15, 0.08)
    return Form("pinch", _one(start), (_one(end, quick=1.2, hold=0.12), _one(_moved(start, 0, -0.05), flow=True),
                _one(end, quick=1.2, hold=0.15)), double=0.15, score=0.7)  # fmt: skip


def _affirmation(text: str, rng: np.random.Generator) -> Form:
    if rng.random() < 0.15:
        start = _p(0.42, -0.34, 0.44, "in", "loose_fist")
        return Form("thumb_up", _one(start), (_one(_moved(start, 0.02, 0.06, 0.14, hand="thumb_up"), hold=0.5),),
                    score=1.0)  # fmt: skip
    if rng.random() < 0.12:
        start = _p(0.46, -0.24, 0.48, "forward", "relaxed", flexion=-15)
        return Form("ok", _one(start), (_one(_moved(start, 0, 0.08, 0.08, hand="ring_ok"), hold=0.4),), score=1.0)
    return _offer(text, rng)


def _self_touch(text: str, rng: np.random.Generator) -> Form:
    start = _p(0.24, -0.46, 0.44, "back", "soft")
    place = (_p(0.04, -0.26, 0.43, "back", "soft", flexion=22, elbow=6),
             _p(0.00, -0.50, 0.44, "back", "soft", flexion=14))[int(rng.integers(2))]  # fmt: skip
    rub = _moved(place, 0.03, -0.03)
    return Form("self_touch", _one(start, quick=0.8), (_one(place, quick=0.7, hold=0.5), _one(rub, quick=0.5),
                _one(place, quick=0.5, hold=0.6)), score=0.2)  # fmt: skip


def _burst(text: str, rng: np.random.Generator) -> Form:
    start = _p(0.32, -0.50, 0.42, "in", "relaxed")
    up = _p(0.66, -0.06, 0.48, "forward" if rng.random() < 0.5 else "in", "open_spread", flexion=-25, shrug=7)
    return Form("burst", _both(start), (_both(up, quick=1.4, hold=0.7),), score=0.8)


FORMS: dict[str, Maker] = {
    "negation": _negation, "affirmation": _affirmation, "inclusivity": _inclusivity,
    "intensification": _intensification, "positive_evaluation": _offer, "negative_evaluation": _flick,
    "contrast": _contrast, "alternative": _alternative, "listing": _listing, "assumption": _assumption,
    "possibility": _weigh, "uncertainty": _uncertainty, "question": _question, "obligation": _chop, "self": _self,
    "addressee": _addressee, "group": _group, "deictic": _deictic, "vertical": _vertical, "container": _container,
    "size_big": _big, "size_small": _small, "distance": _distance, "past": _past, "future": _future, "now": _now,
    "process": _process, "merge_split": _merge_split, "thinking": _thinking, "word_search": _word_search,
    "greeting": _greeting, "stop_wait": _stop, "calm": _calm, "beckon": _beckon, "quote": _quote,
    "precision": _precision, "compare_weigh": _weigh, "self_touch": _self_touch, "burst": _burst, "offer": _offer,
    "chop": _chop, "flick": _flick,
}  # fmt: skip
"""How each class of cue is gestured; the last five are called by mood, not by words."""

FREE: dict[str, float] = {
    "offer": 3.0, "question": 1.0, "contrast": 1.0, "inclusivity": 0.8, "container": 1.2, "process": 0.7,
    "intensification": 1.0, "compare_weigh": 0.5, "precision": 0.6, "thinking": 0.3, "addressee": 0.6,
}  # fmt: skip
"""Metaphoric forms that need no word, with their weights: what hands do when ideas, not things, are the topic."""

_RANKS: dict[int, tuple[str, ...]] = {
    5: ("negation", "greeting", "stop_wait", "uncertainty", "quote", "calm", "beckon"),
    4: ("deictic", "self", "addressee", "group"),
    3: ("size_big", "size_small", "vertical", "container", "distance", "process", "merge_split", "past", "future",
        "now", "listing", "compare_weigh", "precision", "inclusivity", "alternative", "thinking"),
    2: ("question", "contrast", "assumption", "possibility", "obligation", "intensification", "positive_evaluation",
        "negative_evaluation", "affirmation", "word_search"),
}  # fmt: skip
PRIORITY: dict[str, int] = {kind: rank for rank, kinds in _RANKS.items() for kind in kinds}
"""Emblems before deictics before iconics and metaphorics before discourse gestures."""

READINESS: dict[str, float] = (
    dict.fromkeys(("negation", "greeting", "stop_wait", "quote", "size_big", "size_small", "vertical", "calm"), 1.5)
    | dict.fromkeys(("word_search", "affirmation", "future", "possibility", "deictic"), 0.5)
    | {
        "greeting": 2.2,
        "stop_wait": 1.8,
        "self": 0.25,
        "addressee": 0.35,
        "thinking": 0.6,
        "question": 0.8,
        "contrast": 0.7,
    }
)
"""Spatial words and emblems attract gestures; pronouns and verbs of thinking repel them (x the speaker's chance)."""
