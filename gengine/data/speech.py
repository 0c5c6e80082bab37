"""Spoken corpora with phone times: one reader per corpus, all to ``Utterance``.

Phones come from a corpus's own labels where it has them (LJ Speech TextGrids, EMO-DB), and otherwise from
forced alignment of the known text (``gengine.inputs.align``). Labels are an ARPAbet phone,
"sil", a sound of another language written as the set of ARPAbet phones whose lips it shares ("UW|UH"), or
"" where nothing is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gengine.core.audio import SAMPLE_RATE
from gengine.core.words import Phone
from gengine.data.recordings import read_table
from gengine.errors import FormatError
from gengine.inputs.align import align_phones
from gengine.inputs.audio import load_audio
from gengine.inputs.decoders import Spoken
from gengine.inputs.encoding import read_text_file
from gengine.inputs.phone_symbols import SILENCE, UNKNOWN, normalise
from gengine.inputs.textgrid import parse_textgrid

GERMAN: dict[str, str] = {
    "a": "AA|AH", "I": "IH", "i": "IY", "e": "EY|IY|IH", "E": "EH", "@": "AH", "6": "AH|AA|ER", "U": "UH", "u": "UW",
    "o": "OW|AO", "O": "AO", "Y": "UW|UH", "y": "UW", "2": "ER|UH|OW", "9": "ER|AO|UH", "aI": "AY", "aU": "AW",
    "AU": "AW", "OY": "OY", "a6": "AA|AH", "i6": "IY|IH", "I6": "IH|IY", "E6": "EH", "@6": "AH|ER", "@E": "AH|EH",
    "p": "P", "t": "T", "k": "K", "b": "B", "d": "D", "g": "G", "B": "B|V", "D": "D|DH", "G": "G", "m": "M", "n": "N",
    "N": "NG", "l": "L", "f": "F", "v": "V", "V": "V|W", "s": "S", "z": "Z", "S": "SH", "C": "SH|HH|Y|S", "x": "HH|K",
    "X": "HH|K|R", "R": "HH|R|G", "r": "R", "h": "HH", "H": "HH", "j": "Y", "L": "L", ".": "sil", "(": "sil",
    "(gef": "", "mm": "M", "nn": "N", "NN": "NG", "ss": "S", "vv": "V", "gas": "G",
}  # fmt: skip
"""EMO-DB's SAMPA → ARPAbet phones with the same lips (several where English has no single one)."""


Wanted = Callable[[str, str, str], bool]
"""Asks of a corpus, clip and speaker whether to read it: aligning what nobody wants takes minutes."""


def everything(corpus: str, name: str, speaker: str) -> bool:
    """Wants every clip."""
    return True


@dataclass(frozen=True, eq=False)
class Utterance:
    """``samples (N,)`` float32 at 16 kHz and the ``phones`` said in it (empty where unknown)."""

    name: str
    corpus: str
    speaker: str
    samples: NDArray[np.float32]
    phones: tuple[Phone, ...]


def bare(symbol: str) -> str:
    """An ARPAbet symbol without its stress digit; every mark of silence, and of sounds unnamed, becomes "sil"."""
    name = normalise(symbol)[0][0]
    return SILENCE if name == UNKNOWN else name


def textgrid_phones(path: Path, tier: str = "phones") -> tuple[Phone, ...]:
    """Phones of one tier of a Praat TextGrid, as ``bare`` symbols; ``GengineError`` where it is damaged or lacks it."""
    tiers = {t.name: t.intervals for t in parse_textgrid(read_text_file(path), path.name)}
    if tier not in tiers:
        raise FormatError(f"{path}: no tier named '{tier}' among {', '.join(tiers) or 'none'}")
    return tuple(Phone(bare(label), start, end) for start, end, label in tiers[tier])


def ljspeech(folder: Path) -> Iterator[Utterance]:
    """LJ Speech, 41 clips of one US woman, checked TextGrids."""
    for row in read_table(folder / "ljspeech" / "metadata.tsv"):
        name = row["id"]
        phones = textgrid_phones(folder / "ljspeech" / "textgrid" / f"{name}.TextGrid")
        yield Utterance(
            name, "ljspeech", "ljspeech", load_audio(folder / "ljspeech" / "flac" / f"{name}.flac").samples, phones
        )


def kathleen(folder: Path, wanted: Wanted = everything) -> Iterator[Utterance]:
    """Kathleen, 283 CMU ARCTIC prompts of one US woman."""
    for row in read_table(folder / "kathleen" / "metadata.tsv"):
        if not wanted("kathleen", row["id"], "kathleen"):
            continue
        samples = load_audio(folder / "kathleen" / "flac" / f"{row['id']}.flac").samples
        if phones := align_phones(samples, row["text"]):
            yield Utterance(row["id"], "kathleen", "kathleen", samples, phones)


