"""Bring your own avatar: any rigged glTF or VRM figure, or a bare head with morphs."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.avatars.importing.findings import Findings, say
from gengine.avatars.importing.gltf_compression import unpack
from gengine.avatars.importing.gltf_document import DAMAGE, MAX_TRIANGLES, GltfDocument, world_matrices
from gengine.avatars.importing.gltf_material import Materials
from gengine.avatars.importing.gltf_morphs import MorphSources, mesh_part, named_shapes
from gengine.avatars.importing.gltf_origin import kept_origin
from gengine.avatars.importing.gltf_primitives import GltfPrimitive, one_joint, read_primitives, unique
from gengine.avatars.importing.head import head_avatar
from gengine.avatars.importing.lip_gap import measured_seal
from gengine.avatars.importing.morph_names import arkit_recipe
from gengine.avatars.importing.rig_recognition import completed, eye_nodes, recognise, recognise_shape, refusal
from gengine.core import rotation
from gengine.core.avatar import Avatar, Part, check_avatar
from gengine.core.face import ARKIT_NAMES
from gengine.core.skeleton import Skeleton, beat_skeleton
from gengine.errors import FormatError, GengineError
from gengine.retarget.bone_map import read_bones
from gengine.retarget.rig_names import REQUIRED
from gengine.retarget.to_tpose import t_pose_turns

_NOTED_TURN = np.radians(5.0)
"""Joints that a T-pose turns by more (rad) are worth a note."""
_HIPS_TO_HEAD = 0.36
"""Hip to head joint as a share of the standing height (the built-in bodies have 0.37 to 0.38)."""
_NO_METRES = 30.0
"""A figure taller than this, in its file's unit, is taken to be in centimetres (judgement)."""
_WORTH = ("Spine", "Spine1", "Spine3", "Neck", "LeftShoulder", "RightShoulder", "LeftToeBase", "RightToeBase")
"""Joints that a draft of a map lists besides those that are needed."""
_FACE = 0.25
"""Share of a mesh's height that a face moves at most on a whole body; on heads and busts it moves more (judgement)."""


def read_glb_avatar(path: str | Path, bones: str | Path | None = None, decimate: float | None = None) -> Avatar:
    """An avatar from a .glb, .gltf or .vrm file.

    The rig is recognised by a map of ``bones`` (a JSON file as ``gengine avatar map`` writes), the VRM extension, its
    joints' names (``data/rig_words.csv``), or how its joints hang together; morphs by ARKit's names in any spelling.
    The figure is turned to face +Z, scaled to metres, put on y = 0, and brought from its rest pose (A-pose, bent arms)
    to a T-pose. A head with face morphs needs no rig. ``decimate`` is a number of triangles to keep, or the share.
    Everything that had to be guessed or left away is in the avatar's ``report``. A file that cannot be used, or a whole
    body whose rig stays unknown, is a ``FormatError``.
    """
    document = GltfDocument(path)
    try:
        with np.errstate(all="ignore"):  # absurd numbers end as infinities, which are looked for
            return _load(document, bones, decimate)
    except FormatError:
        raise
    except GengineError as error:
        raise document.error(str(error)) from None
    except DAMAGE as error:
        raise document.damaged(error) from None


def load_glb_avatar(path: str | Path, bones: str | Path | None = None) -> Avatar:
    """``read_glb_avatar`` for callers who read no report: it is said in one warning."""
    avatar = read_glb_avatar(path, bones)
    say(avatar.report)
    return avatar


