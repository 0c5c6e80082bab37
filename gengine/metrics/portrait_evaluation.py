"""Evaluates the portrait's renderers by self-reenactment: one frame of a film is the photo, the rest is to be made
from the film's own landmarks, or from its sound alone, and is held against what was filmed."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core.emotion import EMOTIONS, EmotionTrack
from gengine.core.performance import Performance
from gengine.core.rotation import IDENTITY
from gengine.core.words import WordTrack
from gengine.data.films import FilmedClip, filmed_clips
from gengine.errors import GengineError, MissingExtraError
from gengine.hearing import hear_recording
from gengine.metrics.controls import FLOOR, SYSTEM, TRUTH, Column, Table
from gengine.metrics.evaluate import Row
from gengine.metrics.evaluation import Progress, label, spread
from gengine.metrics.portrait_films import FilmPair, measured
from gengine.network_run import run_network
from gengine.registry import build

NAME = "portrait"
"""What stands for the network on the command line."""
RENDERERS = ("warp", "regressor", "diffusion")
FACES = {"visemes": " by sound", "a2m": " by sound, a2m"}
"""Who moves the face by sound, and what ends the names of those columns; the others follow the film's landmarks."""
STRETCH = (15, 45)
"""Frames of each clip that are made, one after the other (judgement: speech is under way in GRID's)."""
ASKED = 5
"""One of so many frames is asked whose face it is."""


@dataclass(frozen=True, eq=False)
class _Column:
    kind: str
    about: str
    pairs: list[FilmPair]


