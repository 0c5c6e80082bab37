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
from gengine.renderers.preview.marks import Color, Mark, Pen, around, mix, mixed

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


@dataclass(frozen=True, eq=False)
class FaceDrawing:
    """Faces of ``T`` frames ready to be drawn: marks ``below`` the skin, the outline of the ``head`` and the ``holes``
    in it, and marks ``above``.

    All lie in ``box`` (left, top, right, bottom) of the picture, oversampled pixels, and begin there. ``skin (T, 4)``
    is the head's box in that one, and ``offset (T, 2)`` says how far the head has moved, in whole pixels both.
    """

    box: tuple[int, int, int, int]
    empty: Image.Image
    below: list[Mark]
    head: NDArray[np.float32]
    holes: list[NDArray[np.float32]]
    skin: list[list[int]]
    offset: list[list[int]]
    above: list[Mark]


class FaceInset:
    """Draws faces into images of ``width`` x ``height`` pixels over ``background (H, W, 3)``."""

    def __init__(self, width: int, height: int, background: NDArray[np.float32]) -> None:
        self.width, self.height = width, height
        self._scale = OVERSAMPLE * min(height / 278.0, width / 222.0)
        self._centre = np.array([width / 2 * OVERSAMPLE, height * 0.45 * OVERSAMPLE])
        big = Image.fromarray(np.clip(background, 0, 255).astype(np.uint8))
        self._canvas = big.resize((width * OVERSAMPLE, height * OVERSAMPLE), Image.Resampling.BICUBIC)
        self._draw_shoulders(self._canvas)
        self._still = np.array(self._canvas.reduce(OVERSAMPLE))
        """What never moves, ``(H, W, 3)``."""

    def outlines(self, face: FaceTrack) -> FaceDrawing:
        """The drawing of every frame, to be handed to ``draw``."""
        shape = FaceShape(face)
        curves = {name: self._screen(points) for name, points in shape.turned().items()}
        strength = {name: np.broadcast_to(value, len(face)) for name, value in shape.strength.items()}
        pen = Pen(curves, strength, self._scale, (SKIN, FOLD))
        below = [pen.fill("hair_back", HAIR), *self._neck(pen)]
        for side in ("Left", "Right"):
            below += self._eyeball(pen, side)
        below += self._mouth_inside(pen)
        above = [mark for side in ("Left", "Right") for mark in self._lids(pen, side)]
        above += self._nose(pen)
        for side in ("Left", "Right"):
            above += self._folds(pen, side)
        above += [pen.fold(f"forehead_{line}", 1.1, "forehead", 0.55) for line in range(3)]
        above.append(pen.line("chin", mixed(SKIN, FOLD, 0.6 * strength["chin"]), 1.6))
        above += self._lips(pen, shape.gap)
        above += [pen.ring(f"brow_up_{side}", f"brow_low_{side}", HAIR) for side in ("Left", "Right")]
        above.append(pen.fill("hair", HAIR))
        above += [pen.line(f"strand_{i}", HAIR_LIGHT, 1.5) for i in range(3)]
        for side in ("Left", "Right"):
            ear = (strength[f"ear_{side}"] > 0).tolist()
            above.append(pen.fill(f"ear_{side}", mix(SKIN, SKIN_SHADE, 0.45), ear))
            above.append(pen.fill(f"ear_inner_{side}", mix(SKIN, SKIN_SHADE, 0.85), ear))
        middle = np.array([0.0, 0.0, 40.0])
        moved = self._screen(rotation.rotate(shape.turn, middle - PIVOT) + PIVOT) - self._screen(middle)
        holes = [pen.around("lip_inner_up", "lip_inner_low")]
        holes += [pen.around(f"lid_up_{side}", f"lid_low_{side}") for side in ("Left", "Right")]
        return self._boxed(below, curves["head"].astype(np.float32), holes, moved, above)

    def _boxed(
        self, below: list[Mark], head: NDArray, holes: list[NDArray], moved: NDArray, above: list[Mark]
    ) -> FaceDrawing:
        """The drawing within the box that holds all that is filled, in which everything lies."""
        filled = [mark.points for mark in (*below, *above) if not (mark.width or mark.radius)]
        bounds = np.array([[p[..., axis].min(), p[..., axis].max()] for axis in (0, 1) for p in (*filled, head)])
        bounds = bounds.reshape(2, -1, 2)
        low = np.floor(bounds[..., 0].min(1) / OVERSAMPLE).astype(int) - 1
        high = np.ceil(bounds[..., 1].max(1) / OVERSAMPLE).astype(int) + 2
        low, high = (np.clip(v, 0, (self.width, self.height)) * OVERSAMPLE for v in (low, high))
        box = (int(low[0]), int(low[1]), int(max(high[0], low[0])), int(max(high[1], low[1])))
        corner = low.astype(np.float32)

        def inside(marks: list[Mark]) -> list[Mark]:
            return [mark._replace(points=mark.points - corner) for mark in marks]

        head = head - corner
        skin = np.concatenate([np.floor(head.min(1)) - 1, np.ceil(head.max(1)) + 2], axis=1).astype(int)
        offset = np.round(moved).astype(int)
        holes = [hole - corner for hole in holes]
        empty = self._canvas.crop(box)
        return FaceDrawing(box, empty, inside(below), head, holes, skin.tolist(), offset.tolist(), inside(above))

    def _screen(self, points: NDArray) -> NDArray[np.float64]:
        """Millimetres ``(..., 3)`` to oversampled pixels ``(..., 2)``."""
        near = 1.0 + points[..., 2:] / 1600.0  # a slight lens
        flat = points[..., :2] * near * self._scale
        return self._centre + flat * np.array([1.0, -1.0])

    def draw(self, face: FaceDrawing, i: int) -> NDArray[np.uint8]:
        """Frame ``i`` of ``face`` as ``(H, W, 3)`` uint8."""
        image = face.empty.copy()
        pen = ImageDraw.Draw(image)
        for mark in face.below:
            mark.draw(pen, i)
        self._skin(image, face, i)
        for mark in face.above:
            mark.draw(pen, i)
        out = self._still.copy()
        left, top, right, bottom = (v // OVERSAMPLE for v in face.box)
        out[top:bottom, left:right] = image.reduce(OVERSAMPLE)
        return out

    def _draw_shoulders(self, image: Image.Image) -> None:
        pen = ImageDraw.Draw(image)
        k, (cx, cy) = self._scale, self._centre
        t = np.linspace(-1, 1, 61)
        y = -172 + 34 * np.cos(np.clip(t * 1.0, -1, 1) * np.pi / 2) ** 0.55 - 6 * np.abs(t) ** 6
        outline = np.stack([cx + t * 128 * k, cy - y * k], axis=1)
        bottom = [(cx + 128 * k, image.height + 4), (cx - 128 * k, image.height + 4)]
        pen.polygon([*map(tuple, outline), *bottom], fill=SHIRT)

    def _neck(self, pen: Pen) -> list[Mark]:
        """Neck and collar; the chin throws a soft-edged shade on the neck and draws it along a little."""
        k, centre = self._scale, self._centre
        jaw = pen.points["head"]
        low = jaw[np.arange(len(jaw)), np.argmax(jaw[..., 1], axis=1)]
        shift = (low[:, :1] - centre[0]) / k * 0.35
        chin = -(low[:, 1:] - centre[1]) / k

        def placed(points: NDArray, color: Color) -> Mark:
            return Mark((centre + points * [k, -k]).astype(np.float32), color)

        marks = [placed(_NECK + shift[..., None] * _NECK_DRAWN, mix(SKIN, SKIN_SHADE, 0.5))]
        x = np.linspace(-1, 1, 9)
        for depth, dark in ((13.0, 0.68), (8.0, 0.85)):
            edge = np.stack([x * 36.0 + shift * 0.6, np.maximum(chin - depth + 14.0 * x**2, -150)], -1)
            top = np.stack([shift * 0.6 + [36.0, -36.0], np.full((len(jaw), 2), -60.0)], -1)
            marks.append(placed(np.concatenate([edge, top], axis=1), mix(SKIN, SKIN_SHADE, dark)))
        marks.append(placed(np.broadcast_to(_COLLAR, (len(jaw), *_COLLAR.shape)), SHIRT_DARK))
        return marks

    def _eyeball(self, pen: Pen, side: str) -> list[Mark]:
        up, low = pen.points[f"lid_up_{side}"], pen.points[f"lid_low_{side}"]
        opened = (np.max(low[..., 1] - up[..., 1], axis=1) >= 0.6 * OVERSAMPLE).tolist()
        k = self._scale
        iris = pen.points[f"iris_{side}"]

        def between(upper: float, lower: NDArray, color: Color) -> Mark:
            """From ``upper`` millimetres above the lid's edge to ``lower``."""
            return Mark(around(up - [0, upper * k], lower), color, opened)

        marks = [between(1.2, low + [0, 1.2 * k], EYE_WHITE), between(2.0, up + [0, 3.2 * k], EYE_SHADE)]
        for radius, color in ((8.0, IRIS_RIM), (6.9, IRIS), (3.7, PUPIL)):
            marks.append(Mark(iris.astype(np.float32), color, opened, radius=radius * k))
        glint = (iris - [2.4 * k, 2.6 * k]).astype(np.float32)
        marks.append(Mark(glint, (255, 255, 255), opened, radius=1.7 * k))
        marks.append(between(2.0, up + [0, 1.6 * k], mix(EYE_SHADE, LASH, 0.5)))
        return marks

    def _mouth_inside(self, pen: Pen) -> list[Mark]:
        return [
            pen.ring("lip_inner_up", "lip_inner_low", MOUTH), pen.ring("tongue", "lip_inner_low", TONGUE),
            pen.ring("teeth_low", "lip_inner_low", TEETH_LOW), pen.ring("lip_inner_up", "teeth_up", TEETH),
        ]  # fmt: skip

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

    def _skin(self, image: Image.Image, face: FaceDrawing, i: int) -> None:
        """The face's skin, with the eyes and the mouth cut out so that what lies inside shows."""
        x0, y0, x1, y1 = face.skin[i]
        corner = np.array([x0, y0], np.float32)
        mask = Image.new("1", (x1 - x0, y1 - y0), 0)
        cut = ImageDraw.Draw(mask)
        cut.polygon(face.head[i] - corner, fill=1)  # type: ignore[arg-type]
        for hole in face.holes:
            cut.polygon(hole[i] - corner, fill=0)  # type: ignore[arg-type]
        dx, dy = face.box[0] - face.offset[i][0], face.box[1] - face.offset[i][1]
        image.paste(self._texture.crop((x0 + dx, y0 + dy, x1 + dx, y1 + dy)), (x0, y0), mask)

    def _lids(self, pen: Pen, side: str) -> list[Mark]:
        return [
            pen.line(f"crease_{side}", mix(SKIN, FOLD, 0.75), 1.2),
            pen.line(f"bag_{side}", mixed(SKIN, FOLD, 0.8 * pen.strength[f"bag_{side}"]), 1.2),
            pen.line(f"lid_low_{side}", mix(FOLD, LASH, 0.25), 0.9),
            pen.line(f"lid_up_{side}", LASH, 2.4),
        ]

    def _nose(self, pen: Pen) -> list[Mark]:
        marks = []
        for side in ("Left", "Right"):
            marks += [pen.fill(f"nostril_{side}", mix(FOLD, LIP_LINE, 0.6)), pen.fold(f"wrinkle_{side}", 1.3)]
        return [*marks, pen.line("nose_base", mix(SKIN, FOLD, 0.75), 1.3)]

    def _folds(self, pen: Pen, side: str) -> list[Mark]:
        fold, dimple = (pen.strength[f"{name}_{side}"] for name in ("fold", "dimple"))
        return [
            pen.line(f"fold_{side}", mixed(SKIN, FOLD, 0.85 * fold), 1.7),
            pen.line(f"dimple_{side}", mixed(SKIN, FOLD, dimple), 1.5),
            pen.fold(f"frown_{side}", 1.5),
        ]

    def _lips(self, pen: Pen, gap: NDArray) -> list[Mark]:
        shine = pen.around("lip_shine_up", "lip_shine_low")[:, 8:-8]
        return [
            pen.ring("lip_outer_up", "lip_inner_up", LIP_UPPER), pen.ring("lip_inner_low", "lip_outer_low", LIP_LOWER),
            Mark(np.ascontiguousarray(shine), LIP_LIGHT),
            pen.line("lip_inner_up", LIP_LINE, 1.7)._replace(shown=(gap < 1.5).tolist()),
            pen.fill("tongue_tip", TONGUE, (pen.strength["tongue_tip"] > 0.02).tolist()),
        ]  # fmt: skip


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
