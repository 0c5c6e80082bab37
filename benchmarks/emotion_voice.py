"""Judge the reader of emotion in voices: EMO-DB one speaker left out at a time, worse sound, ordinary speech, controls.

    python benchmarks/emotion_voice.py                   # everything (needs the reference recordings, GENGINE_DATA)
    python benchmarks/emotion_voice.py --cache vectors   # keeps the vectors of clips in a folder: a third of the time
    python benchmarks/emotion_voice.py --only speed

Protocol: clips are cut to their first 2 s, low-passed at 5.5 kHz, given one noise floor and faded ends (three of the
seven emotions were published on another carrier, which alone tells them apart). Heads are trained by the same code and
recipe as the shipped one (``gengine.training.voice_head``), always without the speaker that is asked. The ordinary
speech that is reported on (LJ Speech, Kathleen, LibriSpeech, BEAT) is in no training, but the weight of the penalty
(``ordinary``) was chosen in sight of it; all else by EMO-DB and speechocean, GRID and FaceGood, each left out in turn.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gengine.checkpoint import load_checkpoint
from gengine.core.audio import SAMPLE_RATE
from gengine.emotion.voice import CATEGORIES, LEARNING, Reference, VoiceHead, VoiceReader
from gengine.encoders.speech_encoder import SpeechEncoder
from gengine.inputs.audio import load_audio
from gengine.training import voice_clips, voice_head
from gengine.training.voice_head import Recipe, Vectors, co_occurrence, head_of, joined, train, vectors

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("GENGINE_DATA", ROOT.parent / "shared/data"))
FOUR = ("neutral", "anger", "happiness", "sadness")
REPORTED = {"ljspeech": 2, "kathleen": 1, "librispeech": 3, "beat": 25}
"""Ordinary speech that is reported on, and the windows of a clip that are looked at."""
BINS = 10

Kept = Callable[[str, Callable[[], Vectors]], Vectors]


def recall(labels: NDArray, read: NDArray, classes: range) -> float:
    """Unweighted average recall."""
    return float(np.mean([(read[labels == k] == k).mean() for k in classes if (labels == k).any()]))


def calibration_error(labels: NDArray, posterior: NDArray) -> float:
    """Expected calibration error of the strongest category, ten bins."""
    sure, right = posterior.max(axis=1), posterior.argmax(axis=1) == labels
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    return float(sum(abs(right[bins == b].mean() - sure[bins == b].mean()) * (bins == b).mean() for b in set(bins)))


def likelihood(labels: NDArray, posterior: NDArray) -> float:
    """Mean negative log-likelihood, nats."""
    return float(-np.log(posterior[np.arange(len(labels)), labels] + 1e-9).mean())


class Judge:
    """Everything that is asked of one recipe."""

    def __init__(self, sets: list[Vectors], conditions: dict[str, Vectors], ordinary: Vectors, matrix: NDArray) -> None:
        self.sets, self.conditions, self.ordinary, self.matrix = sets, conditions, ordinary, matrix
        self.labels, self.speakers = sets[0].labels, sets[0].speakers

    def left_out(
        self, recipe: Recipe, classes: int = 7, labels: NDArray | None = None, asked: tuple[str, ...] = ("clean",)
    ) -> dict[str, NDArray]:
        """Posteriors ``(N, 7)`` of clips under each condition by heads that never met the speaker; "reference": against
        the speaker's other neutral clips. ``labels`` are learned instead of the true ones."""
        found = {name: np.zeros((len(self.labels), len(CATEGORIES))) for name in asked}
        known = self.labels < classes
        for speaker in sorted(set(self.speakers)):
            there = self.speakers == speaker
            sets = [v if labels is None else replace(v, labels=labels) for v in self.sets]
            head = head_of(train([v[~there & known] for v in sets], self.ordinary, recipe, self.matrix), recipe)
            for name in asked:
                if name != "reference":
                    of = self.sets[0] if name == "clean" else self.conditions[name]
                    found[name][there] = head(of.x[there], head.home)[0]
                    continue
                for i in np.flatnonzero(there):
                    reference = Reference(head.home, head.inertia)
                    for j in np.flatnonzero(there & (self.labels == 0)):
                        if j != i:
                            reference.add(self.sets[0].x[j])
                    found[name][i] = head(self.sets[0].x[i], reference.vector)[0]
        return {name: limited(p, classes)[known] for name, p in found.items()}

    def line(self, name: str, recipe: Recipe, labels: NDArray | None = None) -> None:
        found = self.left_out(recipe, labels=labels)["clean"]
        four = self.labels < len(FOUR)
        print(
            f"{name:<44} {recall(self.labels, found.argmax(1), range(7)):6.3f}"
            f" {recall(self.labels[four], limited(found, 4)[four].argmax(1), range(4)):6.3f}"
            f" {calibration_error(self.labels, found):6.3f} {likelihood(self.labels, found):6.3f}",
            flush=True,
        )


