"""Where every random generator of this process stands, as JSON, so that a run can go on exactly."""

from __future__ import annotations

import base64
import random
from typing import Any

import numpy as np


def seed_all(seed: int) -> None:
    """Seed torch (all devices), numpy's and Python's global generators."""
    import torch

    torch.manual_seed(seed % 2**63)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - code outside gengine may use it
    random.seed(seed)


def random_state() -> dict[str, Any]:
    """State of torch's, numpy's and Python's global generators."""
    import torch

    kind, keys, position, has_gauss, gauss = np.random.get_state()  # noqa: NPY002
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {
        "torch": _text(torch.get_rng_state().numpy()),
        "cuda": [_text(state.numpy()) for state in devices],
        "numpy": [kind, _text(np.asarray(keys)), position, has_gauss, gauss],
        "python": random.getstate(),
    }


def set_random_state(state: dict[str, Any]) -> None:
    """Put every generator where ``random_state`` found it."""
    import torch

    torch.set_rng_state(torch.from_numpy(_array(state["torch"], np.uint8)))
    if torch.cuda.is_available() and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([torch.from_numpy(_array(text, np.uint8)) for text in state["cuda"]])
    kind, keys, *rest = state["numpy"]
    np.random.set_state((kind, _array(keys, np.uint32), *rest))  # noqa: NPY002
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))


def _text(values: np.ndarray) -> str:
    return base64.b64encode(values.tobytes()).decode()


def _array(text: str, kind: Any) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), kind).copy()
