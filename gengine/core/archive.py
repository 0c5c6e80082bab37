"""Performances on disk, bit for bit: a ``.npz`` of plain arrays and one JSON text, without pickle.

The file is an uncompressed zip. ``performance.json`` holds everything that is no array (times of words and
phones, speaker, rates, provenance) and the format's version; ``<track>.<field>.npy`` hold the arrays, so
``numpy.load`` reads them too. The same performance always makes the same bytes.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from gengine.core import bounds
from gengine.core.array_bounds import ARRAY_BYTES, check_finite, check_unit, load_array
from gengine.core.audio import AudioClip, check_sound_rate
from gengine.core.emotion import EmotionTrack
from gengine.core.face import FaceTrack
from gengine.core.motion import Motion
from gengine.core.performance import FORMAT_VERSION, Performance
from gengine.core.placing import put, remove, scratch
from gengine.core.skeleton import Skeleton
from gengine.core.speaker import Speaker, Traits
from gengine.core.words import Phone, Word, WordTrack
from gengine.errors import FormatError, GengineError

_FORMAT = "gengine performance"
_TRACKS = {"audio": AudioClip, "emotion": EmotionTrack, "motion": Motion, "face": FaceTrack}
"""What grows with time; the arrays of all of them are float32."""
_BLOCK = 1 << 20
_DAMAGE = (*bounds.FOREIGN, GengineError)
"""What reading a broken, cut or foreign file can raise."""


def save_performance(performance: Performance, path: str | Path) -> Path:
    """Write a whole performance to one ``.npz``; the file appears complete or not at all."""
    archive = PerformanceArchive(path)
    try:
        archive.append(performance)
        archive.close()
    except OSError as error:
        raise GengineError(f"{path}: cannot be written ({error.strerror}); free space or choose another") from None
    finally:
        archive.abort()
    return archive.path


def load_performance(path: str | Path) -> Performance:
    """Read what ``save_performance`` wrote. A damaged, foreign or newer file is a ``FormatError``, and so is one whose
    numbers are not finite, whose rotations are not of unit length, or whose rates nothing has."""
    path = bounds.check_file(path, ARRAY_BYTES, "give a performance.npz")
    try:
        with zipfile.ZipFile(path) as archive:
            return _checked(_read(archive))
    except _DAMAGE as error:
        reason = f"{error.strerror or error}" if isinstance(error, OSError) else f"{error or type(error).__name__}"
        raise FormatError(f"{path}: is no whole saved performance ({reason}); give a performance.npz") from None


class PerformanceArchive:
    """Saves a performance that arrives in stretches, in flat memory.

    Arrays are spooled to unnamed temporary files beside ``path`` and zipped by ``close``; words that two
    stretches share are kept once, as ``Performance.join`` does. ``abort`` drops everything and may always follow.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._partial = scratch(self.path, ".zip")
        self._about: dict[str, Any] = {}
        self._skeleton: Skeleton | None = None
        self._spools: dict[str, IO[bytes]] = {}
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._words: dict[Word, None] = {}
        self._phones: dict[Phone, None] = {}

    def append(self, stretch: Performance) -> None:
        """Add the next stretch; it must have the tracks, rates and skeleton of the first."""
        about = _describe(stretch)
        if not self._about:
            self._about, self._skeleton = about, stretch.motion.skeleton if stretch.motion is not None else None
        elif about["tracks"] != self._about["tracks"] or (
            stretch.motion is not None and stretch.motion.skeleton != self._skeleton
        ):
            raise GengineError(f"{self.path.name}: a stretch has {about['tracks']}, expected {self._about['tracks']}")
        for track in about["tracks"]:
            for field in _TRACKS[track].ARRAYS:
                self._spool(f"{track}.{field}", getattr(getattr(stretch, track), field))
        self._words.update(dict.fromkeys(stretch.words.words))
        self._phones.update(dict.fromkeys(stretch.words.phones))

    def close(self) -> None:
        """Make the file; without any stretch this is an error."""
        if not self._about:
            raise GengineError(f"{self.path}: no stretch was appended, expected at least one")
        about = dict(self._about)
        about["words"] = [[w.text, w.start, w.end] for w in self._words]
        about["phones"] = [[p.symbol, p.start, p.end, p.stress] for p in self._phones]
        try:
            text = json.dumps(about, ensure_ascii=False, default=_plain)
        except (TypeError, ValueError) as error:
            raise GengineError(f"{self.path}: provenance holds what JSON cannot ({error}); use plain values") from None
        with zipfile.ZipFile(self._partial, "w") as archive:
            # Surrogates of undecodable file names survive in provenance.
            archive.writestr(zipfile.ZipInfo("performance.json"), text.encode("utf-8", "surrogatepass"))
            if self._skeleton is not None:
                _store(archive, "skeleton.parents", self._skeleton.parents.astype("<i8"))
                _store(archive, "skeleton.offsets", self._skeleton.offsets.astype("<f8"))
            for name, spool in self._spools.items():
                spool.seek(0)
                _store(archive, name, np.zeros(0, "<f4"), self._shapes[name], spool)
        put(self._partial, self.path)
        self.abort()

    def abort(self) -> None:
        """Drop all temporary files."""
        for spool in self._spools.values():
            spool.close()
        remove(self._partial)

    def _spool(self, name: str, values: NDArray) -> None:
        if name not in self._spools:
            self._spools[name] = tempfile.TemporaryFile(dir=self.path.parent)
        frames = self._shapes.get(name, (0,))[0] + len(values)
        self._shapes[name] = (frames, *values.shape[1:])
        self._spools[name].write(np.ascontiguousarray(values, "<f4").tobytes())


