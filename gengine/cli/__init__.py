"""The command line: parse, call, print. No logic lives here."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from gengine.cli.data import app as data_app
from gengine.cli.evaluate import HELP as EVALUATE_HELP
from gengine.cli.evaluate import evaluate
from gengine.errors import GengineError

app = typer.Typer(
    help="Speech in, a whole performance out: body, hands, face, head and gaze from one emotion timeline.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data_app, name="data")
app.command(name="evaluate", help=EVALUATE_HELP)(evaluate)

FORMATS = "bvh,csv,json,npz,mp4"
FORMATS_HELP = "Comma-separated: bvh csv json npz mp4, glb (avatar), avatar (its video), vrma usd fbx smplx."
AVATAR_HELP = "Who is shown in glb, usd, fbx and avatar: a preset (gengine avatar list), a .glb, .vrm or .npz."

ANIMATE_HELP = """Animate a recording.

\b
Examples:
  gengine animate speech.wav --emotion happy
  gengine animate talk.mp4 --text talk.srt --speaker orator
  gengine animate speech.wav --text "Hello, this is really big!" --emotion happy:0.6+surprised:0.3
  gengine animate speech.wav --emotion timeline.json --intensity 0.8 --seed 7
  gengine animate speech.wav --emotion sad --body camn
  gengine animate next.wav --stance my-character.bvh
  gengine animate hour.flac --formats bvh,csv,npz --fps 60 --out runs/hour

\b
Files written: body.bvh (Blender, MotionBuilder, three.js), face.csv (Live Link Face, Unreal), face.json (BEAT's
layout), performance.npz (everything, for gengine), preview.mp4 (a look at it) and manifest.json (how to repeat it).
"""


@app.command(help=ANIMATE_HELP)
def animate(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Sound or video file: wav flac mp3 ogg m4a mp4 mkv …")],
    text: Annotated[
        str | None, typer.Option(help="What is said: the words, or a .txt .srt .vtt .TextGrid or .json file.")
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
    skeleton: Annotated[str, typer.Option(help="Joint names of body.bvh: beat, mixamo, vrm, …")] = "beat",
    avatar: Annotated[str, typer.Option(help=AVATAR_HELP)] = "anna",
    body: Annotated[
        str | None, typer.Option(help="Body network: choreographer (rules), camn (learned), or a checkpoint's folder.")
    ] = None,
    stance: Annotated[
        Path | None, typer.Option(help="A .bvh, performance.npz or run: begin in its first pose and keep that posture.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="Language of the text (en, de, zh, …); else guessed.")] = None,
    out: Annotated[Path | None, typer.Option(help="Output folder; default runs/<name>-<emotion>.")] = None,
    config: Annotated[Path | None, typer.Option(help="Engine configuration (YAML).")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="Override the configuration: key=value.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object to stdout and nothing else.")] = False,
) -> None:
    from gengine.config import EngineConfig, load_config
    from gengine.engine import Take, checked_config, export, manifest_of

    began = time.perf_counter()
    chosen = _formats(formats)
    engine = checked_config(load_config(EngineConfig, config, settings), body_fps=fps, face_fps=face_fps, body=body)
    take = Take(
        source, text=text, emotion=emotion, intensity=intensity, speaker=speaker, seed=seed, language=language,
        stance=stance, config=engine,
    )  # fmt: skip
    folder = out or Path("runs") / f"{source.stem}-{_slug(emotion)}"
    files = export(
        _progress(take, quiet=as_json),
        folder,
        chosen,
        options=_options(skeleton, avatar),
        manifest=lambda written: manifest_of(take, written),
        seconds=take.seconds,
    )
    report = {
        "out": str(folder),
        "files": [str(path) for path in files.values()],
        "audio_seconds": round(take.audio_seconds, 3),
        "elapsed_seconds": round(time.perf_counter() - began, 3),
        "stages": {stage: round(seconds, 4) for stage, seconds in take.seconds.items()},
    }
    _report(report, take.warnings, as_json)


EXPORT_HELP = """Write a saved performance in other formats.

