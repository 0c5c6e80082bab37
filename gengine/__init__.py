"""gengine: speech in, a whole performance out, driven by one emotion timeline.

>>> performance = gengine.animate("speech.wav", emotion="happy")
>>> performance.save("speech.npz")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from gengine.config import EngineConfig
    from gengine.core.audio import AudioClip
    from gengine.core.emotion import EmotionTrack
    from gengine.core.performance import Performance
    from gengine.core.speaker import Speaker
    from gengine.core.words import WordTrack
    from gengine.engine import animate, load
    from gengine.errors import GengineError
    from gengine.session import Session

_HOMES = {
    "animate": "gengine.engine",
    "load": "gengine.engine",
    "Session": "gengine.session",
    "AudioClip": "gengine.core.audio",
    "EmotionTrack": "gengine.core.emotion",
    "EngineConfig": "gengine.config",
    "GengineError": "gengine.errors",
    "Performance": "gengine.core.performance",
    "Speaker": "gengine.core.speaker",
    "WordTrack": "gengine.core.words",
}

__all__ = ["EngineConfig", "GengineError", "AudioClip", "EmotionTrack", "Performance", "Session", "Speaker",
           "WordTrack", "animate", "load"]  # fmt: skip


def __getattr__(name: str) -> object:
    """Public names are imported when first used, so that ``import gengine`` and ``--help`` are instant."""
    if name in _HOMES:
        import importlib

        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'gengine' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
