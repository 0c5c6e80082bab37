"""Who paints the mouth: crops, sound, and tiny real renderers of both kinds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gengine.checkpoint import save_checkpoint
from gengine.core.audio import AudioClip
from gengine.errors import GengineError

torch = pytest.importorskip("torch")
pytest.importorskip("cv2")
pytest.importorskip("numba")
from gengine.portraits.crop import FACE, MOUTH, MouthCrop  # noqa: E402
from gengine.portraits.regressor import MouthRegressor  # noqa: E402
from gengine.portraits.renderers import Painting, mouth_renderer  # noqa: E402
from gengine.portraits.sound import BANDS, TOKENS, HeardSound  # noqa: E402
from gengine.vision.fit import face_basis  # noqa: E402

HEIGHT, WIDTH = MOUTH.height, MOUTH.width


@pytest.fixture(scope="module")
def mesh() -> np.ndarray:
    """A face from the front, 200 px between the outer corners of its eyes."""
    flat = face_basis().neutral[:468, :2] * [1, -1]
    return flat * 200 / np.linalg.norm(flat[263] - flat[33]) + 256


def test_the_crop_lies_on_the_mouth_however_the_face_does(mesh: np.ndarray) -> None:
    crop = MouthCrop(mesh)
    turn = np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
    for moved in (mesh, 0.7 * mesh @ turn.T + [40, -10]):
        place = crop.place(moved)
        corners = moved[[61, 291]] @ place[:, :2].T + place[:, 2]
        middle = corners.mean(0)
        assert abs(corners[0, 1] - corners[1, 1]) < 1 and abs(middle[0] - WIDTH / 2) < 1
        assert HEIGHT / 4 < middle[1] < HEIGHT / 2 and 20 < corners[1, 0] - corners[0, 0] < 55
    lips = crop.masks(mesh, crop.place(mesh))
    assert lips[..., 1].sum() > lips[..., 0].sum() > 0


def test_what_is_pasted_changes_the_lips_alone(mesh: np.ndarray) -> None:
    picture = np.full((512, 512, 3), 100, np.uint8)
    crop = MouthCrop(mesh)
    place = crop.place(mesh)
    lips = crop.masks(mesh, place)
    crop.paste(picture, np.full((HEIGHT, WIDTH, 3), 50, np.float32), np.ascontiguousarray(lips[..., 1]), place)
    mouth = np.round(mesh[[13, 14]].mean(0)).astype(int)
    assert picture[mouth[1], mouth[0], 0] > 145 and (picture[:200] == 100).all()
    assert abs(int(crop.cut(picture, place)[HEIGHT // 2, WIDTH // 2, 0]) - int(picture[mouth[1], mouth[0], 0])) < 12


def test_a_whole_face_fills_its_crop(mesh: np.ndarray) -> None:
    crop = MouthCrop(mesh, FACE)
    place = crop.place(mesh)
    inner, outer = np.moveaxis(crop.masks(mesh, place), -1, 0)
    rows, columns = np.flatnonzero(outer.any(1)), np.flatnonzero(outer.any(0))
    assert inner.any() and 2 < rows[0] and rows[-1] < FACE.height - 3 and 2 < columns[0] < columns[-1] < FACE.width - 3
    assert np.ptp(rows) > 0.6 * FACE.height
    picture = np.full((512, 512, 3), 100, np.uint8)
    crop.paste(picture, np.full((FACE.height, FACE.width, 3), 50, np.float32), np.ascontiguousarray(outer), place)
    assert picture[tuple(np.round(mesh[1, ::-1]).astype(int))][0] > 145 and picture[0, 0, 0] == 100


def test_sound_is_heard_alike_in_pieces(speech: np.ndarray) -> None:
    whole, pieces = HeardSound(), HeardSound()
    whole.push(AudioClip(speech[:16000], 16000))
    for part in np.split(speech[:16000], [3000, 3100, 9000]):
        pieces.push(AudioClip(part, 16000))
    assert whole.until == pieces.until > 0.8
    for second in (0.0, 0.03, 0.5, 0.8):
        found = whole.at(second)
        assert found.shape == (TOKENS, BANDS)
        np.testing.assert_array_equal(found, pieces.at(second))
    assert HeardSound().at(0.0).max() == -1  # nothing was heard


class _Photo:
    def __init__(self) -> None:
        self.rgb = np.full((512, 512, 3), 100, np.uint8)


class _Warp:
    def __init__(self, mesh: np.ndarray) -> None:
        self.source, self.photo = mesh, _Photo()


class _Pose:
    def __init__(self, mesh: np.ndarray) -> None:
        self.mesh = mesh


def test_the_regressor_paints_what_its_checkpoint_says(mesh: np.ndarray, tmp_path: Path) -> None:
    network = MouthRegressor((8, 8))
    with torch.no_grad():
        network.leave[-1].bias[:] = torch.tensor([0.4, 0.0, 0.0])
    tensors = {k: v.numpy() for k, v in network.state_dict().items()}
    save_checkpoint(tmp_path / "red", {"kind": "portrait-regressor", "widths": [8, 8]}, tensors)
    frame = np.full((512, 512, 3), 100, np.uint8)
    mouth, chin = (np.round(mesh[list(at)].mean(0)).astype(int) for at in ((13, 14), (152,)))
    painter = mouth_renderer(str(tmp_path / "red"), _Warp(mesh))  # type: ignore[arg-type]
    painter.paint(frame, _Pose(mesh), 0.0, np.zeros(18))  # type: ignore[arg-type]
    red, green, _ = frame[mouth[1], mouth[0]].astype(int)
    assert 110 < green < red < 130  # a third as bright in all, and mostly in the colours of what was there
    assert (frame[chin[1] :] == 100).all()
    mouth_renderer("warp", _Warp(mesh)).paint(frame, _Pose(mesh), 0.0, np.zeros(18))  # type: ignore[arg-type]


def test_between_the_lips_a_change_has_the_warps_colours() -> None:
    from gengine.portraits.renderers import ITS_LIGHT, _in_its_light

    lips = np.zeros((48, 64, 2), np.uint8)
    lips[20:30, 20:44] = 255
    warped = torch.tensor([0.4, 0.0, -0.4])[None, :, None, None].expand(1, 3, 48, 64)  # reddish; 2 is black to white
    change = torch.zeros(1, 3, 48, 64)
    change[:, 1] = 0.3  # greener
    laid = _in_its_light(change, warped, lips)[0]
    assert torch.equal(laid[:, 5, 5], change[0, :, 5, 5])  # around the lips it stays what it is
    inside, plain = laid[:, 25, 32], 0.1 * torch.tensor([1.4, 1.0, 0.6])
    torch.testing.assert_close(inside, change[0, :, 25, 32] + ITS_LIGHT * (plain - change[0, :, 25, 32]))
    assert float(inside.mean()) == pytest.approx(0.1, abs=1e-6)  # as bright as it was to become


def test_the_bundled_regressor_changes_an_open_mouth(mesh: np.ndarray) -> None:
    frame = np.full((512, 512, 3), 100, np.uint8)
    mouth_renderer("regressor", _Warp(mesh)).paint(frame, _Pose(mesh), 0.0, np.zeros(18))  # type: ignore[arg-type]
    assert 0 < np.abs(frame.astype(int) - 100).max() and (frame[:200] == 100).all()


def test_diffusion_is_saved_loaded_and_repeats_itself(mesh: np.ndarray, tmp_path: Path) -> None:
    pytest.importorskip("diffusers")
    from gengine.portraits import diffusion
    from gengine.training.portrait_diffusion_task import settings_of

    torch.manual_seed(0)
    parts = {
        "vae": diffusion.autoencoder((8, 8, 8), 6),
        "unet": diffusion.unet((8, 16), 8, (12, 16), 6),
        "conditioner": diffusion.Conditioner(8),
    }
    torch.nn.init.normal_(parts["unet"].conv_out.weight)
    tensors = {f"{n}.{k}": v.numpy() for n, p in parts.items() for k, v in p.state_dict().items()}
    config = {"kind": "portrait-diffusion", "steps": 2} | {n: settings_of(p) for n, p in parts.items()}
    save_checkpoint(tmp_path / "tiny", config, tensors)

    def film(**settings: object) -> list[np.ndarray]:
        painter = mouth_renderer(str(tmp_path / "tiny"), _Warp(mesh), Painting(**settings))  # type: ignore[arg-type]
        assert not painter.ready(0.04)
        painter.hear(AudioClip(np.zeros(16000, np.float32), 16000), last=True)
        assert painter.ready(0.04)
        frames = []
        for k in range(2):
            frames.append(np.full((512, 512, 3), 100, np.uint8))
            painter.paint(frames[-1], _Pose(mesh), k / 25, np.eye(18)[1])  # type: ignore[arg-type]
        return frames

    once, again, strong, other = film(), film(), film(guidance=4.0), film(scene="rain on a window")
    np.testing.assert_array_equal(once, again)
    assert (once[0] != 100).any() and (once[0] != once[1]).any()  # a frame sees those before it
    assert np.not_equal(once, strong).any() and np.not_equal(once, other).any()
    with_parts = diffusion.pipeline_of(config, tensors)
    with_parts.save_pretrained(tmp_path / "pipeline")
    read = diffusion.MouthPipeline.from_pretrained(tmp_path / "pipeline", local_files_only=True)
    for name, part in parts.items():
        for key, value in part.state_dict().items():
            torch.testing.assert_close(getattr(read, name).state_dict()[key], value)


@pytest.mark.parametrize(("settings", "what"), [({"steps": 0}, "1 to 50"), ({"guidance": 99.0}, "0 to 10")])
def test_settings_that_cannot_be_are_refused(settings: dict, what: str) -> None:
    with pytest.raises(GengineError, match=what):
        Painting(**settings)


def test_a_renderer_that_is_none_is_refused(mesh: np.ndarray) -> None:
    with pytest.raises(GengineError, match="regressor"):
        mouth_renderer("crayon", _Warp(mesh))  # type: ignore[arg-type]
    with pytest.raises(GengineError, match="voice"):
        mouth_renderer("voice-v2", _Warp(mesh))  # type: ignore[arg-type]
