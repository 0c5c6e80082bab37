"""Speech that states its own phone times: flite's voices reading real sentences."""

from __future__ import annotations

import csv
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from gengine.core.noise import generator
from gengine.core.words import Phone
from gengine.data.speech import Utterance, bare
from gengine.errors import GengineError
from gengine.inputs.audio import load_audio

FLITE_VOICES: tuple[str, ...] = ("awb", "rms", "slt", "kal16")
"""flite's built-in voices at 16 kHz: a Scottish man, two US men and a US woman."""

FEWEST_WORDS, MOST_WORDS = 5, 16
"""Length of the sentences that are read: long enough for a melody, short enough for flite's phrasing. Judgement."""


def sentences(folder: Path, count: int, seed: int) -> list[str]:
    """Plain sentences of ``FEWEST_WORDS`` to ``MOST_WORDS`` words from the GoEmotions comments; one seed, one list."""
    rows: list[str] = []
    for path in sorted((folder / "goemotions").glob("*.tsv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows += [row[0] for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if row]
    plain = [r for r in rows if re.fullmatch(r"[A-Za-z',.!? ]+", r) and FEWEST_WORDS <= len(r.split()) <= MOST_WORDS]
    order = generator(seed, "sentences").permutation(len(plain))
    return [plain[i] for i in order[:count]]


def flite(text: str, voice: str, name: str) -> Utterance:
    """One sentence spoken by flite, with the phone ends it reports; ``GengineError`` where it cannot."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        try:
            done = subprocess.run(
                ["flite", "-voice", voice, "-psdur", "-t", text, "-o", str(path)],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
        except (OSError, subprocess.CalledProcessError):
            raise GengineError(
                f"synthetic speech: flite could not speak with voice '{voice}' (one of {', '.join(FLITE_VOICES)}); "
                "install flite (on Debian: apt install flite)"
            ) from None
        samples = load_audio(path).samples
    phones, clock = [], 0.0
    for item in done.stdout.split():
        symbol, end = item.rsplit(":", 1)
        phones.append(Phone(bare(symbol), clock, float(end)))
        clock = float(end)
    return Utterance(name, "flite", f"flite-{voice}", samples, tuple(phones))


def flite_corpus(folder: Path, count: int, seed: int) -> Iterator[Utterance]:
    """``count`` sentences, the voices in turn."""
    for i, text in enumerate(sentences(folder, count, seed)):
        yield flite(text, FLITE_VOICES[i % len(FLITE_VOICES)], f"flite-{i:05d}")
