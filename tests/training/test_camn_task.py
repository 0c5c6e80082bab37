"""Training of gengine's CaMN: rows of a corpus, windows, heads, a checkpoint that moves, and memory."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import numpy as np
import pytest

from gengine import Performance, Session
from gengine.checkpoint import load_checkpoint
from gengine.config import EngineConfig
from gengine.errors import GengineError
from gengine.inputs.audio import load_audio
from gengine.networks.camn import features

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")
pytest.importorskip("matplotlib")
from gengine.training.camn_task import CamnTask, CamnTraining  # noqa: E402
from gengine.training.motion_examples import collect  # noqa: E402
from gengine.training.settings import training_of  # noqa: E402

SMALL = {
    "shape": {"width": 32, "blocks": 2, "hand_width": 16, "hand_blocks": 1, "condition": 16}, "batch": 8, "steps": 6,
    "evaluate_every": 6, "log_every": 2, "validation": 1, "fgd": None, "threads": 1, "precision": "no",
}  # fmt: skip


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    return load_audio("demos/speech.wav").samples


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, speech, write_recording):
    """One minute of training motion and some for validation, all of it the choreographer's."""
    root = tmp_path_factory.mktemp("corpus")
    emotions = ["neutral", "happy", "angry", "sad", "fear:0.6", "neutral"]
    for k, (emotion, number) in enumerate(zip(emotions, (9, 10, 11, 12, 13, 57), strict=True)):
        stem = f"1_wayne_0_{number}_{number}"
        session = Session(emotion=emotion, speaker="wayne", seed=k, config=EngineConfig(body_fps=15))
        performance = Performance.join([p for p in (session.push(speech), session.flush()) if p is not None])
        write_recording(root, stem, performance)
    return root


@pytest.fixture(scope="module")
def data(corpus, cache):
    return collect(corpus, "train", 15.0, cache)


def settings(corpus, cache, **changes):
    return CamnTraining(**SMALL | {"data": str(corpus), "cache": str(cache)} | changes)


def test_rows_of_a_corpus(data, corpus, cache):
    assert len(data) == 5 and data.starts[-1] == len(data.columns["root"]) == len(data.columns["audio"])
    assert data.columns["semantic"].max() == 0.5 and data.columns["text"].max() == 0  # the words were only heard
    assert data.starts[-1] / 15 == pytest.approx(60, abs=1) and all(len(onsets) > 20 for onsets, _ in data.moments)
    again = collect(corpus, "train", 15.0, cache)
    assert again.build == data.build and len(list(cache.glob("motion-*.npz"))) >= 1
    np.testing.assert_array_equal(again.columns["rotations"], data.columns["rotations"])


def test_predicted_faces_stand_beside_true_ones(data):
    """This corpus does not say that gengine made it, so its faces count as filmed ones."""
    assert data.columns["predicted_face"].shape == data.columns["face"].shape
    both = np.corrcoef(data.columns["predicted_face"][:, 17], data.columns["face"][:, 17])[0, 1]  # jawOpen
    assert both > 0.8


def test_a_batch_belongs_to_its_step(corpus, cache):
    task = CamnTask(settings(corpus, cache))
    a, b, c, d = task.batch(3, 0, 1), task.batch(3, 0, 1), task.batch(4, 0, 1), task.batch(3, 1, 2)
    assert all(torch.equal(a[k], b[k]) for k in a)
    assert not torch.equal(a["body"], c["body"]) and len(d["body"]) == 4
    assert not torch.equal(a["body"][:4], d["body"])
    before = task.window.before
    assert a["given"][:, before:].max() == 0 and a["given"][:, :before].max() == 1
    assert a["face_known"][:, before + task.window.hop - 2 :].max() == 0
    many = [task.batch(step, 0, 1) for step in range(12)]  # some windows begin before a recording, or end after it
    outside = torch.cat([b["weight"] for b in many]) == 0
    assert outside.any() and torch.cat([b["audio"] for b in many])[outside].abs().max() == 0


