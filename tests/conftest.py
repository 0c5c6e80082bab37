"""Shared fixtures."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from gengine import Session
from gengine.core import rotation
from gengine.core.audio import AudioClip
from gengine.core.emotion import EmotionTrack
from gengine.core.face import FaceTrack
from gengine.core.motion import Motion
from gengine.core.performance import Performance
from gengine.core.skeleton import BEAT_HIP_HEIGHT, Skeleton, beat_skeleton
from gengine.core.speaker import Speaker
from gengine.core.words import Phone, Word, WordTrack
from gengine.inputs.audio import load_audio

# neither how busy the machine is nor a throw of dice decides a test; pytest --hypothesis-profile search throws them
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same-everywhere", settings.get_profile("search"), derandomize=True)
settings.load_profile("same-everywhere")


def _data_folder() -> Path:
    default = Path(__file__).resolve().parents[1].parent / "shared" / "data"
    return Path(os.environ.get("GENGINE_DATA", default))


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """Folder of the reference recordings; tests that need it skip where it is absent."""
    folder = _data_folder()
    if not folder.is_dir():
        pytest.skip(f"reference recordings are not at {folder} (set GENGINE_DATA)")
    return folder


def _turns(rng: np.random.Generator, frames: int, joints: int, size: float) -> np.ndarray:
    """Smooth random rotations of about ``size`` radians."""
    phase, rate = rng.uniform(0, 6.28, (2, joints, 3))
    return rotation.from_rotvec(size * np.sin(np.arange(frames)[:, None, None] / 30 * rate + phase))


@pytest.fixture(scope="session")
def make_motion() -> Callable[..., Motion]:
    """A moving figure: every joint turns smoothly by up to ``size`` radians, the root wanders."""

    def make(frames: int = 90, fps: float = 30.0, size: float = 0.4, seed: int = 0, skeleton: Skeleton | None = None):
        rng = np.random.default_rng(seed)
        skeleton = skeleton or beat_skeleton()
        root = 0.3 * np.sin(np.arange(frames)[:, None] / 30 * rng.uniform(0, 3, 3)) + [0, BEAT_HIP_HEIGHT, 0]
        return Motion(skeleton, _turns(rng, frames, len(skeleton), size), root, fps)

    return make


@pytest.fixture(scope="session")
def make_performance(make_motion) -> Callable[..., Performance]:
    """A whole performance of ``seconds`` with every track filled, the same for the same ``seed``."""

    def make(seconds: float = 3.0, seed: int = 0, fps: float = 30.0, face_fps: float = 60.0, rate: int = 16_000):
        rng = np.random.default_rng(seed)
        body, face, mood = (round(seconds * r) for r in (fps, face_fps, 50))
        return Performance(
            audio=AudioClip(rng.uniform(-1, 1, round(seconds * rate)), rate),
            words=WordTrack(
                tuple(Word(f"wörd{i}", i * 0.5, i * 0.5 + 0.4) for i in range(int(seconds * 2))),
                tuple(Phone("AA", i * 0.25, i * 0.25 + 0.2, i % 3) for i in range(int(seconds * 4))),
                source="given",
            ),
            emotion=EmotionTrack(rng.random((mood, 18)), rng.uniform(-1, 1, (mood, 3)), 50.0),
            speaker=Speaker.named("zoë"),
            motion=make_motion(body, fps, seed=seed),
            face=FaceTrack(
                rng.random((face, 52)), _turns(rng, face, 1, 0.3)[:, 0], rng.uniform(-0.4, 0.4, (face, 2)), face_fps
            ),
            provenance={"seed": seed, "settings": {"emotion": "happy", "share": 1 / 3, "notes": [None, True, "é"]}},
        )

    return make


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """JavaScript packages of ``tests/three/package.json``, installed once; skips where node cannot have them."""
    import fcntl
    import shutil
    import subprocess

    home = Path(__file__).parent / "three"
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node and npm are not installed")
    with (home / ".install.lock").open("w") as lock:  # test processes run side by side
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = ("three", "gltf-validator", "playwright-core")
        if not all((home / "node_modules" / name / "package.json").is_file() for name in wanted):
            command = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund"]
            done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"the node packages cannot be installed: {done.stderr.strip().splitlines()[-1:]}")
    return home / "node_modules"


@pytest.fixture(scope="session")
def speech() -> np.ndarray:
    return load_audio("demos/speech.wav").samples[: 16000 * 7]


@pytest.fixture(scope="session")
def teacher(speech: np.ndarray) -> Performance:
    session = Session(emotion="happy:0.7", seed=3)
    return Performance.join([p for p in (session.push(speech), session.flush()) if p is not None])
