"""Contact sheets of the avatars to look at: eight emotions at strength 1, and gestures on the whole figure.

``python benchmarks/avatar_sheet.py [--names anna,ben] [--out render] [--audio speech.wav]`` writes
``avatar_emotions.png``, ``avatar_mouths.png`` (close up, ten sounds), ``avatar_lids.png``, ``avatar_poses.png`` and
``avatar_heads.png`` (hair, neck and skin: heads seen from all around, bowed, turned and tipped);
``--only closures`` counts what shows a tooth in P, B and M at all eight emotions;
``python benchmarks/avatar_sheet.py --docs`` writes the strips of the documentation, ``docs/assets/faces.webp`` and
``mouths.webp``, and ``docs/emotions.jpg``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import imageio.v3 as iio
import numpy as np
from PIL import Image, ImageDraw

from gengine.avatars import avatar_names, load_avatar
from gengine.core import rotation
from gengine.core.avatar import Avatar
from gengine.core.emotion import EMOTIONS
from gengine.core.face import ARKIT_INDEX, ARKIT_NAMES, FaceTrack
from gengine.core.lips import SealModel
from gengine.core.motion import Motion
from gengine.core.skeleton import BEAT_HIP_HEIGHT, beat_skeleton
from gengine.networks.visemes import lip_contact
from gengine.networks.visemes.expression import add_to_speech, expressions, mix
from gengine.networks.visemes.network import FACE
from gengine.networks.visemes.targets import MOUTH, viseme_targets
from gengine.renderers.avatar.backend import open_backend
from gengine.renderers.avatar.scene import Camera, camera_preset, exposure, figure_height, studio_lights
from gengine.retarget.avatar_pose import AvatarPose, to_avatar

SHOWN = ("neutral", "happiness", "sadness", "anger", "fear", "surprise", "disgust", "contempt")
SOUNDS = ("P", "F", "TH", "L", "S", "IY", "EH", "AA", "UW", "W")
"""Sounds whose mouths are drawn close up."""
LIDS = {"blink": {"eyeBlink": 0.92}, "half": {"eyeBlink": 0.45, "eyeLookDown": 0.4}}
GREY = np.array([92, 97, 104], float)
FACES = ("anna", "david", "femi")
"""Whose faces stand in README, with every emotion but neutral."""
MOUTHS = {"anna": "neutral", "grace": "happiness", "hugo": "anger", "emi": "sadness", "david": "surprise"}
"""Whose mouths, and at which emotion they speak."""
DOCS = Path(__file__).resolve().parents[1] / "docs"


def weights_of(channels: dict[str, float]) -> np.ndarray:
    """ARKit weights ``(52,)``; a name without a side stands for both."""
    out = np.zeros(len(ARKIT_NAMES), np.float32)
    for name, value in channels.items():
        for key in (name, name + "Left", name + "Right"):
            if key in ARKIT_INDEX:
                out[ARKIT_INDEX[key]] = value
    return out


def mouth_of(phone: str, emotion: str = "neutral", strength: float = 1.0) -> np.ndarray:
    """ARKit weights ``(52,)`` of a sound held in an emotion's face: its target at the network's gain, the expression
    and the lips' contact, by the network's own steps."""
    table, head = viseme_targets(), SealModel.ict()
    row = table.lookup(phone)[0]
    said = weights_of(dict(zip(MOUTH, FACE.gain * table.mouth[row], strict=True)))[None].astype(float)
    seal, contact = np.array([float(table.bilabial[row])]), np.array([float(table.labiodental[row])])
    shown = strength * np.eye(len(EMOTIONS))[[EMOTIONS.index(emotion)]]
    weights = np.clip(add_to_speech(said, mix(shown, expressions()), seal, head), 0, 1)
    lip_contact.solve(weights, seal, contact, head)
    return np.clip(weights[0], 0, 1).astype(np.float32)


def face_pose(avatar: Avatar, emotion: str) -> tuple[np.ndarray, np.ndarray]:
    """Skin matrices and weights of an emotion's face at strength 1, arms hanging."""
    table = expressions()
    k = EMOTIONS.index(emotion)
    pitch, roll, yaw = table.posture[k]
    head = rotation.from_euler(np.array([[yaw, pitch, roll]]), "YXZ")
    gaze = np.array([[0.0, -table.look_down[k]]], np.float32)
    motion = standing(head)
    face = FaceTrack(table.weights[k][None].astype(np.float32), head, gaze, motion.fps)
    pose = to_avatar(avatar, motion, face, motion.fps)
    return avatar.skin_matrices(pose.rotations, pose.root)[0], pose.morphs[0]


