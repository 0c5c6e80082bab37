"""A head without a body: blend shapes from an archive, or from OBJ, PLY or STL files."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gengine.avatars.importing.findings import Findings, say
from gengine.avatars.importing.gltf_document import DAMAGE, MAX_BYTES, MAX_TRIANGLES
from gengine.avatars.importing.gltf_primitives import one_joint
from gengine.avatars.importing.lip_gap import measured_seal, outer_eyes
from gengine.avatars.importing.morph_names import arkit_recipe
from gengine.avatars.store import DAMAGE as ARCHIVE_DAMAGE
from gengine.avatars.store import read_arrays
from gengine.core.avatar import Avatar, Material, Morphs, Part, check_avatar
from gengine.core.face import ARKIT_INDEX
from gengine.core.lips import OUTER_EYE_DISTANCE
from gengine.core.skeleton import Skeleton
from gengine.errors import FormatError, GengineError

FILES = (".npz", ".obj", ".ply", ".stl")
"""Kinds of files that hold a head."""
HEAD_HEIGHT = 0.25
"""Metres from chin to crown that a head of unknown unit is scaled to, where it stands alone (an adult's with some neck;
judgement)."""
_USUAL_EYES = (0.07, 0.11)
"""Distances between the outer eye corners (m) that are taken as they are: a human's is 0.087."""
_USUAL_HEIGHTS = (0.15, 0.6)
"""Heights (m) of heads and busts that are taken as they are (judgement)."""
_PIVOT = 0.33
"""Height of the joint a head turns about, as a share of its own: the top of the spine, between the ears and below."""


def load_head_avatar(path: str | Path) -> Avatar:
    """``read_head_avatar`` for callers who read no report: it is said in one warning."""
    avatar = read_head_avatar(path)
    say(avatar.report)
    return avatar


def read_head_avatar(path: str | Path) -> Avatar:
    """A head from ``.npz``, or from ``.obj``, ``.ply`` or ``.stl`` (read by trimesh).

    An archive holds ``neutral (V, 3)``, ``deltas (K, V, 3)``, ``names (K,)`` and ``faces (F, 3 or 4)``. Beside a
    neutral mesh lie its shapes under ARKit's names (``jawOpen.obj`` …) with the same vertices. Any unit: a head is
    scaled to its usual size when it is not of that size already. What does not fit is a ``FormatError``.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror}); give a head as {', '.join(FILES)}") from None
    if size > MAX_BYTES:
        raise FormatError(f"{path}: has {size >> 20} MB, at most {MAX_BYTES >> 20} are read")
    names, neutral, deltas, faces = _archive(path) if path.suffix.lower() == ".npz" else _mesh_files(path)
    if neutral.ndim != 2 or neutral.shape[1] != 3 or not len(neutral) or deltas.shape != (len(names), *neutral.shape):
        raise FormatError(f"{path}: neutral {neutral.shape} and deltas {deltas.shape} do not fit {len(names)} names")
    if not (np.isfinite(neutral).all() and np.isfinite(deltas).all()):
        raise FormatError(f"{path}: holds NaN or infinity; export it again")
    triangles = _triangles(faces)
    if not len(triangles) or triangles.min() < 0 or triangles.max() >= len(neutral):
        raise FormatError(f"{path}: faces name vertices outside 0..{len(neutral) - 1}")
    if len(triangles) > MAX_TRIANGLES:
        raise FormatError(f"{path}: holds {len(triangles)} triangles, at most {MAX_TRIANGLES} are read; simplify it")
    morphs = _morphs(path, names, deltas)
    count = len(neutral)
    material = Material("head", "skin", (0.85, 0.65, 0.55, 1.0))
    weights = one_joint(count)
    joints = np.zeros((count, 4), np.uint16)
    part = Part("head", neutral, triangles, np.zeros((count, 2)), joints, weights, material, morphs)
    avatar = head_avatar(path.stem, [part])
    try:
        check_avatar(avatar)
    except GengineError as error:
        raise FormatError(f"{path}: {error}; export it again") from None
    seal, why = measured_seal(avatar.parts)
    findings = Findings(path.name)
    findings.facts |= {"triangles": len(triangles), "morphs": len(morphs.names)}
    if why:
        findings.note(f"lips not measured ({why}): default lips")
    return replace(avatar, seal=seal, report=findings.report)


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
        scale = 1.0 if _USUAL_EYES[0] < eyes < _USUAL_EYES[1] else OUTER_EYE_DISTANCE / 1000 / eyes
    else:
        scale = 1.0 if _USUAL_HEIGHTS[0] < height < _USUAL_HEIGHTS[1] else HEAD_HEIGHT / max(height, 1e-9)
    middle = np.array([0.5 * (low[0] + high[0]), low[1], 0.5 * (low[2] + high[2])])
    pivot = scale * height * _PIVOT

    def placed(part: Part) -> Part:
        morphs = Morphs(
            part.morphs.names, part.morphs.indices, tuple(d * np.float32(scale) for d in part.morphs.deltas)
        )
        return replace(part, vertices=(part.vertices - middle) * scale, morphs=morphs)

    skeleton = Skeleton(("Head",), np.array([-1]), np.zeros((1, 3)))
    return Avatar(name, skeleton, tuple(map(placed, parts)), pivot, {"Head": "Head"})


def _morphs(path: Path, names: list[str], deltas: NDArray) -> Morphs:
    """ARKit's shapes of a head whose ``deltas (K, V, 3)`` have their own ``names``."""
    recipe, _ = arkit_recipe(names)
    if not recipe:
        raise FormatError(f"{path}: no shape has an ARKit name (jawOpen, eyeBlinkLeft, …); rename them")
    at = {name: k for k, name in enumerate(names)}
    shapes = {
        a: np.sum([share * deltas[at[n]].astype(float) for n, share in parts], axis=0) for a, parts in recipe.items()
    }
    order = sorted((a for a in shapes if np.abs(shapes[a]).max() > 0), key=lambda a: ARKIT_INDEX[a])
    moved = [np.flatnonzero(np.abs(shapes[a]).max(axis=1) > 0) for a in order]
    return Morphs(
        tuple(order),
        tuple(m.astype(np.int32) for m in moved),
        tuple(shapes[a][m].astype(np.float32) for a, m in zip(order, moved, strict=True)),
    )


