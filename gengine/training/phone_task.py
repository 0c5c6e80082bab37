"""Training of the phone recogniser: small time-convolutional network, exported for plain numpy.

``train(config, out)`` writes a checkpoint that ``gengine.encoders.phones.PhoneEncoder`` runs;
``evaluate(config, checkpoint)`` measures it on held-out speakers through that same encoder.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import numpy as np

from gengine.checkpoint import save_checkpoint
from gengine.core.noise import generator, stable_seed
from gengine.encoders import logmel
from gengine.encoders.phones import CLASS_OF, CLASSES, PHONES
from gengine.errors import GengineError, MissingExtraError
from gengine.training.loop import LoopSettings, Player, run
from gengine.training.phone_examples import Examples, collect, held_out, realign, stretch
from gengine.training.resume import load_average

log = logging.getLogger(__name__)

DEFAULTS: dict[str, Any] = {
    "data": None,
    "cache": "runs/cache",
    "corpora": ["ljspeech", "kathleen", "speechocean", "grid", "emodb", "facegood", "librispeech", "flite"],
    "synthetic": 900,
    "seed": 1,
    "steps": [1500, 9000],
    "batch": 16,
    "frames": 600,
    "width": 192,
    "layers": [[5, 1, 2], [3, 1, 1], [3, 1, 1], [3, 2, 2], [3, 2, 2], [3, 4, 0], [3, 8, 0], [3, 1, 0]],
    "rate": 2e-3,
    "dropout": 0.12,
    "class_weights": {"bilab": 1.5, "labdent": 1.5, "sil": 0.7},
    "corpus_weights": {
        "ljspeech": 2.0,
        "kathleen": 1.5,
        "speechocean": 1.5,
        "librispeech": 1.5,
        "flite": 0.6,
        "grid": 0.5,
    },
    "class_loss": 0.5,
    "jaw_weight": 4.0,
    "prior_scale": 0.3,
    "change_cost": 2.0,
    "threads": 1,
}
"""Every setting of the training with its default; a config names only what differs. ``layers`` are
(kernel, dilation, look-ahead in rows of 20 ms)."""


def _settings(config: dict[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(config) - set(DEFAULTS))
    if unknown:
        raise GengineError(f"training config: unknown {', '.join(unknown)}; allowed are {', '.join(DEFAULTS)}")
    return {**DEFAULTS, **config}


def data_folder(config: dict[str, Any]) -> Path:
    """Where the reference recordings lie: the config's ``data``, ``GENGINE_DATA``, or beside the project."""
    beside = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    folder = Path(config.get("data") or os.environ.get("GENGINE_DATA") or beside)
    if not folder.is_dir():
        raise GengineError(f"reference recordings are not at {folder}; set 'data' in the config or GENGINE_DATA")
    return folder


def examples_of(config: dict[str, Any]) -> Examples:
    """The configured corpora as frames (cached)."""
    s = _settings(config)
    return collect(data_folder(s), s["corpora"], s["synthetic"], s["seed"], Path(s["cache"]))


def build_network(width: int, layers: list[list[int]], dropout: float) -> Any:
    """The torch module: ``(B, 2 * BANDS, rows)`` → ``(B, 2 * 41, rows)``."""
    try:
        import torch
        from torch import nn
    except ImportError:
        raise MissingExtraError("training", "train") from None

    class PhoneClassifier(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convolutions, self.norms, self.pads = nn.ModuleList(), nn.ModuleList(), []
            size = 2 * logmel.BANDS
            for kernel, dilation, ahead in layers:
                self.convolutions.append(nn.Conv1d(size, width, kernel, dilation=dilation, bias=False))
                self.norms.append(nn.BatchNorm1d(width, momentum=0.05))
                self.pads.append(((kernel - 1) * dilation - ahead, ahead))
                size = width
            self.drop = nn.Dropout1d(dropout)
            self.head = nn.Conv1d(width, 2 * (len(PHONES) + 1), 1)

        def forward(self, x: Any) -> Any:
            for i, (conv, norm, pad) in enumerate(zip(self.convolutions, self.norms, self.pads, strict=True)):
                y = torch.relu(norm(conv(nn.functional.pad(x, pad))))
                x = x + self.drop(y) if i else y
            return self.head(x)

    return PhoneClassifier()


def export(network: Any, settings: dict[str, Any], tensors: dict[str, Any], out: Path) -> None:
    """Fold the normalisations into the convolutions and write the checkpoint."""
    state = {k: v.detach().cpu().double().numpy() for k, v in network.state_dict().items()}
    for i in range(len(settings["layers"])):
        n = f"norms.{i}"
        scale = state[f"{n}.weight"] / np.sqrt(state[f"{n}.running_var"] + 1e-5)
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
        "layers": [{"kernel": k, "dilation": d, "ahead": a} for k, d, a in settings["layers"]],
        "prior_scale": settings["prior_scale"],
        "trained": {k: v for k, v in settings.items() if k not in ("data", "cache", "threads")},
    }
    save_checkpoint(out, config, tensors)


