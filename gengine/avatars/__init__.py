"""Persons to dress a performance in: eight presets, one's own from phenotypes, and rigs brought in from files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gengine.errors import GengineError

if TYPE_CHECKING:
    from gengine.core.avatar import Avatar

__all__ = [
    "AVATAR_HELP",
    "BONES_HELP",
    "FILES",
    "avatar_names",
    "draft_bones",
    "find_avatar",
    "load_avatar",
    "make_avatar",
]


AVATAR_HELP = "who is shown: a preset, or the path of a .glb, .vrm, .npz or .obj"
"""Help of the option ``avatar`` of everything that shows one."""
BONES_HELP = "a map of the avatar's bones (JSON), as gengine avatar map writes"
"""Help of the option ``bones`` beside it."""
FILES = (".glb", ".gltf", ".vrm", ".npz", ".obj", ".ply", ".stl")
"""Kinds of files that an avatar can be brought in as."""


def load_avatar(name: str | Path = "anna") -> Avatar:
    """A dressed preset by name, or an avatar saved by ``make_avatar`` by the path of its ``.npz``."""
    from gengine.avatars.making.dress import load_avatar as load

    return load(name)


def avatar_names() -> list[str]:
    """The presets."""
    from gengine.avatars.making.dress import avatar_names as names

    return names()


def make_avatar(*args: Any, **kwargs: Any) -> Avatar:
    """An avatar of one's own from phenotypes; see ``gengine.avatars.making.make.make_avatar``."""
    from gengine.avatars.making.make import make_avatar as make

    return make(*args, **kwargs)


def draft_bones(path: str | Path) -> dict[str, Any]:
    """What ``gengine avatar map`` writes of a .glb, .gltf or .vrm: the bones that were told, for a hand to complete."""
    from gengine.avatars.importing.gltf_figure import draft_bones as draft

    return draft(path)


def find_avatar(which: str | Path | Avatar, bones: str | Path | None = None) -> Avatar:
    """A preset by its name (``"anna"``), an avatar or head of one's own by the path of its file, or itself.

    ``bones`` is the path of a map that tells the joints of a .glb, .gltf or .vrm, as ``draft_bones`` drafts it.
    A name that is no preset, or a file of another kind than ``FILES``, is a ``GengineError``; a file that cannot be
    used is a ``FormatError``.
    """
    from gengine.core.avatar import Avatar

    suffix = "" if isinstance(which, Avatar) else Path(which).suffix.lower()
    if bones is not None and suffix not in (".glb", ".gltf", ".vrm"):
        raise GengineError(f"bones {bones}: a map is for an avatar from a .glb, .gltf or .vrm; leave it out here")
    if isinstance(which, Avatar):
        return which
    if suffix in (".npz", ".obj", ".ply", ".stl"):
        from gengine.avatars.store import is_avatar_file

        if suffix == ".npz" and is_avatar_file(Path(which)):
            return load_avatar(which)
        from gengine.avatars.importing.head import load_head_avatar

        return load_head_avatar(which)
    if suffix in FILES:
        from gengine.avatars.importing.gltf_figure import load_glb_avatar

        return load_glb_avatar(which, bones)
    if suffix:
        raise GengineError(f"avatar '{which}': a {suffix} file; expected a name or a file of {', '.join(FILES)}")
    return load_avatar(which)
