"""Metrics of motion, each a plain function of arrays: ``gengine.metrics.srgr(ours, theirs, semantic)``.

``l1_diversity``, ``coverage``, ``density``, ``beat_alignment``, ``motion_beats``, ``random_beats``,
``frechet_distance``, ``ldlj``, ``srgr`` and ``srgr_beat`` need arrays alone. ``coupling`` (strokes on accents),
``foot_sliding`` and ``penetration`` take a ``Body``, which is a ``Motion`` read for measuring; ``FgdEncoder`` turns
motion into the features of FGD. Outside packages add a ``ClipMetric``, which measures a ``Clip``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gengine.metrics.alignment import beat_alignment, motion_beats, random_beats
from gengine.metrics.diversity import coverage, density, l1_diversity
from gengine.metrics.frechet import frechet_distance
from gengine.metrics.smoothness import ldlj
from gengine.metrics.srgr import srgr, srgr_beat  # the function takes the name of its module

if TYPE_CHECKING:
    from gengine.metrics.clip_metric import ClipMetric
    from gengine.metrics.evaluate import Clip
    from gengine.metrics.fgd import FgdEncoder
    from gengine.metrics.limbs import Body
    from gengine.metrics.safety import foot_sliding, penetration
    from gengine.metrics.speech_coupling import coupling

__all__ = [
    "Body", "Clip", "ClipMetric", "FgdEncoder", "beat_alignment", "coupling", "coverage", "density", "foot_sliding",
    "frechet_distance", "l1_diversity", "ldlj", "motion_beats", "penetration", "random_beats", "srgr", "srgr_beat",
]  # fmt: skip

_HOME = {
    "Body": "limbs",
    "Clip": "evaluate",
    "ClipMetric": "clip_metric",
    "FgdEncoder": "fgd",
    "coupling": "speech_coupling",
    "foot_sliding": "safety",
    "penetration": "safety",
}


def __getattr__(name: str) -> object:
    """What needs more than arrays is imported when first used."""
    if name in _HOME:
        import importlib

        return getattr(importlib.import_module(f"gengine.metrics.{_HOME[name]}"), name)
    raise AttributeError(f"module 'gengine.metrics' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
