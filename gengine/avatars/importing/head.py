"""A head without a body: blend shapes from an archive or from OBJ files."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gengine.avatars.importing.gltf_document import MAX_BYTES, MAX_TRIANGLES
from gengine.avatars.importing.lip_gap import measured_seal, outer_eyes
from gengine.avatars.importing.morph_names import arkit_recipe
from gengine.core.avatar import Avatar, Material, Morphs, Part
from gengine.core.face import ARKIT_INDEX
from gengine.core.lips import OUTER_EYE_DISTANCE
from gengine.core.skeleton import Skeleton
from gengine.errors import FormatError

HEAD_HEIGHT = 0.25
"""Metres from chin to crown that a head of unknown unit is scaled to, where it stands alone."""


def load_head_avatar(path: str | Path) -> Avatar:
    """A head from ``.npz`` or ``.obj``.

    An archive holds ``neutral (V, 3)``, ``deltas (K, V, 3)``, ``names (K,)`` and ``faces (F, 3 or 4)``. Beside a
    neutral OBJ lie its shapes under ARKit's names (``jawOpen.obj`` …) with the same vertices. Any unit: a head is
    scaled to its usual size when it is not of that size already.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror}); give a head as .npz or .obj") from None
    if size > MAX_BYTES:
        raise FormatError(f"{path}: has {size >> 20} MB, at most {MAX_BYTES >> 20} are read")
    names, neutral, deltas, faces = _archive(path) if path.suffix.lower() == ".npz" else _objects(path)
    if neutral.ndim != 2 or neutral.shape[1] != 3 or not len(neutral) or deltas.shape != (len(names), *neutral.shape):
        raise FormatError(f"{path}: neutral {neutral.shape} and deltas {deltas.shape} do not fit {len(names)} names")
    if not (np.isfinite(neutral).all() and np.isfinite(deltas).all()):
        raise FormatError(f"{path}: holds NaN or infinity; export it again")
    triangles = _triangles(faces)
    if not len(triangles) or triangles.min() < 0 or triangles.max() >= len(neutral):
        raise FormatError(f"{path}: faces name vertices outside 0..{len(neutral) - 1}")
    if len(triangles) > MAX_TRIANGLES:
        raise FormatError(f"{path}: holds {len(triangles)} triangles, at most {MAX_TRIANGLES} are read; simplify it")
    recipe, _ = arkit_recipe(names)
    if not recipe:
        raise FormatError(f"{path}: no shape has an ARKit name (jawOpen, eyeBlinkLeft, …); rename them")
    at = {name: k for k, name in enumerate(names)}
    shapes = {
        a: np.sum([share * deltas[at[n]].astype(float) for n, share in parts], axis=0) for a, parts in recipe.items()
    }
    order = sorted((a for a in shapes if np.abs(shapes[a]).max() > 0), key=lambda a: ARKIT_INDEX[a])
    moved = [np.flatnonzero(np.abs(shapes[a]).max(axis=1) > 0) for a in order]
    morphs = Morphs(
        tuple(order),
        tuple(m.astype(np.int32) for m in moved),
        tuple(shapes[a][m].astype(np.float32) for a, m in zip(order, moved, strict=True)),
    )
    count = len(neutral)
    material = Material("head", "skin", (0.85, 0.65, 0.55, 1.0))
    weights = np.zeros((count, 4))
    weights[:, 0] = 1.0
    joints = np.zeros((count, 4), np.uint16)
    part = Part("head", neutral, triangles, np.zeros((count, 2)), joints, weights, material, morphs)
    avatar = head_avatar(path.stem, [part])
    seal, why = measured_seal(avatar.parts)
    if why:
        warnings.warn(f"{path.name}: lips not measured ({why}): default lips", stacklevel=2)
    return replace(avatar, seal=seal)


def head_avatar(name: str, parts: Sequence[Part]) -> Avatar:
    """Parts in any unit as an avatar with the one joint ``Head``, standing on y = 0 and facing +Z.

    Without blinks to tell the size by, a head of another unit is made ``HEAD_HEIGHT`` tall.
    """
    points = np.concatenate([part.vertices for part in parts]).astype(float)
    low, high = points.min(0), points.max(0)
    height = high[1] - low[1]
    face = max(parts, key=lambda part: len(part.morphs.names))
    eyes = outer_eyes(face) if len(face.morphs.names) else None
    if eyes is not None:
        scale = 1.0 if 0.07 < eyes < 0.11 else OUTER_EYE_DISTANCE / 1000 / eyes
    else:
        scale = 1.0 if 0.15 < height < 0.6 else HEAD_HEIGHT / max(height, 1e-9)
    middle = np.array([0.5 * (low[0] + high[0]), low[1], 0.5 * (low[2] + high[2])])
    pivot = scale * height * 0.33  # a head turns about the top of the spine, between the ears and below

    def placed(part: Part) -> Part:
        morphs = Morphs(
            part.morphs.names, part.morphs.indices, tuple(d * np.float32(scale) for d in part.morphs.deltas)
        )
        return replace(part, vertices=(part.vertices - middle) * scale, morphs=morphs)

    skeleton = Skeleton(("Head",), np.array([-1]), np.zeros((1, 3)))
    return Avatar(name, skeleton, tuple(map(placed, parts)), pivot, {"Head": "Head"})


def _archive(path: Path) -> tuple[list[str], NDArray, NDArray, NDArray]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            names = [str(n) for n in archive["names"]]
            return names, archive["neutral"].astype(float), archive["deltas"].astype(np.float32), archive["faces"]
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise FormatError(
            f"{path}: is no head archive ({str(error)[:80]}); it holds neutral, deltas, names and faces"
        ) from None


def _objects(path: Path) -> tuple[list[str], NDArray, NDArray, NDArray]:
    neutral, faces = _obj(path)
    names, deltas = [], []
    for other in sorted(path.parent.glob("*.obj")):
        if other == path or not arkit_recipe([other.stem])[0]:
            continue
        points, _ = _obj(other)
        if points.shape != neutral.shape:
            raise FormatError(f"{other}: {len(points)} vertices, {path.name} has {len(neutral)}; they must be the same")
        names.append(other.stem)
        deltas.append((points - neutral).astype(np.float32))
    if not names:
        raise FormatError(f"{path}: no shapes such as jawOpen.obj lie beside it; put them there")
    return names, neutral, np.stack(deltas), faces


def _obj(path: Path) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    points: list[list[float]] = []
    triangles: list[list[int]] = []
    number = 0
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                number += 1
                cells = line.split()
                if cells[:1] == ["v"]:
                    points.append([float(c) for c in cells[1:4]])
                elif cells[:1] == ["f"]:
                    corners = [int(c.partition("/")[0]) for c in cells[1:]]
                    corners = [c - 1 if c > 0 else len(points) + c for c in corners]
                    triangles += [[corners[0], b, c] for b, c in zip(corners[1:], corners[2:], strict=False)]
        return np.array(points, float).reshape(-1, 3), np.array(triangles, int).reshape(-1, 3)
    except ValueError:
        raise FormatError(f"{path}: line {number} is no OBJ; export it again") from None
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror})") from None


def _triangles(faces: NDArray) -> NDArray[np.int64]:
    faces = np.asarray(faces)
    if faces.ndim != 2 or faces.shape[1] not in (3, 4) or not np.issubdtype(faces.dtype, np.integer):
        return np.zeros((0, 3), int)
    faces = faces.astype(np.int64)
    if faces.shape[1] == 3:
        return faces
    return np.concatenate([faces[:, [0, 1, 2]], faces[faces[:, 3] >= 0][:, [0, 2, 3]]])  # -1 fills up triangles
