"""Training of the portrait's small mouth renderer (``portraits/regressor``) on films of people who talk."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from gengine.checkpoint import save_checkpoint
from gengine.core.noise import generator, stable_seed
from gengine.errors import GengineError
from gengine.portraits.crop import AREAS
from gengine.training.loop import Player, run
from gengine.training.portrait_examples import chosen, collect, split
from gengine.training.settings import Training

if TYPE_CHECKING:
    from torch import Tensor

    from gengine.training.portrait_batches import Mouths

log = logging.getLogger(__name__)

EVALUATED = 5
"""One of so many frames is measured."""


class PortraitTraining(Training):
    """What the trainings of mouth renderers share; values without a source are a judgement."""

    MACHINE: ClassVar[tuple[str, ...]] = (
        "data", "more", "paired", "judged", "cache", "minutes", "autoencoder_minutes", "threads", "device",
    )  # fmt: skip

    data: list[Path] = Field(min_length=1)
    """Folders of films of people who talk (``gengine.data.films`` knows their layouts)."""
    more: list[Path] = []
    """Folders of such films that are read whole, whatever ``every`` and ``most`` say of those of ``data``; of these
    those that are ``held`` are judged as other people."""
    paired: list[Path] = []
    """Folders of films that show one sentence under several emotions, frame by frame the same
    (``gengine.training.avatar_films``); all of them are read."""
    cache: Path = Path("runs/cache/portraits")
    """Folder in which the mouths are kept."""
    judged: list[Path] = []
    """Folders of films of other people: evaluators see them, nothing is learned from them."""
    area: Literal["mouth", "face"] = "mouth"
    """What is painted: 64 x 48 px around the lips, or the whole face at 256 (for a GPU)."""
    every: int = Field(default=1, ge=1)
    """One of so many clips of each folder of ``data`` is read."""
    most: int | None = Field(default=None, ge=1)
    """So many clips of a folder at most."""
    held: list[str] = []
    """Patterns of clips' names, or of people, that are never learned from: evaluators see these."""
    varied: float = Field(default=0.5, ge=0, le=1)
    """Share of batches whose colours and shapes are varied."""
    rate: float = Field(default=8e-4, gt=0)
    """Learning rate of AdamW."""
    weight_decay: float = Field(default=0.01, ge=0)
    """Of AdamW."""
    batch: int = Field(default=16, ge=1)
    """Mouths a step."""
    steps: int = Field(default=800, ge=1)
    """Steps of the optimiser."""
    warmup: float = Field(default=30, ge=0)
    """Steps in which the rate grows."""
    ema: float | None = Field(default=0.99, ge=0, lt=1)
    """Decay of the averaged weights, a step."""
    evaluate_every: int = Field(default=200, ge=1)
    """Steps between evaluations."""
    save_every: int = Field(default=100, ge=1)
    """Steps between saved states."""
    log_every: int = Field(default=50, ge=1)
    """Steps between lines of the log."""
    seed: int = 0
    """The same seed, the same run."""
    device: str = "auto"
    """auto: a GPU where there is one; cpu."""
    precision: str = "no"
    """no, bf16 or fp16 (the latter two on a GPU: on a CPU they are far slower)."""
    threads: int | None = Field(default=1, ge=1)
    """Threads of torch; null: as it likes."""
    minutes: float | None = Field(default=None, ge=0)
    """Minutes after which the run ends as if finished."""


class RegressorTraining(PortraitTraining):
    """Settings of the regressor's training."""

    widths: tuple[int, ...] = (24, 48, 72)
    """Channels at each scale, multiples of 8."""

    def run(self, out: Path) -> Path:
        """Train into the run folder ``out``; its ``best`` is a checkpoint that ``--renderer`` takes."""
        return run(RegressorTask(self), self.loop(), out)


