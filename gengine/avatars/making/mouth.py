"""Teeth, gums, tongue and the dark inside of the mouth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gengine.avatars.making.body_mesh import BodyMesh, piece_index
from gengine.avatars.making.makehuman_rig import makehuman_rig
from gengine.avatars.making.skinned_mesh import Deltas, SkinnedMesh, joined, rigid, sheet
from gengine.avatars.making.uv_layout import uv_layout
from gengine.core.avatar import Material, Part

_WIDTHS = {"upper": (8.6, 6.8, 7.6, 7.0, 6.8, 9.5, 9.0), "lower": (5.4, 5.9, 6.8, 7.0, 7.1, 10.5, 10.0)}
"""Teeth of half a jaw from the middle, mm (textbook averages)."""
_LENGTHS = {"upper": (10.4, 9.0, 10.0, 8.4, 7.9, 7.2, 6.8), "lower": (8.8, 9.2, 10.2, 8.6, 8.0, 7.4, 7.0)}
_RAISED = {"upper": (0.0, 0.6, 0.1, 0.7, 0.9, 1.2, 1.4), "lower": (0.0, 0.1, 0.0, 0.5, 0.7, 0.8, 0.8)}
"""How far a tooth's edge stands back from that of the middle ones, mm (textbook: lateral incisors are shorter)."""
_THICK = {
    "upper": ((1.2, 1.2, 1.8, 5.0, 5.4, 7.6, 7.4), (6.0, 5.4, 7.2, 8.4, 8.6, 10.0, 10.0)),
    "lower": ((1.0, 1.1, 1.6, 4.4, 5.0, 7.4, 7.2), (5.2, 5.4, 6.8, 7.2, 7.6, 9.4, 9.4)),
}
"""From the front to the back of a crown at its edge and at its neck, mm (textbook averages)."""
_ACROSS = np.array([-1.0, -0.93, -0.72, -0.28, 0.28, 0.72, 0.93, 1.0])
"""Columns of vertices on a crown, from side to side."""
_FRONT, _BITE, _BEHIND = (0.0, 0.25, 0.55, 0.8, 0.95), (0.15, 0.5, 0.85), (0.55, 0.0)
"""Rows of vertices: down the front (0 neck, 1 edge), over what bites (0 front, 1 back), up the back."""
_SPAN, _BINS = 1.9, 10
"""Half the arch seen from its centre (rad; MakeHuman's strip reaches that far) and the sectors that are fitted."""
_NARROWED = 0.9
"""Width of the arch against MakeHuman's, whose back teeth stand in the cheeks (judgement)."""
_INSET = {"upper": 0.0, "lower": 0.0030}
"""How far inside MakeHuman's strip the teeth stand, m: the lower ones close behind the upper ones (judgement)."""
_LOWERED = 0.0022
"""Cutting edges below MakeHuman's, m, on the middle face: so much shows between parted lips (judgement)."""
_OVERBITE = 0.0010
"""Height by which closed front teeth overlap, m: less than a textbook's 2 to 3 mm, as MakeHuman's jaw opens from a
bite that is not quite closed (judgement)."""
_BULGE, _SLOPE, _UNDERCUT = 0.0013, 0.0009, 0.0008
"""How far the front of a crown recedes (m): at its sides, at its neck, at its cutting edge. All measures of a crown's
form are judgement, by eye against photographs."""
_NECK, _GUM_LINE, _EDGE, _CUSP = 0.0004, 0.0007, 0.0007, 0.0008
"""Narrowing at the neck, fall of the gum line at its sides, rounding of the cutting edge's corners, points of eye
teeth and depth of what molars bite with (m)."""
_EYE_TOOTH = 2
"""Which tooth of half a jaw, from the middle, is the pointed one: before it are incisors."""

