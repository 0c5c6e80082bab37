"""Phones heard in the sound alone, in any language, while it arrives.

Sound → a trunk → posteriors of 39 ARPAbet phones and silence at 100 Hz → a fixed-lag Viterbi path → phones. Two trunks
are bundled, both plain numpy: the layers of Whisper's encoder (``attentive_phones``; phones-v2), and, where phones must
be heard soon, log-mel frames → a small time-convolutional network with a fixed look-ahead (trained by
``gengine.training.phone_task``; phones-v1). A language that English lacks sounds of is heard as the English sounds
nearest in shape, which is what lips need. Everything runs in fixed blocks (80 ms; 20 ms where it must be soon), so
the result does not depend on the chunks in which the sound arrives.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gengine.checkpoint import find_checkpoint, fitting, shared_checkpoint
from gengine.core.audio import SAMPLE_RATE
from gengine.core.words import Phone
from gengine.encoders import logmel
from gengine.encoders.rooms import Room
from gengine.encoders.speech_gate import SpeechGate
from gengine.errors import AudioError, FormatError, GengineError, brief

CLASSES: dict[str, tuple[str, ...]] = {
    "sil": ("sil",),
    "bilab": ("P", "B", "M"),
    "labdent": ("F", "V"),
    "dental": ("TH", "DH"),
    "round": ("W", "UW", "UH", "OW", "AO", "OY", "ER", "R"),
    "postalv": ("SH", "ZH", "CH", "JH"),
    "sibil": ("S", "Z"),
    "tongue": ("T", "D", "N", "L"),
    "velar": ("K", "G", "NG"),
    "open": ("AA", "AE", "AH", "AY", "AW"),
    "mid": ("EH", "IH", "EY"),
    "front": ("IY", "Y"),
    "breath": ("HH",),
}
"""Phones by the shape of the lips (face.md section 1)."""

PHONES: tuple[str, ...] = tuple(p for members in CLASSES.values() for p in members)
"""The 40 symbols in the order of the network's outputs."""

CLASS_OF: NDArray[np.int64] = np.array([i for i, members in enumerate(CLASSES.values()) for _ in members])
"""Index of the class of each phone, ``(40,)``."""

RATE = 100
"""Frames per second of posteriors and jaw, Hz."""

LONGEST = 0.4
"""A sound that goes on longer than this is handed out in pieces with the same symbol, seconds."""

LOOKAHEAD = 16
"""Frames after its own that the network sees."""
MOST_LAYERS, MOST_TAPS = 64, 256
"""Layers of a network, and taps and dilation of one, that are believed (judgement): the bundled one has 7, 5 and 16."""

CHECKPOINT = "phones-v2"
"""What hears best, where there is time to wait."""
SOON: dict[str, Any] = {"checkpoint": "phones-v1", "block": 2, "lag": 0}
"""How ``PhoneEncoder`` hears soonest: 0.19 s after the sound, by a small network that hears strangers less well."""


@dataclass(frozen=True, eq=False)
class PhoneFrames:
    """Settled frames at 100 Hz: frame ``first + i`` describes the sound around its index / 100 s.

    ``posteriors (N, 40)`` by ``PHONES``, rows sum to 1; ``jaw (N,)`` the expected ARKit jawOpen of neutral
    speech, 0..1; ``open (N,)`` whether the speech gate is, always where there is none.
    """

    first: int
    posteriors: NDArray[np.float32]
    jaw: NDArray[np.float32]
    open: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.jaw)

    def classes(self) -> NDArray[np.float32]:
        """Posteriors ``(N, 13)`` by ``CLASSES``."""
        return np.add.reduceat(self.posteriors, np.flatnonzero(np.diff(CLASS_OF, prepend=-1)), axis=1)