def evaluate_portraits(
    data: str | Path,
    *,
    renderers: Sequence[str] = RENDERERS,
    only: Sequence[str] = (),
    limit: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Table:
    """The table of ``renderers`` on films of people who talk (``gengine.data.films``); ``only`` are patterns of names.

    Raises ``GengineError`` where no clip can be used, ``MissingExtraError`` without the extras ``vision`` and
    ``portrait``.
    """
    try:
        import cv2  # noqa: F401
        import numba  # noqa: F401
        import torch  # noqa: F401
    except ImportError:
        raise MissingExtraError("evaluating portraits", "portrait") from None
    from gengine.vision.identity import Identity

    clips = {c.name: c for c in filmed_clips(Path(data))}
    chosen = [n for n in clips if not only or any(fnmatch.fnmatch(n, p) for p in only)]
    if not chosen:
        raise GengineError(f"{data}: no film is called {', '.join(only)}; it has {', '.join(list(clips)[:5])} …")
    identity = Identity()
    columns = {label(name) + end: _Column(SYSTEM, "", []) for end in ("", *FACES.values()) for name in renderers}
    columns |= {
        "truth": _Column(TRUTH, "the film itself", []),
        "still": _Column(FLOOR, "the photo, held", []),
    }
    skipped = []
    names = spread(sorted(chosen), limit)
    for done, name in enumerate(names, 1):
        if progress is not None:
            progress(done, len(names), name)
        try:
            made = _clip(clips[name], renderers, identity, seed)
        except GengineError as error:
            skipped.append(f"{name}: {error}")
            continue
        for key, pair in made.items():
            columns[key].pairs.append(pair)
    if not columns["truth"].pairs:
        raise GengineError(f"{data}: none of {len(names)} films could be used; {skipped[0]}")
    about = {
        "clips": len(columns["truth"].pairs), "skipped": len(skipped), "data": Path(data).name,
        "frames": f"{STRETCH[0]} to {STRETCH[1]} of each", "only": ", ".join(only) or "all",
        "faces by sound": ", ".join(FACES), "identity": identity.sha256[:12],
    }  # fmt: skip
    return Table([Column(k, c.kind, c.about, rows(c.pairs, identity.sha256)) for k, c in columns.items()], about)


def rows(pairs: Sequence[FilmPair], judge: str = "") -> dict[str, Row]:
    """Rows by name."""
    from gengine.portraits import points

    found = measured(pairs, points.LIPS + points.MOUTH, points.ANCHOR, points.OUTER_EYES)
    judged = {"identity", "frechet_identity", "mouth_looks"}
    return {k: Row(k, value, n, of, judge if k in judged else "") for k, (value, n, of) in found.items()}


def _clip(clip: FilmedClip, renderers: Sequence[str], identity: Any, seed: int) -> dict[str, FilmPair]:
    """One clip in every column."""
    from gengine.portraits.crop import MouthCrop
    from gengine.portraits.followed import follow
    from gengine.portraits.renderers import Painting, mouth_renderer
    from gengine.portraits.warp import PortraitWarp

    film = follow(clip.path)
    if film.sound is None or len(film.frames) < STRETCH[1]:
        raise GengineError(f"it has no sound, or fewer than {STRETCH[1]} frames")
    warp = PortraitWarp(film.photo)
    crop = MouthCrop(warp.source)
    at = range(*STRETCH)
    fps = 1 / float(np.median(np.diff(film.times)))
    seconds = int(film.sound.duration) + 2
    neutral = EmotionTrack(np.zeros((seconds, len(EMOTIONS))), np.zeros((seconds, 3)), 1.0)
    conditions = hear_recording(Performance(film.sound, WordTrack(), neutral))
    places = [crop.place(film.landmarks[t, : len(warp.source), :2]) for t in at]
    real = np.stack([crop.cut(film.frames[t], place) for t, place in zip(at, places, strict=True)])
    inner = np.stack([crop.masks(film.landmarks[t, :, :2], p)[..., 0] for t, p in zip(at, places, strict=True)])
    loud = conditions.curve("level", film.times[list(at)])
    seen = film.landmarks[list(at), :, :2]
    photo = identity.of(film.photo.rgb, film.photo.landmarks)

    def faces(frames: Sequence[NDArray], landmarks: NDArray) -> NDArray:
        kept = [k for k in range(0, len(frames), ASKED) if np.isfinite(landmarks[k]).all()]
        return np.stack([identity.of(frames[k], landmarks[k]) for k in kept]) if kept else np.zeros((0, 128))

    true_faces = faces([film.frames[t] for t in at], seen)

    def pair(frames: list[NDArray], crops: NDArray, landmarks: NDArray) -> FilmPair:
        own = faces(frames, landmarks)
        return FilmPair(
            clip.name,
            fps,
            crops,
            real,
            inner,
            landmarks,
            seen,
            own,
            true_faces,
            photo,
            loud,
            identity.looks(crops, real),
        )

    made: dict[str, FilmPair] = {}
    poses = {
        "": [warp.follow(film.landmarks[t], film.fitted.weights[t]) for t in at],
    }
    for face, end in FACES.items():
        parts = list(run_network(build("face network", face), conditions, seed))
        weights = np.concatenate([p.weights for p in parts])
        rows = np.minimum(np.rint(film.times[list(at)] * parts[0].fps).astype(int), len(weights) - 1)
        poses[end] = [warp.pose(weights[row], IDENTITY, np.zeros(2)) for row in rows]
    for end, row in poses.items():
        warped = [warp.draw(pose) for pose in row]
        for name in renderers:
            painter = mouth_renderer(name, warp, Painting(seed=seed))
            painter.hear(film.sound, last=True)
            frames = [frame.copy() for frame in warped]
            for t, frame, pose in zip(at, frames, row, strict=True):
                painter.paint(frame, pose, max(float(film.times[t]), 0.0), np.zeros(len(EMOTIONS), np.float32))
            crops = np.stack([crop.cut(f, crop.place(pose.mesh)) for f, pose in zip(frames, row, strict=True)])
            made[label(name) + end] = pair(frames, crops, _points(frames))
    held = [film.photo.rgb] * len(at)
    photo_crop = crop.cut(film.photo.rgb, crop.place(warp.source))
    made["still"] = pair(held, np.stack([photo_crop] * len(at)), np.stack([film.photo.landmarks] * len(at)))
    made["truth"] = pair([film.frames[t] for t in at], real, seen)
    return made


def _points(frames: list[NDArray]) -> NDArray:
    """Landmarks ``(T, 478, 2)`` of drawn frames, NaN where no face is found."""
    from gengine.vision import load_faces

    return load_faces().read(iter(frames))[0].landmarks[..., :2].astype(float)
