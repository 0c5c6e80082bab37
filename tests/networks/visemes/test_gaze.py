"""Where the eyes go and when the lids close, to the draws of their seeds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gengine.core.conditions import Conditions, Cue, Prosody
from gengine.core.emotion import EmotionTrack
from gengine.core.face import ARKIT_INDEX
from gengine.core.noise import SmoothNoise, generator
from gengine.core.speaker import Speaker, Traits
from gengine.networks.visemes.blinks import LidMotion
from gengine.networks.visemes.gaze import GazeMood, GazeMotion, _speech_edges
from gengine.networks.visemes.movements import GoalMoves, minimum_jerk

DEG = np.pi / 180
NONE = np.zeros(0)


def window(speech: np.ndarray, hop: tuple[float, float], cues: tuple[Cue, ...] = (), ended: bool = False) -> Conditions:
    flat = np.zeros(len(speech), np.float32)
    prosody = Prosody(flat, flat, speech.astype(np.float32), flat, flat, flat)
    emotion = EmotionTrack(np.zeros((10, 18)), np.zeros((10, 3)), 100)
    return Conditions(0.0, *hop, len(speech) / 100, ended, prosody, (), (), (), cues, emotion, Speaker())


def talk(*spans: tuple[float, float], seconds: float = 10.0) -> np.ndarray:
    time = np.arange(round(seconds * 100)) / 100
    return np.any([(time >= a) & (time < b) for a, b in spans], axis=0) if spans else np.zeros(len(time), bool)


def shifts(seed: int, seconds: float = 60.0, aversion: float = 1.0, haste: float = 1.0, **traits: float):
    """Gaze shifts (start, duration, goal (2,) deg) of a long silence and the head's turns (start, duration, goal)."""
    motion, turn = GazeMotion(Traits(**traits), seed), GoalMoves(np.zeros(3))
    found, turns = [], []
    quiet = talk(seconds=seconds)
    forget = motion.target.forget
    motion.target.forget = lambda before: None  # keep every shift
    assert forget
    turn.forget = lambda before: None
    for hop in np.arange(0, seconds, 0.5):
        motion.plan(window(quiet, (hop, hop + 0.5)), turn, 1.0, 1.0, GazeMood(aversion, haste))
    goal = motion.target._base.copy()
    for start, duration, *step in motion.target._rows:
        goal = goal + step
        found.append((start, duration, goal / DEG))
    goal = np.zeros(3)
    for start, duration, *step in turn._rows:
        goal = goal + step
        turns.append((start, duration, goal / DEG))
    return found, turns


def test_saccades_last_by_their_size():
    found, _ = shifts(0)
    before = np.array([0.0, -1.2])
    for _, duration, goal in found:
        assert duration == pytest.approx(0.037 + 0.0024 * np.hypot(*(goal - before)))
        before = goal


def test_first_saccade_and_pace_are_their_draws():
    for seed in range(4):
        rng = generator(seed, "eyes")
        found, _ = shifts(seed)
        first, switch = 0.3 + 0.8 * rng.random(), 1.2 + 2.5 * rng.random()
        assert found[0][0] == pytest.approx(min(first, switch))
    gaps = [np.diff([s for s, *_ in shifts(seed, 120, haste=h)[0]]) for h in (1.0, 2.0) for seed in range(3)]
    # leaving the listener and coming back cut some fixations short
    assert np.median(np.concatenate(gaps[:3])) == pytest.approx(0.71, abs=0.05)
    assert np.median(np.concatenate(gaps[3:])) == pytest.approx(0.40, abs=0.05)
    assert max(g.max() for g in gaps) <= 3


def away(goal: np.ndarray) -> bool:
    """Farther from every place on the listener's face than the scatter around it."""
    places = np.array([[-1.7, 0.6], [1.7, 0.6], [0.0, -4.5], [0.0, -1.2]])
    return bool(np.abs(goal - places).max(axis=1).min() > 0.8 + 1e-6)


def test_looks_rest_on_the_listeners_face_as_often_as_they_should():
    goals = np.concatenate([[g for *_, g in shifts(seed, 120)[0]] for seed in range(4)])
    on = np.array([g for g in goals if not away(g)])
    left, right = on[:, 0] < -0.9, on[:, 0] > 0.9
    mouth = on[:, 1] < -3
    assert 0.25 < left.mean() < 0.55 and 0.25 < right.mean() < 0.55
    assert 0.05 < mouth.mean() < 0.25
    assert np.hypot(*goals.T).max() < 25 + 4.5 * 1.5 * 4