def all_views() -> dict[str, voice_head.Encoder]:
    """Each layer of Whisper's encoder, the last two of which come with what hears phones, and the phase."""
    from voice_phase import phase_vector

    further = load_checkpoint("phones-v2")[1]
    return {f"layer {k}": SpeechEncoder(further=further, layers=k) for k in (1, 2, 3, 4)} | {"phase": phase_vector}


def limited(posterior: NDArray, classes: int) -> NDArray:
    """As if there were only the first categories."""
    kept = posterior * (np.arange(posterior.shape[1]) < classes)
    return kept / kept.sum(axis=1, keepdims=True)


def judge(judge: Judge, recipe: Recipe) -> None:
    print(f"\nEMO-DB, {len(judge.labels)} clips of 10 speakers, one left out at a time\n")
    asked = ("clean", "reference", *judge.conditions)
    found = judge.left_out(recipe, asked=asked)
    labels = judge.labels
    clean = recall(labels, found["clean"].argmax(1), range(7))
    for name in asked:
        p = found[name]
        four = labels < len(FOUR)
        value = recall(labels, p.argmax(1), range(7))
        print(
            f"{name:<44} 7 classes {value:.3f} ({value / clean:.2f} of clean)   "
            f"its four {recall(labels[four], limited(p, 4)[four].argmax(1), range(4)):.3f}   "
            f"calibration error {calibration_error(labels, p):.3f}"
        )
    only = judge.left_out(recipe, classes=4)["clean"]
    print(f"trained on four classes alone: {recall(labels[labels < 4], only.argmax(1), range(4)):.3f} (chance .250)")
    print("\nrows: acted, columns: read\n" + " " * 10 + "".join(f"{c:>10}" for c in CATEGORIES))
    for k, name in enumerate(CATEGORIES):
        counts = np.bincount(found["clean"].argmax(1)[labels == k], minlength=7)
        print(f"{name:>10}" + "".join(f"{n:10d}" for n in counts))


def ablations(judge: Judge, recipe: Recipe, prosody: Vectors) -> None:
    print(f"\n{'one speaker left out, clean clips':<44} {'of 7':>6} {'of 4':>6} {'ECE':>6} {'NLL':>6}\n")
    judge.line("as shipped", recipe)
    judge.line("with listeners' soft labels", replace(recipe, soft=True))
    judge.line("with the label graph (half lent)", replace(recipe, graph=0.5))
    judge.line("without augmentation", replace(recipe, copies=0))
    judge.line("without ordinary speech", replace(recipe, ordinary=0.0))
    judge.line("control: labels shuffled", recipe, np.random.default_rng(0).permutation(judge.labels))
    print(f"{'control: chance and majority':<44} {1 / 7:6.3f} {1 / 4:6.3f}")
    old = Judge([prosody], {}, prosody[np.zeros(len(prosody.x), bool)], judge.matrix)
    old.line("control: the prosody of the reader before", replace(recipe, copies=0, ordinary=0, components=14))


def views(clean: dict[str, Vectors], ordinary: dict[str, Vectors], matrix: NDArray) -> None:
    """Other layers of the encoder and the phase, each without augmentation."""
    recipe, second = replace(Recipe(), copies=0), "layer 2"
    print(f"\n{'other views, without augmentation':<44} {'of 7':>6} {'of 4':>6} {'ECE':>6} {'NLL':>6}\n")

    def line(name: str, *parts: str, order: NDArray | None = None) -> None:
        x, other = (
            beside([of[part] for part in parts], order if k == 0 else None) for k, of in enumerate((clean, ordinary))
        )
        Judge([x], {}, other, matrix).line(name, recipe)

    for name in clean:
        line(name, name)
    line("layers 2 and 3", second, "layer 3")
    line("layer 2 and phase", second, "phase")
    line(
        "control: layer 2 and other clips' phase",
        second,
        "phase",
        order=np.random.default_rng(0).permutation(len(clean[second].x)),
    )


def beside(parts: list[Vectors], order: NDArray | None = None) -> Vectors:
    """Vectors of the same clips beside each other; ``order`` gives each clip the last part of another."""
    last = parts[-1].x if order is None else parts[-1].x[order]
    return replace(parts[0], x=np.concatenate([*(p.x for p in parts[:-1]), last], axis=1))


def worse_sound_without(judge: Judge, recipe: Recipe) -> None:
    print("\nworse sound, heads that met none (share of their clean recall)\n")
    asked = ("clean", *judge.conditions)
    found = judge.left_out(replace(recipe, copies=0), asked=asked)
    clean = recall(judge.labels, found["clean"].argmax(1), range(7))
    for name in asked[1:]:
        value = recall(judge.labels, found[name].argmax(1), range(7))
        print(f"{name:<44} 7 classes {value:.3f} ({value / clean:.2f} of clean)")


