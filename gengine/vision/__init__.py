"""Faces in pictures and films: found, measured at 478 points, cut out, and read as ARKit weights.

The networks are MediaPipe's (checkpoints/face-vision-v1), run in plain torch by a small interpreter: extra ``vision``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gengine.errors import MissingExtraError

if TYPE_CHECKING:
    from gengine.vision.faces import Faces


def load_faces() -> Faces:
    """The vision networks; torch is loaded first here. Raises MissingExtraError where it is absent."""
    try:
        from gengine.vision.faces import Faces
    except ImportError as error:
        if error.name != "torch":
            raise
        raise MissingExtraError("reading faces", "vision") from None
    return Faces()
