"""Files and folders appear whole or not at all, and stay so when the machine loses power.

Everything is made at a hidden name of its own beside its place, written through to the disk, and then renamed. What a
killed process left at such names is removed by the next one that writes there.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import re
import shutil
import stat
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gengine.errors import GengineError

COMMIT = ".gengine-commit"
"""Within a folder: files that are whole and belong into it; whoever comes by first moves them."""
LAST = "manifest.json"
"""The file that is moved last: it says of the others what they are."""
NAME_BYTES = 80
"""Bytes of a file's name that its hidden name has: with the rest it stays below the 255 that file systems allow."""
FORGOTTEN = 24 * 3600.0
"""Seconds after which what another machine left is taken for left over (judgement)."""

_LEFT = re.compile(r"\..*\.(\d+)-(\d+)-[0-9a-f]{8}\.partial(\..*)?", re.DOTALL)


def scratch(path: str | Path, ending: str = "") -> Path:
    """A hidden name beside ``path`` that no other process or call uses; ``ending`` is its last part.

    What dead processes left at such names beside it is removed.
    """
    path = Path(path)
    sweep(path.parent)
    name = os.fsdecode(os.fsencode(path.name)[:NAME_BYTES])
    made = path.with_name(f".{name}.{_here()}-{os.getpid()}-{os.urandom(4).hex()}.partial{ending}")
    atexit.register(lambda: f"-{os.getpid()}-" in made.name and remove(made))  # where a signal struck its removal
    return made


def sweep(folder: Path) -> None:
    """Remove what processes that are no more left half-made in ``folder``."""
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            if (match := _LEFT.fullmatch(entry.name)) and _is_left(entry, int(match[1]), int(match[2])):
                remove(Path(entry.path))


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it; what is not there is fine."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


@contextmanager
def whole(path: str | Path, ending: str = "") -> Iterator[Path]:
    """A hidden name at which a file or folder is to be made; it gets the name ``path`` when all went well, else it is
    removed. What the file system refuses is an ``OSError``."""
    made = scratch(path, ending)
    try:
        yield made
        put(made, Path(path))
    finally:
        remove(made)


def put(made: Path, path: Path) -> None:
    """Give what is ``made`` beside ``path`` its name, on the disk too; a file that has the name is replaced."""
    sync(made)
    os.replace(made, path)
    _flush(path.parent)


def sync(path: Path) -> None:
    """Write a file, or a folder with all that is in it, through to the disk."""
    if path.is_dir() and not path.is_symlink():
        for inner in path.iterdir():
            sync(inner)
    _flush(path)


def _flush(path: Path) -> None:
    with contextlib.suppress(OSError):  # Windows has no handles of folders, and some file systems cannot
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def check_place(path: Path, folder: bool | None = None) -> None:
    """``GengineError`` where ``path`` cannot become a file, or a ``folder`` (None: either): a dangling link, a device,
    or the other of the two."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        if path.is_symlink():
            link = os.readlink(path)
            raise GengineError(f"--out {path}: is a link to '{link}', which does not exist; remove it") from None
        return
    except OSError as error:
        raise GengineError(f"--out {path}: cannot be written ({error.strerror}); choose another place") from None
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise GengineError(f"--out {path}: is a pipe or a device; give a file or folder")
    if folder is not None and stat.S_ISDIR(mode) != folder:
        found, wanted = ("a file", "a folder") if folder else ("a folder", "a file")
        raise GengineError(f"--out {path}: is {found}; give {wanted}")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Waits until no other process is changing a folder's files; where there are no such locks it goes on."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def commit(stage: Path, folder: Path, last: Callable[[Path], None] | None = None) -> None:
    """Move the files in ``stage`` into a ``folder`` of the same file system, after ``last(stage)`` has added its own.

    No two processes do so at a time. The one step that counts is the renaming of the stage to ``COMMIT``: whoever is
    killed before it has changed nothing, and what was not moved after it is moved by the next who reads or writes
    there (``settle``).
    """
    with locked(folder):
        _finish(folder)
        if last is not None:
            last(stage)
        for made in stage.iterdir():
            place = folder / made.name
            check_place(place, folder=made.is_dir())
            if made.is_dir() and place.is_dir() and any(place.iterdir()):
                raise GengineError(f"--out {place}: exists already; give a new folder")
        sync(stage)
        stage.rename(folder / COMMIT)
        _flush(folder)
        _finish(folder)


def settle(folder: Path) -> None:
    """Finish what a killed process had begun to move into ``folder``; where it is read-only nothing happens."""
    if not os.path.isdir(folder / COMMIT):  # nor of a name that nothing can have
        return
    with contextlib.suppress(OSError), locked(folder):
        _finish(folder)


def settled(path: Path) -> Path:
    """Where a file lies: at ``path``, or where it waits to be moved there because the folder is read-only."""
    settle(path.parent)
    waiting = path.parent / COMMIT / path.name
    return waiting if os.path.exists(waiting) else path


def _finish(folder: Path) -> None:
    left = folder / COMMIT
    if not os.path.isdir(left):
        return
    for made in sorted(left.iterdir(), key=lambda file: (file.name == LAST, file.name)):
        os.replace(made, folder / made.name)
    left.rmdir()
    _flush(folder)


def _is_left(entry: os.DirEntry[str], machine: int, process: int) -> bool:
    """Whether the process that made something is no more."""
    if machine != _here() or os.name == "nt":  # where no process can be asked for without a signal
        return time.time() - entry.stat(follow_symlinks=False).st_mtime > FORGOTTEN
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
        state = Path(f"/proc/{process}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return True
    except (OSError, IndexError):  # another user's, or a system without /proc
        return False
    return state in "ZX"  # dead, but nobody has asked for its exit code: containers have no init that does


@functools.cache
def _here() -> int:
    """A number of this machine, or container, whose process numbers mean something here."""
    with contextlib.suppress(OSError, AttributeError):
        return zlib.crc32(f"{os.uname().nodename} {os.stat('/proc/self/ns/pid').st_ino}".encode())
    return zlib.crc32(os.uname().nodename.encode()) if hasattr(os, "uname") else 0
