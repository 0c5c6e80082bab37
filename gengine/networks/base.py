"""The seam of every motion network: conditions in, motion of one hop out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from gengine.core.conditions import MOTION_RATE, Conditions
from gengine.core.face import FaceTrack
from gengine.core.motion import Motion
from gengine.core.speaker import Speaker


@dataclass(frozen=True)
class NetworkSpec:
    """What a network reads and makes. The engine checks a cascade against it when it is built.

    ``consumes`` names fields of ``Conditions``; ``produces`` is "face" or "motion"; ``fps`` Hz of what comes
    out; ``context`` and ``lookahead`` are the seconds of conditions wanted before and after a hop, ``least`` those
    after it without which it cannot work (None: all of ``lookahead``).
    """

    consumes: tuple[str, ...]
    produces: str
    fps: float = MOTION_RATE
    context: float = 2.0
    lookahead: float = 1.0
    least: float | None = None


class MotionNetwork(ABC):
    """A network makes motion hop by hop. All that it remembers lives in the state it hands back.

    The result may depend on the hop size but never on how the sound arrived: the same windows in the same
    order give the same frames, bit for bit.
    """

    spec: NetworkSpec

    @abstractmethod
    def start(self, speaker: Speaker, seed: int) -> Any:
        """A fresh state for one recording."""

    @abstractmethod
    def generate(self, conditions: Conditions, state: Any) -> FaceTrack | Motion:
        """Frames of [hop_start, hop_end) at ``spec.fps``; ``state`` is updated in place."""

    def revise(self, state: Any, hushed: bool) -> None:  # noqa: B027 — most networks plan nothing
        """Words became known, or speech was broken off (``hushed``): what was planned and is not shown yet may change
        with the next hop."""

    def aim(self, face: FaceTrack, motion: Motion, conditions: Conditions, state: Any) -> FaceTrack:
        """What a face network makes of the hop's ``face`` once its body is known, ``motion`` at the face's rate.

        Called after each ``generate``: eyes that hold a place in the world are found here.
        """
        return face
