"""Where the lips meet, from corner to corner: shapes that close or press them do so along the whole line.

MakeHuman's shapes close the middle and leave slits at the sides, through which teeth flash in P, B and M. Each body's
own shapes are measured as slits seen from the front, and the lips' vertices moved by what is missing.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from gengine.avatars.making.body_mesh import BodyMesh, middle_body, piece_index
from gengine.avatars.making.skinned_mesh import Deltas
from gengine.avatars.making.uv_layout import uv_layout
from gengine.core.face import ARKIT_NAMES

LOOPS = 3
"""Loops of vertices around the mouth's inside between which the slit is seen."""
FADING = (1.0, 1.0, 1.0, 0.7, 0.35, 0.12)
"""How much of a correction each loop takes, from the inside out (judgement: a lip is moved, its surroundings are not).
"""
PLACES = 61
"""Places from corner to corner where the slit is measured."""
CORNER = 0.0008
"""Metres by which the first and last place lie inside the corners."""
REST = -0.3
"""Slit of a neutral face, mm: lips touch along the whole line."""
UNDONE = 1.25
"""What mouthClose takes of what jawOpen at the same weight opens, everywhere along the lips (see ``bake.CLOSE``)."""
TRIED = 0.3
"""Weight at which shapes are measured: about that of a closure."""
LEVEL = {
    "mouthPress": 1.0, "mouthRollLower": 1.0, "mouthRollUpper": 1.0, "mouthShrugLower": 1.0, "mouthShrugUpper": 1.0,
    "mouthUpperUp": 1.0, "mouthLowerDown": 1.0, "noseSneer": 1.0, "mouthFunnel": 1.0, "mouthPucker": 1.0,
    "mouthSmile": 0.0, "mouthFrown": 0.0, "mouthStretch": 0.0, "mouthDimple": 0.0, "jawForward": 0.0,
}  # fmt: skip
"""Shapes that part or close the lips at the sides as in the middle, by this share of what they do there: the
corners' shapes move both lips alike (face.md section 1: a smile -0.1 mm, a stretch -0.2 mm)."""
PURSED, PURSED_FROM, PURSED_TO = 5.0, 0.005, 0.014
"""By how many mm mouthPucker closes the slit at both sides of a round opening, from and to m beside the middle: what
an open jaw parts there (judgement, against photographs of UW)."""
UPPER = ("mouthUpperUp", "noseSneer", "mouthRollUpper", "mouthShrugUpper")
"""Shapes of the upper lip; in the others the lower lip takes the correction."""


@cache
def lip_loops() -> tuple[tuple[NDArray[np.int64], NDArray[np.int64]], ...]:
    """Loops of the body piece's vertices around the mouth, from the inside out, each as its upper and lower half."""
    flat = uv_layout()
    at = middle_body().piece("body").vertices
    skin = flat.source[flat.triangles]
    loop = np.intersect1d(skin, flat.mouth)
    seen, out = loop, []
    for _ in FADING:
        out.append(_halves(loop, skin, at))
        near = np.unique(skin[np.isin(skin, loop).any(1)])
        loop = np.setdiff1d(near, seen)
        seen = np.union1d(seen, loop)
    return tuple(out)


