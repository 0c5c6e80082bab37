"""A face to write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from gengine.core.face import FaceTrack
from gengine.core.performance import Performance


@pytest.fixture
def with_face(make_performance) -> Callable[[FaceTrack], Performance]:
    """A performance around a given face."""
    return lambda face: replace(make_performance(0.1), face=face)
