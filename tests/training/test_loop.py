from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gengine import engine
from gengine.checkpoint import load_checkpoint
from gengine.errors import GengineError

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")
pytest.importorskip("matplotlib")
from torch.optim.optimizer import register_optimizer_step_pre_hook  # noqa: E402

from gengine.training.loop import LoopSettings, Player, run  # noqa: E402
from gengine.training.run_folder import RunFolder, forget  # noqa: E402
from gengine.training.schedule import momentum, rate_factor  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent))
from tiny_task import PLAIN, SETTINGS, Game, train  # noqa: E402


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that nobody disturbed."""
    return train(tmp_path_factory.mktemp("whole"))


def weights(folder):
    return load_checkpoint(folder)[1]


def lines(out):
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def same(a, b):
    one, two = weights(a), weights(b)
    return one.keys() == two.keys() and all(np.array_equal(one[name], two[name]) for name in one)


@pytest.fixture(scope="module")
def disturbed(tmp_path_factory):
    """Runs that were killed, interrupted or shared by two processes, and their exit codes."""
    out = tmp_path_factory.mktemp("disturbed")
    command = [sys.executable, str(Path(__file__).parent / "tiny_task.py"), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, env={"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    return out, json.loads(done.stdout.splitlines()[-1]), done.stderr


def test_a_run_folder_holds_what_a_person_and_a_program_need(whole):
    made = {path.name for path in whole.iterdir()}
    assert made == {"state", "best", "last", "previews", "log.jsonl", "curves.png", "train_log.json"}
    assert [line["step"] for line in lines(whole) if "rate" in line] == [10, 20, 30, 40, 50, 60]
    assert [line["step"] for line in lines(whole) if "evaluate" in line] == [20, 40, 60]
    assert sorted(path.name for path in (whole / "previews").iterdir()) == [f"step-{n:07d}" for n in (20, 40, 60)]
    assert (whole / "curves.png").read_bytes()[:4] == b"\x89PNG"
    log = load_checkpoint(whole / "last")[0]["log"]
    assert log["steps"] == 60 and log["threads"] == 1 and log["config"] == {"width": 16} and log["versions"]["torch"]
    scores = {line["step"]: line["evaluate"]["score"] for line in lines(whole) if "evaluate" in line}
    best = load_checkpoint(whole / "best")[0]["log"]["best"]
    assert best["step"] == min(scores, key=scores.__getitem__) and best["score"] == min(scores.values())


def test_a_run_killed_at_any_moment_ends_as_if_nothing_had_happened(whole, disturbed):
    out, codes, errors = disturbed
    assert codes["killed"][-1] == 0 and codes["killed"].count(-signal.SIGKILL) >= 5, errors
    assert (out / "killed" / "log.jsonl").read_bytes() == (whole / "log.jsonl").read_bytes()
    assert same(out / "killed" / "last", whole / "last") and same(out / "killed" / "best", whole / "best")


def test_ctrl_c_saves_and_says_how_to_go_on(whole, disturbed):
    out, codes, errors = disturbed
    assert codes["interrupted"] == [130, 130, 0], errors
    said = (out / "interrupted.txt").read_text().splitlines()
    assert len(said) == 2 and all("the same command goes on from there" in line for line in said)
    assert same(out / "interrupted" / "last", whole / "last")


def test_two_processes_learn_what_one_learns(disturbed, tmp_path):
    out, codes, errors = disturbed
    assert codes["two"] == [0, 0], errors
    train(tmp_path, **PLAIN)
    one, two = weights(tmp_path / "last"), weights(out / "two" / "last")
    assert load_checkpoint(out / "two" / "last")[0]["log"]["processes"] == 2
    start = Game(norm=False).module.state_dict()
    for name, value in one.items():
        np.testing.assert_allclose(two[name], value, atol=2e-5)
        assert np.abs(value - start[name].numpy()).max() > 1e-3
    assert [line["step"] for line in lines(out / "two")] == [line["step"] for line in lines(tmp_path)]


def test_other_settings_do_not_continue_a_run(whole, tmp_path):
    train(tmp_path, steps=10)
    for changed, said in (({"steps": 11}, "steps: 10 there, 11 here"), ({"steps": 10, "width": 8}, "width: 16 there")):
        with pytest.raises(GengineError, match=said):
            train(tmp_path, **changed)
    train(tmp_path, steps=10, minutes=5, save_every=3)  # these change nothing that is learned
    forget(tmp_path)
    train(tmp_path, steps=11)
    assert [line["step"] for line in lines(tmp_path) if "rate" in line] == [10, 11]


def test_a_loss_that_is_not_a_number_ends_the_run_with_advice(tmp_path):
    with pytest.raises(GengineError, match=r"step 18: the loss of 'network' is (nan|inf).*lower rate"):
        train(tmp_path, spoil=17)
    tensors, facts = RunFolder(tmp_path).read_state()
    assert facts["step"] == 14 and all(value.isfinite().all() for value in tensors.values())


def test_time_is_up(tmp_path):
    train(tmp_path, steps=100_000, minutes=0.004)
    log = load_checkpoint(tmp_path / "best")[0]["log"]
    assert 1 <= log["steps"] < 2000 and lines(tmp_path)[-1]["step"] == log["steps"]
    train(tmp_path, steps=100_000, minutes=0.004)  # over is over
    assert load_checkpoint(tmp_path / "last")[0]["log"]["steps"] == log["steps"]


def test_evaluation_and_prefetch_do_not_touch_the_training(whole, tmp_path):
    train(tmp_path, evaluate_every=15, prefetch=True)
    assert same(tmp_path / "last", whole / "last") and len(list((tmp_path / "previews").iterdir())) == 4


def test_the_best_stays_when_later_ones_are_worse(tmp_path):
    class Worse(Game):
        def evaluate(self, module, step):
            return {"score": float(step)}

    run(Worse(), LoopSettings(**{**SETTINGS, "evaluate_every": 10, "steps": 30}), tmp_path)
    steps = [load_checkpoint(tmp_path / name)[0]["log"]["steps"] for name in ("best", "last")]
    assert steps == [10, 30] and not same(tmp_path / "best", tmp_path / "last")


def test_gradients_are_clipped_before_the_optimiser_sees_them(tmp_path):
    seen = []

    def look(optimiser, args, kwargs):
        grads = [p.grad for group in optimiser.param_groups for p in group["params"]]
        seen.append(float(torch.cat([g.flatten() for g in grads]).norm()))

    handle = register_optimizer_step_pre_hook(look)
    try:
        train(tmp_path, steps=10, clip=0.01)
    finally:
        handle.remove()
    assert len(seen) == 10 and max(seen) < 0.0101 and min(seen) > 0.0099
    assert lines(tmp_path)[0]["network/gradient"] > 0.1  # what is logged is the norm before


def test_weights_and_buffers_are_averaged(tmp_path):
    steps = []

    class Watched(Game):
        def batch(self, step, rank, world):
            if step >= 0:
                steps.append({k: v.clone() for k, v in self.module.state_dict().items()})
            return super().batch(step, rank, world)

    task = Watched()
    run(task, LoopSettings(**{**SETTINGS, "steps": 12, "ema": 0.8, "ema_warmup": False}), tmp_path)
    steps.append(task.module.state_dict())
    for name in ("network.0.weight", "network.1.running_mean"):
        average = steps[1][name]
        for state in steps[2:]:
            average = 0.8 * average + 0.2 * state[name]
        np.testing.assert_allclose(weights(tmp_path / "last")[name], average.numpy(), atol=1e-6)


def test_precision(tmp_path, whole):
    train(tmp_path / "bf16", precision="bf16", evaluate_every=60)
    one, other = weights(tmp_path / "bf16" / "last"), weights(whole / "last")
    close = [np.abs(one[name] - other[name]).max() for name in one]
    assert 0 < max(close) < 0.5
    if not torch.cuda.is_available():
        with pytest.raises(GengineError, match="fp16"):
            train(tmp_path / "fp16", precision="fp16")


def test_settings_are_checked():
    for wrong in ({"schedule": "cosin"}, {"precision": "fp8"}, {"save_every": 0}, {"ema": 1.0}, {"steps": 0}):
        with pytest.raises(GengineError, match=next(iter(wrong))):
            LoopSettings(**{"steps": 5, **wrong})
    with pytest.raises(GengineError, match="rate of 'network' = 'fast'"):
        Player("network", [], "fast")


def test_one_cycle_is_pytorchs():
    for steps, share in ((50, 0.15), (2, 0.15), (40, 0.3)):
        parameter = torch.nn.Parameter(torch.zeros(1))
        optimiser = torch.optim.AdamW([parameter], 2e-3)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, steps, pct_start=share)
        for step in range(steps):
            group = optimiser.param_groups[0]
            assert group["lr"] == pytest.approx(2e-3 * rate_factor("onecycle", step, steps, share), rel=1e-9)
            assert group["betas"][0] == pytest.approx(momentum("onecycle", step, steps, share))
            optimiser.step()
            if step + 1 < steps:
                schedule.step()


def test_cosine_rises_and_falls():
    rates = [rate_factor("cosine", step, 100, 10) for step in range(100)]
    assert np.argmax(rates) == 10 and rates[10] == 1 and 0 < rates[0] < 0.1 and 0 < rates[-1] < 0.001
    assert all(rate_factor("constant", step, 100, 10) == 1 for step in range(10, 100))
    assert [rate_factor("linear", step, 100, 10) for step in (0, 10, 55, 100)] == [1 / 11, 1, 0.5, 0]


def test_half_written_things_are_cleared_away(tmp_path):
    folder = RunFolder(tmp_path)
    folder.prepare()
    folder.publish("best", lambda path: (path / "model").write_text("good"))
    (tmp_path / "best").rename(tmp_path / "best.old")  # killed between the two renames
    (tmp_path / "best.part").mkdir()
    (tmp_path / "state" / "state.safetensors.part").write_text("half")
    folder.prepare()
    assert (tmp_path / "best" / "model").read_text() == "good"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["best", "model", "state"]
    folder.state.write_bytes(b"not a state")
    with pytest.raises(GengineError, match="delete it"):
        folder.read_state()


def test_a_configuration_names_a_training_that_exists(tmp_path):
    config = tmp_path / "x.yaml"
    for target in ("gengine.training.nothing:train", "os:system", "phonez", "3", "[camn]", ""):
        config.write_text(f"train: {target}")
        with pytest.raises(GengineError, match=r"x\.yaml: train = .*choose from a2m, camn, camn-paper, emotion"):
            engine.train(config, tmp_path / "run", [])
    config.write_text("train: gengine.training.camn_paper:train")
    with pytest.raises(GengineError, match="write train: camn-paper"):
        engine.train(config, tmp_path / "run", [])
    with pytest.raises(GengineError, match="configuration 'camn-synthetik' is unknown; did you mean 'camn-synthetic'"):
        engine.train("camn-synthetik", tmp_path / "run", [])
    with pytest.raises(GengineError, match=r"camn-synthetic\.yaml: key 'stepz' is unknown"):
        engine.train("camn-synthetic", tmp_path / "run", ["stepz=1"])
