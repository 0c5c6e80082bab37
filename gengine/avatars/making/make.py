"""Avatars of one's own from phenotypes; needs the extra ``avatars`` (the anny package) while making, not after."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from gengine.avatars.making.appearances import APPEARANCES, Appearance
from gengine.avatars.making.bake import _GROUPS, build, pieces, quantised, shape
from gengine.avatars.making.body_mesh import body_names, unpacked
from gengine.avatars.making.dress import dress
from gengine.avatars.making.lip_seal import lips_closed
from gengine.avatars.making.skin_texture import paint
from gengine.avatars.store import save_avatar
from gengine.core.avatar import Avatar
from gengine.errors import GengineError, unknown

ANCESTRIES = ("african", "asian", "caucasian")
"""MakeHuman's names of its three sets of facial proportions."""


def make_avatar(
    path: str | Path | None = None,
    *,
    name: str = "me",
    sex: float = 1.0,
    age: float = 30.0,
    height: float = 1.70,
    weight: float = 0.5,
    muscle: float = 0.5,
    ancestry: dict[str, float] | None = None,
    local: dict[str, float] | None = None,
    look: str | Appearance | None = None,
) -> Avatar:
    """Make a dressed avatar and save it to ``path`` (``.npz``) where one is given.

    ``sex`` 0 male to 1 female; ``age`` years, 14-90; ``height`` m, 1.4-2.1; ``weight`` and ``muscle`` 0-1 around
    0.5; ``ancestry`` shares of ``ANCESTRIES``; ``local`` MakeHuman's local changes (-1 to 1), such as
    ``{"nose-hump-incr": 0.3}``; ``look`` a preset's name or an ``Appearance`` (default: the preset nearest in
    sex and age, its skin lined by age). The first call builds the phenotype model, which takes minutes.
    """
    for key, value, low, high in (
        ("sex", sex, 0, 1), ("age", age, 14, 90), ("height", height, 1.4, 2.1), ("weight", weight, 0, 1),
        ("muscle", muscle, 0, 1),
    ):  # fmt: skip
        if not low <= value <= high:
            raise GengineError(f"make_avatar {key}={value}: expected {low} to {high}")
    shares = ancestry or {"caucasian": 1.0}
    if set(shares) - set(ANCESTRIES) or sum(shares.values()) <= 0:
        raise GengineError(f"make_avatar ancestry={ancestry}: expected positive shares of {', '.join(ANCESTRIES)}")
    if path is not None and Path(path).suffix.lower() != ".npz":
        raise GengineError(f"make_avatar path={path}: expected a name that ends in .npz")
    chosen = _look(look, sex, age)
    model = build()
    known = set(model.local_change_labels)
    for key in local or {}:
        if key not in known:
            raise GengineError(
                f"make_avatar local: '{key}' is unknown; see MakeHuman's targets, such as nose-hump-incr"
            )
    body = {
        "gender": float(sex), "age": float(np.interp(age, [11, 25, 90], [1 / 3, 2 / 3, 1.0])), "weight": float(weight),
        "muscle": float(muscle), "proportions": 0.6,
        **{k: shares.get(k, 0.0) / sum(shares.values()) for k in ANCESTRIES},
    }  # fmt: skip
    vertices, joints = shape(model, body, local)
    triangles = pieces(model)
    used = np.unique(np.concatenate([triangles[f"tri_{group}"].ravel() for group in _GROUPS]))
    figure = lips_closed(unpacked(name, quantised(name, vertices, joints, used, height)).eased())
    avatar = dress(figure, chosen, paint(chosen))
    if path is not None:
        save_avatar(avatar, path)
    return avatar


def _look(look: str | Appearance | None, sex: float, age: float) -> Appearance:
    if isinstance(look, Appearance):
        return look
    if look is None:
        old = age > 52
        look = ("clara" if old else "anna") if sex > 0.5 else ("david" if old else "ben")
    elif look not in APPEARANCES:
        raise unknown("make_avatar look", look, body_names(), "or give an Appearance")
    return replace(APPEARANCES[look], age=float(np.clip((age - 35) / 40, 0, 1)))
