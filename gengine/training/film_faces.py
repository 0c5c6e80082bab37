"""Films of a corpus as captured faces that the audio-to-motion network learns from, with the emotion their names tell.

A folder of films is read once: each film's face is captured and kept, sound beside it, as a performance (.npz) of the
film's name. Needs the extra ``vision``.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

from gengine.core.conditions import ANALYSIS_RATE
from gengine.core.emotion import EmotionTrack
from gengine.core.performance import Performance
from gengine.core.words import WordTrack
from gengine.emotion import parse_emotion
from gengine.errors import GengineError
from gengine.inputs.audio import load_audio

log = logging.getLogger(__name__)

FILMS = (".mp4", ".mkv", ".mov", ".avi", ".webm", ".flv", ".mpg")
"""Endings of films."""


class FilmNames(BaseModel):
    """How the names of a corpus's films tell emotions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pattern: str
    """Regular expression with a group ``emotion`` and, where names tell it, one ``strength``."""
    emotions: dict[str, str]
    """What a name says → an emotion as ``--emotion`` takes it."""
    strengths: dict[str, float] = Field(default={})
    """What a name says → strength, 0 to 1; else 1."""

    @field_validator("pattern")
    @classmethod
    def _an_expression(cls, said: str) -> str:
        try:
            if "emotion" not in re.compile(said).groupindex:
                raise ValueError("has no group (?P<emotion>…)")
        except re.error as error:
            raise ValueError(f"is no regular expression ({error})") from None
        return said

    def emotion_of(self, name: str) -> Any:
        """The plan of a film's emotion. Raises ``GengineError`` for a name that does not tell one."""
        found = re.search(self.pattern, name)
        said = found["emotion"] if found else None
        if found is None or said not in self.emotions:
            raise GengineError(
                f"film {name}: its name tells no emotion; "
                f"expected {self.pattern} with one of {', '.join(self.emotions)}"
            )
        strength = self.strengths.get(found.groupdict().get("strength") or "", 1)
        return parse_emotion(self.emotions[said], strength)


def films(folder: Path) -> list[Path]:
    """The films below a folder, by name."""
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in FILMS)


def capture_film(path: Path, words: WordTrack, names: FilmNames | None = None) -> tuple[Performance, float]:
    """The face of a film with its sound, known ``words`` and the emotion that ``names`` read, and how far the points
    seen lie from those fitted, in shares of the eyes' distance. Raises ``GengineError`` where there is no face."""
    from gengine.vision.capture import capture_face  # vision needs torch

    plan = names.emotion_of(path.stem) if names else parse_emotion("neutral")
    captured = capture_face(path)
    sound = load_audio(path)
    times = np.arange(int(sound.duration * ANALYSIS_RATE) + 1) / ANALYSIS_RATE
    weights, vad, _ = plan(times)
    emotion = EmotionTrack(weights, vad, ANALYSIS_RATE)
    return Performance(sound, words, emotion, face=captured.face), captured.fitted.error


def captured_films(folder: Path, out: Path, names: FilmNames | None = None) -> Path:
    """``out`` with a performance of every film of ``folder`` whose face can be read; what is there is kept."""
    out.mkdir(parents=True, exist_ok=True)
    for path in films(folder):
        if (out / f"{path.stem}.npz").is_file():
            continue
        try:
            performance, error = capture_film(path, WordTrack(), names)
        except GengineError as reason:
            log.warning("%s: left out: %s", path.stem, reason)
            continue
        performance.save(out / f"{path.stem}.npz")
        log.info("%s: captured, %.2f %% off the model", path.stem, 100 * error)
    return out
