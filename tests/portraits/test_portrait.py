"""A photo that speaks: fitted, warped, filmed. The face is an avatar of the project's own."""

from __future__ import annotations

import copy
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gengine
from gengine.core import rotation
from gengine.core.face import ARKIT_INDEX, ARKIT_NAMES
from gengine.errors import GengineError

pytest.importorskip("torch")
cv2 = pytest.importorskip("cv2")
pytest.importorskip("numba")
from gengine.portraits import points  # noqa: E402
from gengine.portraits.film import MADE  # noqa: E402
from gengine.portraits.mouth import MOUTH  # noqa: E402
from gengine.portraits.photo import FittedPhoto, fit_photo  # noqa: E402
from gengine.portraits.provenance import SOURCE  # noqa: E402
from gengine.portraits.warp import WARP, PortraitWarp, bearable  # noqa: E402
from gengine.vision.fit import face_basis  # noqa: E402

STILL = np.array([1.0, 0, 0, 0])
INNER_BROW = 285
AHEAD = np.zeros(2)


def look(**weights: float) -> np.ndarray:
    made = np.zeros(len(ARKIT_NAMES))
    for name, value in weights.items():
        made[ARKIT_INDEX[name]] = value
    return made


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A preset's portrait."""
    path = tmp_path_factory.mktemp("photo")
    performance = gengine.animate(np.zeros(1600, np.float32), rate=16000, text="none")
    options = {"camera": "portrait", "size": (256, 256), "fps": 10, "avatar": "david", "backend": "soft"}
    gengine.render(performance, path / "frames", format="png", **options)
    return sorted((path / "frames").glob("*.png"))[0]


@pytest.fixture(scope="module")
def fitted(photo: Path) -> FittedPhoto:
    return fit_photo(photo, 256)


@pytest.fixture(scope="module")
def warp(fitted: FittedPhoto) -> PortraitWarp:
    return PortraitWarp(fitted)


def test_the_face_is_where_it_is(fitted: FittedPhoto) -> None:
    placed = fitted.project(fitted.neutral)
    eyes = np.linalg.norm(fitted.landmarks[263] - fitted.landmarks[33])
    assert np.abs(placed[:, :2] - fitted.landmarks[:468]).mean() < 0.05 * eyes
    middle = np.round(fitted.landmarks[1]).astype(int)
    assert fitted.cover[middle[1], middle[0]] > 0.9 and fitted.cover[2, 2] < 0.1


def test_a_fit_is_written_edited_and_given_back(photo: Path, fitted: FittedPhoto, tmp_path: Path) -> None:
    from gengine.portraits.fit_files import write_fit

    files = write_fit(fitted, tmp_path / "fit")
    assert [f.name for f in files.values()] == ["landmarks.json", "mask.png", "fit.png"]
    again = fit_photo(photo, 256, fit=tmp_path / "fit")
    assert np.abs(again.landmarks - fitted.landmarks).max() < 0.02 and np.abs(again.cover - fitted.cover).max() < 0.01
    text = files["landmarks.json"].read_text()
    told = json.loads(text)
    told["landmarks"][13][1] += 5
    files["landmarks.json"].write_text(json.dumps(told))
    Image.new("L", (64, 64), 255).save(files["mask.png"])
    edited = fit_photo(photo, 256, fit=tmp_path / "fit")
    assert abs(edited.landmarks[13, 1] - fitted.landmarks[13, 1] - 5) < 0.02 and edited.cover.min() == 1
    files["landmarks.json"].write_text(text.replace("[[", "[[1e9, 0, 0], [", 1))
    with pytest.raises(GengineError, match="landmarks"):
        fit_photo(photo, 256, fit=tmp_path / "fit")


def test_at_rest_the_photo_is_itself(warp: PortraitWarp, fitted: FittedPhoto) -> None:
    away = np.abs(warp.frame(fitted.weights, STILL, AHEAD).astype(int) - fitted.rgb)
    assert away.mean() < 4 and np.median(away) <= 1


def test_lips_part_by_what_the_weights_say_and_close(warp: PortraitWarp, fitted: FittedPhoto) -> None:
    def gap(weights: np.ndarray) -> float:
        shape = fitted.neutral + np.einsum("k,kpc->pc", weights, warp.basis)
        warp._part_lips(shape, weights, np.eye(3))
        return float(shape[13, 1] - shape[14, 1])

    closed, half, wide = gap(look()), gap(look(jawOpen=0.2)), gap(look(jawOpen=0.4))
    assert closed == pytest.approx(-WARP.overlap / fitted.scale) and 0.003 < half < wide < 0.02
    assert abs(gap(look(jawOpen=0.4, mouthClose=0.35, mouthSmileLeft=0.8, mouthSmileRight=0.8))) < 0.001
    inside = np.round(fitted.landmarks[list(points.MOUTH)].mean(0)).astype(int)
    window = np.s_[inside[1] - 2 : inside[1] + 8, inside[0] - 4 : inside[0] + 5]
    shut, agape = (warp.frame(look(jawOpen=w), STILL, AHEAD)[window].astype(int) for w in (0.0, 0.5))
    assert np.abs(agape - shut).mean() > 15