_LOWER_SHADE = 0.82
"""Light on the lower teeth, which the lower lip shades, against the upper ones (judgement)."""
_ENAMEL, _ROOT, _GLASS = (0.80, 0.77, 0.70), (0.66, 0.57, 0.45), (0.73, 0.73, 0.72)
"""sRGB of a crown's middle, its neck and its thin edge, in the shade of the lips (judgement)."""
_GROOVE = 0.45
"""How dark it is where crowns meet (0 white .. 1 black)."""
_TEETH_DEEP = np.array([1.0, 0.95, 0.84, 0.66, 0.52, 0.40, 0.30])
"""Light that reaches each tooth of half a jaw (judgement)."""
_BLOOD = np.array([0.44, 0.56, 0.53])
"""Light to sRGB, for red, green and blue: what is deep in flesh is seen by red light (judgement)."""
_WARM = np.array([0.85, 1.0, 1.08])
"""Shade is warmer than light: its powers for red, green and blue."""
_TOOTH_TEXELS, _CROWN_TEXELS = 16, 32
"""Width and height of one tooth in the texture of its jaw."""
_DEPTH, _STEPS = 0.045, 64
"""What the textures of soft parts reach: from the lips inwards, m, in this many texels."""
_FADE, _DARKEST = {"mouth": 0.009, "tongue": 0.012, "gums": 0.016}, {"mouth": 0.02, "tongue": 0.04, "gums": 0.10}
"""Depth in which light falls to 1/e, m, and the least that is left (judgement, against photographs of mouths)."""

_TONGUE_REST, _TONGUE_ROOT = (0.0, -0.003, -0.001), 0.35
"""Where the tip rests against MakeHuman's, m: lower, behind the lower front teeth. What lies within this share of the
tongue's length from its root stays."""
_TONGUE_LOW, _TONGUE_BACK = 0.024, 0.6
"""By how much more than MakeHuman's the tongue's back sinks at jawOpen 1, m, so that a dark cavity is seen over it in
open vowels, and at which share of its length from the root it sinks most (judgement, against photographs of mouths)."""
_TIP_DEPTH = 0.004
"""How deep the tip's colour is, m: it is seen when it comes forward."""
_TONGUE_OUT = (0.0, 0.024, 0.074)
"""Way of the tip at tongueOut 1, m: up and forward, so that TH brings it between the teeth and L to their edges."""


def inner_mouth(body: BodyMesh, tone: tuple[float, float, float], lip: tuple[float, float, float]) -> list[Part]:
    """Every part behind the lips; the lower ones follow the jaw through the body's own shapes.

    ``tone`` is the skin's colour and ``lip`` that of the lips' inner edge, where the mouth's lining begins (sRGB 0-1).
    """
    flat = uv_layout()
    skin = body.piece("body")
    light = 0.6 + 0.4 * np.mean(tone) / 0.75
    lips = flat.source[flat.triangles[flat.inner_lips]]
    lining = skin.take(np.concatenate([lips, flat.mouth]))
    front = float(lining.vertices[:, 2].max())
    parts = [_by_depth("mouth", lining, front, np.array(lip), 0.5)]
    parts.append(
        skin.take(flat.sockets).part(
            "sockets", Material("sockets", "skin", _color(np.array(tone) * [0.86, 0.62, 0.58]), 0.5)
        )
    )
    for jaw in ("upper", "lower"):
        teeth, gums = _teeth_and_gums(body, jaw)
        enamel = Material(f"teeth_{jaw}", "teeth", (1.0, 1.0, 1.0, 1.0), 0.25, _enamel(jaw))
        parts.append(teeth.part(f"teeth_{jaw}", enamel))
        parts.append(_by_depth(f"gums_{jaw}", gums, front, np.array([0.72, 0.42, 0.41]) * light, 0.35))
    tongue = _tongue(body)
    lit = float(tongue.vertices[:, 2].max()) + _TIP_DEPTH
    parts.append(_by_depth("tongue", tongue, lit, np.array([0.80, 0.50, 0.49]), 0.45))
    return parts


def _color(rgb: NDArray) -> tuple[float, float, float, float]:
    return (float(rgb[0]), float(rgb[1]), float(rgb[2]), 1.0)


def _by_depth(name: str, mesh: SkinnedMesh, front: float, rgb: NDArray, roughness: float) -> Part:
    """A wet part that is ``rgb`` (sRGB 0-1) at the lips, z = ``front`` m, and darker and redder the deeper it lies."""
    kind = name.partition("_")[0]
    depth = np.linspace(0, _DEPTH, _STEPS)[:, None]
    light = _DARKEST[kind] + (1 - _DARKEST[kind]) * np.exp(-depth / _FADE[kind])
    blood = light**_BLOOD
    texture = np.round(255 * np.clip(rgb * blood, 0, 1)).astype(np.uint8)
    uv = np.full((len(mesh.vertices), 2), 0.5)
    uv[:, 1] = np.clip((front - mesh.vertices[:, 2]) / _DEPTH, 0, 1) * (1 - 1 / _STEPS) + 0.5 / _STEPS
    texture = np.ascontiguousarray(np.broadcast_to(texture[:, None], (_STEPS, 8, 3)))
    return replace(mesh, uv=uv).part(name, Material(name, "mouth", (1.0, 1.0, 1.0, 1.0), roughness, texture, True))


