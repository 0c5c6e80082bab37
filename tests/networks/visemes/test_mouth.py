from __future__ import annotations

import numpy as np
import pytest

from gengine.core.conditions import Conditions
from gengine.core.emotion import EmotionTrack
from gengine.core.face import ARKIT_INDEX
from gengine.core.lips import SealModel
from gengine.core.speaker import Speaker
from gengine.inputs.phone_symbols import ARPABET, EXTENDED
from gengine.networks.visemes import coarticulation, lip_contact
from gengine.networks.visemes.lip_contact import CONTACT
from gengine.networks.visemes.targets import MOUTH, viseme_targets
from tests.networks.visemes.conftest import spell, voice


def _conditions(text: str, source: str = "aligned") -> Conditions:
    phones = spell(text)
    end = phones[-1].end
    emotion = EmotionTrack(np.zeros((10, 18), np.float32), np.zeros((10, 3), np.float32), 100)
    return Conditions(
        0.0, 0.0, round(end * 60) / 60, end, True, voice(phones, end), phones, (), (), (), emotion, Speaker(),
        source=source,
    )  # fmt: skip


def test_every_phone_symbol_has_a_target():
    table = viseme_targets()
    assert all(table.lookup(s) for s in ARPABET | EXTENDED | {"sil"})
    assert table.lookup("AA1") == table.lookup("AA") and table.lookup("spn") == ()
    assert len(table.lookup("AY")) == 2


def test_vowels_open_consonants_narrow():
    table = viseme_targets()
    jaw = {s: table.mouth[table.lookup(s)[0], MOUTH.index("jawOpen")] for s in ("AA", "IY", "S", "F", "sil")}
    assert jaw["AA"] > jaw["IY"] > jaw["S"] > jaw["sil"] == 0 and jaw["IY"] > jaw["F"] > 0


def test_a_vowel_reaches_its_target_and_a_tongue_sound_yields():
    conditions = _conditions("sil:0.3 UW:0.2 T:0.06 UW:0.2 sil:0.3")
    segments = coarticulation.gather(conditions, viseme_targets())
    mouth = coarticulation.mouth_curves(conditions, segments, viseme_targets())
    pucker = mouth[:, MOUTH.index("mouthPucker")]
    assert pucker[round(0.4 * 60)] == pytest.approx(0.5, rel=0.15)
    assert pucker[round(0.53 * 60)] > 0.35  # the T leaves the lips round


def test_short_pauses_hold_and_long_ones_close():
    def least_jaw(seconds: float) -> float:
        conditions = _conditions(f"AA:0.2 sil:{seconds} AA:0.2")
        mouth = coarticulation.mouth_curves(
            conditions, coarticulation.gather(conditions, viseme_targets()), viseme_targets()
        )
        return float(mouth[12 : round((0.2 + seconds) * 60), 0].min())

    assert least_jaw(0.08) > 0.2
    assert 0.02 < least_jaw(0.3) < 0.1
    assert least_jaw(0.8) < 0.01


def test_clusters_of_bilabials_close_once():
    segments = coarticulation.gather(_conditions("AA:0.2 M:0.08 P:0.08 AA:0.2"), viseme_targets())
    assert len(segments.closures) == 1
    start, end = segments.closures[0, :2]
    assert end - start > 0.13


@pytest.mark.parametrize("duration", [0.03, 0.07, 0.12, 0.2])
def test_closures_last_as_long_as_real_ones(duration):
    times = np.arange(0, 1, 1 / 240)
    closure = np.array([[0.5, 0.5 + duration, 0.12, 0.12]])
    shut = lip_contact.closure_curve(times, closure, np.ones(len(times)))
    gap = (1 - shut) * 5 + shut * CONTACT.closed_gap
    held = (gap < 0.8).sum() / 240
    assert 0.07 <= held <= 0.15
    assert shut.max() == 1.0


def test_solver_closes_what_an_expression_lifts_and_leaves_the_rest():
    model = SealModel.ict()
    weights = np.zeros((3, 52))
    weights[:, ARKIT_INDEX["jawOpen"]] = 0.15
    for name in ("noseSneer", "mouthUpperUp", "mouthLowerDown"):
        for side in ("Left", "Right"):
            weights[:, ARKIT_INDEX[name + side]] = 0.6
    before = weights.copy()
    lip_contact.solve(weights, np.array([0.0, 0.5, 1.0]), np.zeros(3), model)
    gap = model.gap_mm(weights)
    assert np.array_equal(weights[0], before[0])
    assert gap[2] == pytest.approx(CONTACT.closed_gap, abs=0.05)
    assert gap[2] < gap[1] < gap[0]
    assert (weights[:, ARKIT_INDEX["mouthClose"]] <= weights[:, ARKIT_INDEX["jawOpen"]] + 0.081).all()


def test_lower_lip_touches_the_teeth():
    model = SealModel.ict()
    for jaw in (0.02, 0.3):
        weights = np.zeros((1, 52))
        weights[:, ARKIT_INDEX["jawOpen"]] = jaw
        lip_contact.solve(weights, np.zeros(1), np.ones(1), model)
        assert 1.0 <= model.gap_mm(weights)[0] <= 3.0
        assert weights[0, ARKIT_INDEX["mouthRollLower"]] >= 0.2


def test_lips_do_not_pass_through_each_other():
    model = SealModel.ict()
    weights = np.zeros((1, 52))
    weights[:, ARKIT_INDEX["mouthClose"]] = 0.3
    lip_contact.solve(weights, np.zeros(1), np.zeros(1), model)
    assert model.gap_mm(weights)[0] > -0.6