\b
Examples:
  gengine export runs/speech-happy/performance.npz --formats bvh --skeleton mixamo
  gengine export performance.npz --formats csv,mp4 --fps 60 --out exports
"""


@app.command(name="export", help=EXPORT_HELP)
def export_command(
    source: Annotated[Path, typer.Argument(metavar="PERFORMANCE", help="A performance.npz.")],
    formats: Annotated[str, typer.Option(help=FORMATS_HELP)] = "bvh,csv,json",
    fps: Annotated[float | None, typer.Option(help="Frames per second of the body, 15 to 120.")] = None,
    face_fps: Annotated[float | None, typer.Option(help="Frames per second of the face, 15 to 120.")] = None,
    skeleton: Annotated[str, typer.Option(help="Joint names of body.bvh: beat, mixamo, vrm, …")] = "beat",
    avatar: Annotated[str, typer.Option(help=AVATAR_HELP)] = "anna",
    out: Annotated[Path | None, typer.Option(help="Output folder; default beside the performance.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object to stdout and nothing else.")] = False,
) -> None:
    from gengine.engine import export, load, resampled

    began = time.perf_counter()
    performance = resampled(load(source), fps, face_fps)
    files = export([performance], out or source.parent, _formats(formats), _options(skeleton, avatar))
    report = {
        "out": str(out or source.parent),
        "files": [str(path) for path in files.values()],
        "audio_seconds": round(performance.duration, 3),
        "elapsed_seconds": round(time.perf_counter() - began, 3),
        "stages": {},
    }
    _report(report, [], as_json)


RENDER_HELP = """Film an avatar that performs: a video with sound, or transparent pictures.

\b
Examples:
  gengine render runs/speech-happy
  gengine render performance.npz --avatar ben --camera portrait --size 720x1280
  gengine render performance.npz --background transparent --format webm --out overlay.webm
  gengine render performance.npz --camera full --format png --out frames
"""


@app.command(help=RENDER_HELP)
def render(
    source: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder or a performance.npz.")],
    avatar: Annotated[str, typer.Option(help="A preset, or the path of a .glb, .vrm, .npz or .obj.")] = "anna",
    camera: Annotated[str, typer.Option(help="portrait, upper or full.")] = "upper",
    size: Annotated[str, typer.Option(help="WIDTHxHEIGHT in pixels.")] = "720x720",
    fps: Annotated[float, typer.Option(help="Frames per second.")] = 30.0,
    background: Annotated[str, typer.Option(help="A colour such as '#3a3f47' or white, or transparent.")] = "#3a3f47",
    format: Annotated[
        str | None, typer.Option(help="mp4, webm or mov (may be transparent), gif, or png (a folder); else by --out.")
    ] = None,
    backend: Annotated[str, typer.Option(help="auto, gl (OpenGL) or soft (no graphics driver).")] = "auto",
    out: Annotated[
        Path | None, typer.Option(help="File, or folder of png; default avatar.<format> beside the run.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object to stdout and nothing else.")] = False,
) -> None:
    from gengine.engine import load, saved
    from gengine.engine import render as draw

    began = time.perf_counter()
    path = saved(source)
    kind = format or (out.suffix.lstrip(".") if out is not None else "") or ("png" if out is not None else "mp4")
    target = out or path.parent / ("frames" if kind == "png" else f"avatar.{kind}")
    seconds = load(path).duration
    with _bar("drawing", seconds, quiet=as_json) as progress:
        draw(
            path, target, progress, avatar=avatar, camera=camera, size=size, fps=fps, background=background,
            format=kind, backend=backend,
        )  # fmt: skip
    elapsed = time.perf_counter() - began
    report = {
        "out": str(target),
        "files": [str(target)],
        "audio_seconds": round(seconds, 3),
        "elapsed_seconds": round(elapsed, 3),
        "stages": {},
    }
    _report(report, [], as_json)


VIEW_HELP = """Watch a performance in the browser: play, scrub, emotion timeline, ARKit curves.

\b
Examples:
  gengine view runs/speech-happy
  gengine view performance.npz --avatar femi
  gengine view runs/speech-happy --out site     (a folder to put on any web server)
