"""Speech to animate: the clips of known corpora, a folder or list of one's own, or voices made on the spot.

Short clips of one speaker and one emotion are strung together to takes of about the length of BEAT's sequences,
since a body that is always just beginning to speak teaches nothing about the middle of a talk.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gengine.core.bounds import TEXT_BYTES, border, bordered, read_bounded
from gengine.core.emotion import BEAT_EMOTIONS
from gengine.core.noise import generator
from gengine.core.placing import whole
from gengine.errors import FormatError, GengineError
from gengine.inputs.encoding import read_text_file

TAKE = 40.0
"""Seconds that a take reaches before the next one begins."""
LONGEST = 120.0
"""Seconds of one clip that are used."""
LONGEST_CLIP = 86_400.0
"""Seconds that a clip may have, a day (judgement)."""
SOUNDS = (".wav", ".flac", ".mp3", ".ogg", ".m4a")
TEXTS = (".TextGrid", ".srt", ".vtt", ".ass", ".sbv", ".txt")


@dataclass(frozen=True)
class SpeechClip:
    """One sound file; ``text`` is what is said, or a transcript file's path, or None where it is not known."""

    path: Path
    seconds: float
    text: str | Path | None = None


@dataclass(frozen=True)
class Recording:
    """Clips of one speaker, spoken one after the other; ``emotion`` is the voice's own where it is known."""

    name: str
    corpus: str
    speaker: str
    clips: tuple[SpeechClip, ...]
    language: str | None = "en"
    emotion: str | None = None

    @property
    def seconds(self) -> float:
        return sum(clip.seconds for clip in self.clips)


@bordered("give a folder, a list of files, or 'spoken'")
def recordings(source: str | Path, spoken_in: str | Path | None = None, seed: int = 0) -> list[Recording]:
    """Everything to animate in ``source``, always in the same order.

    ``source`` is a folder of known corpora (or one of them: ljspeech, kathleen, emodb, librispeech, speechocean,
    facegood), a folder of sound files with transcripts of the same name beside them, a text file with one
    ``path<TAB>words`` per line, or "spoken": sentences said by espeak-ng and flite, kept in ``spoken_in``.
    """
    if str(source) == "spoken":
        return spoken(Path(spoken_in or "speech"), seed=seed)
    path = Path(source)
    if os.path.isfile(path):
        return _takes(_listed(path))
    if not os.path.isdir(path):
        raise FormatError(f"--source {path}: does not exist; give a folder, a list of files, or 'spoken'")
    known = [name for name in CORPORA if (path / name).is_dir()]
    if known:
        return [take for name in known for take in _takes(CORPORA[name](path / name))]
    if path.name in CORPORA and ((path / "metadata.tsv").is_file() or path.name == "facegood"):
        return _takes(CORPORA[path.name](path))
    return _takes(_folder(path))


_Row = tuple[str, str, SpeechClip, str | None, str | None]
"""corpus, speaker, clip, language, emotion."""


def _seconds(path: Path) -> float:
    import soundfile

    try:
        return float(soundfile.info(path).duration)
    except (soundfile.LibsndfileError, OSError):
        raise FormatError(f"{path}: is missing or no sound file; give {', '.join(SOUNDS)}") from None


def _takes(rows: Iterator[_Row]) -> list[Recording]:
    groups: dict[tuple, list[list[SpeechClip]]] = {}
    for corpus, speaker, clip, language, emotion in rows:
        takes = groups.setdefault((corpus, speaker, language, emotion), [[]])
        if sum(c.seconds for c in takes[-1]) >= TAKE or (takes[-1] and clip.seconds >= TAKE):
            takes.append([])
        takes[-1].append(clip)
    return [
        Recording(f"{corpus}/{takes[0].path.stem}", corpus, speaker, tuple(takes), language, emotion)
        for (corpus, speaker, language, emotion), group in groups.items()
        for takes in group
        if takes
    ]


