"""PocketSphinx's words (Huggins-Daines et al. 2006) by the general English model that its package carries."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gengine.core.audio import SAMPLE_RATE
from gengine.encoders.speech_gate import RATE, SpeechGate
from gengine.errors import GengineError
from gengine.inputs.decoders import FILLERS, FORGETTING, QUIET
from gengine.recognition.recogniser import Recogniser

BESIDE = 20
"""Frames of 10 ms beside speech that are listened to as well; the rest is silence, or music would have words.
Judgement."""


class PocketSphinx(Recogniser):
    """English words with nothing installed or downloaded; a third of spontaneous speech is misheard.

    Closures are found better than by phones alone in most voices and worse in some, for four seconds of a core a
    minute of sound becomes fifteen (``benchmarks/words.py``): it is asked for by name, "auto" does not take it.
    Raises ``GengineError`` for an argument and for another language.
    """

    least_agreement: ClassVar[float] = -2.5
    """Chosen on Kathleen's and LibriSpeech's clips, of -0.75 to -4: more of the false words go than of the right."""

    def __init__(self, argument: str = "", language: str | None = None) -> None:
        super().__init__(argument, "en")
        if argument:
            raise GengineError(f"words: pocketsphinx:{argument}: it has one model; give pocketsphinx")
        if language not in (None, "en"):
            raise GengineError(
                f"words: pocketsphinx hears English, not '{language}'; give whisper (extra words), or none"
            )
        from pocketsphinx import Decoder

        self._decoder: Any = Decoder(loglevel="FATAL")

    @property
    def name(self) -> str:
        return "pocketsphinx en-us"

    def words(self, samples: NDArray[np.float32]) -> str:
        gate = SpeechGate()
        rest = np.zeros(int(np.ceil(gate.latency * SAMPLE_RATE)) + SAMPLE_RATE, np.float32)
        opened = np.concatenate([gate.push(samples), gate.push(rest)])
        if not opened.any():
            return ""
        spoken = np.repeat(np.convolve(opened, np.ones(2 * BESIDE + 1), "same") > 0, SAMPLE_RATE // RATE)[
            : len(samples)
        ]
        pcm = (np.clip(samples, -1, 1) * 32767).astype("<i2")
        self._heard(np.resize(QUIET, int(FORGETTING * SAMPLE_RATE)))  # or a little of the last stretch would remain
        return self._heard(np.where(spoken, pcm, np.resize(QUIET, len(pcm))))

    def _heard(self, pcm: NDArray[np.int16]) -> str:
        self._decoder.start_utt()
        self._decoder.process_raw(pcm.tobytes(), full_utt=True)
        self._decoder.end_utt()
        heard = self._decoder.hyp()
        return " ".join(w for w in heard.hypstr.split() if w[0] not in FILLERS) if heard else ""
