"""How each kind of material answers light: the numbers behind the software renderer's shading.

``shaders/avatar.frag`` says the same to a graphics card and knows kinds by the same numbers. Skin's wrap and leak
follow Jimenez et al. 2010 (Real-Time Realistic Skin Translucency) in kind: light that enters leaves past the
terminator, red farthest. The amounts were set by eye on the eight presets (judgement), reflectances at normal
incidence are the usual ones of dielectrics (water 0.02, skin 0.028, hair 0.045).
"""

from __future__ import annotations

import numpy as np

PLAIN, SKIN, EYE, CORNEA, HAIR, CLOTH, TEETH, MOUTH = range(8)
MATERIAL_IDS = {
    "plain": PLAIN, "skin": SKIN, "eye": EYE, "cornea": CORNEA, "hair": HAIR, "cloth": CLOTH, "teeth": TEETH,
    "mouth": MOUTH,
}  # fmt: skip
"""Numbers under which shaders and kernels know the kinds of materials."""


def _table(default: float | tuple[float, ...], **kinds: float | tuple[float, ...]) -> np.ndarray:
    """One row a kind, float32."""
    rows = [default] * len(MATERIAL_IDS)
    for name, value in kinds.items():
        rows[MATERIAL_IDS[name]] = value
    return np.array(rows, np.float32)


REFLECTANCE = _table(0.028, hair=0.045, cloth=0.02)
"""Share of light that a surface mirrors where seen straight on (Schlick's F0), ``(8,)``."""
WRAP = _table((0.02,) * 3, skin=(0.34, 0.16, 0.10), cloth=(0.12,) * 3, hair=(0.2,) * 3)
"""How far past the terminator light still arrives, ``(8, 3)`` RGB."""
LEAK = _table((0.0,) * 3, skin=(0.06, 0.03, 0.02), cloth=(0.35,) * 3, teeth=(0.5,) * 3, mouth=(0.5,) * 3)
"""Share of the key light that passes through or around into shadow, ``(8, 3)`` RGB: what light is in a mouth comes
from all sides, and a lip's shadow has no edge on teeth; a studio's key is wide, so that a hand's shadow does not blot
the clothes behind it."""
SHADOW_TINT = _table((1.0,) * 3, skin=(1.0, 0.8, 0.72))
"""Colour of the key light where it is wholly in shadow, ``(8, 3)`` RGB: skin's shadows have red edges."""
DIFFUSE_GAIN = _table(1.0, eye=0.92, teeth=0.85, mouth=0.9)
"""Of the diffuse light, ``(8,)``: lids shade the eye, lips the mouth, whose textures darken with depth."""
GLOSS_GAIN = _table(1.0, skin=0.6, hair=0.6, teeth=0.6, mouth=0.5)
"""Of the highlights, ``(8,)``."""
RIM_GAIN = _table(1.0, skin=0.3, hair=0.1, teeth=0.0, mouth=0.0)
"""Of the light from behind, ``(8,)``: a head stands between it and the mouth, and between it and
most of a face; single hairs would glitter in it."""

OILY_ROUGHNESS, OILY_GAIN = 0.55, 0.10
"""Skin's second, sharper highlight: its roughness as a share of the first one's, and its strength."""
WINDOW_NEARNESS, WINDOW_ROUGHNESS, WINDOW_REFLECTANCE = 1.6, 0.24, 0.06
"""The mirror image in the eye: how far its light is drawn towards the viewer, and how it shines."""
FUZZ = 0.25
"""Strength of the rim of light that cloth's fibres hold at grazing angles."""
