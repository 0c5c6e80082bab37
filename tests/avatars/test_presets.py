"""The built-in persons: complete, closed where they must close, light enough, and the same every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gengine.avatars import avatar_names, load_avatar
from gengine.avatars.making.appearances import APPEARANCES
from gengine.avatars.making.body_mesh import baked_arrays, middle_body
from gengine.avatars.making.dress import preset_body
from gengine.avatars.making.lip_seal import lip_pairs, seal_model
from gengine.avatars.making.uv_layout import uv_layout
from gengine.avatars.store import read_avatar, save_avatar
from gengine.core.avatar import skinned
from gengine.core.face import ARKIT_INDEX, ARKIT_NAMES
from gengine.core.lips import SealModel
from gengine.errors import GengineError

NAMES = ("anna", "ben", "clara", "david", "emi", "femi", "grace", "hugo")
DATA = Path(__file__).parents[2] / "gengine/avatars/data"


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENGINE_CACHE", str(tmp_path_factory.mktemp("cache")))
        return {name: load_avatar(name) for name in NAMES}


def test_eight_presets_each_with_a_look():
    assert tuple(avatar_names()) == NAMES
    assert len({look.hair for look in APPEARANCES.values()}) == 8


def test_files_stay_small():
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 4e6


def test_every_person_is_complete(people):
    needed = {
        "skin",
        "mouth",
        "teeth_upper",
        "teeth_lower",
        "gums_upper",
        "tongue",
        "eye_left",
        "eye_right",
        "lashes",
        "shoes",
    }
    for name, avatar in people.items():
        parts = {part.name: part for part in avatar.parts}
        assert needed <= set(parts), name
        garments = [piece for piece, _ in APPEARANCES[name].clothes if piece != "shoes"]
        assert set(garments) <= set(parts), name
        assert any(part.material.kind == "hair" and part.name != "lashes" for part in avatar.parts)
        assert set(avatar.morph_names) == set(ARKIT_NAMES), name
        assert sum(len(part.triangles) for part in avatar.parts) < 80_000, name
        for part in avatar.parts:
            assert np.isfinite(part.vertices).all() and len(part.triangles)
            np.testing.assert_allclose(part.weights.sum(1), 1, atol=1e-5)


def test_heights_and_sexes_are_those_asked_for(people):
    tall = {
        name: max(float(p.vertices[:, 1].max()) for p in avatar.parts if p.name == "skin")
        for name, avatar in people.items()
    }
    assert tall["femi"] == pytest.approx(1.86, abs=0.01) and tall["emi"] == pytest.approx(1.59, abs=0.01)
    hips = {name: _width(name, "LeftUpLeg") / preset_body(name).joint("LeftArm")[0] for name in NAMES}
    women, men = ("anna", "clara", "emi", "grace"), ("ben", "david", "femi", "hugo")
    assert min(hips[n] for n in women) > max(hips[n] for n in men)


def _width(name: str, joint: str) -> float:
    figure = preset_body(name)
    skin = figure.piece("body").vertices
    level = np.abs(skin[:, 1] - figure.joint(joint)[1]) < 0.02
    return float(np.ptp(skin[level & (np.abs(skin[:, 0]) < 0.22), 0]))


@pytest.mark.parametrize("name", NAMES)
def test_lips_seal_on_an_open_jaw_as_on_the_head_the_networks_solve_for(name):
    model, ict = seal_model(preset_body(name)), SealModel.ict()
    for jaw in (0.0, 0.12, 0.3, 0.5):
        weights = np.zeros((1, len(ARKIT_NAMES)))
        weights[0, ARKIT_INDEX["jawOpen"]] = jaw
        assert model.gap_mm(weights)[0] == pytest.approx(model.rest + 33 * jaw, rel=0.08, abs=0.1)
        weights[0, ARKIT_INDEX["mouthClose"]] = (ict.gap_mm(weights)[0] + 0.4) / -ict.close
        assert model.gap_mm(weights)[0] < 0.5, f"jaw {jaw}: the lips stay apart"
    assert -0.6 < model.rest <= 0.21


def test_the_seal_of_an_avatar_is_measured_on_it(people):
    for name, avatar in people.items():
        model = seal_model(preset_body(name))
        assert avatar.seal["rest"] == pytest.approx(model.rest, abs=1e-3)
        assert avatar.seal["jawOpen"] == pytest.approx(model.gap[ARKIT_INDEX["jawOpen"]], abs=1e-3)
        assert avatar.seal["mouthClose"] < -30


def test_lip_pairs_face_each_other():
    upper, lower = lip_pairs()
    points = middle_body().piece("body").vertices
    assert len(upper) >= 5
    assert np.abs(points[upper, 0] - points[lower, 0]).max() < 0.005
    assert np.abs(points[upper, 1] - points[lower, 1]).max() < 0.003


@pytest.mark.parametrize("name", NAMES)
def test_lids_close_at_the_weight_that_blinks_reach(name):
    figure = preset_body(name)
    for side in ("left", "right"):
        index, delta = figure.shapes[f"eyeBlink{side.capitalize()}"]

        def opening(weight: float, side: str = side, index=index, delta=delta) -> np.ndarray:
            points = figure.vertices.copy()
            points[index] += weight * delta
            edges = [points[baked_arrays()[f"lash_{edge}_{side}"].astype(int)[1]] for edge in ("upper", "lower")]
            across = np.linspace(0.3, 0.7, 5)
            rows = []
            for edge in edges:
                x = np.abs(edge[:, 0])
                rows.append(np.interp(x.min() + across * np.ptp(x), x, edge[:, 1]))
            return rows[0] - rows[1]

        assert opening(0.0).min() > 0.005
        assert opening(0.92).max() < 0.0005
        assert opening(0.4).max() > 0.0015


def test_lower_teeth_follow_the_jaw_and_upper_ones_do_not(people):
    for avatar in people.values():
        parts = {part.name: part for part in avatar.parts}
        upper, lower = parts["teeth_upper"], parts["teeth_lower"]
        assert "jawOpen" not in upper.morphs.names
        drop = lower.morphs.apply(lower.vertices, {"jawOpen": 1.0}) - lower.vertices
        front = lower.vertices[:, 2] > lower.vertices[:, 2].max() - 0.01
        assert -0.045 < drop[front, 1].mean() < -0.02
        # a jaw turns as one piece: distances within it stay
        moved = lower.morphs.apply(lower.vertices, {"jawOpen": 0.3})
        a, b = np.arange(0, 100, 5), np.arange(100, 200, 5)
        before = np.linalg.norm(lower.vertices[a] - lower.vertices[b], axis=1)
        np.testing.assert_allclose(np.linalg.norm(moved[a] - moved[b], axis=1), before, atol=8e-4)


def test_eyeballs_turn_by_their_joints_only(people):
    for avatar in people.values():
        for side in ("Left", "Right"):
            eye = next(part for part in avatar.parts if part.name == f"eye_{side.lower()}")
            assert not eye.morphs.names
            joint = avatar.skeleton.index(f"{side}Eye")
            assert (eye.joints[:, 0] == joint).all() and (eye.weights[:, 0] == 1).all()
            centre = avatar.rest_positions()[joint]
            distance = np.linalg.norm(eye.vertices - centre, axis=1)
            assert np.ptp(distance) < 0.05 * distance.mean()


def test_clothes_hide_what_they_cover(people):
    """Standing at rest nothing of the skin lies outside the shirt over the chest and belly."""
    from scipy.spatial import cKDTree

    for name, avatar in people.items():
        skin = next(part for part in avatar.parts if part.name == "skin")
        figure = preset_body(name)
        y = skin.vertices[:, 1]
        chest = (
            (y < figure.joint("Spine3")[1] - 0.03)
            & (y > figure.joint("LeftUpLeg")[1])
            & (np.abs(skin.vertices[:, 0]) < 0.12)
        )
        used = np.zeros(len(skin.vertices), bool)
        used[skin.triangles.ravel()] = True
        assert not (chest & used).any(), name
        hands = used & (np.abs(skin.vertices[:, 0]) > figure.joint("LeftHand")[0] + 0.02)
        assert hands.sum() > 500
        cloth = np.concatenate([part.vertices for part in avatar.parts if part.material.kind == "cloth"])
        neck = skin.vertices[used & (y > figure.joint("Head")[1])]
        assert cKDTree(cloth).query(neck)[0].min() > 0.01


def test_skin_keeps_its_texture_apart_from_the_inside():
    flat = uv_layout()
    assert flat.uv.min() >= 0 and flat.uv[:, 1].max() <= 1
    assert not np.intersect1d(np.unique(flat.mouth), np.unique(flat.sockets)).size
    assert len(flat.triangles) > 20_000


def test_posed_skin_stays_whole(people):
    avatar = people["anna"]
    skeleton = avatar.skeleton
    local = avatar.local_rest()[None].copy()
    from gengine.core import rotation

    local[0, skeleton.index("LeftForeArm")] = rotation.from_euler([0, -2.2, 0])
    matrices = avatar.skin_matrices(local, np.array([[0, avatar.root_height, 0]]))[0]
    for part in avatar.parts:
        posed = skinned(part, matrices)
        edge = part.triangles[:, :2]
        before = np.linalg.norm(part.vertices[edge[:, 0]] - part.vertices[edge[:, 1]], axis=1)
        after = np.linalg.norm(posed[edge[:, 0]] - posed[edge[:, 1]], axis=1)
        assert (after - before).max() < 0.03, part.name


def test_saved_avatars_come_back_the_same(people, tmp_path):
    path = save_avatar(people["emi"], tmp_path / "emi.npz")
    again = load_avatar(path)
    for a, b in zip(people["emi"].parts, again.parts, strict=True):
        np.testing.assert_array_equal(a.vertices, b.vertices)
        np.testing.assert_array_equal(a.triangles, b.triangles)
        assert a.morphs.names == b.morphs.names and a.material.kind == b.material.kind
        if a.material.texture is not None:
            np.testing.assert_array_equal(a.material.texture, b.material.texture)
    assert again.seal == people["emi"].seal and again.joint_map == people["emi"].joint_map


def test_the_cache_gives_back_what_dressing_gave(people, tmp_path, monkeypatch):
    monkeypatch.setenv("GENGINE_CACHE", str(tmp_path))
    first = load_avatar("ben")
    assert len(list(tmp_path.glob("avatar_ben_*.npz"))) == 1
    second = load_avatar("ben")
    for a, b, c in zip(first.parts, second.parts, people["ben"].parts, strict=True):
        np.testing.assert_array_equal(a.vertices, b.vertices)
        np.testing.assert_array_equal(a.vertices, c.vertices)


def test_wrong_names_and_files_say_what_is_allowed(tmp_path):
    with pytest.raises(GengineError, match="anna.*hugo"):
        load_avatar("nobody")
    other = tmp_path / "other.npz"
    np.savez(other, x=np.zeros(3))
    with pytest.raises(GengineError, match="make_avatar"):
        read_avatar(other)
    broken = tmp_path / "broken.npz"
    broken.write_bytes(b"no zip")
    with pytest.raises(GengineError, match="not an avatar file"):
        load_avatar(broken)
