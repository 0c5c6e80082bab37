"""The drawn face's geometry against what the channels mean."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from gengine.core import rotation
from gengine.core.face import ARKIT_INDEX, ARKIT_NAMES, FaceTrack
from gengine.renderers.preview.face_shape import FaceShape


def face(*poses: dict[str, float], head=(0.0, 0.0, 0.0), gaze=(0.0, 0.0)) -> FaceShape:
    """One frame per pose; a channel named without its side moves both. Head in degrees, gaze in radians."""
    weights = np.zeros((len(poses), len(ARKIT_NAMES)))
    for i, pose in enumerate(poses):
        for name, value in pose.items():
            for full in (name, name + "Left", name + "Right"):
                if full in ARKIT_INDEX:
                    weights[i, ARKIT_INDEX[full]] = value
    turn = np.tile(rotation.from_euler(np.radians(head)), (len(poses), 1))
    return FaceShape(FaceTrack(weights, turn, np.tile(gaze, (len(poses), 1)), 60.0))


def height(shape: FaceShape, name: str) -> np.ndarray:
    return shape.curves[name][..., 1].mean(1)


@pytest.mark.data
def test_the_lip_gap_follows_the_measured_head(reference_data):
    """Every channel opens or closes the lips by the millimetres measured at weight 1, halved here."""
    with (reference_data / "tables" / "face" / "arkit_effect_mm_ict.csv").open() as file:
        rows = {r["name"]: float(r["gap"]) for r in csv.DictReader(file)}
    base = {"jawOpen": 0.6}
    for name in ("jawOpen", "mouthClose", "mouthFunnel", "mouthShrugUpper", "mouthShrugLower", "mouthPucker",
                 "mouthRollLower", "mouthRollUpper", "mouthLowerDownLeft", "mouthUpperUpRight", "noseSneerLeft",
                 "mouthPressLeft"):  # fmt: skip
        shape = face(base, {**base, name: base.get(name, 0.0) + 0.3})
        assert shape.gap[1] - shape.gap[0] == pytest.approx(0.3 * rows[name], abs=0.25), name


def test_bilabials_seal_and_rest_is_closed():
    rest, m, emotional = {}, {"jawOpen": 0.13, "mouthClose": 0.16, "mouthPress": 0.16}, {
        "jawOpen": 0.2, "mouthClose": 0.36, "mouthUpperUp": 0.25, "noseSneer": 0.3,
    }  # fmt: skip
    shape = face(rest, m, emotional, {"jawOpen": 0.2})
    assert shape.gap[:3] == pytest.approx(0, abs=1e-9)
    assert shape.gap[3] == pytest.approx(5.64)
    opening = shape.curves["lip_inner_up"][..., 1] - shape.curves["lip_inner_low"][..., 1]
    assert (opening >= 0).all()
    assert opening[:3].max() == pytest.approx(0, abs=1e-9)


def test_labiodentals_show_the_upper_teeth_in_a_narrow_gap():
    f = {"jawOpen": 0.08, "mouthClose": 0.04, "mouthRollLower": 0.32, "mouthUpperUp": 0.2}
    shape = face(f, {"jawOpen": 0.08, "mouthClose": 0.04})
    assert 0.5 < shape.gap[0] < 3
    teeth = shape.curves["lip_inner_up"][..., 1] - shape.curves["teeth_up"][..., 1]
    assert teeth[0].max() == pytest.approx(shape.gap[0], abs=0.4)  # they reach the lower lip
    lip = shape.curves["lip_inner_low"][..., 1] - shape.curves["lip_outer_low"][..., 1]
    assert lip[0].max() < 0.75 * lip[1].max()  # which is rolled in


def test_mouth_shapes():
    shape = face({}, {"mouthSmile": 0.6}, {"mouthFrown": 0.6}, {"mouthPucker": 0.6}, {"mouthStretch": 0.6})
    lips = shape.curves["lip_inner_up"]
    width = lips[:, -1, 0] - lips[:, 0, 0]
    corner = lips[:, 0, 1] - lips[:, 15, 1]
    assert corner[1] > corner[0] + 5 and corner[2] < corner[0] - 5
    assert width[3] < 0.75 * width[0] and width[4] > width[0] + 8
    assert shape.curves["lip_outer_low"][3, 15, 2] > shape.curves["lip_outer_low"][0, 15, 2] + 3  # lips forward


def test_left_is_the_characters_left():
    shape = face({}, {"mouthSmileLeft": 0.7}, {"jawLeft": 1.0})
    lips, chin = shape.curves["lip_inner_up"], shape.curves["chin"]
    assert lips[1, -1, 1] > lips[0, -1, 1] + 5
    assert lips[1, 0, 1] == lips[0, 0, 1]
    assert chin[2, :, 0].mean() > 4


def test_lids():
    shape = face({}, {"eyeBlink": 1.0}, {"eyeWide": 0.6}, {"eyeSquint": 0.7}, {"eyeBlinkRight": 1.0})
    opening = {
        s: (shape.curves[f"lid_up_{s}"] - shape.curves[f"lid_low_{s}"])[..., 1].max(1) for s in ("Left", "Right")
    }
    for side in opening.values():
        assert side[1] < 0.1
        assert side[2] > side[0] + 1.5
        assert side[3] < side[0] - 2
    assert opening["Left"][4] == opening["Left"][0]
    assert opening["Right"][4] < 0.1


def test_brows():
    shape = face({}, {"browInnerUp": 0.6}, {"browOuterUp": 0.6}, {"browDown": 0.7})
    y = shape.curves["brow_up_Left"][..., 1]
    assert y[1, 0] > y[0, 0] + 6 and y[1, -1] <= y[0, -1]
    assert y[2, 8] > y[0, 8] + 5 and abs(y[2, 0] - y[0, 0]) < 1
    assert y[3, 0] < y[0, 0] - 6


def test_gaze_comes_from_the_gaze_track_and_else_from_the_channels():
    right_up = face({}, gaze=(-0.3, 0.2)).curves["iris_Left"][0, 0] - face({}).curves["iris_Left"][0, 0]
    assert right_up[0] < -3 and right_up[1] > 1.5
    channels = face({"eyeLookOutRight": 0.6, "eyeLookInLeft": 0.6})  # both eyes to the character's right
    for side in ("Left", "Right"):
        assert channels.curves[f"iris_{side}"][0, 0, 0] < face({}).curves[f"iris_{side}"][0, 0, 0] - 3
    ignored = face({"eyeLookOutRight": 0.6}, gaze=(0.2, 0.0)).curves["iris_Right"]
    assert ignored[0, 0, 0] > face({}).curves["iris_Right"][0, 0, 0]


def test_the_head_turns_as_a_solid():
    """Yaw to the left moves the nose farther than the eyes, and the far eye stays inside the outline."""
    still, turned = face({}), face({}, head=(0, 25, 0))
    here, there = still.turned(), turned.turned()
    moved = {n: (there[n] - here[n])[0, :, 0].mean() for n in ("nose_base", "iris_Right", "ear_Right")}
    assert moved["nose_base"] > moved["iris_Right"] + 3 > moved["ear_Right"] + 6
    outline, lid = there["head"][0], there["lid_up_Left"][0]
    assert lid[:, 0].max() < outline[np.abs(outline[:, 1] - lid[-1, 1]) < 12][:, 0].max()
    nod = face({}, head=(15, 0, 0))
    assert height(nod, "nose_base") == height(still, "nose_base")  # before turning
    assert nod.turned()["nose_base"][0, :, 1].mean() < still.turned()["nose_base"][0, :, 1].mean() - 10


@pytest.mark.data
def test_all_emotions_look_different(reference_data):
    with (reference_data / "tables" / "face" / "emotion_arkit_targets.csv").open() as file:
        rows = [{k: float(v) for k, v in r.items() if k in ARKIT_INDEX and v} for r in csv.DictReader(file)]
    assert len(rows) == 18
    shape = face(*rows)
    parts = ("brow_up_Left", "brow_up_Right", "lid_up_Left", "lid_up_Right", "lip_inner_up", "lip_inner_low")
    points = np.concatenate([shape.curves[p][..., :2] for p in parts], axis=1)
    distance = np.linalg.norm(points[:, None] - points[None], axis=-1).max(-1)
    np.fill_diagonal(distance, np.inf)
    assert distance.min() > 0.8  # millimetres at the part that differs most
    assert np.sort(distance[0])[:3].min() > 1.5  # and all but the mildest are far from neutral


def test_weights_out_of_range_draw_as_the_nearest_allowed():
    shape = face({"jawOpen": 3.0}, {"jawOpen": 1.0})
    assert shape.gap[0] == shape.gap[1]
