"""The errors a user can meet. Every message says what, the value, what is allowed, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path


class GengineError(Exception):
    """Bad input or a missing part; the command line prints it in one line and exits with 2.

    What it cites comes from anyone: its message has no line ends, no control characters that a terminal obeys, no
    marks that turn the direction of text, and no halves of characters.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(_HIDDEN.sub(lambda c: " " if c[0] in "\t\n\r" else ascii(c[0])[1:-1], message))


_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that a terminal does not show but obeys, and surrogates, which cannot be written."""


class AudioError(GengineError):
    """The recording cannot be read, or holds nothing that can be animated."""


class TextError(GengineError):
    """The transcript cannot be read or does not fit the recording."""


class EmotionError(GengineError):
    """An emotion expression or timeline does not parse."""


class VisionError(GengineError):
    """A picture or film cannot be read, or shows no face."""


class FormatError(GengineError):
    """A file of a motion, face or configuration format is damaged or of another kind."""


class MissingExtraError(GengineError):
    """An optional part is not installed; the message names its pip command."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs an optional part: {install_command(extra)}")


def brief(value: object) -> str:
    """A value in few characters and on one line; a huge number is not written out."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 64:
        return f"a whole number of about {int(value.bit_length() * 0.30103)} digits"
    try:
        return f"{value!r:.60}"
    except ValueError:  # a list that holds such numbers
        return f"a {type(value).__name__}"


def wrong_kind(what: str, value: object, expected: str) -> GengineError:
    """The error for a value of another kind than ``expected``, which says so in words. The caller raises it."""
    return GengineError(f"{what}: {brief(value)} ({type(value).__name__}), expected {expected}")


def checkout() -> Path | None:
    """The folder of the source checkout that this package runs from; None where it was installed from a wheel."""
    home = Path(__file__).resolve().parents[1]
    return home if (home / "pyproject.toml").is_file() else None


def install_command(extra: str) -> str:
    """The pip command that installs an extra here, from a checkout or beside an installed wheel."""
    home = checkout()
    if home is None:
        return f"pip install 'gengine[{extra}]'"
    place = "." if home == Path.cwd() else str(home)
    return f"pip install -e '{place}[{extra}]'"


LISTED = 40
"""Names that an error lists at most; of more it names the nearest alone (there are 52 face curves, 75 joints)."""


def unknown(
    what: str, value: object, choices: Iterable[object], hint: str = "", kind: type[GengineError] = GengineError
) -> GengineError:
    """The error for a name that is none of ``choices``: it says which there are and which one was likely meant.

    ``what`` is the option or thing, ``hint`` a last clause ("or give the folder of a checkpoint"). The caller
    raises it: ``raise unknown("camera", name, CAMERAS)``. ``kind`` is the class of the error.
    """
    import difflib

    names = [str(choice) for choice in choices]
    text = " ".join(str(value).split()) if isinstance(value, str | Path) else brief(value)
    lower = {name.lower(): name for name in reversed(names)}
    near = [lower[n] for n in difflib.get_close_matches(text[:100].lower(), lower, n=3, cutoff=0.6)]
    meant = f"did you mean {' or '.join(repr(n) for n in near)}? " if near else ""
    listed = f"choose from {', '.join(names)}" if len(names) <= LISTED else f"there are {len(names)} names"
    return kind(f"{what} '{text:.300}' is unknown; {meant}{listed}{f' {hint}' if hint else ''}")
