"""Skin painted from nothing: tone, flush, lips, lids, brows, stubble, lines and nails in one texture.

Everything is painted in millimetres of the middle face (x from the middle, y from the eyes' height, z forward),
which ``layout`` maps to texels; the same strokes land on every head.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import distance_transform_edt, gaussian_filter
from scipy.spatial import KDTree

from gengine.avatars.making.appearances import Appearance, Color
from gengine.avatars.making.body_mesh import baked_arrays, middle_body, piece_index
from gengine.avatars.making.uv_layout import HEAD_ROWS, texel_map, uv_layout

HAIRLINE = (
    (0, 64), (20, 63), (35, 56), (48, 38), (58, 16), (68, -4), (78, -22), (84, -26), (92, -4), (104, 8), (118, -22),
    (135, -52), (155, -70), (180, -74),
)  # fmt: skip
"""Edge of the hair: angle around the head from the front (degrees), height over the eyes (mm)."""


def hair_depth(points: NDArray, style: str = "", recede: float = 0.0) -> NDArray[np.float64]:
    """How far inside the hair (mm, positive) points of the middle head lie; ``recede`` 0-1 moves the front back.

    Style "rim" leaves the top of the head bare.
    """
    figure = middle_body()
    x, y = points[..., 0] * 1e3, (points[..., 1] - figure.joint("LeftEye")[1]) * 1e3
    z = (points[..., 2] - figure.joint("Head")[2]) * 1e3 - 12
    angle = np.degrees(np.abs(np.arctan2(x, z)))
    line = np.array(HAIRLINE, float)
    edge = PchipInterpolator(line[:, 0], line[:, 1])(angle)
    edge = edge + recede * (40 * np.exp(-((angle / 40.0) ** 2)) + 22 * np.exp(-(((angle - 34) / 18) ** 2)))
    depth = y - edge
    if style == "rim":
        top = np.interp(angle, [0, 50, 75, 110, 150, 180], [-60, -20, 26, 48, 44, 42])
        depth = np.minimum(depth, 0.8 * (top - y))
    return depth


def _origin() -> NDArray[np.float64]:
    """Where x, y and z (mm) of the painted maps start: between the eyes, 42 mm behind the head's joint."""
    figure = middle_body()
    return np.array([0.0, figure.joint("LeftEye")[1], figure.joint("Head")[2] - 0.042])


def painted_at() -> NDArray[np.float64]:
    """Where the skin's vertices lie on the middle face, ``(V, 3)`` mm: what is painted there is found by these."""
    return (middle_body().vertices[piece_index("body")[uv_layout().source]] - _origin()) * 1e3


Mask = NDArray[np.float32]
"""0-1 for every texel ``(H, W)``."""


@dataclass(frozen=True, eq=False)
class SkinMaps:
    """What every texel shows of the middle body, ``(H, W)`` each; masks are 0-1."""

    at: NDArray[np.float32]
    """Position ``(H, W, 3)``, mm."""
    covered: NDArray[np.bool_]
    """Where any skin lies."""
    head: NDArray[np.bool_]
    """Where that is the head."""
    lips: Mask
    """Vermilion."""
    lids: Mask
    """Eyelids."""
    ears: Mask
    """Both ears."""
    nails: Mask
    """Fingernails."""
    lash: NDArray[np.float32]
    """Distance to the edge of the lids, mm."""


@cache
def skin_maps() -> SkinMaps:
    """The maps (the same for every look)."""
    flat, texel = uv_layout(), texel_map()
    index = piece_index("body")[flat.source]
    figure = middle_body()
    at = texel.paint(painted_at())

    def mask(name: str) -> NDArray[np.float32]:
        return texel.paint(baked_arrays()[f"mask_{name}"][index] / 255.0)

    head = np.zeros(texel.covered.shape, bool)
    head[:HEAD_ROWS] = texel.covered[:HEAD_ROWS]
    hole = ~texel.covered
    rows, columns = np.mgrid[0 : hole.shape[0], 0 : hole.shape[1]]
    eye = texel_at(figure.joint("LeftEye")[0] * 1e3, 0.0, at, head)
    near = (np.abs(rows - eye[1]) < 60) & ((np.abs(columns - eye[0]) < 110) | (np.abs(1024 - columns - eye[0]) < 110))
    lash = (np.asarray(distance_transform_edt(~(hole & near))) / 3.2).astype(np.float32)
    return SkinMaps(at, texel.covered, head, mask("lips"), mask("eyelids"), mask("ears"), mask("fingernails"), lash)


