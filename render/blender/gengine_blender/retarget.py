"""A performance's armature onto another humanoid, whatever its names, rest pose, size or facing.

World rotations are carried over: a bone's turn since the source's rest pose, onto the target's own rest pose. Limbs,
hands and fingers are first brought into the source's T-pose (the "rest-pose difference"), so an A-pose target points
where the source points; trunk, head, shoulders and feet keep the target's own posture.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix, Quaternion, Vector

from . import keys
from .run_folder import RunError

TABLE = json.loads((Path(__file__).parent / "bone_map.json").read_text("utf-8"))
NEEDED = ("Hips", "LeftArm", "LeftForeArm", "RightArm", "RightForeArm", "LeftUpLeg", "RightUpLeg")


def _aims() -> dict[str, str]:
    """Limb joint → the joint its bone points to; parents before children."""
    out = {}
    for side in ("Left", "Right"):
        chains = [["Arm", "ForeArm", "Hand", "HandMiddle1"], ["UpLeg", "Leg", "Foot"]]
        chains += [[f"Hand{f}{i}" for i in (1, 2, 3, 4)] for f in ("Thumb", "Index", "Middle", "Ring", "Pinky")]
        for chain in chains:
            out |= {side + a: side + b for a, b in zip(chain, chain[1:], strict=False)}
    return out


AIMS = _aims()


def plain(name: str) -> str:
    """A bone's name without namespace, Mixamo's prefix, case and signs."""
    name = re.sub(r"^mixamorig\d*[:_]?", "", name.split("|")[-1], flags=re.IGNORECASE).split(":")[-1]
    return re.sub(r"[\s_.\-]", "", name).lower()


def match_bones(armature: bpy.types.Object) -> tuple[str, dict[str, str]]:
    """The best fitting rig of bone_map.json and its BEAT joint → bone of ``armature``."""
    names = {plain(b.name): b.name for b in reversed(armature.data.bones)}
    found = {
        rig: {beat: names[plain(bone)] for beat, bone in table.items() if plain(bone) in names}
        for rig, table in TABLE["rigs"].items()
    }
    rig = max(found, key=lambda r: len(found[r]))
    missing = [n for n in NEEDED if n not in found[rig]]
    if missing:
        raise RunError(
            f"'{armature.name}': no bones for {', '.join(missing[:4])} (closest naming: {rig}); known are "
            f"{', '.join(TABLE['rigs'])}. Rename its bones to one of these"
        )
    return rig, found[rig]


def retarget(source, target, first: int, last: int, step: int = 1) -> tuple[str, int, list[str]]:
    """Bake ``source``'s motion between two frames to keys of ``target``.

    Returns the name of the target's rig, how many bones were keyed and notes. Both are armature objects.
    """
    _, ours = match_bones(source)
    rig, theirs = match_bones(target)
    pairs = {joint: (ours[joint], theirs[joint]) for joint in ours if joint in theirs}
    frames = np.arange(first, last + 1, step, dtype=float)
    if frames[-1] != last:
        frames = np.append(frames, float(last))
    notes = _notes(source, target, theirs)

    src_rest, dst_rest = _world_rest(source), _world_rest(target)
    facing = _facing(dst_rest, theirs) @ _facing(src_rest, ours).inverted()
    aligned = _align(pairs, src_rest, dst_rest, facing)
    turns, hips = _source_turns(source, [p[0] for p in pairs.values()], ours["Hips"], frames)

    # desired world turn = facing · turn · facing⁻¹ · (rest-pose difference) · target's rest
    spin = _array(facing)
    to_object = _array(target.matrix_world.to_quaternion().inverted())
    wanted = {}
    for k, (joint, (_, bone)) in enumerate(pairs.items()):
        rest = _array(aligned[joint] @ dst_rest[bone].to_quaternion())
        wanted[bone] = to_object @ spin @ turns[:, k] @ spin.T @ rest
    _key(target, wanted, theirs["Hips"], frames, _root(source, target, src_rest, dst_rest, ours, theirs, hips, facing))
    return rig, len(wanted), notes


def _notes(source, target, theirs: dict[str, str]) -> list[str]:
    notes = []
    held = [b for b in theirs.values() if any(not c.mute for c in target.pose.bones[b].constraints)]
    if held:
        notes.append(f"'{target.name}': {len(held)} bones such as {held[0]} have constraints, which override the keys")
    if target.data.bones[theirs["Hips"]].use_connect:
        notes.append(f"'{target.name}': {theirs['Hips']} is connected to its parent and cannot travel")
    if any(c for b in source.pose.bones for c in b.constraints):
        notes.append(f"'{source.name}' has constraints, which are not read; bake its action first")
    return notes


def _world_rest(armature) -> dict[str, Matrix]:
    return {b.name: armature.matrix_world @ b.matrix_local for b in armature.data.bones}


def _facing(rest: dict[str, Matrix], bones: dict[str, str]) -> Quaternion:
    """The turn about the vertical from Blender's front (-Y, left = +X) to where a figure faces."""
    left = rest[bones["LeftUpLeg"]].translation - rest[bones["RightUpLeg"]].translation
    return Quaternion((0, 0, 1), np.arctan2(left.y, left.x))


