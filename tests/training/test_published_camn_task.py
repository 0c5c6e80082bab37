"""Training of the published CaMN: from a corpus with BEAT's names to a body network that is evaluated."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from gengine import cli
from gengine.checkpoint import load_checkpoint
from gengine.core.euler141 import to_141
from gengine.core.words import WordTrack
from gengine.data.beat import BeatCorpus, write_sequence
from gengine.errors import FormatError, GengineError
from gengine.networks.camn.published_network import FACE_NAMES, PublishedCamnNetwork

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")
pytest.importorskip("matplotlib")
from gengine.metrics.validation import chosen, perform  # noqa: E402
from gengine.training.published_camn_frames import frames_of, statistics, vocabulary_of  # noqa: E402
from gengine.training.published_camn_task import PublishedCamnTask, PublishedCamnTraining  # noqa: E402
from gengine.training.settings import training_of  # noqa: E402

CONFIG = Path(__file__).parents[2] / "configs" / "train" / "camn-paper.yaml"
SHAPE = {
    "word_width": 8, "sound": [2, 2, 2, 4, 4, 8], "text": [8, 8], "text_out": 8, "emotion": [4, 4], "face": [4, 4],
    "hidden": 32, "layers": 1, "dropout": 0.0,
}  # fmt: skip
SMALL = {
    "shape": SHAPE, "buckets": 64, "batch": 4, "steps": 6, "evaluate_clips": 1, "threads": 1, "log_every": 1,
}  # fmt: skip
STEMS = {
    "2_scott_0_9_9": 4.0, "2_scott_0_10_10": 3.3, "4_lawrence_0_66_66": 4.0,  # training
    "2_scott_0_57_57": 4.0,  # validation
    "2_scott_0_1_1": 4.0, "4_lawrence_0_1_1": 2.0,  # test
}  # fmt: skip


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, make_performance, write_recording):
    root = tmp_path_factory.mktemp("beat")
    for k, (stem, seconds) in enumerate(STEMS.items()):
        p = make_performance(seconds, seed=k)
        emotion = np.zeros_like(p.emotion.weights)
        emotion[:, 1 if "_66_" in stem else 0] = 1
        p = replace(p, emotion=replace(p.emotion, weights=emotion, vad=emotion[:, :3]))
        write_recording(root, stem, p)
    for path in root.rglob("*.mixture.csv"):
        path.unlink()  # BEAT has none
    return root


@pytest.fixture(scope="module")
def task(corpus, cache):
    return task_of(SMALL | {"data": str(corpus), "cache": str(cache)})


def task_of(config):
    return PublishedCamnTask(PublishedCamnTraining(**config))


def train(config, out):
    return PublishedCamnTraining(**config).run(out)


def tensors_of(folder):
    return load_checkpoint(folder)[1]


# ---- the data


def test_frames_are_those_of_the_files(corpus, cache):
    frames, cached = frames_of(corpus, "train", cache)
    assert frames.names == list(cached.names) == ["2_scott_0_9_9", "2_scott_0_10_10", "4_lawrence_0_66_66"]
    assert frames.begin.tolist() == [0, 60, 109, 169] and frames.speakers == ["scott", "scott", "lawrence"]
    third = cached[2].performance
    wanted = to_141(third.motion, np.zeros(141))
    np.testing.assert_allclose(frames.poses[109:], wanted[:60], atol=1e-3)
    assert np.abs(np.diff(frames.poses[109:], axis=0)).max() < 60  # no jump by a turn
    assert frames.emotion[:109].tolist() == [0] * 109 and frames.emotion[109:].tolist() == [1] * 60
    np.testing.assert_allclose(frames.semantic[:60], np.where((np.arange(60) >= 15) & (np.arange(60) < 30), 0.5, 0.1))
    column = FACE_NAMES.index("jawOpen")
    np.testing.assert_allclose(frames.face[109:, column], third.face.channel("jawOpen")[:60], atol=1e-6)
    said = [frames.texts[i] for i in frames.word[109:]]
    assert said[0] == "wörd0" and said[7] == "" and said[8] == "wörd1"  # 0.467 and 0.533 s; words end after 0.4 s


def test_windows_carry_their_own_sound(corpus, cache):
    frames, cached = frames_of(corpus, "train", cache)
    windows = frames.windows(10)
    assert windows.tolist() == [[0, 0], [0, 10], [0, 20], [1, 0], [1, 10], [2, 0], [2, 10], [2, 20]]
    samples = cached[2].performance.audio.samples
    for frame in (0, 10, 20):
        first = round(frame * 16000 / 15)
        np.testing.assert_allclose(frames.sound_of(2, frame), samples[first : first + 36267], atol=1e-4)
    before = frames.sound_of(2, -3)
    assert (before[:3200] == 0).all() and np.allclose(before[3200:], samples[: 36267 - 3200], atol=1e-4)
    assert (frames.sound_of(2, 50)[11000:] == 0).all()  # another recording's sound is never heard


def test_examples_are_normalised_by_the_training_split(task):
    values = (task.train.poses - task.pose[0]) / task.pose[1]
    moving = task.train.poses.std(0) > 0.1
    np.testing.assert_allclose(values.mean(0), 0, atol=1e-3)
    np.testing.assert_allclose(values.std(0)[moving], 1, atol=1e-3)
    examples = task.examples(task.train, np.array([[2, 10]]))
    np.testing.assert_allclose(examples["poses"][0], values[109 + 10 : 109 + 44], atol=1e-5)
    assert examples["weight"][0, 0] == pytest.approx(1.1) and examples["weight"][0, 10] == pytest.approx(1.5)
    assert examples["speaker"].tolist() == [sorted(["scott", "lawrence"]).index("lawrence")]


def test_still_channels_do_not_explode():
    values = np.random.default_rng(0).normal(5, [1e-6, 2.0], (100000, 2)).astype(np.float32)
    mean, deviation = statistics(values, 0.1, block=777)
    np.testing.assert_allclose(mean, [5, 5], atol=0.02)
    assert deviation[0] == np.float32(0.1) and deviation[1] == pytest.approx(2, rel=0.01)


def test_epochs_use_every_window_once_and_repeat_themselves(task):
    count, size = len(task.windows), task.settings.batch
    assert count == 8 and size == 4
    for step in (0, 2):
        both = torch.cat([task.batch(step, 0, 1)["poses"], task.batch(step + 1, 0, 1)["poses"]])
        every = task.examples(task.train, task.windows)["poses"]
        assert sorted(both.sum((1, 2)).tolist()) == pytest.approx(sorted(every.sum((1, 2)).tolist()))
    ranks = torch.cat([task.batch(0, rank, 2)["poses"] for rank in (0, 1)])
    steps = torch.cat([task.batch(step, 0, 1)["poses"] for step in (0, 1)])
    assert torch.equal(ranks, steps)


# ---- the losses


def test_the_loss_is_the_published_one(task):
    batch = task.batch(0, 0, 1)
    made = batch["poses"].clone()
    made[0, 0, 0] += 0.05  # quadratic below 0.1: 0.05² / 0.2
    made[1, 3, 2] += 2.0  # linear above: 2 - 0.05
    loss = task.huber(made, batch)
    assert loss[0, 0] == pytest.approx(0.0125 / 141 * float(batch["weight"][0, 0]), rel=1e-3)
    assert loss[1, 3] == pytest.approx(1.95 / 141 * float(batch["weight"][1, 3]), rel=1e-3)
    assert int((loss != 0).sum()) == 2


def test_the_discriminator_rests_then_pulls_the_network_towards_the_real(corpus, cache):
    task = task_of(SMALL | {"data": str(corpus), "cache": str(cache), "adversarial_from": 0.5})
    assert [(p.name, p.rate, p.betas) for p in task.players()] == [
        ("network", 2.5e-4, (0.5, 0.999)), ("discriminator", 5e-5, (0.5, 0.999)),
    ]  # fmt: skip
    batch = task.batch(0, 0, 1)
    _, numbers = task.loss("network", task.module, batch, 2)
    assert "adversarial" not in numbers and task.loss("discriminator", task.module, batch, 2) is None
    task.module["discriminator"].out.bias.data.fill_(-3.0)  # it sees through everything
    total, numbers = task.loss("network", task.module, batch, 3)
    assert numbers["adversarial"] == pytest.approx(np.log1p(np.exp(3)), rel=0.1)  # -log D, not its square
    assert float(total.detach()) == pytest.approx(500 * numbers["pose"] + 0.1 * numbers["adversarial"], rel=1e-5)
    loss, numbers = task.loss("discriminator", task.module, batch, 3)
    assert numbers["right"] == 0.5 and float(loss.detach()) == pytest.approx(3.1, rel=0.1)
    for p in task.module["network"].parameters():
        p.grad = None
    loss.backward()  # the discriminator's loss must not move the network
    assert all(p.grad is None for p in task.module["network"].parameters())
    alone = task_of(SMALL | {"data": str(corpus), "cache": str(cache), "adversarial_weight": 0.0})
    assert [p.name for p in alone.players()] == ["network"]


def test_a_few_windows_are_learned_by_heart(corpus, cache, tmp_path):
    config = SMALL | {
        "data": str(corpus), "cache": str(cache), "speakers": [2], "steps": 60, "rate": 1e-2, "batch": 5,
        "evaluate_every": 1000, "save_every": 1000, "evaluate_clips": 0,
        "shape": SHAPE | {"hidden": 64},
    }  # fmt: skip
    train(config, tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    first, last = lines[0]["network/pose"], np.mean([x["network/pose"] for x in lines[-6:-1]])
    assert last < 0.3 * first
    assert all(np.isfinite(x["discriminator/loss"]) for x in lines[20:-1])


# ---- whole trainings


def test_a_killed_training_goes_on_as_if_nothing_had_happened(corpus, cache, tmp_path, monkeypatch):
    config = SMALL | {"data": str(corpus), "cache": str(cache), "evaluate_clips": 0, "save_every": 1}
    config["shape"] = SHAPE | {"dropout": 0.3}
    train(config, tmp_path / "whole")
    real = PublishedCamnTask.batch

    def dies(self, step, rank, world):
        if step == 4:
            raise OSError("power cut")
        return real(self, step, rank, world)

    with monkeypatch.context() as patch, pytest.raises(OSError, match="power cut"):
        patch.setattr(PublishedCamnTask, "batch", dies)
        train(config, tmp_path / "cut")
    train(config, tmp_path / "cut")
    a, b = tensors_of(tmp_path / "whole" / "last"), tensors_of(tmp_path / "cut" / "last")
    assert a.keys() == b.keys() and all(np.array_equal(a[k], b[k]) for k in a)
    start = task_of(config).checkpoint(task_of(config).module)[1]
    assert any(not np.array_equal(start[k], a[k]) for k in a if "running" not in k)


def test_three_commands_from_corpus_to_table(corpus, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("data", "speakers"):
        assert name in yaml.safe_load(CONFIG.read_text())

    def run(*arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", ["gengine", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            cli.main()
        return int(exit_.value.code or 0)

    assert run("data", "check", corpus) == 0
    settings = {**SMALL, "shape": json.dumps(SHAPE), "data": corpus, "speakers": "[2, lawrence]", "steps": 2}
    sets = [x for k, v in settings.items() for x in ("--set", f"{k}={v}")]
    assert run("train", CONFIG, *sets) == 0
    best = tmp_path / "runs" / "camn-paper" / "best"
    config, tensors = load_checkpoint(best)
    assert config["kind"] == "camn-paper" and config["speakers"] == ["lawrence", "scott"]
    corpus_id = BeatCorpus(corpus).build_id(["2_scott_0_9_9", "2_scott_0_10_10", "4_lawrence_0_66_66"])
    assert config["data"]["build_id"] == corpus_id and config["log"]["steps"] == 2
    assert {"pose.mean", "pose.deviation", "face.mean", "rest.rotations"} <= set(tensors)
    logged = [json.loads(x) for x in (best.parent / "log.jsonl").read_text().splitlines()][-1]["evaluate"]
    assert {"score", "degrees", "degrees_mean_pose", "srgr", "srgr_beat", "diversity_l1", "diversity_l1_truth"} <= set(
        logged
    )
    assert "beat_alignment" in logged and logged["diversity_l1_truth"] > 1
    assert len(list(best.parent.glob("previews/*/**/2_scott_0_57_57.[bp][vn][hg]"))) == 2
    capsys.readouterr()
    assert run("evaluate", best, "--data", corpus, "--encoder", "none", "--beside", "none", "--json") == 0
    table = json.loads(capsys.readouterr().out)
    column = next(c for c in table["columns"] if c["kind"] == "system")
    assert {"srgr", "srgr_beat"} <= {row["metric"] for row in column["rows"] if row["value"] is not None}
    sound = corpus / "2" / "2_scott_0_1_1.wav"
    config = ("--set", f"body={best}")
    assert run("animate", sound, *config, "--formats", "bvh", "--out", tmp_path / "out") == 0
    assert (tmp_path / "out" / "body.bvh").stat().st_size > 10000


def test_the_trainer_hears_what_the_checkpoint_plays(task, tmp_path):
    """Evaluators in the loop see the motion that the exported checkpoint makes."""
    task.module.eval()
    sequence = chosen(task.sequences, 1, 60.0)[0]
    inside = perform(PublishedCamnNetwork.of(*task.checkpoint(task.module)), sequence)
    task.export(task.module, tmp_path, {})
    outside = perform(PublishedCamnNetwork(tmp_path), sequence)
    assert len(inside) == 60 and inside.fps == 15
    np.testing.assert_array_equal(inside.rotations, outside.rotations)
    # Teacher forcing and playing agree where their inputs do: in the first window, but for its given poses
    assert np.isfinite(inside.rotations).all() and np.abs(np.diff(inside.rotations, axis=0)).max() > 0


def test_word_vectors_of_a_file_are_what_training_begins_with(corpus, cache, tmp_path):
    path = tmp_path / "vectors.vec"
    path.write_text("2 3\nwörd1 1 2 3\nwörd0 4 5 6\n")
    config = SMALL | {"data": str(corpus), "cache": str(cache), "word_vectors": str(path), "least": 3}
    config["shape"] = {k: v for k, v in SHAPE.items() if k != "word_width"}
    task = task_of(config)
    table = task.module["network"].text.table.weight
    assert task.words.vocabulary == vocabulary_of(task.train, 3) and task.words.vocabulary[0].startswith("wörd")
    assert table.shape == (len(task.words.vocabulary) + 2, 3) and (table[0] == 0).all()
    assert table[task.words.ids("wörd1")[0]].tolist() == [1, 2, 3]
    assert task.words.ids("nobody")[0] == 1 and torch.isfinite(table).all()
    path.write_text("2 3\nwörd1 1 2\nwörd0 4 5 6\n")
    with pytest.raises(FormatError, match="line 2: 2 numbers"):
        task_of(config)


# ---- what can be wrong


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stepz": 3}, "key 'stepz' is unknown; did you mean 'steps'"),
        ({"data": None}, "data is missing: the folder that holds BEAT's speakers"),
        ({"modalities": ["sound"]}, "choose from audio, text, speaker, emotion, face"),
        ({"modalities": []}, "at least 1 item"),
        ({"modalities": 3}, "modalities = 3"),
        ({"words": "bert"}, "words = 'bert': choose from subwords, vocabulary"),
        ({"batch": 0}, "batch = 0: input should be greater than or equal to 1"),
        ({"shape": {"widths": 3}}, "shape = .*unknown widths; choose from words, modalities"),
        ({"shape": {"hidden": "wide"}}, "hidden: input should be a valid integer"),
    ],
)
def test_settings_that_do_not_fit_are_refused(change, message):
    with pytest.raises(GengineError, match=message):
        training_of({"train": "camn-paper", "data": "x"} | change, "my.yaml")


def test_a_corpus_that_does_not_fit_says_why(corpus, cache, tmp_path):
    with pytest.raises(GengineError, match="no folder"):
        task_of(SMALL | {"data": str(tmp_path / "absent"), "cache": str(cache)})
    with pytest.raises(GengineError, match="no sequence in split 'train' of speakers 7"):
        task_of(SMALL | {"data": str(corpus), "cache": str(cache), "speakers": 7})
    with pytest.raises(GengineError, match="no sequence of split 'val' has 34 frames"):
        task_of(SMALL | {"data": str(with_short_recording(tmp_path, corpus)), "cache": str(cache)})


def with_short_recording(tmp_path, corpus):
    """The corpus with a validation recording of two seconds."""
    root = tmp_path / "short"
    shutil.copytree(corpus, root)
    sequence = BeatCorpus(root).read("2_scott_0_57_57").part(0.0, 2.0)
    shutil.rmtree(root / "2")
    shutil.copytree(corpus / "2", root / "2", ignore=shutil.ignore_patterns("*_57_57*"))
    write_sequence(sequence, root)
    return root


def test_damage_is_left_out_and_said_and_lacking_words_are_noticed(corpus, tmp_path, caplog):
    root = tmp_path / "damaged"
    shutil.copytree(corpus, root)
    path = root / "4" / "4_lawrence_0_66_66.bvh"
    path.write_bytes(path.read_bytes()[:-5000])
    task = task_of(SMALL | {"data": str(root), "cache": str(tmp_path / "cache")})
    assert task.train.names == ["2_scott_0_9_9", "2_scott_0_10_10"] and task.speakers == ["scott"]
    assert "4_lawrence_0_66_66 is left out" in caplog.text
    assert task.checkpoint(task.module)[0]["data"]["skipped"] == 1
    with pytest.raises(GengineError, match="4_lawrence_0_66_66"):
        task_of(SMALL | {"data": str(root), "cache": str(tmp_path / "strict"), "policy": "strict"})

    for stem in STEMS:
        sequence = BeatCorpus(corpus).read(stem)
        mute = replace(sequence.performance, words=WordTrack())
        write_sequence(replace(sequence, performance=mute), tmp_path / "mute")
    silent = SMALL | {"data": str(tmp_path / "mute"), "cache": str(tmp_path / "cache")}
    with pytest.raises(GengineError, match="has words; leave 'text' out"):
        task_of(silent)
    task = task_of(silent | {"modalities": ["audio", "face"]})
    assert task.shape.modalities == ("audio", "face")


def test_a_cut_frame_file_is_noticed(corpus, tmp_path):
    frames, _ = frames_of(corpus, "test", tmp_path)
    path = frames.folder / "poses"
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(FormatError, match="remove .* and train again"):
        frames_of(corpus, "test", tmp_path)


def test_defaults_are_the_published_ones():
    d = PublishedCamnTraining(data=Path("x"))
    assert (d.huber, d.pose_weight, d.adversarial_weight, d.rate, d.batch) == (0.1, 500, 0.1, 2.5e-4, 256)
