"""The three operators: import a performance, put its face on meshes, put its body on an armature."""

# No deferred annotations here: Blender reads properties from them.

from pathlib import Path

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty, StringProperty
from bpy_extras.io_utils import ImportHelper

from . import performance
from .face_file import Face, read_face
from .retarget import retarget
from .run_folder import Run, RunError, find_run


class _Reports:
    """Problems become one ERROR, remarks WARNINGs; nothing ends in a traceback."""

    def execute(self, context):
        try:
            if context.mode != "OBJECT":
                bpy.ops.object.mode_set(mode="OBJECT")
            return self.work(context)
        except RunError as error:
            problem = str(error)
        except (OSError, RuntimeError) as error:  # files that vanish, importers that refuse
            problem = f"{error}".removeprefix("Error: ").strip()
        self.report({"ERROR"}, problem)
        return {"CANCELLED"}

    def warn(self, notes: list[str]) -> None:
        for note in notes[:8]:
            self.report({"WARNING"}, note)
        if len(notes) > 8:
            self.report({"WARNING"}, f"and {len(notes) - 8} more such remarks")


class GENGINE_OT_import_performance(_Reports, bpy.types.Operator, ImportHelper):
    """Import what 'gengine animate' wrote: avatar or body, sound, frame rate and range"""

    bl_idname = "gengine.import_performance"
    bl_label = "Import performance"
    bl_options = {"REGISTER", "UNDO", "PRESET"}

    filename_ext = ".json"
    filter_glob: StringProperty(default="*.json;*.bvh;*.glb;*.csv", options={"HIDDEN"})
    filepath: StringProperty(name="Run", description="A run's folder or its manifest.json", subtype="FILE_PATH")
    body: EnumProperty(
        name="Body",
        items=[
            ("AUTO", "Avatar, else BVH", "avatar.glb where the run has one, else body.bvh"),
            ("AVATAR", "Avatar", "avatar.glb"),
            ("BVH", "BVH", "body.bvh as an armature"),
            ("BOTH", "Both", "The avatar and the BVH armature"),
            ("NONE", "None", "Only rate, range and sound; to apply the face to your own head"),
        ],
        default="AUTO",
    )
    use_sound: BoolProperty(name="Sound", description="Add the recording to the sequencer", default=True)
    match_fps: BoolProperty(
        name="Match scene to performance", description="Set the scene's frame rate and range", default=True
    )
    start: IntProperty(name="First frame", default=1, min=0)

    def work(self, context):
        run, scene = find_run(bpy.path.abspath(self.filepath)), context.scene
        kind = self.body if self.body != "AUTO" else ("AVATAR" if run.glb else "BVH" if run.bvh else "NONE")
        if kind in ("AVATAR", "BOTH") and run.glb is None:
            raise RunError(f"{run.folder}: holds no avatar.glb; animate again with --formats bvh,csv,glb")
        notes = list(run.notes)
        face = _face(run, notes)
        seconds, fps = performance.clock(run, face)
        if self.match_fps:
            performance.set_fps(scene, fps)
        elif abs(performance.scene_fps(scene) / fps - 1) > 1e-3:
            notes.append(
                f"the scene runs at {performance.scene_fps(scene):g} frames per second, the performance at {fps:g}; "
                "its keys fall between frames"
            )
        for item in context.selected_objects:
            item.select_set(False)
        armature = None
        if kind in ("BVH", "BOTH"):
            armature = performance.import_bvh(context, run, self.start, self.match_fps)
        if kind in ("AVATAR", "BOTH"):
            armature = performance.import_glb(context, run, self.start)
        rate = performance.scene_fps(scene)
        last = self.start + max(round(seconds * rate), 1) - 1
        if not seconds and armature is not None:
            last = round(performance.last_frame(armature))
        if self.match_fps:
            scene.frame_start, scene.frame_end = self.start, last
        if self.use_sound and run.sound is not None:
            try:
                performance.add_sound(scene, run.sound, self.start)
            except RuntimeError as error:  # a damaged file, or a Blender built without sound
                notes.append(f"{run.sound.name} cannot be added ({str(error).removeprefix('Error: ').strip()})")
        settings = scene.gengine
        settings.run, settings.start, settings.end = str(run.folder.resolve()), self.start, last
        if armature is not None:
            armature["gengine_run"] = settings.run
            settings.source = armature
            context.view_layer.objects.active = armature
            armature.select_set(True)
        scene.frame_set(self.start)
        self.warn(notes)
        self.report({"INFO"}, f"{run.folder.name}: {last - self.start + 1} frames at {rate:g} per second")
        return {"FINISHED"}

    def draw(self, context):
        self.layout.use_property_split = True
        for name in ("body", "use_sound", "match_fps", "start"):
            self.layout.prop(self, name)