def _archive(path: Path) -> tuple[list[str], NDArray, NDArray, NDArray]:
    try:
        with np.errstate(all="ignore"):
            arrays = read_arrays(path)
            names = [str(n) for n in arrays["names"]]
            return names, arrays["neutral"].astype(float), arrays["deltas"].astype(np.float32), arrays["faces"]
    except (*ARCHIVE_DAMAGE, FormatError) as error:
        raise FormatError(
            f"{path}: is no head archive ({str(error)[:80]}); it holds neutral, deltas, names and faces"
        ) from None


def _mesh_files(path: Path) -> tuple[list[str], NDArray, NDArray, NDArray]:
    """A neutral mesh and its shapes from the files of its kind beside it."""
    neutral, faces = _mesh(path)
    names, deltas = [], []
    for other in sorted(path.parent.glob(f"*{path.suffix}")):
        if other == path or not arkit_recipe([other.stem])[0]:
            continue
        points, _ = _mesh(other)
        if points.shape != neutral.shape:
            raise FormatError(f"{other}: {len(points)} vertices, {path.name} has {len(neutral)}; they must be the same")
        names.append(other.stem)
        deltas.append((points - neutral).astype(np.float32))
    if not names:
        raise FormatError(f"{path}: no shapes such as jawOpen{path.suffix} lie beside it; put them there")
    return names, neutral, np.stack(deltas), faces


def _mesh(path: Path) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Vertices ``(V, 3)`` in the file's own order and triangles ``(F, 3)``; nothing is welded, since shapes are told
    by the order of their vertices."""
    import trimesh  # a second to load, and only heads need it

    try:
        with warnings.catch_warnings(action="ignore"):
            found = trimesh.load_mesh(
                path, process=False, maintain_order=True, skip_materials=True, split_object=False, group_material=False
            )
        return np.array(found.vertices, float).reshape(-1, 3), np.array(found.faces, np.int64).reshape(-1, 3)
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror})") from None
    except (*DAMAGE, NotImplementedError) as error:
        kind = path.suffix[1:].upper()
        raise FormatError(f"{path}: is no whole {kind} file ({str(error)[:60]}); export it again") from None


def _triangles(faces: NDArray) -> NDArray[np.int64]:
    faces = np.asarray(faces)
    if faces.ndim != 2 or faces.shape[1] not in (3, 4) or not np.issubdtype(faces.dtype, np.integer):
        return np.zeros((0, 3), int)
    faces = faces.astype(np.int64)
    if faces.shape[1] == 3:
        return faces
    return np.concatenate([faces[:, [0, 1, 2]], faces[faces[:, 3] >= 0][:, [0, 2, 3]]])  # -1 fills up triangles
