"""Training of the head that hears phones on Whisper's frozen encoder (``gengine.encoders.attentive_phones``).

The encoder looks at every clip in the very stretches in which it hears at run time, three times: as it is, in a higher
or lower voice, and disturbed. What it says is kept in a cache; the head learns from that in minutes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import soxr
from numpy.typing import NDArray
from pydantic import Field

from gengine.checkpoint import load_checkpoint, save_checkpoint
from gengine.core.audio import SAMPLE_RATE
from gengine.core.bounds import border
from gengine.core.noise import generator, stable_seed
from gengine.core.placing import whole
from gengine.core.words import Phone
from gengine.data.speech import Utterance
from gengine.encoders.attentive_phones import FRAMES, HOP, MARGIN
from gengine.encoders.phones import CLASSES, PHONES, RATE
from gengine.encoders.speech_encoder import CHECKPOINT, EVERYTHING, ROW, SpeechEncoder
from gengine.training.disturbances import music_sound, overdriven
from gengine.training.loop import LoopSettings, run
from gengine.training.phone_examples import (
    Examples,
    Labelled,
    facegood_jaw,
    frame_labels,
    held_out,
    jaw_of_phones,
    realign,
)
from gengine.training.phone_examples import utterances as all_utterances
from gengine.training.phone_task import AVERAGE, DOUBT, GUESSED, VARIANCE_FLOOR, LabelTask, LabelTraining, data_folder
from gengine.training.phone_task import statistics as phone_statistics
from gengine.training.resume import load_average
from gengine.training.voice_clips import by_telephone, coloured_noise, in_noise, in_room

log = logging.getLogger(__name__)

TAPS = 5
"""Rows that each convolution of the head sees."""
OWN_LAYERS = ("layer2.", "layer3.")
"""The layers that the head's checkpoint brings along: those that the bundled encoder lacks."""
HIGHER, LOWER = (1.15, 1.65), (0.8, 0.92)
"""Ranges of pitch, throat and tempo in which a voice is learned once more: children's, and deeper ones."""
HIGHER_SHARE = 0.7
"""How often it is the higher."""
QUIET = 1.2
"""Most seconds of quiet that are put before and after a clip."""
QUIET_LEVEL = (-75.0, -30.0)
"""Range of the noise in it, dB below the clip's loudest sample; it is digital silence as often. Judgement."""
NOTHING = "nothing"
"""The corpus of sounds in which nobody speaks, which is made."""
NOTHING_COUNT = 40
"""Its clips, of a hop and its margins each."""
WHISPER_WINDOW = 128
"""Samples (8 ms) of the spectra of which only sizes are kept where a voice is made a whisper: shorter than a pitch."""

Sound = NDArray[Any]


class PhoneHeadTraining(LabelTraining):
    """Settings of the head's training; values without a source are a judgement."""

    MACHINE: ClassVar[tuple[str, ...]] = (*LabelTraining.MACHINE, "layers_from")

    layers_from: Path | None = None
    """A checkpoint of all four of the encoder's layers (``gengine.training.whisper_layers --layers 4``); null: those
    of the bundled phones-v2."""
    synthetic: int = Field(default=200, ge=0)
    steps: tuple[int, ...] = (700, 3000)
    """Steps of each round: the first head corrects the labels of the second."""
    frames: int = Field(default=300, ge=2, multiple_of=2)
    width: int = Field(default=160, ge=1)
    rate: float = Field(default=2e-3, ge=0)
    dropout: float = Field(default=0.15, ge=0, lt=1)
    convolutions: int = Field(default=3, ge=1)
    """Convolutions of ``TAPS`` rows."""
    own_share: float = Field(default=0.5, ge=0, le=1)
    """How often a clip is learned as it is; else in another voice or disturbed."""
    grid_every: int = Field(default=4, ge=1)
    """Of how many films of the GRID corpus one is learned."""

    def run(self, out: Path) -> Path:
        """Train and write the checkpoint to ``out``, which is returned; the same seed, the same run."""
        encoder, own = self._encoder()
        learn = collect(self, data_folder(self.data), encoder)
        log.info("%d stretches of speech, %.1f min", len(learn.items), sum(map(len, learn.items)) / RATE / 60)
        network = None
        for i, steps in enumerate(self.steps):
            if network is not None:
                learn = _listen_again(network, learn)
            network = _fit(learn, self, steps, out / f"round-{i + 1}")
        export(network, self, phone_statistics(learn, self.change_cost), own, out)
        return out

    def learns(self, corpus: str, name: str, speaker: str) -> bool:
        """Whether a clip is learned from."""
        few = corpus == "grid" and stable_seed(corpus, name) % self.grid_every
        return not few and not held_out(corpus, name, speaker)

    def _encoder(self) -> tuple[SpeechEncoder, dict[str, NDArray[Any]]]:
        _, tensors = load_checkpoint(self.layers_from or "phones-v2")
        own = {name: value for name, value in tensors.items() if name.startswith(OWN_LAYERS)}
        return SpeechEncoder(CHECKPOINT, further=own, highest=EVERYTHING), own


