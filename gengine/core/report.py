"""What a run made of its inputs, honestly: what was given, found, guessed and left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gengine.errors import GengineError


@dataclass(frozen=True)
class Report:
    """What a part of a run says of its input; the parts' reports are added up: ``take.report += Report(...)``.

    ``facts`` are plain values by part and name, the same for every run: ``{"words": {"given": 14, "found": 14}}``.
    ``notes`` are sentences about what is good to know and changed nothing. ``warnings`` are sentences about what was
    dropped or guessed; ``--strict`` makes an error of them.
    """

    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def __add__(self, other: Report) -> Report:
        """Both reports' facts, the other's values for the same names, and their sentences, each once."""
        facts = {
            part: {**self.facts.get(part, {}), **other.facts.get(part, {})} for part in (*self.facts, *other.facts)
        }
        notes, warnings = (
            tuple(dict.fromkeys((*mine, *theirs)))
            for mine, theirs in ((self.notes, other.notes), (self.warnings, other.warnings))
        )
        return Report(facts, notes, warnings)

    def summary(self) -> list[str]:
        """A line for every part that has facts: "words: given 14, found 13"."""
        return [
            f"{part}: " + ", ".join(f"{name} {value}" for name, value in facts.items() if value is not None)
            for part, facts in self.facts.items()
        ]

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it: the facts by part, ``notes`` and ``warnings``."""
        return {
            **{part: dict(facts) for part, facts in self.facts.items()},
            "notes": list(self.notes),
            "warnings": list(self.warnings),
        }

    def refuse_warnings(self) -> None:
        """``GengineError`` that lists the warnings, where there are any: what ``--strict`` asks for."""
        if self.warnings:
            raise GengineError(f"--strict: {' '.join(self.warnings)} Mend the input, or leave --strict out.")
