from __future__ import annotations

import numpy as np
import pytest

from gengine.core import rotation
from gengine.core.conditions import Cue, Syllable
from gengine.core.constants import read_table
from gengine.core.emotion import EMOTIONS
from gengine.core.speaker import STYLES
from gengine.metrics.face_upper import blinks, saccades
from gengine.networks.visemes.expression import ExpressionDynamics, expressions, gain, mix
from gengine.networks.visemes.movements import GoalMoves, TransientMoves, minimum_jerk
from gengine.networks.visemes.visual_prosody import FACE_CUES
from tests.networks.visemes.conftest import spell

TALK = " ".join(["sil:0.5", *["D AA T EH N IY K AH S OW L IH:0.15"] * 6, "sil:0.6"])


@pytest.fixture(scope="module")
def long_take(perform):
    return perform(spell(" ".join([TALK] * 5)))


def angles(face):
    return np.degrees(rotation.to_euler(face.head, "YXZ"))


def test_blinks_come_at_a_human_rate_and_close(long_take):
    rate = 60 * len(blinks(long_take)) / long_take.duration
    assert 14 <= rate <= 36
    assert long_take.channel("eyeBlinkLeft").max() > 0.88


def test_eyes_jump_rest_and_drive_the_look_channels(long_take):
    assert 0.8 <= len(saccades(long_take)) / long_take.duration <= 1.7
    right = long_take.gaze[:, 0] < np.radians(-6)
    left = long_take.gaze[:, 0] > np.radians(6)
    assert right.any() and left.any()
    assert (long_take.channel("eyeLookOutRight")[right] > 0).all() and (
        long_take.channel("eyeLookInLeft")[right] > 0
    ).all()
    assert (long_take.channel("eyeLookOutLeft")[left] > 0).all()
    down, up = long_take.gaze[:, 1] < np.radians(-5), long_take.gaze[:, 1] > np.radians(5)
    assert (long_take.channel("eyeLookDownLeft")[down] > 0.1).all()
    assert long_take.channel("eyeWideLeft")[up].mean() > long_take.channel("eyeWideLeft")[down].mean()


def test_eyes_hold_the_listener_while_the_head_turns(long_take):
    """Line of sight relative to the chest varies less than the head: the eyes make up for it."""
    head_yaw = angles(long_take)[:, 0]
    sight = head_yaw + np.degrees(long_take.gaze[:, 0])
    assert np.median(np.abs(sight)) < 0.75 * np.median(np.abs(head_yaw))


def test_head_moves_like_a_real_one(long_take):
    yaw, pitch, roll = angles(long_take).std(axis=0)
    assert 4 < yaw < 14 and 2.8 < pitch < 8 and 2 < roll < 7
    speed = np.abs(np.diff(angles(long_take), axis=0)).max(axis=1) * 60
    assert np.percentile(speed, 99.9) < 130


def test_styles_order_the_heads_activity(perform):
    phones = spell(" ".join([TALK] * 3))
    speeds = []
    for style in STYLES:
        a = angles(perform(phones, speaker=style))
        speeds.append(np.abs(np.diff(a, axis=0)).mean() * 60)
    assert speeds[0] < speeds[1] < speeds[2]


def test_an_affirmation_nods_and_a_negation_shakes(perform):
    phones = spell("sil:1 " + "AH T " * 10 + "sil:1")

    def moved(kind: str) -> np.ndarray:
        change = []
        for seed in range(6):
            cue = Cue(kind, 1.4, 1.7, 1.5, kind)
            still = perform(phones, syllables=(), seed=seed)
            with_cue = perform(phones, syllables=(), cues=(cue,), seed=seed)
            change.append(np.abs(angles(with_cue) - angles(still))[70:130].max(axis=0))
        return np.median(change, axis=0)

    yaw, pitch, _ = moved("affirmation")
    assert pitch > 3 and pitch > 2 * yaw
    yaw, pitch, _ = moved("negation")
    assert yaw > 2 and yaw > 2 * pitch


def test_accents_raise_brows_sometimes(perform):
    phones = spell("sil:0.5 " + "AH T " * 40 + "sil:0.5")
    accents = [Syllable(0.5 + 0.2 * k, 0.6 + 0.2 * k, 0.95) for k in range(0, 40, 5)]
    calm = perform(phones, syllables=())
    lively = perform(phones, syllables=accents)
    rise = lively.channel("browInnerUp") - calm.channel("browInnerUp")
    assert rise.max() > 0.12
    assert (rise < 0.03).mean() > 0.3