def standing(head: np.ndarray | None = None, count: int = 1) -> Motion:
    """Standing figures with hanging arms."""
    skeleton = beat_skeleton()
    turns = np.tile(rotation.IDENTITY, (count, len(skeleton), 1))
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        turns[:, skeleton.index(f"{side}Arm")] = rotation.from_euler([0, 0, -sign * 1.32])
        turns[:, skeleton.index(f"{side}ForeArm")] = rotation.from_euler([0, -sign * 0.18, 0])
    if head is not None:
        turns[:, skeleton.index("Head")] = head
    return Motion(skeleton, turns, np.tile([0, BEAT_HIP_HEIGHT, 0], (count, 1)), 30.0)


POSES: dict[str, dict[str, tuple[float, float, float]]] = {
    "rest": {},
    "T": {"LeftArm": (0, 0, 0), "RightArm": (0, 0, 0), "LeftForeArm": (0, 0, 0), "RightForeArm": (0, 0, 0)},
    "open": {
        "LeftArm": (0, -0.35, -1.0), "RightArm": (0, 0.35, 1.0), "LeftForeArm": (1.2, -1.3, 0),
        "RightForeArm": (1.2, 1.3, 0),
    },
    "hands": {
        "LeftArm": (0, -0.5, -1.2), "RightArm": (0, 0.5, 1.2), "LeftForeArm": (-0.4, -1.9, 0),
        "RightForeArm": (-0.4, 1.9, 0),
        "LeftHand": (0, 0, -0.7), "RightHand": (0, 0, 0.7),
    },
    "flexed": {
        "LeftArm": (0, 0, -1.2), "RightArm": (0, -0.2, 0.3), "LeftForeArm": (0.3, -2.27, 0),
        "RightForeArm": (0, 2.27, 0),
        "LeftHand": (0, 0, 0.9), "RightHand": (0, 0, -0.9),
    },
    "prone": {
        "LeftForeArm": (1.4, -1.4, 0), "RightForeArm": (-1.4, 1.4, 0), "LeftArm": (0, 0, -1.2), "RightArm": (0, 0, 1.2),
    },
    "up": {
        "LeftArm": (0, -0.3, 0.9), "RightArm": (0, 0.3, -0.5), "LeftForeArm": (0.8, -0.5, 0),
        "RightForeArm": (0.8, 0.9, 0),
    },
    "turned": {
        "Head": (0.0, 0.45, 0.15), "Neck": (0, 0.25, 0), "Neck1": (0, 0.2, 0), "Spine2": (0, 0.3, 0),
        "LeftArm": (0, -0.9, -0.6), "LeftForeArm": (0, -0.8, 0),
    },
}  # fmt: skip


HEADS: dict[str, tuple[float, dict[str, tuple[float, float, float]]]] = {
    "front": (0.0, {}), "three quarters": (0.7, {}), "side": (1.45, {}), "behind": (np.pi, {}),
    "behind, aslant": (2.4, {}),
    "bowed": (0.3, {"Head": (0.30, 0, 0), "Neck": (0.12, 0, 0), "Neck1": (0.12, 0, 0)}),
    "bowed deep": (0.7, {"Head": (0.42, 0, 0), "Neck": (0.2, 0, 0), "Neck1": (0.2, 0, 0)}),
    "turned": (0.1, {"Head": (0.05, 0.5, 0.0), "Neck": (0, 0.2, 0), "Neck1": (0, 0.2, 0)}),
    "turned, behind": (2.8, {"Head": (0.0, 0.5, 0.0), "Neck": (0, 0.2, 0), "Neck1": (0, 0.2, 0)}),
    "tipped": (-0.3, {"Head": (-0.25, -0.2, 0.25), "Neck": (-0.1, 0, 0.08), "Neck1": (-0.1, 0, 0.08)}),
}  # fmt: skip
"""Where the camera stands (rad round to the left), and how the joints of head and neck are turned."""


def posed(name: str) -> Motion:
    """A standing figure with some joints turned by (x, y, z) Euler angles, rad."""
    motion = standing()
    turns = np.array(motion.rotations)
    for joint, (x, y, z) in (HEADS[name][1] if name in HEADS else POSES[name]).items():
        q = rotation.from_euler([0, y, z])
        turns[0, motion.skeleton.index(joint)] = rotation.multiply(q, rotation.from_euler([x, 0, 0]))
    return Motion(motion.skeleton, turns, motion.root, motion.fps)


