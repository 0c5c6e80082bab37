"""Phones on Whisper's layers: the same however a stream is cut, nothing heard where the gate is shut."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest

from gengine.checkpoint import load_checkpoint, save_checkpoint
from gengine.encoders.attentive_phones import HOP, MARGIN, AttentiveNetwork, AttentiveTrunk
from gengine.encoders.phones import PHONES, PhoneEncoder, hear
from gengine.encoders.speech_encoder import ROW
from gengine.encoders.speech_gate import SpeechGate
from gengine.errors import FormatError
from gengine.metrics.phone_accuracy import PhoneScores

NAME = "phones-v2"
SIZE = HOP * ROW


@pytest.fixture(scope="module")
def spoken(speech: np.ndarray) -> np.ndarray:
    return speech[: 4 * 16000].astype(np.float32)


def test_streams_are_heard_as_whole_recordings(spoken: np.ndarray) -> None:
    whole, frames = hear(spoken, NAME)
    assert len(frames) == 400 and np.allclose(frames.posteriors.sum(axis=1), 1, atol=1e-3)
    for size in (777, SIZE + 1):
        encoder, found = PhoneEncoder(NAME, keep_frames=True), []
        for at in range(0, len(spoken), size):
            found += encoder.push(spoken[at : at + size])
        assert tuple([*found, *encoder.flush()]) == whole
        assert (encoder.take_frames().posteriors == frames.posteriors).all()


def test_a_phone_is_settled_when_the_latency_says(spoken: np.ndarray) -> None:
    encoder, settled = PhoneEncoder(NAME, keep_frames=True), 0
    for at in range(0, len(spoken), 320):
        encoder.push(spoken[at : at + 320])
        settled += len(encoder.take_frames())
        assert settled / 100 >= (at + 320) / 16000 - encoder.latency - 0.011
    assert encoder.latency == pytest.approx((HOP + MARGIN) * 0.02 + 0.08)


def test_nothing_is_worked_out_where_the_gate_is_shut(spoken: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = []
    own = AttentiveNetwork.states
    monkeypatch.setattr(AttentiveNetwork, "states", lambda self, x: heard.append(len(x)) or own(self, x))
    encoder = PhoneEncoder(NAME, keep_frames=True, gate=SpeechGate())
    phones = [*encoder.push(np.zeros(10 * 16000, np.float32)), *encoder.flush()]
    frames = encoder.take_frames()
    assert heard == [] and {p.symbol for p in phones} == {"sil"} and len(frames) == 1000
    assert (frames.posteriors[:, 0] == 1).all() and (frames.jaw == 0).all()
    encoder = PhoneEncoder(NAME, gate=SpeechGate())
    phones = [*encoder.push(spoken), *encoder.flush()]
    assert len(heard) >= 2 and len({p.symbol for p in phones}) > 10


def test_twins_go_their_own_ways(spoken: np.ndarray) -> None:
    encoder = PhoneEncoder(NAME)
    encoder.push(spoken[:20000])
    twin = deepcopy(encoder)
    twin.push(np.zeros(30000, np.float32))
    assert (*encoder.push(spoken[20000:]), *encoder.flush())[-3:] == hear(spoken, NAME)[0][-3:]


def test_unfitting_checkpoints_are_refused(tmp_path) -> None:
    config, tensors = load_checkpoint(NAME)
    for name, value, says in (
        ("head.weight", tensors["head.weight"][:, :-2], "does not fit"),
        ("conv1.weight", tensors["conv1.weight"][:-3], "does not fit"),
        ("layer2.up.weight", None, "lacks 'up.weight'"),
        ("silence", tensors["silence"][:-1], "outputs"),
    ):
        changed = {k: v for k, v in tensors.items() if k != name} | ({name: value} if value is not None else {})
        folder = save_checkpoint(tmp_path / name, config, changed)
        with pytest.raises(FormatError, match=says):
            PhoneEncoder(folder)


def test_a_trunk_forgets_what_it_has_heard(spoken: np.ndarray) -> None:
    trunk = AttentiveTrunk(AttentiveNetwork(*load_checkpoint(NAME)))
    for _ in range(4):
        assert trunk.push(spoken).shape[1] == len(PHONES) + 1
        assert len(trunk._samples) < (2 * HOP + 2 * MARGIN) * ROW


@pytest.mark.data
def test_closures_of_a_voice_that_nobody_learned_from(reference_data) -> None:
    from gengine.training.phone_examples import utterances

    (first, *_) = utterances(reference_data, ["beat"])
    samples, said = first.samples[: 40 * 16000], tuple(p for p in first.phones if p.end < 40)
    scores = {}
    for name in (NAME, "phones-v1"):
        scores[name] = PhoneScores()
        scores[name].update(said, hear(samples, name)[0], 40)
    best, small = (2 * s.recall * s.precision / (s.recall + s.precision) for s in scores.values())
    assert best > 0.75 and best > small + 0.1, scores