def read_table(path: Path) -> list[TableRow]:
    """Rows of a corpus's tab-separated table by the names in its first line; ``FormatError`` where it is missing."""
    hint = "it lists the clips of this corpus: point at a folder that holds it"
    data = read_bounded(path, TEXT_BYTES, hint)
    with border(path, hint):
        rows = csv.DictReader(io.StringIO(data.decode("utf-8"), newline=""), delimiter="\t", quoting=csv.QUOTE_NONE)
        return [TableRow(path, line, row) for line, row in enumerate(rows, 2)]


class TableRow(dict[str, str]):
    """A row of a table by its columns' names; one that is missing is a ``FormatError``."""

    def __init__(self, path: Path, line: int, row: dict[str, str]) -> None:
        super().__init__({k: v for k, v in row.items() if isinstance(k, str) and isinstance(v, str)})
        self.where = f"{path}: line {line}"

    def __missing__(self, name: str) -> str:
        raise FormatError(f"{self.where}: has no '{name}'; the table is damaged or of another corpus")

    @property
    def seconds(self) -> float:
        """Length of the clip."""
        try:
            length = float(self["seconds"])
        except ValueError:
            length = -1.0
        if not 0 <= length <= LONGEST_CLIP:
            raise FormatError(f"{self.where}: {self['seconds'][:20]!r} seconds, expected 0 to {LONGEST_CLIP:g}")
        return length


def _ljspeech(folder: Path) -> Iterator[_Row]:
    for row in read_table(folder / "metadata.tsv"):
        grid = folder / "textgrid" / f"{row['id']}.TextGrid"
        clip = SpeechClip(
            folder / "flac" / f"{row['id']}.flac", row.seconds, grid if os.path.isfile(grid) else row["text"]
        )
        yield "ljspeech", "ljspeech", clip, "en", None


def _kathleen(folder: Path) -> Iterator[_Row]:
    for row in read_table(folder / "metadata.tsv"):
        yield "kathleen", "kathleen", _clip(folder / "flac", row, row["text"]), "en", None


def _emodb(folder: Path) -> Iterator[_Row]:
    for row in read_table(folder / "metadata.tsv"):
        if row["extent"] != "full":  # the others were cut at two seconds
            continue
        emotion = row["emotion"] if row["emotion"] in BEAT_EMOTIONS else {"boredom": "bored"}.get(row["emotion"])
        yield "emodb", f"emodb-{row['speaker']}", _clip(folder / "flac", row, row["text"]), "de", emotion


def _librispeech(folder: Path) -> Iterator[_Row]:
    for row in read_table(folder / "metadata.tsv"):
        yield "librispeech", f"librispeech-{row['speaker']}", _clip(folder / "flac", row, None), None, None


def _speechocean(folder: Path) -> Iterator[_Row]:
    for row in read_table(folder / "metadata.tsv"):
        yield "speechocean", f"speechocean-{row['speaker']}", _clip(folder, row, row["text"].capitalize()), "en", None


def _facegood(folder: Path) -> Iterator[_Row]:
    for path in sorted(folder.glob("*.flac")):
        yield "facegood", "facegood", SpeechClip(path, min(_seconds(path), LONGEST)), "zh", None


def _clip(folder: Path, row: TableRow, text: str | None) -> SpeechClip:
    return SpeechClip(folder / f"{row['id']}.flac", row.seconds, text)


CORPORA: dict[str, Callable[[Path], Iterator[_Row]]] = {
    "ljspeech": _ljspeech, "kathleen": _kathleen, "emodb": _emodb, "librispeech": _librispeech,
    "speechocean": _speechocean, "facegood": _facegood,
}  # fmt: skip
"""Readers of known corpora by folder name."""
LICENCES: dict[str, str] = {
    "ljspeech": "public domain", "kathleen": "CC0 1.0", "emodb": "CC0 1.0", "librispeech": "CC BY 4.0",
    "speechocean": "free for commercial and non-commercial use", "facegood": "MIT", "spoken": "made by the project",
}  # fmt: skip


