"""Metrics of outside packages: one number for a clip, printed by every evaluation beside our own."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from gengine.errors import GengineError, unknown
from gengine.registry import names, resolve

if TYPE_CHECKING:
    from gengine.metrics.evaluate import Clip

log = logging.getLogger(__name__)

DIRECTIONS = ("higher", "lower", "truth", "zero", "control")


@dataclass(frozen=True)
class ClipMetric:
    """What an outside package registers under the entry-point group ``gengine.metrics``.

    ``measure`` gives the value of one clip: ``clip.motion`` beside ``clip.reference``, both at 15 fps and equally
    long, with ``semantic (T,)``, ``onsets`` and ``accents`` in seconds; NaN where it cannot be measured. The table
    holds the mean of all clips, weighted by their duration. ``unit`` is as in "cm/s", ``meaning`` one line, and
    ``direction`` says what is better: "higher", "lower", "truth" (nearest to the recordings' own value), "zero", or
    "control" (read the row beside it). Raises ``GengineError`` for another direction.
    """

    measure: Callable[[Clip], float]
    unit: str
    direction: str
    meaning: str

    def __post_init__(self) -> None:
        if self.direction not in DIRECTIONS:
            raise unknown("direction of a metric", self.direction, DIRECTIONS)

    def mean(self, name: str, clips: Sequence[Clip]) -> tuple[float, int]:
        """The mean over clips and how many of them could be measured."""
        values = np.array([self._one(name, clip) for clip in clips], float)
        known = np.isfinite(values)
        weights = np.array([clip.duration for clip in clips], float)
        value = float(np.average(values[known], weights=weights[known])) if known.any() else math.nan
        return value, int(known.sum())

    def _one(self, name: str, clip: Clip) -> float:
        try:
            return float(self.measure(clip))
        except GengineError:
            raise
        except Exception as error:
            raise GengineError(
                f"metric '{name}': failed on {clip.name} ({type(error).__name__}: {error}); mend or uninstall it"
            ) from error


@cache
def clip_metrics() -> dict[str, ClipMetric]:
    """The metrics of outside packages by name. One that cannot be imported is a warning in the log: an evaluation of
    hours must not hang on it."""
    found = {}
    for name in names("metrics"):
        try:
            metric = resolve("metrics", name)
        except GengineError as error:
            log.warning("%s; it is left out", error)
            continue
        if not isinstance(metric, ClipMetric):
            log.warning("metric '%s': is a %s, expected a ClipMetric; it is left out", name, type(metric).__name__)
            continue
        found[name] = metric
    return found