def _load(document: GltfDocument, given: str | Path | None, decimate: float | None) -> Avatar:
    notes = Findings(document.path.name)
    unpack(document)
    if decimate is not None:
        from gengine.avatars.importing.decimate import decimate_document

        before, after = decimate_document(document, decimate)
        notes.note(f"{after} of {before} triangles are kept")
    scene = scene_nodes(document)
    primitives = read_primitives(document, scene.world, Materials(document, notes))
    if not primitives:
        raise document.error("holds no triangles; expected a figure with a mesh")
    triangles = sum(len(s.triangles) for s in primitives)
    if triangles > MAX_TRIANGLES:
        raise document.error(
            f"holds {triangles} triangles, at most {MAX_TRIANGLES} are read; --decimate 100000 makes fewer"
        )

    shapes = named_shapes(document)
    recipe, guessed = arkit_recipe(shapes)
    absent = [n for n in ARKIT_NAMES if n not in recipe]
    if guessed:
        notes.warn(f"{len(guessed)} morphs made from the nearest others ({', '.join(guessed[:4])}…)")
    if recipe and absent:
        notes.warn(f"{len(absent)} of 52 morphs absent ({', '.join(absent[:4])}…)")
    bones = _bones(document, scene, primitives, given, notes)
    if not bones and not recipe:
        raise document.error(
            f"has neither a humanoid rig (joints such as {', '.join(REQUIRED[:3])}) nor morphs with ARKit's names; "
            "give a rigged figure or a head with blend shapes"
        )
    morphs = {a: [(shapes[n], share) for n, share in parts] for a, parts in recipe.items()}
    if not recipe:
        notes.warn("no morph has a known name: the face will not move")
    if bones:
        avatar = _figure(document, scene, primitives, bones, morphs, notes)
    else:
        notes.warn("no humanoid rig was recognised: it is taken for a head")
        pieces = [mesh_part(s, s.vertices, np.zeros((len(s.vertices), 4)), one_joint(len(s.vertices)), morphs, None)
                  for s in primitives]  # fmt: skip
        if _is_body(pieces):
            raise document.error(
                "is a whole body without a skeleton that moves it; rig it (Mixamo's auto-rigger does), or give its head"
            )
        avatar = head_avatar(document.path.stem, pieces)
    check_avatar(avatar)
    seal, why = measured_seal(avatar.parts)
    if why and recipe:
        notes.note(f"lips not measured ({why}): default lips")
    licence = document.json["asset"].get("copyright", "")
    notes.facts |= {
        "joints": len(avatar.joint_map),
        "of": len(scene.joints) or None,
        "triangles": sum(len(part.triangles) for part in avatar.parts),
        "morphs": sum(name in ARKIT_NAMES for name in avatar.morph_names),
        "clips": len(document.items("animations")) or None,
    }
    return replace(avatar, seal=seal, licence=str(licence)[:500], report=notes.report)


@dataclass(frozen=True, eq=False)
class SceneNodes:
    """All nodes of a document: ``names``, ``parents`` (-1 for roots), ``world (N, 4, 4)`` at rest, and ``joints``."""

    names: list[str]
    parents: list[int]
    world: NDArray[np.float64]
    joints: set[int]
    """Nodes that skins name."""


def scene_nodes(document: GltfDocument) -> SceneNodes:
    """The nodes of a document, with the numbers of those that have no name."""
    names = [str(node.get("name", f"node{i}")) for i, node in enumerate(document.items("nodes"))]
    world, parents = world_matrices(document)
    joints = {int(n) for skin in document.items("skins") for n in skin.get("joints", [])}
    return SceneNodes(names, parents, world, {n for n in joints if 0 <= n < len(names)})


def _bones(
    document: GltfDocument,
    scene: SceneNodes,
    primitives: list[GltfPrimitive],
    given: str | Path | None,
    notes: Findings,
) -> dict[str, int]:
    """The nodes by BEAT joint; none where there is no skeleton of a body."""
    if given is not None:
        return read_bones(given, scene.names, scene.parents)
    extensions = document.json.get("extensions", {})
    _, bones = recognise(scene.names, extensions, scene.parents, scene.joints)
    if len(scene.joints) < len(REQUIRED) or (bones and {"VRM", "VRMC_vrm"} & extensions.keys()):
        return bones
    used = {int(n) for p in primitives for n in np.unique(p.bones[p.weights > 0])}
    if bones:
        with contextlib.suppress(GengineError):  # names are enough
            more = completed(bones, recognise_shape(scene.parents, scene.world, scene.joints, used))
            if more != bones:
                notes.warn(f"{len(more) - len(bones)} joints that their names leave open were told by structure")
            bones = more
        return bones
    try:
        bones = recognise_shape(scene.parents, scene.world, scene.joints, used)
    except GengineError as error:
        if _face_share(primitives) > _FACE:  # a head with bones of its own
            return {}
        raise document.error(refusal([scene.names[n] for n in sorted(scene.joints)], error)) from None
    notes.warn(f"its joints' names are no tool's: {len(bones)} joints were told by structure")
    return bones


def _face_share(primitives: list[GltfPrimitive]) -> float:
    """Height of what morphs move as a share of all."""
    moved = [p.vertices[np.abs(d).max(1) > 1e-4 * np.ptp(p.vertices)] for p in primitives for d in p.morphs.values()]
    points = np.concatenate([p.vertices for p in primitives])
    face = np.concatenate(moved) if moved else points[:0]
    return float((np.ptp(face, axis=0) / np.maximum(np.ptp(points, axis=0), 1e-12)).min()) if len(face) else 0.0


def _is_body(parts: list[Part]) -> bool:
    """Whether morphs move no more of the height than a body's face."""
    moved = [part.vertices[np.unique(np.concatenate(part.morphs.indices))] for part in parts if part.morphs.names]
    points = np.concatenate([part.vertices for part in parts])
    height = float(np.ptp(np.concatenate(moved)[:, 1])) if moved else 0.0
    return height < _FACE * float(np.ptp(points[:, 1]))


