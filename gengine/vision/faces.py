"""Faces of a picture or film at 478 points: found once, followed from frame to frame, found again where lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from gengine.checkpoint import fitting, shared_checkpoint
from gengine.errors import VisionError
from gengine.vision.crops import Crop
from gengine.vision.detector import FACE_SIDE, OVERLAP, Detection, far_detector, near_detector, overlap
from gengine.vision.graph import Graph
from gengine.vision.pictures import Picture, as_rgb, read_picture

CHECKPOINT = "face-vision-v1"

MESH_SIDE, PERSON_SIDE = 192, 256
"""Sides of what the mesh's and the segmentation's networks see, px."""

UPRIGHT = 0.05
"""By how much a face is surer to be one upside down before it is taken for that (photos as they are were surer by .12
to .4: three photos, six presets)."""

LEAST_SCORE = 0.5
"""A face is lost where the mesh believes in it less (MediaPipe)."""

LOOK_EVERY = 10
"""Frames between two looks for further faces: a third of a second is not missed (judgement)."""

SETTLING = 2
"""How often a newly found face is cropped anew by its own points before it is believed."""

SAME_FACE = 0.5
"""Two followed faces that share more of their boxes have become one (judgement)."""

OUTER_EYES = (33, 263)
"""Points at the outer corners of the eyes, the viewer's left first: the line a crop is turned by."""

MESH_POINTS, POINTS = 468, 478
"""Points of the mesh, and those with five of each iris behind: the person's right iris first."""

EYE_RING = 16
"""Points of an eye's opening, first among those its own network finds; an iris is as deep as they are (MediaPipe)."""


@dataclass(frozen=True)
class SeenFace:
    """One face over all T frames of a film; a still picture has one frame.

    ``landmarks``: (T, 478, 3) float32, px from the picture's top left corner, depth in px of the same scale, nearer is
    less; NaN in frames without the face. ``scores``: (T,) chance of a face. ``size``: (width, height) of the picture.
    """

    landmarks: NDArray[np.float32]
    scores: NDArray[np.float32]
    size: tuple[int, int]

    @property
    def seen(self) -> NDArray[np.bool_]:
        """(T,) whether the face is in a frame."""
        return ~np.isnan(self.landmarks[:, 0, 0])

    @property
    def boxes(self) -> NDArray[np.float32]:
        """(T, 4) left, top, right and bottom of the points, px."""
        mesh = self.landmarks[:, :MESH_POINTS, :2]
        return np.concatenate([mesh.min(1), mesh.max(1)], -1)


@dataclass
class _Followed:
    """A face while a film is read."""

    frames: dict[int, tuple[NDArray[np.float32], float]] = field(default_factory=dict)
    last: NDArray[np.float32] = field(default_factory=lambda: np.zeros((POINTS, 3), np.float32))
    lost: bool = False

    def put(self, frame: int, landmarks: NDArray[np.float32], score: float) -> None:
        self.frames[frame], self.last, self.lost = (landmarks, score), landmarks, False

    def done(self, frames: int, size: tuple[int, int]) -> SeenFace:
        landmarks = np.full((frames, POINTS, 3), np.nan, np.float32)
        scores = np.zeros(frames, np.float32)
        for t, (points, score) in self.frames.items():
            landmarks[t], scores[t] = points, score
        return SeenFace(landmarks, scores, size)


