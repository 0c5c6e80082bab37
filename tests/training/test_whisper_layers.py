"""Layers out of a CTranslate2 file: a small one is written here, byte by byte."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from gengine.checkpoint import load_checkpoint
from gengine.encoders.speech_encoder import SpeechEncoder
from gengine.errors import FormatError
from gengine.training.whisper_layers import _NAMES, convert, read_ctranslate2

WIDTH, BANDS = 8, 10


def text(value: str) -> bytes:
    return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"


def binary(arrays: dict[str, np.ndarray]) -> bytes:
    kinds = {"float16": 4, "int16": 2}
    out = struct.pack("<I", 6) + text("WhisperSpec") + struct.pack("<II", 3, len(arrays))
    for name, a in arrays.items():
        out += text(name) + struct.pack(f"<B{a.ndim}I", a.ndim, *a.shape)
        out += struct.pack("<BI", kinds[a.dtype.name], a.nbytes) + a.tobytes()
    return out + struct.pack("<I", 1) + text("decoder/tied") + text("encoder/conv1/bias")


def whisper(layers: int = 3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    shapes = {"conv1/weight": (WIDTH, BANDS, 3), "conv1/bias": (WIDTH,), "conv2/weight": (WIDTH, WIDTH, 3)}
    shapes |= {"conv2/bias": (WIDTH,), "position_encodings/encodings": (1500, WIDTH)}
    tall = {"qkv": 3 * WIDTH, "up": 4 * WIDTH}
    for i in range(layers):
        for theirs, ours in _NAMES.items():
            layer, part = ours.split(".")
            rows = tall.get(layer, WIDTH)
            matrix = part == "weight" and "norm" not in layer
            columns = (4 * WIDTH if layer == "down" else WIDTH,) if matrix else ()
            shapes[f"layer_{i}/{theirs}"] = (rows, *columns)
    arrays = {f"encoder/{n}": rng.normal(0, 0.3, s).astype(np.float16) for n, s in shapes.items()}
    return arrays | {"encoder/num_heads": np.array(2, np.int16)}


def test_the_first_layers_become_a_checkpoint_that_runs(tmp_path):
    (tmp_path / "model.bin").write_bytes(binary(whisper()))
    convert(tmp_path / "model.bin", tmp_path / "layers", 2)
    config, tensors = load_checkpoint(tmp_path / "layers")
    assert config["layers"] == 2 and config["heads"] == 2
    assert not any(name.startswith("layer2") for name in tensors)
    theirs = read_ctranslate2(tmp_path / "model.bin")
    assert np.array_equal(tensors["layer1.up.weight"], theirs["encoder/layer_1/ffn/linear_0/weight"])
    assert np.array_equal(theirs["decoder/tied"], theirs["encoder/conv1/bias"])
    vector = SpeechEncoder(str(tmp_path / "layers"))(np.sin(np.arange(16000, dtype=np.float32) / 9))
    assert vector.shape == (2 * WIDTH,)


@pytest.mark.parametrize("spoil", [lambda d: d[: len(d) // 2], lambda d: b"RIFF" + d[4:40], lambda d: b""])
def test_other_files_are_refused(tmp_path, spoil):
    (tmp_path / "model.bin").write_bytes(spoil(binary(whisper())))
    with pytest.raises(FormatError, match="model.bin"):
        convert(tmp_path / "model.bin", tmp_path / "layers", 2)


def test_a_model_of_too_few_layers_is_refused(tmp_path):
    (tmp_path / "model.bin").write_bytes(binary(whisper(1)))
    with pytest.raises(FormatError, match="at least 2 layers"):
        convert(tmp_path / "model.bin", tmp_path / "layers", 2)
