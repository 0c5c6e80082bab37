"""How exactly words and sounds are timed: forced alignment against reference labels and against the sound itself.

    python benchmarks/alignment.py            # LJ Speech and BEAT (MFA labels), EMO-DB (hand labels)
    python benchmarks/alignment.py robustness # which recordings and words are given up, and whose wrong text is taken

Offsets are ours minus the reference, milliseconds; |.| is absolute. "Landmarks" are the half-way points at
which the energy above 4 kHz rises and falls around an S or SH between two vowels: they tell whether a set of
labels as a whole is early or late, which a comparison of two label sets cannot.
"""

from __future__ import annotations

import argparse
import csv
import difflib
import os
import re
import statistics
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.signal import butter, sosfiltfilt

from gengine.core.audio import SAMPLE_RATE, AudioClip
from gengine.core.words import Phone
from gengine.errors import TextError
from gengine.inputs.align import align
from gengine.inputs.audio import load_audio
from gengine.inputs.phone_symbols import SILENCE, UNKNOWN, VOWELS, normalise
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
        if track is None:
            continue
        for word in track.words:
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


# ---- robustness: right texts that are given up, wrong ones that are not


@dataclass(frozen=True)
class Case:
    """A recording, its true text, and, where known, when its words start (s)."""

    clip: AudioClip
    text: str
    starts: tuple[float, ...] = ()


def listed(folder: Path, sounds: str = "flac") -> list[Case]:
    with (folder / "metadata.tsv").open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file, delimiter="\t") if r.get("extent", "full") == "full"]
    return [Case(load_audio(folder / sounds / f"{r['id']}.flac"), r["text"]) for r in rows]


def joined(cases: list[Case], size: int, pause: float = 0.8) -> list[Case]:
    """Long recordings of ``size`` clips with pauses; true starts are those found in each clip alone."""
    result = []
    for first in range(0, len(cases) - size + 1, size):
        parts: list[np.ndarray] = []
        starts: list[float] = []
        at = 0.0
        for case in cases[first : first + size]:
            track, _ = align(case.clip, read_text(case.text, "en"))
            starts += [at + w.start for w in track.words]
            parts += [case.clip.samples, np.zeros(int(pause * (1 + len(parts) % 4 / 2) * SAMPLE_RATE), np.float32)]
            at = sum(map(len, parts)) / SAMPLE_RATE
        text = " ".join(c.text for c in cases[first : first + size])
        result.append(Case(AudioClip(np.concatenate(parts)), text, tuple(starts)))
    return result


def noisy(cases: list[Case], decibels: float) -> list[Case]:
    """White noise so far below the loud parts of the voice."""
    result = []
    for index, case in enumerate(cases):
        sound = case.clip.samples
        level = np.sqrt(np.mean(sound[np.abs(sound) > 0.01] ** 2)) * 10 ** (-decibels / 20)
        noise = level * np.random.default_rng(index).standard_normal(len(sound))
        result.append(Case(AudioClip((sound + noise).astype(np.float32)), case.text, case.starts))
    return result


def given_up(clip: AudioClip, text: str, language: str) -> tuple[int, int, bool, list[float]]:
    """Words, words not found, whether anything was noted, where they start; a refused text is not found as a whole."""
    try:
        track, report = align(clip, read_text(text, language))
    except TextError:
        return len(text.split()), len(text.split()), True, []
    lost = 0
    notes = report.warnings
    for note in notes:
        if some := re.match(r"(\d+) of \d+ words of the text could not be found", note):
            lost = int(some[1])
        elif "could not be found" in note or "estimated" in note:
            lost = len(track.words)
    return len(track.words), lost, bool(notes), [w.start for w in track.words]


