"""How fast a photo speaks: milliseconds a frame of each part, and frames a second of a film with its encoding.

    python benchmarks/portrait.py                       # an avatar's own portrait as the photo, 512 px
    python benchmarks/portrait.py --photo face.jpg --renderers warp,regressor,diffusion --seconds 4
    python benchmarks/portrait.py --renderers warp --minutes 10     # memory, and whose face it is, minute by minute

CPU milliseconds are of all threads; frames a second are of the clock, on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

import gengine
from gengine.core.emotion import EMOTIONS
from gengine.exporting import export_file
from gengine.portraits.photo import fit_photo
from gengine.portraits.renderers import mouth_renderer
from gengine.portraits.warp import PortraitWarp

FPS = 25.0
PIECE, ASKED = 4.0, 2.0
"""Of a long film: seconds of each stretch, and from one picture that is measured to the next."""
SPEECH = Path(__file__).parents[1] / "demos" / "speech.wav"


def avatars_portrait(folder: Path) -> Path:
    """A preset's portrait."""
    still = gengine.animate(np.zeros(1600, np.float32), rate=16000, text="none")
    options = {"camera": "portrait", "size": (512, 512), "fps": 10, "avatar": "david", "backend": "soft"}
    gengine.render(still, folder / "frames", format="png", **options)
    return sorted((folder / "frames").glob("*.png"))[0]


def long_film(photo: Path, renderer: str, size: int, minutes: float, folder: Path) -> None:
    """One film of so many minutes: memory, and the face's distance to the photo, in its first and last minute."""
    from gengine.vision import load_faces
    from gengine.vision.identity import Identity

    faces, identity, fitted = load_faces(), Identity(), fit_photo(photo, size)
    own = identity.of(fitted.rgb, fitted.landmarks)
    speech = gengine.animate(SPEECH, text="none").slice(0, PIECE)
    pieces = max(round(60 * minutes / PIECE), 2)
    away: list[list[float]] = []
    memory: list[float] = []
    count = 0

    def seen(frame: np.ndarray) -> None:
        nonlocal count
        minute = int(count / FPS / 60)
        if count % round(ASKED * FPS) == 0:
            while len(away) <= minute:
                away.append([])
            for face in faces.read(frame)[:1]:
                away[minute].append(float(np.linalg.norm(identity.of(frame, face.landmarks[0]) - own)))
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            memory.append(pages * os.sysconf("SC_PAGE_SIZE") / 2**20)
        count += 1

    stretches = (replace(speech, start=k * PIECE) for k in range(pieces))
    options = {"photo": photo, "size": size, "fps": FPS, "renderer": renderer, "seen": seen}
    export_file(stretches, folder / "long.mp4", "portrait", options)
    first, last = np.mean(away[0]), np.mean(away[-1])
    quarter = max(len(memory) // 4, 1)
    print(
        f"{renderer}, {count / FPS / 60:.1f} min: identity {first:.3f} in the first minute, {last:.3f} in the last; "
        f"memory {np.mean(memory[quarter : 2 * quarter]):.0f} MB in the second quarter, "
        f"{np.mean(memory[-quarter:]):.0f} MB in the last"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photo", type=Path)
    parser.add_argument("--renderers", default="warp,regressor")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--minutes", type=float, help="draw a film of so many minutes instead")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        photo = args.photo or avatars_portrait(folder)
        if args.minutes is not None:
            for name in args.renderers.split(","):
                long_film(photo, name, args.size, args.minutes, folder)
            return
        began = time.process_time()
        fitted = fit_photo(photo, args.size)
        print(f"fit: {time.process_time() - began:.1f} CPU s; {os.cpu_count()} cores")
        speech = gengine.animate(SPEECH, text="none").slice(0, args.seconds)
        assert speech.face is not None
        face = speech.face.resample(FPS)
        for name in args.renderers.split(","):
            warp = PortraitWarp(fitted)
            painter = mouth_renderer(name, warp)
            painter.hear(speech.audio, last=True)
            spent = np.zeros(2)
            for k, (weights, head, gaze) in enumerate(zip(face.weights, face.head, face.gaze, strict=True)):
                t0 = time.process_time()
                pose = warp.pose(weights, head, gaze)
                frame = warp.draw(pose)
                t1 = time.process_time()
                painter.paint(frame, pose, k / FPS, np.zeros(len(EMOTIONS), np.float32))
                if k:  # the first frame compiles
                    spent += [t1 - t0, time.process_time() - t1]
            count: list[int] = []
            clock, cpu = time.perf_counter(), time.process_time()
            options = {
                "photo": photo,
                "size": args.size,
                "fps": FPS,
                "renderer": name,
                "seen": lambda _, count=count: count.append(1),
            }
            export_file([speech], folder / f"{name}.mp4", "portrait", options)
            clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
            warped, painted = 1000 * spent / max(len(face) - 1, 1)
            print(
                f"{name}: warp {warped:.1f}, mouth {painted:.1f} CPU ms a frame; film with fit and encoding "
                f"{1000 * cpu / len(count):.1f} CPU ms a frame, {len(count) / clock:.1f} frames/s of the clock"
            )
        print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")


if __name__ == "__main__":
    main()
