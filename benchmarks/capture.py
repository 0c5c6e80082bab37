"""Faces captured back: avatars filmed while they perform real captures, and the lips of real speakers.

    python benchmarks/capture.py --data ../shared/data

Each avatar performs stretches of four iPhone captures, one film of them all, its head turning by known angles and its
eyes looking aside. Lips of GRID's speakers: the captured weights' gap beside the distance of the inner lips in the
picture. Controls: no movement, the weights of another stretch; loudness, another clip. How much of the jaw the seen
points hold at all: a line through them, fitted to these very captures on the other heads. Needs the extras vision and
render.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gengine.avatars import load_avatar
from gengine.core import rotation
from gengine.core.audio import AudioClip
from gengine.core.emotion import EmotionTrack
from gengine.core.face import ARKIT_INDEX, ARKIT_NAMES, FaceTrack
from gengine.core.lips import SealModel
from gengine.core.performance import Performance
from gengine.core.words import WordTrack
from gengine.formats.livelink import read_livelink
from gengine.inputs.audio import load_audio
from gengine.renderers.avatar.renderer import AvatarRenderer
from gengine.vision import load_faces
from gengine.vision.faces import MESH_POINTS, SeenFace
from gengine.vision.film import Film
from gengine.vision.fit import FittedFace, bridged, face_basis, fit_face

FPS, STRETCH, SIDE = 30, 90, 360
CURVES = [i for i, name in enumerate(ARKIT_NAMES) if not name.startswith("eyeLook")]
JAW = ARKIT_INDEX["jawOpen"]
NOSE, LIP, EYES = 1, 164, (33, 263)
"""Points of the mesh: tip of the nose, root of the upper lip, outer corners of the eyes."""
SHRINK = 1e-4
"""Weight of the squares of a line's slopes beside its squared error (judgement; points in distances of the eyes)."""
TURNS = np.array([[10, 0.4, 0], [6, 0.55, 1], [4, 0.3, 2]])
"""Yaw, pitch, roll: degrees, Hz, phase."""
RISE = 0.03
"""By how much the portrait's camera looks down, rad."""


def correlation(a: NDArray, b: NDArray) -> float:
    return float(np.corrcoef(a, b)[0, 1]) if a.std() > 0.01 and b.std() > 1e-6 else np.nan


def liveliest(path: Path) -> NDArray:
    """(STRETCH, 52) where a capture moves most; eyes are turned by the film's own gaze."""
    weights = read_livelink(path).resample(FPS).weights.copy()
    moved = np.convolve(np.abs(np.diff(weights, axis=0)).sum(1), np.ones(STRETCH), "valid")
    weights = weights[moved.argmax() : moved.argmax() + STRETCH]
    weights[:, [i for i in range(len(ARKIT_NAMES)) if i not in CURVES]] = 0
    return weights


def performed(paths: Sequence[Path]) -> FaceTrack:
    weights = np.concatenate([liveliest(path) for path in paths])
    t = np.arange(len(weights)) / FPS
    angles = [size * np.sin(2 * np.pi * rate * t + phase) for size, rate, phase in TURNS]
    gaze = np.stack([10 * np.sign(np.sin(np.pi * t + 0.5)), 5 * np.sign(np.sin(2.3 * t))], 1)
    return FaceTrack(weights, rotation.from_euler(np.radians(np.stack(angles, 1)), "YXZ"), np.radians(gaze), FPS)


def filmed(name: str, face: FaceTrack) -> list[NDArray]:
    seconds = len(face) / FPS
    mood = round(seconds * 50)
    take = Performance(AudioClip(np.zeros(round(seconds * 16000), np.float32), 16000), WordTrack(source="heard"),
                       EmotionTrack(np.zeros((mood, 18)), np.zeros((mood, 3)), 50.0), face=face)  # fmt: skip
    renderer = AvatarRenderer(load_avatar(name), (SIDE, SIDE), camera="portrait", backend="soft", yaw=0.0)
    pictures = list(renderer.frames(take, FPS))
    renderer.close()
    return pictures


