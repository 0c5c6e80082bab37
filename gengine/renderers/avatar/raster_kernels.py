"""Where an avatar's triangles lie and which of them is seen: loops compiled once by numba and kept in its cache.

Every kernel works on a range (of vertices, triangles or rows) and frees Python's lock, so that several threads
share a frame. Visibility is found at four samples per pixel, the rotated grid of OpenGL drivers. numba's cache
looks at the file of a kernel alone: whoever changes ``texel`` or ``KERNEL`` clears ``__pycache__``.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_F = np.float32
SAMPLE_X = np.array([0.375, 0.875, 0.125, 0.625], _F)
SAMPLE_Y = np.array([0.125, 0.375, 0.625, 0.875], _F)
"""Where a pixel's four samples lie in it."""


def _keeps() -> bool:
    """Whether numba finds a place for what it compiles: beside this file, in the user's cache or in NUMBA_CACHE_DIR."""

    def nothing() -> None: ...

    try:
        njit(cache=True)(nothing)
    except RuntimeError:
        return False
    return True


KERNEL = {"nogil": True, "cache": _keeps(), "fastmath": True, "error_model": "numpy"}
"""How every kernel is compiled; where numba may write nowhere, anew in every process (about ten seconds)."""

NEAREST = _F(0.02)
"""Metres before the camera within which nothing is drawn."""
NO_AREA = _F(1e-6)
"""Square pixels; a smaller triangle covers no sample."""
ROUND_OFF = _F(1e-4)
"""Pixels by which a row's span is widened, so that rounding loses no pixel."""
EDGE = _F(1e-5)
"""Barycentric slack, so that no sample falls between two neighbours."""
SLICES_A_METRE = _F(100)
"""Of depth behind the nearest corner, in order of which triangles are drawn; 256 slices hold a whole figure."""
NARROW = 2
"""Pixels: in a triangle no wider than this, a row's span takes longer to find than it spares."""
SQUARE, RENEWED, LARGE = 8, 4096, 4
"""Side in pixels of the squares of which the farthest sample is known, after how many triangles it is found anew, and
over how many squares each way a triangle may reach and still be asked for there (tried)."""
BLOCK, AROUND = 8, 5
"""Side of the blocks of a shadow map of which the least and greatest depth is known, and texels beyond the block that
count, which are as many as a look-up from it may read."""


@njit(**KERNEL)
def skin(first, last, rest, joints, weights, matrices, camera, light, width, height, size, world, screen, cast):
    """Morphed ``rest (V, 6)`` to ``world (V, 6)``, pixels ``screen (V, 4)`` x y z 1/w, shadow map ``cast (V, 3)``."""
    m = np.empty(12, _F)
    for i in range(first, last):
        m[:] = 0
        for k in range(4):
            share = weights[i, k]
            if share != 0:
                j = joints[i, k]
                for a in range(12):
                    m[a] += share * matrices[j, a]
        x, y, z, u, v, w = rest[i, 0], rest[i, 1], rest[i, 2], rest[i, 3], rest[i, 4], rest[i, 5]
        px = m[0] * x + m[1] * y + m[2] * z + m[3]
        py = m[4] * x + m[5] * y + m[6] * z + m[7]
        pz = m[8] * x + m[9] * y + m[10] * z + m[11]
        world[i, 0], world[i, 1], world[i, 2] = px, py, pz
        world[i, 3] = m[0] * u + m[1] * v + m[2] * w
        world[i, 4] = m[4] * u + m[5] * v + m[6] * w
        world[i, 5] = m[8] * u + m[9] * v + m[10] * w
        depth = camera[3, 0] * px + camera[3, 1] * py + camera[3, 2] * pz + camera[3, 3]
        inverse = _F(1) / depth if depth > NEAREST else _F(-1)
        sx = (camera[0, 0] * px + camera[0, 1] * py + camera[0, 2] * pz + camera[0, 3]) * inverse
        sy = (camera[1, 0] * px + camera[1, 1] * py + camera[1, 2] * pz + camera[1, 3]) * inverse
        sz = (camera[2, 0] * px + camera[2, 1] * py + camera[2, 2] * pz + camera[2, 3]) * inverse
        screen[i, 0], screen[i, 1] = (sx * _F(0.5) + _F(0.5)) * width, (_F(0.5) - sy * _F(0.5)) * height
        screen[i, 2], screen[i, 3] = sz, inverse
        for a in range(3):
            c = light[a, 0] * px + light[a, 1] * py + light[a, 2] * pz + light[a, 3]
            cast[i, a] = (c * _F(0.5) + _F(0.5)) * (size if a < 2 else _F(1))


