"""How exactly words and sounds are timed: forced alignment against reference labels and against the sound itself.

    python benchmarks/alignment.py            # LJ Speech and BEAT (MFA labels), EMO-DB (hand labels)

Offsets are ours minus the reference, milliseconds; |.| is absolute. "Landmarks" are the half-way points at
which the energy above 4 kHz rises and falls around an S or SH between two vowels: they tell whether a set of
labels as a whole is early or late, which a comparison of two label sets cannot.
"""

from __future__ import annotations

import argparse
import csv
import difflib
import os
import statistics
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.signal import butter, sosfiltfilt

from gengine.core.audio import SAMPLE_RATE, AudioClip
from gengine.core.words import Phone
from gengine.inputs.align import align
from gengine.inputs.audio import load_audio
from gengine.inputs.phones import SILENCE, UNKNOWN, VOWELS, normalise
from gengine.inputs.stress import stresses
from gengine.inputs.text import read_text

DEFAULT_DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"
Pair = tuple[Phone, Phone]


def lj_speech(folder: Path) -> Iterable[tuple[AudioClip, str, str, list[Phone]]]:
    """Clips with text and MFA's phones; clips with words that MFA did not know are left out."""
    with (folder / "metadata.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            track = read_text(folder / "textgrid" / f"{row['id']}.TextGrid", "en").track
            if track and not any(p.symbol == UNKNOWN for p in track.phones):
                yield load_audio(folder / "flac" / f"{row['id']}.flac"), row["text"], "en", list(track.phones)


def emo_db(folder: Path) -> Iterable[tuple[AudioClip, str, str, list[Phone]]]:
    """Neutral, full-length German clips with hand-set phones; a stop is one phone from closure to release."""
    with (folder / "metadata.tsv").open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file, delimiter="\t") if r["emotion"] == "neutral" and r["extent"] == "full"]
    for row in rows[:60]:
        phones: list[Phone] = []
        name = Path(row["file"]).stem if "file" in row else row["id"]
        for line in (folder / "phones" / f"{name}.tsv").read_text(encoding="utf-8").splitlines()[1:]:
            start, end, label = line.split("\t")
            base = label.split()[0].strip("_") if label.split() else ""
            if phones and (base.startswith("!") or base.endswith("asp")):
                phones[-1] = Phone(phones[-1].symbol, phones[-1].start, float(end))
            else:
                symbol = SILENCE if base in (".", "") else normalise(base, "sampa")[0][0]
                phones.append(Phone(symbol, float(start), float(end)))
        yield load_audio(folder / "flac" / f"{name}.flac"), row["text"], "de", phones


def beat(folder: Path) -> Iterable[tuple[AudioClip, str, str, list[Phone]]]:
    """Three minutes of one man talking freely, with MFA's labels; the text is that of the labels."""
    for path in sorted(folder.rglob("*.TextGrid")):
        track = read_text(path, "en").track
        if track:
            yield load_audio(path.with_suffix(".flac")), " ".join(w.text for w in track.words), "en", list(track.phones)


def matched(ours: list[Phone], reference: list[Phone]) -> list[Pair]:
    """Phones of equal symbol in the best common order."""
    a, b = ([p for p in side if p.symbol != SILENCE] for side in (ours, reference))
    blocks = difflib.SequenceMatcher(None, [p.symbol for p in a], [p.symbol for p in b], autojunk=False)
    pairs = [(a[m.a + k], b[m.b + k]) for m in blocks.get_matching_blocks() for k in range(m.size)]
    return [(p, q) for p, q in pairs if abs(p.start - q.start) < 0.5]


def landmarks(clip: AudioClip, phones: list[Phone]) -> list[tuple[float, float]]:
    """(onset, offset) error of every long S or SH between vowels: label minus energy landmark, seconds."""
    high = sosfiltfilt(butter(4, 4000, "high", fs=SAMPLE_RATE, output="sos"), clip.samples)
    level = 10 * np.log10(uniform_filter1d(high**2, 80) + 1e-10)
    errors = []
    for before, phone, after in zip(phones, phones[1:], phones[2:], strict=False):
        around = all(p.symbol in VOWELS for p in (before, after))
        if phone.symbol not in ("S", "SH") or not around or phone.end - phone.start < 0.06:
            continue
        middle = int((phone.start + phone.end) / 2 * SAMPLE_RATE)
        first = max(0, int((phone.start - 0.06) * SAMPLE_RATE))
        last = min(len(level), int((phone.end + 0.06) * SAMPLE_RATE))
        top = np.median(level[middle - 300 : middle + 300])
        rise = np.flatnonzero(level[first:middle] < (level[first:middle].min() + top) / 2)
        fall = np.flatnonzero(level[middle:last] < (level[middle:last].min() + top) / 2)
        if len(rise) and len(fall):
            onset, offset = (first + rise[-1]) / SAMPLE_RATE, (middle + fall[0]) / SAMPLE_RATE
            errors.append((phone.start - onset, phone.end - offset))
    return errors


