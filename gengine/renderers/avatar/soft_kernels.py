"""The loops of the software renderer, compiled once by numba and kept in its cache.

Every kernel works on a range (of vertices, triangles or rows) and frees Python's lock, so that several threads
share a frame. Visibility is found at four samples per pixel; samples of one part are shaded together, once.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_F = np.float32
SAMPLE_X = np.array([0.375, 0.875, 0.125, 0.625], _F)
SAMPLE_Y = np.array([0.125, 0.375, 0.625, 0.875], _F)
_OPTIONS = {"nogil": True, "cache": True, "fastmath": True, "error_model": "numpy"}


@njit(**_OPTIONS)
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
        inverse = _F(1) / depth if depth > _F(0.02) else _F(-1)
        sx = (camera[0, 0] * px + camera[0, 1] * py + camera[0, 2] * pz + camera[0, 3]) * inverse
        sy = (camera[1, 0] * px + camera[1, 1] * py + camera[1, 2] * pz + camera[1, 3]) * inverse
        sz = (camera[2, 0] * px + camera[2, 1] * py + camera[2, 2] * pz + camera[2, 3]) * inverse
        screen[i, 0], screen[i, 1] = (sx * _F(0.5) + _F(0.5)) * width, (_F(0.5) - sy * _F(0.5)) * height
        screen[i, 2], screen[i, 3] = sz, inverse
        for a in range(3):
            c = light[a, 0] * px + light[a, 1] * py + light[a, 2] * pz + light[a, 3]
            cast[i, a] = (c * _F(0.5) + _F(0.5)) * (size if a < 2 else _F(1))


@njit(**_OPTIONS)
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
        if (area >= 0 and not two_sided[part[f]]) or abs(area) < _F(1e-6):
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


@njit(**_OPTIONS)
def span(ux, uy, vx, vy, cx, cy, y, reach, x0, x1):
    """First and last pixel of row ``y`` whose centre lies at most ``reach`` (pixels each way) outside a triangle."""
    dy = _F(y) + _F(0.5) - cy
    low, high = _F(x0), _F(x1)
    for k in range(3):
        gx, gy, c = (ux, uy, _F(0)) if k == 0 else ((vx, vy, _F(0)) if k == 1 else (-ux - vx, -uy - vy, _F(1)))
        c += gy * dy + reach * (abs(gx) + abs(gy)) + _F(1e-4)
        if gx > _F(1e-7):
            low = max(low, np.ceil(cx - c / gx - _F(0.5)))
        elif gx < _F(-1e-7):
            high = min(high, np.floor(cx - c / gx - _F(0.5)))
        elif c < 0:
            return 1, 0
    return int(low), int(high)


@njit(**_OPTIONS)
def depth_map(top, bottom, order, triangles, points, box, out):
    """Nearest depth of triangles ``order`` in rows ``top``-``bottom`` of the shadow map ``out (S, S)``."""
    out[top:bottom] = _F(1)
    for f in order:
        y0, y1 = max(box[f, 2], top), min(box[f, 3], bottom - 1)
        if y1 < y0:
            continue
        a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        cx, cy, cz = points[c, 0], points[c, 1], points[c, 2]
        abx, aby, bbx, bby = points[a, 0] - cx, points[a, 1] - cy, points[b, 0] - cx, points[b, 1] - cy
        scale = _F(1) / (abx * bby - bbx * aby)
        ux, uy, vx, vy = bby * scale, -bbx * scale, -aby * scale, abx * scale
        da, db = points[a, 2] - cz, points[b, 2] - cz
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


@njit(**_OPTIONS)
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


@njit(**_OPTIONS)
def visible(top, bottom, order, triangles, part, points, box, level, uv, cut, table, images, depth, ident):
    """Which triangle is seen at each of a pixel's four samples: ``depth``, ``ident (H, W, 4)``, -1 for none.

    Parts of which ``cut`` gives an opacity below 1, or 2 for a texture with holes, cover samples in proportion.
    """
    depth[top:bottom] = _F(2)
    ident[top:bottom] = -1
    su, sv, sz = np.empty(4, _F), np.empty(4, _F), np.empty(4, _F)
    color = np.empty(4, _F)
    for f in order:
        y0, y1 = max(box[f, 2], top), min(box[f, 3], bottom - 1)
        if y1 < y0:
            continue
        a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        cx, cy, cz = points[c, 0], points[c, 1], points[c, 2]
        abx, aby, bbx, bby = points[a, 0] - cx, points[a, 1] - cy, points[b, 0] - cx, points[b, 1] - cy
        scale = _F(1) / (abx * bby - bbx * aby)
        ux, uy, vx, vy = bby * scale, -bbx * scale, -aby * scale, abx * scale
        da, db = points[a, 2] - cz, points[b, 2] - cz
        for s in range(4):
            su[s], sv[s] = ux * SAMPLE_X[s] + uy * SAMPLE_Y[s], vx * SAMPLE_X[s] + vy * SAMPLE_Y[s]
            sz[s] = su[s] * da + sv[s] * db
        opacity = cut[part[f]]
        for y in range(y0, y1 + 1):
            x0, x1 = span(ux, uy, vx, vy, cx, cy, y, _F(0.375), box[f, 0], box[f, 1])
            for x in range(x0, x1 + 1):
                qx, qy = _F(x) - cx, _F(y) - cy
                u0, v0 = ux * qx + uy * qy, vx * qx + vy * qy
                z0 = cz + u0 * da + v0 * db
                for s in range(4):
                    u, v = u0 + su[s], v0 + sv[s]
                    z = z0 + sz[s]
                    inside = (u >= _F(-1e-5)) & (v >= _F(-1e-5)) & (u + v <= _F(1.00001)) & (z < depth[y, x, s])
                    if inside:
                        if opacity != _F(1):
                            alpha = opacity
                            if opacity > _F(1):
                                wa, wb = u * points[a, 3], v * points[b, 3]
                                wc = (_F(1) - u - v) * points[c, 3]
                                whole = _F(1) / (wa + wb + wc)
                                tu = (uv[a, 0] * wa + uv[b, 0] * wb + uv[c, 0] * wc) * whole
                                tv = (uv[a, 1] * wa + uv[b, 1] * wb + uv[c, 1] * wc) * whole
                                texel(images, table, part[f], level[f], tu, tv, color)
                                alpha = color[3] * (opacity - _F(1))
                            if alpha < _F(0.125) + _F(0.25) * _F((s + x + y) & 3):
                                continue
                        depth[y, x, s] = z
                        ident[y, x, s] = f


@njit(**_OPTIONS)
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


@njit(**_OPTIONS)
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


@njit(**_OPTIONS)
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


@njit(**_OPTIONS)
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
