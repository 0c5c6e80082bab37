"""Clothes cut from MakeHuman's garment hulls: loosened, hemmed, layered; what they hide of the body is dropped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gengine.avatars.making.appearances import Appearance, Color
from gengine.avatars.making.body_mesh import BodyMesh
from gengine.avatars.making.collars import inwards, neckwear
from gengine.avatars.making.fabric import fabric
from gengine.avatars.making.shoes import shoes
from gengine.avatars.making.skinned_mesh import SkinnedMesh, joined, nearest, sheet
from gengine.core.avatar import Material, Part

Field = Callable[[NDArray], NDArray]
"""Metres inside a garment's outline (positive) for points ``(N, 3)`` of the T-posed body."""


@dataclass(frozen=True)
class GarmentCut:
    """Outline and fit of a garment.

    ``sleeve`` and ``leg`` are fractions of arm and leg (0 none, 0.5 elbow or knee, 1 wrist or ankle); ``hem`` m
    above (below) the hip joints; ``neck`` "crew", "v", "collar", "open" or "high"; ``ease`` m of air at
    (shoulder, waist, wrist); ``cloth`` a weave of ``gengine.avatars.making.fabric``.
    """

    cloth: str
    sleeve: float = 1.0
    hem: float = -0.03
    neck: str = "crew"
    ease: tuple[float, float, float] = (0.006, 0.018, 0.012)
    leg: float = 0.0
    front: float = 0.0
    roughness: float = 0.85


CUTS = {
    "tshirt": GarmentCut("jersey", sleeve=0.42, hem=-0.05, ease=(0.005, 0.018, 0.016)),
    "polo": GarmentCut("pique", sleeve=0.45, hem=-0.05, neck="collar", ease=(0.005, 0.018, 0.015)),
    "shirt": GarmentCut("poplin", sleeve=0.985, hem=-0.04, neck="collar", ease=(0.006, 0.018, 0.013)),
    "blouse": GarmentCut("poplin", sleeve=0.9, hem=-0.02, neck="v", ease=(0.006, 0.016, 0.018), roughness=0.6),
    "sweater": GarmentCut("knit", sleeve=0.99, hem=-0.03, neck="crew", ease=(0.009, 0.022, 0.013), roughness=0.95),
    "sweater_v": GarmentCut("knit", sleeve=0.97, hem=-0.05, neck="v", ease=(0.011, 0.024, 0.017), roughness=0.95),
    "jacket": GarmentCut(
        "wool", sleeve=0.97, hem=-0.11, neck="open", ease=(0.013, 0.030, 0.020), front=0.062, roughness=0.9
    ),
    "jeans": GarmentCut("denim", leg=1.0, ease=(0.004, 0.005, 0.014), roughness=0.9),
    "trousers": GarmentCut("twill", leg=1.0, ease=(0.004, 0.007, 0.022), roughness=0.85),
    "tights": GarmentCut("jersey", leg=1.06, ease=(0.0015, 0.0015, 0.0015), roughness=0.6),
    "skirt": GarmentCut("twill", ease=(0.004, 0.006, 0.012), roughness=0.85),
}


def dressed(body: BodyMesh, look: Appearance) -> tuple[list[Part], NDArray[np.bool_]]:
    """Every garment of a look and which of the body's vertices they hide."""
    parts: list[Part] = []
    skin = body.piece("body")
    hidden = np.zeros(len(skin.vertices), bool)
    made: list[tuple[str, Color, SkinnedMesh, SkinnedMesh, Field]] = []
    below = skin  # what the next garment has to stay outside of
    for layer, (name, color) in enumerate(look.clothes):
        if name == "shoes":
            pair, field = shoes(body, color)
            parts += pair
        else:
            surface, main, field = _garment(body, CUTS[name], name, layer, below)
            made.append((name, color, surface, main, field))
            below = joined([replace(below, morphs={}), main])
        hidden |= field(skin.vertices) > 0.014
    for k, (name, color, surface, main, _) in enumerate(made):
        outer = [field for *_, field in made[k + 1 :]]
        if outer:  # what lies under another garment is not needed
            under = np.max([field(surface.vertices) for field in outer], axis=0)
            sunk = 0.007 * np.clip((under + 0.004) / 0.012, 0, 1)[:, None]  # and what is left keeps clear of it
            surface = replace(surface, vertices=surface.vertices - sunk * surface.normals())
            covered = under > 0.007
            surface = surface.take(surface.triangles[~covered[surface.triangles].all(1)])
        cut = CUTS[name]
        if not cut.leg and name != "skirt":  # a shirt's collar lies over what is worn on top
            surface = joined(
                [surface, *neckwear(body, main, below if cut.neck == "collar" else main, cut.neck, cut.cloth)]
            )
        image, repeat = fabric(cut.cloth, color, k)
        p = surface.vertices
        surface = replace(surface, uv=np.stack([p[:, 0] + 0.6 * p[:, 2], 0.6 * p[:, 2] - p[:, 1]], axis=1) / repeat)
        material = Material(name, "cloth", (1.0, 1.0, 1.0, 1.0), cut.roughness, image, True)
        if len(surface.triangles):
            parts.append(surface.part(name, material))
    return parts, hidden