def test_the_far_corner_of_a_mouth_seen_from_aside_opens_less(warp: PortraitWarp, fitted: FittedPhoto) -> None:
    def gaps(yaw: float) -> np.ndarray:
        weights = look(jawOpen=0.4)
        shape = fitted.neutral + np.einsum("k,kpc->pc", weights, warp.basis)
        turn = rotation.to_matrix(rotation.from_axis_angle([0.0, 1, 0], np.radians(yaw)))
        warp._part_lips(shape, weights, turn)
        return shape[list(points.UPPER_LIP), 1] - shape[list(points.LOWER_LIP), 1]

    ahead, left, right = gaps(0), gaps(30), gaps(-30)
    assert left[4] == pytest.approx(ahead[4], rel=0.05) and right[4] == pytest.approx(ahead[4], rel=0.05)
    assert left[-1] < 0.6 * ahead[-1] and left[0] > 0.95 * ahead[0]  # the face turns to its left: that corner is far
    assert right[0] < 0.6 * ahead[0] and right[-1] > 0.95 * ahead[-1]


def test_the_far_half_of_a_face_seen_from_aside_is_not_played_up(warp: PortraitWarp, fitted: FittedPhoto) -> None:
    turn = rotation.to_matrix(rotation.from_axis_angle([0.0, 1, 0], np.radians(-35)))
    aside = PortraitWarp(dataclasses.replace(fitted, turn=turn))
    left, right = (ARKIT_INDEX[f"mouthSmile{side}"] for side in ("Left", "Right"))

    def moves(of: PortraitWarp, k: int) -> float:
        return float(np.linalg.norm(of.basis[k]))

    assert moves(aside, left) == pytest.approx(moves(warp, left))
    assert turn[2, 0] > 0.5 and moves(aside, right) < 0.3 * moves(warp, right)


def test_closed_lips_lie_over_each_other_and_nothing_is_drawn_between_them(warp: PortraitWarp) -> None:
    disgust = look(noseSneerLeft=0.4, noseSneerRight=0.4, mouthUpperUpLeft=0.2, mouthUpperUpRight=0.2, mouthClose=0.15)
    pose = warp.pose(disgust, STILL, AHEAD)
    middle = len(points.UPPER_LIP) // 2
    upper, lower = (pose.mesh[list(side)][middle, 1] for side in (points.UPPER_LIP, points.LOWER_LIP))
    assert 0.3 < upper - lower < 1.2  # px, y down
    drawn = warp.draw(pose)
    bare = copy.copy(warp)
    bare.mouth = copy.copy(warp.mouth)
    bare.mouth.parts = []
    assert np.array_equal(drawn, bare.draw(pose))


def test_teeth_stand_in_the_light_of_the_eyes_whites(fitted: FittedPhoto, warp: PortraitWarp) -> None:
    tint = np.array([1.0, 0.8, 0.4])
    warm = PortraitWarp(dataclasses.replace(fitted, rgb=(fitted.rgb * tint).astype(np.uint8)))
    np.testing.assert_allclose(warm.mouth.light / warp.mouth.light, tint, atol=0.03)
    shut = fitted.rgb.copy()
    for ring in points.EYES:  # dark glasses hide them: the skin tells, with half its colour
        cv2.fillPoly(shut, [np.round(fitted.landmarks[list(ring)]).astype(np.int32)], (9, 9, 9))
    guessed = PortraitWarp(dataclasses.replace(fitted, rgb=shut)).mouth.light
    skin = warp.mouth.skin / warp.mouth.skin.mean()
    np.testing.assert_allclose(guessed / guessed.mean(), (1 + skin) / 2, atol=0.02)
    assert guessed.mean() == pytest.approx(MOUTH.white * MOUTH.white_limits[0] * warp.mouth.skin.mean(), rel=0.02)


def test_lower_teeth_and_tongue_are_seen_before_the_dark_of_an_open_mouth(warp: PortraitWarp) -> None:
    pose = warp.pose(look(jawOpen=0.35), STILL, AHEAD)
    ring = pose.mesh[list(points.MOUTH)]
    x, y = ring[:, 0].mean(), ring[:, 1]
    column = warp.draw(pose)[int(y.min()) + 2 : int(y.max()) - 1, int(x)].astype(float)
    bare = copy.copy(warp)
    bare.mouth = copy.copy(warp.mouth)
    bare.mouth.parts = []
    empty = bare.draw(pose)[int(y.min()) + 2 : int(y.max()) - 1, int(x)].astype(float)
    seen = np.abs(column - empty).mean(1) > 10
    low = len(seen) // 2
    assert seen[low:].mean() > 0.7 and column[low:].mean() > empty[low:].mean() + 20


