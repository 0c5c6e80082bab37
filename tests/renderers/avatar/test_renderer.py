"""The drawn avatar moves as its curves say, stays in the picture, and looks alike on both backends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("numba")

from gengine.avatars import load_avatar
from gengine.core import rotation
from gengine.core.avatar import skinned
from gengine.core.face import ARKIT_INDEX, ARKIT_NAMES, FaceTrack
from gengine.core.motion import Motion
from gengine.core.skeleton import BEAT_HIP_HEIGHT, beat_skeleton
from gengine.errors import GengineError
from gengine.renderers.avatar.gl import GlBackend
from gengine.renderers.avatar.renderer import AvatarRenderer
from gengine.renderers.avatar.scene import CAMERA_PRESETS, camera_preset, exposure, studio_lights
from gengine.renderers.avatar.soft import SoftBackend
from gengine.renderers.frame_sampler import FrameSampler
from gengine.retarget.avatar_pose import to_avatar

SIZE = 160


@pytest.fixture(scope="module")
def anna():
    return load_avatar("anna")


@pytest.fixture(scope="module")
def soft(anna):
    backend = SoftBackend(anna, SIZE, SIZE)
    yield backend
    backend.close()


@pytest.fixture(scope="module")
def standing(anna):
    """Skin matrices of a standing figure."""
    skeleton = beat_skeleton()
    turns = np.tile(rotation.IDENTITY, (1, len(skeleton), 1))
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        turns[:, skeleton.index(f"{side}Arm")] = rotation.from_euler([0, 0, -sign * 1.3])
    pose = to_avatar(anna, Motion(skeleton, turns, np.array([[0, BEAT_HIP_HEIGHT, 0]]), 30.0), None, 30.0)
    return anna.skin_matrices(pose.rotations, pose.root)[0]


def weights(**channels: float) -> np.ndarray:
    out = np.zeros(len(ARKIT_NAMES), np.float32)
    for name, value in channels.items():
        out[ARKIT_INDEX[name]] = value
    return out


def mover(avatar, name: str) -> int:
    """The skin's vertex that a morph moves farthest."""
    morphs = avatar.parts[0].morphs
    k = morphs.names.index(name)
    return int(morphs.indices[k][np.argmax(np.linalg.norm(morphs.deltas[k], axis=1))])


def pixel(avatar, matrices, curves, vertex, view, size=SIZE) -> np.ndarray:
    """Where a vertex of the skin appears (x, y from the top)."""
    part = avatar.parts[0]
    moved = part.morphs.apply(part.vertices, dict(zip(ARKIT_NAMES, curves.tolist(), strict=True)))
    x, y, _, w = view.matrix(1.0) @ [*skinned(part, matrices, moved)[vertex], 1.0]
    return np.array([(x / w + 1) / 2 * size, (1 - y / w) / 2 * size])


