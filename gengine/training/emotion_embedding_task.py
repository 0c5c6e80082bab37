"""The emotion embedding (``gengine.emotion.embedding``): small projections, learned by pairs of modalities.

    gengine train emotion-embedding --out runs/emotion-embedding

Of every two modalities each example must find, among a batch of the other's, those of its category: the contrast of
CLIP (Radford et al. 2021) with several right answers (Khosla et al. 2020, "Supervised Contrastive Learning"), summed
over the pairs as SynchroRaMa has it. Some minutes of a core, most of them for looking at the voices.
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gengine.checkpoint import save_checkpoint
from gengine.core.noise import generator, stable_seed
from gengine.emotion.embedding import MODALITIES, inputs
from gengine.emotion.text import CHECKPOINT as WORDS
from gengine.emotion.text import TextReader
from gengine.training.emotion_pairs import SHARED, VoiceReadings, Voices, WordReadings, state_of, state_of_label
from gengine.training.loop import run
from gengine.training.phone_task import data_folder
from gengine.training.settings import Training
from gengine.training.task import Player

WARMUP = 0.1
"""Share of the steps in which the rate rises; then it falls in a straight line to nothing."""
WEAKEST = 0.3
"""Strength, at least, at which an emotion is asked for."""


class EmotionEmbeddingTraining(Training):
    """Settings of the embedding's training; values without a source are a judgement."""

    data: Path | None = None
    """The reference recordings: EMO-DB, GoEmotions and what the voice reader learns from."""
    seed: int = 0
    width: int = Field(16, ge=2)
    """Numbers of the space."""
    hidden: int = Field(64, ge=1)
    """Units of a projection."""
    temperature: float = Field(0.1, gt=0)
    """What similarities are divided by (CLIP learned .01, Khosla et al. use .1)."""
    steps: int = Field(1500, ge=1)
    batch: int = Field(128, ge=2)
    rate: float = Field(3e-3, ge=0)
    weight_decay: float = Field(0.01, ge=0)
    shuffled: bool = False
    """A control: every voice is paired as another one is."""
    minutes: float | None = Field(None, ge=0)
    threads: int | None = Field(None, ge=1)
    MACHINE: ClassVar[tuple[str, ...]] = Training.MACHINE

    def run(self, out: Path) -> Path:
        folder = data_folder(self.data)
        voices = Voices.of(folder)
        heard = voices.read(np.ones(len(voices.speakers), bool))
        return self.learn(heard, WordReadings.of(folder / "goemotions", "train", TextReader()), out)

    def learn(self, heard: VoiceReadings, words: WordReadings, out: Path) -> Path:
        """Learn from what was read into the run folder ``out``; the folder of the checkpoint."""
        rng = generator(self.seed, "shuffled")
        task = EmbeddingTask(self, heard.shuffled(rng) if self.shuffled else heard, words)
        settings = self.loop(warmup=WARMUP, schedule="linear", ema=None, evaluate_every=self.steps, save_every=500)
        run(task, settings, out)
        return out / "best"


def build_network(width: int, hidden: int) -> Any:
    """A projection for each modality, by name."""
    from torch import nn

    return nn.ModuleDict(
        {
            name: nn.Sequential(nn.Linear(wide, hidden), nn.Tanh(), nn.Linear(hidden, width))
            for name, wide in MODALITIES.items()
        }
    )


