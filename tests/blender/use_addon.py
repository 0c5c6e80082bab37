"""Runs inside Blender: uses the add-on as a person would and saves what the scene then holds.

usage: python use_addon.py job.json   with {"addon": folder, "run": folder, "out": path.npz, "picture": path or null,
"apose": degrees, "names": joint → Mixamo bone, "heads": rest heads (J, 3) m Y-up, "parents": [...], "joints": [...],
"frames": [...]}
"""

import ctypes
import json
import math
import os
import sys
from pathlib import Path

import bpy
import numpy as np
from mathutils import Vector

job = json.loads(Path(sys.argv[1]).read_text())
sys.path.insert(0, job["addon"])
import gengine_blender  # noqa: E402

out: dict[str, object] = {}


def fresh():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return bpy.context.scene


def select(*items):
    for item in bpy.context.scene.objects:
        item.select_set(item in items)
    bpy.context.view_layer.objects.active = items[0]


def heads(figure, names, frames):
    rows = []
    for frame in frames:
        bpy.context.scene.frame_set(int(frame))
        rows.append([list(figure.matrix_world @ figure.pose.bones[n].head) for n in names])
    x, y, z = np.moveaxis(np.array(rows), -1, 0)
    return np.stack([x, z, -y], axis=-1)  # Blender is Z-up


def failure(call, **options):
    """The text of an ERROR report."""
    try:
        call(**options)
    except RuntimeError as error:
        return str(error)
    return ""


def a_head(names):
    data = bpy.data.meshes.new("face")
    data.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    item = bpy.data.objects.new("face", data)
    bpy.context.scene.collection.objects.link(item)
    item.shape_key_add(name="Basis")
    for name in names:
        item.shape_key_add(name=name)
    return item


def an_armature(joints, parents, places, names, turned=0.0):
    """Bones at the joints' places, leaves with a short tail.

    ``turned`` makes it as FBX files come: Y-up centimetres under an object that is scaled, tipped and yawed.
    """
    data = bpy.data.armatures.new("rig")
    item = bpy.data.objects.new("rig", data)
    bpy.context.scene.collection.objects.link(item)
    select(item)
    bpy.ops.object.mode_set(mode="EDIT")
    made = {}
    for k, joint in enumerate(joints):
        if joint not in names:
            continue
        bone = data.edit_bones.new(names[joint])
        x, y, z = places[k]
        bone.head = (100 * x, 100 * y, 100 * z) if turned else (x, -z, y)
        above = parents[k]
        while above >= 0 and joints[above] not in names:
            above = parents[above]
        if above >= 0:
            bone.parent = made[joints[above]]
        made[joint] = bone
        bone.tail = Vector(bone.head) + Vector((0, 0, 5.0 if turned else 0.05))
        bone.roll = 0.3 * k
    for bone in made.values():
        if len(bone.children) == 1 and (bone.children[0].head - bone.head).length > 1e-3:
            bone.tail = bone.children[0].head
    bpy.ops.object.mode_set(mode="OBJECT")
    if turned:
        item.rotation_euler, item.scale = (math.pi / 2, 0, turned), (0.01, 0.01, 0.01)
    bpy.context.view_layer.update()
    return item


run, frames = job["run"], job["frames"]
gengine_blender.register()

# the BVH, with its sound
scene = fresh()
scene.render.fps = 24
bpy.ops.gengine.import_performance(filepath=run, body="BVH")
body = scene.gengine.source
out["bvh_heads"] = heads(body, job["joints"], frames)
out["fps"] = scene.render.fps / scene.render.fps_base
out["range"] = [scene.frame_start, scene.frame_end]
out["can_hear"] = bpy.app.build_options.audaspace
if out["can_hear"]:
    editor = scene.sequence_editor
    strip = list(editor.strips if hasattr(editor, "strips") else editor.sequences)[0]
    out["strip"] = [strip.frame_start, strip.frame_final_duration]
    out["strip_type"], out["sync"] = strip.type, scene.sync_mode

# the face, on a made head with names in mixed case, with an older key of its owner's
head = a_head(job["shapes"] + ["myOwnShape"])
own = head.data.shape_keys.key_blocks["myOwnShape"]
own.value = 0.25
own.keyframe_insert("value", frame=7)
select(head)
bpy.ops.gengine.apply_face()
rows = []
for frame in frames:
    scene.frame_set(int(frame))
    rows.append([head.data.shape_keys.key_blocks[n].value for n in job["shapes"]])
out["shapes"], out["own"] = np.array(rows), own.value

# twice is the same as once
bpy.ops.gengine.apply_face()
scene.frame_set(int(frames[-1]))
out["shapes_again"] = np.array([head.data.shape_keys.key_blocks[n].value for n in job["shapes"]])