def _garment(
    body: BodyMesh, cut: GarmentCut, name: str, layer: int, below: SkinnedMesh
) -> tuple[SkinnedMesh, SkinnedMesh, Field]:
    hull = body.piece("skirt" if name == "skirt" else "tights")
    field = _legs(body, cut) if cut.leg else _skirt(body) if name == "skirt" else _top(body, cut)
    rough = hull.take(hull.triangles[(field(hull.vertices)[hull.triangles] > -0.06).any(1)]).subdivided()
    loose = _loosened(body, rough.smooth(2, 0.5), cut, below, layer)
    piece = _without_crumbs(loose.clip(field(loose.vertices)))
    piece = _evenly_skinned(piece)
    pieces = [piece]
    for loop in piece.border():
        if len(loop) > 12:
            pieces.append(_hem(piece, loop, 0.0022 if cut.cloth != "knit" else 0.0035))
    return joined(pieces), piece, field


def _top(body: BodyMesh, cut: GarmentCut) -> Field:
    shoulder, elbow, wrist = (body.joint(f"Left{j}")[0] for j in ("Arm", "ForeArm", "Hand"))
    hips, neck = body.joint("LeftUpLeg"), body.joint("Neck")
    end = np.interp(cut.sleeve, [0, 0.5, 1], [shoulder, elbow, wrist])
    tilt = np.array([0.0, 0.88, 0.47])
    centre = neck + {"collar": [0, 0.004, 0.0], "high": [0, 0.05, 0], "open": [0, 0.002, -0.01]}.get(
        cut.neck, [0, -0.004, 0.0]
    )

    def field(p: NDArray) -> NDArray:
        x = np.abs(p[:, 0])
        out = np.minimum(end - x, p[:, 1] - (hips[1] + cut.hem))
        out = np.minimum(out, -((p - centre) @ tilt))
        front = p[:, 2] > neck[2] + 0.02
        if cut.neck == "v":
            out = np.where(front, np.minimum(out, (neck[1] - 0.105 + 1.75 * x - p[:, 1]) / 2.0), out)
        if cut.neck == "collar":  # the top button is open
            slit = 0.0015 + 0.20 * np.clip(p[:, 1] - neck[1] + 0.075, 0, 0.2)
            out = np.where(
                front & (p[:, 1] > neck[1] - 0.09),
                np.minimum(out, np.maximum(x - slit, neck[1] - 0.075 - p[:, 1])),
                out,
            )
        if cut.front:  # open in front, widest at the chest
            # buttoned at the waist, lapels apart above, corners cut away below
            button = hips[1] + 0.12
            rise = np.clip(p[:, 1] - button, 0, 0.4)
            gap = 0.003 + np.minimum(0.24 * rise, cut.front) + 0.35 * np.clip(button - 0.1 - p[:, 1], 0, 0.3)
            out = np.where(front & (x < 0.12), np.minimum(out, x - gap), out)
        return out

    return field


def _legs(body: BodyMesh, cut: GarmentCut) -> Field:
    hips, ankle = body.joint("LeftUpLeg")[1], body.joint("LeftFoot")[1]
    waist, end = hips + 0.085, ankle + (1.0 - cut.leg) * hips + (0.0 if cut.leg > 1 else -0.022)

    def field(p: NDArray) -> NDArray:
        return np.minimum(np.minimum(waist - p[:, 1], p[:, 1] - end), 0.30 - np.abs(p[:, 0]) + 0.3)

    return field


def _skirt(body: BodyMesh) -> Field:
    hips, knee = body.joint("LeftUpLeg")[1], body.joint("LeftLeg")[1]

    def field(p: NDArray) -> NDArray:
        return np.minimum(hips + 0.09 - p[:, 1], np.minimum(p[:, 1] - (knee - 0.02), 0.6 - np.abs(p[:, 0])))

    return field


