"""How the presets look: skin, hair, eyes, clothes."""

from __future__ import annotations

from dataclasses import dataclass, field

Color = tuple[float, float, float]
"""sRGB, 0-1."""


@dataclass(frozen=True)
class Look:
    """What dresses a body.

    ``tone`` skin, ``lip`` colour of the lips at ``lip_strength``, ``flush`` redness of cheeks and nose, ``age``
    0-1 lines and spots, ``stubble`` 0-1; ``brow`` (colour, thickness, arch in mm); ``iris`` its middle ring;
    ``hair`` style of ``gengine.avatars.hair`` with ``hair_color``; ``clothes`` pieces of
    ``gengine.avatars.clothes`` with their colours, inner first.
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
    extras: dict = field(default_factory=dict)


LOOKS: dict[str, Look] = {
    "anna": Look(
        tone=(0.855, 0.665, 0.575), lip=(0.74, 0.36, 0.36), iris=(0.36, 0.50, 0.62), hair="long", hair_color=(0.36, 0.22, 0.12),
        clothes=(("jeans", (0.20, 0.27, 0.40)), ("sweater", (0.72, 0.38, 0.30)), ("shoes", (0.88, 0.86, 0.83))),
        flush=0.55, brow=0.85, brow_arch=1.5, makeup=0.55, freckles=0.25, seed=1,
    ),
    "ben": Look(
        tone=(0.825, 0.625, 0.52), lip=(0.70, 0.43, 0.40), iris=(0.30, 0.24, 0.15), hair="short", hair_color=(0.20, 0.13, 0.08),
        clothes=(("jeans", (0.13, 0.15, 0.20)), ("shirt", (0.36, 0.50, 0.66)), ("shoes", (0.30, 0.20, 0.14))),
        lip_strength=0.5, flush=0.55, stubble=0.75, brow=1.25, seed=2,
    ),
    "clara": Look(
        tone=(0.85, 0.675, 0.595), lip=(0.72, 0.38, 0.40), iris=(0.38, 0.47, 0.50), hair="bob", hair_color=(0.70, 0.68, 0.66),
        clothes=(("trousers", (0.22, 0.22, 0.27)), ("blouse", (0.86, 0.84, 0.80)), ("jacket", (0.22, 0.35, 0.37)),
                 ("shoes", (0.16, 0.14, 0.14))),
        flush=0.65, age=0.7, brow=0.7, brow_arch=1.0, makeup=0.5, seed=3,
    ),
    "david": Look(
        tone=(0.82, 0.62, 0.53), lip=(0.68, 0.44, 0.42), iris=(0.33, 0.42, 0.50), hair="rim", hair_color=(0.56, 0.54, 0.52),
        clothes=(("trousers", (0.30, 0.27, 0.24)), ("shirt", (0.86, 0.88, 0.91)), ("sweater_v", (0.28, 0.33, 0.30)),
                 ("shoes", (0.22, 0.14, 0.09))),
        lip_strength=0.45, flush=0.8, age=0.95, stubble=0.3, brow=1.15, seed=4,
    ),
    "emi": Look(
        tone=(0.865, 0.695, 0.57), lip=(0.76, 0.38, 0.38), iris=(0.24, 0.15, 0.09), hair="bun", hair_color=(0.075, 0.06, 0.06),
        clothes=(("tights", (0.10, 0.10, 0.12)), ("skirt", (0.20, 0.24, 0.38)), ("blouse", (0.93, 0.90, 0.84)),
                 ("shoes", (0.12, 0.11, 0.12))),
        flush=0.45, brow=0.9, makeup=0.6, seed=5,
    ),
    "femi": Look(
        tone=(0.40, 0.255, 0.18), lip=(0.40, 0.22, 0.19), iris=(0.17, 0.10, 0.06), hair="fade", hair_color=(0.075, 0.062, 0.055),
        clothes=(("trousers", (0.42, 0.37, 0.29)), ("tshirt", (0.88, 0.87, 0.84)), ("jacket", (0.17, 0.20, 0.26)),
                 ("shoes", (0.85, 0.84, 0.82))),
        lip_strength=0.45, flush=0.25, stubble=0.35, brow=1.15, seed=6,
    ),
    "grace": Look(
        tone=(0.53, 0.345, 0.245), lip=(0.52, 0.24, 0.22), iris=(0.20, 0.115, 0.065), hair="afro", hair_color=(0.13, 0.09, 0.068),
        clothes=(("jeans", (0.16, 0.17, 0.22)), ("sweater", (0.82, 0.62, 0.22)), ("shoes", (0.30, 0.17, 0.12))),
        flush=0.3, brow=0.95, brow_arch=1.0, makeup=0.6, nails=(0.62, 0.20, 0.18), seed=7,
    ),
    "hugo": Look(
        tone=(0.73, 0.52, 0.395), lip=(0.62, 0.37, 0.33), iris=(0.25, 0.155, 0.09), hair="side", hair_color=(0.09, 0.075, 0.07),
        clothes=(("jeans", (0.22, 0.24, 0.28)), ("polo", (0.36, 0.19, 0.24)), ("shoes", (0.20, 0.19, 0.19))),
        lip_strength=0.5, flush=0.5, age=0.3, stubble=0.9, brow=1.35, seed=8,
    ),
}  # fmt: skip
