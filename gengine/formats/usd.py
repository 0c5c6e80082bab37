"""Universal Scene Description (.usdz): the avatar as UsdSkel with blend shapes, through usd-core."""

from __future__ import annotations

import importlib
import io
import shutil
import struct
import tempfile
import zipfile
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gengine.avatars import AVATAR_HELP, BONES_HELP, DECIMATE_HELP, find_avatar, left_out
from gengine.core import rotation
from gengine.core.avatar import Avatar, Part
from gengine.core.exporter import Exporter
from gengine.core.face import ARKIT_NAMES, FaceTrack
from gengine.core.motion import Motion
from gengine.core.performance import Performance
from gengine.core.resampling import joined
from gengine.errors import GengineError, MissingExtraError
from gengine.formats.gltf import XYZW
from gengine.formats.gltf_avatar import JPEG_QUALITY, Normals, linear
from gengine.formats.tracks import Clocked
from gengine.retarget.avatar_pose import to_avatar


class UsdExporter(Exporter):
    """The avatar and its performance as one USD stage: SkelRoot, Skeleton, SkelAnimation, meshes, blend shapes.

    - ``avatar``: a preset's name, the path of an avatar file, or an ``Avatar``.
    - ``fps``: rate of the keys of body and face (Hz); time codes are seconds times it.

    +Y up, metres. A ``.usdz`` holds its textures; written as ``.usdc`` or ``.usda`` it is one layer with their mean
    colours. Keys are kept in memory: 35 MB for an hour of body and face.
    """

    suffix: ClassVar[str] = ".usdz"
    default_name: ClassVar[str] = "avatar.usdz"

    def __init__(
        self,
        path: str | Path,
        avatar: Annotated[str | Path | Avatar, AVATAR_HELP] = "anna",
        fps: Annotated[float, "rate of all keys, Hz"] = 30.0,
        bones: Annotated[str | Path | None, BONES_HELP] = None,
        decimate: Annotated[float | None, DECIMATE_HELP] = None,
        **options: Any,
    ) -> None:
        super().__init__(path, **options)
        _pxr("Usd")  # absent: an error now, not after the first stretch
        self.avatar, self._fps = find_avatar(avatar, bones, decimate), fps
        self.report = self.avatar.report + left_out(self.avatar, self.suffix)
        self._clocked = Clocked(self.path, fps)
        self._motions: list[Motion] = []
        self._faces: list[FaceTrack] = []
        self._started = False

    def append(self, stretch: Performance) -> None:
        self._take(*self._clocked.push(stretch))
        self._started = True

    def finish(self) -> None:
        if not self._started:
            raise GengineError(f"{self.path}: no performance was appended, expected at least one stretch")
        self._take(*self._clocked.flush())
        # usd-core opens files by name and does not say why it could not: ask the folder first
        self.partial.touch()
        self._write()

    def _take(self, motion: Motion | None, face: FaceTrack | None) -> None:
        if motion is not None and len(motion):
            self._motions.append(motion)
        if face is not None and len(face):
            self._faces.append(face)

    def _write(self) -> None:
        with tempfile.TemporaryDirectory(dir=self.partial.parent) as folder:
            package = self.path.suffix.lower() == ".usdz"
            made = Path(folder) / ("avatar.usda" if self.path.suffix.lower() == ".usda" else "avatar.usdc")
            images: dict[str, bytes] = {}
            self._save_stage(made, images if package else None)
            if package:
                _package(made, images, self.partial)
            else:
                shutil.move(made, self.partial)

    def _save_stage(self, path: Path, images: dict[str, bytes] | None) -> None:
        """The layer; ``images`` receives the textures, where the file can hold some."""
        Usd, UsdGeom, UsdSkel = _pxr("Usd", "UsdGeom", "UsdSkel")

        avatar = self.avatar
        stage = Usd.Stage.CreateNew(str(path))
        UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.y)
        UsdGeom.SetStageMetersPerUnit(stage, 1.0)
        stage.SetTimeCodesPerSecond(self._fps)
        stage.SetFramesPerSecond(self._fps)
        root = UsdSkel.Root.Define(stage, "/Avatar")
        stage.SetDefaultPrim(root.GetPrim())
        Usd.ModelAPI(root.GetPrim()).SetKind("component")
        if avatar.licence:
            stage.GetRootLayer().documentation = avatar.licence

        skeleton, animation = _skeleton(stage, avatar)
        last = self._keys(animation, _paths(avatar), _whole(self._motions), _whole(self._faces))
        stage.SetStartTimeCode(0)
        stage.SetEndTimeCode(max(last - 1, 0))

        low = np.min([part.vertices.min(0) for part in avatar.parts], axis=0)
        high = np.max([part.vertices.max(0) for part in avatar.parts], axis=0)
        UsdGeom.ModelAPI.Apply(root.GetPrim()).SetExtentsHint(_box(low, high))
        scope = UsdGeom.Scope.Define(stage, "/Avatar/Materials").GetPath()
        materials: dict[int, Any] = {}
        for k, part in enumerate(avatar.parts):
            if id(part.material) not in materials:
                image = _image(part, len(materials), images) if images is not None else None
                materials[id(part.material)] = _material(stage, scope, part, len(materials), image)
            name = f"/Avatar/{_identifier(part.name)}_{k}"
            _mesh(stage, name, part, skeleton.GetPath(), materials[id(part.material)])
        stage.GetRootLayer().Save()

    def _keys(self, animation: Any, joints: list[str], motion: Motion | None, face: FaceTrack | None) -> int:
        """Writes all keys; the number of frames."""
        Gf, Usd, Vt = _pxr("Gf", "Usd", "Vt")

        avatar = self.avatar
        frames = min(len(t) for t in (motion, face) if t is not None) if motion or face else 0
        animation.CreateJointsAttr(joints)
        if not frames:
            return 0
        pose = to_avatar(avatar, motion, face, self._fps)
        turns = np.where(pose.rotations[..., :1] < 0, -pose.rotations, pose.rotations)
        offsets = avatar.skeleton.offsets.astype(np.float32)
        rotations, translations = animation.CreateRotationsAttr(), animation.CreateTranslationsAttr()
        ones = Vt.Vec3hArray([Gf.Vec3h(1, 1, 1)] * len(joints))
        animation.CreateScalesAttr().Set(ones)
        xyzw = np.ascontiguousarray(turns[..., XYZW], np.float32)
        for t in range(frames):
            at = Usd.TimeCode(t)
            rotations.Set(Vt.QuatfArray.FromNumpy(xyzw[t]), at)
            offsets[0] = pose.root[t]
            translations.Set(Vt.Vec3fArray.FromNumpy(offsets.copy()), at)
        names = [n for n in ARKIT_NAMES if n in avatar.morph_names]
        if face is not None and names:
            animation.CreateBlendShapesAttr(names)
            weights = animation.CreateBlendShapeWeightsAttr()
            columns = np.ascontiguousarray(pose.morphs[:, [ARKIT_NAMES.index(n) for n in names]], np.float32)
            for t in range(frames):
                weights.Set(Vt.FloatArray.FromNumpy(columns[t]), Usd.TimeCode(t))
        return frames


