"""Wires the rooms: a recording, a transcript and an emotion become a performance and its files."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import gengine
from gengine.config import EngineConfig
from gengine.core.audio import AudioClip
from gengine.core.motion import Motion
from gengine.core.performance import Performance
from gengine.core.speaker import Speaker
from gengine.core.words import WordTrack
from gengine.emotion import parse_emotion
from gengine.errors import AudioError, GengineError
from gengine.registry import names, resolve
from gengine.session import Session

Source = str | Path | AudioClip


DEFAULT_AVATAR = "anna"


class Take:
    """One run over one recording: iterate it for stretches of performance, then read what it noted.

    ``warnings`` are plain sentences about the input; ``seconds`` the time spent in each stage.
    """

    def __init__(
        self,
        source: Source,
        *,
        text: str | Path | None = None,
        emotion: Any = "neutral",
        intensity: float = 1.0,
        speaker: Speaker | str | int | None = None,
        seed: int = 0,
        language: str | None = None,
        stance: str | Path | Motion | None = None,
        config: EngineConfig | None = None,
    ) -> None:
        self.source = source
        self.config = config or EngineConfig()
        self.seed = int(seed)
        self.text, self.language = text, language
        stance = saved(stance) if isinstance(stance, str | Path) else stance
        self.stance = pose_of(stance) if isinstance(stance, Path) else stance
        self.plan = parse_emotion(emotion, intensity)
        self.speaker = speaker if isinstance(speaker, Speaker) else Speaker.named(speaker)
        self.warnings: list[str] = []
        self.seconds: dict[str, float] = {"decode": 0.0, "align": 0.0}
        self.duration: float | None = source.duration if isinstance(source, AudioClip) else None
        self.audio_seconds = 0.0
        self.settings = {
            "emotion": emotion if isinstance(emotion, str) else repr(emotion),
            "intensity": float(intensity),
            "speaker": self.speaker.name,
            "seed": self.seed,
            "text": str(text) if text is not None else None,
            "language": language,
            "stance": str(stance) if isinstance(stance, Path) else None,
            "config": self.config.model_dump(),
        }

    def __iter__(self) -> Iterator[Performance]:
        from gengine.inputs.audio import open_audio

        words = self._words()
        with ExitStack() as stack:
            if isinstance(self.source, AudioClip):
                rate, blocks = self.source.rate, iter([self.source.samples])
                stream = None
            else:
                stream = stack.enter_context(open_audio(self.source, rate=None))
                rate, blocks = stream.output_rate, iter(stream)
                self.duration = stream.duration
            session = Session(
                emotion=self.plan, speaker=self.speaker, words=words, seed=self.seed, rate=rate, stance=self.stance,
                config=self.config,
            )  # fmt: skip
            while True:
                with self._timed("decode"):
                    block = next(blocks, None)
                if block is None:
                    break
                self.audio_seconds += len(block) / rate
                yield from self._stamped(session.push(block))
            yield from self._stamped(session.flush())
            if stream is not None:
                self.warnings += stream.warnings
        if self.audio_seconds == 0:
            raise AudioError(f"{self.source}: holds no sound; give a recording of at least 0.1 s")
        self.seconds |= session.seconds

    def _stamped(self, stretch: Performance | None) -> Iterator[Performance]:
        if stretch is not None:
            yield replace(stretch, provenance={"gengine": gengine.__version__, **self.settings})

    def _words(self) -> WordTrack | None:
        """The transcript with times, aligned to the sound where it has none."""
        if self.text is None:
            return None
        from gengine.inputs.align import align
        from gengine.inputs.audio import load_audio
        from gengine.inputs.text import read_text

        transcript = read_text(self.text, self.language)
        with self._timed("decode"):
            clip = self.source if isinstance(self.source, AudioClip) else load_audio(self.source)
        with self._timed("align"):
            track, notes = align(clip, transcript)
        self.warnings += notes
        return track

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[stage] += time.perf_counter() - began


def animate(
    source: Source,
    emotion: Any = "neutral",
    *,
    text: str | Path | None = None,
    speaker: Speaker | str | int | None = None,
    seed: int = 0,
    intensity: float = 1.0,
    fps: float = 30.0,
    face_fps: float = 60.0,
    language: str | None = None,
    body: str | None = None,
    stance: str | Path | Motion | None = None,
    config: EngineConfig | None = None,
) -> Performance:
    """A whole performance from a recording: ``gengine.animate("speech.wav", emotion="happy")``.

    ``source`` is a sound or video file or an ``AudioClip``; ``text`` the words said, or a file of them (with
    or without times); ``emotion`` a label, a mixture, ``"vad:v,a,d"``, ``"auto"`` or a timeline file;
    ``fps`` of the body and ``face_fps`` of the face in Hz, 15-120; ``body`` the network that moves it
    ("choreographer", "camn" or a checkpoint's folder); ``stance`` a BVH, a performance, a run's folder or a
    ``Motion`` in whose first pose the body begins and whose posture it keeps. Raises ``GengineError`` on bad input.
    """
    config = config or EngineConfig()
    config = checked_config(config, body_fps=fps, face_fps=face_fps, body=body)
    take = Take(
        source, text=text, emotion=emotion, intensity=intensity, speaker=speaker, seed=seed, language=language,
        stance=stance, config=config,
    )  # fmt: skip
    performance = Performance.join(list(take))
    return replace(performance, provenance={**performance.provenance, "warnings": take.warnings})


def load(path: str | Path) -> Performance:
    """Read a ``performance.npz``, or that of a run's folder."""
    return Performance.load(saved(path))


def saved(source: str | Path) -> Path:
    """Where a performance lies: ``performance.npz`` of a run's folder, or the file itself."""
    path = Path(source)
    return path / "performance.npz" if path.is_dir() else path


def pose_of(path: str | Path) -> Motion:
    """The first pose of a BVH with BEAT's joints (as gengine writes it), or of a saved performance or run."""
    if Path(path).suffix.lower() == ".bvh":
        from gengine.data.beat_motion import read_body

        motion = read_body(path).motion()
    else:
        motion = load(path).motion
    if motion is None or not len(motion):
        raise GengineError(f"--stance {path}: holds no body motion; give a .bvh, a performance.npz or a run's folder")
    return motion[:1]


def checked_config(config: EngineConfig, **changes: Any) -> EngineConfig:
    """``config`` with changed fields, validated like a file's."""
    from gengine.config import load_config

    values = {**config.model_dump(), **{k: v for k, v in changes.items() if v is not None}}
    return load_config(EngineConfig, settings=[f"{k}={json.dumps(v)}" for k, v in values.items()])


def export(
    stretches: Iterable[Performance],
    folder: str | Path,
    formats: list[str],
    options: dict[str, dict[str, Any]] | None = None,
    manifest: Callable[[dict[str, Path]], dict[str, Any]] | None = None,
    seconds: dict[str, float] | None = None,
) -> dict[str, Path]:
    """Write stretches to ``folder`` in every named format in one pass; all files appear, or none.

    ``options`` are exporter options by format; ``manifest`` makes the content of ``manifest.json`` once the
    other files are complete. Returns the files by format.
    """
    for name in formats:
        if name not in names("exporters"):
            raise GengineError(f"--formats: '{name}' is unknown; choose from {', '.join(names('exporters'))}")
    folder = Path(folder)
    files: dict[str, Path] = {}
    with staging(folder) as stage, ExitStack() as stack:
        writers = []
        for name in dict.fromkeys(formats):
            kind = resolve("exporters", name)
            files[name] = folder / kind.default_name
            writers.append(
                (name, stack.enter_context(kind(stage / kind.default_name, **(options or {}).get(name, {}))))
            )
        for stretch in stretches:
            for name, writer in writers:
                began = time.perf_counter()
                writer.append(stretch)
                if seconds is not None:
                    seconds[f"write {name}"] = seconds.get(f"write {name}", 0.0) + time.perf_counter() - began
        stack.close()  # every file is whole before the first one is moved into place
        if manifest is not None:
            content = manifest({name: stage / path.name for name, path in files.items()})
            (stage / "manifest.json").write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
            files["manifest"] = folder / "manifest.json"
    return files


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """A hidden folder beside ``folder`` whose files move into it when all went well; else nothing stays."""
    created = [p for p in (folder, *folder.parents) if not p.exists()]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if folder.exists() and not folder.is_dir():
            raise GengineError(f"--out {folder}: is a file; give a folder")
        stage = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder if folder.exists() else folder.parent))
    except OSError as error:
        _remove_empty(created)
        raise GengineError(f"--out {folder}: cannot be written ({error.strerror}); choose another folder") from None
    done = False
    try:
        yield stage
        folder.mkdir(exist_ok=True)
        for file in stage.iterdir():
            os.replace(file, folder / file.name)
        done = True
    except OSError as error:
        if error.filename is None or Path(error.filename).is_relative_to(folder.parent) or error.errno == 28:
            raise GengineError(
                f"--out {folder}: writing failed ({error.strerror}); free space or choose another"
            ) from None
        raise
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        if not done:
            _remove_empty(created)


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return


