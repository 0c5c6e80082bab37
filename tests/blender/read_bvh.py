"""Runs inside Blender: reads each BVH with the stock importer and saves where it puts every joint.

usage: python read_bvh.py job.json   with [{"bvh": path, "scale": m per unit, "out": path.npz}, …]
"""

import json
import sys
from pathlib import Path

import bpy
import numpy as np

for job in json.loads(Path(sys.argv[1]).read_text()):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.frame_end = 1  # the importer only ever lengthens a scene
    bpy.ops.import_anim.bvh(
        filepath=job["bvh"], global_scale=job["scale"], update_scene_fps=True, update_scene_duration=True
    )
    scene, figure = bpy.context.scene, bpy.context.object
    bones = figure.pose.bones
    heads = np.zeros((scene.frame_end, len(bones), 3))
    for frame in range(scene.frame_end):
        scene.frame_set(frame + 1)
        for k, bone in enumerate(bones):
            x, y, z = figure.matrix_world @ bone.head
            heads[frame, k] = x, z, -y  # Blender is Z-up
    np.savez(
        job["out"],
        heads=heads,
        names=np.array([b.name for b in bones]),
        fps=scene.render.fps / scene.render.fps_base,
    )