def _pxr(*names: str) -> list[Any]:
    """Modules of usd-core."""
    try:
        return [importlib.import_module(f"pxr.{name}") for name in names]
    except ImportError:
        raise MissingExtraError("USD", "usd") from None


def _image(part: Part, number: int, images: dict[str, bytes]) -> str | None:
    """The texture as a picture of the package; its path there."""
    texture = part.material.texture
    if texture is None:
        return None
    from PIL import Image

    file = io.BytesIO()
    alpha = texture.shape[2] == 4
    Image.fromarray(texture).save(file, "PNG" if alpha else "JPEG", **({} if alpha else {"quality": JPEG_QUALITY}))
    name = f"textures/{_identifier(part.material.name)}_{number}.{'png' if alpha else 'jpg'}"
    images[name] = file.getvalue()
    return name


def _package(layer: Path, images: dict[str, bytes], path: Path) -> None:
    """A .usdz: an uncompressed zip whose members begin at multiples of 64 bytes, the layer first."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in ((layer.name, layer.read_bytes()), *images.items()):
            info = zipfile.ZipInfo(name)
            assert archive.fp is not None
            place = archive.fp.tell() + 30 + len(name.encode())
            fill = (-(place + 4)) % 64
            info.extra = struct.pack("<HH", 0x1986, fill) + bytes(fill)
            archive.writestr(info, data)


def _whole(tracks: list[Any]) -> Any:
    return joined(tracks) if tracks else None


def _identifier(name: str) -> str:
    (Tf,) = _pxr("Tf")

    return Tf.MakeValidIdentifier(name)


def _paths(avatar: Avatar) -> list[str]:
    """Joints as UsdSkel names them: ``Hips/Spine/…``."""
    paths: list[str] = []
    for name, parent in zip(avatar.skeleton.names, avatar.skeleton.parents, strict=True):
        own = _identifier(name)
        paths.append(own if parent < 0 else f"{paths[parent]}/{own}")
    return paths


def _skeleton(stage: Any, avatar: Avatar) -> tuple[Any, Any]:
    """The joints, and the animation that is to move them."""
    Gf, UsdSkel, Vt = _pxr("Gf", "UsdSkel", "Vt")

    skeleton = UsdSkel.Skeleton.Define(stage, "/Avatar/Skeleton")
    skeleton.CreateJointsAttr(_paths(avatar))
    bind, rest = (Vt.Matrix4dArray([Gf.Matrix4d(*m.ravel().tolist()) for m in rows]) for rows in _matrices(avatar))
    skeleton.CreateBindTransformsAttr(bind)
    skeleton.CreateRestTransformsAttr(rest)
    binding = UsdSkel.BindingAPI.Apply(skeleton.GetPrim())
    animation = UsdSkel.Animation.Define(stage, "/Avatar/Skeleton/Performance")
    binding.CreateAnimationSourceRel().SetTargets([animation.GetPath()])
    return skeleton, animation


def _box(low: NDArray, high: NDArray) -> Any:
    """Corners of an extent."""
    Gf, Vt = _pxr("Gf", "Vt")

    return Vt.Vec3fArray([Gf.Vec3f(*low.tolist()), Gf.Vec3f(*high.tolist())])


def _matrices(avatar: Avatar) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """World bind and local rest matrices ``(J, 4, 4)``, in USD's row-vector convention."""

    def build(turn: NDArray, place: NDArray) -> NDArray[np.float64]:
        out = np.tile(np.eye(4), (len(turn), 1, 1))
        out[:, :3, :3] = rotation.to_matrix(turn).transpose(0, 2, 1)
        out[:, 3, :3] = place
        return out

    joints = len(avatar.skeleton)
    world = np.tile(rotation.IDENTITY, (joints, 1)) if avatar.rest is None else avatar.rest
    offsets = avatar.skeleton.offsets.copy()
    offsets[0] = [0.0, avatar.root_height, 0.0]
    return build(world, avatar.rest_positions()), build(avatar.local_rest(), offsets)


