"""Speech or not: a gate in front of the phone recogniser, which hears phones in noise, hum and music as well, and of
prosody, to which they are accents.

Silero VAD (MIT; weights converted by ``gengine.training.gate_weights``), here in plain numpy: 32 ms of sound →
short-time spectrum → four convolutions → an LSTM → the chance of speech. The gate opens a little before speech and
closes a while after it, so that soft onsets and closures are never cut; near sure speech it opens at little. Work is
done in fixed blocks, so the result does not depend on the chunks in which the sound arrives.
"""

from __future__ import annotations

from collections import deque
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.checkpoint import fitting, shared_checkpoint
from gengine.core.audio import SAMPLE_RATE
from gengine.errors import FormatError

CHUNK = 512
"""Samples of one chance of speech: what the network was trained with (32 ms)."""

CONTEXT = 64
"""Samples of the chunk before that each chunk is read with."""

BLOCK = 3
"""Chunks handled at once: each costs a third of one by itself, and the gate knows 96 ms late at most."""

SOON = {"ahead": 0.14, "block": 1}
"""How ``SpeechGate`` settles in time for phones that are heard soonest (``phones.SOON``), after 0.172 s."""

RATE = 100
"""Frames of the gate per second: those of the phone recogniser, Hz."""

AHEAD = 0.15
"""The gate opens so long before speech is heard, s: half as much lets 1 % more of the first closures be cut."""

HANG = 0.25
"""... and stays open so long after it, s: closures of stops last up to .15 s."""

LOUD = 0.05
"""Level (root mean square, 1 is full scale) to which quieter sound is raised for the network..."""

MOST_GAIN = 60.0
"""... by so much at most: with it speech 40 dB down opens the gate like any other (without: .778 of LJ Speech's
closures there, with it .889, as many as at full level)."""

HALF_LIFE = 2.0
"""Seconds after which the level that counts has fallen by half where it is quieter (judgement)."""

OPENS = 0.33
"""Mean chance of the last ``OPENING`` chunks that opens the gate where none was sure lately. Noise stays below .1,
breath and clicks below .25; a chord now and then reaches more in one or two. Whispering, shouting and telephones reach
it."""

OPENING = 3
"""Chunks that must agree on opening."""

BEGINS = 0.27
"""... and in the first ``BEGINNING`` s: a network that has heard nothing yet doubts speech that is cut in."""

BEGINNING = 1.0
"""How long the recording counts as beginning, s (judgement)."""

STAYS = 0.1
"""Chance of one chunk that holds the gate open: a hum that sets in or a chord falls below it at once."""

NEAR = 0.05
"""Chance of one chunk that opens it within ``LATELY`` s of sure speech: words under music."""

SURE = 0.5
"""Mean chance of the last ``CERTAIN`` chunks that is speech for certain: the network's own threshold; one chord by
itself does not reach it."""

CERTAIN = 4
"""Chunks that must agree on being sure."""

LATELY = 3.0
"""How long sure speech makes what follows likely, s (judgement: pauses of speakers)."""

_FFT, _HOP, _FRAMES = 256, 128, 4
_BINS = _FFT // 2 + 1


