"""Phones by attention: Whisper's encoder under a few convolutions, over stretches that overlap.

What ``phones`` hears by its own network it learned from some two hours of speech; here the frozen encoder that
learned from 680,000 hours (``speech_encoder``) does most of the hearing, and only the head on it was trained
(``gengine.training.phone_head_task``). A voice that nobody learned from loses half as many closures. The price: it
hears ``HOP`` seconds at a time with ``MARGIN`` before and after, so later, at several times the work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.checkpoint import shared_checkpoint
from gengine.core.audio import SAMPLE_RATE
from gengine.encoders.speech_encoder import EVERYTHING, ROW, SpeechEncoder, neighbours, one_thread
from gengine.errors import FormatError

HOP = 80
"""Rows (20 ms) that are heard at once."""
MARGIN = 20
"""Rows heard before and after them: the encoder hears less well at the ends of what it is given. Judgement."""
FRAMES = 2
"""Frames of 10 ms in a row."""

Wanted = Callable[[int, int], bool]
"""Asks whether anything is to be heard in frames [first, last)."""


class AttentiveNetwork:
    """Whisper's layers and the head on them, of one stretch after the other: nothing is remembered.

    ``config`` names the ``encoder`` checkpoint; ``tensors`` hold its further layers and the head's convolutions, all
    but the first with a way around them.
    """

    def __init__(self, config: dict[str, Any], tensors: Mapping[str, NDArray[Any]]) -> None:
        self._encoder = SpeechEncoder(config["encoder"], further=tensors, highest=EVERYTHING)
        self._convolutions = [
            (np.ascontiguousarray(tensors[f"conv{i}.weight"], np.float32), tensors[f"conv{i}.bias"].astype(np.float32))
            for i in range(int(config["convolutions"]))
        ]
        self._head, self._head_bias = tensors["head.weight"].astype(np.float32), tensors["head.bias"].astype(np.float32)
        self.of_silence = np.asarray(tensors["silence"], np.float32)
        outputs = self.head(np.zeros((HOP + 2 * MARGIN, self._encoder.width), np.float32))
        if outputs.shape[1:] != self.of_silence.shape or not np.isfinite(outputs).all():
            raise FormatError(f"phones checkpoint: outputs {outputs.shape}, of silence {self.of_silence.shape}")

    def states(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the encoder says of one stretch ``((HOP + 2 * MARGIN) * ROW,)``: ``(HOP + 2 * MARGIN, width)``."""
        return self._encoder.states(samples)

    @one_thread
    def head(self, states: NDArray[np.float32]) -> NDArray[np.float32]:
        """Outputs ``(2 * HOP, 41)`` of the middle of a stretch."""
        x = states
        for i, (weight, bias) in enumerate(self._convolutions):
            y = np.maximum(neighbours(x, len(weight) // x.shape[1], 1) @ weight + bias, 0)
            x = x + y if i else y
        return (x[MARGIN : MARGIN + HOP] @ self._head + self._head_bias).reshape(HOP * FRAMES, -1)


class AttentiveTrunk:
    """Sound in, outputs of a network out, whole ``HOP`` by whole ``HOP``."""

    latency = (HOP + MARGIN) * ROW / SAMPLE_RATE
    """Seconds of sound after a frame by which its outputs are known."""
    least = MARGIN * ROW / SAMPLE_RATE
    """Seconds of sound after a frame without which its outputs are not known."""
    unsettled = FRAMES * (2 * HOP + MARGIN)
    """Frames of silence that bring out the last ones."""

    def __init__(self, network: AttentiveNetwork) -> None:
        self._network = network
        self._samples = np.zeros(MARGIN * ROW, np.float32)  # from the margin before the next hop on
        self._hop = 0

    @property
    def wants(self) -> int:
        """Samples without which nothing more comes out."""
        return (HOP + 2 * MARGIN) * ROW - len(self._samples)

    def __deepcopy__(self, memo: dict[int, Any]) -> AttentiveTrunk:
        return copy(self)  # weights are shared, samples are replaced and never changed

    def push(self, samples: NDArray[np.float32], wanted: Wanted | None = None) -> NDArray[np.float32]:
        """Outputs ``(N, 41)`` of the frames that new sound settles; where nothing is ``wanted``, those of silence."""
        self._samples = np.concatenate([self._samples, samples])
        size, silence = (HOP + 2 * MARGIN) * ROW, self._network.of_silence
        outputs = [np.zeros((0, len(silence)), np.float32)]
        for at in range(0, len(self._samples) - size + 1, HOP * ROW):
            first = self._hop * HOP * FRAMES
            if wanted is None or wanted(first, first + HOP * FRAMES):
                outputs.append(self._network.head(self._network.states(self._samples[at : at + size])))
            else:
                outputs.append(np.repeat(silence[None], HOP * FRAMES, axis=0))
            self._hop += 1
        self._samples = self._samples[(len(outputs) - 1) * HOP * ROW :]
        return np.concatenate(outputs)


@lru_cache(maxsize=2)
def shared_network(checkpoint: str, digest: str) -> AttentiveNetwork:
    """The network of a checkpoint whose weights have that SHA-256, built once for all sessions of a process."""
    return AttentiveNetwork(*shared_checkpoint(checkpoint))
