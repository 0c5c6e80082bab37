"""gengine: speech in, a whole performance out, driven by one emotion timeline.

>>> performance = gengine.animate("speech.wav", emotion="happy")
>>> performance.export("speech.bvh")
>>> performance.save("speech.npz")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from gengine import metrics
    from gengine.capturing import capture
    from gengine.config import EngineConfig
    from gengine.conversing import converse
    from gengine.core.audio import AudioClip
    from gengine.core.emotion import EmotionTrack
    from gengine.core.exporter import Exporter
    from gengine.core.face import FaceTrack
    from gengine.core.motion import Motion
    from gengine.core.performance import Performance
    from gengine.core.speaker import Speaker
    from gengine.core.words import Phone, Word, WordTrack
    from gengine.emotion.plan import EmotionPlan
    from gengine.engine import animate
    from gengine.errors import (
        AudioError,
        EmotionError,
        FormatError,
        GengineError,
        MissingExtraError,
        TextError,
    )
    from gengine.exporting import export
    from gengine.runs import load
    from gengine.session import Session
    from gengine.showing import portrait, render

__all__ = [
    "AudioClip", "AudioError", "EmotionError", "EmotionPlan", "EmotionTrack", "EngineConfig", "Exporter", "FaceTrack",
    "FormatError", "GengineError", "MissingExtraError", "Motion", "Performance", "Phone", "Session", "Speaker",
    "TextError", "Word", "WordTrack", "animate", "capture", "converse", "export", "load", "metrics", "portrait",
    "render",
]  # fmt: skip

_HOMES = {
    "gengine.capturing": ["capture"],
    "gengine.config": ["EngineConfig"],
    "gengine.conversing": ["converse"],
    "gengine.core.audio": ["AudioClip"],
    "gengine.core.emotion": ["EmotionTrack"],
    "gengine.core.exporter": ["Exporter"],
    "gengine.core.face": ["FaceTrack"],
    "gengine.core.motion": ["Motion"],
    "gengine.core.performance": ["Performance"],
    "gengine.core.speaker": ["Speaker"],
    "gengine.core.words": ["Phone", "Word", "WordTrack"],
    "gengine.emotion.plan": ["EmotionPlan"],
    "gengine.engine": ["animate"],
    "gengine.errors": [
        "AudioError", "EmotionError", "FormatError", "GengineError", "MissingExtraError", "TextError",
    ],
    "gengine.exporting": ["export"],
    "gengine.runs": ["load"],
    "gengine.session": ["Session"],
    "gengine.showing": ["portrait", "render"],
}  # fmt: skip
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Public names are imported when first used, so that ``import gengine`` and ``--help`` are instant."""
    import importlib

    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    if name == "metrics":
        return importlib.import_module("gengine.metrics")
    raise AttributeError(f"module 'gengine' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
