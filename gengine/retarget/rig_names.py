"""Which joint of an unknown rig is which, by the words that well-known tools name joints with."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from importlib import resources

from gengine.core.skeleton import beat_skeleton
from gengine.retarget.joint_names import RIGS, joint_names

REQUIRED = (
    "Hips", "Head", "LeftArm", "LeftForeArm", "LeftHand", "RightArm", "RightForeArm", "RightHand", "LeftUpLeg",
    "LeftLeg", "LeftFoot", "RightUpLeg", "RightLeg", "RightFoot",
)  # fmt: skip
"""BEAT joints without which a rig is no humanoid."""
SPINES = {
    1: ("Spine3",), 2: ("Spine", "Spine3"), 3: ("Spine", "Spine1", "Spine3"),
    4: ("Spine", "Spine1", "Spine2", "Spine3"),
}  # fmt: skip
"""BEAT's joints that a spine of so many joints follows, from below; of longer ones the upper joints follow the last."""
_NECKS = ("Neck", "Neck1")
_SIDES = {"Left": ("left", "l", "lft", "lt", "左"), "Right": ("right", "r", "rgt", "rt", "右")}
_CENTRES = ("", "c", "m", "center", "mid")
_BELOW = tuple(
    (f"{side}{lower}", f"{side}{upper}")
    for side in _SIDES
    for lower, upper in (("ForeArm", "Arm"), ("Hand", "ForeArm"), ("Leg", "UpLeg"), ("Foot", "Leg"))
)
"""Joints that must hang below others in any arm and leg."""
_PLACES = 64
"""Prefixes and suffixes that are tried for one convention."""

Words = dict[str, tuple[str, ...]]
"""BEAT joint, or "Spine:0" … and "Neck:0" … counted from below, → the keys that name it, best first."""


def joint_key(name: str, stripped: int = 0) -> str:
    """A joint's name without namespace, case and separators.

    ``stripped`` counts the numbers that are taken from its end, as Sketchfab (``_01``) and Blender (``.001``) add.
    """
    name = unicodedata.normalize("NFKC", name)
    name = re.sub(r"^mixamorig\d*", "", name.rpartition(":")[2].rpartition("|")[2], flags=re.IGNORECASE)
    for _ in range(stripped):
        name = re.sub(r"[_.\s]\d+$", "", name)
    return re.sub(r"[\s_.\-:]", "", name).casefold()


@cache
def conventions() -> dict[str, Words]:
    """Every convention of ``data/rig_words.csv``, and the rigs whose full names are known."""
    text = resources.files("gengine.retarget").joinpath("data/rig_words.csv").read_text("utf-8")
    rows = {row.pop("joint"): row for row in csv.DictReader(text.splitlines())}
    found: dict[str, Words] = {"beat": {name: (joint_key(name),) for name in beat_skeleton().names}}
    found |= {rig: {beat: (joint_key(name),) for beat, name in joint_names(rig).items()} for rig in RIGS}
    for convention in rows["source"]:
        words: Words = {}
        for joint, row in rows.items():
            cell = row[convention]
            if joint == "source" or not cell:
                continue
            if joint in ("Spine", "Neck"):
                words |= {f"{joint}:{k}": _centre(part) for k, part in enumerate(cell.split(">"))}
            elif joint in ("Hips", "Head"):
                words[joint] = _centre(cell)
            else:
                words |= {f"{side}{joint}": _sided(cell, side) for side in _SIDES}
        found[convention] = words
    return found


def _centre(cell: str) -> tuple[str, ...]:
    return tuple(key for word in cell.split("/") for c in _CENTRES for key in dict.fromkeys((c + word, word + c)))


def _sided(cell: str, side: str) -> tuple[str, ...]:
    return tuple(key for word in cell.split("/") for s in _SIDES[side] for key in (s + word, word + s))


def recognise_names(
    names: Sequence[str],
    parents: Sequence[int],
    preferred: Collection[int] = (),
    further: Mapping[str, Words] | None = None,
) -> tuple[str, dict[str, int]]:
    """The convention's name and, for each BEAT joint found, the index of its joint; ``("", {})`` if none fits.

    Of joints whose names are alike, those in ``preferred`` (a skin's) come first. ``further`` are conventions besides
    those known here. A prefix or suffix that all names share is found by itself.
    """
    order = sorted(range(len(names)), key=lambda i: i not in preferred)
    best: tuple[tuple[int, int], str, dict[str, int]] = ((0, 0), "", {})
    for stripped in range(3):
        keys: dict[str, int] = {}
        for i in order:
            keys.setdefault(joint_key(names[i], stripped), i)
        for convention, words in (conventions() | dict(further or {})).items():
            for prefix, suffix in _surroundings(keys, words["Hips"]):
                found = {}
                for beat, spelled in words.items():
                    at = next((keys[k] for w in spelled if (k := prefix + w + suffix) in keys), None)
                    if at is not None and at not in found.values():
                        found[beat] = at
                found = _spread(found, convention)
                score = (len(found), sum(i in preferred for i in found.values()))
                if score > best[0] and is_humanoid(found, parents):
                    best = (score, convention, found)
    return best[1], best[2]


def _surroundings(keys: Mapping[str, int], hips: tuple[str, ...]) -> list[tuple[str, str]]:
    """What may stand before and behind every joint's word, by the joints that could be the hips."""
    found = {("", ""): None}
    for key in keys:
        for word in hips:
            at = key.rfind(word)
            if at >= 0:
                found[key[:at], key[at + len(word) :]] = None
    return sorted(found, key=lambda around: len(around[0]) + len(around[1]))[:_PLACES]


def _spread(found: dict[str, int], convention: str) -> dict[str, int]:
    """Spines and necks, which a convention counts from below, as BEAT's."""
    if convention == "ue5" and "Spine3" not in found and "Spine2" in found:  # Unreal 4
        found["Spine3"] = found.pop("Spine2")
    if convention == "beat" and "Spine3" not in found:  # Mixamo's names are BEAT's, but its Spine2 is our Spine3
        return {}
    spine = [found.pop(name) for k in range(6) if (name := f"Spine:{k}") in found]
    necks = [found.pop(name) for k in range(2) if (name := f"Neck:{k}") in found]
    found |= dict(zip(SPINES[min(max(len(spine), 1), 4)], spine, strict=False))
    return found | dict(zip(_NECKS, necks, strict=False))


def is_humanoid(found: Mapping[str, int], parents: Sequence[int]) -> bool:
    """Whether all of ``REQUIRED`` are there, below the hips, and each limb hangs together."""
    if any(joint not in found for joint in REQUIRED):
        return False

    def hangs(joint: int, above: int) -> bool:
        while joint >= 0 and joint != above:
            joint = int(parents[joint])
        return joint == above

    limbs = all(hangs(found[lower], found[upper]) for lower, upper in _BELOW)
    return limbs and all(hangs(found[joint], found["Hips"]) for joint in REQUIRED)
