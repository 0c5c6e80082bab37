"""Nine neutral faces for the portraits' benchmarks: paintings and a test photo where they are (GENGINE_DATA), and
presets of dark and light skin, with a beard, old and young, drawn as if by a photographer.

    python benchmarks/portrait_faces.py --out runs/faces
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


def preset(name: str, path: Path, performance: Performance, side: int = SIDE) -> Path:
    """A preset's portrait, its face at rest."""
    from dataclasses import replace

    import numpy as np

    face = performance.face
    assert face is not None
    weights, head, gaze = shown("neutral", 1.0)
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/faces"))
    for path in faces(parser.parse_args().out):
        print(path)


if __name__ == "__main__":
    main()
