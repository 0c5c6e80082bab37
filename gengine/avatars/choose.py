"""Avatars by name or by file."""

from __future__ import annotations

from pathlib import Path

from gengine.avatars import load_avatar
from gengine.core.avatar import Avatar
from gengine.errors import GengineError

FILES = (".glb", ".gltf", ".vrm", ".npz", ".obj")
"""Kinds of files that an avatar can be brought in as."""


def find_avatar(which: str | Path) -> Avatar:
    """A preset by its name (``"anna"``), or an avatar or head of one's own by the path of its file."""
    suffix = Path(which).suffix.lower()
    if suffix in (".npz", ".obj"):
        from gengine.avatars.store import is_avatar_file

        if suffix == ".npz" and is_avatar_file(Path(which)):
            return load_avatar(which)
        from gengine.avatars.importing.head import load_head_avatar

        return load_head_avatar(which)
    if suffix in FILES:
        from gengine.avatars.importing.glb import load_glb_avatar

        return load_glb_avatar(which)
    if suffix:
        raise GengineError(f"avatar '{which}': a {suffix} file; expected a name or a file of {', '.join(FILES)}")
    return load_avatar(which)
