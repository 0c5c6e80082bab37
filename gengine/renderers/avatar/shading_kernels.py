"""What colour an avatar's pixels have: loops compiled once by numba and kept in its cache.

Light and materials are those of ``shaders/avatar.frag``; the numbers stand in ``materials``. Samples of one part
that one pixel holds are shaded together, once. As in ``raster_kernels``, whoever changes a number or a kernel of
another file clears ``__pycache__``.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from gengine.renderers.avatar.materials import (
    CLOTH,
    DIFFUSE_GAIN,
    EYE,
    FUZZ,
    GLOSS_GAIN,
    LEAK,
    OILY_GAIN,
    OILY_ROUGHNESS,
    REFLECTANCE,
    RIM_GAIN,
    SHADOW_TINT,
    SKIN,
    WINDOW_NEARNESS,
    WINDOW_REFLECTANCE,
    WINDOW_ROUGHNESS,
    WRAP,
)
from gengine.renderers.avatar.raster_kernels import BLOCK, KERNEL, SAMPLE_X, SAMPLE_Y, texel

_F = np.float32
RIM_DIFFUSE, DIFFUSE = _F(0.35), _F(0.43)
"""Shares of the rim light, and then of all three lights, that come back scattered rather than mirrored (judgement)."""
BIAS, FLOOR_BIAS = _F(0.0026), _F(0.001)
"""How much nearer to the light than a surface its shadow map must be to shade it, share of the map's depth."""

FLOOR_SPREAD = _F(2.5)
"""Texels of the shadow map between the four places that a floor's shadow is the mean of."""
FLOOR_DARKNESS, TOUCH_DARKNESS = 0.34, _F(0.5)
"""Opacity of the shadow thrown on the floor, and of that beneath a foot."""
FOOT_WIDTH, FOOT_LENGTH, FOOT_LIFT = _F(0.075), _F(0.16), _F(4)
"""Metres over which a foot's shadow fades across and along, and per metre how fast it does when lifted."""
FOOT_END = _F(9)
"""Squares of those lengths beyond which a foot's shadow is nothing that a byte could hold."""
FLOOR_END, FLOOR_FADE = _F(2.6), _F(0.5)
"""Metres from the middle where the floor's shadows end, and per metre how fast they come in from there."""

FRAGMENTS = 256
"""How many places of one part are lit together."""
GREEN, BLUE, P0, P1, P2, N0, N1, N2, ARRIVES, EXTRA = (np.uint64(FRAGMENTS * k) for k in range(1, 11))
"""Where each number of the fragments begins in ``rows``, which begins with red: unsigned, as numba looks whether signed
ones count from the end."""
SOFTENED = 1 / (1 + WRAP) ** 2
"""By what light that wraps around a surface is weakened, so that it is no more in all."""

TOE, TOE_OFFSET, SHOULDER, ROLL_OFF = _F(0.08), _F(0.04), _F(0.76), _F(0.15)
"""Khronos' PBR neutral tone mapper (2024): F90, its offset, where compression starts, and desaturation."""


