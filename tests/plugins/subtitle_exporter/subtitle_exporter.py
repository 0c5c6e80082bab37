"""An exporter of one's own: the words of a performance as WebVTT subtitles, one a word."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar

from gengine import Exporter, Performance, Word


class SubtitleExporter(Exporter):
    """Writes ``words.vtt``."""

    suffix: ClassVar[str] = ".vtt"
    default_name: ClassVar[str] = "words.vtt"

    def __init__(
        self, path: str | Path, capitals: Annotated[bool, "write the words in capitals"] = False, **options: Any
    ) -> None:
        super().__init__(path, **options)
        self.capitals = capitals
        self.words: dict[Word, None] = {}  # a word that two stretches share comes twice

    def append(self, stretch: Performance) -> None:
        self.words |= dict.fromkeys(stretch.words.words)

    def finish(self) -> None:
        with self.partial.open("w", encoding="utf-8") as file:
            file.write("WEBVTT\n\n")
            for word in self.words:
                text = word.text.upper() if self.capitals else word.text
                file.write(f"{clock(word.start)} --> {clock(word.end)}\n{text}\n\n")


def clock(seconds: float) -> str:
    """``00:00:01.250``"""
    whole = round(seconds * 1000)
    return f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02}.{whole % 1000:03}"
