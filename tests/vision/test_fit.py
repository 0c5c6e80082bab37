"""Head, gaze and weights out of points that a known face made."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.core import rotation
from gengine.core.face import ARKIT_INDEX, LOOK_OUT
from gengine.vision.faces import SeenFace
from gengine.vision.fit import FittedFace, bridged, face_basis, fit_face

FPS, FRAMES, SCALE = 30.0, 90, 1500.0
"""Hz, frames, px per metre: a face of 200 px."""

MOVED = ("jawOpen", "mouthSmileLeft", "mouthSmileRight", "browInnerUp", "eyeBlinkLeft", "eyeBlinkRight")


def filmed(weights: np.ndarray, head: np.ndarray, look: np.ndarray, longer: float = 1.0) -> SeenFace:
    """The points of the CC0 head, ``longer`` than it is, as a camera far away sees them."""
    model = face_basis()
    points = model.neutral + np.einsum("tk,kpc->tpc", weights, model.basis)
    radius = model.neutral[468, 2] - model.eyes[0, 2]
    points[:, 468:, 0] += np.sin(look)[:, None] * radius
    points = (points * [1, longer, 1]) @ rotation.to_matrix(head).transpose(0, 2, 1)
    return SeenFace((points * SCALE * [1, -1, -1] + [300, 200, 0]).astype(np.float32), np.ones(len(points)), (600, 400))


@pytest.fixture(scope="module")
def took() -> tuple[np.ndarray, np.ndarray, np.ndarray, FittedFace]:
    t = np.arange(FRAMES) / FPS
    weights = np.zeros((FRAMES, 52))
    for k, name in enumerate(MOVED[:4]):
        weights[:, ARKIT_INDEX[name]] = 0.6 * np.clip(np.sin(2 * np.pi * (0.5 + 0.15 * (k // 2)) * t - k // 2), 0, 1)
    for name in MOVED[4:]:
        weights[20:26, ARKIT_INDEX[name]] = [0.3, 0.9, 1, 0.9, 0.6, 0.2]
    head = rotation.from_euler(np.radians(np.stack([12 * np.sin(2 * t), 7 * np.cos(3 * t), 4 * np.sin(t)], 1)), "YXZ")
    look = np.where(t % 1 < 0.7, 0, 0.3)
    return weights, head, look, fit_face(filmed(weights, head, look, 1.08), FPS)


def test_the_head_is_found_within_two_degrees(took) -> None:
    _, head, _, found = took
    away = np.degrees(rotation.angle(rotation.multiply(rotation.conjugate(head), found.head)))
    assert away.mean() < 2 and found.error < 0.02


def test_every_curve_follows_its_own(took) -> None:
    weights, _, _, found = took
    for name in MOVED:
        one, other = weights[:, ARKIT_INDEX[name]], found.weights[:, ARKIT_INDEX[name]]
        assert np.corrcoef(one, other)[0, 1] > 0.85, name
    assert np.abs(weights - found.weights).mean() < 0.035
    assert found.weights.min() >= 0 and found.weights.max() <= 1


def test_a_person_of_another_shape_is_neutral_at_rest(took) -> None:
    """A longer face is no open jaw: the neutral face is the person's own."""
    weights, _, _, found = took
    still = weights[:, ARKIT_INDEX["jawOpen"]] == 0
    assert found.weights[still, ARKIT_INDEX["jawOpen"]].mean() < 0.08
    tall = np.ptp(found.neutral[:, 1]) / np.ptp(found.neutral[:, 0])
    model = face_basis().neutral[:468]
    assert tall > 1.05 * np.ptp(model[:, 1]) / np.ptp(model[:, 0])


def test_eyes_look_at_the_camera_but_where_they_do_not(took) -> None:
    _, _, look, found = took
    yaw = found.gaze[:, 0]
    assert abs(np.mean(yaw[look > 0]) - np.mean(yaw[look == 0]) - 0.3) < 0.08
    left = found.weights[look > 0, ARKIT_INDEX["eyeLookOutLeft"]]
    assert abs(left.mean() - np.clip(yaw[look > 0], 0, LOOK_OUT).mean() / LOOK_OUT) < 0.02


def test_lost_frames_are_moved_through_evenly() -> None:
    points = np.arange(5.0)[:, None, None] * np.ones((5, 478, 3))
    points[1:3] = points[4] = np.nan
    assert bridged(points)[:, 0, 0].tolist() == [0, 1, 2, 3, 3]


def test_a_single_picture_is_read_too() -> None:
    weights = np.zeros((1, 52))
    weights[0, ARKIT_INDEX["jawOpen"]] = 0.6
    still = np.array([[1.0, 0, 0, 0]])
    found = fit_face(filmed(weights, still, np.zeros(1)), FPS)
    assert found.weights[0, ARKIT_INDEX["jawOpen"]] > 0.15 and np.isfinite(found.weights).all()
