"""What exists by name. Adding a thing is one file and one line here; outside packages use entry points."""

from __future__ import annotations

import importlib
from importlib import metadata
from typing import Any

from gengine.checkpoint import find_checkpoint, read_config
from gengine.errors import FormatError, GengineError

REGISTRY: dict[str, dict[str, str]] = {
    "face network": {
        "visemes": "gengine.networks.visemes.network:VisemeNetwork",
    },
    "body network": {
        "choreographer": "gengine.networks.choreographer.network:Choreographer",
        "camn": "gengine.networks.camn.network:CamnNetwork",
    },
    "exporters": {
        "bvh": "gengine.formats.bvh:BvhExporter",
        "csv": "gengine.formats.livelink:LiveLinkExporter",
        "json": "gengine.formats.beat_json:BeatJsonExporter",
        "npz": "gengine.formats.npz:NpzExporter",
        "mp4": "gengine.renderers.preview.preview_video:PreviewExporter",
        "avatar": "gengine.renderers.avatar.video:AvatarVideoExporter",
        "glb": "gengine.formats.glb:GlbExporter",
        "vrma": "gengine.formats.vrma:VrmaExporter",
        "fbx": "gengine.formats.fbx:FbxExporter",
        "usd": "gengine.formats.usd:UsdExporter",
        "smplx": "gengine.formats.smplx:SmplxExporter",
    },
}

CHECKPOINTS: dict[str, str] = {
    "camn": "gengine.networks.camn.network:CamnNetwork",
    "camn-paper": "gengine.networks.camn.published_network:PublishedCamnNetwork",
}
"""Which network runs a checkpoint, by the ``kind`` in its config: so a folder is as good as a name."""


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


def build(kind: str, name: str) -> Any:
    """A network by its registered name, or by the folder (or bundled name) of a checkpoint that one runs."""
    if name in names(kind):
        return resolve(kind, name)()
    try:
        folder = find_checkpoint(name)
    except FormatError:
        raise GengineError(
            f"{kind}: '{name}' is neither one of {', '.join(names(kind))} nor the folder of a checkpoint"
        ) from None
    config = read_config(folder)
    target = CHECKPOINTS.get(str(config.get("kind")))
    if target is None:
        raise GengineError(
            f"{kind}: the checkpoint {folder} is for '{config.get('kind')}'; expected one for {', '.join(CHECKPOINTS)}"
        )
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)(folder)


def _entry_points(kind: str) -> metadata.EntryPoints:
    return metadata.entry_points(group=f"gengine.{kind.replace(' ', '_')}")
