"""Bring your own avatar: any rigged glTF or VRM figure, or a bare head with morphs."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.avatars.importing.gltf_document import DAMAGE, MAX_TRIANGLES, GltfDocument, world_matrices
from gengine.avatars.importing.gltf_material import Materials
from gengine.avatars.importing.gltf_primitives import GltfPrimitive, one_joint, read_primitives, unique
from gengine.avatars.importing.head import head_avatar
from gengine.avatars.importing.lip_gap import measured_seal
from gengine.avatars.importing.morph_names import arkit_recipe
from gengine.avatars.importing.rig_recognition import REQUIRED, eye_nodes, recognise
from gengine.avatars.importing.to_tpose import t_pose_turns
from gengine.core import rotation
from gengine.core.avatar import Avatar, Morphs, Part
from gengine.core.face import ARKIT_INDEX, ARKIT_NAMES
from gengine.core.skeleton import Skeleton
from gengine.errors import FormatError, GengineError

_STILL = 1e-5
"""Morph displacements below this share of the figure's size are dropped."""


def load_glb_avatar(path: str | Path) -> Avatar:
    """An avatar from a .glb, .gltf or .vrm file.

    The rig is recognised by the VRM extension or by its joints' names (Mixamo, Ready Player Me, VRM, Unity, Godot,
    Unreal 4 and 5, SMPL-X, MakeHuman, this project's own); morphs by ARKit's names in any spelling. The figure is
    turned to face +Z, scaled to metres, put on y = 0, and brought from its rest pose (A-pose, bent arms) to a
    T-pose. A file without a humanoid rig but with face morphs becomes a head. Everything that had to be guessed or
    left away is said in one warning. A file that cannot be used is a ``FormatError``.
    """
    document = GltfDocument(path)
    try:
        with np.errstate(all="ignore"):  # absurd numbers end as infinities, which are looked for
            return _load(document)
    except FormatError:
        raise
    except GengineError as error:
        raise document.error(str(error)) from None
    except DAMAGE as error:
        raise document.damaged(error) from None


def _load(document: GltfDocument) -> Avatar:
    notes: list[str] = []
    extensions = document.json.get("extensions", {})
    names = [str(node.get("name", f"node{i}")) for i, node in enumerate(document.items("nodes"))]
    world, parents = world_matrices(document)
    surfaces = read_primitives(document, world, Materials(document, notes))
    if not surfaces:
        raise document.error("holds no triangles; expected a figure with a mesh")
    triangles = sum(len(s.triangles) for s in surfaces)
    if triangles > MAX_TRIANGLES:
        raise document.error(f"holds {triangles} triangles, at most {MAX_TRIANGLES} are read; simplify it")

    shapes = _shapes(document, extensions)
    recipe, guessed = arkit_recipe(shapes)
    absent = [n for n in ARKIT_NAMES if n not in recipe]
    if guessed:
        notes.append(f"{len(guessed)} morphs made from the nearest others ({', '.join(guessed[:4])}…)")
    if recipe and absent:
        notes.append(f"{len(absent)} of 52 morphs absent ({', '.join(absent[:4])}…)")
    rig, bones = recognise(names, extensions)
    if not bones and not recipe:
        raise document.error(
            f"has neither a humanoid rig (joints such as {', '.join(REQUIRED[:3])}) nor morphs with ARKit's names; "
            "give a rigged figure or a head with blend shapes"
        )
    morphs = {a: [(shapes[n], share) for n, share in parts] for a, parts in recipe.items()}
    if not recipe:
        notes.append("no morph has a known name: the face will not move")
    name = document.path.stem
    if bones:
        avatar = _figure(document, name, names, parents, world, surfaces, bones, morphs, extensions, notes)
    else:
        notes.append("no humanoid rig was recognised: it is taken for a head")
        pieces = [_part(s, s.vertices, np.zeros((len(s.vertices), 4)), one_joint(len(s.vertices)), morphs, None)
                  for s in surfaces]  # fmt: skip
        avatar = head_avatar(name, pieces)
    if not all(np.isfinite(p.vertices).all() for p in avatar.parts) or not np.isfinite(avatar.rest_positions()).all():
        raise document.error("holds numbers beyond any size; export it again")
    seal, why = measured_seal(avatar.parts)
    if why and recipe:
        notes.append(f"lips not measured ({why}): default lips")
    licence = document.json["asset"].get("copyright", "")
    if notes:
        warnings.warn(f"{document.path.name}: " + "; ".join(notes), stacklevel=4)
    return replace(avatar, seal=seal, licence=str(licence)[:500])


# ---- the face


