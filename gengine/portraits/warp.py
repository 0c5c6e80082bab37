"""The warp: a photo whose face moves as ARKit weights, a head and a gaze say.

The photo's mesh lies over the person's own neutral face plus the weights' shapes, turned with the head and drawn from
the photo's pixels; hair, neck and shoulders follow on a grid that the head leads and the shoulders hold; lids close
over what lies between them, irises slide, teeth are drawn behind the lips, and skin that is pressed together darkens
as in creases (expression ratio images: Liu, Shan & Zhang 2001, by compression instead of a second photo). Behind it
stands the plate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.constants import Span, read_constants, read_table
from gengine.core.face import ARKIT_INDEX
from gengine.core.lips import OUTER_EYE_DISTANCE, SealModel
from gengine.portraits import points
from gengine.portraits.creases import Creases
from gengine.portraits.eyes import Eye
from gengine.portraits.kernels import NOWHERE, lay
from gengine.portraits.mouth import Mouth
from gengine.portraits.photo import FittedPhoto
from gengine.vision.fit import MESH_POINTS, face_basis

Array = NDArray[np.float64]


@dataclass(frozen=True)
class WarpConstants:
    """``data/warp.csv``, see there for units and sources."""

    grid: int
    beyond: float
    pivot: tuple[float, ...]
    most_turn: tuple[float, ...]
    lid_size: Span
    lid_close: float
    head_reach: Span
    neck: Span
    hair_back: float
    face_reach: float
    ring_soft: float
    edge: float
    least_gap: float
    most_gap: float
    upper_share: float
    overlap: float
    hidden: float
    plain_aside: float
    crease: float
    crease_limits: tuple[float, ...]


WARP = read_constants(WarpConstants, "gengine.portraits", "warp")
SEAL = SealModel.ict()
_BEHIND = -1e6


@dataclass(frozen=True, eq=False)
class FacePose:
    """Where a frame's parts go: ``mesh (468, 2)`` px, ``depth (468,)`` px, nearer is more, ``weights (52,)``, the
    head's ``turn (3, 3)``, ``gaze (2,)`` rad, px ``(2,)`` by which the ``teeth`` are off their place, and weights
    ``(52,)`` by which the skin is ``folded``."""

    mesh: Array
    depth: Array
    weights: Array
    turn: Array
    gaze: Array
    teeth: Array
    folded: Array


class PortraitWarp:
    """Draws frames of one photo; all that does not change is made once."""

    def __init__(self, photo: FittedPhoto) -> None:
        self.photo = p = photo
        self.height, self.width = p.rgb.shape[:2]
        model = face_basis()
        self.basis = model.basis[:, :MESH_POINTS].copy()
        for name, upper, lower in points.LIDS:
            k = ARKIT_INDEX[name]
            over, under = upper[len(upper) // 2], lower[len(lower) // 2]
            gap = p.neutral[over, 1] - p.neutral[under, 1]
            closes = model.basis[k, under, 1] - model.basis[k, over, 1]
            least, most = WARP.lid_size.low, WARP.lid_size.low + WARP.lid_size.width
            self.basis[k] = model.basis[k, :MESH_POINTS] * np.clip(
                WARP.lid_close * gap / max(closes, 1e-4), least, most
            )
        self.source = p.landmarks[:MESH_POINTS]
        shown = p.neutral + np.einsum("k,kpc->pc", p.weights, model.basis[:, :MESH_POINTS])
        # What the fit misses of this face stays as it is in the photo.
        self.missed = self.source - p.project(shown)[:, :2]
        for upper, lower in ((points.UPPER_LIP, points.LOWER_LIP), *(lids[1:] for lids in points.LIDS)):
            both = (self.missed[list(upper)] + self.missed[list(lower)]) / 2  # it neither opens nor closes anything
            self.missed[list(upper)] = self.missed[list(lower)] = both
        self.pivot = np.array(WARP.pivot)
        plain, self.basis = self.basis, _expressive(self.basis)
        aside = float(p.turn[2, 0])  # of the camera, to the person's left: the half that it sees less of smears
        for name, k in ARKIT_INDEX.items():
            if name.startswith(("mouth", "nose", "cheek")) and name.endswith("Right" if aside > 0 else "Left"):
                held = (1 - abs(aside)) * plain[k]
                self.basis[k] += (held - self.basis[k]) * min(WARP.plain_aside * abs(aside), 1)
        # Teeth go along with what of the lips' way is played up, else a smile would draw lips off them.
        self.played = (self.basis - plain)[:, list(points.MOUTH)].mean(1)
        self.eyes = [Eye(p, ring, corners, iris) for ring, corners, iris in
                     zip(points.EYES, points.CORNERS, (MESH_POINTS, MESH_POINTS + 5), strict=True)]  # fmt: skip
        right, left = points.OUTER_EYES
        self.eyes_apart = float(np.linalg.norm(p.neutral[left] - p.neutral[right]))
        self.wide = float(np.linalg.norm(self.source[points.LEFT_SIDE] - self.source[points.RIGHT_SIDE]))
        self.mouth = Mouth(p, self.wide)
        self.creases = Creases(p.weights, self.wide)
        self._lay_grid()

    def _lay_grid(self) -> None:
        """The grid over the whole picture: how far each of its points goes with the head, and with the face's edge."""
        count = WARP.grid
        # It reaches beyond the picture, whose edge is drawn on where a head comes in from outside.
        beyond = WARP.beyond * max(self.width, self.height)
        x, y = (np.linspace(-beyond, side - 1 + beyond, count) for side in (self.width, self.height))
        self.grid = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
        index = np.arange(count * count).reshape(count, count)
        a, b, c, d = (i.ravel() for i in (index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]))
        self.cells = np.concatenate([np.stack([a, b, c], 1), np.stack([b, d, c], 1)]).astype(np.int32)
        oval = self.source[list(points.OVAL)]
        top, chin = self.source[points.TOP], self.source[points.CHIN]
        tall = float(np.linalg.norm(top - chin))
        up = (top - chin) / tall
        aside = np.array([-up[1], up[0]])
        way = self.grid - oval.mean(0)
        across, along = way @ aside / (self.wide / 2), way @ up / (tall / 2)
        away = np.hypot(across, np.where(along > 0, along / 1.35, along))  # a head goes on above the face
        self.led = _smooth(1 - WARP.head_reach.share(away)) * _smooth(1 - WARP.neck.share(-along))
        depth = np.where(away < 1, 0.0, np.maximum(-WARP.hair_back * (away - 1), self.pivot[2]))
        self.grid_head = self._unproject(self.grid, depth)
        square = ((self.grid[:, None] - oval[None]) ** 2).sum(-1)
        near = 1 / (square + (self.wide * WARP.ring_soft) ** 2) ** 1.5
        self.ring = near / near.sum(1, keepdims=True)
        distance = np.sqrt(square.min(1))
        distance[away < 1] = 0
        self.pulled = np.exp(-((distance / (self.wide * WARP.face_reach)) ** 2))[:, None]

    def frame(self, weights: Array, head: Array, gaze: Array) -> NDArray[np.uint8]:
        """The photo ``(H, W, 3)`` under ARKit ``weights (52,)``, ``head (4,)`` wxyz over a trunk at rest, and
        ``gaze (2,)`` rad, yaw to the person's left and pitch up."""
        return self.draw(self.pose(weights, head, gaze))

    def pose(self, weights: Array, head: Array, gaze: Array) -> FacePose:
        """Where everything goes under what ``frame`` takes."""
        weights = np.asarray(weights, float)
        turn = rotation.to_matrix(bearable(np.asarray(head, float)))
        shape = self.photo.neutral + np.einsum("k,kpc->pc", weights, self.basis)
        self._part_lips(shape, weights, turn)
        for _, upper, lower in points.LIDS:
            _part(shape, upper, lower, np.maximum(shape[list(upper), 1] - shape[list(lower), 1], 0), 0.0)
        placed = self._placed(shape, turn)
        went = self.photo.scale * self.photo.turn @ turn @ (weights @ self.played)
        teeth = self.missed[list(points.MOUTH)].mean(0) + went[:2] * [1, -1]
        return FacePose(
            placed[:, :2] + self.missed, placed[:, 2], weights, turn, np.asarray(gaze, float), teeth, weights
        )

    def follow(self, landmarks: Array, weights: Array) -> FacePose:
        """Where everything goes so that the mesh lies on ``landmarks (478, 3)`` px that were seen, for instance in
        another frame of the film that the photo is from; ``weights (52,)`` move what is behind the lips."""
        mesh = np.asarray(landmarks, float)[:MESH_POINTS]
        went = (mesh[list(points.FIRM), :2] - self.source[list(points.FIRM)]).mean(0)
        teeth = went + self.missed[list(points.MOUTH)].mean(0)
        moved = np.asarray(weights, float)
        return FacePose(mesh[:, :2], -mesh[:, 2], moved, np.eye(3), np.zeros(2), teeth, moved)

    def draw(self, pose: FacePose) -> NDArray[np.uint8]:
        """The photo ``(H, W, 3)`` under a pose."""
        import cv2

        mesh = pose.mesh
        maps = self._grid_map(mesh, pose.turn)
        face = np.zeros((self.height, self.width, 3), np.float32)
        nearest = np.full((self.height, self.width), NOWHERE, np.float32)
        carried = np.column_stack([self.source, self._creases(mesh)]).astype(np.float32)
        self._lay(mesh, pose.depth, carried, points.skin(), nearest, face)
        share = self._inside(mesh[list(points.OVAL)]) * (nearest > NOWHERE)
        maps += (face[..., :2] - maps) * share[..., None]
        drawn = cv2.remap(self.photo.rgb, maps[..., 0], maps[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        drawn = drawn.astype(np.float32)
        drawn *= 1 + (cv2.GaussianBlur(face[..., 2], (0, 0), max(self.wide / 120, 0.5)) * share)[..., None]
        for eye in self.eyes:
            eye.draw(drawn, mesh, pose.gaze)
        cover = cv2.remap(
            self.photo.cover, maps[..., 0], maps[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        drawn = np.asarray(self.photo.plate + (drawn - self.photo.plate) * cover[..., None], np.float32)
        self.creases.draw(drawn, mesh, pose.folded)
        self.mouth.draw(drawn, pose, self._placed)
        return np.clip(drawn + 0.5, 0, 255).astype(np.uint8)

    def _part_lips(self, shape: Array, weights: Array, turn: Array) -> None:
        """Move the lips' inner edge of ``shape (468, 3)`` so that it opens by what the project's lip model says: closed
        is closed, on every face. What lies on the far side of a mouth that is seen from aside, behind the lips' own
        bulge, opens less."""
        gap = shape[list(points.UPPER_LIP), 1] - shape[list(points.LOWER_LIP), 1]
        wanted = max(float(SEAL.gap_mm(weights)) - SEAL.rest, 0.0) / OUTER_EYE_DISTANCE * self.eyes_apart
        middle = max(float(gap[len(gap) // 2]), WARP.least_gap)
        ahead = turn.T @ self.photo.turn[2]  # to the camera
        across = shape[list(points.UPPER_LIP), 0] - shape[13, 0]
        far = np.clip(-across * np.sign(ahead[0]) / np.abs(across).max(), 0, 1)
        wide = np.maximum(gap, 0) * min(wanted / middle, WARP.most_gap) * (1 - WARP.hidden * abs(ahead[0]) * far)
        wide = np.where(wide <= 0, -WARP.overlap / self.photo.scale, wide)  # else the seam shows what is behind it
        _part(shape, points.UPPER_LIP, points.LOWER_LIP, wide, WARP.upper_share)

    # -- parts of a frame ------------------------------------------------------------------------------------------

    def _placed(self, at: Array, turn: Array) -> Array:
        """Head points ``(N, 3)`` m turned about the neck and put into the picture, px."""
        return self.photo.project((at - self.pivot) @ turn.T + self.pivot)

    def _unproject(self, at: Array, depth: Array) -> Array:
        """Head points ``(N, 3)`` m of given ``depth (N,)`` m that stand at picture places ``(N, 2)``."""
        p = self.photo
        camera = p.scale * p.turn
        flat = np.stack([at[:, 0] - p.shift[0], p.shift[1] - at[:, 1]], 1) - depth[:, None] * camera[:2, 2]
        return np.column_stack([flat @ np.linalg.inv(camera[:2, :2]).T, depth])

    def _grid_map(self, mesh: Array, turn: Array) -> NDArray[np.float32]:
        """Where every pixel comes from ``(H, W, 2)``, the face's own movement aside."""
        led = (self._placed(self.grid_head, turn)[:, :2] - self.grid) * self.led[:, None]
        oval = list(points.OVAL)
        rest = self.ring @ (mesh[oval] - self.source[oval]) - led
        there = self.grid + led + rest * self.pulled
        out = np.zeros((self.height, self.width, 2), np.float32)
        nearest = np.full((self.height, self.width), NOWHERE, np.float32)
        self._lay(there, np.full(len(there), _BEHIND), self.grid.astype(np.float32), self.cells, nearest, out)
        return out

    def _creases(self, mesh: Array) -> Array:
        """Light of the skin ``(468,)``, 0 as in the photo: darker where a point's triangles are pressed together."""
        triangles = points.skin()
        total = [np.zeros(MESH_POINTS), np.zeros(MESH_POINTS)]
        for k, at in enumerate((mesh, self.source)):
            corners = at[triangles]
            first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
            area = np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0])
            for corner in triangles.T:
                np.add.at(total[k], corner, area)
        ratio = total[0] / np.maximum(total[1], 1e-6)
        least, most = WARP.crease_limits
        return np.clip(WARP.crease * np.log(np.maximum(ratio, 1e-2)), least, most)

    def _inside(self, oval: Array) -> NDArray[np.float32]:
        """How far each pixel lies inside the face's edge, 0..1 over a soft band."""
        import cv2

        mask = np.zeros((self.height, self.width), np.uint8)
        cv2.fillPoly(mask, [np.round(oval * 16).astype(np.int32)], 255, shift=4)
        away = np.asarray(cv2.distanceTransform(mask, cv2.DIST_L2, 3), np.float32)
        return np.clip(away / np.float32(self.wide * WARP.edge), 0, 1)

    def _lay(
        self, at: Array, depth: Array, carried: NDArray, triangles: NDArray, nearest: NDArray, out: NDArray
    ) -> None:
        lay(at.astype(np.float32), depth.astype(np.float32), carried, triangles, nearest, out)


def _expressive(basis: Array) -> Array:
    """Shapes ``(52, 468, 3)`` played up as ``data/expressive.csv`` says."""
    made = basis.copy()
    for row in read_table("gengine.portraits", "expressive"):
        factors = float(row["across"]), float(row["value"]), float(row["value"])
        also, _, share = row["with"].partition(":")
        for side in ("", "Left", "Right"):
            if row["name"] + side not in ARKIT_INDEX:
                continue
            k = ARKIT_INDEX[row["name"] + side]
            made[k] = basis[k] * factors
            if also:
                made[k] += float(share) * basis[ARKIT_INDEX[also + side]]
    return made


def _part(shape: Array, upper: tuple[int, ...], lower: tuple[int, ...], gap: Array, share: float) -> None:
    """Bring facing points of ``shape`` to ``gap`` m of each other; the upper ones go a ``share`` of the way."""
    change = gap - (shape[list(upper), 1] - shape[list(lower), 1])
    shape[list(upper), 1] += share * change
    shape[list(lower), 1] -= (1 - share) * change


def bearable(head: Array) -> Array:
    """A head's rotation ``(4,)`` made small enough for one photo: beyond ``most_turn`` nothing more is shown."""
    way = rotation.to_rotvec(head)
    most = np.radians(WARP.most_turn)
    return rotation.from_rotvec(most * np.tanh(way / most))


def _smooth(share: Array) -> Array:
    return share * share * (3 - 2 * share)
