"""What one network makes of a recording, without the other and without a session."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gengine.config import EngineConfig
from gengine.core.conditions import Conditions
from gengine.core.face import FaceTrack
from gengine.networks.base import MotionNetwork
from gengine.windows import WindowSpec


def run_network(
    network: MotionNetwork, whole: Conditions, seed: int, *, face: FaceTrack | None = None, hop: float | None = None
) -> list[Any]:
    """What one network makes of a recording heard as a whole (``hearing.hear_recording``), hop by hop.

    It knows no more at each hop than its look-ahead; ``face`` is given to it where one is. ``hop`` in seconds is
    the engine's unless given. Returns the hops' ``Motion`` or ``FaceTrack`` at the network's rate.
    """
    spec = WindowSpec(0.0, hop or EngineConfig().hop, network.spec.lookahead)
    state, parts = network.start(whole.speaker, seed), []
    while step := spec.at(len(parts), whole.hop_end):
        window = replace(whole, hop_start=step.start, hop_end=step.end, known_until=step.known, ended=step.ended)
        if face is not None:
            window = window.with_face(face[round(step.start * face.fps) : round(step.end * face.fps)])
        parts.append(network.generate(window, state))
    return parts
