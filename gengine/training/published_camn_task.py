"""Training of the published CaMN (Liu et al. 2022, "BEAT", section 4) on a corpus in BEAT's layout.

Windows of 34 frames at 15 fps, every 10 frames. Loss: Huber of the normalised Euler angles, weighted by the frame's
semantic score + 1, and, after a warm-up, -log D of a discriminator. Three things of the released trainer are put
right: its adversarial loss is squared, its gradients are clipped before there are any, and a misspelt option
switches the discriminator off.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from gengine.checkpoint import Tensors, save_checkpoint
from gengine.core.noise import generator, stable_seed
from gengine.data.beat import write_sequence
from gengine.encoders.word_vectors import read_word_vectors
from gengine.errors import GengineError
from gengine.metrics.validation import Played, chosen, perform, scores
from gengine.networks.camn.published_network import (
    FPS,
    KIND,
    SEED_FRAMES,
    WINDOW,
    PublishedCamnNetwork,
    WordIndex,
    speaker_row,
)
from gengine.networks.camn.sizes import MODALITIES, Modality, PublishedShape
from gengine.training import stick_figures
from gengine.training.loop import Player, run
from gengine.training.published_camn_frames import Frames, frames_of, statistics, vocabulary_of
from gengine.training.settings import Training, sizes_of

if TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger(__name__)

BETAS = (0.5, 0.999)
"""Of Adam, for network and discriminator: the published ones."""
JUDGE_HIDDEN = 64
"""Channels of the discriminator's LSTM: the published size."""


class PublishedCamnTraining(Training):
    """Settings of the published CaMN's training; "published" are values of Liu et al. 2022, section 4, or of their
    released code."""

    MACHINE: ClassVar[tuple[str, ...]] = (*Training.MACHINE, "evaluate_every", "save_every", "log_every")

    data: Path = Field(description="the folder that holds BEAT's speakers")
    """Folder of a corpus in BEAT's layout."""
    cache: Path = Path("runs/cache/camn-paper")
    """Folder in which the corpus's frames are kept."""
    policy: Literal["skip", "strict"] = "skip"
    """Damaged sequences are left out ("skip") or end the run ("strict")."""
    train_split: str = "train"
    """Split that is learned from."""
    val_split: str = "val"
    """Split that evaluators see."""
    speakers: list[int | str] | None = None
    """Ids or names; null: everybody."""
    modalities: tuple[Modality, ...] = Field(default=MODALITIES, min_length=1)
    """What the network knows: all, as published, or fewer, as in the paper's ablations."""
    words: Literal["subwords", "vocabulary"] = "subwords"
    """"subwords": vectors of letter groups, so every word has one; "vocabulary": words said in ``least`` places, as
    published."""
    word_vectors: str | None = None
    """A fastText .vec or GloVe .txt file to start the vocabulary from (the published one starts from fastText)."""
    least: int = Field(default=2, ge=1)
    """Places in which a word of the vocabulary is said at least (judgement)."""
    buckets: int = Field(default=4096, ge=2)
    """Rows of the table of letter groups (judgement: about as many as the published vocabulary)."""
    shape: dict[str, Any] = {}
    """Sizes of the network that differ from ``PublishedShape``."""
    stride: int = Field(default=10, ge=1)
    """Frames from a window to the next: published."""
    pose_floor: float = Field(default=0.1, gt=0)
    """Degrees; least deviation that a channel is divided by (judgement: ten of BEAT's channels have 1e-6)."""
    face_floor: float = Field(default=0.01, gt=0)
    """The same of face weights (0 to 1)."""
    huber: float = Field(default=0.1, gt=0)
    """Deviations beyond which the loss is linear: published."""
    pose_weight: float = Field(default=500.0, ge=0)
    """Weight of the poses' loss: published."""
    semantic_weight: bool = True
    """Whether a frame's loss is weighed by its semantic score + 1: published."""
    adversarial_weight: float = Field(default=0.1, ge=0)
    """Weight of -log D: published."""
    adversarial_from: float = Field(default=0.05, ge=0)
    """Share of the steps before the discriminator comes in (judgement; the release counts epochs)."""
    rate: float = Field(default=2.5e-4, ge=0)
    """Adam's learning rate: published."""
    discriminator_rate: float = Field(default=0.2, ge=0)
    """The discriminator's over the network's: published."""
    batch: int = Field(default=256, ge=1)
    """Windows a step and process: published."""
    steps: int = Field(default=40000, ge=1)
    """Steps of the optimiser (judgement)."""
    schedule: Literal["cosine", "constant", "onecycle"] = "constant"
    """How the rate moves; it stays: published."""
    clip: float | None = Field(default=None, ge=0)
    """Largest norm of a gradient; null: as it is (the release clips before there is one)."""
    ema: float | None = Field(default=None, ge=0, lt=1)
    """Decay of averaged weights, a step; null: none, as published."""
    precision: Literal["no", "bf16", "fp16"] = "no"
    """Of the network's arithmetic while it learns."""
    evaluate_every: int = Field(default=2000, ge=1)
    """Steps between evaluations."""
    evaluate_windows: int = Field(default=2048, ge=1)
    """Validation windows that the loss is measured on, at most."""
    evaluate_clips: int = Field(default=6, ge=0)
    """Validation recordings that are performed whole."""
    evaluate_seconds: float = Field(default=60.0, gt=0)
    """Most seconds of each."""
    save_every: int = Field(default=500, ge=1)
    """Steps between saved states."""
    log_every: int = Field(default=50, ge=1)
    """Steps between lines of the log."""
    seed: int = 0
    """The same seed, the same run."""
    minutes: float | None = Field(default=None, ge=0)
    """Minutes after which the run ends as if finished."""
    threads: int | None = Field(default=None, ge=1)
    """Threads of torch; null: as it likes."""

    @field_validator("speakers", mode="before")
    @classmethod
    def _listed(cls, speakers: Any) -> Any:
        return [speakers] if isinstance(speakers, int | str) else speakers

    @field_validator("shape")
    @classmethod
    def _known(cls, shape: dict[str, Any]) -> dict[str, Any]:
        return sizes_of(PublishedShape, shape, {})

    @model_validator(mode="before")
    @classmethod
    def _vectors_are_of_words(cls, values: dict[str, Any]) -> dict[str, Any]:
        return values | {"words": "vocabulary"} if values.get("word_vectors") else values

    def run(self, out: Path) -> Path:
        """Train into the run folder ``out``; its ``best`` and ``last`` are checkpoints that ``--body`` takes."""
        return run(PublishedCamnTask(self), self.loop(), out)