def test_teeth_go_along_with_lips_whose_way_is_played_up(warp: PortraitWarp, fitted: FittedPhoto) -> None:
    rest, smile, jaw = (warp.pose(w, STILL, AHEAD) for w in
                        (look(), look(mouthSmileLeft=0.6, mouthSmileRight=0.6), look(jawOpen=0.3)))  # fmt: skip
    assert np.array_equal(rest.teeth, jaw.teeth)  # what is not played up leaves them to the skull
    higher = (rest.teeth - smile.teeth)[1] / fitted.scale
    lips = (rest.mesh - smile.mesh)[list(points.UPPER_LIP), 1].mean() / fitted.scale
    assert 0.001 < higher < lips


def test_a_long_lower_face_is_no_open_jaw_and_thin_lips_are_not_rolled(fitted: FittedPhoto) -> None:
    from gengine.portraits.photo import _at_rest

    basis = face_basis().basis[:, : len(fitted.neutral)]
    seen = look(jawOpen=0.3, mouthClose=0.2, mouthSmileLeft=0.4, mouthRollUpper=0.2, mouthFrownLeft=0.5)
    neutral, own = _at_rest(fitted.neutral, seen)
    assert own[ARKIT_INDEX["jawOpen"]] == pytest.approx(0.1) and own[ARKIT_INDEX["mouthClose"]] == 0
    assert own[ARKIT_INDEX["mouthSmileLeft"]] == 0.4  # taken off, as is a frown beyond what may be the face's own
    assert own[ARKIT_INDEX["mouthRollUpper"]] == 0 and own[ARKIT_INDEX["mouthFrownLeft"]] == pytest.approx(0.2)
    shown = [n + np.einsum("k,kpc->pc", w, basis) for n, w in ((fitted.neutral, seen), (neutral, own))]
    assert np.allclose(*shown)  # the picture is explained as well
    assert fitted.weights[[ARKIT_INDEX["jawOpen"], ARKIT_INDEX["mouthClose"]]].min() == 0


def test_an_expression_folds_the_skin_and_no_more_than_the_photo_has(fitted: FittedPhoto) -> None:
    from gengine.portraits.creases import Creases

    mesh, flat = fitted.landmarks[:468], np.full((256, 256, 3), 200, np.float32)

    def drawn(own: np.ndarray, **weights: float) -> np.ndarray:
        picture = flat.copy()
        Creases(own, 100.0).draw(picture, mesh, look(**weights))
        return picture

    angry = drawn(look(), browDownLeft=0.8, browDownRight=0.8)
    between = np.round((mesh[55] + mesh[285]) / 2).astype(int)
    assert angry[between[1] - 6 : between[1] + 6, between[0] - 10 : between[0] + 11].min() < 170
    assert (drawn(look(), jawOpen=1.0) == flat).all()
    frown = look(browDownLeft=0.8, browDownRight=0.8)
    assert (drawn(frown, browDownLeft=0.8, browDownRight=0.8) == flat).all()
    half = drawn(look(), browDownLeft=0.4, browDownRight=0.4)
    assert angry.min() < half.min() < 200
    smile = drawn(look(), mouthSmileLeft=0.9)
    darker = np.flatnonzero((smile < 199).any((0, 2)))
    assert darker.min() > mesh[1, 0]  # on the person's left alone


def test_expressions_are_played_up_and_closed_lips_stay_closed(warp: PortraitWarp, fitted: FittedPhoto) -> None:
    brow = warp.pose(look(browDownLeft=0.5), STILL, AHEAD).mesh - warp.pose(look(), STILL, AHEAD).mesh
    plain = fitted.scale * 0.5 * np.linalg.norm(face_basis().basis[ARKIT_INDEX["browDownLeft"], INNER_BROW])
    assert np.linalg.norm(brow[INNER_BROW]) > 1.5 * plain
    shut = warp.pose(look(mouthFrownLeft=0.6, mouthFrownRight=0.6), STILL, AHEAD).mesh
    assert np.linalg.norm(shut[13] - shut[14]) < 0.02 * np.linalg.norm(shut[33] - shut[263])


def test_lids_cover_the_eye(warp: PortraitWarp, fitted: FittedPhoto) -> None:
    iris = np.round(fitted.landmarks[468]).astype(int)
    window = np.s_[iris[1] - 1 : iris[1] + 2, iris[0] - 1 : iris[0] + 2]
    awake = warp.frame(look(), STILL, AHEAD)[window].mean()
    asleep = warp.frame(look(eyeBlinkLeft=1, eyeBlinkRight=1), STILL, AHEAD)[window].mean()
    assert asleep > awake + 25  # skin where the dark of the eye was


