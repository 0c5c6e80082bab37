"""The forms of meaningful gestures: where the hands go, how the palms turn, what the fingers do.

All of it is read from three tables: ``gesture_forms.csv`` holds the forms, ``gesture_choice.csv`` which form a class
of cue takes, ``gesture_classes.csv`` how much a class counts. The planner scales, shifts and varies the places; times
follow from the movement laws.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from gengine.core.constants import read_table
from gengine.networks.choreographer.parameters import PACKAGE

PALMS: dict[str, float] = {
    "in": 6.0,
    "rest": 16.0,
    "up": 92.0,
    "down": -78.0,
    "forward": -88.0,
    "back": 38.0,
    "out": -112.0,
}
"""How far a palm is turned from facing inward, degrees: positive is towards up (supination). Judgement.

With the forearm raised the same turn faces ahead (down) or back (up)."""

DRAWN = "*"
"""Palm or hand shape that is drawn when the gesture is made."""

POINT_CHANCE, POINT_PALM_IN = 0.55, 0.5
"""Chance of an index finger rather than a flat hand in pointing, and of a flat hand facing in. Judgement."""

CIRCLE_RADIUS, CIRCLE_WIDTH = (0.11, 0.16), 0.03
"""Radius (least and most) and sideways swing of a circling hand, arm lengths. Judgement."""
CIRCLE_TURNS, ANOTHER_TURN = 2, 0.4
"""Turns of a circling hand, and the chance of one more. Judgement."""
SEARCH_QUARTERS, SEARCH_PACE = 5, 0.8
"""Quarter turns that a search for a word circles, and their speed, x. Judgement."""


@dataclass(frozen=True)
class HandPose:
    """One hand at one moment.

    ``at`` is (out, up, forward) of mid-shoulder in arm lengths on the hand's own side; ``palm`` names one of ``PALMS``,
    ``shape`` a hand shape; wrist ``flexion`` and ``radial`` deviation, ``elbow`` beyond the speaker's and ``shrug`` are
    degrees.
    """

    at: tuple[float, float, float]
    palm: str = "in"
    shape: str = "relaxed"
    flexion: float = -5.0
    radial: float = -2.0
    elbow: float = 0.0
    shrug: float = 0.0
    scatter: float = 0.0
    """``at`` is drawn up to so much further out, arm lengths."""


@dataclass(frozen=True)
class Stroke:
    """One movement of a form: poses of the leading and the other hand (None: that hand does not take part)."""

    lead: HandPose | None
    other: HandPose | None = None
    flow: bool = False
    """Pass through with speed instead of stopping."""
    quick: float = 1.0
    """Speed relative to the movement law."""
    hold: float = 0.0
    """Seconds of stillness after it."""


@dataclass(frozen=True)
class GestureForm:
    """A gesture: a preparation to ``ready``, then strokes; the first stroke ends on the word's accent."""

    name: str
    ready: Stroke
    strokes: tuple[Stroke, ...]
    double: float = 0.0
    """Chance that the other hand mirrors a one-handed form, x the speaker's two-handed share."""
    side: int | None = None
    """Hand that must lead: 0 left, 1 right, None the speaker's choice."""
    score: float = 0.6
    """Semantic weight as annotators of gesture corpora give it: beats .1, deictics .2-.4, emblems to 1."""

    def changed(self, change: Callable[[HandPose], HandPose]) -> GestureForm:
        """The form with every pose changed."""

        def of(stroke: Stroke) -> Stroke:
            lead, other = (change(pose) if pose is not None else None for pose in (stroke.lead, stroke.other))
            return replace(stroke, lead=lead, other=other)

        return replace(self, ready=of(self.ready), strokes=tuple(of(stroke) for stroke in self.strokes))


def _pose(row: dict[str, str], base: HandPose | None) -> HandPose:
    """The pose of a row of the table, added to ``base`` where there is one."""
    place = [float(row[axis] or 0) for axis in ("out", "up", "ahead")]
    if base is not None:
        place = [old + step for old, step in zip(base.at, place, strict=True)]
    pose = replace(base, at=tuple(place)) if base is not None else HandPose((place[0], place[1], place[2]))
    words = {name: row[name] for name in ("palm", "shape") if row[name]}
    numbers = {n: float(row[n]) for n in ("flexion", "radial", "elbow", "shrug", "scatter") if row[n]}
    return replace(pose, **words, **numbers)  # type: ignore[arg-type]


def _read_forms() -> dict[str, GestureForm]:
    """All forms by name and variant."""
    poses: dict[tuple[str, str, str], HandPose] = {}
    strokes: dict[str, dict[str, Stroke]] = {}
    heads: dict[str, dict[str, str]] = {}
    for row in read_table(PACKAGE, "gesture_forms"):
        form, step, hand = row["form"], row["step"], row["hand"]
        base = None
        if row["from"]:
            source, _, place = row["from"].rpartition(":")
            at, _, side = place.partition(".")
            base = poses[source or form, at, side or "lead"]
        pose = _pose(row, base)
        stroke = strokes.setdefault(form, {}).get(step, Stroke(None))
        for side in ("lead", "other") if hand == "both" else (hand,):
            poses[form, step, side] = pose
            stroke = replace(stroke, **{side: pose})
        if hand != "other":
            stroke = replace(
                stroke, flow=bool(row["flow"]), quick=float(row["quick"] or 1), hold=float(row["hold"] or 0)
            )
        strokes[form][step] = stroke
        heads.setdefault(form, row)
    made = {}
    for form, (ready, *others) in ((name, steps.values()) for name, steps in strokes.items()):
        head, side = heads[form], {"": None, "left": 0, "right": 1}[heads[form]["side"]]
        name = form.partition("/")[0]
        made[form] = GestureForm(name, ready, tuple(others), float(head["double"] or 0), side, float(head["score"]))
    return made