class _Layer:
    """One streaming convolution: ``ahead`` frames of look-ahead are bought with as much delay."""

    def __init__(self, weight: NDArray, bias: NDArray, kernel: int, dilation: int, ahead: int, rows: int) -> None:
        self.weight, self.bias = np.ascontiguousarray(weight, np.float32), np.asarray(bias, np.float32)
        self._past, self._ahead, self._rows = (kernel - 1) * dilation, ahead, rows
        self._buffer = np.zeros((self._past, weight.shape[0] // kernel), np.float32)
        self._taps = np.arange(kernel) * dilation

    def __deepcopy__(self, memo: dict[int, Any]) -> _Layer:
        return copy(self)  # weights are shared, buffers are replaced and never changed

    def step(self, x: NDArray[np.float32], residual: bool) -> NDArray[np.float32]:
        """Whole blocks of rows ``(N, in)`` → ``(N, out)``, by one product a block, all of one size."""
        buffer, count = np.concatenate([self._buffer, x]), len(x)
        index = np.arange(count)[:, None] + self._taps
        y = (buffer[index].reshape(-1, self._rows, self.weight.shape[0]) @ self.weight).reshape(count, -1)
        y += self.bias
        np.maximum(y, 0, out=y)
        if residual:
            y += buffer[self._past - self._ahead : self._past - self._ahead + count]
        self._buffer = buffer[count:]
        return y


class _Network:
    """The trunk at 50 Hz (two mel frames a row) and its heads, in products of a block of rows."""

    def __init__(self, config: dict[str, Any], tensors: dict[str, NDArray], block: int = logmel.BLOCK) -> None:
        rows = block // 2
        specs = config["layers"]
        self._layers = [
            _Layer(tensors[f"layer{i}.weight"], tensors[f"layer{i}.bias"], s["kernel"], s["dilation"], s["ahead"], rows)
            for i, s in enumerate(specs)
        ]
        self._delays = np.cumsum([s["ahead"] for s in specs])
        self._head, self._head_bias = tensors["head.weight"].astype(np.float32), tensors["head.bias"]
        self._row, self._rows = 0, rows
        if self._delays[-1] != LOOKAHEAD // 2:
            raise FormatError(f"phones checkpoint: look-ahead of {self._delays[-1]} rows, expected {LOOKAHEAD // 2}")

    def __deepcopy__(self, memo: dict[int, Any]) -> _Network:
        twin = copy(self)
        twin._layers = [copy(layer) for layer in self._layers]
        return twin

    def step(self, mel: NDArray[np.float32]) -> NDArray[np.float32]:
        """Normalised bands ``(N, BANDS)``, whole blocks → outputs ``(N, 41)`` of ``LOOKAHEAD`` frames before."""
        x = mel.reshape(mel.shape[0] // 2, -1)
        for i, (layer, delay) in enumerate(zip(self._layers, self._delays, strict=True)):
            x = layer.step(x, residual=i > 0)
            if self._row < delay:  # before the recording every layer sees zeros, as its padding did in training
                x[: delay - self._row] = 0
        self._row += len(x)
        return (x.reshape(-1, self._rows, x.shape[1]) @ self._head + self._head_bias).reshape(mel.shape[0], -1)


class _ConvolutionTrunk:
    """Sound in, outputs of the network out, block by block, a little after the sound."""

    least = LOOKAHEAD / RATE + logmel.WINDOW / 2 / SAMPLE_RATE
    """Seconds of sound after a frame without which its outputs are not known."""

    def __init__(self, config: dict[str, Any], tensors: dict[str, NDArray], block: int) -> None:
        self._network = _Network(config, tensors, block)
        self._mel, self._room, self._early = logmel.MelBlocks(block), Room(), LOOKAHEAD
        self._level = logmel.START_LEVEL
        self.latency = self.least + (block + 0.5) / RATE
        self.unsettled = LOOKAHEAD + block

    @property
    def wants(self) -> int:
        """Samples without which nothing more comes out."""
        return self._mel.wants

    def push(self, samples: NDArray[np.float32], wanted: object = None) -> NDArray[np.float32]:
        """Outputs ``(N, 41)`` of the frames that new sound settles; all are heard, whatever is ``wanted``."""
        power = self._room.suppress(self._mel.push(samples))
        if not len(power):
            return np.zeros((0, len(PHONES) + 1), np.float32)
        level = logmel.block_levels(logmel.loudness(power), self._level)
        self._level = float(level[-1, -1])
        mel = logmel.relative(logmel.power_to_db(power), level)
        outputs = self._network.step(mel.reshape(-1, mel.shape[2]))
        early = min(self._early, len(outputs))  # they describe what was before the recording
        self._early -= early
        return outputs[early:]


class _Path:
    """Fixed-lag Viterbi: a label is settled by ``lag`` frames after its own, or more."""

    def __init__(self, config: dict[str, Any], tensors: dict[str, NDArray], lag: int = logmel.BLOCK) -> None:
        self._change = np.ascontiguousarray(tensors["transitions"].T, dtype=np.float32)  # [to, from]
        self._prior = (config["prior_scale"] * tensors["log_prior"] - tensors["bonus"]).astype(np.float32)
        self._score = np.full(len(PHONES), -20, np.float32)
        self._score[0] = 0
        self._lag = lag
        self._back: list[NDArray[np.intp]] = []
        self._candidates = np.empty_like(self._change)
        self._first = np.arange(len(PHONES)) * len(PHONES)

    def step(self, log_posteriors: NDArray[np.float32]) -> list[int]:
        """One block of log posteriors ``(block, 40)`` → the labels that it settles."""
        score, change, candidates = self._score, self._change, self._candidates
        flat, first = candidates.ravel(), self._first
        for e in log_posteriors - self._prior:
            np.add(change, score, out=candidates)
            best = candidates.argmax(axis=1)
            score = flat.take(best + first) + e
            self._back.append(best)
        self._score = score - score.max()
        labels, state = [], int(score.argmax())
        for best in reversed(self._back):
            labels.append(state)
            state = int(best[state])
        self._back = self._back[len(self._back) - min(self._lag, len(self._back)) :]
        return labels[: self._lag - 1 if self._lag else None : -1]


def _try(config: dict[str, Any], tensors: dict[str, NDArray], block: int) -> None:
    """Raises whatever it is where the sizes of convolutions do not fit each other."""
    if not 0 < len(config["layers"]) <= MOST_LAYERS:
        raise FormatError(f"phones checkpoint: {len(config['layers'])} layers, expected 1 to {MOST_LAYERS}")
    for layer in config["layers"]:
        for name, largest in (("kernel", MOST_TAPS), ("dilation", MOST_TAPS), ("ahead", LOOKAHEAD)):
            if not (isinstance(layer[name], int) and 0 <= layer[name] <= largest):
                raise FormatError(f"phones checkpoint: {name} {brief(layer[name])}, expected 0 to {largest}")


class PhoneEncoder:
    """Sound in, settled phones out, in order and without gaps; "sil" is silence.

    What was said up to ``latency`` seconds before the newest sample is settled. The sound going on there is
    handed out when it ends, or every ``longest`` seconds of it. With ``keep_frames`` the posteriors behind the
    phones are kept for ``take_frames``; without, memory stays flat over hours. Where a ``gate`` is closed
    everything is silence and the jaw shut; it costs no time, as it settles before the phones do.

    ``latency`` is the trunk's (of convolutions: look-ahead, a block to fill, half a frame and half a window) and lag.
    ``block`` frames are handled at once and ``lag`` frames weighed before a label is settled, both even: fewer of them
    are settled sooner (``PhoneEncoder(**SOON)``, whose gate is ``SpeechGate(**speech_gate.SOON)``), at more work and
    another rounding.
    """

    def __init__(
        self,
        checkpoint: str | Path = CHECKPOINT,
        keep_frames: bool = False,
        block: int = logmel.BLOCK,
        lag: int = logmel.BLOCK,
        gate: SpeechGate | None = None,
        longest: float = LONGEST,
    ) -> None:
        if block < 2 or block % 2 or LOOKAHEAD % block or lag < 0 or lag % block:
            raise GengineError(
                f"PhoneEncoder: blocks of {block} frames with a lag of {lag}; take blocks of 2, 4, 8 or 16 and a lag "
                "of 0 or whole blocks"
            )
        config, tensors = shared_checkpoint(checkpoint)
        if config.get("kind") != "phones" or config.get("phones") != list(PHONES):
            raise FormatError(f"checkpoint '{checkpoint}': not a phone recogniser of this version of gengine")
        with fitting(checkpoint):
            if "encoder" in config:
                from gengine.encoders import attentive_phones as attentive  # who must hear soon does without

                network = attentive.shared_network(str(find_checkpoint(checkpoint)), config["sha256"])
                self._trunk: Any = attentive.AttentiveTrunk(network)
                outputs = np.tile(network.of_silence, (block, 1))
            else:
                _try(config, tensors, block)
                self._trunk = _ConvolutionTrunk(config, tensors, block)
                outputs = _Network(config, tensors, block).step(np.zeros((block, logmel.BANDS), np.float32))
            self._path = _Path(config, tensors, lag)
            labels = _Path(config, tensors, 0).step(outputs[:, :-1])
            if outputs.shape != (block, len(PHONES) + 1) or not np.isfinite(outputs).all() or len(labels) != block:
                raise FormatError(f"phones checkpoint: outputs {outputs.shape}, expected {(block, len(PHONES) + 1)}")
        if gate is not None and gate.latency > self._trunk.least + lag / RATE:
            raise GengineError(
                f"PhoneEncoder: phones of a lag of {lag} frames settle before a gate of {gate.latency:.3f} s; "
                "take a lag of whole blocks, or no gate"
            )
        self.latency = self._trunk.latency + lag / RATE
        self._unsettled = self._trunk.unsettled + lag + block
        self._samples, self._block = 0, block
        self._keep, self._gate, self.longest = keep_frames, gate, longest
        self._open: list[bool] = []  # whether the gate is open, frame by frame, from the first in _frames on
        self._frames: list[NDArray[np.float32]] = []  # outputs whose labels are not settled or not taken yet
        self._first = 0  # index of the first frame in _frames
        self._settled = 0  # frames with a label
        self._label, self._start = 0, 0  # the sound going on: its label and first frame
        self._ended = False

    @property
    def wants(self) -> int:
        """Samples without which no further frame can be settled."""
        return self._trunk.wants

    def push(self, samples: ArrayLike) -> list[Phone]:
        """Phones that ``samples (N,)`` (16 kHz, [-1, 1]) settle.

        Raises AudioError for samples that are not one channel of finite numbers, and after ``flush``.
        """
        samples = np.asarray(samples, np.float32)
        if samples.ndim != 1 or not np.isfinite(samples).all():
            raise AudioError(f"PhoneEncoder.push: samples of shape {samples.shape}, expected finite mono (N,)")
        if self._ended:
            raise AudioError("PhoneEncoder.push: the recording has ended (flush was called); start a new encoder")
        self._samples += len(samples)
        return self._hear(samples)

    def flush(self) -> list[Phone]:
        """The remaining phones; the last one ends with the recording."""
        if self._ended:
            return []
        phones = self._hear(np.zeros(self._unsettled * logmel.HOP, np.float32))
        self._ended = True
        duration = self._samples / SAMPLE_RATE
        phones = [Phone(p.symbol, p.start, min(p.end, duration)) for p in phones if p.start < duration]
        start = max(0.0, (self._start - 0.5) / RATE)
        if start < duration and (not phones or phones[-1].end < duration):
            phones.append(Phone(PHONES[self._label], start, duration))
        self._settled = min(self._settled, int(np.ceil(duration * RATE)))
        return phones

    def take_frames(self) -> PhoneFrames:
        """Posteriors and jaw of the frames settled since the last call.

        Raises GengineError where the encoder was made without ``keep_frames``.
        """
        if not self._keep:
            raise GengineError("PhoneEncoder.take_frames: make the encoder with keep_frames=True")
        count = self._settled - self._first
        outputs = np.concatenate([np.zeros((0, len(PHONES) + 1), np.float32), *self._frames])
        first, self._frames = self._first, [outputs[count:]]
        posteriors, jaw = np.exp(outputs[:count, :-1]), np.clip(outputs[:count, -1], 0, 1)
        is_open = np.array(self._open[:count], bool) if self._gate else np.ones(count, bool)
        posteriors[~is_open], jaw[~is_open] = np.eye(1, len(PHONES), dtype=np.float32), 0
        self._drop(count)
        return PhoneFrames(first, posteriors, jaw, is_open)

    def _hear(self, samples: NDArray[np.float32]) -> list[Phone]:
        phones: list[Phone] = []
        if self._gate:
            self._open += self._gate.push(samples).tolist()
        for logits in self._log_posteriors(samples):
            for label in self._path.step(logits):
                frame = self._settled
                if self._gate and not self._open[frame - self._first]:
                    label = 0
                if label != self._label or frame - self._start >= self.longest * RATE:
                    if frame > self._start:
                        start = max(0.0, (self._start - 0.5) / RATE)
                        phones.append(Phone(PHONES[self._label], start, (frame - 0.5) / RATE))
                    self._label, self._start = label, frame
                self._settled += 1
            if not self._keep:
                self._drop(self._settled - self._first)
        return phones

    def _log_posteriors(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Of the blocks ``(blocks, block, 40)`` that new sound completes; kept for ``take_frames``."""
        outputs = self._trunk.push(samples, self._wanted if self._gate else None)
        outputs = outputs.reshape(-1, self._block, outputs.shape[1])
        logits = outputs[..., :-1]
        logits -= logits.max(axis=-1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        if self._keep:
            self._frames += list(outputs)
        return logits

    def _wanted(self, first: int, last: int) -> bool:
        """Whether the gate is open anywhere in frames [first, last)."""
        return any(self._open[max(first - self._first, 0) : last - self._first])

    def _drop(self, count: int) -> None:
        """Forget ``count`` frames."""
        self._first += count
        self._open = self._open[count:]


def hear(
    samples: ArrayLike, checkpoint: str | Path = CHECKPOINT, block: int = logmel.BLOCK, lag: int = logmel.BLOCK
) -> tuple[tuple[Phone, ...], PhoneFrames]:
    """Phones and frames of a whole recording ``(N,)`` at 16 kHz; ``block`` and ``lag`` are the encoder's."""
    encoder = PhoneEncoder(checkpoint, keep_frames=True, block=block, lag=lag)
    phones = encoder.push(samples) + encoder.flush()
    return tuple(phones), encoder.take_frames()
