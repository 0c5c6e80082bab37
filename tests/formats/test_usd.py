"""USD: valid to Pixar's own checks, and posed as the project poses it."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from gengine.avatars.making.dress import bare_avatar
from gengine.errors import MissingExtraError
from gengine.formats.usd import UsdExporter
from gengine.retarget.avatar_pose import to_avatar


@pytest.fixture(scope="module")
def stage(make_performance, tmp_path_factory):
    pxr = pytest.importorskip("pxr.Usd")
    performance = make_performance(1.0)
    path = UsdExporter.write(performance, tmp_path_factory.mktemp("usd") / "avatar.usdz", avatar="anna")
    return pxr.Stage.Open(str(path)), performance


def test_every_validator_is_content(stage):
    from pxr import UsdValidation

    validators = UsdValidation.ValidationRegistry().GetOrLoadAllValidators()
    assert len(validators) >= 20
    errors = UsdValidation.ValidationContext(validators).Validate(stage[0])
    assert [f"{e.GetName()}: {e.GetMessage()}" for e in errors] == []


def test_joints_and_weights_are_ours(stage):
    from pxr import Usd, UsdGeom, UsdSkel

    scene, performance = stage
    from gengine.avatars import load_avatar

    avatar = load_avatar("anna")
    assert UsdGeom.GetStageMetersPerUnit(scene) == 1.0
    assert UsdGeom.GetStageUpAxis(scene) == "Y"
    assert scene.GetTimeCodesPerSecond() == 30
    query = UsdSkel.Cache().GetSkelQuery(UsdSkel.Skeleton(scene.GetPrimAtPath("/Avatar/Skeleton")))
    pose = to_avatar(avatar, performance.motion, performance.face, 30.0)
    positions, _ = avatar.skeleton.forward(pose.rotations, pose.root)
    animation = query.GetAnimQuery()
    for frame in (0, 11, 29):
        matrices = np.array([list(m) for m in query.ComputeJointSkelTransforms(Usd.TimeCode(frame))])
        assert np.abs(matrices[:, 3, :3] - positions[frame]).max() < 1e-3
        names = list(animation.GetBlendShapeOrder())
        theirs = np.array(animation.ComputeBlendShapeWeights(Usd.TimeCode(frame)))
        ours = [performance.face.channel(name)[2 * frame] for name in names]
        assert len(names) == 52
        assert np.abs(theirs - ours).max() < 1e-6


def test_textures_lie_inside(stage):
    from pxr import UsdShade

    files = [
        shader.GetInput("file").Get()
        for shader in map(UsdShade.Shader, stage[0].Traverse())
        if shader and shader.GetIdAttr().Get() == "UsdUVTexture"
    ]
    assert files
    assert all(file.resolvedPath.startswith(stage[0].GetRootLayer().realPath) for file in files)


def test_one_layer_in_text(make_performance, tmp_path):
    pytest.importorskip("pxr.Usd")
    path = UsdExporter.write(make_performance(0.2), tmp_path / "a.usda", avatar=bare_avatar("ben"))
    text = path.read_text()
    assert text.startswith("#usda")
    assert "LeftHandIndex1" in text
    assert [p.name for p in tmp_path.iterdir()] == ["a.usda"]


def test_without_the_extra_the_message_names_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pxr", None)
    monkeypatch.setitem(sys.modules, "pxr.Usd", None)
    with pytest.raises(MissingExtraError, match=r"\[usd\]"):
        UsdExporter(tmp_path / "a.usdz")
