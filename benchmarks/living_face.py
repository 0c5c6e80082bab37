"""Does an expression live? Deviation of the upper face within an emotion, beside captured faces, and in neutral speech.

    python benchmarks/living_face.py [--seconds 30] [--seeds 2]

The upper face is the mean deviation of brows, squints, wide eyes, cheeks and nose, in weights. The captured ones are
acted takes of one person (anger, fear, sadness). Speed is that of brows, cheeks and nose (lids jump in blinks): the
99.9th percentile, which shows jumps.
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
import real_clips
import soundfile

import gengine
from gengine.core.audio import AudioClip
from gengine.core.face import ARKIT_NAMES, FaceTrack
from gengine.formats.livelink import read_livelink
from gengine.networks.visemes.expression import arkit_indices

UPPER = arkit_indices("browInnerUp", "browOuterUp", "browDown", "eyeWide", "eyeSquint", "cheekSquint", "noseSneer")
NO_LIDS = [k for k in UPPER if not ARKIT_NAMES[k].startswith("eye")]
TAKES = {"anger": "Angry", "fear": "Fearful", "sadness": "Sad"}


def liveliness(weights: np.ndarray) -> float:
    """Mean deviation of the upper face's channels in ``weights (T, 52)``."""
    return float(weights[:, UPPER].std(axis=0).mean())


def fastest(face: FaceTrack) -> float:
    """Speed of brows, cheeks and nose, weights per second, 99.9th percentile."""
    return float(np.quantile(np.abs(np.diff(face.weights[:, NO_LIDS], axis=0)) * face.fps, 0.999))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--emotions", default="anger,fear,sadness,happiness,surprise,disgust,contempt,neutral")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    folder = real_clips.data_folder()
    samples, rate = soundfile.read(folder / "beat" / "2_scott_0_1_1" / "2_scott_0_1_1.flac", dtype="float32")
    samples = samples[: int(options.seconds * rate)]
    print(f"{'':12s}{'ours':>8s}{'real':>8s}{'ratio':>8s}{'speed':>8s}{'real':>8s}   brows sd, weight")
    for emotion in options.emotions.split(","):
        faces = [gengine.animate(AudioClip(samples, rate), emotion, seed=seed).face for seed in range(options.seeds)]
        ours = float(np.mean([liveliness(f.weights) for f in faces if f is not None]))
        speed = max(fastest(f) for f in faces if f is not None)
        row = f"{emotion:12s}{ours:8.3f}"
        if emotion in TAKES:
            real = read_livelink(next((folder / "arkit_motion").glob(f"neurosync_{TAKES[emotion]}_*.csv")))
            row += (
                f"{liveliness(real.weights):8.3f}{ours / liveliness(real.weights):8.2f}{speed:8.2f}{fastest(real):8.2f}"
            )
        else:
            row += f"{'':16s}{speed:8.2f}{'':8s}"
        face = faces[0]
        assert face is not None
        brow = face.channel("browDownLeft") if emotion == "anger" else face.channel("browInnerUp")
        print(row + f"   {brow.mean():.2f} ± {brow.std():.2f}")
        if emotion == "neutral":
            still = [n for n, s in zip(ARKIT_NAMES, face.weights.std(axis=0), strict=True) if s < 1e-3]
            print(f"neutral speech: {len(still)} channels that never move: {' '.join(still)}")


if __name__ == "__main__":
    main()
