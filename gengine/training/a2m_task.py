"""Training of the audio-to-motion network (``networks/a2m``): sound and what rules make of it → a real mouth's size.

Teachers are faces over sound: FACEGOOD's human-made curves, and performances (``.npz``) whose face was captured, for
instance a folder that ``gengine capture`` filled. Curves teach every channel; of a captured face the lips' gap and the
mouth's width count most, as landmarks see those and guess at the rest.
"""

from __future__ import annotations

import fnmatch
import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gengine.checkpoint import load_checkpoint, save_checkpoint
from gengine.core.bounds import border
from gengine.core.conditions import MOTION_RATE
from gengine.core.face import ARKIT_NAMES, FaceTrack
from gengine.core.lips import SealModel
from gengine.core.noise import generator, stable_seed
from gengine.core.placing import whole
from gengine.core.words import WordTrack
from gengine.data.faces import FaceCorpus, FaceRecording
from gengine.errors import GengineError
from gengine.hearing import hear_recording
from gengine.metrics.face_reference import RATE, FacePair, compare, correlation, gap_of
from gengine.networks.a2m import features
from gengine.networks.a2m.network import AROUND, mouth_of, smoothed
from gengine.networks.visemes.expression import arkit_indices, expressions, mix
from gengine.networks.visemes.targets import MOUTH
from gengine.training.film_faces import FilmNames, captured_films, films
from gengine.training.loop import Player, run
from gengine.training.settings import Training

if TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger(__name__)

VERSION = 2
"""Of cached rows: raise it when one changes its meaning."""
SIDES = [np.array(arkit_indices(name)) for name in MOUTH]
LEAST_DEVIATION = 0.02
"""Added to the deviations that errors and inputs are divided by (judgement)."""
GAP, WIDTH = (
    np.array([model[s].sum() for s in SIDES], np.float32) for model in (SealModel.ict().gap, SealModel.ict().width)
)
"""Of every channel of the mouth at weight 1: what it does to the lips' gap and the mouth's width, mm."""
OF_MOUTHS = (
    "lip_r",
    "lip_error",
    "lip_spread",
    "lip_lag",
    "jaw_r",
    "lbe",
    "lve",
    "closures",
    "closures_false",
    "silent_gap",
)
"""Rows of ``metrics.face_reference`` that a mouth alone has."""


class A2mTraining(Training):
    """Settings of the training; values without a source are a judgement that the card of a2m-v3 stands on."""

    data: list[Path] = Field(min_length=1)
    """Folders of FACEGOOD takes, of performances (.npz) with faces as gengine capture makes them, in BEAT's layout, or
    of films, whose faces are captured once."""
    upper: str | None = None
    """The checkpoint whose upper face goes along with the mouth: a bundled name or a folder; none: the rules' own."""
    names: FilmNames | None = None
    """How the names of films tell emotions."""
    cache: Path = Path("runs/cache")
    """Folder in which the rows are kept."""
    held: list[str] = []
    """Patterns of names that are never learned from: evaluators see these."""
    width: int = Field(default=64, ge=1)
    """Units of both hidden layers."""
    dropout: float = Field(default=0.2, ge=0, lt=1)
    """Share of the first layer's units lost while learning."""
    no_phones: float = Field(default=0.3, ge=0, le=1)
    """Share of examples that must do without phones: in other languages they are often wrong."""
    shaken: float = Field(default=0.1, ge=0)
    """Deviations of noise on what is read."""
    channels: float = Field(default=0.2, ge=0)
    """Weight of captured faces' channels beside those of curves that people made."""
    millimetres: float = Field(default=0.2, ge=0)
    """Weight of a mm of the lips' gap or the mouth's width beside a deviation of a channel."""
    rate: float = Field(default=2e-3, gt=0)
    """Learning rate of AdamW."""
    weight_decay: float = Field(default=0.05, ge=0)
    """Of AdamW."""
    batch: int = Field(default=512, ge=1)
    """Frames a step."""
    steps: int = Field(default=3000, ge=1)
    """Steps of the optimiser."""
    ema: float | None = Field(default=0.99, ge=0, lt=1)
    """Decay of the averaged weights, a step."""
    evaluate_every: int = Field(default=1000, ge=1)
    """Steps between evaluations."""
    log_every: int = Field(default=250, ge=1)
    """Steps between lines of the log."""
    seed: int = 1
    """The same seed, the same run."""
    threads: int | None = Field(default=1, ge=1)
    """Threads of torch; null: as it likes."""
    minutes: float | None = Field(default=None, ge=0)
    """Minutes after which the run ends as if finished."""

    def run(self, out: Path) -> Path:
        """Train into the run folder ``out``; its ``best`` is a checkpoint that ``--face`` takes."""
        return run(A2mTask(self), self.loop(), out)