class EmbeddingTask:
    """The training as the loop runs it; every category is drawn as often."""

    def __init__(self, s: EmotionEmbeddingTraining, heard: VoiceReadings, words: WordReadings) -> None:
        import torch

        torch.manual_seed(stable_seed(s.seed, "emotion embedding") % 2**63)
        self.s, self.heard, self.words = s, heard, words
        self.module = build_network(s.width, s.hidden)
        self.config = s.learned()
        self.told = {"voice": inputs("voice", heard.posterior), "tone": inputs("tone", heard.dimensions)}
        self.told["words"] = inputs("words", words.scores)
        self.labels = np.array([state_of_label(k) for k in range(MODALITIES["words"])])
        self.states = np.array([state_of(k) for k in range(len(SHARED))])
        self.voices = [np.flatnonzero(heard.category == k) for k in range(len(SHARED))]
        self.texts = [np.flatnonzero(words.category == k) for k in range(len(SHARED))]

    def players(self) -> list[Player]:
        return [
            Player("network", list(self.module.parameters()), self.s.rate, (0.9, 0.999), self.s.weight_decay)
        ]  # fmt: skip

    def batch(self, step: int, rank: int, world: int) -> dict[str, Any]:
        """Of each example what each modality tells, its ``category``, and ``known_…`` whether the modality has it."""
        import torch

        rng = generator(self.s.seed, "emotion embedding", step)
        category = rng.integers(len(SHARED), size=self.s.batch)[rank::world]
        (voice, heard), (text, said) = (one_of(group, category, rng) for group in (self.voices, self.texts))
        state = np.where(said[:, None], self.labels[self.words.label[text]], self.states[category])
        state = rng.uniform(WEAKEST, 1, (len(category), 1)) * state
        rows = {"voice": self.told["voice"][voice], "tone": self.told["tone"][voice], "words": self.told["words"][text]}
        found = {name: torch.tensor(values).float() for name, values in (rows | {"state": state}).items()}
        known = {"category": category, "known_voice": heard, "known_words": said}
        return found | {name: torch.tensor(values) for name, values in known.items()}

    def loss(self, player: str, module: Any, batch: dict[str, Any], step: int) -> tuple[Any, dict[str, float]]:
        import torch

        vectors = {name: torch.nn.functional.normalize(module[name](batch[name]), dim=1) for name in MODALITIES}
        known = {"voice": batch["known_voice"], "tone": batch["known_voice"], "words": batch["known_words"]}
        known["state"] = torch.ones_like(known["voice"])
        total = torch.zeros(())
        for one, other in combinations(MODALITIES, 2):
            a, b = known[one], known[other]
            alike = batch["category"][a][:, None] == batch["category"][b]
            scores = vectors[one][a] @ vectors[other][b].T / self.s.temperature
            total = total + contrast(scores, alike) + contrast(scores.T, alike.T)
        return total, {"loss": float(total.detach())}

    def evaluate(self, module: Any, step: int) -> dict[str, float]:
        return {}

    def preview(self, module: Any, step: int, folder: Path) -> None:
        """There is nothing to look at."""

    def export(self, module: Any, folder: Path, log: dict[str, Any]) -> None:
        config = {
            "kind": "emotion embedding", "version": 1, "width": self.s.width, "modalities": MODALITIES,
            "training": self.config, "words": WORDS,
            "source": "EMO-DB (CC0 1.0); CREMA-D's votes (ODbL 1.0); GoEmotions (Demszky et al. 2020), Apache-2.0",
        }  # fmt: skip
        save_checkpoint(folder, config, {k: v.detach().cpu().numpy() for k, v in module.state_dict().items()})


def one_of(groups: list[NDArray], category: NDArray, rng: np.random.Generator) -> tuple[NDArray, NDArray]:
    """Of each ``category (N,)`` one number of its group, and whether there is any."""
    sizes = np.array([len(group) for group in groups])[category]
    at = (rng.random(len(category)) * sizes).astype(int)
    return np.array([groups[c][k] if n else 0 for c, k, n in zip(category, at, sizes, strict=True)]), sizes > 0


def contrast(scores: Any, alike: Any) -> Any:
    """Of scores ``(N, M)`` the mean negative logarithm of the chance of those ``alike``, over rows that have any."""
    some = alike.any(1)
    logs = scores[some].log_softmax(1)
    alike = alike[some]
    return -((logs * alike).sum(1) / alike.sum(1)).mean()
