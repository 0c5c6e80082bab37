"""``gengine dialogue``: a conversation becomes a run for everybody in it. Parse, call, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gengine.batch.run_options import FORMATS
from gengine.cli.console import bar, report_run
from gengine.cli.options import FORMATS_HELP, AsJson, Strict

app = typer.Typer(add_completion=False, rich_markup_mode=None)

DIALOGUE_HELP = """Animate a conversation: a run for everybody in it, on one clock.

\b
Examples:
  gengine dialogue call.wav --names Anna,Ben
  gengine dialogue call.wav --text call.srt
  gengine dialogue talk.srt --sound talk.wav --emotion happy:0.4
  gengine dialogue talk.json --avatars anna,ben --formats glb,npz,mp4
  gengine dialogue call.wav --still --mirror 0

\b
A sound has a channel a person; subtitles say who speaks ("Anna: Hello!") and their sound lies beside them; talk.json
lists people and turns, each with its times in one sound, or with a sound of its own. Who does not speak listens: eyes
on the speaker, nods at their pauses, a little of their feeling. Every person's folder is a run of gengine animate;
dialogue.json beside them says who stands where and speaks when.
"""


@app.command(name="dialogue", help=DIALOGUE_HELP)
def dialogue(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A sound with a channel a person, .srt or .json.")],
    sound: Annotated[Path | None, typer.Option(help="The sound, where IN is text that does not name it.")] = None,
    text: Annotated[Path | None, typer.Option(help="What is said in the channels: subtitles with names.")] = None,
    names: Annotated[str | None, typer.Option(help="Of the people, by channel: Anna,Ben.")] = None,
    emotion: Annotated[
        str, typer.Option(help="As in gengine animate, of everybody for whom the file names none.")
    ] = "auto",
    still: Annotated[bool, typer.Option("--still", help="Listeners do not nod.")] = False,
    mirror: Annotated[float, typer.Option(help="How much listeners show of what the speaker feels, 0 to 2.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Another number gives another take.")] = 0,
    formats: Annotated[str, typer.Option(help=FORMATS_HELP)] = FORMATS,
    avatars: Annotated[str | None, typer.Option(help="Whom they are shown as, in turn: anna,ben.")] = None,
    words: Annotated[
        str | None, typer.Option(help="Who recognises the words without a text: auto, whisper, none.")
    ] = None,
    face: Annotated[str | None, typer.Option(help="Face network: visemes, a2m, or a checkpoint's folder.")] = None,
    body: Annotated[
        str | None, typer.Option(help="Body network: choreographer, camn, or a checkpoint's folder.")
    ] = None,
    calm: Annotated[float | None, typer.Option(help="0 to 1: bodies and heads move less.")] = None,
    fps: Annotated[float, typer.Option(help="Frames per second of the bodies, 15 to 120.")] = 30.0,
    face_fps: Annotated[float, typer.Option(help="Frames per second of the faces, 15 to 120.")] = 60.0,
    language: Annotated[str | None, typer.Option(help="Language of the text (en, de, …); else guessed.")] = None,
    config: Annotated[Path | None, typer.Option(help="Engine configuration (YAML).")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="Override the configuration: key=value.")] = None,
    out: Annotated[Path | None, typer.Option(help="Output folder; default runs/<name>-dialogue.")] = None,
    strict: Strict = False,
    as_json: AsJson = False,
) -> None:
    from gengine.config import EngineConfig, load_config
    from gengine.conversing import make_runs, prepare
    from gengine.engine import checked_config

    engine = checked_config(
        load_config(EngineConfig, config, list(settings or ())),
        words=words, body_fps=fps, face_fps=face_fps, face=face, body=body, calm=calm,
    )  # fmt: skip
    with bar("reading the conversation", None, as_json) as progress:
        conversation = prepare(
            source, sound=sound, text=text, names=_listed(names), emotion=emotion, nods=not still, mirror=mirror,
            seed=seed, language=language, config=engine, strict=strict,
        )  # fmt: skip
        made, report = make_runs(
            conversation, out or Path("runs") / f"{source.stem}-dialogue", formats, _listed(avatars),
            lambda done, total: progress(done, description="animating", total=total),
        )  # fmt: skip
    report_run(made, report, as_json)


def _listed(value: str | None) -> list[str] | None:
    return [name.strip() for name in value.split(",") if name.strip()] if value is not None else None
