"""Teeth, gums, tongue and the dark inside of the mouth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gengine.avatars.making.body_mesh import BodyMesh, piece_index
from gengine.avatars.making.makehuman_rig import makehuman_rig
from gengine.avatars.making.skinned_mesh import Deltas, SkinnedMesh, rigid, sheet
from gengine.avatars.making.uv_layout import uv_layout
from gengine.core.avatar import Material, Part

_WIDTHS = {"upper": (8.6, 6.8, 7.6, 7.0, 6.8, 9.5, 9.0), "lower": (5.4, 5.9, 6.8, 7.0, 7.1, 10.5, 10.0)}
"""Teeth of half a jaw from the middle, mm (textbook averages)."""
_LENGTHS = {"upper": (10.4, 9.0, 10.0, 8.4, 7.9, 7.2, 6.8), "lower": (8.8, 9.2, 10.2, 8.6, 8.0, 7.4, 7.0)}
_ACROSS, _DOWN = 6, 5


def inner_mouth(body: BodyMesh, tone: tuple[float, float, float]) -> list[Part]:
    """Every part behind the lips; the lower ones follow the jaw through the body's own shapes."""
    flat = uv_layout()
    skin = body.piece("body")
    blood = np.array([0.50, 0.19, 0.18]) * (0.55 + 0.45 * np.mean(tone) / 0.75)
    parts = [skin.take(flat.mouth).part("mouth", _wet("mouth", blood, 0.5))]
    parts.append(
        skin.take(flat.sockets).part(
            "sockets", Material("sockets", "skin", _color(np.array(tone) * [0.86, 0.62, 0.58]), 0.5)
        )
    )
    for jaw in ("upper", "lower"):
        teeth, gums = _arch(body, jaw)
        parts.append(teeth.part(f"teeth_{jaw}", Material(f"teeth_{jaw}", "teeth", (0.93, 0.90, 0.82, 1.0), 0.25)))
        parts.append(
            gums.part(
                f"gums_{jaw}",
                _wet(f"gums_{jaw}", np.array([0.68, 0.36, 0.36]) * (0.6 + 0.4 * np.mean(tone) / 0.75), 0.3),
            )
        )
    parts.append(body.piece("tongue").part("tongue", _wet("tongue", np.array([0.66, 0.33, 0.33]), 0.4)))
    return parts


def _color(rgb: NDArray) -> tuple[float, float, float, float]:
    return (float(rgb[0]), float(rgb[1]), float(rgb[2]), 1.0)


def _wet(name: str, rgb: NDArray, roughness: float) -> Material:
    return Material(name, "mouth", _color(rgb), roughness, None, True)


