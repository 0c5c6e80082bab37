"""Do hands say what words say? Words that call for a gesture, over many seeds; and do two speakers differ?

    python benchmarks/gesture_words.py
    python benchmarks/gesture_words.py --seeds 40

Each sentence holds one word under test; its times are those of even speech (no sound model plays a part). Printed: the
share of seeds in which a fitting form is gestured within half a second of the word's accent, by style; the control is
the same count of those forms around a moment of the sentence that holds no such word. Then the forms that two
styles share at one seed over BEAT-like talk, of all that either makes.
"""

from __future__ import annotations

import argparse

import numpy as np

import gengine
from gengine.core.words import Phone, Word, WordTrack

SENTENCES = {
    "no": ("well I asked him and he said no that was never the plan", "cross_cut push_away wag"),
    "three": ("we waited for about three hours in the pouring rain outside", "count/three"),
    "you": ("and then of course I thought about you and what happened there", "to_you offer"),
    "big": ("they came home with a really big dog from the old farm", "big"),
    "stop": ("so the driver shouted stop and everybody looked at the road", "halt"),
    "tiny": ("inside the box there was a tiny silver key for the door", "pinch_small small"),
    "hello": ("hello and welcome back to the show my friends from all over", "wave open_arms"),
}
"""Word → sentence and the forms that fit it."""
TALK = (
    "no I never said that we all had to stop because the big house over there was yours and mine but maybe you think "
    "that everything went up when prices fell down and the tiny shop near here sold just one or two things now and "
    "then "
    "so first we looked at the past and second at the future and I really must say it was a huge and very good idea"
)
CONTROL = -2.0
"""Seconds from the accent at which the control counts."""
SPAN = 0.5
"""Seconds around the accent in which a fitting stroke counts."""


def track(sentence: str, start: float = 0.6, pace: float = 0.33) -> WordTrack:
    """Words one after the other, each a consonant and a stressed vowel."""
    words, phones = [], [Phone("sil", 0.0, start)]
    for k, text in enumerate(sentence.split()):
        a, b = start + pace * k, start + pace * (k + 1)
        words.append(Word(text, a, b))
        phones += [Phone("T", a, a + pace / 3), Phone("AA", a + pace / 3, b, 1)]
    return WordTrack(tuple(words), tuple(phones), "en", "given")


def voice(words: WordTrack, seed: int = 0) -> gengine.AudioClip:
    """A hum with the words' rhythm at 16 kHz."""
    end = words.words[-1].end + 1.5
    times = np.arange(round(end * 16000)) / 16000
    loud = np.zeros_like(times)
    for k, word in enumerate(words.words):
        middle = (word.start + word.end) / 2
        loud += (0.6 + 0.4 * ((k * 7 + seed) % 3 == 0)) * np.exp(-0.5 * ((times - middle) / 0.07) ** 2)
    sound = sum(np.sin(2 * np.pi * 120 * n * times) / n for n in range(1, 12))
    return gengine.AudioClip((0.1 * loud * sound).astype(np.float32), 16000)


def strokes(words: WordTrack, style: str, seed: int) -> list[tuple[float, float, float, str]]:
    """Strokes (start, end, score, form) that the planner made."""
    session = gengine.Session(words=words, speaker=style, seed=seed)
    found: dict[tuple[float, str], tuple[float, float, float, str]] = {}
    samples = voice(words).samples
    for i in range(0, len(samples), 16000):
        session.push(samples[i : i + 16000])
        found |= {(s[0], s[3]): s for s in session.state("body").planner.strokes}
    session.flush()
    found |= {(s[0], s[3]): s for s in session.state("body").planner.strokes}
    return sorted(found.values())


def near(made: list[tuple[float, float, float, str]], moment: float, forms: set[str]) -> bool:
    """Whether a stroke of one of ``forms`` (a form's name, variants aside) is under way near ``moment``."""
    names = {f.partition("/")[0] for f in forms}
    return any(n in names and a - SPAN < moment < b + SPAN for a, b, _, n in made)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    args = parser.parse_args()
    styles = ("storyteller", "conversational", "orator")
    print(f"{'word':10s}" + "".join(f"{s:>16s}" for s in styles) + f"{'control':>10s}")
    for word, (sentence, forms) in SENTENCES.items():
        words = track(sentence)
        said = next(w for w in words.words if w.text == word)
        row, chance = [], []
        for style in styles:
            made = [strokes(words, style, seed) for seed in range(args.seeds)]
            row.append(np.mean([near(m, said.start + 0.11, set(forms.split())) for m in made]))
            away = said.start + (CONTROL if said.start > 2.5 else -CONTROL)
            chance.append(np.mean([near(m, away, set(forms.split())) for m in made]))
        print(f"{word:10s}" + "".join(f"{share:16.2f}" for share in row) + f"{np.mean(chance):10.2f}")
    words, shared, rates = track(TALK), [], []
    for seed in range(args.seeds):
        sets = []
        for style in styles[1:]:
            made = [(s[3], round((s[0] + s[1]) / 2)) for s in strokes(words, style, seed) if s[3] != "beat"]
            rates.append(len(made))
            sets.append(made)
        both = sum(any(f == g and abs(t - u) <= 1 for g, u in sets[1]) for f, t in sets[0])
        shared.append(both / max(min(len(sets[0]), len(sets[1])), 1))
    print(
        f"forms that conversational and orator share at one seed: {np.mean(shared):.2f} of the fewer; "
        f"{np.mean(rates) / words.words[-1].end * 60:.0f} a minute"
    )


if __name__ == "__main__":
    main()
