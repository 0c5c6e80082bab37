"""What a stretch of speech sounds like: layers of Whisper's encoder, in plain numpy.

A network that learned to write down 680,000 hours of speech (Radford et al. 2022, "Robust Speech Recognition via
Large-Scale Weak Supervision") hears voices, rooms and telephones better than anything trained on an hour could. Its
first layers still hold how something is said (their mean and deviation over the frames are a vector in which emotion
is read), its last ones which phones are (``attentive_phones``). The weights are frozen;
``gengine.training.whisper_layers`` takes them out of a published model.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from gengine.checkpoint import fitting, shared_checkpoint
from gengine.core.audio import SAMPLE_RATE
from gengine.errors import FormatError

CHECKPOINT = "whisper-tiny-en-2"
"""The bundled layers."""

HOP = 160
"""Samples between the frames of the spectrum (10 ms)."""
ROW = 2 * HOP
"""Samples between the rows of the layers (20 ms)."""
WINDOW = 400
"""Samples of a frame of the spectrum (25 ms)."""
HIGHEST = 5500.0
"""Hz; what lies above does not tell the manner: telephones, video calls and some clips it learns from lack it."""
EVERYTHING = SAMPLE_RATE / 2
"""Hz; as Whisper has it."""
LOUDNESS = 0.05
"""Root mean square to which a stretch is brought: how loud a recording is says nothing."""

one_thread = ThreadpoolController().wrap(limits=1, user_api="blas")
"""Products inside are made by one thread: by more, some processors give other last bits, so runs beside others too."""

_LEAST_POWER = 1e-10  # of a band, as Whisper has it
_DEPTH = 8.0  # decades below the loudest band that are looked at, as Whisper has it
_NORM_FLOOR = 1e-5  # of a layer's variance
_GELU_SCALE = np.float32(np.sqrt(2 / np.pi))
_GELU_CUBE = np.float32(0.044715 * np.sqrt(2 / np.pi))
_MOST_LAYERS = 4


def mel_filters(bands: int, highest: float = HIGHEST) -> NDArray[np.float32]:
    """Slaney's triangular filters ``(WINDOW // 2 + 1, bands)`` from 0 to 8 kHz, of equal area (as librosa has them),
    without what lies above ``highest`` Hz."""
    corner, linear, rise = 1000.0, 3 / 200, 27 / np.log(6.4)  # linear to 1 kHz, then 27 bands for a factor of 6.4

    def hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(mel < corner * linear, mel / linear, corner * np.exp((mel - corner * linear) / rise))

    top = corner * linear + rise * np.log(SAMPLE_RATE / 2 / corner)
    edges = hertz(np.linspace(0, top, bands + 2))
    frequency = np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE)[:, None]
    up = (frequency - edges[:-2]) / np.diff(edges)[:-1]
    down = (edges[2:] - frequency) / np.diff(edges)[1:]
    filters = np.maximum(0, np.minimum(up, down)) * 2 / (edges[2:] - edges[:-2])
    return (filters * (frequency <= highest)).astype(np.float32)


class SpeechEncoder:
    """``encoder(samples)``: mean and deviation ``(2 * width,)`` of the last layer over a stretch of 16 kHz sound.

    Each stretch stands for itself, so nothing depends on how a stream was cut. ``layers`` of them are used, all where
    none is said; those that ``further`` tensors hold, named on from the last, follow. Nothing above ``highest`` Hz is
    looked at.
    """

    def __init__(
        self,
        checkpoint: str | Path = CHECKPOINT,
        layers: int | None = None,
        further: Mapping[str, NDArray[Any]] | None = None,
        highest: float = HIGHEST,
    ) -> None:
        config, tensors = shared_checkpoint(checkpoint)
        if config.get("kind") != "speech encoder":
            raise FormatError(f"checkpoint '{checkpoint}': not a speech encoder of this version of gengine")
        with fitting(checkpoint):
            if further:
                tensors = tensors | {name: t for name, t in further.items() if name.startswith("layer")}
                config = config | {"layers": len({name.split(".")[0] for name in tensors if name.startswith("layer")})}
            self._filters = mel_filters(tensors["conv1.weight"].shape[1], highest)
            self._build(config, tensors, layers)
            self.width = len(self._bias2)
            if not np.isfinite(self(np.sin(np.arange(SAMPLE_RATE // 2, dtype=np.float32)))).all():
                raise FormatError(f"checkpoint '{checkpoint}': a tone makes numbers that are none; restore it")

    def _build(self, config: dict[str, Any], tensors: dict[str, NDArray[Any]], layers: int | None) -> None:
        t = {name: np.ascontiguousarray(value, np.float32) for name, value in tensors.items()}
        self._heads = int(config["heads"])
        self._position = t["position"]
        out, bands, taps = t["conv1.weight"].shape
        self._taps = taps
        # as matrices of taps after each other: a convolution is one product
        self._conv1 = np.ascontiguousarray(t["conv1.weight"].transpose(2, 1, 0).reshape(taps * bands, out))
        self._conv2 = np.ascontiguousarray(t["conv2.weight"].transpose(2, 1, 0).reshape(taps * out, -1))
        self._bias1, self._bias2 = t["conv1.bias"], t["conv2.bias"]
        count = int(config["layers"]) if layers is None else layers
        if not 0 < count <= min(int(config["layers"]), _MOST_LAYERS):
            raise FormatError(f"speech encoder: {count} layers, expected 1 to {min(config['layers'], _MOST_LAYERS)}")
        self._layers = [  # matrices lie as products of rows read them, which takes an eighth less time
            {name.split(".", 1)[1]: np.ascontiguousarray(w.T) for name, w in t.items() if name.startswith(f"layer{i}.")}
            for i in range(count)
        ]
        for layer in self._layers:  # a query's length is taken off once and for all
            width = layer["out.weight"].shape[0]
            scale = np.float32((width / self._heads) ** -0.5)
            layer["qkv.weight"][:, :width] *= scale
            layer["qkv.bias"] = np.concatenate([layer["qkv.bias"][:width] * scale, layer["qkv.bias"][width:]])

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """The vector of ``samples (N,)``, at least 0.1 s and at most 30 s of them."""
        states = self.states(samples)
        return np.concatenate([states.mean(axis=0), states.std(axis=0)])

    @one_thread
    def states(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """The last layer ``(N // ROW, width)`` at 50 Hz."""
        mel = self.mel(samples)
        x: Any = gelu(neighbours(mel, self._taps, 1) @ self._conv1 + self._bias1)
        x = gelu(neighbours(x, self._taps, 2) @ self._conv2 + self._bias2)
        x += self._position[: len(x)]
        for layer in self._layers:
            x = self._attend(layer, x)
            hidden = gelu(normed(x, layer, "mlp_norm") @ layer["up.weight"] + layer["up.bias"])
            x = x + (hidden @ layer["down.weight"] + layer["down.bias"])
        return x

    def mel(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Whisper's log-mel frames ``(N // 160, bands)`` of a stretch brought to ``LOUDNESS``, without its top."""
        level = np.sqrt(np.mean(np.square(samples, dtype=np.float64)) + 1e-12)
        loud = np.clip(samples * np.float32(LOUDNESS / level), -1, 1)
        padded = np.pad(loud, WINDOW // 2, mode="reflect")
        frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][: len(samples) // HOP]
        spectrum = np.fft.rfft(frames * np.hanning(WINDOW + 1)[:-1].astype(np.float32), axis=1)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) @ self._filters
        decades: Any = np.log10(np.maximum(power, np.float32(_LEAST_POWER)))
        return (np.maximum(decades, decades.max() - np.float32(_DEPTH)) + 4) / 4

    def _attend(self, layer: dict[str, NDArray[np.float32]], x: NDArray[np.float32]) -> NDArray[np.float32]:
        qkv = normed(x, layer, "attention_norm") @ layer["qkv.weight"] + layer["qkv.bias"]
        q, k, v = qkv.reshape(len(x), 3, self._heads, -1).transpose(1, 2, 0, 3)
        scores = q @ k.transpose(0, 2, 1)
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = (scores / scores.sum(axis=-1, keepdims=True)) @ v
        return x + (mixed.transpose(1, 0, 2).reshape(len(x), -1) @ layer["out.weight"] + layer["out.bias"])


def gelu(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Gaussian error linear unit by the hyperbolic tangent (Hendrycks & Gimpel 2016): a tenth of the exact one's time,
    and the same within a thousandth."""
    y = x * x
    y *= _GELU_CUBE
    y += _GELU_SCALE
    y *= x
    np.tanh(y, out=y)
    y += 1
    y *= x
    y *= np.float32(0.5)
    return y


def normed(x: NDArray[np.float32], layer: dict[str, NDArray[np.float32]], name: str) -> NDArray[np.float32]:
    """Layer normalisation of rows ``x (T, width)``."""
    x = x - x.mean(axis=1, keepdims=True)
    x /= np.sqrt(np.mean(x * x, axis=1, keepdims=True) + np.float32(_NORM_FLOOR))
    return x * layer[f"{name}.weight"] + layer[f"{name}.bias"]


def neighbours(x: NDArray[np.float32], taps: int, stride: int) -> NDArray[np.float32]:
    """Rows ``(T / stride, taps * width)`` of neighbours, zeros beyond the ends."""
    padded = np.pad(x, ((taps // 2, taps // 2), (0, 0)))
    index = np.arange(0, len(x), stride)[:, None] + np.arange(taps)
    return padded[index].reshape(len(index), -1)
