"""What outside packages bring: a body network, a training, and a package that cannot be imported."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from gengine import Session
from gengine.config import EngineConfig
from gengine.errors import GengineError
from gengine.registry import build, names, resolve
from gengine.training.settings import training_of

STILL = """
import numpy as np
from pathlib import Path
from pydantic import Field

from gengine.core.motion import Motion
from gengine.core.skeleton import beat_skeleton
from gengine.networks.base import MotionNetwork, NetworkSpec
from gengine.training.settings import Training


class StillBody(MotionNetwork):
    spec = NetworkSpec(consumes=(), produces="motion")

    def start(self, speaker, seed):
        return None

    def generate(self, conditions, state):
        frames, skeleton = len(conditions.frames(self.spec.fps)), beat_skeleton()
        turns = np.tile([1.0, 0, 0, 0], (frames, len(skeleton), 1))
        return Motion(skeleton, turns, np.tile([0.0, 1, 0], (frames, 1)), self.spec.fps)


class Choosy(StillBody):
    def __init__(self):
        raise RuntimeError("needs a licence")


class StillTraining(Training):
    stillness: float = Field(default=1.0, ge=0)

    def run(self, out):
        Path(out).mkdir()
        return Path(out)
"""
POINTS = """
[gengine.body_network]
still = still_body:StillBody
choosy = still_body:Choosy
nothing = still_body:Nothing
broken = broken_body:Body

[gengine.training]
still = still_body:StillTraining
"""


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that pip would have installed."""
    (tmp_path / "still_body.py").write_text(STILL)
    (tmp_path / "broken_body.py").write_text("import a_package_that_nobody_has\n")
    about = tmp_path / "still_body-1.2.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: still-body\nVersion: 1.2\n")
    (about / "entry_points.txt").write_text(POINTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in ("still_body", "broken_body"):
        sys.modules.pop(name, None)


def test_a_body_network_of_an_outside_package_moves(outside: Path) -> None:
    assert {"choreographer", "camn", "still"} <= set(names("body network"))
    session = Session(config=EngineConfig(body="still"), seed=3)
    session.push(np.zeros(16000, np.float32))
    made = session.flush()
    assert made is not None and made.motion is not None and len(made.motion) > 0
    assert np.ptp(made.motion.root, axis=0).max() == 0


def test_a_training_of_an_outside_package_is_typed_too(outside: Path) -> None:
    training = training_of({"train": "still", "stillness": 2}, "x.yaml")
    assert training.run(outside / "run").is_dir() and training.learned() == {"stillness": 2.0}
    with pytest.raises(GengineError, match="x.yaml: stillness = -1: input should be greater than or equal to 0"):
        training_of({"train": "still", "stillness": -1}, "x.yaml")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("broken", r"'broken': the package still-body 1\.2 .*ModuleNotFoundError.*a_package_that_nobody_has"),
        ("nothing", r"'nothing': the package still-body 1\.2 .*AttributeError"),
        ("choosy", "'choosy': cannot be built .RuntimeError: needs a licence"),
    ],
)
def test_a_package_that_fails_is_named_with_its_cause(outside: Path, name: str, says: str) -> None:
    with pytest.raises(GengineError, match=says):
        build("body network", name)


def test_an_unknown_name_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(GengineError, match="choose from choreographer, camn"):
        resolve("body network", "ballet")
    with pytest.raises(GengineError, match="or give the folder of a checkpoint"):
        build("body network", "ballet")