def _align(pairs, src_rest, dst_rest, facing: Quaternion) -> dict[str, Quaternion]:
    """Per joint the world turn that brings the target's rest bone to where the source's rest bone points."""
    turns: dict[str, Quaternion] = {}
    above = {tip: joint for joint, tip in AIMS.items()}
    for joint in [*AIMS, *pairs]:
        if joint not in pairs or joint in turns:
            continue
        hand = re.match("(Left|Right)Hand(?=.)", joint)
        parent = above.get(joint) or (hand[0] if hand else None)
        if joint.endswith(("Foot", "ToeBase")):
            parent = None  # soles stay flat
        base = turns.get(parent, Quaternion())
        tip = AIMS.get(joint)
        if tip in pairs:
            goal = facing @ (src_rest[pairs[tip][0]].translation - src_rest[pairs[joint][0]].translation)
            have = base @ (dst_rest[pairs[tip][1]].translation - dst_rest[pairs[joint][1]].translation)
            if goal.length > 1e-6 and have.length > 1e-6:
                base = have.rotation_difference(goal) @ base
                if joint.endswith("Hand"):
                    base = _palm(joint, pairs, src_rest, dst_rest, facing, goal, base) @ base
        turns[joint] = base
    return turns


def _palm(hand, pairs, src_rest, dst_rest, facing, axis: Vector, base: Quaternion) -> Quaternion:
    """The turn about the hand's axis that lays its palm like the source's."""
    index, pinky = f"{hand}Index1", f"{hand}Pinky1"
    if index not in pairs or pinky not in pairs:
        return Quaternion()

    def across(rest, side: int) -> Vector:
        return rest[pairs[index][side]].translation - rest[pairs[pinky][side]].translation

    axis = axis.normalized()
    goal, have = facing @ across(src_rest, 0), base @ across(dst_rest, 1)
    goal, have = goal - axis * goal.dot(axis), have - axis * have.dot(axis)
    if goal.length < 1e-6 or have.length < 1e-6:
        return Quaternion()
    return Quaternion(axis, np.arctan2(axis.dot(have.cross(goal)), have.dot(goal)))


def _source_turns(source, bones: list[str], hips: str, frames) -> tuple[np.ndarray, np.ndarray]:
    """World turns since rest ``(T, K, 3, 3)`` and the hips' world positions ``(T, 3)``, from the F-curves."""
    curves = keys.fcurves_of(source)
    if curves is None:
        raise RunError(f"'{source.name}' has no action; import a performance first")
    pose: dict[str, np.ndarray] = {}
    place = np.zeros((len(frames), 3))
    for bone in source.data.bones:  # parents first
        local = _basis(source, curves, bone.name, frames)
        rest = bone.matrix_local.to_3x3()
        up = bone.parent
        joint = _rigid(up.matrix_local.to_3x3().inverted() @ rest if up else rest)
        if bone.name == hips:
            move = np.stack([_channel(source, curves, hips, "location", i, frames) for i in range(3)], axis=1)
            # the hips hang off the object or off bones that stand still
            place = np.array(bone.matrix_local.translation) + move @ _rigid(rest).T
        pose[bone.name] = (pose[up.name] if up else np.eye(3)) @ joint @ local
    world = np.array(source.matrix_world)
    spin = _array(source.matrix_world.to_quaternion())
    rests = [_rigid(source.data.bones[name].matrix_local.to_3x3()) for name in bones]
    turns = np.stack([spin @ pose[n] @ rest.T @ spin.T for n, rest in zip(bones, rests, strict=True)], axis=1)
    return turns, place @ world[:3, :3].T + world[:3, 3]


def _channel(source, curves, bone: str, field: str, index: int, frames) -> np.ndarray:
    path = f'pose.bones["{bpy.utils.escape_identifier(bone)}"].{field}'
    return keys.read(curves, path, index, frames, getattr(source.pose.bones[bone], field)[index])


def _basis(source, curves, bone: str, frames) -> np.ndarray:
    mode = source.pose.bones[bone].rotation_mode
    if mode == "AXIS_ANGLE":
        raise RunError(f"'{source.name}': bone {bone} turns by axis and angle; set it to quaternion")
    if mode == "QUATERNION":
        q = np.stack([_channel(source, curves, bone, "rotation_quaternion", i, frames) for i in range(4)], axis=1)
        return _matrices(q / np.linalg.norm(q, axis=1, keepdims=True))
    out = np.eye(3)
    for letter in mode:  # Blender's XYZ turns about X first
        axis = "XYZ".index(letter)
        angle = _channel(source, curves, bone, "rotation_euler", axis, frames)
        q = np.zeros((len(frames), 4))
        q[:, 0], q[:, 1 + axis] = np.cos(angle / 2), np.sin(angle / 2)
        out = _matrices(q) @ out
    return out


