"""A run's log as a picture: losses, rate and evaluators over the steps."""

from __future__ import annotations

import io
from collections.abc import Iterable
from math import isfinite
from typing import Any

from gengine.errors import MissingExtraError


def require() -> None:
    """Say that curves cannot be drawn before a training has run for an hour."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise MissingExtraError("curves of a training", "train") from None


def draw(lines: Iterable[dict[str, Any]]) -> bytes:
    """PNG of a training log: one small plot per number, losses first, evaluators below in another colour."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    curves: dict[tuple[bool, str], tuple[list[int], list[float]]] = {}
    for line in lines:
        numbers = line.get("evaluate", line)
        for name, value in numbers.items():
            if name == "step" or not isinstance(value, int | float) or not isfinite(value):
                continue
            steps, values = curves.setdefault((numbers is not line, name), ([], []))
            steps.append(line["step"])
            values.append(value)
    shown = sorted(curves.items(), key=lambda item: item[0][0])  # stable: evaluators after losses
    columns = 4
    rows = max(1, -(-len(shown) // columns))
    figure = Figure(figsize=(4 * columns, 2.4 * rows))
    FigureCanvasAgg(figure)
    for i, ((evaluator, name), (steps, values)) in enumerate(shown):
        axis = figure.add_subplot(rows, columns, i + 1)
        axis.plot(steps, values, color="#b3541e" if evaluator else "#2b5f8a", marker="." if evaluator else "", lw=1.2)
        axis.set_title(f"{name} (evaluator)" if evaluator else name, fontsize=9)
        if len(values) > 1 and min(values) > 0 and max(values) > 30 * min(values):
            axis.set_yscale("log")
        axis.tick_params(labelsize=7)
        axis.grid(alpha=0.3)
    figure.subplots_adjust(0.04, 0.3 / (rows + 0.3), 0.99, 1 - 0.25 / (rows + 0.3), 0.22, 0.45)
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=90)
    return data.getvalue()
