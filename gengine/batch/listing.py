"""Which recordings are meant: files, patterns, folders and manifests become one list of runs with names."""

from __future__ import annotations

import glob
import os
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from gengine.batch.entry import Entry
from gengine.batch.manifest_csv import rows
from gengine.batch.run_options import MANIFESTS, RunOptions, is_pattern
from gengine.errors import GengineError, TextError

RECORDINGS = frozenset(
    ".3gp .aac .ac3 .aif .aifc .aiff .amr .ape .au .avi .caf .flac .flv .m4a .m4b .m4v .mka .mkv .mov .mp2 .mp3 .mp4 "
    ".mpeg .mpg .mts .oga .ogg .ogv .opus .rf64 .snd .spx .ts .w64 .wav .wave .weba .webm .wma .wmv .wv".split()
)
"""Endings by which a folder's recordings are told from its other files."""

NO_WORDS = "none"


@dataclass
class Listing:
    """The runs of a batch in order, and notes on how they were chosen and named."""

    entries: list[Entry] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def listed(sources: Iterable[Path], common: RunOptions, out: Path) -> Listing:
    """Every recording of ``sources`` with the options of ``common``, over which a manifest's cells win.

    A folder gives the recordings in it and below, each named by its path there; hidden files, ``out`` and folders of
    finished runs are passed over. ``common.text`` is "none", or a folder whose transcripts have the recordings' names.
    Raises ``GengineError`` where nothing is found, and for a manifest that cannot be read or has an unknown column.
    """
    texts, common = _transcripts(common)
    listing = Listing()
    for source in _spread(sources):
        if source.suffix.lower() in MANIFESTS and not os.path.isdir(source):
            entries = list(rows(source, common))
        elif os.path.isdir(source):
            entries = list(_folder(source, common, out, listing.notes, texts is None))
        else:
            entries = [Entry(source.stem, replace(common, sound=source))]
        if texts is not None:
            entries = [_with_text(entry, source, texts, listing.notes) for entry in entries]
        listing.entries += entries
    if not listing.entries:
        raise GengineError("there is no recording to animate; give sound or video files, a folder or a manifest (.csv)")
    if texts is not None:
        _tell_texts(listing, texts)
    _name_apart(listing)
    return listing


def default_out(sources: Iterable[Path]) -> Path:
    """The batch's folder where none is told: runs/<name of the folder or manifest>, else runs/batch."""
    sources = list(sources)
    if len(sources) == 1 and not is_pattern(sources[0]):
        name = sources[0].resolve().name if os.path.isdir(sources[0]) else sources[0].stem
        return Path("runs") / (name or "batch")
    return Path("runs") / "batch"


def _spread(sources: Iterable[Path]) -> Iterator[Path]:
    """The sources, patterns that no shell has spread included."""
    for source in sources:
        if not is_pattern(source):
            yield source
            continue
        found = sorted(glob.glob(str(source), recursive=True))
        if not found:
            raise GengineError(f"'{source}' matches no file; give sound or video files, a folder or a manifest (.csv)")
        yield from map(Path, found)


def _folder(folder: Path, common: RunOptions, out: Path, notes: list[str], textless: bool) -> Iterator[Entry]:
    from gengine.inputs.text import SUFFIXES
    from gengine.runs import MANIFEST, is_run

    others, transcripts = [], []
    for place, folders, files in os.walk(folder):
        here = Path(place)
        if here != folder and (here.resolve() == out.resolve() or (MANIFEST in files and is_run(here))):
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        sounds = [f for f in sorted(files) if f[0] != "." and Path(f).suffix.lower() in RECORDINGS]
        stems = {Path(f).stem for f in sounds}
        for name in sorted(set(files) - set(sounds)):
            if name[0] != ".":
                beside = Path(name).suffix.lower() in SUFFIXES and Path(name).stem in stems
                (transcripts if beside else others).append(name)
        for name in sounds:
            path = here / name
            yield Entry(path.relative_to(folder).with_suffix("").as_posix(), replace(common, sound=path))
    if others:
        notes.append(f"{folder}: {_some(others)} left out: no recording by the ending")
    if transcripts and textless and common.text is None:
        notes.append(f"{folder}: {_some(transcripts)} beside the recordings are not used; --text {folder} uses them")