def averted(draw: np.ndarray, above: float = 0.13, below: float = 0.3) -> np.ndarray:
    """Where a look away goes, ``(2,)`` deg."""
    size = float(np.clip(-6.9 * np.log(max(draw[0], 1e-3) * 15 / 15.7) + 5.5, 9, 25))
    if draw[2] < above:
        size, angle = min(size, 16.0), 50 + 35 * draw[3]
    elif draw[2] < below:
        angle = -45 - 35 * draw[3]
    else:
        angle = -15 + 30 * draw[3]
    side = 1 if draw[1] < 0.5 else -1
    return size * np.array([side * np.cos(angle * DEG), np.sin(angle * DEG)])


def test_looks_away_have_their_sizes_and_directions():
    """The first look away of many seeds is one of its draws'."""
    for seed in range(40):
        goal = next(g for *_, g in shifts(seed, 8)[0] if away(g))
        draws = [generator(seed, "saccade", n).random(8) for n in range(1, 30)]
        assert any(np.allclose(goal, averted(draw)) for draw in draws)


def test_planning_looks_up_more_and_takes_the_head_along():
    motion, turns = GazeMotion(Traits(), 0), 0
    for k in range(200):
        motion._why = "planning"
        draw = np.random.default_rng(k).random(8)
        goal, share = motion._averted(draw, GazeMood())
        assert goal / DEG == pytest.approx(averted(draw, 0.7, 0.9))
        assert share == (0.4 if draw[4] < 0.4 else 0)
        motion._why = "intimacy"
        assert motion._averted(draw, GazeMood())[1] == (0.4 if draw[4] < 0.1 else 0)
        turns += share > 0
    assert turns > 50


def test_looking_away_ends_after_a_second_and_aversion_makes_it_more():
    def share(**settings: float) -> float:
        total = 0.0
        for seed in range(6):
            found, _ = shifts(seed, 60, **settings)
            ends = [s for s, *_ in found[1:]] + [60.0]
            total += sum(e - s for (s, _, g), e in zip(found, ends, strict=True) if away(g))
        return total / 360

    usual, shy, keen = share(), share(aversion=2.0), share(gaze=0.95)
    assert 0.1 < usual < 0.3 and shy > usual + 0.1 and keen < usual - 0.05


def test_the_head_takes_part_of_what_lies_beyond_comfort_and_comes_back():
    found, turns = shifts(1, 120)
    by_time = {round(s, 6): (d, g) for s, d, g in turns}
    moved = 0
    for start, _, goal in found:
        if round(start + 0.03, 6) not in by_time:
            continue
        duration, turned = by_time[round(start + 0.03, 6)]
        assert 0.35 <= duration <= 0.6
        size = np.hypot(*goal)
        if np.abs(turned).max() > 1e-9:
            moved += 1
            share = turned[1] / goal[0]
            assert turned == pytest.approx(share * np.array([-goal[1], goal[0], 0.15 * goal[0]]))
            assert share == pytest.approx(0.4) or share == pytest.approx(0.77 * (size - 18) / size)
    assert moved > 2
    assert np.abs(turns[-1][2]).max() < 12


def test_edges_of_speech_need_silence_around_them():
    speech = talk((1.0, 2.0), (2.2, 3.0), (4.0, 5.0), seconds=5.25)
    onsets, ends = _speech_edges(window(speech, (0, 1)))
    assert onsets == pytest.approx([1.0, 4.0]) and ends == pytest.approx([3.0])
    _, ends = _speech_edges(window(speech, (0, 1), ended=True))
    assert ends == pytest.approx([3.0, 5.0])
    for quiet in (talk(seconds=1), talk((0, 2), seconds=1), talk(seconds=0.01)):
        onsets, ends = _speech_edges(window(quiet, (0, 1)))
        assert len(onsets) == len(ends) == 0
    onsets, _ = _speech_edges(window(talk((0.1, 1), seconds=2), (0, 1)))
    assert onsets == pytest.approx([0.1])  # what lies before the window is silence


def plan_once(motion: GazeMotion, conditions: Conditions) -> GazeMotion:
    motion.plan(conditions, GoalMoves(np.zeros(3)), 1.0, 1.0, GazeMood())
    return motion


