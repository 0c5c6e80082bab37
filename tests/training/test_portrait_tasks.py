"""Both trainings of mouth renderers from films to the renderer, on two films of twenty frames and tiny networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gengine.checkpoint import load_checkpoint
from gengine.core.audio import AudioClip
from gengine.errors import GengineError

torch = pytest.importorskip("torch")
pytest.importorskip("cv2")
pytest.importorskip("numba")
from gengine.data.films import filmed_clips  # noqa: E402
from gengine.portraits.renderers import mouth_renderer  # noqa: E402
from gengine.portraits.warp import PortraitWarp  # noqa: E402
from gengine.renderers.video_writer import VideoWriter  # noqa: E402
from gengine.training.portrait_examples import collect  # noqa: E402
from gengine.training.portrait_task import RegressorTraining  # noqa: E402

TILE, SIZE, FRAMES = 160, 192, 20


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One preset, neutral and happy, in MEAD's layout: the sheet of emotions, which trembles a little."""
    folder, sheet = tmp_path_factory.mktemp("films"), Image.open("docs/emotions.jpg").convert("RGB")
    for mood, level, column in (("neutral", "level_1", 0), ("happy", "level_3", 1)):
        path = folder / "anna" / "video" / "front" / mood / level / "001.mp4"
        path.parent.mkdir(parents=True)
        tile = sheet.crop((column * TILE, 0, (column + 1) * TILE, TILE))
        writer = VideoWriter(path, 25.0, (SIZE, SIZE), crf=12)
        writer.add_sound(AudioClip(np.zeros(16000, np.float32), 16000))
        for k in range(FRAMES):
            edge = k % 3
            writer.add_frame(np.asarray(tile.resize((SIZE, SIZE), box=(edge, 0, TILE - 3 + edge, TILE))))
        writer.close()
    return folder


@pytest.fixture(scope="module")
def settings(films: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What both trainings are told; the mouths are kept."""
    cache = tmp_path_factory.mktemp("cache")
    neutral = films / "anna" / "video" / "front" / "neutral"
    return {"data": [neutral], "paired": [films], "cache": cache, "held": ["*happy*"], "batch": 2, "steps": 2,
            "warmup": 0, "evaluate_every": 2, "save_every": 2, "log_every": 1}  # fmt: skip


def test_paired_films_differ_by_how_far_the_warp_goes(films: Path, settings: dict[str, Any]) -> None:
    made = collect(filmed_clips(films), settings["cache"], paired=True)
    assert len(made) == 4 and [c.emotion.argmax() for c in made] == [1, 1, 1, 0]
    assert np.abs(made[0].true.astype(int) - made[2].true).mean() < 1  # laid by points that hardly move
    away = [np.abs(c.warped.astype(int) - c.true).mean() for c in made[:3]]
    assert away[0] < away[1] < away[2], away


def test_the_regressor_is_trained_and_paints(films: Path, settings: dict[str, Any], tmp_path: Path) -> None:
    told = settings | {"paired": [], "held": [], "most": 1, "more": [films]}  # of these all are read
    training = RegressorTraining(**told, widths=(8, 8))
    best = training.run(tmp_path / "run") / "last"
    assert load_checkpoint(best)[0]["data"]["clips"] == 3
    assert (tmp_path / "run").is_dir() and mouth_renderer(str(best), _still(settings)) is not None


@pytest.mark.parametrize("area", ["mouth", "face"])
def test_diffusion_is_trained_and_paints(area: str, settings: dict[str, Any], tmp_path: Path) -> None:
    pytest.importorskip("diffusers")
    from gengine.training.portrait_diffusion_task import DiffusionTraining

    told: dict[str, Any] = settings | {"area": area, "steps": 1, "evaluate_every": 1, "tokens": 8, "latent": 4}
    if area == "face":  # as those do who own a Stable Diffusion model
        told |= {"paired": [], "held": [], "copies": 0, **_parts(tmp_path)}
    else:
        told |= {"widths": (8, 16), "autoencoder_width": 8, "autoencoder_steps": 1}
        told["embedding"] = "emotion-embedding-v1"
    best = DiffusionTraining(**told).run(tmp_path / "run") / "best"
    warp = _still(settings)
    painter = mouth_renderer(str(best), warp)
    painter.hear(AudioClip(np.zeros(16000, np.float32), 16000), last=True)
    pose = warp.pose(np.zeros(52), np.array([1.0, 0, 0, 0]), np.zeros(2))
    frame = warp.draw(pose)
    painter.paint(frame, pose, 0.0, np.eye(18, dtype=np.float32)[1])
    assert frame.shape == (SIZE, SIZE, 3)


def _parts(folder: Path) -> dict[str, str]:
    """An autoencoder and a UNet as Stable Diffusion's, tiny, in folders of their own."""
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    AutoencoderKL(
        block_out_channels=(4, 4, 4, 4), norm_num_groups=2, down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
    ).save_pretrained(folder / "vae")  # fmt: skip
    UNet2DConditionModel(
        sample_size=32, block_out_channels=(8, 8), layers_per_block=1, norm_num_groups=4, cross_attention_dim=8,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=4,
    ).save_pretrained(folder / "unet")  # fmt: skip
    return {"autoencoder": str(folder / "vae"), "unet": str(folder / "unet")}


def _still(settings: dict[str, Any]) -> PortraitWarp:
    """The preset's photo."""
    from gengine.portraits.photo import fit_picture
    from gengine.vision.pictures import Picture

    tile = Image.open("docs/emotions.jpg").convert("RGB").crop((0, 0, TILE, TILE)).resize((SIZE, SIZE))
    return PortraitWarp(fit_picture(Picture(np.asarray(tile)), SIZE))


def test_a_folder_that_holds_no_part_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("diffusers")
    from gengine.portraits.diffusion import AutoencoderKL, UNet2DConditionModel, owned

    with pytest.raises(GengineError, match="save_pretrained"):
        owned(tmp_path / "none", (UNet2DConditionModel,))
    folder = Path(_parts(tmp_path)["autoencoder"])
    assert isinstance(owned(folder, (AutoencoderKL,)), AutoencoderKL)
    with pytest.raises(GengineError, match="AutoencoderKL"):
        owned(folder, (UNet2DConditionModel,))
