"""three.js in node."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def three(node_modules: Path) -> Path:
    """The folder with ``node_modules``."""
    return node_modules.parent