def robustness(name: str, cases: list[Case], language: str = "en") -> None:
    """One row: with the right text, then with that of the recording half the set away (where it differs)."""
    began, count, off, timed, line = time.process_time(), len(cases), 0, 0, f"{name:<26}{len(cases):>5}"
    right = []
    for case in cases:
        words, lost, _, starts = given_up(case.clip, case.text, language)
        right.append((words, lost))
        if len(starts) == len(case.starts):
            timed += words
            off += sum(abs(a - b) > 0.2 for a, b in zip(starts, case.starts, strict=True))
    seconds = sum(c.clip.duration for c in cases)
    speed = seconds / (time.process_time() - began)
    others = [cases[(k + (count + 1) // 2) % count].text if count > 1 else _OTHER for k in range(count)]
    judged = [given_up(c.clip, t, language)[:3] for c, t in zip(cases, others, strict=True) if t != c.text]
    wrong = [(words, lost) for words, lost, _ in judged]
    some = 100 * sum(lost > 0 for _, lost in right) / count
    taken = 100 * sum(2 * lost < words for words, lost in wrong) / len(wrong)
    quiet = 100 * sum(not noted for *_, noted in judged) / len(judged)
    line += f"{seconds:>6.0f}{some:>9.1f}{_percent(right):>8.1f}" + (f"{100 * off / timed:>9.1f}" if timed else " " * 9)
    print(line + f"{speed:>7.0f}{len(wrong):>8}{quiet:>9.1f}{taken:>9.1f}{100 - _percent(wrong):>8.1f}", flush=True)


def _percent(pairs: list[tuple[int, int]]) -> float:
    return 100 * sum(lost for _, lost in pairs) / sum(words for words, _ in pairs)


_OTHER = "Printing, in the only sense with which we are at present concerned, differs from most of the arts"


def measure_robustness(data: Path) -> None:
    print("robustness, %: recordings with words given up, words given up, words more than 0.2 s off (against labels")
    print("or each clip alone); with another recording's text: taken without a note, mostly taken, words taken\n")
    print(f"{'':<26}{'n':>5}{'s':>6}{'rec. up':>9}{'words':>8}{'off':>9}{'speed':>7}", end="")
    print(f"{'wrong n':>8}{'no note':>9}{'most':>9}{'words':>8}")
    # The decoder's settings and the rule of belief were chosen on other clips of kathleen, speechocean and EMO-DB.
    speech = data / "speech"
    robustness("President Kennedy, 1961", [Case(load_audio(speech / "jfk.flac"), (speech / "jfk.txt").read_text())])
    reader, accents, lj = listed(data / "kathleen"), listed(data / "speechocean", "")[1::2], listed(data / "ljspeech")
    robustness("kathleen, every second", reader[101::2])
    long = joined(reader[120:200], 8)
    robustness("kathleen, eight joined", long)
    for decibels in (20, 10, 5):
        robustness(f"the same, noise at {decibels} dB", noisy(long[:6], decibels))
    robustness("speechocean, every second", accents)
    robustness("speechocean, eight joined", joined(accents, 8))
    robustness("LJ Speech", lj)
    talk = []
    for path in sorted((data / "beat").rglob("*.TextGrid")):
        track = read_text(path, "en").track
        words = track.words if track else ()
        text = " ".join(w.text for w in words)
        talk.append(Case(load_audio(path.with_suffix(".flac")), text, tuple(w.start for w in words)))
    robustness("BEAT", talk)
    robustness("EMO-DB, every sixth", listed(data / "emodb")[1::6], "de")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="?", choices=("all", "borders", "robustness"), default="all")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("GENGINE_DATA", DEFAULT_DATA)))
    arguments = parser.parse_args()
    data = arguments.data
    if not data.is_dir():
        sys.exit(f"alignment: no reference recordings at {data}; set GENGINE_DATA or --data")
    if arguments.part != "borders":
        measure_robustness(data)
    if arguments.part == "robustness":
        return
    measure("LJ Speech (English)", lj_speech(data / "ljspeech"))
    measure("BEAT (free speech, one minute each)", beat(data / "beat"))
    measure("EMO-DB neutral (German)", emo_db(data / "emodb"))
    measure_stress([*sorted((data / "ljspeech" / "textgrid").glob("*")), *sorted((data / "beat").rglob("*.TextGrid"))])


if __name__ == "__main__":
    main()
