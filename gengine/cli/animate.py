"""``gengine animate``: a recording becomes a run's folder. Parse, call, print."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from gengine.batch.run_options import FORMATS, RunOptions, make_run, many
from gengine.cli.console import bar, report_run
from gengine.cli.options import (
    AVATAR_HELP,
    BONES_HELP,
    DECIMATE_HELP,
    FORMATS_HELP,
    SKELETON_HELP,
    AsJson,
    OptionSettings,
    Strict,
    VoiceReference,
)

app = typer.Typer(add_completion=False, rich_markup_mode=None)

ANIMATE_HELP = """Animate a recording.

\b
Examples:
  gengine animate speech.wav --emotion happy
  gengine animate talk.mp4 --text talk.srt --speaker orator
  gengine animate speech.wav --text "Hello, this is really big!" --emotion happy:0.6+surprised:0.3
  gengine animate speech.wav --emotion timeline.json --intensity 0.8 --seed 7
  gengine animate speech.wav --emotion sad --body camn
  gengine animate speech.wav --emotion happy --portrait face.jpg
  gengine animate talk.wav --emotion auto --voice-reference her-neutral-voice.wav
  gengine animate talk.wav --emotion auto --dials smoothing=1,most=2,body=0.5
  gengine animate speech.wav --words whisper --formats bvh,csv,srt,words
  gengine animate speech.wav --text none
  gengine animate clip.mp4 --face capture
  gengine animate next.wav --stance my-character.bvh
  gengine animate speech.wav --look-at camera
  gengine animate speech.wav --look-at 0.8,1.2,1.5
  gengine animate film.mkv --track eng --start 1:30 --end 2:10
  gengine animate interview.wav --channel left
  gengine animate voice.pcm --raw s16le:24000:1
  gengine animate hour.flac --formats bvh,csv,npz --fps 60 --out runs/hour
  gengine animate talks/*.wav --text transcripts --jobs 2 --out runs/talks

\b
Files written: body.bvh (Blender, MotionBuilder, three.js), face.csv (Live Link Face, Unreal), face.json (BEAT's
layout), performance.npz (everything, for gengine), preview.mp4 (a look at it) and manifest.json (how to repeat it).
Several recordings, a folder or a manifest become a folder of runs: see gengine batch --help.
"""


@app.command(name="animate", help=ANIMATE_HELP)
def animate(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="IN",
            help="Sound or video file (wav flac mp3 ogg m4a mp4 mkv …); several, a folder, or a manifest (.csv).",
        ),
    ],
    text: Annotated[
        str | None,
        typer.Option(
            help="What is said: the words, or a .txt .srt .vtt .ass .lrc .TextGrid .json … file (of several "
            "recordings a folder of them). Without it words are recognised (--words); none: follow the sound alone."
        ),
    ] = None,
    words: Annotated[
        str | None,
        typer.Option(
            help="Who recognises the words without --text: auto, whisper, whisper:FOLDER, whisper:base (a name of the "
            "hub: downloads it), pocketsphinx (English), or none."
        ),
    ] = None,
    speaker: Annotated[
        str | None,
        typer.Option(help="storyteller, conversational, orator, a BEAT name or number, or any name: a stable style."),
    ] = None,
    emotion: Annotated[
        str,
        typer.Option(
            help="A word (happy, wistful), a mixture (happy:0.6+surprised:0.3), vad:0.6,0.5,0.2, auto (from the "
            "voice), or a timeline file (.json .csv .srt)."
        ),
    ] = "neutral",
    intensity: Annotated[float, typer.Option(help="Scales the emotion, 0 to 2.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Another number gives another take of the same speech.")] = 0,
    fps: Annotated[float, typer.Option(help="Frames per second of the body, 15 to 120.")] = 30.0,
    face_fps: Annotated[float, typer.Option(help="Frames per second of the face, 15 to 120.")] = 60.0,
    formats: Annotated[str, typer.Option(help=FORMATS_HELP)] = FORMATS,
    skeleton: Annotated[str, typer.Option(help=SKELETON_HELP)] = "beat",
    avatar: Annotated[str, typer.Option(help=AVATAR_HELP)] = "anna",
    bones: Annotated[Path | None, typer.Option(help=BONES_HELP)] = None,
    decimate: Annotated[float | None, typer.Option(help=DECIMATE_HELP)] = None,
    settings_of: OptionSettings = None,
    portrait: Annotated[
        Path | None, typer.Option(help="A photo that speaks: portrait.mp4, at its own framing (extra portrait).")
    ] = None,
    renderer: Annotated[
        str | None, typer.Option(help="The photo's mouth: regressor, warp, diffusion, or a checkpoint's folder.")
    ] = None,
    face: Annotated[
        str | None,
        typer.Option(
            help="Face: visemes (rules), a2m (a mouth learned from real ones), auto (a2m where no words are known), a "
            "checkpoint's folder, or the one that a film shows: capture, capture:2 (by size)."
        ),
    ] = None,
    body: Annotated[
        str | None, typer.Option(help="Body network: choreographer (rules), camn (learned), or a checkpoint's folder.")
    ] = None,
    calm: Annotated[
        float | None, typer.Option(help="0 to 1: body and head move less than the speaker usually would.")
    ] = None,
    stance: Annotated[
        Path | None, typer.Option(help="A .bvh, performance.npz or run: begin in its first pose and keep that posture.")
    ] = None,
    look_at: Annotated[
        str | None,
        typer.Option(
            help="Whom the eyes rest on: listener (ahead at eye height, the default), camera, a place x,y,z in metres "
            "(x to the character's left, y up, z ahead), or none: they go along with the head."
        ),
    ] = None,
    voice_reference: VoiceReference = None,
    dials: Annotated[
        str | None,
        typer.Option(
            help="Shape the emotion: strength=0.8,smoothing=1,contrast=2,most=2,prefer=happy:0.3, and how much each "
            "part shows: face=1,body=0.6,head=1 (0 to 2). Any of them."
        ),
    ] = None,
    language: Annotated[str | None, typer.Option(help="Language of the text (en, de, zh, …); else guessed.")] = None,
    tier: Annotated[str | None, typer.Option(help="Tier or speaker of a TextGrid; else who speaks most.")] = None,
    track: Annotated[
        str | None, typer.Option(help="Sound track of a video: its number from 0, language or title.")
    ] = None,
    channel: Annotated[
        str | None, typer.Option(help="left, right, a number from 0, or mix; else the mean where it is sound.")
    ] = None,
    start: Annotated[str | None, typer.Option(help="Begin there: seconds or m:s on the recording's clock.")] = None,
    end: Annotated[str | None, typer.Option(help="End there: seconds or m:s on the recording's clock.")] = None,
    raw: Annotated[
        str | None, typer.Option(help="Layout of a file without a header: s16le:24000:1 (format, rate, channels).")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Output folder; default runs/<name>-<emotion>, of several runs/<folder>.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=0, help="Of several recordings, how many at once; default one a processor core.")
    ] = None,
    ray: Annotated[
        bool, typer.Option("--ray", help="Several recordings on a Ray cluster, without --address one here.")
    ] = False,
    address: Annotated[str | None, typer.Option(help="Of the Ray cluster: auto, HOST:PORT, ray://HOST:PORT.")] = None,
    config: Annotated[Path | None, typer.Option(help="Engine configuration (YAML).")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="Override the configuration: key=value.")] = None,
    strict: Strict = False,
    as_json: AsJson = False,
) -> None:
    options = RunOptions(
        Path(), text, words, speaker, emotion, intensity, seed, fps, face_fps, formats, skeleton, avatar, bones,
        decimate, tuple(settings_of or ()), portrait, renderer, face, body, calm, stance, look_at, voice_reference,
        dials, language, tier, track, channel, start, end, raw, config, tuple(settings or ()), strict,
    )  # fmt: skip
    if jobs is not None or ray or address is not None or many(sources):
        from gengine.cli.batch import animate_all

        animate_all(sources, options, out, jobs, address or "" if ray or address else None, as_json)
        return
    options = replace(options, sound=sources[0])
    folder = out or Path("runs") / f"{sources[0].stem}-{_slug(emotion)}"
    with bar("finding words", None, as_json) as progress:
        made, report = make_run(
            options, folder, lambda done, total: progress(done, description="animating", total=total)
        )
    report_run(made, report, as_json)


def _slug(emotion: str) -> str:
    name = Path(emotion).stem if Path(emotion).suffix in {".json", ".csv", ".srt"} else emotion
    return "".join(c if c.isalnum() else "-" for c in name).strip("-") or "neutral"
