"""The drawn face's geometry: ARKit-52 weights become outlines of lids, brows, nose, lips, teeth and jaw.

Everything is in millimetres of a head seen from the front, for all frames at once: x to the character's
left (right on screen), y up, z forwards; the origin lies between the eyes, at the depth of the ears. Sizes
are a grown-up's. What lips and jaw do at weight 1 follows measurements of an ARKit head (lip gap and mouth
width in mm per channel), so that a closure on a real rig is a closure here: lips meet where the gap falls
to 0.8 mm.

Numbers before a channel are millimetres at weight 1: for lips, jaw and mouth width those of the measured head, for
lids, brows, folds and nose judgement, set by eye against the channels' reference pictures. Powers and other shares
shape a curve along its length and are judgement throughout.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.face import ARKIT_INDEX, LOOK_DOWN, LOOK_OUT, LOOK_UP, FaceTrack
from gengine.renderers.preview.head_shape import closed, ears, hair, outline

Array = NDArray[np.float64]

PIVOT = np.array([0.0, -78.0, -8.0])
"""Where the head turns on the neck, mm."""
MOUTH_Y = -71.0
"""Height of the closed lips' line, mm."""
EYE_X, EYE_WIDTH = 32.0, 16.5
"""Each eye's middle and half its width, mm."""
JAW_DROP, JAW_SLIDE = 28.2, 8.0
"""Millimetres that the chin moves down and sideways at weight 1 of ``jawOpen`` and ``jawLeft``."""
MAX_YAW, MAX_PITCH = 0.7, 0.6
"""Radians that the drawn iris turns at most; beyond, the lids would hide it."""
IRIS_X, IRIS_Y, IRIS_RISE = 15.0, 13.0, 0.6
"""How far the iris moves at a right angle sideways and up, and its height at rest, mm."""
HEAD_SLICES = np.array([
    (0, 106, -12, 0), (34, 100, -12, 40), (60, 79, -12, 68), (73, 46, -12, 84), (76, 15, -11, 89),
    (75, -12, -8, 86), (73.5, -32, 2, 76), (70, -52, 14, 62), (63.5, -73, 26, 48), (53, -92, 38, 36),
    (38, -107, 48, 24), (20, -116, 54, 14), (0, -119, 56, 0),
])  # fmt: skip
"""Half width, height, middle and half of the depth of level slices of the head, mm, from crown to chin."""
LIP_SAMPLES = np.linspace(-1.0, 1.0, 31)
LID_SAMPLES = np.linspace(-1.0, 1.0, 19)
BROW_SAMPLES = np.linspace(0.0, 1.0, 13)


def _surface(x: Array, y: Array) -> Array:
    """Depth of the face's skin at x, y (mm)."""
    return 80.0 * np.sqrt(np.maximum(1.0 - (x / 80.0) ** 2 - ((y + 10.0) / 140.0) ** 2, 0.0))


def _curve(x: Array, y: Array, z: Array | float | None = None, lift: Array | float = 0.0) -> Array:
    """Stack to ``(T, N, 3)``; without ``z`` the curve lies ``lift`` mm above the skin."""
    x, y = np.broadcast_arrays(x, y)
    depth = _surface(x, y) + lift if z is None else np.broadcast_to(np.asarray(z, float), x.shape)
    return np.stack([x, y, depth], axis=-1)


