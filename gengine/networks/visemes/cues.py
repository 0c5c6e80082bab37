"""What words do to head, brows and eyes: one row per class of the cue lexicon (NVBG's rules, gesture.md 3)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FaceCue:
    """``head`` move and its ``size`` in degrees, shown with ``chance``; ``brow`` +1 raises, -1 frowns.

    ``head`` is one of nod, nods, shake, sweep, tilt, sway (tilt to alternating sides), up, back or "".
    ``gaze`` looks away ("up") while the cue lasts.
    """

    head: str = ""
    size: float = 0.0
    chance: float = 0.6
    brow: float = 0.0
    gaze: str = ""


FACE_CUES: dict[str, FaceCue] = {
    "negation": FaceCue("shake", 5.0, 0.7),
    "affirmation": FaceCue("nod", 7.0, 0.85, 1.0),
    "inclusivity": FaceCue("sweep", 7.0, 0.4),
    "intensification": FaceCue("nod", 4.5, 0.5, -1.0),
    "positive_evaluation": FaceCue("nod", 4.0, 0.5, 1.0),
    "negative_evaluation": FaceCue("shake", 3.5, 0.5, -0.7),
    "contrast": FaceCue("tilt", 7.0, 0.6, 1.0),
    "alternative": FaceCue("sway", 6.0, 0.5),
    "listing": FaceCue("sway", 5.0, 0.3),
    "assumption": FaceCue("nods", 3.0, 0.5, -0.6),
    "possibility": FaceCue("nods", 2.5, 0.4, 0.7),
    "uncertainty": FaceCue("tilt", 8.0, 0.7, 1.0),
    "question": FaceCue("up", 2.5, 0.6, 1.0),
    "obligation": FaceCue("nod", 4.5, 0.6, -1.0),
    "self": FaceCue("nod", 2.5, 0.25),
    "addressee": FaceCue("nod", 3.0, 0.3),
    "group": FaceCue("sweep", 5.0, 0.35),
    "deictic": FaceCue("nod", 2.5, 0.25),
    "vertical": FaceCue("up", 2.5, 0.3),
    "size_big": FaceCue("", 0.0, 0.5, 1.0),
    "size_small": FaceCue("", 0.0, 0.5, -0.5),
    "past": FaceCue("back", 4.0, 0.4),
    "future": FaceCue("up", 2.5, 0.4),
    "now": FaceCue("nod", 4.0, 0.5),
    "thinking": FaceCue("tilt", 6.0, 0.5, 0.0, "up"),
    "word_search": FaceCue("tilt", 6.0, 0.6, 0.7, "up"),
    "greeting": FaceCue("nod", 6.5, 0.85, 1.0),
    "stop_wait": FaceCue("up", 3.0, 0.5),
    "calm": FaceCue("nod", 3.5, 0.5),
    "beckon": FaceCue("nod", 4.0, 0.5),
    "quote": FaceCue("tilt", 6.0, 0.5),
    "precision": FaceCue("nod", 4.0, 0.5),
    "compare_weigh": FaceCue("sway", 6.5, 0.5),
    "clause_default": FaceCue("nod", 2.5, 0.25),
}
"""Classes without a row move nothing in the face."""
