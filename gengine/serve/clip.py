"""A recording as a session of its own: what comes is made as fast as it can be, and ends with its sound."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core.performance import Performance
from gengine.serve.messages import Emotion, End, Ended, Hello, Latency, Message, Names
from gengine.serve.stream import BITE, live_config
from gengine.session import Session


class Recital(Hello):
    """Opens a ``Clip``; ``face_fps`` is the rate of its shapes."""


@dataclass(frozen=True, eq=False)
class Shapes:
    """Curves ``weights (N, 52)`` of consecutive frames, the first at ``start`` s, and the 16-bit sound beside them."""

    start: float
    weights: NDArray[np.float32]
    pcm: bytes


class Clip:
    """A worker's session as ``Stream`` is one, of a recording instead of a conversation.

    ``sound`` takes 16-bit PCM cut anywhere, ``tell`` an ``Emotion`` (its ``at`` counts from the first sample) or the
    ``End``; ``advance`` gives ``Shapes`` as soon as they are made, and ``Ended`` behind the last. The pieces of sound
    beside the shapes are together what came.
    """

    def __init__(self, hello: Recital, begin: float, now: float, hop: float | None = None) -> None:
        del begin, now  # a recording begins at 0, whenever that is
        config = live_config(hop).model_copy(update={"face_fps": hello.face_fps})
        self._session = Session(emotion=hello.emotion, seed=hello.seed, rate=hello.audio.rate, config=config)
        self.names, self.latency = _no_names(), Latency(face=self._session.latency, body=self._session.latency)
        self._rate, self._fps = hello.audio.rate, hello.face_fps
        self._waiting, self._beside = bytearray(), bytearray()  # sound to be heard, sound to be sent back
        self._sent = 0  # frames
        self._ends: str | None = None

    def sound(self, first: int, pcm: bytes) -> None:
        """The next sound; a recording has no gaps, so the number of its ``first`` sample is not needed."""
        del first
        self._waiting += pcm

    def tell(self, message: Message) -> list[Any]:
        """Take what the client says; nothing is answered at once."""
        if isinstance(message, Emotion):
            at = message.at if message.at is not None and message.at >= self._session.made else None
            self._session.feel(message.mix, at, message.fade)
        elif isinstance(message, End):
            self._ends = message.utterance
        return []

    def advance(self, now: float) -> tuple[list[Any], float]:
        """Make a bite's worth; what came of it, and in how many seconds there is more to do."""
        del now
        if self._waiting:
            size = 2 * int(BITE * self._rate)
            piece = bytes(self._waiting[:size])
            del self._waiting[:size]
            self._beside += piece
            return self._shapes(self._session.push(piece), last=False), 0.0
        if self._ends is None:
            return [], math.inf
        out = self._shapes(self._session.flush(), last=True)
        out.append(Ended(utterance=self._ends, at=self._sent / self._fps))
        self._ends = None
        return out, math.inf

    def _shapes(self, part: Performance | None, last: bool) -> list[Any]:
        weights = np.zeros((0, 52), np.float32) if part is None or part.face is None else part.face.weights
        start, self._sent = self._sent / self._fps, self._sent + len(weights)
        size = len(self._beside) if last else min(2 * round(self._sent * self._rate / self._fps), len(self._beside))
        pcm = bytes(self._beside[:size])
        del self._beside[:size]
        return [Shapes(start, weights.astype(np.float32), pcm)] if len(weights) or pcm else []


@cache
def _no_names() -> Names:
    return Names(curves=[], joints=[], parents=[], offsets=[])
