"""What all files of words, phones and mouth shapes share: they gather what was said, and are written at the end."""

from __future__ import annotations

import json
from abc import abstractmethod
from pathlib import Path
from typing import Any

from gengine.core.exporter import Exporter
from gengine.core.performance import Performance
from gengine.core.words import Phone, Word
from gengine.errors import GengineError

_DIGITS = 4
"""Of seconds in JSON: a tenth of a millisecond."""


class SpeechFile(Exporter):
    """Gathers the words and phones of all stretches; those that two stretches share are kept once.

    Times count from the beginning of the first stretch, as those of the sound do.
    """

    def __init__(self, path: str | Path, **options: Any) -> None:
        super().__init__(path, **options)
        self.words: dict[Word, None] = {}
        self.phones: dict[Phone, None] = {}
        self.about: dict[str, str] = {}
        self.duration = 0.0
        self._samples = 0
        self._first: float | None = None

    def append(self, stretch: Performance) -> None:
        self.check(stretch)
        if self._first is None:
            self._first = stretch.start
        track = stretch.words if self._first == 0 else stretch.words.shift(-self._first)
        self.about = {"language": track.language, "source": track.source}
        self.words.update(dict.fromkeys(track.words))
        self.phones.update(dict.fromkeys(track.phones))
        self._samples += len(stretch.audio.samples)
        self.duration = self._samples / stretch.audio.rate

    def finish(self) -> None:
        if self._first is None:
            raise GengineError(f"{self.path}: nothing to write; append at least one stretch")
        self.partial.write_text(self._text(), "utf-8")

    @abstractmethod
    def _text(self) -> str:
        """The whole file."""

    def words_and_phones(self) -> dict[str, list[dict[str, Any]]]:
        """Both as JSON holds them, times in seconds; a phone's stress where it is known."""
        return {
            "words": [{"word": w.text, "start": seconds(w.start), "end": seconds(w.end)} for w in self.words],
            "phones": [
                {"phone": p.symbol, "start": seconds(p.start), "end": seconds(p.end)}
                | ({"stress": p.stress} if p.stress >= 0 else {})
                for p in self.phones
            ],
        }


def seconds(time: float) -> float:
    """A time as JSON files have it."""
    return round(time, _DIGITS)


def as_json(content: Any) -> str:
    """JSON text, any language's letters as they are."""
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"
