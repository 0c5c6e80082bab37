"""Training of gengine's CaMN (``networks/camn/cascade.py``) on a corpus in BEAT's layout."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from gengine.checkpoint import save_checkpoint
from gengine.core.noise import generator, stable_seed
from gengine.errors import GengineError
from gengine.metrics.fgd import FgdEncoder
from gengine.metrics.validation import pose_distance, validate
from gengine.networks.camn.network import VERSION
from gengine.networks.camn.pose_space import PoseSpace
from gengine.networks.camn.sizes import CamnShape
from gengine.training import stick_figures
from gengine.training.camn_rollout import HEARD, Rollout, WindowFrames, fit_noise
from gengine.training.loop import Player, run
from gengine.training.motion_examples import MotionExamples, collect
from gengine.training.settings import Training, sizes_of

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Parameter

log = logging.getLogger(__name__)

OWN_SIZES = {"body_axes": 1, "hand_axes": 1, "cues": 1}
"""Sizes that the corpus decides."""
SEED_WEIGHT = 0.2
"""Weight of given poses, which the network need only hand on (judgement)."""
CARRIER_NOISE = 0.5
"""The hands learn on true bodies shaken by this share of ``shaken``, so that they do not mind made ones (judgement)."""
HUBER = 0.1
"""Deviations beyond which the regression's loss is linear: the published value (Liu et al. 2022, section 4)."""
NETWORK_BETAS, DISCRIMINATOR_BETAS = (0.9, 0.98), (0.5, 0.99)
"""Of Adam (judgement; a discriminator's first is low as in DCGAN: Radford et al. 2016)."""
DISCRIMINATOR_RATE = 0.5
"""The discriminator's rate over the network's (judgement)."""
RATIOS = ("wrist_speed", "joint_speed", "diversity_l1", "beat_rate")
"""Metrics that are logged over the recordings' own value."""
KEPT = ("fgd", "coverage", "density", "srgr", "srgr_beat", "beat_gain", "accent_gain", "ldlj_gap")
"""Metrics that are logged as they are."""


class CamnTraining(Training):
    """Settings of CaMN's training. Where no source stands, a value is a judgement that the card's results stand on."""

    data: Path = Field(description="the folder of a corpus in BEAT's layout (gengine data synthesize makes one)")
    """Folder of a corpus in BEAT's layout."""
    cache: Path = Path("runs/cache")
    """Folder in which the corpus's rows are kept."""
    speakers: list[int | str] | None = None
    """Ids or names; null: everybody."""
    policy: Literal["skip", "strict"] = "skip"
    """Damaged sequences are left out ("skip") or end the run ("strict")."""
    fps: float = Field(default=15.0, gt=0)
    """Poses a second: BEAT's published rate (Liu et al. 2022)."""
    hop: float = Field(default=2.0, gt=0)
    """Seconds that a window makes: the engine's default."""
    before: float = Field(default=0.6, ge=0)
    """Seconds of poses that a window is handed."""
    after: float = Field(default=0.6, ge=0)
    """Seconds that a window looks ahead."""
    shape: dict[str, Any] = {}
    """Sizes of the network that differ from ``CamnShape``."""
    rate: float = Field(default=1e-3, ge=0)
    """Learning rate of AdamW."""
    weight_decay: float = Field(default=0.01, ge=0)
    """Of AdamW: torch's default."""
    velocity_weight: float = Field(default=4.0, ge=0)
    """Weight of the error of steps from frame to frame beside that of poses."""
    no_words: float = Field(default=0.3, ge=0, le=1)
    """Share of examples without words."""
    no_face: float = Field(default=0.15, ge=0, le=1)
    """Share of examples without a face."""
    no_plan: float = Field(default=0.1, ge=0, le=1)
    """Share of examples without planned strokes."""
    no_seed: float = Field(default=0.08, ge=0, le=1)
    """Share of examples without the poses before the window, as at the start of a recording."""
    seed_noise: float = Field(default=0.12, ge=0)
    """Most noise on the poses before the window, deviations: at run time they are made and not recorded."""
    shortcuts: float = Field(default=0.25, ge=0, le=1)
    """Share of examples that teaches long steps: a quarter (Frans et al. 2024, section 4)."""
    longest: int = Field(default=4, ge=1)
    """Steps in all of the longest kind taught."""
    adversary_weight: float = Field(default=0.1, ge=0)
    """Weight of the adversarial loss: the published one (Liu et al. 2022)."""
    adversary_from: float = Field(default=0.1, ge=0)
    """Share of the steps before the discriminator comes in (above 1: never)."""
    sampling: tuple[int, int] = (4, 4)
    """Network calls for body and hands, powers of two."""
    noise_fit: int = Field(default=160, ge=0)
    """Recordings that the size of the noise is fitted on (0: it is 1)."""
    validation: int = Field(default=24, ge=1)
    """Held-out recordings that evaluators see."""
    fgd: str | None = "fgd-synthetic-v1"
    """The evaluator's encoder: a bundled name or a checkpoint's folder; null: a distance of poses."""
    batch: int = Field(default=128, ge=1)
    """Windows a step, over all processes."""
    steps: int = Field(default=16000, ge=1)
    """Steps of the optimiser."""
    warmup: float = Field(default=0.02, ge=0)
    """Share of the steps (from 1: steps) over which the rate rises."""
    precision: Literal["no", "bf16", "fp16"] = "bf16"
    """Of the network's arithmetic while it learns."""
    ema: float | None = Field(default=0.999, ge=0, lt=1)
    """Decay of the averaged weights, a step."""
    evaluate_every: int = Field(default=2000, ge=1)
    """Steps between evaluations."""
    save_every: int = Field(default=500, ge=1)
    """Steps between saved states."""
    log_every: int = Field(default=100, ge=1)
    """Steps between lines of the log."""
    minutes: float | None = Field(default=None, ge=0)
    """Minutes after which the run ends as if finished."""
    threads: int | None = Field(default=None, ge=1)
    """Threads of torch; null: as it likes."""
    seed: int = 1
    """The same seed, the same run."""

    @field_validator("shape")
    @classmethod
    def _known(cls, shape: dict[str, Any]) -> dict[str, Any]:
        return sizes_of(CamnShape, shape, OWN_SIZES)

    def run(self, out: Path) -> Path:
        """Train into the run folder ``out``; its ``best`` is a checkpoint that ``--body`` takes."""
        return run(CamnTask(self), self.loop(), out)