def digest(path: str | Path) -> str:
    """SHA-256 of a file, read in blocks."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def manifest_of(take: Take, files: dict[str, Path]) -> dict[str, Any]:
    """What is needed to repeat a run: inputs with their hashes, versions, settings, timings, outputs."""
    import platform
    import sys

    inputs = {}
    for name, value in (("audio", take.source), ("text", take.text), ("emotion", take.settings["emotion"]),
                        ("stance", take.settings["stance"])):  # fmt: skip
        if isinstance(value, str | Path) and len(str(value)) < 1024 and Path(value).is_file():
            inputs[name] = {"path": str(value), "sha256": digest(value)}
    return {
        "gengine": gengine.__version__,
        "python": sys.version.split()[0],
        "numpy": np.__version__,
        "platform": platform.platform(),
        "inputs": inputs,
        "settings": take.settings,
        "audio_seconds": round(take.audio_seconds, 6),
        "stages": {k: round(v, 4) for k, v in take.seconds.items()},
        "warnings": take.warnings,
        "files": {path.name: {"sha256": digest(path), "bytes": path.stat().st_size} for path in files.values()},
    }


def resampled(performance: Performance, fps: float | None, face_fps: float | None) -> Performance:
    """A performance at other frame rates, checked like ``--fps``."""
    checked_config(EngineConfig(), body_fps=fps, face_fps=face_fps)
    return performance.resample(fps, face_fps)


def view(source: str | Path, avatar: str | None, folder: Path) -> Path:
    """Write a folder that shows a saved performance in a browser; ``source`` is a .npz or a run's folder."""
    from gengine.serve.viewer import write_viewer

    path = saved(source)
    performance = load(path)
    export([performance], folder, ["glb"], {"glb": {"avatar": avatar or DEFAULT_AVATAR}})
    with staging(folder) as stage:
        write_viewer(performance, stage, path.parent.name if path.name == "performance.npz" else path.stem)
    return folder


