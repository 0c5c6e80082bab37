"""Teeth, gums, tongue and the dark inside of the mouth."""

from __future__ import annotations

from dataclasses import dataclass

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
"""Columns and rows of vertices on the front of a tooth."""
_SPAN, _BINS = 1.9, 10
"""Half the arch seen from its centre (rad; MakeHuman's strip reaches that far) and the sectors that are fitted."""
_INSET = {"upper": 0.0, "lower": 0.0022}
"""How far inside MakeHuman's strip the teeth stand, m: the lower ones close behind the upper ones (judgement)."""
_LOWERED = {"upper": 0.0022, "lower": 0.0002}
"""Cutting edges below MakeHuman's, m, on the middle face: so much shows between parted lips (judgement)."""
_BULGE, _SLOPE, _UNDERCUT = 0.0011, 0.0009, 0.0008
"""How far the front of a crown recedes (m): at its sides, at its neck, at its cutting edge. All measures of a crown's
form are judgement, by eye against photographs."""
_NECK, _GUM_LINE, _EDGE = 0.0004, 0.0007, 0.0009
"""Narrowing at the neck, fall of the gum line at its sides, rounding of the cutting edge's corners (m)."""
_BACK = ((0.0026, 0.0004), (0.0045, 0.006))
"""Two rows behind the cutting edge: depth and height over it (m)."""


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
        teeth, gums = _teeth_and_gums(body, jaw)
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


@dataclass(frozen=True, eq=False)
class DentalArch:
    """The curve that the teeth of one jaw stand on, seen from above, and the measures of its teeth (m).

    ``curve (N, 2)`` are x and z at the arc lengths ``along (N,)`` from the middle of the face, ``normal (N, 2)`` its
    directions across; ``centre`` is what "inward" leads to. ``up`` is 1 for the upper jaw, -1 for the lower; ``tip``
    the height of the cutting edges; ``widths`` and ``lengths (7,)`` are half a jaw's, from the middle.
    """

    curve: NDArray[np.float64]
    along: NDArray[np.float64]
    normal: NDArray[np.float64]
    centre: float
    up: float
    tip: float
    widths: NDArray[np.float64]
    lengths: NDArray[np.float64]

    @property
    def starts(self) -> NDArray[np.float64]:
        """Where half a jaw's teeth begin along the arch, and where the last one ends ``(8,)``."""
        return np.concatenate([[0], np.cumsum(self.widths)])

    def at(self, s: NDArray, inward: NDArray) -> NDArray[np.float64]:
        """x and z ``(..., 2)`` at arc lengths ``s``, moved ``inward`` (m) off the curve."""
        x, z = np.interp(s, self.along, self.curve[:, 0]), np.interp(s, self.along, self.curve[:, 1])
        nx, nz = np.interp(s, self.along, self.normal[:, 0]), np.interp(s, self.along, self.normal[:, 1])
        norm = np.hypot(nx, nz)
        sign = np.sign(nx * x + nz * (z - self.centre))
        return np.stack([x - sign * nx / norm * inward, z - sign * nz / norm * inward], axis=-1)


def _dental_arch(points: NDArray, jaw: str, size: float) -> DentalArch:
    """The arch behind MakeHuman's strip of teeth ``points (N, 3)``, for a face of ``size`` times the middle one.

    An even polynomial in polar coordinates goes through the strip's farthest points, which are its outer face.
    """
    centre = np.percentile(points[:, 2], 25)
    angle = np.arctan2(points[:, 0], points[:, 2] - centre)
    reach = np.hypot(points[:, 0], points[:, 2] - centre)
    edges = np.linspace(0, _SPAN, _BINS + 1)
    bins = [
        np.flatnonzero((np.abs(angle) >= lo) & (np.abs(angle) < hi))
        for lo, hi in zip(edges[:-1], edges[1:], strict=True)
    ]
    far = np.array([hit[np.argmax(reach[hit])] for hit in bins if len(hit)])
    fit, *_ = np.linalg.lstsq(_even_powers(angle[far]), reach[far], rcond=None)
    turn = np.linspace(-1, 1, 400) * np.abs(angle[far]).max()
    radius = _even_powers(turn) @ fit - _INSET[jaw]
    curve = np.stack([radius * np.sin(turn), centre + radius * np.cos(turn)], axis=1)
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    along -= along[-1] / 2
    normal = np.stack([-np.gradient(curve[:, 1], along), np.gradient(curve[:, 0], along)], axis=1)
    widths = np.array(_WIDTHS[jaw]) * 1e-3
    widths *= min(1.0, along[-1] / widths.sum())  # a short arch has narrower teeth, not fewer
    up = 1.0 if jaw == "upper" else -1.0
    tip = points[:, 1].min() if jaw == "upper" else points[:, 1].max()
    tip -= _LOWERED[jaw] * size
    return DentalArch(curve, along, normal, centre, up, tip, widths, np.array(_LENGTHS[jaw]) * 1e-3 * size)


