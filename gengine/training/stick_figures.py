"""A picture of two motions, frame beside frame: what a training looks at while it runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gengine.core.motion import Motion
from gengine.training import learning_curves as curves


def draw(made: Motion, true: Motion, path: Path, every: float = 0.5, most: int = 16) -> None:
    """Stick figures from the front, ``every`` seconds: the made motion above, the recording's own below."""
    curves.require()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    frames = [k for k in range(most) if k * every < min(made.duration, true.duration)]
    figure = Figure(figsize=(1.1 * len(frames) + 1, 4.6))
    axes = figure.subplots(2, len(frames), squeeze=False)
    for row, motion in zip(axes, (made, true), strict=True):
        places = motion.skeleton.forward(motion.rotations, motion.root)[0]
        for ax, k in zip(row, frames, strict=True):
            at = places[min(round(k * every * motion.fps), len(motion) - 1)]
            for joint, parent in enumerate(motion.skeleton.parents):
                if parent >= 0:
                    side = motion.skeleton.names[joint]
                    colour = "C0" if side.startswith("Left") else "C1" if side.startswith("Right") else "0.3"
                    ax.plot(*np.stack([at[parent], at[joint]])[:, :2].T, color=colour, linewidth=1.2)
            ax.set(xlim=(-0.75, 0.75), ylim=(-0.05, 1.9), aspect="equal")
            ax.axis("off")
    for k, ax in zip(frames, axes[0], strict=True):
        ax.set_title(f"{k * every:.1f} s", fontsize=7)
    figure.text(0.005, 0.7, "made", fontsize=8)
    figure.text(0.005, 0.28, "true", fontsize=8)
    figure.tight_layout(pad=0.3)
    FigureCanvasAgg(figure).print_png(str(path))