class Faces:
    """The vision networks, loaded. Nothing is kept between two calls."""

    def __init__(self, checkpoint: str | Path = CHECKPOINT) -> None:
        """Raises FormatError where the checkpoint is missing or damaged."""
        config, tensors = shared_checkpoint(checkpoint)
        with fitting(checkpoint):
            graphs = {
                name: Graph(
                    network["steps"],
                    network["outputs"],
                    {k: torch.from_numpy(v.astype(np.float32)) for k, v in tensors.items() if k.startswith(f"{name}.")},
                )
                for name, network in config["networks"].items()
            }
            self._near, self._far = near_detector(graphs["near"]), far_detector(graphs["far"])
            self._mesh, self._person = graphs["mesh"], graphs["person"]
            self._refined = {part: np.array(points) for part, points in config["refined"].items()}

    def read(self, source: str | Path | Picture | NDArray | Iterable[NDArray]) -> list[SeenFace]:
        """The faces of a picture (file, (H, W) or (H, W, 1, 3 or 4) array) or of a film's frames, all of one size.

        The face that is largest, summed over the frames it is in, comes first. Raises VisionError where a picture
        cannot be read or no frame shows a face.
        """
        if isinstance(source, str | Path):
            source = read_picture(source)
        if isinstance(source, Picture):
            source = source.rgb
        if isinstance(source, np.ndarray) and source.ndim < 4 and not (source.ndim == 3 and source.shape[2] > 4):
            source = [source]
        followed: list[_Followed] = []
        count, size = 0, (0, 0)
        for count, picture in enumerate(map(as_rgb, source), 1):
            here = (picture.shape[1], picture.shape[0])
            if count > 1 and here != size:
                raise VisionError(
                    f"film: frame {count} has {here[0]} × {here[1]} px, those before {size[0]} × {size[1]}"
                )
            size = here
            self._follow(picture, count - 1, followed)
        faces = [face.done(count, size) for face in followed]
        if not faces:
            where = "the picture" if count == 1 else f"any of {count} frames"
            raise VisionError(
                f"no face was found in {where} ({size[0]} × {size[1]} px): "
                "give one that shows a face from the front or half from the side, at least 20 px wide"
            )
        return sorted(faces, key=lambda face: -_presence(face))

    def detect(self, picture: NDArray, thorough: bool = True) -> list[Detection]:
        """Faces that the detectors alone find; ``thorough`` looks for far ones too, and in parts of a large picture
        whose whole shows none."""
        rgb = as_rgb(picture)
        found = self._near.find(rgb)
        if thorough:
            found = _joined(found, self._far.find(rgb))
            for crop in _parts(rgb) if not found else ():
                found = _joined(found, self._far.find(rgb, crop))
        return found

    def upside_down(self, picture: NDArray) -> bool:
        """Whether a face is surer to be one when the picture is turned by 180°. A face on its head is found, but what
        is taken for its mouth is its forehead; one that lies on its side is read as well as any."""
        rgb = as_rgb(picture)
        as_is, turned = (
            max((found.score for found in self.detect(each)), default=0.0)
            for each in (rgb, np.ascontiguousarray(rgb[::-1, ::-1]))
        )
        return turned > as_is + UPRIGHT

    def person(self, picture: NDArray) -> NDArray[np.float32]:
        """(H, W) chance in 0..1 that a pixel shows a person: MediaPipe's selfie segmentation of the whole picture."""
        rgb = as_rgb(picture)
        small = np.array(Image.fromarray(rgb).resize((PERSON_SIDE, PERSON_SIDE), Image.Resampling.BILINEAR))
        mask = self._person(torch.from_numpy(small).permute(2, 0, 1)[None].float() / 255)["mask"]
        return torch.nn.functional.interpolate(mask, rgb.shape[:2], mode="bilinear")[0, 0].numpy()

    def _follow(self, picture: NDArray[np.uint8], frame: int, followed: list[_Followed]) -> None:
        """One more frame: every followed face moves on, then new and lost ones are looked for."""
        for face in followed:
            if not face.lost:
                landmarks, score = self._landmarks(picture, crop_of(face.last))
                if score < LEAST_SCORE:
                    face.lost = True
                else:
                    face.put(frame, landmarks, score)
        for k, face in enumerate(followed):  # the one that was found later gives way
            if not face.lost and any(_same(face, other) for other in followed[:k] if not other.lost):
                del face.frames[frame]
                face.lost = True
        regular = frame % LOOK_EVERY == 0
        if not (regular or any(face.lost for face in followed)):
            return
        for detection in self.detect(picture, thorough=regular):
            if any(overlap(_box(f.last), detection.box) > OVERLAP for f in followed if not f.lost):
                continue
            landmarks, score = self._landmarks(picture, detection.crop())
            for _ in range(SETTLING):
                landmarks, score = self._landmarks(picture, crop_of(landmarks))
            if score < LEAST_SCORE:
                continue
            new = _Followed()
            new.put(frame, landmarks, score)
            if any(_same(new, other) for other in followed if not other.lost):
                continue
            gone = [face for face in followed if face.lost and _near(face, landmarks)]
            if gone:
                min(gone, key=lambda face: _distance(face, landmarks)).put(frame, landmarks, score)
            else:
                followed.append(new)

    def _landmarks(self, picture: NDArray[np.uint8], crop: Crop) -> tuple[NDArray[np.float32], float]:
        """(478, 3) points, px, of the face in a crop, and the chance that there is one."""
        found = {name: value.reshape(-1).numpy() for name, value in self._mesh(crop.pixels(picture, MESH_SIDE)).items()}
        mesh = found["points"].reshape(-1, 3).astype(float)
        irises = []
        for part, points in self._refined.items():
            mesh[points, :2] = found[part].reshape(-1, 2)
        for side in ("right", "left"):
            iris = found[f"{side}_iris"].reshape(-1, 2)
            depth = mesh[self._refined[f"{side}_eye"][:EYE_RING], 2].mean()
            irises.append(np.column_stack([iris, np.full(len(iris), depth)]))
        score = 1 / (1 + np.exp(-np.clip(float(found["score"][0]), -80, 80)))
        return crop.back(np.concatenate([mesh, *irises]), MESH_SIDE).astype(np.float32), float(score)


