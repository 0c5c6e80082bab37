"""What an FGD encoder sees: distances of a corpus's test split to itself, to its like and to distorted copies.

    python benchmarks/fgd_encoder.py --data runs/corpus
    python benchmarks/fgd_encoder.py --data runs/corpus --checkpoint runs/fgd/best

A useful encoder gives the same split in two halves less than any distortion that a viewer would see. ``held`` holds
each clip's middle pose; ``arms`` adds 15 degrees to both upper arms and ``fingers`` to every finger's main joint;
``jitter`` turns every joint by random angles in every frame; ``smooth`` averages half a second; ``slow`` plays the
first half of a clip at half speed; ``shuffled`` joins stretches of one second from all clips.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.ndimage import uniform_filter1d

from gengine.core import rotation
from gengine.core.euler141 import JOINTS
from gengine.core.motion import Motion
from gengine.core.noise import generator
from gengine.data.beat import BeatCorpus
from gengine.data.beat_layout import BVH
from gengine.data.beat_motion import read_body
from gengine.metrics.fgd import DEFAULT, FPS, FgdEncoder, fgd_of_features, stack


def turned(motion: Motion, turns: np.ndarray) -> Motion:
    """Local turns ``(T or 1, J, 4)`` added to every joint."""
    return Motion(motion.skeleton, rotation.multiply(motion.rotations, turns), motion.root, motion.fps)


def raised(motion: Motion, names: tuple[str, ...], degrees: float = 15.0) -> Motion:
    turns = np.tile(rotation.IDENTITY, (1, len(motion.skeleton), 1))
    for name in names:
        side = 1.0 if name.startswith("Right") else -1.0
        turns[:, motion.skeleton.index(name)] = rotation.from_euler(np.radians([0.0, 0.0, side * degrees]))
    return turned(motion, turns)


def jittered(motion: Motion, degrees: float) -> Motion:
    noise = generator(0, "jitter", len(motion)).normal(0, np.radians(degrees), (*motion.rotations.shape[:2], 3))
    return turned(motion, rotation.from_rotvec(noise))


def smoothed(motion: Motion) -> Motion:
    even = uniform_filter1d(rotation.continuous(motion.rotations), round(FPS / 2), axis=0, mode="nearest")
    return Motion(motion.skeleton, rotation.normalize(even), motion.root, motion.fps)


def frames(motion: Motion, index: np.ndarray) -> Motion:
    return Motion(motion.skeleton, motion.rotations[index], motion.root[index], motion.fps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--checkpoint", default=DEFAULT)
    args = parser.parse_args()
    encoder = FgdEncoder.load(args.checkpoint)
    corpus = BeatCorpus(args.data, fps=FPS)
    test, val = ([read_body(corpus.files[s][BVH]).motion(FPS) for s in corpus.names(k)] for k in ("test", "val"))
    began = time.process_time()
    truth = [encoder.of(m) for m in test]
    spent = time.process_time() - began
    real = stack(truth)
    print(f"{encoder.about()}  data_id {corpus.build_id(corpus.names('test'))}  windows {len(real)}")
    print(f"variance of the latents {real.var(0).sum():.1f}; {sum(m.duration for m in test) / spent:.0f} x real time")
    fingers = tuple(j for j in JOINTS if "Hand" in j and j.endswith(("1", "2", "3")) and "Thumb" not in j)
    copies: dict[str, Callable[[Motion], Motion]] = {
        "jitter 1 deg": lambda m: jittered(m, 1.0),
        "jitter 3 deg": lambda m: jittered(m, 3.0),
        "smooth": smoothed,
        "slow": lambda m: frames(m, np.arange(len(m)) // 2),
        "arms": lambda m: raised(m, ("LeftArm", "RightArm")),
        "fingers": lambda m: raised(m, fingers),
        "held": lambda m: frames(m, np.full(len(m), len(m) // 2)),
    }
    print(f"{'test, one half to the other':28} {fgd_of_features(stack(truth[::2]), stack(truth[1::2])):8.2f}")
    print(f"{'validation':28} {fgd_of_features(stack(map(encoder.of, val)), real):8.2f}")
    second = [m[i : i + round(FPS)] for m in test for i in range(0, len(m) - round(FPS), round(FPS))]
    order = generator(0, "shuffled").permutation(len(second))
    mixed = np.concatenate([second[i].rotations for i in order])
    whole = Motion(test[0].skeleton, mixed, np.zeros((len(mixed), 3)), FPS)
    print(f"{'shuffled':28} {fgd_of_features(encoder.of(whole), real):8.2f}")
    for name, change in copies.items():
        print(f"{name:28} {fgd_of_features(stack([encoder.of(change(m)) for m in test]), real):8.2f}")


if __name__ == "__main__":
    main()