def test_a_turned_head_moves_the_face_and_leaves_the_ground(warp: PortraitWarp) -> None:
    turned = warp.frame(look(), rotation.from_rotvec(np.radians([0, 10.0, 0])), AHEAD).astype(int)
    still = warp.frame(look(), STILL, AHEAD).astype(int)
    assert np.abs(turned - still)[100:150, 100:150].mean() > 4
    assert np.abs(turned - still)[:20, :20].max() <= 2
    far = rotation.angle(bearable(rotation.from_rotvec(np.radians([0, 80.0, 0]))))
    assert np.degrees(far) <= WARP.most_turn[1] + 1e-6


def test_a_film_in_stretches_is_a_film_as_a_whole(photo: Path, tmp_path: Path, speech: np.ndarray) -> None:
    import av

    performance = gengine.animate(speech[:16000], rate=16000, text="none")
    whole, cut, clean = [], [], []
    for frames, parts, mark in ((whole, [performance], True), (clean, [performance], False),
                                (cut, [performance.slice(0, 0.4), performance.slice(0.4, 1.0)], True)):  # fmt: skip
        from gengine.exporting import export_file

        options = {
            "photo": photo,
            "size": 256,
            "fps": 10,
            "mark": mark,
            "seen": lambda f, to=frames: to.append(f.copy()),
        }
        path = export_file(parts, tmp_path / f"{len(parts)}{mark}.mp4", "portrait", options)
    assert len(whole) == 10
    np.testing.assert_array_equal(whole, cut)
    differs = np.abs(np.array(whole).astype(int) - np.array(clean)).max((0, 3))
    assert differs[:230].max() == 0 and differs[230:, 100:].max() > 50  # the sign, and nothing else
    assert SOURCE.encode() in path.read_bytes()
    with av.open(str(path)) as film:
        assert film.metadata["comment"] == MADE and film.streams.audio and film.streams.video[0].frames == 10


@pytest.mark.parametrize(
    ("size", "face", "what"), [(64, 1, "expected 128 to 2048"), (256, 2, "give 1 to 1"), (128, 1, "px wide")]
)
def test_what_cannot_be_is_said(size: int, face: int, what: str, photo: Path, tmp_path: Path) -> None:
    small = tmp_path / "small.png"
    with Image.open(photo) as picture:
        if what == "px wide":
            wide = Image.new("RGB", (1024, 1024), (90, 90, 90))
            wide.paste(picture, (300, 300))
            wide.save(small)
        else:
            picture.save(small)
    with pytest.raises(GengineError, match=what):
        fit_photo(small, size, face)


def test_a_picture_without_a_face_and_no_picture(tmp_path: Path) -> None:
    Image.new("RGB", (200, 200), (120, 130, 140)).save(tmp_path / "wall.png")
    with pytest.raises(GengineError, match="no face"):
        fit_photo(tmp_path / "wall.png", 256)
    performance = gengine.animate(np.zeros(3200, np.float32), rate=16000, text="none")
    with pytest.raises(GengineError, match="no photo"):
        performance.export(tmp_path / "film.mp4", "portrait")


def test_a_face_upside_down_or_without_its_mouth_is_refused_and_one_on_its_side_is_not(
    photo: Path, tmp_path: Path
) -> None:
    picture = Image.open(photo)
    picture.rotate(180).save(tmp_path / "down.png")
    with pytest.raises(GengineError, match="upside down; turn the photo by 180"):
        fit_photo(tmp_path / "down.png", 256)
    nose = fit_photo(photo, 256).landmarks[1, 1] / 256 * picture.height
    picture.crop((0, 0, picture.width, round(nose) + 4)).save(tmp_path / "cut.png")
    with pytest.raises(GengineError, match="beyond the photo's edge"):
        fit_photo(tmp_path / "cut.png", 256)
    picture.rotate(90).save(tmp_path / "side.png")
    assert abs(fit_photo(tmp_path / "side.png", 256).turn[1, 0]) > 0.8


def test_a_folder_is_given_its_portrait(photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gengine import cli

    performance = gengine.animate(np.zeros(3200, np.float32), rate=16000, text="none")
    performance.save(tmp_path / "said.npz")
    for out, film in (("talks", "talks/portrait.mp4"), ("talk.mp4", "talk.mp4"), ("", "portrait.mp4")):
        more = ["--out", str(tmp_path / out)] if out else []
        monkeypatch.setattr(
            "sys.argv", ["gengine", "portrait", str(tmp_path / "said.npz"), str(photo), "--size", "128", *more]
        )
        with pytest.raises(SystemExit) as done:
            cli.main()
        assert not done.value.code
        assert (tmp_path / film).is_file()
