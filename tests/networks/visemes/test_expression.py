"""Emotions on the face: the table, onsets and offsets, and the mouth shared with speech."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.core.emotion import EMOTION_INDEX
from gengine.core.face import ARKIT_INDEX
from gengine.core.lips import SealModel
from gengine.networks.visemes.expression import (
    EXPRESSION,
    ExpressionDynamics,
    add_to_speech,
    arkit_indices,
    expressions,
    gain,
    mix,
)

HAPPY, ANGRY, SAD, FEAR, SURPRISED = (EMOTION_INDEX[n] for n in ("happiness", "anger", "sadness", "fear", "surprise"))


def channel(weights: np.ndarray, name: str) -> float:
    return float(weights[0, ARKIT_INDEX[name]])


def test_a_name_without_side_stands_for_both():
    assert arkit_indices("mouthSmile") == [ARKIT_INDEX["mouthSmileLeft"], ARKIT_INDEX["mouthSmileRight"]]
    assert arkit_indices("jawOpen", "browDownLeft") == [ARKIT_INDEX["jawOpen"], ARKIT_INDEX["browDownLeft"]]


def test_the_table_is_the_files():
    table = expressions()
    assert table.weights[HAPPY, ARKIT_INDEX["mouthSmileLeft"]] == 0.66
    assert not table.weights[:, arkit_indices("eyeLookDown")].any()
    assert table.look_down[SAD] == pytest.approx(np.radians(0.15 * 35))
    assert table.posture[SAD] == pytest.approx(np.radians([5, 3, 0]))
    assert (table.blink_rate[ANGRY], table.blink_duration[SAD], table.jaw[SAD]) == (0.6, 1.4, 0.94)
    assert (table.lips[SAD], table.onset[SAD], table.offset[SAD]) == (0.96, 1.0, 1.8)
    assert (table.aversion[SAD], table.gaze_down[SAD], table.haste[SAD], table.head[SAD]) == (3.6, 4.2, 0.9, 0.7)


def test_onset_and_offset_last_as_the_table_says():
    """From 10 to 90 %: anger rises in 0.35 s and falls in 0.9 s."""
    dynamics = ExpressionDynamics(expressions())
    none, full = np.zeros((1, 18)), np.zeros((600, 18))
    full[:, ANGRY] = 1.0
    assert not dynamics.follow(none).any()
    rise, fall = dynamics.follow(full)[:, ANGRY], dynamics.follow(np.zeros((600, 18)))[:, ANGRY]
    assert ((rise > 0.1) & (rise < 0.9)).sum() / 60 == pytest.approx(0.35, abs=1.5 / 60)
    assert ((fall > 0.1) & (fall < 0.9)).sum() / 60 == pytest.approx(0.9, abs=1.5 / 60)
    # two low-passes in a row: level at its start, and the exact second step
    alpha = 1 - np.exp(-1 / 60 / (0.35 / 3.36))
    assert rise[0] == pytest.approx(alpha**2) and rise[1] == pytest.approx(alpha**2 * (3 - 2 * alpha))


def test_a_recording_starts_with_its_expression_settled():
    held = np.zeros((5, 18))
    held[:, HAPPY] = 0.7
    dynamics = ExpressionDynamics(expressions())
    assert np.array_equal(dynamics.follow(held), held)
    assert np.array_equal(dynamics.follow(held), held)


def test_pieces_follow_like_the_whole():
    wanted = np.clip(np.sin(np.arange(200) / 20)[:, None] * np.ones(18), 0, 1)
    whole, parts = ExpressionDynamics(expressions()), ExpressionDynamics(expressions())
    pieces = np.concatenate([parts.follow(wanted[i : i + 30]) for i in range(0, 200, 30)])
    assert pieces == pytest.approx(whole.follow(wanted), abs=1e-6)


def test_half_an_emotion_shows_more_than_half_of_it_and_the_rest_of_neutral():
    shown = np.zeros((1, 18))
    shown[0, HAPPY] = 0.5
    mixed, share = mix(shown, expressions()), 0.5**EXPRESSION.faint
    assert 0.5 < share < 0.75
    assert channel(mixed, "cheekSquintLeft") == pytest.approx(share * 0.7)
    assert channel(mixed, "mouthSmileLeft") == pytest.approx(share * 0.66 + (1 - share) * 0.03)
    assert channel(mixed, "browInnerUp") == pytest.approx(share * 0.08 + (1 - share) * 0.03)
    assert channel(mix(3 * shown, expressions()), "mouthSmileLeft") == pytest.approx(0.99)
    assert channel(mix(6 * shown, expressions()), "mouthSmileLeft") == 1.0


def test_of_opposites_the_larger_keeps_itself_less_half_the_smaller():
    shown = np.zeros((1, 18))
    shown[0, [HAPPY, SAD]] = 0.8, 0.2
    mixed = mix(shown, expressions())
    smile, frown = 0.8 * 0.66, 0.2 * 0.6
    assert channel(mixed, "mouthSmileLeft") == pytest.approx(smile - frown / 2)
    assert channel(mixed, "mouthFrownLeft") == 0
    shown[0, [HAPPY, SAD]] = 0.4, 0.6
    smile, frown = 0.4 * 0.66, 0.6 * 0.6
    lead = 0.5 + (smile - frown) / (1.2 * (smile + frown))
    lead = lead * lead * (3 - 2 * lead)
    mixed = mix(shown, expressions())
    assert channel(mixed, "mouthSmileRight") == pytest.approx(lead * (smile - frown / 2))
    assert channel(mixed, "mouthFrownRight") == pytest.approx((1 - lead) * (frown - smile / 2))


def test_what_one_emotion_has_of_both_opposites_stays():
    """Fear's brows are raised and knitted at once; another emotion's raise still pushes the frown of anger back."""
    shown = np.zeros((1, 18))
    shown[0, FEAR] = 1.0
    mixed = mix(shown, expressions())
    down, up = (expressions().weights[FEAR, ARKIT_INDEX[name]] for name in ("browDownLeft", "browOuterUpLeft"))
    assert channel(mixed, "browDownLeft") == pytest.approx(down) and down > 0.2
    assert channel(mixed, "browOuterUpLeft") == pytest.approx(up) and up > 0.1
    shown[0, [FEAR, ANGRY]] = 0.2, 0.8
    mixed = mix(shown, expressions())
    knitted = expressions().weights[ANGRY, ARKIT_INDEX["browDownLeft"]]
    assert channel(mixed, "browDownLeft") == pytest.approx(0.2 * down + 0.8 * knitted)
    assert channel(mixed, "browOuterUpLeft") == pytest.approx(0.2 * up)


def test_gain_is_one_plus_the_deviations():
    shown = np.zeros((2, 18))
    shown[0, SAD], shown[1, [SAD, ANGRY]] = 0.5, 1.0
    assert gain(shown, expressions().jaw) == pytest.approx([1 - 0.03, 1 - 0.06 + 0.15])


def blend(speech: dict[str, float], felt: dict[str, float], seal: float = 0.0) -> dict[str, float]:
    weights = [np.zeros((1, 52)), np.zeros((1, 52))]
    for row, values in zip(weights, (speech, felt), strict=True):
        for name, value in values.items():
            row[0, ARKIT_INDEX[name]] = value
    total = add_to_speech(*weights, np.array([seal]), SealModel.ict())
    return {name: float(total[0, i]) for name, i in ARKIT_INDEX.items()}


def test_brows_add_fully():
    assert blend({}, {"browInnerUp": 0.7, "eyeWideLeft": 0.4}, 1.0)["browInnerUp"] == 0.7


def test_rounding_and_closures_hold_the_corners_back():
    assert blend({}, {"mouthSmileLeft": 0.5})["mouthSmileLeft"] == 0.5
    assert blend({"mouthPucker": 0.3}, {"mouthFrownLeft": 0.4})["mouthFrownLeft"] == pytest.approx(0.4 * (1 - 0.225))
    assert blend({"mouthFunnel": 0.9}, {"mouthFrownLeft": 0.4})["mouthFrownLeft"] == pytest.approx(0.4 * 0.55)
    assert blend({}, {"mouthDimpleLeft": 0.4}, 0.5)["mouthDimpleLeft"] == pytest.approx(0.4 * 0.8)


def test_an_open_mouth_does_not_press_and_a_closed_one_does_not_lift():
    assert blend({"jawOpen": 0.15}, {"mouthPressLeft": 0.4})["mouthPressLeft"] == pytest.approx(0.4 * (1 - 0.425))
    assert blend({"jawOpen": 0.6}, {"mouthPressLeft": 0.4})["mouthPressLeft"] == pytest.approx(0.4 * 0.15)
    lifted = blend({"jawOpen": 0.2}, {"noseSneerLeft": 0.4}, 1.0)
    assert lifted["noseSneerLeft"] == pytest.approx(0.2) and lifted["jawOpen"] == pytest.approx(0.1)


def test_smiles_and_sneers_have_limits():
    assert blend({}, {"noseSneerLeft": 0.9})["noseSneerLeft"] == 0.6
    assert blend({}, {"mouthSmileLeft": 1.0})["mouthSmileLeft"] == pytest.approx(0.7)
    smile = blend({"mouthPucker": 0.6}, {"mouthSmileLeft": 1.0})["mouthSmileLeft"]
    assert smile == pytest.approx(0.25)


def test_the_lower_lip_follows_a_raised_one():
    raised = {"mouthUpperUpLeft": 0.5, "mouthUpperUpRight": 0.5}  # 3.4 mm
    talking = blend({"jawOpen": 0.3}, raised)
    assert talking["mouthClose"] == pytest.approx(0.8 * 3.4 / 36.3)
    assert blend({"jawOpen": 0.075}, raised)["mouthClose"] == pytest.approx(min(0.8 * 3.4 / 2 / 36.3, 0.7 * 0.075))
    assert blend({"jawOpen": 0.03}, raised)["mouthClose"] == pytest.approx(0.8 * 3.4 * 0.2 / 36.3)
    assert blend({"jawOpen": 0.3}, raised, 1.0)["mouthClose"] == 0
    half = blend({"jawOpen": 0.3}, raised, 0.5)  # lifters keep three quarters of themselves
    assert half["mouthClose"] == pytest.approx(0.8 * 0.5 * (0.75 * 3.4 - 0.25 * 0.3 * 28.2) / 36.3)
    gaping = {"mouthUpperUpLeft": 1.0, "mouthUpperUpRight": 1.0, "noseSneerLeft": 1.0, "noseSneerRight": 1.0}
    close = blend({"jawOpen": 0.3, "mouthClose": 0.1}, gaping)["mouthClose"]
    assert close == pytest.approx(0.1 + min(0.8 * 13.0 / 36.3, 0.7 * 0.2))
    assert blend({}, raised)["mouthClose"] == 0