def _folder(folder: Path) -> Iterator[_Row]:
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SOUNDS and p.is_file())
    if not found:
        raise FormatError(f"--source {folder}: holds no sound file ({', '.join(SOUNDS)})")
    for path in found:
        text = next((path.with_suffix(s) for s in TEXTS if path.with_suffix(s).is_file()), None)
        yield folder.name, folder.name, SpeechClip(path, min(_seconds(path), LONGEST), text), None, None


def _listed(path: Path) -> Iterator[_Row]:
    for line, row in enumerate(read_text_file(path).splitlines(), 1):
        if not row.strip() or row.startswith("#"):
            continue
        name, _, text = row.partition("\t")
        sound = path.parent / name.strip()
        if not os.path.isfile(sound):
            raise FormatError(
                f"{path}: line {line}: '{name.strip():.200}' does not exist; paths count from the list's folder"
            )
        yield path.stem, path.stem, SpeechClip(sound, min(_seconds(sound), LONGEST), text.strip() or None), None, None


SENTENCES: tuple[str, ...] = (
    "I never thought the whole house could be this big, but everything in it was tiny.",
    "You and I could go up there tomorrow, or we could stay here and wait.",
    "First, we open the door. Second, we look inside. Third, we decide what to keep.",
    "No, that is not what I meant at all. Let me say it again, slowly and carefully.",
    "Maybe it will work, maybe it won't. Who knows what happens next?",
    "Everyone in the room turned around, and nobody said a word.",
    "On the one hand it is cheap; on the other hand, it breaks every single week.",
    "Come closer, look at this tiny crack, right here, between the two pieces.",
    "Hello everybody, welcome back! It is so good to see all of you again.",
    "Stop! Wait a moment, calm down, and tell me exactly where it hurts.",
    "A long time ago, far away, there was a very small town beside an enormous river.",
    "The prices went up and up, and then they came all the way down overnight.",
    "I think, well, I'm not sure, but we must try something completely different now.",
    "They put all the pieces together, mixed them, and the colours began to change.",
    "What do you want from me? I gave you everything I had, absolutely everything.",
    "It is perfect, truly wonderful work, and I am really proud of our team.",
)
"""Plain sentences with much to gesture, written for this project."""
_ESPEAK = ("en-us", "en-gb", "en-us+f2", "en-us+m3", "en-gb+f4", "en-029+m5")
_FLITE = ("slt", "awb", "rms", "kal16")


def spoken(folder: Path, seed: int = 0, takes: int = 2, most: int | None = None) -> list[Recording]:
    """``takes`` takes of each of the (at most ``most``) installed voices of espeak-ng and flite.

    The sounds are written to ``folder`` where they are not there yet.
    """
    voices = [("espeak-ng", v) for v in _ESPEAK] if shutil.which("espeak-ng") else []
    voices += [("flite", v) for v in _FLITE] if shutil.which("flite") else []
    if not voices:
        raise GengineError("--source spoken: neither espeak-ng nor flite is installed; install one, or give recordings")
    folder.mkdir(parents=True, exist_ok=True)
    out = []
    for program, voice in voices[:most]:
        for k in range(takes):
            rng = generator(seed, "spoken", voice, k)
            said = [SENTENCES[i] for i in rng.permutation(len(SENTENCES))[:8]]
            speed = int(rng.integers(140, 185))
            clips = []
            for i, text in enumerate(said):
                path = folder / f"{program}_{voice.replace('+', '-')}_{seed}_{k}_{i}.wav"
                if not os.path.isfile(path):
                    _say(program, voice, speed, text, path)
                clips.append(SpeechClip(path, _seconds(path), text))
            name = f"spoken/{program}-{voice}-{k}"
            out.append(Recording(name, "spoken", f"{program}-{voice}", tuple(clips)))
    return out


def _say(program: str, voice: str, speed: int, text: str, path: Path) -> None:
    with whole(path, ".wav") as made:
        if program == "flite":
            command = ["flite", "-voice", voice, "-t", text, "-o", str(made)]
        else:
            command = ["espeak-ng", "-v", voice, "-s", str(speed), "-w", str(made), text]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not made.is_file():
            raise GengineError(f"{program} could not speak with voice '{voice}': {done.stderr.strip()[:100]}")