def _face(run: Run, notes: list[str]) -> Face | None:
    if run.csv is None and run.json is None:
        return None
    try:
        return read_face(run.csv, run.json)
    except RunError as error:
        notes.append(str(error))
        return None


class GENGINE_OT_apply_face(_Reports, bpy.types.Operator):
    """Key the performance's face onto the ARKit shape keys of the selected meshes"""

    bl_idname = "gengine.apply_face"
    bl_label = "Apply face to selected meshes"
    bl_options = {"REGISTER", "UNDO"}

    filepath: StringProperty(name="Run", description="A run's folder; empty: the imported one", subtype="FILE_PATH")
    eye_bones: BoolProperty(
        name="Eye bones",
        description="Also turn the eye bones of their armatures by the gaze (not where eyeLook shapes turn the eyes)",
        default=False,
    )

    def work(self, context):
        settings, scene = context.scene.gengine, context.scene
        chosen = context.selected_objects
        meshes = [o for o in chosen if o.type == "MESH"]
        rigs = {o for o in chosen if o.type == "ARMATURE"}
        if not meshes:  # a selected armature stands for what hangs on it
            meshes = [o for rig in rigs for o in rig.children_recursive if o.type == "MESH" and o.data.shape_keys]
        if not meshes and not (rigs and self.eye_bones):
            raise RunError("no mesh is selected; select the head with its ARKit shape keys")
        run = _run(self.filepath or settings.run)
        face = read_face(run.csv, run.json)
        fps = performance.scene_fps(scene)
        count, notes = performance.key_face(meshes, face, fps, settings.start)
        rigs |= {rig for rig in (o.find_armature() for o in meshes) if rig is not None}
        eyes = 0
        if self.eye_bones:
            eyes = sum(performance.key_eyes(rig, face, fps, settings.start) for rig in rigs)
            if not eyes:
                notes.append("no eye bones were found")
        if not count and not eyes:
            raise RunError("; ".join(notes[:3]) + "; expected names like jawOpen or eyeBlink_L")
        self.warn(notes)
        self.report({"INFO"}, f"{count} shape keys and {eyes} eye bones keyed")
        return {"FINISHED"}


class GENGINE_OT_apply_body(_Reports, bpy.types.Operator):
    """Retarget the imported body to the selected humanoid armature and bake it to keys"""

    bl_idname = "gengine.apply_body"
    bl_label = "Apply body to selected armature"
    bl_options = {"REGISTER", "UNDO"}

    step: IntProperty(name="Frame step", description="Frames from one key to the next", default=1, min=1, max=100)

    def work(self, context):
        settings = context.scene.gengine
        source = settings.source
        if source is None or source.name not in context.scene.objects:
            raise RunError("no body is imported yet; import a performance with body.bvh or avatar.glb first")
        targets = [o for o in context.selected_objects if o.type == "ARMATURE" and o != source]
        if not targets:
            raise RunError("no other armature is selected; select the one that is to move")
        for target in targets:
            rig, count, notes = retarget(source, target, settings.start, settings.end, self.step)
            self.warn(notes)
            self.report({"INFO"}, f"'{target.name}': {count} bones of a {rig} rig keyed")
        context.scene.frame_set(context.scene.frame_current)
        return {"FINISHED"}


def _run(path: str) -> Run:
    if not path:
        raise RunError("no performance is imported yet; import one first")
    return find_run(Path(bpy.path.abspath(path)))


CLASSES = (GENGINE_OT_import_performance, GENGINE_OT_apply_face, GENGINE_OT_apply_body)
