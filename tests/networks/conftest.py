"""A tiny CaMN with random weights over the choreographer's poses: everything but the learning is real."""

from __future__ import annotations

from pathlib import Path

import pytest

from gengine import Performance
from gengine.checkpoint import save_checkpoint


@pytest.fixture(scope="session")
def tiny_camn(tmp_path_factory: pytest.TempPathFactory, teacher: Performance) -> Path:
    """The folder of its checkpoint."""
    torch = pytest.importorskip("torch")
    from gengine.networks.camn.cascade import Camn
    from gengine.networks.camn.pose_space import PoseSpace
    from gengine.networks.camn.sizes import CamnShape

    assert teacher.motion is not None
    space = PoseSpace.of(teacher.motion.rotations, teacher.motion.root)
    torch.manual_seed(0)
    shape = CamnShape(*space.sizes, cues=2, width=32, blocks=2, hand_width=16, hand_blocks=1, condition=16)
    weights = {f"net.{k}": v.numpy() for k, v in Camn(shape).state_dict().items()}
    config = {
        "kind": "camn", "version": 2, "shape": shape.as_dict(), "fps": 15.0, "before": 9, "after": 9,
        "sampling": [4, 4], "cues": ["deictic_self", "negation"],
    }  # fmt: skip
    return save_checkpoint(tmp_path_factory.mktemp("camn") / "tiny", config, weights | space.tensors())
