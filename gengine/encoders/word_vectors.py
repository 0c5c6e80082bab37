"""Published word vectors: fastText ``.vec`` and GloVe ``.txt``, of which only the wanted words are kept.

Both are text: one word and its numbers per line; fastText's first line gives the number of words and of numbers.
Without such a file a network learns vectors of its own, over the letter groups of ``gengine.core.subwords``.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from gengine.core.bounds import LARGEST, bordered, check_file
from gengine.core.subwords import plain_word
from gengine.errors import FormatError

LARGEST_FILE = 64 << 30
"""Largest file that is read, line by line, bytes (judgement): two million words of 300 numbers take 5 GB."""
WIDEST = 4096
"""Numbers of a word that are read (judgement): published vectors have 25 to 1,024."""
LINE_BYTES = 1 << 18
"""Longest line that is read, bytes: ``WIDEST`` numbers of 60 characters."""
_FASTTEXT_MODEL = b"\xba\x16\x4f\x2f"
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True, eq=False)
class WordVectors:
    """``words`` that the file has, in the order asked for, their rows ``vectors (N, D)``, and the ``missing`` ones."""

    words: tuple[str, ...]
    vectors: NDArray[np.float32]
    missing: tuple[str, ...]


@bordered("give vectors as text, a word and its numbers a line")
def read_word_vectors(path: str | Path, wanted: Iterable[str], width: int | None = None) -> WordVectors:
    """Vectors of the ``wanted`` words, read line by line in flat memory (also from ``.gz``).

    Words are compared as ``plain_word`` leaves them; where the file has several spellings of one, the one in plain
    lower case counts, else the first (files are sorted by frequency). ``width`` is the number of numbers that a word
    must have (None: whatever the file has). A line of another width, a number that is none, a header that does not fit
    its file and binary models are a ``FormatError`` that says where and what to do.
    """
    path = Path(path)
    order = list(dict.fromkeys(w for w in map(plain_word, wanted) if w))
    keys = frozenset(order)
    found: dict[str, NDArray[np.float32]] = {}
    exact: set[str] = set()
    with _opened(path) as file:
        stated, width, lines = _shape(path, file, width)
        count = 0
        for number, line in lines:
            count += 1
            cells = line.rstrip(b" \r\n").count(b" ")
            if cells < width:
                if not line.strip():
                    raise FormatError(f"{path}: line {number}: is empty, expected a word and {width} numbers")
                raise FormatError(f"{path}: line {number}: {cells} numbers, expected {width}; the file may be cut off")
            parts = line.rstrip().rsplit(b" ", width)
            spelled = parts[0].decode("utf-8", "replace")
            if cells > width and stated is not None and " " in spelled.strip():
                raise FormatError(f"{path}: line {number}: {cells} numbers, expected {width} as line 1 says")
            word = spelled if spelled in keys else plain_word(spelled)
            if word not in keys or word in exact or (word in found and spelled != word):
                continue
            found[word] = _numbers(path, number, spelled, parts[1:])
            if spelled == word:
                exact.add(word)
    if stated is not None and stated != count:
        raise FormatError(f"{path}: line 1 says {stated} words, the file has {count}; download it again")
    have = tuple(w for w in order if w in found)
    rows = np.stack([found[w] for w in have]) if have else np.zeros((0, width), np.float32)
    return WordVectors(have, rows, tuple(w for w in order if w not in found))


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file, unpacked where it is gzipped; refuses what is no text."""
    check_file(path, LARGEST_FILE, "give vectors as text")
    try:
        with path.open("rb") as raw:
            head = raw.read(512)
        if head.startswith(_FASTTEXT_MODEL) or path.suffix.lower() == ".bin":
            raise FormatError(
                f"{path}: is a binary model, expected text; download the .vec file of the same vectors, or write one "
                "with fastText's print-word-vectors"
            )
        if head.startswith(_ZIP):
            raise FormatError(f"{path}: is a zip archive, expected the text inside; unpack it first")
        packed = head.startswith(b"\x1f\x8b")
        if not packed and b"\x00" in head:
            raise FormatError(f"{path}: is a binary file, expected lines of a word and its numbers")
        with gzip.open(path, "rb") if packed else path.open("rb") as file:
            yield file  # type: ignore[misc]
    except (EOFError, gzip.BadGzipFile) as error:
        raise FormatError(f"{path}: is damaged or cut off ({error}); download it again") from None
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror or error})") from None


def _shape(path: Path, file: BinaryIO, width: int | None) -> tuple[int | None, int, Iterator[tuple[int, bytes]]]:
    """Words stated by the header (None without one), numbers per word, and the numbered lines of words."""
    first = file.readline(LINE_BYTES)
    cells = first.split()
    if not cells:
        raise FormatError(f"{path}: line 1: is empty, expected a word and its numbers")
    stated = None
    if len(cells) == 2 and all(c.isdigit() and len(c) < 12 for c in cells):
        stated, size = int(cells[0]), int(cells[1])
    else:
        size = width if width is not None and len(cells) > width else len(cells) - 1
    if not 2 <= size <= WIDEST:
        raise FormatError(f"{path}: line 1: {size} numbers, expected a word and its numbers, divided by single spaces")
    if width is not None and size != width:
        raise FormatError(f"{path}: line 1: vectors of {size} numbers, expected {width}")

    def lines() -> Iterator[tuple[int, bytes]]:
        if stated is None:
            yield 1, first
        yield from enumerate(iter(lambda: file.readline(LINE_BYTES), b""), 2)

    return stated, size, lines()


def _numbers(path: Path, number: int, word: str, cells: list[bytes]) -> NDArray[np.float32]:
    try:
        values = np.array(cells, np.float64)
    except ValueError:
        values = np.array([np.nan])
    if not (np.abs(values) <= LARGEST).all():  # nor is what is no number
        raise FormatError(f"{path}: line {number}: '{word}' has something that is no finite number; repair the line")
    return values.astype(np.float32)