def test_some_examples_teach_long_steps(corpus, cache):
    task = CamnTask(settings(corpus, cache, batch=64))
    batch = task.batch(3, 0, 1)
    time, stride = batch["time"].numpy(), batch["stride"].numpy()
    few = stride > 0
    assert few.sum() == 16 and few[:16].all() and set(1 / stride[few]) == {4, 8, 16}
    steps = time[few] / stride[few]
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-6)
    assert (time + stride <= 1).all() and len(set(time[~few])) == 48
    still = CamnTask(settings(corpus, cache, shape=SMALL["shape"] | {"head": "regression"}))
    assert still.batch(3, 0, 1)["stride"].max() == 0


@pytest.mark.parametrize(("head", "fps"), [("flow", 15.0), ("flow", 30.0), ("regression", 15.0), ("adversary", 15.0)])
def test_every_head_learns_and_its_checkpoint_moves(head, fps, corpus, cache, tmp_path, speech):
    shape = SMALL["shape"] | {"head": head}
    out = settings(corpus, cache, shape=shape, adversary_from=0.3, fps=fps).run(tmp_path / "r")
    config, _ = load_checkpoint(out / "best")
    assert config["kind"] == "camn" and config["shape"]["head"] == head and config["trained"]["steps"] == 6
    assert config["fps"] == fps and config["before"] == round(0.6 * fps)
    assert str(corpus) not in (out / "best" / "config.json").read_text()  # no path of this machine
    assert list((out / "previews").glob("*/*.png")) and (out / "curves.png").is_file()
    session = Session(config=EngineConfig(body=str(out / "best")))
    part = session.push(speech[: 16000 * 3]), session.flush()
    motion = Performance.join([p for p in part if p is not None]).motion
    assert motion is not None and np.isfinite(motion.rotations).all() and len(motion) == 90


def test_regression_knows_one_answer_and_flow_many(corpus, cache):
    for head, spread in (("regression", False), ("flow", True)):
        camn = CamnTask(settings(corpus, cache, shape=SMALL["shape"] | {"head": head})).module["camn"].eval()
        size = camn.shape.body_axes + camn.shape.hand_axes
        widths = {"audio": features.AUDIO, "text": features.TEXT, "emotion": features.EMOTION, "face": features.FACE}
        widths |= {"cues": camn.shape.cues, "face_known": 1, "plan": 4, "plan_known": 1}
        rows = {k: np.zeros((20, n), np.float32) for k, n in widths.items()}
        rows |= {"subwords": np.zeros((20, features.SUBWORDS), int), "traits": np.zeros(features.TRAITS, np.float32)}
        noise = np.random.default_rng(0).standard_normal((2, 20, size)).astype(np.float32)
        a, b = (camn.draw(rows, np.zeros((0, size), np.float32), 4, n, (2, 2)) for n in noise)
        assert (np.abs(a - b).max() > 0.01) == spread


def test_the_noise_is_as_large_as_conditions_ask_for(corpus, cache):
    camn = CamnTask(settings(corpus, cache)).module["camn"].eval()
    size = camn.shape.body_axes + camn.shape.hand_axes
    rows = {"audio": features.AUDIO, "text": features.TEXT, "emotion": features.EMOTION, "face": features.FACE}
    rows = {
        k: np.zeros((20, n), np.float32)
        for k, n in (rows | {"cues": camn.shape.cues, "face_known": 1, "plan": 4, "plan_known": 1}).items()
    }
    rows |= {"subwords": np.zeros((20, features.SUBWORDS), int), "traits": np.ones(features.TRAITS, np.float32)}
    noise, nothing = np.random.default_rng(0).standard_normal((20, size)), np.zeros((0, size), np.float32)
    larger = camn.draw(rows, nothing, 4, (1.1 * noise).astype(np.float32), (2, 2))
    camn.noise_size[0] = float(np.log(1.1))
    np.testing.assert_allclose(camn.draw(rows, nothing, 4, noise.astype(np.float32), (2, 2)), larger, atol=1e-4)
    camn.noise_size[0] = 9.0  # a stranger's trait; there are bounds
    most = camn.draw(rows, nothing, 4, noise.astype(np.float32), (2, 2))
    camn.noise_size.zero_()
    bound = camn.draw(rows, nothing, 4, (np.exp(0.2) * noise).astype(np.float32), (2, 2))
    np.testing.assert_allclose(most, bound, atol=1e-4)


