"""What lies in the folder of one gengine run. Plain Python: nothing of Blender."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

SOUNDS = (".wav", ".flac", ".mp3", ".ogg", ".m4a", ".aac", ".opus", ".mp4", ".mov", ".mkv", ".webm")


class RunError(Exception):
    """The folder cannot be used; the message says what is missing and what to do."""


@dataclass
class Run:
    """The files of a run that exist, and plain-sentence ``notes`` on what was expected but is absent."""

    folder: Path
    bvh: Path | None = None
    csv: Path | None = None
    json: Path | None = None
    glb: Path | None = None
    sound: Path | None = None
    body_fps: float | None = None
    notes: list[str] = field(default_factory=list)


def find_run(path: str | Path) -> Run:
    """The run at ``path``: its folder, its manifest.json, or any file inside the folder."""
    path = Path(path)
    folder = path if path.is_dir() else path.parent
    if not str(path).strip("./\\") or not (path.is_dir() or path.is_file()):
        raise RunError(f"{path}: does not exist; choose the folder of a gengine run or its manifest.json")
    run = Run(folder)
    manifest = _manifest(folder, run.notes)
    for kind, name in (("bvh", "body.bvh"), ("csv", "face.csv"), ("json", "face.json"), ("glb", "avatar.glb")):
        if (folder / name).is_file():
            setattr(run, kind, folder / name)
    for name in manifest.get("files", {}):
        if not (folder / name).is_file():
            run.notes.append(f"{name} is named in manifest.json but is not in {folder}")
    if not (run.bvh or run.glb or run.csv or run.json):
        raise RunError(
            f"{folder}: holds no body.bvh, avatar.glb, face.csv or face.json; choose the folder that "
            "'gengine animate' wrote"
        )
    run.body_fps = _number(manifest.get("settings", {}).get("config", {}).get("body_fps"))
    run.sound = _sound(folder, manifest.get("inputs", {}).get("audio", {}), run.notes)
    return run


def _manifest(folder: Path, notes: list[str]) -> dict:
    file = folder / "manifest.json"
    if not file.is_file():
        return {}
    try:
        content = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        notes.append(f"manifest.json cannot be read ({error})")
        return {}
    return content if isinstance(content, dict) else {}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and value > 0 else None


def _sound(folder: Path, given: dict, notes: list[str]) -> Path | None:
    """The recording: as the manifest names it (relative paths are tried upwards from the folder), or one beside."""
    name, found = given.get("path"), None
    if name:
        bases = [folder, *folder.resolve().parents]
        candidates = [Path(name)] if Path(name).is_absolute() else [base / name for base in bases]
        candidates.append(folder / Path(str(name).replace("\\", "/")).name)
        candidates = [c for c in candidates if c.is_file()]
        sha = given.get("sha256")
        found = next((c for c in candidates if not sha or _digest(c) == sha), None)
        if found is None and candidates:
            notes.append(f"{candidates[0].name} was changed since the run; the sound may not fit")
            found = candidates[0]
    if found is None:
        beside = sorted(f for f in folder.iterdir() if f.suffix.lower() in SOUNDS and f.stem != "preview")
        found = next((f for f in beside if f.name == "sound.wav"), beside[0] if len(beside) == 1 else None)
    if found is None:
        notes.append(f"no sound: {name or 'sound.wav'} was not found; copy it into {folder}")
    return found


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def bvh_clock(path: Path) -> tuple[int, float]:
    """Frames and frames per second of a BVH file, from its two header lines."""
    frames, time = 0, 0.0
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            key, _, value = line.strip().partition(":")
            try:
                if key.lower() == "frames":
                    frames = int(float(value))
                elif key.lower() == "frame time":
                    time = float(value)
                    break
            except ValueError:
                break
    if frames < 1 or not time > 0:
        raise RunError(f"{path}: has no valid 'Frames:' and 'Frame Time:' lines; export it again")
    return frames, 1 / time
