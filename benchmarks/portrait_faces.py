"""Nine neutral faces for the portraits' benchmarks: paintings and a test photo where they are (GENGINE_DATA), and
presets of dark and light skin, with a beard, old and young, drawn as if by a photographer.

    python benchmarks/portrait_faces.py --out runs/faces [--acted]

``--acted`` draws the presets under six emotions as the heads in 3D that they are, and prints what face-expression-v1
reads in them and how far face-identity-v1 finds them from themselves at rest: what a portrait could reach at all.
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

from PIL import Image

import gengine
from gengine.avatars import load_avatar
from gengine.core.performance import Performance
from gengine.metrics.portrait_expression import shown
from gengine.metrics.portrait_films import READ
from gengine.renderers.avatar.renderer import AvatarRenderer

PRESETS = ("anna", "ben", "clara", "emi", "femi", "grace", "hugo", "david")
COUNT = 9
SIDE = 512
WALL = (118, 122, 126)
"""Behind a preset (sRGB)."""


def still() -> Performance:
    """Nobody says anything."""
    import numpy as np

    return gengine.animate(np.zeros(3200, np.float32), rate=16000, text="none")


def preset(name: str, path: Path, performance: Performance, side: int = SIDE, emotion: str = "neutral") -> Path:
    """A preset's portrait, its face at rest or under an emotion."""
    from dataclasses import replace

    import numpy as np

    face = performance.face
    assert face is not None
    weights, head, gaze = shown(emotion, 1.0)
    count = len(face)
    rest = replace(
        face, weights=np.tile(weights, (count, 1)).astype(np.float32), head=np.tile(head, (count, 1)),
        gaze=np.tile(gaze, (count, 1)).astype(np.float32),
    )  # fmt: skip
    renderer = AvatarRenderer(load_avatar(name), (side, side), "portrait", WALL, yaw=0.0, backend="soft")
    frame = next(iter(renderer.frames(replace(performance, face=rest), 10.0)))
    renderer.close()
    Image.fromarray(frame).save(path)
    return path


def faces(folder: Path) -> list[Path]:
    """Nine photos in ``folder``, made where they are not."""
    folder.mkdir(parents=True, exist_ok=True)
    data = Path(os.environ.get("GENGINE_DATA", "")) / "portraits"
    found = [Path(shutil.copy(p, folder)) for p in sorted(data.glob("*.[jp]*g"))] if data.is_dir() else []
    performance = None
    for name in PRESETS[: COUNT - len(found)]:
        path = folder / f"{name}.png"
        if not path.is_file():
            performance = performance or still()
            preset(name, path, performance)
        found.append(path)
    return found


def acted(folder: Path, names: list[str]) -> None:
    """Print how the presets among the nine are read, and how far they are from themselves, in 3D."""
    import numpy as np

    from gengine.vision import load_faces
    from gengine.vision.expression import EXPRESSIONS, Expression
    from gengine.vision.identity import Identity

    networks, judge, identity, performance = load_faces(), Expression(), Identity(), still()
    found = {}
    for name in names:
        for emotion in ("neutral", *READ):
            path = preset(name, folder / f"{name}-{emotion}.png", performance, emotion=emotion)
            picture = np.asarray(Image.open(path).convert("RGB"))
            at = networks.read(picture)[0].landmarks[0]
            found[name, emotion] = EXPRESSIONS[int(judge.of(picture, at).argmax())], identity.of(picture, at)
    for emotion in READ:
        right = sum(found[name, emotion][0] == emotion for name in names)
        away = [float(np.linalg.norm(found[name, emotion][1] - found[name, "neutral"][1])) for name in names]
        print(f"{emotion:10} read on {right} of {len(names)}; from itself at rest {min(away):.2f} to {max(away):.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/faces"))
    parser.add_argument("--acted", action="store_true", help="judge the presets in 3D under emotions")
    args = parser.parse_args()
    for path in faces(args.out):
        print(path)
    if args.acted:
        folder = args.out / "acted"
        folder.mkdir(exist_ok=True)
        acted(folder, [name for name in PRESETS if (args.out / f"{name}.png").is_file()])


if __name__ == "__main__":
    main()
