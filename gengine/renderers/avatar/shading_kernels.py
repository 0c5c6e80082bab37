"""What colour an avatar's pixels have: loops compiled once by numba and kept in its cache.

Light and materials are those of ``shaders/avatar.frag``; the numbers stand in ``materials``. Samples of one part
that a pixel holds are shaded together, once. As in ``raster_kernels``, whoever changes a number or a kernel of
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
from gengine.renderers.avatar.raster_kernels import KERNEL, SAMPLE_X, SAMPLE_Y, texel

_F = np.float32
RIM_DIFFUSE, DIFFUSE = _F(0.35), _F(0.43)
"""Shares of the rim light, and then of all three lights, that come back scattered rather than mirrored (judgement)."""
BIAS, FLOOR_BIAS = _F(0.0026), _F(0.001)
"""How much nearer to the light than a surface its shadow map must be to shade it, share of the map's depth."""

FLOOR_SPREAD = _F(2.5)
"""Texels of the shadow map between the four places that a floor's shadow is the mean of."""
FLOOR_DARKNESS, TOUCH_DARKNESS = 0.34, _F(0.5)
"""Opacity of the shadow thrown on the floor, and of that beneath a foot."""
FOOT_WIDTH, FOOT_LENGTH, FOOT_LIFT = _F(0.075), _F(0.16), 4
"""Metres over which a foot's shadow fades across and along, and per metre how fast it does when lifted."""
FLOOR_END, FLOOR_FADE = _F(2.6), _F(0.5)
"""Metres from the middle where the floor's shadows end, and per metre how fast they come in from there."""

TOE, TOE_OFFSET, SHOULDER, ROLL_OFF = _F(0.08), _F(0.04), _F(0.76), _F(0.15)
"""Khronos' PBR neutral tone mapper (2024): F90, its offset, where compression starts, and desaturation."""


@njit(**KERNEL)
def shadowed(shadow, cx, cy, z, bias):
    """Share 0-1 of the key light that arrives: depths of 3 x 3 texels compared, weighted by distance."""
    size = shadow.shape[0]
    x, y = cx - _F(0.5), cy - _F(0.5)
    fx, fy = np.floor(x), np.floor(y)
    x0, y0 = int(fx), int(fy)
    if x0 < 1 or y0 < 1 or x0 >= size - 3 or y0 >= size - 3:
        return _F(1)
    fx, fy = x - fx, y - fy
    total = _F(0)
    for j in range(-1, 3):
        wy = _F(1) - fy if j == -1 else (fy if j == 2 else _F(1))
        for i in range(-1, 3):
            wx = _F(1) - fx if i == -1 else (fx if i == 2 else _F(1))
            if z - bias <= shadow[y0 + j, x0 + i]:
                total += wx * wy
    return total * _F(1 / 9)


@njit(**KERNEL)
def gloss(nx, ny, nz, vx, vy, vz, lx, ly, lz, rough, f0):
    """GGX highlight of one light."""
    nl = nx * lx + ny * ly + nz * lz
    if nl <= 0:
        return _F(0)
    hx, hy, hz = vx + lx, vy + ly, vz + lz
    length = _F(1) / np.sqrt(hx * hx + hy * hy + hz * hz + _F(1e-9))
    nh = max((nx * hx + ny * hy + nz * hz) * length, _F(0))
    vh = max((vx * hx + vy * hy + vz * hz) * length, _F(0))
    nv = max(nx * vx + ny * vy + nz * vz, _F(1e-3))
    a = rough * rough
    a2 = a * a
    d = nh * nh * (a2 - _F(1)) + _F(1)
    k = a * _F(0.5)
    g = _F(1) / ((nl * (_F(1) - k) + k) * (nv * (_F(1) - k) + k) * _F(4))
    t = _F(1) - vh
    f = f0 + (_F(1) - f0) * t * t * t * t * t
    return a2 / (_F(3.14159) * d * d + _F(1e-6)) * g * f * nl


@njit(**KERNEL)
def skin_highlight(normal, view, s, rough, f0, lights):
    """What an oily film adds to the key light's highlight."""
    nx, ny, nz = normal
    vx, vy, vz = view
    lx, ly, lz = lights[0, 0], lights[0, 1], lights[0, 2]
    return gloss(nx, ny, nz, vx, vy, vz, lx, ly, lz, rough * _F(OILY_ROUGHNESS), f0) * s * _F(OILY_GAIN)


@njit(**KERNEL)
def eye_highlight(normal, view, lights):
    """A window's mirror image: every living eye holds one."""
    nx, ny, nz = normal
    vx, vy, vz = view
    near = _F(WINDOW_NEARNESS)
    cx, cy, cz = lights[0, 0] + near * vx, lights[0, 1] + near * vy, lights[0, 2] + near * vz
    r = _F(1) / np.sqrt(cx * cx + cy * cy + cz * cz)
    return gloss(nx, ny, nz, vx, vy, vz, cx * r, cy * r, cz * r, _F(WINDOW_ROUGHNESS), _F(WINDOW_REFLECTANCE))