class _Network:
    """Silero VAD's 16 kHz network, in products of ``block`` chunks."""

    def __init__(self, tensors: dict[str, NDArray], block: int = BLOCK) -> None:
        self._block = block

        def taps(name: str) -> NDArray[np.float32]:
            """(out, in, 3) → (3, in, out)."""
            return tensors[f"{name}.weight"].transpose(2, 1, 0)

        # What a kernel would see outside of the chunk is zero, so its weights there are left out.
        kernels = taps("conv1"), taps("conv2"), taps("conv3")[1:], taps("conv4")[1:2]
        self._kernels = [np.ascontiguousarray(k.reshape(-1, k.shape[-1])) for k in kernels]
        self._biases = [tensors[f"conv{i}.bias"] for i in (1, 2, 3, 4)]
        self._width = n = tensors["lstm.weight_hh"].shape[1]
        # A sigmoid is half a tanh of half its argument: so one tanh serves all gates (input, forget, cell, output).
        half = np.where(np.arange(4 * n) // n == 2, 1, 0.5).astype(np.float32)
        self._input = np.ascontiguousarray(tensors["lstm.weight_ih"].T * half)
        self._recurrent = np.ascontiguousarray(tensors["lstm.weight_hh"].T * half)
        self._bias = (tensors["lstm.bias_ih"] + tensors["lstm.bias_hh"]) * half
        self._out, self._out_bias = tensors["out.weight"].ravel(), tensors["out.bias"]
        self._hidden, self._cell = (np.zeros(self._width, np.float32) for _ in range(2))
        self._window = np.hanning(_FFT + 1)[:-1].astype(np.float32)
        length = CONTEXT + CHUNK
        sample = np.arange(length + CONTEXT)
        sample[length:] = 2 * (length - 1) - sample[length:]  # the end is mirrored
        frame = sample[np.arange(_FRAMES)[:, None] * _HOP + np.arange(_FFT)]
        self._frame = frame

    def __deepcopy__(self, memo: dict[int, Any]) -> _Network:
        return copy(self)  # weights are shared, what it remembers is replaced and never changed

    def step(self, samples: NDArray[np.float32]) -> list[float]:
        """``(CONTEXT + chunks * CHUNK,)`` samples of whole blocks → the chance of speech of each chunk."""
        count = (len(samples) - CONTEXT) // CHUNK
        index = np.arange(count)[:, None, None] * CHUNK + self._frame
        spectrum = np.zeros((count, _FRAMES + 2, _BINS), np.float32)
        spectrum[:, 1:-1] = np.abs(np.fft.rfft(samples[index] * self._window, axis=2))
        x = self._layer(0, np.concatenate([spectrum[:, i : i + _FRAMES] for i in range(3)], axis=2))
        first = np.zeros((count, _FRAMES + 1, x.shape[-1]), np.float32)
        first[:, 1:] = x
        x = self._layer(1, np.stack([first[:, :3], first[:, 2:]], axis=1))  # every second frame
        x = self._layer(3, self._layer(2, x.reshape(count, 1, -1)))
        gates = x.reshape(-1, self._block, x.shape[-1]) @ self._input + self._bias
        return self._remember(gates.reshape(count, -1))

    def _layer(self, i: int, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """``(chunks, rows, ...)`` → ``(chunks, rows, out)``, by one product a block, all of one size."""
        kernel = self._kernels[i]
        y = x.reshape(-1, self._block * x.shape[1], kernel.shape[0]) @ kernel
        y += self._biases[i]
        return np.maximum(y, 0, out=y).reshape(*x.shape[:2], -1)

    def _remember(self, steps: NDArray[np.float32]) -> list[float]:
        """The LSTM's gates of chunks ``(N, 4 n)`` as far as the sound gives them → the chances that follow."""
        n, hidden, cell, half, logits = self._width, self._hidden, self._cell, np.float32(0.5), []
        for gates in steps:
            gates += hidden @ self._recurrent
            np.tanh(gates, out=gates)
            share = gates + 1
            share *= half
            cell = share[n : 2 * n] * cell
            cell += share[:n] * gates[2 * n : 3 * n]
            hidden = share[3 * n :] * np.tanh(cell)
            logits.append(np.maximum(hidden, 0) @ self._out)
        self._hidden, self._cell = hidden, cell
        return (1 / (1 + np.exp(-(np.array(logits, np.float32) + self._out_bias[0])))).tolist()


class SpeechGate:
    """Sound in, whether the gate is open out: one truth per frame at 100 Hz, in order.

    A frame is settled ``ahead`` s and less than ``block`` chunks of 32 ms after its sound.
    """

    def __init__(self, checkpoint: str | Path = "speech-gate-v1", ahead: float = AHEAD, block: int = BLOCK) -> None:
        config, tensors = shared_checkpoint(checkpoint)
        if config.get("kind") != "speech gate":
            raise FormatError(f"checkpoint '{checkpoint}': not a speech gate")
        with fitting(checkpoint):
            if not np.isfinite(_Network(tensors, block).step(np.zeros(CONTEXT + block * CHUNK, np.float32))).all():
                raise FormatError(f"checkpoint '{checkpoint}': hears no number in silence; restore it")
            self._network = _Network(tensors, block)
        self._buffer = np.zeros(CONTEXT, np.float32)
        self._rest, self._level = np.zeros(0, np.float32), 0.0
        self._ahead, self._block = ahead, block
        self._chunks, self._frames = 0, 0
        self._last = deque([0.0] * CERTAIN, CERTAIN)
        self._until = self._likely = -1.0

    @property
    def latency(self) -> float:
        """Seconds of sound needed after a frame before it is settled, at most."""
        return self._ahead + self._block * CHUNK / SAMPLE_RATE

    @property
    def wants(self) -> int:
        """Samples without which no further frame can be settled."""
        return CONTEXT + self._block * CHUNK - len(self._buffer) - len(self._rest)

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Frames ``(F,)`` that ``samples (N,)`` (16 kHz, [-1, 1]) settle: True where someone may speak."""
        open_frames: list[bool] = []
        for chance in self.chances(samples):
            open_frames += self._settle(chance)
        return np.array(open_frames, bool)

    def chances(self, samples: NDArray[np.float32]) -> list[float]:
        """Chances of speech of the chunks that ``samples (N,)`` complete; ``push`` alone makes frames of them."""
        buffer = np.concatenate([self._buffer, self._levelled(samples)])
        end = (len(buffer) - CONTEXT) // (self._block * CHUNK) * self._block * CHUNK
        self._buffer = buffer[end:]
        return self._network.step(buffer[: CONTEXT + end]) if end else []

    def _levelled(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """The whole chunks that ``samples`` complete, quiet ones raised: the network doubts what is very quiet."""
        sound = np.concatenate([self._rest, samples])
        count = len(sound) // CHUNK * CHUNK
        chunks, self._rest = sound[:count].reshape(-1, CHUNK).copy(), sound[count:]
        fall = 0.5 ** (CHUNK / SAMPLE_RATE / HALF_LIFE)
        gains = []
        for loudness in np.sqrt((chunks * chunks).mean(axis=1)).tolist():
            self._level = max(loudness, self._level * fall)
            gains.append(min(max(LOUD / self._level, 1.0), MOST_GAIN) if self._level > 0 else 1.0)
        chunks *= np.array(gains, np.float32)[:, None]
        return chunks.ravel()

    def _settle(self, chance: float) -> list[bool]:
        """Frames that no chunk after this one can open any more."""
        start = self._chunks * CHUNK / SAMPLE_RATE
        self._chunks += 1
        end = self._chunks * CHUNK / SAMPLE_RATE
        self._last.append(chance)
        if start <= self._until and chance >= STAYS or start <= self._likely and chance >= NEAR:
            heard = True
        else:
            newest = list(self._last)[-OPENING:]
            heard = sum(newest) / OPENING >= (BEGINS if start < BEGINNING else OPENS)
        frames: list[bool] = []
        while (time := self._frames / RATE) < end - self._ahead:
            frames.append(heard or time <= self._until)
            self._frames += 1
        if heard:
            self._until = end + HANG
        if sum(self._last) / CERTAIN >= SURE:
            self._likely = start + LATELY
        return frames
