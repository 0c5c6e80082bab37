"""Landmarks and segmentation of gengine.vision beside MediaPipe's own, on frames of GRID: agreement and time.

    pip install --target reference mediapipe==0.10.14
    python benchmarks/face_landmarks.py --data ../shared/data --reference reference

MediaPipe runs in a process of its own, so that its pinned packages stay out of ours.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av
import numpy as np

from gengine.vision import load_faces

CLIPS, FRAMES = 20, (0, 15, 30, 45, 60, 74)
"""Clips of one man (the other five are all taken), and frames of each: faces are followed from one to the next."""

THEIRS = """
import sys
import mediapipe, numpy
frames, out = numpy.load(sys.argv[1]), {}
cut = mediapipe.solutions.selfie_segmentation.SelfieSegmentation(model_selection=0)
for name in frames:
    followed = mediapipe.solutions.face_mesh.FaceMesh(static_image_mode=False, refine_landmarks=True, max_num_faces=1)
    height, width = frames[name].shape[1:3]
    points = []
    for frame in frames[name]:
        found = followed.process(frame).multi_face_landmarks
        places = [[p.x * width, p.y * height, p.z * width] for p in found[0].landmark] if found else None
        points.append(places or [[numpy.nan] * 3] * 478)
    out[name] = numpy.array(points)
    out[name + " mask"] = cut.process(frames[name][0]).segmentation_mask
numpy.savez(sys.argv[2], **out)
"""


def frames_of(path: Path) -> np.ndarray:
    """The chosen frames of a film, (N, H, W, 3)."""
    with av.open(str(path)) as film:
        frames = [f.to_ndarray(format="rgb24") for f in film.decode(video=0)]
    return np.stack([frames[min(k, len(frames) - 1)] for k in FRAMES])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--reference", type=Path, required=True, help="folder that MediaPipe was installed into")
    options = parser.parse_args()
    man = sorted((options.data / "grid_s1").glob("*.mkv"))
    paths = [*man[:: max(len(man) // CLIPS, 1)][:CLIPS], *sorted((options.data / "grid").glob("*.mpg"))]
    films = {path.name: frames_of(path) for path in paths}
    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder, "given.npz"), Path(folder, "answer.npz")
        np.savez(given, **films)
        environment = {**os.environ, "PYTHONPATH": str(options.reference.resolve())}
        subprocess.run(
            [sys.executable, "-c", THEIRS, given, answer], check=True, env=environment, stderr=subprocess.DEVNULL
        )
        theirs = dict(np.load(answer))
    faces = load_faces()
    rows, masks, seconds = {}, [], 0.0
    for name, frames in films.items():
        start = time.process_time()
        ours = faces.read(frames)[0].landmarks
        seconds += time.process_time() - start
        away = np.linalg.norm(ours[..., :2] - theirs[name][..., :2], axis=-1)
        rows.setdefault(f"{frames.shape[2]} x {frames.shape[1]} px", []).append(away)
        masks.append(np.abs(faces.person(frames[0]) - theirs[name + " mask"]).mean())
    print("| frames | faces | points apart, px: mean | 95 % | worst mean of a frame | irises |")
    print("|---|---|---|---|---|---|")
    for size, listed in rows.items():
        away = np.concatenate(listed)
        good = away[~np.isnan(away[:, 0])]
        print(f"| {size} | {len(good)} of {len(away)} | {good.mean():.2f} | {np.percentile(good, 95):.2f} "
              f"| {good.mean(1).max():.2f} | {good[:, 468:].mean():.2f} |")  # fmt: skip
    each = 1000 * seconds / sum(len(frames) for frames in films.values())
    print(f"\nmasks apart: {np.mean(masks):.1g} of 1; {each:.0f} ms of processor time a frame")


if __name__ == "__main__":
    main()
