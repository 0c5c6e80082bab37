"""A three-minute conversation of two in espeak-ng's voices: ``dialogue_scene.csv`` spoken, as a stereo sound."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import soundfile

from gengine.core.audio import SAMPLE_RATE
from gengine.data.synthetic_speech import espeak

VOICES = {"anna": ("en-us+f3", 0), "ben": ("en-us+m3", 1)}
"""Voice and channel of each."""
HISS = 3e-4
"""Of the room, 1 is full scale."""
BLEED = 0.03
"""Share of each voice in the other's microphone (30 dB less)."""


def write_scene(folder: Path, turns: int | None = None) -> tuple[Path, list[dict[str, float | str]]]:
    """``talk.wav`` (a channel a person), ``talk.srt`` and ``talk.json`` in ``folder``; the sound, and the turns as they
    were spoken: who, start, end, emotion, text."""
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[:turns]
    folder.mkdir(parents=True, exist_ok=True)
    spoken, clock, told = [], 0.0, []
    for row in rows:
        samples = espeak(row["text"], VOICES[row["who"]][0], "turn").samples
        loud = np.flatnonzero(np.abs(samples) > 1e-3)
        samples = samples[loud[0] : loud[-1] + 1]
        start = max(clock + float(row["pause"]), 0.0)
        clock = start + len(samples) / SAMPLE_RATE
        spoken.append((VOICES[row["who"]][1], round(start * SAMPLE_RATE), samples))
        told.append({"who": row["who"], "start": start, "end": clock, "emotion": row["emotion"], "text": row["text"]})
    own = np.zeros((round((clock + 1) * SAMPLE_RATE), 2))
    for channel, first, samples in spoken:
        own[first : first + len(samples), channel] += samples
    heard = own + BLEED * own[:, ::-1] + HISS * np.random.default_rng(0).standard_normal(own.shape)
    soundfile.write(folder / "talk.wav", heard / max(1.0, np.abs(heard).max()), SAMPLE_RATE)
    cues = [f"{k}\n{_clock(t['start'])} --> {_clock(t['end'])}\n{t['who'].title()}: {t['text']}\n"
            for k, t in enumerate(told, 1)]  # fmt: skip
    (folder / "talk.srt").write_text("\n".join(cues), "utf-8")
    people = [{"name": name.title()} for name in VOICES]
    turns_ = [t | {"who": t["who"].title(), "start": round(t["start"], 3), "end": round(t["end"], 3)} for t in told]
    (folder / "talk.json").write_text(json.dumps({"sound": "talk.wav", "people": people, "turns": turns_}, indent=1))
    return folder / "talk.wav", told


def _clock(seconds: float) -> str:
    whole = round(seconds * 1000)
    return f"{whole // 3600000:02}:{whole // 60000 % 60:02}:{whole // 1000 % 60:02},{whole % 1000:03}"
