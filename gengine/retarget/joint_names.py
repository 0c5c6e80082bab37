"""What the joints of common humanoid rigs are called."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources

from gengine.errors import unknown

RIGS: tuple[str, ...] = ("mixamo", "readyplayerme", "vrm", "vrm0", "unity", "godot", "ue5", "smplx")
"""Rigs whose joint names are known: the columns of ``data/humanoid_joints.csv`` behind BEAT's own names.

``vrm`` is VRM 1.0; VRM 0.x and Unity shift the thumb's names by one. ``ue5`` is Unreal's mannequin (Manny, Quinn).
Mixamo's names begin with ``mixamorig:``, whose colon three.js cannot address in a clip; ``readyplayerme`` has the
same names without it.
"""

ALIASES: dict[str, str] = {"vrm1": "vrm", "ue5_mannequin": "ue5"}
"""Other words for them that people use."""


@cache
def joint_names(rig: str) -> dict[str, str]:
    """BEAT joint → joint of ``rig``, parents before children, for every joint that has a partner.

    A rig that is not one of ``RIGS`` or ``ALIASES`` (in any case) is a ``GengineError``.
    """
    rig = ALIASES.get(rig.lower(), rig.lower())
    if rig not in RIGS:
        raise unknown("skeleton", rig, ("beat", *RIGS))
    text = resources.files("gengine.retarget").joinpath("data/humanoid_joints.csv").read_text("utf-8")
    return {row["beat"]: row[rig] for row in csv.DictReader(text.splitlines()) if row[rig]}
