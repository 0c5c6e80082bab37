"""Training of the phone recogniser: small time-convolutional network, exported for plain numpy.

``PhoneTraining.run`` writes a checkpoint that ``gengine.encoders.phones.PhoneEncoder`` runs; ``benchmarks/phones.py``
measures it on held-out speakers through that same encoder.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from gengine.checkpoint import load_checkpoint, save_checkpoint
from gengine.core.noise import generator, stable_seed
from gengine.encoders import logmel
from gengine.encoders.phones import CLASS_OF, CLASSES, PHONES
from gengine.errors import GengineError
from gengine.training.loop import LoopSettings, Player, run
from gengine.training.phone_examples import Example, Examples, collect, held_out, realign, stretch
from gengine.training.resume import load_average
from gengine.training.settings import Training

log = logging.getLogger(__name__)

DECAY = 0.02
"""Weight decay of AdamW (judgement)."""
BETAS = (0.9, 0.999)
"""Of Adam: torch's defaults; the schedule moves the first."""
NORM_MOMENTUM = 0.05
"""Of the running statistics of normalisations (judgement)."""
VARIANCE_FLOOR = 1e-5
"""Added to variances by torch's batch normalisation."""
CHANCE_FLOOR = 1e-6
"""Added to chances before their logarithm is taken."""
JAW_HUBER = 0.1
"""Jaw opening (0 to 1) beyond which its loss is linear (judgement)."""
ROW_WORDS = 8
"""Utterances among which a stretch may choose."""
LEAST_PAIRS = 0.5
"""Added to the count of every pair of phones."""
CHANGE_SHARE = 0.5
"""Power of the chance of a change in its cost (judgement)."""
DOUBT = 0.1
"""Chance of the labelled lip class below which a frame of machine-written words becomes unknown (judgement)."""
GUESSED = "librispeech"
"""The corpus whose words a machine wrote down."""
CHILD = 1.2
"""A voice this many times as high, in pitch and throat, is a child's."""
AVERAGE = 0.995
"""Decay of the averaged weights (judgement)."""
CALIBRATION = 32
"""Utterances by which the normalisations of a network that goes on from a checkpoint are set."""


class LabelTraining(Training):
    """Settings of what learns phones from labels; values without a source are a judgement, made on held-out speakers
    with ``benchmarks/phones.py``."""

    MACHINE: ClassVar[tuple[str, ...]] = ("data", "cache", "threads")

    data: Path | None = None
    """Folder of the reference recordings; null: ``GENGINE_DATA``, or beside the project."""
    cache: Path = Path("runs/cache")
    """Folder in which the corpora's frames are kept."""
    corpora: tuple[str, ...] = (
        "ljspeech", "kathleen", "speechocean", "grid", "emodb", "facegood", "librispeech", "flite",
    )  # fmt: skip
    """What is learned from, of the readers of ``phone_examples.utterances``."""
    synthetic: int = Field(default=900, ge=0)
    """Sentences that flite speaks."""
    seed: int = 1
    """The same seed, the same run."""
    steps: tuple[int, ...] = (1500, 9000)
    """Steps of each round that learns labels: the first network corrects the labels of the second."""
    batch: int = Field(default=16, ge=1)
    """Stretches a step, over all processes."""
    frames: int = Field(default=600, ge=2, multiple_of=2)
    """Frames of 10 ms in a stretch."""
    width: int = Field(default=192, ge=1)
    """Channels of the network."""
    rate: float = Field(default=2e-3, ge=0)
    """Largest learning rate of AdamW."""
    dropout: float = Field(default=0.12, ge=0, lt=1)
    """Share of channels that are lost while it learns."""
    class_weights: dict[str, float] = {"bilab": 1.5, "labdent": 1.5, "sil": 0.7}
    """Weight of frames by lip class (others: 1): closures show most."""
    corpus_weights: dict[str, float] = {
        "librispeech": 3.0, "ljspeech": 1.5, "speechocean": 1.5, "facegood": 0.7, "grid": 0.4, "flite": 0.35,
    }  # fmt: skip
    """How often a corpus is drawn, over its length (others: 1)."""
    class_loss: float = Field(default=0.5, ge=0)
    """Weight of the lip classes' loss beside the phones'."""
    jaw_weight: float = Field(default=4.0, ge=0)
    """Weight of the jaw's loss beside the phones'."""
    prior_scale: float = Field(default=0.3, ge=0)
    """Power of the phones' priors that posteriors are divided by."""
    change_cost: float = Field(default=2.0, ge=0)
    """Cost of passing to another phone, nats."""
    threads: int | None = Field(default=1, ge=1)
    """Threads of torch."""

    @field_validator("class_weights")
    @classmethod
    def _known(cls, weights: dict[str, float]) -> dict[str, float]:
        if unknown := sorted(set(weights) - set(CLASSES)):
            raise ValueError(f"unknown {', '.join(unknown)}; choose from {', '.join(CLASSES)}")
        return weights