def _even_powers(x: NDArray) -> NDArray[np.float64]:
    """Columns 1, x², x⁴."""
    return np.stack([x ** (2 * k) for k in range(3)], axis=1)


def _crowns(arch: DentalArch) -> NDArray[np.float64]:
    """All teeth of a jaw as one strip ``(rows, columns, 3)`` from right to left, with a groove between neighbours."""
    right = [_crown(arch, tooth, -1) for tooth in reversed(range(len(arch.widths)))]
    return np.concatenate([*right, *(_crown(arch, tooth, 1) for tooth in range(len(arch.widths)))], axis=1)


def _crown(arch: DentalArch, tooth: int, side: int) -> NDArray[np.float64]:
    """One tooth ``(_DOWN + 2, _ACROSS, 3)``: its front from the neck to the cutting edge, then two rows behind.

    ``side`` is 1 on the left of the face and -1 on its right. The crown is rounded in both directions and narrower at
    the neck; what bites is worn flat on front teeth (the first three) and cusped behind them.
    """
    across, rows = np.linspace(0, 1, _ACROSS), np.linspace(0, 1, _DOWN)
    c = 2 * across - 1
    out, down = np.abs(c)[None, :], rows[:, None]
    start, width = arch.starts[tooth], arch.widths[tooth]
    s = start + across * width if side > 0 else -(start + (1 - across) * width)
    s = s[None, :] - np.sign(c)[None, :] * out**3 * _NECK * (1 - down)
    inward = _BULGE * out**3.2 + _SLOPE * np.clip(1 - down * 2.4, 0, 1) ** 2
    lift = _GUM_LINE * out**4 * (1 - down) + _EDGE * out**6 * down * (1 if tooth < 3 else 0.4)
    y = arch.tip + arch.up * (arch.lengths[tooth] * (1 - down)) + arch.up * lift * np.where(down > 0.5, 1, -1)
    xz = arch.at(np.broadcast_to(s, y.shape), inward + _UNDERCUT * down**3)
    rings = [np.stack([xz[..., 0], y, xz[..., 1]], axis=-1)]
    for depth, rise in _BACK:
        q = arch.at(s[-1], np.full(_ACROSS, depth))
        rings.append(np.stack([q[:, 0], np.full(_ACROSS, arch.tip + arch.up * rise), q[:, 1]], axis=-1)[None])
    return np.concatenate(rings)


def _gums(arch: DentalArch) -> NDArray[np.float64]:
    """The gum as a strip ``(4, 90, 3)`` from under the teeth's necks up (down) to the vestibule."""
    starts, last = arch.starts, len(arch.widths) - 1
    s = np.linspace(-starts[-1], starts[-1], 90)
    tooth = np.clip(np.searchsorted(starts, np.abs(s), side="right") - 1, 0, last)
    inside = (np.abs(s) - starts[tooth]) / arch.widths[tooth]
    necks = arch.lengths[tooth]
    scallop = necks - 0.0010 - 0.0016 * np.abs(2 * inside - 1) ** 2.2
    levels = [(scallop, 0.0004), (scallop + 0.0008, -0.0006), (necks + 0.003, -0.0008), (necks + 0.009, 0.0012)]
    strip = []
    for level, inward in levels:
        xz = arch.at(s, np.full(len(s), inward))
        strip.append(np.stack([xz[:, 0], arch.tip + arch.up * level, xz[:, 1]], axis=-1))
    return np.stack(strip)


def _teeth_and_gums(body: BodyMesh, jaw: str) -> tuple[SkinnedMesh, SkinnedMesh]:
    """Teeth and gum of one jaw, moved by whatever moves MakeHuman's own teeth."""
    index = piece_index(f"teeth_{jaw}")
    arch = _dental_arch(body.vertices[index], jaw, body.face_scale)
    meshes = []
    for grid, inside_out in ((_crowns(arch), jaw == "upper"), (_gums(arch), jaw == "lower")):
        vertices, triangles, uv = sheet(grid)
        meshes.append(_following(body, index, vertices, triangles[:, ::-1] if inside_out else triangles, uv))
    return meshes[0], meshes[1]


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
