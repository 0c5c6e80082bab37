"""Puts a look on a body: every part of a finished avatar."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gengine.avatars.making.appearances import APPEARANCES, Appearance
from gengine.avatars.making.body_mesh import BodyMesh, assembled, baked_arrays, body_names, piece_index, unpacked
from gengine.avatars.making.clothes import dressed
from gengine.avatars.making.eyes import eyeball, lashes, off_eyeballs
from gengine.avatars.making.folds import folded
from gengine.avatars.making.hair import BALD, hair
from gengine.avatars.making.lip_seal import lips_closed, seal_table
from gengine.avatars.making.mouth import inner_mouth
from gengine.avatars.making.skin_texture import lip_edge, painted_at
from gengine.avatars.making.skinned_mesh import Deltas, SkinnedMesh
from gengine.avatars.making.uv_layout import uv_layout
from gengine.avatars.store import is_avatar_file, read_avatar, save_avatar
from gengine.core.avatar import Avatar, Material
from gengine.errors import GengineError, unknown

OVER_EARS = ("long", "bob")
"""Styles that hang over the ears."""
EAR_ROOT, PRESSED, MASKED = 0.069, 0.85, 90
"""Half the breadth of the middle head at the ears, m, the share of what lies beyond it that hair presses in, and the
ears' mask (0-255) from which a place is wholly the ear's."""
COARSE = 0.006
"""Metres: a bare skull's triangles with edges longer than this are rounded."""


def avatar_names() -> list[str]:
    """The presets."""
    return [name for name in body_names() if name in APPEARANCES]


def load_avatar(name: str | Path = "anna") -> Avatar:
    """A dressed preset, or an avatar saved by ``make_avatar`` by the path of its ``.npz``.

    A preset is dressed the first time (about a second) and read from the cache from then on: the folder
    ``gengine`` in ``XDG_CACHE_HOME`` (``~/.cache``); an empty ``GENGINE_CACHE`` turns that off, a path moves it.
    """
    if str(name).endswith(".npz"):
        return read_avatar(name)
    if name not in avatar_names():
        raise unknown("avatar", name, avatar_names(), "or give the path of an avatar's file")
    kept = _cached(str(name))
    if kept is not None and is_avatar_file(kept):
        try:
            return read_avatar(kept)
        except GengineError:
            pass  # a damaged cache is made again
    avatar = dress(preset_body(str(name)), APPEARANCES[str(name)], _texture(str(name)))
    if kept is not None:
        try:
            save_avatar(avatar, kept, compress=False)
        except GengineError:
            pass  # a cache that cannot be written only costs time
    return avatar


def _texture(name: str) -> NDArray[np.uint8]:
    with resources.files("gengine.avatars").joinpath(f"data/skin_{name}.jpg").open("rb") as file:
        return np.asarray(Image.open(file))


def _cached(name: str) -> Path | None:
    """Where a dressed preset is kept; the file's name changes with the code and data that make it."""
    place = os.environ.get("GENGINE_CACHE")
    if place == "":
        return None
    try:
        folder = Path(place) if place else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gengine"
    except RuntimeError:  # a user without a home
        return None
    mark = hashlib.sha256()
    code, data = Path(__file__).parent, Path(__file__).parents[1] / "data"
    for path in sorted([*code.glob("*.py"), data / "bodies.npz", data / "folds.csv", data / f"skin_{name}.jpg"]):
        mark.update(path.read_bytes())
    return folder / f"avatar_{name}_{mark.hexdigest()[:16]}.npz"


@cache
def preset_body(name: str) -> BodyMesh:
    """A preset's body with a friendly neutral face and closed lips; an unknown name is a ``GengineError``."""
    if name not in body_names():
        raise unknown("avatar", name, body_names())
    return lips_closed(unpacked(name, baked_arrays()).eased())


def bare_avatar(name: str) -> Avatar:
    """The undressed figure of a preset in plain materials: body, tongue, teeth and eyes."""
    figure = preset_body(name)
    kinds = {
        "body": "skin", "tongue": "mouth", "teeth_upper": "teeth", "teeth_lower": "teeth", "eye_left": "eye",
        "eye_right": "eye",
    }  # fmt: skip
    parts = tuple(
        figure.piece(piece).part(
            piece, Material(piece, kind, (0.85, 0.65, 0.55, 1.0) if kind == "skin" else (0.9, 0.9, 0.9, 1.0))
        )
        for piece, kind in kinds.items()
    )
    return assembled(figure, parts)


def dress(body: BodyMesh, look: Appearance, texture: NDArray[np.uint8]) -> Avatar:
    """A finished avatar; ``texture`` is what ``skin.paint`` gives for the look."""
    whole = off_eyeballs(skin_surface(body), body)
    if look.hair in OVER_EARS:
        whole = pressed_ears(whole, body)
    garments, hidden = dressed(body, look)
    bare = ~hidden[uv_layout().source]
    kept = whole.triangles[bare[whole.triangles].any(1) & ~uv_layout().inner_lips]
    shown = folded(whole.take(kept), painted_at()[np.unique(kept)], look.age, body.face_scale)
    if look.hair in BALD:  # the bare skull is seen against the light
        high = shown.vertices[:, 1] > body.joint("LeftEye")[1] + 0.018
        shown = shown.rounded(high[shown.triangles].all(1) & (shown.longest_edges() > COARSE))
    parts = [shown.part("skin", Material("skin", "skin", (1.0, 1.0, 1.0, 1.0), 0.48, texture))]
    parts += inner_mouth(body, look.tone, lip_edge(look))
    parts += [eyeball(body, side, look.iris, look.age, look.seed) for side in ("left", "right")]
    parts.append(lashes(body, look.hair_color, look.makeup, look.seed))
    parts += hair(body, look)
    parts += garments
    return assembled(body, tuple(parts), seal_table(body))


def pressed_ears(skin: SkinnedMesh, body: BodyMesh) -> SkinnedMesh:
    """The skin with its ears laid against the skull, as hair that hangs over them does."""
    mask = baked_arrays()["mask_ears"][piece_index("body")][uv_layout().source].astype(float) / MASKED
    aside, limit = np.abs(skin.vertices[:, 0]), EAR_ROOT * body.face_scale
    over = np.clip(aside - limit, 0, None) * PRESSED * np.clip(mask, 0, 1)
    vertices = skin.vertices.copy()
    vertices[:, 0] -= np.sign(vertices[:, 0]) * over
    return replace(skin, vertices=vertices)


def skin_surface(body: BodyMesh) -> SkinnedMesh:
    """The body's skin split along its texture's seams."""
    flat = uv_layout()
    source = body.piece("body")
    order = np.argsort(flat.source, kind="stable")
    ordered = flat.source[order]
    moved: Deltas = {}
    for name, (index, delta) in source.morphs.items():
        first, last = np.searchsorted(ordered, index), np.searchsorted(ordered, index, side="right")
        count = last - first
        at = np.repeat(first, count) + np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        moved[name] = (order[at], np.repeat(delta, count, axis=0))
    return SkinnedMesh(source.vertices[flat.source], flat.triangles, source.skin[flat.source], flat.uv, moved)