def speechocean(folder: Path, wanted: Wanted = everything) -> Iterator[Utterance]:
    """Speechocean762, 128 adults with Mandarin as first language; pronunciations as its table gives them."""
    for row in read_table(folder / "speechocean" / "metadata.tsv"):
        speaker = f"speechocean-{row['speaker']}"
        if not wanted("speechocean", row["id"], speaker):
            continue
        words = [
            Spoken("", tuple(bare(p.split("_")[0]) for p in word.split()))
            for word in row["canonical_phones"].split("|")
        ]
        samples = load_audio(folder / "speechocean" / f"{row['id']}.flac").samples
        if phones := align_phones(samples, words):
            yield Utterance(row["id"], "speechocean", speaker, samples, phones)


def grid(folder: Path, wanted: Wanted = everything) -> Iterator[Utterance]:
    """GRID speaker 1, 600 command sentences of one British man (sound of the talking-head clips)."""
    for path in sorted((folder / "grid_s1").glob("*.align")):
        if not wanted("grid", path.stem, "grid-s1"):
            continue
        words = [line.split()[2] for line in path.read_text().splitlines() if line.strip()]
        samples = load_audio(path.with_suffix(".mkv")).samples
        if phones := align_phones(samples, " ".join(w for w in words if w not in ("sil", "sp"))):
            yield Utterance(path.stem, "grid", "grid-s1", samples, phones)


def emodb(folder: Path) -> Iterator[Utterance]:
    """EMO-DB, 535 German clips of ten actors in seven emotions, hand-labelled onsets."""
    for row in read_table(folder / "emodb" / "metadata.tsv"):
        name = row["id"]
        samples = load_audio(folder / "emodb" / "flac" / f"{name}.flac").samples
        phones = german_phones(folder / "emodb" / "phones" / f"{name}.tsv", len(samples) / SAMPLE_RATE)
        yield Utterance(name, "emodb", f"emodb-{row['speaker']}", samples, phones)


def german_phones(path: Path, duration: float) -> tuple[Phone, ...]:
    """EMO-DB's events as phones: closures (_t), bursts (!t) and aspirations (tasp) join their stop, changes of
    voice or tongue inside a phone (+lar, -sth) join the phone before."""
    phones: list[Phone] = []
    for row in read_table(path):
        start, end = float(row["start"]), float(row["end"])
        first = re.split(r"[+\-\s]", row["label"] or ".", maxsplit=1)[0]
        first = first.lstrip("_!").removesuffix("asp")
        if not phones and start > 0:
            phones.append(Phone("sil", 0.0, start))
        if not first or first in "?1234[":
            symbol = phones[-1].symbol if phones else ""
        else:
            symbol = GERMAN.get(first, "")
        if phones and phones[-1].symbol == symbol:
            phones[-1] = Phone(symbol, phones[-1].start, end)
        else:
            phones.append(Phone(symbol, start, end))
    if phones and phones[-1].end < duration:
        phones.append(Phone("sil", phones[-1].end, duration))
    return tuple(phones)


def beat(folder: Path) -> Iterator[Utterance]:
    """BEAT's speaker 2, three takes with phone times. To measure on only, never to train weights on."""
    for grid_path in sorted((folder / "beat").rglob("*.TextGrid")):
        samples = load_audio(grid_path.with_suffix(".flac")).samples
        yield Utterance(grid_path.stem, "beat", "beat-scott", samples, textgrid_phones(grid_path))


LIBRISPEECH_WORDS = "configs/train/librispeech.tsv"
"""What LibriSpeech's readers say, as Whisper base heard it (LibriSpeech: CC BY 4.0)."""


def librispeech(folder: Path, wanted: Wanted = everything) -> Iterator[Utterance]:
    """LibriSpeech, 104 clips of 94 readers, by the words in ``LIBRISPEECH_WORDS``; clips that these do not fit have no
    phones."""
    table = Path(__file__).resolve().parents[2] / LIBRISPEECH_WORDS
    texts = {row["id"]: row["text"] for row in read_table(table)}
    for row in read_table(folder / "librispeech" / "metadata.tsv"):
        speaker = f"librispeech-{row['speaker']}"
        if wanted("librispeech", row["id"], speaker):
            samples = load_audio(folder / "librispeech" / "flac" / f"{row['id']}.flac").samples
            yield Utterance(row["id"], "librispeech", speaker, samples, align_phones(samples, texts[row["id"]]) or ())


def unlabelled(folder: Path, corpus: str) -> Iterator[Utterance]:
    """Clips of a corpus without text."""
    for path in sorted((folder / corpus).rglob("*.flac")):
        yield Utterance(path.stem, corpus, f"{corpus}-{path.stem.split('-')[0]}", load_audio(path).samples, ())


def jfk(folder: Path) -> Iterator[Utterance]:
    """Eleven seconds of a 1961 address: a noisy hall, a voice in no other corpus."""
    path = folder / "speech" / "jfk.flac"
    samples = load_audio(path).samples
    if phones := align_phones(samples, path.with_suffix(".txt").read_text("utf-8")):
        yield Utterance("jfk", "jfk", "jfk", samples, phones)