def near_face(avatar: Avatar, height: float = 0.30, yaw: float = 0.0, rise: float = 0.045) -> Camera:
    """A camera closer than a portrait, ``rise`` m above the head's joint."""
    view = camera_preset(avatar, "portrait", yaw)
    head = avatar.rest_positions()[avatar.skeleton.index(avatar.joint_map["Head"])]
    target = head + [0, rise, 0.05]
    return Camera(target + (view.position - view.target) * (height / view.height), target, height)


def near_mouth(avatar: Avatar) -> Camera:
    """A camera on the mouth alone, a little from the side."""
    return near_face(avatar, 0.11, 0.3, -0.027)


def label(image: np.ndarray, text: str) -> np.ndarray:
    drawn = Image.fromarray(image)
    if text:
        ImageDraw.Draw(drawn).text((6, 4), text, fill=(255, 255, 255))
    return np.asarray(drawn)


class Studio:
    """Draws one avatar on grey."""

    def __init__(self, avatar: Avatar, width: int, height: int, backend: str = "auto") -> None:
        self.backend, self.avatar = open_backend(backend, avatar, width, height), avatar
        self.lights = studio_lights(figure_height(avatar), exposure(avatar))

    def shoot(self, matrices: np.ndarray, weights: np.ndarray, view: Camera, text: str) -> np.ndarray:
        rgba = self.backend.draw(matrices, weights, view, self.lights, None).astype(float)
        alpha = rgba[..., 3:] / 255
        return label(
            (rgba[..., :3] * np.where(alpha > 0, 1, 0) + GREY * (1 - alpha)).clip(0, 255).astype(np.uint8), text
        )

    def teeth(self) -> int:
        """Samples of the last picture that show a tooth (the software renderer alone knows)."""
        ident = self.backend._ident  # type: ignore[attr-defined]
        kinds = np.array([mesh.part.material.kind == "teeth" for mesh in self.backend._meshes])  # type: ignore[attr-defined]
        return int(kinds[self.backend._part[ident[ident >= 0]]].sum())  # type: ignore[attr-defined]


def closures(names: list[str], side: int) -> None:
    """Prints, for every avatar, the largest share (per mille) of a mouth's close-up that is tooth in P, B and M."""
    for name in names:
        avatar = load_avatar(name)
        draw = Studio(avatar, side, side, "soft")
        neutral, _ = face_pose(avatar, "neutral")
        row = []
        for emotion in SHOWN:
            worst = 0
            for phone in "PBM":
                for yaw in (0.0, 0.3):
                    draw.shoot(neutral, mouth_of(phone, emotion), near_face(avatar, 0.11, yaw, -0.027), "")
                    worst = max(worst, draw.teeth())
            row.append(f"{emotion} {1000 * worst / (4 * side * side):.2f}")
        print(f"{name:6s}", *row, flush=True)
        draw.backend.close()


def strips() -> None:
    """Writes what README and the gallery show."""
    side = 170
    rows = []
    for name in FACES:
        avatar = load_avatar(name)
        draw = Studio(avatar, 2 * side, 2 * side)
        rows.append([draw.shoot(*face_pose(avatar, e), near_face(avatar, 0.23, 0.12, 0.042), "") for e in SHOWN[1:]])
        draw.backend.close()
    _write(rows, side, DOCS / "assets" / "faces.webp")
    rows = []
    for name, emotion in MOUTHS.items():
        avatar = load_avatar(name)
        draw = Studio(avatar, 240, 240)
        pose, _ = face_pose(avatar, "neutral")
        rows.append([draw.shoot(pose, mouth_of(phone, emotion), near_mouth(avatar), "") for phone in SOUNDS])
        draw.backend.close()
    _write(rows, 120, DOCS / "assets" / "mouths.webp")
    side = 160  # tests cut it up
    rows = []
    for name in avatar_names():
        avatar = load_avatar(name)
        draw = Studio(avatar, 2 * side, 2 * side)
        rows.append([draw.shoot(*face_pose(avatar, e), near_face(avatar, 0.26, 0.12), "") for e in SHOWN])
        draw.backend.close()
    _write(rows, side, DOCS / "emotions.jpg")