@njit(**KERNEL)
def cloth_fuzz(nv):
    """Light that fibres hold at grazing angles, as a share of the albedo; ``nv`` is normal times view."""
    t = _F(1) - max(nv, _F(0))
    return t * t * t * t * _F(FUZZ)


@njit(**KERNEL)
def to_linear(c):
    """An sRGB value 0-1 as linear light (a cubic within 0.002 of the standard's curve)."""
    return c * (c * (c * _F(0.305306011) + _F(0.682171111)) + _F(0.012522878))


@njit(**KERNEL)
def tone(out):
    """Bend what is too bright, in place; colours stay true: Khronos' neutral curve."""
    low = min(out[0], out[1], out[2])
    offset = low - _F(6.25) * low * low if low < TOE else TOE_OFFSET
    peak = max(out[0], out[1], out[2]) - offset
    if peak > SHOULDER:
        bent = _F(1) - _F(0.0576) / (peak + _F(0.24) - SHOULDER)
        g = _F(1) - _F(1) / (ROLL_OFF * (peak - bent) + _F(1))
        for k in range(3):
            c = (out[k] - offset) * bent / peak
            out[k] = c + (bent - c) * g
    else:
        for k in range(3):
            out[k] -= offset


@njit(**KERNEL)
def lit(kind, rough, base, p, n, s, eye, lights, out):
    """Light from a surface towards the eye into ``out (3,)``, linear 0-1: what ``avatar.frag`` does.

    ``base (3,)`` sRGB, ``p`` place, ``n`` normal (not unit), ``s`` share of the key light, ``lights (4, 6)``
    direction and colour of key, fill and rim, then light from below and above.
    """
    vx, vy, vz = eye[0] - p[0], eye[1] - p[1], eye[2] - p[2]
    r = _F(1) / np.sqrt(vx * vx + vy * vy + vz * vz)
    vx, vy, vz = vx * r, vy * r, vz * r
    r = _F(1) / np.sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2] + _F(1e-12))
    nx, ny, nz = n[0] * r, n[1] * r, n[2] * r
    nv = nx * vx + ny * vy + nz * vz
    if nv < 0 and kind != SKIN:
        nx, ny, nz, nv = -nx, -ny, -nz, -nv
    f0 = REFLECTANCE[kind]
    nk = nx * lights[0, 0] + ny * lights[0, 1] + nz * lights[0, 2]
    nf = nx * lights[1, 0] + ny * lights[1, 1] + nz * lights[1, 2]
    nr = max(nx * lights[2, 0] + ny * lights[2, 1] + nz * lights[2, 2], _F(0))
    gain = GLOSS_GAIN[kind]
    gk = gloss(nx, ny, nz, vx, vy, vz, lights[0, 0], lights[0, 1], lights[0, 2], rough, f0) * s * gain
    gf = gloss(nx, ny, nz, vx, vy, vz, lights[1, 0], lights[1, 1], lights[1, 2], rough, f0) * gain
    behind = RIM_GAIN[kind]
    nr *= behind
    gr = gloss(nx, ny, nz, vx, vy, vz, lights[2, 0], lights[2, 1], lights[2, 2], rough, f0) * gain * behind
    fuzz, diffuse_gain = _F(0), DIFFUSE_GAIN[kind]
    if kind == SKIN:
        gk += skin_highlight((nx, ny, nz), (vx, vy, vz), s, rough, f0, lights)
    elif kind == EYE:
        gk += eye_highlight((nx, ny, nz), (vx, vy, vz), lights)
    elif kind == CLOTH:
        fuzz = cloth_fuzz(nv)
    up = ny * _F(0.5) + _F(0.5)
    for k in range(3):
        albedo = to_linear(base[k])
        wrap, tint = WRAP[kind, k], SHADOW_TINT[kind, k]
        tint = tint + (_F(1) - tint) * s
        soft = _F(1) / ((_F(1) + wrap) * (_F(1) + wrap))
        key, fill, rim = lights[0, 3 + k], lights[1, 3 + k], lights[2, 3 + k]
        light = key * max(_F(0), nk + wrap) * soft * (s + (_F(1) - s) * LEAK[kind, k]) * tint
        light += fill * max(_F(0), nf + wrap) * soft + rim * RIM_DIFFUSE * nr
        sky = lights[3, k] + (lights[3, 3 + k] - lights[3, k]) * up
        shaded = albedo * (light * DIFFUSE + sky)
        if kind == CLOTH:
            shaded += albedo * fuzz
        elif diffuse_gain != 1:  # a factor of one would be rounded in by fused arithmetic
            shaded *= diffuse_gain
        out[k] = shaded + key * gk + fill * gf + rim * gr
    tone(out)