def draft_bones(path: str | Path) -> dict[str, Any]:
    """A map of a document's bones as far as they are told.

    ``bones`` (BEAT joint → node, "" where none was found), the ``unmatched`` joints of its skins, and how they were
    ``told`` ("names", "structure", "nothing").
    """
    document = GltfDocument(path)
    try:
        with np.errstate(all="ignore"):
            unpack(document)
            scene = scene_nodes(document)
            _, found = recognise(scene.names, document.json.get("extensions", {}), scene.parents, scene.joints)
            told = "names" if found else "nothing"
            if not found:
                primitives = read_primitives(document, scene.world, Materials(document, Findings(document.path.name)))
                used = {int(n) for p in primitives for n in np.unique(p.bones[p.weights > 0])}
                try:
                    found = recognise_shape(scene.parents, scene.world, scene.joints, used)
                    told = "structure"
                except GengineError:
                    pass
    except FormatError:
        raise
    except DAMAGE as error:
        raise document.damaged(error) from None
    joints = [name for name in beat_skeleton().names if name in REQUIRED or name in found or name in _WORTH]
    taken = set(found.values())
    return {
        "file": document.path.name,
        "told": told,
        "bones": {beat: scene.names[found[beat]] if beat in found else "" for beat in joints},
        "unmatched": [scene.names[n] for n in sorted(scene.joints) if n not in taken],
    }


@dataclass(frozen=True, eq=False)
class JointNodes:
    """The nodes that become joints: ``nodes`` parents first, ``parents (J,)`` among them, both ``eyes`` or none."""

    nodes: list[int]
    parents: NDArray[np.int64]
    eyes: list[int]

    @cached_property
    def slots(self) -> dict[int, int]:
        """Node → joint."""
        return {node: j for j, node in enumerate(self.nodes)}

    def carrier(self, node: int, parents: list[int]) -> int:
        """The joint that carries a node: itself, or the nearest one above it, or the hips."""
        while node >= 0 and node not in self.slots:
            node = parents[node]
        return self.slots.get(node, 0)


def _figure(
    document: GltfDocument,
    scene: SceneNodes,
    primitives: list[GltfPrimitive],
    bones: dict[str, int],
    morphs: MorphSources,
    notes: Findings,
) -> Avatar:
    """The avatar of a recognised rig: ``bones`` are its nodes by BEAT joint."""
    rig = _joint_nodes(document, scene, primitives, bones)
    move = _upright(document, scene.world, bones, primitives, notes)
    matrices = (move @ scene.world)[rig.nodes]
    heads = matrices[:, :3, 3]
    joint_map = {beat: rig.slots[n] for beat, n in bones.items() if n in rig.slots}
    turn, moved, largest = t_pose_turns(heads, rig.parents, joint_map)
    if largest > _NOTED_TURN:
        notes.note(f"its rest pose was turned to a T-pose (by up to {np.degrees(largest):.0f} degrees)")
    parts = _t_posed(scene, primitives, rig, morphs, heads, turn, moved)
    floor = min(vertices[:, 1].min() for vertices, _ in parts)
    down = np.array([moved[0, 0], floor, moved[0, 2]])  # hips over the origin, soles on the ground
    rest = rotation.multiply(turn, rotation.from_matrix(_pure_turn(matrices[:, :3, :3])))
    offsets = np.zeros_like(moved)
    above = rig.parents[1:]
    offsets[1:] = rotation.rotate(rotation.conjugate(rest[above]), moved[1:] - moved[above])
    titles = unique([scene.names[n] for n in rig.nodes])
    return Avatar(
        name=document.path.stem,
        skeleton=Skeleton(tuple(titles), rig.parents, offsets),
        parts=tuple(replace(p, vertices=p.vertices - down.astype(np.float32)) for _, p in parts),
        root_height=float(moved[0, 1] - floor),
        joint_map={beat: titles[j] for beat, j in joint_map.items()},
        eyes=tuple(titles[rig.slots[n]] for n in rig.eyes) if len(rig.eyes) == 2 else (),
        rest=rest,
        origin=kept_origin(document, rig.nodes, scene.parents, scene.world, move, down, morphs, notes),
    )