"""


@app.command(help=VIEW_HELP)
def view(
    source: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder or a performance.npz.")],
    avatar: Annotated[str | None, typer.Option(help="A preset, or the path of a .glb or .vrm.")] = None,
    port: Annotated[int, typer.Option(help="Port on this machine; 0 takes a free one.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
    out: Annotated[Path | None, typer.Option(help="Write the page's folder here and do not serve it.")] = None,
) -> None:
    import tempfile
    import webbrowser

    from gengine.engine import serve
    from gengine.engine import view as write

    if out is not None:
        _print(str(write(source, avatar, out) / "index.html"))
        return
    with tempfile.TemporaryDirectory() as folder:
        write(source, avatar, Path(folder))
        server = serve(Path(folder), port)
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        _print(f"{address}  (Ctrl-C ends)")
        sys.stdout.flush()
        if browser:
            webbrowser.open(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            server.server_close()


avatar_app = typer.Typer(help="Persons to show a performance on.", no_args_is_help=True)
app.add_typer(avatar_app, name="avatar")


@avatar_app.command(name="list")
def avatar_list() -> None:
    """The presets that come with gengine."""
    from gengine.engine import avatars

    for name in avatars():
        _print(name)


MAKE_HELP = """Make an avatar of your own from phenotypes (needs the extra "avatars"; minutes the first time).

\b
Example:
  gengine avatar make grandpa.npz --sex 0 --age 72 --height 1.74 --weight 0.6 --look david
  gengine animate speech.wav --formats glb --avatar grandpa.npz
"""


@avatar_app.command(name="make", help=MAKE_HELP)
def avatar_make(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="Where to save it (.npz).")],
    sex: Annotated[float, typer.Option(help="0 male to 1 female.")] = 1.0,
    age: Annotated[float, typer.Option(help="Years, 14 to 90.")] = 30.0,
    height: Annotated[float, typer.Option(help="Metres, 1.4 to 2.1.")] = 1.70,
    weight: Annotated[float, typer.Option(help="0 thin to 1 heavy.")] = 0.5,
    muscle: Annotated[float, typer.Option(help="0 slight to 1 strong.")] = 0.5,
    look: Annotated[str | None, typer.Option(help="Hair and clothes of a preset; default the nearest.")] = None,
) -> None:
    from gengine.engine import make_avatar

    make_avatar(out, sex=sex, age=age, height=height, weight=weight, muscle=muscle, look=look)
    _print(str(out))


@app.command()
def info(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Version, device, optional parts present, and checkpoints."""
    from gengine.engine import about

    facts = about()
    if as_json:
        _print(json.dumps(facts, indent=2))
        return
    for key, value in facts.items():
        if isinstance(value, dict):
            _print(f"{key}:")
            for name, state in value.items():
                _print(f"  {name:<14} {state}")
        else:
            _print(f"{key}: {value}")


TRAIN_HELP = """Train a network from a configuration; the run folder receives checkpoints, log, curves and previews.

\b
Examples:
  gengine train configs/train/phones.yaml --out runs/phones
  gengine train configs/train/phones.yaml --set rate=1e-3 --set threads=2
  accelerate launch --multi_gpu -m gengine train configs/train/phones.yaml

\b
In the run folder: best/ and last/ (checkpoints), log.jsonl, curves.png, previews/, and state/, from which the same
command goes on after Ctrl-C, a crash or a power cut as though nothing had happened.
"""


