"""``A2mNetwork``: the face whose mouth opens, widens and rounds as real ones do at that sound.

Rules know when lips meet, and are poor at how far they part; a small network learned the size from human-made curves
and from filmed lips (the card of the checkpoint says whose). All else is the viseme network's: the seal of P B M over
what is learned, emotion, upper face, head and gaze. Nothing here needs torch.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gengine.checkpoint import fitting, load_checkpoint
from gengine.core.conditions import Conditions
from gengine.errors import FormatError
from gengine.networks.a2m import features
from gengine.networks.base import NetworkSpec
from gengine.networks.visemes.coarticulation import PhoneSegments
from gengine.networks.visemes.network import VisemeNetwork
from gengine.networks.visemes.targets import MOUTH

DEFAULT = "a2m-v1"


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

    def __init__(self, checkpoint: str | Path = DEFAULT) -> None:
        super().__init__()
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

    def _mouth(self, conditions: Conditions, times: NDArray, segments: PhoneSegments) -> NDArray[np.float64]:
        """Mouth weights ``(T, 12)`` by ``MOUTH``, of neutral speech."""
        return np.clip(evaluate(self.layers, features.rows_of(conditions)), 0, 1).astype(float)


def evaluate(layers: list[tuple[NDArray, NDArray]], rows: NDArray) -> NDArray[np.float32]:
    """The network's answer ``(T, 12)`` to ``rows (T, ROW)``: linear layers with rectifiers between them."""
    for i, (weight, bias) in enumerate(layers):
        rows = (np.maximum(rows, 0) if i else rows) @ weight + bias
    return rows
