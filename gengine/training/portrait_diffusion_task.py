"""Training of the portrait's diffusion renderer (``portraits/diffusion``): first its autoencoder, then what takes noise
off its latents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field, field_validator

from gengine.checkpoint import fitting, load_checkpoint, save_checkpoint
from gengine.core.emotion import EMOTIONS
from gengine.core.noise import generator
from gengine.errors import FormatError
from gengine.training.loop import Player, run
from gengine.training.portrait_task import MouthTask, PortraitTraining

if TYPE_CHECKING:
    from torch import Tensor

    from gengine.training.portrait_batches import Mouths

TOLD = ("true", "warped", "still", "before", "earlier", "masks", "heard", "emotion")
"""What a batch of latents holds."""
ENCODED = 256
"""Pictures that become latents at once."""
STRETCH = range(20, 35)
"""Frames of held-out clips that are made one after the other, as in a film: speech is under way (judgement)."""
UNSURE, SHAKEN = 0.5, 0.1
"""Share of examples that see the warp instead of the frames before, and deviations of noise on them: what comes before
is the renderer's own work in a film, and not the true one (judgement)."""


class DiffusionTraining(PortraitTraining):
    """Settings of the diffusion renderer's training."""

    autoencoder: str | None = None
    """Checkpoint of a trained one, or the folder of a Stable Diffusion model's, whose latents are kept; null: it is
    trained first."""
    unet: str | None = None
    """Folder of a Stable Diffusion model's UNet to go on from; null: one of ``widths`` is made."""
    autoencoder_width: int = Field(default=32, ge=8)
    """Its channels, the same at every scale."""
    latent: int = Field(default=8, ge=1)
    """Channels of its latents."""
    autoencoder_steps: int = Field(default=600, ge=1)
    """Steps of its training."""
    autoencoder_minutes: float | None = Field(default=None, ge=0)
    """Minutes after which that ends as if finished."""
    widths: tuple[int, ...] = (64, 96)
    """Channels of the UNet at each scale, multiples of 8."""
    tokens: int = Field(default=64, ge=8)
    """Width of what is told."""
    embedding: str | None = None
    """Checkpoint of an embedding (emotion-embedding-v1) in whose space the emotion is told; null: as strengths."""
    copies: int = Field(default=1, ge=0)
    """How often each clip is seen as another person's, its colours and shapes varied."""
    untold: float = Field(default=0.1, ge=0, le=1)
    """Share of examples that are told neither emotion nor scene: guidance needs them."""
    denoising: int = Field(default=3, ge=1)
    """Steps of denoising that evaluators take."""

    @field_validator("widths")
    @classmethod
    def _whole(cls, widths: tuple[int, ...]) -> tuple[int, ...]:
        if not widths or any(w % 8 or w < 8 for w in widths):
            raise ValueError("expected multiples of 8, one a scale")
        return widths

    def run(self, out: Path) -> Path:
        """Train into the run folder ``out`` (the autoencoder's is within); its ``best`` is a checkpoint that
        ``--renderer`` takes."""
        first = self.autoencoder
        if first is None:
            own = {"steps": self.autoencoder_steps, "minutes": self.autoencoder_minutes}
            first = str(run(AutoencoderTask(self), self.loop(**own), out / "autoencoder") / "best")
        return run(DiffusionTask(self, first), self.loop(), out)


class AutoencoderTask(MouthTask):
    """Crops, warped ones too, through the autoencoder and back."""

    NAME = "portrait-autoencoder"

    def __init__(self, settings: DiffusionTraining) -> None:
        super().__init__(settings)
        from gengine.portraits.diffusion import autoencoder

        self.module: Any = autoencoder((settings.autoencoder_width,) * 3, settings.latent)

    def players(self) -> list[Player]:
        """One: the whole network."""
        return [Player("network", list(self.module.parameters()), self.s.rate, weight_decay=self.s.weight_decay)]

    def loss(self, player: str, module: Any, batch: dict[str, Tensor], step: int) -> tuple[Tensor, dict[str, float]]:
        """Weighted absolute error of pictures and their edges."""
        from gengine.training.portrait_batches import differences

        pictures = batch["warped" if step % 2 else "true"]
        return differences(self._through(module, pictures).float(), pictures, batch["masks"]), {}

    def made(self, module: Any, batch: dict[str, Tensor]) -> Tensor:
        """The true mouths, as they come back."""
        return self._through(module, batch["true"]).clamp(-1, 1)

    @staticmethod
    def _through(module: Any, pictures: Tensor) -> Tensor:
        return module.decode(module.encode(pictures).latents).sample

    def export(self, module: Any, folder: Path, log: dict[str, Any]) -> None:
        """The autoencoder, its latents scaled to unit size over what was learned from."""
        import torch

        rng = np.random.default_rng(0)
        with torch.no_grad():
            some = self.mouths.draw(rng, min(128, len(self.mouths.frame)))["true"]
            scale = 1 / float(module.encode(some.to(next(module.parameters()).device)).latents.std())
        config = {"kind": self.NAME, "version": 1, "vae": settings_of(module) | {"scaling_factor": scale}}
        tensors = {f"vae.{k}": v.detach().cpu().numpy().astype(np.float16) for k, v in module.state_dict().items()}
        save_checkpoint(folder, {**config, **self.about(module), "trained": log}, tensors)