def test_eyes_leave_the_listener_before_some_utterances():
    """By chance, 0.4 to 0.9 s before the onset, and up to 0.2 s after the hop's start."""
    speech = talk((1.0, 4.0), seconds=5)
    for seed in range(12):
        chance, early = generator(seed, "planning", 100).random(2)
        motion = plan_once(GazeMotion(Traits(), seed), window(speech, (0.0, 0.1)))
        planned = chance < 0.3 + 0.5 * 0.2
        assert (motion._why == "planning") == planned
        if planned:
            assert motion._switch == pytest.approx(1.0 - 0.4 - 0.5 * early)
        late = plan_once(GazeMotion(Traits(), seed), window(speech, (0.85, 0.9)))
        assert late._why == "intimacy"


def test_words_that_need_thought_take_the_eyes_away():
    cue = Cue("thinking", 3.0, 3.4, 3.1, "hm")
    for hop, planned in (((2.5, 2.85), False), ((2.5, 2.95), True), ((3.1, 3.2), False)):
        motion = GazeMotion(Traits(), 0)
        motion._next = motion._switch = 50.0
        plan_once(motion, window(talk((0, 10)), hop, (cue,)))
        assert (motion._why == "planning" and motion._switch == 3.0) == planned
    other = GazeMotion(Traits(), 0)
    other._next = other._switch = 50.0
    plan_once(other, window(talk((0, 10)), (2.5, 2.95), (Cue("negation", 3.0, 3.4, 3.1, "no"),)))
    assert other._switch == 50.0


def test_a_speaker_looks_at_the_listener_when_giving_the_floor_away():
    speech = talk((0, 4.0), seconds=6)
    motion = GazeMotion(Traits(), 0)
    motion._next, motion._switch, motion._away, motion._since = 50.0, 3.8, True, 2.0
    plan_once(motion, window(speech, (3.0, 3.1)))
    assert motion._switch == pytest.approx(3.4)
    motion._switch, motion._since = 3.8, 3.0
    plan_once(motion, window(speech, (3.0, 3.1)))
    assert motion._switch == pytest.approx(3.6)  # at least 0.6 s away
    motion._away = False
    for leaves in (3.12, 3.2, 4.2):
        motion._switch = leaves
        plan_once(motion, window(speech, (3.0, 3.1)))
        assert motion._switch == pytest.approx(4.3)
    for keeps in (3.05 + 0.01, 4.4):
        motion._switch = keeps
        plan_once(motion, window(speech, (2.9, 3.0)))
        assert motion._switch == keeps


def test_sight_is_the_planned_place_with_a_little_drift():
    motion, times = GazeMotion(Traits(), 2), np.arange(0, 2, 1 / 60)
    drift = SmoothNoise(2, 2.5, 2, "fixation")(times) * 0.15 * DEG
    assert motion.sight(times) == pytest.approx(np.array([0.0, -1.2]) * DEG + drift)


def test_moods_look_down_cast_lower_and_hold_contact():
    """Of sad looks away most go down, by as much lower as the mood says; a look up is not lowered."""
    motion, sad, draws = GazeMotion(Traits(), 0), GazeMood(down=4.0, cast=0.1), np.random.default_rng(0)
    goals = [[motion._averted(draw, mood)[0] for mood in (GazeMood(), sad)] for draw in draws.random((400, 8))]
    usual, down = np.array(goals).transpose(1, 0, 2) / DEG
    low = -7
    assert (usual[:, 1] < low).mean() == pytest.approx(0.17, abs=0.06)
    assert (down[:, 1] < low).mean() > 0.6
    assert np.hypot(*down.T).max() <= 25 + 1e-6
    both = (usual[:, 1] < low) & (down[:, 1] < low) & (np.hypot(*usual.T) < 19)
    assert (usual - down)[both, 1] == pytest.approx(0.1 / DEG)
    assert GazeMood(aversion=0.5).contact(0.8) == pytest.approx(0.9)
    assert GazeMood(aversion=9).contact(0.8) == 0.2


def test_a_shy_speaker_does_not_look_up_at_the_end_of_an_utterance():
    speech = talk((0, 4.0), seconds=6)
    motion = GazeMotion(Traits(), 0)
    motion._next, motion._switch, motion._away, motion._since = 50.0, 3.8, True, 2.0
    motion.plan(window(speech, (3.0, 3.1)), GoalMoves(np.zeros(3)), 1.0, 1.0, GazeMood(aversion=3))
    assert motion._switch == 3.8