def _shapes(document: GltfDocument, extensions: dict[str, Any]) -> dict[str, list[tuple[int, int, float]]]:
    """All named shapes: name → (mesh, target, share). VRM's expressions are sums of morphs."""
    shapes: dict[str, list[tuple[int, int, float]]] = {}
    for m, mesh in enumerate(document.items("meshes")):
        names = mesh.get("extras", {}).get("targetNames") or []
        for primitive in mesh.get("primitives", []):
            names = names or primitive.get("extras", {}).get("targetNames") or []
        for t, name in enumerate(names):
            shapes.setdefault(str(name), []).append((m, t, 1.0))
    meant: dict[str, list[tuple[int, int, float]]] = {}
    if "VRMC_vrm" in extensions:
        nodes, kinds = document.items("nodes"), extensions["VRMC_vrm"].get("expressions", {})
        for name, item in {**kinds.get("preset", {}), **kinds.get("custom", {})}.items():
            meant[name] = [(nodes[b["node"]]["mesh"], int(b["index"]), float(b.get("weight", 1)))
                           for b in item.get("morphTargetBinds", [])]  # fmt: skip
    elif "VRM" in extensions:
        for item in extensions["VRM"].get("blendShapeMaster", {}).get("blendShapeGroups", []):
            name = item.get("presetName", "unknown")
            name = item.get("name", "") if name in ("", "unknown") else name
            meant[name] = [(int(b["mesh"]), int(b["index"]), float(b.get("weight", 100)) / 100)
                           for b in item.get("binds", [])]  # fmt: skip
    for name, binds in meant.items():
        if binds:
            shapes.setdefault(name, binds)
    return shapes


def _part(
    surface: GltfPrimitive,
    vertices: NDArray,
    joints: NDArray,
    weights: NDArray,
    morphs: dict[str, list[tuple[list[tuple[int, int, float]], float]]],
    turns: NDArray | None,
) -> Part:
    """A primitive with its morphs under ARKit's names; ``turns (V, 3, 3)`` is what the T-pose did to directions."""
    names, indices, deltas = [], [], []
    limit = _STILL * float(np.ptp(vertices, axis=0).max(initial=0.0)) + 1e-9
    for arkit, shapes in sorted(morphs.items(), key=lambda item: ARKIT_INDEX[item[0]]):
        delta = np.zeros_like(vertices)
        for binds, share in shapes:
            for mesh, target, weight in binds:
                if mesh == surface.mesh and target in surface.morphs:
                    delta += share * weight * surface.morphs[target]
        if turns is not None:
            delta = np.einsum("vab,vb->va", turns, delta)
        moved = np.flatnonzero(np.abs(delta).max(axis=1, initial=0.0) > limit)
        if len(moved):
            names.append(arkit)
            indices.append(moved.astype(np.int32))
            deltas.append(delta[moved].astype(np.float32))
    return Part(
        surface.name,
        vertices, surface.triangles, surface.uv, joints, weights, surface.material,
        Morphs(tuple(names), tuple(indices), tuple(deltas)),
    )  # fmt: skip


# ---- the rig


