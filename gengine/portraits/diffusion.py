"""The diffusion renderer of mouths, from the parts of diffusers: an autoencoder makes crops small, a UNet takes noise
off in a few steps under what it is told, and what comes out changes the warped crop (latent diffusion: Rombach et al.
2022; the clean latent is predicted: Salimans & Ho 2022; deterministic steps: Song et al. 2021, DDIM).

Each frame sees the photo's mouth, the warped one, the two frames before, the masks of the lips, and, as tokens, the
last moments of sound, the emotion and a sentence about the scene. One noise serves a whole film, so nothing flickers
that the conditions hold still.
"""

from __future__ import annotations

import hashlib
import inspect
import re
from pathlib import Path
from typing import Any

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from diffusers.models.modeling_utils import ModelMixin
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.pipelines.pipeline_utils import DiffusionPipeline
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from torch import Tensor, nn
from torch.nn import functional

from gengine.errors import GengineError, brief

KIND = "portrait-diffusion"
SHRINK = 4
"""Pixels a side that a latent of the project's own autoencoder stands for."""
PICTURES = ("warped", "still", "before", "earlier")
"""What is seen besides the noise, in order; the masks of the lips come last."""
STEPS = 3
"""Of denoising, by default."""
WORDS, BUCKETS = 12, 512
"""Words of a scene that are read, and rows that their hashes choose from."""
SCENE = "a person speaks, {emotion}"
"""What is said of the scene where nobody says anything."""


class Conditioner(ModelMixin, ConfigMixin):
    """Sound, emotion and the scene's words as tokens ``(N, T, width)``; what is not told is a token of its own, which
    guidance compares with (Ho & Salimans 2022). With an ``embedding`` of so many numbers strengths are told in the
    space where voices and words lie too, by a projection of so many ``hidden`` units learned there (SynchroRaMa)."""

    @register_to_config
    def __init__(
        self,
        width: int = 64,
        bands: int = 40,
        moments: int = 6,
        emotions: int = 18,
        embedding: int = 0,
        hidden: int = 64,
    ) -> None:
        super().__init__()
        self.sound = nn.Linear(bands, width)
        self.place = nn.Parameter(0.02 * torch.randn(moments, width))
        self.state = None
        if embedding:
            self.state = nn.Sequential(nn.Linear(emotions, hidden), nn.Tanh(), nn.Linear(hidden, embedding))
            self.state.requires_grad_(False)
        self.emotion = nn.Linear(embedding or emotions, width)
        self.words = nn.Embedding(BUCKETS, width)
        self.untold = nn.Parameter(0.02 * torch.randn(2, width))

    def forward(self, heard: Tensor, emotion: Tensor, scene: Tensor, told: Tensor) -> Tensor:
        """``heard (N, moments, bands)``, ``emotion (N, emotions)``, ``scene (N, WORDS)`` rows of words, -1 for none;
        ``told (N,)`` whether emotion and scene are told."""
        if self.state is not None:
            strongest = emotion[:, 1:].amax(1, keepdim=True)
            emotion = strongest * functional.normalize(self.state(emotion), dim=1)
        said = (scene >= 0).float()[..., None]
        words = (self.words(scene.clamp(min=0)) * said).sum(1) / said.sum(1).clamp(min=1)
        pair = torch.stack([self.emotion(emotion), words], 1)
        pair = torch.where(told[:, None, None], pair, self.untold[None].to(pair.dtype))
        return torch.cat([self.sound(heard) + self.place, pair], 1)


def scene_of(emotion: str) -> str:
    """What the template writes of a scene."""
    return SCENE.format(emotion=emotion)


def rows_of(scene: str) -> Tensor:
    """Rows ``(WORDS,)`` of a sentence's words, -1 behind its end."""
    words = re.findall(r"[a-z']+", scene.lower())[:WORDS]
    rows = [int.from_bytes(hashlib.sha256(w.encode()).digest()[:4], "big") % BUCKETS for w in words]
    return torch.tensor(rows + [-1] * (WORDS - len(rows)))