def round_trip(names: Sequence[str], paths: Sequence[Path]) -> None:
    face, reader = performed(paths), load_faces()
    true = face.weights[:, CURVES]
    moving = true.std(0) > 0.05
    print(f"MAE with no movement {np.abs(true).mean():.3f}, of another stretch "
          f"{np.abs(true - np.roll(true, STRETCH, 0)).mean():.3f}\n")  # fmt: skip
    print("| avatar | MAE | r of curves that move | jaw r | jaw MAE | lip gap r | smile r | brows r | blink r "
          "| head ° about its mean | its mean ° | gaze r | misfit % |\n" + "|---" * 13 + "|")  # fmt: skip
    jaws: list[str] = []
    lower: list[NDArray] = []
    ahead = rotation.from_axis_angle(np.array([1.0, 0, 0]), RISE)
    for name in names:
        seen = reader.read(filmed(name, face))[0]
        found = fit_face(seen, FPS)
        lower.append(lower_face(seen, found))
        made = found.weights[:, CURVES]
        pairs = [correlation(made[:, k], true[:, k]) for k in np.flatnonzero(moving)]

        def of(curve: str, found=found) -> float:
            return correlation(found.weights[:, ARKIT_INDEX[curve]], face.channel(curve))

        gaps = [np.maximum(SealModel.ict().gap_mm(f.weights), 0) for f in (found, face)]
        away = rotation.multiply(rotation.conjugate(face.head), found.head)
        mean = rotation.normalize(away.mean(0))
        about = rotation.angle(rotation.multiply(rotation.conjugate(mean), away))
        off = rotation.angle(rotation.multiply(rotation.conjugate(ahead), mean))
        print(f"| {name} | {np.abs(made - true).mean():.3f} | {np.nanmean(pairs):.2f} | {of('jawOpen'):.2f} "
              f"| {np.abs(found.weights[:, JAW] - face.weights[:, JAW]).mean():.3f} | {correlation(*gaps):.2f} "
              f"| {of('mouthSmileLeft'):.2f} "
              f"| {of('browOuterUpLeft'):.2f} | {of('eyeBlinkLeft'):.2f} | {np.degrees(about).mean():.1f} "
              f"| {np.degrees(off):.1f} | {correlation(found.gaze[:, 0], face.gaze[:, 0]):.2f} "
              f"| {100 * found.error:.2f} |")  # fmt: skip
        for k, path in enumerate(paths):
            ours, theirs = (f.weights[k * STRETCH : (k + 1) * STRETCH, JAW] for f in (found, face))
            jaws.append(f"{name}, {path.stem}: r {correlation(ours, theirs):.2f}, mean {ours.mean():.2f} for "
                        f"{theirs.mean():.2f}, deviation {ours.std():.2f} for {theirs.std():.2f}")  # fmt: skip
    print("\njawOpen by capture\n" + "\n".join(jaws))
    if len(names) > 1:
        held = zip(names, held_by_points(lower, face.weights[:, JAW]), strict=True)
        bound = ", ".join(f"{name} {r:.2f}" for name, r in held)
        print(f"\njaw r of a line through the points, fitted to these captures on the other heads: {bound}")


def lower_face(seen: SeenFace, found: FittedFace) -> NDArray:
    """(T, 2 P) places of the points below the nose in the head's axes, about their mean, in distances of the eyes."""
    points = bridged(seen.landmarks)[:, :MESH_POINTS] * [1, -1, -1]
    points = rotation.rotate(rotation.conjugate(found.head)[:, None], points - points[:, [NOSE]])
    points /= np.linalg.norm(points[:, EYES[0]] - points[:, EYES[1]], axis=-1).mean()
    height = face_basis().neutral[:MESH_POINTS, 1]
    return (points - points.mean(0))[:, height < height[LIP], :2].reshape(len(points), -1)


def held_by_points(faces: Sequence[NDArray], jaw: NDArray) -> list[float]:
    """r of the jaw with the line through a head's points that fits the same captures on the other heads."""
    rs = []
    for k, face in enumerate(faces):
        x = np.concatenate([other for i, other in enumerate(faces) if i != k])
        y = np.tile(jaw - jaw.mean(), len(faces) - 1)
        slopes = np.linalg.solve(x.T @ x / len(x) + SHRINK * np.eye(x.shape[1]), x.T @ y / len(x))
        rs.append(correlation(face @ slopes, jaw))
    return rs


def lips(paths: Sequence[Path]) -> None:
    """Real speakers: what the weights say of the lips' gap beside the lips in the picture."""
    reader, model = load_faces(), SealModel.ict()
    rows: list[tuple[float, float, NDArray, NDArray, float]] = []
    for path in paths:
        film = Film(path)
        face: SeenFace = reader.read(picture for _, picture in film)[0]
        points = bridged(face.landmarks)
        eyes = np.linalg.norm(points[:, 33] - points[:, 263], axis=-1)
        gap = 87 * np.linalg.norm(points[:, 13] - points[:, 14], axis=-1) / eyes
        found = fit_face(face, film.fps)
        made = model.gap_mm(found.weights)
        sound = load_audio(path)
        step = sound.rate / film.fps
        loud = np.array([np.sqrt(np.mean(sound.samples[round(k * step) : round((k + 1) * step)] ** 2 + 1e-12))
                         for k in range(min(len(gap), int(len(sound.samples) / step)))])  # fmt: skip
        rows.append((correlation(made, gap), correlation(loud, gap[: len(loud)]), made, gap, found.error))
    others = []
    for (_, _, made, _, _), (_, _, _, gap, _) in zip(rows, rows[1:] + rows[:1], strict=True):
        others.append(correlation(made[: len(gap)], gap[: len(made)]))
    error = np.mean([np.abs(made - gap).mean() for _, _, made, gap, _ in rows])
    print(f"\n{len(rows)} clips: lip gap r {np.mean([r[0] for r in rows]):.2f}, {error:.1f} mm apart; loudness "
          f"{np.nanmean([r[1] for r in rows]):.2f}, another clip {np.nanmean(others):.2f}; "
          f"misfit {100 * np.mean([r[4] for r in rows]):.2f} % of the eyes' distance")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--avatars", default="david,clara,femi")
    parser.add_argument("--clips", type=int, default=8, help="of GRID's one man; its five others are all taken")
    options = parser.parse_args()
    round_trip(options.avatars.split(","), sorted((options.data / "arkit_motion").glob("*.csv")))
    man = sorted((options.data / "grid_s1").glob("*.mkv"))
    lips([*man[:: max(len(man) // options.clips, 1)][: options.clips], *sorted((options.data / "grid").glob("*.mpg"))])


if __name__ == "__main__":
    main()