def _joint_nodes(
    document: GltfDocument, scene: SceneNodes, primitives: list[GltfPrimitive], bones: dict[str, int]
) -> JointNodes:
    """The hips and all below them that is a bone, an eye, moves a vertex, or lies between those and the hips."""
    hips, parents = bones["Hips"], scene.parents
    under = _below(parents, hips)
    outside = [beat for beat, node in bones.items() if node not in under]
    if any(beat in REQUIRED for beat in outside):
        name = scene.names[bones[outside[0]]]
        raise document.error(f"joint {name} does not hang below the hips; expected one figure")
    eyes = [n for n in eye_nodes(scene.names, document.json.get("extensions", {})) if n is not None and n in under]
    used = {hips, *(n for n in bones.values() if n in under), *eyes}
    for primitive in primitives:
        used |= {int(n) for n in np.unique(primitive.bones[primitive.weights > 0]) if int(n) in under}
    for node in list(used):
        while node != hips:
            node = parents[node]
            used.add(node)
    order = sorted(used)
    if any(parents[n] > n for n in order if n != hips):
        order = [n for n in under if n in used]  # parents first
    place = {n: j for j, n in enumerate(order)}
    return JointNodes(order, np.array([-1 if n == hips else place[parents[n]] for n in order]), eyes)


def _t_posed(
    scene: SceneNodes,
    primitives: list[GltfPrimitive],
    rig: JointNodes,
    morphs: MorphSources,
    heads: NDArray,
    turn: NDArray,
    moved: NDArray,
) -> list[tuple[NDArray[np.float64], Part]]:
    """Every primitive as a part of the T-pose, with its vertices in 64 bits.

    ``heads (J, 3)`` are the joints at rest, ``moved (J, 3)`` in the T-pose, ``turn (J, 4)`` what turns them there.
    """
    turn_matrix = rotation.to_matrix(turn)
    parts = []
    for primitive in primitives:
        rows, row = np.unique(primitive.bones, axis=0, return_inverse=True)
        slots = np.array([[rig.carrier(int(n), scene.parents) for n in nodes] for nodes in rows])[row.reshape(-1)]
        shift = moved[slots] - np.einsum("vkab,vkb->vka", turn_matrix[slots], heads[slots])
        blended = np.einsum("vk,vkab->vab", primitive.weights, turn_matrix[slots])
        vertices = np.einsum("vab,vb->va", blended, primitive.vertices)
        vertices = vertices + np.einsum("vk,vka->va", primitive.weights, shift)
        parts.append((vertices, mesh_part(primitive, vertices, slots, primitive.weights, morphs, blended)))
    return parts


def _below(parents: list[int], top: int) -> list[int]:
    """A node and everything under it, parents first."""
    children: dict[int, list[int]] = {}
    for i, parent in enumerate(parents):
        children.setdefault(parent, []).append(i)
    found = [top]
    for node in found:
        found += children.get(node, [])
    return found


def _pure_turn(m: NDArray) -> NDArray:
    """The rotations nearest to matrices that may scale."""
    u, _, vt = np.linalg.svd(m)
    sign = np.sign(np.linalg.det(u @ vt))
    u[:, :, 2] *= sign[:, None]
    return u @ vt


def _upright(
    document: GltfDocument, world: NDArray, bones: dict[str, int], primitives: list[GltfPrimitive], notes: Findings
) -> NDArray[np.float64]:
    """The matrix ``(4, 4)`` that makes a figure face +Z with its left at +X, in metres.

    The primitives are moved alike, in place. A turn and an unusual size are noted.
    """
    at = {beat: world[node][:3, 3] for beat, node in bones.items()}
    up = at["Head"] - at["Hips"]
    left = (at["LeftArm"] - at["RightArm"]) + (at["LeftUpLeg"] - at["RightUpLeg"])
    if np.linalg.norm(up) < 1e-6 or np.linalg.norm(np.cross(up, left)) < 1e-9:
        raise document.error("its joints lie in one point; expected a figure with a size")
    y, x = (_axis(v) for v in (up, left))
    if abs(y @ x) > 0.5:
        raise document.error("its left and its up are the same axis; expected a standing figure")
    turn = np.stack([x, y, np.cross(x, y)])
    height = float(np.linalg.norm(up)) / _HIPS_TO_HEAD
    scale = 0.01 if height > _NO_METRES else 1.0
    if not np.allclose(turn, np.eye(3)):
        notes.note("turned to face +Z")
    if scale != 1.0:
        notes.note(f"taken to be in centimetres ({height:.0f} units tall)")
    elif not 0.3 < height < 4.0:
        notes.note(f"{height:.2f} m tall")
    move = np.eye(4)
    move[:3, :3] = scale * turn
    for primitive in primitives:
        primitive.vertices = primitive.vertices @ move[:3, :3].T
        primitive.morphs = {t: delta @ move[:3, :3].T for t, delta in primitive.morphs.items()}
    return move


def _axis(v: NDArray) -> NDArray[np.float64]:
    """The signed axis nearest to a direction."""
    out = np.zeros(3)
    k = int(np.argmax(np.abs(v)))
    out[k] = np.sign(v[k])
    return out
