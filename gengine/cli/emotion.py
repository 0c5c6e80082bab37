"""``gengine emotion``: what a recording is read as, when and why. Parse, call, print."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from gengine.cli.console import say
from gengine.cli.options import AsJson, Strict, VoiceReference

app = typer.Typer(add_completion=False, rich_markup_mode=None)

EMOTION_HELP = """Read the emotion of a recording: a timeline, and one plain sentence for every stretch of speech.

\b
Examples:
  gengine emotion speech.wav
  gengine emotion speech.wav --text "I can't believe you did that!" --plot emotion.png
  gengine emotion speech.wav --text speech.srt --write timeline.json
  gengine animate speech.wav --emotion timeline.json
  gengine emotion speech.wav --emotion auto+happy:0.5 --smoothing 1 --contrast 2 --most 2 --write timeline.json
  gengine emotion speech.wav --voice-reference her-neutral-voice.wav --json

\b
Edit the keyframes of timeline.json and pass it back. Sound and words are read, not the person: laws restrict reading
people's emotions in some places, for instance at work and at school.
"""


@app.command(name="emotion", help=EMOTION_HELP)
def emotion(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Sound or video file.")],
    text: Annotated[str | None, typer.Option(help="What is said: the words or a file; none: the sound alone.")] = None,
    words: Annotated[
        str | None, typer.Option(help="Who recognises the words without --text: auto, whisper, none.")
    ] = None,
    wanted: Annotated[
        str,
        typer.Option("--emotion", help="auto, or auto with something added (auto+happy:0.5); also a timeline file."),
    ] = "auto",
    language: Annotated[str | None, typer.Option(help="Language of the text (en, de, …); else guessed.")] = None,
    voice_reference: VoiceReference = None,
    strength: Annotated[float, typer.Option(help="Multiplies what is read, 0 to 2.")] = 1.0,
    smoothing: Annotated[float, typer.Option(help="It comes and goes over so many seconds more, 0 to 10.")] = 0.0,
    contrast: Annotated[float, typer.Option(help="Above 1, strong emotions stand out; below, they come near.")] = 1.0,
    most: Annotated[int, typer.Option(help="At most so many emotions at a time, 1 to 18.")] = 18,
    prefer: Annotated[str | None, typer.Option(help="An emotion to add throughout: happy:0.3.")] = None,
    write: Annotated[Path | None, typer.Option(help="Write keyframes to edit and pass to --emotion (.json).")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the timeline (.png).")] = None,
    strict: Strict = False,
    as_json: AsJson = False,
) -> None:
    from gengine.config import EngineConfig
    from gengine.emotion.dials import Dials
    from gengine.emotion.picture import draw, lines
    from gengine.engine import checked_config
    from gengine.explaining import between, read_emotion

    dials = Dials(strength, smoothing, contrast, most, prefer)
    config = checked_config(EngineConfig(), words=words)
    reading = read_emotion(
        source, text, emotion=wanted, dials=dials, language=language, voice_reference=voice_reference, config=config,
        strict=strict,
    )  # fmt: skip
    written = {name: str(path) for name, path in (
        ("timeline", reading.write(write) if write else None), ("plot", draw(reading.track, plot) if plot else None),
    ) if path}  # fmt: skip
    if as_json:
        say(json.dumps(reading.as_dict() | written))
        return
    for line in (*lines(reading.track), *between(reading), "", *(s.sentence() for s in reading.segments)):
        say(line)
    overall = ", ".join(f"{name} {value:.2f}" for name, value in reading.overall.items()) or "neutral"
    say(f"Overall: {overall}.")
    for line in (*reading.report.notes, *reading.report.warnings, *(f"{k}: {v}" for k, v in written.items())):
        say(line)