def _arch(body: BodyMesh, jaw: str) -> tuple[SkinnedMesh, SkinnedMesh]:
    """Teeth as one strip with a groove between neighbours, and the gum above (below) them."""
    index = piece_index(f"teeth_{jaw}")
    points = body.vertices[index]
    up = 1.0 if jaw == "upper" else -1.0
    # the outer face of MakeHuman's strip gives the curve: an even polynomial through its farthest points
    middle = np.array([0.0, points[:, 1].mean(), np.percentile(points[:, 2], 25)])
    angle = np.arctan2(points[:, 0], points[:, 2] - middle[2])
    reach = np.hypot(points[:, 0], points[:, 2] - middle[2])
    edges = np.linspace(0, 1.9, 11)
    bins = [
        np.flatnonzero((np.abs(angle) >= lo) & (np.abs(angle) < hi))
        for lo, hi in zip(edges[:-1], edges[1:], strict=True)
    ]
    far = np.array([hit[np.argmax(reach[hit])] for hit in bins if len(hit)])
    design = np.stack([angle[far] ** (2 * k) for k in range(3)], axis=1)
    fit, *_ = np.linalg.lstsq(design, reach[far], rcond=None)
    turn = np.linspace(-1, 1, 400) * np.abs(angle[far]).max()
    inset = 0.0 if jaw == "upper" else 0.0022  # the lower teeth close behind the upper ones
    radius = np.stack([turn ** (2 * k) for k in range(3)], axis=1) @ fit - inset
    arch = np.stack([radius * np.sin(turn), middle[2] + radius * np.cos(turn)], axis=1)
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(arch, axis=0), axis=1))])
    along -= along[-1] / 2
    size = body.face_scale
    widths = np.array(_WIDTHS[jaw]) * 1e-3
    widths *= min(1.0, along[-1] / widths.sum()) if along[-1] < widths.sum() else 1.0
    tip = points[:, 1].min() if jaw == "upper" else points[:, 1].max()
    tip -= (0.0022 if jaw == "upper" else 0.0002) * size

    def on_arch(s: NDArray, inward: NDArray) -> NDArray:
        x, z = np.interp(s, along, arch[:, 0]), np.interp(s, along, arch[:, 1])
        tx, tz = np.gradient(arch[:, 0], along), np.gradient(arch[:, 1], along)
        nx, nz = -np.interp(s, along, tz), np.interp(s, along, tx)
        norm = np.hypot(nx, nz)
        sign = np.sign(nx * x + nz * (z - middle[2]))
        return np.stack([x - sign * nx / norm * inward, z - sign * nz / norm * inward], axis=-1)

    starts = np.concatenate([[0], np.cumsum(widths)])
    rows = np.linspace(0, 1, _DOWN)
    grid = np.zeros((_DOWN + 2, 0, 3))
    for half in (-1, 1):
        teeth = range(7) if half > 0 else range(6, -1, -1)
        for t in teeth:
            across = np.linspace(0, 1, _ACROSS)
            s = half * (starts[t] + across * widths[t]) if half > 0 else -(starts[t] + (1 - across) * widths[t])
            c = 2 * across - 1
            tall = _LENGTHS[jaw][t] * 1e-3 * size
            # rounded in both directions, narrower at the neck
            crown = 0.0011 * (np.abs(c) ** 3.2)[None, :] + 0.0009 * np.clip(1 - rows * 2.4, 0, 1)[:, None] ** 2
            s = s[None, :] - np.sign(c)[None, :] * np.abs(c)[None, :] ** 3 * 0.0004 * (1 - rows)[
                :, None
            ] * half * np.sign(half)
            lift = 0.0007 * (np.abs(c) ** 4)[None, :] * (1 - rows)[:, None] + 0.0009 * (np.abs(c) ** 6)[None, :] * rows[
                :, None
            ] * (1 if t < 3 else 0.4)
            y = (
                tip
                + up * (tall * (1 - rows)[:, None] + 0 * c[None, :])
                - up * 0
                + up * lift * np.where(rows > 0.5, 1, -1)[:, None]
            )
            xz = on_arch(np.broadcast_to(s, y.shape), crown + 0.0008 * rows[:, None] ** 3)
            front = np.stack([xz[..., 0], y, xz[..., 1]], axis=-1)
            back_s = np.broadcast_to(s[-1:], (1, _ACROSS))
            inner = [on_arch(back_s[0], np.full(_ACROSS, d)) for d in (0.0026, 0.0045)]
            back = [
                np.stack([q[:, 0], np.full(_ACROSS, tip + up * rise), q[:, 1]], axis=-1)
                for q, rise in zip(inner, (0.0004, 0.006), strict=True)
            ]
            block = np.concatenate([front, np.stack(back)])
            grid = np.concatenate([grid, block], axis=1)
    vertices, triangles, uv = sheet(grid)
    if jaw == "upper":
        triangles = triangles[:, ::-1]
    teeth = _following(body, index, vertices, triangles, uv)
    # gums: from under the teeth's necks up to the vestibule
    s = np.linspace(-starts[-1], starts[-1], 90)
    which = np.clip(np.searchsorted(starts, np.abs(s), side="right") - 1, 0, 6)
    inside = (np.abs(s) - starts[which]) / widths[which]
    necks = np.array(_LENGTHS[jaw])[which] * 1e-3 * size
    scallop = necks - 0.0010 - 0.0016 * np.abs(2 * inside - 1) ** 2.2
    levels = [(scallop, 0.0004), (scallop + 0.0008, -0.0006), (necks + 0.003, -0.0008), (necks + 0.009, 0.0012)]
    strip = []
    for level, inward in levels:
        xz = on_arch(s, np.full(len(s), inward))
        strip.append(np.stack([xz[:, 0], tip + up * level, xz[:, 1]], axis=-1))
    vertices, triangles, uv = sheet(np.stack(strip))
    if jaw == "lower":
        triangles = triangles[:, ::-1]
    return teeth, _following(body, index, vertices, triangles, uv)


def _following(body: BodyMesh, index: NDArray, vertices: NDArray, triangles: NDArray, uv: NDArray) -> SkinnedMesh:
    """A surface that shares the rigid motion of base-mesh vertices ``index``, morph by morph."""
    source = body.vertices[index]
    moved: Deltas = {}
    for name, (where, delta) in body.shapes.items():
        dense = np.zeros((len(body.vertices), 3))
        dense[where] = delta
        change = dense[index]
        if np.abs(change).max() < 1e-4:
            continue
        # the affine map that best explains the motion of the source
        design = np.concatenate([source, np.ones((len(source), 1))], axis=1)
        map_, *_ = np.linalg.lstsq(design, change, rcond=None)
        moved[name] = (np.arange(len(vertices)), np.concatenate([vertices, np.ones((len(vertices), 1))], axis=1) @ map_)
    head = rigid(len(vertices), makehuman_rig().names.index("Head"), len(makehuman_rig().names))
    return SkinnedMesh(vertices, triangles, head, uv, moved)
