"""Speech that states its own phone times: flite's voices reading real sentences, espeak-ng's in many languages."""

from __future__ import annotations

import csv
import ctypes
import re
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gengine.core.audio import SAMPLE_RATE
from gengine.core.noise import generator
from gengine.core.words import Phone
from gengine.data.speech import Utterance, bare
from gengine.errors import GengineError
from gengine.inputs.audio import load_audio
from gengine.inputs.phone_symbols import SILENCE
from gengine.inputs.sounds import read_ipa
from gengine.inputs.sounds import sound as sound_of

FLITE_VOICES: tuple[str, ...] = ("awb", "rms", "slt", "kal16")
"""flite's built-in voices at 16 kHz: a Scottish man, two US men and a US woman."""

FEWEST_WORDS, MOST_WORDS = 5, 16
"""Length of the sentences that are read: long enough for a melody, short enough for flite's phrasing. Judgement."""


def sentences(folder: Path, count: int, seed: int) -> list[str]:
    """Plain sentences of ``FEWEST_WORDS`` to ``MOST_WORDS`` words from the GoEmotions comments; one seed, one list."""
    rows: list[str] = []
    for path in sorted((folder / "goemotions").glob("*.tsv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows += [row[0] for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if row]
    plain = [r for r in rows if re.fullmatch(r"[A-Za-z',.!? ]+", r) and FEWEST_WORDS <= len(r.split()) <= MOST_WORDS]
    order = generator(seed, "sentences").permutation(len(plain))
    return [plain[i] for i in order[:count]]


def flite(text: str, voice: str, name: str) -> Utterance:
    """One sentence spoken by flite, with the phone ends it reports; ``GengineError`` where it cannot."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        try:
            done = subprocess.run(
                ["flite", "-voice", voice, "-psdur", "-t", text, "-o", str(path)],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
        except (OSError, subprocess.CalledProcessError):
            raise GengineError(
                f"synthetic speech: flite could not speak with voice '{voice}' (one of {', '.join(FLITE_VOICES)}); "
                "install flite (on Debian: apt install flite)"
            ) from None
        samples = load_audio(path).samples
    phones, clock = [], 0.0
    for item in done.stdout.split():
        symbol, end = item.rsplit(":", 1)
        phones.append(Phone(bare(symbol), clock, float(end)))
        clock = float(end)
    return Utterance(name, "flite", f"flite-{voice}", samples, tuple(phones))


def flite_corpus(folder: Path, count: int, seed: int) -> Iterator[Utterance]:
    """``count`` sentences, the voices in turn."""
    for i, text in enumerate(sentences(folder, count, seed)):
        yield flite(text, FLITE_VOICES[i % len(FLITE_VOICES)], f"flite-{i:05d}")


# ---- espeak-ng, which speaks many languages and reports every sound as it comes


_RETRIEVE, _PHONE_EVENTS_IN_IPA, _UTF8, _BY_CHARACTERS, _SPEED = 2, 3, 1, 1, 1
_WORD, _PHONE = 1, 7
"""espeak-ng's numbers for: sound to the program, events, encoding, positions, a parameter, kinds of events."""

WORDS_A_MINUTE = 160
"""Speed of espeak-ng's voices, words a minute: 175 is its own, most people talk a little slower."""

_STOPS = "pbtdkgɡqcɟʈɖɢ"
"""Sounds that begin with a closure. espeak-ng counts the silence of a closure to the sound before it."""

LONGEST_CLOSURE = 0.12
"""Silence before a stop that is its closure, seconds; longer ones hold a pause too."""


QUIET = 4
"""Samples up to this size are silence, of 32768: espeak-ng's pauses are exact zeros but for rounding."""


class _EventId(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int), ("unique", ctypes.c_uint), ("text", ctypes.c_int), ("length", ctypes.c_int),
        ("milliseconds", ctypes.c_int), ("sample", ctypes.c_int), ("user", ctypes.c_void_p), ("id", _EventId),
    ]  # fmt: skip


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@cache
def _espeak() -> tuple[Any, int, Any, list[NDArray[np.int16]], list[tuple[int, str]]]:
    """The library, its rate (Hz), the callback to keep alive, and where that puts sound and events."""
    try:
        library = ctypes.CDLL("libespeak-ng.so.1")
    except OSError:
        raise GengineError(
            "synthetic speech: libespeak-ng is not installed (on Debian: apt install espeak-ng)"
        ) from None
    sound: list[NDArray[np.int16]] = []
    events: list[tuple[int, str]] = []

    def take(samples: Any, count: int, event: Any) -> int:
        if samples and count > 0:
            sound.append(np.ctypeslib.as_array(samples, (count,)).copy())
        k = 0
        while event[k].type:
            if event[k].type == _PHONE:
                events.append((event[k].sample, bytes(event[k].id.string).decode("utf-8", "ignore")))
            k += 1
        return 0

    callback = _Callback(take)
    rate = library.espeak_Initialize(_RETRIEVE, 500, None, _PHONE_EVENTS_IN_IPA)
    library.espeak_SetSynthCallback(callback)
    return library, rate, callback, sound, events


def espeak(text: str, voice: str, name: str, words_a_minute: int = WORDS_A_MINUTE) -> Utterance:
    """One text spoken by a voice of espeak-ng ("es", "cmn-latn-pinyin"), with the sounds it reports.

    A stop begins with its closure. Sounds are ARPAbet or a symbol of ``gengine.inputs.phone_symbols.EXTENDED``.
    ``GengineError`` where the library or the voice is missing.
    """
    library, rate, _, sound, events = _espeak()
    sound.clear()
    events.clear()
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise GengineError(f"synthetic speech: espeak-ng has no voice '{voice}'; see espeak-ng --voices")
    library.espeak_SetParameter(_SPEED, words_a_minute, 0)
    data = text.encode("utf-8") + b"\0"
    library.espeak_Synth(data, len(data), 0, _BY_CHARACTERS, 0, _UTF8, None, None)
    library.espeak_Synchronize()
    samples = np.concatenate(sound)
    starts = [(_closure(samples, at, rate) if sign[:1] in _STOPS and sign else at, sign) for at, sign in events]
    phones: list[Phone] = []
    ends = [at for at, _ in starts[1:]] + [len(samples)]
    for (at, sign), end in zip(starts, ends, strict=True):
        names = [sound_of(n).symbol for n, _ in read_ipa(sign)]
        if not names:  # a pause, or a sign that only changes the sound before it
            quiet = not phones or np.abs(samples[at:end].astype(np.int32)).max(initial=0) <= QUIET
            names = [SILENCE if quiet else phones[-1].symbol]
        step = max(end - at, 0) / len(names) / rate
        for k, symbol in enumerate(names):
            start = at / rate + k * step
            if phones and phones[-1].symbol == symbol and not read_ipa(sign):
                phones[-1] = Phone(symbol, phones[-1].start, start + step)
            elif step > 0:
                phones.append(Phone(symbol, start, start + step))
    import soxr

    resampled = soxr.resample(samples.astype(np.float32) / 32768, rate, SAMPLE_RATE).astype(np.float32)
    return Utterance(name, "espeak", f"espeak-{voice}", resampled, tuple(phones))


def _closure(samples: NDArray[np.int16], at: int, rate: int) -> int:
    """Where the silence right before sample ``at`` begins; ``at`` where there is none."""
    first = max(at - int(LONGEST_CLOSURE * rate), 0)
    loud = np.flatnonzero(np.abs(samples[first:at].astype(np.int32)) > QUIET)
    begin = first + (int(loud[-1]) + 1 if len(loud) else 0)
    return begin if at - begin > 0.01 * rate else at
