"""What the operators do: bring a run's files into the scene."""

from __future__ import annotations

import math
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix

from . import keys
from .face_file import Face, arkit_name
from .retarget import TABLE, match_bones, plain
from .run_folder import Run, RunError, bvh_clock


def scene_fps(scene) -> float:
    return scene.render.fps / scene.render.fps_base


def set_fps(scene, fps: float) -> None:
    """Give the scene a rate: whole, a 1000/1001 of film and television, or any other by its base."""
    for base in (1.0, 1.001):
        if abs(fps * base - round(fps * base)) < 0.005:
            scene.render.fps, scene.render.fps_base = round(fps * base), base
            return
    scene.render.fps = math.ceil(fps)
    scene.render.fps_base = math.ceil(fps) / fps


def clock(run: Run, face: Face | None) -> tuple[float, float]:
    """Seconds and body rate (Hz) of a run."""
    if run.bvh is not None:
        frames, fps = bvh_clock(run.bvh)
        return frames / fps, fps
    if face is not None:
        spacing = np.diff(face.times).mean() if len(face.times) > 1 else 1 / 60
        return float(face.times[-1] + spacing), run.body_fps or 1 / spacing
    return 0.0, run.body_fps or 30.0


def import_bvh(context, run: Run, start: int, match_fps: bool):
    if run.bvh is None:
        raise RunError(f"{run.folder}: holds no body.bvh; animate again with --formats bvh,csv")
    before = set(bpy.data.objects)
    bpy.ops.import_anim.bvh(
        filepath=str(run.bvh), global_scale=0.01, axis_forward="-Z", axis_up="Y", frame_start=start,
        use_fps_scale=not match_fps, update_scene_fps=False, update_scene_duration=False,
    )  # fmt: skip
    armature = next(o for o in bpy.data.objects if o not in before)
    if armature.animation_data and armature.animation_data.action:
        keys.straighten(armature.animation_data.action)
    return armature


def import_glb(context, run: Run, start: int):
    """The avatar, playing; returns its armature."""
    before, actions = set(bpy.data.objects), set(bpy.data.actions)
    known = bpy.ops.import_scene.gltf.get_rna_type().properties.keys()
    options = {"disable_bone_shape": True} if "disable_bone_shape" in known else {}
    bpy.ops.import_scene.gltf(filepath=str(run.glb), **options)
    new = [o for o in bpy.data.objects if o not in before]
    for action in bpy.data.actions:
        if action not in actions:
            keys.shift(action, start)  # glTF's time 0 lands on frame 0
    for item in new:
        for owner in (item, getattr(item.data, "shape_keys", None)):
            if owner is not None and owner.animation_data:  # the muted copies would be exported twice
                for track in list(owner.animation_data.nla_tracks):
                    owner.animation_data.nla_tracks.remove(track)
    armature = next((o for o in new if o.type == "ARMATURE"), None)
    if armature is None:
        raise RunError(f"{run.glb}: holds no armature; export it again")
    return armature


def last_frame(armature) -> float:
    """The last key of an armature's action."""
    curves = keys.fcurves_of(armature) or ()
    return max((c.range()[1] for c in curves), default=0.0)


def add_sound(scene, path: Path, start: int) -> None:
    """The recording as a strip from ``start`` on; playback follows the sound. A strip of the same file is moved."""
    editor = scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    for strip in list(strips):
        if strip.type == "SOUND" and Path(bpy.path.abspath(strip.sound.filepath)) == path.resolve():
            strips.remove(strip)
    used = {s.channel for s in strips}
    channel = next(k for k in range(1, 129) if k not in used)
    strips.new_sound(path.stem, str(path.resolve()), channel, start)
    scene.sync_mode = "AUDIO_SYNC"
    scene.use_audio = True


def key_face(meshes, face: Face, fps: float, start: int) -> tuple[int, list[str]]:
    """Key every ARKit shape key of the meshes; returns how many and notes on what did not fit."""
    frames = start + face.times * fps
    count, notes, done = 0, [], set()
    for mesh in meshes:
        shapes = mesh.data.shape_keys
        if shapes is None:
            notes.append(f"'{mesh.name}' has no shape keys")
            continue
        if shapes in done:
            continue
        done.add(shapes)
        blocks = [(b, arkit_name(b.name)) for b in shapes.key_blocks[1:]]
        blocks = [(b, name) for b, name in blocks if name in face.curves]
        if not blocks:
            notes.append(f"'{mesh.name}': none of its {len(shapes.key_blocks) - 1} shape keys has an ARKit name")
            continue
        driven = {d.data_path for d in (shapes.animation_data.drivers if shapes.animation_data else ())}
        curves = keys.fcurves_of(shapes, f"{mesh.name} gengine face")
        for block, name in blocks:
            path = f'key_blocks["{bpy.utils.escape_identifier(block.name)}"].value'
            if path in driven:
                notes.append(f"'{mesh.name}': {block.name} has a driver, which overrides the keys")
            keys.write(curves, path, 0, frames, face.curves[name])
            block.mute = False
        count += len(blocks)
    return count, notes


def key_eyes(armature, face: Face, fps: float, start: int) -> int:
    """Turn the eye bones by the gaze; returns how many eyes there are."""
    if face.gaze is None:
        raise RunError("the gaze is in face.csv only, and the run has none; animate again with --formats bvh,csv")
    names = {plain(b.name): b.name for b in reversed(armature.data.bones)}
    eyes = [next((names[plain(n)] for n in TABLE["eyes"][side] if plain(n) in names), None) for side in TABLE["eyes"]]
    eyes = [name for name in eyes if name]
    if not eyes:
        return 0
    yaw, pitch = face.gaze.T
    # intrinsic: yaw about up (+Z), then pitch about the figure's left (+X); up is a negative turn
    q = np.stack([np.cos(yaw / 2) * np.cos(pitch / 2), -np.cos(yaw / 2) * np.sin(pitch / 2),
                  -np.sin(yaw / 2) * np.sin(pitch / 2), np.sin(yaw / 2) * np.cos(pitch / 2)], axis=1)  # fmt: skip
    frames = start + face.times * fps
    curves = keys.fcurves_of(armature, f"{armature.name} gengine gaze")
    try:
        bones = match_bones(armature)[1]
        left = armature.data.bones[bones["LeftUpLeg"]].head_local - armature.data.bones[bones["RightUpLeg"]].head_local
        left = armature.matrix_world.to_3x3() @ left
        spin = Matrix.Rotation(math.atan2(left.y, left.x), 3, "Z")
    except RunError:
        spin = Matrix.Identity(3)  # a bare head: taken to face the front, -Y
    for name in eyes:
        rest = (armature.matrix_world.to_3x3() @ armature.data.bones[name].matrix_local.to_3x3()).normalized()
        change = np.array(rest.inverted() @ spin)  # a change of axes only moves the quaternion's vector
        values = np.concatenate([q[:, :1], q[:, 1:] @ change.T], axis=1)
        armature.pose.bones[name].rotation_mode = "QUATERNION"
        for i in range(4):
            path = f'pose.bones["{bpy.utils.escape_identifier(name)}"].rotation_quaternion'
            keys.write(curves, path, i, frames, values[:, i])
    return len(eyes)