@dataclass(frozen=True, eq=False, kw_only=True)
class Heard(Labelled):
    """What the encoder says of one clip: ``states (rows, width)`` float16. ``kind``: "own", "voice" or "disturbed"."""

    kind: str
    states: NDArray[np.float16]


def states(encoder: SpeechEncoder, samples: Sound) -> NDArray[np.float16]:
    """Rows of a whole clip, heard stretch by stretch as at run time."""
    rows = -(-len(samples) // ROW)
    hops = -(-rows // HOP)
    padded = np.pad(samples, (MARGIN * ROW, (hops * HOP + MARGIN) * ROW - len(samples)))
    parts = [encoder.states(padded[h * HOP * ROW : (h * HOP + HOP + 2 * MARGIN) * ROW]) for h in range(hops)]
    return np.concatenate([p[MARGIN : MARGIN + HOP] for p in parts])[:rows].astype(np.float16)


def in_another_voice(u: Utterance, rng: np.random.Generator) -> tuple[Sound, tuple[Phone, ...], float]:
    """The sound played faster or slower, what is said when in it, and the ratio."""
    ratio = rng.uniform(*(HIGHER if rng.random() < HIGHER_SHARE else LOWER))
    sound = np.asarray(soxr.resample(u.samples, SAMPLE_RATE * ratio, SAMPLE_RATE), np.float32)
    return sound, tuple(Phone(p.symbol, p.start / ratio, p.end / ratio) for p in u.phones), ratio


def whispered(samples: Sound, rng: np.random.Generator) -> Sound:
    """Noise with the spectrum of the speech: a whisper."""
    import scipy.signal

    sizes = np.abs(scipy.signal.stft(samples, nperseg=WHISPER_WINDOW)[2])
    turned = sizes * np.exp(2j * np.pi * rng.random(sizes.shape))
    return scipy.signal.istft(turned, nperseg=WHISPER_WINDOW)[1][: len(samples)]


def disturbed(samples: Sound, rng: np.random.Generator) -> Sound:
    """The sound in noise, in music, in a room, by telephone, too loud or whispered; ranges are judgements."""
    kinds: tuple[Callable[[], Any], ...] = (
        lambda: in_noise(samples, rng.uniform(-3, 15), rng.uniform(0, 1.5), rng),
        lambda: _beside_music(samples, rng),
        lambda: in_room(samples, rng.uniform(0.2, 1.0), rng.uniform(-8, 6), rng),
        lambda: by_telephone(in_noise(samples, rng.uniform(10, 30), rng.uniform(0, 1.5), rng)),
        lambda: overdriven(samples, rng),
        lambda: whispered(samples, rng),
    )
    made = np.asarray(kinds[rng.integers(len(kinds))](), np.float32)
    return np.resize(made, len(samples)) if len(made) < len(samples) else made[: len(samples)]


def _beside_music(samples: Sound, rng: np.random.Generator) -> Sound:
    music = music_sound(1)
    first = int(rng.integers(len(music) - len(samples))) if len(music) > len(samples) else 0
    scale = np.sqrt(np.mean(samples**2)) * 10 ** (-rng.uniform(-3, 12) / 20)
    return samples + scale * np.resize(music[first:], len(samples))


def amid_quiet(
    samples: Sound, phones: tuple[Phone, ...], rng: np.random.Generator
) -> tuple[Sound, tuple[Phone, ...], float]:
    """The sound with quiet before and after it, what is said when in it, and when it begins, s."""
    before, after = (int(rng.uniform(0, QUIET) * SAMPLE_RATE) for _ in range(2))
    level = np.abs(samples).max(initial=1e-3) * 10 ** (rng.uniform(*QUIET_LEVEL) / 20) * (rng.random() < 0.5)
    first, last = (level * rng.standard_normal(count) for count in (before, after))
    start, end = before / SAMPLE_RATE, (before + len(samples)) / SAMPLE_RATE
    said = tuple(replace(p, start=p.start + start, end=p.end + start) for p in phones)
    sound = np.concatenate([first, samples, last]).astype(np.float32)
    quiet = Phone("sil", 0, start), Phone("sil", end, len(sound) / SAMPLE_RATE)
    return sound, (quiet[0], *said, quiet[1]) if phones else (), start


def nothing() -> Iterator[Utterance]:
    """Digital silence, noise, hum and music: nobody speaks."""
    count = (HOP + 2 * MARGIN) * ROW
    t = np.arange(count) / SAMPLE_RATE
    for k in range(NOTHING_COUNT):
        rng = generator(k, NOTHING)
        level = 10 ** (rng.uniform(-75, -20) / 20)
        first = int(rng.integers(len(music_sound(1)) - count))
        hum = np.sin(2 * np.pi * np.outer(rng.uniform(45, 300) * np.arange(1, 9), t)).T @ rng.random(8)
        made = (
            0 * t, coloured_noise(count, rng.uniform(0, 2), rng), hum / hum.std(), music_sound(1)[first : first + count]
        )[k % 4]  # fmt: skip
        samples = (level * made / max(np.std(made), 1e-9)).astype(np.float32)
        yield Utterance(str(k), NOTHING, NOTHING, samples, (Phone("sil", 0, count / SAMPLE_RATE),))


def heard(u: Utterance, sets: list[str], folder: Path, encoder: SpeechEncoder) -> list[Heard]:
    """The clip as it is, in another voice, and disturbed."""
    rng = generator(stable_seed(u.corpus, u.name), "heard")
    samples = np.asarray(u.samples, np.float32)
    other, said, ratio = in_another_voice(u, rng)
    found = []
    for kind, sound, phones, tempo in (
        ("own", samples, u.phones, 1.0), ("voice", other, said, ratio),
        ("disturbed", disturbed(samples, rng), u.phones, 1.0),
    ):  # fmt: skip
        quiet = "other" if kind == "voice" else "own"  # a disturbed copy's labels are those of its own
        sound, phones, start = amid_quiet(sound, phones, generator(stable_seed(u.corpus, u.name), "quiet", quiet))
        rows = states(encoder, sound)
        times = np.arange(FRAMES * len(rows)) / RATE
        jaw = np.full(len(times), np.nan, np.float32)
        if u.corpus == "facegood":
            curve = facegood_jaw(folder / "facegood" / f"{u.name}.npz")
            jaw = np.interp((times - start) * tempo, np.arange(len(curve)) / 30, curve).astype(np.float32)
        elif phones:
            jaw = jaw_of_phones(phones, times)
        labels = frame_labels(phones, len(times), sets)
        jaw = jaw.astype(np.float16)
        found.append(Heard(name=u.name, corpus=u.corpus, kind=kind, states=rows, labels=labels, jaw=jaw))
    return found


def collect(s: PhoneHeadTraining, folder: Path, encoder: SpeechEncoder) -> Examples[Heard]:
    """What is learned of every corpus, looked at once and kept in the cache."""
    sets, items = [""], []
    for corpus in (*s.corpora, NOTHING):
        path = s.cache / f"heard-{corpus}-{s.synthetic}-{s.seed}.npz"
        if not path.is_file():
            own: list[str] = [""]
            learned = (
                nothing()
                if corpus == NOTHING
                else all_utterances(folder, [corpus], s.synthetic, s.seed, wanted=s.learns)
            )
            _store(path, [e for u in learned for e in heard(u, own, folder, encoder)], own)
            log.info("%s: looked at", corpus)
        with border(path, "delete it: it is made again"), np.load(path, allow_pickle=False) as file:
            stored, labels, jaw, names = file["states"], file["labels"], file["jaw"], file["sets"]
            about = list(zip(file["names"], file["kinds"], file["rows"], strict=True))
        sets += [str(name) for name in names if name not in sets]
        labels = np.array([sets.index(name) for name in names], np.int16)[labels]
        end = 0
        for name, kind, rows in about:
            first, end = end, end + int(rows)
            span = slice(FRAMES * first, FRAMES * end)
            items.append(
                Heard(
                    name=str(name), corpus=corpus, kind=str(kind), states=stored[first:end], labels=labels[span],
                    jaw=jaw[span],
                )
            )  # fmt: skip
    return Examples(items, sets)


def _store(path: Path, items: list[Heard], sets: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path, ".npz") as made:
        np.savez(
            made,
            sets=np.array(sets),
            names=np.array([e.name for e in items]),
            kinds=np.array([e.kind for e in items]),
            rows=np.array([len(e.states) for e in items]),
            states=np.concatenate([e.states for e in items]),
            labels=np.concatenate([e.labels for e in items]),
            jaw=np.concatenate([e.jaw for e in items]),
        )


def build_network(inputs: int, width: int, convolutions: int, dropout: float) -> Any:
    """The torch module: states ``(B, inputs, rows)`` → ``(B, 2 * 41, rows)``."""
    import torch
    from torch import nn

    class PhoneHead(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            sizes = [inputs] + [width] * (convolutions - 1)
            self.scale = nn.BatchNorm1d(inputs, affine=False)
            self.convolutions = nn.ModuleList(nn.Conv1d(n, width, TAPS, padding=TAPS // 2) for n in sizes)
            self.norms = nn.ModuleList(nn.BatchNorm1d(width) for _ in sizes)
            self.drop = nn.Dropout1d(dropout)
            self.head = nn.Conv1d(width, FRAMES * (len(PHONES) + 1), 1)

        def forward(self, x: Any) -> Any:
            x = self.scale(x)
            for i, (conv, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
                y = self.drop(torch.relu(norm(conv(x))))
                x = x + y if i else y
            return self.head(x)

    return PhoneHead()


class PhoneHeadTask(LabelTask):
    """One round of the head's training as the loop runs it; losses are the recogniser's."""

    def __init__(self, learn: Examples[Heard], settings: PhoneHeadTraining) -> None:
        inputs = learn.items[0].states.shape[1]
        super().__init__(
            learn, settings, build_network(inputs, settings.width, settings.convolutions, settings.dropout)
        )
        kinds = np.array([e.kind == "own" for e in learn.items])
        own = settings.own_share
        self.share = self.share * np.where(kinds, own / self.share[kinds].sum(), (1 - own) / self.share[~kinds].sum())

    def batch(self, step: int, rank: int, world: int) -> dict[str, Any]:
        import torch

        s, rng = self.s, generator(self.s.seed, "batch", step)
        rows = s.frames // FRAMES
        x = np.zeros((s.batch, rows, self.learn.items[0].states.shape[1]), np.float32)
        labels = np.zeros((s.batch, s.frames), np.int64)
        jaw = np.full((s.batch, s.frames), np.nan, np.float32)
        for k, i in enumerate(rng.choice(len(self.learn.items), s.batch, p=self.share)):
            e = self.learn.items[i]
            first = int(rng.integers(max(len(e.states) - rows, 0) + 1))
            part = e.states[first : first + rows]
            span = slice(FRAMES * first, FRAMES * (first + len(part)))
            x[k, : len(part)] = part
            labels[k, : FRAMES * len(part)] = e.labels[span]
            jaw[k, : FRAMES * len(part)] = e.jaw[span]
        return {"x": torch.tensor(x[rank::world]), "labels": torch.tensor(labels[rank::world]),
                "jaw": torch.tensor(jaw[rank::world])}  # fmt: skip

    def export(self, module: Any, folder: Path, log: dict[str, Any]) -> None:
        """Rounds are not used by themselves."""


def _fit(learn: Examples[Heard], s: PhoneHeadTraining, steps: int, out: Path) -> Any:
    import torch

    torch.manual_seed(stable_seed(s.seed, "phone head") % 2**63)
    task = PhoneHeadTask(learn, s)
    settings = LoopSettings(
        steps, batch=s.batch, schedule="onecycle", warmup=0.15, clip=2.0, ema=AVERAGE, ema_warmup=False,
        precision="no", evaluate_every=steps, log_every=100, seed=None, threads=s.threads,
    )  # fmt: skip
    run(task, settings, out)
    network = build_network(task.module.scale.num_features, s.width, s.convolutions, s.dropout)
    load_average(out, network)
    return network.eval()


def _listen_again(network: Any, learn: Examples[Heard]) -> Examples[Heard]:
    """The examples with borders where the network hears them, and guessed words only where it hears them."""
    import torch

    members, items, own = learn.members(), [], {}
    for e in learn.items:
        if e.kind != "disturbed":  # that one follows the clip as it is
            with torch.no_grad():
                y = network(torch.tensor(e.states.astype(np.float32)).T[None])[0].T
            log_posteriors = y.reshape(len(e), -1)[:, :-1].log_softmax(-1).numpy()
            e = realign(e, log_posteriors, members, doubt=DOUBT if e.corpus == GUESSED else 0.0)
            own[e.name, e.kind] = e.labels
        items.append(e if e.kind != "disturbed" else replace(e, labels=own[e.name, "own"]))
    moved = float(np.mean(np.concatenate([a.labels != b.labels for a, b in zip(items, learn.items, strict=True)])))
    log.info("listened again: %.1f %% of the frames have another label", 100 * moved)
    return Examples(items, learn.sets)


def export(
    network: Any,
    s: PhoneHeadTraining,
    tensors: dict[str, Any],
    own: dict[str, NDArray[Any]],
    out: Path,
) -> None:
    """Fold the normalisations into the convolutions and write the checkpoint, the encoder's further layers in it."""
    state = {k: v.detach().cpu().double().numpy() for k, v in network.state_dict().items()}
    scale = 1 / np.sqrt(state["scale.running_var"] + VARIANCE_FLOOR)
    mean = state["scale.running_mean"]
    for i in range(s.convolutions):
        weight, bias = state[f"convolutions.{i}.weight"], state[f"convolutions.{i}.bias"]  # (out, in, taps)
        if i == 0:
            bias = bias - (weight * (scale * mean)[:, None]).sum(axis=(1, 2))
            weight = weight * scale[:, None]
        n = f"norms.{i}"
        factor = state[f"{n}.weight"] / np.sqrt(state[f"{n}.running_var"] + VARIANCE_FLOOR)
        weight = weight * factor[:, None, None]
        tensors[f"conv{i}.weight"] = weight.transpose(2, 1, 0).reshape(-1, weight.shape[0]).astype(np.float16)
        tensors[f"conv{i}.bias"] = ((bias - state[f"{n}.running_mean"]) * factor + state[f"{n}.bias"]).astype(
            np.float32
        )
    tensors["head.weight"] = state["head.weight"][:, :, 0].T.astype(np.float32)
    tensors["head.bias"] = state["head.bias"].astype(np.float32)
    tensors["silence"] = np.array([0.0, *[SILENT] * (len(PHONES) - 1), 0.0], np.float32)
    config = {
        "kind": "phones",
        "version": 2,
        "encoder": CHECKPOINT,
        "convolutions": s.convolutions,
        "phones": list(PHONES),
        "classes": {k: list(v) for k, v in CLASSES.items()},
        "prior_scale": s.prior_scale,
        "trained": s.learned(),
    }
    save_checkpoint(out, config, tensors | own)


SILENT = -12.0
"""Log chance of every phone, against silence, where the gate is closed."""
