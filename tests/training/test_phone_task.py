from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gengine.checkpoint import load_checkpoint
from gengine.core.words import Phone
from gengine.data.speech import Utterance
from gengine.encoders import logmel, phones
from gengine.errors import GengineError
from gengine.metrics.phone_accuracy import PhoneScores, closures, match
from gengine.training import disturbances, phone_examples

torch = pytest.importorskip("torch")
from gengine.training import phone_task as training  # noqa: E402
from gengine.training.settings import training_of  # noqa: E402

SMALL = {"width": 16, "steps": [2, 2], "taught_steps": 2, "batch": 2, "frames": 200, "synthetic": 0, "threads": 1}


def test_numpy_hears_what_torch_learned(tmp_path):
    torch.manual_seed(0)
    settings = training.PhoneTraining(width=24)
    network = training.build_network(24, settings.layers, 0.1)
    for norm in network.norms:  # normalisations as after a training
        norm.running_mean.normal_(0, 0.5)
        norm.running_var.uniform_(0.5, 2)
        norm.bias.data.normal_(0, 0.3)
    network.eval()
    examples = phone_examples.Examples([], ["", "sil"])
    training.export(network, settings, training.statistics(examples, 1.0), tmp_path)
    config, tensors = load_checkpoint(tmp_path)
    streaming = phones._Network(config, tensors)
    x = np.random.default_rng(0).uniform(-1, 1, (160, logmel.BANDS)).astype(np.float32)
    heard = np.concatenate([streaming.step(block) for block in x.reshape(-1, logmel.BLOCK, logmel.BANDS)])
    with torch.no_grad():
        rows = torch.tensor(x).reshape(1, 80, -1).transpose(1, 2)
        wanted = network(rows).transpose(1, 2).reshape(160, -1).numpy()
    np.testing.assert_allclose(heard[16:], wanted[: 160 - 16], atol=0.03)  # weights are stored in half precision


def test_unknown_settings_are_refused():
    for wrong, says in (
        ({"stepz": 3}, "did you mean 'steps'"),
        ({"class_weights": {"bilabial": 2}}, "unknown bilabial; choose from sil, bilab"),
        ({"frames": 601}, "frames = 601: input should be a multiple of 2"),
    ):
        with pytest.raises(GengineError, match=says):
            training_of({"train": "phones", **wrong}, "my.yaml")


@pytest.mark.data
def test_a_training_repeats_itself(tmp_path, reference_data):
    config = {**SMALL, "data": str(reference_data), "cache": str(tmp_path / "cache"), "corpora": ["ljspeech"]}
    a, _ = load_checkpoint(training.PhoneTraining(**config).run(tmp_path / "a"))
    b, _ = load_checkpoint(training.PhoneTraining(**config).run(tmp_path / "b"))
    c, _ = load_checkpoint(training.PhoneTraining(**{**config, "seed": 2}).run(tmp_path / "c"))
    assert a["sha256"] == b["sha256"] != c["sha256"]
    assert len(phones.PhoneEncoder(tmp_path / "a").push(np.zeros(48000, np.float32))) > 0


def test_labels_say_what_is_said_when():
    sets = [""]
    said = (Phone("sil", 0, 0.1), Phone("M", 0.1, 0.155), Phone("UW|UH", 0.155, 0.3))
    labels = phone_examples.frame_labels(said, 40, sets)
    assert [sets[i] for i in labels[[0, 9, 10, 15, 16, 29, 30]]] == ["sil", "sil", "M", "M", "UW|UH", "UW|UH", ""]
    table = phone_examples.Examples([], sets).members()
    assert table[0].all() and table[sets.index("M")].sum() == 1 and table[sets.index("UW|UH")].sum() == 2


def test_the_jaw_opens_for_vowels_and_not_for_closures():
    said = (
        Phone("sil", 0, 0.3),
        Phone("AA", 0.3, 0.5),
        Phone("M", 0.5, 0.6),
        Phone("AA", 0.6, 0.8),
        Phone("sil", 0.8, 1),
    )
    jaw = phone_examples.jaw_of_phones(said, np.array([0.05, 0.4, 0.55, 0.7]))
    assert jaw[0] < 0.05 and jaw[1] > 0.24 and jaw[3] > 0.24 and 0.1 < jaw[2] < 0.18