class PublishedCamnTask:
    """What the training loop runs; ``module`` holds ``network`` and ``discriminator``."""

    def __init__(self, settings: PublishedCamnTraining) -> None:
        import torch

        from gengine.networks.camn.published import PublishedCamn, PublishedDiscriminator

        self.settings = s = settings
        places = (s.cache, s.speakers, s.policy)
        self.train, _ = frames_of(s.data, s.train_split, *places)
        self.val, self.sequences = frames_of(s.data, s.val_split, *places)
        self.windows, self.val_windows = self.train.windows(s.stride), self.val.windows(s.stride)
        for frames, windows in ((self.train, self.windows), (self.val, self.val_windows)):
            if not len(windows):
                raise GengineError(
                    f"{s.data}: no sequence of split '{frames.about['split']}' has {WINDOW} frames at {FPS:g} fps "
                    f"({WINDOW / FPS:.1f} s) of sound and motion"
                )
        self._demand()
        log.info(
            "train: %d windows of %d sequences, %.2f h; val: %d windows",
            len(self.windows), len(self.train.names), self.train.about["hours"], len(self.val_windows),
        )  # fmt: skip
        self.pose = statistics(self.train.poses, s.pose_floor)
        self.face = statistics(self.train.face, s.face_floor)
        self.speakers = sorted(set(self.train.speakers))
        self.words = WordIndex(vocabulary_of(self.train, s.least) if s.words == "vocabulary" else (), s.buckets)
        self._rows = {frames.folder: self._word_rows(frames) for frames in (self.train, self.val)}
        torch.manual_seed(stable_seed(s.seed, KIND) % 2**63)
        vectors = read_word_vectors(s.word_vectors, self.words.vocabulary) if s.word_vectors else None
        shape = {"words": self.words.rows, "modalities": s.modalities, "speakers": max(30, len(self.speakers))}
        shape |= {"word_width": vectors.vectors.shape[1]} if vectors else {}
        self.shape = PublishedShape.of(shape | s.shape)
        network = PublishedCamn(self.shape)
        if vectors is not None and "text" in self.shape.modalities:
            self._begin_with(network, vectors)
        judge = PublishedDiscriminator(min(JUDGE_HIDDEN, self.shape.hidden), self.shape.layers, self.shape.dropout)
        self.module: Any = torch.nn.ModuleDict({"network": network, "discriminator": judge})
        self.config = s.learned() | {"build_id": self.train.about["build_id"]}
        self._made: tuple[int, Tensor] | None = None
        self._last: tuple[int, list[Played]] | None = None

    def _demand(self) -> None:
        """What the network is to learn from must be somewhere in the corpus."""
        for frames in (self.train, self.val):
            count = len(frames.names)
            for what, modality in (("face", "face"), ("words", "text")):
                if frames.about["lacking"].get(what) == count and modality in self.settings.modalities:
                    raise GengineError(
                        f"{self.settings.data}: no sequence of split '{frames.about['split']}' has {what}; leave "
                        f"'{modality}' out of the modalities: --set modalities=[...]"
                    )

    def _word_rows(self, frames: Frames) -> NDArray[np.int64]:
        return np.stack([self.words.ids(text) for text in frames.texts])

    def _begin_with(self, network: Any, vectors: Any) -> None:
        """Start the word table from a file's vectors; words that it lacks begin around their mean."""
        import torch

        table = network.text.table.weight.data
        if len(vectors.words):
            known = torch.from_numpy(vectors.vectors)
            table[1:] = known.mean(0) + table[1:] * known.std(0)
            table[[self.words.ids(w)[0] for w in vectors.words]] = known
        table[0] = 0
        log.info("word vectors: %d of %d words", len(vectors.words), len(self.words.vocabulary))

    # ---- what the loop asks for

    def players(self) -> list[Player]:
        """The network, and its discriminator where that has a weight."""
        rate = self.settings.rate
        players = [Player("network", list(self.module["network"].parameters()), rate, BETAS)]
        if self.settings.adversarial_weight > 0:
            other = list(self.module["discriminator"].parameters())
            players.append(Player("discriminator", other, rate * self.settings.discriminator_rate, BETAS))
        return players

    def batch(self, step: int, rank: int, world: int) -> dict[str, Tensor]:
        """The next windows of an endless row of shuffled epochs."""
        size, count = self.settings.batch, len(self.windows)
        places = (step * world + rank) * size + np.arange(size)
        chosen = [_order(self.settings.seed, int(p // count), count)[p % count] for p in places]
        return self.examples(self.train, self.windows[chosen])

    def examples(self, frames: Frames, windows: NDArray[np.int64]) -> dict[str, Tensor]:
        """Windows ``(N, 2)`` of ``Frames.windows`` as the network's inputs, ``poses`` and ``weight``."""
        import torch

        at = (frames.begin[windows[:, 0]] + windows[:, 1])[:, None] + np.arange(WINDOW)
        poses = (frames.poses[at] - self.pose[0]) / self.pose[1]
        semantic = frames.semantic[at] if self.settings.semantic_weight else np.zeros(at.shape, np.float32)
        speakers = [speaker_row(frames.speakers[i], self.speakers) for i in windows[:, 0]]
        arrays = {
            "sound": np.stack([frames.sound_of(int(i), int(k)) for i, k in windows]),
            "words": self._rows[frames.folder][frames.word[at]],
            "speaker": np.array(speakers),
            "emotion": frames.emotion[at].astype(np.int64),
            "face": (frames.face[at] - self.face[0]) / self.face[1],
            "poses": poses,
            "weight": semantic + 1,
        }
        return {k: torch.from_numpy(np.ascontiguousarray(v)) for k, v in arrays.items()}

    def loss(self, player: str, module: Any, batch: dict[str, Tensor], step: int) -> Any:
        """The network's loss, or the discriminator's; before the warm-up is over the latter rests."""
        from torch.nn.functional import softplus

        s = self.settings
        against = s.adversarial_weight > 0 and step >= s.adversarial_from * s.steps
        if player == "network":
            made = _make(module, batch)
            self._made = (step, made.detach())
            pose = self.huber(made, batch).mean()
            numbers = {"pose": pose.item()}
            total = s.pose_weight * pose
            if against:
                fooled = softplus(-module["discriminator"](made).float()).mean()  # -log D
                numbers["adversarial"] = fooled.item()
                total = total + s.adversarial_weight * fooled
            return total, numbers
        if not against:
            return None
        if self._made is None or self._made[0] != step:
            raise GengineError("training: the discriminator must move after the network")
        real = module["discriminator"](batch["poses"]).float()
        false = module["discriminator"](self._made[1]).float()
        right = ((real > 0).float().mean() + (false < 0).float().mean()) / 2
        return softplus(-real).mean() + softplus(false).mean(), {"right": right.item()}

    def huber(self, made: Tensor, batch: dict[str, Tensor]) -> Tensor:
        """Weighted loss of each frame ``(B, 34)``: quadratic below ``huber`` deviations, linear above."""
        from torch.nn.functional import smooth_l1_loss

        error = smooth_l1_loss(made.float(), batch["poses"], beta=self.settings.huber, reduction="none")
        return error.mean(2) * batch["weight"]

    def evaluate(self, module: Any, step: int) -> dict[str, float]:
        """Loss and error of validation windows (given their true first poses), beside the mean pose's and that of
        holding the last given pose, and the evaluators on whole recordings made hop by hop."""
        import torch

        size = min(len(self.val_windows), self.settings.evaluate_windows)
        few = self.val_windows[np.linspace(0, len(self.val_windows) - 1, size).astype(int)]
        sums: dict[str, float] = dict.fromkeys(("score", "degrees", "degrees_mean_pose", "degrees_held_pose"), 0.0)
        device = next(module.parameters()).device
        deviation = torch.from_numpy(self.pose[1]).to(device)
        with torch.no_grad():
            for part in np.array_split(few, -(-len(few) // self.settings.batch)):
                batch = {k: v.to(device) for k, v in self.examples(self.val, part).items()}
                made, true = _make(module, batch).float(), batch["poses"]
                sums["score"] += float(self.huber(made, batch).mean()) * len(part)
                held = true[:, SEED_FRAMES - 1 : SEED_FRAMES]
                guesses = {"degrees": made, "degrees_mean_pose": torch.zeros_like(true), "degrees_held_pose": held}
                for name, guess in guesses.items():
                    error = ((guess - true).abs() * deviation)[:, SEED_FRAMES:]
                    sums[name] += float(error.mean()) * len(part)
        self._last = (step, self._played(module))
        return {k: v / size for k, v in sums.items()} | scores(self._last[1])

    def _played(self, module: Any) -> list[Played]:
        """Some validation recordings, the same every time, and the motion that the network makes for each."""
        network = PublishedCamnNetwork.of(*self.checkpoint(module))
        few = chosen(self.sequences, self.settings.evaluate_clips, self.settings.evaluate_seconds)
        return [(sequence, perform(network, sequence)) for sequence in few]

    def preview(self, module: Any, step: int, folder: Path) -> None:
        """A validation recording with the motion made for it, in BEAT's layout, and its frames beside the true ones."""
        if self._last is None or self._last[0] != step:
            self._last = (step, self._played(module))
        for sequence, motion in self._last[1][:1]:
            truth = sequence.performance.motion
            write_sequence(replace(sequence, performance=replace(sequence.performance, motion=motion)), folder)
            if truth is not None:
                stick_figures.draw(motion, truth, folder / f"{sequence.name}.png")

    def checkpoint(self, module: Any) -> tuple[dict[str, Any], Tensors]:
        """Config and tensors that ``PublishedCamnNetwork`` runs."""
        about = self.train.about
        config = {
            "kind": KIND,
            "version": 1,
            "shape": self.shape.as_dict(),
            "words": self.words.as_dict(),
            "speakers": self.speakers,
            "fps": FPS,
            "window": WINDOW,
            "seed_frames": SEED_FRAMES,
            "data": {
                "build_id": about["build_id"], "split": about["split"], "hours": round(about["hours"], 3),
                "sequences": len(about["names"]), "skipped": len(about["skipped"]),
            },
            "trained": self.config,
        }  # fmt: skip
        network: Any = module["network"]
        tensors = {k: v.detach().float().cpu().numpy() if v.is_floating_point() else v.cpu().numpy()
                   for k, v in network.state_dict().items()}  # fmt: skip
        tensors |= {"pose.mean": self.pose[0], "pose.deviation": self.pose[1]}
        tensors |= {"face.mean": self.face[0], "face.deviation": self.face[1]}
        tensors |= {"rest.rotations": np.array(about["rest"], np.float32), "rest.root": np.array(about["root"])}
        return config, tensors

    def export(self, module: Any, folder: Path, log: dict[str, Any]) -> None:
        """Write the checkpoint."""
        config, tensors = self.checkpoint(module)
        save_checkpoint(folder, config | {"log": log}, tensors)


@lru_cache(maxsize=2)
def _order(seed: int, epoch: int, count: int) -> NDArray[np.int64]:
    return generator(seed, KIND, "epoch", epoch).permutation(count)


def _make(module: Any, batch: dict[str, Tensor]) -> Tensor:
    inputs = {k: batch[k] for k in ("sound", "words", "speaker", "emotion", "face")}
    return module["network"](**inputs, seed=batch["poses"][:, :SEED_FRAMES])
