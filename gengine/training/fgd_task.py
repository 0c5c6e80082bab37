"""Training of the FGD autoencoder on a corpus in BEAT's layout.

The encoder is the published one (see ``gengine.metrics.fgd``); the decoder is linear, so that distances of latents
are distances of poses. Loss: L1 of the poses plus a tenth of the mean squared error of their velocities. Only the
encoder is exported, with its normalisations folded into the convolutions, in half precision.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gengine.checkpoint import save_checkpoint
from gengine.core import rotation
from gengine.core.euler141 import JOINTS
from gengine.core.noise import generator
from gengine.data.beat import BeatCorpus
from gengine.data.beat_layout import BVH
from gengine.data.beat_motion import read_body
from gengine.errors import GengineError
from gengine.metrics.fgd import FPS, LATENT, LAYERS, REPRESENTATIONS, SLOPE, TAIL, WINDOW, mean_pose, pose_values
from gengine.training.loop import Player, run
from gengine.training.settings import Training

if TYPE_CHECKING:
    import torch

FINGERS = tuple(j for j in JOINTS if "Hand" in j and not j.endswith("Hand"))

log = logging.getLogger(__name__)

BETWEEN = 3
"""Evaluations and saved states of a run, at equal distances."""
LOG_EVERY = 20
"""Steps between lines of the log."""
VARIANCE_FLOOR = 1e-5
"""Added to variances by torch's batch normalisation."""
MOMENTUM = 0.01
"""Of the running statistics after the start (judgement: the runs are short)."""
RIDGE = 0.1
"""Ridge of the first linear layers, over the mean power of what they see (judgement)."""


