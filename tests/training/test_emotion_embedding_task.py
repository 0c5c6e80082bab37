"""The emotion embedding is learned from readings: what belongs together comes to lie together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from gengine.checkpoint import load_checkpoint
from gengine.emotion.embedding import EmotionEmbedding
from gengine.emotion.text_labels import labels
from gengine.training.emotion_embedding_task import EmbeddingTask, EmotionEmbeddingTraining, contrast
from gengine.training.emotion_pairs import SHARED, VoiceReadings, WordReadings, group_of, state_of


def readings() -> tuple[VoiceReadings, WordReadings]:
    """Of voices and words that are read without a doubt."""
    rng, category, label = np.random.default_rng(0), np.arange(70) % 7, np.arange(56) % 28
    sure = 0.9 * np.eye(7)[category] + 0.1 / 7
    heard = VoiceReadings(sure, np.c_[sure[:, 1:4], 1 - sure[:, 0]], category)
    scores = 6 * np.eye(len(labels()))[label] - 4 + 0.1 * rng.standard_normal((56, len(labels())))
    return heard, WordReadings(scores, label, group_of()[label])


def test_what_belongs_together_comes_to_lie_together(tmp_path: Path) -> None:
    heard, words = readings()
    task = EmbeddingTask(EmotionEmbeddingTraining.model_validate({"batch": 32, "hidden": 24, "width": 8}), heard, words)
    optimiser = torch.optim.AdamW(task.module.parameters(), 1e-2)
    for step in range(40):
        optimiser.zero_grad()
        task.loss("network", task.module, task.batch(step, 0, 1), step)[0].backward()
        optimiser.step()
    task.export(task.module, tmp_path, {})
    space = EmotionEmbedding(*load_checkpoint(tmp_path))
    shared = [k for k in range(7) if SHARED[k] != "boredom"]
    first = [int(np.flatnonzero(words.category == k)[0]) for k in shared]
    voices, said = space.project("voice", heard.posterior[shared]), space.project("words", words.scores[first])
    states = space.project("state", np.array([state_of(k) for k in shared]))
    for a, b in ((voices, said), (said, states), (space.project("tone", heard.dimensions[shared]), voices)):
        near = a @ b.T
        assert near.diagonal().mean() > near[~np.eye(len(shared), dtype=bool)].mean() + 0.3


def test_the_contrast_is_the_chance_of_all_that_are_alike() -> None:
    alike = torch.tensor([[True, True, False], [False, False, False]])
    assert float(contrast(torch.zeros(2, 3), alike)) == np.float32(np.log(3))
    assert float(contrast(torch.tensor([[9.0, 9.0, -9.0], [0, 0, 0]]), alike)) < 0.7