@dataclass(frozen=True, eq=False)
class MouthExamples:
    """Frames of one recording at ``MOTION_RATE``: ``rows (T, ROW)`` and the ``mouth (T, 12)`` that a face made."""

    name: str
    rows: NDArray[np.float32]
    mouth: NDArray[np.float32]
    made: bool
    """People made the curves; else they were captured."""


def mouth_in(face: FaceTrack, count: int) -> NDArray[np.float32]:
    """Mouth weights ``(count, 12)`` by ``MOUTH`` at ``MOTION_RATE``, both sides' mean."""
    weights = np.asarray(face.weights, float)
    own, times = np.arange(len(weights)) / face.fps, np.arange(count) / MOTION_RATE
    both = [weights[:, side].mean(1) for side in SIDES]
    return np.stack([np.interp(times, own, curve) for curve in both], 1).astype(np.float32)


def examples_of(recording: FaceRecording) -> Iterator[MouthExamples]:
    """A recording's frames as they are heard, and, where its words are known, once more as they are said.

    What the rules add to a mouth for an emotion is taken off: the network speaks neutrally, the rules add it again.
    """
    face, performance = recording.face, recording.performance
    count = int(min(face.duration, performance.duration) * MOTION_RATE)
    heard = replace(performance, words=WordTrack())
    for p in (heard, performance) if performance.words.words else (heard,):
        conditions = replace(hear_recording(p), hop_start=0.0, hop_end=count / MOTION_RATE)
        felt = mix(conditions.emotion_at(conditions.frames(MOTION_RATE))[0], expressions())
        shown = np.stack([felt[:, side].mean(1) for side in SIDES], 1)
        mouth = np.clip(mouth_in(face, count) - shown, 0, 1).astype(np.float32)
        yield MouthExamples(recording.name, features.rows_of(conditions), mouth, recording.made)


def collect(folders: list[Path], cache: Path, names: FilmNames | None = None) -> list[MouthExamples]:
    """All frames of ``folders``, from ``cache`` where the same were made before; films (their names read by ``names``)
    are captured into it."""
    found: list[MouthExamples] = []
    for folder in folders:
        if films(folder) and not list(folder.glob("*.npz")):
            told = names.model_dump_json() if names else ""
            key = hashlib.sha256(f"{folder.resolve()} {told}".encode()).hexdigest()[:16]
            folder = captured_films(folder, cache / f"faces-{key}", names)
        stamp = [f"{p.name} {p.stat().st_size} {p.stat().st_mtime_ns}" for p in sorted(folder.rglob("*"))]
        key = hashlib.sha256("\n".join([f"{VERSION} {features.ROW}", *stamp]).encode()).hexdigest()[:16]
        path = cache / f"mouths-{key}.npz"
        if not path.is_file():
            log.info("%s: reading", folder)
            items = [e for recording in FaceCorpus(folder) for e in examples_of(recording)]
            arrays = {f"{i}.{k}": np.asarray(v) for i, e in enumerate(items) for k, v in e.__dict__.items()}
            cache.mkdir(parents=True, exist_ok=True)
            with whole(path, ".npz") as part:
                np.savez(part, count=len(items), **arrays)  # type: ignore[arg-type]
        with border(path, "delete it: it is made again"), np.load(path, allow_pickle=False) as file:
            for i in range(int(file["count"])):
                rows, mouth = file[f"{i}.rows"], file[f"{i}.mouth"]
                found.append(MouthExamples(str(file[f"{i}.name"]), rows, mouth, bool(file[f"{i}.made"])))
    return found


