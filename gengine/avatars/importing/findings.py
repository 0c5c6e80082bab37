"""What a reader found out about someone else's avatar, for the report of the run that shows it."""

from __future__ import annotations

import warnings
from typing import Any

from gengine.core.report import Report


class Findings:
    """Collects what is told of one file: ``note`` what is good to know, ``warn`` what was dropped or guessed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.facts: dict[str, Any] = {}
        self._notes: list[str] = []
        self._warnings: list[str] = []

    def note(self, text: str) -> None:
        """A clause that goes with the file's name: "turned to face +Z"."""
        self._notes.append(text)

    def warn(self, text: str) -> None:
        """A clause about what was dropped or guessed."""
        self._warnings.append(text)

    @property
    def report(self) -> Report:
        """All of it; facts are those of the part "avatar"."""
        notes, said = (tuple(f"{self.name}: {text}." for text in texts) for texts in (self._notes, self._warnings))
        return Report({"avatar": {"file": self.name, **self.facts}}, notes, said)


def say(report: Report, stacklevel: int = 3) -> None:
    """Tell a Python caller, who has no report to read: one warning for what is noted and warned of."""
    if report.notes or report.warnings:
        warnings.warn(" ".join((*report.warnings, *report.notes)), stacklevel=stacklevel)
