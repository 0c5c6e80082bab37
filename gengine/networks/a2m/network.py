"""``A2mNetwork``: the face whose mouth opens, widens and rounds as real ones do at that sound.

Rules know when lips meet, and are poor at how far they part; a small network learned the size from human-made curves
and from filmed lips (the card of the checkpoint says whose). A second one draws brows, head, blinks and glances by seed
(``upper_face``), where the checkpoint has it. All else is the viseme network's: the seal of P B M over what is learned,
emotion, moves that words ask for, looks away. Nothing here needs torch.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gengine.checkpoint import fitting, load_checkpoint
from gengine.core.conditions import MOTION_RATE, Conditions
from gengine.core.face import FaceTrack
from gengine.core.speaker import Speaker
from gengine.errors import FormatError
from gengine.networks.a2m import features
from gengine.networks.a2m.drawn import DrawnFace
from gengine.networks.a2m.upper_face import UPPER, UpperFaceNetwork
from gengine.networks.base import NetworkSpec
from gengine.networks.visemes.coarticulation import PhoneSegments, mouth_curves
from gengine.networks.visemes.expression import arkit_indices
from gengine.networks.visemes.network import FaceState, VisemeNetwork
from gengine.networks.visemes.targets import GROUP_OF, GROUPS, MOUTH, viseme_targets

DEFAULT = "a2m-v3"

AROUND = 3
"""Frames to either side over which the mouth is a weighted mean, a Hann window: the network answers frame by frame, and
the faces that taught it have 25 to 30 frames a second."""

ROUNDED = 0.5
"""Share that the rules have in how wide and round the mouth is: what was learned is half as large as people's, and the
rules' twice (measured: held-out films; the two together follow people better than either)."""
_WIDTH = np.flatnonzero(GROUP_OF == GROUPS.index("width"))
_JAW = MOUTH.index("jawOpen")
_SIDES = [np.array(arkit_indices(name)) for name in MOUTH]


class A2mNetwork(VisemeNetwork):
    """The viseme network with a learned mouth; ``checkpoint`` is a folder or a bundled name.

    Raises ``FormatError`` for a checkpoint that is another network's or does not fit.
    """

    spec = NetworkSpec(
        consumes=(*VisemeNetwork.spec.consumes, "sound"),
        produces="face",
        fps=VisemeNetwork.spec.fps,
        context=VisemeNetwork.spec.context,
        lookahead=VisemeNetwork.spec.lookahead,
    )

    paced = True

    def __init__(self, checkpoint: str | Path = DEFAULT) -> None:
        super().__init__()
        self._gap = np.array([self.seal.gap[side].sum() for side in _SIDES])
        config, tensors = load_checkpoint(checkpoint)
        if config.get("kind") != "a2m":
            raise FormatError(f"checkpoint {checkpoint}: is for '{config.get('kind')}', expected one for 'a2m'")
        with fitting(checkpoint):
            self.layers = [
                (tensors[f"layer{i}.weight"].astype(np.float32), tensors[f"layer{i}.bias"].astype(np.float32))
                for i in range(int(config["layers"]))
            ]
            (first, _), (last, _) = self.layers[0], self.layers[-1]
            if len(first) != features.ROW or last.shape[1] != len(MOUTH):
                raise FormatError(f"checkpoint {checkpoint}: reads {len(first)} numbers, expected {features.ROW}")
            self.upper = UpperFaceNetwork.of(tensors) if UPPER in tensors else None

    def start(self, speaker: Speaker, seed: int) -> FaceState:
        """The state before the first hop of a recording."""
        return super().start(speaker, seed) if self.upper is None else DrawnFace(speaker, self.upper, seed)

    def generate(self, conditions: Conditions, state: FaceState) -> FaceTrack:
        """The face of the hop, see ``VisemeNetwork.generate``."""
        if isinstance(state, DrawnFace):
            state.draw(conditions)
        return super().generate(conditions, state)

    def _mouth(self, conditions: Conditions, times: NDArray, segments: PhoneSegments) -> NDArray[np.float64]:
        """Mouth weights ``(T, 12)`` by ``MOUTH``, of neutral speech."""
        lead = min(AROUND, round(conditions.hop_start * MOTION_RATE))
        around = replace(
            conditions,
            hop_start=conditions.hop_start - lead / MOTION_RATE,
            hop_end=conditions.hop_end + AROUND / MOTION_RATE,
        )
        mouth = mouth_of(self.layers, features.rows_of(around))
        mouth = smoothed(np.pad(mouth, ((AROUND - lead, 0), (0, 0)), mode="edge"))
        rules = mouth_curves(conditions, segments, viseme_targets())
        rounder = ROUNDED * (rules - mouth)[:, _WIDTH]
        mouth[:, _WIDTH] += rounder
        # The lips part as far as was learned.
        mouth[:, _JAW] = np.maximum(mouth[:, _JAW] - rounder @ self._gap[_WIDTH] / self._gap[_JAW], 0)
        return mouth


def smoothed(mouth: NDArray) -> NDArray[np.float64]:
    """A mouth ``(T, 12)`` under a Hann window, out of one that is ``AROUND`` frames longer at both ends."""
    window = np.hanning(2 * AROUND + 3)[1:-1]
    return np.apply_along_axis(np.convolve, 0, mouth, window / window.sum(), "valid")


def mouth_of(layers: list[tuple[NDArray, NDArray]], rows: NDArray) -> NDArray[np.float64]:
    """Mouth weights ``(T, 12)`` in [0, 1], frame by frame."""
    return np.clip(evaluate(layers, rows), 0, 1).astype(float)


def evaluate(layers: list[tuple[NDArray, NDArray]], rows: NDArray) -> NDArray[np.float32]:
    """The network's answer ``(T, 12)`` to ``rows (T, ROW)``: linear layers with rectifiers between them."""
    for i, (weight, bias) in enumerate(layers):
        rows = (np.maximum(rows, 0) if i else rows) @ weight + bias
    return rows