def test_posture_follows_the_emotion(perform):
    phones = spell(TALK)
    sad, proud = (angles(perform(phones, emotion={e: 1.0}))[:, 1].mean() for e in ("sadness", "proud"))
    assert sad - proud > 8


def test_expressions_are_distinct_and_in_range():
    table = expressions()
    shown = mix(np.eye(len(EMOTIONS)), table)
    assert shown.min() >= 0 and shown.max() <= 1
    distance = np.linalg.norm(shown[:, None] - shown[None], axis=-1) + 9 * np.eye(len(EMOTIONS))
    assert distance.min() > 0.2
    assert (
        gain(np.eye(18), table.jaw)[EMOTIONS.index("sadness")]
        < 1
        < gain(np.eye(18), table.jaw)[EMOTIONS.index("anger")]
    )


def test_opposed_channels_damp_each_other():
    both = np.zeros((1, 18))
    both[0, [EMOTIONS.index("happiness"), EMOTIONS.index("sadness")]] = 0.7
    mixed = mix(both, expressions())[0]
    from gengine.core.face import ARKIT_INDEX

    alone = expressions().weights
    for name, emotion in (("mouthFrownLeft", "sadness"), ("mouthSmileLeft", "happiness")):
        own = 0.7 * alone[EMOTIONS.index(emotion), ARKIT_INDEX[name]]
        assert 0 < mixed[ARKIT_INDEX[name]] < own / 2


def test_no_channel_steps_as_one_emotion_overtakes_another():
    share = np.linspace(0, 1, 201)
    for a, b in (("fear", "disgust"), ("happiness", "sadness"), ("surprise", "anger")):
        shown = np.zeros((len(share), len(EMOTIONS)))
        shown[:, EMOTIONS.index(a)], shown[:, EMOTIONS.index(b)] = 1 - share, share
        assert np.abs(np.diff(mix(shown, expressions()), axis=0)).max() < 0.02


def test_emotions_rise_at_their_own_pace():
    dynamics = ExpressionDynamics(expressions())
    dynamics.follow(np.zeros((1, 18)))
    shown = dynamics.follow(np.ones((240, 18)))
    fast, slow = shown[:, EMOTIONS.index("surprise")], shown[:, EMOTIONS.index("tired")]

    def rise(curve: np.ndarray) -> float:
        return (np.argmax(curve > 0.9) - np.argmax(curve > 0.1)) / 60

    assert rise(fast) == pytest.approx(0.2, abs=0.07)
    assert rise(slow) == pytest.approx(1.5, abs=0.2)
    assert np.array_equal(dynamics.follow(np.ones((2000, 18)))[-1], np.ones(18)) or shown[-1].min() > 0.9


def test_curves():
    assert minimum_jerk(np.array([-1.0, 0.5, 2.0])).tolist() == [0.0, 0.5, 1.0]
    moves = TransientMoves(1)
    moves.add(1.0, 0.1, 0.1, 0.1, [2.0])
    assert moves(np.array([0.9, 1.15, 1.4]))[:, 0].tolist() == pytest.approx([0.0, 2.0, 0.0])
    moves.forget(1.5)
    assert len(moves) == 0
    goals = GoalMoves([0.0, 0.0])
    goals.to(1.0, 0.2, [1.0, 2.0])
    goals.to(1.1, 0.2, [0.0, 0.0])  # a new goal before the first is reached
    assert np.allclose(goals(np.array([0.9, 2.0])), 0.0)
    before = goals(np.array([1.5]))
    goals.forget(1.4)
    assert np.allclose(goals(np.array([1.5])), before)


def test_every_lexicon_class_is_known(reference_data):
    import csv

    rows = csv.DictReader((reference_data / "tables/gesture/lexicon.csv").read_text("utf-8").splitlines())
    kinds = {r["class"] for r in rows}
    acts = {line["act"] for line in read_table("gengine.inputs", "tags")} - {""}
    assert set(FACE_CUES) - kinds == acts  # what tags of the words ask for
    still = {"container", "distance", "process", "merge_split"}  # these move arms alone
    assert kinds - set(FACE_CUES) == still