@app.command(help=TRAIN_HELP)
def train(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="A file of configs/train.")],
    out: Annotated[Path | None, typer.Option(help="Run folder; default runs/<config name>.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="Override the configuration: key=value.")] = None,
    resume: Annotated[
        bool, typer.Option(help="Go on with an interrupted run of the same configuration, or start again.")
    ] = True,
) -> None:
    from gengine.engine import train as run

    first = os.environ.get("RANK", "0") == "0"  # of several processes one speaks
    if first and not sys.stderr.isatty():
        logging.basicConfig(stream=sys.stderr, format="%(message)s")
        logging.getLogger("gengine").setLevel(logging.INFO)
    try:
        folder = run(config, out or Path("runs") / config.stem, settings or [], resume)
    except KeyboardInterrupt as stop:
        _fail(str(stop) or "interrupted; the same command goes on from the state saved last", 130)
    if first:
        _print(f"trained: {folder}")


def main() -> None:
    """Entry point: every expected failure is one line on stderr and exit code 2 (130 for Ctrl-C)."""
    _Interrupt.asked = False
    for number in (signal.SIGINT, signal.SIGTERM):  # a polite kill cleans up like Ctrl-C
        signal.signal(number, _Interrupt.hear)
    try:
        code = app(standalone_mode=False)
        if code == 130:  # the framework's own word for Ctrl-C
            raise KeyboardInterrupt
        sys.exit(code if isinstance(code, int) else 0)
    except GengineError as error:
        _fail(str(error), 2)
    except (KeyboardInterrupt, typer.Abort):
        _fail("interrupted; nothing was written", 130)
    except BrokenPipeError:
        sys.exit(1)
    except MemoryError:
        _fail("out of memory; try fewer --formats, or a shorter recording", 2)
    except Exception as error:
        if hasattr(error, "format_message") and hasattr(error, "exit_code"):  # click's own usage errors
            _fail(f"{error.format_message()} (see gengine --help)", 2)  # type: ignore[attr-defined]
        raise


def _fail(message: str, code: int) -> NoReturn:
    sys.stderr.write(f"gengine: error: {' '.join(message.split())}\n" if code == 2 else f"gengine: {message}\n")
    sys.exit(code)


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")


def _formats(value: str) -> list[str]:
    chosen = [name.strip().lower() for name in value.split(",") if name.strip()]
    if not chosen:
        raise GengineError(f"--formats: empty; choose from {FORMATS}")
    return chosen


def _options(skeleton: str, avatar: str) -> dict[str, dict[str, Any]]:
    """Exporter options by format."""
    return {"bvh": {"skeleton": skeleton}} | {name: {"avatar": avatar} for name in ("glb", "usd", "fbx", "avatar")}


def _slug(emotion: str) -> str:
    name = Path(emotion).stem if Path(emotion).suffix in {".json", ".csv", ".srt"} else emotion
    return "".join(c if c.isalnum() else "-" for c in name).strip("-") or "neutral"


def _progress(take: Any, quiet: bool) -> Iterator[Any]:
    """The stretches of a take, with a progress bar on stderr while they pass."""
    done = 0.0
    with _bar("aligning" if take.text else "animating", take.duration, quiet) as progress:
        for stretch in take:
            yield stretch
            done += stretch.duration
            progress(done, description="animating", total=take.duration)


@contextmanager
def _bar(task: str, seconds: float, quiet: bool) -> Iterator[Any]:
    """A progress bar on stderr; gives what is called with the seconds done. Ctrl-C is heard there at the latest."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        number = bar.add_task(task, total=seconds)

        def progress(done: float, **changes: Any) -> None:
            bar.update(number, completed=done, **changes)
            if _Interrupt.asked:
                raise KeyboardInterrupt

        yield progress


class _Interrupt:
    """Ctrl-C that cannot be lost: Python swallows an exception that strikes in a finaliser or in the callback that
    ends an import, so that it was asked for is remembered too."""

    asked = False

    @classmethod
    def hear(cls, *_: object) -> None:
        """Handler of the signal."""
        cls.asked = True
        raise KeyboardInterrupt


def _report(report: dict[str, Any], warnings: list[str], as_json: bool) -> None:
    for warning in warnings:
        sys.stderr.write(f"gengine: note: {warning}\n")
    if as_json:
        _print(json.dumps(report))
        return
    speed = report["audio_seconds"] / max(report["elapsed_seconds"], 1e-9)
    _print(f"{report['audio_seconds']:.1f} s of sound in {report['elapsed_seconds']:.1f} s ({speed:.1f} x real time)")
    for path in report["files"]:
        _print(f"  {path}")


if __name__ == "__main__":
    main()