class A2mTask:
    """What the loop needs to know: frames, losses, evaluators, export."""

    def __init__(self, settings: A2mTraining) -> None:
        import torch
        from torch import nn

        self.s = s = settings
        self.config = s.learned()
        every = collect(s.data, s.cache, s.names)
        self.held = [e for e in every if any(fnmatch.fnmatch(e.name, pattern) for pattern in s.held)]
        self.learn = [e for e in every if not any(e is h for h in self.held)]
        if not self.learn:
            raise GengineError(f"training data: all {len(every)} recordings are held out by {', '.join(s.held)}")
        self.rows, self.mouth = (np.concatenate([getattr(e, k) for e in self.learn]) for k in ("rows", "mouth"))
        self.made = np.repeat([e.made for e in self.learn], [len(e.rows) for e in self.learn])
        self.mean, self.deviation = self.rows.mean(0), self.rows.std(0) + LEAST_DEVIATION
        spread = self.mouth[self.made if self.made.any() else ~self.made].std(0)
        self.spread = torch.from_numpy(spread + LEAST_DEVIATION).float()
        # Phones of all taps: these columns are taken away together.
        place = np.arange(features.ROW) % features.FRAME
        self.phones = (place >= features.PHONES.start) & (place < features.PHONES.stop)
        torch.manual_seed(stable_seed(s.seed, "a2m") % 2**63)
        sizes = (features.ROW, s.width, s.width, len(MOUTH))
        first, second, third = (nn.Linear(a, b) for a, b in zip(sizes, sizes[1:], strict=False))
        self.module: Any = nn.Sequential(first, nn.ReLU(), nn.Dropout(s.dropout), second, nn.ReLU(), third)
        log.info("%d recordings, %.1f min; %d held out", len(self.learn), len(self.rows) / 3600, len(self.held))

    def players(self) -> list[Player]:
        """One: the whole network."""
        return [Player("network", list(self.module.parameters()), self.s.rate, weight_decay=self.s.weight_decay)]

    def batch(self, step: int, rank: int, world: int) -> dict[str, Tensor]:
        """Frames from anywhere, read with some noise and some of them without phones."""
        import torch

        rng = generator(self.s.seed, "a2m batch", step, rank)
        index = rng.integers(len(self.rows), size=max(1, self.s.batch // world))
        x = (self.rows[index] - self.mean) / self.deviation
        x += self.s.shaken * rng.standard_normal(x.shape)
        x = np.where((rng.random((len(x), 1)) < self.s.no_phones) & self.phones, 0, x)
        weight = np.where(self.made[index], 1.0, self.s.channels)
        columns = {"x": x, "mouth": self.mouth[index], "weight": weight}
        return {k: torch.from_numpy(np.ascontiguousarray(v, np.float32)) for k, v in columns.items()}

    def loss(self, player: str, module: Any, batch: dict[str, Tensor], step: int) -> tuple[Tensor, dict[str, float]]:
        """Squared error of the channels in deviations, and the error of gap and width in mm."""
        import torch

        error = module(batch["x"]).float() - batch["mouth"]
        channels = ((error / self.spread.to(error.device)) ** 2).mean(1)
        gap, width = ((error @ torch.from_numpy(v).to(error.device)).abs().mean() for v in (GAP, WIDTH))
        total = (channels * batch["weight"]).mean() + self.s.millimetres * (gap + width)
        return total, {"gap": gap.item(), "width": width.item()}

    def evaluate(self, module: Any, step: int) -> dict[str, float]:
        """The mouths of held-out recordings as ``gengine evaluate`` measures them, before seal and emotion; beside them
        the r of loudness and the error (mm) of the mean."""
        if not self.held:
            return {}
        layers = self._layers(module)
        pairs = [pair_of(e, mouth_of(layers, e.rows)) for e in self.held]
        found = {name: value for name, (value, _, _) in compare(pairs).items() if name in OF_MOUTHS}
        true, loud = (np.concatenate(x) for x in ([gap_of(p.reference) for p in pairs], [p.level for p in pairs]))
        found |= {"loudness_r": correlation(loud, true), "mean_error": float(np.abs(true - true.mean()).mean())}
        return {"score": found["lip_error"]} | {name: value for name, value in found.items() if np.isfinite(value)}

    def preview(self, module: Any, step: int, folder: Path) -> None:
        """The gap of six held-out stretches, true and made."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        shown = (self.held or self.learn)[:6]
        figure = Figure(figsize=(12, 2 * len(shown)), layout="constrained")
        FigureCanvasAgg(figure)
        layers = self._layers(module)
        for axis, e in zip(figure.subplots(len(shown), 1, squeeze=False)[:, 0], shown, strict=True):
            part = slice(0, round(8 * RATE))
            pair = pair_of(e, mouth_of(layers, e.rows))
            for face, colour in ((pair.reference, "#2b5f8a"), (pair.face, "#b3541e")):
                axis.plot(gap_of(face)[part], color=colour)
            axis.set_title(f"{e.name}: lip gap, mm (blue: the face that it learned from)", fontsize=8)
        figure.savefig(folder / "gap.png", dpi=80)

    def export(self, module: Any, folder: Path, log: dict[str, Any]) -> None:
        """The checkpoint as ``A2mNetwork`` reads it, what is read scaled within the first layer."""
        tensors = {}
        for i, (weight, bias) in enumerate(self._layers(module)):
            tensors |= {f"layer{i}.weight": weight.astype(np.float32), f"layer{i}.bias": bias.astype(np.float32)}
        names = sorted({e.name for e in self.learn})
        config = {
            "kind": "a2m", "version": 1, "layers": len(tensors) // 2,
            "data": {"recordings": len(names), "minutes": round(len(self.rows) / 60 / MOTION_RATE, 1)}, "trained": log,
        }  # fmt: skip
        if self.s.upper is not None:
            config, tensors = with_upper_face(config, tensors, self.s.upper)
        save_checkpoint(folder, config, tensors)

    def _layers(self, module: Any) -> list[tuple[NDArray, NDArray]]:
        linear = [m for m in module if hasattr(m, "weight")]
        layers = [(m.weight.detach().cpu().numpy().T, m.bias.detach().cpu().numpy()) for m in linear]
        weight, bias = layers[0]
        scaled = weight / self.deviation[:, None]
        layers[0] = (scaled, bias - self.mean @ scaled)
        return layers


def with_upper_face(
    config: dict[str, Any], tensors: dict[str, NDArray], checkpoint: str | Path
) -> tuple[dict[str, Any], dict[str, NDArray]]:
    """A mouth's config and tensors with the upper face of a ``checkpoint`` beside them; ``GengineError`` where it has
    none."""
    told, parts = load_checkpoint(checkpoint)
    upper = {name: value for name, value in parts.items() if name.startswith("upper.")}
    if not upper:
        raise GengineError(
            f"upper: checkpoint {checkpoint} has no upper face; give one that gengine train upper-face made"
        )
    about = {key: value for key, value in told.items() if key != "sha256"} | {"layers": config["layers"]}
    return about | {"mouth": {key: config[key] for key in ("data", "trained")}}, tensors | upper


def pair_of(example: MouthExamples, mouth: NDArray) -> FacePair:
    """A made mouth ``(T, 12)``, smoothed, beside the recorded one, each on a face that moves nothing else."""
    mouth = smoothed(np.pad(mouth, ((AROUND, AROUND), (0, 0)), mode="edge"))
    now = features.TAPS.index(0) * features.FRAME
    speech, level = (example.rows[:, now + features.CURVES.index(name)].astype(float) for name in ("speech", "level"))
    every = round(MOTION_RATE / RATE)
    return FacePair(example.name, face_of(mouth), face_of(example.mouth), speech[::every], level[::every])


def face_of(mouth: NDArray) -> FaceTrack:
    """A face at ``MOTION_RATE`` whose mouth is ``(T, 12)`` on both sides."""
    weights, head = np.zeros((len(mouth), len(ARKIT_NAMES))), np.zeros((len(mouth), 4))
    for k, side in enumerate(SIDES):
        weights[:, side] = mouth[:, k, None]
    head[:, 0] = 1
    return FaceTrack(weights, head, np.zeros((len(mouth), 2)), MOTION_RATE)
