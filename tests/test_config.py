from __future__ import annotations

from gengine.config import parse_settings, read_yaml


def test_numbers_are_numbers_in_every_spelling(tmp_path):
    spelled = {"a": "1e-3", "b": "-2.5E4", "c": "1.e5", "d": "[1e-3, x]", "e": "1e", "f": "e3", "g": "7", "h": "null"}
    wanted = {"a": 1e-3, "b": -2.5e4, "c": 1e5, "d": [1e-3, "x"], "e": "1e", "f": "e3", "g": 7, "h": None}
    assert parse_settings([f"{key}={value}" for key, value in spelled.items()]) == wanted
    (tmp_path / "x.yaml").write_text("".join(f"{key}: {value}\n" for key, value in spelled.items()))
    assert read_yaml(tmp_path / "x.yaml") == wanted
