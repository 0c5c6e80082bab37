"""How the learning rate moves over a training: functions of the step alone, so there is no state to keep."""

from __future__ import annotations

from math import cos, pi

SCHEDULES = ("cosine", "constant", "linear", "onecycle")


def warmup_steps(warmup: float, steps: int) -> float:
    """Steps of the warm-up: a number of steps, or below 1 a share of all steps."""
    return warmup * steps if 0 < warmup < 1 else warmup


def rate_factor(schedule: str, step: int, steps: int, warmup: float = 0) -> float:
    """Multiplier of the learning rate at ``step`` (from 0) of ``steps``.

    ``constant``, ``linear`` and ``cosine`` (both to zero at the end) rise linearly during the warm-up; ``onecycle``
    is Smith & Topin's (2019) in PyTorch's form: cosine from 1/25 up to 1 and down to 1/250000.
    """
    rise = warmup_steps(warmup, steps)
    if schedule == "onecycle":
        return _one_cycle(step, steps, rise, 1 / 25, 1.0, 1 / 25e4)
    if step < rise:
        return (step + 1) / (int(rise) + 1)
    if schedule == "constant":
        return 1.0
    done = (step - rise) / max(steps - rise, 1)
    return 1 - done if schedule == "linear" else 0.5 * (1 + cos(pi * done))


def momentum(schedule: str, step: int, steps: int, warmup: float = 0) -> float | None:
    """First beta of Adam at ``step`` where the schedule moves it (``onecycle``: 0.95, 0.85, 0.95), else None."""
    return _one_cycle(step, steps, warmup_steps(warmup, steps), 0.95, 0.85, 0.95) if schedule == "onecycle" else None


def _one_cycle(step: int, steps: int, rise: float, first: float, top: float, last: float) -> float:
    peak, end = rise - 1, steps - 1
    if step <= peak:
        return top + (first - top) / 2 * (1 + cos(pi * step / peak)) if peak else top
    return last + (top - last) / 2 * (1 + cos(pi * (step - peak) / (end - peak)))
