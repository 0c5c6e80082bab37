"""Runs inside Blender's own Python, never imported: a .glb in, an .fbx out.

usage: python blender_fbx.py in.glb out.fbx fps seconds
"""

import sys

import bpy  # type: ignore[import-not-found]

source, target, fps, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene
scene.render.fps = max(1, round(fps))
scene.render.fps_base = scene.render.fps / fps
# Bones keep the directions of the glTF nodes, so that joints have the project's axes.
bpy.ops.import_scene.gltf(filepath=source, bone_heuristic="BLENDER", disable_bone_shape=True)
scene.frame_start, scene.frame_end = 0, max(0, round(seconds * fps) - 1)
for thing in list(bpy.data.objects):
    if thing.type not in ("ARMATURE", "MESH"):
        bpy.data.objects.remove(thing)
bpy.ops.export_scene.fbx(
    filepath=target,
    object_types={"ARMATURE", "MESH"},
    add_leaf_bones=False,
    bake_anim=True,
    bake_anim_use_all_actions=False,
    bake_anim_use_nla_strips=False,
    bake_anim_force_startend_keying=True,
    bake_anim_simplify_factor=0.0,
    path_mode="COPY",
    embed_textures=True,
    use_metadata=False,
)
