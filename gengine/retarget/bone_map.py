"""Maps of someone else's bones that a person wrote: which node of a figure, or joint of a BVH, is which of BEAT's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gengine.core.bounds import CONFIG_BYTES, bordered, read_json
from gengine.core.skeleton import beat_skeleton
from gengine.errors import FormatError, unknown
from gengine.retarget.rig_names import REQUIRED, is_humanoid


@bordered("give a map as gengine avatar map writes")
def read_bones(path: str | Path, names: Sequence[str], parents: Sequence[int]) -> dict[str, int]:
    """A map that someone wrote, BEAT joint → node's name, as node indices.

    ``{"bones": {"Hips": "bone_1", …}}``; what is not in the file, not a joint's name, or lacks a joint that is needed
    is a ``GengineError``. An empty name leaves a joint out.
    """
    path = Path(path)
    table = read_json(path, "give a map as gengine avatar map writes", largest=CONFIG_BYTES)
    bones = table.get("bones") if isinstance(table, dict) else None
    if not isinstance(bones, dict) or not all(isinstance(name, str) for name in bones.values()):
        raise FormatError(f'{path}: expected {{"bones": {{"Hips": "their name", …}}}} as gengine avatar map writes')
    found: dict[str, int] = {}
    for beat, name in bones.items():
        if not name:
            continue
        if beat not in beat_skeleton().names:
            raise unknown(f"{path}: joint", beat, beat_skeleton().names, kind=FormatError)
        if name not in names:
            raise unknown(f"{path}: {beat} is node", name, names, kind=FormatError)
        if names.index(name) in found.values():
            raise FormatError(f"{path}: node '{name}' stands for two joints; name each once")
        found[beat] = names.index(name)
    if lacking := [joint for joint in REQUIRED if joint not in found]:
        raise FormatError(f"{path}: lacks {', '.join(lacking)}; name their nodes")
    if not is_humanoid(found, parents):
        raise FormatError(f"{path}: its limbs do not hang together below the hips; check arms, legs and sides")
    return found
