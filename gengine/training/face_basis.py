"""How the points of a face move with each ARKit weight, baked from the CC0 head of the project's avatars:

    python -m gengine.training.face_basis --out gengine/vision/data/face_basis.npz --pictures pictures

Avatars are drawn from the front with a slightly open mouth, the vision networks find the 478 points, and each point is
traced back to the place of the skin it lies on: so a point means what the networks mean by it. Then every curve is
drawn alone: how far the found points move is what the networks see of it, which is less than the skin moves at lids and
brows. What is kept is a blend of both where the skin moves at all, mirrored, the median of the heads: at the rim of
a face a ray may pass one of them by. Needs the extras ``vision`` and ``render``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial import KDTree

from gengine.avatars import load_avatar
from gengine.core.avatar import Avatar, Part
from gengine.core.face import ARKIT_INDEX, ARKIT_NAMES
from gengine.renderers.avatar.backend import open_backend
from gengine.renderers.avatar.scene import Camera, figure_height, studio_lights
from gengine.vision import load_faces
from gengine.vision.faces import MESH_POINTS, POINTS

MIRROR = np.array([-1.0, 1.0, 1.0])

PRESETS = ("david", "femi", "hugo", "emi")
"""Heads that are drawn: short hair or none, since the points lie under it."""

SIDE, HEIGHT, DISTANCE = 512, 0.36, 3.0
"""The picture's side, px, the metres it shows, and how far the camera stands, m: nearly parallel rays."""

PARTED = {"jawOpen": 0.25}
"""What the heads do: lips that touch cannot be told apart."""

BASES = {"mouthClose": {"jawOpen": 0.4}}
WEIGHTS = {"": (0.5, 1.0), "mouthClose": (0.35,)}
"""At which weights a curve's effect is seen, and over what else it is: lips close only where the jaw is open."""

SEEN_SHARE, NOISE = 0.7, 0.0006
"""Share of what the networks see beside the skin's own movement, and the movement of skin, m, below which what they
see counts for less than half (judgement, tried on filmed avatars)."""

LOWERED, BELOW, GREY = 0.02, 0.12, 90
"""How far below the eyes the camera looks and below the head's joint the chest begins, m; the ground's grey."""

DEEPEST = 0.012
"""A ray that meets the skin so far behind the points around it, m, went through a gap (mouth, lids)."""

IRIS_RING = 0.0058
"""Radius of an iris, m (11.7 mm across, face.md)."""

EYE_RADIUS = 0.0105
"""From the eye's centre to the plane of the iris, m (Emsley's reduced eye: 12 mm to the cornea's top)."""