class MouthPipeline(DiffusionPipeline):
    """Crops of mouths from noise; ``save_pretrained`` writes it as diffusers does, ``from_pretrained`` reads it."""

    model_cpu_offload_seq = "conditioner->unet->vae"

    def __init__(
        self,
        vae: AutoencoderTiny | AutoencoderKL,
        unet: UNet2DConditionModel,
        conditioner: Conditioner,
        scheduler: DDIMScheduler,
    ) -> None:
        super().__init__()
        self.register_modules(vae=vae, unet=unet, conditioner=conditioner, scheduler=scheduler)

    vae: Any
    unet: Any
    conditioner: Any
    scheduler: Any

    def encode(self, pictures: Tensor) -> Tensor:
        """Latents ``(N, C, h, w)`` of pictures ``(N, 3, H, W)`` in -1..1, of about unit size; the likeliest ones, where
        the autoencoder tells a distribution."""
        found = self.vae.encode(pictures)
        latents = found.latents if hasattr(found, "latents") else found.latent_dist.mode()
        return (latents - (self.vae.config.get("shift_factor") or 0)) * self.vae.config.scaling_factor

    def decode(self, latents: Tensor) -> Tensor:
        """Pictures of latents."""
        shift = self.vae.config.get("shift_factor") or 0
        return self.vae.decode(latents / self.vae.config.scaling_factor + shift).sample

    def predict(self, noisy: Tensor, step: Tensor, latents: dict[str, Tensor], masks: Tensor, tokens: Tensor) -> Tensor:
        """The clean latent that the network sees in a noisy one: the warped one, changed."""
        masks = functional.adaptive_avg_pool2d(masks, (noisy.shape[-2], noisy.shape[-1]))
        seen = torch.cat([noisy, *(latents[k] for k in PICTURES), masks], 1)
        return latents["warped"] + self.unet(seen, step, encoder_hidden_states=tokens).sample

    @torch.no_grad()
    def __call__(
        self, latents: dict[str, Tensor], masks: Tensor, heard: Tensor, emotion: Tensor, scene: Tensor, noise: Tensor,
        steps: int = STEPS, guidance: float = 1.0,
    ) -> Tensor:  # fmt: skip
        """Clean latents ``(N, C, h, w)``. ``latents`` are those of ``PICTURES``; ``guidance`` 1 follows emotion and
        scene as learned, more exaggerates them."""
        told = torch.ones(len(noise), dtype=torch.bool, device=noise.device)
        tokens = self.conditioner(heard, emotion, scene, told)
        untold = self.conditioner(heard, emotion, scene, ~told) if guidance != 1 else None
        self.scheduler.set_timesteps(steps, device=noise.device)
        x = noise
        for step in self.scheduler.timesteps:
            clean = self.predict(x, step, latents, masks, tokens)
            if untold is not None:
                plain = self.predict(x, step, latents, masks, untold)
                clean = plain + guidance * (clean - plain)
            x = self.scheduler.step(clean, step, x).prev_sample
        return x


def autoencoder(widths: tuple[int, ...], latent: int) -> Any:
    """An untrained one, half as fine at each scale but the first, with ``latent`` channels in the middle."""
    depth = len(widths) - 1
    assert 2**depth == SHRINK
    return AutoencoderTiny(
        encoder_block_out_channels=widths, decoder_block_out_channels=widths[::-1], latent_channels=latent,
        num_encoder_blocks=(1, *[2] * depth), num_decoder_blocks=(*[2] * depth, 1), scaling_factor=1.0,
    )  # fmt: skip


