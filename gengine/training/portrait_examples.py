"""Mouths of filmed people for the portrait's renderers: what the warp makes of a clip's own still frame under the
landmarks of every other one, beside what the film shows.

Each clip is read once and kept in a cache; frames that do not belong to it (a decoder's grey ones) are left out.
Clips that are paired show the same frames under several emotions: the neutral one's still is the photo, and what warps
it goes all, half or none of the way from the neutral lips to the acted ones, so that only the emotion that is told
says how far the mouth goes (``gengine.training.avatar_films`` makes such clips).
"""

from __future__ import annotations

import fnmatch
import hashlib
import logging
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gengine.core.audio import AudioClip
from gengine.core.bounds import border
from gengine.core.emotion import EMOTION_INDEX, EMOTIONS
from gengine.core.placing import whole
from gengine.data.films import FilmedClip, filmed_clips
from gengine.errors import GengineError
from gengine.portraits import points
from gengine.portraits.crop import MOUTH, Area, MouthCrop
from gengine.portraits.followed import FollowedFilm, follow
from gengine.portraits.sound import HeardSound
from gengine.portraits.warp import PortraitWarp

log = logging.getLogger(__name__)

WAYS = (1.0, 0.5, 0.0)
"""Of paired clips: shares of the way from the neutral mouth to the acted one that the warp goes (judgement)."""
VERSION = 2
"""Of what is cached: raise it when an array changes its meaning."""


@dataclass(frozen=True, eq=False)
class MouthClip:
    """Crops of one clip, ``(T, H, W, C)`` uint8 (``still`` ones without T): the ``true`` mouth, the ``warped`` one,
    ``masks`` of its lips; ``heard (T, TOKENS, BANDS)`` and the ``emotion (18,)`` it was acted with."""

    name: str
    person: str
    true: NDArray[np.uint8]
    warped: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    still: NDArray[np.uint8]
    still_masks: NDArray[np.uint8]
    heard: NDArray[np.float32]
    emotion: NDArray[np.float32]


ARRAYS = ("true", "warped", "masks", "still", "still_masks", "heard", "emotion")


def mouth_clip(clip: FilmedClip, area: Area) -> MouthClip:
    """Follow a clip and cut its mouths out."""
    film = follow(clip.path)
    return _mouths(clip, film, PortraitWarp(film.photo), film.landmarks, area)


def paired_clips(clip: FilmedClip, neutral: FilmedClip, area: Area) -> list[MouthClip]:
    """An acted clip's mouths out of the photo of its neutral pair, once for each of ``WAYS``.

    Raises ``VisionError`` where a face is not followed, ``GengineError`` for clips of different lengths.
    """
    film, plain = follow(clip.path), _followed(neutral.path)
    if len(film.frames) != len(plain.frames):
        raise GengineError(f"it has {len(film.frames)} frames, its neutral pair {len(plain.frames)}")
    warp = PortraitWarp(plain.photo)
    still = np.stack([_laid(a, b) for a, b in zip(plain.landmarks, film.landmarks, strict=True)])
    made = []
    for way in WAYS:
        one = _mouths(clip, film, warp, still + way * (film.landmarks - still), area)
        made.append(replace(one, name=f"{clip.name} {way:g}"))
    return made


@lru_cache(maxsize=1)
def _followed(path: Path) -> FollowedFilm:
    """A neutral clip, which all acted ones of its person go by."""
    return follow(path)


def _laid(mesh: NDArray, on: NDArray) -> NDArray:
    """Landmarks ``(478, 3)`` moved, turned and sized so that their firm points lie on those of ``on``."""
    firm = list(points.FIRM)
    a, b = (m[firm, 0] + 1j * m[firm, 1] for m in (mesh, on))
    turn = np.vdot(a - a.mean(), b - b.mean()) / np.vdot(a - a.mean(), a - a.mean())
    there = (mesh[:, 0] + 1j * mesh[:, 1] - a.mean()) * turn + b.mean()
    return np.stack([there.real, there.imag, mesh[:, 2] * abs(turn)], 1)


