"""Files of other programs: one format a module, readers and writers beside each other.

The functions below are loaded when they are first asked for: ``from gengine.formats import read_bvh``. Exporters have
names (``gengine.registry``), by which the command line and ``gengine.export`` find them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gengine.formats.beat_json import read_beat_json
    from gengine.formats.bvh import write_bvh
    from gengine.formats.bvh_reader import read_bvh
    from gengine.formats.livelink import read_livelink
    from gengine.formats.smplx import read_smplx, smplx_joints

__all__ = ["read_beat_json", "read_bvh", "read_livelink", "read_smplx", "smplx_joints", "write_bvh"]

_MODULES = {
    "read_beat_json": "beat_json",
    "read_bvh": "bvh_reader",
    "read_livelink": "livelink",
    "read_smplx": "smplx",
    "smplx_joints": "smplx",
    "write_bvh": "bvh",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
