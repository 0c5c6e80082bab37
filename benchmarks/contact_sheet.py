"""Look at a performance: frames of its preview at chosen times, in rows, in one PNG.

python benchmarks/contact_sheet.py performance.npz sheet.png --from 0 --to 10 --every 0.5
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import imageio.v3 as iio
import numpy as np

from gengine.core.performance import Performance
from gengine.errors import GengineError
from gengine.renderers.preview.preview_renderer import PreviewRenderer


def contact_sheet(
    performance: Performance, times: Sequence[float], columns: int = 4, width: int = 960, height: int = 540
) -> np.ndarray:
    """The preview's frames at ``times`` (s), row by row, in one picture ``(H, W, 3)`` uint8."""
    if not len(times):
        raise GengineError("contact sheet: no times were given, expected at least one")
    pictures = list(PreviewRenderer(width, height).frames_at(performance, times))
    rows = -(-len(pictures) // columns)
    sheet = np.zeros((rows * height, min(columns, len(pictures)) * width, 3), np.uint8)
    for i, picture in enumerate(pictures):
        y, x = i // columns * height, i % columns * width
        sheet[y : y + height, x : x + width] = picture
    return sheet


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("performance", help=".npz written by Performance.save")
    parser.add_argument("sheet", help="PNG to write")
    parser.add_argument("--from", dest="start", type=float, default=0.0, help="seconds")
    parser.add_argument("--to", dest="end", type=float, help="seconds (default: the end)")
    parser.add_argument("--every", type=float, help="seconds between frames (default: twelve frames)")
    parser.add_argument("--columns", type=int, default=4)
    parser.add_argument("--width", type=int, default=960)
    parser.add_argument("--height", type=int, default=540)
    options = parser.parse_args()
    try:
        performance = Performance.load(options.performance)
        end = options.end if options.end is not None else performance.start + performance.duration
        every = options.every or max((end - options.start) / 12, 1e-3)
        times = np.arange(options.start, end, every).tolist()
        sheet = contact_sheet(performance, times, options.columns, options.width, options.height)
        iio.imwrite(options.sheet, sheet, plugin="pillow")
    except (GengineError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
