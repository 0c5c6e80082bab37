"""The whole avatar with its performance as binary glTF 2.0 (.glb)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gengine.avatars import AVATAR_HELP, BONES_HELP, DECIMATE_HELP, find_avatar
from gengine.core import rotation
from gengine.core.avatar import Avatar, Origin
from gengine.core.exporter import Exporter
from gengine.core.face import ARKIT_INDEX, FaceTrack
from gengine.core.motion import Motion
from gengine.core.performance import Performance
from gengine.errors import GengineError
from gengine.formats.gltf import XYZW, AnimationBuilder, GlbBuilder, Spool
from gengine.formats.gltf_avatar import add_joints, add_meshes, add_names_only
from gengine.formats.tracks import Clocked
from gengine.retarget.avatar_pose import to_avatar

_SHORT = 32767
"""What 1 is as a normalised 16-bit number."""


class GlbExporter(Exporter):
    """An avatar that plays the performance in any glTF viewer: mesh, skin, ARKit-52 morphs and one animation.

    - ``avatar``: a preset's name, the path of an avatar file, or an ``Avatar``.
    - ``fps`` sets the rate of all keys (Hz); by default body and face keep their own.
    - ``animation_only`` leaves meshes and skin away: bones, their clip and, with a face, one empty-shaped mesh
      that carries the names and curves of the 52 morphs.
    - ``morph_normals`` also stores how morphs turn the normals, so that light follows the face.

    An avatar that was brought in from a glTF keeps its very file: materials, all maps, morphs, nodes, extensions and
    meshes stay as they are, and the performance is added as the first animation.

    Body, twist helpers and eyes are rotations of the joints' nodes (16-bit normalised, within 0.003 degrees); morph
    weights are floats, since Godot 3 does not scale normalised ones. All joints share one clock and a joint that
    never moves has a single key: dropping more keys would cost a clock per joint, which is longer than what it saves.
    """

    suffix: ClassVar[str] = ".glb"
    default_name: ClassVar[str] = "avatar.glb"

    def __init__(
        self,
        path: str | Path,
        avatar: Annotated[str | Path | Avatar, AVATAR_HELP] = "anna",
        fps: Annotated[float | None, "rate of all keys, Hz; else body and face keep their own"] = None,
        animation_only: Annotated[bool, "bones and clip without meshes"] = False,
        morph_normals: Annotated[bool, "light follows the face"] = True,
        bones: Annotated[str | Path | None, BONES_HELP] = None,
        decimate: Annotated[float | None, DECIMATE_HELP] = None,
        **options: Any,
    ) -> None:
        super().__init__(path, **options)
        self.avatar = find_avatar(avatar, bones, decimate)
        self.report = self.avatar.report
        self._animation_only, self._morph_normals = animation_only, morph_normals
        self._origin = None if animation_only else self.avatar.origin
        self._clocked = Clocked(self.path, fps)
        self._body: Spool | None = None
        self._root: Spool | None = None
        self._eyes: Spool | None = None
        self._weights: Spool | None = None
        self._last: NDArray | None = None
        self._rates = [0.0, 0.0]
        self._builder: GlbBuilder | None = None

    def append(self, stretch: Performance) -> None:
        self._take(*self._clocked.push(stretch))

    def finish(self) -> None:
        if self._weights is None:
            raise GengineError(f"{self.path}: no performance was appended, expected at least one stretch")
        self._take(*self._clocked.flush())
        builder = self._builder = GlbBuilder(self.partial.parent)
        if self._origin is not None:
            self._finish_origin(builder, self._origin)
            return
        if self.avatar.licence:
            builder.json["asset"]["copyright"] = self.avatar.licence
        joints = add_joints(builder, self.avatar)
        if self._animation_only:
            meshes = [add_names_only(builder)] if self._weights.rows else []
        else:
            meshes = add_meshes(builder, self.avatar, joints, self._morph_normals)
        builder.add("scenes", {"nodes": [joints[0], *(node for node, _ in meshes)]})
        builder.json["scene"] = 0
        self._animate(builder, joints, meshes)
        builder.save(self.partial, self.path)
        self.abort()

    def _finish_origin(self, builder: GlbBuilder, origin: Origin) -> None:
        """The performance on the very file that the avatar came from."""
        assert self._weights is not None
        from gengine.formats.gltf_origin_scene import add_origin, driven, put_first

        meshes = add_origin(builder, origin)
        animation = self._body_keys(builder, list(origin.nodes))
        rows = self._weights.rows
        outputs: dict[int, int] = {}
        for node, drives in meshes if rows else ():
            if not any(drives):
                continue
            mesh = builder.json["nodes"][node]["mesh"]
            if mesh not in outputs:
                outputs[mesh] = builder.stream(driven(self._weights, drives), "float32", 1, rows * len(drives))
            animation.channel(node, "weights", animation.clock(rows, self._rates[1]), outputs[mesh])
        animation.add("performance")
        put_first(builder)
        builder.save(self.partial, self.path)
        self.abort()

    def abort(self) -> None:
        for held in (self._body, self._root, self._eyes, self._weights, self._builder):
            if held is not None:
                held.close()

    # ---- keys

    def _take(self, motion: Motion | None, face: FaceTrack | None) -> None:
        if self._weights is None:
            folder = self.partial.parent
            self._body, self._root = Spool(folder), Spool(folder)
            self._eyes, self._weights = Spool(folder), Spool(folder)
        assert self._body is not None and self._root is not None and self._eyes is not None
        if motion is not None and len(motion):
            pose = to_avatar(self.avatar, motion, None, motion.fps)
            self._rates[0] = motion.fps
            turns, root = pose.rotations, pose.root
            if self._origin is not None:
                from gengine.formats.gltf_origin_scene import hips_keys

                turns = turns.copy()
                turns[:, 0], root = hips_keys(self._origin, turns[:, 0], root)
            self._body.append(self._short(turns))
            self._root.append(root.astype("<f4")[:, None])
        if face is not None and len(face):
            pose = to_avatar(self.avatar, None, face, face.fps)
            self._rates[1] = face.fps
            eyes = self._eye_joints()
            moved = eyes if motion is not None else [*eyes, *self._head_joints()]
            if moved:
                self._eyes.append(np.round(_positive(pose.rotations[:, moved])[..., XYZW] * _SHORT).astype("<i2"))
            self._weights.append(np.clip(pose.morphs, 0, 1)[:, :, None].astype("<f4"))

    def _short(self, turns: NDArray) -> NDArray[np.int16]:
        """Quaternions xyzw as normalised 16-bit, neighbours in time on one side of the sphere."""
        if self._last is not None:
            turns = rotation.continuous(np.concatenate([self._last[None], turns]))[1:]
        else:
            turns = rotation.continuous(turns)
        self._last = turns[-1]
        return np.round(turns[..., XYZW] * _SHORT).astype("<i2")

    def _eye_joints(self) -> list[int]:
        return [self.avatar.skeleton.index(name) for name in self.avatar.eyes]

    def _head_joints(self) -> list[int]:
        """Joints that a face moves where there is no body motion."""
        head = self.avatar.joint_map.get("Head")
        return [self.avatar.skeleton.index(head)] if head else []

    def _body_keys(self, builder: GlbBuilder, joints: list[int]) -> AnimationBuilder:
        """An animation with the keys of body and eyes on the nodes of the joints."""
        assert self._body and self._root and self._eyes
        animation = AnimationBuilder(builder)
        eyes = self._eye_joints()
        if self._body.rows:
            animation.column(self._root, 0, joints[0], "translation", self._rates[0], still=False)
            for j in range(len(joints)):
                if not (self._eyes.rows and j in eyes):
                    animation.column(self._body, j, joints[j], "rotation", self._rates[0], "int16")
        if self._eyes.rows:
            moved = eyes if self._body.rows else [*eyes, *self._head_joints()]
            for column, j in enumerate(moved):
                animation.column(self._eyes, column, joints[j], "rotation", self._rates[1], "int16")
        return animation

    def _animate(self, builder: GlbBuilder, joints: list[int], meshes: list[tuple[int, tuple[str, ...]]]) -> None:
        assert self._weights is not None
        animation = self._body_keys(builder, joints)
        if self._weights.rows:
            rows = self._weights.rows
            outputs: dict[tuple[str, ...], int] = {}
            for node, names in meshes:
                if not any(name in ARKIT_INDEX for name in names):
                    continue
                if names not in outputs:
                    outputs[names] = builder.stream(_curves(self._weights, names), "float32", 1, rows * len(names))
                animation.channel(node, "weights", animation.clock(rows, self._rates[1]), outputs[names])
        animation.add("performance")


def _positive(q: NDArray) -> NDArray:
    """The same rotations with w >= 0: right for turns far below 180 degrees, like gaze."""
    return np.where(q[..., :1] < 0, -q, q)


def _curves(spool: Spool, names: tuple[str, ...]) -> Iterable[bytes]:
    """Weights of some morphs, frame by frame; morphs without an ARKit name rest."""
    columns = [spool.column(ARKIT_INDEX[n]) if n in ARKIT_INDEX else None for n in names]
    for blocks in zip(*(c for c in columns if c is not None), strict=True):
        given = iter(np.frombuffer(b, "<f4") for b in blocks)
        rows = len(blocks[0]) // 4
        table = [next(given) if c is not None else np.zeros(rows, "<f4") for c in columns]
        yield np.stack(table, axis=1).astype("<f4").tobytes()
