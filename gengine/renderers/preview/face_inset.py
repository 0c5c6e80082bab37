"""The preview's face: a drawn head and shoulders, turned in two and a half dimensions, moved by ARKit-52."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from gengine.core import rotation
from gengine.core.face import FaceTrack
from gengine.renderers.preview.face_shape import PIVOT, FaceShape
from gengine.renderers.preview.head_shape import smooth

Color = tuple[int, int, int]

SKIN: Color = (236, 194, 164)
SKIN_SHADE: Color = (196, 142, 116)
FOLD: Color = (178, 118, 96)
LIP_UPPER: Color = (176, 98, 93)
LIP_LOWER: Color = (199, 118, 109)
LIP_LIGHT: Color = (214, 141, 130)
LIP_LINE: Color = (122, 54, 56)
MOUTH: Color = (66, 22, 28)
TEETH: Color = (246, 242, 235)
TEETH_LOW: Color = (226, 219, 210)
TONGUE: Color = (204, 104, 106)
HAIR: Color = (62, 46, 42)
HAIR_LIGHT: Color = (86, 65, 58)
EYE_WHITE: Color = (246, 244, 240)
EYE_SHADE: Color = (206, 200, 200)
IRIS: Color = (74, 116, 128)
IRIS_RIM: Color = (36, 60, 70)
PUPIL: Color = (18, 20, 24)
LASH: Color = (44, 32, 30)
SHIRT: Color = (88, 98, 114)
SHIRT_DARK: Color = (66, 74, 88)

OVERSAMPLE = 2


def _mix(a: Color, b: Color, t: float) -> Color:
    return tuple(round(x + (y - x) * t) for x, y in zip(a, b, strict=True))  # type: ignore[return-value]


@dataclass(frozen=True, eq=False)
class FaceOutlines:
    """A face ready to be drawn: ``curves (T, N, 2)`` by part in oversampled pixels, ``strength (T,)`` of each
    fold 0..1, ``gap (T,)`` between the lips in mm, and how far the head has moved, ``offset (T, 2)`` pixels."""

    curves: dict[str, NDArray[np.float64]]
    strength: dict[str, NDArray[np.float64]]
    gap: NDArray[np.float64]
    offset: NDArray[np.float64]


class FaceInset:
    """Draws faces into images of ``width`` x ``height`` pixels over ``background (H, W, 3)``."""

    def __init__(self, width: int, height: int, background: NDArray[np.float32]) -> None:
        self.width, self.height = width, height
        self._scale = OVERSAMPLE * min(height / 278.0, width / 222.0)
        self._centre = np.array([width / 2 * OVERSAMPLE, height * 0.45 * OVERSAMPLE])
        big = Image.fromarray(np.clip(background, 0, 255).astype(np.uint8))
        self._canvas = big.resize((width * OVERSAMPLE, height * OVERSAMPLE), Image.Resampling.BICUBIC)
        self._draw_shoulders(self._canvas)

    def outlines(self, face: FaceTrack) -> FaceOutlines:
        """FaceOutlines of every frame, to be handed to ``draw``."""
        shape = FaceShape(face)
        middle = np.array([0.0, 0.0, 40.0])
        moved = rotation.rotate(shape.turn, middle - PIVOT) + PIVOT
        return FaceOutlines(
            {name: self._screen(shape.turned(name)) for name in shape.curves},
            {name: np.broadcast_to(value, len(face)) for name, value in shape.strength.items()},
            shape.gap,
            self._screen(moved) - self._screen(middle),
        )

    def _screen(self, points: NDArray) -> NDArray[np.float64]:
        """Millimetres ``(..., 3)`` to oversampled pixels ``(..., 2)``."""
        near = 1.0 + points[..., 2:] / 1600.0  # a slight lens
        flat = points[..., :2] * near * self._scale
        return self._centre + flat * np.array([1.0, -1.0])

    def draw(self, face: FaceOutlines, i: int) -> NDArray[np.uint8]:
        """Frame ``i`` of ``face`` as ``(H, W, 3)`` uint8."""
        image = self._canvas.copy()
        pen = _Pen(image, {name: points[i] for name, points in face.curves.items()}, self._scale)
        strength = {name: float(value[i]) for name, value in face.strength.items()}
        offset = face.offset[i]
        pen.fill(pen.points["hair_back"], HAIR)
        self._neck(pen)
        for side in ("Left", "Right"):
            self._eyeball(pen, side)
        self._mouth_inside(pen)
        self._skin(image, pen, offset)
        for side in ("Left", "Right"):
            self._lids(pen, side, strength)
        self._nose(pen, strength)
        for side in ("Left", "Right"):
            self._folds(pen, side, strength)
        for line in range(3):
            pen.line(f"forehead_{line}", _mix(SKIN, FOLD, 0.55 * strength["forehead"]), 1.1, strength["forehead"])
        pen.line("chin", _mix(SKIN, FOLD, 0.6 * strength["chin"]), 1.6)
        self._lips(pen, face.gap[i], strength)
        for side in ("Left", "Right"):
            pen.fill(pen.ring(f"brow_up_{side}", f"brow_low_{side}"), HAIR)
        pen.fill(pen.points["hair"], HAIR)
        for i in range(3):
            pen.line(f"strand_{i}", HAIR_LIGHT, 1.5)
        for side in ("Left", "Right"):
            if strength[f"ear_{side}"]:
                pen.fill(pen.points[f"ear_{side}"], _mix(SKIN, SKIN_SHADE, 0.45))
                pen.fill(pen.points[f"ear_inner_{side}"], _mix(SKIN, SKIN_SHADE, 0.85))
        return np.asarray(image.reduce(OVERSAMPLE))

    def _draw_shoulders(self, image: Image.Image) -> None:
        pen = ImageDraw.Draw(image)
        k, (cx, cy) = self._scale, self._centre
        t = np.linspace(-1, 1, 61)
        y = -172 + 34 * np.cos(np.clip(t * 1.0, -1, 1) * np.pi / 2) ** 0.55 - 6 * np.abs(t) ** 6
        outline = np.stack([cx + t * 128 * k, cy - y * k], axis=1)
        bottom = [(cx + 128 * k, image.height + 4), (cx - 128 * k, image.height + 4)]
        pen.polygon([*map(tuple, outline), *bottom], fill=SHIRT)

    def _neck(self, pen: _Pen) -> None:
        """Neck and collar; the chin throws a soft-edged shade on the neck and draws it along a little."""
        k, centre = self._scale, self._centre
        jaw = pen.points["head"]
        low = jaw[np.argmax(jaw[:, 1])]
        shift = (low[0] - centre[0]) / k * 0.35
        pen.fill(centre + (_NECK + shift * _NECK_DRAWN) * [k, -k], _mix(SKIN, SKIN_SHADE, 0.5))
        chin = -(low[1] - centre[1]) / k
        x = np.linspace(-1, 1, 9)
        for depth, dark in ((13.0, 0.68), (8.0, 0.85)):
            edge = np.stack([x * 36.0 + shift * 0.6, np.maximum(chin - depth + 14.0 * x**2, -150)], 1)
            top = np.array([(36.0 + shift * 0.6, -60.0), (-36.0 + shift * 0.6, -60.0)])
            pen.fill(centre + np.concatenate([edge, top]) * [k, -k], _mix(SKIN, SKIN_SHADE, dark))
        pen.fill(centre + _COLLAR * [k, -k], SHIRT_DARK)

    def _eyeball(self, pen: _Pen, side: str) -> None:
        up, low = pen.points[f"lid_up_{side}"], pen.points[f"lid_low_{side}"]
        if np.max(low[:, 1] - up[:, 1]) < 0.6 * OVERSAMPLE:
            return
        k = self._scale
        rim = np.array([0, 1.2 * k])
        pen.fill(np.concatenate([up - rim, (low + rim)[::-1]]), EYE_WHITE)
        shade = up + [0, 3.2 * k]
        pen.fill(np.concatenate([up - [0, 2 * k], shade[::-1]]), EYE_SHADE)
        ix, iy = pen.points[f"iris_{side}"][0]
        for radius, color in ((8.0, IRIS_RIM), (6.9, IRIS), (3.7, PUPIL)):
            pen.disc(ix, iy, radius * k, color)
        pen.disc(ix - 2.4 * k, iy - 2.6 * k, 1.7 * k, (255, 255, 255))
        pen.fill(np.concatenate([up - [0, 2 * k], (up + [0, 1.6 * k])[::-1]]), _mix(EYE_SHADE, LASH, 0.5))

    def _mouth_inside(self, pen: _Pen) -> None:
        pen.fill(pen.ring("lip_inner_up", "lip_inner_low"), MOUTH)
        pen.fill(pen.ring("tongue", "lip_inner_low"), TONGUE)
        pen.fill(pen.ring("teeth_low", "lip_inner_low"), TEETH_LOW)
        pen.fill(pen.ring("lip_inner_up", "teeth_up"), TEETH)

    @cached_property
    def _texture(self) -> Image.Image:
        """Softly shaded skin in the rest pose: light from the upper left, blush, darker sockets and jaw."""
        px, py = np.meshgrid(np.arange(self.width, dtype=np.float32), np.arange(self.height, dtype=np.float32))
        x = (px * OVERSAMPLE - self._centre[0]) / self._scale
        y = -(py * OVERSAMPLE - self._centre[1]) / self._scale

        def blob(cx: float, cy: float, sx: float, sy: float) -> NDArray:
            return np.exp(-(((x - cx) / sx) ** 2) - ((y - cy) / sy) ** 2)

        light = 0.75 * blob(-22, 40, 75, 75) + 0.35 * blob(-4, -22, 14, 34) + 0.25 * blob(-36, -28, 24, 18)
        dark = 0.85 * np.clip((np.abs(x + 8) / 82) ** 3, 0, 1.2) + 0.8 * np.clip((-y - 70) / 60, 0, 1) ** 1.5
        dark += 0.34 * (blob(33, 6, 24, 13) + blob(-33, 6, 24, 13)) + 0.25 * blob(15, -26, 9, 20)
        dark += 0.28 * blob(0, -58, 18, 5) + 0.35 * blob(0, -95, 20, 5)
        blush = blob(44, -38, 20, 15) + blob(-44, -38, 20, 15) + 0.5 * blob(0, -40, 12, 8)
        color = np.array(SKIN, float) + light[..., None] * np.array([14, 18, 20])
        color = color + (np.array(SKIN_SHADE, float) - SKIN) * np.clip(dark, 0, 1.1)[..., None] * 0.75
        color = color + np.array([3, -14, -11]) * blush[..., None]
        small = Image.fromarray(np.clip(color, 0, 255).astype(np.uint8))
        return small.resize(self._canvas.size, Image.Resampling.BICUBIC)

    def _skin(self, image: Image.Image, pen: _Pen, offset: NDArray) -> None:
        """The face's skin, with the eyes and the mouth cut out so that what lies inside shows."""
        head = pen.points["head"]
        x0, y0 = np.floor(head.min(0)).astype(int) - 1
        x1, y1 = np.ceil(head.max(0)).astype(int) + 2
        mask = Image.new("1", (int(x1 - x0), int(y1 - y0)), 0)
        cut = ImageDraw.Draw(mask)
        corner = np.array([x0, y0])
        cut.polygon((head - corner).ravel().tolist(), fill=1)
        holes = [pen.ring("lip_inner_up", "lip_inner_low")]
        holes += [pen.ring(f"lid_up_{side}", f"lid_low_{side}") for side in ("Left", "Right")]
        for hole in holes:
            cut.polygon((hole - corner).ravel().tolist(), fill=0)
        dx, dy = (round(v) for v in offset)
        skin = self._texture.crop((x0 - dx, y0 - dy, x1 - dx, y1 - dy))
        image.paste(skin, (int(x0), int(y0)), mask)

    def _lids(self, pen: _Pen, side: str, strength: dict[str, float]) -> None:
        pen.line(f"crease_{side}", _mix(SKIN, FOLD, 0.75), 1.2)
        pen.line(f"bag_{side}", _mix(SKIN, FOLD, 0.8 * strength[f"bag_{side}"]), 1.2)
        pen.line(f"lid_low_{side}", _mix(FOLD, LASH, 0.25), 0.9)
        pen.line(f"lid_up_{side}", LASH, 2.4)

    def _nose(self, pen: _Pen, strength: dict[str, float]) -> None:
        for side in ("Left", "Right"):
            pen.fill(pen.points[f"nostril_{side}"], _mix(FOLD, LIP_LINE, 0.6))
            pen.line(f"wrinkle_{side}", _mix(SKIN, FOLD, strength[f"wrinkle_{side}"]), 1.3, strength[f"wrinkle_{side}"])
        pen.line("nose_base", _mix(SKIN, FOLD, 0.75), 1.3)

    def _folds(self, pen: _Pen, side: str, strength: dict[str, float]) -> None:
        pen.line(f"fold_{side}", _mix(SKIN, FOLD, 0.85 * strength[f"fold_{side}"]), 1.7)
        pen.line(f"dimple_{side}", _mix(SKIN, FOLD, strength[f"dimple_{side}"]), 1.5)
        pen.line(f"frown_{side}", _mix(SKIN, FOLD, strength[f"frown_{side}"]), 1.5, strength[f"frown_{side}"])

    def _lips(self, pen: _Pen, gap: float, strength: dict[str, float]) -> None:
        pen.fill(pen.ring("lip_outer_up", "lip_inner_up"), LIP_UPPER)
        pen.fill(pen.ring("lip_inner_low", "lip_outer_low"), LIP_LOWER)
        pen.fill(pen.ring("lip_shine_up", "lip_shine_low")[8:-8], LIP_LIGHT)
        if gap < 1.5:
            pen.line("lip_inner_up", LIP_LINE, 1.7)
        if strength["tongue_tip"] > 0.02:
            pen.fill(pen.points["tongue_tip"], TONGUE)


