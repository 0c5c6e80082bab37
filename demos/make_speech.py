"""Makes demos/speech.wav and demos/speech.txt: twelve seconds of lively speech to animate.

Needs the `flite` program (Debian: apt install flite). The voice is flite's "slt" (CMU ARCTIC, one US-English
woman), copyright Carnegie Mellon University, under flite's own permissive licence: free to use, modify and
distribute, also commercially, with the notice kept. The sound made with it may be used for anything.

    python demos/make_speech.py
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

VOICE = "slt"

# (sentence, length of sounds x, pitch x, pause after it in seconds): a flat reading would have nothing to gesture to.
LINES = [
    ("Hello!", 1.15, 1.12, 0.30),
    ("I have something really big to show you.", 1.0, 1.06, 0.35),
    ("No, no! Not down here.", 0.95, 1.14, 0.30),
    ("Look up there!", 1.05, 1.16, 0.35),
    ("It changes all of us: you, me, everybody.", 1.0, 1.0, 0.35),
    ("Do you believe me?", 1.05, 1.1, 0.40),
]


def speak(flite: str, text: str, stretch: float, pitch: float, folder: Path) -> tuple[np.ndarray, int]:
    """One sentence as float samples ``(N,)`` and their rate, Hz; the voice's own silences are cut off."""
    path = folder / "line.wav"
    settings = ["--setf", f"duration_stretch={stretch}", "--setf", f"f0_shift={pitch}"]
    subprocess.run([flite, "-voice", VOICE, *settings, "-t", text, "-o", str(path)], check=True)
    samples, rate = soundfile.read(path)
    loud = np.flatnonzero(np.abs(samples) > 0.01)
    margin = int(0.03 * rate)
    return samples[max(loud[0] - margin, 0) : loud[-1] + 2 * margin], rate


def main() -> None:
    flite = shutil.which("flite") or sys.exit("make_speech: the program 'flite' was not found; apt install flite")
    parts, rate = [np.zeros(4000)], 16_000
    with tempfile.TemporaryDirectory() as folder:
        for text, stretch, pitch, pause in LINES:
            samples, rate = speak(flite, text, stretch, pitch, Path(folder))
            parts += [samples, np.zeros(int(pause * rate))]
    speech = np.concatenate(parts)
    here = Path(__file__).parent
    soundfile.write(here / "speech.wav", 0.7 * speech / np.abs(speech).max(), rate, subtype="PCM_16")
    (here / "speech.txt").write_text(" ".join(line[0] for line in LINES) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
