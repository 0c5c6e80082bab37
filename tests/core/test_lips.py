from __future__ import annotations

import json

import numpy as np
import pytest

from gengine.core.face import ARKIT_INDEX
from gengine.core.lips import SealModel
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