def _neck_outline() -> tuple[NDArray, NDArray]:
    """The neck's outline ``(N, 2)`` mm, and how much of the chin's way aside each point goes along ``(N, 2)``."""
    half = np.array([(38, -55), (36.5, -92), (37, -118), (45, -138), (32, -152), (0, -158)], float)
    neck = np.concatenate([half, half[-2::-1] * [-1, 1]])
    drawn = np.stack([np.interp(neck[:, 1], [-124, -60], [0, 1]), np.zeros(len(neck))], 1)
    return smooth(neck[None], 4)[0], smooth(drawn[None], 4)[0]


def _collar() -> NDArray:
    """The collar's outline ``(N, 2)`` mm."""
    x = np.linspace(-1, 1, 13)
    upper = np.stack([x * 47.0, -158.0 + 19.0 * np.abs(x) ** 2.2], 1)
    lower = np.stack([x * 51.0, -167.0 + 21.0 * np.abs(x) ** 2.2], 1)[::-1]
    return np.concatenate([upper, lower])


_NECK, _NECK_DRAWN = _neck_outline()
_COLLAR = _collar()


class _Pen:
    """Fills and strokes outlines given in oversampled pixels."""

    def __init__(self, image: Image.Image, points: dict[str, NDArray], scale: float) -> None:
        self._draw = ImageDraw.Draw(image)
        self.points = points
        self._scale = scale

    def ring(self, upper: str, lower: str) -> NDArray:
        """One closed outline from two curves drawn in the same direction."""
        return np.concatenate([self.points[upper], self.points[lower][::-1]])

    def fill(self, points: NDArray, color: Color) -> None:
        self._draw.polygon(points.ravel().tolist(), fill=color)

    def line(self, name: str, color: Color, width_mm: float, strength: float = 1.0) -> None:
        """A stroke; one too faint to see is left out."""
        if strength > 0.03:
            width = max(1, round(width_mm * self._scale))
            self._draw.line(self.points[name].ravel().tolist(), fill=color, width=width, joint="curve")

    def disc(self, x: float, y: float, radius: float, color: Color) -> None:
        self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)