def _write(rows: list[list[np.ndarray]], side: int, path: Path) -> None:
    """Pictures in rows, ``side`` px each, drawn larger and scaled down."""
    whole = Image.fromarray(np.concatenate([np.concatenate(row, axis=1) for row in rows]))
    whole.resize((side * len(rows[0]), side * len(rows)), Image.Resampling.LANCZOS).save(path, quality=86)
    print(path)


def gesture_frames(audio: str, count: int) -> list[tuple[float, Motion, FaceTrack]]:
    """Evenly spaced frames of a real performance."""
    import gengine

    performance = gengine.animate(audio, emotion="happiness")
    assert performance.motion is not None and performance.face is not None
    frames = np.linspace(0.1, 0.95, count) * len(performance.motion)
    return [(float(f), performance.motion, performance.face) for f in frames]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", default=",".join(avatar_names()))
    parser.add_argument("--out", default="render", type=Path)
    parser.add_argument("--size", default=320, type=int)
    parser.add_argument("--audio")
    parser.add_argument("--only", default="emotions,mouths,lids,poses,heads")
    parser.add_argument("--docs", action="store_true", help="the documentation's strips alone")
    options = parser.parse_args()
    if options.docs:
        strips()
        return
    if options.only == "closures":
        closures(options.names.split(","), options.size)
        return
    options.out.mkdir(parents=True, exist_ok=True)
    sheets: dict[str, list[np.ndarray]] = {name: [] for name in options.only.split(",")}
    for name in options.names.split(","):
        avatar = load_avatar(name)
        draw = Studio(avatar, options.size, options.size)
        neutral, _ = face_pose(avatar, "neutral")
        if "emotions" in sheets:
            row = [draw.shoot(*face_pose(avatar, e), near_face(avatar, 0.26, 0.12), f"{name} {e}") for e in SHOWN]
            sheets["emotions"].append(np.concatenate(row, axis=1))
        if "mouths" in sheets:
            row = [draw.shoot(neutral, mouth_of(phone), near_mouth(avatar), f"{name} {phone}") for phone in SOUNDS]
            sheets["mouths"].append(np.concatenate(row, axis=1))
        if "lids" in sheets:
            row = [draw.shoot(neutral, weights_of(w), near_face(avatar, 0.2), f"{name} {k}") for k, w in LIDS.items()]
            sheets["lids"].append(np.concatenate(row, axis=1))
        if "heads" in sheets:
            row = []
            for key, (yaw, _) in HEADS.items():
                motion = posed(key)
                pose = to_avatar(avatar, motion, None, motion.fps)
                matrices = avatar.skin_matrices(pose.rotations, pose.root)[0]
                view = near_face(avatar, 0.46, yaw, -0.015)
                row.append(draw.shoot(matrices, np.zeros(52, np.float32), view, f"{name} {key}"))
            sheets["heads"].append(np.concatenate(row, axis=1))
        if "poses" in sheets:
            tall = Studio(avatar, int(options.size * 0.8), options.size)
            row = []
            for k, key in enumerate(POSES):
                motion = posed(key)
                pose: AvatarPose = to_avatar(avatar, motion, None, motion.fps)
                view = camera_preset(avatar, "full" if key in ("rest", "T") else "upper", (-0.5, 0.0, 0.6, 0.25)[k % 4])
                row.append(
                    tall.shoot(
                        avatar.skin_matrices(pose.rotations, pose.root)[0],
                        np.zeros(52, np.float32),
                        view,
                        f"{name} {key}",
                    )
                )
            for at, body, face in gesture_frames(options.audio, 4) if options.audio else []:
                pose = to_avatar(avatar, body, face, 30.0)
                frame = min(int(at / body.fps * 30.0), len(pose) - 1)
                matrices = avatar.skin_matrices(pose.rotations[frame : frame + 1], pose.root[frame : frame + 1])[0]
                row.append(
                    tall.shoot(
                        matrices,
                        pose.morphs[frame],
                        camera_preset(avatar, "upper", 0.2),
                        f"{name} {at / body.fps:.1f} s",
                    )
                )
            sheets["poses"].append(np.concatenate(row, axis=1))
            tall.backend.close()
        draw.backend.close()
    for kind, rows in sheets.items():
        path = options.out / f"avatar_{kind}.png"
        iio.imwrite(path, np.concatenate(rows), plugin="pillow")
        print(path)


if __name__ == "__main__":
    main()
