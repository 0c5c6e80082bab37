from __future__ import annotations

import numpy as np
import pytest

from gengine.core.face import ARKIT_INDEX, FaceTrack
from gengine.core.lips import SealModel
from gengine.core.words import Phone
from gengine.errors import GengineError
from gengine.metrics.face import ROWS, FaceClip, blinks, measure, saccades
from gengine.metrics.face_dial import distinctness, expression, monotone

MODEL = SealModel.ict()
FPS = 60.0


def _face(seconds: float, **channels: np.ndarray) -> FaceTrack:
    frames = round(seconds * FPS)
    weights = np.zeros((frames, 52), np.float32)
    gaze = np.zeros((frames, 2), np.float32)
    for name, curve in channels.items():
        if name == "gaze":
            gaze[:] = curve
        else:
            weights[:, ARKIT_INDEX[name]] = curve
    return FaceTrack(weights, np.tile(np.float32([1, 0, 0, 0]), (frames, 1)), gaze, FPS)


def _jaw_for(gap: np.ndarray) -> np.ndarray:
    return (gap - MODEL.rest) / MODEL.gap[ARKIT_INDEX["jawOpen"]]


def _babble(seconds: float = 8.0, late: float = 0.0) -> tuple[FaceClip, np.ndarray]:
    """Lips open 8 mm and close for a B of 0.1 s every 0.4 s, ``late`` s behind phones and energy."""
    at = np.arange(round(seconds * FPS)) / FPS
    phase = np.mod(at - late - 0.15, 0.4) - 0.2
    gap = 4 + 4.2 * np.cos(np.pi * np.clip(phase / 0.15, -1, 1))
    phones, energy = [], np.full(round(seconds * 100), -60.0)
    for k in range(int(seconds / 0.4)):
        start = 0.4 * k
        phones += [Phone("AA", start + 0.2, start + 0.5), Phone("B", start + 0.5, start + 0.6)]
        energy[round(100 * start) + 20 : round(100 * start) + 50] = -20.0
    phones = [p for p in phones if p.end <= seconds]
    close = np.maximum(-_jaw_for(gap), 0) * MODEL.gap[ARKIT_INDEX["jawOpen"]] / -MODEL.close
    face = _face(seconds, jawOpen=np.maximum(_jaw_for(gap), 0), mouthClose=close)
    return FaceClip(face, tuple(phones), energy), gap


def test_every_row_is_measured():
    clip, _ = _babble()
    assert set(measure([clip])) == set(ROWS)


def test_known_closures_and_lags():
    clip, _ = _babble()
    found = measure([clip])
    assert found["closure_recall"].value == 1.0
    assert 120 <= found["closure_hold_ms"].value <= 190
    assert abs(found["gap_lag_ms"].value) <= 20
    assert found["cycles_per_s"].value == pytest.approx(2.5, abs=0.2)
    late, _ = _babble(late=0.1)
    assert measure([late])["gap_lag_ms"].value == pytest.approx(found["gap_lag_ms"].value + 100, abs=20)
    assert measure([late])["burst_to_opening_ms"].value > found["burst_to_opening_ms"].value + 60


def test_open_bilabials_are_missed():
    clip, _ = _babble()
    open_face = FaceTrack(clip.face.weights + 0.1, clip.face.head, clip.face.gaze, FPS)
    assert measure([FaceClip(open_face, clip.phones, clip.energy)])["closure_recall"].value < 0.5


def test_jitter_is_seen():
    clip, gap = _babble()
    at = np.arange(len(gap)) / FPS
    shaken = clip.face.weights.copy()
    shaken[:, ARKIT_INDEX["jawOpen"]] += np.float32(0.06 * (1 + np.sin(2 * np.pi * 12 * at)))
    calm = measure([clip])
    rough = measure([FaceClip(FaceTrack(shaken, clip.face.head, clip.face.gaze, FPS), clip.phones, clip.energy)])
    assert calm["jitter_8hz"].value < 0.03 < rough["jitter_8hz"].value
    assert rough["opening_mm_s"].value > calm["opening_mm_s"].value