class FaceShape:
    """FaceOutlines of every frame of a face. ``curves`` maps a part's name to ``(T, N, 3)`` mm, head unturned."""

    def __init__(self, face: FaceTrack) -> None:
        self._weights = np.clip(np.asarray(face.weights, float), 0.0, 1.0)
        self._gaze = np.asarray(face.gaze, float)
        self._inward = face.convergence[:, None]
        self.turn = rotation.normalize(face.head)
        """Head turn ``(T, 4)`` wxyz."""
        self.curves: dict[str, Array] = {}
        self.strength: dict[str, Array] = {}
        """How strongly each fold of the skin shows, ``(T,)`` 0..1."""
        forward = rotation.rotate(self.turn, np.array([0.0, 0.0, 1.0]))
        self._yaw = np.arctan2(forward[:, :1], forward[:, 2:])
        self._jaw = self._mm("jawOpen", JAW_DROP)
        self._slide = self._mm("jawLeft", JAW_SLIDE) - self._mm("jawRight", JAW_SLIDE)
        self._mouth()
        for side, sign in (("Left", 1.0), ("Right", -1.0)):
            self._eye(side, sign)
            self._brow(side, sign)
            self._cheek(side, sign)
        self._nose()
        self._head()

    def turned(self) -> dict[str, Array]:
        """Every part's outline after the head's turn, ``(T, N, 3)`` mm."""
        frames = len(self.turn)
        curves = [np.broadcast_to(curve, (frames, *curve.shape[1:])) for curve in self.curves.values()]
        points = rotation.rotate(self.turn[:, None], np.concatenate(curves, axis=1) - PIVOT) + PIVOT
        ends = np.cumsum([curve.shape[1] for curve in curves])[:-1]
        return dict(zip(self.curves, np.split(points, ends, axis=1), strict=True))

    def _w(self, name: str) -> Array:
        return self._weights[:, ARKIT_INDEX[name], None]

    def _mm(self, name: str, size: float) -> Array:
        return self._w(name) * size

    def _both(self, name: str) -> Array:
        return self._w(name + "Left") + self._w(name + "Right")

    def _sided(self, name: str, u: Array) -> Array:
        """A two-sided channel along the mouth: the right one at u = -1, the left one at u = 1, ``(T, N)``."""
        share = 0.5 + 0.5 * np.sin(np.clip(u * 1.4, -1, 1) * np.pi / 2)
        return self._w(name + "Right") * (1 - share) + self._w(name + "Left") * share

    def _mouth(self) -> None:
        u = LIP_SAMPLES[None]
        w, mm, jaw = self._w, self._mm, self._jaw
        pucker, funnel, close = w("mouthPucker"), w("mouthFunnel"), w("mouthClose")
        rounding = np.clip(1.3 * pucker + 0.9 * funnel, 0.0, 1.0)
        corner_x, corner_y = {}, {}
        for side in ("Left", "Right"):
            spread = mm(f"mouthSmile{side}", 9.5) + mm(f"mouthStretch{side}", 8.5) + mm(f"mouthDimple{side}", 5.0)
            corner_x[side] = 27.0 + spread - 16.0 * pucker - 8.5 * funnel - 0.1 * jaw - mm(f"mouthPress{side}", 1.0)
            corner_y[side] = (
                mm(f"mouthSmile{side}", 13.0) - mm(f"mouthFrown{side}", 13.0) + mm(f"mouthDimple{side}", 3.0)
                - mm(f"mouthStretch{side}", 5.0) + mm(f"noseSneer{side}", 1.0) - 0.36 * jaw + 8.0 * close
                + mm("mouthShrugLower", 1.5)
            )  # fmt: skip
        centre = mm("mouthLeft", 9.0) - mm("mouthRight", 9.0) + 0.5 * self._slide
        x = centre + np.where(u > 0, corner_x["Left"], corner_x["Right"]) * u
        corner = np.where(u > 0, corner_y["Left"], corner_y["Right"])
        to_corner = np.abs(u) ** (1.9 - 0.2 * rounding)

        # heights of the two inner edges at mid-mouth; their difference is the measured gap of the ARKit head
        raised = 6.8 * self._sided("mouthUpperUp", u) + 6.2 * self._sided("noseSneer", u)
        upper = raised + 3.6 * funnel + mm("mouthShrugUpper", 4.5) + mm("mouthRollUpper", 1.5) - 5.0 * close
        lower = (
            -jaw + 31.3 * close - 7.0 * funnel + 1.3 * pucker + mm("mouthShrugLower", 6.2)
            - 5.6 * self._sided("mouthLowerDown", u) + 2.2 * self._sided("mouthPress", u) + mm("mouthRollLower", 2.4)
        )  # fmt: skip
        lower = np.minimum(lower, upper)
        arch = (1.0 - np.abs(u) ** 2.2) ** (0.85 - 0.35 * rounding)
        bend = corner * to_corner
        inner_up = MOUTH_Y + bend + upper * arch
        inner_low = MOUTH_Y + bend + lower * arch

        full = 1.0 + 0.3 * pucker + 0.35 * funnel - 0.1 * self._both("mouthStretch") - 0.07 * self._both("mouthSmile")
        thin = 0.3 * self._both("mouthPress")
        thick_up = 7.0 * full * np.clip(1.0 - thin - 1.0 * w("mouthRollUpper") - 0.04 * raised, 0.12, None)
        thick_low = (
            8.6 * full * np.clip(1.0 - thin - 1.15 * w("mouthRollLower") + mm("mouthShrugLower", 0.2), 0.1, None)
        )
        bow = (1.0 - np.abs(u) ** 1.55) * (1.0 - 0.2 * (1 - 0.6 * rounding) * np.exp(-((u / 0.13) ** 2)))
        outer_up = inner_up + thick_up * bow
        outer_low = inner_low - thick_low * (1.0 - np.abs(u) ** 2.4) ** 0.85
        proud = 4.0 + 9.0 * pucker + 7.0 * funnel + 2.0 * w("jawForward")

        def lip(name: str, y: Array, lift: Array | float) -> None:
            self.curves[name] = _curve(x, y, lift=lift + proud * (1.0 - 0.7 * u * u))

        lip("lip_inner_up", inner_up, 0.0)
        lip("lip_inner_low", inner_low, 0.0)
        lip("lip_outer_up", outer_up, -1.0)
        lip("lip_outer_low", outer_low, -1.0)
        lip("lip_shine_up", inner_low - 0.30 * (inner_low - outer_low), 1.0)
        lip("lip_shine_low", inner_low - 0.68 * (inner_low - outer_low), 1.0)
        self.gap = upper[:, len(LIP_SAMPLES) // 2] - lower[:, len(LIP_SAMPLES) // 2]
        """Opening between the lips at mid-mouth, ``(T,)`` mm; 0 is closed."""
        self._mouth_middle, self._corner_x, self._corner_y = centre, corner_x, corner_y
        self._mouth_inside(x, inner_up, inner_low, rounding)

    def _mouth_inside(self, x: Array, inner_up: Array, inner_low: Array, rounding: Array) -> None:
        """Teeth and tongue, cut by the lips: upper teeth belong to the skull, the lower ones and tongue to the jaw."""
        u, w, jaw, centre = LIP_SAMPLES[None], self._w, self._jaw, self._mouth_middle

        def inside(y: Array) -> Array:
            return np.clip(y, inner_low, inner_up)

        lower_teeth = MOUTH_Y - jaw - 3.0 - 5.0 * rounding + 1.2 * u * u
        self.curves["teeth_up"] = _curve(x, inside(MOUTH_Y - 3.4 + 2.0 * rounding + 1.6 * u * u), 62.0)
        self.curves["teeth_low"] = _curve(x + 0.5 * self._slide, inside(lower_teeth), 60.0)
        tongue = w("tongueOut")
        hump = np.clip(1.0 - (np.abs(u) / 0.8) ** 2.5, 0.0, None)
        top = MOUTH_Y - 0.8 * jaw - 5.0 - 3.0 * rounding + hump * (3.0 + 0.14 * jaw + 20.0 * np.minimum(tongue, 0.35))
        self.curves["tongue"] = _curve(x, inside(top), 58.0)
        tip = np.clip(tongue - 0.25, 0.0, None)
        around = np.linspace(0, np.pi, len(LIP_SAMPLES))[None]
        middle = len(LIP_SAMPLES) // 2
        root = np.minimum(inner_low[:, middle : middle + 1] + 1.5, inner_up[:, middle : middle + 1])
        self.curves["tongue_tip"] = _curve(
            centre - np.cos(around) * 10.5, root - np.sin(around) ** 0.7 * 30.0 * tip, 80.0 + 12 * tip
        )
        self.strength["tongue_tip"] = np.clip(tip[:, 0] * 8, 0, 1)

    def _eye(self, side: str, sign: float) -> None:
        v = LID_SAMPLES[None]
        w = self._w
        squint, wide, blink = w(f"eyeSquint{side}"), w(f"eyeWide{side}"), w(f"eyeBlink{side}")
        look = {d: w(f"eyeLook{d}{side}") for d in ("In", "Out", "Up", "Down")}
        cheek = w(f"cheekSquint{side}")
        brow = w(f"browDown{side}")
        line = -1.2 - 0.2 * v + 1.4 * (v > 0) * v  # the corners: the outer one sits a little higher
        open_up = 8.6 + 3.6 * wide - 2.4 * squint - 3.0 * look["Down"] + 1.6 * look["Up"] - 1.2 * brow
        open_low = -6.0 - 0.8 * wide + 3.0 * squint + 2.8 * cheek - 0.8 * look["Down"]
        shut = np.clip(blink * 1.1, 0.0, 1.0)
        bottom = open_low * (1.0 - 0.38 * shut)
        x = sign * (EYE_X + v * EYE_WIDTH)
        up_profile = (1.0 - np.abs(v - 0.06) ** 2.3).clip(0) ** 0.72
        low_profile = (1.0 - np.abs(v + 0.05) ** 2.2).clip(0) ** 0.8
        lower = line + bottom * low_profile
        upper = np.maximum(line + open_up * up_profile * (1 - shut) + bottom * low_profile * shut, lower)
        self.curves[f"lid_up_{side}"] = _curve(x, upper, lift=-6.0 - 5.0 * np.clip(v, 0, 1))
        self.curves[f"lid_low_{side}"] = _curve(x, lower, lift=-7.0 - 5.0 * np.clip(v, 0, 1))
        crease = 4.4 + 1.2 * wide - 1.6 * brow - 1.0 * squint
        self.curves[f"crease_{side}"] = _curve(x, line + open_up * (1 - 0.45 * shut) * up_profile + crease, lift=-4.0)
        self.curves[f"bag_{side}"] = _curve(
            sign * (EYE_X + v * EYE_WIDTH * 0.86),
            line - 6.5 * low_profile - 3.2 + 2.2 * squint + 2.4 * cheek,
            lift=-4.0,
        )
        self.strength[f"bag_{side}"] = np.clip(0.12 + 0.75 * squint + 0.8 * cheek, 0, 1)[:, 0]
        self._iris(side, sign, look)

    def _iris(self, side: str, sign: float, look: dict[str, Array]) -> None:
        """Where the eye looks: by the gaze where it is given, else by the eyeLook channels."""
        yaw, pitch = self._gaze[:, :1], self._gaze[:, 1:]
        channel_yaw = sign * (look["Out"] - look["In"]) * LOOK_OUT
        channel_pitch = look["Up"] * LOOK_UP - look["Down"] * LOOK_DOWN
        still = (np.abs(self._gaze).sum(1, keepdims=True) < 1e-6).astype(float)
        yaw = np.clip(yaw - sign * self._inward + still * channel_yaw, -MAX_YAW, MAX_YAW)
        pitch = np.clip(pitch + still * channel_pitch, -MAX_PITCH, MAX_PITCH)
        iris_x, iris_y = sign * EYE_X + IRIS_X * np.sin(yaw), IRIS_RISE + IRIS_Y * np.sin(pitch)
        self.curves[f"iris_{side}"] = _curve(iris_x, iris_y, 70.0)

    def _brow(self, side: str, sign: float) -> None:
        v = BROW_SAMPLES[None]
        inner, outer, down = self._w("browInnerUp"), self._w(f"browOuterUp{side}"), self._w(f"browDown{side}")
        rise = inner * (15.0 * (1 - v) ** 1.2 - 4.0 * v) + outer * 13.0 * np.sin(np.clip(v * 1.15, 0, 1) * np.pi * 0.62)
        fall = down * (12.5 * (1 - v) ** 0.9 + 2.0 * v) + self._w(f"noseSneer{side}") * 2.5 * (1 - v)
        base = 19.5 + 6.0 * np.sin(v * np.pi * 0.78) - 2.5 * v
        x = sign * (11.5 - 3.4 * down + v * (43.0 + 1.5 * outer))
        y = base + rise - fall
        thick = 0.5 * np.interp(v, [0, 0.12, 0.5, 1], [3.2, 5.6, 5.0, 1.2])
        self.curves[f"brow_up_{side}"] = _curve(x, y + thick, lift=1.0)
        self.curves[f"brow_low_{side}"] = _curve(x, y - thick, lift=1.0)
        t = np.linspace(0, 1, 5)[None]
        self.curves[f"frown_{side}"] = _curve(
            sign * (5.5 - 1.8 * down + 1.5 * t), 20.0 - 7.0 * down + 12.0 * t, lift=3.0
        )
        self.strength[f"frown_{side}"] = np.clip(down * 1.1, 0, 1)[:, 0]

    def _cheek(self, side: str, sign: float) -> None:
        """The fold from the nose's wing to beside the mouth's corner."""
        t = np.linspace(0, 1, 11)[None]
        smile, sneer = self._w(f"mouthSmile{side}"), self._w(f"noseSneer{side}")
        x0, y0 = 16.5 + 1.0 * sneer, -38.0 + 4.5 * sneer
        x1 = self._corner_x[side] + 7.5 + 2.0 * smile + sign * self._mouth_middle
        y1 = MOUTH_Y + self._corner_y[side] - 1.0
        bulge = 5.5 * smile + 3.0 * self._w("cheekPuff") + 2.0
        x = x0 + (x1 - x0) * t + bulge * np.sin(t * np.pi)
        y = y0 + (y1 - y0) * t + 2.5 * np.sin(t * np.pi)
        self.curves[f"fold_{side}"] = _curve(sign * x, y, lift=2.0)
        strength = 0.10 + 0.75 * smile + 0.6 * sneer + 0.3 * self._w(f"cheekSquint{side}")
        strength = strength + 0.4 * self._w(f"mouthStretch{side}") + 0.25 * self._w(f"mouthDimple{side}")
        self.strength[f"fold_{side}"] = np.clip(strength, 0, 1)[:, 0]
        self._dimple(side, sign)
        self._nose_wrinkle(side, sign)

    def _dimple(self, side: str, sign: float) -> None:
        """The dent beside the mouth's corner."""
        smile = self._w(f"mouthSmile{side}")
        dimple = np.linspace(-1, 1, 7)[None]
        dx = self._corner_x[side] + 3.5 + 1.2 * (1 - dimple**2) + sign * self._mouth_middle
        self.curves[f"dimple_{side}"] = _curve(sign * dx, MOUTH_Y + self._corner_y[side] + 4.0 * dimple, lift=3.0)
        dent = 0.9 * self._w(f"mouthDimple{side}") + 0.5 * smile + 0.6 * self._w(f"mouthPress{side}")
        dent = dent + 0.5 * self._w(f"mouthFrown{side}") + 0.12
        self.strength[f"dimple_{side}"] = np.clip(dent, 0, 1)[:, 0]

    def _nose_wrinkle(self, side: str, sign: float) -> None:
        sneer, wrinkle = self._w(f"noseSneer{side}"), np.linspace(0, 1, 5)[None]
        self.curves[f"wrinkle_{side}"] = _curve(
            sign * (6.0 + 5.0 * wrinkle), -6.0 - 7.0 * wrinkle + 3.0 * sneer, lift=12.0 - 8 * wrinkle
        )
        self.strength[f"wrinkle_{side}"] = np.clip(sneer * 1.3, 0, 1)[:, 0]

    def _nose(self) -> None:
        left, right = self._w("noseSneerLeft"), self._w("noseSneerRight")
        t = np.linspace(-1, 1, 17)[None]
        raised = np.where(t > 0, left, right)
        half = 15.5 + 1.6 * raised
        y = -41.0 - 5.0 * np.cos(t * np.pi * 0.5) ** 1.5 + 4.0 * raised * np.abs(t) + 4.0 * np.abs(t) ** 3
        self.curves["nose_base"] = _curve(t * half, y, 84.0 + 16.0 * (1 - t * t))
        for side, sign, up in (("Left", 1.0, left), ("Right", -1.0, right)):
            a = np.linspace(0, 2 * np.pi, 13)[None]
            self.curves[f"nostril_{side}"] = _curve(
                sign * (7.0 + 0.6 * up) + (3.3 + 0.6 * up) * np.cos(a), -42.2 + 2.2 * up + 1.5 * np.sin(a), 92.0
            )

    def _head(self) -> None:
        """The outline of face and jaw, from one temple round the chin to the other and over the skull."""
        puff = self._w("cheekPuff")
        smile = 0.5 * self._both("mouthSmile")
        drop, slide = self._jaw, self._slide
        half, y, middle, deep = HEAD_SLICES.T
        lower = np.clip((-30.0 - y) / 70.0, 0.0, 1.0) ** 1.3
        cheek = np.exp(-(((y + 58.0) / 22.0) ** 2))
        half = half + cheek * (8.0 * puff + 2.5 * smile) - 0.06 * drop * lower * (half / 76)
        y = y - 0.92 * drop * lower + 3.0 * self._w("mouthShrugLower") * lower
        middle = middle + 6.0 * self._w("jawForward") * lower
        self.curves["head"] = closed(*outline(self._yaw, half, y, middle, deep, slide * lower))
        self.curves |= hair(self.turn, self._yaw) | ears(self._yaw)
        for side, sign in (("Left", 1.0), ("Right", -1.0)):  # an ear turned away is hidden
            self.strength[f"ear_{side}"] = (-sign * self._yaw[:, 0] > -0.1).astype(float)
        self._chin()
        self._forehead()

    def _chin(self) -> None:
        t, drop, slide = np.linspace(-1, 1, 9)[None], self._jaw, self._slide
        up = self._w("mouthShrugLower")
        chin_y = MOUTH_Y - 0.9 * drop - 19.5 + 4.0 * up - 2.2 * (1 - t * t)
        self.curves["chin"] = _curve(t * (10.0 + 3 * up) + slide, chin_y, lift=4.0)
        self.strength["chin"] = np.clip(0.25 + 0.8 * up, 0, 1)[:, 0]

    def _forehead(self) -> None:
        """Three lines that raised brows fold."""
        lift = 0.5 * (self._w("browInnerUp") + 0.5 * self._both("browOuterUp"))
        self.strength["forehead"] = np.clip(1.6 * lift - 0.2, 0, 1)[:, 0]
        for i in range(3):
            span = np.linspace(-1, 1, 13)[None]
            y = 42.0 + 9.0 * i + 5.0 * lift + 1.8 * np.cos(span * np.pi * 1.0) - 2.0 * span**2
            self.curves[f"forehead_{i}"] = _curve(span * (30.0 - 3.0 * i), y, lift=1.0)