def _mesh(stage: Any, path: str, part: Part, skeleton: Any, material: Any) -> None:
    Gf, Sdf, UsdGeom, UsdShade, UsdSkel, Vt = _pxr("Gf", "Sdf", "UsdGeom", "UsdShade", "UsdSkel", "Vt")

    mesh = UsdGeom.Mesh.Define(stage, path)
    mesh.CreatePointsAttr(Vt.Vec3fArray.FromNumpy(np.ascontiguousarray(part.vertices, np.float32)))
    mesh.CreateFaceVertexCountsAttr(Vt.IntArray.FromNumpy(np.full(len(part.triangles), 3, np.int32)))
    mesh.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(part.triangles.reshape(-1).astype(np.int32)))
    mesh.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
    mesh.CreateDoubleSidedAttr(part.material.double_sided)
    mesh.CreateNormalsAttr(Vt.Vec3fArray.FromNumpy(np.ascontiguousarray(Normals(part).rest, np.float32)))
    mesh.SetNormalsInterpolation(UsdGeom.Tokens.vertex)
    mesh.CreateExtentAttr(_box(part.vertices.min(0), part.vertices.max(0)))
    uv = UsdGeom.PrimvarsAPI(mesh).CreatePrimvar("st", Sdf.ValueTypeNames.TexCoord2fArray, UsdGeom.Tokens.vertex)
    uv.Set(Vt.Vec2fArray.FromNumpy(np.ascontiguousarray(part.uv * [1, -1] + [0, 1], np.float32)))

    binding = UsdSkel.BindingAPI.Apply(mesh.GetPrim())
    binding.CreateSkeletonRel().SetTargets([skeleton])
    width = part.joints.shape[1]
    order = np.argsort(-part.weights, axis=1, kind="stable")
    weights = np.take_along_axis(part.weights, order, 1)
    joints = np.where(weights > 0, np.take_along_axis(part.joints, order, 1), 0)
    binding.CreateJointIndicesPrimvar(False, width).Set(Vt.IntArray.FromNumpy(joints.reshape(-1).astype(np.int32)))
    binding.CreateJointWeightsPrimvar(False, width).Set(
        Vt.FloatArray.FromNumpy(np.ascontiguousarray(weights.reshape(-1), np.float32))
    )
    binding.CreateGeomBindTransformAttr(Gf.Matrix4d(1))
    targets = []
    for name, index, delta in zip(part.morphs.names, part.morphs.indices, part.morphs.deltas, strict=True):
        shape = UsdSkel.BlendShape.Define(stage, f"{path}/{_identifier(name)}")
        shape.CreateOffsetsAttr(Vt.Vec3fArray.FromNumpy(np.ascontiguousarray(delta, np.float32)))
        shape.CreatePointIndicesAttr(Vt.IntArray.FromNumpy(np.ascontiguousarray(index, np.int32)))
        targets.append(shape.GetPath())
    if targets:
        binding.CreateBlendShapesAttr(list(part.morphs.names))
        binding.CreateBlendShapeTargetsRel().SetTargets(targets)
    UsdShade.MaterialBindingAPI.Apply(mesh.GetPrim()).Bind(material)


