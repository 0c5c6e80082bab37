"""Performances become files: by the path's ending, or in several formats at once; whole or not at all."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from numbers import Real
from pathlib import Path
from typing import Any

from gengine.core.exporter import Exporter
from gengine.core.performance import Performance
from gengine.core.placing import check_place, commit, put, remove, scratch, whole
from gengine.core.report import Report
from gengine.errors import GengineError, unknown, wrong_kind
from gengine.registry import known, names, resolve
from gengine.runs import MANIFEST, amended, entry, load, write_manifest

OTHER_ENDINGS = {
    "usdz": "usd", "usda": "usd", "usdc": "usd",
    "webm": "avatar", "mov": "avatar", "gif": "avatar",
    "dat": "moho", "tsv": "rhubarb-tsv", "xml": "rhubarb-xml",
}  # fmt: skip
"""Endings of files whose format has another name."""


def export(
    performance: Performance | str | Path | Iterable[Performance],
    path: str | Path,
    formats: str | Iterable[str] | None = None,
    *,
    progress: Callable[[float, float | None], None] | None = None,
    **options: Any,
) -> Path | dict[str, Path]:
    """Write a performance to one file, or to a folder in several formats.

    ``performance`` is a ``Performance``, a saved one (``performance.npz`` or a run's folder), or its stretches in
    order, which are then written in flat memory.

    Without ``formats``, ``path`` is a file and its ending names the format; ``options`` are those of the format's
    exporter. ``.json`` is BEAT's layout of the face, ``.csv`` Live Link Face, ``.npz`` the whole performance and
    ``.mp4`` the preview; ``formats="avatar"`` (or ``gengine.render``) films an avatar instead, as do ``.webm``,
    ``.mov`` and ``.gif``, and ``formats="smplx"`` writes an ``.npz`` of SMPL-X parameters.

    With a list of ``formats``, ``path`` is a folder whose files get the names of a run (``body.bvh``, ``face.csv``,
    …), all or none of them, and each of ``options`` is a dictionary named like its format. If the folder is a run's,
    its ``manifest.json`` is kept true.

    ``progress(done, total)`` is called after each stretch with seconds of sound; ``total`` is None where it is not
    known before. Returns the file, or the files by format. Raises ``GengineError`` for an unknown ending, format or
    option, for tracks that the performance lacks, and where nothing can be written.

    >>> gengine.export(performance, "talk.bvh", skeleton="mixamo")
    >>> gengine.export("runs/talk", "talk.glb", avatar="ben")
    >>> gengine.export(performance, "out", ["bvh", "glb"], glb={"avatar": "ben"})
    """
    if isinstance(performance, str | Path):
        performance = load(performance)
    if not isinstance(performance, Iterable | Performance):
        raise wrong_kind("performance", performance, "a Performance, its stretches, or the path of a saved one")
    if not isinstance(formats, Iterable | None):
        raise wrong_kind("formats", formats, 'a name, or a list of names such as ["bvh", "csv"]')
    total = performance.duration if isinstance(performance, Performance) else None
    stretches = [performance] if isinstance(performance, Performance) else performance
    if progress is not None:
        stretches = _counted(stretches, progress, total)
    if formats is None or isinstance(formats, str):
        return export_file(stretches, path, formats, options)
    chosen = list(formats)
    if not chosen:
        raise GengineError(f"formats: empty; choose from {', '.join(names('exporters'))}")
    for name, value in options.items():
        if name not in chosen or not isinstance(value, dict):
            raise GengineError(
                f"export: the option {name}={value!r} is not of a chosen format; "
                f"give a dictionary for one of {', '.join(chosen)}, for example {chosen[0] if chosen else 'bvh'}={{…}}"
            )
    return export_folder(stretches, path, chosen, options)


def export_file(
    stretches: Iterable[Performance],
    path: str | Path,
    format: str | None = None,
    options: dict[str, Any] | None = None,
    reports: Callable[[Report], None] | None = None,
) -> Path:
    """Write stretches to one file in the format that its ending (or ``format``) names; see ``export``.

    ``reports`` is called with what the exporter reports; else it is said in a Python warning.
    """
    path, options = _path(path), options or {}
    name = format_of(path) if format is None else format
    kind = exporter(name)
    if format is None and os.path.isdir(path):
        raise GengineError(f"export: {path} is a folder; give a file such as {path / kind.default_name}")
    check_place(path)
    if os.path.isdir(path) and any(path.iterdir()):
        raise GengineError(f"--out {path}: exists already and is not empty; give a new folder")
    with _parents_of(path), ExitStack() as stack:
        place = path
        if os.path.isfile(path.parent / MANIFEST):  # perhaps a run's, which tells of its files
            place = stack.enter_context(staging(path.parent, partial(_keep_true, path, name, options))) / path.name
        try:
            with kind(place, **fitting(kind, options)) as writer:
                for stretch in _performances(stretches):
                    writer.append(stretch)
                told = writer.report
                (reports or _say)(told)
            if writer.report is not told:  # something was found out at the very end
                (reports or _say)(writer.report)
        except OSError as error:
            raise GengineError(f"{path}: cannot be written ({error.strerror}); free space or choose another") from None
    return path


def _keep_true(path: Path, format: str, options: dict[str, Any], stage: Path) -> None:
    """The manifest of the run in whose folder a file is written, if it is one, tells of it too."""
    if not (made := stage / path.name).is_file():
        return
    if (content := amended(path.parent, {path.name: entry(made, format, options)})) is not None:
        write_manifest(content, stage)


def export_folder(
    stretches: Iterable[Performance],
    folder: str | Path,
    formats: Iterable[str],
    options: dict[str, dict[str, Any]] | None = None,
    manifest: Callable[[dict[str, dict[str, Any]]], dict[str, Any]] | None = None,
    seconds: dict[str, float] | None = None,
    reports: Callable[[Report], None] | None = None,
    beside: Callable[[Path], None] | None = None,
) -> dict[str, Path]:
    """Write stretches to ``folder`` in every named format in one pass; all files appear, or none.

    ``options`` are exporter options by format; ``manifest`` makes the content of ``manifest.json`` from the entries
    of the files by name once these are complete, else the manifest that the folder may have is kept true;
    ``seconds`` receives the time that each format took, and ``reports`` is called with what each exporter reports
    before any file appears: an error that it raises leaves nothing behind. ``beside(stage)`` may write other files
    into the folder that becomes ``folder``. Returns the files by format.
    """
    folder, options = _path(folder), options or {}
    kinds = {name: exporter(name) for name in dict.fromkeys(formats)}
    files = {name: folder / kind.default_name for name, kind in kinds.items()}
    entries: dict[str, dict[str, Any]] = {}

    def tell(stage: Path) -> None:
        content = manifest(entries) if manifest is not None else amended(folder, entries)
        if content is not None:
            files["manifest"] = folder / write_manifest(content, stage).name

    with staging(folder, tell) as stage, ExitStack() as stack:
        writers: list[tuple[str, Exporter]] = []
        for name, kind in kinds.items():
            writers.append(
                (name, stack.enter_context(kind(stage / kind.default_name, **fitting(kind, options.get(name, {})))))
            )
        for stretch in _performances(stretches):
            for name, writer in writers:
                began = time.perf_counter()
                writer.append(stretch)
                if seconds is not None:
                    seconds[f"write {name}"] = seconds.get(f"write {name}", 0.0) + time.perf_counter() - began
        stack.close()  # every file is whole before the first one is moved into place
        for _, writer in writers:
            (reports or _say)(writer.report)
        entries |= {path.name: entry(stage / path.name, name, options.get(name, {})) for name, path in files.items()}
        if beside is not None:
            beside(stage)
    return files


def _say(report: Report) -> None:
    """Tell a caller who reads no reports."""
    if report.notes or report.warnings:
        warnings.warn(" ".join((*report.warnings, *report.notes)), stacklevel=4)


def write_text(path: Path, text: str) -> Path:
    """Write a text file, whole or not at all; where it cannot be written is a ``GengineError``."""
    check_place(path, folder=False)
    try:
        with whole(path) as made:
            made.write_text(text, "utf-8")
    except OSError as error:
        raise GengineError(f"{path}: cannot be written ({error.strerror}); choose another place") from None
    return path


def exporter(name: str) -> type[Exporter]:
    """The exporter of a format by its registered name; an unknown one is a ``GengineError``."""
    if not known("exporters", name):
        raise unknown("format", name, names("exporters"))
    return resolve("exporters", name)


def format_of(path: Path) -> str:
    """The format that a path's ending names: the format of that name, else one of an outside package."""
    ending = path.suffix.lower().removeprefix(".")
    name = OTHER_ENDINGS.get(ending, ending)
    if not known("exporters", name):
        raise GengineError(
            f"export: {path} has the ending '{path.suffix}', which names no format; choose from "
            f"{', '.join(f'.{n}' for n in names('exporters'))}, or name one with formats="
        )
    return name


def fitting(kind: type[Exporter], options: dict[str, Any]) -> dict[str, Any]:
    """The options, each of the kind that the exporter declares; it refuses unknown ones itself."""
    declared = kind.options()
    for name, value in options.items():
        option = declared.get(name)
        if option is None or (value is None and option.default is None):
            continue
        if option.choices and value not in option.choices:
            raise unknown(f"option {name}:", value, option.choices)
        if not _is(option.kind, value):
            expected = {bool: "True or False", int: "a whole number", float: "a number"}.get(option.kind, "a name")
            raise wrong_kind(f"option {name}", value, f"{expected}: {option.help}")
    return options


def _is(kind: type, value: Any) -> bool:
    """Whether a value is what a declared option of that kind takes; texts may also be paths and other objects."""
    if kind is bool:
        return isinstance(value, bool)
    number = isinstance(value, Real) and not isinstance(value, bool)
    if kind in (int, float):
        return number and (kind is float or float(value).is_integer())
    return value is not None and not isinstance(value, Real)


def options_for(kind: type[Exporter], **shared: Any) -> dict[str, Any]:
    """Those of options meant for several formats that an exporter has."""
    return {name: value for name, value in shared.items() if name in kind.options()}


def chosen_formats(value: str) -> list[str]:
    """The names in a comma-separated list of formats."""
    chosen = [name.strip().lower() for name in value.split(",") if name.strip()]
    if not chosen:
        raise GengineError(f"--formats: empty; choose from {', '.join(names('exporters'))}")
    return chosen


def exporter_options(formats: list[str], settings: Iterable[str] | None, **shared: Any) -> dict[str, dict[str, Any]]:
    """Exporter options by format: ``shared`` ones for those that have them, then ``format.key=value`` settings."""
    texts: dict[str, dict[str, str]] = {name: {} for name in formats}
    for setting in settings or []:
        key, equals, value = setting.partition("=")
        name, dot, option = key.strip().partition(".")
        if not (equals and dot and option):
            raise GengineError(f"--option {setting}: expected format.key=value, for example bvh.tpose_frame=true")
        if name not in texts:
            raise GengineError(f"--option {setting}: '{name}' is none of the chosen formats, {', '.join(formats)}")
        texts[name][option] = value.strip()
    kinds = {name: exporter(name) for name in formats}
    return {name: options_for(kind, **shared) | kind.parse_options(texts[name]) for name, kind in kinds.items()}


@contextmanager
def staging(folder: Path, last: Callable[[Path], None] | None = None) -> Iterator[Path]:
    """A hidden folder whose files become those of ``folder`` by one step when all went well; else nothing stays.

    ``last(stage)`` is called before that step: what it writes must fit the files that stand there then. Where there is
    no such folder yet the stage takes its name; into one that is there the files are moved as
    ``gengine.core.placing.commit`` says.
    """
    with _parents_of(folder):
        check_place(folder, folder=True)
        place = folder if folder.exists() else folder.parent
        stage = scratch(place / folder.name)
        try:
            stage.mkdir()
        except OSError as error:
            raise GengineError(f"--out {folder}: cannot be written ({error.strerror}); choose another folder") from None
        try:
            yield stage
            if folder.exists() or not _takes_name(stage, folder, last):
                commit(stage, folder, last)
        except OSError as error:
            if error.filename is None or Path(error.filename).is_relative_to(folder.parent) or error.errno == 28:
                raise GengineError(
                    f"--out {folder}: writing failed ({error.strerror}); free space or choose another"
                ) from None
            raise
        except GengineError as error:
            if str(stage) in str(error) and type(error).__init__ is GengineError.__init__:
                raise type(error)(str(error).replace(str(stage), str(folder))) from None
            raise
        finally:
            remove(stage)


def _takes_name(stage: Path, folder: Path, last: Callable[[Path], None] | None) -> bool:
    """The stage becomes the folder, which was not there; False where another process has made it meanwhile."""
    if last is not None:
        last(stage)
    try:
        put(stage, folder)
    except OSError:
        if folder.is_dir():
            return False
        raise
    return True


@contextmanager
def _parents_of(path: Path) -> Iterator[None]:
    """Makes the folders that ``path`` lies in; those (and ``path``) that were not there before and are empty after a
    failure are removed."""
    created = [p for p in (path, *path.parents) if not p.exists()]
    try:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise GengineError(f"--out {path}: cannot be written ({error.strerror}); choose another place") from None
        yield
    except BaseException:
        for folder in created:
            try:
                folder.rmdir()
            except FileNotFoundError:
                continue
            except OSError:
                break  # not empty, and so are those above it
        raise


def _path(value: str | Path) -> Path:
    if not isinstance(value, str | Path):
        raise wrong_kind("export", value, "the path of a file or folder")
    return Path(value)


def _performances(stretches: Iterable[Performance]) -> Iterator[Performance]:
    for stretch in stretches:
        if not isinstance(stretch, Performance):
            raise wrong_kind("export", stretch, "a Performance")
        yield stretch


def _counted(
    stretches: Iterable[Performance], progress: Callable[[float, float | None], None], total: float | None
) -> Iterator[Performance]:
    done = 0.0
    for stretch in _performances(stretches):
        yield stretch
        done += stretch.duration
        progress(done, total)
