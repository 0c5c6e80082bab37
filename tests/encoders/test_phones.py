from __future__ import annotations

import time

import numpy as np
import pytest

from gengine.checkpoint import load_checkpoint, save_checkpoint
from gengine.encoders.phones import CHECKPOINT, CLASSES, LONGEST, PHONES, SOON, PhoneEncoder, hear
from gengine.errors import AudioError, FormatError, GengineError

SMALL = "phones-v1"  # what hears soon


def _speech_like(seconds: float, seed: int = 0) -> np.ndarray:
    """Noise through a moving resonance with syllables of 200 ms: enough to wake every part."""
    rng = np.random.default_rng(seed)
    n = int(seconds * 16000)
    t = np.arange(n) / 16000
    buzz = np.sign(np.sin(2 * np.pi * 120 * t)) * 0.2 + 0.05 * rng.standard_normal(n)
    return (
        buzz * np.clip(np.sin(2 * np.pi * 2.5 * t), 0, 1) * np.sin(2 * np.pi * (500 + 300 * np.sin(3 * t)) * t)
    ).astype(np.float32)


def _chunked(samples: np.ndarray, cuts: np.ndarray):
    encoder, phones, frames = PhoneEncoder(keep_frames=True), [], []
    for chunk in np.split(samples, cuts):
        phones += encoder.push(chunk)
        frames.append(encoder.take_frames())
    phones += encoder.flush()
    frames.append(encoder.take_frames())
    return tuple(phones), frames


def test_every_phone_has_one_class():
    assert len(PHONES) == len(set(PHONES)) == 40
    assert PHONES[0] == "sil" and set(CLASSES["bilab"]) == {"P", "B", "M"}


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_chunks_do_not_matter(seed):
    samples = _speech_like(4.3, seed)
    whole, frames = hear(samples)
    cuts = np.sort(np.random.default_rng(seed).integers(0, len(samples), 40))
    phones, parts = _chunked(samples, cuts)
    assert phones == whole
    np.testing.assert_array_equal(np.concatenate([p.posteriors for p in parts]), frames.posteriors)
    np.testing.assert_array_equal(np.concatenate([p.jaw for p in parts]), frames.jaw)
    assert [p.first for p in parts] == list(np.cumsum([0] + [len(p) for p in parts[:-1]]))


@pytest.mark.parametrize("count", [0, 1, 100, 1279, 1280, 5000, 16000, 33333])
def test_phones_cover_the_recording_without_gaps(count):
    phones, frames = hear(_speech_like(3)[:count])
    if count == 0:
        assert phones == () and len(frames) == 0
        return
    assert phones[0].start == 0 and phones[-1].end == pytest.approx(count / 16000)
    assert all(a.end == b.start for a, b in zip(phones, phones[1:], strict=False))
    assert all(p.end > p.start for p in phones)
    assert max(p.end - p.start for p in phones) <= LONGEST + 0.011
    assert len(frames) == int(np.ceil(count / 160))
    np.testing.assert_allclose(frames.posteriors.sum(axis=1), 1, atol=1e-4)
    np.testing.assert_allclose(frames.classes().sum(axis=1), 1, atol=1e-4)


def test_phones_are_settled_within_the_latency():
    samples, encoder, settled = _speech_like(5), PhoneEncoder(SMALL, keep_frames=True), 0.0
    for at in range(0, len(samples), 160):
        phones = encoder.push(samples[at : at + 160])
        settled = phones[-1].end if phones else settled
        assert settled >= (at + 160) / 16000 - encoder.latency - LONGEST
        encoder_settled = encoder.take_frames()
        assert len(encoder_settled) in (0, 8)
    whole, _ = hear(samples, SMALL)
    ends = [p.end for p in whole]
    encoder, heard_at = PhoneEncoder(SMALL), {}
    for at in range(0, len(samples), 160):
        for p in encoder.push(samples[at : at + 160]):
            heard_at[p.end] = (at + 160) / 16000
    late = [heard_at[e] - e for e in ends if e in heard_at]
    assert max(late) <= encoder.latency