def _some(names: list[str]) -> str:
    """ "3 files (a, b, …)"."""
    return f"{len(names)} file{'s' * (len(names) > 1)} ({', '.join(names[:3])}{', …' * (len(names) > 3)})"


def _transcripts(common: RunOptions) -> tuple[Path | None, RunOptions]:
    """The folder of transcripts, where ``--text`` is one, and the options without it."""
    if common.text is None or common.text.strip().lower() == NO_WORDS:
        return None, common
    folder = Path(common.text) if len(common.text) < 1024 else None
    if folder is None or not os.path.isdir(folder):
        raise TextError(
            f"--text '{common.text:.60}': for several recordings give none, a folder whose transcripts have the "
            "recordings' names, or a manifest (.csv) with a column text"
        )
    return folder, replace(common, text=None)


def _with_text(entry: Entry, source: Path, texts: Path, notes: list[str]) -> Entry:
    """An entry with the transcript of its name in the folder of them, unless it has one."""
    from gengine.inputs.text import SUFFIXES

    if entry.options.text is not None or entry.error is not None:
        return entry
    sound = entry.options.sound
    places = [texts / sound.parent.relative_to(source)] if os.path.isdir(source) else []
    for place in [*places, texts]:
        files = {p.name.lower(): p for p in sorted(place.iterdir())} if os.path.isdir(place) else {}
        stem = sound.stem.lower()
        # words with times before texts without
        found = [files[stem + end] for end in reversed(SUFFIXES) if stem + end in files]
        if found:
            found.sort(key=lambda p: p.suffix.lower() in (".txt", ".ssml", ".xml"))
            if len(found) > 1:
                notes.append(f"{sound.name}: of {', '.join(p.name for p in found)} the first is its transcript")
            return replace(entry, options=replace(entry.options, text=str(found[0])))
    return entry


def _tell_texts(listing: Listing, texts: Path) -> None:
    """Notes on recordings without a transcript and on transcripts without a recording."""
    from gengine.inputs.text import SUFFIXES

    without = [e.options.sound.name for e in listing.entries if e.options.text is None and e.error is None]
    if without:
        listing.notes.append(f"{_some(without)} without a transcript in {texts}; their words are heard")
    used = {entry.options.text for entry in listing.entries}
    stems = {entry.options.sound.stem.lower() for entry in listing.entries}
    there = sorted(p for p in texts.rglob("*") if p.suffix.lower() in SUFFIXES and p.name[0] != ".")
    unused = [p.name for p in there if str(p) not in used and p.stem.lower() not in stems]
    if unused:
        listing.notes.append(f"{texts}: {_some(unused)} not used; no recording has the name")


def _name_apart(listing: Listing) -> None:
    """Give entries of the same name a number, and say so; names are folders, so that case does not tell them apart."""
    seen: dict[str, str] = {}
    for number, entry in enumerate(listing.entries):
        wished = "/".join(_folder_name(part) for part in PurePosixPath(entry.name).parts) or "run"
        name, count = wished, 1
        while (same := unicodedata.normalize("NFC", name).casefold()) in seen:
            count += 1
            name = f"{wished}-{count}"
        if count > 1:
            first = seen[unicodedata.normalize("NFC", wished).casefold()]
            listing.notes.append(f"{entry.options.sound}: its folder is {name}, since {first} is {wished}")
        seen[same] = str(entry.options.sound)
        listing.entries[number] = replace(entry, name=name)


def _folder_name(part: str) -> str:
    """A part of a path that is a folder's name on every system and not hidden."""
    return "".join("_" if c in '<>:"|?*\\/' or ord(c) < 32 else c for c in part).strip(" .") or "run"
