"""One recording, two emotions, and what changed: `python demos/animate_speech.py`."""

from pathlib import Path

import numpy as np

import gengine

HERE = Path(__file__).parent


def main(out: Path = Path("runs/demo")) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for emotion in ("happy", "sad:0.8"):
        performance = gengine.animate(HERE / "speech.wav", emotion, text=HERE / "speech.txt", speaker="scott", seed=1)
        body, face = performance.motion, performance.face
        assert body is not None and face is not None
        positions, _ = body.forward()
        wrist = positions[:, body.skeleton.index("RightHand")]
        speed = np.linalg.norm(np.diff(wrist, axis=0), axis=-1) * body.fps
        smile = face.channel("mouthSmileLeft").mean() - face.channel("mouthFrownLeft").mean()
        print(f"{emotion:>8}: right wrist {100 * np.median(speed):5.1f} cm/s, mouth corners {smile:+.2f}")
        name = emotion.partition(":")[0]
        performance.save(out / f"{name}.npz")
        performance.export(out / f"{name}.bvh", skeleton="mixamo")  # the ending names the format


if __name__ == "__main__":
    main()