def _enamel(jaw: str) -> NDArray[np.uint8]:
    """Colours of a jaw's teeth ``(H, W, 3)`` sRGB: from right to left, from the necks over the edges to the back."""
    across = (np.arange(_TOOTH_TEXELS) + 0.5) / _TOOTH_TEXELS * 2 - 1
    down = (np.arange(_CROWN_TEXELS) + 0.5) / _CROWN_TEXELS
    edge = len(_FRONT) / (len(_FRONT) + len(_BITE) + len(_BEHIND) - 1)
    height, behind = np.clip(down / edge, 0, 1)[:, None, None], np.clip((down - edge) / (1 - edge), 0, 1)[:, None]
    crown = np.array(_ENAMEL) + (np.array(_ROOT) - _ENAMEL) * np.clip(1 - height * 2.4, 0, 1) ** 1.5
    crown = crown + (np.array(_GLASS) - crown) * (0.6 * np.clip(height * 5 - 4, 0, 1))
    groove = 1 - _GROOVE * np.abs(across[None, :]) ** 7
    shade = groove * (1 - 0.5 * behind) * (_LOWER_SHADE if jaw == "lower" else 1)
    order = [*reversed(range(len(_TEETH_DEEP))), *range(len(_TEETH_DEEP))]
    rows = [crown * (shade * _TEETH_DEEP[tooth])[..., None] ** _WARM for tooth in order]
    return np.round(255 * np.concatenate(rows, axis=1)).astype(np.uint8)


def _tongue(body: BodyMesh) -> SkinnedMesh:
    """MakeHuman's tongue with its tip behind the lower teeth, and a tongueOut that lifts it between the teeth."""
    tongue = body.piece("tongue")
    z = tongue.vertices[:, 2]
    along = np.clip((z - z.min()) / np.ptp(z) / (1 - _TONGUE_ROOT) - _TONGUE_ROOT / (1 - _TONGUE_ROOT), 0, 1)[:, None]
    vertices = tongue.vertices + along * np.array(_TONGUE_REST) * body.face_scale
    out = along**1.5 * np.array(_TONGUE_OUT) * body.face_scale
    moved = np.flatnonzero(along[:, 0])
    sunk = np.zeros_like(vertices)
    index, delta = tongue.morphs["jawOpen"]
    sunk[index] = delta
    reach = (z - z.min()) / np.ptp(z)
    hump = np.clip(np.minimum(reach / _TONGUE_BACK, (1.3 - reach) / (1.3 - _TONGUE_BACK)), 0, 1)
    sunk[:, 1] -= _TONGUE_LOW * body.face_scale * hump * hump * (3 - 2 * hump)
    morphs = {**tongue.morphs, "tongueOut": (moved, out[moved]), "jawOpen": (np.arange(len(sunk)), sunk)}
    return replace(tongue, vertices=vertices, morphs=morphs)


@dataclass(frozen=True, eq=False)
class DentalArch:
    """The curve that the teeth of one jaw stand on, seen from above, and the measures of its teeth (m).

    ``curve (N, 2)`` are x and z at the arc lengths ``along (N,)`` from the middle of the face, ``normal (N, 2)`` its
    directions across; ``centre`` is what "inward" leads to. ``up`` is 1 for the upper jaw, -1 for the lower; ``tip``
    the height of the middle cutting edges; ``widths``, ``lengths`` and ``raised (7,)``, by which their edges stand
    back, are half a jaw's, from the middle.
    """

    curve: NDArray[np.float64]
    along: NDArray[np.float64]
    normal: NDArray[np.float64]
    centre: float
    up: float
    tip: float
    widths: NDArray[np.float64]
    lengths: NDArray[np.float64]
    raised: NDArray[np.float64]

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


def _dental_arch(body: BodyMesh, jaw: str) -> DentalArch:
    """The arch behind MakeHuman's strip of teeth.

    An even polynomial in polar coordinates goes through the strip's farthest points, which are its outer face.
    """
    points, size = body.vertices[piece_index(f"teeth_{jaw}")], body.face_scale
    tip = body.vertices[piece_index("teeth_upper"), 1].min() - _LOWERED * size
    if jaw == "lower":
        tip += _OVERBITE * size
    points = points * [_NARROWED, 1, 1]
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
    lengths, raised = (np.array(table[jaw]) * 1e-3 * size for table in (_LENGTHS, _RAISED))
    return DentalArch(curve, along, normal, centre, up, tip, widths, lengths, raised)


