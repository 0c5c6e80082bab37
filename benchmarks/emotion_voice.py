"""Train and judge the voice reader on EMO-DB (CC0), one speaker left out at a time.

    python benchmarks/emotion_voice.py            # prints accuracy (needs the reference recordings, GENGINE_DATA)
    python benchmarks/emotion_voice.py --write    # and rewrites gengine/emotion/data/voice_model.json

Read speech of other people and microphones (LibriSpeech, speechocean, one CMU ARCTIC reader) joins the training
as neutral, because EMO-DB's neutral is one studio's; it is never tested on. What the reader says of neutral
speech it has never met (LJ Speech: read; BEAT speaker 2: a monologue) is printed as false alarms.

Only the four emotions whose clips are full-length are used: the others were cut and peak-normalised, so
loudness and length would give them away.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
from pathlib import Path

import numpy as np
import soundfile
import soxr

from gengine.core.conditions import Prosody
from gengine.emotion import voice
from gengine.emotion.voice import CLASSES, FEATURES, VoiceAverages, posterior
from gengine.encoders.prosody import ProsodyEncoder

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("GENGINE_DATA", ROOT.parent / "shared/data"))
MODEL = ROOT / "gengine/emotion/data/voice_model.json"
EVERY = 10  # frames between training examples
SKIP = 50  # frames before the averages mean anything
RIDGE = 3.0
READ = ("librispeech", "speechocean", "kathleen")
HELD_OUT = ("ljspeech", "beat")
PER_CORPUS = 40  # recordings


def prosody_of(path: Path) -> Prosody:
    """All frames of one recording."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    samples = samples.mean(1)
    encoder = ProsodyEncoder()
    parts = [encoder.push(soxr.resample(samples, rate, 16_000).astype(np.float32)), encoder.flush()]
    return Prosody(**{k: np.concatenate([getattr(p, k) for p in parts]) for k in parts[0].__dict__})


def load():
    """(speaker, class, features of the frames with speech) of every full-length clip."""
    clips = []
    with (DATA / "emodb/metadata.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["extent"] == "full" and row["emotion"] in CLASSES:
                features = features_of(prosody_of(DATA / "emodb/flac" / f"{row['id']}.flac"))
                clips.append((row["speaker"], CLASSES.index(row["emotion"]), features))
    return clips


def neutral_frames(folder: str, most: int) -> list[np.ndarray]:
    """Features of up to ``most`` recordings below ``folder``, evenly picked."""
    paths = sorted((DATA / folder).rglob("*.flac"))
    return [features_of(prosody_of(p)) for p in paths[:: max(1, len(paths) // most)][:most]]


def features_of(prosody: Prosody) -> np.ndarray:
    """Features of every tenth frame with speech, from when the averages mean anything."""
    frames = np.arange(SKIP, len(prosody), EVERY)
    return VoiceAverages().push(prosody)[frames[prosody.speech[frames] > 0]]


def fit(clips) -> dict[str, np.ndarray]:
    """Ridge multinomial logistic regression; every class, and every clip inside it, weighs the same."""
    x = np.concatenate([f for _, _, f in clips])
    y = np.concatenate([np.full(len(f), c) for _, c, f in clips])
    counts = np.bincount([c for _, c, _ in clips], minlength=len(CLASSES))
    w = np.concatenate([np.full(len(f), 1.0 / (max(len(f), 1) * counts[c] * len(CLASSES))) for _, c, f in clips])
    mean = (w[:, None] * x).sum(0) / w.sum()
    deviation = np.sqrt((w[:, None] * (x - mean) ** 2).sum(0) / w.sum())
    z = np.c_[np.clip((x - mean) / deviation, -3, 3), np.ones(len(x))]
    target = np.eye(len(CLASSES))[y]
    theta = np.zeros((len(CLASSES), z.shape[1]))
    penalty = RIDGE / len(clips) * np.r_[np.ones(len(FEATURES)), 0.0]
    bound = 0.5 * np.linalg.inv((z * w[:, None]).T @ z + np.diag(2 * penalty + 1e-9))
    for _ in range(400):  # bound optimisation (Böhning 1992): sure to converge
        scores = z @ theta.T
        p = np.exp(scores - scores.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        theta += 2 * ((w[:, None] * (target - p)).T @ z - theta * penalty) @ bound
    return {"mean": mean, "deviation": deviation, "weights": theta[:, :-1], "bias": theta[:, -1]}


def recall(confusion: np.ndarray) -> float:
    """Unweighted average recall."""
    return float(np.mean(np.diag(confusion) / confusion.sum(1)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="rewrite the model from all speakers")
    arguments = parser.parse_args()
    clips = load()
    others = [("read", 0, f) for folder in READ for f in neutral_frames(folder, PER_CORPUS)]
    confusion = np.zeros((len(CLASSES), len(CLASSES)), int)
    for speaker in sorted({s for s, _, _ in clips}):
        model = fit([c for c in clips if c[0] != speaker] + others)
        for s, label, features in clips:
            if s == speaker and len(features):
                confusion[label, posterior(features, model).mean(0).argmax()] += 1
    print(f"EMO-DB, {len(clips)} full-length clips, leave one speaker out, mean posterior of a clip")
    print(f"unweighted average recall {recall(confusion):.3f} (chance and majority {1 / len(CLASSES):.3f})")
    majority = confusion.sum(1).max() / confusion.sum()
    print(f"accuracy {np.trace(confusion) / confusion.sum():.3f} (majority {majority:.3f})")
    aroused = np.isin(CLASSES, ("anger", "happiness"))
    pairs = np.array([[confusion[np.ix_(a, b)].sum() for b in (aroused, ~aroused)] for a in (aroused, ~aroused)])
    print(f"high against low arousal: unweighted average recall {recall(pairs):.3f}")
    print("rows: true, columns: read\n" + " " * 10 + "".join(f"{c:>10}" for c in CLASSES))
    for name, row in zip(CLASSES, confusion, strict=True):
        print(f"{name:>10}" + "".join(f"{n:10d}" for n in row))
    model = fit(clips + others)
    for folder in HELD_OUT:
        unmet = posterior(np.concatenate(neutral_frames(folder, 40)), model)
        shares = ", ".join(f"{c} {p:.2f}" for c, p in zip(CLASSES, unmet.mean(0), strict=True))
        loud = ((unmet[:, 1:] > 0.5).any(1)).mean()
        print(f"neutral speech never met, {folder}: mean posterior {shares}; share above one half: {loud:.2f}")
    if arguments.write:
        note = (
            "multinomial logistic regression over gengine.emotion.voice features, trained by "
            "benchmarks/emotion_voice.py on EMO-DB (CC0 1.0) and, as neutral, on LibriSpeech (CC BY 4.0), speechocean "
            "(free for any use) and a CMU ARCTIC reader (CC0 1.0); leave-one-speaker-out unweighted average recall on "
            f"EMO-DB {recall(confusion):.3f}"
        )
        content = {"note": note, "features": FEATURES, "classes": CLASSES}
        content |= {k: np.round(v, 5).tolist() for k, v in model.items()}
        MODEL.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
        voice._model.cache_clear()
        print(f"wrote {MODEL.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
