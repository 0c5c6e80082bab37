"""Weights of the speech gate out of the package silero-vad (MIT), once:

    pip download silero-vad==6.2.3 --no-deps -d wheel && unzip -d wheel wheel/*.whl
    python -m gengine.training.gate_weights wheel/silero_vad/data/silero_vad.jit --out checkpoints/speech-gate-v1

Needs the extra ``train`` (torch reads the file). The spectrum's matrix is a Hann-windowed Fourier transform, checked
here and left out; the network for 8 kHz is left out as well.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.checkpoint import save_checkpoint
from gengine.errors import FormatError

LAYERS = {
    "encoder.0.reparam_conv": "conv1",
    "encoder.1.reparam_conv": "conv2",
    "encoder.2.reparam_conv": "conv3",
    "encoder.3.reparam_conv": "conv4",
    "decoder.rnn": "lstm",
    "decoder.decoder.2": "out",
}
"""Silero's names of layers and those of ``gengine.encoders.speech_gate``."""

SPECTRUM = "stft.forward_basis_buffer"
"""The matrix of the short-time spectrum: real rows, then imaginary ones."""

SPECTRUM_TOLERANCE = 1e-6
"""How far it may be from a Hann-windowed Fourier transform."""

CONFIG: dict[str, Any] = {
    "kind": "speech gate",
    "version": 1,
    "source": "silero-vad 6.2.3, silero_vad/data/silero_vad.jit, 16 kHz",
    "licence": "MIT, Copyright (c) 2020-present Silero Team",
}


def convert(tensors: dict[str, NDArray]) -> dict[str, NDArray[np.float32]]:
    """The 16 kHz network's tensors (named ``_model.…``) under the gate's names.

    Raises FormatError where a layer is missing or its spectrum is another one.
    """
    prefix = "_model."
    inner = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
    found = {
        f"{name}.{kind}": np.asarray(value, np.float32)
        for layer, name in LAYERS.items()
        for key, value in inner.items()
        for kind in [key.removeprefix(f"{layer}.")]
        if key.startswith(f"{layer}.")
    }
    missing = set(LAYERS.values()) - {name.split(".")[0] for name in found}
    if missing or SPECTRUM not in inner:
        raise FormatError(f"Silero's weights: lacks {', '.join(sorted(missing)) or SPECTRUM}; give silero_vad.jit")
    basis = inner[SPECTRUM][:, 0]
    size = basis.shape[1]
    turn = np.exp(-2j * np.pi * np.outer(np.arange(size // 2 + 1), np.arange(size)) / size) * np.hanning(size + 1)[:-1]
    if np.abs(basis - np.concatenate([turn.real, turn.imag])).max() > SPECTRUM_TOLERANCE:
        raise FormatError("Silero's weights: another short-time spectrum than gengine.encoders.speech_gate forms")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, help="silero_vad.jit")
    parser.add_argument("--out", type=Path, default=Path("checkpoints/speech-gate-v1"))
    options = parser.parse_args()
    import torch

    model = torch.jit.load(str(options.weights))
    save_checkpoint(options.out, CONFIG, convert({k: v.numpy() for k, v in model.state_dict().items()}))


if __name__ == "__main__":
    main()
