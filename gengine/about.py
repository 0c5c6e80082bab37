"""What is installed: version, device, optional parts, checkpoints."""

from __future__ import annotations

import importlib.util
import os
import platform
from typing import Any

import gengine
from gengine.checkpoint import available
from gengine.extras import extras
from gengine.registry import names


def about() -> dict[str, Any]:
    """Version, device, formats, extras with their state, and bundled checkpoints with their size."""
    return {
        "gengine": gengine.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": _device(),
        "formats": ", ".join(names("exporters")),
        "extras": extras(),
        "checkpoints": available(),
    }


def _device() -> str:
    device = f"CPU, {os.cpu_count()} cores"
    if importlib.util.find_spec("torch") is not None:
        import torch

        if torch.cuda.is_available():
            device = f"{torch.cuda.get_device_name()} + {device}"
    return device
