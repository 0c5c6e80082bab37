"""The phone recogniser on voices and clips it never learned from, beside two controls.

python benchmarks/phones.py                      # the bundled weights
python benchmarks/phones.py --control            # PocketSphinx's phone loop, and the commonest lip class
python benchmarks/phones.py --checkpoint runs/phones --gain -30
python benchmarks/phones.py --degraded           # the same clips made worse, and what is heard in no speech at all
python benchmarks/phones.py --degraded "room, RT60 .6 s" clean                   # some of these conditions
python benchmarks/phones.py --soon               # by the small network, settled 0.19 s after the sound
Needs the reference recordings (GENGINE_DATA).

phones-v1 learned from LibriSpeech's held-out readers too, phones-v2 did not.
"class" is the share of frames with the right lip class of 13, "in speech" leaves silence out; a closure (P, B,
M) counts as found when its centre is heard within 40 ms; "edge" is the median error of a found closure's ends
and "border" of any phone's start. The jaw is correlated with human-made jawOpen curves of Mandarin speech.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from degraded_speech import conditions, silent

from gengine.core.audio import SAMPLE_RATE
from gengine.core.words import Phone
from gengine.data.speech import Utterance, bare
from gengine.encoders.phones import CLASSES, RATE, SOON, hear
from gengine.metrics.phone_accuracy import PhoneScores
from gengine.training.phone_examples import facegood_jaw, held_out, jaw_of_phones, utterances
from gengine.training.phone_task import data_folder

CORPORA = ("ljspeech", "kathleen", "grid", "speechocean", "emodb", "jfk", "librispeech", "beat")
CHOSEN_BY = "librispeech"  # its held-out readers choose settings, and older weights learned from them: in no sum
HEARD = {"ljspeech", "kathleen", "grid"}  # corpora of one voice, of which other clips were learned


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", default=None)
    parser.add_argument("--gain", type=float, default=0.0, help="dB")
    parser.add_argument("--control", action="store_true")
    parser.add_argument("--degraded", nargs="*", metavar="CONDITION")
    parser.add_argument("--soon", action="store_true")
    args = parser.parse_args()
    folder, gain = data_folder(), np.float32(10 ** (args.gain / 20))
    how = (SOON if args.soon else {}) | ({"checkpoint": args.checkpoint} if args.checkpoint else {})
    if args.degraded is not None:
        return degraded(folder, how, args.degraded)
    test = list(utterances(folder, [*CORPORA, "facegood"], wanted=held_out))

    heard, jaws, spent = {}, {}, 0.0
    for u in test:
        began = time.process_time()
        heard[u.name], frames = hear(u.samples * gain, **how)
        spent += time.process_time() - began
        if u.corpus == "facegood":
            jaws[u.name] = frames.jaw
    show("heard", test, heard)
    for name, jaw in jaws.items():
        human = facegood_jaw(folder / "facegood" / f"{name}.npz")
        times = np.arange(min(len(jaw), len(human) * RATE // 30)) / RATE
        human = np.interp(times, np.arange(len(human)) / 30, human)
        phones = jaw_of_phones(heard[name], times)
        by_head, by_phones = (np.corrcoef(human, c[: len(times)])[0, 1] for c in (jaw, phones))
        print(f"jaw {name}: r {by_head:.2f} (jaw head), {by_phones:.2f} (targets of the heard phones)")
    seconds = sum(len(u.samples) for u in test) / 16_000
    print(f"speed: {seconds / spent:.0f} x real time on one core")
    if args.control:
        loop = allphone()
        show("PocketSphinx phone loop", test, {u.name: loop(u) for u in test if u.corpus in CORPORA})
        commonest(test)


def show(title: str, test: list[Utterance], heard: dict[str, tuple[Phone, ...]]) -> None:
    scores: dict[str, PhoneScores] = defaultdict(PhoneScores)
    for u in test:
        if u.phones:
            kind = "heard voices" if u.corpus in HEARD else "new voices"
            for name in (u.corpus,) if u.corpus == CHOSEN_BY else (u.corpus, kind):
                scores[name].update(u.phones, heard[u.name], len(u.samples) / 16_000)
    print(f"\n{title:24s} min  phone  class  in speech | P B M recall precision  edge ms | border ms")
    for name, score in scores.items():
        r = score.row()
        print(
            f"{name:24s}{r['minutes']:4.1f}  {r['phone']:.3f}  {r['class']:.3f}  {r['class in speech']:.3f}     |"
            f"       {r['bilabial recall']:.2f}    {r['bilabial precision']:.2f}     {r['closure edge ms']:5.0f}"
            f"   |  {r['boundary ms']:5.0f}"
        )


def degraded(folder: Path, how: dict[str, Any], named: list[str]) -> None:
    """Recall and precision of P B M closures in clips made worse, and openings a second where nobody speaks."""
    corpora = ("ljspeech", "kathleen", "librispeech", "emodb", "beat")
    test = [u for u in utterances(folder, [*corpora], wanted=held_out) if u.phones]
    print(f"{'recall/precision (F1)':18s}" + "".join(f"{name:>18s}" for name in corpora))
    for condition, worsen in conditions(folder).items():
        if named and condition not in named:
            continue
        scores: dict[str, PhoneScores] = defaultdict(PhoneScores)
        for u in test:
            heard, _ = hear(worsen(u.samples), **how)
            scores[u.corpus].update(u.phones, heard, len(u.samples) / SAMPLE_RATE)
        cells = [(s.recall, s.precision) for s in (scores[name] for name in corpora)]
        print(f"{condition:18s}" + "".join(f"   {r:.2f}/{p:.2f} ({2 * r * p / (r + p + 1e-9):.2f})" for r, p in cells))
    for name, sound in silent(folder).items() if not named else ():
        heard, _ = hear(sound, **how)
        seconds = len(sound) / SAMPLE_RATE
        spoken = sum(p.end - p.start for p in heard if p.symbol != "sil") / seconds
        pieces = sum(p.symbol != "sil" for p in heard) / seconds
        print(f"no speech, {name:16s} phones a second {pieces:.2f}, share of time heard as speech {spoken:.2f}")


def commonest(test: list[Utterance]) -> None:
    """Share of frames that always answering one lip class would get right."""
    frames = np.zeros(len(CLASSES))
    for u in test:
        score = PhoneScores()
        score.update(u.phones, (Phone("sil", 0, len(u.samples) / 16_000),), len(u.samples) / 16_000)
        frames += score.confusion.sum(axis=1)
    shares = dict(zip(CLASSES, frames / frames.sum(), strict=True))
    voiced = {k: v / (1 - shares["sil"]) for k, v in shares.items() if k != "sil"}
    best = max(voiced, key=lambda k: voiced[k])
    print(f"\nalways 'sil': {shares['sil']:.3f} of all frames; always '{best}': {voiced[best]:.3f} in speech")


def allphone():
    """PocketSphinx's recognition of phones without words (an English model; it hears whole clips at once)."""
    import pocketsphinx

    model = Path(pocketsphinx.get_model_path()) / "en-us" / "en-us-phone.lm.bin"
    decoder = pocketsphinx.Decoder(
        lm=None, allphone=str(model), lw=2.0, pip=0.3, beam=1e-10, pbeam=1e-10, loglevel="FATAL"
    )

    def listen(u: Utterance) -> tuple[Phone, ...]:
        decoder.start_utt()
        decoder.process_raw((np.clip(u.samples, -1, 1) * 32767).astype("<i2").tobytes(), full_utt=True)
        decoder.end_utt()
        found = [(bare(s.word), s.start_frame / 100, (s.end_frame + 1) / 100) for s in decoder.seg()]
        return tuple(Phone(symbol, start + 0.0075, end + 0.0075) for symbol, start, end in found)

    return listen


if __name__ == "__main__":
    main()
