"""Recordings with faces, whatever they lie in: FACEGOOD's takes, performances (.npz), or a corpus in BEAT's layout."""

from __future__ import annotations

import fnmatch
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gengine.core.emotion import EMOTIONS, EmotionTrack
from gengine.core.face import FaceTrack
from gengine.core.performance import Performance
from gengine.core.words import WordTrack
from gengine.data import facegood
from gengine.data.beat import BeatCorpus
from gengine.errors import GengineError
from gengine.formats.livelink import read_livelink
from gengine.inputs.audio import load_audio

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class FaceRecording:
    """A performance with a face, from second 0. Every curve is to be trusted where people or a phone's depth camera
    ``made`` them; of a face captured from a film, its lips most."""

    name: str
    performance: Performance
    made: bool = False

    @property
    def face(self) -> FaceTrack:
        """The face that was recorded."""
        assert self.performance.face is not None
        return self.performance.face


class FaceCorpus:
    """A folder of recordings with faces, read one at a time: ``names`` lists them, or those that fit one of ``only``
    (patterns as a shell has them). Raises ``GengineError`` where the folder holds nothing of the kind."""

    def __init__(self, root: str | Path, only: Sequence[str] = ()) -> None:
        self.root = Path(root)
        self._made = (self.root / facegood.MAP).is_file()
        found = facegood.takes(self.root) if self._made else sorted(self.root.glob("*.npz"))
        self._beat = None if found or not self.root.is_dir() else BeatCorpus(self.root, policy="skip")
        every = list(self._beat.files) if self._beat else [path.stem for path in found]
        if not every:
            raise GengineError(
                f"{self.root}: holds no performance (.npz), no FACEGOOD take and nothing in BEAT's layout; "
                "see gengine capture --help"
            )
        self.names = [n for n in every if not only or any(fnmatch.fnmatch(n, pattern) for pattern in only)]

    def __iter__(self) -> Iterator[FaceRecording]:
        """What can be read of it; what has no face is left out with a warning."""
        for name in self.names:
            if (read := self.read(name)) is not None:
                yield read

    def read(self, name: str) -> FaceRecording | None:
        """One recording; None, with a warning, where it is damaged or has no face."""
        if self._made:
            return FaceRecording(name, _take(self.root / f"{name}.npz"), True)
        if self._beat:
            read = self._beat.read(name)
            performance = read.performance if read else None
        else:
            performance = Performance.load(self.root / f"{name}.npz")
        if performance is None or performance.face is None:
            log.warning("%s: left out: it has no face", name)
            return None
        begun = replace(performance, start=0.0, words=performance.words.shift(-performance.start))
        return FaceRecording(name, begun, self._beat is not None)


def muted_shots(folder: Path) -> Iterator[tuple[str, FaceTrack]]:
    """Live Link Face recordings (.csv) of a folder, by name: faces of which no sound is known.

    Raises ``GengineError`` where the folder holds none.
    """
    found = sorted(folder.glob("*.csv"))
    if not found:
        raise GengineError(f"{folder}: holds no Live Link Face recording (.csv)")
    for path in found:
        yield path.stem, read_livelink(path)


def _take(path: Path) -> Performance:
    """A take of FACEGOOD: sound and face, neutral, of unknown words."""
    sound = load_audio(path.with_suffix(".flac"))
    seconds = int(sound.duration) + 2
    neutral = EmotionTrack(np.zeros((seconds, len(EMOTIONS))), np.zeros((seconds, 3)), 1.0)
    return Performance(sound, WordTrack(), neutral, face=facegood.read_face(path))
