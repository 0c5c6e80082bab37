"""Shows a performance: a film of an avatar, or a folder for the browser."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gengine.core.avatar import Avatar
from gengine.core.performance import Performance
from gengine.core.placing import check_place, whole
from gengine.core.report import Report
from gengine.errors import GengineError, wrong_kind
from gengine.exporting import export_file, export_folder
from gengine.runs import load, saved

DEFAULT_AVATAR = "anna"


def render(
    performance: Performance | str | Path,
    path: str | Path,
    *,
    avatar: str | Path | Avatar = DEFAULT_AVATAR,
    camera: str = "upper",
    size: str | tuple[int, int] = (720, 720),
    fps: float = 30.0,
    background: str = "#3a3f47",
    format: str | None = None,
    backend: str = "auto",
    bones: str | Path | None = None,
    decimate: float | None = None,
    progress: Callable[[float, float | None], None] | None = None,
    reports: Callable[[Report], None] | None = None,
) -> Path:
    """Film an avatar that performs: a video with sound, or transparent pictures.

    Parameters:
        performance: a ``Performance``, a ``performance.npz`` or a run's folder.
        path: the file, whose ending names the format, or a folder for "png".
        avatar: a preset's name ("anna", "ben", …), the path of a .glb, .vrm, .npz or .obj, or an ``Avatar``.
        camera: "portrait", "upper" or "full".
        size: (width, height) in pixels, or "WIDTHxHEIGHT".
        fps: frames per second, Hz.
        background: "#rrggbb", a colour's name, or "transparent" (webm, mov, gif, png).
        format: where the path does not tell: "mp4", "webm", "mov", "gif" or "png" (a folder of numbered files).
        bones: a map of the avatar's bones (JSON), as ``gengine avatar map`` writes.
        backend: "auto", "gl" (OpenGL) or "soft" (no graphics driver).
        decimate: triangles to keep of the avatar's meshes, or the share of them up to 1.
        progress: called after each frame with the seconds drawn and those of the whole.
        reports: called with what was told of the avatar, guessed or left away; else it is a Python warning.

    Returns ``path``. Raises ``GengineError`` for bad values, a performance without motion and face, or a file that
    cannot be written, and ``MissingExtraError`` where the renderer's packages are not installed.

    >>> gengine.render("runs/talk", "talk.mp4", avatar="ben", camera="portrait")
    """
    name = str(performance) if isinstance(performance, str | Path) else "render"
    if isinstance(performance, str | Path):
        performance = load(performance)
    if not isinstance(performance, Performance):
        raise wrong_kind("performance", performance, "a Performance, or the path of a saved one")
    if performance.motion is None and performance.face is None:
        raise GengineError(f"{name}: holds neither motion nor face, expected at least one")
    done = 0

    def count(_: Any) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done / fps, total)

    total = performance.duration
    options = {
        "avatar": avatar, "camera": camera, "size": size, "fps": fps, "background": background, "format": format,
        "backend": backend, "bones": bones, "decimate": decimate, "seen": count,
    }  # fmt: skip
    return export_file([performance], path, "avatar", options, reports)


def portrait(
    performance: Performance | str | Path,
    photo: str | Path,
    path: str | Path = "portrait.mp4",
    *,
    size: int = 512,
    fps: float = 25.0,
    face: int = 1,
    fit: str | Path | None = None,
    mark: bool = True,
    renderer: str = "warp",
    scene: str | None = None,
    guidance: float = 1.0,
    steps: int | None = None,
    command: str | None = None,
    progress: Callable[[float, float | None], None] | None = None,
    reports: Callable[[Report], None] | None = None,
) -> Path:
    """Film a photo that speaks: the person of ``photo`` performs at the photo's own framing, with the sound.

    Parameters:
        performance: a ``Performance`` with a face, a ``performance.npz`` or a run's folder.
        photo: a picture that shows a face from the front or a little from the side.
        path: the .mp4 to write.
        size: pixels of the longer side, 128 to 2048.
        fps: frames per second, Hz.
        face: which of several faces, the largest first.
        fit: a folder that ``gengine portrait fit`` wrote, perhaps edited.
        mark: whether a small sign says that the film is generated; the file's description says so in any case.
        renderer: who paints the mouth: "warp", "regressor", "diffusion", or a checkpoint's folder; "external" has an
            engine of your own make the whole film.
        scene: a sentence about the scene, for diffusion; a template writes one from the emotion.
        guidance: how far diffusion follows emotion and scene, 1 as learned.
        steps: of diffusion, 1 to 50; by default as its checkpoint says.
        command: of the external engine, for instance "python inference.py -s {photo} -d {driving} -o {out}".
        progress: called after each frame with the seconds drawn and those of the whole.
        reports: called with what was told of the photo; else it is a Python warning.

    Returns ``path``. Raises ``GengineError`` for bad values, a photo without a usable face or a performance without
    one, and ``MissingExtraError`` without the extras ``vision`` and ``portrait``. Show only people who agreed to it.

    >>> gengine.portrait("runs/talk", "face.jpg", "talk.mp4")
    """
    if isinstance(performance, str | Path):
        performance = load(performance)
    if not isinstance(performance, Performance):
        raise wrong_kind("performance", performance, "a Performance, or the path of a saved one")
    done, total = 0, performance.duration

    def count(_: Any) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done / fps, total)

    options = {
        "photo": photo, "size": size, "fps": fps, "face": face, "fit": fit, "mark": mark, "renderer": renderer,
        "scene": scene, "guidance": guidance, "steps": steps, "command": command,
        "seen": count,
    }  # fmt: skip
    return export_file([performance], path, "portrait", options, reports)


def fit_portrait(photo: str | Path, folder: str | Path, *, size: int = 512, face: int = 1) -> dict[str, Path]:
    """Write what is measured on a photo into ``folder``: landmarks, mask, and a drawing of both; raises as
    ``portrait`` does. Edited files are given back as ``fit=folder``."""
    from gengine.portraits.photo import fit_photo

    fitted = fit_photo(photo, size, face)
    from gengine.portraits.fit_files import write_fit

    return write_fit(fitted, folder)


def view(
    source: str | Path,
    avatar: str | None,
    out: Path,
    bones: str | Path | None = None,
    decimate: float | None = None,
    reports: Callable[[Report], None] | None = None,
) -> Path:
    """Write what shows a saved performance in a browser; ``source`` is a .npz or a run's folder.

    ``out`` is a page (.html) that holds all of it, or a folder for a web server. ``reports`` is called with what was
    told of the avatar; else it is a Python warning. Returns the page.
    """
    from gengine.serve.viewer import one_page, write_viewer

    if out.suffix.lower() in (".html", ".htm"):
        check_place(out, folder=False)
        with tempfile.TemporaryDirectory() as folder, whole(out) as made:
            view(source, avatar, Path(folder) / "page", bones, decimate, reports)
            made.write_text(one_page(Path(folder) / "page"), "utf-8")
        return out

    path = saved(source)
    performance = load(path)
    title = path.parent.name if path.name == "performance.npz" else path.stem
    options = {"avatar": avatar or DEFAULT_AVATAR, "bones": bones, "decimate": decimate}

    def beside(stage: Path) -> None:
        write_viewer(performance, stage, title)

    export_folder([performance], out, ["glb"], {"glb": options}, reports=reports, beside=beside)
    return out / "index.html"


SPEAKING = 60.0
"""Seconds that a text-to-speech command may take (judgement)."""


def live_page(
    folder: Path,
    avatar: str,
    emotion: str,
    text: str | None,
    tts: str,
    times: Path | None = None,
    watch: dict[str, Any] | None = None,
) -> dict[str, Path]:
    """Write what the live page needs into ``folder``: the avatar, what it is to know, and the spoken ``text``.

    ``tts`` is a command that reads a text from stdin and writes a WAV to stdout; its tags are acted, not spoken.
    ``times`` is a file that the command writes too: when it says which words or phones, in any form that
    ``gengine.inputs.text`` or ``gengine.inputs.synthesised`` reads. ``watch`` holds the ``name`` and ``rate`` of a
    session that the page is to show, and whether it is ``heard``. Returns the files by the path at which a server shows
    them. Raises ``GengineError`` for an emotion that is none of ``EMOTIONS``, and a command that fails.
    """
    import json

    from gengine.avatars import find_avatar
    from gengine.core.emotion import EMOTIONS
    from gengine.errors import unknown
    from gengine.formats.glb import GlbExporter
    from gengine.serve.viewer import viewer_page

    if emotion not in EMOTIONS:
        raise unknown("--emotion", emotion, EMOTIONS)
    person = find_avatar(avatar)
    GlbExporter.write(_at_rest(), folder / "avatar.glb", avatar=person)
    about = {"bones": person.joint_map, "eyes": person.eyes, "emotion": emotion, "text": text, "watch": watch}
    pages = {"/": viewer_page("live.html"), **{f"/{name}": folder / name for name in ("avatar.glb", "live.json")}}
    if text is not None:
        from gengine.inputs.text_stream import TextStream

        spoken = TextStream().push(text, last=True)[0]
        (folder / "say.wav").write_bytes(_spoken(spoken, tts))
        pages["/say.wav"] = folder / "say.wav"
        about |= _timed(times, spoken) if times is not None else {}
    (folder / "live.json").write_text(json.dumps(about), "utf-8")
    return pages


def _timed(path: Path, spoken: str) -> dict[str, Any]:
    """Words and phones with their times, as ``say`` of the live protocol has them."""
    from gengine.inputs.synthesised import read_sounds
    from gengine.inputs.text import read_text

    if not path.is_file():
        raise GengineError(f"--times {path}: the --tts command has not written it; give the file that it writes")
    track = read_sounds(path, spoken) or read_text(path).track
    if track is None:
        raise GengineError(f"--times {path}: holds no times of words or phones; leave --times out")
    words = [{"text": w.text[:64], "start": w.start, "end": w.end} for w in track.words]
    phones = [{"symbol": p.symbol, "start": p.start, "end": p.end, "stress": p.stress} for p in track.phones]
    return {"words": words, "phones": phones}


def _at_rest() -> Performance:
    """A moment in which nothing moves."""
    import numpy as np

    from gengine.core.audio import SAMPLE_RATE, AudioClip
    from gengine.core.emotion import EMOTIONS, EmotionTrack
    from gengine.core.face import ARKIT_NAMES, FaceTrack
    from gengine.core.motion import Motion
    from gengine.core.rotation import IDENTITY
    from gengine.core.skeleton import BEAT_HIP_HEIGHT, beat_skeleton
    from gengine.core.words import WordTrack

    skeleton = beat_skeleton()
    rest, root = np.tile(IDENTITY, (3, len(skeleton), 1)), np.tile([0, BEAT_HIP_HEIGHT, 0], (3, 1))
    return Performance(
        AudioClip(np.zeros(SAMPLE_RATE // 10), SAMPLE_RATE),
        WordTrack(),
        EmotionTrack(np.eye(1, len(EMOTIONS)).repeat(5, 0), np.zeros((5, 3)), 50.0),
        motion=Motion(skeleton, rest, root, 30.0),
        face=FaceTrack(np.zeros((6, len(ARKIT_NAMES))), np.tile(IDENTITY, (6, 1)), np.zeros((6, 2)), 60.0),
    )


def _spoken(text: str, command: str) -> bytes:
    import shlex
    import subprocess

    try:
        done = subprocess.run(
            shlex.split(command), input=text.encode(), capture_output=True, timeout=SPEAKING, check=False
        )
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired) as error:
        raise GengineError(
            f"--tts {command}: cannot be run ({error}); give a command that writes a WAV to stdout"
        ) from None
    if done.returncode or not done.stdout.startswith(b"RIFF"):
        why = done.stderr.decode("utf-8", "replace").strip()[:200] or "no WAV came"
        raise GengineError(f"--tts {command}: failed ({why}); give a command that writes a WAV to stdout")
    return done.stdout
