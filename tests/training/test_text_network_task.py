"""The network of the reader of emotion in words: learned by a command, the same in numpy, beside a linear reader."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from gengine.emotion.text import TextReader
from gengine.emotion.text_labels import labels
from gengine.emotion.text_network import TextNetwork, unmasked
from gengine.errors import FormatError, GengineError
from gengine.training.text_network_task import (
    LAYERS,
    TextNetworkTraining,
    best_share,
    build_network,
    commonest,
    exported,
    read_minilm,
)

WIDTH = 24
LETTERS = [prefix + letter for letter in "abcdefghijklmnopqrstuvwxyz0123456789" for prefix in ("", "##")]
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *LETTERS, "happy", "train", "what", "day", "never"]


@pytest.fixture(scope="module")
def minilm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT of chance weights in the layout of MiniLM's package."""
    folder, rng = tmp_path_factory.mktemp("minilm"), np.random.default_rng(0)
    shapes = {"embeddings.word_embeddings": (len(VOCABULARY), WIDTH), "embeddings.position_embeddings": (64, WIDTH),
              "embeddings.token_type_embeddings": (2, WIDTH), "embeddings.LayerNorm": (WIDTH,)}  # fmt: skip
    for i in range(LAYERS):
        layer = f"encoder.layer.{i}."
        shapes |= {f"{layer}attention.self.{part}": (WIDTH, WIDTH) for part in ("query", "key", "value")}
        shapes |= {f"{layer}attention.output.dense": (WIDTH, WIDTH), f"{layer}intermediate.dense": (4 * WIDTH, WIDTH),
                   f"{layer}output.dense": (WIDTH, 4 * WIDTH), f"{layer}attention.output.LayerNorm": (WIDTH,),
                   f"{layer}output.LayerNorm": (WIDTH,)}  # fmt: skip
    tensors = {f"{name}.weight": 0.2 * rng.standard_normal(shape) + (len(shape) == 1) for name, shape in shapes.items()}
    tensors |= {f"{name}.bias": 0.1 * rng.standard_normal(shape[0]) for name, shape in shapes.items()}
    save_file({name: value.astype(np.float32) for name, value in tensors.items()}, folder / "model.safetensors")
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
    return folder


def test_numpy_reads_as_torch_does_whatever_texts_stand_beside_it(minilm: Path) -> None:
    tensors, vocabulary = read_minilm(minilm)
    network = build_network(tensors, list(range(len(vocabulary))), 0.0, np.full((4, len(labels())), 0.5)).eval()
    arrays = exported(network) | {"pieces": np.frombuffer("\n".join(vocabulary).encode(), np.uint8)}
    reader = TextNetwork(arrays)
    texts = ["what a happy day", "never", "the train at 9 " * 30]
    together = reader.scores(texts)
    np.testing.assert_allclose(together, np.concatenate([reader.scores([t]) for t in texts]), atol=1e-4)
    ids = torch.tensor([[2, vocabulary.index("never"), 3]])
    with torch.no_grad():
        wanted = network(ids, torch.ones_like(ids, dtype=torch.bool)).numpy()[0]
    np.testing.assert_allclose(together[1], wanted, atol=0.05)  # int8
    assert np.abs(wanted).max() > 0.5 and np.abs(together[0] - together[1]).max() > 0.2


def test_it_is_learned_by_a_command_and_stands_beside_the_linear_reader(minilm: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("\n".join(labels()), "utf-8")
    joy, neutral = labels().index("joy"), labels().index("neutral")
    rows = [f"what a happy day {k}\t{joy}\ta\nwhat a train day {k}\t{neutral}\tb" for k in range(60)]
    for name in ("train.tsv", "dev.tsv"):
        (tmp_path / name).write_text("\n".join(rows) + "\n", "utf-8")
    training = TextNetworkTraining(
        data=tmp_path, start=minilm, pieces=200, steps=60, batch=12, rate=6e-3, dropout=0, evaluations=1, threads=1
    )  # fmt: skip
    folder = training.run(tmp_path / "run")
    reader, linear = TextReader(folder), TextReader("text-emotion-v1")
    chances = reader.chances(["what a happy day", "what a train day 7"])
    assert chances[0, joy] > 0.5 > chances[1, joy] and chances[1, neutral] > 0.5
    mixed = reader._share * linear.scores(["the train"]) + (1 - reader._share) * reader._network.scores(["the train"])  # type: ignore[union-attr]
    np.testing.assert_allclose(reader.scores(["the train"]), mixed)
    told = dict(reader.saliency("what a happy day"))
    assert max(told, key=lambda word: told[word][joy]) == "happy"


def test_pieces_shares_and_masks() -> None:
    kept = commonest([*VOCABULARY, "the"], [["what", "day"], ["what"]], 79)
    assert kept == [*VOCABULARY[:76], "what", "day"]
    truth = np.array([[1.0], [0.0]])
    assert best_share(truth, np.array([[3.0], [-3.0]]), np.array([[-3.0], [3.0]])) == 0
    assert unmasked("[NAME] left") == "name left"


def test_another_network_is_refused(minilm: Path, tmp_path: Path) -> None:
    with pytest.raises(GengineError, match="start is not set"):
        TextNetworkTraining().run(tmp_path)
    (tmp_path / "vocab.txt").write_text("\n".join(VOCABULARY))
    save_file({"x": np.zeros(3, np.float32)}, tmp_path / "model.safetensors")
    with pytest.raises(FormatError, match="lacks"):
        read_minilm(tmp_path)