def test_thought_never_puts_off_a_look_away_that_was_due():
    cue = Cue("thinking", 3.0, 3.4, 3.1, "hm")
    motion = GazeMotion(Traits(), 0)
    motion._next, motion._switch = 50.0, 2.96
    plan_once(motion, window(talk((0, 10)), (2.5, 2.95), (cue,)))
    assert motion._switch == 2.96 and motion._why == "planning"


def lids(gaze: tuple[float, float]) -> dict[str, float]:
    weights = np.zeros((1, 52))
    GazeMotion(Traits(), 0).add(weights, np.array([0.0]), np.array([gaze]) * DEG, np.array([1.8]) * DEG)
    return {name: float(weights[0, i]) for name, i in ARKIT_INDEX.items() if name.startswith("eye")}


def test_directions_become_channels_in_their_ranges():
    left = lids((10.0, 0.0))
    assert left["eyeLookOutLeft"] == pytest.approx(8.2 / 31) and left["eyeLookInRight"] == pytest.approx(11.8 / 33)
    assert left["eyeLookInLeft"] == left["eyeLookOutRight"] == left["eyeLookUpLeft"] == 0
    right = lids((-10.0, 0.0))
    assert right["eyeLookInLeft"] == pytest.approx(11.8 / 33) and right["eyeLookOutRight"] == pytest.approx(8.2 / 31)
    ahead = lids((0.0, 0.0))
    assert ahead["eyeLookInLeft"] == ahead["eyeLookInRight"] == pytest.approx(1.8 / 33)  # vergence
    up = lids((0.0, 11.5))
    assert up["eyeLookUpLeft"] == up["eyeLookUpRight"] == pytest.approx(0.5)
    assert up["eyeWideLeft"] == pytest.approx(0.2) and up["eyeBlinkLeft"] == pytest.approx(-0.05)  # opens a droop
    down = lids((0.0, -17.5))
    assert down["eyeLookDownRight"] == pytest.approx(0.5) and down["eyeBlinkRight"] == pytest.approx(0.25)


def blinking(seed: int = 0) -> LidMotion:
    return LidMotion(seed, itertools.count(1), 0.5)


def closing(motion: LidMotion, **start: float) -> np.ndarray:
    """eyeBlink, eyeWide and eyeSquint of the left eye ``(T, 3)`` over 10 s at 1 kHz."""
    times = np.arange(0, 10, 1 / 1000)
    weights = np.zeros((len(times), 52))
    for name, value in start.items():
        weights[:, ARKIT_INDEX[name]] = value
    motion.add(weights, times, 0 * times, 0 * times)
    return weights[:, [ARKIT_INDEX[n] for n in ("eyeBlinkLeft", "eyeWideLeft", "eyeSquintLeft")]]


@pytest.mark.parametrize("slowness", [1.0, 1.6])
def test_a_blink_has_its_times_and_peak(slowness):
    seed = next(s for s in range(50) if generator(s, "blink", 1).random(6)[4] >= 0.15)
    draw = generator(seed, "blink", 1).random(6)
    motion = blinking(seed)
    assert motion._next == pytest.approx(0.4 + 3.2 * 0.5)
    motion.plan(0.0, 2.1, NONE, 1.0, slowness)
    close = (0.05 + 0.017 * draw[0]) * slowness**0.5
    hold = (0.017 + 0.02 * draw[1]) * slowness
    reopen = (0.085 + 0.03 * draw[2]) * slowness**0.7
    peak = 0.94 + 0.06 * (draw[3] - 0.5)
    t = np.arange(0, 10, 1 / 1000) - 2.0
    expected = peak * (minimum_jerk(t / close) - minimum_jerk((t - close - hold) / reopen))
    shown = closing(motion, eyeWideLeft=0.5, eyeSquintLeft=0.4)
    assert shown[:, 0] == pytest.approx(expected, abs=1e-9)
    assert shown[:, 1] == pytest.approx(0.5 * (1 - expected), abs=1e-9)
    assert shown[:, 2] == pytest.approx(0.4 * (1 - 0.3 * expected), abs=1e-9)
    drooping = closing(motion, eyeBlinkLeft=0.2)[:, 0]
    assert drooping == pytest.approx(0.2 + expected * 0.8, abs=1e-9)


