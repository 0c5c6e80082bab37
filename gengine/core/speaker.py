"""Who speaks: a name that gives stable style traits."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from gengine.core.noise import generator
from gengine.core.twins import no_twin
from gengine.errors import GengineError

BEAT_SPEAKERS: tuple[str, ...] = (
    "wayne", "scott", "solomon", "lawrence", "stewart", "carla", "sophie", "catherine", "miranda", "kieks",
    "nidal", "zhao", "lu", "zhang", "carlos", "jorge", "itoi", "daiki", "jaime", "li",
    "ayana", "luqi", "hailing", "kexin", "goto", "reamey", "yingqing", "tiffnay", "hanieh", "katya",
)  # fmt: skip
"""BEAT's speakers; the id of a name is its place here, counted from 1."""


@dataclass(frozen=True)
class Traits:
    """Style of one speaker. Every value is a multiplier around 1 or a share in [0, 1], as said.

    The three reference styles (``STYLES``) span the real clips of gesture.md: a seated storyteller [S], a
    lively conversational speaker [B] and an orator [Z].
    """

    energy: float = 0.6
    """Share 0-1 from calm storyteller (mostly at rest) to orator: drives how much of the time hands move."""
    rate: float = 1.0
    """Movement units per second, x."""
    amplitude: float = 1.0
    """Size of movements, x."""
    tempo: float = 1.0
    """Speed of movements at one size, x."""
    hold: float = 0.3
    """Share 0-1 from flowing (no holds) to pose-to-pose (strokes, then holds)."""
    height: float = 0.0
    """Where the hands gesture, in arm lengths added to the height (about ±0.2)."""
    swivel: float = 0.0
    """Elbow swing outward from its usual place, radians (about ±0.25)."""
    handedness: float = 0.6
    """Share of one-handed gestures made with the right hand."""
    two_handed: float = 0.8
    """Share of strokes in which both hands take part."""
    palm_up: float = 0.3
    """Share of gestures with palms turned up rather than inward."""
    head: float = 1.0
    """Size of head movements, x."""
    sway: float = 1.0
    """Size of weight shifts and trunk movements, x."""
    brow: float = 1.0
    """How readily brows follow accents, x."""
    blink: float = 1.0
    """Blink rate, x."""
    gaze: float = 0.8
    """Share of the time the eyes rest on the listener."""
    articulation: float = 1.0
    """Size of lip and jaw movements, x (about 0.85-1.15)."""
    smile: float = 0.5
    """One-sided habit of the mouth: 0 leads with the right corner, 1 with the left."""

    __deepcopy__ = no_twin


STYLES: dict[str, Traits] = {
    "storyteller": Traits(energy=0.2, rate=0.8, amplitude=0.85, tempo=0.75, hold=0.7, height=-0.1, head=0.85, sway=0.6),
    "conversational": Traits(energy=0.6),
    "orator": Traits(energy=1.0, rate=1.0, amplitude=1.15, tempo=1.25, hold=0.65, height=0.12, swivel=0.35,
                     two_handed=0.68, palm_up=0.4, head=1.5, sway=1.3),
}  # fmt: skip
"""Named styles, usable as speakers: ``--speaker orator``."""


CALMING = {"energy": 0.8, "rate": 0.4, "amplitude": 0.75, "tempo": 0.45, "head": 0.65, "sway": 0.8, "brow": 0.4}
"""What full calm takes of each trait (judgement: then hands mostly rest and the body hardly stirs). Energy goes last:
a less lively style of talking is another style, not a calmer one."""


@dataclass(frozen=True)
class Speaker:
    """A named speaker and the traits that belong to the name, the same on every machine."""

    name: str = "conversational"
    traits: Traits = Traits()

    __deepcopy__ = no_twin

    @property
    def beat_id(self) -> int | None:
        """BEAT's speaker number 1-30, or None for anyone else."""
        return BEAT_SPEAKERS.index(self.name) + 1 if self.name in BEAT_SPEAKERS else None

    def calmed(self, share: float) -> Speaker:
        """The same speaker, who moves the less the nearer ``share`` is to 1; lips and blinks stay as they are."""
        if not share:
            return self
        taken = {name: most * (share**2 if name == "energy" else share) for name, most in CALMING.items()}
        changes = {name: getattr(self.traits, name) * (1 - part) for name, part in taken.items()}
        return replace(self, traits=replace(self.traits, **changes))

    @classmethod
    def named(cls, name: str | int | None = None) -> Speaker:
        """A style name, one of BEAT's 30 names or numbers, or any other name or number.

        None is the conversational style. Unknown names draw their traits from a distribution around the
        three reference styles, keyed by the name alone.
        """
        if name is None:
            return cls()
        text = str(name).strip().lower()
        if not text:
            raise GengineError("speaker: empty name; give a style, a BEAT speaker, or any name or number")
        if text.isdecimal() and len(text) < 9 and 1 <= int(text) <= len(BEAT_SPEAKERS):
            text = BEAT_SPEAKERS[int(text) - 1]
        return cls(text, STYLES[text] if text in STYLES else _sample(text))


def _sample(name: str) -> Traits:
    rng = generator("speaker", name)
    energy = float(np.clip(rng.beta(2.2, 1.8), 0.05, 1.0))
    anchors = [STYLES["storyteller"], STYLES["conversational"], STYLES["orator"]]
    spread = {
        "rate": 0.12, "amplitude": 0.12, "tempo": 0.1, "hold": 0.15, "height": 0.07, "swivel": 0.12,
        "handedness": 0.12, "two_handed": 0.06, "palm_up": 0.12, "head": 0.15, "sway": 0.2, "brow": 0.25,
        "blink": 0.2, "gaze": 0.08, "articulation": 0.06, "smile": 0.2,
    }  # fmt: skip
    shares = {"hold", "handedness", "two_handed", "palm_up", "gaze", "smile"}
    values: dict[str, float] = {"energy": energy}
    for field in fields(Traits):
        if field.name == "energy":
            continue
        base = float(np.interp(energy, [a.energy for a in anchors], [getattr(a, field.name) for a in anchors]))
        value = base + spread[field.name] * float(np.clip(rng.standard_normal(), -2, 2))
        values[field.name] = float(np.clip(value, 0.02, 0.98)) if field.name in shares else value
    return Traits(**values)
