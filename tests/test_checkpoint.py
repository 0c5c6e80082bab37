from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

from gengine import checkpoint
from gengine.checkpoint import find_checkpoint, load_checkpoint, save_checkpoint
from gengine.errors import FormatError


def _tensors() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {"a.weight": rng.standard_normal((3, 5)).astype(np.float32), "b": np.arange(4)}


def test_round_trip(tmp_path):
    folder = save_checkpoint(tmp_path / "x", {"kind": "test", "rate": 100}, _tensors())
    config, tensors = load_checkpoint(folder)
    assert config["kind"] == "test" and config["rate"] == 100
    for name, value in _tensors().items():
        np.testing.assert_array_equal(tensors[name], value)
        assert tensors[name].dtype == value.dtype
    assert sorted(p.name for p in folder.iterdir()) == ["config.json", "model.safetensors"]


def test_transposed_views_keep_their_values(tmp_path):
    value = np.arange(6, dtype=np.float32).reshape(2, 3).T
    _, tensors = load_checkpoint(save_checkpoint(tmp_path, {}, {"w": value}))
    np.testing.assert_array_equal(tensors["w"], value)


def test_a_bundled_checkpoint_is_found_by_name(tmp_path, monkeypatch):
    save_checkpoint(tmp_path / "checkpoints" / "small-v1", {}, _tensors())
    monkeypatch.setattr(checkpoint, "bundled_folders", lambda: [tmp_path / "nowhere", tmp_path / "checkpoints"])
    assert find_checkpoint("small-v1") == tmp_path / "checkpoints" / "small-v1"
    with pytest.raises(FormatError, match="small-v1"):
        find_checkpoint("large-v9")


def test_changed_weights_are_refused(tmp_path):
    folder = save_checkpoint(tmp_path, {}, _tensors())
    path = folder / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(FormatError, match="SHA-256"):
        load_checkpoint(folder)


def test_a_file_that_is_not_safetensors_is_refused(tmp_path):
    import hashlib

    (tmp_path / "model.safetensors").write_bytes(b"hello")
    (tmp_path / "config.json").write_text(json.dumps({"sha256": hashlib.sha256(b"hello").hexdigest()}))
    with pytest.raises(FormatError, match="not a safetensors file"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"sha256": 3}'])
def test_a_damaged_config_is_refused(tmp_path, text):
    save_checkpoint(tmp_path, {}, _tensors())
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(FormatError, match=r"config\.json"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("name", ["", ".", "..", "../checkpoints/none", "none-v0"])
def test_unknown_names_are_refused(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FormatError, match="not found"):
        load_checkpoint(name)


def test_missing_weights_are_refused(tmp_path):
    save_checkpoint(tmp_path, {}, _tensors())
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(FormatError, match="cannot be read"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize(
    "kind, bad",
    [(kind, bad) for kind in ("f2", "f4", "f8") for bad in (np.nan, -np.inf, np.inf)] + [("f4", 1e30), ("f8", -1e30)],
)
def test_weights_that_are_no_numbers_or_too_large_are_refused(kind, bad, tmp_path):
    from safetensors.numpy import save

    good = {"a": np.array([-3, 0.5, 0, 65504], kind), "empty": np.zeros(0, kind)}
    save_checkpoint(tmp_path, {}, good)
    assert load_checkpoint(tmp_path)[1].keys() == good.keys()
    data = save({"a": np.array([1, bad, -2], kind)})
    (tmp_path / "model.safetensors").write_bytes(data)
    (tmp_path / "config.json").write_text(json.dumps({"sha256": hashlib.sha256(data).hexdigest()}))
    with pytest.raises(FormatError, match="NaN"):
        load_checkpoint(tmp_path)


def test_a_refused_save_leaves_the_old_checkpoint(tmp_path):
    save_checkpoint(tmp_path, {"version": 1}, _tensors())
    bad = {"a": np.array([np.nan], np.float32)}
    with pytest.raises(FormatError, match="NaN"):
        save_checkpoint(tmp_path, {"version": 2}, bad)
    with pytest.raises(FormatError, match="config"):
        save_checkpoint(tmp_path, {"version": object()}, _tensors())
    config, _ = load_checkpoint(tmp_path)
    assert config["version"] == 1
    assert len(list(tmp_path.iterdir())) == 2
