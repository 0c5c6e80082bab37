"""The upper face that is drawn, with random weights: all but what it learned is real."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gengine import Performance, Session
from gengine.checkpoint import load_checkpoint, save_checkpoint
from gengine.config import EngineConfig
from gengine.core.audio import AudioClip
from gengine.core.conditions import Conditions
from gengine.core.emotion import EmotionTrack
from gengine.core.face import FaceTrack
from gengine.core.lips import SealModel
from gengine.core.noise import generator
from gengine.core.speaker import Speaker, Traits
from gengine.core.words import Phone, Word, WordTrack
from gengine.errors import GengineError
from gengine.hearing import hear_recording
from gengine.metrics.face_upper import blinks, head_angles
from gengine.network_run import run_network
from gengine.networks.a2m.network import A2mNetwork
from gengine.networks.a2m.upper_face import AHEAD, RATE, WARM, UpperFace, UpperFaceNetwork

BROW = ("browInnerUp", "browDownLeft", "browOuterUpLeft")


@pytest.fixture(scope="module")
def heard(speech: np.ndarray) -> Conditions:
    neutral = EmotionTrack(np.zeros((600, 18)), np.zeros((600, 3)), 100.0)
    whole = Performance(AudioClip(speech[: 6 * 16000], 16000), WordTrack(), neutral)
    return replace(hear_recording(whole, hears=False), speaker=Speaker())


def face_of(network: A2mNetwork, conditions: Conditions, seed: int = 1, hop: float | None = None) -> FaceTrack:
    parts = list(run_network(network, conditions, seed, hop=hop))
    return FaceTrack(*(np.concatenate([getattr(p, k) for p in parts]) for k in FaceTrack.ARRAYS), parts[0].fps)


def brows(face: FaceTrack) -> np.ndarray:
    return np.stack([face.channel(name) for name in BROW])


def test_chunks_give_the_same_bits(speech: np.ndarray, drawn: Path) -> None:
    def run(cuts: list[int]) -> Performance:
        session = Session(config=EngineConfig(face=str(drawn)), seed=1)
        parts = [session.push(part) for part in np.split(speech, cuts)] + [session.flush()]
        return Performance.join([p for p in parts if p is not None])

    whole, cut = run([]).face, run([900, 31000, 31001, 90000]).face
    assert whole is not None and cut is not None
    for name in FaceTrack.ARRAYS:
        np.testing.assert_array_equal(getattr(whole, name), getattr(cut, name))


def test_a_seed_is_a_take_and_no_seed_is_still(heard: Conditions, drawn: Path) -> None:
    network = A2mNetwork(drawn)
    one, same, other = (face_of(network, heard, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.weights, same.weights)
    assert np.abs(brows(one) - brows(other)).mean() > 0.01
    for face in (one, other):
        assert brows(face).std(1).max() > 0.02 and head_angles(face).std(0).min() > 0.3
        assert 1 <= len(blinks(face)) <= 6  # 26 a minute


def test_it_listens_while_the_draw_stays_the_same(heard: Conditions, drawn: Path) -> None:
    network = A2mNetwork(drawn)
    prosody = heard.prosody
    quiet = replace(heard, prosody=type(prosody)(**{k: 0 * v for k, v in prosody.__dict__.items()}))
    late = replace(heard, prosody=type(prosody)(**{k: np.roll(v, 150) for k, v in prosody.__dict__.items()}))
    base = brows(face_of(network, heard))
    for other in (quiet, late):
        assert np.abs(base - brows(face_of(network, other))).mean() > 0.1 * base.std(1).max()


def test_nothing_depends_on_what_is_said_later(heard: Conditions, drawn: Path) -> None:
    """What comes more than ``AHEAD`` after a frame may not change it."""
    network, at = A2mNetwork(drawn).upper, 3.0
    assert network is not None
    cut = round((at + AHEAD) * 100)
    prosody = heard.prosody
    changed = {k: np.concatenate([v[: cut + 1], 1 - v[cut + 1 :]]) for k, v in prosody.__dict__.items()}
    times = np.arange(0, 4, 1 / 60)
    moves = []
    for p in (prosody, type(prosody)(**changed)):
        upper = UpperFace(network, np.zeros(2), 1)
        upper.run(replace(heard, prosody=p, hop_start=0.0, hop_end=4.0), blinks=26)
        moves.append(upper(times))
    before = times <= at
    np.testing.assert_array_equal(moves[0][before], moves[1][before])
    assert np.abs(moves[0] - moves[1])[~before].max() > 0.01


def test_hops_meet_without_a_step(heard: Conditions, drawn: Path) -> None:
    network = A2mNetwork(drawn)
    whole, small = face_of(network, heard, hop=4.0), face_of(network, heard, hop=0.5)
    np.testing.assert_allclose(brows(whole)[:, :200], brows(small)[:, :200], atol=1e-5)


def test_a_speaker_moves_and_blinks_as_far_and_often_as_it_does(heard: Conditions, drawn: Path) -> None:
    network = A2mNetwork(drawn)
    calm, lively = (face_of(network, replace(heard, speaker=Speaker("x", Traits(brow=k, head=k, blink=k, gaze=0.97))))
                    for k in (0.2, 2.0))  # fmt: skip
    assert brows(calm).std(1).max() < 0.5 * brows(lively).std(1).max()
    assert len(blinks(calm)) < len(blinks(lively))


def test_lids_close_as_often_as_asked_whatever_the_voice_does_to_them(heard: Conditions, drawn: Path) -> None:
    network = A2mNetwork(drawn).upper
    assert network is not None
    for often in (0.3, 3.0):  # of what the network believes its own rate is
        upper = UpperFace(replace(network, rates=network.rates * [often, 1]), np.zeros(2), 1)
        count = 0
        for hop in range(30):
            upper.run(replace(heard, hop_start=2.0 * hop, hop_end=2.0 * hop + 2), blinks=26)
            count += len(upper.blinks)
        assert 22 <= count <= 30


def test_short_takes_blink_no_more_often_than_long_ones(heard: Conditions, drawn: Path) -> None:
    network = A2mNetwork(drawn).upper
    assert network is not None
    count = 0
    for seed in range(60):
        eager = replace(network, rates=network.rates * [0.5, 1])  # blinks twice as often of itself
        upper = UpperFace(eager, np.zeros(2), seed)
        upper.run(replace(heard, hop_start=0.0, hop_end=6.0), blinks=26)
        count += len(upper.blinks)
    assert 22 <= count / 6 <= 34  # a minute, of 6; 26 are asked for


def test_lips_meet_over_whatever_is_drawn(heard: Conditions, drawn: Path) -> None:
    phones = (Phone("AA", 1.0, 1.3, 1), Phone("B", 1.3, 1.4), Phone("AA", 1.4, 1.7, 1))
    said = replace(heard, phones=phones, words=(Word("abba", 1.0, 1.7),), source="given")
    gap = SealModel.ict().gap_mm(face_of(A2mNetwork(drawn), said).weights)
    assert gap[round(1.35 * 60)] < 0.8


def test_it_takes_less_than_3_ms_a_frame(heard: Conditions, drawn: Path) -> None:
    network = A2mNetwork(drawn).upper
    assert network is not None
    upper = UpperFace(network, np.zeros(2), 1)
    begun = time.process_time()
    upper.run(replace(heard, hop_start=0.0, hop_end=6.0), blinks=26)
    upper(np.arange(0, 6, 1 / 60))
    assert (time.process_time() - begun) / (6 * RATE) < 3e-3


def test_no_take_begins_in_the_pose_of_another(heard: Conditions, drawn: Path) -> None:
    network = A2mNetwork(drawn).upper
    assert network is not None and WARM > 0
    first = []
    for seed in range(6):
        upper = UpperFace(network, np.zeros(2), seed)
        upper.run(replace(heard, hop_start=0.0, hop_end=0.5), blinks=26)
        first.append(upper(np.zeros(1))[0])
    assert np.std(first, 0).min() > 0.1


def test_an_upper_face_of_other_sizes_is_refused(drawn: Path, tmp_path: Path) -> None:
    config, tensors = load_checkpoint(drawn)
    config.pop("sha256")
    tensors["upper.inward"] = generator("x").standard_normal((3, 24)).astype(np.float32)
    with pytest.raises(GengineError, match="upper face"):
        A2mNetwork(save_checkpoint(tmp_path / "cut", config, tensors))
    with pytest.raises(GengineError, match="upper face"):
        UpperFaceNetwork.of(tensors)