def test_intervals_are_log_normal_and_shorter_at_a_higher_rate():
    for seed, rate in ((0, 1.0), (1, 1.0), (2, 2.0), (7, 0.5)):
        motion = blinking(seed)
        motion.plan(0.0, 2.05, NONE, rate, 1.0)
        rng = generator(seed, "blink", 1)
        draw = rng.random(6)
        interval = float(np.clip(np.exp(1.3 + 0.65 * rng.standard_normal()), 0.6, 8)) / rate
        length = (0.05 + 0.017 * draw[0]) + (0.017 + 0.02 * draw[1]) + (0.085 + 0.03 * draw[2])
        double = draw[4] < 0.15
        assert motion._next == pytest.approx(2.0 + length * (2.5 if double else 1) + interval)
        assert len(motion._blinks) == (2 if double else 1)


def test_some_blinks_are_double():
    seed = next(s for s in range(99) if generator(s, "blink", 1).random(6)[4] < 0.15)
    draw = generator(seed, "blink", 1).random(6)
    motion = blinking(seed)
    motion.plan(0.0, 2.05, NONE, 1.0, 1.0)
    (_, close, hold, reopen, peak), (second, *times, lower) = motion._blinks._rows
    assert times == [close, hold, reopen]
    assert second == pytest.approx(2.0 + close + hold + reopen + 0.02 + 0.3 * draw[5])
    assert lower == pytest.approx(0.96 * peak)


def test_blinks_wait_for_the_end_of_an_utterance_near_by():
    for end, at in ((2.5, 2.25), (1.8, 1.55), (2.65, 2.0), (1.65, 2.0)):
        motion = blinking()
        motion.plan(0.0, 2.05, np.array([end + 20, end]) if end > 9 else np.array([end]), 1.0, 1.0)
        assert motion._blinks._rows[0][0] == pytest.approx(at)


def test_ends_bring_blinks_of_their_own():
    for seed in range(20):
        motion = blinking(seed)
        motion._next = 50.0
        motion.plan(4.0, 4.66, np.array([5.0]), 1.0, 1.0)
        rng = generator(seed, "end blink", 500)
        at, likely = 5 - 0.45 + 0.4 * rng.random(), rng.random() < 0.45
        assert [r[0] for r in motion._blinks._rows][:1] == (pytest.approx([at]) if likely else [])
        count = len(motion._blinks)
        motion.plan(4.66, 4.9, np.array([5.0]), 1.0, 1.0)
        assert len(motion._blinks) == count  # once
    early = blinking(next(s for s in range(99) if generator(s, "end blink", 500).random(2)[1] < 0.3))
    early._next = 50.0
    early.plan(4.0, 4.64, np.array([5.0]), 1.0, 1.0)
    assert len(early._blinks) == 0  # too far ahead
    early._last = 4.2
    early.plan(4.0, 4.66, np.array([5.0]), 1.0, 1.0)
    at = 5 - 0.45 + 0.4 * generator(early._seed, "end blink", 500).random()
    assert (len(early._blinks) > 0) == (at > 4.8)


def test_large_gaze_shifts_bring_a_blink():
    for degrees, chance, blinks in (
        (4, 0.0, 0),
        (10, 0.19, 1),
        (10, 0.21, 0),
        (33, 0.96, 1),
        (50, 0.98, 0),
        (7, 0.09, 1),
    ):
        motion = blinking(3)
        motion.with_gaze_shift(6.0, degrees, chance, 1.0)
        assert bool(motion._blinks._rows) == bool(blinks), (degrees, chance)
        if blinks:
            assert motion._blinks._rows[0][0] == pytest.approx(5.99)
            count = len(motion._blinks)
            motion.with_gaze_shift(6.45, 33, 0.0, 1.0)
            assert len(motion._blinks) == count
            motion.with_gaze_shift(6.55, 33, 0.0, 1.0)
            assert len(motion._blinks) > count


def test_no_blink_follows_another_at_once():
    motion = blinking(3)
    motion.plan(0.0, 2.05, NONE, 1.0, 1.0)
    first = len(motion._blinks)
    motion._next = 2.3
    motion.plan(2.05, 2.4, NONE, 1.0, 1.0)
    assert len(motion._blinks) == first and motion._next > 2.9
    motion._next = 2.36
    motion.plan(2.05, 2.4, NONE, 1.0, 1.0)
    assert len(motion._blinks) > first
    motion.forget(99.0)
    assert len(motion._blinks) == 0
