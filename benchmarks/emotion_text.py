"""The reader of words on GoEmotions dev, and what it and the pool do with odd input: PASS or FAIL per line.

    python benchmarks/emotion_text.py            needs the reference data (GENGINE_DATA/goemotions)

First macro F1 over 28 labels and over Ekman's seven, of the shipped weights beside the commonest label, all labels and
the same chances given to other texts. Then: what words that are neutral, missing, in signs, too many, contradictory,
whispered, childlike or of another language make of a pool with a voice that is sure of something, and what a neutral,
silent, musical or noisy sound makes of sure words. What says nothing may move the pool by .01.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np
import real_clips

from gengine.core.audio import SAMPLE_RATE
from gengine.core.emotion import EMOTION_INDEX, EMOTIONS, EmotionTrack
from gengine.core.noise import generator
from gengine.core.words import Word
from gengine.emotion import parse_emotion
from gengine.emotion.text import CHECKPOINT, SaidEmotion, TextReader
from gengine.emotion.text_labels import ekman
from gengine.errors import TextError
from gengine.hearing import Hearing
from gengine.inputs.guess import guessed
from gengine.training.text_emotion import f1, grouped, read_tsv, thresholds

FPS = 10.0
LINEAR = "text-emotion-v1"
"""TF-IDF alone; the same as the shipped reader where no network stands beside it."""
MOVED = 0.01
"""What a modality that says nothing may change."""

NEUTRAL = (
    "The meeting is on Tuesday at nine o'clock.", "The train to Hamburg leaves from platform four.",
    "There are twelve chairs in the room.", "He put the box on the table and closed the door.",
    "Water boils at one hundred degrees.", "The report has forty pages.", "Please send it to the office by Friday.",
)  # fmt: skip
"""Sentences that say nothing of an emotion (written for this)."""

ODD = {
    "emoji only": "😀😀😀", "signs only": "?!... --- ***", "one letter": "a", "digits": "1 2 3 4 5 6 7 8 9 10",
    "German": "Das Fenster steht offen und der Zug fährt um neun.", "Mandarin": "窗户开着 火车九点开",
    "nonsense": "blorp wug dax fep toma gazzer", "10,000 neutral words": " ".join([*NEUTRAL] * 220),
}  # fmt: skip
"""What may move nothing (emoji act as tags, not as words)."""

TELLING = {
    "childlike": ("yay yay yay i love my doggy so much!!!", {"happiness", "tender"}),
    "contradictory": ("I love it and I hate it, it is wonderful and disgusting.", {"tender", "anger", "disgust"}),
    "whispered": ("(whispers) I am so scared, please don't leave me.", {"fear", "anxious"}),
    "angry": ("I hate you, you stupid liar!", {"anger"}), "sad": ("I am so sad, she died last night.", {"sadness"}),
}  # fmt: skip
"""What must tell something, and which of these at least."""


def voice(name: str, strength: float, seconds: float) -> EmotionTrack:
    weights = np.zeros((round(seconds * FPS), len(EMOTIONS)))
    weights[:, EMOTION_INDEX[name]] = strength
    return EmotionTrack(weights, np.zeros((len(weights), 3)), FPS)


def pooled(text: str, track: EmotionTrack) -> EmotionTrack:
    told = SaidEmotion()
    told.add(guessed(text).words)
    return told.over(track, 0.0, np.ones(len(track)))


def moved(text: str) -> float:
    """How far words move the pool of a sure and of an unsure voice, at most, in any emotion or dimension; 0 for a text
    that is refused since it holds no words."""
    worst = 0.0
    try:
        guessed(text)
    except TextError:
        return worst
    seconds = guessed(text).words[-1].end + 1
    for name, strength in (("anger", 0.8), ("sadness", 0.3), ("neutral", 0.0)):
        before = voice(name, strength, seconds)
        after = pooled(text, before)
        worst = max(
            worst, float(np.abs(after.weights - before.weights).max()), float(np.abs(after.vad - before.vad).max())
        )
    return worst


def sounds(seconds: float) -> dict[str, np.ndarray]:
    """Sound that says nothing of an emotion."""
    times = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    rng = generator(0, "sounds")
    chord = sum(np.sin(2 * np.pi * f * times) for f in (220, 277, 330, 440)) * (
        0.6 + 0.4 * np.sin(2 * np.pi * 2 * times)
    )
    return {
        "silence": np.zeros(len(times)), "noise": 0.1 * rng.standard_normal(len(times)),
        "hum": 0.2 * np.sin(2 * np.pi * 50 * times), "music": 0.1 * chord,
    }  # fmt: skip


def heard(samples: np.ndarray, text: str | None) -> EmotionTrack:
    """The pool that a run makes of sound and words."""
    words = guessed(text) if text else None
    hearing = Hearing(parse_emotion("auto"), words, hears=False)
    hearing.push(samples.astype(np.float32))
    hearing.flush()
    return hearing.whole(len(samples) / SAMPLE_RATE).emotion


def main() -> int:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    folder, reader, failed = real_clips.data_folder() / "goemotions", TextReader(), 0
    texts, truth = read_tsv(folder / "dev.tsv")
    began = time.process_time()
    chances = reader.chances(texts)
    speed = len(texts) / (time.process_time() - began)
    held, held_truth = read_tsv(folder / "train.tsv")
    order = np.random.default_rng(0).permutation(len(held))[: round(0.1 * len(held))]  # what its training held out
    kept = [held[k] for k in order]

    def told_by(reader: TextReader, chances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Labels and Ekman's seven that are told, by thresholds of the held-out texts."""
        seven = thresholds(grouped(held_truth[order], True), grouped(reader.chances(kept), False))
        return chances > reader.thresholds, grouped(chances, False) > seven

    mixed = chances[generator(0, "shuffled").permutation(len(chances))]
    neutral, linear = np.zeros_like(truth), TextReader(LINEAR)
    neutral[:, -1] = 1
    print(f"GoEmotions dev, {len(texts)} comments, {speed:.0f} a second of a core; macro F1 of 28, of Ekman's 7")
    told = {
        CHECKPOINT: told_by(reader, chances),
        LINEAR: told_by(linear, linear.chances(texts)),
        "chances of other texts": told_by(reader, mixed),
        "the commonest (neutral)": (neutral, grouped(neutral, True)),
        "everything": (np.ones_like(truth), np.ones((len(truth), len(ekman())))),
    }
    for name, (fine, coarse) in told.items():
        print(f"  {name:26}{f1(truth, fine).mean():.3f}  {f1(grouped(truth, True), coarse).mean():.3f}")

    def line(name: str, good: bool, text: str) -> None:
        nonlocal failed
        failed += not good
        print(f"  {name:42}{text:46}{'PASS' if good else 'FAIL'}")

    print(f"\nWords that say nothing move the pool by {MOVED} at most")
    for text in NEUTRAL:
        line(text[:40], moved(text) <= MOVED, f"{moved(text):.4f}")
    for name, text in ODD.items():
        line(name, moved(text) <= MOVED, f"{moved(text):.4f}")
    plain = [t for t, row in zip(texts, truth, strict=True) if row[-1] == 1 and row.sum() == 1][:400]
    shifts = np.array([moved(t) for t in plain if any(c.isalnum() for c in t)])
    share = float((shifts <= MOVED).mean())
    print(f"  {'dev comments that raters call neutral':42}{share:.2f} of {len(shifts)} move it by {MOVED} at most, "
          f"mean {shifts.mean():.3f}")  # fmt: skip
    print("\nWords that tell something")
    for name, (text, wanted) in TELLING.items():
        after = pooled(text, voice("neutral", 0, 4.0)).weights.max(axis=0)
        top = {EMOTIONS[k] for k in np.argsort(-after)[:3] if after[k] >= 0.1}
        line(name, bool(top & wanted), ", ".join(sorted(top)) or "nothing")
    print("\nSound that says nothing, beside sure words")
    text = "I hate you, you stupid liar! I hate all of it, you make me so angry."
    for name, samples in sounds(6.0).items():
        own, both = heard(samples, None), heard(samples, text)
        silent = heard(np.zeros(len(samples)), text)
        apart = max(float(np.abs(both.weights - silent.weights).max()), float(own.weights.max()))
        line(name, apart <= MOVED, f"{apart:.4f}")
    said = [Word("", 0.0, 0.0)]
    told_nothing = SaidEmotion()
    told_nothing.add(said)
    line("a word without letters", not told_nothing._told, "")
    print(f"\n{failed} FAIL" if failed else "\nall PASS")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
