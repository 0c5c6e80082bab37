"""Posing in torch equals posing in numpy and has true gradients; PyTorch3D draws where it is installed."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.avatars.making.dress import bare_avatar
from gengine.core import rotation
from gengine.core.avatar import skinned
from gengine.core.face import ARKIT_INDEX
from gengine.errors import GengineError
from gengine.renderers.avatar.differentiable import Pytorch3dBackend, TorchAvatar
from gengine.renderers.avatar.scene import camera_preset, studio_lights

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def posed():
    avatar = bare_avatar("anna")
    rng = np.random.default_rng(0)
    turns = rotation.from_rotvec(0.2 * rng.standard_normal((1, len(avatar.skeleton), 3)))
    matrices = avatar.skin_matrices(turns, [[0.0, avatar.root_height, 0.0]])[0]
    weights = rng.uniform(0, 0.6, 52).astype(np.float32)
    return avatar, matrices, weights


def test_positions_equal_the_numpy_path(posed) -> None:
    avatar, matrices, weights = posed
    model = TorchAvatar(avatar)
    positions, normals = model.posed(torch.as_tensor(matrices, dtype=torch.float32), torch.as_tensor(weights))
    curves = {name: float(weights[i]) for name, i in ARKIT_INDEX.items()}
    expected = np.concatenate([skinned(p, matrices, p.morphs.apply(p.vertices, curves)) for p in avatar.parts])
    assert np.abs(positions.numpy() - expected).max() < 1e-5
    assert torch.allclose(normals.norm(dim=-1), torch.ones(len(normals)), atol=1e-4)
    assert model.triangles.max() < len(positions) == len(model.colors)


def test_a_jaw_is_found_again_by_its_gradient(posed) -> None:
    avatar, matrices, _ = posed
    model = TorchAvatar(avatar)
    skin = torch.as_tensor(matrices, dtype=torch.float32)
    true = torch.zeros(52)
    true[ARKIT_INDEX["jawOpen"]], true[ARKIT_INDEX["mouthSmileLeft"]] = 0.5, 0.3
    with torch.no_grad():
        goal, _ = model.posed(skin, true)
    guess = torch.zeros(52, requires_grad=True)
    optimiser = torch.optim.LBFGS([guess], max_iter=60, line_search_fn="strong_wolfe")

    def loss():
        optimiser.zero_grad()
        value = 1e6 * ((model.posed(skin, guess)[0] - goal) ** 2).mean()
        value.backward()
        return value

    optimiser.step(loss)
    assert guess[ARKIT_INDEX["jawOpen"]].item() == pytest.approx(0.5, abs=0.02)
    assert guess[ARKIT_INDEX["mouthSmileLeft"]].item() == pytest.approx(0.3, abs=0.02)


def test_without_pytorch3d_the_way_to_get_it_is_named(posed) -> None:
    try:
        import pytorch3d  # noqa: F401
    except ImportError:
        with pytest.raises(GengineError, match="pip install"):
            Pytorch3dBackend(posed[0], 64, 64)
    else:
        pytest.skip("PyTorch3D is installed")


def test_pytorch3d_draws_what_the_others_draw(posed) -> None:
    pytest.importorskip("pytorch3d")
    from gengine.renderers.avatar.soft import SoftBackend

    avatar, matrices, weights = posed
    view, lights = camera_preset(avatar, "upper"), studio_lights(1.7)
    drawn = Pytorch3dBackend(avatar, 96, 128).draw(matrices, weights, view, lights, None)
    other = SoftBackend(avatar, 96, 128).draw(matrices, weights, view, lights, None)
    a, b = drawn[..., 3] > 127, other[..., 3] > 127
    assert (a & b).sum() / (a | b).sum() > 0.95