def _halves(loop: NDArray, triangles: NDArray, at: NDArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """A closed loop cut at its two corners: what lies above and below."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    edges = edges[np.isin(edges, loop).all(1)]
    beside: dict[int, set[int]] = {int(v): set() for v in loop}
    for a, b in edges.tolist():
        beside[a].add(b)
        beside[b].add(a)
    right, left = int(loop[at[loop, 0].argmin()]), int(loop[at[loop, 0].argmax()])
    ways = []
    for first in sorted(beside[right], key=lambda v: at[v, 1])[:: max(len(beside[right]) - 1, 1)]:
        way = [right, first]
        while way[-1] != left:
            way.append(min(beside[way[-1]] - set(way), key=lambda v: abs(at[v, 0] - at[way[-1], 0])))
        ways.append(np.array(way))
    lower, upper = sorted(ways, key=lambda way: at[way, 1].mean())
    return upper, lower


def slit(points: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places ``(PLACES,)`` m across the mouth and the slit there, mm, of a body piece's vertices ``(V, 3)``.

    Below zero the lips lie over each other.
    """
    loops = lip_loops()[:LOOPS]
    reach = min(np.abs(points[np.concatenate(halves), 0]).max() for halves in loops[1:]) - CORNER
    across = np.linspace(-reach, reach, PLACES)

    def height(half: NDArray) -> NDArray[np.float64]:
        order = half[np.argsort(points[half, 0])]
        return np.interp(across, points[order, 0], points[order, 1])

    upper = np.min([height(up) for up, _ in loops], axis=0)
    lower = np.max([height(low) for _, low in loops], axis=0)
    return across, 1e3 * (upper - lower)


def lips_met(body: BodyMesh) -> BodyMesh:
    """The body with lips that touch along their whole line at rest, and shapes that keep it level."""
    index = piece_index("body")
    met = replace(body, vertices=body.vertices.copy())
    for _ in range(2):  # moving vertices changes which of them bound the slit
        points = met.vertices[index]
        across, open_ = slit(points)
        vertices = met.vertices.copy()
        vertices[index] += _moved(points, across, np.maximum(open_ - REST, 0), 0.5)
        met = replace(met, vertices=vertices)
    points = met.vertices[index]
    across, rest = slit(points)
    opened = _effect(met, points, rest, "jawOpen")
    added: dict[str, NDArray[np.float64]] = {
        "mouthClose": _moved(points, across, _effect(met, points, rest, "mouthClose") + UNDONE * opened, 0.0)
    }
    level = opened / opened.max()
    left = np.clip(0.5 + across / np.ptp(across) * 2, 0, 1)
    for name, share in LEVEL.items():
        sides = [name] if name in ARKIT_NAMES else [f"{name}Left", f"{name}Right"]
        effect = _effect(met, points, rest, *sides)
        middle = effect[PLACES // 2 - 6 : PLACES // 2 + 7].mean()
        excess = effect - share * middle * level
        upper = 1.0 if name in UPPER else 0.5 if share == 0 or name == "mouthPucker" else 0.0
        if name == "mouthPucker":
            beside = np.clip((np.abs(across) - PURSED_FROM) / (PURSED_TO - PURSED_FROM), 0, 1)
            excess = excess + PURSED * beside * beside * (3 - 2 * beside)
        for key, part in zip(sides, (left, 1 - left) if len(sides) == 2 else (1.0,), strict=False):
            added[key] = _moved(points, across, excess * part, upper)
    fitted: Deltas = {}
    for name, delta in added.items():
        moved = np.flatnonzero(np.abs(delta).max(1) > 1e-6)
        fitted[name] = (index[moved], delta[moved])
    return replace(met, fitted=fitted)


def _effect(body: BodyMesh, points: NDArray, rest: NDArray, *names: str) -> NDArray[np.float64]:
    """What shapes together do to the slit, mm per weight ``(PLACES,)``."""
    whole = body.vertices.copy()
    for name in names:
        where, delta = body.shapes[name]
        whole[where] += TRIED * delta
    return (slit(whole[piece_index("body")])[1] - rest) / TRIED


def _moved(points: NDArray, across: NDArray, narrower: NDArray, upper: float) -> NDArray[np.float64]:
    """Moves ``(V, 3)`` m of the lips that narrow the slit by ``narrower`` mm; the share ``upper`` by the upper lip."""
    out = np.zeros_like(points)
    for share, halves in zip(FADING, lip_loops(), strict=True):
        for half, part in zip(halves, (-upper, 1 - upper), strict=True):
            rise = np.interp(points[half, 0], across, narrower) * share * part * 1e-3
            out[half, 1] = np.where(np.abs(rise) > np.abs(out[half, 1]), rise, out[half, 1])
    return out