def test_labiodental_contact_needs_gap_and_roll():
    f = (Phone("F", 0.4, 0.6),)
    jaw = np.full(60, _jaw_for(np.array([2.0 + 2.4 * 0.25]))[0])
    good = FaceClip(_face(1.0, jawOpen=jaw, mouthRollLower=np.full(60, 0.25)), f, np.full(100, -20.0))
    flat = FaceClip(_face(1.0, jawOpen=jaw), f, np.full(100, -20.0))
    assert measure([good])["labiodental_contact"].value == 1.0
    assert measure([flat])["labiodental_contact"].value == 0.0


def test_blinks_and_saccades_are_counted():
    at = np.arange(600) / FPS
    lid = sum(np.maximum(0, 1 - np.abs(at - t) / 0.08) for t in (2.0, 5.0, 8.0))
    turn = np.radians(8) * ((at > 1) & (at < 4)) + np.radians(2) * np.sin(at)  # two jumps and slow drift
    face = _face(10.0, eyeBlinkLeft=lid, eyeBlinkRight=lid, gaze=np.stack([turn, 0 * turn], 1))
    assert np.allclose(blinks(face), [2.0, 5.0, 8.0], atol=0.03)
    assert np.allclose(saccades(face), [1.0, 4.0], atol=0.05)


def test_loudness_driven_jaw_is_caught():
    rng = np.random.default_rng(0)
    phones, energy = [], np.full(4000, -60.0)
    jaw = np.zeros(2400)
    for k in range(100):
        loud = rng.uniform(-30, -10)
        phones.append(Phone("AA", 0.4 * k, 0.4 * k + 0.2))
        energy[40 * k : 40 * k + 20] = loud
        jaw[24 * k : 24 * k + 12] = (loud + 40) / 100
    found = measure([FaceClip(_face(40.0, jawOpen=jaw), tuple(phones), energy)])
    assert found["loudness_r"].value > 0.9
    assert not found["loudness_r"].within(ROWS["loudness_r"].low, ROWS["loudness_r"].high)


def test_bad_input_is_named():
    with pytest.raises(GengineError, match="at least one"):
        measure([])
    with pytest.raises(GengineError, match="NaN"):
        FaceClip(_face(1.0, jawOpen=np.full(60, np.nan)), (), np.zeros(100))


def test_dial_sees_order_and_difference():
    smiles = [_face(1.0, mouthSmileLeft=np.full(60, s), mouthSmileRight=np.full(60, s)) for s in (0.0, 0.2, 0.5)]
    assert monotone([0, 0.5, 1], smiles) == pytest.approx(1.0)
    assert monotone([1, 0.5, 0], [smiles[0], smiles[2], smiles[1]]) < 0.6
    assert expression(smiles[2])["corners_up"] == pytest.approx(0.5)
    frown = _face(1.0, mouthFrownLeft=np.full(60, 0.4), mouthFrownRight=np.full(60, 0.4))
    recall, nearest = distinctness({"smile": smiles[1:], "frown": [frown, frown]})
    assert recall == 1.0 and nearest["frown"][0] == "smile"


@pytest.mark.data
@pytest.mark.parametrize("emotion", ["neutral", "disgust", "sadness"])
def test_generated_faces_pass_their_checks(reference_data, emotion):
    """The rows that few recordings can carry, on real speech; all 41 are in benchmarks/face_checks.py."""
    import gengine
    from gengine.encoders.prosody import ProsodyEncoder
    from gengine.inputs.audio import load_audio

    clips = []
    for k, name in enumerate(("LJ001-0001", "LJ001-0004", "LJ001-0028")):
        grid = reference_data / f"ljspeech/textgrid/{name}.TextGrid"
        made = gengine.animate(reference_data / f"ljspeech/flac/{name}.flac", emotion, text=grid, seed=k)
        sound = load_audio(reference_data / f"ljspeech/flac/{name}.flac")
        encoder = ProsodyEncoder()
        energy = np.concatenate([encoder.push(sound.samples).energy, encoder.flush().energy])
        clips.append(FaceClip(made.face, made.words.phones, energy))
    found = measure(clips)
    for row in ("closure_recall", "closure_hold_ms", "labiodental_contact", "gap_lag_ms", "gap_p50_mm", "gap_p90_mm",
                "jitter_8hz", "closing_mm_s", "jaw_in_silence", "lid_gaze_r", "loudness_r"):  # fmt: skip
        assert found[row].within(ROWS[row].low, ROWS[row].high), (row, found[row])
