"""Phones and mouth shapes with their times: Praat's TextGrid, JSON, and what players of Oculus' and Azure's visemes
take. The shapes are ``viseme_cues``'."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from gengine.core.words import Phone
from gengine.formats.speech_file import SpeechFile, as_json, seconds
from gengine.formats.viseme_cues import SETS, SILENCE, covered, viseme_cues, viseme_set

_TICKS = 10_000_000
"""Azure's ticks of 100 ns in a second."""

_MILLISECONDS = 1000

_RPM = {"ih": "I", "oh": "O", "ou": "U"}
"""Ready Player Me's names of morphs where they differ from Meta's."""

_AMBIGUOUS = {"y": "ʏ"}
"""IPA's front rounded vowel is written by its lax sign: an y among ARPAbet symbols is a consonant."""

_MOMENT = 1e-6  # s; Praat takes no interval without length

Interval = tuple[float, float, str]


class TextGridExporter(SpeechFile):
    """Praat's TextGrid with the tiers words, phones (ARPAbet, stress digits where known) and visemes; silence has no
    label."""

    suffix: ClassVar[str] = ".TextGrid"
    default_name: ClassVar[str] = "speech.TextGrid"

    def __init__(
        self,
        path: str | Path,
        *,
        visemes: Annotated[
            Literal["oculus", "azure", "preston_blair", "rhubarb"], "shapes of the third tier"
        ] = "oculus",
        **options: Any,
    ) -> None:
        super().__init__(path, **options)
        self._set = viseme_set(visemes).name

    def _text(self) -> str:
        spoken = covered(self.phones, self.duration)
        tiers: dict[str, list[Interval]] = {
            "words": _filled(((w.start, w.end, w.text) for w in self.words), self.duration),
            "phones": [(p.start, p.end, _symbol(p)) for p in spoken],
            "visemes": [(c.start, c.end, c.shape) for c in viseme_cues(self.phones, self.duration, self._set)],
        }
        lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", *_range(0, self.duration, "")]
        lines += ["tiers? <exists>", f"size = {len(tiers)}", "item []:"]
        for k, (name, intervals) in enumerate(tiers.items(), 1):
            lines += [f"    item [{k}]:", '        class = "IntervalTier"', f"        name = {_quoted(name)}"]
            lines += _range(0, self.duration, " " * 8)
            lines.append(f"        intervals: size = {len(intervals)}")
            for i, (start, end, label) in enumerate(intervals, 1):
                lines.append(f"        intervals [{i}]:")
                lines += [*_range(start, end, " " * 12), f"            text = {_quoted(label)}"]
        return "\n".join(lines) + "\n"


class VisemesExporter(SpeechFile):
    """JSON of everything timed, in seconds: ``duration``, ``language``, ``source``, ``words``, ``phones``, and
    ``visemes`` by set, each a list of {start, end, value} without gaps from 0 to ``duration``."""

    suffix: ClassVar[str] = ".json"
    default_name: ClassVar[str] = "visemes.json"

    def _text(self) -> str:
        visemes = {
            name: [
                {
                    "start": seconds(c.start),
                    "end": seconds(c.end),
                    "value": int(c.shape) if name == "azure" else c.shape,
                }
                for c in viseme_cues(self.phones, self.duration, name)
            ]
            for name in SETS
        }
        head = {"duration": seconds(self.duration), **self.about}
        return as_json({**head, **self.words_and_phones(), "visemes": visemes})


class OculusExporter(SpeechFile):
    """Oculus' 15 visemes as web players take them: ``visemes``, their ``vtimes`` and ``vdurations`` in milliseconds."""

    suffix: ClassVar[str] = ".json"
    default_name: ClassVar[str] = "oculus.json"

    def __init__(
        self,
        path: str | Path,
        *,
        names: Annotated[Literal["meta", "rpm"], "ih oh ou (Meta), or I O U as Ready Player Me's morphs"] = "meta",
        **options: Any,
    ) -> None:
        super().__init__(path, **options)
        self._renamed = _RPM if names == "rpm" else {}

    def _text(self) -> str:
        cues = viseme_cues(self.phones, self.duration, "oculus")
        times = [round(_MILLISECONDS * t) for t in (*(c.start for c in cues), self.duration)]
        content = {
            "visemes": [self._renamed.get(c.shape, c.shape) for c in cues],
            "vtimes": times[:-1],
            "vdurations": [b - a for a, b in zip(times, times[1:], strict=False)],
        }
        return as_json(content)


class AzureExporter(SpeechFile):
    """Azure's VisemeReceived events: ``visemeId`` 0 to 21 and ``audioOffset`` in ticks of 100 ns, beside it the same
    in milliseconds; the last one is silence at the end of the sound."""

    suffix: ClassVar[str] = ".json"
    default_name: ClassVar[str] = "azure.json"

    def _text(self) -> str:
        cues = viseme_cues(self.phones, self.duration, "azure")
        events = [(c.start, int(c.shape)) for c in cues]
        if not events or events[-1][1]:
            events.append((self.duration, 0))
        return as_json([
            {"audioOffset": round(_TICKS * t), "visemeId": shape, "milliseconds": round(_MILLISECONDS * t)}
            for t, shape in events
        ])  # fmt: skip


def _filled(labels: Iterable[Interval], duration: float) -> list[Interval]:
    """Intervals of a tier from 0 to ``duration``: empty ones between, none over another."""
    out: list[Interval] = []
    at = 0.0
    for start, end, label in labels:
        start, end = max(start, at), min(end, duration)
        if end - start <= _MOMENT:
            continue
        if start - at > _MOMENT:
            out.append((at, start, ""))
        else:
            start = at
        out.append((start, end, label))
        at = end
    if duration - at > _MOMENT:
        out.append((at, duration, ""))
    elif out:
        out[-1] = (out[-1][0], duration, out[-1][2])
    return out


def _symbol(phone: Phone) -> str:
    if phone.symbol == SILENCE:
        return ""
    return _AMBIGUOUS.get(phone.symbol, phone.symbol) + (str(phone.stress) if phone.stress >= 0 else "")


def _range(start: float, end: float, indent: str) -> list[str]:
    return [f"{indent}xmin = {start:.15g} ", f"{indent}xmax = {end:.15g} "]


def _quoted(label: str) -> str:
    doubled = " ".join(label.split()).replace('"', '""')
    return f'"{doubled}" '
