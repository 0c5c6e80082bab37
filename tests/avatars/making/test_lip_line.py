"""Lips meet along their whole line, at rest and in closures, on every body."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.avatars.making.body_mesh import body_names, middle_body, piece_index
from gengine.avatars.making.dress import preset_body
from gengine.avatars.making.lip_line import PLACES, lip_loops, slit

CLOSED = {"jawOpen": 0.14, "mouthClose": 0.12}
PRESSED = {"mouthPressLeft": 0.3, "mouthPressRight": 0.3, "mouthRollLower": 0.13, "mouthRollUpper": 0.1}
SMILING = {"mouthSmileLeft": 0.4, "mouthSmileRight": 0.4}


def worn(body, **weights: float) -> np.ndarray:
    whole = body.vertices.copy()
    for name, weight in weights.items():
        index, delta = body.shapes[name]
        whole[index] += weight * delta
    return slit(whole[piece_index("body")])[1]


def test_the_loops_go_around_the_mouth():
    at = middle_body().piece("body").vertices
    for upper, lower in lip_loops()[:3]:
        assert set(upper[[0, -1]]) == set(lower[[0, -1]])  # both halves share the corners
        assert at[upper, 1].mean() > at[lower, 1].mean()
        assert np.ptp(at[upper, 0]) == pytest.approx(np.ptp(at[lower, 0]))


@pytest.mark.parametrize("name", body_names())
def test_no_slit_is_left_beside_the_middle(name):
    body = preset_body(name)
    for weights in ({}, CLOSED, CLOSED | PRESSED, CLOSED | PRESSED | SMILING):
        assert worn(body, **weights).max() < 0.1, weights


def test_an_open_mouth_stays_open_and_a_pucker_round():
    body = preset_body("anna")
    assert worn(body, jawOpen=0.3)[PLACES // 2] > 8
    round_ = worn(body, jawOpen=0.1, mouthPucker=0.55, mouthFunnel=0.1)
    assert round_[PLACES // 2] > 2.5
    assert round_[[10, -11]].max() < 0.5