def test_soon_is_sooner_and_hears_the_same():
    samples = _speech_like(5)
    encoder, ends, heard = PhoneEncoder(**SOON), {}, []
    assert encoder.latency < 0.2 < PhoneEncoder(SMALL).latency < 0.34
    for at in range(0, len(samples), 160):
        for p in encoder.push(samples[at : at + 160]):
            ends[p.end] = (at + 160) / 16000
            heard.append(p)
    assert max(known - end for end, known in ends.items()) <= encoder.latency
    whole, frames = hear(samples, **SOON)
    assert (*heard, *encoder.flush()) == whole
    np.testing.assert_allclose(frames.posteriors, hear(samples, SMALL)[1].posteriors, atol=1e-3)


def test_what_goes_on_is_handed_out_as_often_as_asked():
    samples = np.concatenate([_speech_like(2), np.zeros(16000, np.float32)])
    often = PhoneEncoder(**SOON, longest=0.04)
    pieces = [*often.push(samples), *often.flush()]
    assert max(p.end - p.start for p in pieces) <= 0.04 + 1e-9
    joined, whole = [], hear(samples, **SOON)[0]
    for parts in (pieces, whole):
        joined.append([p.symbol for i, p in enumerate(parts) if i == 0 or p.symbol != parts[i - 1].symbol])
    assert joined[0] == joined[1] and len(pieces) > 2 * len(whole)


@pytest.mark.parametrize(("block", "lag"), [(3, 0), (0, 0), (8, 4), (2, -2), (6, 6)])
def test_odd_blocks_are_refused(block, lag):
    with pytest.raises(GengineError, match="blocks of"):
        PhoneEncoder(block=block, lag=lag)


@pytest.mark.parametrize("checkpoint", [SMALL, CHECKPOINT])
def test_digital_silence_is_silence(checkpoint):
    phones, frames = hear(np.zeros(32000, np.float32), checkpoint)
    assert {p.symbol for p in phones} == {"sil"}
    assert frames.jaw.max() < 0.1


def test_memory_stays_flat():
    encoder = PhoneEncoder(SMALL)
    for _ in range(20):
        encoder.push(_speech_like(1))
    assert encoder._frames == [] and len(encoder._trunk._mel._buffer) < 2000
    with pytest.raises(GengineError, match="keep_frames"):
        encoder.take_frames()


def test_bad_input_is_refused():
    encoder = PhoneEncoder()
    with pytest.raises(AudioError, match="mono"):
        encoder.push(np.zeros((2, 100), np.float32))
    with pytest.raises(AudioError, match="finite"):
        encoder.push(np.full(10, np.nan, np.float32))
    encoder.flush()
    assert encoder.flush() == []
    with pytest.raises(AudioError, match="ended"):
        encoder.push(np.zeros(10, np.float32))


def test_a_foreign_checkpoint_is_refused(tmp_path):
    with pytest.raises(FormatError, match="not a phone recogniser"):
        PhoneEncoder(save_checkpoint(tmp_path / "a", {"kind": "other"}, {"x": np.zeros(1)}))
    config, tensors = load_checkpoint("phones-v1")
    del tensors["head.weight"]
    with pytest.raises(FormatError, match="head.weight"):
        PhoneEncoder(save_checkpoint(tmp_path / "b", config, tensors))


def test_the_checkpoint_is_small():
    _, tensors = load_checkpoint("phones-v1")
    assert sum(t.nbytes for t in tensors.values()) < 3_000_000


def test_hearing_is_much_faster_than_speech():
    samples = _speech_like(20)
    hear(samples[:16000], SMALL)
    began = time.process_time()
    hear(samples, SMALL)
    assert 20 / (time.process_time() - began) > 60  # 200 and more on a free core; room for a busy machine


@pytest.mark.data
@pytest.mark.parametrize("gain", [1.0, 0.03])
def test_real_speech_by_an_unheard_voice(reference_data, gain):
    """Loud or quiet: lip classes and closures of a speaker who is in no training corpus."""
    from gengine.data.speech import textgrid_phones
    from gengine.inputs.audio import load_audio
    from gengine.metrics.phone_accuracy import PhoneScores

    path = next((reference_data / "beat").rglob("2_scott_0_2_2.TextGrid"))
    samples = load_audio(path.with_suffix(".flac")).samples[: 40 * 16000]
    phones, _ = hear(samples * np.float32(gain))
    true = tuple(p for p in textgrid_phones(path) if p.end <= 40)
    scores = PhoneScores()
    scores.update(true, phones, true[-1].end)
    row = scores.row()
    assert row["class"] > 0.5 and row["bilabial recall"] > 0.5
