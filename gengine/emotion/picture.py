"""An emotion timeline as a picture: lines of letters for a terminal, and a PNG."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gengine.core.emotion import EMOTIONS, EmotionTrack
from gengine.core.placing import check_place, whole
from gengine.errors import GengineError

BLOCKS = " ▁▂▃▄▅▆▇█"
"""Heights of a strength from 0 to 1 in a terminal."""

COLUMNS = 64
"""Characters of a line beside its name."""

SHOWN = 5
"""Most emotions that are drawn, the strongest at any moment."""

LEAST = 0.05
"""An emotion that is never stronger is not drawn."""

SIZE, MARGIN = (1000, 420), (90, 20, 30, 130)
"""Width and height of the picture, and its left, top, bottom and right margins, pixels."""

COLOURS = ((214, 96, 77), (67, 130, 190), (230, 171, 2), (102, 166, 30), (142, 100, 180))
GREY, DARK = (200, 200, 200), (60, 60, 60)


def lines(track: EmotionTrack) -> list[str]:
    """Rows of blocks: the strongest emotions, then valence and arousal (half height is 0), then seconds."""
    rows = [(EMOTIONS[k], track.weights[:, k]) for k in _strongest(track)] or [("neutral", np.zeros(len(track)))]
    rows += [(name, (track.vad[:, k] + 1) / 2) for k, name in enumerate(("valence", "arousal"))]
    shown = [row(name, values) for name, values in rows]
    end = f"{track.duration:.1f} s"
    return [*shown, f"{'':>11} 0{end:>{COLUMNS + 1}}"]


def row(name: str, values: NDArray) -> str:
    """One curve ``(T,)`` of values from 0 to 1 as a line of blocks."""
    return f"{name:>11} |{''.join(BLOCKS[round(float(v) * 8)] for v in _columns(values))}|"


def draw(track: EmotionTrack, path: str | Path) -> Path:
    """Write the strongest emotions over time, with valence and arousal beneath, as a PNG; the path it has."""
    from PIL import Image, ImageDraw

    path = Path(path)
    if path.suffix.lower() != ".png":
        raise GengineError(f"--plot {path}: expected a file that ends in .png")
    check_place(path, folder=False)
    image = Image.new("RGB", SIZE, "white")
    pen = ImageDraw.Draw(image)
    left, top, bottom, right = MARGIN
    width, height = SIZE[0] - left - right, SIZE[1] - top - bottom
    upper, lower = (top, top + round(height * 0.6)), (top + round(height * 0.68), top + height)
    for name, (high, low), marks in (("strength", upper, ("1", "0")), ("-1 to 1", lower, ("1", "-1"))):
        pen.rectangle((left, high, left + width, low), outline=GREY)
        pen.text((8, (high + low) // 2 - 6), name, fill=DARK)
        for mark, y in zip(marks, (high, low - 10), strict=True):
            pen.text((left - 16, y), mark, fill=DARK)
    curves = [(EMOTIONS[k], track.weights[:, k], upper) for k in _strongest(track)]
    curves += [(name, (track.vad[:, k] + 1) / 2, lower) for k, name in enumerate(("valence", "arousal"))]
    beside = {upper: 0, lower: 0}
    for number, (name, values, (high, low)) in enumerate(curves):
        colour = COLOURS[number % len(COLOURS)]
        xs = left + np.linspace(0, width, max(len(values), 2))
        ys = low - np.clip(np.resize(values, max(len(values), 2)), 0, 1) * (low - high)
        pen.line(list(map(tuple, np.stack([xs, ys], axis=1))), fill=colour, width=2)
        pen.text((left + width + 8, high + 16 * beside[high, low]), name, fill=colour)
        beside[high, low] += 1
    for second in np.linspace(0, track.duration, 6):
        x = left + width * second / max(track.duration, 1e-6)
        pen.text((x - 10, top + height + 8), f"{second:.1f} s", fill=DARK)
    with whole(path) as made:
        image.save(made, "PNG")
    return path


def _strongest(track: EmotionTrack) -> list[int]:
    """Numbers of the emotions to draw, without neutral."""
    most = track.weights.max(axis=0, initial=0.0)
    return [int(k) for k in np.argsort(-most, kind="stable") if k and most[k] >= LEAST][:SHOWN]


def _columns(values: NDArray) -> NDArray[np.float64]:
    """The means of ``COLUMNS`` equal parts, 0 to 1."""
    if not len(values):
        return np.zeros(COLUMNS)
    edges = np.linspace(0, len(values), COLUMNS + 1)
    parts = [values[int(a) : max(int(np.ceil(b)), int(a) + 1)] for a, b in zip(edges, edges[1:], strict=False)]
    return np.clip([p.mean() for p in parts], 0, 1)