def _even_powers(x: NDArray) -> NDArray[np.float64]:
    """Columns 1, x², x⁴."""
    return np.stack([x ** (2 * k) for k in range(3)], axis=1)


def _crowns(arch: DentalArch) -> list[NDArray[np.float64]]:
    """Every tooth of a jaw from right to left, each as a grid ``(rows, columns, 3)``."""
    right = [_crown(arch, tooth, -1) for tooth in reversed(range(len(arch.widths)))]
    return right + [_crown(arch, tooth, 1) for tooth in range(len(arch.widths))]


def _crown(arch: DentalArch, tooth: int, side: int) -> NDArray[np.float64]:
    """One tooth: from its neck down the front, over the edge and up its back.

    ``side`` is 1 on the left of the face and -1 on its right. The crown is rounded in both directions and narrower at
    the neck; what bites is worn flat on front teeth, pointed on eye teeth and cusped behind them.
    """
    edge, neck = (float(row[tooth]) * 1e-3 for row in _THICK["upper" if arch.up > 0 else "lower"])
    down = np.array([*_FRONT, *(1.0 for _ in _BITE), *_BEHIND])[:, None]
    back = np.array([*(0.0 for _ in _FRONT), *_BITE, *(1.0 for _ in _BEHIND)])[:, None]
    out = np.abs(_ACROSS)[None, :]
    start, width = arch.starts[tooth], arch.widths[tooth]
    share = (_ACROSS + 1) / 2
    s = start + share * width if side > 0 else -(start + (1 - share) * width)
    s = s[None, :] - np.sign(_ACROSS)[None, :] * out**3 * _NECK * (1 - down)
    thick = edge + (neck - edge) * (1 - down) ** 0.7
    inward = _BULGE * out**3.2 * (1 - 2 * back) + _SLOPE * np.clip(1 - down * 2.4, 0, 1) ** 2 + _UNDERCUT * down**3
    lift = _EDGE * out**6 * down**4 - _GUM_LINE * out**4 * (1 - down)
    if tooth == _EYE_TOOTH:
        lift = lift + _CUSP * out * down**4
    elif tooth > _EYE_TOOTH:  # a furrow between the cusps
        lift = lift + _CUSP * (1 - np.abs(2 * back - 1)) * (down == 1)
    y = arch.tip + arch.up * (arch.raised[tooth] + arch.lengths[tooth] * (1 - down) + lift)
    xz = arch.at(np.broadcast_to(s, y.shape), np.broadcast_to(inward + back * thick, y.shape))
    return np.stack([xz[..., 0], y, xz[..., 1]], axis=-1)


def _gums(arch: DentalArch) -> NDArray[np.float64]:
    """The gum as a strip ``(4, 90, 3)`` from under the teeth's necks up (down) to the vestibule."""
    starts, last = arch.starts, len(arch.widths) - 1
    s = np.linspace(-starts[-1], starts[-1], 90)
    tooth = np.clip(np.searchsorted(starts, np.abs(s), side="right") - 1, 0, last)
    inside = (np.abs(s) - starts[tooth]) / arch.widths[tooth]
    necks = arch.lengths[tooth] + arch.raised[tooth]
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
    arch = _dental_arch(body, jaw)
    crowns = _crowns(arch)
    teeth = joined([_surface(body, grid, jaw == "lower", k, len(crowns)) for k, grid in enumerate(crowns)])
    gums = _surface(body, _gums(arch), jaw == "upper", 0, 1)
    return _following(body, index, teeth), _following(body, index, gums)


def _surface(body: BodyMesh, grid: NDArray, inside_out: bool, column: int, columns: int) -> SkinnedMesh:
    """A grid that hangs on the head, in one of ``columns`` columns of its texture."""
    vertices, triangles, uv = sheet(grid)
    uv[:, 0] = (uv[:, 0] + column) / columns
    head = rigid(len(vertices), makehuman_rig().names.index("Head"), len(makehuman_rig().names))
    return SkinnedMesh(vertices, triangles[:, ::-1] if inside_out else triangles, head, uv)


def _following(body: BodyMesh, index: NDArray, mesh: SkinnedMesh) -> SkinnedMesh:
    """The surface with the rigid motion of base-mesh vertices ``index``, morph by morph."""
    source, vertices = body.vertices[index], mesh.vertices
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
    return replace(mesh, morphs=moved)