@njit(**KERNEL)
def floor_shade(sx, sy, floor, light, shadow, feet, cast):
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
    thrown = _F(0)
    for i in range(4):
        ox, oy = FLOOR_SPREAD * (i & 1) - FLOOR_SPREAD / 2, FLOOR_SPREAD * (i >> 1) - FLOOR_SPREAD / 2
        thrown += 1 - shadowed(shadow, cast[0] * size + ox, cast[1] * size + oy, cast[2], FLOOR_BIAS)
    thrown *= _F(FLOOR_DARKNESS / 4)
    touch = _F(0)
    for i in range(2):
        dx, dz = (gx - feet[i, 0]) / FOOT_WIDTH, (gz - feet[i, 2]) / FOOT_LENGTH
        near = min(max(1 - feet[i, 1] * FOOT_LIFT, _F(0)), _F(1))
        touch = max(touch, np.exp(-dx * dx - dz * dz) * TOUCH_DARKNESS * near)
    fade = min(max((FLOOR_END - far) * FLOOR_FADE, _F(0)), _F(1))
    fade = fade * fade * (3 - 2 * fade)
    return (1 - (1 - thrown) * (1 - touch)) * fade


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
def srgb(light, curve):
    """Linear light as sRGB 0-255, by a table over its square root."""
    last = curve.shape[0] - 1
    return curve[min(int(np.sqrt(max(light, _F(0))) * _F(last)), last)]


@njit(**KERNEL)
def shade(
    top, bottom, triangles, part, kinds, rough, colors, points, world, uv, level, table, images, light, shadow, eye,
    lights, curve, ident, floor, feet, out,
):  # fmt: skip
    """Colour every pixel of rows ``top``-``bottom`` into ``out (H, W, 4)``, premultiplied.

    ``curve (4096,)`` gives sRGB 0-255 for the square root of light; ``floor (3, 3)`` takes pixels to the ground
    (x, z, scale), and is all zero where none is drawn.
    """
    wide = ident.shape[1]
    size = shadow.shape[0]
    base, p, n, c, t = np.empty(4, _F), np.empty(3, _F), np.empty(3, _F), np.empty(3, _F), np.empty(4, _F)
    cast = np.empty(3, _F)
    ground = floor[2, 2] != 0 or floor[2, 1] != 0
    for y in range(top, bottom):
        for x in range(wide):
            sum_r, sum_g, sum_b, covered = _F(0), _F(0), _F(0), 0
            done = 0
            for s in range(4):
                f = ident[y, x, s]
                if f < 0 or (done >> s) & 1:
                    continue
                q = part[f]
                count = 0
                tu, tv = _F(0), _F(0)
                p[:] = 0
                n[:] = 0
                one = ident[y, x, 0] == ident[y, x, 1] == ident[y, x, 2] == ident[y, x, 3]
                for r in range(s, 4):
                    g = ident[y, x, r]
                    if g < 0 or part[g] != q:
                        continue
                    done |= 1 << r
                    count += 1
                    if one and r > s:
                        continue
                    sx, sy = (
                        (_F(x) + SAMPLE_X[r], _F(y) + SAMPLE_Y[r]) if not one else (_F(x) + _F(0.5), _F(y) + _F(0.5))
                    )
                    ia, ib, ic = triangles[g, 0], triangles[g, 1], triangles[g, 2]
                    wa, wb, wc = corner_shares(points, ia, ib, ic, sx, sy)
                    for k in range(3):
                        p[k] += world[ia, k] * wa + world[ib, k] * wb + world[ic, k] * wc
                        n[k] += world[ia, 3 + k] * wa + world[ib, 3 + k] * wb + world[ic, 3 + k] * wc
                    if r == s:  # the mean over neighbours would lie anywhere where textures have seams
                        tu = uv[ia, 0] * wa + uv[ib, 0] * wb + uv[ic, 0] * wc
                        tv = uv[ia, 1] * wa + uv[ib, 1] * wb + uv[ic, 1] * wc
                share = _F(1) if one else _F(1) / _F(count)
                for k in range(3):
                    p[k] *= share
                    base[k] = colors[q, k]
                if table[q, 0, 3] > 0:
                    texel(images, table, q, level[f], tu, tv, t)
                    for k in range(3):
                        base[k] *= t[k]
                for k in range(3):
                    cast[k] = light[k, 0] * p[0] + light[k, 1] * p[1] + light[k, 2] * p[2] + light[k, 3]
                    cast[k] = cast[k] * _F(0.5) + _F(0.5)
                arrives = shadowed(shadow, cast[0] * _F(size), cast[1] * _F(size), cast[2], BIAS)
                lit(kinds[q], rough[q], base, p, n, arrives, eye, lights, c)
                sum_r += srgb(c[0], curve) * _F(count)
                sum_g += srgb(c[1], curve) * _F(count)
                sum_b += srgb(c[2], curve) * _F(count)
                covered += count
            alpha = _F(covered) * _F(0.25)
            if ground and covered < 4:
                dark = floor_shade(_F(x) + _F(0.5), _F(y) + _F(0.5), floor, light, shadow, feet, cast)
                alpha = alpha + (1 - alpha) * dark
            out[y, x, 0] = np.uint8(sum_r * _F(0.25) + _F(0.5))
            out[y, x, 1] = np.uint8(sum_g * _F(0.25) + _F(0.5))
            out[y, x, 2] = np.uint8(sum_b * _F(0.25) + _F(0.5))
            out[y, x, 3] = np.uint8(alpha * 255 + _F(0.5))