class MouthTask:
    """What the tasks of mouth renderers share: clips, batches, evaluators, previews."""

    NAME: ClassVar[str]

    def __init__(self, settings: PortraitTraining) -> None:
        import torch

        from gengine.training.portrait_batches import Mouths

        self.s = s = settings
        self.config = s.learned()
        area = AREAS[s.area]
        every = chosen(s.data, s.every, s.most)
        learn, held = split(every, s.held)
        further, unknown = split(chosen(s.more, 1, None), s.held)
        acted, kept = split(chosen(s.paired, 1, None), s.held)
        learn += further
        names = {clip.name for clip in every + further}  # a clip that two folders hold is one
        strangers = {clip.name: clip for clip in unknown + chosen(s.judged, 1, None)}
        others = [clip for name, clip in strangers.items() if name not in names]
        if not learn:
            raise GengineError(f"training data: all {len(held)} clips are held out by {', '.join(s.held)}")
        self.learn = collect(learn, s.cache, area=area) + collect(acted, s.cache, True, area)
        if not self.learn:
            raise GengineError("training data: none of the clips could be used; the log says why")
        groups = {
            "held": collect(held, s.cache, area=area), "others": collect(others, s.cache, area=area),
            "acted": collect(kept, s.cache, True, area),
        }  # fmt: skip
        self.mouths = Mouths.of(self.learn)
        self.groups: dict[str, Mouths] = {k: Mouths.of(v, EVALUATED) for k, v in groups.items() if v}
        torch.manual_seed(stable_seed(s.seed, self.NAME) % 2**63)
        log.info("%d clips, %d mouths; held out: %s", len(self.learn), len(self.mouths.frame),
                 ", ".join(f"{len(v)} of {k}" for k, v in groups.items()))  # fmt: skip

    def batch(self, step: int, rank: int, world: int) -> dict[str, Tensor]:
        """Mouths from anywhere; some batches vary them."""
        from gengine.training.portrait_batches import varied

        rng = generator(self.s.seed, f"{self.NAME} batch", step, rank)
        batch = self.mouths.draw(rng, max(1, self.s.batch // world))
        return varied(batch, (self.s.seed, self.NAME, step, rank)) if rng.random() < self.s.varied else batch

    def made(self, module: Any, batch: dict[str, Tensor]) -> Tensor:
        """Mouths ``(N, 3, H, W)`` as the renderer makes them."""
        raise NotImplementedError

    def judge(self, module: Any, mouths: Mouths) -> tuple[Tensor, dict[str, Tensor]]:
        """Held-out mouths as made, and what they were made of."""
        batch = mouths.take(np.arange(len(mouths.frame)))
        device = next(module.parameters()).device
        return self.made(module, {k: v.to(device) for k, v in batch.items()}).float().cpu(), batch

    def evaluate(self, module: Any, step: int) -> dict[str, float]:
        """PSNR, inner PSNR and sharpness of held-out clips, beside the warp and the still photo; dB."""
        from gengine.training.portrait_batches import measured

        found: dict[str, float] = {}
        for name, mouths in self.groups.items():
            made, batch = self.judge(module, mouths)
            for way, crops in (("", made), ("warp_", batch["warped"]), ("still_", batch["still"])):
                if way and step > self.s.evaluate_every:
                    continue
                found |= {f"{name}_{way}{k}": v for k, v in measured(crops, batch).items()}
        inner = [found[f"{name}_inner"] for name in self.groups]
        return {"score": -float(np.mean(inner))} | found if inner else {}

    def preview(self, module: Any, step: int, folder: Path) -> None:
        """Open mouths of held-out clips: the film, the warp, what is made."""
        import torch
        from PIL import Image

        strips = []
        for mouths in self.groups.values():
            index = np.argsort(-mouths.open)[:: max(len(mouths.open) // 16, 1)][:8]
            batch = mouths.take(index)
            device = next(module.parameters()).device
            with torch.no_grad():
                made = self.made(module, {k: v.to(device) for k, v in batch.items()}).float().cpu()
            rows = [torch.cat(list(x), -1) for x in (batch["true"], batch["warped"], made)]
            strips.append(torch.cat(rows, -2))
        if strips:
            wide = max(s.shape[-1] for s in strips)
            strips = [torch.nn.functional.pad(s, (0, wide - s.shape[-1])) for s in strips]
            sheet = ((torch.cat(strips, -2).clamp(-1, 1) + 1) * 127.5).permute(1, 2, 0).byte().numpy()
            picture = Image.fromarray(sheet)
            picture.resize((2 * picture.width, 2 * picture.height)).save(folder / "mouths.png")

    def about(self, module: Any) -> dict[str, Any]:
        """What a checkpoint says of its origin."""
        return {
            "parameters": sum(p.numel() for p in module.parameters()),
            "data": {"clips": len(self.learn), "people": len({c.person for c in self.learn}),
                     "mouths": len(self.mouths.frame)},
        }  # fmt: skip


class RegressorTask(MouthTask):
    """What the loop needs to know to train the regressor."""

    NAME = "portrait-regressor"

    def __init__(self, settings: RegressorTraining) -> None:
        super().__init__(settings)
        from gengine.portraits.regressor import MouthRegressor

        self.widths = settings.widths
        self.module: Any = MouthRegressor(settings.widths)

    def players(self) -> list[Player]:
        """One: the whole network."""
        return [Player("network", list(self.module.parameters()), self.s.rate, weight_decay=self.s.weight_decay)]

    def loss(self, player: str, module: Any, batch: dict[str, Tensor], step: int) -> tuple[Tensor, dict[str, float]]:
        """Weighted absolute error of pictures and their edges."""
        from gengine.training.portrait_batches import differences

        made = batch["warped"] + module(seen(batch)).float()
        return differences(made, batch["true"], batch["masks"]), {}

    def made(self, module: Any, batch: dict[str, Tensor]) -> Tensor:
        """See ``MouthTask.made``."""
        return (batch["warped"] + module(seen(batch))).clamp(-1, 1)

    def export(self, module: Any, folder: Path, log: dict[str, Any]) -> None:
        """The checkpoint as ``--renderer`` reads it."""
        tensors = {k: v.detach().cpu().numpy().astype(np.float16) for k, v in module.state_dict().items()}
        config = {"kind": self.NAME, "version": 1, "area": self.s.area, "widths": list(self.widths)}
        save_checkpoint(folder, {**config, **self.about(module), "trained": log}, tensors)


def seen(batch: dict[str, Tensor]) -> Tensor:
    """What the regressor sees ``(N, 10, H, W)``."""
    import torch

    return torch.cat([batch[k] for k in ("warped", "still", "masks", "still_masks")], 1)