def _describe(performance: Performance) -> dict[str, Any]:
    tracks: dict[str, Any] = {
        "audio": {"rate": performance.audio.rate},
        "emotion": {"fps": performance.emotion.fps},
    }
    if performance.motion is not None:
        tracks["motion"] = {"fps": performance.motion.fps, "joints": list(performance.motion.skeleton.names)}
    if performance.face is not None:
        tracks["face"] = {"fps": performance.face.fps}
    return {
        "format": _FORMAT,
        "version": FORMAT_VERSION,
        "start": performance.start,
        "tracks": tracks,
        "language": performance.words.language,
        "source": performance.words.source,
        "speaker": {"name": performance.speaker.name, "traits": asdict(performance.speaker.traits)},
        "provenance": performance.provenance,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} {value!r}")


def _store(
    archive: zipfile.ZipFile,
    name: str,
    values: NDArray,
    shape: tuple[int, ...] | None = None,
    data: IO[bytes] | None = None,
) -> None:
    """One ``.npy`` member: ``values``, or ``shape`` of their type with the bytes in ``data``."""
    header = {"descr": values.dtype.str, "fortran_order": False, "shape": shape or values.shape}
    with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
        np.lib.format.write_array_header_1_0(member, header)  # type: ignore[arg-type]
        if data is None:
            member.write(np.ascontiguousarray(values).tobytes())
        else:
            shutil.copyfileobj(data, member, _BLOCK)


def _load(archive: zipfile.ZipFile, name: str, dtype: str = "<f4") -> NDArray:
    values = load_array(archive, name)
    if values.dtype.str != dtype or not values.flags.c_contiguous:
        raise FormatError(f"{name} is {values.dtype.str} {values.shape}, expected whole {dtype} rows")
    return values


def _read(archive: zipfile.ZipFile) -> Performance:
    if archive.getinfo("performance.json").file_size > bounds.TEXT_BYTES:
        raise FormatError(f"performance.json is larger than {bounds.TEXT_BYTES:,} bytes")
    text = archive.read("performance.json").decode("utf-8", "surrogatepass")
    about = bounds.parse_json(text, "performance.json", "it is damaged")
    if about["format"] != _FORMAT:
        raise FormatError(f"its format is {about['format']!r}, expected {_FORMAT!r}")
    if about["version"] > FORMAT_VERSION:
        raise FormatError(f"its version is {about['version']}, this program reads up to {FORMAT_VERSION}; update it")
    tracks = about["tracks"]

    def arrays(track: str) -> dict[str, NDArray]:
        return {field: _load(archive, f"{track}.{field}") for field in _TRACKS[track].ARRAYS}

    motion = face = None
    if "motion" in tracks:
        parents, offsets = _load(archive, "skeleton.parents", "<i8"), _load(archive, "skeleton.offsets", "<f8")
        skeleton = Skeleton(tuple(tracks["motion"]["joints"]), parents, offsets)
        motion = Motion(skeleton, **arrays("motion"), fps=tracks["motion"]["fps"])
    if "face" in tracks:
        face = FaceTrack(**arrays("face"), fps=tracks["face"]["fps"])
    return Performance(
        audio=AudioClip(**arrays("audio"), rate=tracks["audio"]["rate"]),
        words=WordTrack(
            tuple(Word(*w) for w in about["words"]),
            tuple(Phone(*p) for p in about["phones"]),
            about["language"],
            about["source"],
        ),
        emotion=EmotionTrack(**arrays("emotion"), fps=tracks["emotion"]["fps"]),
        speaker=Speaker(about["speaker"]["name"], Traits(**about["speaker"]["traits"])),
        motion=motion,
        face=face,
        provenance=about["provenance"],
        start=about["start"],
    )


def _checked(performance: Performance) -> Performance:
    """``performance`` if its numbers are finite, its rotations of unit length and its rates such as there are."""
    check_sound_rate("audio rate", performance.audio.rate)
    bounds.number(performance.start, "start", 0, bounds.LONGEST)
    for name, track in (("emotion", performance.emotion), ("motion", performance.motion), ("face", performance.face)):
        if track is None:
            continue
        for field in track.ARRAYS:
            check = check_unit if field in ("rotations", "head") else check_finite
            check(getattr(track, field), f"{name}.{field}")
    if performance.motion is not None:
        check_finite(performance.motion.skeleton.offsets, "skeleton.offsets")
    for name, value in vars(performance.speaker.traits).items():
        bounds.number(value, f"speaker {name}", -bounds.LARGEST, bounds.LARGEST)
    for item in (*performance.words.words, *performance.words.phones):
        bounds.number(item.start, "word start", -bounds.LONGEST, bounds.LONGEST)
        bounds.number(item.end, "word end", -bounds.LONGEST, bounds.LONGEST)
    return performance
