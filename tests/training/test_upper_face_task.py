"""Training of the upper face on a corpus whose brows rise with loudness and whose eyes blink where speech ends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gengine import Performance
from gengine.checkpoint import load_checkpoint
from gengine.core import rotation
from gengine.core.audio import AudioClip
from gengine.core.emotion import EmotionTrack
from gengine.core.face import ARKIT_INDEX, FaceTrack
from gengine.core.words import WordTrack
from gengine.errors import GengineError

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")
pytest.importorskip("matplotlib")
from gengine.networks.a2m.network import A2mNetwork  # noqa: E402
from gengine.networks.a2m.upper_face import HEAD, MOVES, RATE  # noqa: E402
from gengine.training.upper_face_examples import eye_events, shots_of, upper_moves  # noqa: E402
from gengine.training.upper_face_task import STRETCH, UpperFaceTask, UpperFaceTraining, _far, _views  # noqa: E402

SECONDS = 4.0
BLINKS = (1.0, 3.0)


def face(seed: int) -> FaceTrack:
    rng = np.random.default_rng(seed)
    t = np.arange(round(SECONDS * 25)) / 25
    weights = np.zeros((len(t), 52))
    wave = np.sin(2 * np.pi * (0.6 + 0.2 * rng.random()) * t + 6 * rng.random())
    weights[:, ARKIT_INDEX["browInnerUp"]] = 0.1 + 0.08 * wave
    weights[:, [ARKIT_INDEX[f"browDown{side}"] for side in ("Left", "Right")]] = 0.03
    for at in BLINKS:
        shut = np.exp(-(((t - at) / 0.05) ** 2))[:, None]
        weights[:, [ARKIT_INDEX[f"eyeBlink{side}"] for side in ("Left", "Right")]] += 0.9 * shut
    gaze = np.where(t[:, None] < 2, 0.0, [0.1, 0.0])
    head = rotation.from_euler(np.radians(np.stack([2 * wave, 3 * np.sin(3 * t), 0 * t], 1)), "YXZ")
    return FaceTrack(weights.astype(np.float32), head.astype(np.float32), gaze.astype(np.float32), 25.0)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory, speech: np.ndarray) -> Path:
    folder = tmp_path_factory.mktemp("films")
    mood = EmotionTrack(np.zeros((400, 18)), np.zeros((400, 3)), 100.0)
    for k, name in enumerate(("one", "two", "three_held")):
        sound = AudioClip(speech[k * 8000 :][: round(SECONDS * 16000)], 16000)
        Performance(sound, WordTrack(), mood, face=face(k)).save(folder / f"{name}.npz")
    return folder


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shots")
    for name in ("take_Angry_1", "range_of_motion"):
        replace(_performance(), face=face(7)).export(folder / f"{name}.csv")
    return folder


def _performance() -> Performance:
    mood = EmotionTrack(np.zeros((400, 18)), np.zeros((400, 3)), 100.0)
    return Performance(AudioClip(np.zeros(round(SECONDS * 16000), np.float32), 16000), WordTrack(), mood)


def settings(corpus: Path, shots: Path, **more: object) -> UpperFaceTraining:
    some = {"data": [corpus], "shots": [shots], "emotions": {"*Angry*": "anger"}, "held": ["*_held"], "steps": 4,
            "evaluate_every": 4, "batch": 4, "width": 8}  # fmt: skip
    return UpperFaceTraining(**some | more)  # type: ignore[arg-type]


def test_what_a_face_does_is_read_from_it() -> None:
    track = face(0)
    moves, (events, places) = upper_moves(track), eye_events(track)
    assert len(moves) == len(events) == SECONDS * RATE
    yaw = np.degrees(moves[:, MOVES.index("yaw")])
    assert 1.2 < yaw.std() < 1.6 and abs(np.degrees(moves[:, HEAD]).mean(0)).max() < 1
    assert np.allclose(np.flatnonzero(events[:, 0]) / RATE, np.array(BLINKS) - 0.1, atol=0.04)
    (jump,) = np.flatnonzero(events[:, 1]) / RATE
    assert abs(jump - 2) < 0.07 and np.allclose(places[0, 2:] - places[0, :2], [0.1, 0], atol=0.02)
    lifted = moves[:, MOVES.index("brow_inner")]
    assert abs(lifted.mean() - 0.07) < 0.02 and lifted.std() > 0.04  # raised less knit


def test_shots_tell_emotion_and_neither_sound_nor_head(shots: Path) -> None:
    (shot,) = shots_of(shots, {"*Angry*": "anger"})
    assert not shot.heard and not shot.known[HEAD].any() and shot.known[:3].all()
    assert shot.vad[0, 0] < -0.2 and shot.vad[0, 1] > 0.2 and not shot.rows.any()


def test_a_draw_of_the_right_spread_scores_best() -> None:
    """The score that is learned by: beside real takes that vary, a mean is no better than a draw, nor is too lively."""
    generator = torch.Generator().manual_seed(0)

    def takes(spread: float) -> torch.Tensor:
        return spread * torch.randn(1, 400, STRETCH, len(MOVES), generator=generator).cumsum(2)

    def score(spread: float) -> float:
        (one, other), true = (_views(takes(spread))["speeds"][0] for _ in "ab"), _views(takes(1.0))["speeds"][0]
        return float(((_far(one, true) + _far(other, true) - _far(one, other)) / 2).mean())

    assert score(1.0) < min(score(0.0), score(0.5), score(2.0))


def test_its_checkpoint_is_a_face_with_the_mouth_it_was_given(corpus: Path, shots: Path, tmp_path: Path) -> None:
    task = UpperFaceTask(settings(corpus, shots))
    assert [e.name for e in task.held] == ["three_held"] and len(task.learn) == 3
    same, again = task.batch(3, 0, 1), task.batch(3, 0, 1)
    assert all(torch.equal(same[k], again[k]) for k in same)
    assert set(task.evaluate(task.module.eval(), 0)) >= {"score", "size", "speed", "blink_told", "glance_told"}
    out = settings(corpus, shots).run(tmp_path / "run")
    config, tensors = load_checkpoint(out / "best")
    _, mouth = load_checkpoint("a2m-v3")
    assert config["kind"] == "a2m" and config["mouth"]["trained"]
    assert all(np.array_equal(tensors[k], v) for k, v in mouth.items() if not k.startswith("upper."))
    network = A2mNetwork(out / "best")
    assert network.upper is not None
    # what is exported listens and stirs as what was learned does
    module = task.module
    with torch.no_grad():
        task.export(module.eval(), tmp_path / "own", {})
    exported = A2mNetwork(tmp_path / "own").upper
    assert exported is not None
    batch = task.batch(0, 0, 1)
    e = task.learn[0]
    rows = (e.rows[:1] - task.mean) / task.deviation
    from gengine.networks.a2m.upper_face import given

    told = np.concatenate([np.zeros(len(MOVES)), given(rows, np.zeros(2), np.zeros((1, 3)))[0]]).astype(np.float32)
    raw = np.concatenate([np.zeros(len(MOVES)), given(e.rows[:1], np.zeros(2), np.zeros((1, 3)))[0]]).astype(np.float32)
    state = exported.step(raw @ exported.inward + exported.inward_bias, np.zeros(exported.width, np.float32))
    with torch.no_grad():
        _, learned = module["gru"](torch.from_numpy(told)[None, None])
    np.testing.assert_allclose(state, learned[0, 0].numpy(), atol=1e-4)
    assert batch["moves"].shape == (4, STRETCH, len(MOVES))


def test_shots_alone_teach_no_voice(shots: Path, corpus: Path) -> None:
    with pytest.raises(GengineError, match="none of 3 recordings has sound"):
        UpperFaceTask(settings(corpus, shots, emotions={}, held=["*"]))
