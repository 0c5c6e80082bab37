from __future__ import annotations

import pytest

from gengine.config import (
    EngineConfig,
    bundled_configs,
    checked,
    find_config,
    load_config,
    parse_settings,
    read_yaml,
)
from gengine.errors import GengineError
from gengine.training.settings import Training, training_of


def test_numbers_are_numbers_in_every_spelling(tmp_path):
    spelled = {"a": "1e-3", "b": "-2.5E4", "c": "1.e5", "d": "[1e-3, x]", "e": "1e", "f": "e3", "g": "7", "h": "null"}
    wanted = {"a": 1e-3, "b": -2.5e4, "c": 1e5, "d": [1e-3, "x"], "e": "1e", "f": "e3", "g": 7, "h": None}
    assert parse_settings([f"{key}={value}" for key, value in spelled.items()]) == wanted
    (tmp_path / "x.yaml").write_text("".join(f"{key}: {value}\n" for key, value in spelled.items()))
    assert read_yaml(tmp_path / "x.yaml") == wanted


def test_bundled_configurations_go_by_name(tmp_path):
    assert {"camn-synthetic", "camn-paper", "fgd-synthetic", "phones"} <= set(bundled_configs("train"))
    assert "live" in bundled_configs("engine")
    path = find_config("train", "camn-synthetic")
    assert path.name == "camn-synthetic.yaml" and find_config("train", "camn-synthetic.yaml") == path
    own = tmp_path / "mine.yaml"
    own.write_text("hop: 0.5\n")
    assert find_config("engine", own) == own and load_config(EngineConfig, own).hop == 0.5
    assert load_config(EngineConfig, "live").hop < 1
    with pytest.raises(GengineError, match="'lives' is unknown; did you mean 'live'"):
        load_config(EngineConfig, "lives")
    with pytest.raises(GengineError, match="camn-beat"):
        find_config("train", tmp_path / "absent.yaml")


def test_every_bundled_training_is_one_that_can_run():
    for name in bundled_configs("train"):
        training = training_of(read_yaml(find_config("train", name)), name)
        assert type(training).run is not Training.run


def test_wrong_keys_and_values_are_named_with_what_is_allowed():
    with pytest.raises(GengineError, match="configuration: key 'hopp' is unknown; did you mean 'hop'"):
        checked(EngineConfig, {"hopp": 1})
    with pytest.raises(GengineError, match="hop = 0: input should be greater than 0"):
        checked(EngineConfig, {"hop": 0})