def serve(folder: Path, port: int) -> Any:
    """A server of a viewer's folder on this machine; call its ``serve_forever``."""
    from gengine.serve.viewer import serve as open_server

    return open_server(folder, port)


def render(
    source: str | Path,
    path: str | Path,
    progress: Callable[[float], None] | None = None,
    **options: Any,
) -> Path:
    """Draw a saved performance on an avatar; ``source`` is a .npz or a run's folder.

    ``options`` are those of ``AvatarVideoExporter``; ``progress`` is called with the seconds drawn so far.
    """
    from gengine.renderers.avatar.video import AvatarVideoExporter

    source, done = Path(source), 0

    def count(_: Any) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done / options.get("fps", 30.0))

    performance = load(source)
    if performance.motion is None and performance.face is None:
        raise GengineError(f"{source}: holds neither motion nor face, expected at least one")
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    return AvatarVideoExporter.write(performance, path, seen=count, **options)


def avatars() -> list[str]:
    """Names of the built-in avatars."""
    from gengine.avatars import avatar_names

    return avatar_names()


def make_avatar(path: Path, **phenotype: Any) -> None:
    """Make and save an avatar from phenotypes; see ``gengine.avatars.making.make.make_avatar``."""
    from gengine.avatars import make_avatar as make

    make(path, **phenotype)


def train(config: str | Path, out: str | Path, settings: list[str], resume: bool = True) -> Path:
    """Run the training named by a configuration's ``train:`` key ("module:function") into the run folder ``out``.

    A run that was interrupted there goes on where it saved its state, unless ``resume`` is False.
    """
    from gengine.config import parse_settings, read_yaml
    from gengine.errors import MissingExtraError

    values = {**read_yaml(config), **parse_settings(settings)}
    target = values.pop("train", None)
    if not isinstance(target, str) or not target.startswith("gengine.training.") or ":" not in target:
        raise GengineError(
            f"configuration {config}: train = {target!r}, expected 'gengine.training.<module>:<function>'"
        )
    if importlib.util.find_spec("torch") is None:
        raise MissingExtraError("training", "train")
    module, _, function = target.partition(":")
    if importlib.util.find_spec(module) is None or not hasattr(importlib.import_module(module), function):
        raise GengineError(f"configuration {config}: train = '{target}' does not exist; see configs/train for examples")
    if not resume:
        from gengine.training.run_folder import forget

        forget(out)
    getattr(importlib.import_module(module), function)(values, Path(out))
    return Path(out)


EXTRAS = {"render": "numba", "train": "torch", "dev": "pytest"}
"""A package whose presence tells that an extra is installed."""


def about() -> dict[str, Any]:
    """Version, device, extras present and bundled checkpoints."""
    import platform

    from gengine.checkpoint import available

    device = f"CPU, {os.cpu_count()} cores"
    if importlib.util.find_spec("torch") is not None:
        import torch

        if torch.cuda.is_available():
            device = f"{torch.cuda.get_device_name()} + {device}"
    extras = {
        name: "present" if importlib.util.find_spec(package) else f"absent: pip install 'gengine[{name}]'"
        for name, package in EXTRAS.items()
    }
    return {
        "gengine": gengine.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": device,
        "formats": ", ".join(names("exporters")),
        "extras": extras,
        "checkpoints": available(),
    }
