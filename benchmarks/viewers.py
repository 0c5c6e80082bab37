"""Pictures for viewers who know nothing of the recipe: one face or mouth a file, names that mean nothing, a key apart.

    python benchmarks/viewers.py full --out viewers/full --key keys/full.csv      24 faces at strength 1
    python benchmarks/viewers.py half --out viewers/half --key keys/half.csv      16 faces at strength .5
    python benchmarks/viewers.py mouth --out viewers/mouth --key keys/mouth.csv   20 mouths, close up
    python benchmarks/viewers.py score --key keys/full.csv --answers answers.txt  how many they named

Faces: ``demos/speech.wav`` is animated with its words in every emotion; a picture is a moment of that performance,
drawn by seed from all moments of speech without a blink, and shows head and face alone. Every emotion comes thrice
(half: twice), each time on another preset, and every preset as often. Mouths: the middles of F or V, TH or DH, UW, IY
and P, B or M in the neutral performance, four of each, each on another preset, vowels of a tenth of
a second or more.
Answers: a line a picture, ``001 word``; several words are read in the order of preference.
"""

from __future__ import annotations

import argparse
import csv
import sys
from dataclasses import replace
from pathlib import Path

import imageio.v3 as iio
import numpy as np
from avatar_sheet import SHOWN, Studio, near_face

import gengine
from gengine.avatars import avatar_names, load_avatar
from gengine.core.avatar import Avatar
from gengine.core.face import ARKIT_INDEX
from gengine.core.performance import Performance
from gengine.renderers.avatar.scene import Camera
from gengine.retarget.avatar_pose import to_avatar

DEMOS = Path(__file__).resolve().parent.parent / "demos"
SOUNDS = {"FV": ("F", "V"), "TH": ("TH", "DH"), "UW": ("UW",), "IY": ("IY",), "PBM": ("P", "B", "M")}
"""What mouths are asked for, and the phones that count as it."""
HELD = {"UW": 0.1, "IY": 0.1}
"""Seconds that a vowel must last: one of 70 ms before a B is half a B."""
EACH = 4
"""Mouths of one kind."""
FPS = 100.0
"""Moments of a performance to choose from, Hz."""
BLINKING = 0.4
"""Weight of eyeBlink from which a moment counts as a blink."""
FACE = {"height": 0.27, "yaw": 0.12, "rise": 0.045, "before": 0.0}
MOUTH = {"height": 0.11, "yaw": 0.3, "rise": -0.027, "before": 0.05}
"""Metres that a picture shows, rad to the side, m above the head's joint and before ``near_face``'s middle."""
SIDE, SHARPER = 384, 2
"""Pixels of a picture; it is drawn so many times larger."""


def performed(emotion: str, strength: float) -> Performance:
    return gengine.animate(
        DEMOS / "speech.wav", f"{emotion}:{strength}", text=(DEMOS / "speech.txt").read_text(), seed=0
    )


def moments(performance: Performance, phones: tuple[str, ...] | None = None, least: float = 0.0) -> np.ndarray:
    """Frames at ``FPS`` of speech without a blink, or the middles of some phones of ``least`` s or more."""
    said = [p for p in performance.words.phones if p.symbol != "sil"]
    if phones is not None:
        held = [p for p in said if p.symbol.rstrip("012") in phones and p.end - p.start >= least]
        return np.array([round((p.start + p.end) / 2 * FPS) for p in held])
    assert performance.face is not None
    blink = performance.face.resample(FPS).weights[:, ARKIT_INDEX["eyeBlinkLeft"]]
    spoken = np.unique(np.concatenate([np.arange(round(p.start * FPS), round(p.end * FPS)) for p in said]))
    return spoken[blink[spoken] < BLINKING]


def followed(avatar: Avatar, matrices: np.ndarray, framing: dict[str, float]) -> Camera:
    """The close camera, moved to where the head has taken what it looks at."""
    joint = avatar.skeleton.index(avatar.joint_map["Head"])
    view = near_face(avatar, framing["height"], framing["yaw"], framing["rise"])
    seen = view.target + [0, 0, framing["before"]]
    shift = matrices[joint, :, :3] @ seen + matrices[joint, :, 3] - view.target
    return replace(view, position=view.position + shift, target=view.target + shift)