def _example(name: str, ratio: float = 1.0, **own):
    rng = np.random.default_rng(0)
    decibels = rng.uniform(-90, -20, (100, 40)).astype(np.float16)
    labels, jaw = np.repeat([1, 2], 50).astype(np.int16), np.zeros(100, np.float16)
    return phone_examples.Example(
        name=name, corpus="x", speaker="x", decibels=decibels, labels=labels, jaw=jaw, ratio=ratio, **own
    )


def test_copies_of_a_voice_know_that_they_are(tmp_path):
    rng = np.random.default_rng(0)
    u = Utterance("a", "x", "x", rng.normal(0, 0.1, 8000).astype(np.float32), (Phone("M", 0, 0.5),))
    made = phone_examples.to_examples(u, [""], tmp_path)
    ratios = [e.ratio for e in made]
    assert ratios[0] == 1 and 1.2 <= ratios[1] <= 1.65 and len(made) == 4 and 1 not in ratios[1:]
    assert {len(e) for e in made} == {len(made[0])}


def test_copies_learn_what_was_heard_in_the_voice_itself():
    torch.manual_seed(0)
    network = training.build_network(16, training.PhoneTraining().layers, 0.0).eval()
    learn = phone_examples.Examples([_example("a"), _example("a", 1.4), _example("b")], ["", "sil", "M|B"])
    own, copy, other = training.taught(network, learn, 0.0).items
    assert copy.taught is own.taught and copy.jaw is own.jaw and other.taught is not own.taught
    np.testing.assert_allclose(own.taught.sum(axis=1), 1, atol=0.01)
    sharper = training.taught(network, learn, 1.0).items[0].taught
    allowed = learn.members()[learn.items[0].labels] > 0
    heard = np.where(allowed, own.taught, 0).sum(axis=1) > training.DOUBT + 0.01
    np.testing.assert_allclose(np.where(allowed, sharper, 0).sum(axis=1)[heard], 1, atol=0.01)
    unheard = np.where(allowed, own.taught, 0).sum(axis=1) < training.DOUBT - 0.01
    assert unheard.any() and (sharper[unheard] == own.taught[unheard]).all()


def test_a_pupil_that_hears_like_its_teacher_has_nothing_to_learn():
    settings = training.PhoneTraining(width=16, frames=100, batch=1)
    lesson = np.full((100, 40), 0.1 / 39, np.float16)
    lesson[:, 3] = 0.9
    learn = phone_examples.Examples([_example("a", taught=lesson)], ["", "sil", "M|B"])
    task = training.PhoneTask(learn, settings)
    assert not task.module.train().norms.training, "its normalisations are settled"
    y = torch.zeros(1, 100, 41)
    y[..., :-1] = torch.tensor(np.log(lesson.astype(np.float32)))
    same, _ = task._taught_loss(y, torch.tensor(lesson.astype(np.float32))[None], torch.zeros(1, 100))
    other, _ = task._taught_loss(y.roll(1, -1), torch.tensor(lesson.astype(np.float32))[None], torch.zeros(1, 100))
    assert abs(float(same)) < 1e-3 < 1 < float(other)


def test_a_lesson_needs_a_teacher(tmp_path):
    with pytest.raises(GengineError, match="taught_steps without a teacher; set steps, or start"):
        training.PhoneTraining(data=tmp_path, corpora=(), steps=(), taught_steps=2).run(tmp_path / "out")


def test_some_stretches_of_a_lesson_are_left_as_they_are():
    lesson, silence = np.full((100, 40), 1 / 40, np.float16), np.eye(40, dtype=np.float32)[0]
    bands = np.random.default_rng(1).uniform(-40, -20, (100, 40)).astype(np.float16)
    e = replace(_example("a", taught=lesson), decibels=bands)
    shapes = (bands - bands.mean(axis=1, keepdims=True)).astype(float)
    as_they_are = 0
    for seed in range(40):
        x, taught, _ = phone_examples.stretch([e], 200, silence, np.random.default_rng(seed))
        assert x.shape == taught.shape == (200, 40)
        made = (x - x.mean(axis=1, keepdims=True)) * logmel.DEPTH / 2
        away = np.abs(made[:, None] - shapes[None]).max(axis=2).min(axis=1)
        as_they_are += int((away < 0.1).sum() > 20)
    assert 8 <= as_they_are <= 24