def test_the_noise_is_fitted_to_the_variety_of_recordings(corpus, cache):
    task = CamnTask(settings(corpus, cache))
    camn = task.module["camn"].eval()
    task.evaluate(task.module, 1)
    fitted = camn.noise_size.clone()
    assert fitted.abs().max() > 1e-3 and torch.isfinite(fitted).all()
    camn.noise_size.fill_(7.0)
    task.evaluate(task.module, 1)
    torch.testing.assert_close(camn.noise_size, fitted)  # what it was before plays no part
    off = CamnTask(settings(corpus, cache, noise_fit=0))
    off.evaluate(off.module, 1)
    assert off.module["camn"].noise_size.abs().max() == 0


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"data": None}, "data is missing: the folder of a corpus"),
        ({"stepz": 3}, "key 'stepz' is unknown; did you mean 'steps'"),
        ({"no_words": 1.5}, "no_words = 1.5: input should be less than or equal to 1"),
        ({"policy": "lax"}, "policy = 'lax': choose from skip, strict"),
        ({"shape": {"widht": 3}}, "unknown widht; choose from head, width, blocks"),
        ({"shape": {"body_axes": 3}}, "unknown body_axes"),
        ({"shape": {"head": "gan"}}, "head: input should be 'flow', 'regression' or 'adversary'"),
        ({"data": "/nowhere"}, "nowhere"),
    ],
)
def test_wrong_settings_say_what_to_do(wrong, says, tmp_path):
    with pytest.raises(GengineError, match=says):
        training_of({"train": "camn", **SMALL, "data": "x", **wrong}, "my.yaml").run(tmp_path)


def test_damage_and_lack_are_said_or_refused(corpus, tmp_path, caplog):
    broken = Path(shutil.copytree(corpus, tmp_path / "broken"))
    bvh, lonely = broken / "1" / "1_wayne_0_9_9.bvh", broken / "1" / "1_wayne_0_10_10.TextGrid"
    lines = bvh.read_text().splitlines()
    lines[-3] = lines[-3].replace(lines[-3].split()[5], "nan", 1)
    bvh.write_text("\n".join(lines))
    lonely.unlink()
    with caplog.at_level(logging.WARNING):
        kept = collect(broken, "train", 15.0, tmp_path / "cache")
    assert len(kept) == 4 and "1_wayne_0_9_9" not in kept.names
    assert f"{bvh}: line {len(lines) - 2}" in caplog.text and "1_wayne_0_10_10: no TextGrid file" in caplog.text
    with pytest.raises(GengineError, match=f"line {len(lines) - 2}"):
        collect(broken, "train", 15.0, tmp_path / "cache", policy="strict")


@pytest.mark.slow
def test_it_memorises_one_minute(corpus, cache, tmp_path):
    """Given a recording's sound and emotion again, an overfitted network makes its motion again."""
    shape = {"width": 128, "blocks": 4, "hand_width": 64, "hand_blocks": 2, "condition": 96, "dropout": 0.0}
    changes = {"steps": 400, "batch": 12, "rate": 4e-3, "no_face": 0.0, "no_seed": 0.2, "evaluate_every": 400}
    task = CamnTask(settings(corpus, cache, shape=shape, **changes))
    task.held = task.learn
    # its own strokes too: at run time others would be planned
    task.held.columns["own_plan"] = task.held.columns["plan"]
    from gengine.training.loop import LoopSettings, run

    run(task, LoopSettings(steps=400, warmup=0.05, ema=0.98, threads=1, evaluate_every=400), tmp_path / "run")
    error, strangers = [], []
    hands = [task.space.skeleton.index(f"{side}Hand") for side in ("Left", "Right")]

    def wrists(motion):
        return motion.skeleton.forward(motion.rotations, motion.root)[0][:, hands]

    made = [wrists(task.rollout.made(task.module["camn"].eval(), task.held, clip)) for clip in range(len(task.learn))]
    true = [wrists(task.rollout.truth(task.held, clip).reference) for clip in range(len(task.learn))]
    for k, own in enumerate(made):
        count = min(len(own), len(true[k - 1]))
        error.append(np.linalg.norm(own - true[k], axis=-1).mean())
        strangers.append(np.linalg.norm(own[:count] - true[k - 1][:count], axis=-1).mean())
    # one pose in the middle would be .71 of what strangers are away
    assert np.mean(error) < 0.55 * np.mean(strangers), (np.mean(error), np.mean(strangers))