def unet(widths: tuple[int, ...], tokens: int, size: tuple[int, int], latent: int) -> Any:
    """An untrained one, which begins as no change of the warp."""
    made = UNet2DConditionModel(
        sample_size=size, in_channels=latent * (1 + len(PICTURES)) + 2, out_channels=latent,
        layers_per_block=1, block_out_channels=widths,
        down_block_types=("CrossAttnDownBlock2D",) * len(widths), up_block_types=("CrossAttnUpBlock2D",) * len(widths),
        cross_attention_dim=tokens, attention_head_dim=4, norm_num_groups=8,
    )  # fmt: skip
    last: Any = made.conv_out
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return made


def scheduler() -> Any:
    """Cosine noise (Nichol & Dhariwal 2021) of which few steps, the last of them at the end, take off all."""
    return DDIMScheduler(
        beta_schedule="squaredcos_cap_v2", prediction_type="sample", clip_sample=False, set_alpha_to_one=True,
        timestep_spacing="trailing",
    )  # fmt: skip


def owned(folder: str | Path, kinds: tuple[Any, ...]) -> Any:
    """A part of a pipeline that the user owns, from its folder (``config.json`` beside the weights, as diffusers writes
    them) and from nowhere else. Raises ``GengineError`` for a folder that holds none of ``kinds``."""
    expected = " or ".join(kind.__name__ for kind in kinds)
    try:
        name = kinds[0].load_config(str(folder), local_files_only=True).get("_class_name")
        kind = next((k for k in kinds if k.__name__ == name), None)
        if kind is None:
            raise GengineError(f"{folder}: holds a {name}, expected {expected}; give the folder of that part")
        return kind.from_pretrained(str(folder), local_files_only=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise GengineError(
            f"{folder}: no {expected} can be read from there ({brief(error)}); give a folder that save_pretrained "
            "wrote, for instance the vae or unet of a Stable Diffusion model"
        ) from None


def widened(owned_unet: Any, latent: int) -> Any:
    """A UNet that the user owns, whose first layer also sees the pictures and the masks: it begins as if it saw the
    noise alone. Raises ``GengineError`` where it takes latents of another depth than the autoencoder makes."""
    config = owned_unet.config
    if config.out_channels != latent:
        raise GengineError(
            f"unet: it makes {config.out_channels} channels, the autoencoder {latent}; give a pair that fits"
        )
    before, inputs = owned_unet.conv_in, latent * (1 + len(PICTURES)) + 2
    after = nn.Conv2d(inputs, before.out_channels, before.kernel_size, padding=before.padding)
    with torch.no_grad():
        after.weight.zero_()
        after.weight[:, : before.in_channels] = before.weight[:, :inputs]
        after.load_state_dict({"weight": after.weight, "bias": before.bias})
    owned_unet.conv_in = after
    owned_unet.register_to_config(in_channels=inputs)
    return owned_unet


VAES: dict[str, Any] = {kind.__name__: kind for kind in (AutoencoderTiny, AutoencoderKL)}
KINDS: dict[str, Any] = {"vae": AutoencoderTiny, "unet": UNet2DConditionModel, "conditioner": Conditioner}


def part(name: str, config: dict[str, Any], tensors: dict[str, Any]) -> Any:
    """One part of a checkpoint's pipeline, frozen."""
    kind = VAES[config.get("autoencoder", AutoencoderTiny.__name__)] if name == "vae" else KINDS[name]
    known = inspect.signature(kind.__init__).parameters  # diffusers notes more of some parts than they take
    made: Any = kind.from_config({k: v for k, v in config[name].items() if k in known})
    prefix = f"{name}."
    own = {k.removeprefix(prefix): torch.from_numpy(v.astype("float32")) for k, v in tensors.items()
           if k.startswith(prefix)}  # fmt: skip
    made.load_state_dict(own)
    return made.eval().requires_grad_(False)


def pipeline_of(config: dict[str, Any], tensors: dict[str, Any]) -> MouthPipeline:
    """The pipeline of a checkpoint."""
    made = {name: part(name, config, tensors) for name in KINDS}
    return MouthPipeline(**made, scheduler=scheduler())
