"""The audio-to-motion network as the engine runs it, with random weights: all but what it learned is real."""

from __future__ import annotations

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
from gengine.networks.a2m.network import A2mNetwork
from gengine.networks.visemes.targets import MOUTH


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    sizes = (features.ROW, 8, len(MOUTH))
    tensors = {}
    for i, (a, b) in enumerate(zip(sizes, sizes[1:], strict=False)):
        tensors[f"layer{i}.weight"] = (rng.standard_normal((a, b)) / a**0.5).astype(np.float32)
        tensors[f"layer{i}.bias"] = rng.random(b).astype(np.float32) / 4
    return save_checkpoint(tmp_path_factory.mktemp("a2m") / "tiny", {"kind": "a2m", "version": 1, "layers": 2}, tensors)


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


def test_a_window_s_rows_are_those_of_the_whole(speech: np.ndarray) -> None:
    from dataclasses import replace

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
