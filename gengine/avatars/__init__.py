"""Persons to dress a performance in: eight presets, one's own from phenotypes, and rigs brought in from files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gengine.core.avatar import Avatar

__all__ = ["avatar_names", "load_avatar", "make_avatar"]


def load_avatar(name: str | Path = "anna") -> Avatar:
    """A dressed preset by name, or an avatar saved by ``make_avatar`` by the path of its ``.npz``."""
    from gengine.avatars.making.dress import load_avatar as load

    return load(name)


def avatar_names() -> list[str]:
    """The presets."""
    from gengine.avatars.making.dress import avatar_names as names

    return names()


def make_avatar(*args: Any, **kwargs: Any) -> Avatar:
    """An avatar of one's own from phenotypes; see ``gengine.avatars.making.make.make_avatar``."""
    from gengine.avatars.making.make import make_avatar as make

    return make(*args, **kwargs)