FORMS: dict[str, GestureForm] = _read_forms()
"""Every form of the table by name and variant, as it is before chance has its say."""


# -- chance ------------------------------------------------------------------------------------------------------------


def _scattered(form: GestureForm, rng: np.random.Generator) -> GestureForm:
    def drawn(pose: HandPose) -> HandPose:
        if not pose.scatter:
            return pose
        out, up, ahead = pose.at
        return replace(pose, at=(out + pose.scatter * rng.random(), up, ahead), scatter=0.0)

    return form.changed(drawn)


def _pointed(form: GestureForm, palm: str, shape: str) -> GestureForm:
    def drawn(pose: HandPose) -> HandPose:
        return replace(
            pose, palm=palm if pose.palm == DRAWN else pose.palm, shape=shape if pose.shape == DRAWN else pose.shape
        )

    return form.changed(drawn)


def _circling(rng: np.random.Generator) -> GestureForm:
    """Two or three turns of a hand in front of the body, in quarters."""
    form = FORMS["cycle"]
    assert form.ready.lead is not None
    centre = form.ready.lead.at
    least, most = CIRCLE_RADIUS
    radius, turns = least + (most - least) * rng.random(), CIRCLE_TURNS + int(rng.random() < ANOTHER_TURN)
    circle = []
    for k in range(4 * turns + 1):
        angle = np.pi / 2 * k
        across, up, ahead = CIRCLE_WIDTH * np.sin(angle), radius * np.cos(angle), radius * np.sin(angle)
        at = (centre[0] + across, centre[1] + up, centre[2] + ahead)
        circle.append(Stroke(replace(form.ready.lead, at=at), flow=0 < k < 4 * turns))
    return replace(form, ready=circle[0], strokes=tuple(circle[1:]))


def _searching(rng: np.random.Generator) -> GestureForm:
    """The beginning of a circle, slower: the hand looks for the word."""
    circle = _circling(rng)
    strokes = tuple(replace(stroke, quick=SEARCH_PACE) for stroke in circle.strokes[:SEARCH_QUARTERS])
    return replace(FORMS["searching"], ready=circle.ready, strokes=strokes)


_CHOICES: dict[str, list[dict[str, str]]] = {}
for _row in read_table(PACKAGE, "gesture_choice"):
    _CHOICES.setdefault(_row["class"], []).append(_row)


def _choose(kind: str, text: str, rng: np.random.Generator) -> str:
    """Name and variant of the form that a cue of class ``kind`` takes."""
    words = text.split()
    heard = {"any": words, "first": words[:1], "last": words[-1:]}
    left = []
    for row in _CHOICES[kind]:
        if not row["words"]:
            left.append(row)
        elif set(row["words"].split()) & set(heard[row["where"]]):
            return row["form"]
    if left[0]["share"] == "equal":
        return left[int(rng.integers(len(left)))]["form"]
    if len(left) > 1:
        draw, below = rng.random(), 0.0
        for row in left[:-1]:
            below += float(row["share"])
            if draw < below:
                return row["form"]
    form = left[-1]["form"]
    return _choose(form[1:], text, rng) if form.startswith(">") else form


def gesture(kind: str, text: str, rng: np.random.Generator) -> GestureForm:
    """The form of a cue of class ``kind`` (see ``GESTURES``) for the lower-case words ``text`` said.

    ``rng`` belongs to the cue: the same generator makes the same form.
    """
    palm = shape = ""
    if kind == "point":  # a tag asks for it
        palm, shape = "down", "point"
    elif kind == "deictic":
        shape = "point" if rng.random() < POINT_CHANCE else "flat_soft"
        palm = "down" if shape == "point" else ("in" if rng.random() < POINT_PALM_IN else "up")
    name = _choose(kind, text, rng)
    if name == "cycle":
        return _circling(rng)
    if name == "searching":
        return _searching(rng)
    return _scattered(_pointed(FORMS[name], palm, shape), rng)


ASKED = 6
"""Priority of what a tag of the words asks for: it is never left out."""


@dataclass(frozen=True)
class GestureClass:
    """How much one class of gestures counts."""

    priority: int
    """Asked for by a tag 6, emblems 5, deictics 4, iconics and metaphorics 3, discourse gestures 2, others 1."""
    readiness: float
    """Chance that a cue is taken, x the speaker's."""
    free: float | None
    """Weight among the forms that need no word; None: needs one."""
    emotion: str
    """Name of the emotion's share that adds ``gain`` x what it has beyond ``above`` to that weight; may be empty."""
    gain: float
    above: float


GESTURES: dict[str, GestureClass] = {
    row["class"]: GestureClass(
        int(row["priority"]), float(row["readiness"]), float(row["free"]) if row["free"] else None, row["emotion"],
        float(row["gain"] or 0), float(row["above"] or 0),
    )
    for row in read_table(PACKAGE, "gesture_classes")
}  # fmt: skip
"""Every class of gestures by name."""