def crop_of(landmarks: NDArray) -> Crop:
    """The square that the mesh wants around a face, from its points (468 or more, 2 or more) in the frame before."""
    right, left = landmarks[list(OUTER_EYES), :2].astype(float)
    angle = float(np.arctan2(left[1] - right[1], left[0] - right[0]))
    axes = Crop((0, 0), 1, angle).axes()
    upright = landmarks[:MESH_POINTS, :2] @ axes
    low, high = upright.min(0), upright.max(0)
    x, y = axes @ ((low + high) / 2)
    return Crop((float(x), float(y)), FACE_SIDE * float((high - low).max()), angle)


def _joined(found: list[Detection], more: list[Detection]) -> list[Detection]:
    """All detections, each face once."""
    return found + [new for new in more if all(overlap(new.box, old.box) <= OVERLAP for old in found)]


def _parts(picture: NDArray) -> Iterator[Crop]:
    """Overlapping squares of a large picture, half and then a quarter as long as its longer side."""
    height, width = picture.shape[:2]
    for share in (2, 4):
        side = max(height, width) / share
        if side < 2 * MESH_SIDE:
            return
        for y in np.arange(side / 2, max(height - side / 4, side), side / 2):
            for x in np.arange(side / 2, max(width - side / 4, side), side / 2):
                yield Crop((float(x), float(y)), side)


def _box(landmarks: NDArray) -> NDArray:
    mesh = landmarks[:MESH_POINTS, :2]
    return np.concatenate([mesh.min(0), mesh.max(0)])


def _same(one: _Followed, other: _Followed) -> bool:
    return overlap(_box(one.last), _box(other.last)) > SAME_FACE


def _distance(face: _Followed, landmarks: NDArray) -> float:
    """Between the middles of a face and of landmarks, in widths of the face."""
    box, other = _box(face.last), _box(landmarks)
    return float(np.hypot(*(box[:2] + box[2:] - other[:2] - other[2:]) / 2) / max(box[2] - box[0], 1e-6))


def _near(face: _Followed, landmarks: NDArray) -> bool:
    """Whether a lost face may have moved there: within twice its width, and neither half nor double its size."""
    box, other = _box(face.last), _box(landmarks)
    grown = (other[2] - other[0]) / max(box[2] - box[0], 1e-6)
    return _distance(face, landmarks) < 2 and 0.5 < grown < 2


def _presence(face: SeenFace) -> float:
    """Sum over the frames of how wide a face is."""
    boxes = face.boxes[face.seen]
    return float((boxes[:, 2] - boxes[:, 0]).sum())