def _mouths(clip: FilmedClip, film: FollowedFilm, warp: PortraitWarp, landmarks: NDArray, area: Area) -> MouthClip:
    """The mouths of a film beside what a photo's warp makes of landmarks ``(T, 478, 3)`` that lie on its frames."""
    crop = MouthCrop(warp.source, area)
    heard = HeardSound()
    if film.sound is not None:
        heard.push(film.sound, last=True)
    heard.push(AudioClip(np.zeros(16000, np.float32), 16000))  # silence follows
    rows: dict[str, list[NDArray]] = {k: [] for k in ("true", "warped", "masks", "heard")}
    for t, picture in enumerate(film.frames):
        pose = warp.follow(landmarks[t], film.fitted.weights[t])
        place = crop.place(pose.mesh)
        rows["true"].append(crop.cut(picture, place))
        rows["warped"].append(crop.cut(warp.draw(pose), place))
        rows["masks"].append(crop.masks(pose.mesh, place))
        rows["heard"].append(heard.at(max(float(film.times[t]), 0.0)))
    at = crop.place(warp.source)
    emotion = np.zeros(len(EMOTIONS), np.float32)
    emotion[EMOTION_INDEX[clip.emotion]] = clip.strength
    made = {k: np.stack(v) for k, v in rows.items()}
    if film.strange:
        log.info("%s: %d frames left out: they are not of this clip", clip.name, film.strange)
    return MouthClip(
        clip.name, clip.person, still=crop.cut(warp.photo.rgb, at), still_masks=crop.masks(warp.source, at),
        emotion=emotion,
        **made,
    )  # fmt: skip


def chosen(folders: list[Path], every: int, most: int | None) -> list[FilmedClip]:
    """One of so ``many`` clips of each folder, and at most so many of one."""
    return [clip for folder in folders for clip in filmed_clips(folder)[::every][:most]]


def collect(clips: list[FilmedClip], cache: Path, paired: bool = False, area: Area = MOUTH) -> list[MouthClip]:
    """The mouths of ``clips``, from ``cache`` where they were made before; what cannot be used is logged. Of ``paired``
    ones each acted clip comes once for each of ``WAYS``."""
    cache.mkdir(parents=True, exist_ok=True)
    neutral = {(c.person, c.path.stem): c for c in clips if c.emotion == EMOTIONS[0]} if paired else {}
    found = []
    for clip in clips:
        pair = neutral.get((clip.person, clip.path.stem))
        several = paired and pair is not None and pair is not clip
        stat = clip.path.stat()
        key = f"{VERSION} {clip.path} {stat.st_size} {stat.st_mtime_ns}" + (f" {WAYS}" if several else "")
        key += "" if area is MOUTH else f" {area}"
        name = hashlib.sha256(key.encode()).hexdigest()[:16]
        paths = [cache / f"mouths-{name}{f'-{k}' if several else ''}.npz" for k in range(len(WAYS) if several else 1)]
        if not all(path.is_file() for path in paths):
            try:
                made = paired_clips(clip, pair, area) if several and pair is not None else [mouth_clip(clip, area)]
            except GengineError as error:
                log.warning("%s: left out: %s", clip.name, error)
                continue
            for path, one in zip(paths, made, strict=True):
                with whole(path, ".npz") as part:
                    np.savez_compressed(part, **{k: getattr(one, k) for k in ARRAYS})
            log.info("%s: %d mouths", clip.name, sum(len(one.true) for one in made))
        for k, path in enumerate(paths):
            with border(path, "delete it: it is made again"), np.load(path, allow_pickle=False) as file:
                arrays = {k: file[k] for k in ARRAYS}
            found.append(MouthClip(clip.name + (f" {WAYS[k]:g}" if several else ""), clip.person, **arrays))
    return found


def split(clips: list[FilmedClip], held: list[str]) -> tuple[list[FilmedClip], list[FilmedClip]]:
    """Those to learn from, and those whose name or person one of the patterns ``held`` fits."""
    kept = [c for c in clips if any(fnmatch.fnmatch(c.name, p) or fnmatch.fnmatch(c.person, p) for p in held)]
    return [c for c in clips if c not in kept], kept
