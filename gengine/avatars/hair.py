"""Hair grown from the scalp."""

from __future__ import annotations

from gengine.avatars.bodies import Body
from gengine.avatars.looks import Look
from gengine.core.avatar import Part


def hair(body: Body, look: Look) -> list[Part]:
    """The parts of a look's hair (none yet: a painted scalp)."""
    return []
