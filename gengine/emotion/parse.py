"""The one grammar of emotion, for the command line, files and Python alike.

    happy                         one of the 18 names, a synonym, a term of the VAD table, an everyday word
    happy:0.6                     at a strength from 0 to 1
    happy:0.6+surprised:0.3       a mixture
    vad:0.6,0.5,0.2               a point of valence, arousal, dominance, each from -1 to 1
    happy:0.6+shift:0,-0.4,0      added to these three alone: a manner (a whisper), no emotion
    auto                          read from the voice; auto:0.5 half of it; auto+happy:0.3 with something added
    emotions.json | .csv | .srt   a timeline (see ``timeline``)

Python may also pass ``[(0, "happy"), (2.5, "sad")]``, ``{0: "happy", 2.5: "sad"}``, ``{"happy": 0.6, "sad": 0.2}``,
a list of keyframe dictionaries, an ``EmotionTrack`` or an ``EmotionPlan``.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gengine.core.emotion import EMOTIONS, EmotionTrack
from gengine.emotion.plan import DEFAULT_FADE, STRONGEST, EmotionPlan, EmotionState, check_intensity
from gengine.emotion.vocabulary import look_up, normal_form, strengths_of_vad
from gengine.errors import EmotionError

if TYPE_CHECKING:
    from gengine.emotion.timeline import Keyframe

SUFFIXES = (".json", ".csv", ".srt", ".vtt")
"""Text that ends so names a timeline's file."""

_NUMBER = r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?\s*"


def parse_emotion(value: Any, intensity: float = 1) -> EmotionPlan:
    """The plan that ``value`` asks for, scaled by ``intensity`` (0-2; strengths are clipped at 1).

    Raises EmotionError, which says which word, strength, line or keyframe is wrong and what is allowed.
    """
    intensity = check_intensity(intensity)
    if isinstance(value, EmotionPlan):
        return _rescaled(value, intensity)
    return replace(_parsed(value, intensity), intensity=intensity)


def _parsed(value: Any, intensity: float) -> EmotionPlan:
    if isinstance(value, EmotionTrack):
        return EmotionPlan.from_track(value, intensity)
    if isinstance(value, Path) or (isinstance(value, str) and value.strip().lower().endswith(SUFFIXES)):
        from gengine.emotion.timeline import read_timeline

        keyframes, fade = read_timeline(Path(value.strip() if isinstance(value, str) else value))
        return _plan(keyframes, intensity, DEFAULT_FADE if fade is None else fade)
    if isinstance(value, dict) and value and all(not _is_time(k) for k in value):
        return EmotionPlan.constant(_mixture(value).scaled(intensity))
    if isinstance(value, dict):
        value = list(value.items())
    if isinstance(value, list | tuple):
        if not value:
            raise EmotionError("emotion timeline: empty, expected at least one (time, emotion)")
        from gengine.emotion.timeline import keyframe_of

        return _plan([keyframe_of(item, f"keyframe {i}") for i, item in enumerate(value, 1)], intensity, DEFAULT_FADE)
    return EmotionPlan.constant(parse_state(value).scaled(intensity))


def parse_state(value: Any, where: str = "emotion") -> EmotionState:
    """One expression of the grammar without timelines, for example ``"happy:0.6+surprised:0.3"``.

    ``where`` it was written begins the message of the EmotionError that a wrong one raises.
    """
    if isinstance(value, dict):
        return _mixture(value, where)
    if not isinstance(value, str):
        raise EmotionError(f"{where}: {value!r}, expected text such as 'happy:0.6', a mixture, or a timeline")
    if not value.strip():
        raise EmotionError(f"{where}: empty, expected a word such as 'happy', 'happy:0.6+surprised:0.3' or 'neutral'")
    total = EmotionState.neutral()
    for part in re.split(r"\+(?=\s*[^\d\s.])|\+\s*$", value):
        total = _add(total, _part(part, value, where))
    return _limited(total)