@njit(**KERNEL)
def shadowed(shadow, least, most, cx, cy, z, bias):
    """Share 0-1 of the key light that arrives: depths of 3 x 3 texels compared, weighted by distance."""
    size = shadow.shape[0]
    x, y = cx - _F(0.5), cy - _F(0.5)
    fx, fy = np.floor(x), np.floor(y)
    x0, y0 = int(fx), int(fy)
    if x0 < 1 or y0 < 1 or x0 >= size - 3 or y0 >= size - 3:
        return _F(1)
    near = z - bias
    if near <= least[y0 // BLOCK, x0 // BLOCK]:  # before all that is around, and behind it: the sum is known
        return _F(1)
    if near > most[y0 // BLOCK, x0 // BLOCK]:
        return _F(0)
    fx, fy = x - fx, y - fy
    total = _F(0)
    for j in range(-1, 3):
        row, wy = y0 + j, _F(1) - fy if j == -1 else (fy if j == 2 else _F(1))
        across = (_F(1) - fx) * _F(near <= shadow[row, x0 - 1]) + _F(near <= shadow[row, x0])
        across += _F(near <= shadow[row, x0 + 1]) + fx * _F(near <= shadow[row, x0 + 2])
        total += wy * across
    return total * _F(1 / 9)


@njit(**KERNEL)
def gloss(nl, nv, vl, rough, f0):
    r"""GGX highlight of one light, from the cosines between normal, view and light; 0 where it is behind.

    The half vector h of unit vectors v and l need not be made: \|v + l\|² = 2 (1 + v·l) gives n·h and v·h.
    """
    nl, nv = max(nl, _F(0)), max(nv, _F(1e-3))
    half = max(_F(2) + _F(2) * vl, _F(1e-9))
    across = nl + nv
    nh2 = min(across * across / half, _F(1))
    a = rough * rough
    a2 = a * a
    d = nh2 * (a2 - _F(1)) + _F(1)
    k = a * _F(0.5)
    t = _F(1) - _F(0.5) * np.sqrt(half)
    f = f0 + (_F(1) - f0) * t * t * t * t * t
    return a2 * f * nl / ((_F(3.14159) * d * d + _F(1e-6)) * (nl * (_F(1) - k) + k) * (nv * (_F(1) - k) + k) * _F(4))


@njit(**KERNEL)
def to_linear(c):
    """An sRGB value 0-1 as linear light (a cubic within 0.002 of the standard's curve)."""
    return c * (c * (c * _F(0.305306011) + _F(0.682171111)) + _F(0.012522878))


@njit(**KERNEL)
def turned(count, flips, eye, rows):
    """Replace places and normals of ``count`` fragments by unit vectors: to the eye, and off the side that it sees."""
    for i in range(count):
        vx, vy, vz = eye[0] - rows[i + P0], eye[1] - rows[i + P1], eye[2] - rows[i + P2]
        r = _F(1) / np.sqrt(vx * vx + vy * vy + vz * vz)
        vx, vy, vz = vx * r, vy * r, vz * r
        nx, ny, nz = rows[i + N0], rows[i + N1], rows[i + N2]
        r = _F(1) / np.sqrt(nx * nx + ny * ny + nz * nz + _F(1e-12))
        nv = (nx * vx + ny * vy + nz * vz) * r
        r = -r if flips & (nv < _F(0)) else r
        rows[i + P0], rows[i + P1], rows[i + P2] = vx, vy, vz
        rows[i + N0], rows[i + N1], rows[i + N2] = nx * r, ny * r, nz * r


@njit(**KERNEL)
def peculiar(count, kind, rough, lights, rows):
    """What only one kind of surface has, as ``rows[EXTRA]``: part of the key light's highlight, or of the albedo."""
    lx, ly, lz = lights[0, 0], lights[0, 1], lights[0, 2]
    f0 = REFLECTANCE[kind]
    if kind == SKIN:  # an oily film
        for i in range(count):
            vx, vy, vz, nx, ny, nz = (
                rows[i + P0], rows[i + P1], rows[i + P2], rows[i + N0], rows[i + N1], rows[i + N2]
            )  # fmt: skip
            nl, nv, vl = nx * lx + ny * ly + nz * lz, nx * vx + ny * vy + nz * vz, vx * lx + vy * ly + vz * lz
            film = gloss(nl, nv, vl, rough * _F(OILY_ROUGHNESS), f0) * _F(OILY_GAIN)
            rows[i + EXTRA] = film * rows[i + ARRIVES]
    elif kind == EYE:  # a window's mirror image: every living eye holds one
        near = _F(WINDOW_NEARNESS)
        for i in range(count):
            vx, vy, vz, nx, ny, nz = (
                rows[i + P0], rows[i + P1], rows[i + P2], rows[i + N0], rows[i + N1], rows[i + N2]
            )  # fmt: skip
            cx, cy, cz = lx + near * vx, ly + near * vy, lz + near * vz
            r = _F(1) / np.sqrt(cx * cx + cy * cy + cz * cz)
            nl, nv = (nx * cx + ny * cy + nz * cz) * r, nx * vx + ny * vy + nz * vz
            vl = (vx * cx + vy * cy + vz * cz) * r
            rows[i + EXTRA] = gloss(nl, nv, vl, _F(WINDOW_ROUGHNESS), _F(WINDOW_REFLECTANCE))
    elif kind == CLOTH:  # light that fibres hold at grazing angles
        for i in range(count):
            nv = rows[i + N0] * rows[i + P0] + rows[i + N1] * rows[i + P1] + rows[i + N2] * rows[i + P2]
            t = _F(1) - max(nv, _F(0))
            rows[i + EXTRA] = t * t * t * t * _F(FUZZ)
    else:
        for i in range(count):
            rows[i + EXTRA] = _F(0)


@njit(**KERNEL)
def lit(count, kind, rough, lights, steps, rows):
    """Light from ``count`` surfaces of one kind towards the eye: what ``avatar.frag`` does.

    ``rows`` holds the fragments' colours (sRGB 0-1), vectors to the eye and normals (unit), shares of the key light and
    what is ``peculiar``; colours become the square roots of linear light 0-1, times ``steps``. ``lights (4, 6)`` are
    direction and colour of key, fill and rim, then light from below and above. Loops without branches: several
    fragments at once.
    """
    kx, ky, kz, kr, kg, kb = lights[0]
    fx, fy, fz, fr, fg, fb = lights[1]
    rx, ry, rz, rr, rg, rb = lights[2]
    er, eg, eb = lights[3, 0], lights[3, 1], lights[3, 2]
    sr, sg, sb = lights[3, 3] - er, lights[3, 4] - eg, lights[3, 5] - eb
    f0, gain, behind, diffuse = REFLECTANCE[kind], GLOSS_GAIN[kind], RIM_GAIN[kind], DIFFUSE_GAIN[kind]
    (wr, wg, wb), (cr, cg, cb) = WRAP[kind], SOFTENED[kind]
    (lr, lg, lb), (tr, tg, tb) = LEAK[kind], SHADOW_TINT[kind]
    mirrored, fuzzy = (_F(0), _F(1)) if kind == CLOTH else (_F(1), _F(0))
    scattered = RIM_DIFFUSE * behind
    for i in range(count):
        vx, vy, vz = rows[i + P0], rows[i + P1], rows[i + P2]
        nx, ny, nz = rows[i + N0], rows[i + N1], rows[i + N2]
        s, extra = rows[i + ARRIVES], rows[i + EXTRA]
        nv = nx * vx + ny * vy + nz * vz
        nk, nf = nx * kx + ny * ky + nz * kz, nx * fx + ny * fy + nz * fz
        nr = max(nx * rx + ny * ry + nz * rz, _F(0))
        gk = gloss(nk, nv, vx * kx + vy * ky + vz * kz, rough, f0) * s * gain + extra * mirrored
        gf = gloss(nf, nv, vx * fx + vy * fy + vz * fz, rough, f0) * gain
        gr = gloss(nr, nv, vx * rx + vy * ry + vz * rz, rough, f0) * gain * behind
        up, dark = ny * _F(0.5) + _F(0.5), _F(1) - s
        scatter = nr * scattered
        light = kr * max(_F(0), nk + wr) * cr * (s + dark * lr) * (tr + (_F(1) - tr) * s)
        light += fr * max(_F(0), nf + wr) * cr + rr * scatter
        shade = (light * DIFFUSE + er + sr * up) * diffuse + extra * fuzzy
        red = to_linear(rows[i]) * shade + kr * gk + fr * gf + rr * gr
        light = kg * max(_F(0), nk + wg) * cg * (s + dark * lg) * (tg + (_F(1) - tg) * s)
        light += fg * max(_F(0), nf + wg) * cg + rg * scatter
        shade = (light * DIFFUSE + eg + sg * up) * diffuse + extra * fuzzy
        green = to_linear(rows[i + GREEN]) * shade + kg * gk + fg * gf + rg * gr
        light = kb * max(_F(0), nk + wb) * cb * (s + dark * lb) * (tb + (_F(1) - tb) * s)
        light += fb * max(_F(0), nf + wb) * cb + rb * scatter
        shade = (light * DIFFUSE + eb + sb * up) * diffuse + extra * fuzzy
        blue = to_linear(rows[i + BLUE]) * shade + kb * gk + fb * gf + rb * gr
        # bend what is too bright; colours stay true: Khronos' neutral curve, which bends nothing at its shoulder
        low = min(red, min(green, blue))
        offset = low - _F(6.25) * low * low if low < TOE else TOE_OFFSET
        peak = max(max(red, max(green, blue)) - offset, SHOULDER)
        bent = _F(1) - _F(0.0576) / (peak + _F(0.24) - SHOULDER)
        ratio, g = bent / peak, _F(1) - _F(1) / (ROLL_OFF * (peak - bent) + _F(1))
        red, green, blue = (red - offset) * ratio, (green - offset) * ratio, (blue - offset) * ratio
        rows[i] = np.sqrt(max(red + (bent - red) * g, _F(0))) * steps
        rows[i + GREEN] = np.sqrt(max(green + (bent - green) * g, _F(0))) * steps
        rows[i + BLUE] = np.sqrt(max(blue + (bent - blue) * g, _F(0))) * steps


@njit(**KERNEL)
def finish(count, kind, rough, eye, lights, curve, places, samples, rows, sums):
    """Light ``count`` fragments of one part and add them to their pixels' ``sums (W, 4)``: sRGB 0-255 times samples."""
    count = np.uint64(count)
    last = curve.shape[0] - 1
    turned(count, kind != SKIN, eye, rows)
    peculiar(count, kind, rough, lights, rows)
    lit(count, kind, rough, lights, _F(last), rows)
    for i in range(count):
        x, m = places[i], samples[i]
        sums[x, 0] += curve[min(int(rows[i]), last)] * m
        sums[x, 1] += curve[min(int(rows[i + GREEN]), last)] * m
        sums[x, 2] += curve[min(int(rows[i + BLUE]), last)] * m
        sums[x, 3] += m


@njit(**KERNEL)
def floor_shade(sx, sy, floor, light, shadow, least, most, feet, cast):
    """How dark the floor is at a place in the picture (pixels), 0-1: shadow thrown, and contact of the feet."""
    size = shadow.shape[0]
    scale = floor[2, 0] * sx + floor[2, 1] * sy + floor[2, 2]
    if scale <= 0:
        return _F(0)  # above the horizon
    gx = (floor[0, 0] * sx + floor[0, 1] * sy + floor[0, 2]) / scale
    gz = (floor[1, 0] * sx + floor[1, 1] * sy + floor[1, 2]) / scale
    far = np.sqrt(gx * gx + gz * gz)
    if far >= FLOOR_END:
        return _F(0)
    for k in range(3):
        cast[k] = (light[k, 0] * gx + light[k, 2] * gz + light[k, 3]) * _F(0.5) + _F(0.5)
    thrown, fx, fy = _F(0), cast[0] * _F(size), cast[1] * _F(size)
    bx, by = int(fx) // BLOCK, int(fy) // BLOCK
    if fx > 0 and fy > 0 and bx < least.shape[1] and by < least.shape[0] and cast[2] - FLOOR_BIAS > least[by, bx]:
        for i in range(4):
            ox, oy = FLOOR_SPREAD * (_F(i & 1) - _F(0.5)), FLOOR_SPREAD * (_F(i >> 1) - _F(0.5))
            thrown += _F(1) - shadowed(shadow, least, most, fx + ox, fy + oy, cast[2], FLOOR_BIAS)
        thrown *= _F(FLOOR_DARKNESS / 4)
    touch = _F(0)
    for i in range(2):
        dx, dz = (gx - feet[i, 0]) / FOOT_WIDTH, (gz - feet[i, 2]) / FOOT_LENGTH
        near = min(max(_F(1) - feet[i, 1] * FOOT_LIFT, _F(0)), _F(1))
        if dx * dx + dz * dz < FOOT_END:
            touch = max(touch, np.exp(-dx * dx - dz * dz) * TOUCH_DARKNESS * near)
    fade = min(max((FLOOR_END - far) * FLOOR_FADE, _F(0)), _F(1))
    fade = fade * fade * (_F(3) - _F(2) * fade)
    return (_F(1) - (_F(1) - thrown) * (_F(1) - touch)) * fade


@njit(**KERNEL)
def corner_shares(points, a, b, c, sx, sy):
    """Perspective-true shares of a triangle's corners at a place in the picture (pixels)."""
    cx, cy = points[c, 0], points[c, 1]
    abx, aby, bbx, bby = points[a, 0] - cx, points[a, 1] - cy, points[b, 0] - cx, points[b, 1] - cy
    scale = _F(1) / (abx * bby - bbx * aby)
    u = (bby * (sx - cx) - bbx * (sy - cy)) * scale
    v = (abx * (sy - cy) - aby * (sx - cx)) * scale
    wa, wb, wc = u * points[a, 3], v * points[b, 3], (_F(1) - u - v) * points[c, 3]
    whole = _F(1) / (wa + wb + wc)
    return wa * whole, wb * whole, wc * whole


@njit(**KERNEL)
def shade(
    top, bottom, triangles, part, kinds, rough, colors, points, world, uv, level, table, images, light, shadow, least,
    most, eye, lights, curve, ident, floor, feet, out,
):  # fmt: skip
    """Colour every pixel of rows ``top``-``bottom`` into ``out (H, W, 4)``, premultiplied.

    ``curve (4096,)`` gives sRGB 0-255 for the square root of light; ``floor (3, 3)`` takes pixels to the ground
    (x, z, scale), and is all zero where none is drawn. ``least`` and ``most`` are what ``extremes`` says of ``shadow``.
    """
    wide = ident.shape[1]
    size = shadow.shape[0]
    n, t, cast = np.empty(6, _F), np.empty(4, _F), np.empty(3, _F)
    rows, sums = np.empty(FRAGMENTS * 11, _F), np.empty((wide, 4), _F)
    places, samples = np.empty(FRAGMENTS, np.uint32), np.empty(FRAGMENTS, _F)
    ground = floor[2, 2] != 0 or floor[2, 1] != 0
    for y in range(top, bottom):
        sums[:] = 0
        waiting, kept = 0, -1
        for x in range(wide):
            done = 0
            for s in range(4):
                f = ident[y, x, s]
                if f < 0 or (done >> s) & 1:
                    continue
                q = part[f]
                if waiting == FRAGMENTS or (waiting and q != kept):
                    finish(waiting, kinds[kept], rough[kept], eye, lights, curve, places, samples, rows, sums)
                    waiting = 0
                kept = q
                count = 0
                tu, tv = _F(0), _F(0)
                n[:] = 0
                for r in range(s, 4):
                    g = ident[y, x, r]
                    if g < 0 or (done >> r) & 1 or part[g] != q:
                        continue
                    # samples of one triangle together, at the middle of them
                    here, sx, sy = 0, _F(0), _F(0)
                    for o in range(r, 4):
                        if ident[y, x, o] == g:
                            done |= 1 << o
                            here += 1
                            sx += SAMPLE_X[o]
                            sy += SAMPLE_Y[o]
                    count += here
                    m = _F(here)
                    ia, ib, ic = triangles[g, 0], triangles[g, 1], triangles[g, 2]
                    wa, wb, wc = corner_shares(points, ia, ib, ic, _F(x) + sx / m, _F(y) + sy / m)
                    if r == s:  # the mean over neighbours would lie anywhere where textures have seams
                        tu = uv[ia, 0] * wa + uv[ib, 0] * wb + uv[ic, 0] * wc
                        tv = uv[ia, 1] * wa + uv[ib, 1] * wb + uv[ic, 1] * wc
                    wa, wb, wc = wa * m, wb * m, wc * m
                    for k in range(6):
                        n[k] += world[ia, k] * wa + world[ib, k] * wb + world[ic, k] * wc
                share = _F(1) / _F(count)
                px, py, pz = n[0] * share, n[1] * share, n[2] * share
                i = np.uint64(waiting)
                rows[i], rows[i + GREEN], rows[i + BLUE] = colors[q, 0], colors[q, 1], colors[q, 2]
                if table[q, 0, 3] > 0:
                    texel(images, table, q, level[f], tu, tv, t)
                    rows[i] *= t[0]
                    rows[i + GREEN] *= t[1]
                    rows[i + BLUE] *= t[2]
                for k in range(3):
                    c = light[k, 0] * px + light[k, 1] * py + light[k, 2] * pz + light[k, 3]
                    cast[k] = c * _F(0.5) + _F(0.5)
                rows[i + P0], rows[i + P1], rows[i + P2] = px, py, pz
                rows[i + N0], rows[i + N1], rows[i + N2] = n[3], n[4], n[5]
                rows[i + ARRIVES] = shadowed(shadow, least, most, cast[0] * _F(size), cast[1] * _F(size), cast[2], BIAS)
                places[i], samples[i] = x, _F(count)
                waiting += 1
        if waiting:
            finish(waiting, kinds[kept], rough[kept], eye, lights, curve, places, samples, rows, sums)
        for x in range(wide):
            alpha = sums[x, 3] * _F(0.25)
            if ground and alpha < 1:
                dark = floor_shade(_F(x) + _F(0.5), _F(y) + _F(0.5), floor, light, shadow, least, most, feet, cast)
                alpha = alpha + (_F(1) - alpha) * dark
            for k in range(3):
                out[y, x, k] = np.uint8(sums[x, k] * _F(0.25) + _F(0.5))
            out[y, x, 3] = np.uint8(alpha * _F(255) + _F(0.5))
