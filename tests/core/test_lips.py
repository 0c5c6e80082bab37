from __future__ import annotations

import json

import numpy as np
import pytest

from gengine.core.face import ARKIT_INDEX
from gengine.core.lips import OUTER_EYE_DISTANCE, SealModel
from gengine.errors import GengineError


def _box_head() -> tuple[np.ndarray, np.ndarray]:
    """Four vertices: upper lip, lower lip, two corners, in mm; jawOpen, mouthClose and mouthPucker move them."""
    neutral = np.array([[0, 1.0, 0], [0, 0.0, 0], [25, 0.5, 0], [-25, 0.5, 0]])
    deltas = np.zeros((3, 4, 3))
    deltas[0, 1, 1] = -20.0
    deltas[1, 1, 1] = 16.0
    deltas[2, 2, 0], deltas[2, 3, 0] = -5.0, 5.0
    return neutral, deltas


def test_measured_coefficients_are_the_mesh_s_own():
    neutral, deltas = _box_head()
    model = SealModel.measure(neutral, deltas, [0], [1], ("jawOpen", "mouthClose", "mouthPucker"), corner_idx=(2, 3))
    assert model.rest == 1.0
    assert model.gap[ARKIT_INDEX["jawOpen"]] == 20.0 and model.close == -16.0
    assert model.width[ARKIT_INDEX["mouthPucker"]] == -10.0
    weights = np.zeros((1, 52))
    weights[0, ARKIT_INDEX["jawOpen"]] = 0.5
    assert model.gap_mm(weights)[0] == 11.0


def test_units_scale_by_the_eyes():
    neutral, deltas = _box_head()
    names = ("jawOpen", "mouthClose", "mouthPucker")
    metres = SealModel.measure(neutral / 1000, deltas / 1000, [0], [1], names, outer_eye_distance=0.087)
    assert metres.gap[ARKIT_INDEX["jawOpen"]] == pytest.approx(20.0)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (dict(lower_lip_idx=[1, 2]), "facing pairs"),
        (dict(names=("jawOpen", "mouthClose")), "expected"),
        (dict(names=("mouthClose", "jawOpen", "mouthPucker"), lower_lip_idx=[2]), "mouthClose"),
    ],
)
def test_bad_meshes_are_named(change, says):
    neutral, deltas = _box_head()
    arguments = dict(upper_lip_idx=[0], lower_lip_idx=[1], names=("jawOpen", "mouthClose", "mouthPucker")) | change
    with pytest.raises(GengineError, match=says):
        SealModel.measure(neutral, deltas, **arguments)


@pytest.mark.data
def test_ict_head_has_the_default_coefficients(reference_data):
    with np.load(reference_data / "avatars/ict_facekit_arkit51.npz") as head:
        neutral, deltas, names = head["neutral"], head["deltas"], [str(n) for n in head["names"]]
    vertices = json.loads((reference_data / "avatars/ict_vertex_indices.json").read_text("utf-8"))
    at = vertices["idx_to_landmark_verts"]  # 68 landmarks: 60-67 inner lips, 48 and 54 corners, 36 and 45 eyes
    eyes = float(np.linalg.norm(neutral[at[45]] - neutral[at[36]]))
    upper, lower = [at[61], at[62], at[63]], [at[67], at[66], at[65]]
    found = SealModel.measure(neutral, deltas, upper, lower, names, (at[54], at[48]), outer_eye_distance=eyes)
    shipped = SealModel.ict()
    assert found.rest == pytest.approx(shipped.rest, abs=0.05)
    assert np.abs(found.gap - shipped.gap).max() < 0.06
    assert np.abs(found.width - shipped.width).max() < 1.0


def test_the_default_head_is_ict_facekit():
    """Millimetres of face.md section 1."""
    model = SealModel.ict()
    assert (model.rest, model.close, OUTER_EYE_DISTANCE) == (0.8, -36.3, 87.0)
    gap = {"jawOpen": 28.2, "mouthFunnel": 10.6, "mouthPucker": -1.3, "mouthShrugLower": -6.2, "mouthRollUpper": 1.5}
    width = {"jawOpen": -5.6, "mouthSmileLeft": 7.8, "mouthStretchRight": 6.5, "mouthPucker": -9.1, "mouthFunnel": -6.7}
    for name, value in gap.items():
        assert model.gap[ARKIT_INDEX[name]] == value
    for name, value in width.items():
        assert model.width[ARKIT_INDEX[name]] == value
    assert (model.gap.sum(), model.width.sum()) == pytest.approx((12.7, 0.5))
    assert not model.gap[ARKIT_INDEX["browInnerUp"]] and not model.width[ARKIT_INDEX["eyeBlinkLeft"]]


def test_gap_and_width_are_sums_over_the_weights():
    model, weights = SealModel.ict(), np.zeros((2, 52))
    weights[1, [ARKIT_INDEX["jawOpen"], ARKIT_INDEX["mouthPucker"]]] = 0.5, 0.2
    assert model.gap_mm(weights) == pytest.approx([0.8, 0.8 + 14.1 - 0.26])
    assert model.width_mm(weights) == pytest.approx([0, -2.8 - 1.82])


def test_a_width_is_measured_along_the_mouth_and_unknown_shapes_are_left_out():
    neutral, deltas = _box_head()
    turned = neutral[:, [2, 1, 0]]  # the mouth lies along z
    deltas = np.concatenate([deltas[:, :, [2, 1, 0]], 9 * np.ones((1, 4, 3))])
    names = ("jawOpen", "mouthClose", "mouthPucker", "smirk")
    model = SealModel.measure(turned, deltas, [0], [1], names, corner_idx=(2, 3))
    assert model.width[ARKIT_INDEX["mouthPucker"]] == -10.0
    assert np.count_nonzero(model.gap) == 2 and np.count_nonzero(model.width) == 1
    without = SealModel.measure(turned, deltas, [0], [1], names)
    assert not without.width.any()


def test_lip_pairs_are_averaged_and_rest_scales_too():
    neutral, deltas = _box_head()
    neutral = np.concatenate([neutral, [[1, 2.0, 0], [1, 0.0, 0]]])
    deltas = np.concatenate([deltas, np.zeros((3, 2, 3))], axis=1)
    names = ("jawOpen", "mouthClose", "mouthPucker")
    model = SealModel.measure(neutral, deltas, [0, 4], [1, 5], names, outer_eye_distance=43.5)
    assert model.rest == 2 * 1.5 and model.gap[ARKIT_INDEX["jawOpen"]] == 2 * 10.0
    with pytest.raises(GengineError, match="at least one"):
        SealModel.measure(neutral, deltas, [], [], names)
    weak = deltas.copy()
    weak[1] *= 1 / 9  # mouthClose by 0.9 mm on average
    with pytest.raises(GengineError, match=r"by -0\.89 mm"):
        SealModel.measure(neutral, weak, [0, 4], [1, 5], names)