def test_shouts_are_clipped():
    rng = np.random.default_rng(0)
    x = np.sin(np.arange(16_000) / 20).astype(np.float32) * 0.3
    loud = [np.mean(np.abs(disturbances.overdriven(x, rng)) > 0.89) for _ in range(20)]
    assert np.median(loud) > 0.1 and max(np.abs(disturbances.overdriven(x, rng))) <= 0.9


def test_stretches_are_inputs_of_the_right_size():
    rng = np.random.default_rng(0)
    decibels = rng.uniform(-90, -20, (300, 40)).astype(np.float16)
    labels, jaw = np.ones(300, np.int16), np.zeros(300, np.float16)
    e = phone_examples.Example(name="a", corpus="x", speaker="x", decibels=decibels, labels=labels, jaw=jaw)
    for seed in range(20):
        x, labels, jaw = phone_examples.stretch([e], 400, 1, np.random.default_rng(seed))
        assert x.shape == (400, 40) and labels.shape == jaw.shape == (400,)
        assert np.isfinite(x).all() and x.min() >= -1 and x.max() < 2


def test_scores_of_a_perfect_and_a_late_hearing():
    true = (Phone("sil", 0, 0.5), Phone("M", 0.5, 0.6), Phone("B", 0.6, 0.65), Phone("AA", 0.65, 1.0))
    assert closures(true).tolist() == [[0.5, 0.65]]
    perfect = PhoneScores()
    perfect.update(true, true, 1.0)
    assert perfect.row()["phone"] == 1 and perfect.recall == perfect.precision == 1
    late = PhoneScores()
    late.update(true, tuple(Phone(p.symbol, p.start + 0.1, p.end + 0.1) for p in true), 1.0)
    assert late.recall == late.precision == 0 and late.row()["phone"] < 0.8


def test_matching_is_one_to_one():
    true, heard = np.array([[0.0, 0.1], [0.1, 0.2]]), np.array([[0.03, 0.13]])
    assert match(true, heard) == [(0, 0)]


@pytest.mark.data
def test_what_is_measured_on_is_not_learned_from(reference_data):
    wanted = phone_examples.held_out
    test = list(phone_examples.utterances(reference_data, ["ljspeech", "emodb"], wanted=wanted))
    assert {u.speaker for u in test if u.corpus == "emodb"} == {"emodb-03"}
    assert 2 <= sum(u.corpus == "ljspeech" for u in test) <= 8
    assert wanted("beat", "any", "beat-scott") and not wanted("flite", "any", "flite-slt")


def test_borders_move_to_where_they_are_heard_and_no_further():
    sets = ["", "sil", "M", "AA"]
    members = phone_examples.Examples([], sets).members()
    labels = np.repeat([1, 2, 3, 1], [20, 10, 20, 10]).astype(np.int16)
    blank = np.zeros(60, np.float16)
    silent = np.zeros((60, 40), np.float16)
    e = phone_examples.Example(name="a", corpus="x", speaker="x", decibels=silent, labels=labels, jaw=blank)
    heard = np.repeat([1, 2, 3, 1], [23, 11, 26, 0])  # the last border is heard too late to be believed
    posteriors = np.full((60, 40), 1e-4)
    posteriors[np.arange(60), [phones.PHONES.index(sets[i]) for i in heard]] = 1
    moved = phone_examples.realign(e, np.log(posteriors).astype(np.float32), members, doubt=0.0).labels
    assert np.flatnonzero(np.diff(moved)).tolist() == [22, 33, 49 + phone_examples.SLACK]
    doubted = phone_examples.realign(e, np.log(posteriors).astype(np.float32), members, doubt=0.5).labels
    assert (doubted[49 + phone_examples.SLACK + 1 :] == 0).all() and (doubted[:50] == moved[:50]).all()
