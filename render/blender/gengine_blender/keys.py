"""Thousands of keyframes at once, in the actions of Blender 4.2 and in the slotted ones of 4.4 and later."""

from __future__ import annotations

import bpy
import numpy as np

_LINEAR = bpy.types.Keyframe.bl_rna.properties["interpolation"].enum_items["LINEAR"].value


def fcurves_of(owner: bpy.types.ID, name: str = ""):
    """The F-curves that animate ``owner`` (an object, shape keys); with a ``name`` they are made where missing.

    An action that is there already is kept, with all the curves in it.
    """
    data = owner.animation_data
    if data is None or data.action is None:
        if not name:
            return None
        data = data or owner.animation_data_create()
        data.action = bpy.data.actions.new(name)
    action = data.action
    if not hasattr(action, "slots"):  # Blender 4.2 and 4.3
        return action.fcurves
    if data.action_slot is None:
        data.action_slot = action.slots.new(owner.id_type, owner.name)
    layer = action.layers[0] if action.layers else action.layers.new("Layer")
    strip = layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
    return strip.channelbag(data.action_slot, ensure=True).fcurves


def all_fcurves(action: bpy.types.Action):
    """Every F-curve of an action, of all its slots."""
    if not hasattr(action, "layers"):
        return list(action.fcurves)
    bags = (bag for layer in action.layers for strip in layer.strips for bag in strip.channelbags)
    return [curve for bag in bags for curve in bag.fcurves]


def write(curves, path: str, index: int, frames: np.ndarray, values: np.ndarray) -> None:
    """Replace the curve ``path[index]`` by linear keys at ``frames``."""
    old = curves.find(path, index=index)
    if old is not None:
        curves.remove(old)
    curve = curves.new(path, index=index)
    curve.keyframe_points.add(len(frames))
    pairs = np.stack([frames, values], axis=1).astype(np.float32)
    curve.keyframe_points.foreach_set("co", pairs.ravel())
    _straighten(curve)
    curve.update()


def read(curves, path: str, index: int, frames: np.ndarray, default: float) -> np.ndarray:
    """A curve at ``frames``, straight between its keys; ``default`` where there is no curve."""
    curve = curves.find(path, index=index) if curves is not None else None
    if curve is None or not len(curve.keyframe_points):
        return np.full(len(frames), default)
    pairs = np.empty(2 * len(curve.keyframe_points), np.float32)
    curve.keyframe_points.foreach_get("co", pairs)
    return np.interp(frames, pairs[::2], pairs[1::2])


def shift(action: bpy.types.Action, by: float) -> None:
    """Move all keys of an action in time, frames."""
    for curve in all_fcurves(action):
        count = len(curve.keyframe_points)
        for field in ("co", "handle_left", "handle_right"):
            pairs = np.empty(2 * count, np.float32)
            curve.keyframe_points.foreach_get(field, pairs)
            pairs[::2] += by
            curve.keyframe_points.foreach_set(field, pairs)
        curve.update()


def straighten(action: bpy.types.Action) -> None:
    """Make all keys of an action linear: motion sampled this densely needs no easing."""
    for curve in all_fcurves(action):
        _straighten(curve)
        curve.update()


def _straighten(curve: bpy.types.FCurve) -> None:
    count = len(curve.keyframe_points)
    curve.keyframe_points.foreach_set("interpolation", np.full(count, _LINEAR, np.int32))
