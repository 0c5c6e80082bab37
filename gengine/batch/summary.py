"""What became of every recording of a batch, as a table and as numbers."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gengine.batch.worker import Outcome
from gengine.exporting import write_text

SUMMARY = "summary.csv"

COLUMNS: tuple[str, ...] = (
    "run", "sound", "state", "audio_seconds", "elapsed_seconds", "language", "words_given", "words_found", "warnings",
    "error",
)  # fmt: skip


def row(outcome: Outcome) -> dict[str, Any]:
    """A line of the table: its values by ``COLUMNS``."""
    words = outcome.report.get("words", {})
    return {
        "run": outcome.name,
        "sound": outcome.sound,
        "state": outcome.state,
        "audio_seconds": outcome.audio_seconds,
        "elapsed_seconds": outcome.elapsed_seconds,
        "language": words.get("language", ""),
        "words_given": words.get("given") or words.get("recognised", ""),
        "words_found": words.get("found", words.get("believed", "")),
        "warnings": " ".join(outcome.warnings),
        "error": outcome.error or "",
    }


def write_summary(outcomes: Sequence[Outcome], out: Path) -> Path:
    """Write ``summary.csv`` of a batch's folder."""
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(row(outcome) for outcome in outcomes)
    return write_text(out / SUMMARY, text.getvalue())


def totals(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """How many were made, kept and failed, and seconds of sound made now."""
    states = Counter(outcome.state for outcome in outcomes)
    return {
        **{state: states[state] for state in ("made", "kept", "failed")},
        "audio_seconds": round(sum(o.audio_seconds for o in outcomes if o.state == "made"), 3),
    }
