"""Films of people who talk, in the layouts in which they are published: any folder of clips, and what MEAD, CREMA-D
and RAVDESS say of emotion in their names (HDTF's cut clips are a plain folder)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from gengine.errors import GengineError

ENDINGS = (".mkv", ".mp4", ".mpg", ".mov", ".avi", ".flv", ".webm")

RAVDESS = {"01": "neutral", "02": "neutral", "03": "happiness", "04": "sadness", "05": "anger", "06": "fear",
           "07": "disgust", "08": "surprise"}  # fmt: skip
"""Livingstone & Russo 2018: third field of a name; calm (02) is neutral here. Fourth field: 01 normal, 02 strong."""
CREMA_D = {"NEU": "neutral", "HAP": "happiness", "SAD": "sadness", "ANG": "anger", "FEA": "fear", "DIS": "disgust"}
"""Cao et al. 2014: third field of a name; fourth: LO, MD, HI, XX (unsaid)."""
MEAD = {"neutral": "neutral", "happy": "happiness", "sad": "sadness", "angry": "anger", "fear": "fear",
        "disgusted": "disgust", "surprised": "surprise", "contempt": "contempt"}  # fmt: skip
"""Wang et al. 2020: folders <person>/video/<view>/<emotion>/level_<1 to 3>/."""
STRENGTHS = {"LO": 1 / 3, "MD": 2 / 3, "HI": 1.0, "XX": 2 / 3, "01": 2 / 3, "02": 1.0, "1": 1 / 3, "2": 2 / 3, "3": 1.0}
FRONT = "front"
"""The view of MEAD that is read."""


@dataclass(frozen=True)
class FilmedClip:
    """A film of one person: ``name`` is unique in its corpus, ``emotion`` and its ``strength`` in 0..1 are those it was
    acted with, neutral where nothing is told."""

    name: str
    path: Path
    person: str
    emotion: str = "neutral"
    strength: float = 1.0


def filmed_clips(folder: Path) -> list[FilmedClip]:
    """All films under a folder, by name. Raises ``GengineError`` where there is none."""
    found = sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in ENDINGS)
    clips = [clip for path in found if (clip := _clip(path, Path(folder))) is not None]
    if not clips:
        raise GengineError(f"{folder}: holds no film ({', '.join(ENDINGS)}); give a folder of clips")
    return clips


def _clip(path: Path, folder: Path) -> FilmedClip | None:
    place = path.relative_to(folder)
    name = "_".join(place.with_suffix("").parts)
    if re.fullmatch(r"\d\d(-\d\d){6}", path.stem):  # modality-channel-emotion-intensity-statement-repetition-actor
        fields = path.stem.split("-")
        if fields[0] == "03" or fields[1] == "02":  # sound alone; songs
            return None
        return FilmedClip(name, path, f"actor {fields[6]}", RAVDESS.get(fields[2], "neutral"), STRENGTHS[fields[3]])
    if crema := re.fullmatch(r"(\d{4})_[A-Z]{3}_([A-Z]{3})_([A-Z]{2})", path.stem):
        person, emotion, strength = crema.groups()
        return FilmedClip(name, path, person, CREMA_D.get(emotion, "neutral"), STRENGTHS.get(strength, 1.0))
    if "video" in place.parts and (level := re.fullmatch(r"level_([123])", path.parent.name)):
        parts = place.parts[place.parts.index("video") :]
        if len(parts) > 2 and parts[1] != FRONT:
            return None
        person = place.parts[place.parts.index("video") - 1] if place.parts[0] != "video" else folder.name
        return FilmedClip(name, path, person, MEAD.get(path.parent.parent.name, "neutral"), STRENGTHS[level[1]])
    return FilmedClip(name, path, place.parts[0] if len(place.parts) > 1 else folder.name)
