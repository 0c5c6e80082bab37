"""Engines that a user owns (LivePortrait and its kin) paint the film: they are given the photo and a driving film, the
warped photo speaking, by a command of the user's, and their film takes the warp's place."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.errors import GengineError

NAME = "external"
"""As ``--renderer`` calls it."""
PLACES = ("{photo}", "{driving}", "{out}")
"""What a command must name: the photo (PNG), the driving film (MP4 with sound), and the film to write."""
SHOWN = 400
"""Characters of an engine's own complaint that are repeated."""


def parts_of(command: str | None) -> list[str]:
    """The words of a command. Raises ``GengineError`` where it is none, or lacks one of ``PLACES``."""
    example = 'for instance --command "python inference.py -s {photo} -d {driving} -o {out}"'
    if not command:
        raise GengineError(f"renderer {NAME}: no command was given; add one, {example}")
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise GengineError(f"--command {command}: {error}; write it as in a shell, {example}") from None
    lost = [place for place in PLACES if place not in command]
    if lost:
        raise GengineError(f"--command {command}: lacks {', '.join(lost)}; {example}")
    return words


def run_engine(words: list[str], photo: Path, driving: Path, out: Path) -> None:
    """Run an engine to its end. Raises ``GengineError`` where it cannot be started, fails, or writes no film."""
    given = {"{photo}": str(photo), "{driving}": str(driving), "{out}": str(out)}
    filled = []
    for word in words:
        for place, path in given.items():
            word = word.replace(place, path)
        filled.append(word)
    try:
        done = subprocess.run(filled, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    except OSError as error:
        raise GengineError(f"--command {words[0]}: cannot be started ({error.strerror}); give its whole path") from None
    said = (done.stderr or done.stdout).strip()[-SHOWN:]
    if done.returncode:
        raise GengineError(f"--command {words[0]}: ended with code {done.returncode}: {said or 'it said nothing'}")
    if not out.is_file():
        raise GengineError(f"--command {words[0]}: wrote no film at {{out}}; {said or 'it said nothing'}")


def frames_of(film: Path, size: tuple[int, int]) -> Iterator[NDArray[np.uint8]]:
    """An engine's pictures ``(H, W, 3)``, brought to ``size`` (width, height)."""
    import cv2

    from gengine.vision.film import Film

    for _, picture in Film(film):
        fitted: Any = picture
        if picture.shape[1::-1] != size:
            fitted = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        yield np.ascontiguousarray(fitted)
