"""Runs inside Blender: plays each avatar file and saves where bones are and what shape keys are worth.

usage: python read_avatar.py job.json   with [{"file": path, "fps": Hz, "frames": [int, …], "out": path.npz}, …]
"""

import json
import sys
from pathlib import Path

import bpy
import numpy as np

for job in json.loads(Path(sys.argv[1]).read_text()):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.fps = job["fps"]
    if job["file"].endswith(".fbx"):
        bpy.ops.import_scene.fbx(filepath=job["file"], anim_offset=0.0)
    else:
        bpy.ops.import_scene.gltf(filepath=job["file"], disable_bone_shape=True)
    figure = next(o for o in bpy.data.objects if o.type == "ARMATURE")
    faces = [o for o in bpy.data.objects if o.type == "MESH" and o.data.shape_keys]
    face = max(faces, key=lambda o: len(o.data.shape_keys.key_blocks))
    bones = figure.pose.bones
    heads, weights = [], []
    for frame in job["frames"]:
        scene.frame_set(int(frame), subframe=frame - int(frame))
        places = [figure.matrix_world @ bone.head for bone in bones]
        heads.append([[x, z, -y] for x, y, z in places])  # Blender is Z-up
        weights.append([key.value for key in face.data.shape_keys.key_blocks[1:]])
    np.savez(
        job["out"],
        heads=np.array(heads),
        weights=np.array(weights),
        bones=np.array([b.name for b in bones]),
        keys=np.array([k.name for k in face.data.shape_keys.key_blocks[1:]]),
        materials=len(bpy.data.materials),
        images=sum(1 for i in bpy.data.images if i.size[0] > 1),
    )
