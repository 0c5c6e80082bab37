"""Autodesk FBX (.fbx) through Blender, which runs beside this program and is never part of it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any, ClassVar

from gengine.avatars import AVATAR_HELP, BONES_HELP, DECIMATE_HELP
from gengine.core.avatar import Avatar
from gengine.core.exporter import Exporter
from gengine.core.performance import Performance
from gengine.errors import GengineError, MissingExtraError
from gengine.formats.glb import GlbExporter

BPY = "GENGINE_BPY_PYTHON"
"""Environment variable: a Python that can import Blender's module ``bpy``."""
_SCRIPT = Path(__file__).with_name("blender_fbx.py")


class FbxExporter(Exporter):
    """The avatar and its performance as binary FBX 7.4: armature, skin, blend shapes, curves, textures inside.

    ``avatar`` and ``fps`` are those of ``GlbExporter``; all curves are baked at the faster of body and face. It is
    made by Blender (module ``bpy``, GPL, about 1 GB) in a process of its own: install it beside this package or
    name its Python in ``GENGINE_BPY_PYTHON``.
    """

    suffix: ClassVar[str] = ".fbx"
    default_name: ClassVar[str] = "avatar.fbx"

    def __init__(
        self,
        path: str | Path,
        avatar: Annotated[str | Path | Avatar, AVATAR_HELP] = "anna",
        fps: Annotated[float | None, "rate of all keys, Hz; else that of the faster of body and face"] = None,
        bones: Annotated[str | Path | None, BONES_HELP] = None,
        decimate: Annotated[float | None, DECIMATE_HELP] = None,
        **options: Any,
    ) -> None:
        super().__init__(path, **options)
        self._python = blender_python()
        # Blender writes the path it writes to into the file: always one of the same length, not the user's
        self._folder = Path(tempfile.mkdtemp(prefix="gengine-fbx-"))
        self._middle = GlbExporter(
            self._folder / "avatar.glb",
            avatar=avatar,
            fps=fps,
            morph_normals=False,
            bones=bones,
            decimate=decimate,
        )
        self.report = self._middle.report
        self._fps, self._wish, self._seconds = 0.0, fps, 0.0

    def append(self, stretch: Performance) -> None:
        self._middle.append(stretch)
        tracks = [t for t in (stretch.motion, stretch.face) if t is not None]
        self._fps = self._wish or max(t.fps for t in tracks)
        self._seconds += max(t.duration for t in tracks)

    def finish(self) -> None:
        self.partial.touch()  # a folder that is absent or full: an error before Blender starts
        self._middle.finish()
        made = self._folder / "avatar.fbx"
        command = [self._python, _SCRIPT, self._middle.partial, made, self._fps, self._seconds]
        done = subprocess.run(
            [str(part) for part in command],
            capture_output=True,
            text=True,
            errors="replace",
            env=os.environ | {"PYTHONHASHSEED": "0", "PYTHONPATH": ""},
        )
        if done.returncode or not made.is_file():
            last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
            raise GengineError(f"{self.path}: Blender could not write it ({last[:160]}); check {self._python}")
        shutil.move(made, self.partial)
        self.abort()

    def abort(self) -> None:
        self._middle.abort()
        shutil.rmtree(self._folder, ignore_errors=True)


def blender_python() -> str:
    """A Python that has ``bpy``: the one named in ``GENGINE_BPY_PYTHON``, or this one."""
    given = os.environ.get(BPY)
    if given:
        if not Path(given).is_file():
            raise GengineError(f"{BPY}={given}: no such file; name the Python of an environment that has bpy")
        return given
    if importlib.util.find_spec("bpy") is None:
        raise MissingExtraError(f"FBX is written by Blender's Python module (here, or in a Python named by {BPY}) and",
                                "fbx")  # fmt: skip
    return sys.executable