def texel_at(x: float, y: float, at: NDArray, head: NDArray) -> tuple[float, float]:
    """Column and row of the front texel nearest to (x, y) mm."""
    front = head & (at[..., 2] > 90)
    where = np.argwhere(front)
    k = int(np.argmin((at[front][:, 0] - x) ** 2 + (at[front][:, 1] - y) ** 2))
    return float(where[k, 1]), float(where[k, 0])


def paint(look: Appearance) -> NDArray[np.uint8]:
    """The texture ``(H, W, 3)`` sRGB of a look."""
    c = skin_maps()
    rng = np.random.default_rng(look.seed)
    x, y, z = np.abs(c.at[..., 0]), c.at[..., 1], c.at[..., 2]
    tone = np.array(look.tone, np.float32)
    light = float(tone.mean())
    image = np.broadcast_to(tone, (*x.shape, 3)).copy()

    def noise(sigma: float) -> NDArray[np.float32]:
        coarse = max(1, int(sigma / 3))
        small = rng.standard_normal((x.shape[0] // coarse + 1, x.shape[1] // coarse + 1)).astype(np.float32)
        small = gaussian_filter(small, sigma / coarse, mode="wrap")
        small /= small.std()
        big = Image.fromarray(small).resize(
            (small.shape[1] * coarse, small.shape[0] * coarse), Image.Resampling.BICUBIC
        )
        return np.asarray(big)[: x.shape[0], : x.shape[1]]

    def blob(cx: float, cy: float, wx: float, wy: float) -> NDArray[np.float32]:
        return np.exp(-(((x - cx) / wx) ** 2) - ((y - cy) / wy) ** 2) * c.head * (z > 60)

    def tint(color: Color | NDArray, amount: NDArray) -> None:
        image[...] += (np.asarray(color, np.float32) - image) * np.clip(amount, 0, 1)[..., None]

    def shade(amount: NDArray, warm: float = 0.5) -> None:
        """Darken, the blue most: shadow in skin is red."""
        image[...] *= 1 - amount[..., None] * np.array([1 - 0.45 * warm, 1.0, 1 + 0.1 * warm], np.float32)

    low, mid, fine = noise(40), noise(9), noise(1.1)
    image *= (1 + 0.016 * low + 0.012 * mid + 0.014 * fine)[..., None]
    image *= 1 + mid[..., None] * np.array([0.006, -0.008, -0.010], np.float32)
    # blood near the surface; a yellower forehead, a greyer jaw
    red = np.array([1.02, 0.78, 0.74], np.float32) * tone
    flush = (
        0.62 * blob(42, -36, 19, 17)
        + 0.5 * blob(0, -40, 13, 11)
        + 0.22 * blob(0, -96, 16, 10)
        + 0.25 * blob(0, -50, 10, 6)
    )
    tint(red, look.flush * (flush + 0.6 * c.ears) * (1 + 0.25 * mid) * 0.75)
    tint(tone * [1.0, 0.985, 0.93], 0.35 * blob(0, 40, 45, 22))
    if not (look.stubble == 0):
        tint(tone * [0.93, 0.95, 0.97], 0.25 * _beard(x, y, z, c.head))
    # the eyes' surroundings
    shade(0.16 * c.lids * (0.6 + 0.4 * look.makeup) + 0.07 * blob(20, 4, 9, 10) + 0.06 * blob(30, -14, 15, 6), 0.8)
    shade((0.05 + 0.13 * look.age) * blob(28, -17, 14, 4.5), 0.6)
    upper = y > -2.5
    line = np.exp(-((c.lash / np.where(upper, 1.0 + 0.5 * look.makeup, 0.55)) ** 2)) * c.head
    tint(np.array([0.10, 0.07, 0.06]), line * np.where(upper, 0.72 + 0.2 * look.makeup, 0.30))
    tint(red * [1.0, 0.9, 0.9], np.exp(-(((c.lash - 0.2) / 0.8) ** 2)) * ~upper * 0.3 * c.head)
    _lips(image, look, c, x, y, noise)
    if look.freckles:
        spots = np.clip((noise(1.5) - 1.75) * 1.4, 0, 1)
        shade(0.30 * look.freckles * spots * (blob(30, -28, 30, 20) + blob(0, -30, 16, 16)), 0.9)
    if look.age:
        spots = np.clip((noise(3.2) - 2.2) * 1.2, 0, 1)
        shade(0.16 * look.age * spots * (z > 0), 0.9)
        shade(look.age * _lines(c, rng), 0.5)
    if look.stubble:
        grain = np.clip(0.5 + 0.55 * noise(0.8), 0, 1)
        hair = np.array(look.hair_color, np.float32) * 0.8 + 0.2 * tone * [0.6, 0.62, 0.68]
        tint(hair, look.stubble * _beard(x, y, z, c.head) * (0.24 + 0.24 * grain) * (0.75 if light > 0.45 else 0.9))
    nails = np.clip(c.nails * 1.6 - 0.3, 0, 1)
    tint(
        np.array(look.nails) if look.nails else np.clip(tone * [1.08, 1.04, 1.06] + 0.03, 0, 1),
        nails * (1 if look.nails else 0.75),
    )
    # skin of the palms is paler on dark hands
    if look.hair != "bald":
        whole = c.at / 1e3 + _origin()
        depth = hair_depth(whole, look.hair, look.recede)
        close = look.hair in ("fade", "short", "rim")
        under = np.clip(depth / (14 if close else 8) + 0.15 * mid + 0.25 * np.clip(fine, -1, 1), 0, 1) * c.head
        root = 0.6 * np.array(look.hair_color) + 0.22 * tone * [0.8, 0.75, 0.72]
        tint(root, under * {"rim": 0.55, "fade": 0.8}.get(look.hair, 0.9))
    _brows(image, look, c, rng)
    image = _bleed(np.clip(image, 0, 1), c.covered)
    return np.round(image * 255).astype(np.uint8)


def _beard(x: NDArray, y: NDArray, z: NDArray, head: NDArray) -> NDArray[np.float32]:
    """Where a man's beard grows, 0-1."""
    edge = np.interp(x, [0, 14, 24, 34, 50, 62, 72], [-52, -53, -58, -64, -54, -42, -28])
    inside = 1 / (1 + np.exp(np.clip((y - edge) / 2.6, -50, 50)))
    lower = 1 / (1 + np.exp(-np.clip((y + 128) / 5.0, -50, 50)))
    back = 1 / (1 + np.exp(-np.clip((z - 48) / 5.0, -50, 50)))
    soft = 1 - 0.75 * np.exp(-((x / 6) ** 2) - (((y + 84) / 3.5) ** 2)) * 0.4
    return (inside * lower * back * soft * head).astype(np.float32)


_LIP_LINE = 0.20
"""How much darker lips are where they meet."""


def lip_edge(look: Appearance) -> Color:
    """sRGB 0-1 of the lips where they meet."""
    red, green, blue = (
        t + look.lip_strength * ((1 - _LIP_LINE) * c - t) for t, c in zip(look.tone, look.lip, strict=True)
    )
    return red, green, blue


def _lips(image: NDArray, look: Appearance, c: SkinMaps, x: NDArray, y: NDArray, noise) -> None:
    """Vermilion with a soft edge, a darker line where the lips meet, fine furrows."""
    mask = gaussian_filter(c.lips, 1.6) * c.head
    mask = np.clip((mask - 0.22) / 0.5, 0, 1)
    furrow = gaussian_filter(noise(1.0), (5, 0.4))
    furrow /= furrow.std()
    color = np.array(look.lip, np.float32) * (1 + 0.05 * furrow + 0.02 * noise(6))[..., None]
    middle = np.exp(-(((y + 69.5) / 3.2) ** 2))[..., None]
    color = color * (1 - _LIP_LINE * middle)
    image += (color - image) * (mask * look.lip_strength)[..., None]
    # light catches on the upper lip's border
    rim = np.clip(gaussian_filter(mask, 2.5) - mask, 0, 1) * (y > -66)
    image *= (1 + 0.10 * rim)[..., None]


def _lines(c: SkinMaps, rng: np.random.Generator) -> NDArray[np.float32]:
    """Furrows of age: forehead, frown, crow's feet, from nose to mouth and below its corners.

    They stay put whatever the face does, so they are faint: those that an expression makes are folds (``folds``).
    """
    curves = [([(x, 38 + 10 * k + 2.0 * np.cos(x / 16 + k)) for x in np.linspace(-44, 44, 30)], 0.16) for k in range(3)]
    for s in (-1, 1):
        curves += [
            ([(s * u, v) for u, v in ((16, -36), (23, -44), (29, -55), (33, -66), (35, -76))], 0.4),
            ([(s * u, v) for u, v in ((27, -78), (31, -86), (32, -96))], 0.15),
            ([(s * u, v) for u, v in ((5, 12), (5.5, 20), (5, 27))], 0.1),
            ([(s * u, v) for u, v in ((17, -13), (25, -19), (34, -20), (41, -16))], 0.4),
        ]
        curves += [
            ([(s * (49 + 12 * t), -2 + a + a * t * 0.9) for t in np.linspace(0, 1, 6)], 0.25) for a in (-9, -3, 4, 9)
        ]
    out = np.zeros(c.covered.shape, np.float32)
    for points, strength in curves:
        drawn = _stroke(points, c, width=3)
        out += strength * (0.30 * gaussian_filter(drawn, 1.3) + 0.55 * gaussian_filter(drawn, 4.5))
    return np.clip(out, 0, 0.35) * (0.8 + 0.2 * rng.random())


def _stroke(points: list[tuple[float, float]], c: SkinMaps, width: int) -> NDArray[np.float32]:
    image = Image.new("L", (c.covered.shape[1], c.covered.shape[0]))
    ImageDraw.Draw(image).line([tuple(p) for p in _to_texels(np.array(points))], fill=255, width=width, joint="curve")
    return (np.asarray(image) / 255).astype(np.float32)


@cache
def _front() -> tuple[KDTree, NDArray[np.float64]]:
    """TexelMap of the face by their (x, y) mm, and their columns and rows ``(N, 2)``."""
    c = skin_maps()
    front = c.head & (c.at[..., 2] > 75) & (np.abs(c.at[..., 0]) < 72) & (c.ears < 0.1)
    return KDTree(c.at[front][:, :2]), np.argwhere(front)[:, ::-1].astype(float)


def _to_texels(points: NDArray) -> NDArray[np.float64]:
    """Columns and rows ``(N, 2)`` of points (x, y) mm on the front of the face, between texels."""
    tree, where = _front()
    distance, index = tree.query(points, k=4)
    weight = 1 / np.maximum(distance, 1e-3)
    return np.einsum("nk,nkd->nd", weight / weight.sum(1, keepdims=True), where[index])


def _brows(image: NDArray, look: Appearance, c: SkinMaps, rng: np.random.Generator) -> None:
    """Single hairs, thick at the root, growing up at the nose and along the brow outside."""
    scale = 3
    box = _to_texels(np.array([[-58.0, 30.0], [58.0, 4.0]]))
    left, top = np.floor(box.min(0)).astype(int) - 8
    right, bottom = np.ceil(box.max(0)).astype(int) + 8
    layer = Image.new("L", ((right - left) * scale, (bottom - top) * scale))
    draw = ImageDraw.Draw(layer)
    spine = PchipInterpolator(
        [9, 20, 34, 44, 53], np.array([14.5, 17.5, 20.5, 19.5, 14.0]) + np.array([0, 0.3, 1, 0.8, 0]) * look.brow_arch
    )
    half = PchipInterpolator([9, 14, 26, 40, 53], np.array([2.6, 3.4, 3.0, 2.2, 0.7]) * (0.55 + 0.45 * look.brow))
    count = int(340 * (0.6 + 0.4 * look.brow))
    starts, ends, tones = [], [], []
    for side in (-1, 1):
        for _ in range(count):
            t = rng.uniform(9.5, 51.5)
            across = rng.uniform(-1, 1) * (1 if rng.random() < 0.75 else 1.25)
            px, py = t, float(spine(t)) + across * float(half(t))
            along = np.interp(t, [9, 15, 24, 36, 53], [80, 62, 30, 8, -22]) - 16 * across + rng.normal(0, 9)
            length = np.interp(t, [9, 16, 40, 53], [4.0, 5.6, 5.4, 3.2]) * rng.uniform(0.7, 1.15)
            dx, dy = np.cos(np.radians(along)) * length, np.sin(np.radians(along)) * length
            starts.append((side * px, py))
            ends.append((side * (px + dx), py + dy))
            tones.append(rng.uniform(0.45, 1.0))
    a, b = _to_texels(np.array(starts)), _to_texels(np.array(ends))
    for p, q, tone in zip((a - [left, top]) * scale, (b - [left, top]) * scale, tones, strict=True):
        middle = p + (q - p) * 0.55
        draw.line([tuple(p), tuple(middle)], fill=int(255 * tone), width=3)
        draw.line([tuple(middle), tuple(q)], fill=int(215 * tone), width=2)
    size = (right - left, bottom - top)
    alpha = np.asarray(layer.resize(size, Image.Resampling.BOX), np.float32) / 255
    soft = gaussian_filter(alpha, 3.0)
    alpha = np.clip(alpha * 0.95 + 0.42 * soft, 0, 1) * (0.62 + 0.25 * min(look.brow, 1.2))
    color = np.array(look.hair_color, np.float32) * 0.58
    if min(look.hair_color) > 0.4:  # grey hair keeps darker brows
        color = np.array(look.hair_color, np.float32) * 0.62
    area = image[top:bottom, left:right]
    area += (color - area) * alpha[..., None]


def _bleed(image: NDArray, covered: NDArray) -> NDArray:
    """Fill texels that no skin covers from their nearest neighbour, so that filtering finds no dark edges."""
    found = distance_transform_edt(~covered, return_distances=False, return_indices=True)
    row, column = np.asarray(found)
    return image[row, column]
