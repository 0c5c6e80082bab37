"""A table of systems and controls as text and as a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from gengine.metrics.controls import FLOOR, SYSTEM, TRUTH, Column, Table
from gengine.metrics.evaluate import metrics

BETTER = {"higher": "up", "lower": "down", "truth": "= truth", "zero": "= 0", "control": ""}
MARK = {SYSTEM: "", TRUTH: "*", FLOOR: "-"}
COLOURS = {SYSTEM: (43, 95, 138), TRUTH: (86, 132, 84), FLOOR: (150, 150, 150)}


def lines(table: Table) -> list[str]:
    """The table, then what its columns are and what it was measured on."""
    known = metrics()
    shown = [m for m in known if any(m in c.rows for c in table.columns)]
    rows = [["metric", "unit", "better", *(c.name + MARK[c.kind] for c in table.columns), "n"]]
    for metric in shown:
        first = next(c.rows[metric] for c in table.columns if metric in c.rows)
        cells = [_cell(c, metric) for c in table.columns]
        rows.append([metric, first.unit, BETTER[first.direction], *cells, f"{first.n} {first.of}"])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    out = []
    for row in rows:
        left = [cell.ljust(w) for cell, w in zip(row[:3], widths[:3], strict=True)]
        right = [cell.rjust(w) for cell, w in zip(row[3:-1], widths[3:-1], strict=True)]
        out.append("  ".join([*left, *right, row[-1]]).rstrip())
    out += ["", "* made from ground truth: what real motion scores    - floor: what nothing scores"]
    for column in table.columns:
        if column.kind != SYSTEM:
            other = column.rows.get("fgd")
            count = f" ({other.n} windows)" if column.name == "split-half" and other else ""
            out.append(f"  {column.name}{MARK[column.kind]}: {column.about}{count}")
    out += [f"  {metric}: {known[metric][2]}" for metric in shown]
    return out + ["", "  ".join(f"{k} {_short(v)}" for k, v in table.about.items())]


def _cell(column: Column, metric: str) -> str:
    row = column.rows.get(metric)
    return "" if row is None else number(row.value)


def number(value: float) -> str:
    """Three or four digits, "-" where nothing could be measured."""
    if not math.isfinite(value):
        return "-"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.1f}" if abs(value) >= 100 else f"{value:.3f}"


def _short(value: object) -> str:
    text = str(value)
    return text[:16] if len(text) == 64 else text


def plot(table: Table, path: str | Path) -> Path:
    """PNG: one group of bars per metric, a line at the ground truth's value."""
    from PIL import Image, ImageDraw, ImageFont

    known = metrics()
    shown = [m for m in known if any(math.isfinite(table.value(c.name, m)) for c in table.columns)]
    across, width, row = 3, 420, 22
    height = row * len(table.columns) + 52
    picture = Image.new("RGB", (across * width, -(-len(shown) // across) * height + 10), "white")
    draw, font, small = ImageDraw.Draw(picture), ImageFont.load_default(15), ImageFont.load_default(12)
    for i, metric in enumerate(shown):
        x, y = (i % across) * width + 12, (i // across) * height + 8
        unit, direction, _ = known[metric]
        note = f"  ({unit}; {BETTER[direction]})" if BETTER[direction] else f"  ({unit})"
        draw.text((x, y), metric + note, "black", font)
        values = [table.value(c.name, metric) for c in table.columns]
        zero, scale = _axis(values, width - 190)
        left = x + 110
        for k, (column, value) in enumerate(zip(table.columns, values, strict=True)):
            top = y + 26 + k * row
            draw.text((x, top), column.name[:16], "black", small)
            if math.isfinite(value):
                ends = sorted((left + zero, left + zero + value * scale))
                draw.rectangle((ends[0], top + 2, max(ends[1], ends[0] + 1), top + row - 6), COLOURS[column.kind])
                draw.text((ends[1] + 4, top), number(value), "black", small)
        truth = next((v for c, v in zip(table.columns, values, strict=True) if c.name == "truth"), math.nan)
        if math.isfinite(truth):
            at = left + zero + truth * scale
            draw.line((at, y + 26, at, y + 24 + row * len(values)), COLOURS[TRUTH])
    picture.save(path)
    return Path(path)


def _axis(values: Sequence[float], room: float) -> tuple[float, float]:
    """Where zero lies (pixels) and pixels per unit."""
    known = [v for v in values if math.isfinite(v)]
    low, high = min(0.0, *known), max(0.0, *known)
    scale = room / max(high - low, 1e-9)
    return -low * scale, scale
