"""Persons to dress a performance in: eight presets, one's own from phenotypes, and rigs brought in from files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gengine.errors import GengineError

if TYPE_CHECKING:
    from gengine.core.avatar import Avatar
    from gengine.core.report import Report

__all__ = [
    "AVATAR_HELP",
    "BONES_HELP",
    "DECIMATE_HELP",
    "FILES",
    "avatar_names",
    "draft_bones",
    "find_avatar",
    "left_out",
    "load_avatar",
    "make_avatar",
]


AVATAR_HELP = "who is shown: a preset, or the path of a .glb, .vrm, .npz or .obj"
"""Help of the option ``avatar`` of everything that shows one."""
BONES_HELP = "a map of the avatar's bones (JSON), as gengine avatar map writes"
"""Help of the option ``bones`` beside it."""
DECIMATE_HELP = "triangles to keep of the avatar's meshes (20000), or the share of them (0.25)"
"""Help of the option ``decimate`` beside them."""
LARGEST = 1 << 30
"""Largest file of a figure that is read, bytes (judgement): scans of 100 MB are met."""
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


def find_avatar(which: str | Path | Avatar, bones: str | Path | None = None, decimate: float | None = None) -> Avatar:
    """A preset by its name (``"anna"``), an avatar or head of one's own by the path of its file, or itself.

    ``bones`` is the path of a map that tells the joints of a .glb, .gltf or .vrm, as ``draft_bones`` drafts it.
    ``decimate`` keeps so many triangles (over 1), or that share of them. What was told of a file, guessed or left away
    is in the avatar's ``report``. A name that is no preset, or a file of another kind than ``FILES``, is a
    ``GengineError``; a file that cannot be used is a ``FormatError``.
    """
    from gengine.core.avatar import Avatar
    from gengine.core.bounds import check_file

    suffix = "" if isinstance(which, Avatar) else Path(which).suffix.lower()
    if suffix in FILES:
        check_file(str(which), LARGEST, f"give a figure ({', '.join(FILES)})")
    if bones is not None and suffix not in (".glb", ".gltf", ".vrm"):
        raise GengineError(f"bones {bones}: a map is for an avatar from a .glb, .gltf or .vrm; leave it out here")
    if not isinstance(which, Avatar) and suffix in (".glb", ".gltf", ".vrm"):
        from gengine.avatars.importing.gltf_figure import read_glb_avatar

        return read_glb_avatar(which, bones, decimate)
    avatar = which if isinstance(which, Avatar) else _found(which, suffix)
    if decimate is not None:
        from gengine.avatars.importing.decimate import decimate_avatar

        avatar = decimate_avatar(avatar, decimate)
    return avatar


def left_out(avatar: Avatar, where: str) -> Report:
    """What of a brought-in figure is not in an export of another kind than its file: clips, maps, morphs."""
    import json

    from gengine.core.report import Report

    if avatar.origin is None:
        return Report()
    document = json.loads(avatar.origin.document)
    maps = set()
    for material in document.get("materials", []):
        maps |= {name for name in (*material, *material.get("pbrMetallicRoughness", {})) if name.endswith("Texture")}
    maps -= {"baseColorTexture"}
    others = sum(not drive for drives in avatar.origin.drives.values() for drive in drives)
    lost = [
        *([f"{len(document['animations'])} clips"] if document.get("animations") else []),
        *([f"its maps ({', '.join(sorted(m.removesuffix('Texture') for m in maps))})"] if maps else []),
        *([f"{others} morphs without a curve"] if others else []),
    ]
    return Report(warnings=(f"{avatar.name}: {', '.join(lost)} are not in {where}; glb keeps them.",) if lost else ())


def _found(which: str | Path, suffix: str) -> Avatar:
    """A preset, a saved avatar or a head."""
    if suffix in (".npz", ".obj", ".ply", ".stl"):
        from gengine.avatars.store import is_avatar_file

        if suffix == ".npz" and is_avatar_file(Path(which)):
            return load_avatar(which)
        from gengine.avatars.importing.head import read_head_avatar

        return read_head_avatar(which)
    if suffix:
        raise GengineError(f"avatar '{which}': a {suffix} file; expected a name or a file of {', '.join(FILES)}")
    return load_avatar(which)
