"""Which of the backends draws an avatar here."""

from __future__ import annotations

from gengine.core.avatar import Avatar
from gengine.errors import MissingExtraError, unknown
from gengine.renderers.base import AvatarBackend

BACKENDS = ("auto", "gl", "soft", "pytorch3d")
"""OpenGL through EGL, numba, and PyTorch3D; auto is gl on a graphics card, else soft."""


def open_backend(name: str, avatar: Avatar, width: int, height: int) -> AvatarBackend:
    """The backend called ``name`` for pictures of ``width`` x ``height`` pixels.

    Raises ``GengineError`` for a name not in ``BACKENDS`` and for a backend that cannot run here.
    """
    if name not in BACKENDS:
        raise unknown("--backend", name, BACKENDS)
    if name == "pytorch3d":
        from gengine.renderers.avatar.differentiable import Pytorch3dBackend

        return Pytorch3dBackend(avatar, width, height)
    from gengine.renderers.avatar.gl import GlBackend, hardware
    from gengine.renderers.avatar.soft import SoftBackend

    if name == "gl" or (name == "auto" and hardware()):
        return GlBackend(avatar, width, height)
    try:
        return SoftBackend(avatar, width, height)
    except MissingExtraError:
        if name == "soft":
            raise
    return GlBackend(avatar, width, height)