def statistics(examples: Examples, change_cost: float) -> dict[str, Any]:
    """Log priors of phones and the cost of passing from one to another, from frames with a single phone."""
    index = np.array([PHONES.index(s) if s in PHONES else -1 for s in examples.sets])
    count, pairs = np.ones(len(PHONES)), np.full((len(PHONES), len(PHONES)), 0.5)
    for e in examples.items:
        labels = index[e.labels]
        count += np.bincount(labels[labels >= 0], minlength=len(PHONES))
        a, b = labels[:-1], labels[1:]
        np.add.at(pairs, (a[(a != b) & (a >= 0) & (b >= 0)], b[(a != b) & (a >= 0) & (b >= 0)]), 1)
    change = np.log(pairs / pairs.sum(axis=1, keepdims=True)) * 0.5 - change_cost
    np.fill_diagonal(change, 0)
    return {
        "log_prior": np.log(count / count.sum()).astype(np.float32),
        "transitions": change.astype(np.float32),
        "bonus": np.zeros(len(PHONES), np.float32),
    }


def train(config: dict[str, Any], out: Path) -> Path:
    """Train by ``config`` (see ``DEFAULTS``) and write the checkpoint to ``out``; the same seed, the same run.

    Two rounds: the first network moves the corpora's phone borders to where it hears them and drops guessed
    words that it does not hear; the second learns from those. Each has its run folder in ``out``.
    """
    s = _settings(config)
    build_network(1, s["layers"], 0.0)  # without torch, say so before an hour of reading
    everything = examples_of(s)
    learn = Examples([e for e in everything.items if not held_out(e.corpus, e.name, e.speaker)], everything.sets)
    log.info("%d utterances, %.1f min", len(learn.items), sum(map(len, learn.items)) / 6000)
    network = None
    for i, steps in enumerate(s["steps"]):
        if network is not None:
            learn = _listen_again(network, learn)
        network = fit(learn, s, steps, out / f"round-{i + 1}")
    export(network, s, statistics(learn, s["change_cost"]), out)
    return out