def _part(part: str, whole: str, where: str) -> EmotionState:
    name, colon, strength = part.partition(":")
    if not name.strip():
        raise EmotionError(f"{where}: {whole!r} has nothing beside a '+' or before a ':', expected name:strength")
    if normal_form(name) in ("vad", "shift"):
        return _vad(strength, part, where, normal_form(name))
    return _weighted(name, _strength(strength, part, where) if colon else 1, where)


def _weighted(name: str, strength: float, where: str) -> EmotionState:
    if normal_form(name) in ("auto", "voice"):
        return EmotionState(np.zeros_like(EmotionState.neutral().weights), np.zeros(3), strength)
    try:
        meaning = look_up(name)
    except EmotionError as error:
        raise EmotionError(f"{where}{str(error).removeprefix('emotion')}") from None
    return EmotionState(meaning.weights * strength, meaning.vad * strength)


def _strength(text: Any, part: str, where: str) -> float:
    value = math.nan
    if isinstance(text, str) and re.fullmatch(r"\s*\d{1,3},\d{1,12}\s*", text):
        text = text.replace(",", ".")
    if isinstance(text, str) and re.fullmatch(_NUMBER, text, re.IGNORECASE):
        value = float(text)
    elif isinstance(text, int | float) and not isinstance(text, bool) and 0 <= text <= 1:
        value = float(text)
    if not 0 <= value <= 1:
        shown = f"{text!r:.40}" if not isinstance(text, int) or abs(text) < 10**15 else "of too many digits"
        raise EmotionError(f"{where}: {part.strip()[:60]!r} has strength {shown}, expected a number from 0 to 1")
    return value


def _vad(text: str, part: str, where: str, kind: str) -> EmotionState:
    cells = text.split(",")
    if len(cells) == 3 and all(re.fullmatch(_NUMBER, c, re.IGNORECASE) for c in cells):
        point = np.array([float(c) for c in cells])
        if (np.abs(point) <= 1).all():
            return EmotionState(strengths_of_vad(point) if kind == "vad" else np.zeros(len(EMOTIONS)), point)
    raise EmotionError(
        f"{where}: {part.strip()!r}, expected '{kind}:valence,arousal,dominance', each from -1 to 1, "
        f"for example {kind}:0.6,0.5,0.2"
    )


def _mixture(value: dict, where: str = "emotion") -> EmotionState:
    total = EmotionState.neutral()
    for name, strength in value.items():
        total = _add(total, _weighted(str(name), _strength(strength, str(name), where), where))
    return _limited(total)


def _add(a: EmotionState, b: EmotionState) -> EmotionState:
    return EmotionState(a.weights + b.weights, a.vad + b.vad, a.voice + b.voice)


def _limited(state: EmotionState) -> EmotionState:
    return EmotionState(np.minimum(state.weights, 1), np.clip(state.vad, -1, 1), min(state.voice, 1))


def _is_time(key: Any) -> bool:
    return isinstance(key, int | float) or (isinstance(key, str) and key[:1].isdigit())


def _plan(keyframes: list[Keyframe], intensity: float, fade: float) -> EmotionPlan:
    from gengine.emotion.timeline import check_rising

    check_rising(keyframes)
    states = []
    for k in keyframes:
        own = 1 if k.intensity is None else check_intensity(k.intensity, f"{k.where}, intensity")
        states.append(parse_state(k.emotion, k.where).scaled(own).scaled(intensity))
    times = [k.time for k in keyframes]
    if times[0] > 0:  # neutral until the first one
        times, states = [0, *times], [EmotionState.neutral(), *states]
    return EmotionPlan.keyframes(times, states, fade)


def _rescaled(plan: EmotionPlan, intensity: float) -> EmotionPlan:
    if intensity == 1:
        return plan
    states = plan.states * intensity
    lowest = np.concatenate([np.zeros(plan.states.shape[1] - 4), -np.ones(3), [0]])
    tags = min(plan.intensity * intensity, STRONGEST)
    return EmotionPlan(plan.times, np.clip(states, lowest, 1), plan.fade, plan.linear, tags)