def neutral_shares(head: VoiceHead, sets: dict[str, Vectors], windows: int = 5) -> None:
    """Ordinary speech: share of windows read as neutral, alone and against the speaker's other windows."""
    print(f"\n{'ordinary speech read as neutral':<20} {'windows':>8} {'alone':>8} {'learned':>8} {'given':>8}\n")
    for name, v in sets.items():
        alone = head(v.x, head.home)[0].argmax(1) == 0
        learned, given = [], []
        for speaker in sorted(set(v.speakers)):
            x = v.x[v.speakers == speaker]
            running = Reference(head.home, head.inertia)
            for i, vector in enumerate(x):
                posterior = head(vector, running.vector)[0]
                running.add(vector, LEARNING * posterior[0])
                learned.append(posterior.argmax() == 0)
                own = Reference(head.home, head.inertia)
                for other in np.delete(x, i, 0)[:windows]:
                    own.add(other)
                if len(x) > 1:
                    given.append(head(vector, own.vector)[0].argmax() == 0)
        shares = [np.mean(a) if len(a) else np.nan for a in (alone, learned, given)]
        print(f"{name:<20} {len(v.x):8d}" + "".join(f" {s:8.2f}" for s in shares))
    print(
        "alone: no reference; learned: the running one; given: five other windows of the speaker as --voice-reference"
    )


def transfer(data: Path) -> None:
    """Four clips of an actress in a language that no head met."""
    print("\nanother actress, Mandarin: strongest category of her clips, mean posterior of the readings")
    for path in sorted((data / "speech").glob("nv_*.wav")):
        print(f"{path.stem:<24}", end="")
        reader = VoiceReader(keep_readings=True)
        samples = load_audio(path).samples
        reader.push(samples, np.ones(-(-len(samples) // 160), np.float32))
        mean = np.mean([r.posterior for r in reader.readings], axis=0)
        print(" ".join(f"{CATEGORIES[i]} {mean[i]:.2f}" for i in np.argsort(-mean)[:3]))


def speed() -> None:
    samples = np.tile(load_audio(ROOT / "demos/speech.wav").samples, 8)[: 60 * SAMPLE_RATE]
    speech = np.ones(len(samples) // 160, np.float32)
    VoiceReader().push(samples[: 3 * SAMPLE_RATE], speech[:300])
    began = time.process_time()
    VoiceReader().push(samples, speech)
    print(f"\nreading: {len(samples) / SAMPLE_RATE / (time.process_time() - began):.0f} x real time, one core")


def keeper(folder: Path | None) -> Kept:
    """Vectors from a folder where they were kept, else made, and kept."""

    def kept(name: str, make: Callable[[], Vectors]) -> Vectors:
        path = folder / f"{name.replace(' ', '-').replace(',', '')}.npz" if folder else None
        if path is not None and path.is_file():
            with np.load(path) as file:
                return Vectors(**file)
        found = make()
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(path, **found.__dict__)
        return found

    return kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, help="keep the vectors of clips in this folder")
    parser.add_argument("--only", choices=("emodb", "ablations", "ordinary", "speed"))
    arguments = parser.parse_args()
    wants = {arguments.only} if arguments.only else {"emodb", "ablations", "ordinary", "speed"}
    kept, recipe = keeper(arguments.cache), Recipe()
    encoder = SpeechEncoder()

    def of(kind: str) -> Vectors:
        return kept(f"emodb {kind}", lambda: vectors(voice_clips.emodb(DATA), kind, encoder))

    def ordinary(name: str, windows: int) -> Vectors:
        return kept(name, lambda: voice_head.spoken_vectors(DATA, name, windows, encoder))

    if wants & {"emodb", "ablations"}:
        learned = joined([ordinary(name, windows) for name, windows in voice_head.ORDINARY.items()])
        sets = [of("clean"), *(of(f"aug{k}") for k in range(recipe.copies))]
        conditions = {name: of(name) for name in voice_clips.CONDITIONS}
        whole = Judge(sets, conditions, learned, co_occurrence(DATA / voice_head.VOTES))
        if "emodb" in wants:
            judge(whole, recipe)
            worse_sound_without(whole, recipe)
        if "ablations" in wants:
            from voice_prosody import prosody_vector

            ablations(whole, recipe, kept("prosody", lambda: vectors(voice_clips.emodb(DATA), "clean", prosody_vector)))
            clean, other = {}, {}
            for name, view in all_views().items():
                clean[name] = kept(f"view {name}", lambda view=view: vectors(voice_clips.emodb(DATA), "clean", view))
                other[name] = kept(
                    f"view {name} other",
                    lambda view=view: joined(
                        [voice_head.spoken_vectors(DATA, *item, view) for item in voice_head.ORDINARY.items()]
                    ),
                )
            views(clean, other, whole.matrix)
    if "ordinary" in wants:
        neutral_shares(VoiceHead.load(), {name: ordinary(name, windows) for name, windows in REPORTED.items()})
        transfer(DATA)
    if "speed" in wants:
        speed()


if __name__ == "__main__":
    main()
