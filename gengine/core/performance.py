"""The waist of the hourglass: everything said, felt and moved, on one clock."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gengine.core.audio import AudioClip
from gengine.core.emotion import EmotionTrack
from gengine.core.face import FaceTrack
from gengine.core.motion import Motion
from gengine.core.resampling import joined
from gengine.core.speaker import Speaker
from gengine.core.words import WordTrack
from gengine.errors import GengineError

FORMAT_VERSION = 1
EXPORT = "gengine.exporting:export_file"
"""Who writes files. The core knows it by name only, as the registry knows the rooms: nothing here depends on it."""


@dataclass(frozen=True, eq=False)
class Performance:
    """One performance, or a stretch of one that begins ``start`` seconds into the recording.

    All tracks begin together at ``start``; the times inside ``words`` are seconds of the whole recording.
    Any of ``motion`` and ``face`` may be absent.
    """

    audio: AudioClip
    words: WordTrack
    emotion: EmotionTrack
    speaker: Speaker = field(default_factory=Speaker)
    motion: Motion | None = None
    face: FaceTrack | None = None
    provenance: dict[str, Any] = field(default_factory=dict)
    start: float = 0.0

    @property
    def duration(self) -> float:
        """Seconds of sound."""
        return self.audio.duration

    def slice(self, start: float, end: float) -> Performance:
        """The stretch [start, end) in seconds of this performance, every track cut alike."""
        if not 0 <= start <= end:
            raise GengineError(f"slice: {start}..{end} s, expected 0 <= start <= end")

        def cut(rate: float) -> slice:
            return slice(round(start * rate), round(end * rate))

        return replace(
            self,
            audio=self.audio[cut(self.audio.rate)],
            words=self.words.between(self.start + start, self.start + end),
            emotion=self.emotion[cut(self.emotion.fps)],
            motion=None if self.motion is None else self.motion[cut(self.motion.fps)],
            face=None if self.face is None else self.face[cut(self.face.fps)],
            start=self.start + start,
        )

    def resample(self, body_fps: float | None = None, face_fps: float | None = None) -> Performance:
        """The same performance with its body or face at another frame rate."""
        return replace(
            self,
            motion=self.motion.resample(body_fps) if self.motion and body_fps else self.motion,
            face=self.face.resample(face_fps) if self.face and face_fps else self.face,
        )

    @classmethod
    def join(cls, parts: Sequence[Performance]) -> Performance:
        """Neighbouring stretches in order become one; words that two stretches share appear once."""
        if not parts:
            raise GengineError("join: no stretches were given, expected at least one")
        first = parts[0]
        if len(parts) == 1:
            return first

        told = next((p.words for p in parts if p.words.words), first.words)  # a stream's language is told by its words
        words = tuple(dict.fromkeys(w for p in parts for w in p.words.words))
        phones = tuple(dict.fromkeys(p for part in parts for p in part.words.phones))
        return replace(
            first,
            audio=joined([p.audio for p in parts]),
            words=replace(told, words=words, phones=phones),
            emotion=joined([p.emotion for p in parts]),
            motion=None if first.motion is None else joined([p.motion for p in parts]),
            face=None if first.face is None else joined([p.face for p in parts]),
        )

    def save(self, path: str | Path) -> Path:
        """Write everything, bit for bit, to one ``.npz`` (arrays + one JSON text, no pickle)."""
        from gengine.core.archive import save_performance

        return save_performance(self, path)

    def export(self, path: str | Path, format: str | None = None, **options: Any) -> Path:
        """Write one file in the format that its ending names: ``performance.export("talk.bvh", skeleton="mixamo")``.

        ``.bvh`` body; ``.csv`` face for Live Link Face; ``.json`` face in BEAT's layout; ``.npz`` everything;
        ``.mp4`` preview; ``.glb``, ``.fbx`` and ``.usdz`` an avatar that performs; ``.vrma`` VRM animation.
        ``format`` names one where the ending does not tell: "avatar" (a film of an avatar), "smplx" (``.npz``),
        or an outside package's. ``options`` are those of the format's exporter. Returns ``path``; raises
        ``GengineError`` for an unknown ending, format or option, and where a track is missing or nothing can be
        written.
        """
        module, _, function = EXPORT.partition(":")
        return getattr(importlib.import_module(module), function)([self], path, format, options)

    @classmethod
    def load(cls, path: str | Path) -> Performance:
        """Read what ``save`` wrote; a damaged or foreign file is a ``FormatError``."""
        from gengine.core.archive import load_performance

        return load_performance(path)
