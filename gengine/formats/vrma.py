"""VRM animations (.vrma, VRMC_vrm_animation 1.0): play on every VRM character.

The rest pose is the VRM T-pose, which is ours. Bones are nodes, expressions are nodes whose translation's x is
their weight, and the gaze is the rotation of one node. Only the hips move; eye bones are forbidden in favour of
the gaze.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.emotion import EMOTION_INDEX, EmotionTrack
from gengine.core.exporter import Exporter
from gengine.core.face import ARKIT_INDEX, ARKIT_NAMES, FaceTrack
from gengine.core.motion import Motion
from gengine.core.performance import Performance
from gengine.core.resampling import StreamResampler
from gengine.core.skeleton import BEAT_HIP_HEIGHT, Skeleton
from gengine.errors import GengineError, unknown
from gengine.formats.gltf import XYZW, AnimationBuilder, GlbBuilder, Spool
from gengine.formats.tracks import Clocked
from gengine.retarget.avatar_pose import gaze_turns
from gengine.retarget.humanoid import to_humanoid

LIPS: dict[str, dict[str, float]] = {
    "aa": {"jawOpen": 0.6, "mouthLowerDown": 0.15, "mouthUpperUp": 0.1},
    "ih": {"jawOpen": 0.15, "mouthStretch": 0.3, "mouthLowerDown": 0.15},
    "ou": {"jawOpen": 0.12, "mouthPucker": 0.75, "mouthFunnel": 0.25},
    "ee": {"jawOpen": 0.3, "mouthStretch": 0.25, "mouthLowerDown": 0.2, "mouthUpperUp": 0.12},
    "oh": {"jawOpen": 0.35, "mouthFunnel": 0.6, "mouthPucker": 0.15},
}
"""VRM's lip presets in ARKit's shapes (both sides alike; weights 0-1 by judgement); the presets are found from
them by least squares."""
EMOTIONS: dict[str, tuple[str, ...]] = {
    "happy": ("happiness", "amused"), "angry": ("anger",), "sad": ("sadness",), "relaxed": ("tender",),
    "surprised": ("surprise",),
}  # fmt: skip
"""VRM's emotion presets and the emotions that drive them (the strongest counts)."""
_CHANNELS = ("jawOpen", "mouthFunnel", "mouthPucker", "mouthStretch", "mouthLowerDown", "mouthUpperUp")
_HEAD_TO_EYES = [0.0, 0.06, 0.08]
"""From the head bone to between the eyes, m (judgement): VRM applications move it with their model."""


