"""Syllables from sound alone against the vowels of aligned speech, and accents against lexical stress.

python benchmarks/syllables.py            # needs the reference recordings (GENGINE_DATA)
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import soundfile
import soxr

from gengine.core.words import Phone
from gengine.encoders.prosody import ProsodyEncoder
from gengine.encoders.syllables import SyllableEncoder, is_vowel
from gengine.inputs.textgrid import parse_textgrid

DATA = Path(os.environ.get("GENGINE_DATA", Path(__file__).resolve().parents[2] / "shared/data"))
TOLERANCE = 0.08  # seconds between a nucleus's middle and the vowel it is matched to


def phones_of(path: Path) -> list[Phone]:
    """The phone tier of a TextGrid, silences included."""
    tier = next(t for t in parse_textgrid(path.read_text("utf-8"), path.name) if t.name == "phones")
    found = []
    for start, end, text in tier.intervals:
        bare = text.rstrip("012")
        found.append(Phone(bare or "sil", start, end, int(text[-1]) if bare != text else -1))
    return found


def clips(folder: Path):
    """(16 kHz samples, phones) of every clip below ``folder`` with a TextGrid."""
    sounds = {p.stem: p for p in folder.rglob("*.flac")}
    for grid in sorted(folder.rglob("*.TextGrid")):
        samples, rate = soundfile.read(sounds[grid.stem], dtype="float32")
        yield soxr.resample(samples, rate, 16_000).astype(np.float32), phones_of(grid)


def syllables(samples: np.ndarray, phones: tuple[Phone, ...] | None):
    """All syllables of one recording."""
    prosody, encoder = ProsodyEncoder(), SyllableEncoder()
    found = encoder.push(prosody.push(samples), phones)
    return found + encoder.push(prosody.flush()) + encoder.flush()


def activity(samples: np.ndarray, phones: list[Phone]) -> tuple[np.ndarray, np.ndarray]:
    """Voice activity and whether a phone is said, per frame, without pauses shorter than 0.2 s and their edges."""
    encoder = ProsodyEncoder()
    speech = np.concatenate([encoder.push(samples).speech, encoder.flush().speech]) > 0
    said, counted = np.zeros(len(speech), bool), np.zeros(len(speech), bool)
    for p in phones:
        if p.symbol == "spn":  # a word that the aligner did not know
            continue
        silent = p.symbol in ("sil", "sp")
        margin = 8 if silent else 0
        frames = slice(round(p.start * 100) + margin, max(round(p.end * 100) - margin, 0))
        if not silent or p.end - p.start >= 0.2:
            said[frames], counted[frames] = not silent, True
    return speech[counted], said[counted]


def match(found, vowels, tolerance=TOLERANCE):
    """Pairs (syllable, vowel), each used once, nearest first: a nucleus inside a vowel or close to it."""
    pairs = []
    for i, s in enumerate(found):
        middle = (s.onset + s.end) / 2
        for j, v in enumerate(vowels):
            gap = max(v.start - middle, middle - v.end, 0.0)
            if gap <= tolerance:
                pairs.append((gap, abs(middle - (v.start + v.end) / 2), i, j))
    used_s, used_v, matched = set(), set(), []
    for _, _, i, j in sorted(pairs):
        if i not in used_s and j not in used_v:
            used_s.add(i)
            used_v.add(j)
            matched.append((found[i], vowels[j]))
    return matched


def agreement(accents: np.ndarray, stressed: np.ndarray) -> float:
    """Area under the ROC curve: how often a stressed vowel is ranked above an unstressed one."""
    order = accents.argsort(kind="stable").argsort() + 1
    p, n = stressed.sum(), (~stressed).sum()
    return float((order[stressed].sum() - p * (p + 1) / 2) / (p * n))


def report(name: str, folder: Path) -> None:
    print(f"--- {name}")
    total = {"found": 0, "vowels": 0, "matched": 0, "seconds": 0.0}
    active, spoken = [], []
    onsets, blind, blind_stress, known, known_stress = [], [], [], [], []
    for samples, phones in clips(folder):
        vowels = [p for p in phones if is_vowel(p.symbol)]
        found = syllables(samples, None)
        speech, said = activity(samples, phones)
        active.append(speech)
        spoken.append(said)
        pairs = match(found, vowels)
        total["found"] += len(found)
        total["vowels"] += len(vowels)
        total["matched"] += len(pairs)
        total["seconds"] += len(samples) / 16_000
        onsets += [s.onset - v.start for s, v in pairs]
        blind += [s.prominence for s, v in pairs]
        blind_stress += [v.stress == 1 for s, v in pairs]
        unstressed = tuple(Phone(p.symbol, p.start, p.end) for p in phones)
        known += [s.prominence for s in syllables(samples, unstressed)]
        known_stress += [v.stress == 1 for v in vowels]
        total.setdefault("full", []).extend(s.prominence for s in syllables(samples, tuple(phones)))
    recall, precision = total["matched"] / total["vowels"], total["matched"] / total["found"]
    print(f"{total['vowels']} vowels in {total['seconds']:.0f} s of speech, matched within {TOLERANCE * 1e3:.0f} ms")
    f1 = 2 * recall * precision / (recall + precision)
    print(f"sound alone: recall {recall:.3f} precision {precision:.3f} F1 {f1:.3f}")
    heard, said = np.concatenate(active), np.concatenate(spoken)
    print(f"voice activity: {heard[said].mean():.3f} of spoken frames, {heard[~said].mean():.3f} of pauses over 0.2 s")
    offset = np.array(onsets) * 1e3
    print(f"vowel onset error ms: median {np.median(offset):+.0f}, median absolute {np.median(np.abs(offset)):.0f}")
    for name, prominence, stress in (
        ("sound alone", blind, blind_stress),
        ("phone times, stress hidden", known, known_stress),
        ("phone times and stress", total["full"], known_stress),
    ):
        p, s = np.array(prominence), np.array(stress)
        accent = p >= 0.5
        print(f"{name}: accents {accent.mean():.2f} of syllables; AUC against primary stress {agreement(p, s):.3f};")
        print(f"    stressed among accents {s[accent].mean():.2f} (base {s.mean():.2f})")


def main() -> None:
    report("LJ Speech (one reader; the thresholds were chosen on these clips)", DATA / "ljspeech")
    report("BEAT speaker 2 (spontaneous monologue; nothing was chosen here)", DATA / "beat")


if __name__ == "__main__":
    main()