class DiffusionTask(MouthTask):
    """What the loop needs to know to train the UNet and what conditions it."""

    NAME = "portrait-diffusion"

    def __init__(self, settings: DiffusionTraining, autoencoder: str) -> None:
        super().__init__(settings)
        import torch
        from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

        from gengine.portraits.diffusion import Conditioner, owned, scheduler, unet, widened
        from gengine.training.portrait_batches import Mouths

        self.vae = autoencoder_of(autoencoder)
        self.scheduler = scheduler()
        self.untold, self.denoising = settings.untold, settings.denoising
        pipe = self._pipeline(None)
        with torch.no_grad():
            first = torch.from_numpy(self.learn[0].still)[None].permute(0, 3, 1, 2) / 127.5 - 1
            channels, *size = pipe.encode(first).shape[1:]
        if settings.unet is None:
            network, tokens = unet(settings.widths, settings.tokens, (size[0], size[1]), channels), settings.tokens
        else:
            network = widened(owned(settings.unet, (UNet2DConditionModel,)), channels)
            tokens = int(network.config.cross_attention_dim)
        conditioner = Conditioner(tokens)
        if settings.embedding is not None:
            config, weights = load_checkpoint(settings.embedding)
            state = {
                k.removeprefix("state."): torch.from_numpy(v) for k, v in weights.items() if k.startswith("state.")
            }
            with fitting(settings.embedding):
                conditioner = Conditioner(tokens, embedding=config["width"], hidden=len(state["0.bias"]))
                conditioner.state.load_state_dict(state)  # type: ignore[union-attr]
        self.module: Any = torch.nn.ModuleDict({"unet": network, "conditioner": conditioner})
        self.noise = torch.randn(1, channels, *size)
        stretches = {k: Mouths.of(list(m.clips)).within(STRETCH) for k, m in self.groups.items()}
        self.groups = {k: m for k, m in stretches.items() if len(m.frame)}
        self._encode(settings.copies)

    def _encode(self, copies: int) -> None:
        """What the batches take: latents of all clips, and of their copies, are made once."""
        import torch

        from gengine.training.portrait_batches import Mouths, by_opening, varied

        pipe = self._pipeline(None)
        rows: dict[str, list[Tensor]] = {k: [] for k in (*TOLD, "open")}
        people: list[str] = []
        for c, clip in enumerate(self.learn):
            whole = Mouths.of([clip])
            plain = whole.take(np.arange(len(whole.frame)))
            for copy in range(copies + 1):
                batch = varied(plain, (self.s.seed, self.NAME, c, copy), alike=True) if copy else dict(plain)
                with torch.no_grad():
                    for k in ("true", "warped", "still"):
                        pictures = batch[k][:1] if k == "still" else batch[k]
                        made = [pipe.encode(p).float() for p in pictures.split(ENCODED)]
                        batch[k] = torch.cat(made).expand(len(batch["true"]), *made[0].shape[1:])
                for k, late in (("before", 1), ("earlier", 2)):
                    batch[k] = torch.cat([batch["still"][:late], batch["true"][:-late]])
                for k in TOLD:
                    rows[k].append(batch[k])
                rows["open"].append(torch.from_numpy(whole.open))
                people += [clip.person] * len(whole.open)
        self.encoded = {k: torch.cat(v) for k, v in rows.items()}
        self.chance = by_opening(self.encoded.pop("open").numpy(), np.array(people))

    def batch(self, step: int, rank: int, world: int) -> dict[str, Tensor]:
        """Latents from anywhere, those of open mouths more often."""
        rng = generator(self.s.seed, f"{self.NAME} batch", step, rank)
        index = rng.choice(len(self.chance), size=max(1, self.s.batch // world), p=self.chance)
        return {k: v[index] for k, v in self.encoded.items()}

    def players(self) -> list[Player]:
        """One: UNet and conditioner; the autoencoder stays as it is."""
        return [Player("network", list(self.module.parameters()), self.s.rate, weight_decay=self.s.weight_decay)]

    def _pipeline(self, module: Any) -> Any:
        from gengine.portraits.diffusion import MouthPipeline

        if module is None:
            return MouthPipeline(self.vae, None, None, self.scheduler)  # type: ignore[arg-type]
        self.vae.to(next(module.parameters()).device)
        return MouthPipeline(self.vae, module["unet"], module["conditioner"], self.scheduler)

    def loss(self, player: str, module: Any, batch: dict[str, Tensor], step: int) -> tuple[Tensor, dict[str, float]]:
        """Weighted absolute error of the clean latent at a random strength of noise."""
        import torch

        from gengine.portraits.diffusion import PICTURES

        pipe = self._pipeline(module)
        true, count = batch["true"], len(batch["true"])
        latents = {k: batch[k] for k in PICTURES}
        unsure = torch.rand(count, 1, 1, 1, device=true.device) < UNSURE
        for k in ("before", "earlier"):
            latents[k] = torch.where(unsure, latents["warped"], latents[k]) + SHAKEN * torch.randn_like(true)
        noise = torch.randn_like(true)
        at = torch.randint(0, self.scheduler.config["num_train_timesteps"], (count,), device=true.device)
        noisy = self.scheduler.add_noise(true, noise, at)  # type: ignore[arg-type]
        told = torch.rand(count, device=true.device) >= self.untold
        tokens = pipe.conditioner(batch["heard"], batch["emotion"], scenes(batch["emotion"]), told)
        clean = pipe.predict(noisy, at, latents, batch["masks"], tokens).float()
        weight = 1 + 4 * batch["masks"][:, :1] + batch["masks"][:, 1:]
        weight = torch.nn.functional.adaptive_avg_pool2d(weight, (true.shape[-2], true.shape[-1]))
        return ((clean - true).abs() * weight).mean(), {}

    def made(self, module: Any, batch: dict[str, Tensor]) -> Tensor:
        """Mouths one step on; ``batch`` holds latents of the frames before where the film goes on."""
        import torch

        from gengine.portraits.diffusion import PICTURES

        pipe = self._pipeline(module)
        with torch.no_grad():
            latents = {k: pipe.encode(batch[k]) for k in PICTURES if f"{k}_latent" not in batch}
            latents |= {k: batch[f"{k}_latent"] for k in PICTURES if f"{k}_latent" in batch}
            noise = self.noise.to(latents["warped"].device).expand_as(latents["warped"])
            told = batch["heard"], batch["emotion"], scenes(batch["emotion"])
            self.last = pipe(latents, batch["masks"], *told, noise, steps=self.denoising)
            change = pipe.decode(self.last) - pipe.decode(latents["warped"])
        return (batch["warped"] + change).clamp(-1, 1)

    def judge(self, module: Any, mouths: Mouths) -> tuple[Tensor, dict[str, Tensor]]:
        """Stretches of all clips at once, each frame after the ones before it, which are the renderer's own."""
        import torch

        order = np.argsort(mouths.frame, kind="stable")
        times = sorted(set(mouths.frame.tolist()))
        device = next(module.parameters()).device
        made, seen, latents = [], [], {}
        for t in times:
            batch = mouths.take(order[mouths.frame[order] == t])
            here = {k: v.to(device) for k, v in batch.items()} | latents
            if not latents:
                here |= {"before": here["still"], "earlier": here["still"]}
            made.append(self.made(module, here).float().cpu())
            seen.append(batch)
            latents = {"earlier_latent": latents.get("before_latent", self.last), "before_latent": self.last}
        return torch.cat(made), {k: torch.cat([b[k] for b in seen]) for k in seen[0]}

    def export(self, module: Any, folder: Path, log: dict[str, Any]) -> None:
        """All parts of the pipeline as ``--renderer`` reads them."""
        parts = {"vae": self.vae, "unet": module["unet"], "conditioner": module["conditioner"]}
        tensors = {
            f"{name}.{k}": v.detach().cpu().numpy().astype(np.float16)
            for name, part in parts.items()
            for k, v in part.state_dict().items()
        }
        config = {"kind": self.NAME, "version": 1, "area": self.s.area, "steps": self.denoising}
        config["autoencoder"] = type(self.vae).__name__
        config |= {name: settings_of(part) for name, part in parts.items()}
        save_checkpoint(folder, {**config, **self.about(module), "trained": log}, tensors)


def autoencoder_of(said: str) -> Any:
    """A checkpoint's, or that of a Stable Diffusion model's folder; frozen."""
    from gengine.portraits.diffusion import VAES, owned, part

    try:
        return part("vae", *load_checkpoint(said))
    except FormatError:
        if not Path(said).is_dir():
            raise
    return owned(said, tuple(VAES.values())).eval().requires_grad_(False)


def settings_of(part: Any) -> dict[str, Any]:
    """A part's settings as JSON has them."""
    return {k: v for k, v in dict(part.config).items() if not k.startswith("_")}


def scenes(emotion: Tensor) -> Tensor:
    """Rows of the words that the template writes for emotions ``(N, 18)``."""
    import torch

    from gengine.portraits.diffusion import rows_of, scene_of

    names = [EMOTIONS[int(k)] for k in emotion.argmax(1)]
    return torch.stack([rows_of(scene_of(name)) for name in names]).to(emotion.device)