@njit(**KERNEL)
def setup(first, last, triangles, part, two_sided, texels, points, perspective, low, high, wide, tall, box, level):
    """Pixel bounds ``box (F, 4)`` of triangles, empty where they face away or miss every sample; texture ``level``.

    ``low`` and ``high`` are where the first and last sample lie inside a pixel.
    """
    for f in range(first, last):
        a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        box[f, 3] = -1
        if perspective and (points[a, 3] < 0 or points[b, 3] < 0 or points[c, 3] < 0):
            continue
        ax, ay, bx, by = points[a, 0], points[a, 1], points[b, 0], points[b, 1]
        cx, cy = points[c, 0], points[c, 1]
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if not perspective:
            area = -area  # the shadow map counts rows upwards
        if (area >= 0 and not two_sided[part[f]]) or abs(area) < NO_AREA:
            continue
        x0, x1 = max(np.ceil(min(ax, bx, cx) - high), _F(0)), min(np.floor(max(ax, bx, cx) - low), _F(wide - 1))
        y0, y1 = max(np.ceil(min(ay, by, cy) - high), _F(0)), min(np.floor(max(ay, by, cy) - low), _F(tall - 1))
        if x1 < x0 or y1 < y0:
            continue
        box[f, 0], box[f, 1], box[f, 2], box[f, 3] = x0, x1, y0, y1
        if perspective:
            # texels that a step of one pixel crosses, as OpenGL chooses its level
            sx, sy, tx, ty = bx - ax, by - ay, cx - ax, cy - ay
            ux, vx = texels[f, 0] * ty - texels[f, 2] * sy, texels[f, 1] * ty - texels[f, 3] * sy
            uy, vy = texels[f, 2] * sx - texels[f, 0] * tx, texels[f, 3] * sx - texels[f, 1] * tx
            step = max(ux * ux + vx * vx, uy * uy + vy * vy) / (area * area)
            level[f] = max(_F(0), _F(0.5) * np.log2(step + _F(1e-6)))


@njit(**KERNEL)
def span(ux, uy, vx, vy, cx, cy, y, reach, x0, x1):
    """First and last pixel of row ``y`` whose centre lies at most ``reach`` (pixels each way) outside a triangle."""
    dy = _F(y) + _F(0.5) - cy
    low, high = _F(x0), _F(x1)
    for k in range(3):
        gx, gy, c = (ux, uy, _F(0)) if k == 0 else ((vx, vy, _F(0)) if k == 1 else (-ux - vx, -uy - vy, _F(1)))
        c += gy * dy + reach * (abs(gx) + abs(gy)) + ROUND_OFF
        if gx > _F(1e-7):
            low = max(low, np.ceil(cx - c / gx - _F(0.5)))
        elif gx < _F(-1e-7):
            high = min(high, np.floor(cx - c / gx - _F(0.5)))
        elif c < 0:
            return 1, 0
    return int(low), int(high)


@njit(**KERNEL)
def plane(points, a, b, c):
    """A triangle as functions of the place in the picture.

    The third corner ``cx, cy, cz``; how the shares of the first and second corner grow along x and y, ``ux, uy,
    vx, vy``; and how far these lie behind the third, ``da, db``.
    """
    cx, cy, cz = points[c, 0], points[c, 1], points[c, 2]
    abx, aby, bbx, bby = points[a, 0] - cx, points[a, 1] - cy, points[b, 0] - cx, points[b, 1] - cy
    scale = _F(1) / (abx * bby - bbx * aby)
    return (
        cx, cy, cz, bby * scale, -bbx * scale, -aby * scale, abx * scale, points[a, 2] - cz, points[b, 2] - cz,
    )  # fmt: skip


@njit(**KERNEL)
def depth_map(top, bottom, order, triangles, points, box, out):
    """Nearest depth of triangles ``order`` in rows ``top``-``bottom`` of the shadow map ``out (S, S)``."""
    out[top:bottom] = _F(1)
    for f in order:
        y0, y1 = max(box[f, 2], top), min(box[f, 3], bottom - 1)
        if y1 < y0:
            continue
        a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        cx, cy, cz, ux, uy, vx, vy, da, db = plane(points, a, b, c)
        for y in range(y0, y1 + 1):
            x0, x1 = span(ux, uy, vx, vy, cx, cy, y, _F(0), box[f, 0], box[f, 1])
            for x in range(x0, x1 + 1):
                qx, qy = _F(x) + _F(0.5) - cx, _F(y) + _F(0.5) - cy
                u = ux * qx + uy * qy
                v = vx * qx + vy * qy
                if u >= 0 and v >= 0 and u + v <= 1:
                    z = cz + u * da + v * db
                    if z < out[y, x]:
                        out[y, x] = z