def _material(stage: Any, scope: Any, part: Part, number: int, image: str | None) -> Any:
    Gf, Sdf, UsdShade = _pxr("Gf", "Sdf", "UsdShade")

    source = part.material
    path = scope.AppendChild(f"{_identifier(source.name)}_{number}")
    material = UsdShade.Material.Define(stage, path)
    shader = UsdShade.Shader.Define(stage, path.AppendChild("Surface"))
    shader.CreateIdAttr("UsdPreviewSurface")
    color = np.asarray(source.color, float)
    if source.texture is not None and image is None:  # the texture's mean stands for it
        color[:3] *= source.texture[..., :3].reshape(-1, 3).mean(0) / 255
    base = shader.CreateInput("diffuseColor", Sdf.ValueTypeNames.Color3f)
    base.Set(Gf.Vec3f(*linear(color[:3]).tolist()))
    shader.CreateInput("roughness", Sdf.ValueTypeNames.Float).Set(float(source.roughness))
    shader.CreateInput("metallic", Sdf.ValueTypeNames.Float).Set(0.0)
    if color[3] < 1:
        shader.CreateInput("opacity", Sdf.ValueTypeNames.Float).Set(float(color[3]))
    if image is not None:
        reader = UsdShade.Shader.Define(stage, path.AppendChild("Coordinates"))
        reader.CreateIdAttr("UsdPrimvarReader_float2")
        reader.CreateInput("varname", Sdf.ValueTypeNames.String).Set("st")
        texture = UsdShade.Shader.Define(stage, path.AppendChild("Texture"))
        texture.CreateIdAttr("UsdUVTexture")
        texture.CreateInput("file", Sdf.ValueTypeNames.Asset).Set(image)
        texture.CreateInput("sourceColorSpace", Sdf.ValueTypeNames.Token).Set("sRGB")
        texture.CreateInput("st", Sdf.ValueTypeNames.Float2).ConnectToSource(
            reader.CreateOutput("result", Sdf.ValueTypeNames.Float2)
        )
        base.ConnectToSource(texture.CreateOutput("rgb", Sdf.ValueTypeNames.Float3))
        if source.texture is not None and source.texture.shape[2] == 4:
            opacity = shader.CreateInput("opacity", Sdf.ValueTypeNames.Float)
            opacity.ConnectToSource(texture.CreateOutput("a", Sdf.ValueTypeNames.Float))
            shader.CreateInput("opacityThreshold", Sdf.ValueTypeNames.Float).Set(0.5)
    material.CreateSurfaceOutput().ConnectToSource(shader.CreateOutput("surface", Sdf.ValueTypeNames.Token))
    return material
