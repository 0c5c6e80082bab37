"""Shared fixtures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


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