def _listen_again(network: Any, learn: Examples) -> Examples:
    import torch

    members, items = learn.members(), []
    for e in learn.items:
        x = e.decibels[: len(e) // 2 * 2].astype(np.float32)
        level = logmel.running_level(logmel.loudness((10 ** (x / 10)).astype(np.float32)), logmel.START_LEVEL)
        rows = torch.tensor(logmel.relative(x, level)).reshape(1, len(x) // 2, -1).transpose(1, 2)
        with torch.no_grad():
            y = network(rows).transpose(1, 2).reshape(len(x), -1)[:, :-1].log_softmax(-1).numpy()
        whole = np.concatenate([y, y[-1:].repeat(len(e) - len(x), axis=0)])
        items.append(realign(e, whole, members, doubt=0.1 if e.corpus == "librispeech" else 0.0))
    moved = float(np.mean(np.concatenate([a.labels != b.labels for a, b in zip(items, learn.items, strict=True)])))
    log.info("listened again: %.1f %% of the frames have another label", 100 * moved)
    return Examples(items, learn.sets)


class PhoneTask:
    """One round of training as the loop runs it."""

    def __init__(self, learn: Examples, settings: dict[str, Any]) -> None:
        import torch

        s = settings
        self.learn, self.s = learn, s
        self.config = {k: v for k, v in s.items() if k not in ("data", "cache", "threads")}
        self.module = build_network(s["width"], s["layers"], s["dropout"])
        members = torch.tensor(learn.members())
        onto = torch.tensor(np.eye(len(CLASSES), dtype=np.float32)[CLASS_OF])
        weight_of = torch.tensor([s["class_weights"].get(c, 1.0) for c in CLASSES])[torch.tensor(CLASS_OF)]
        set_weight = (members * weight_of).sum(1) / members.sum(1)
        set_weight[members.sum(1) == len(PHONES)] = 0
        self.tables = members, onto, (members @ onto > 0).float(), set_weight
        share = np.array([len(e) * s["corpus_weights"].get(e.corpus, 1.0) for e in learn.items])
        self.share, self.silence = share / share.sum(), learn.sets.index("sil")

    def players(self) -> list[Player]:
        return [Player("network", list(self.module.parameters()), self.s["rate"], (0.9, 0.999), 0.02)]

    def batch(self, step: int, rank: int, world: int) -> dict[str, Any]:
        import torch

        s, rng = self.s, generator(self.s["seed"], "batch", step)
        few = rng.choice(len(self.learn.items), (s["batch"], 8), p=self.share)
        made = [stretch([self.learn.items[i] for i in row], s["frames"], self.silence, rng) for row in few]
        x, labels, jaw = (torch.tensor(np.stack(v)[rank::world]) for v in zip(*made, strict=True))
        return {"x": x, "labels": labels, "jaw": jaw}

    def loss(self, player: str, module: Any, batch: dict[str, Any], step: int) -> tuple[Any, dict[str, float]]:
        import torch

        x, labels, jaw = batch["x"], batch["labels"], batch["jaw"]
        rows = x.reshape(len(x), self.s["frames"] // 2, -1).transpose(1, 2)
        y = module(rows)
        with torch.autocast(x.device.type, enabled=False):
            return self._loss(y.float().transpose(1, 2).reshape(len(x), self.s["frames"], -1), labels, jaw)

    def _loss(self, y: Any, labels: Any, jaw: Any) -> tuple[Any, dict[str, float]]:
        import torch

        members, onto, classes, set_weight = (table.to(y.device) for table in self.tables)
        chance = y[..., :-1].softmax(-1)
        weight = set_weight[labels] / set_weight[labels].sum()
        phone_loss = -(torch.log((chance * members[labels]).sum(-1) + 1e-6) * weight).sum()
        class_loss = -(torch.log(((chance @ onto) * classes[labels]).sum(-1) + 1e-6) * weight).sum()
        known = torch.isfinite(jaw)
        jaw_loss = torch.nn.functional.smooth_l1_loss(y[..., -1][known], jaw[known], beta=0.1)
        loss = phone_loss + self.s["class_loss"] * class_loss + self.s["jaw_weight"] * jaw_loss
        with torch.no_grad():
            best = chance.argmax(-1, keepdim=True)
            right = (torch.gather(members[labels], 2, best)[..., 0] * (weight > 0)).sum() / (weight > 0).sum()
        parts = {"phone": phone_loss, "class": class_loss, "jaw": jaw_loss, "right": right}
        return loss, {name: float(value.detach()) for name, value in parts.items()}

    def evaluate(self, module: Any, step: int) -> dict[str, float]:
        return {}

    def preview(self, module: Any, step: int, folder: Path) -> None:
        pass

    def export(self, module: Any, folder: Path, log: dict[str, Any]) -> None:
        export(module, self.s, statistics(self.learn, self.s["change_cost"]), folder)


def fit(learn: Examples, s: dict[str, Any], steps: int, out: Path) -> Any:
    """One network trained on ``learn`` by the settings ``s`` in the run folder ``out``; its averaged weights."""
    import torch

    torch.manual_seed(stable_seed(s["seed"], "phones") % 2**63)
    task = PhoneTask(learn, s)
    settings = LoopSettings(
        steps, batch=s["batch"], schedule="onecycle", warmup=0.15, clip=2.0, ema=0.995, ema_warmup=False,
        precision="bf16", evaluate_every=steps, log_every=100, seed=None, threads=s["threads"],
    )  # fmt: skip
    run(task, settings, out)
    network = build_network(s["width"], s["layers"], s["dropout"])
    load_average(out, network)
    return network.eval()
