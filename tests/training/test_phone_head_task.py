"""The head on Whisper's encoder: numpy runs what torch learned, copies keep time, the same seed is the same head."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gengine.checkpoint import load_checkpoint
from gengine.core.words import Phone
from gengine.data.speech import Utterance
from gengine.encoders.attentive_phones import HOP, MARGIN, AttentiveNetwork
from gengine.encoders.phones import PHONES, PhoneEncoder
from gengine.encoders.speech_encoder import CHECKPOINT, EVERYTHING, SpeechEncoder
from gengine.training.phone_examples import Examples

torch = pytest.importorskip("torch")
from gengine.training import phone_head_task as training  # noqa: E402
from gengine.training.phone_task import statistics  # noqa: E402

SMALL = training.PhoneHeadTraining(width=16, batch=4, frames=100, threads=1, steps=(2, 2))


def _heard(name: str, kind: str, seed: int) -> training.Heard:
    rng = np.random.default_rng(seed)
    labels = np.repeat(rng.integers(1, 4, 40), 5).astype(np.int16)
    states = np.eye(384, dtype=np.float16)[labels[::2]] * 3
    jaw = np.where(labels == 3, 0.3, 0).astype(np.float16)
    return training.Heard(name=name, corpus="x", kind=kind, states=states, labels=labels, jaw=jaw)


@pytest.fixture(scope="module")
def learn() -> Examples[training.Heard]:
    kinds = ("own", "voice", "disturbed")
    items = [_heard(str(k), kind, k if kind != "voice" else 99 + k) for k in range(3) for kind in kinds]
    return Examples(items, ["", "sil", "M", "AA"])


def _exported(learn: Examples[training.Heard], folder: Path, steps: int) -> Path:
    _, tensors = load_checkpoint("phones-v2")
    own = {name: value for name, value in tensors.items() if name.startswith("layer")}
    network = training._fit(learn, SMALL, steps, folder / "round")
    training.export(network, SMALL, statistics(learn, 1.0), own, folder / "made")
    return folder / "made"


def test_numpy_hears_what_torch_learned(learn: Examples[training.Heard], tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = training.build_network(384, 16, 3, 0.1)
    network.scale.running_mean.normal_(0, 0.5)
    network.scale.running_var.uniform_(0.5, 2)
    for norm in network.norms:  # normalisations as after a training
        norm.running_mean.normal_(0, 0.5)
        norm.running_var.uniform_(0.5, 2)
        norm.bias.data.normal_(0, 0.3)
    network.eval()
    _, tensors = load_checkpoint("phones-v2")
    own = {name: value for name, value in tensors.items() if name.startswith("layer")}
    training.export(network, SMALL, statistics(learn, 1.0), own, tmp_path / "made")
    states = np.random.default_rng(0).standard_normal((HOP + 2 * MARGIN, 384)).astype(np.float32)
    heard = AttentiveNetwork(*load_checkpoint(tmp_path / "made")).head(states)
    with torch.no_grad():
        wanted = network(torch.tensor(states).T[None])[0].T.reshape(-1, len(PHONES) + 1).numpy()
    np.testing.assert_allclose(heard, wanted[2 * MARGIN : -2 * MARGIN], atol=0.03)  # stored in half precision
    assert PhoneEncoder(tmp_path / "made").push(np.zeros(64000, np.float32)) is not None


def test_a_training_repeats_itself_and_learns(learn: Examples[training.Heard], tmp_path: Path) -> None:
    a, b = (load_checkpoint(_exported(learn, tmp_path / name, 400)) for name in "ab")
    assert a[0]["sha256"] == b[0]["sha256"]
    e = learn.items[0]
    states = np.pad(e.states.astype(np.float32), ((MARGIN, MARGIN), (0, 0)), mode="edge")[: HOP + 2 * MARGIN]
    best = AttentiveNetwork(*a).head(states)[:, :-1].argmax(axis=1)
    right = np.array([PHONES.index(learn.sets[i]) for i in e.labels[: 2 * HOP]])
    assert (best == right).mean() > 0.6


def test_listening_again_moves_a_disturbed_copy_with_its_own(learn: Examples[training.Heard], tmp_path: Path) -> None:
    network = training._fit(learn, SMALL, 5, tmp_path / "round")
    moved = training._listen_again(network, learn)
    for own, other in zip(moved.items[::3], moved.items[2::3], strict=True):
        assert own.kind == "own" and other.kind == "disturbed" and (own.labels == other.labels).all()


def test_rows_are_those_of_the_run(speech: np.ndarray) -> None:
    sound = speech[: 16000 * 4 + 123].astype(np.float32)
    encoder = PhoneEncoder("phones-v2", keep_frames=True)
    encoder.push(sound)
    heard = encoder.take_frames().posteriors
    _, tensors = load_checkpoint("phones-v2")
    further = {name: value for name, value in tensors.items() if name.startswith("layer")}
    whisper = SpeechEncoder(CHECKPOINT, further=further, highest=EVERYTHING)
    rows = training.states(whisper, sound).astype(np.float32)
    assert len(rows) == 201
    network = AttentiveNetwork(*load_checkpoint("phones-v2"))
    again = network.head(np.pad(rows[: HOP + MARGIN], ((MARGIN, 0), (0, 0))))[:, :-1]
    inside = slice(40, 140)  # rows of other stretches lie at the ends
    assert (again[inside].argmax(axis=1) == heard[inside].argmax(axis=1)).mean() > 0.97


def test_another_voice_says_the_same_at_its_own_pace() -> None:
    t = np.arange(16000) / 16000
    u = Utterance("a", "x", "x", np.sin(2 * np.pi * 200 * t).astype(np.float32), (Phone("AA", 0.2, 0.8),))
    for seed in range(4):
        sound, (said,), ratio = training.in_another_voice(u, np.random.default_rng(seed))
        spectrum = np.abs(np.fft.rfft(sound))
        assert np.argmax(spectrum) / len(sound) * 16000 == pytest.approx(200 * ratio, rel=0.01)
        assert (said.start, said.end) == (0.2 / ratio, 0.8 / ratio)


def test_quiet_around_a_clip_moves_what_is_said_with_it() -> None:
    sound, said = np.ones(16000, np.float32), (Phone("M", 0.0, 0.5), Phone("AA", 0.5, 1.0))
    for seed in range(4):
        made, phones, start = training.amid_quiet(sound, said, np.random.default_rng(seed))
        assert [p.symbol for p in phones] == ["sil", "M", "AA", "sil"] and phones[1].start == start
        first = round(start * 16000)
        assert (made[first : first + 16000] == 1).all() and np.abs(made[:first]).max(initial=0) < 0.2
        assert phones[-1].end == len(made) / 16000


def test_in_nothing_nobody_speaks() -> None:
    made = list(training.nothing())
    assert {p.symbol for u in made for p in u.phones} == {"sil"} and all(np.isfinite(u.samples).all() for u in made)
    assert min(np.std(u.samples) for u in made) == 0 and max(np.std(u.samples) for u in made) > 0.01


def test_disturbed_sounds_keep_time_and_differ(speech: np.ndarray) -> None:
    sound = speech[:32000].astype(np.float32)
    made = [training.disturbed(sound, np.random.default_rng(seed)) for seed in range(12)]
    assert all(len(x) == len(sound) and np.isfinite(x).all() and np.abs(x - sound).max() > 1e-3 for x in made)


def test_held_out_clips_teach_nothing() -> None:
    learns = training.PhoneHeadTraining().learns
    assert not learns("beat", "2_scott_0_1_1", "scott") and not learns("emodb", "03a01Fa", "emodb-03")
    assert sum(learns("grid", f"clip{k}", "s1") for k in range(400)) == pytest.approx(90, abs=40)
