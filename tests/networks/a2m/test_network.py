"""The audio-to-motion network as the engine runs it, with random weights: all but what it learned is real."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gengine import Performance, Session
from gengine.checkpoint import load_checkpoint, save_checkpoint
from gengine.config import EngineConfig
from gengine.core.lips import SealModel
from gengine.core.words import Word, WordTrack
from gengine.errors import GengineError
from gengine.hearing import hear_recording
from gengine.networks.a2m import features
from gengine.networks.a2m.network import A2mNetwork, evaluate
from gengine.networks.visemes.coarticulation import gather, mouth_curves
from gengine.networks.visemes.targets import MOUTH, viseme_targets


def run(samples: np.ndarray, face: str, cuts: list[int] | None = None, **more: object) -> Performance:
    session = Session(config=EngineConfig(face=face), seed=1, **more)  # type: ignore[arg-type]
    parts = [session.push(part) for part in np.split(samples, cuts or [])] + [session.flush()]
    return Performance.join([p for p in parts if p is not None])


def test_chunks_give_the_same_bits_and_its_mouth_is_its_own(speech: np.ndarray, tiny: Path) -> None:
    whole, cut = run(speech, str(tiny)), run(speech, str(tiny), [900, 31000, 31001, 90000])
    assert whole.face is not None and cut.face is not None
    np.testing.assert_array_equal(whole.face.weights, cut.face.weights)
    rules = run(speech, "visemes").face
    assert rules is not None
    assert np.abs(rules.channel("jawOpen") - whole.face.channel("jawOpen")).mean() > 0.01
    np.testing.assert_array_equal(rules.head, whole.face.head)  # all but the mouth stays the rules'


def test_what_is_heard_moves_the_mouth(speech: np.ndarray, tiny: Path) -> None:
    """The same phones over other sound: another mouth; silence is another again."""
    words = WordTrack((Word("hello", 0.5, 1.0),), (), "en", "given")
    own, other, silent = (
        run(x, str(tiny), words=words).face for x in (speech, speech[::-1].copy(), 0 * speech)
    )  # fmt: skip
    assert own is not None and other is not None and silent is not None
    gaps = [SealModel.ict().gap_mm(f.weights) for f in (own, other, silent)]
    assert np.abs(gaps[0] - gaps[1]).mean() > 0.1 and np.abs(gaps[0] - gaps[2]).mean() > 0.1


def test_it_rounds_by_half_as_rules_do_and_parts_as_far_as_learned(speech: np.ndarray, tiny: Path) -> None:
    c = replace(hear_recording(run(speech, "visemes")), hop_start=0.0, hop_end=6.0)
    network, times = A2mNetwork(tiny), c.frames()
    segments = gather(c, viseme_targets())
    shown, rules = network._mouth(c, times, segments), mouth_curves(c, segments, viseme_targets())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gengine.networks.a2m.network.ROUNDED", 0.0)
        learned = network._mouth(c, times, segments)
    pucker = MOUTH.index("mouthPucker")
    np.testing.assert_allclose(shown[:, pucker], (learned + rules)[:, pucker] / 2, atol=1e-9)
    gaps = [mouth @ network._gap for mouth in (shown, learned)]
    free = shown[:, MOUTH.index("jawOpen")] > 0
    np.testing.assert_allclose(gaps[0][free], gaps[1][free], atol=1e-9)


def test_the_mouth_does_not_tremble(speech: np.ndarray, tiny: Path) -> None:
    """Frame by frame the network trembles; what is shown is a mean over a twelfth of a second, at hops' borders too."""
    face = run(speech, str(tiny)).face
    assert face is not None
    c = replace(hear_recording(run(speech, "visemes")), hop_start=0.0, hop_end=6.0)
    alone = np.clip(evaluate(A2mNetwork(tiny).layers, features.rows_of(c)), 0, 1)[:, MOUTH.index("mouthFunnel")]
    shown = face.channel("mouthFunnel")[: len(alone)]
    assert np.abs(np.diff(shown, 2)).mean() < 0.4 * np.abs(np.diff(alone, 2)).mean()
    border = np.abs(np.diff(shown, 2))[115:125].max()
    assert border < 2 * np.percentile(np.abs(np.diff(shown, 2)), 99)


def test_a_window_s_rows_are_those_of_the_whole(speech: np.ndarray) -> None:
    performance = run(speech, "visemes")
    c = replace(hear_recording(performance), hop_start=0.0, hop_end=6.0)
    rows = features.rows_of(c)
    assert rows.shape == (360, features.ROW) and np.isfinite(rows).all()
    np.testing.assert_allclose(features.rows_of(replace(c, hop_start=2.0, hop_end=4.0)), rows[120:240], atol=1e-4)
    now = features.TAPS.index(0) * features.FRAME
    level = rows[:, now + features.CURVES.index("level")]
    np.testing.assert_allclose(level, c.curve("level", np.arange(360) / 60), atol=1e-6)


def test_another_checkpoint_is_refused(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(GengineError, match="expected one for 'a2m'"):
        A2mNetwork("phones-v1")
    config, tensors = load_checkpoint(tiny)
    tensors["layer0.weight"] = tensors["layer0.weight"][1:]
    config.pop("sha256")
    with pytest.raises(GengineError, match=f"expected {features.ROW}"):
        A2mNetwork(save_checkpoint(tmp_path / "cut", config, tensors))


def test_auto_is_the_rules_where_words_are_known(speech: np.ndarray) -> None:
    said = WordTrack((Word("hello", 0.5, 1.0),), (), "en", "given")
    for words, network in ((None, "A2mNetwork"), (WordTrack(), "A2mNetwork"), (said, "VisemeNetwork")):
        session = Session(config=EngineConfig(face="auto"), words=words)
        assert type(session.networks["face"]).__name__ == network, words
