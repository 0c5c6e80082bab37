"""Which morph of an unknown face is which of ARKit's 52, by name; the nearest substitutes where there are none."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gengine.core.face import ARKIT_NAMES

Recipe = dict[str, list[tuple[str, float]]]
"""ARKit name → (their name, share): the shape is the sum of theirs."""


def _key(name: str) -> str:
    """A morph's name without path, case and separators."""
    return re.sub(r"[\s_.\-]", "", re.split(r"[.:|/]", name)[-1] if _tail(name) else name).casefold()


def _tail(name: str) -> bool:
    """Whether the part after the last dot is a name, not a side such as ``.L``."""
    return len(re.split(r"[.:|/]", name)[-1]) > 2


def _spellings(name: str) -> list[str]:
    for side, letter in (("Left", "l"), ("Right", "r")):
        if name.endswith(side):
            base = name.removesuffix(side).casefold()
            return [base + side.casefold(), base + letter, side.casefold() + base]
    return [name.casefold()]


_ARKIT = {spelling: name for name in ARKIT_NAMES for spelling in _spellings(name)}

_WHOLE: dict[str, tuple[tuple[str, float], ...]] = {
    # one shape for both sides: each side takes half
    **{f"{base}".casefold(): ((f"{base}Left", 0.5), (f"{base}Right", 0.5)) for base in (
        "mouthSmile", "mouthFrown", "mouthDimple", "mouthStretch", "mouthPress", "mouthLowerDown", "mouthUpperUp",
        "browDown", "browOuterUp", "cheekSquint", "noseSneer", "eyeBlink", "eyeWide", "eyeSquint",
    )},
    "eyesclosed": (("eyeBlinkLeft", 0.5), ("eyeBlinkRight", 0.5)),
    "mouthopen": (("jawOpen", 1.0),),
    # two shapes for one
    "browinnerupleft": (("browInnerUp", 1.0),), "browinnerupright": (("browInnerUp", 1.0),),
    "browinnerupl": (("browInnerUp", 1.0),), "browinnerupr": (("browInnerUp", 1.0),),
    "cheekpuffleft": (("cheekPuff", 1.0),), "cheekpuffright": (("cheekPuff", 1.0),),
    "cheekpuffl": (("cheekPuff", 1.0),), "cheekpuffr": (("cheekPuff", 1.0),),
}  # fmt: skip

_SUBSTITUTES: dict[str, tuple[tuple[str, float], ...]] = {
    # VRM presets (1.0, 0.x and VRoid's morphs) and Meta's visemes, for faces without the ARKit shape itself
    **dict.fromkeys(("aa", "a", "fclmtha", "visemeaa", "va"), (("jawOpen", 1.0),)),
    **dict.fromkeys(("ou", "u", "fclmthu", "visemeu", "vu"), (("mouthPucker", 1.0),)),
    **dict.fromkeys(("oh", "o", "fclmtho", "visemeo", "vo"), (("mouthFunnel", 1.0),)),
    **dict.fromkeys(("ih", "i", "fclmthi", "visemei", "vi"), (("mouthStretchLeft", 0.5), ("mouthStretchRight", 0.5))),
    **dict.fromkeys(("blink", "fcleyeclose"), (("eyeBlinkLeft", 0.5), ("eyeBlinkRight", 0.5))),
    **dict.fromkeys(("blinkleft", "blinkl", "fcleyeclosel"), (("eyeBlinkLeft", 1.0),)),
    **dict.fromkeys(("blinkright", "blinkr", "fcleyecloser"), (("eyeBlinkRight", 1.0),)),
    **dict.fromkeys(("happy", "joy", "fclmthjoy"), (("mouthSmileLeft", 0.5), ("mouthSmileRight", 0.5))),
    **dict.fromkeys(("angry", "fclbrwangry"), (("browDownLeft", 0.5), ("browDownRight", 0.5))),
    **dict.fromkeys(("sad", "sorrow", "fclmthsorrow"), (("mouthFrownLeft", 0.5), ("mouthFrownRight", 0.5))),
    **dict.fromkeys(("surprised", "fclbrwsurprised"), (("browInnerUp", 1.0),)),
    "lookup": (("eyeLookUpLeft", 0.5), ("eyeLookUpRight", 0.5)),
    "lookdown": (("eyeLookDownLeft", 0.5), ("eyeLookDownRight", 0.5)),
    "lookleft": (("eyeLookOutLeft", 0.5), ("eyeLookInRight", 0.5)),
    "lookright": (("eyeLookInLeft", 0.5), ("eyeLookOutRight", 0.5)),
}


def arkit_recipe(names: Iterable[str]) -> tuple[Recipe, list[str]]:
    """How to make ARKit's shapes from a face's own, and the names that are only substituted.

    Names match in any case, with ``_L``/``_R`` or ``Left``/``Right``, behind any prefix up to a dot. What a face
    has under no such name is taken, where possible, from a shape for both sides, a VRM preset or a viseme.
    """
    direct: Recipe = {}
    names = list(dict.fromkeys(names))
    for name in names:
        arkit = _ARKIT.get(_key(name))
        if arkit is not None and arkit not in direct:
            direct[arkit] = [(name, 1.0)]
    made: Recipe = {}
    for table in (_WHOLE, _SUBSTITUTES):
        found: Recipe = {}
        for name in names:
            for arkit, share in table.get(_key(name), ()):
                if arkit not in direct and arkit not in made:
                    # two spellings of one substitute (a VRM preset and the morph behind it) must not add up
                    if table is _WHOLE or arkit not in found:
                        found.setdefault(arkit, []).append((name, share))
        made |= found
    return direct | made, sorted(made)
