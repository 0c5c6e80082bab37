"""The FGD encoder: the same numbers as the torch network it was trained as, and distances that behave."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.checkpoint import save_checkpoint
from gengine.core import rotation
from gengine.core.euler141 import JOINTS
from gengine.core.motion import Motion
from gengine.errors import GengineError
from gengine.metrics.fgd import (
    LATENT,
    LAYERS,
    REPRESENTATIONS,
    TAIL,
    FgdEncoder,
    in_posture_of,
    mean_pose,
    pose_values,
    poses_at_15,
)  # fmt: skip


@pytest.fixture(scope="module")
def tensors():
    """Random weights of the encoder's shape, without any training."""
    rng = np.random.default_rng(0)
    made, channels = {}, 141
    for i, (width, kernel, _) in enumerate(LAYERS):
        made[f"layer{i}.weight"] = rng.normal(0, (kernel * channels) ** -0.5, (kernel * channels, width))
        made[f"layer{i}.bias"] = rng.normal(0, 0.1, width)
        channels = width
    made["latent.weight"] = rng.normal(0, (TAIL * LATENT) ** -0.5, (TAIL * LATENT, LATENT))
    made["latent.bias"] = np.zeros(LATENT)
    made |= {"reference": np.zeros(141), "mean": rng.normal(0, 5, 141), "scale": rng.uniform(5, 20, 141)}
    return {k: v.astype(np.float32) for k, v in made.items()}


@pytest.fixture(scope="module")
def encoder(tensors, tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoder")
    save_checkpoint(folder, {"kind": "fgd", "representation": "euler141", "data_id": "tiny"}, tensors)
    return FgdEncoder.load(folder)


def clips(seed: int, count: int = 6, size: float = 10.0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    t = np.arange(300)[:, None] / 15
    return [size * np.sin(t * rng.uniform(0.5, 6, 141) + rng.uniform(0, 6, 141)) for _ in range(count)]


def test_windows_share_the_convolutions_yet_are_each_their_own(encoder):
    values = clips(0, 1)[0]
    together = encoder.features(values)
    assert together.shape == ((300 - 34) // 10 + 1, LATENT)
    for k in (0, 7, 26):
        assert np.allclose(encoder.features(values[10 * k : 10 * k + 34])[0], together[k], atol=1e-4)
    assert encoder.features(values[:33]).shape == (0, LATENT)


def test_a_set_is_nearest_to_itself_then_to_its_like_then_to_stillness(encoder):
    real, other = clips(1), clips(2)
    still = [np.repeat(c[:1], len(c), 0) for c in real]
    itself, alike, wild, dead = (encoder.fgd(x, real) for x in (real, other, clips(2, size=25.0), still))
    assert itself == pytest.approx(0.0, abs=1e-3)
    assert itself < alike < wild and alike < dead


def test_numpy_equals_the_torch_network_after_folding():
    torch = pytest.importorskip("torch")
    from gengine.training.fgd_task import build_autoencoder, fold

    torch.manual_seed(0)
    size = REPRESENTATIONS["6d"]
    module = build_autoencoder(size)
    poses = torch.randn(64, 34, size)
    module.train()
    for _ in range(3):  # running statistics that are not 0 and 1
        module(poses)
    module.eval()
    with torch.no_grad():
        expected = module.encode(poses).numpy()
    weights = {k: v.astype(np.float32) for k, v in fold(module).items()}
    weights |= {"mean": np.zeros(size, np.float32), "scale": np.ones(size, np.float32), "reference": np.zeros(141)}
    encoder = FgdEncoder(weights, "6d", "", "")
    got = np.concatenate([encoder.features(p) for p in poses.numpy()])
    assert np.abs(got - expected).max() < 5e-3 * np.abs(expected).max()  # weights are kept in half precision


def test_a_pose_has_one_value_however_the_body_came_there(make_motion):
    motion = make_motion(60, 15.0, size=2.5)
    values = pose_values(motion, "euler141", np.zeros(141))
    backwards = Motion(motion.skeleton, motion.rotations[::-1], motion.root[::-1], 15.0)
    assert np.allclose(pose_values(backwards, "euler141", np.zeros(141))[::-1], values)
    again = rotation.from_euler(np.radians(values).reshape(60, 47, 3))
    own = motion.rotations[:, [motion.skeleton.index(j) for j in JOINTS]]
    assert rotation.angle(again, own).max() < 1e-3
    turned = pose_values(motion, "euler141", np.full(141, 360.0))
    assert np.allclose(turned.mean() - values.mean(), 360.0, atol=1.0)


def test_whole_multiples_of_the_rate_are_thinned_and_others_interpolated(make_motion):
    motion = make_motion(90, 30.0)
    assert np.array_equal(poses_at_15(motion).rotations, motion.rotations[::2])
    assert len(poses_at_15(make_motion(100, 25.0))) == 60


def test_a_stance_is_no_movement(make_motion):
    """Bent for good at every joint, a motion becomes itself again in its own posture; another movement does not."""
    motion = make_motion(60, 15.0)
    turn = rotation.from_euler(np.random.default_rng(1).normal(0.0, 0.3, (len(motion.skeleton), 3)))
    bent = Motion(motion.skeleton, rotation.multiply(turn, motion.rotations), motion.root, motion.fps)
    [back] = in_posture_of([bent], [motion])
    joints = [motion.skeleton.index(name) for name in JOINTS]
    assert rotation.angle(bent.rotations, motion.rotations)[:, joints].mean() > 0.2
    assert rotation.angle(back.rotations, motion.rotations)[:, joints].max() < 1e-3
    others = np.setdiff1d(np.arange(len(motion.skeleton)), joints)
    np.testing.assert_array_equal(back.rotations[:, others], bent.rotations[:, others])
    [held] = in_posture_of([bent[:1]], [motion])  # a pose held becomes the mean pose
    assert rotation.angle(held.rotations[0, joints], mean_pose(motion.rotations)[joints]).max() < 1e-3


def test_mean_pose_does_not_mind_signs():
    q = rotation.from_euler(np.random.default_rng(3).normal(0, 0.3, (50, 4, 3)))
    q[::2] *= -1
    plain = rotation.normalize(np.where(q[..., :1] < 0, -q, q).mean(0))
    assert rotation.angle(mean_pose(q), plain).max() < 0.02


def test_what_cannot_be_measured_is_said(encoder, tensors, tmp_path):
    with pytest.raises(GengineError, match="expected \\(T, 141\\)"):
        encoder.features(np.zeros((40, 7)))
    with pytest.raises(GengineError, match="NaN"):
        encoder.features(np.full((40, 141), np.nan))
    assert np.isnan(encoder.fgd([np.zeros((34, 141))], clips(0)))
    save_checkpoint(tmp_path / "other", {"kind": "phones"}, {"a": np.zeros(1)})
    with pytest.raises(GengineError, match="kind 'phones', expected 'fgd'"):
        FgdEncoder.load(tmp_path / "other")
    part = {k: v for k, v in tensors.items() if k != "latent.bias"}
    save_checkpoint(tmp_path / "part", {"kind": "fgd", "representation": "euler141", "data_id": ""}, part)
    with pytest.raises(GengineError, match="latent.bias"):
        FgdEncoder.load(tmp_path / "part")
