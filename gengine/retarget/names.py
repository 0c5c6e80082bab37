"""What the joints of common humanoid rigs are called."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources

from gengine.errors import GengineError

RIGS: tuple[str, ...] = ("mixamo", "readyplayerme", "vrm", "vrm0", "unity", "godot", "ue5", "smplx")
"""Rigs whose joint names are known. ``vrm`` is VRM 1.0; VRM 0.x and Unity shift the thumb's names by one.

Mixamo's names begin with ``mixamorig:``, whose colon three.js cannot address in a clip; ``readyplayerme`` has the
same names without it.
"""


@cache
def joint_names(rig: str) -> dict[str, str]:
    """BEAT joint → joint of ``rig``, parents before children, for every joint that has a partner."""
    rig = rig.lower()
    if rig not in RIGS:
        raise GengineError(f"skeleton '{rig}' is unknown; choose from beat, {', '.join(RIGS)}")
    text = resources.files("gengine.retarget").joinpath("data/humanoid_joints.csv").read_text("utf-8")
    return {row["beat"]: row[rig] for row in csv.DictReader(text.splitlines()) if row[rig]}
