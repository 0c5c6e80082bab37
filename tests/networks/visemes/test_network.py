from __future__ import annotations

import numpy as np
import pytest

from gengine.core.emotion import EMOTIONS
from gengine.core.face import ARKIT_INDEX
from gengine.core.lips import SealModel
from gengine.networks.visemes.network import VisemeNetwork
from tests.networks.visemes.conftest import spell, voice

SPEECH = "sil:0.5 B AA T AH M OW S IY F EH P UW K AY sil:0.6 W IH TH AA M IY V ER D AE B OY sil:0.5"


@pytest.fixture(scope="module")
def sentence():
    return spell(SPEECH)


def test_faces_are_valid_and_cover_every_frame(perform, sentence):
    face = perform(sentence)
    assert len(face) == round(sentence[-1].end * 60)
    assert np.isfinite(face.weights).all() and face.weights.min() >= 0 and face.weights.max() <= 1
    assert np.allclose(np.linalg.norm(face.head, axis=1), 1, atol=1e-5)


def test_mouth_does_not_depend_on_the_hop(perform, sentence):
    mouth = [ARKIT_INDEX[n] for n in ("jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthRollLower")]
    a, b = perform(sentence, hop=0.5), perform(sentence, hop=0.25)
    assert np.abs(a.weights[:, mouth] - b.weights[:, mouth]).max() < 0.01


def test_the_same_seed_repeats_and_another_differs(perform, sentence):
    a, b, c = (perform(sentence, seed=s) for s in (1, 1, 2))
    assert np.array_equal(a.weights, b.weights) and np.array_equal(a.head, b.head)
    assert np.abs(a.head - c.head).max() > 0.005


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_lips_close_at_full_strength_of_every_emotion(perform, sentence, emotion):
    face = perform(sentence, emotion={emotion: 1.0})
    gap = SealModel.ict().gap_mm(face.weights)
    for p in sentence:
        if p.symbol in "PBM":
            inside = slice(round((p.start - 0.02) * 60), round((p.end + 0.02) * 60))
            assert gap[inside].min() < 0.8, f"{p} stays open"


def test_seal_follows_the_head_it_is_given(perform, sentence):
    stiff = SealModel.ict()
    stiff = SealModel(stiff.rest + 1.0, stiff.gap * 0.9, stiff.width)
    face = perform(sentence, network=VisemeNetwork(seal=stiff))
    gap = stiff.gap_mm(face.weights)
    bilabials = [p for p in sentence if p.symbol in "PBM"]
    assert all(gap[round((p.start + p.end) / 2 * 60)] < 0.8 for p in bilabials)


def test_rounding_precedes_the_vowel_and_spread_vowels_do_not_round(perform):
    phones = spell("sil:0.4 AE:0.15 K T UW:0.2 T IY:0.2 sil:0.4")
    face = perform(phones)
    pucker = face.channel("mouthPucker")
    uw, iy = phones[4], phones[6]
    peak = pucker[round(uw.start * 60) : round(uw.end * 60)].max()
    assert peak > 0.35
    assert pucker[round((uw.start - 0.02) * 60)] > 0.5 * peak
    assert pucker[round((iy.start + iy.end) / 2 * 60)] < 0.1


def test_mouth_rests_in_silence_but_the_face_lives(perform):
    phones = spell("sil:0.2 AA:0.2 sil:20")
    face = perform(phones)
    quiet = slice(60, None)
    assert face.channel("jawOpen")[quiet].mean() < 0.02
    assert (face.channel("eyeBlinkLeft")[quiet] > 0.7).any()
    assert np.degrees(face.gaze[quiet].std(axis=0)).max() > 1.0
    assert face.channel("browInnerUp")[quiet].std() > 0.005


def test_sound_alone_still_talks(perform, sentence):
    prosody = voice(sentence, sentence[-1].end)
    face = perform((), seconds=sentence[-1].end, prosody=prosody, source="none")
    jaw = face.channel("jawOpen")
    speaking = np.interp(np.arange(len(face)) / 60, np.arange(len(prosody)) / 100, prosody.speech) > 0.5
    assert jaw[speaking].mean() > 0.08
    assert jaw[:20].mean() < 0.01
    s = next(p for p in sentence if p.symbol == "S")
    assert jaw[round((s.start + s.end) / 2 * 60)] < jaw[speaking].mean()


def test_unknown_speech_between_known_phones_is_driven_by_sound(perform):
    phones = spell("AA:0.2 spn:0.6 AA:0.2 sil:0.3")
    loud = voice(spell("AA:0.2 AA:0.15 T AE:0.2 T AA:0.05 AA:0.2 sil:0.3"), 1.3)
    face = perform(phones, prosody=loud)
    assert face.channel("jawOpen")[20:40].max() > 0.1


def test_a_change_of_emotion_never_steps(perform, sentence):
    def turn(at):
        weights = np.zeros((len(at), len(EMOTIONS)))
        weights[:, EMOTIONS.index("happiness")] = at < 1.5
        weights[:, EMOTIONS.index("sadness")] = at >= 1.5
        return weights

    face = perform(sentence, emotion=turn)
    brow, smile = face.channel("browInnerUp"), face.channel("mouthSmileLeft")
    assert np.abs(np.diff(brow)).max() * 60 < 3.5  # per second; face.md: browInnerUp p99 2.9
    assert smile[20:60].mean() > 0.3 and smile[-30:].mean() < 0.1
    assert brow[-30:].mean() > 0.4


def test_strength_is_a_dial(perform, sentence):
    smiles = [perform(sentence, emotion={"happiness": s}).channel("mouthSmileLeft").mean() for s in (0, 0.3, 0.6, 1)]
    assert np.all(np.diff(smiles) > 0.05)


@pytest.mark.parametrize("hop", [0.1, 1.0])
def test_any_hop_and_a_tiny_recording(perform, hop):
    face = perform(spell("AA:0.1"), hop=hop)
    assert len(face) == 6
