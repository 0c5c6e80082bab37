"""Training of the phone recogniser: small time-convolutional network, exported for plain numpy.

``train(config, out)`` writes a checkpoint that ``gengine.encoders.phones.PhoneEncoder`` runs;
``evaluate(config, checkpoint)`` measures it on held-out speakers through that same encoder.
"""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from gengine.checkpoint import save_checkpoint
from gengine.core.noise import generator, stable_seed
from gengine.encoders import logmel
from gengine.encoders.phones import CLASS_OF, CLASSES, PHONES
from gengine.errors import GengineError, MissingExtraError
from gengine.training.phone_examples import Examples, collect, held_out, realign, stretch

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

    class Trunk(nn.Module):
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

    return Trunk()


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
    words that it does not hear; the second learns from those.
    """
    s = _settings(config)
    build_network(1, s["layers"], 0.0)  # without torch, say so before an hour of reading
    everything = examples_of(s)
    learn = Examples([e for e in everything.items if not held_out(e.corpus, e.name, e.speaker)], everything.sets)
    log.info("%d utterances, %.1f min", len(learn.items), sum(map(len, learn.items)) / 6000)
    network = None
    for steps in s["steps"]:
        if network is not None:
            learn = _listen_again(network, learn)
        network = fit(learn, s, steps)
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


def fit(learn: Examples, s: dict[str, Any], steps: int) -> Any:
    """One network trained on ``learn`` by the settings ``s``; an average of its last weights."""
    import torch

    torch.manual_seed(stable_seed(s["seed"], "phones") % 2**63)
    torch.set_num_threads(s["threads"])
    network = build_network(s["width"], s["layers"], s["dropout"])
    average = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995), use_buffers=True
    )
    members = torch.tensor(learn.members())
    onto = torch.tensor(np.eye(len(CLASSES), dtype=np.float32)[CLASS_OF])
    classes = (members @ onto > 0).float()
    silence = learn.sets.index("sil")
    weight_of = torch.tensor([s["class_weights"].get(c, 1.0) for c in CLASSES])[torch.tensor(CLASS_OF)]
    set_weight = (members * weight_of).sum(1) / members.sum(1)
    set_weight[members.sum(1) == len(PHONES)] = 0
    share = np.array([len(e) * s["corpus_weights"].get(e.corpus, 1.0) for e in learn.items])
    share = share / share.sum()
    optimiser = torch.optim.AdamW(network.parameters(), s["rate"], weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, s["rate"], steps, pct_start=0.15)
    began, shown = time.monotonic(), np.zeros(4)
    network.train()
    for step in range(steps):
        rng = generator(s["seed"], "batch", step)
        few = rng.choice(len(learn.items), (s["batch"], 8), p=share)
        batch = [stretch([learn.items[i] for i in row], s["frames"], silence, rng) for row in few]
        x, labels, jaw = (torch.tensor(np.stack(v)) for v in zip(*batch, strict=True))
        rows = x.reshape(len(x), s["frames"] // 2, -1).transpose(1, 2)
        with torch.autocast("cpu", torch.bfloat16):
            y = network(rows)
        y = y.float().transpose(1, 2).reshape(len(x), s["frames"], -1)
        chance = y[..., :-1].softmax(-1)
        weight = set_weight[labels] / set_weight[labels].sum()
        phone_loss = -(torch.log((chance * members[labels]).sum(-1) + 1e-6) * weight).sum()
        class_loss = -(torch.log(((chance @ onto) * classes[labels]).sum(-1) + 1e-6) * weight).sum()
        known = torch.isfinite(jaw)
        jaw_loss = torch.nn.functional.smooth_l1_loss(y[..., -1][known], jaw[known], beta=0.1)
        loss = phone_loss + s["class_loss"] * class_loss + s["jaw_weight"] * jaw_loss
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        schedule.step()
        average.update_parameters(network)
        with torch.no_grad():
            best = chance.argmax(-1, keepdim=True)
            right = (torch.gather(members[labels], 2, best)[..., 0] * (weight > 0)).sum() / (weight > 0).sum()
            shown += [float(phone_loss), float(class_loss), float(jaw_loss), float(right)]
        if (step + 1) % 100 == 0:
            numbers = (*shown / 100, time.monotonic() - began)
            log.info("step %d: phone %.3f class %.3f jaw %.4f right %.3f (%.0f s)", step + 1, *numbers)
            shown[:] = 0
    return average.module.eval()