def row(name: str, pairs: list[Pair]) -> str:
    start = np.array([p.start - q.start for p, q in pairs]) * 1000
    end = np.array([p.end - q.end for p, q in pairs]) * 1000
    values = [f(x) for x in (start, end) for f in (np.mean, lambda v: np.median(np.abs(v)), _p90)]
    # What is left when the two label sets' common offset is taken out.
    offset = float(np.median(np.concatenate([start, end])))
    rest = [np.median(np.abs(x - offset)) for x in (start, end)]
    return f"{name:<22}{len(pairs):>6}" + "".join(f"{v:>8.1f}" for v in (*values, *rest))


def _p90(values: np.ndarray) -> float:
    return float(np.percentile(np.abs(values), 90))


def measure(name: str, clips: Iterable[tuple[AudioClip, str, str, list[Phone]]]) -> None:
    pairs: list[Pair] = []
    total = seconds = took = 0.0
    ours_marks: list[tuple[float, float]] = []
    reference_marks: list[tuple[float, float]] = []
    sources: dict[str, int] = {}
    for clip, text, language, reference in clips:
        began = time.process_time()
        track, _ = align(clip, read_text(text, language))
        took += time.process_time() - began
        seconds += clip.duration
        sources[track.source] = sources.get(track.source, 0) + 1
        total += sum(p.symbol != SILENCE for p in reference)
        pairs += matched(list(track.phones), reference)
        ours_marks += landmarks(clip, list(track.phones))
        reference_marks += landmarks(clip, reference)
    print(f"\n{name}: {sources}, {seconds:.0f} s, {seconds / took:.0f} x real time (CPU time, one core)")
    print(f"{'':<22}{'':>6}{'---- start ----':>24}{'----- end -----':>24}{'less offset':>16}")
    head = ("n", "mean", "med|.|", "p90|.|", "mean", "med|.|", "p90|.|", "start", "end")
    print(f"{'sounds':<22}" + "".join(f"{h:>{6 if i == 0 else 8}}" for i, h in enumerate(head)))
    groups = {"all": None, "P B M": set("PBM"), "F V": set("FV"), "vowels": VOWELS, "S Z SH": {"S", "Z", "SH"}}
    for label, symbols in groups.items():
        chosen = [p for p in pairs if symbols is None or p[1].symbol in symbols]
        if chosen:
            print(row(label, chosen))
    print(f"same sound in the same place: {100 * len(pairs) / total:.1f} % of the reference's")
    for label, marks in (("ours", ours_marks), ("reference", reference_marks)):
        if marks:
            on, off = (1000 * statistics.median(m[i] for m in marks) for i in (0, 1))
            print(f"landmarks, {label}: S onset {on:+.1f} ms, offset {off:+.1f} ms (median of {len(marks)})")


def measure_stress(files: Iterable[Path]) -> None:
    """Words of several syllables whose stressed vowel the rule of thumb finds, and the first vowel would be."""
    right = first = count = 0
    for path in files:
        track = read_text(path, "en").track
        for word in track.words if track else ():
            inside = [p for p in track.phones if word.start - 1e-3 <= p.start and p.end <= word.end + 1e-3]
            inside = [p for p in inside if p.symbol not in (SILENCE, UNKNOWN)]
            marks = [p.stress for p in inside if p.symbol in VOWELS]
            if len(marks) > 1 and 1 in marks:
                guess = stresses(word.text.lower(), [p.symbol for p in inside])
                guess = [g for g, p in zip(guess, inside, strict=True) if p.symbol in VOWELS]
                count += 1
                right += guess.index(1) == marks.index(1) if 1 in guess else 0
                first += marks[0] == 1
    print(f"\nstress: right for {100 * right / count:.0f} % of {count} words; first vowel {100 * first / count:.0f} %")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("GENGINE_DATA", DEFAULT_DATA)))
    data = parser.parse_args().data
    if not data.is_dir():
        sys.exit(f"alignment: no reference recordings at {data}; set GENGINE_DATA or --data")
    measure("LJ Speech (English)", lj_speech(data / "ljspeech"))
    measure("BEAT (free speech, one minute each)", beat(data / "beat"))
    measure("EMO-DB neutral (German)", emo_db(data / "emodb"))
    measure_stress([*sorted((data / "ljspeech" / "textgrid").glob("*")), *sorted((data / "beat").rglob("*.TextGrid"))])


if __name__ == "__main__":
    main()
