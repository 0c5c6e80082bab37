"""What can be said of whom to look at, and where that is."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.core.look_at import LookAt, parse_look_at
from gengine.errors import GengineError


def at(said: object, *times: float) -> np.ndarray:
    target = parse_look_at(said)
    assert target is not None
    return target.at(np.array(times or (0.0,)))


def test_names_and_places():
    assert at("listener")[0] == pytest.approx([0, 1.63, 1.31])
    assert at(" Camera ")[0] == pytest.approx([0, 1.63, 2.61])
    assert at("-0.8, 1.2,1.5")[0] == pytest.approx([-0.8, 1.2, 1.5])
    assert at((0.1, 0.2, 0.3), 0.0, 9.0) == pytest.approx(np.tile([0.1, 0.2, 0.3], (2, 1)))
    assert parse_look_at("none") is None
    listener, camera = parse_look_at("listener"), parse_look_at("camera")
    assert listener and camera and listener.face and not camera.face
    assert parse_look_at(listener) is listener


def test_a_target_moves_straight_and_is_held():
    rows = [(1.0, 0, 1, 2), (3.0, 2, 1, 2)]
    assert at(rows, 0, 2, 9)[:, 0] == pytest.approx([0, 1, 2])
    target = parse_look_at(rows)
    assert isinstance(target, LookAt) and target.shift(1.0).at(np.array([1.0]))[0, 0] == pytest.approx(1)


def test_a_function_is_asked_each_second():
    assert at(lambda t: (t, 1, 2), 0.5, 2)[:, 0] == pytest.approx([0.5, 2])
    target = parse_look_at(lambda t: (t, 1, 2))
    assert target is not None and target.shift(3.0).at(np.array([1.0]))[0, 0] == 4


@pytest.mark.parametrize(
    "said", ["her", "1,2", "1,2,x", "nan,1,2", "1e9,0,0", "", [], [(0, 1, 2)], [(1, 0, 0, 1), (1, 0, 0, 2)], 7, {}]
)
def test_nonsense_is_told(said):
    with pytest.raises(GengineError, match="look_at .*listener.*camera.*none.*metres"):
        parse_look_at(said)


@pytest.mark.parametrize("answer", [None, (1, 2), "far", (np.nan, 1, 2)])
def test_nonsense_of_a_function_is_told_with_its_time(answer):
    with pytest.raises(GengineError, match=r"look_at at 2\.00 s.*x, y, z"):
        at(lambda t: answer, 2.0)
