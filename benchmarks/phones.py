"""The phone recogniser on voices and clips it never learned from, beside two controls.

python benchmarks/phones.py                      # the bundled weights
python benchmarks/phones.py --control            # PocketSphinx's phone loop, and the commonest lip class
python benchmarks/phones.py --checkpoint runs/phones --gain -30
Needs the reference recordings (GENGINE_DATA).

"class" is the share of frames with the right lip class of 13, "in speech" leaves silence out; a closure (P, B,
M) counts as found when its centre is heard within 40 ms; "edge" is the median error of a found closure's ends
and "border" of any phone's start. The jaw is correlated with human-made jawOpen curves of Mandarin speech.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from gengine.core.words import Phone
from gengine.data.speech import Utterance, bare
from gengine.encoders.phones import CLASSES, RATE, hear
from gengine.metrics.phone_accuracy import PhoneScores
from gengine.training.phone_examples import facegood_jaw, held_out, jaw_of_phones, utterances
from gengine.training.phone_task import data_folder

CORPORA = ("ljspeech", "kathleen", "grid", "speechocean", "emodb", "jfk", "beat")
HEARD = {"ljspeech", "kathleen", "grid"}  # corpora of one voice, of which other clips were learned


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", default="phones-v1")
    parser.add_argument("--gain", type=float, default=0.0, help="dB")
    parser.add_argument("--control", action="store_true")
    args = parser.parse_args()
    folder, gain = data_folder(), np.float32(10 ** (args.gain / 20))
    test = list(utterances(folder, [*CORPORA, "facegood"], wanted=held_out))

    heard, jaws, spent = {}, {}, 0.0
    for u in test:
        began = time.process_time()
        heard[u.name], frames = hear(u.samples * gain, args.checkpoint)
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
            for name in (u.corpus, kind):
                scores[name].update(u.phones, heard[u.name], len(u.samples) / 16_000)
    print(f"\n{title:24s} min  phone  class  in speech | P B M recall precision  edge ms | border ms")
    for name, score in scores.items():
        r = score.row()
        print(
            f"{name:24s}{r['minutes']:4.1f}  {r['phone']:.3f}  {r['class']:.3f}  {r['class in speech']:.3f}     |"
            f"       {r['bilabial recall']:.2f}    {r['bilabial precision']:.2f}     {r['closure edge ms']:5.0f}"
            f"   |  {r['boundary ms']:5.0f}"
        )


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