class FgdTraining(Training):
    """Settings of the training of FGD's autoencoder; values without a source are a judgement that the card of
    fgd-synthetic-v1 stands on."""

    data: Path = Path("runs/corpus")
    """Folder of a corpus in BEAT's layout."""
    split: str = "train"
    """Split that is learned from."""
    representation: Literal["euler141", "6d"] = "euler141"
    """Numbers of a pose: the published 141 Euler angles or 6D rotations."""
    floor: float = Field(default=5.0, gt=0)
    """Degrees; least deviation that a channel is divided by (measured: see the card)."""
    fingers: float = Field(default=0.5, gt=0)
    """Weight of finger channels: 38 of 47 joints are fingers that bend together."""
    linear: int = Field(default=8000, ge=0)
    """Windows that the linear layers are first fitted to (0: they are not)."""
    velocity: float = Field(default=0.1, ge=0)
    """Weight of the squared error of velocities beside the L1 error of poses: BEAT's."""
    batch: int = Field(default=64, ge=1)
    """Windows a step and process."""
    rate: float = Field(default=1e-5, ge=0)
    """Learning rate of AdamW."""
    steps: int = Field(default=60, ge=1)
    """Steps of the optimiser: the fitted start does most."""
    warmup: float = Field(default=10, ge=0)
    """Steps (below 1: share of the steps) over which the rate rises."""
    ema: float | None = Field(default=0.9, ge=0, lt=1)
    """Decay of the averaged weights, a step."""
    precision: Literal["no", "bf16", "fp16"] = "no"
    """Of the network's arithmetic while it learns."""
    seed: int = 1
    """The same seed, the same run."""
    threads: int | None = Field(default=2, ge=1)
    """Threads of torch; null: as it likes."""
    minutes: float | None = Field(default=None, ge=0)
    """Minutes after which the run ends as if finished."""

    def run(self, out: Path) -> Path:
        """Train into the run folder ``out``, which then holds ``best/`` and ``last/`` checkpoints."""
        every = max(1, self.steps // BETWEEN)
        settings = self.loop(batch=0, evaluate_every=every, save_every=every, log_every=LOG_EVERY)
        return run(FgdTask(self), settings, out)


def read_poses(
    corpus: BeatCorpus, split: str, representation: str, reference: NDArray | None = None
) -> tuple[list[NDArray[np.float32]], NDArray[np.float64]]:
    """Poses ``(T, D)`` at 15 fps of every body of a split, and the reference pose ``(141,)`` of their branch.

    Without ``reference`` it is the mean pose of what is read, each joint's triple nearest to zero.
    """
    stems = [s for s in corpus.names(split) if BVH in corpus.files[s]]
    if not stems:
        raise GengineError(f"{corpus.root}: holds no body of split '{split}'; see gengine data check {corpus.root}")
    motions = [read_body(corpus.files[s][BVH]).motion(FPS) for s in stems]
    if reference is None:
        places = [motions[0].skeleton.index(name) for name in JOINTS]
        turns = mean_pose(np.concatenate([m.rotations[::5, places] for m in motions]))
        reference = _near_zero(rotation.to_euler(turns))
    return [pose_values(m, representation, reference).astype(np.float32) for m in motions], reference


def pose_scale(deviation: NDArray, floor: float, fingers: float) -> NDArray[np.float32]:
    """What channels are divided by: their deviation, ``floor`` degrees at least; fingers count ``fingers`` times.

    38 of BEAT's 47 joints are fingers that bend together: weighed alike they are all that an encoder sees.
    """
    per = len(deviation) // len(JOINTS)
    least = floor if per == 3 else np.radians(floor)
    weight = np.array([fingers if name in FINGERS else 1.0 for name in JOINTS]).repeat(per)
    return (np.maximum(deviation, least) / weight).astype(np.float32)


def _near_zero(angles: NDArray) -> NDArray[np.float64]:
    """Of the two Euler triples of each rotation (radians, ``(J, 3)``) the smaller one, ``(J * 3,)`` degrees."""
    other = angles * [1.0, -1.0, 1.0] + np.pi
    other -= 2 * np.pi * np.round(other / (2 * np.pi))
    smaller = np.abs(other).sum(-1) < np.abs(angles).sum(-1)
    return np.degrees(np.where(smaller[:, None], other, angles)).ravel()


def build_autoencoder(size: int) -> torch.nn.Module:
    """``(B, 34, D)`` normalised poses → latents ``(B, 300)`` and the poses again; ``.encode`` gives the latents."""
    from einops import rearrange
    from torch import nn

    class Autoencoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            layers: list[nn.Module] = []
            channels = size
            for i, (width, kernel, stride) in enumerate(LAYERS):
                layers.append(nn.Conv1d(channels, width, kernel, stride))
                if i < len(LAYERS) - 1:
                    layers += [nn.BatchNorm1d(width), nn.LeakyReLU(SLOPE)]
                channels = width
            self.convolutions = nn.Sequential(*layers)
            self.latent = nn.Linear(TAIL * LATENT, LATENT)
            self.decoder = nn.Linear(LATENT, WINDOW * size)

        def features(self, poses: torch.Tensor) -> torch.Tensor:
            return rearrange(self.convolutions(rearrange(poses, "b t d -> b d t")), "b c t -> b (c t)")

        def encode(self, poses: torch.Tensor) -> torch.Tensor:
            return self.latent(self.features(poses))

        def forward(self, poses: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            latent = self.encode(poses)
            return latent, self.decoder(latent).reshape(poses.shape)

    return Autoencoder()


def start_linear(module: Any, poses: torch.Tensor) -> None:
    """Set the linear layers to the best ones for the untrained convolutions: reduced-rank regression.

    From windows ``(N, 34, D)``. Gradients alone spend thousands of steps on the slow hand shapes before they notice
    the arms; started here the autoencoder keeps both from its first step, and latents have the scale of poses.
    """
    import torch

    with torch.no_grad():
        module.train()
        norms = [layer for layer in module.convolutions if isinstance(layer, torch.nn.BatchNorm1d)]
        for norm in norms:
            norm.momentum = None  # plain means: a running one would still remember where it began
        for part in poses.split(256)[:20]:
            module.features(part)
        for norm in norms:
            norm.momentum = MOMENTUM
        module.eval()
        known = torch.cat([module.features(part) for part in poses.split(256)])
        wanted = poses.flatten(1)
        mean, middle = known.mean(0), wanted.mean(0)
        known, wanted = known - mean, wanted - middle
        square = known.T @ known / len(known)
        square += RIDGE * square.diagonal().mean() * torch.eye(len(square))
        cross = known.T @ wanted / len(known)
        map_ = torch.cholesky_solve(cross, torch.linalg.cholesky(square))
        basis = torch.randn(wanted.shape[1], LATENT + 40, generator=torch.Generator().manual_seed(0))
        for _ in range(4):  # leading directions of the fitted poses, by subspace iteration
            basis = torch.linalg.qr(map_.T @ (cross @ basis)).Q
        _, turn = torch.linalg.eigh((cross @ basis).T @ (map_ @ basis))
        basis = basis @ turn[:, -LATENT:]
        module.latent.weight.copy_((map_ @ basis).T)
        module.latent.bias.copy_(-(mean @ map_) @ basis)
        module.decoder.weight.copy_(basis)
        module.decoder.bias.copy_(middle)


class FgdTask:
    """The training as ``gengine.training.loop`` runs it."""

    def __init__(self, settings: FgdTraining) -> None:
        import torch

        self.settings, self.config = settings, settings.learned()
        corpus = BeatCorpus(settings.data, fps=FPS)
        representation, split = settings.representation, settings.split
        clips, self.reference = read_poses(corpus, split, representation)
        try:
            held, _ = read_poses(corpus, "val", representation, self.reference)
        except GengineError:  # a corpus without a validation split is judged on what it learns from
            held = clips
        self.data_id = corpus.build_id(corpus.names(split))
        every = np.concatenate(clips)
        self.mean = every.mean(0)
        self.scale = pose_scale(every.std(0), settings.floor, settings.fingers)
        self.seconds = len(every) / FPS
        self.poses = torch.tensor((every - self.mean) / self.scale)
        self.starts = _starts(clips, 1)
        self.held = torch.tensor((np.concatenate(held) - self.mean) / self.scale)[_windows(_starts(held, WINDOW))]
        torch.manual_seed(settings.seed)
        self.module = build_autoencoder(REPRESENTATIONS[representation])
        count = min(settings.linear, len(self.starts))
        chosen = generator(settings.seed, "fgd linear").choice(self.starts, count, replace=False)
        if count:
            start_linear(self.module, self.poses[_windows(chosen)])
        log.info("%d clips, %.1f min, %d windows", len(clips), self.seconds / 60, len(self.starts))

    def players(self) -> list[Player]:
        """One: encoder and decoder together."""
        return [Player("network", list(self.module.parameters()), self.settings.rate)]

    def batch(self, step: int, rank: int, world: int) -> dict[str, torch.Tensor]:
        """Windows from anywhere in the corpus, the same for the same step."""
        rng = generator(self.settings.seed, "fgd", step * world + rank)
        return {"poses": self.poses[_windows(self.starts[rng.integers(len(self.starts), size=self.settings.batch)])]}

    def loss(
        self, player: str, module: torch.nn.Module, batch: dict[str, torch.Tensor], step: int
    ) -> tuple[torch.Tensor, dict[str, float]]:
        """L1 of the poses and a share of the squared error of their velocities, both in deviations."""
        poses = batch["poses"]
        _, again = module(poses)
        pose, velocity = _errors(again.float(), poses)
        return pose + self.settings.velocity * velocity, {"pose": pose.item(), "velocity": velocity.item()}

    def evaluate(self, module: torch.nn.Module, step: int) -> dict[str, float]:
        """Errors on the validation split, in deviations; the mean pose's error is beside them."""
        parts = [_errors(module(x)[1].float(), x) for x in self.held.to(_device(module)).split(256)]
        pose, velocity = (float(np.mean([p[k].item() for p in parts])) for k in (0, 1))
        return {"score": pose, "pose": pose, "velocity": velocity, "mean pose": float(self.held.abs().mean())}

    def preview(self, module: torch.nn.Module, step: int, folder: Path) -> None:
        """The six liveliest channels of four windows, true and decoded, in degrees (or matrix entries)."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        chosen = self.held[:: max(1, len(self.held) // 4)][:4]
        again = module(chosen.to(_device(module)))[1].float().cpu()
        true, made = (x.detach().numpy() * self.scale + self.mean for x in (chosen, again))
        moving = np.argsort(-(self.held.std((0, 1)).numpy() * self.scale))[:6]
        figure = Figure(figsize=(12, 8), layout="constrained")
        FigureCanvasAgg(figure)
        for i, axis in enumerate(figure.subplots(4, 6).ravel()):
            row, channel = i // 6, moving[i % 6]
            axis.plot(true[row, :, channel], color="#2b5f8a")
            axis.plot(made[row, :, channel], color="#b3541e", ls="--")
            axis.set_title(f"channel {channel}", fontsize=7)
        figure.savefig(folder / "windows.png", dpi=80)

    def export(self, module: torch.nn.Module, folder: Path, log: dict[str, Any]) -> None:
        """The encoder alone, as ``FgdEncoder.load`` reads it."""
        config = {
            "kind": "fgd",
            "version": 1,
            "representation": self.settings.representation,
            "fps": FPS,
            "window": WINDOW,
            "data_id": self.data_id,
            "hours": round(self.seconds / 3600, 3),
            "trained": self.config,
            "log": {k: log[k] for k in ("steps", "minutes", "device", "best") if k in log},
        }
        tensors = fold(module)
        tensors |= {"reference": self.reference.astype(np.float32), "mean": self.mean, "scale": self.scale}
        save_checkpoint(folder, config, tensors)


def fold(module: torch.nn.Module) -> dict[str, NDArray[Any]]:
    """Encoder weights, normalisations folded in: ``layer{i}`` as ``(kernel * in, out)``, ``latent`` as one matrix."""
    state = {k: v.detach().cpu().double().numpy() for k, v in module.state_dict().items()}

    def norm(name: str) -> tuple[NDArray, NDArray]:
        scale = state[f"{name}.weight"] / np.sqrt(state[f"{name}.running_var"] + VARIANCE_FLOOR)
        return scale, state[f"{name}.bias"] - state[f"{name}.running_mean"] * scale

    tensors: dict[str, NDArray[Any]] = {}
    for i in range(len(LAYERS)):
        conv, bias = state[f"convolutions.{3 * i}.weight"], state[f"convolutions.{3 * i}.bias"]
        if i < len(LAYERS) - 1:
            scale, shift = norm(f"convolutions.{3 * i + 1}")
            conv, bias = conv * scale[:, None, None], bias * scale + shift
        tensors[f"layer{i}.weight"] = conv.transpose(2, 1, 0).reshape(-1, conv.shape[0])
        tensors[f"layer{i}.bias"] = bias
    weight, bias = state["latent.weight"].T, state["latent.bias"]
    # Torch flattens (channels, frames), the metric (frames, channels).
    weight = weight.reshape(LATENT, TAIL, LATENT).transpose(1, 0, 2).reshape(TAIL * LATENT, LATENT)
    tensors |= {"latent.weight": weight, "latent.bias": bias}
    return {k: v.astype(np.float16 if k.endswith("weight") else np.float32) for k, v in tensors.items()}


def _device(module: torch.nn.Module) -> torch.device:
    return next(module.parameters()).device


def _errors(again: torch.Tensor, poses: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    velocity = (again.diff(dim=1) - poses.diff(dim=1)) ** 2
    return (again - poses).abs().mean(), velocity.mean()


def _starts(clips: list[NDArray], step: int) -> NDArray[np.int64]:
    """First frames of whole windows, every ``step`` frames, in all clips laid end to end."""
    found, at = [], 0
    for clip in clips:
        found.append(at + np.arange(0, len(clip) - WINDOW + 1, step))
        at += len(clip)
    starts = np.concatenate(found)
    if not len(starts):
        raise GengineError(f"training data: no clip has {WINDOW} frames at {FPS:g} fps ({WINDOW / FPS:.1f} s)")
    return starts


def _windows(starts: NDArray[np.int64]) -> NDArray[np.int64]:
    return starts[:, None] + np.arange(WINDOW)
