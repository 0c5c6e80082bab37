"""The network as the engine runs it: streaming, feet, head, seeds, and what is wrong with a checkpoint."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.interpolate import BSpline

from gengine import Performance, Session
from gengine.checkpoint import load_checkpoint, save_checkpoint
from gengine.config import EngineConfig
from gengine.core import rotation
from gengine.errors import GengineError
from gengine.inputs.audio import load_audio
from gengine.metrics.safety import inspect
from gengine.networks.camn.features import AUDIO, SPEECH, Features
from gengine.networks.camn.network import HUSHED, CamnNetwork, spline
from gengine.networks.choreographer.trunk import answer
from gengine.registry import build


def run(samples: np.ndarray, checkpoint: Path, cuts: list[int] | None = None, seed: int = 1, **kind: float):
    session = Session(config=EngineConfig(body=str(checkpoint), body_fps=60, **kind), emotion="sad:0.5", seed=seed)
    parts = [session.push(part) for part in np.split(samples, cuts or [])] + [session.flush()]
    performance = Performance.join([p for p in parts if p is not None])
    assert performance.motion is not None and performance.face is not None
    return performance


@pytest.fixture(scope="module")
def whole(speech: np.ndarray, tiny_camn: Path) -> Performance:
    return run(speech, tiny_camn)


def test_it_moves_all_joints_for_the_whole_recording(whole: Performance, speech: np.ndarray) -> None:
    motion = whole.motion
    assert motion is not None
    assert len(motion) == np.ceil(len(speech) / 16000 * 60) and len(motion.skeleton) == 75
    assert np.isfinite(motion.rotations).all() and np.isfinite(motion.root).all()
    np.testing.assert_allclose(np.linalg.norm(motion.rotations, axis=-1), 1, atol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_random_chunks_give_the_same_bits(seed: int, speech: np.ndarray, tiny_camn: Path, whole: Performance) -> None:
    cuts = sorted(np.random.default_rng(seed).integers(0, len(speech), 6).tolist())
    again = run(speech, tiny_camn, cuts)
    np.testing.assert_array_equal(again.motion.rotations, whole.motion.rotations)  # type: ignore[union-attr]
    np.testing.assert_array_equal(again.motion.root, whole.motion.root)  # type: ignore[union-attr]


@pytest.mark.parametrize("hop", [0.25, 0.5, 1.0])
def test_any_hop_gives_a_motion_without_seams(hop: float, speech: np.ndarray, tiny_camn: Path) -> None:
    motion = run(speech[: 16000 * 4], tiny_camn, hop=hop).motion
    turned = rotation.angle(motion.rotations[1:], motion.rotations[:-1])[:, motion.skeleton.index("LeftForeArm")]
    frame = np.arange(1, len(motion))
    seams = np.isin(frame, np.round(np.arange(hop, 4, hop) * 60).astype(int))
    assert turned[seams].max() <= 1.2 * np.percentile(turned[~seams], 99)


def test_a_seed_is_a_take(speech: np.ndarray, tiny_camn: Path, whole: Performance) -> None:
    other = run(speech, tiny_camn, seed=2).motion
    assert np.abs(other.rotations - whole.motion.rotations).max() > 0.05  # type: ignore[union-attr]


def test_the_head_is_the_one_of_the_face(whole: Performance) -> None:
    motion, face = whole.motion, whole.face
    assert motion is not None and face is not None
    _, world = motion.skeleton.forward(motion.rotations, motion.root)
    chest, head = (world[:, motion.skeleton.index(n)] for n in ("Spine3", "Head"))
    relative = rotation.multiply(rotation.conjugate(chest), head)
    off = rotation.multiply(rotation.conjugate(relative), answer(chest, face.head))
    assert np.degrees(np.linalg.norm(rotation.to_rotvec(off), axis=-1)).max() < 0.02  # arccos would lose small angles


def test_standing_soles_do_not_slide(whole: Performance) -> None:
    motion = whole.motion
    assert motion is not None
    positions, _ = motion.skeleton.forward(motion.rotations, motion.root)
    for side in ("Left", "Right"):
        ankle = positions[:, motion.skeleton.index(f"{side}Foot")]
        standing = ankle[:, 1] < ankle[:, 1].min() + 1e-3
        slide = np.linalg.norm(np.diff(ankle[:, [0, 2]], axis=0), axis=1)[standing[1:] & standing[:-1]]
        assert standing.mean() > 0.3 and slide.max() * 60 < 0.02


def test_the_spline_is_the_quintic_one() -> None:
    poses = np.random.default_rng(0).standard_normal((20, 2))
    at = np.linspace(4, 14, 101)
    np.testing.assert_allclose(spline(poses, at), BSpline(np.arange(26) - 3.0, poses, 5)(at), atol=1e-12)
    np.testing.assert_allclose(spline(np.ones((4, 1)), np.linspace(0, 5, 30)), 1)


def test_it_is_built_from_a_folder(tiny_camn: Path) -> None:
    assert isinstance(build("body network", str(tiny_camn)), CamnNetwork)


def test_a_name_that_is_nothing_says_what_there_is() -> None:
    with pytest.raises(GengineError, match="did you mean 'camn'. choose from choreographer, camn or give the folder"):
        build("body network", "camm")


def test_a_checkpoint_of_another_network_is_refused() -> None:
    with pytest.raises(GengineError, match="is for 'phones'; expected one for a2m, camn"):
        build("body network", "phones-v1")
    with pytest.raises(GengineError, match="expected one for 'camn'"):
        CamnNetwork("phones-v1")


@pytest.mark.parametrize("damage", ["net.body.outward.weight", "pose.body.mean", "shape", "fps"])
def test_a_checkpoint_that_does_not_fit_is_refused(damage: str, tiny_camn: Path, tmp_path: Path) -> None:
    config, tensors = load_checkpoint(tiny_camn)
    tensors.pop(damage, None)
    config.pop(damage, None)
    save_checkpoint(tmp_path, config, tensors)
    with pytest.raises(GengineError, match="train it again|restore the checkpoint"):
        CamnNetwork(tmp_path)


def test_an_exchanged_file_is_noticed(tiny_camn: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_camn, tmp_path / "copy"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "sha256": "0" * 64}))
    with pytest.raises(GengineError, match="SHA-256"):
        build("body network", str(folder))


def test_the_bundled_network_speaks_with_its_hands() -> None:
    """By its name: anger moves the wrists more than sadness, both move, and neither like the other seed's take."""
    samples = load_audio("demos/speech.wav").samples

    def wrists(emotion: str, seed: int) -> np.ndarray:
        session = Session(config=EngineConfig(body="camn"), emotion=emotion, seed=seed)
        parts = [p for p in (session.push(samples), session.flush()) if p is not None]
        motion = Performance.join(parts).motion
        assert motion is not None and not inspect(motion).limits
        places = motion.skeleton.forward(motion.rotations, motion.root)[0]
        return places[:, [motion.skeleton.index(f"{side}Hand") for side in ("Left", "Right")]]

    angry, sad, again = wrists("angry", 1), wrists("sad", 1), wrists("angry", 2)
    speeds = [30 * np.linalg.norm(np.diff(w, axis=0), axis=-1).mean() for w in (angry, sad)]
    assert speeds[0] > 1.5 * speeds[1] and speeds[1] > 0.02
    assert np.linalg.norm(angry - again, axis=-1).mean() > 0.03


def test_other_words_are_other_noise(speech: np.ndarray, tiny_camn: Path) -> None:
    """With one seed, what is drawn belongs to what is planned: else all recordings are gestured alike."""
    network = CamnNetwork(tiny_camn)
    noises = []
    for samples in (speech, speech[::-1].copy()):
        session = Session(config=EngineConfig(body=str(tiny_camn)), seed=1)
        session.push(samples)
        state = session._states["body"]
        state.end = 30
        loud = np.ones((20, AUDIO), np.float32)
        rows = Features(loud, *(np.zeros((20, 1), np.float32) for _ in range(5)))  # type: ignore[arg-type]
        noises.append(network._noise(state, rows))
    assert np.abs(noises[0] - noises[1]).mean() > 0.5
    rows.audio[:, SPEECH] = 0.0
    hushed = network._noise(state, rows)
    np.testing.assert_allclose(hushed, HUSHED * noises[1], atol=1e-6)
