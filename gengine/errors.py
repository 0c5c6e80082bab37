"""The errors a user can meet. Every message says what, the value, what is allowed, and what to do."""

from __future__ import annotations


class GengineError(Exception):
    """Bad input or a missing part; the command line prints it in one line and exits with 2."""


class AudioError(GengineError):
    """The recording cannot be read, or holds nothing that can be animated."""


class TextError(GengineError):
    """The transcript cannot be read or does not fit the recording."""


class EmotionError(GengineError):
    """An emotion expression or timeline does not parse."""


class FormatError(GengineError):
    """A file of a motion, face or configuration format is damaged or of another kind."""


class MissingExtraError(GengineError):
    """An optional part is not installed; the message names its pip command."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs an optional part: pip install 'gengine[{extra}]'")