def _root(source, target, src_rest, dst_rest, ours, theirs, hips, facing) -> np.ndarray:
    """World path of the target's hips: the source's over its floor, scaled by hip height."""
    tall, short = _height(source, src_rest, ours), _height(target, dst_rest, theirs)
    scale = short / tall
    rest = dst_rest[theirs["Hips"]].translation
    path = (hips - np.array(source.matrix_world.translation)) @ _array(facing).T * scale
    return path + [rest.x, rest.y, rest.z - short]


def _height(armature, rest, bones: dict[str, str]) -> float:
    """Hips over the floor at rest: the object's origin where the feet stand there, else the lowest foot joint."""
    roots = [armature.data.bones[bones[name]] for name in ("LeftFoot", "RightFoot") if name in bones]
    feet = [b for root in roots for b in (root, *root.children_recursive)]
    joints = feet or [armature.data.bones[bones["LeftUpLeg"]]]
    low = min((armature.matrix_world @ p).z for b in joints for p in (b.head_local, b.tail_local))
    hips = rest[bones["Hips"]].translation.z
    floor = armature.matrix_world.translation.z
    height = hips - (floor if abs(low - floor) < 0.15 * abs(hips - low) else low)
    if height <= 1e-6:
        raise RunError(f"'{armature.name}': its hips are not above its feet; it must stand along Z at rest")
    return height


def _key(target, wanted: dict[str, np.ndarray], hips: str, frames, path: np.ndarray) -> None:
    """World turns to bone keys, parents first; bones without a partner keep their present local pose."""
    curves = keys.fcurves_of(target, f"{target.name} gengine body")
    world = np.array(target.matrix_world)
    path = (path - world[:3, 3]) @ np.linalg.inv(world[:3, :3]).T
    pose: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for bone in target.data.bones:
        up = bone.parent
        rest = np.array(up.matrix_local.inverted() @ bone.matrix_local if up else bone.matrix_local)
        turn, place = pose[up.name] if up else (np.eye(3), np.zeros(3))
        joint = turn @ rest[:3, :3]
        head = place + turn @ rest[:3, 3]
        item = target.pose.bones[bone.name]
        prefix = f'pose.bones["{bpy.utils.escape_identifier(bone.name)}"].'
        if bone.name in wanted:
            basis = np.swapaxes(np.broadcast_to(joint, (len(frames), 3, 3)), -1, -2) @ wanted[bone.name]
            item.rotation_mode = "QUATERNION"
            for i, values in enumerate(_quaternions(basis).T):
                keys.write(curves, prefix + "rotation_quaternion", i, frames, values)
            turn = np.broadcast_to(wanted[bone.name], (len(frames), 3, 3))
        else:
            turn = joint @ _rigid(item.matrix_basis.to_3x3())
        if bone.name == hips:
            move = np.einsum("...ji,...j->...i", joint, path - head)
            for i, values in enumerate(np.broadcast_to(move, (len(frames), 3)).T):
                keys.write(curves, prefix + "location", i, frames, values)
            head = path
        pose[bone.name] = (turn, head)


def _array(q: Quaternion) -> np.ndarray:
    return np.array(q.to_matrix())


def _rigid(m: Matrix) -> np.ndarray:
    return np.array(m.normalized())


def _matrices(q: np.ndarray) -> np.ndarray:
    """Unit quaternions wxyz ``(T, 4)`` as matrices ``(T, 3, 3)``."""
    w, x, y, z = q.T
    rows = [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
            2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
            2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)]  # fmt: skip
    return np.stack(rows, axis=-1).reshape(-1, 3, 3)


def _quaternions(m: np.ndarray) -> np.ndarray:
    """Matrices ``(T, 3, 3)`` as quaternions wxyz ``(T, 4)``, neighbours on one side of the sphere."""
    d = np.stack([m[:, 0, 0], m[:, 1, 1], m[:, 2, 2]], axis=1)
    signs = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    q = np.sqrt(np.maximum(1 + d @ signs.T, 0)) / 2
    big = q.argmax(1)
    a, b, c = m[:, 2, 1] - m[:, 1, 2], m[:, 0, 2] - m[:, 2, 0], m[:, 1, 0] - m[:, 0, 1]
    p, r, s = m[:, 1, 0] + m[:, 0, 1], m[:, 0, 2] + m[:, 2, 0], m[:, 2, 1] + m[:, 1, 2]
    zero = np.zeros_like(a)
    table = np.array([[zero, a, b, c], [a, zero, p, r], [b, p, zero, s], [c, r, s, zero]])  # (4 big, 4, T)
    rows = np.arange(len(m))
    top = q[rows, big]
    out = table[big, :, rows] / (4 * top[:, None])
    out[rows, big] = top
    flips = np.cumprod(np.where((out[1:] * out[:-1]).sum(1) < 0, -1, 1))
    out[1:] *= flips[:, None]
    return out / np.linalg.norm(out, axis=1, keepdims=True)
