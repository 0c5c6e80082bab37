"""gengine performances in Blender: body, face, gaze and sound of a run in one step. Needs Blender 4.2 or later."""

import bpy
from bpy.props import IntProperty, PointerProperty, StringProperty

from . import operators

bl_info = {  # for installing as an old-style add-on; extensions read blender_manifest.toml
    "name": "gengine performances",
    "author": "gengine contributors",
    "version": (0, 1, 0),
    "blender": (4, 2, 0),
    "location": "File > Import, and the sidebar of the 3D view",
    "description": "Import gengine performances: body, face, gaze and sound in one step",
    "category": "Import-Export",
}


class GENGINE_PG_scene(bpy.types.PropertyGroup):
    """The performance a scene holds."""

    run: StringProperty(name="Run", description="Folder of the imported performance", subtype="DIR_PATH")
    source: PointerProperty(
        name="Body", description="The armature that moves", type=bpy.types.Object,
        poll=lambda self, item: item.type == "ARMATURE",
    )  # fmt: skip
    start: IntProperty(name="First frame", default=1)
    end: IntProperty(name="Last frame", default=1)


class GENGINE_PT_panel(bpy.types.Panel):
    """The sidebar's tab (press N in the 3D view)"""

    bl_label = "gengine"
    bl_idname = "GENGINE_PT_panel"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "gengine"

    def draw(self, context):
        layout, settings = self.layout, context.scene.gengine
        layout.operator("gengine.import_performance", icon="IMPORT")
        column = layout.column()
        column.enabled = bool(settings.run)
        column.prop(settings, "run", text="")
        column.operator("gengine.apply_face", icon="SHAPEKEY_DATA")
        column.prop(settings, "source")
        column.operator("gengine.apply_body", icon="ARMATURE_DATA")


def _menu(self, context):
    self.layout.operator("gengine.import_performance", text="gengine performance (folder or manifest.json)")


CLASSES = (GENGINE_PG_scene, GENGINE_PT_panel, *operators.CLASSES)


def register():
    for kind in CLASSES:
        bpy.utils.register_class(kind)
    bpy.types.Scene.gengine = PointerProperty(type=GENGINE_PG_scene)
    bpy.types.TOPBAR_MT_file_import.append(_menu)


def unregister():
    bpy.types.TOPBAR_MT_file_import.remove(_menu)
    del bpy.types.Scene.gengine
    for kind in reversed(CLASSES):
        bpy.utils.unregister_class(kind)
