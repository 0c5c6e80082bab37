"""FACEGOOD's Audio2Face takes as faces over sound: human-made mouth curves at 30 fps (MIT, its training part)."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from gengine.core.bounds import border, read_json
from gengine.core.face import ARKIT_INDEX, ARKIT_NAMES, FaceTrack
from gengine.errors import GengineError

FPS = 30.0
MAP, NAMES = "arkit_map.csv", "names.json"
_HINT = "restore the corpus"


def takes(folder: Path) -> list[Path]:
    """The ``.npz`` of every take of a folder that has sound beside it."""
    found = sorted(p for p in folder.glob("*.npz") if p.with_suffix(".flac").is_file())
    if not found or not (folder / MAP).is_file():
        raise GengineError(f"{folder}: holds no FACEGOOD take (.npz with .flac beside it, {MAP}, {NAMES})")
    return found


def read_face(path: Path) -> FaceTrack:
    """A take's mouth as ARKit weights; what its makers call invalid stays 0, and so do head and gaze."""
    names = read_json(path.parent / NAMES, _HINT)
    with border(path, _HINT), np.load(path, allow_pickle=False) as file:
        made = np.asarray(file["weights"], float)
    weights = np.zeros((len(made), len(ARKIT_NAMES)))
    with border(path.parent / MAP, _HINT), (path.parent / MAP).open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["status"] == "valid":
                columns = row["facegood"].removeprefix("max(").removesuffix(")").split(",")
                weights[:, ARKIT_INDEX[row["arkit"]]] = made[:, [names.index(c) for c in columns]].max(1)
    head = np.zeros((len(made), 4))
    head[:, 0] = 1
    return FaceTrack(np.clip(weights, 0, 1), head, np.zeros((len(made), 2)), FPS)
