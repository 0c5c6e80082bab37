"""Training of the audio-to-motion network on a corpus of one speaker, whose mouth is the loudness'."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gengine import Performance, Session
from gengine.checkpoint import load_checkpoint
from gengine.config import EngineConfig
from gengine.core.face import ARKIT_INDEX
from gengine.errors import GengineError

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")
pytest.importorskip("matplotlib")
from gengine.training.a2m_task import A2mTask, A2mTraining, collect  # noqa: E402


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory, speech: np.ndarray) -> Path:
    """Two performances whose jaw follows the sound alone, and one without a face."""
    folder = tmp_path_factory.mktemp("faces")
    for name, samples in (("one", speech), ("two_held", speech[::-1].copy())):
        session = Session(config=EngineConfig(face_fps=30))
        p = Performance.join([x for x in (session.push(samples), session.flush()) if x is not None])
        assert p.face is not None
        step = 16000 // 30
        frames = samples[: len(samples) // step * step].reshape(-1, step)
        loud = np.convolve(np.sqrt((frames**2).mean(1)), np.ones(3) / 3, "same")
        weights = np.zeros_like(p.face.weights)
        count = min(len(loud), len(weights))
        weights[:count, ARKIT_INDEX["jawOpen"]] = np.clip(4 * loud[:count], 0, 0.8)
        replace(p, face=replace(p.face, weights=weights)).save(folder / f"{name}.npz")
    replace(p, face=None).save(folder / "blind.npz")
    return folder


def settings(corpus: Path, cache: Path, **more: object) -> A2mTraining:
    some = {"data": [corpus], "cache": cache, "held": ["*_held"], "steps": 150, "evaluate_every": 150, "batch": 256}
    return A2mTraining(**some | more)  # type: ignore[arg-type]


def test_it_learns_what_the_mouth_does_and_its_checkpoint_is_a_face(
    corpus: Path, cache: Path, tmp_path: Path, speech: np.ndarray
) -> None:
    task = A2mTask(settings(corpus, cache))
    assert [e.name for e in task.held] == ["two_held"] and {e.name for e in task.learn} == {"one"}
    before = task.evaluate(task.module.eval(), 0)
    out = settings(corpus, cache).run(tmp_path / "run")
    log = (out / "log.jsonl").read_text().splitlines()[-1]
    import json

    after = json.loads(log)["evaluate"]
    assert after["lip_r"] > 0.8 and after["lip_error"] < 0.7 * before["lip_error"]
    session = Session(config=EngineConfig(face=str(out / "best")))
    part = session.push(speech[: 16000 * 3]), session.flush()
    face = Performance.join([p for p in part if p is not None]).face
    assert face is not None and np.isfinite(face.weights).all() and face.channel("jawOpen").max() > 0.1


def test_a_new_mouth_takes_an_upper_face_along(corpus: Path, cache: Path, tmp_path: Path) -> None:
    task = A2mTask(settings(corpus, cache, upper="a2m-v3"))
    task.export(task.module, tmp_path / "made", {"steps": 0})
    config, tensors = load_checkpoint(tmp_path / "made")
    shipped, parts = load_checkpoint("a2m-v3")
    assert set(tensors) == set(parts) and config["trained"] == shipped["trained"]
    assert config["mouth"]["trained"] == {"steps": 0}
    assert all(np.array_equal(tensors[k], v) for k, v in parts.items() if k.startswith("upper."))
    assert not np.array_equal(tensors["layer0.weight"], parts["layer0.weight"])
    task = A2mTask(settings(corpus, cache, upper="voice-v2"))
    with pytest.raises(GengineError, match="upper: checkpoint voice-v2 has no upper face"):
        task.export(task.module, tmp_path / "other", {})


def test_some_examples_must_do_without_phones(corpus: Path, cache: Path) -> None:
    task = A2mTask(settings(corpus, cache, no_phones=1.0))
    x = task.batch(0, 0, 1)["x"].numpy()
    assert not x[:, task.phones].any() and x[:, ~task.phones].std() > 0.5
    same, other = task.batch(0, 0, 1), task.batch(1, 0, 1)
    assert all(torch.equal(task.batch(0, 0, 1)[k], same[k]) for k in same) and not torch.equal(same["x"], other["x"])


def test_an_empty_folder_says_what_is_wanted(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(GengineError, match="holds no performance"):
        collect([tmp_path], cache)
