"""A film's face becomes a performance: captured weights, head and gaze beside the film's own sound."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import gengine
from gengine.core.audio import SAMPLE_RATE, AudioClip
from gengine.core.conditions import ANALYSIS_RATE
from gengine.core.emotion import EMOTIONS, EmotionTrack
from gengine.core.performance import Performance
from gengine.core.report import Report
from gengine.core.words import WordTrack
from gengine.errors import GengineError

if TYPE_CHECKING:
    from gengine.networks.captured import CapturedFace
    from gengine.runs import Progress

LONGEST_NUMBER = 6
"""Digits that the number of a face has fewer than."""


@dataclass
class _Run:
    """What a manifest tells of a capture."""

    source: Path
    settings: dict[str, Any]
    text: None = None
    audio_seconds: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    report: Report = Report()


def capture(source: str | Path, face: int = 1, progress: Progress | None = None) -> tuple[Performance, Report]:
    """The face of a film and the film's sound as a performance without a body, and what was found and filled in.

    ``face`` counts the film's people from 1, the one that is largest over the film first. The face track has the film's
    frame rate, and begins and ends with the picture or the sound, whichever is longer. ``progress`` is called with the
    seconds done and those of the whole, None where it is unknown. Raises VisionError where the file is no film
    or shows no such face, AudioError where its sound cannot be decoded, MissingExtraError without the extra ``vision``.

    >>> performance, report = gengine.capture("clip.mp4")
    >>> performance.export("face.csv")
    """
    from gengine.inputs.audio import KEEP_RATE, load_audio
    from gengine.vision.capture import capture_face

    captured = capture_face(source, face, progress)
    track, report = captured.face, captured.report
    if captured.sound:
        audio = load_audio(source, KEEP_RATE)
    else:
        audio = AudioClip(np.zeros(round(track.duration * SAMPLE_RATE), np.float32), SAMPLE_RATE)
        report += Report(notes=(f"'{Path(source).name}' has no sound; the performance is silent.",))
    frames = max(round(audio.duration * track.fps), 1)
    if len(track) > frames:
        audio = AudioClip(np.pad(audio.samples, (0, round(len(track) / track.fps * audio.rate) - len(audio.samples))),
                          audio.rate)  # fmt: skip
    else:
        held = np.minimum(np.arange(frames), len(track) - 1)
        track = type(track)(track.weights[held], track.head[held], track.gaze[held], track.fps)
    mood = round(audio.duration * ANALYSIS_RATE)
    neutral = EmotionTrack(np.zeros((mood, len(EMOTIONS))), np.zeros((mood, 3)), ANALYSIS_RATE)
    made = {"gengine": gengine.__version__, "captured": str(source), "face": face, "report": report.as_dict()}
    return Performance(audio, WordTrack(source="heard"), neutral, face=track, provenance=made), report


def captured_face(source: Any, said: str, first: float) -> tuple[CapturedFace, Report]:
    """A network that hands out the face of a film from second ``first`` on; ``said`` is "capture" or "capture:2"."""
    from gengine.networks.captured import CapturedFace
    from gengine.vision.capture import capture_face

    number = said.partition(":")[2] or "1"
    if not isinstance(source, str | Path) or not (number.isdecimal() and len(number) < LONGEST_NUMBER):
        raise GengineError(f"face '{said:.40}': give the path of a film, and capture or capture:2")
    captured = capture_face(source, int(number))
    return CapturedFace(captured.face, first), captured.report


def capture_run(
    source: Path,
    folder: Path,
    face: int,
    formats: str,
    avatar: str,
    option: tuple[str, ...],
    strict: bool,
    progress: Progress | None = None,
) -> tuple[dict[str, Any], Report]:
    """Capture a film into ``folder``: all files and ``manifest.json``, or none; see ``batch.run_options.make_run``."""
    from gengine.exporting import chosen_formats, export_folder, exporter_options
    from gengine.runs import made_of, manifest_of

    began = time.perf_counter()
    chosen = chosen_formats(formats)
    settings = exporter_options(chosen, option, avatar=avatar)
    performance, report = capture(source, face, progress)
    run = _Run(source, {"capture": True, "face": face, "emotion": "neutral", "stance": None}, report=report,
               audio_seconds=performance.duration, seconds={"capture": time.perf_counter() - began})  # fmt: skip

    def hear(more: Report) -> None:
        run.report += more
        if strict:
            run.report.refuse_warnings()

    hear(Report())
    files = export_folder([performance], folder, chosen, options=settings, seconds=run.seconds, reports=hear,
                          manifest=lambda entries: manifest_of(run, entries))  # fmt: skip
    return made_of(folder, files.values(), performance.duration, began, run.seconds), run.report
