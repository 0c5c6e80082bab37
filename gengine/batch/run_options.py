"""The options of one run, and the run itself: a recording becomes a folder of files."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gengine.core.performance import Performance
    from gengine.core.report import Report
    from gengine.runs import Progress

FORMATS = "bvh,csv,json,npz,mp4"
GLANCE = 60.0
"""Seconds from the beginning that the preview of a run shows where its formats are the default ones (judgement)."""
KEY = "key"
"""Where a manifest keeps ``RunOptions.key``."""

MANIFESTS = (".csv", ".tsv")
"""Endings of manifests: no recording has them."""


@dataclass(frozen=True)
class RunOptions:
    """What ``gengine animate`` is told of one recording; names and defaults are those of its options."""

    sound: Path
    text: str | None = None
    words: str | None = None
    speaker: str | None = None
    emotion: str = "neutral"
    intensity: float = 1.0
    seed: int = 0
    fps: float = 30.0
    face_fps: float = 60.0
    formats: str = FORMATS
    skeleton: str = "beat"
    avatar: str = "anna"
    bones: Path | None = None
    decimate: float | None = None
    option: tuple[str, ...] = ()
    portrait: Path | None = None
    renderer: str | None = None
    face: str | None = None
    body: str | None = None
    calm: float | None = None
    stance: Path | None = None
    look_at: str | None = None
    voice_reference: Path | None = None
    dials: str | None = None
    language: str | None = None
    tier: str | None = None
    track: str | None = None
    channel: str | None = None
    start: str | None = None
    end: str | None = None
    raw: str | None = None
    config: Path | None = None
    set: tuple[str, ...] = ()
    strict: bool = False


def many(sources: Iterable[Path]) -> bool:
    """Whether sources are more than the path of one recording: several, a folder, a pattern or a manifest."""
    sources = list(sources)
    first = sources[0] if sources else Path()
    return len(sources) != 1 or os.path.isdir(first) or first.suffix.lower() in MANIFESTS or is_pattern(first)


def is_pattern(path: Path) -> bool:
    """Whether a path is a pattern that no shell has spread."""
    return any(c in str(path) for c in "*?[") and not os.path.exists(path)


def make_run(
    options: RunOptions, folder: Path, progress: Progress | None = None, key: str | None = None
) -> tuple[dict[str, Any], Report]:
    """Animate a recording into ``folder``: all files and ``manifest.json``, or none.

    ``key`` goes into the manifest. Returns what was made (``out``, ``files``, ``audio_seconds``, ``elapsed_seconds``,
    ``stages``) and the run's report. Raises ``GengineError`` for what cannot be read or written.
    """
    from gengine.config import EngineConfig, load_config
    from gengine.engine import Take, checked_config, part_of
    from gengine.exporting import chosen_formats, export_folder, exporter_options
    from gengine.runs import made_of, manifest_of

    began = time.perf_counter()
    o = options
    chosen = chosen_formats(o.formats + ",portrait" * (o.portrait is not None and "portrait" not in o.formats))
    shared = {"skeleton": o.skeleton, "avatar": o.avatar, "bones": o.bones, "decimate": o.decimate}
    shared |= {} if o.portrait is None else {"photo": o.portrait}
    shared |= {} if o.renderer is None else {"renderer": o.renderer}
    # nobody who asks for no format in particular waits for the preview of an hour
    glance = {"seconds": GLANCE} if o.formats == FORMATS else {}
    settings = exporter_options(chosen, o.option, **shared, **glance)
    engine = checked_config(
        load_config(EngineConfig, o.config, list(o.set)),
        words=o.words, body_fps=o.fps, face_fps=o.face_fps, face=o.face, body=o.body, calm=o.calm,
        look_at=o.look_at,
    )  # fmt: skip
    take = Take(
        o.sound, text=o.text, emotion=o.emotion, intensity=o.intensity, speaker=o.speaker, seed=o.seed,
        language=o.language, tier=o.tier, stance=o.stance, voice_reference=o.voice_reference, dials=o.dials,
        config=engine, strict=o.strict,
        part=part_of(track=o.track, channel=o.channel, start=o.start, end=o.end, raw=o.raw),
    )  # fmt: skip

    def manifest(files: dict[str, dict[str, Any]]) -> dict[str, Any]:
        return manifest_of(take, files) | ({KEY: key} if key is not None else {})

    told = take if progress is None else _told(take, lambda done: progress(done, take.duration))
    files = export_folder(told, folder, chosen, options=settings, manifest=manifest, seconds=take.seconds,
                          reports=take.hear)  # fmt: skip
    return made_of(folder, files.values(), take.audio_seconds, began, take.seconds), take.report


def _told(stretches: Iterable[Performance], progress: Callable[[float], None]) -> Iterator[Performance]:
    """The stretches; ``progress`` hears the seconds done while they pass."""
    done = 0.0
    for stretch in stretches:
        yield stretch
        done += stretch.duration
        progress(done)