class PhoneTraining(LabelTraining):
    """Settings of the phone recogniser's training. ``steps``: none, and only what ``start`` hears is learned."""

    taught_steps: int = Field(default=12000, ge=0)
    """Steps of the last round: the network learns to hear in disturbed sound what it heard in the same sound before
    (Li et al. 2017, "Large-scale domain adaptation via teacher-student learning"); 0: none."""
    taught_rate: float = Field(default=4e-4, ge=0)
    """Largest learning rate there; 1e-3 took an unseen voice's clean speech from F1 .63 to .56 in 1500 steps."""
    trust: float = Field(default=0.5, ge=0, le=1)
    """Share of the labels in what is taught: of the teacher's chances, those that the label allows."""
    start: str | None = None
    """Checkpoint of the same layers, at most as wide, whose weights the network begins with and whose ears correct the
    labels; null: nothing."""
    layers: tuple[tuple[int, int, int], ...] = (
        (5, 1, 2), (3, 1, 1), (3, 1, 1), (3, 2, 2), (3, 2, 2), (3, 4, 0), (3, 8, 0), (3, 1, 0),
    )  # fmt: skip
    """Kernel, dilation and look-ahead of each layer, in rows of 20 ms."""
    child_share: float = Field(default=0.5, ge=0)
    """How often a voice made a child's is drawn, against the same voice as it is."""

    def run(self, out: Path) -> Path:
        """Train and write the checkpoint to ``out``, which is returned; the same seed, the same run.

        Two rounds: the first network moves the corpora's phone borders to where it hears them and drops guessed
        words that it does not hear; the second learns from those. Each has its run folder in ``out``.
        """
        everything = collect(data_folder(self.data), list(self.corpora), self.synthetic, self.seed, self.cache)
        learn = Examples([e for e in everything.items if not held_out(e.corpus, e.name, e.speaker)], everything.sets)
        log.info("%d utterances, %.1f min", len(learn.items), sum(map(len, learn.items)) / 6000)
        network = begin(self, learn) if self.start else None
        for i, steps in enumerate(self.steps):
            if network is not None:
                learn = _listen_again(network, learn)
            network = fit(learn, self, steps, out / f"round-{i + 1}", network if self.start else None)
        if self.taught_steps:
            if network is None:
                raise GengineError("training config: taught_steps without a teacher; set steps, or start")
            network = fit(taught(network, learn, self.trust), self, self.taught_steps, out / "taught", network)
        export(network, self, statistics(learn, self.change_cost), out)
        return out


def data_folder(given: Path | None = None) -> Path:
    """Where the reference recordings lie: as ``given``, in ``GENGINE_DATA``, or beside the project.

    Raises ``GengineError`` where that is no folder.
    """
    beside = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    folder = Path(given or os.environ.get("GENGINE_DATA") or beside)
    if not folder.is_dir():
        raise GengineError(f"reference recordings are not at {folder}; set 'data' in the config or GENGINE_DATA")
    return folder