class CamnTask:
    """What the loop needs to know: batches of windows, losses, evaluators, export."""

    def __init__(self, settings: CamnTraining) -> None:
        import torch

        from gengine.networks.camn.cascade import Camn, Discriminator

        self.s = s = settings
        self.config = s.learned()
        self.learn, self.held = (
            collect(s.data, part, s.fps, s.cache, s.speakers, s.policy) for part in ("train", "val")
        )
        before, hop, after = (round(seconds * s.fps) for seconds in (s.before, s.hop, s.after))
        self.window = WindowFrames(before, hop + 2, after)
        self.encoder = FgdEncoder.load(s.fgd) if s.fgd else None
        self.space = space_of(self.learn)
        self.rollout = Rollout(self.space, self.window, s.sampling, s.seed)
        self.poses = _coordinates(self.space, self.learn)
        body, hands = self.space.sizes
        self.shape = CamnShape(body, hands, len(self.learn.kinds), **s.shape)
        torch.manual_seed(stable_seed(s.seed, "camn") % 2**63)
        self.module: Any = torch.nn.ModuleDict({"camn": Camn(self.shape)})
        if self.shape.head == "adversary":
            self.module["discriminator"] = Discriminator(body + hands, self.shape.condition)
        # Errors along small axes show too: a trunk turns by a few degrees. So their weight falls with the root only.
        importance = [np.sqrt(b.deviation / b.deviation[0]) for b in (self.space.body, self.space.hands)]
        self.weights = [torch.tensor(w / w.mean()).float() for w in importance]
        lengths = np.diff(self.learn.starts)
        self.chance = lengths / lengths.sum()
        log.info(
            "%d sequences, %.2f h; %d + %d axes; %.2f M parameters", len(self.learn), lengths.sum() / s.fps / 3600,
            body, hands, sum(p.numel() for p in self.module.parameters()) / 1e6,
        )  # fmt: skip

    def players(self) -> list[Player]:
        """The network and, for the head "adversary", its discriminator."""
        s = self.s
        found = [Player("network", list(self.module["camn"].parameters()), s.rate, NETWORK_BETAS, s.weight_decay)]
        if "discriminator" in self.module:
            parameters: list[Parameter] = list(self.module["discriminator"].parameters())
            found.append(Player("discriminator", parameters, s.rate * DISCRIMINATOR_RATE, DISCRIMINATOR_BETAS))
        return found

    # ---- batches

    def batch(self, step: int, rank: int, world: int) -> dict[str, Tensor]:
        """Windows from anywhere in the corpus: conditions ``(B, T, ·)``, poses, noise, and where on the way it is."""
        import torch

        w, data = self.window, self.learn
        rng = generator(self.s.seed, "batch", step, rank)
        count = max(1, self.s.batch // world)
        clips = rng.choice(len(data), count, p=self.chance)
        first, length = data.starts[clips], data.starts[clips + 1] - data.starts[clips]
        # A window may begin before the recording or end after it, as the first and last of a stream do.
        begin = rng.integers(-w.before, np.maximum(length - w.length + w.after, 1 - w.before))
        place = begin[:, None] + w.frames
        inside = (place >= 0) & (place < length[:, None])
        index = first[:, None] + np.clip(place, 0, length[:, None] - 1)
        columns = self._conditions(index, inside, rng) | self._poses(index, inside, rng)
        columns |= {
            "traits": data.traits[clips],
            "weight": inside * (1 + data.columns["semantic"][index]) * np.where(w.frames < w.before, SEED_WEIGHT, 1),
        }
        return {
            k: torch.from_numpy(np.ascontiguousarray(v if v.dtype == np.int64 else v.astype(np.float32)))
            for k, v in columns.items()
        }

    def _conditions(self, index: NDArray, inside: NDArray, rng: np.random.Generator) -> dict[str, NDArray]:
        """What is heard, said, felt and seen at the rows ``index (B, T)``, some of it left out."""
        data, count = self.learn, len(index)
        columns = {k: data.columns[k][index] for k in (*HEARD, "emotion")}
        for name in HEARD:
            columns[name] = columns[name] * inside[..., None]
        faces = data.columns["face"][index]
        if "predicted_face" in data.columns:
            faces = np.where(rng.random((count, 1, 1)) < 0.5, data.columns["predicted_face"][index], faces)
        wordless = rng.random((count, 1, 1)) < self.s.no_words
        for name in ("text", "subwords", "cues"):
            columns[name] = np.where(wordless, 0, columns[name]).astype(columns[name].dtype)
        known = (rng.random((count, 1)) >= self.s.no_face) & inside & self.window.faced
        planned = (rng.random((count, 1)) >= self.s.no_plan) & inside & self.window.planned(self.s.fps)
        plan = data.columns["plan"][index]
        return columns | {"face": faces, "face_known": known[..., None], "plan": plan, "plan_known": planned[..., None]}

    def _poses(self, index: NDArray, inside: NDArray, rng: np.random.Generator) -> dict[str, NDArray]:
        """True poses ``(B, T, ·)``, which of them are given, the noise on those, and the flow's noise and times."""
        w, count = self.window, len(index)
        given = (w.frames < w.before) & inside & (rng.random((count, 1)) >= self.s.no_seed)
        body, hands = (p[index] for p in self.poses)
        size = body.shape[-1] + hands.shape[-1]
        noise = rng.standard_normal((count, w.length, size))
        time, stride = self._times(count, rng)
        shaken = self.s.seed_noise * rng.random((count, 1, 1)) * rng.standard_normal((*body.shape[:2], size))
        return {
            "body": body, "hands": hands, "given": given[..., None], "noise": noise, "shaken": shaken, "time": time,
            "stride": stride,
        }  # fmt: skip

    def _times(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """How far each example's noise is undone, and by how much more it is to be (0: by very little)."""
        time, stride = rng.random(count), np.zeros(count)
        levels = np.log2([self.s.longest, max(self.shape.finest, 2) / 2])
        few = round(count * self.s.shortcuts) if self.shape.head == "flow" and self.shape.finest else 0
        steps = 2.0 ** rng.integers(round(levels[0]), round(levels[1]) + 1, few)
        stride[:few] = 1 / steps
        time[:few] = np.floor(time[:few] * steps) / steps
        return time, stride

    # ---- losses

    def loss(
        self, player: str, module: Any, batch: dict[str, Tensor], step: int
    ) -> tuple[Tensor, dict[str, float]] | None:
        """The error of the predicted poses, and for the head "adversary" what its discriminator makes of them."""
        from torch.nn.functional import softplus

        adversarial = self.shape.head == "adversary" and step >= self.s.adversary_from * self.s.steps
        if player == "discriminator" and not adversarial:
            return None
        made, wanted, conditions = self._predict(module["camn"], batch)
        if player == "discriminator":
            return _tell_apart(module["discriminator"], wanted, made.detach(), conditions.detach())
        total, numbers = self._pose_loss(made, wanted, batch)
        if adversarial:
            fooled = softplus(-module["discriminator"](made, conditions.detach())).float().mean()
            numbers["fooled"] = float(fooled.detach())
            total = total + self.s.adversary_weight * fooled
        return total, numbers

    def _predict(self, camn: Any, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Poses that the network predicts, those that it should have, both ``(B, T, axes)``, and the conditions."""
        import torch

        body_axes, hand_axes = self.space.sizes
        true = torch.cat([batch["body"], batch["hands"]], -1)
        t, stride = self._time(batch), batch["stride"]
        noisy = self._start(true, batch).split([body_axes, hand_axes], -1)
        seeds = ((true + batch["shaken"]) * batch["given"]).split([body_axes, hand_axes], -1)
        known = [torch.cat([part, batch["given"]], -1) for part in seeds]
        conditions = camn.conditioner(batch)
        body = camn.body(noisy[0], camn.body.modulation(t, stride), known[0], conditions)
        carrier = batch["body"] + CARRIER_NOISE * batch["shaken"][..., :body_axes]
        if self.shape.head != "flow":
            carrier = body.detach()
        around = [conditions, torch.cat([conditions, carrier], -1)]
        hands = camn.hands(noisy[1], camn.hands.modulation(t, stride), known[1], around[1])
        wanted = true
        if few := int((stride > 0).sum()):  # the first examples of a batch learn what two shorter steps would do
            parts = zip((camn.body, camn.hands), noisy, known, around, strict=True)
            with torch.no_grad():
                ends = [
                    decoder.shortcut(
                        x[:few], t[:few], stride[:few], self.shape.finest, seed[:few], given[:few].detach()
                    )
                    for decoder, x, seed, given in parts
                ]
            wanted = torch.cat([torch.cat(ends, -1).float(), true[few:]])
        return torch.cat([body, hands], -1).float(), wanted, conditions

    def _time(self, batch: dict[str, Tensor]) -> Tensor:
        """How far the noise of each example is undone ``(B,)``: the other heads than "flow" begin from all of it."""
        return batch["time"] if self.shape.head == "flow" else batch["time"].new_zeros(len(batch["time"]))

    def _start(self, true: Tensor, batch: dict[str, Tensor]) -> Tensor:
        """What the decoders begin from ``(B, T, axes)``."""
        from gengine.networks.flow import noised

        if self.shape.head == "flow":
            return noised(true, batch["noise"], batch["time"])
        return batch["noise"] if self.shape.head == "adversary" else true.new_zeros(true.shape)

    def _pose_loss(self, made: Tensor, wanted: Tensor, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, float]]:
        """Weighted errors of poses and of their steps, body and hands; the numbers are those of poses alone."""
        from gengine.networks.flow import urgency

        weight, sizes = batch["weight"], self.space.sizes
        haste = urgency(batch["time"]) if self.shape.head == "flow" else weight.new_ones((len(weight), 1))
        numbers: dict[str, float] = {}
        total = made.new_zeros(())
        parts = zip(("body", "hands"), made.split(sizes, -1), wanted.split(sizes, -1), self.weights, strict=True)
        for name, got, want, axes in parts:
            place, pace = self._errors(got, want, axes.to(got.device))
            numbers[name] = float((place * weight).sum().detach() / weight.sum())
            moved = (pace * weight[:, 1:] * haste).sum() / weight.sum()
            total = total + (place * weight * haste).sum() / weight.sum() + self.s.velocity_weight * moved
        return total, numbers

    def _errors(self, got: Tensor, want: Tensor, axes: Tensor) -> tuple[Tensor, Tensor]:
        """Errors of poses ``(B, T)`` and of their steps ``(B, T - 1)``, each axis by its weight ``axes``: squared for
        the flow, the published Huber loss for the others."""
        import torch
        from torch.nn.functional import smooth_l1_loss

        speed = (got - want).diff(dim=1)
        if self.shape.head == "flow":
            return ((got - want) ** 2 * axes).mean(-1), (speed**2 * axes).mean(-1)
        place = smooth_l1_loss(got, want, reduction="none", beta=HUBER)
        # zeros in the shape of poses, one frame cut off: a compact tensor would be summed in another order
        pace = smooth_l1_loss(speed, torch.zeros_like(got)[:, 1:], reduction="none", beta=HUBER)
        return (place * axes).mean(-1), (pace * axes).mean(-1)

    # ---- evaluators

    def evaluate(self, module: Any, step: int) -> dict[str, float]:
        """The evaluators of ``gengine evaluate`` on held-out recordings, and each value over the recordings' own.

        Poses are those of whole recordings, window after window on the network's own poses. ``score`` is FGD, with
        its encoder; without one a Fréchet distance of poses and their steps.
        """
        if self.shape.head == "flow" and self.s.noise_fit:
            fit_noise(module["camn"], self.rollout, self.learn, self.s.noise_fit)
        clips = []
        for clip in range(min(self.s.validation, len(self.held))):
            motion = self.rollout.made(module["camn"], self.held, clip)
            if not np.isfinite(motion.rotations).all():
                raise GengineError(f"evaluation at step {step}: the network's poses are not finite")
            clips.append(replace(self.rollout.truth(self.held, clip), motion=motion))
        values, truth = validate(clips, self.encoder)
        ratios = {f"{name}_ratio": values[name] / max(truth[name], 1e-9) for name in RATIOS}
        found = {k: v for k, v in ({k: values[k] for k in KEPT if k in values} | ratios).items() if np.isfinite(v)}
        return found | {"score": values["fgd"] if self.encoder is not None else pose_distance(clips)}

    def preview(self, module: Any, step: int, folder: Path) -> None:
        """Stick figures of three held-out recordings, made and true."""
        for clip in range(min(3, len(self.held))):
            truth = self.rollout.truth(self.held, clip)
            stick_figures.draw(
                self.rollout.made(module["camn"], self.held, clip), truth.reference, folder / f"{truth.name}.png"
            )

    def export(self, module: Any, folder: Path, log: dict[str, Any]) -> None:
        """The checkpoint as ``CamnNetwork`` reads it, matrices in half precision."""
        tensors = {f"net.{k}": v.detach().cpu().float().numpy() for k, v in module["camn"].state_dict().items()}
        small = {k: v.astype(np.float16) if v.ndim > 1 else v for k, v in tensors.items()}
        config = {
            "kind": "camn",
            "version": VERSION,
            "shape": self.shape.as_dict(),
            "fps": self.s.fps,
            "before": self.window.before,
            "after": self.window.after,
            "sampling": list(self.s.sampling),
            "cues": list(self.learn.kinds),
            "data": {"build": hashlib.sha256(f"{self.learn.build} {self.held.build}".encode()).hexdigest()[:16]},
            "trained": log,
        }
        save_checkpoint(folder, config, small | self.space.tensors())


def _tell_apart(discriminator: Any, real: Tensor, made: Tensor, conditions: Tensor) -> tuple[Tensor, dict[str, float]]:
    """The discriminator's loss, and the share of frames that it is right about."""
    from torch.nn.functional import softplus

    yes, no = discriminator(real, conditions), discriminator(made, conditions)
    loss = (softplus(-yes) + softplus(no)).float().mean()
    return loss, {"right": float(((yes > 0).float().mean() + (no < 0).float().mean()) / 2)}


def space_of(data: MotionExamples) -> PoseSpace:
    """The pose space of the training poses (60,000 of them are plenty)."""
    some = slice(None, None, max(1, len(data.columns["root"]) // 60000))
    return PoseSpace.of(data.columns["rotations"][some], data.columns["root"][some])


def _coordinates(space: PoseSpace, data: MotionExamples) -> Sequence[NDArray[np.float32]]:
    rotations, root = data.columns["rotations"], data.columns["root"]
    parts = [space.encode(rotations[i : i + 20000], root[i : i + 20000]) for i in range(0, len(root), 20000)]
    return [np.concatenate([p[k] for p in parts]).astype(np.float32) for k in (0, 1)]