# a Mixamo rig in A-pose, 1.3 times as tall, and one that faces another way
for label, turned in (("mixamo", 0.0), ("turned", 1.0)):
    rig = an_armature(job["joints"], job["parents"], 1.3 * np.array(job["heads"]), job["names"], turned)
    select(rig)
    bpy.ops.gengine.apply_body(step=1)
    out[f"{label}_heads"] = heads(rig, list(job["names"].values()), frames)

# gaze on eye bones
both = {"Head": "Head", "LeftEye": "LeftEye"}
eyes = an_armature(list(both), [-1, 0], [(0, 1.6, 0), (0.03, 1.65, 0.08)], both)
rest = eyes.data.bones["LeftEye"].matrix_local.to_3x3()
select(eyes)
bpy.ops.gengine.apply_face(eye_bones=True)
looks = []
for frame in frames:
    scene.frame_set(int(frame))
    x, y, z = (eyes.pose.bones["LeftEye"].matrix.to_3x3() @ rest.inverted()) @ Vector((0, -1, 0))
    looks.append([math.atan2(x, -y), math.asin(z)])
out["gaze"] = np.array(looks)

# errors and warnings
plain = a_head([])
plain.shape_key_clear()
select(plain)
out["no_shapes"] = failure(bpy.ops.gengine.apply_face)
select(a_head(["smile", "Fcl_ALL_Joy"]))
out["foreign"] = failure(bpy.ops.gengine.apply_face)
select(an_armature(["a"], [-1], [(0, 1, 0)], {"a": "tail"}))
out["no_humanoid"] = failure(bpy.ops.gengine.apply_body)
select(body)
out["no_target"] = failure(bpy.ops.gengine.apply_body)
out["no_folder"] = failure(bpy.ops.gengine.import_performance, filepath=run + "/missing")
out["empty_folder"] = failure(bpy.ops.gengine.import_performance, filepath=job["empty"])

# another frame rate, kept: a warning, and the motion keeps its speed
scene = fresh()
scene.render.fps = 60
bpy.ops.gengine.import_performance(filepath=run + "/manifest.json", body="BVH", match_fps=False)
out["kept_fps"] = scene.render.fps
out["kept_heads"] = heads(scene.gengine.source, job["joints"], [2 * f - 1 for f in frames])

# undo
scene = fresh()
bpy.ops.ed.undo_push(message="before")
before = len(bpy.data.objects)
bpy.ops.gengine.import_performance(filepath=run, body="BVH")
bpy.ops.ed.undo_push(message="after")
after = len(bpy.data.objects)
bpy.ops.ed.undo()
out["undo"] = [before, after, len(bpy.data.objects)]

# the avatar
scene = fresh()
bpy.ops.gengine.import_performance(filepath=run)
avatar = scene.gengine.source
shaped = [o for o in scene.objects if o.type == "MESH" and o.data.shape_keys]
skin = max(shaped, key=lambda o: len(o.data.shape_keys.key_blocks))
blocks = skin.data.shape_keys.key_blocks
rows = []
for frame in frames:
    scene.frame_set(int(frame))
    rows.append([blocks[n].value for n in job["arkit"]])
out["avatar_shapes"] = np.array(rows)
out["avatar_hands"] = heads(avatar, ["LeftHand", "RightHand", "Hips"], frames)
out["strays"] = [o.name for o in bpy.data.objects if "Icosphere" in o.name] or [""]

if job["picture"]:
    scene.frame_set(int(frames[1]))
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.location, camera.rotation_euler = (0.9, -3.2, 1.15), (math.radians(88), 0, math.radians(15.7))
    scene.collection.objects.link(camera)
    sun = bpy.data.objects.new("sun", bpy.data.lights.new("sun", "SUN"))
    sun.rotation_euler, sun.data.energy = (math.radians(50), 0, math.radians(30)), 4
    scene.collection.objects.link(sun)
    scene.world = bpy.data.worlds.new("world")
    scene.world.use_nodes = True
    scene.world.node_tree.nodes["Background"].inputs[0].default_value = (0.6, 0.65, 0.7, 1)
    scene.camera, scene.render.engine = camera, "CYCLES"
    scene.cycles.samples, scene.cycles.max_bounces = 12, 2
    scene.render.resolution_x, scene.render.resolution_y = 480, 640
    scene.render.filepath = job["picture"]
    bpy.ops.render.render(write_still=True)

gengine_blender.unregister()
np.savez(job["out"], **{k: np.array(v) for k, v in out.items()})
# bpy 4.2 crashes while it ends once any operator was registered: leave without its teardown, reports printed
sys.stdout.flush()
ctypes.CDLL(None).fflush(None)
os._exit(0)