class VrmaExporter(Exporter):
    """Body, gaze and expressions as a VRM animation, at ``fps`` (Hz; 30 is what players are made for).

    - ``expressions``: ``"arkit"`` writes 52 custom expressions under ARKit's names (characters with "Perfect Sync"),
      ``"presets"`` VRM's own emotions, lips and blinks (all characters), ``"both"`` writes both. A character that
      has both kinds would then move its mouth twice: give it one of them.
    - ``pascal`` names the custom expressions ``JawOpen`` instead of ``jawOpen``.
    """

    suffix: ClassVar[str] = ".vrma"
    default_name: ClassVar[str] = "avatar.vrma"
    needs: ClassVar[tuple[str, ...]] = ("motion",)

    def __init__(
        self,
        path: str | Path,
        fps: Annotated[float, "rate of all keys, Hz"] = 30.0,
        expressions: Annotated[Literal["both", "arkit", "presets"], "which kinds of expressions are written"] = "both",
        pascal: Annotated[bool, "custom expressions are named JawOpen instead of jawOpen"] = False,
        **options: Any,
    ) -> None:
        super().__init__(path, **options)
        if expressions not in ("both", "arkit", "presets"):
            raise unknown("expressions", expressions, ("both", "arkit", "presets"))
        self._fps, self._kinds, self._pascal = fps, expressions, pascal
        self._clocked = Clocked(self.path, fps)
        self._mood: StreamResampler[EmotionTrack] = StreamResampler(fps)
        self._skeleton: Skeleton | None = None
        self._spools: dict[str, Spool] = {}
        self._builder: GlbBuilder | None = None
        self._last: NDArray | None = None

    def append(self, stretch: Performance) -> None:
        self.check(stretch)
        self._take(*self._clocked.push(stretch), self._mood.push(stretch.emotion))

    def finish(self) -> None:
        if not self._spools:
            raise GengineError(f"{self.path}: no performance was appended, expected at least one stretch")
        self._take(*self._clocked.flush(), self._mood.flush())
        builder = self._builder = GlbBuilder(self.partial.parent)
        self._write(builder)
        builder.save(self.partial, self.path)
        self.abort()

    def abort(self) -> None:
        for held in (*self._spools.values(), self._builder):
            if held is not None:
                held.close()

    def _take(self, motion: Motion | None, face: FaceTrack | None, mood: EmotionTrack | None) -> None:
        if not self._spools:
            self._spools = {k: Spool(self.partial.parent) for k in ("turns", "root", "arkit", "lips", "gaze", "mood")}
        spools = self._spools
        if motion is not None and len(motion):
            body = to_humanoid(motion, "vrm")
            self._skeleton = body.skeleton
            turns = body.rotations if self._last is None else np.concatenate([self._last[None], body.rotations])
            turns = rotation.continuous(turns)[0 if self._last is None else 1 :]
            self._last = turns[-1]
            spools["turns"].append(rotation.normalize(turns)[..., XYZW].astype("<f4"))
            spools["root"].append(body.root.astype("<f4")[:, None])
        if face is not None and len(face):
            spools["arkit"].append(_as_x(face.weights))
            spools["lips"].append(_as_x(_presets(face)))
            spools["gaze"].append(gaze_turns(face)[:, None, XYZW].astype("<f4"))
        if mood is not None and len(mood):
            weights = [mood.weights[:, [EMOTION_INDEX[e] for e in names]].max(1) for names in EMOTIONS.values()]
            spools["mood"].append(_as_x(np.stack(weights, axis=1)))

    def _write(self, builder: GlbBuilder) -> None:
        skeleton, spools = self._skeleton, self._spools
        if skeleton is None:
            raise GengineError(f"{self.path}: the performance has no frame; expected at least one")
        animation = AnimationBuilder(builder)

        def animate(spool: Spool, column: int, node: int, path: str) -> None:
            animation.column(spool, column, node, path, self._fps)

        for j, name in enumerate(skeleton.names):
            offset = skeleton.offsets[j] if j else [0.0, BEAT_HIP_HEIGHT, 0.0]
            node: dict[str, Any] = {"name": name, "translation": [float(x) for x in offset]}
            children = np.flatnonzero(skeleton.parents == j).tolist()
            builder.add("nodes", node | ({"children": children} if children else {}))
            animate(spools["turns"], j, j, "rotation")
        animate(spools["root"], 0, 0, "translation")
        roots = [0]

        def expressions(names: tuple[str, ...], spool: str) -> dict[str, Any]:
            nodes = {}
            for k, name in enumerate(names):
                roots.append(builder.add("nodes", {"name": f"expression_{name}", "translation": [0.0, 0.0, 0.0]}))
                animate(spools[spool], k, roots[-1], "translation")
                nodes[name] = {"node": roots[-1]}
            return nodes

        about: dict[str, Any] = {
            "specVersion": "1.0",
            "humanoid": {"humanBones": {name: {"node": j} for j, name in enumerate(skeleton.names)}},
        }
        found: dict[str, Any] = {}
        if spools["arkit"].rows:
            if self._kinds != "arkit":
                found["preset"] = expressions((*LIPS, "blinkLeft", "blinkRight"), "lips")
                if spools["mood"].rows:
                    found["preset"] |= expressions(tuple(EMOTIONS), "mood")
            if self._kinds != "presets":
                names = tuple(n[0].upper() + n[1:] for n in ARKIT_NAMES) if self._pascal else ARKIT_NAMES
                found["custom"] = expressions(names, "arkit")
            about["expressions"] = found
            roots.append(builder.add("nodes", {"name": "lookAt"}))
            animate(spools["gaze"], 0, roots[-1], "rotation")
            about["lookAt"] = {"node": roots[-1], "offsetFromHeadBone": _HEAD_TO_EYES}
        builder.add("scenes", {"nodes": roots})
        builder.json |= {
            "scene": 0,
            "extensionsUsed": ["VRMC_vrm_animation"],
            "extensions": {"VRMC_vrm_animation": about},
        }
        animation.add("performance")


def _as_x(weights: NDArray) -> NDArray[np.float32]:
    """Weights ``(T, K)`` as translations ``(T, K, 3)`` along x."""
    out = np.zeros((*weights.shape, 3), "<f4")
    out[..., 0] = np.clip(weights, 0, 1)
    return out


def _presets(face: FaceTrack) -> NDArray[np.float64]:
    """Lip presets and blinks ``(T, 7)`` of a face."""

    def channel(name: str) -> NDArray[np.float64]:
        if name in ARKIT_INDEX:
            return np.asarray(face.channel(name), float)
        return 0.5 * (np.asarray(face.channel(f"{name}Left"), float) + np.asarray(face.channel(f"{name}Right"), float))

    lips = _non_negative(np.stack([channel(name) for name in _CHANNELS], axis=1))
    return np.column_stack([np.minimum(lips, 1.0), channel("eyeBlinkLeft"), channel("eyeBlinkRight")])


def _non_negative(target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Non-negative least squares ``(T, 5)`` of the lip shapes to ``(T, 6)`` channels: the best of all subsets."""
    shapes = _shapes()
    best, least = np.zeros((len(target), len(shapes))), (target**2).sum(1)
    for subset, inverse in _subsets():
        weights = target @ inverse
        error = ((target - weights @ shapes[subset]) ** 2).sum(1)
        better = (weights >= 0).all(axis=1) & (error < least - 1e-12)
        least[better] = error[better]
        best[better] = 0.0
        best[np.ix_(better, subset)] = weights[better]
    return best


def _shapes() -> NDArray[np.float64]:
    return np.array([[shape.get(name, 0.0) for name in _CHANNELS] for shape in LIPS.values()])


@cache
def _subsets() -> list[tuple[list[int], NDArray[np.float64]]]:
    """All sets of lip presets with the matrix ``(6, n)`` that fits them."""
    shapes, count = _shapes(), len(LIPS)
    sets = [[k for k in range(count) if bits >> k & 1] for bits in range(1, 1 << count)]
    return [(chosen, np.asarray(np.linalg.pinv(shapes[chosen]), float)) for chosen in sets]