@njit(**KERNEL)
def extremes(first, last, shadow, least, most):
    """Least and greatest depth ``(S / 8, S / 8)`` in and around every block of the shadow map, of rows of blocks."""
    size = shadow.shape[0]
    for j in range(first, last):
        y0, y1 = max(j * BLOCK - AROUND, 0), min(j * BLOCK + BLOCK + AROUND, size)
        for i in range(least.shape[1]):
            x0, x1 = max(i * BLOCK - AROUND, 0), min(i * BLOCK + BLOCK + AROUND, size)
            low, high = _F(1), _F(0)
            for y in range(y0, y1):
                for x in range(x0, x1):
                    low, high = min(low, shadow[y, x]), max(high, shadow[y, x])
            least[j, i], most[j, i] = low, high


@njit(**KERNEL)
def texel(images, table, part, level, u, v, out):
    """Bilinear texel of a part's texture at ``(u, v)`` into ``out (4,)``, 0-1; textures repeat."""
    level = min(int(level + _F(0.5)), table[part, 0, 3] - 1)
    start, w, h = table[part, level, 0], table[part, level, 1], table[part, level, 2]
    x, y = (u - np.floor(u)) * _F(w) - _F(0.5), (v - np.floor(v)) * _F(h) - _F(0.5)
    fx, fy = np.floor(x), np.floor(y)
    x0, y0 = int(fx), int(fy)
    fx, fy = x - fx, y - fy
    x1, y1 = x0 + 1, y0 + 1
    x0 = x0 + w if x0 < 0 else x0
    y0 = y0 + h if y0 < 0 else y0
    x1 = x1 - w if x1 >= w else x1
    y1 = y1 - h if y1 >= h else y1
    p, q, r, s = start + y0 * w + x0, start + y0 * w + x1, start + y1 * w + x0, start + y1 * w + x1
    for k in range(4):
        upper = _F(images[p, k]) + (_F(images[q, k]) - _F(images[p, k])) * fx
        lower = _F(images[r, k]) + (_F(images[s, k]) - _F(images[r, k])) * fx
        out[k] = (upper + (lower - upper) * fy) * _F(1 / 255)


@njit(**KERNEL)
def nearness(first, last, faces, triangles, points, nearest, key):
    """In which slice of depth the nearest corner of triangles ``faces`` lies: ``key (N,)``, 0 from ``nearest`` (m) on.

    Slices are coarse, so that triangles of one are drawn in the order in which they lie in memory.
    """
    for k in range(first, last):
        f = faces[k]
        inverse = max(points[triangles[f, 0], 3], points[triangles[f, 1], 3], points[triangles[f, 2], 3])
        key[k] = np.uint8(max(min(SLICES_A_METRE * (_F(1) / inverse - nearest), _F(255)), _F(0)))