class Studio:
    """An avatar in front of the camera, at rest but for its morphs."""

    def __init__(self, avatar: Avatar) -> None:
        names, rest = avatar.skeleton.names, avatar.rest_positions()
        self.avatar = avatar
        self.skin = next(part for part in avatar.parts if part.name == "skin")
        self.eyes = rest[[names.index(avatar.eyes[1]), names.index(avatar.eyes[0])]]  # the right one first
        self.chest = float(rest[names.index(avatar.joint_map["Head"]), 1]) - BELOW
        target = self.eyes.mean(0) - [0, LOWERED, 0]
        self.camera = Camera(target + [0, 0, DISTANCE], target, HEIGHT)
        self._lights = studio_lights(figure_height(avatar))
        self._backend = open_backend("soft", avatar, SIDE, SIDE)
        self._still = np.tile(np.eye(3, 4), (len(names), 1, 1))
        self._faces = load_faces()

    def picture(self, weights: dict[str, float]) -> NDArray[np.uint8]:
        """(SIDE, SIDE, 3) of the avatar with some morphs, over grey."""
        morphs = np.array([weights.get(name, 0.0) for name in ARKIT_NAMES], np.float32)
        rgba = self._backend.draw(self._still, morphs, self.camera, self._lights, None)
        return rgba[..., :3] + ((255 - rgba[..., 3:].astype(np.uint16)) * GREY // 255).astype(np.uint8)

    def points(self, weights: dict[str, float]) -> NDArray[np.float64]:
        """(478, 2) px that the vision networks find."""
        return self._faces.read(self.picture(weights))[0].landmarks[0, :, :2].astype(float)


def _cross(a: NDArray, b: NDArray) -> NDArray:
    """Of vectors in the picture."""
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def on_skin(skin: Part, vertices: NDArray, screen: NDArray, points: NDArray) -> NDArray[np.float64]:
    """(N, V) shares of the skin's vertices at picture points (N, 2); ``screen`` (V, 2) is where they are drawn.

    The frontmost triangle under a point; under gaps the nearest vertex.
    """
    shares = np.zeros((len(points), len(vertices)))
    depth = np.full(len(points), -np.inf)
    a, b, c = (screen[skin.triangles[:, k]] for k in range(3))
    area = _cross(b - a, c - a)
    front = np.flatnonzero(area < 0)  # the picture's y points down
    for n, p in enumerate(points):
        u = _cross(p - a[front], c[front] - a[front]) / area[front]
        v = _cross(b[front] - a[front], p - a[front]) / area[front]
        for k in front[(u >= 0) & (v >= 0) & (u + v <= 1)]:
            here = np.array([_cross(b[k] - p, c[k] - p), _cross(c[k] - p, a[k] - p), _cross(a[k] - p, b[k] - p)])
            here /= here.sum()
            z = float(here @ vertices[skin.triangles[k], 2])
            if z > depth[n]:
                depth[n], shares[n] = z, 0
                shares[n, skin.triangles[k]] = here
    near = np.asarray(KDTree(points).query(points, 9)[1])
    seen = np.unique(skin.triangles[front])
    tree = KDTree(screen[seen])
    for n in range(len(points)):
        around = depth[near[n]]
        if not depth[n] > np.median(around[np.isfinite(around)]) - DEEPEST:
            close = seen[tree.query(points[n], 4)[1]]
            shares[n] = 0
            shares[n, close[np.argmax(vertices[close, 2])]] = 1
    return shares


def places(studio: Studio, pictures: Path | None) -> NDArray[np.float64]:
    """(468, V) shares of the skin's vertices under the mesh's points."""
    skin, picture = studio.skin, studio.picture(PARTED)
    found = studio.points(PARTED)
    vertices = skin.morphs.apply(skin.vertices, PARTED).astype(float)
    clip = np.column_stack([vertices, np.ones(len(vertices))]) @ studio.camera.matrix(1).T
    screen = (clip[:, :2] / clip[:, 3:] * [1, -1] + 1) / 2 * SIDE
    screen[vertices[:, 1] < studio.chest] = -1e4  # hands and trunk
    shares = on_skin(skin, vertices, screen, found[:MESH_POINTS])
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
        marked = picture.copy()
        for points, colour in ((found, (0, 255, 0)), (shares @ screen, (255, 0, 0))):
            x, y = np.clip(points.round().astype(int), 0, SIDE - 1).T
            marked[y, x] = colour
        Image.fromarray(marked).save(pictures / f"{studio.avatar.name}.png")
    return shares


def responses(studio: Studio) -> NDArray[np.float64]:
    """(52, 468, 2) m by which the found points move with each weight, x to the character's left, y up."""
    moved = np.zeros((len(ARKIT_NAMES), MESH_POINTS, 2))
    still = {name: studio.points(base) for name, base in {"": {}, **BASES}.items()}
    for name in studio.skin.morphs.names:
        base = BASES.get(name, {})
        for weight in WEIGHTS[name] if name in WEIGHTS else WEIGHTS[""]:
            there = studio.points({**base, name: weight}) - still[name if base else ""]
            moved[ARKIT_INDEX[name]] += there[:MESH_POINTS] / weight / len(WEIGHTS.get(name, WEIGHTS[""]))
    return moved * [HEIGHT / SIDE, -HEIGHT / SIDE]


def _mirrored(basis: NDArray, pairs: NDArray) -> NDArray[np.float64]:
    """The mean of a basis (52, 468, 2 or 3) and its mirror image, left for right."""
    swapped = [n.replace("Left", "?").replace("Right", "Left").replace("?", "Right") for n in ARKIT_NAMES]
    return (basis + basis[[ARKIT_INDEX[n] for n in swapped]][:, pairs] * MIRROR[: basis.shape[-1]]) / 2


def bake(pictures: Path | None = None) -> dict[str, NDArray]:
    """``neutral (478, 3)`` m about the middle between the eyes, ``basis (52, 478, 3)`` m, ``eyes (2, 3)`` centres."""
    shapes, bases, seen, eyes = [], [], [], []
    for preset in PRESETS:
        studio = Studio(load_avatar(preset))
        shares, skin, middle = places(studio, pictures), studio.skin, studio.eyes.mean(0)
        shapes.append(shares @ skin.vertices - middle)
        eyes.append(studio.eyes - middle)
        basis = np.zeros((len(ARKIT_NAMES), MESH_POINTS, 3))
        for name, index, delta in zip(skin.morphs.names, skin.morphs.indices, skin.morphs.deltas, strict=True):
            basis[ARKIT_INDEX[name]] = shares[:, index] @ delta
        bases.append(basis)
        seen.append(responses(studio))
    neutral, centres = np.median(shapes, 0), np.mean(eyes, 0)
    pairs = np.asarray(KDTree(neutral * MIRROR).query(neutral)[1])
    basis, seen = (_mirrored(np.median(x, 0), pairs) for x in (bases, seen))
    size = (basis[..., :2] ** 2).sum(-1, keepdims=True)
    basis[..., :2] += SEEN_SHARE * (size / (size + NOISE**2) * seen - basis[..., :2])
    neutral = (neutral + neutral[pairs] * MIRROR) / 2
    ring = IRIS_RING * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0]])
    irises = np.concatenate([centre + [0, 0, EYE_RADIUS] + ring for centre in centres])
    still = np.zeros((len(basis), POINTS - MESH_POINTS, 3))
    return {
        "neutral": np.concatenate([neutral, irises]).astype(np.float32),
        "basis": np.concatenate([basis, still], 1).astype(np.float32),
        "eyes": centres.astype(np.float32),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("gengine/vision/data/face_basis.npz"))
    parser.add_argument("--pictures", type=Path, help="folder for pictures of the points that were found")
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    baked = {k: v.astype(np.float16) for k, v in bake(options.pictures).items()}
    np.savez_compressed(options.out, neutral=baked["neutral"], basis=baked["basis"], eyes=baked["eyes"])


if __name__ == "__main__":
    main()
