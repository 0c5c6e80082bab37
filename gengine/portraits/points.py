"""Which of the 468 points of MediaPipe's face are what: rings, contours and triangles."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gengine.core.constants import read_table

RIGHT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
LEFT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
"""The eyes' openings, round; the person's right eye first, as everywhere in the mesh."""
EYES = (RIGHT_EYE, LEFT_EYE)
CORNERS = ((33, 133), (263, 362))
"""Outer and inner corner of each eye."""
LIDS = (
    ("eyeBlinkRight", (246, 161, 160, 159, 158, 157, 173), (7, 163, 144, 145, 153, 154, 155)),
    ("eyeBlinkLeft", (466, 388, 387, 386, 385, 384, 398), (249, 390, 373, 374, 380, 381, 382)),
)
"""What closes an eye, and facing points of its upper and lower lid."""
OUTER_EYES = (33, 263)
MOUTH = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)
"""The lips' inner edge, round."""
UPPER_LIP, LOWER_LIP = (191, 80, 81, 82, 13, 312, 311, 310, 415), (95, 88, 178, 87, 14, 317, 402, 318, 324)
"""Facing points of the inner edge, without the corners."""
LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
"""Their outer edge, round."""
MOUTH_CORNERS = (61, 291)
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
    136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
"""The edge of the mesh, round: hairline, cheeks, chin."""
FIRM = (33, 133, 263, 362, 168, 6)
"""Corners of the eyes and the bridge of the nose: they go with the head and with no expression."""
ANCHOR = (33, 263, 168, 6, 1)
"""Outer corners of the eyes, bridge and tip of the nose: lips are measured from their middle."""
TOP, CHIN, RIGHT_SIDE, LEFT_SIDE = 10, 152, 234, 454
CHEEKS = (50, 280, 205, 425)
"""Plain skin, by which the light is told."""


@lru_cache(maxsize=1)
def skin() -> NDArray[np.int32]:
    """Triangles ``(F, 3)`` of the mesh without those that span an eye or the mouth."""
    rows = read_table("gengine.portraits", "triangles")
    triangles = np.array([[int(row[k]) for k in "abc"] for row in rows], np.int32)
    holes = [np.isin(triangles, ring).all(1) for ring in (*EYES, MOUTH)]
    return triangles[~np.any(holes, axis=0)]
