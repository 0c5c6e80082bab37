"""What exists by name. Adding a thing is one file and one line here; outside packages use entry points."""

from __future__ import annotations

import importlib
from importlib import metadata
from typing import Any

from gengine.errors import GengineError

REGISTRY: dict[str, dict[str, str]] = {
    "face network": {
        "visemes": "gengine.networks.visemes.network:VisemeNetwork",
    },
    "body network": {
        "choreographer": "gengine.networks.choreographer.network:Choreographer",
    },
    "exporters": {
        "bvh": "gengine.exporters.bvh:BvhExporter",
        "csv": "gengine.exporters.livelink:LiveLinkExporter",
        "json": "gengine.exporters.beat_json:BeatJsonExporter",
        "npz": "gengine.exporters.npz:NpzExporter",
        "mp4": "gengine.renderers.preview:PreviewExporter",
        "avatar": "gengine.renderers.avatar_video:AvatarVideoExporter",
        "glb": "gengine.exporters.glb:GlbExporter",
        "vrma": "gengine.exporters.vrma:VrmaExporter",
        "fbx": "gengine.exporters.fbx:FbxExporter",
        "usd": "gengine.exporters.usd:UsdExporter",
        "smplx": "gengine.exporters.smplx:SmplxExporter",
    },
}


def names(kind: str) -> list[str]:
    """Known names of one kind, outside packages included."""
    return [*REGISTRY[kind], *(e.name for e in _entry_points(kind) if e.name not in REGISTRY[kind])]


def resolve(kind: str, name: str) -> Any:
    """Import and return the class registered under ``name``."""
    target = REGISTRY[kind].get(name)
    if target is None:
        for entry in _entry_points(kind):
            if entry.name == name:
                return entry.load()
        raise GengineError(f"{kind}: '{name}' is unknown; choose from {', '.join(names(kind))}")
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _entry_points(kind: str) -> metadata.EntryPoints:
    return metadata.entry_points(group=f"gengine.{kind.replace(' ', '_')}")
