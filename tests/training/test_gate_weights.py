from __future__ import annotations

import numpy as np
import pytest

from gengine.errors import FormatError
from gengine.training.gate_weights import LAYERS, SPECTRUM, convert


def silero(scale: float = 1.0) -> dict[str, np.ndarray]:
    turn = np.exp(-2j * np.pi * np.outer(np.arange(129), np.arange(256)) / 256) * np.hanning(257)[:-1]
    tensors = {f"_model.{name}.weight": np.full((2, 2), i, float) for i, name in enumerate(LAYERS)}
    tensors[f"_model.{SPECTRUM}"] = scale * np.concatenate([turn.real, turn.imag])[:, None]
    return tensors | {"_model_8k.encoder.0.reparam_conv.weight": np.zeros(1)}


def test_layers_of_the_16_khz_network_get_the_gates_names():
    found = convert(silero())
    assert sorted(found) == [f"{n}.weight" for n in ("conv1", "conv2", "conv3", "conv4", "lstm", "out")]
    assert found["lstm.weight"].dtype == np.float32 and (found["lstm.weight"] == 4).all()


def test_other_weights_are_refused():
    with pytest.raises(FormatError, match="spectrum"):
        convert(silero(1.1))
    with pytest.raises(FormatError, match="lstm"):
        convert({k: v for k, v in silero().items() if "rnn" not in k})