def build_network(width: int, layers: Sequence[Sequence[int]], dropout: float, settled: bool = False) -> Any:
    """The torch module: ``(B, 2 * BANDS, rows)`` → ``(B, 2 * 41, rows)``; rows of 20 ms hold two frames.

    The statistics of a ``settled`` one's normalisations are no longer learned.
    """
    import torch
    from torch import nn

    class PhoneClassifier(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convolutions, self.norms, self.pads = nn.ModuleList(), nn.ModuleList(), []
            size = 2 * logmel.BANDS
            for kernel, dilation, ahead in layers:
                self.convolutions.append(nn.Conv1d(size, width, kernel, dilation=dilation, bias=False))
                self.norms.append(nn.BatchNorm1d(width, momentum=NORM_MOMENTUM))
                self.pads.append(((kernel - 1) * dilation - ahead, ahead))
                size = width
            self.drop = nn.Dropout1d(dropout)
            self.head = nn.Conv1d(width, 2 * (len(PHONES) + 1), 1)

        def train(self, mode: bool = True) -> Any:
            super().train(mode)
            if settled:
                self.norms.eval()
            return self

        def forward(self, x: Any) -> Any:
            for i, (conv, norm, pad) in enumerate(zip(self.convolutions, self.norms, self.pads, strict=True)):
                y = torch.relu(norm(conv(nn.functional.pad(x, pad))))
                x = x + self.drop(y) if i else y
            return self.head(x)

    return PhoneClassifier()


def export(network: Any, settings: PhoneTraining, tensors: dict[str, Any], out: Path) -> None:
    """Fold the normalisations into the convolutions and write the checkpoint."""
    state = {k: v.detach().cpu().double().numpy() for k, v in network.state_dict().items()}
    for i in range(len(settings.layers)):
        n = f"norms.{i}"
        scale = state[f"{n}.weight"] / np.sqrt(state[f"{n}.running_var"] + VARIANCE_FLOOR)
        weight = state[f"convolutions.{i}.weight"] * scale[:, None, None]  # (out, in, kernel)
        tensors[f"layer{i}.weight"] = weight.transpose(2, 1, 0).reshape(-1, weight.shape[0]).astype(np.float16)
        tensors[f"layer{i}.bias"] = (state[f"{n}.bias"] - state[f"{n}.running_mean"] * scale).astype(np.float32)
    tensors["head.weight"] = state["head.weight"][:, :, 0].T.astype(np.float32)
    tensors["head.bias"] = state["head.bias"].astype(np.float32)
    config = {
        "kind": "phones",
        "version": 1,
        "phones": list(PHONES),
        "classes": {k: list(v) for k, v in CLASSES.items()},
        "layers": [{"kernel": k, "dilation": d, "ahead": a} for k, d, a in settings.layers],
        "prior_scale": settings.prior_scale,
        "trained": settings.learned(),
    }
    save_checkpoint(out, config, tensors)


def statistics(examples: Examples[Any], change_cost: float) -> dict[str, Any]:
    """Log priors of phones and the cost of passing from one to another, from frames with a single phone."""
    index = np.array([PHONES.index(s) if s in PHONES else -1 for s in examples.sets])
    count, pairs = np.ones(len(PHONES)), np.full((len(PHONES), len(PHONES)), LEAST_PAIRS)
    for e in examples.items:
        labels = index[e.labels]
        count += np.bincount(labels[labels >= 0], minlength=len(PHONES))
        a, b = labels[:-1], labels[1:]
        np.add.at(pairs, (a[(a != b) & (a >= 0) & (b >= 0)], b[(a != b) & (a >= 0) & (b >= 0)]), 1)
    change = np.log(pairs / pairs.sum(axis=1, keepdims=True)) * CHANGE_SHARE - change_cost
    np.fill_diagonal(change, 0)
    return {
        "log_prior": np.log(count / count.sum()).astype(np.float32),
        "transitions": change.astype(np.float32),
        "bonus": np.zeros(len(PHONES), np.float32),
    }


def _heard(network: Any, e: Example) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Log posteriors ``(T, 40)`` and jaw ``(T,)`` of an utterance as it is."""
    import torch

    x = e.decibels[: len(e) // 2 * 2].astype(np.float32)
    level = logmel.running_level(logmel.loudness((10 ** (x / 10)).astype(np.float32)), logmel.START_LEVEL)
    rows = torch.tensor(logmel.relative(x, level)).reshape(1, len(x) // 2, -1).transpose(1, 2)
    with torch.no_grad():
        y = network(rows).transpose(1, 2).reshape(len(x), -1)
    y = torch.cat([y, y[-1:].repeat(len(e) - len(x), 1)])
    return y[:, :-1].log_softmax(-1).numpy(), y[:, -1].numpy()


def taught(network: Any, learn: Examples[Example], trust: float) -> Examples[Example]:
    """The examples with what ``network`` hears in each clip's own voice as the teaching of all its copies, by the
    share ``trust`` only what the label allows, and its jaw where nobody's is known by hand."""
    members, items = learn.members(), []
    for e in learn.items:
        if e.ratio != 1 and items and items[-1].name == e.name:
            items.append(replace(e, taught=items[-1].taught, jaw=items[-1].jaw))
            continue
        log_posteriors, jaw = _heard(network, e)
        chance, allowed = np.exp(log_posteriors), members[e.labels]
        agreed = chance * allowed
        share = agreed.sum(axis=1, keepdims=True)
        sharper = np.where(share > DOUBT, agreed / np.maximum(share, CHANCE_FLOOR), chance)
        lesson = ((1 - trust) * chance + trust * sharper).astype(np.float16)
        by_hand = e.corpus == "facegood"
        items.append(replace(e, taught=lesson, jaw=e.jaw if by_hand else jaw.astype(np.float16)))
    return Examples(items, learn.sets)


def _listen_again(network: Any, learn: Examples[Example]) -> Examples[Example]:
    members, items = learn.members(), []
    for e in learn.items:
        if e.ratio != 1 and items and items[-1].name == e.name:  # the same clip in another voice: it follows its own
            items.append(replace(e, labels=items[-1].labels))
            continue
        items.append(realign(e, _heard(network, e)[0], members, doubt=DOUBT if e.corpus == GUESSED else 0.0))
    moved = float(np.mean(np.concatenate([a.labels != b.labels for a, b in zip(items, learn.items, strict=True)])))
    log.info("listened again: %.1f %% of the frames have another label", 100 * moved)
    return Examples(items, learn.sets)


class LabelTask:
    """Learning phones, lip classes and jaw from labels, as the loop runs it; batches are the subclass's own."""

    def __init__(self, learn: Examples[Any], settings: LabelTraining, module: Any) -> None:
        import torch

        self.learn, self.s, self.module = learn, settings, module
        self.config = settings.learned()
        members = torch.tensor(learn.members())
        onto = torch.tensor(np.eye(len(CLASSES), dtype=np.float32)[CLASS_OF])
        weight_of = torch.tensor([settings.class_weights.get(c, 1.0) for c in CLASSES])[torch.tensor(CLASS_OF)]
        set_weight = (members * weight_of).sum(1) / members.sum(1)
        set_weight[members.sum(1) == len(PHONES)] = 0
        self.tables = members, onto, (members @ onto > 0).float(), set_weight
        share = np.array([len(e) * settings.corpus_weights.get(e.corpus, 1.0) for e in learn.items])
        self.share = share / share.sum()
        self.weights = weight_of

    def players(self) -> list[Player]:
        """One."""
        return [Player("network", list(self.module.parameters()), self.s.rate, BETAS, DECAY)]

    def loss(self, player: str, module: Any, batch: dict[str, Any], step: int) -> tuple[Any, dict[str, float]]:
        import torch

        x, labels, jaw = batch["x"], batch["labels"], batch["jaw"]
        rows = x.reshape(len(x), self.s.frames // 2, -1).transpose(1, 2)
        y = module(rows)
        with torch.autocast(x.device.type, enabled=False):
            y = y.float().transpose(1, 2).reshape(len(x), self.s.frames, -1)
            return self._loss(y, labels, jaw)

    def _loss(self, y: Any, labels: Any, jaw: Any) -> tuple[Any, dict[str, float]]:
        import torch

        members, onto, classes, set_weight = (table.to(y.device) for table in self.tables)
        chance = y[..., :-1].softmax(-1)
        weight = set_weight[labels] / set_weight[labels].sum()
        phone_loss = -(torch.log((chance * members[labels]).sum(-1) + CHANCE_FLOOR) * weight).sum()
        class_loss = -(torch.log(((chance @ onto) * classes[labels]).sum(-1) + CHANCE_FLOOR) * weight).sum()
        known = torch.isfinite(jaw)
        jaw_loss = torch.nn.functional.smooth_l1_loss(y[..., -1][known], jaw[known], beta=JAW_HUBER)
        loss = phone_loss + self.s.class_loss * class_loss + self.s.jaw_weight * jaw_loss
        with torch.no_grad():
            best = chance.argmax(-1, keepdim=True)
            right = (torch.gather(members[labels], 2, best)[..., 0] * (weight > 0)).sum() / (weight > 0).sum()
        parts = {"phone": phone_loss, "class": class_loss, "jaw": jaw_loss, "right": right}
        return loss, {name: float(value.detach()) for name, value in parts.items()}

    def evaluate(self, module: Any, step: int) -> dict[str, float]:
        return {}

    def preview(self, module: Any, step: int, folder: Path) -> None:
        pass


class PhoneTask(LabelTask):
    """One round of the recogniser's training: labels are learned, or what a teacher heard."""

    learn: Examples[Example]
    s: PhoneTraining

    def __init__(self, learn: Examples[Example], settings: PhoneTraining) -> None:
        s = settings
        self.taught = learn.items[0].taught is not None
        own = 0.0 if self.taught else s.dropout
        super().__init__(learn, s, build_network(s.width, s.layers, own, settled=self.taught))
        share = self.share * np.where(np.array([e.ratio for e in learn.items]) > CHILD, s.child_share, 1.0)
        self.share = share / share.sum()
        self.silence = np.eye(len(PHONES), dtype=np.float32)[0] if self.taught else learn.sets.index("sil")

    def players(self) -> list[Player]:
        """One."""
        rate = self.s.taught_rate if self.taught else self.s.rate
        return [Player("network", list(self.module.parameters()), rate, BETAS, DECAY)]

    def batch(self, step: int, rank: int, world: int) -> dict[str, Any]:
        import torch

        s, rng = self.s, generator(self.s.seed, "batch", step)
        few = rng.choice(len(self.learn.items), (s.batch, ROW_WORDS), p=self.share)
        made = [stretch([self.learn.items[i] for i in row], s.frames, self.silence, rng) for row in few]
        x, labels, jaw = (torch.tensor(np.stack(v)[rank::world]) for v in zip(*made, strict=True))
        return {"x": x, "labels": labels, "jaw": jaw}

    def _loss(self, y: Any, labels: Any, jaw: Any) -> tuple[Any, dict[str, float]]:
        return self._taught_loss(y, labels, jaw) if self.taught else super()._loss(y, labels, jaw)

    def _taught_loss(self, y: Any, lesson: Any, jaw: Any) -> tuple[Any, dict[str, float]]:
        """Divergence from the teacher's chances, of phones and of lip classes, and the jaw's error."""
        import torch

        onto, weights = self.tables[1].to(y.device), self.weights.to(y.device)
        logs = y[..., :-1].log_softmax(-1)
        weight = lesson @ weights
        weight = weight / weight.sum()
        phone_loss = ((torch.xlogy(lesson, lesson + CHANCE_FLOOR) - lesson * logs).sum(-1) * weight).sum()
        of_class = lesson @ onto
        class_logs = torch.log(logs.exp() @ onto + CHANCE_FLOOR)
        class_loss = ((torch.xlogy(of_class, of_class + CHANCE_FLOOR) - of_class * class_logs).sum(-1) * weight).sum()
        known = torch.isfinite(jaw)
        jaw_loss = torch.nn.functional.smooth_l1_loss(y[..., -1][known], jaw[known], beta=JAW_HUBER)
        loss = phone_loss + self.s.class_loss * class_loss + self.s.jaw_weight * jaw_loss
        same = (logs.argmax(-1) == lesson.argmax(-1)).float().mean()
        parts = {"phone": phone_loss, "class": class_loss, "jaw": jaw_loss, "right": same}
        return loss, {name: float(value.detach()) for name, value in parts.items()}

    def export(self, module: Any, folder: Path, log: dict[str, Any]) -> None:
        export(module, self.s, statistics(self.learn, self.s.change_cost), folder)


def begin(s: PhoneTraining, learn: Examples[Example]) -> Any:
    """A network that does what the checkpoint ``s.start`` does; channels that it lacks begin at random, unheard.

    Raises ``GengineError`` where its layers are others.
    """
    import torch

    config, tensors = load_checkpoint(s.start or "")
    if config.get("layers") != [{"kernel": k, "dilation": d, "ahead": a} for k, d, a in s.layers]:
        raise GengineError(f"training config: start '{s.start}' has other layers than the network; leave it out")
    torch.manual_seed(stable_seed(s.seed, "phones") % 2**63)
    network = build_network(s.width, s.layers, 0.0).train()
    with torch.no_grad():
        for i, conv in enumerate(network.convolutions):
            old = torch.tensor(tensors[f"layer{i}.weight"].astype(np.float32))
            old = old.reshape(conv.kernel_size[0], -1, old.shape[1]).permute(2, 1, 0)
            conv.weight[: old.shape[0]] = 0
            conv.weight[: old.shape[0], : old.shape[1]] = old
        head = torch.tensor(tensors["head.weight"].T.astype(np.float32))
        network.head.weight[:] = 0
        network.head.weight[:, : head.shape[1], 0] = head
        network.head.bias[:] = torch.tensor(tensors["head.bias"])
        rng = generator(s.seed, "calibration")
        few = [learn.items[i] for i in rng.choice(len(learn.items), CALIBRATION)]
        x = torch.tensor(np.stack([stretch([e], s.frames, 0, rng)[0] for e in few]))
        x = x.reshape(len(x), s.frames // 2, -1).transpose(1, 2)
        for i, (conv, norm, pad) in enumerate(zip(network.convolutions, network.norms, network.pads, strict=True)):
            y = conv(torch.nn.functional.pad(x, pad))
            mean, variance = y.mean(dim=(0, 2)), y.var(dim=(0, 2))
            norm.running_mean[:], norm.running_var[:] = mean, variance
            bias = torch.tensor(tensors[f"layer{i}.bias"])
            norm.weight[: len(bias)] = (variance[: len(bias)] + VARIANCE_FLOOR).sqrt()
            norm.bias[: len(bias)] = bias + mean[: len(bias)]
            network.eval()
            y = torch.relu(norm(y))
            x = x + y if i else y
    return network.eval()


def fit(learn: Examples[Example], s: PhoneTraining, steps: int, out: Path, start: Any = None) -> Any:
    """One network trained on ``learn`` by the settings ``s`` in the run folder ``out``, from the weights of ``start``
    where given; its averaged weights."""
    import torch

    torch.manual_seed(stable_seed(s.seed, "phones") % 2**63)
    task = PhoneTask(learn, s)
    if start is not None:
        task.module.load_state_dict(start.state_dict())
    settings = LoopSettings(
        steps, batch=s.batch, schedule="onecycle", warmup=0.15, clip=2.0, ema=AVERAGE, ema_warmup=False,
        precision="bf16", evaluate_every=steps, log_every=100, seed=None, threads=s.threads,
    )  # fmt: skip
    run(task, settings, out)
    network = build_network(s.width, s.layers, s.dropout)
    load_average(out, network)
    return network.eval()
