"""The loops of the software renderer, compiled once by numba and kept in its cache.

Every kernel works on a range (of vertices, triangles or rows) and frees Python's lock, so that several threads
share a frame. Visibility is found at four samples per pixel; samples of one part are shaded together, once.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from gengine.renderers.avatar.raster_kernels import KERNEL, SAMPLE_X, SAMPLE_Y, texel

_F = np.float32


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
def lit(kind, rough, base, p, n, s, eye, lights, out):
    """Light from a surface towards the eye into ``out (3,)``, sRGB 0-1: what ``avatar.frag`` does.

    ``base (3,)`` sRGB, ``p`` place, ``n`` normal (not unit), ``s`` share of the key light, ``lights (3, 6)``
    direction and colour of key, fill and rim.
    """
    vx, vy, vz = eye[0] - p[0], eye[1] - p[1], eye[2] - p[2]
    r = _F(1) / np.sqrt(vx * vx + vy * vy + vz * vz)
    vx, vy, vz = vx * r, vy * r, vz * r
    r = _F(1) / np.sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2] + _F(1e-12))
    nx, ny, nz = n[0] * r, n[1] * r, n[2] * r
    nv = nx * vx + ny * vy + nz * vz
    if nv < 0 and kind != 1:
        nx, ny, nz, nv = -nx, -ny, -nz, -nv
    f0 = _F(0.045) if kind == 4 else (_F(0.02) if kind == 5 else _F(0.028))
    nk = nx * lights[0, 0] + ny * lights[0, 1] + nz * lights[0, 2]
    nf = nx * lights[1, 0] + ny * lights[1, 1] + nz * lights[1, 2]
    nr = max(nx * lights[2, 0] + ny * lights[2, 1] + nz * lights[2, 2], _F(0))
    gk = gloss(nx, ny, nz, vx, vy, vz, lights[0, 0], lights[0, 1], lights[0, 2], rough, f0) * s
    gf = gloss(nx, ny, nz, vx, vy, vz, lights[1, 0], lights[1, 1], lights[1, 2], rough, f0)
    gr = gloss(nx, ny, nz, vx, vy, vz, lights[2, 0], lights[2, 1], lights[2, 2], rough, f0)
    if kind == 1:
        oily = gloss(nx, ny, nz, vx, vy, vz, lights[0, 0], lights[0, 1], lights[0, 2], rough * _F(0.55), f0)
        gk, gf, gr = gk * _F(0.75) + oily * s * _F(0.18), gf * _F(0.75), gr * _F(0.75)
    elif kind == 2:
        # a window's mirror image: every living eye holds one
        cx, cy, cz = lights[0, 0] + _F(1.6) * vx, lights[0, 1] + _F(1.6) * vy, lights[0, 2] + _F(1.6) * vz
        r = _F(1) / np.sqrt(cx * cx + cy * cy + cz * cz)
        gk += gloss(nx, ny, nz, vx, vy, vz, cx * r, cy * r, cz * r, _F(0.24), _F(0.06))
    elif kind == 6:
        gk, gf, gr = gk * _F(0.6), gf * _F(0.6), gr * _F(0.6)
    up = ny * _F(0.5) + _F(0.5)
    fuzz = _F(0)
    if kind == 5:
        t = _F(1) - max(nv, _F(0))
        fuzz = t * t * t * t * _F(0.25)
    for k in range(3):
        c = base[k]
        albedo = c * (c * (c * _F(0.305306011) + _F(0.682171111)) + _F(0.012522878))
        wrap, leak, tint = _F(0.02), _F(0), _F(1)
        if kind == 1:
            wrap = _F(0.34) if k == 0 else (_F(0.16) if k == 1 else _F(0.10))
            leak = _F(0.06) if k == 0 else (_F(0.03) if k == 1 else _F(0.02))
            tint = _F(1) if k == 0 else (_F(0.8) if k == 1 else _F(0.72))
            tint = tint + (_F(1) - tint) * s
        elif kind == 5:
            wrap = _F(0.12)
        elif kind == 4:
            wrap = _F(0.2)
        soft = _F(1) / ((_F(1) + wrap) * (_F(1) + wrap))
        key, fill, rim = lights[0, 3 + k], lights[1, 3 + k], lights[2, 3 + k]
        light = key * max(_F(0), nk + wrap) * soft * (s + (_F(1) - s) * leak) * tint
        light += fill * max(_F(0), nf + wrap) * soft + rim * _F(0.35) * nr
        sky = lights[3, k] + (lights[3, 3 + k] - lights[3, k]) * up
        shaded = albedo * (light * _F(0.43) + sky)
        if kind == 2:
            shaded *= _F(0.92)
        elif kind == 5:
            shaded += albedo * fuzz
        elif kind == 7:
            shaded *= _F(0.45)
        elif kind == 6:
            shaded *= _F(0.75)
        out[k] = shaded + key * gk + fill * gf + rim * gr
    # Khronos' neutral tone curve: colours stay true, only what is too bright bends over
    low = min(out[0], out[1], out[2])
    offset = low - _F(6.25) * low * low if low < _F(0.08) else _F(0.04)
    peak = max(out[0], out[1], out[2]) - offset
    if peak > _F(0.76):
        bent = _F(1) - _F(0.0576) / (peak + _F(0.24) - _F(0.76))
        g = _F(1) - _F(1) / (_F(0.15) * (peak - bent) + _F(1))
        for k in range(3):
            c = (out[k] - offset) * bent / peak
            out[k] = c + (bent - c) * g
    else:
        for k in range(3):
            out[k] -= offset


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
                    cx, cy = points[ic, 0], points[ic, 1]
                    abx, aby, bbx, bby = points[ia, 0] - cx, points[ia, 1] - cy, points[ib, 0] - cx, points[ib, 1] - cy
                    scale = _F(1) / (abx * bby - bbx * aby)
                    u = (bby * (sx - cx) - bbx * (sy - cy)) * scale
                    v = (abx * (sy - cy) - aby * (sx - cx)) * scale
                    wa, wb, wc = u * points[ia, 3], v * points[ib, 3], (_F(1) - u - v) * points[ic, 3]
                    whole = _F(1) / (wa + wb + wc)
                    wa, wb, wc = wa * whole, wb * whole, wc * whole
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
                arrives = shadowed(shadow, cast[0] * _F(size), cast[1] * _F(size), cast[2], _F(0.0026))
                lit(kinds[q], rough[q], base, p, n, arrives, eye, lights, c)
                sum_r += curve[min(int(np.sqrt(max(c[0], _F(0))) * _F(4095)), 4095)] * _F(count)
                sum_g += curve[min(int(np.sqrt(max(c[1], _F(0))) * _F(4095)), 4095)] * _F(count)
                sum_b += curve[min(int(np.sqrt(max(c[2], _F(0))) * _F(4095)), 4095)] * _F(count)
                covered += count
            alpha = _F(covered) * _F(0.25)
            if ground and covered < 4:
                sx, sy = _F(x) + _F(0.5), _F(y) + _F(0.5)
                scale = floor[2, 0] * sx + floor[2, 1] * sy + floor[2, 2]
                if scale > 0:
                    gx = (floor[0, 0] * sx + floor[0, 1] * sy + floor[0, 2]) / scale
                    gz = (floor[1, 0] * sx + floor[1, 1] * sy + floor[1, 2]) / scale
                    far = np.sqrt(gx * gx + gz * gz)
                    if far < _F(2.6):
                        for k in range(3):
                            cast[k] = (light[k, 0] * gx + light[k, 2] * gz + light[k, 3]) * _F(0.5) + _F(0.5)
                        thrown = _F(0)
                        for i in range(4):
                            ox, oy = _F(2.5) * (i & 1) - _F(1.25), _F(2.5) * (i >> 1) - _F(1.25)
                            thrown += 1 - shadowed(shadow, cast[0] * size + ox, cast[1] * size + oy, cast[2], _F(0.001))
                        thrown *= _F(0.34 / 4)
                        touch = _F(0)
                        for i in range(2):
                            dx, dz = (gx - feet[i, 0]) / _F(0.075), (gz - feet[i, 2]) / _F(0.16)
                            near = min(max(1 - feet[i, 1] * 4, _F(0)), _F(1))
                            touch = max(touch, np.exp(-dx * dx - dz * dz) * _F(0.5) * near)
                        fade = min(max((_F(2.6) - far) * _F(0.5), _F(0)), _F(1))
                        fade = fade * fade * (3 - 2 * fade)
                        dark = (1 - (1 - thrown) * (1 - touch)) * fade
                        alpha = alpha + (1 - alpha) * dark
            out[y, x, 0] = np.uint8(sum_r * _F(0.25) + _F(0.5))
            out[y, x, 1] = np.uint8(sum_g * _F(0.25) + _F(0.5))
            out[y, x, 2] = np.uint8(sum_b * _F(0.25) + _F(0.5))
            out[y, x, 3] = np.uint8(alpha * 255 + _F(0.5))
