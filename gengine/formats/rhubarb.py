"""Mouth shapes as Rhubarb Lip Sync writes them (tsv, json, xml, dat), and Preston Blair's as Papagayo does (dat).

What reads Rhubarb's or Papagayo's files reads these: Moho, OpenToonz, Spine, Synfig, After Effects, Unity, Godot and
Blender through their plug-ins.
"""

from __future__ import annotations

import json
import math
from abc import abstractmethod
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from xml.sax.saxutils import escape

from gengine.errors import GengineError
from gengine.formats.speech_file import SpeechFile
from gengine.formats.viseme_cues import Cue, viseme_cues, viseme_set

DRAWN_WITHOUT = {"G": "A", "H": "C", "X": "A"}
"""What stands in for each of Rhubarb's extended shapes where it was not drawn (Rhubarb)."""

EXTENDED_HELP = "extended shapes that are drawn, of G, H and X"
SOUND_HELP = "the sound's file, as the file names it"
FPS_HELP = "frames per second of the animation, 24 to 100"

FRAME_RATES = (24.0, 100.0)
"""Rhubarb's bounds of a dat file's rate, Hz."""

_STEADY_FRAMES = 2
"""Frames that a shape of a dat file stands at least: one alone flickers."""

_FRAME_PART = 1e-6  # of a frame or a hundredth: what rounding may have taken from a time

_RATE = 100
"""Rhubarb counts hundredths of a second."""

_BLAIR_NAMES = {"A": "MBP", "B": "etc", "C": "E", "D": "AI", "E": "O", "F": "U", "G": "FV", "H": "L", "X": "rest"}
"""Rhubarb's shapes by the names of Preston Blair's drawings (Rhubarb, ``--datUsePrestonBlair``)."""


class _RhubarbFile(SpeechFile):
    """Cues of Rhubarb's shapes."""

    def __init__(self, path: str | Path, *, extended: str = "GHX", **options: Any) -> None:
        super().__init__(path, **options)
        self._extended = extended.upper().replace(",", "").replace(" ", "")
        if strange := set(self._extended) - set(DRAWN_WITHOUT):
            raise GengineError(f"extended={extended}: {''.join(sorted(strange))} is none of G, H and X")

    def drawn(self, shape: str) -> str:
        """The shape, or what is drawn in its place."""
        return shape if shape in self._extended else DRAWN_WITHOUT.get(shape, shape)

    def cues(self, shortest: float | None = None) -> list[Cue]:
        """Cues of the shapes that are drawn, none twice in a row."""
        out: list[Cue] = []
        for cue in viseme_cues(self.phones, self.duration, "rhubarb", shortest):
            shape = self.drawn(cue.shape)
            start = out.pop().start if out and out[-1].shape == shape else cue.start
            out.append(Cue(start, cue.end, shape))
        return out


def _time(seconds: float) -> str:
    """In hundredths; halves go up, so that a cue of 70 ms stays one wherever it begins."""
    return f"{math.floor(_RATE * seconds + 1 / 2 + _FRAME_PART) / _RATE:.2f}"


class RhubarbTsvExporter(_RhubarbFile):
    """Rhubarb's table: seconds and shape of each cue; the last row is the end of the sound at rest."""

    suffix: ClassVar[str] = ".tsv"
    default_name: ClassVar[str] = "rhubarb.tsv"

    def __init__(self, path: str | Path, *, extended: Annotated[str, EXTENDED_HELP] = "GHX", **options: Any) -> None:
        super().__init__(path, extended=extended, **options)

    def _text(self) -> str:
        rows = [*((c.start, c.shape) for c in self.cues()), (self.duration, self.drawn("X"))]
        return "".join(f"{_time(start)}\t{shape}\n" for start, shape in rows)


class _NamesItsSound(_RhubarbFile):
    """A file that tells which sound it is of."""

    def __init__(
        self,
        path: str | Path,
        *,
        extended: Annotated[str, EXTENDED_HELP] = "GHX",
        sound: Annotated[str, SOUND_HELP] = "",
        **options: Any,
    ) -> None:
        super().__init__(path, extended=extended, **options)
        self._sound = sound


