"""When and how far heads and brows move on accents and words, to the draws of their seeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from gengine.core import rotation
from gengine.core.conditions import Conditions, Cue, Prosody, Syllable
from gengine.core.emotion import EmotionTrack
from gengine.core.face import ARKIT_INDEX
from gengine.core.noise import SmoothNoise, generator
from gengine.core.speaker import STYLES, Speaker, Traits
from gengine.networks.visemes.movements import minimum_jerk
from gengine.networks.visemes.visual_prosody import FACE_CUES, HEAD_MOVES, BrowMotion, HeadMotion, to_quaternion

TIMES = np.arange(0, 8, 1 / 200)
ONE = np.ones(len(TIMES))


def window(
    *, syllables: Sequence[Syllable] = (), cues: Sequence[Cue] = (), hop: tuple[float, float] = (0.0, 8.0)
) -> Conditions:
    prosody = Prosody(*(np.ones(1000, np.float32) for _ in range(6)))
    emotion = EmotionTrack(np.zeros((10, 18)), np.zeros((10, 3)), 100)
    return Conditions(0.0, *hop, 10.0, False, prosody, (), (), tuple(syllables), tuple(cues), emotion, Speaker())


def accent(onset: float, prominence: float = 1.0) -> Syllable:
    return Syllable(onset, onset + 0.1, prominence)


def cue(kind: str, at: float) -> Cue:
    return Cue(kind, at - 0.1, at + 0.3, at, kind)


def head(seed: int, traits: Traits | None = None, **events: Sequence) -> np.ndarray:
    """Degrees ``(T, 3)`` that events move the head by, without its wandering."""
    traits = traits or Traits()
    still, moving = HeadMotion(traits, seed), HeadMotion(traits, seed)
    moving.plan(window(**events))
    none = np.zeros((len(TIMES), 3))
    return np.degrees(moving.angles(TIMES, ONE, none, ONE) - still.angles(TIMES, ONE, none, ONE))


def brows(seed: int, traits: Traits | None = None, **events: Sequence) -> np.ndarray:
    """Inner up, outer up and down ``(T, 3)`` that events move the brows by."""
    out = []
    for planned in (False, True):
        motion, weights = BrowMotion(traits or Traits(), seed), np.zeros((len(TIMES), 52))
        if planned:
            motion.plan(window(**events))
        motion.add(weights, TIMES, 0 * TIMES, ONE)
        out.append(weights[:, [ARKIT_INDEX[n] for n in ("browInnerUp", "browOuterUpLeft", "browDownLeft")]])
    return out[1] - out[0]


def at(curve: np.ndarray, time: float) -> np.ndarray:
    return curve[round(time * 200)]


def seeds(stream: str, *key: object, below: float, count: int = 3) -> list[int]:
    """Seeds whose first draw of a stream lies below a chance."""
    return [s for s in range(200) if generator(s, stream, *key).random() < below][:count]


@pytest.mark.parametrize("seed", seeds("nod", 3000, below=0.35 * 1.4))
def test_an_accent_nods_as_deep_and_as_late_as_its_draws_say(seed):
    _, depth, lag, rise, fall = generator(seed, "nod", 3000).random(5)
    moved = head(seed, syllables=[accent(3.0)])
    size, peak, rise, fall = 2 + 3 * depth, 3 + 0.1 * lag, 0.15 + 0.05 * rise, 0.25 + 0.15 * fall
    pitch = moved[:, 0]
    begin, u = peak - rise, (TIMES - peak + rise)
    nod = minimum_jerk(u / rise) - minimum_jerk((u - rise - 0.02) / fall)
    before = TIMES - begin + 0.18
    up = minimum_jerk(before / 0.2) - minimum_jerk((before - 0.2) / 0.2)
    after = TIMES - begin - rise - 0.6 * fall
    back = minimum_jerk(after / 0.22) - minimum_jerk((after - 0.22) / 0.3)
    assert pitch == pytest.approx(size * (nod - 0.12 * up - 0.1 * back), abs=1e-6)
    assert np.abs(moved[:, 1:]).max() < 1e-9


def test_nods_come_by_chance_and_prominence():
    def share(prominence: float) -> float:
        return float(np.mean([np.abs(head(s, syllables=[accent(3.0, prominence)])).max() > 0.5 for s in range(60)]))

    for prominence in (0.5, 1.0):
        draws = [generator(s, "nod", 3000).random() < 0.35 * (0.6 + 0.8 * prominence) for s in range(60)]
        assert share(prominence) == np.mean(draws)
    assert share(0.49) == 0


def test_accents_follow_each_other_only_after_a_while():
    seed = next(s for s in range(900) if all(generator(s, "nod", o).random() < 0.3 for o in (3000, 3300, 3600)))
    first, both = head(seed, syllables=[accent(3.0)]), head(seed, syllables=[accent(3.0), accent(3.3)])
    assert np.array_equal(first, both)
    assert np.abs(head(seed, syllables=[accent(3.0), accent(3.6)]) - first)[round(3.6 * 200) :].max() > 1.5


def test_accents_are_planned_once_and_up_to_a_third_of_a_second_ahead():
    (seed,) = seeds("nod", 3000, below=0.35, count=1)
    for end, planned in ((2.69, False), (2.71, True)):
        motion = HeadMotion(Traits(), seed)
        motion.plan(window(syllables=[accent(3.0)], hop=(2.0, end)))
        assert (len(motion._moves) > 0) == planned
    before = len(motion._moves)
    motion.plan(window(syllables=[accent(3.0)], hop=(2.0, end)))
    assert len(motion._moves) == before == 3
    late = HeadMotion(Traits(), seed)
    late.plan(window(syllables=[accent(3.0)], hop=(3.3, 3.5)))
    assert len(late._moves) == 0  # its peak is over


def shape(kind: str, seed: int, time: float = 4.0) -> tuple[np.ndarray, float, float, float]:
    """Movement of a cue, its size in degrees, sign and pace by its draws."""
    rng = generator(seed, "head cue", kind, round((time - 0.1) * 1000))
    _, scale, side, pace = rng.random(), rng.normal(), rng.random(), rng.random()
    size = FACE_CUES[kind].size * np.exp(0.3 * np.clip(scale, -1.5, 1.5))
    return head(seed, cues=[cue(kind, time)]), float(size), 1 if side < 0.5 else -1, pace


def showing(kind: str, count: int = 2, time: float = 4.0) -> list[int]:
    return seeds("head cue", kind, round((time - 0.1) * 1000), below=FACE_CUES[kind].chance, count=count)


def test_a_cue_shows_with_its_chance():
    for kind in ("listing", "affirmation"):
        shown = [np.abs(head(s, cues=[cue(kind, 4.0)])).max() > 0.3 for s in range(40)]
        draws = [generator(s, "head cue", kind, 3900).random() <= FACE_CUES[kind].chance for s in range(40)]
        assert shown == draws


def test_cues_that_say_nothing_move_nothing():
    assert not head(0, cues=[cue("size_big", 4.0), cue("container", 5.0)]).any()


@pytest.mark.parametrize("seed", showing("affirmation"))
def test_an_affirmation_nods_on_its_accent(seed):
    moved, size, _, _ = shape("affirmation", seed)
    assert at(moved, 4.045)[0] == pytest.approx(size, rel=0.01)
    assert np.abs(moved[:, 1:]).max() < 1e-9
    assert at(moved, 4.04 - 0.17 - 0.028)[0] < 0.2  # it takes 0.198 s down


@pytest.mark.parametrize("seed", showing("negation"))
def test_a_negation_shakes_four_times(seed):
    moved, size, sign, pace = shape("negation", seed)
    half = 0.2 + 0.04 * pace
    begin = 4.0 - 0.15 - 0.1
    for i, share in enumerate((0.7, -1.0, 0.8, -0.4)):
        pitch, yaw, roll = at(moved, begin + half * (i + 1))
        assert yaw == pytest.approx(sign * share * size, rel=0.02)
        assert pitch == pytest.approx(0.12 * abs(share) * size, rel=0.02) and roll == 0


@pytest.mark.parametrize("seed", showing("assumption"))
def test_an_assumption_nods_three_times_ever_less(seed):
    moved, size, _, _ = shape("assumption", seed)
    for i, share in enumerate((1.0, 0.7, 0.4)):
        assert at(moved, 3.85 + 0.34 * i + 0.17)[0] == pytest.approx(share * size, rel=0.01)
    assert at(moved, 3.85 + 0.34)[0] == pytest.approx(0, abs=1e-3 * size)


@pytest.mark.parametrize(
    ("kind", "peak", "still", "turn"),
    [
        ("inclusivity", (3.75 + 0.45, 3.75 + 0.55), 3.75 + 1.25, (0, 1, 0.2)),
        ("question", (3.85 + 0.3, 3.85 + 0.7), 3.85 + 1.2, (-1, 0, 0)),
        ("past", (3.85 + 0.35, 3.85 + 0.65), 3.85 + 1.25, (-0.3, 1, 0)),
    ],
)
def test_other_moves_rise_hold_and_end(kind, peak, still, turn):
    for seed in showing(kind):
        moved, size, sign, _ = shape(kind, seed)
        expected = size * np.array([turn[0], sign * turn[1], sign * turn[2]])
        for time in (peak[0] + 0.005, peak[1] - 0.005):
            assert at(moved, time) == pytest.approx(expected, abs=0.01 * size)
        assert np.abs(at(moved, peak[0] - 0.15)).max() < 0.9 * size
        assert not np.abs(at(moved, still + 0.01)).max() > 1e-9


def test_a_tilt_lasts_by_its_pace_and_sways_change_sides():
    (seed,) = showing("contrast", 1)
    moved, size, sign, pace = shape("contrast", seed)
    for time in (3.75 + 0.355, 3.75 + 0.345 + 0.9 + 0.8 * pace):
        assert at(moved, time) == pytest.approx(size * sign * np.array([0, 0.15, 1]), abs=0.01 * size)
    many = [cue("alternative", 1.5 + 2 * k) for k in range(3)]
    seed = next(s for s in range(99) if all(generator(s, "head cue", "alternative", m).random() < 0.5
                                            for m in (1400, 3400, 5400)))  # fmt: skip
    rolls = [at(head(seed, cues=many), 1.5 + 2 * k - 0.15 + 0.45)[2] for k in range(3)]
    assert rolls[0] < -1 and rolls[1] > 1 and rolls[2] < -1


def test_a_move_keeps_others_away_for_its_rest():
    def second(kind: str, after: float) -> bool:
        pair = [cue(kind, 4.0), cue("affirmation", 4.0 + after)]
        stamp = round((4.0 + after - 0.1) * 1000)
        seed = next(s for s in range(99) if generator(s, "head cue", kind, 3900).random() < FACE_CUES[kind].chance
                    and generator(s, "head cue", "affirmation", stamp).random() < 0.85)  # fmt: skip
        alone, both = head(seed, cues=pair[:1]), head(seed, cues=pair)
        return bool(np.abs(both - alone).max() > 1)

    assert HEAD_MOVES["shake"].rest == 0.5 and HEAD_MOVES["sweep"].rest == 0.2
    assert not second("negation", 0.85) and second("negation", 0.95)
    assert not second("inclusivity", 0.55) and second("inclusivity", 0.65)
    assert not second("affirmation", 0.42) and second("affirmation", 0.46)


def test_styles_scale_moves_and_wandering():
    (seed,) = showing("affirmation", 1)
    usual, orator = (head(seed, STYLES[s], cues=[cue("affirmation", 4.0)]) for s in ("conversational", "orator"))
    assert at(orator, 4.045)[0] == pytest.approx(1.5 * at(usual, 4.045)[0], rel=1e-6)


@pytest.mark.parametrize(("energy", "calm", "pace"), [(0.1, 0.7, 0.8), (0.4, 0.85, 0.9), (0.6, 1, 1), (1.0, 1, 1)])
def test_wandering_has_the_bands_of_a_monologue(energy, calm, pace):
    traits = Traits(energy=energy, head=1.2)
    activity, gain = 0.5 * ONE, 0.9 * ONE
    posture = np.tile([0.1, 0.02, -0.05], (len(TIMES), 1))  # pitch, roll, yaw
    found = HeadMotion(traits, 4).angles(TIMES, activity, posture, gain)
    expected = posture[:, [0, 2, 1]].copy()
    bands = ((0.55, (3.4, 6.7, 3.7)), (1.9, (1.85, 2.9, 1.45)), (3.6, (1.15, 1.8, 1.05)), (6.5, (0.3, 0.5, 0.55)))
    for k, (rate, rms) in enumerate(bands):
        size = np.radians(rms) * 1.2 * (0.9 if k == 0 else calm * (0.6 + 0.4 * 0.5) * 0.9)
        expected += SmoothNoise(3, rate * pace, 4, "head", k)(TIMES) * size
    assert found == pytest.approx(np.clip(expected, -0.75, 0.75), abs=1e-9)
    far = HeadMotion(traits, 4).angles(TIMES, ONE, 9 * ONE[:, None] * np.ones(3), gain)
    assert (far == 0.75).all()


def test_angles_become_yaw_then_pitch_then_roll():
    angles = np.array([[0.2, -0.3, 0.1]])
    assert rotation.to_euler(to_quaternion(angles), "YXZ")[0] == pytest.approx([-0.3, 0.2, 0.1])
    down = rotation.rotate(to_quaternion(np.array([[0.3, 0, 0]]))[0], np.array([0.0, 0.0, 1.0]))
    assert down[1] < -0.2  # pitch is down


@pytest.mark.parametrize("seed", seeds("brow", 3000, below=0.45))
def test_an_accent_raises_the_brows_to_their_peak_by_then(seed):
    _, size = generator(seed, "brow", 3000).random(2)
    moved = brows(seed, syllables=[accent(3.0)])
    size = 0.5 + 0.7 * size
    for time in (2.86 + 0.205, 2.86 + 0.295):
        assert at(moved, time) == pytest.approx([0.29 * size, 0.24 * size, 0], abs=1e-3)
    assert at(moved, 2.86 + 0.1) == pytest.approx([0.145 * size, 0.12 * size, 0], abs=1e-6)
    assert at(moved, 2.86 + 0.3 + 0.15) == pytest.approx([0.145 * size, 0.12 * size, 0], abs=1e-6)
    assert not np.abs(at(moved, 2.86)).max() > 1e-9 and not np.abs(at(moved, 2.86 + 0.605)).max() > 1e-9


def test_brows_move_by_chance_prominence_and_readiness():
    for prominence, readiness in ((1.0, 1.0), (0.6, 1.0), (1.0, 0.5)):
        chance = readiness * (0.15 + 0.6 * (prominence - 0.5))
        moved = [bool(brows(s, Traits(brow=readiness), syllables=[accent(3.0, prominence)]).any()) for s in range(40)]
        assert moved == [bool(generator(s, "brow", 3000).random() < chance) for s in range(40)]
    assert not brows(seeds("brow", 3000, below=0.1)[0], syllables=[accent(3.0, 0.45)]).any()


@pytest.mark.parametrize(
    ("kind", "hold", "raised"), [("affirmation", 0.15, True), ("question", 0.7, True), ("obligation", 0.15, False)]
)
def test_cues_raise_or_frown_and_questions_hold(kind, hold, raised):
    face = FACE_CUES[kind]
    for seed in seeds("brow cue", kind, 3900, below=0.4 + 0.6 * face.chance):
        _, size, longer = generator(seed, "brow cue", kind, 3900).random(3)
        size, hold_s = 0.6 + 0.6 * size, hold + 0.3 * longer
        moved = brows(seed, cues=[cue(kind, 4.0)])
        peak = [0.29 * size, 0.24 * size, 0] if raised else [0, 0, 0.28 * size]
        for time in (3.86 + 0.205, 3.86 + 0.195 + hold_s):
            assert at(moved, time) == pytest.approx(peak, abs=2e-3)
        assert at(moved, 3.86 + 0.2 + hold_s + 0.15) == pytest.approx(np.array(peak) / 2, abs=8e-3)
    assert [bool(brows(s, cues=[cue(kind, 4.0)]).any()) for s in range(30)] == [
        bool(generator(s, "brow cue", kind, 3900).random() < 0.4 + 0.6 * face.chance) for s in range(30)
    ]


def test_brows_rest_half_a_second_between_moves():
    seed = next(s for s in range(999) if all(generator(s, "brow", o).random() < 0.4 for o in (3000, 3450, 3550)))
    alone = brows(seed, syllables=[accent(3.0)])
    assert np.array_equal(brows(seed, syllables=[accent(3.0), accent(3.45)]), alone)
    assert np.abs(brows(seed, syllables=[accent(3.0), accent(3.55)]) - alone).max() > 0.1


def test_idle_brows_wander_and_follow_the_pitch():
    for pitch, lift in ((0.0, 0.0), (2.0, 0.012), (-2.0, -0.012), (20.0, 0.04), (-20.0, -0.02)):
        motion, weights = BrowMotion(Traits(), 5), np.zeros((len(TIMES), 52))
        motion.add(weights, TIMES, pitch + 0 * TIMES, ONE)
        noise = SmoothNoise(3, 0.9, 5, "brows")
        inner, outer, down = (noise(TIMES) * (0.022, 0.016, 0.014)).T
        side = 0.008 * noise(TIMES + 300)[:, 0]
        assert weights[:, ARKIT_INDEX["browInnerUp"]] == pytest.approx(inner + lift)
        assert weights[:, ARKIT_INDEX["browOuterUpLeft"]] == pytest.approx(outer + side)
        assert weights[:, ARKIT_INDEX["browOuterUpRight"]] == pytest.approx(outer - side)
        assert weights[:, ARKIT_INDEX["browDownRight"]] == pytest.approx(down)