@njit(**KERNEL)
def farthest(top, bottom, behind, far):
    """The greatest of ``behind`` in every square of the rows ``top``-``bottom``, counted from ``top``."""
    wide = behind.shape[1]
    for j in range(far.shape[0]):
        far[j] = _F(-2)
        for y in range(top + j * SQUARE, min(top + (j + 1) * SQUARE, bottom)):
            for i in range(wide // SQUARE):
                m = behind[y, i * SQUARE]
                for x in range(i * SQUARE + 1, (i + 1) * SQUARE):
                    m = max(m, behind[y, x])
                far[j, i] = max(far[j, i], m)
            for x in range(wide // SQUARE * SQUARE, wide):
                far[j, wide // SQUARE] = max(far[j, wide // SQUARE], behind[y, x])


@njit(**KERNEL)
def visible(
    top, bottom, order, triangles, part, points, box, level, uv, cut, table, images, depth, ident, behind
):  # fmt: skip
    """Which triangle is seen at each of a pixel's four samples: ``depth``, ``ident (H, W, 4)``, -1 for none.

    Parts of which ``cut`` gives an opacity below 1, or 2 for a texture with holes, cover samples in proportion.
    ``behind (H, W)`` holds the farthest of each pixel's samples, and that of squares of pixels is known now and then:
    of triangles that come nearest first, most of those that are hidden cost a few comparisons.
    """
    depth[top:bottom] = _F(2)
    ident[top:bottom] = -1
    behind[top:bottom] = _F(2)
    su, sv, sz = np.empty(4, _F), np.empty(4, _F), np.empty(4, _F)
    color = np.empty(4, _F)
    least, most = -EDGE, _F(1) + EDGE
    wide = depth.shape[1]
    far = np.full(((bottom - top) // SQUARE + 1, wide // SQUARE + 1), _F(2))
    drawn = 0
    for f in order:
        y0, y1 = max(box[f, 2], top), min(box[f, 3], bottom - 1)
        if y1 < y0:
            continue
        a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        near = min(points[a, 2], points[b, 2], points[c, 2])
        i0, i1, j0, j1 = box[f, 0] // SQUARE, box[f, 1] // SQUARE, (y0 - top) // SQUARE, (y1 - top) // SQUARE
        if i1 - i0 < LARGE and j1 - j0 < LARGE:
            hidden = True
            for j in range(j0, j1 + 1):
                for i in range(i0, i1 + 1):
                    hidden &= near >= far[j, i]
            if hidden:
                continue
        drawn += 1
        if drawn == RENEWED:
            drawn = 0
            farthest(top, bottom, behind, far)
        cx, cy, cz, ux, uy, vx, vy, da, db = plane(points, a, b, c)
        for s in range(4):
            su[s], sv[s] = ux * SAMPLE_X[s] + uy * SAMPLE_Y[s], vx * SAMPLE_X[s] + vy * SAMPLE_Y[s]
            sz[s] = su[s] * da + sv[s] * db
        u_a, u_b, u_c, u_d = su[0], su[1], su[2], su[3]
        v_a, v_b, v_c, v_d = sv[0], sv[1], sv[2], sv[3]
        z_a, z_b, z_c, z_d = sz[0], sz[1], sz[2], sz[3]
        opacity = cut[part[f]]
        for y in range(y0, y1 + 1):
            x0, x1 = int(box[f, 0]), int(box[f, 1])
            if x1 - x0 > NARROW:
                x0, x1 = span(ux, uy, vx, vy, cx, cy, y, _F(0.375), box[f, 0], box[f, 1])
            for x in range(x0, x1 + 1):
                if near >= behind[y, x]:
                    continue
                qx, qy = _F(x) - cx, _F(y) - cy
                u0, v0 = ux * qx + uy * qy, vx * qx + vy * qy
                z0 = cz + u0 * da + v0 * db
                if opacity == _F(1):  # written out: the four samples are compared at once
                    a0, a1, a2, a3 = depth[y, x, 0], depth[y, x, 1], depth[y, x, 2], depth[y, x, 3]
                    p0, p1, p2, p3 = u0 + u_a, u0 + u_b, u0 + u_c, u0 + u_d
                    q0, q1, q2, q3 = v0 + v_a, v0 + v_b, v0 + v_c, v0 + v_d
                    z1, z2, z3, z4 = z0 + z_a, z0 + z_b, z0 + z_c, z0 + z_d
                    in0 = (p0 >= least) & (q0 >= least) & (p0 + q0 <= most) & (z1 < a0)
                    in1 = (p1 >= least) & (q1 >= least) & (p1 + q1 <= most) & (z2 < a1)
                    in2 = (p2 >= least) & (q2 >= least) & (p2 + q2 <= most) & (z3 < a2)
                    in3 = (p3 >= least) & (q3 >= least) & (p3 + q3 <= most) & (z4 < a3)
                    if not (in0 | in1 | in2 | in3):
                        continue
                    a0, a1 = z1 if in0 else a0, z2 if in1 else a1
                    a2, a3 = z3 if in2 else a2, z4 if in3 else a3
                    depth[y, x, 0], depth[y, x, 1], depth[y, x, 2], depth[y, x, 3] = a0, a1, a2, a3
                    if in0:
                        ident[y, x, 0] = f
                    if in1:
                        ident[y, x, 1] = f
                    if in2:
                        ident[y, x, 2] = f
                    if in3:
                        ident[y, x, 3] = f
                    behind[y, x] = max(max(a0, a1), max(a2, a3))
                    continue
                for s in range(4):
                    u, v, z = u0 + su[s], v0 + sv[s], z0 + sz[s]
                    inside = (u >= least) & (v >= least) & (u + v <= most) & (z < depth[y, x, s])
                    if not inside:
                        continue
                    alpha = opacity
                    if opacity > _F(1):
                        wa, wb = u * points[a, 3], v * points[b, 3]
                        wc = (_F(1) - u - v) * points[c, 3]
                        whole = _F(1) / (wa + wb + wc)
                        tu = (uv[a, 0] * wa + uv[b, 0] * wb + uv[c, 0] * wc) * whole
                        tv = (uv[a, 1] * wa + uv[b, 1] * wb + uv[c, 1] * wc) * whole
                        texel(images, table, part[f], level[f], tu, tv, color)
                        alpha = color[3] * (opacity - _F(1))
                    if alpha < _F(0.125) + _F(0.25) * _F((s + x + y) & 3):  # another share for each neighbour
                        continue
                    depth[y, x, s] = z
                    ident[y, x, s] = f
                behind[y, x] = max(max(depth[y, x, 0], depth[y, x, 1]), max(depth[y, x, 2], depth[y, x, 3]))
