"""A room's tail: heard where there is one, taken out there, and nothing else is touched."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.encoders.logmel import BANDS, MelBlocks
from gengine.encoders.phones import SOON, hear
from gengine.encoders.rooms import Room
from gengine.inputs.audio import load_audio


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    return load_audio("demos/speech.wav").samples[: 16000 * 8]


@pytest.fixture(scope="module")
def reverberant(speech: np.ndarray) -> np.ndarray:
    """An exponential tail of noise (RT60 .6 s) as strong as the direct sound."""
    t = np.arange(int(0.6 * 16000)) / 16000
    tail = np.random.default_rng(6).standard_normal(len(t)) * 10 ** (-5 * t)
    tail /= np.sqrt(np.sum(np.square(tail)))
    tail[0] = 1
    count = len(speech) + len(tail)
    return np.fft.irfft(np.fft.rfft(speech, count) * np.fft.rfft(tail, count))[: len(speech)].astype(np.float32)


def powers(samples: np.ndarray, block: int = 8) -> np.ndarray:
    return MelBlocks(block).push(samples)


def test_speech_without_a_room_stays_bit_for_bit(speech):
    white = np.random.default_rng(0).standard_normal(len(speech)).astype(np.float32)
    for sound in (speech, 0.01 * speech, speech + 0.05 * white, 0.1 * white, np.zeros_like(speech)):
        power, room = powers(sound), Room()
        np.testing.assert_array_equal(room.suppress(power), power)
        assert not room.heard


def test_a_tail_is_taken_out_of_pauses(speech, reverberant):
    room, power = Room(), powers(reverberant)
    left = room.suppress(power).reshape(-1, BANDS)
    assert room.heard
    dry, wet = powers(speech).reshape(-1, BANDS), power.reshape(-1, BANDS)
    second = slice(300, None)  # the room is known by then

    def away(frames: np.ndarray) -> float:
        return float(np.abs(10 * np.log10((frames[second] + 1e-9) / (dry[second] + 1e-9))).mean())

    assert away(left) < 0.75 * away(wet)
    assert (left <= wet).all() and (left >= 0.099 * wet).all()


def test_blocks_do_not_matter(reverberant):
    frames = powers(reverberant).reshape(-1, BANDS)
    whole = Room().suppress(frames[None])[0]
    for block in (2, 8, 16):
        room = Room()
        parts = [room.suppress(frames[at : at + block][None])[0] for at in range(0, len(frames), block)]
        np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_phones_in_a_room_do_not_depend_on_chunks(reverberant):
    from gengine.encoders.phones import PhoneEncoder

    for how in ({}, SOON):
        encoder, phones = PhoneEncoder(**how), []
        for part in np.split(reverberant, np.sort(np.random.default_rng(1).integers(0, len(reverberant), 50))):
            phones += encoder.push(part)
        assert (*phones, *encoder.flush()) == hear(reverberant, **how)[0]


def test_a_room_that_is_left_is_forgotten(speech, reverberant):
    room = Room()
    room.suppress(powers(reverberant))
    assert room.heard
    dry = powers(np.concatenate([speech, speech]))
    left = room.suppress(dry)
    assert not room.heard
    np.testing.assert_array_equal(left[-40:], dry[-40:])