def shot(avatar: Avatar, performance: Performance, frame: int, framing: dict[str, float]) -> np.ndarray:
    """One picture ``(SIDE, SIDE, 3)`` of a moment."""
    pose = to_avatar(avatar, performance.motion, performance.face, FPS)
    matrices = avatar.skin_matrices(pose.rotations[[frame]], pose.root[[frame]])[0]
    draw = Studio(avatar, SIDE * SHARPER, SIDE * SHARPER, "soft")
    picture = draw.shoot(matrices, pose.morphs[frame], followed(avatar, matrices, framing), "")
    draw.backend.close()
    return picture.reshape(SIDE, SHARPER, SIDE, SHARPER, 3).mean((1, 3)).round().astype(np.uint8)


def faces(count: int, strength: float, rng: np.random.Generator) -> list[tuple[str, str, int, np.ndarray]]:
    """Every emotion on ``count`` presets: what is shown, on whom, when, and the picture."""
    cast, steps = rng.permutation(avatar_names()), rng.permutation(len(SHOWN))[:count]
    out = []
    for k, emotion in enumerate(SHOWN):
        performance = performed(emotion, strength)
        for step in steps:
            name, frame = str(cast[(k + step) % len(cast)]), int(rng.choice(moments(performance)))
            out.append((emotion, name, frame, shot(load_avatar(name), performance, frame, FACE)))
    return out


def mouths(rng: np.random.Generator) -> list[tuple[str, str, int, np.ndarray]]:
    """Every kind of mouth on ``EACH`` presets, as ``faces``."""
    performance, out = performed("neutral", 1.0), []
    for kind, phones in SOUNDS.items():
        frames = rng.permutation(np.resize(moments(performance, phones, HELD.get(kind, 0.0)), EACH))
        for name, frame in zip(rng.permutation(avatar_names())[:EACH], frames, strict=True):
            out.append((kind, str(name), int(frame), shot(load_avatar(str(name)), performance, int(frame), MOUTH)))
    return out


def write(pictures: list[tuple[str, str, int, np.ndarray]], out: Path, key: Path, rng: np.random.Generator) -> None:
    """``001.png`` and so on in shuffled order, and what they are in ``key``."""
    out.mkdir(parents=True, exist_ok=True)
    key.parent.mkdir(parents=True, exist_ok=True)
    with key.open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["picture", "shown", "avatar", "seconds"])
        for number, k in enumerate(rng.permutation(len(pictures)), 1):
            shown, name, frame, picture = pictures[k]
            iio.imwrite(out / f"{number:03d}.png", picture)
            table.writerow([f"{number:03d}", shown, name, frame / FPS])
    print(f"{out}: {len(pictures)} pictures; {key}")


def score(key: Path, answers: Path) -> None:
    """Prints how many pictures were named right, first word and any word, and what the others were taken for."""
    with key.open() as file:
        truth = {row["picture"]: row["shown"] for row in csv.DictReader(file)}
    said = {words[0]: words[1:] for line in answers.read_text().splitlines() if (words := line.split())}
    missing = sorted(truth.keys() - said.keys())
    if missing:
        raise SystemExit(f"{answers}: no answer for {', '.join(missing)}")
    first = sum(said[p][:1] == [shown] for p, shown in truth.items())
    print(f"{first} of {len(truth)} named first, {sum(shown in said[p] for p, shown in truth.items())} named at all")
    for picture, shown in sorted(truth.items(), key=lambda item: item[1]):
        if said[picture][:1] != [shown]:
            print(f"  {picture} {shown}: {' '.join(said[picture])}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("full", "half", "mouth", "score"))
    parser.add_argument("--out", type=Path, help="folder of the pictures")
    parser.add_argument("--key", type=Path, required=True, help="CSV of what they show")
    parser.add_argument("--answers", type=Path, help="what a viewer said")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.what == "score":
        score(options.key, options.answers)
        return 0
    rng = np.random.default_rng(options.seed)
    make = {"full": lambda: faces(3, 1.0, rng), "half": lambda: faces(2, 0.5, rng), "mouth": lambda: mouths(rng)}
    write(make[options.what](), options.out, options.key, rng)
    return 0


if __name__ == "__main__":
    sys.exit(main())
