"""Shoes lofted around the feet."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gengine.avatars.making.appearances import Color
from gengine.avatars.making.body_mesh import BodyMesh
from gengine.avatars.making.skinned_mesh import SkinnedMesh, joined, sheet, skin_from
from gengine.core.avatar import Material, Part

SOLE = 0.016


def shoes(body: BodyMesh, color: Color) -> tuple[list[Part], Callable[[NDArray], NDArray]]:
    """Both shoes (upper and sole) and the field of what they hide."""
    uppers, soles = [], []
    foot = body.piece("tights")
    for side in ("Left", "Right"):
        upper, sole = _shoe(body, foot, side)
        uppers.append(upper)
        soles.append(sole)
    light = 0.9 if sum(color) > 1.8 else 0.16
    parts = [
        joined(uppers).part("shoes", Material("shoes", "cloth", (*color, 1.0), 0.5, None, True)),
        joined(soles).part(
            "soles", Material("soles", "plain", (light, light * 0.97, light * 0.93, 1.0), 0.8, None, True)
        ),
    ]
    top = body.joint("LeftFoot")[1]

    def field(p: NDArray) -> NDArray:
        return np.minimum(top - p[:, 1], 0.5 - np.abs(p[:, 0]))

    return parts, field


def _shoe(body: BodyMesh, hull: SkinnedMesh, side: str) -> tuple[SkinnedMesh, SkinnedMesh]:
    sign = 1.0 if side == "Left" else -1.0
    ankle = body.joint(f"{side}Foot")
    own = hull.vertices[(hull.vertices[:, 0] * sign > 0.0) & (hull.vertices[:, 1] < ankle[1] + 0.01)]
    heel, toe = own[:, 2].min() - 0.006, own[:, 2].max() + 0.010
    stations = heel + (toe - heel) * (0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, 26)))
    around = np.linspace(0, np.pi, 15)  # from the inner edge of the sole over the instep to the outer
    rings, edge = [], []
    for z in stations:
        near = own[np.abs(own[:, 2] - np.clip(z, heel + 0.02, toe - 0.025)) < 0.014]
        low, high, tall = near[:, 0].min(), near[:, 0].max(), near[:, 1].max()
        # round off both ends
        t = (z - heel) / (toe - heel)
        close = np.sqrt(np.clip(1 - np.clip((0.10 - t) / 0.10, 0, 1) ** 2, 0, 1)) * np.sqrt(
            np.clip(1 - np.clip((t - 0.80) / 0.20, 0, 1) ** 2.3, 0, 1)
        )
        middle, half = 0.5 * (low + high), 0.5 * (high - low) + 0.005
        half = max(half * close, 0.002)
        shaft = np.clip((ankle[2] + 0.045 - z) / 0.05, 0, 1)
        height = (min(tall, np.interp(t, [0, 0.42, 0.7, 1], [0.10, 0.088, 0.055, 0.036])) + 0.006) * (
            0.35 + 0.65 * close**0.5
        )
        height = max(height, SOLE + 0.006) * (1 - shaft) + (ankle[1] - 0.012) * shaft
        y = SOLE * 0.4 + (height - SOLE * 0.4) * np.abs(np.sin(around)) ** (0.72 - 0.2 * shaft)
        x = middle - half * np.sign(np.cos(around)) * np.abs(np.cos(around)) ** 0.72
        rings.append(np.stack([x, y, np.full(15, z)], axis=1))
        edge.append((middle, half))
    grid = np.stack(rings)
    vertices, triangles, uv = sheet(grid)
    upper = SkinnedMesh(vertices, triangles[:, ::-1], skin_from(vertices, hull, 8), uv)
    ring = np.array([[m - h * 1.05 - 0.002, m + h * 1.05 + 0.002] for m, h in edge])
    outline = np.concatenate([np.stack([ring[:, 0], stations], 1), np.stack([ring[::-1, 1], stations[::-1]], 1)])
    rows = [np.stack([outline[:, 0], np.full(len(outline), y), outline[:, 1]], 1) for y in (0.0, SOLE)]
    centre = outline.mean(0)
    lid = np.tile([[centre[0], SOLE, centre[1]]], (len(outline), 1))
    grid = np.stack([np.concatenate([row, row[:1]]) for row in (rows[0], rows[1], lid)])
    vertices, triangles, uv = sheet(grid)
    return upper, SkinnedMesh(vertices, triangles, skin_from(vertices, hull, 8), uv)
