"""Several channels become one: their mean, unless they cancel each other or one is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from gengine.errors import AudioError
from gengine.inputs.audio import LISTENED, SILENT_PEAK

CANCELLED = 0.1
"""Channels cancel each other where their mean keeps less than this share of their power: two of equal power that
correlate by less than -0.8. Unrelated channels keep half. Judgement."""

UNLIKE = 0.2
"""Channels that correlate by less are different recordings: two speakers, a timecode. Judgement."""

LISTENED_SAMPLES = 4_000_000
"""Samples that are held at most for that."""

NAMES = {"left": 0, "l": 0, "right": 1, "r": 1}

AUTO = "auto"


def parsed_channel(channel: int | str | None) -> int | str:
    """A channel's number, "mix" or "auto"; ``AudioError`` for anything else."""
    text = AUTO if channel is None else str(channel).strip().lower()
    if text in NAMES:
        return NAMES[text]
    if text in ("mix", AUTO):
        return text
    if not text.isdecimal() or isinstance(channel, bool) or len(text) > 4:
        raise AudioError(f"--channel {channel}: expected left, right, mix, auto, or a channel's number from 0 on")
    return int(text)


class ChannelMix:
    """Blocks ``(n, channels)`` become ``(n,)``; ``notes`` is complete after the last.

    "mix" is the mean. "auto" is the mean of those channels that sound, and where they cancel each other (one wire
    turned round: left = -right) the strongest of them; what was decided on the first half minute holds to the end.
    ``AudioError`` where the recording lacks the channel.
    """

    def __init__(self, channel: int | str | None, channels: int, name: str) -> None:
        self.notes: list[str] = []
        self._name, self._channels = name, channels
        self._choice = parsed_channel(channel)
        if isinstance(self._choice, int) and self._choice >= channels:
            have = "one channel, 0" if channels == 1 else f"{channels} channels, 0 to {channels - 1}"
            raise AudioError(f"--channel {channel}: '{name}' has {have}")
        self._one: int | None = self._choice if isinstance(self._choice, int) else None
        self._sounding = channels
        self._lost = self._sounded = 0

    def __call__(self, blocks: Iterator[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        if self._choice == AUTO and self._channels > 1:
            head, count = [], 0
            for block in islice(blocks, LISTENED):
                head.append(block)
                count += block.size
                if count >= LISTENED_SAMPLES:
                    break
            self._decide(head)
            blocks = chain(head, blocks)
        for block in blocks:
            yield self._joined(block)
        if self._lost > max(1, 0.05 * self._sounded):
            self.notes.append(
                f"The channels of '{self._name}' cancel each other in {self._lost} of {self._sounded} blocks of a "
                "second; choose one by --channel."
            )

    def _decide(self, head: list[NDArray[np.float32]]) -> None:
        peaks = np.max([np.abs(b).max(0, initial=0.0) for b in head], axis=0) if head else np.zeros(self._channels)
        sounding = np.flatnonzero(peaks > SILENT_PEAK)
        if not len(sounding):
            return
        powers = np.sum([(b.astype(np.float64) ** 2).sum(0) for b in head], axis=0)
        self._sounding = len(sounding)
        if len(sounding) < self._channels:
            which = ", ".join(self._named(c) for c in range(self._channels) if c not in sounding)
            self.notes.append(f"Channel {which} of '{self._name}' is silent; the rest is heard.")
        if len(sounding) > 1:
            mixed = sum(float((b.astype(np.float64)[:, sounding].mean(1) ** 2).sum()) for b in head)
            if mixed < CANCELLED * float(powers[sounding].mean()):
                self._one = int(np.argmax(powers))
                self.notes.append(
                    f"The channels of '{self._name}' cancel each other (one is the other turned round); "
                    f"channel {self._named(self._one)} is used."
                )
            elif len(sounding) == 2:
                one, two = powers[sounding] / sum(len(b) for b in head)
                common = (4 * mixed / sum(len(b) for b in head) - one - two) / 2
                if abs(common) < UNLIKE * np.sqrt(one * two):
                    names = " and ".join(self._named(int(c)) for c in sounding)
                    self.notes.append(
                        f"Channels {names} of '{self._name}' hold different sounds; their mean is heard, --channel "
                        "chooses one."
                    )

    def _joined(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._one is not None:
            return np.ascontiguousarray(block[:, self._one])
        if self._sounding < self._channels:  # silent ones may speak up later, so that all are added
            return block.sum(1, dtype=np.float32) / np.float32(self._sounding)
        mono = block.mean(1, dtype=np.float32)
        if self._channels > 1:
            power = float(np.square(block, dtype=np.float64).mean())
            if power > SILENT_PEAK**2:
                self._sounded += 1
                self._lost += float(np.square(mono, dtype=np.float64).mean()) < CANCELLED * power
        return mono

    @property
    def facts(self) -> dict[str, int | str]:
        """What a run reports: how many there are, and which is heard."""
        if self._channels == 1:
            return {}
        return {"channels": self._channels, "channel": "mix" if self._one is None else self._named(self._one)}

    def _named(self, channel: int) -> str:
        return ("left", "right")[channel] if self._channels == 2 else str(channel)
