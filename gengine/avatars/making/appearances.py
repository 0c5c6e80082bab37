"""How the presets look: skin, hair, eyes, clothes."""

from __future__ import annotations

from dataclasses import dataclass

Color = tuple[float, float, float]
"""sRGB, 0-1."""


@dataclass(frozen=True)
class Appearance:
    """What dresses a body.

    ``tone`` skin, ``lip`` colour of the lips at ``lip_strength``, ``flush`` redness of cheeks and nose, ``age``
    0-1 lines and spots, ``stubble`` 0-1; ``brow`` (colour, thickness, arch in mm); ``iris`` its middle ring;
    ``hair`` style of ``gengine.avatars.making.hair`` with ``hair_color``; ``clothes`` pieces of
    ``gengine.avatars.making.clothes`` with their colours, inner first.
    """

    tone: Color
    lip: Color
    iris: Color
    hair: str
    hair_color: Color
    clothes: tuple[tuple[str, Color], ...]
    lip_strength: float = 0.7
    flush: float = 0.5
    age: float = 0.0
    stubble: float = 0.0
    freckles: float = 0.0
    brow: float = 1.0
    brow_arch: float = 0.0
    makeup: float = 0.0
    nails: Color | None = None
    recede: float = 0.0
    seed: int = 0


APPEARANCES: dict[str, Appearance] = {
    "anna": Appearance(
        tone=(0.885, 0.705, 0.615), lip=(0.74, 0.36, 0.36), iris=(0.36, 0.50, 0.62),
        hair="long", hair_color=(0.43, 0.28, 0.165),
        clothes=(("jeans", (0.31, 0.40, 0.54)), ("sweater", (0.74, 0.43, 0.35)), ("shoes", (0.88, 0.86, 0.83))),
        flush=0.55, brow=0.85, brow_arch=1.5, makeup=0.55, freckles=0.25, seed=1,
    ),
    "ben": Appearance(
        tone=(0.86, 0.67, 0.565), lip=(0.70, 0.43, 0.40), iris=(0.30, 0.24, 0.15),
        hair="short", hair_color=(0.27, 0.185, 0.12),
        clothes=(("jeans", (0.21, 0.24, 0.31)), ("shirt", (0.50, 0.63, 0.77)), ("shoes", (0.30, 0.20, 0.14))),
        lip_strength=0.5, flush=0.55, stubble=0.75, brow=1.25, seed=2,
    ),
    "clara": Appearance(
        tone=(0.88, 0.715, 0.635), lip=(0.72, 0.38, 0.40), iris=(0.38, 0.47, 0.50),
        hair="bob", hair_color=(0.70, 0.68, 0.66),
        clothes=(("trousers", (0.28, 0.28, 0.33)), ("blouse", (0.86, 0.84, 0.80)), ("jacket", (0.29, 0.45, 0.46)),
                 ("shoes", (0.16, 0.14, 0.14))),
        flush=0.65, age=0.7, brow=0.7, brow_arch=1.0, makeup=0.5, seed=3,
    ),
    "david": Appearance(
        tone=(0.86, 0.665, 0.575), lip=(0.68, 0.44, 0.42), iris=(0.33, 0.42, 0.50),
        hair="rim", hair_color=(0.56, 0.54, 0.52),
        clothes=(("trousers", (0.38, 0.34, 0.30)), ("shirt", (0.86, 0.88, 0.91)), ("sweater_v", (0.33, 0.42, 0.36)),
                 ("shoes", (0.22, 0.14, 0.09))),
        lip_strength=0.45, flush=0.8, age=0.95, stubble=0.3, brow=1.15, seed=4,
    ),
    "emi": Appearance(
        tone=(0.90, 0.735, 0.615), lip=(0.76, 0.38, 0.38), iris=(0.24, 0.15, 0.09),
        hair="bun", hair_color=(0.115, 0.095, 0.092),
        clothes=(("tights", (0.15, 0.15, 0.17)), ("skirt", (0.26, 0.31, 0.47)), ("blouse", (0.93, 0.90, 0.84)),
                 ("shoes", (0.12, 0.11, 0.12))),
        flush=0.45, brow=0.9, makeup=0.6, seed=5,
    ),
    "femi": Appearance(
        tone=(0.51, 0.345, 0.255), lip=(0.50, 0.29, 0.255), iris=(0.17, 0.10, 0.06),
        hair="fade", hair_color=(0.12, 0.10, 0.09),
        clothes=(("trousers", (0.55, 0.48, 0.38)), ("tshirt", (0.88, 0.87, 0.84)), ("jacket", (0.24, 0.29, 0.38)),
                 ("shoes", (0.85, 0.84, 0.82))),
        lip_strength=0.45, flush=0.25, stubble=0.35, brow=1.15, seed=6,
    ),
    "grace": Appearance(
        tone=(0.63, 0.44, 0.335), lip=(0.60, 0.29, 0.275), iris=(0.20, 0.115, 0.065),
        hair="afro", hair_color=(0.19, 0.135, 0.105),
        clothes=(("jeans", (0.22, 0.25, 0.33)), ("sweater", (0.85, 0.67, 0.30)), ("shoes", (0.30, 0.17, 0.12))),
        flush=0.3, brow=0.95, brow_arch=1.0, makeup=0.6, nails=(0.62, 0.20, 0.18), seed=7,
    ),
    "hugo": Appearance(
        tone=(0.79, 0.585, 0.46), lip=(0.62, 0.37, 0.33), iris=(0.25, 0.155, 0.09),
        hair="side", hair_color=(0.14, 0.115, 0.10),
        clothes=(("jeans", (0.31, 0.34, 0.40)), ("polo", (0.50, 0.25, 0.31)), ("shoes", (0.20, 0.19, 0.19))),
        lip_strength=0.5, flush=0.5, age=0.3, stubble=0.9, brow=1.35, seed=8,
    ),
}  # fmt: skip
