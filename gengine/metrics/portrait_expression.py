"""Whether a portrait's emotions can be read: photos are drawn under the project's expressions at several strengths, and
a network of others says what it sees (``gengine.vision.expression``)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gengine.core import rotation
from gengine.core.audio import SAMPLE_RATE, AudioClip
from gengine.core.emotion import EMOTION_INDEX, EMOTIONS
from gengine.errors import GengineError, MissingExtraError
from gengine.metrics.controls import FLOOR, SYSTEM, Column, Table
from gengine.metrics.evaluate import Row
from gengine.metrics.evaluation import Progress, label, spread
from gengine.metrics.portrait_films import READ
from gengine.networks.visemes.expression import expressions

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
ENDINGS = (".png", ".jpg", ".jpeg", ".webp")
SIZE = 384
"""Longer side of what is drawn, px: the network sees 112."""
SLACK = 0.02
"""By how much a chance may fall from one strength to the next and still count as growing (judgement)."""


def photos_of(folder: Path) -> list[Path]:
    """The pictures of a folder, by name; none where it holds films."""
    return sorted(p for p in Path(folder).glob("*") if p.suffix.lower() in ENDINGS)


def shown(emotion: str, strength: float) -> tuple[NDArray, NDArray, NDArray]:
    """ARKit weights ``(52,)``, head ``(4,)`` wxyz and gaze ``(2,)`` rad of an expression that is held."""
    table, k = expressions(), EMOTION_INDEX[emotion]
    pitch, roll, yaw = strength * table.posture[k]
    head = rotation.from_euler(np.array([[yaw, pitch, roll]]), "YXZ")[0]
    return strength * table.weights[k], head, np.array([0.0, -strength * table.look_down[k]])


def evaluate_expressions(
    photos: Sequence[Path], renderers: Sequence[str], *, limit: int | None = None, progress: Progress | None = None
) -> Table:
    """The table of ``renderers`` on ``photos`` of people who show nothing.

    Raises ``GengineError`` where no photo can be used, ``MissingExtraError`` without the extras ``vision`` and
    ``portrait``.
    """
    try:
        import cv2  # noqa: F401
        import numba  # noqa: F401
        import torch  # noqa: F401
    except ImportError:
        raise MissingExtraError("evaluating portraits", "portrait") from None
    from gengine.vision.expression import Expression

    chosen = [Path(p) for p in spread([str(p) for p in photos], limit)]
    found: dict[str, list[_Face]] = {label(name): [] for name in renderers}
    stills, skipped = [], []
    for done, path in enumerate(chosen, 1):
        if progress is not None:
            progress(done, len(chosen), path.name)
        try:
            made, still = _face(path, renderers)
        except GengineError as error:
            skipped.append(f"{path.name}: {error}")
            continue
        stills.append(still)
        for name, face in made.items():
            found[name].append(face)
    if not stills:
        raise GengineError(f"none of {len(chosen)} photos could be used; {skipped[0]}")
    judge = Expression().sha256
    columns = [Column(name, SYSTEM, "", _rows(faces, judge)) for name, faces in found.items()]
    columns.append(Column("photo", FLOOR, "the photo as it is", _rows(stills, judge)))
    about = {
        "photos": len(stills), "skipped": "; ".join(skipped) or "none", "strengths": ", ".join(map(str, STRENGTHS)),
        "judge": judge[:12],
    }  # fmt: skip
    return Table(columns, about)


class _Face:
    """What is read of one photo: ``chances (emotions, strengths, 7)`` and the largest distance to the photo."""

    def __init__(self, chances: NDArray, away: float) -> None:
        self.chances, self.away = chances, away


def _face(path: Path, renderers: Sequence[str]) -> tuple[dict[str, _Face], _Face]:
    """One photo under every renderer, and as it is."""
    from gengine.portraits.photo import fit_photo
    from gengine.portraits.renderers import mouth_renderer
    from gengine.portraits.warp import PortraitWarp
    from gengine.vision import load_faces
    from gengine.vision.expression import EXPRESSIONS, Expression
    from gengine.vision.identity import Identity

    fitted = fit_photo(path, SIZE)
    warp, judge, identity, faces = PortraitWarp(fitted), Expression(), Identity(), load_faces()
    own = identity.of(fitted.rgb, fitted.landmarks)
    made = {}
    for name in renderers:
        chances, away = np.zeros((len(READ), len(STRENGTHS), len(EXPRESSIONS))), 0.0
        painter = mouth_renderer(name, warp)
        painter.hear(AudioClip(np.zeros(SAMPLE_RATE, np.float32), SAMPLE_RATE), last=True)
        for e, emotion in enumerate(READ):
            for s, strength in enumerate(STRENGTHS):
                if strength == 0 and e:
                    chances[e, s] = chances[0, 0]
                    continue
                pose = warp.pose(*shown(emotion, strength))
                frame = warp.draw(pose)
                told = np.zeros(len(EMOTIONS), np.float32)
                told[EMOTION_INDEX[emotion]] = strength
                painter.paint(frame, pose, 0.0, told)
                seen = faces.read(frame)  # its own points: the judge's cut is theirs, and a shifted one reads otherwise
                at = seen[0].landmarks[0] if seen else pose.mesh
                chances[e, s] = judge.of(frame, at)
                if strength == STRENGTHS[-1]:
                    away = max(away, float(np.linalg.norm(identity.of(frame, at) - own)))
        made[label(name)] = _Face(chances, away)
    still = judge.of(fitted.rgb, fitted.landmarks)
    return made, _Face(np.broadcast_to(still, (len(READ), len(STRENGTHS), len(EXPRESSIONS))), 0.0)


def _rows(faces: Sequence[_Face], judge: str) -> dict[str, Row]:
    from gengine.vision.expression import EXPRESSIONS

    chances = np.stack([f.chances for f in faces])
    values = {}
    for e, emotion in enumerate(READ):
        k = EXPRESSIONS.index(emotion)
        values[f"read_{emotion}"] = float((chances[:, e, -1].argmax(-1) == k).mean())
        grows = np.diff(chances[:, e, :, k], axis=1).min(1) >= -SLACK
        values[f"grows_{emotion}"] = float((grows & (chances[:, e, -1, k] > chances[:, e, 0, k])).mean())
    values["read_neutral"] = float((chances[:, 0, 0].argmax(-1) == EXPRESSIONS.index("neutral")).mean())
    values["identity_moved"] = max(f.away for f in faces)
    return {k: Row(k, v, len(faces), "photos", judge) for k, v in values.items()}
