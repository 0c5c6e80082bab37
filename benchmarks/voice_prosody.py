"""The reader of emotion that came before, as a control: slow averages of prosody and a logistic regression.

``benchmarks/emotion_voice.py`` trains and judges it beside the reader in ``gengine.emotion.voice``, on the same clips.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gengine.core.conditions import Prosody
from gengine.encoders.prosody import ProsodyEncoder

PITCH_LIMIT = 15.0  # semitones from the usual pitch that count
MOVEMENT_LIMIT = 3.0  # semitones from frame to frame that count: more is a slip of the tracker
PEAK_LEVEL = 0.6  # level of a syllable's peak
LOUD_LEVEL = 0.95  # level of a loud frame


def prosody_vector(samples: NDArray) -> NDArray[np.float64]:
    """Fourteen averages ``(14,)`` over the speech of a clip ``(N,)`` at 16 kHz: level, pitch, voicing, brightness."""
    encoder = ProsodyEncoder()
    parts = [encoder.push(np.asarray(samples, np.float32)), encoder.flush()]
    p = Prosody(**{k: np.concatenate([getattr(part, k) for part in parts]).astype(float) for k in parts[0].__dict__})
    speech, voiced = p.speech > 0, (p.speech > 0) & (p.pitch != 0)
    if voiced.sum() < 2:
        return np.zeros(14)
    pitch = np.clip(p.pitch[voiced], -PITCH_LIMIT, PITCH_LIMIT)
    steps = np.abs(np.diff(p.pitch))[voiced[1:] & voiced[:-1]]
    peaks = (p.level[1:-1] > p.level[2:]) & (p.level[1:-1] >= p.level[:-2]) & (p.level[1:-1] > PEAK_LEVEL)
    hiss = np.log10(p.sibilance[voiced] + 1e-4)
    spread = pitch.std() + 0.1
    return np.array(
        [
            p.level[speech].mean(), p.level[speech].std(), np.abs(np.diff(p.level)).mean(), pitch.std(),
            np.minimum(steps, MOVEMENT_LIMIT).mean() if len(steps) else 0.0,
            ((pitch - pitch.mean()) ** 3).mean() / spread**3,
            p.voicing[speech].mean(), voiced.sum() / speech.sum(), hiss.mean(), hiss.std(), p.sibilance[speech].mean(),
            speech.mean(), (p.level[speech] > LOUD_LEVEL).mean(), peaks.mean(),
        ]
    )  # fmt: skip