class RhubarbJsonExporter(_NamesItsSound):
    """Rhubarb's JSON: ``metadata`` (soundFile, duration) and ``mouthCues`` (start, end, value)."""

    suffix: ClassVar[str] = ".json"
    default_name: ClassVar[str] = "rhubarb.json"

    def _text(self) -> str:
        rows = ",\n".join(
            f'    {{ "start": {_time(c.start)}, "end": {_time(c.end)}, "value": "{c.shape}" }}' for c in self.cues()
        )
        about = f'"soundFile": {json.dumps(self._sound, ensure_ascii=False)},\n    "duration": {_time(self.duration)}'
        return f'{{\n  "metadata": {{\n    {about}\n  }},\n  "mouthCues": [\n{rows}\n  ]\n}}\n'


class RhubarbXmlExporter(_NamesItsSound):
    """Rhubarb's XML: ``rhubarbResult`` with ``metadata`` and a ``mouthCue`` for each shape."""

    suffix: ClassVar[str] = ".xml"
    default_name: ClassVar[str] = "rhubarb.xml"

    def _text(self) -> str:
        rows = [
            f'    <mouthCue start="{_time(c.start)}" end="{_time(c.end)}">{c.shape}</mouthCue>' for c in self.cues()
        ]
        lines = [
            '<?xml version="1.0" encoding="utf-8"?>', "<rhubarbResult>", "  <metadata>",
            f"    <soundFile>{escape(self._sound)}</soundFile>", f"    <duration>{_time(self.duration)}</duration>",
            "  </metadata>", "  <mouthCues>", *rows, "  </mouthCues>", "</rhubarbResult>",
        ]  # fmt: skip
        return "\n".join(lines) + "\n"


class _SwitchFile(SpeechFile):
    """Moho's switch data: ``MohoSwitch1``, then the frame (from 1) and the drawing of each shape, rest at the end."""

    suffix: ClassVar[str] = ".dat"
    fps: float

    @abstractmethod
    def shown(self, shortest: float) -> tuple[list[Cue], str]:
        """Cues of drawings, none shorter than ``shortest`` s, and the drawing at rest."""

    def _text(self) -> str:
        cues, rest = self.shown(_STEADY_FRAMES / self.fps)
        rows = [(self._frame(c.start), c.shape) for c in cues]
        end = self._frame(self.duration)
        rows.append((max(end, rows[-1][0] + 1) if rows else end, rest))
        return "".join(["MohoSwitch1\n", *(f"{frame} {shape}\n" for frame, shape in rows)])

    def _frame(self, time: float) -> int:
        return 1 + math.floor(self.fps * time + _FRAME_PART)


class RhubarbDatExporter(_RhubarbFile, _SwitchFile):
    """Rhubarb's dat for Moho and OpenToonz: its shapes, by their letters or by the names of Preston Blair's."""

    default_name: ClassVar[str] = "rhubarb.dat"

    def __init__(
        self,
        path: str | Path,
        *,
        fps: Annotated[float, FPS_HELP] = 24.0,
        names: Annotated[
            Literal["letters", "preston_blair"], "drawings are called A to X, or MBP etc E AI O U"
        ] = "letters",
        extended: Annotated[str, EXTENDED_HELP] = "GHX",
        **options: Any,
    ) -> None:
        super().__init__(path, extended=extended, **options)
        self.fps = _checked_rate(fps)
        self._names = _BLAIR_NAMES if names == "preston_blair" else {}

    def shown(self, shortest: float) -> tuple[list[Cue], str]:
        at_least = max(shortest, viseme_set("rhubarb").shortest)
        cues = [Cue(c.start, c.end, self._names.get(c.shape, c.shape)) for c in self.cues(at_least)]
        rest = self.drawn("X")
        return cues, self._names.get(rest, rest)


class MohoExporter(_SwitchFile):
    """Papagayo's dat for Moho and OpenToonz: the ten shapes of Preston Blair."""

    default_name: ClassVar[str] = "moho.dat"

    def __init__(self, path: str | Path, *, fps: Annotated[float, FPS_HELP] = 24.0, **options: Any) -> None:
        super().__init__(path, **options)
        self.fps = _checked_rate(fps)

    def shown(self, shortest: float) -> tuple[list[Cue], str]:
        shapes = viseme_set("preston_blair")
        return viseme_cues(self.phones, self.duration, shapes.name, max(shortest, shapes.shortest)), shapes.rest


def _checked_rate(fps: float) -> float:
    low, high = FRAME_RATES
    if not low <= fps <= high:
        raise GengineError(f"fps={fps:g}: expected {low:g} to {high:g} frames per second")
    return float(fps)