def _loosened(body: BodyMesh, hull: SkinnedMesh, cut: GarmentCut, below: SkinnedMesh, layer: int) -> SkinnedMesh:
    """Air between cloth and body, folds where limbs bend, and never nearer to the skin than the cloth is thick."""
    shoulder, elbow, wrist = (body.joint(f"Left{j}")[0] for j in ("Arm", "ForeArm", "Hand"))
    hips, chest, knee = body.joint("LeftUpLeg")[1], body.joint("Spine3")[1], body.joint("LeftLeg")[1]
    p = hull.vertices
    x, y = np.abs(p[:, 0]), p[:, 1]
    if cut.leg:
        air = np.interp(
            y, [0.08, knee, hips - 0.12, hips + 0.1], [cut.ease[2], 0.8 * cut.ease[2], cut.ease[1], cut.ease[0]]
        )
    else:
        arm = np.interp(x, [shoulder - 0.03, elbow, wrist], [cut.ease[0], cut.ease[2], cut.ease[2] * 0.75])
        trunk = np.interp(
            y,
            [hips - 0.15, hips + 0.10, chest, chest + 0.12],
            [cut.ease[1], cut.ease[1], 0.6 * cut.ease[1], cut.ease[0]],
        )
        blend = np.clip((x - shoulder + 0.03) / 0.06, 0, 1)
        air = arm * blend + trunk * (1 - blend)
    calm = hull.smooth(14 if not cut.leg else 4, 0.5)
    normal = calm.normals()
    points = 0.35 * p + 0.65 * calm.vertices if not cut.leg else p
    points = points + normal * (air + _folds(body, p, cut, layer))[:, None]
    thick = 0.0045 + 0.0035 * (layer > 1) if air.max() > 0.002 else 0.0012
    outward = below.normals()
    for neighbours in (1, 6, 6):
        index, weight = nearest(points, below, neighbours)
        depth = np.einsum("nkd,nkd->nk", points[:, None] - below.vertices[index], outward[index])
        lack = np.clip(thick - (depth.min(1) if neighbours == 1 else (weight * depth).sum(1)), 0, 0.03)
        points = points + normal * lack[:, None]
    return replace(hull, vertices=points).smooth(1, 0.3)


def _folds(body: BodyMesh, p: NDArray, cut: GarmentCut, layer: int) -> NDArray[np.float64]:
    """Heights of soft folds (m): around elbows and waist, hanging from the chest, at knees and ankles."""
    rng = np.random.default_rng(11 + layer)
    shoulder, elbow, wrist = (body.joint(f"Left{j}")[0] for j in ("Arm", "ForeArm", "Hand"))
    hips, knee = body.joint("LeftUpLeg")[1], body.joint("LeftLeg")[1]
    x, y, z = np.abs(p[:, 0]), p[:, 1], p[:, 2]
    side = np.sign(p[:, 0])
    out = np.zeros(len(p))
    soft = min(1.0, cut.ease[2] / 0.012)
    for _ in range(7):
        turn, phase, pitch = rng.uniform(-1, 1), rng.uniform(0, 6.28), rng.uniform(150, 260)
        if cut.leg:
            wave = np.sin(pitch * 0.8 * (y + 0.25 * turn * (z + side * p[:, 0])) + phase + side)
            where = (
                np.exp(-(((y - knee) / 0.07) ** 2))
                + 0.9 * np.exp(-(((y - 0.12) / 0.06) ** 2))
                + 0.5 * np.exp(-(((y - hips + 0.06) / 0.06) ** 2))
            )
            out += 0.0011 * soft * wave * where
        else:
            wave = np.sin(pitch * (x + 0.5 * turn * z + 0.3 * turn * y) + phase + side)
            where = (x > shoulder) * (
                np.exp(-(((x - elbow) / 0.07) ** 2)) + 0.6 * np.exp(-(((x - wrist + 0.03) / 0.05) ** 2)) + 0.25
            )
            out += 0.0010 * soft * wave * where
            hang = np.sin(pitch * 0.35 * (p[:, 0] + 0.5 * turn * y) + phase)
            low = np.clip((hips + 0.28 - y) / 0.25, 0, 1) * (x < shoulder)
            out += 0.0013 * hang * low
            pull = np.sin(pitch * 0.5 * (y + 0.7 * turn * p[:, 0]) + phase)
            out += 0.0009 * pull * np.exp(-(((y - hips - 0.14) / 0.09) ** 2)) * (x < shoulder)
    return out


def _without_crumbs(piece: SkinnedMesh) -> SkinnedMesh:
    """Only the large connected pieces."""
    from scipy.sparse.csgraph import connected_components

    _, label = connected_components(piece.adjacency(), directed=False)
    sizes = np.bincount(label)
    return piece.take(piece.triangles[sizes[label[piece.triangles[:, 0]]] > 0.05 * sizes.max()])


def _evenly_skinned(piece: SkinnedMesh, rounds: int = 5) -> SkinnedMesh:
    """Joint weights averaged over neighbours: cloth passes on what pulls it, and cut edges stay straight in poses."""
    near, skin = piece.adjacency(), piece.skin
    for _ in range(rounds):
        skin = 0.5 * (skin + near @ skin)
    return replace(piece, skin=skin.astype(np.float32))


def _hem(piece: SkinnedMesh, loop: NDArray, thick: float) -> SkinnedMesh:
    """The edge turned over inwards, so that cloth shows its thickness."""
    normal = piece.normals()[loop]
    edge = piece.vertices[loop]
    inner = -inwards(piece, loop)
    rows = np.stack(
        [
            edge,
            edge - normal * thick * 0.5 + inner * 0.0006,
            edge - normal * thick,
            edge - normal * (thick + 0.001) - inner * 0.014,
        ]
    )
    closed = np.concatenate([rows, rows[:, :1]], axis=1)
    vertices, triangles, uv = sheet(closed)
    skin = np.tile(np.concatenate([piece.skin[loop], piece.skin[loop[:1]]]), (len(rows), 1))
    return SkinnedMesh(vertices, triangles[:, ::-1], skin, uv)