def _figure(
    document: GltfDocument,
    name: str,
    names: list[str],
    parents: list[int],
    world: NDArray,
    surfaces: list[GltfPrimitive],
    bones: dict[str, int],
    morphs: dict,
    extensions: dict[str, Any],
    notes: list[str],
) -> Avatar:
    hips = bones["Hips"]
    under = _below(parents, hips)
    outside = [beat for beat, node in bones.items() if node not in under]
    if any(beat in REQUIRED for beat in outside):
        raise document.error(f"joint {names[bones[outside[0]]]} does not hang below the hips; expected one figure")
    left, right = (n if n in under else None for n in eye_nodes(names, extensions))
    eyes = [n for n in (left, right) if n is not None]
    used = {hips, *(n for n in bones.values() if n in under), *eyes}
    for surface in surfaces:
        used |= {int(n) for n in np.unique(surface.bones[surface.weights > 0]) if int(n) in under}
    for node in list(used):  # and all joints between them and the hips
        while node != hips:
            node = parents[node]
            used.add(node)
    order = sorted(used)
    if any(parents[n] > n for n in order if n != hips):
        order = [n for n in under if n in used]  # parents first
    place = {n: j for j, n in enumerate(order)}
    above = np.array([-1 if n == hips else place[parents[n]] for n in order])

    matrices, notes_scale = _upright(document, world, bones, surfaces)
    notes += notes_scale
    heads = matrices[order][:, :3, 3]
    rest = rotation.from_matrix(_pure_turn(matrices[order][:, :3, :3]))
    joint_map = {beat: place[n] for beat, n in bones.items() if n in place}
    turn, moved, posed = t_pose_turns(heads, above, joint_map)
    if posed > np.radians(5):
        notes.append(f"its rest pose was turned to a T-pose (by up to {np.degrees(posed):.0f} degrees)")
    turn_matrix = rotation.to_matrix(turn)

    titles = unique([names[n] for n in order])
    parts, floor = [], np.inf
    for surface in surfaces:
        slots = np.array([[_slot(int(n), place, parents, hips) for n in row] for row in _distinct(surface.bones)[0]])
        slots = slots[_distinct(surface.bones)[1]]
        shift = moved[slots] - np.einsum("vkab,vkb->vka", turn_matrix[slots], heads[slots])
        blended = np.einsum("vk,vkab->vab", surface.weights, turn_matrix[slots])
        vertices = np.einsum("vab,vb->va", blended, surface.vertices) + np.einsum("vk,vka->va", surface.weights, shift)
        floor = min(floor, vertices[:, 1].min())
        parts.append(_part(surface, vertices, slots, surface.weights, morphs, blended))
    down = np.array([moved[0, 0], floor, moved[0, 2]])  # hips over the origin, soles on the ground
    parts = [replace(p, vertices=p.vertices - down.astype(np.float32)) for p in parts]
    rest = rotation.multiply(turn, rest)
    offsets = np.zeros_like(moved)
    offsets[1:] = rotation.rotate(rotation.conjugate(rest[above[1:]]), moved[1:] - moved[above[1:]])
    return Avatar(
        name=name,
        skeleton=Skeleton(tuple(titles), above, offsets),
        parts=tuple(parts),
        root_height=float(moved[0, 1] - floor),
        joint_map={beat: titles[j] for beat, j in joint_map.items()},
        eyes=tuple(titles[place[n]] for n in eyes) if len(eyes) == 2 else (),
        rest=rest,
    )


def _below(parents: list[int], top: int) -> list[int]:
    """A node and everything under it, parents first."""
    children: dict[int, list[int]] = {}
    for i, parent in enumerate(parents):
        children.setdefault(parent, []).append(i)
    found = [top]
    for node in found:
        found += children.get(node, [])
    return found


def _distinct(bones: NDArray) -> tuple[NDArray, NDArray]:
    rows, index = np.unique(bones, axis=0, return_inverse=True)
    return rows, index.reshape(-1)


def _slot(node: int, place: dict[int, int], parents: list[int], hips: int) -> int:
    """The joint that carries a node: itself, or the nearest one above it, or the hips."""
    while node >= 0 and node not in place:
        node = parents[node]
    return place.get(node, place[hips])


def _pure_turn(m: NDArray) -> NDArray:
    """The rotations nearest to matrices that may scale."""
    u, _, vt = np.linalg.svd(m)
    sign = np.sign(np.linalg.det(u @ vt))
    u[:, :, 2] *= sign[:, None]
    return u @ vt


def _upright(
    document: GltfDocument, world: NDArray, bones: dict[str, int], surfaces: list[GltfPrimitive]
) -> tuple[NDArray, list[str]]:
    """World matrices of a figure that faces +Z with its left at +X, in metres; the surfaces are moved alike."""
    at = {beat: world[node][:3, 3] for beat, node in bones.items()}
    notes = []
    up = at["Head"] - at["Hips"]
    left = (at["LeftArm"] - at["RightArm"]) + (at["LeftUpLeg"] - at["RightUpLeg"])
    if np.linalg.norm(up) < 1e-6 or np.linalg.norm(np.cross(up, left)) < 1e-9:
        raise document.error("its joints lie in one point; expected a figure with a size")
    y, x = (_axis(v) for v in (up, left))
    if abs(y @ x) > 0.5:
        raise document.error("its left and its up are the same axis; expected a standing figure")
    turn = np.stack([x, y, np.cross(x, y)])
    height = float(np.linalg.norm(up)) / 0.36  # hips to head joint: 36 % of a body
    scale = 0.01 if height > 30 else 1.0
    if not np.allclose(turn, np.eye(3)):
        notes.append("turned to face +Z")
    if scale != 1.0:
        notes.append(f"taken to be in centimetres ({height:.0f} units tall)")
    elif not 0.3 < height < 4.0:
        notes.append(f"{height:.2f} m tall")
    move = np.eye(4)
    move[:3, :3] = scale * turn
    for surface in surfaces:
        surface.vertices = surface.vertices @ move[:3, :3].T
        surface.morphs = {t: delta @ move[:3, :3].T for t, delta in surface.morphs.items()}
    return move @ world, notes


def _axis(v: NDArray) -> NDArray[np.float64]:
    """The signed axis nearest to a direction."""
    out = np.zeros(3)
    k = int(np.argmax(np.abs(v)))
    out[k] = np.sign(v[k])
    return out