@pytest.mark.parametrize(
    ("curve", "at", "direction"),
    [
        ("jawOpen", "jawOpen", (0, 1)),
        ("mouthSmileLeft", "mouthSmileLeft", (0, -1)),
        ("mouthFrownLeft", "mouthFrownLeft", (0, 1)),
        ("browInnerUp", "browInnerUp", (0, -1)),
        ("browDownRight", "browDownRight", (0, 1)),
        ("mouthUpperUpLeft", "mouthUpperUpLeft", (0, -1)),
    ],
)
def test_the_face_follows_the_curves(anna, soft, standing, curve, at, direction):
    view, lights, vertex = camera_preset(anna, "portrait"), studio_lights(1.7), mover(anna, at)
    places = [pixel(anna, standing, weights(**{curve: w}), vertex, view) for w in (0.0, 0.3, 0.6, 1.0)]
    along = np.array(places) @ direction
    assert (np.diff(along) > 0.1).all()
    still, moved = (soft.draw(standing, weights(**{curve: w}), view, lights, None)[..., :3] for w in (0.0, 1.0))
    change = np.abs(still.astype(int) - moved).max(-1)
    y, x = np.nonzero(change > 12)
    assert len(x) > 5
    near = np.hypot(x - places[0][0], y - places[0][1])
    assert np.median(near) < SIZE * 0.14  # the picture changes there
    assert change[: SIZE // 8].max() == 0  # and nowhere above the head


def test_dark_skin_is_exposed_for_its_face_and_light_skin_as_it_is(anna, soft, standing):
    assert exposure(load_avatar("femi")) > exposure(load_avatar("hugo")) > exposure(anna) == pytest.approx(1, abs=0.05)
    assert exposure(replace(anna, parts=())) == 1.0  # nothing is known of a figure without skin
    view = camera_preset(anna, "portrait")
    plain, bright = (
        soft.draw(standing, weights(), view, studio_lights(1.7, more), None)[..., :3].astype(float).mean()
        for more in (1.0, 1.4)
    )
    assert 1.05 * plain < bright < 1.4 * plain


def test_an_open_mouth_is_dark(anna, soft, standing):
    view, lights = camera_preset(anna, "portrait"), studio_lights(1.7)
    lip = mover(anna, "mouthLowerDownLeft")
    x, y = pixel(anna, standing, weights(), lip, view).astype(int)
    dark = []
    for weight in (0.0, 0.35, 0.7):
        picture = soft.draw(standing, weights(jawOpen=weight), view, lights, None)
        dark.append((picture[y - 8 : y + 14, x - 8 : x + 8, 1] < 60).sum())
    assert dark[0] < dark[1] < dark[2]


def test_a_picture_widens_for_spread_hands_and_narrows_again(anna, standing):
    """But a portrait stays a portrait."""
    skeleton = beat_skeleton()
    spread = np.tile(rotation.IDENTITY, (1, len(skeleton), 1))
    spread[:, skeleton.index("LeftArm")] = rotation.from_euler([0, 0, 0.2])
    spread[:, skeleton.index("RightArm")] = rotation.from_euler([0, 0, -0.2])
    pose = to_avatar(anna, Motion(skeleton, spread, np.array([[0, BEAT_HIP_HEIGHT, 0]]), 30.0), None, 30.0)
    wide = anna.skin_matrices(pose.rotations, pose.root)[0]
    hands = [k for k, n in enumerate(anna.skeleton.names) if n in ("LeftHandMiddle3", "RightHandMiddle3")]
    assert len(hands) == 2
    for camera in ("upper", "full", "portrait"):
        drawer = AvatarRenderer(anna, (SIZE, SIZE), camera, backend="soft")
        still = drawer._track(standing, 30.0)
        for _ in range(30):
            view = drawer._track(wide, 30.0)
        places = np.column_stack([drawer._at(wide, hands), np.ones(2)])
        x, y, _, w = view.matrix(1.0) @ places.T
        if camera == "portrait":
            assert view.height == still.height
            continue
        assert np.abs(x / w).max() < 1 and np.abs(y / w).max() < 1
        for _ in range(600):
            view = drawer._track(standing, 30.0)
        assert view.height == pytest.approx(still.height, rel=0.01)
        drawer.close()


@pytest.mark.parametrize("preset", CAMERA_PRESETS)
def test_the_camera_holds_the_head(anna, make_performance, preset):
    performance = make_performance(4.0)
    motion = performance.motion
    time = np.arange(len(motion)) / motion.fps
    sway = 0.18 * np.sin(2 * np.pi * 0.2 * time)[:, None] * [1.0, 0.0, 0.4] + [0, BEAT_HIP_HEIGHT, 0]
    small = rotation.slerp(np.broadcast_to(rotation.IDENTITY, motion.rotations.shape), motion.rotations, 0.2)
    motion = replace(motion, root=sway, rotations=small)
    renderer = AvatarRenderer(anna, (64, 64), preset, backend="soft")
    pose = to_avatar(anna, motion, performance.face, 30.0)
    matrices = anna.skin_matrices(pose.rotations, pose.root)
    head = anna.skeleton.names.index(anna.joint_map["Head"])
    for k in range(len(matrices)):
        view = renderer._track(matrices[k], 30.0)
        x, y, _, w = view.matrix(1.0) @ [*renderer._at(matrices[k], [head])[0], 1.0]
        assert abs(x / w) < 0.7
        assert -0.5 < y / w < 0.95
    picture = renderer._backend.draw(matrices[0], pose.morphs[0], renderer._preset, renderer._lights, None)
    assert picture[0, :, 3].max() == 0  # room above the head
    assert picture[32:, :, 3].max() == 255
    renderer.close()


@pytest.mark.parametrize("preset", ["upper", "full"])
def test_colour_is_premultiplied_and_only_the_whole_figure_stands_on_a_floor(anna, make_performance, preset):
    renderer = AvatarRenderer(anna, (96, 96), preset, backend="soft")
    picture = next(renderer.rgba(make_performance(0.1), 30.0))
    renderer.close()
    assert picture.shape == (96, 96, 4)
    assert (picture[..., :3].max(-1) <= picture[..., 3]).all()
    assert {0, 255} <= set(np.unique(picture[..., 3]))
    shade = (picture[..., 3] > 0) & (picture[..., :3].max(-1) == 0)
    assert (shade.sum() > 30) == (preset == "full")


def test_frames_lie_over_the_background(anna, make_performance):
    renderer = AvatarRenderer(anna, (48, 64), "portrait", (200, 30, 40), backend="soft")
    frame = next(renderer.frames(make_performance(0.1), 30.0))
    renderer.close()
    assert frame.shape == (64, 48, 3)
    red, green, blue = frame[0].mean(0)
    assert red > 120
    assert green < 60 > blue


@pytest.mark.parametrize("preset", CAMERA_PRESETS)
def test_both_backends_draw_the_same(anna, standing, preset):
    pytest.importorskip("moderngl")
    try:
        gl = GlBackend(anna, 128, 128)
    except GengineError as error:
        pytest.skip(str(error))
    soft = SoftBackend(anna, 128, 128)
    view, lights = camera_preset(anna, preset, 0.22), studio_lights(1.7)
    curves = weights(jawOpen=0.3, mouthSmileLeft=0.5, mouthSmileRight=0.5)
    ours, theirs = (b.draw(standing, curves, view, lights, None).astype(float) for b in (soft, gl))
    gl.close()
    soft.close()
    a, b = ours[..., 3] > 127, theirs[..., 3] > 127
    assert (a & b).sum() / (a | b).sum() > 0.97
    assert np.abs(ours[a & b].mean(0) - theirs[a & b].mean(0)).max() < 5


def test_frames_do_not_depend_on_the_cuts(make_performance):
    performance = make_performance(1.0)

    def read(cuts):
        sampler, out = FrameSampler(24.0), []
        for i, (start, end) in enumerate(zip(cuts, cuts[1:], strict=False)):
            sampler.push(performance.slice(start, end))
            out.append(sampler.take(1000, i == len(cuts) - 2))
        return (
            np.concatenate([motion.rotations for motion, _ in out]),
            np.concatenate([face.weights for _, face in out]),
        )

    whole, pieces = read([0.0, 1.0]), read([0.0, 0.1, 0.5, 0.5, 0.9, 1.0])
    assert len(whole[0]) == 24
    for a, b in zip(whole, pieces, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_a_face_without_a_body_can_be_drawn(anna):
    face = FaceTrack(np.zeros((6, 52)), np.tile(rotation.IDENTITY, (6, 1)), np.zeros((6, 2)), 60.0)
    pose = to_avatar(anna, None, face, 60.0)
    assert len(pose) == 6


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": (8, 720)}, "8x720"),
        ({"size": (720, 5000)}, "4096"),
        ({"camera": "side"}, "portrait, upper, full"),
        ({"backend": "vulkan"}, "auto, gl, soft"),
    ],
)
def test_bad_options_are_errors(anna, options, words):
    with pytest.raises(GengineError, match=words):
        AvatarRenderer(anna, **options)
