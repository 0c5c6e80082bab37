"""Files of word vectors: only the wanted words, and every damage by its line."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from gengine.encoders.word_vectors import read_word_vectors
from gengine.errors import FormatError

ROWS = [
    ("the", [0.1, 0.2, 0.3]),
    ("Paris", [1, 2, 3]),
    ("Hello", [9, 9, 9]),
    (". . .", [7, 7, 7]),
    ("hello", [4, 5, 6]),
    ("don't", [-1e-3, 2.5e2, 0]),
    ("你好", [5, 5, 5]),
]


def lines(rows):
    return "".join(f"{word} {' '.join(map(str, values))}\n" for word, values in rows)


@pytest.fixture
def write(tmp_path):
    def write(text: str | bytes, name: str = "vectors.txt"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_glove_gives_the_wanted_words_in_the_order_asked(write):
    got = read_word_vectors(write(lines(ROWS)), ["Hello!", "Paris", "zebra", "don’t", "你好", "hello", "…"], 3)
    assert got.words == ("hello", "paris", "don't", "你好") and got.missing == ("zebra",)
    np.testing.assert_allclose(got.vectors, [[4, 5, 6], [1, 2, 3], [-1e-3, 250, 0], [5, 5, 5]])
    assert got.vectors.dtype == np.float32


def test_fasttext_header_and_gzip(write):
    rows = [r for r in ROWS if " " not in r[0]]
    text = f"{len(rows)} 3\n" + lines(rows)
    plain = read_word_vectors(write(text, "v.vec"), ["hello"])
    packed = read_word_vectors(write(gzip.compress(text.encode()), "v.vec.gz"), ["hello"])
    assert plain.vectors.tolist() == packed.vectors.tolist() == [[4, 5, 6]]


def test_lines_as_fasttext_ends_them(write):
    text = "2 3\nthe 1 2 3 \nhello 4 5 6 \n"
    assert read_word_vectors(write(text, "v.vec"), ["hello"]).vectors.tolist() == [[4, 5, 6]]


def test_nothing_found_is_an_empty_matrix(write):
    got = read_word_vectors(write(lines(ROWS)), ["zebra"], 3)
    assert got.words == () and got.vectors.shape == (0, 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2 3\nthe 1 2 3\nhello 4 5\n", "line 3: 2 numbers, expected 3"),
        ("2 3\nthe 1 2 3\nhello 4 5 6 7\n", "line 3: 4 numbers, expected 3"),
        ("the 1 2 3\nhello 4 nan 6\n", "line 2: 'hello' has something that is no finite number"),
        ("the 1 2 3\nhello 4 x 6\n", "line 2: 'hello'"),
        ("the 1 2 3\nhello 4 inf 6\n", "line 2: 'hello'"),
        ("5 3\nthe 1 2 3\nhello 4 5 6\n", "line 1 says 5 words, the file has 2"),
        ("2 300\nthe 1 2 3\nhello 4 5 6\n", "line 1: vectors of 300 numbers, expected 3"),
        ("the 1 2\nhello 4 5\n", "line 1: vectors of 2 numbers, expected 3"),
        ("the 1 2 3\n\nhello 4 5 6\n", "line 2: is empty"),
        ("", "line 1: is empty"),
        (b"\xba\x16\x4f\x2f" + b"\0" * 40, "binary model.*\\.vec"),
        (b"the\0\1\2", "binary file"),
        (b"PK\x03\x04....", "unpack it"),
        # Without a time of packing: every process that collects the tests must give this one the same name.
        (gzip.compress(b"the 1 2 3\n" * 100, mtime=0)[:-12], "damaged or cut off"),
    ],
)
def test_damage_is_named_by_its_line(write, text, message):
    with pytest.raises(FormatError, match=message):
        read_word_vectors(write(text), ["hello", "the"], 3)


def test_a_binary_model_is_refused_by_its_name_and_an_absent_file_by_its_path(write, tmp_path):
    with pytest.raises(FormatError, match="binary model"):
        read_word_vectors(write("the 1 2 3\n", "cc.en.300.bin"), ["the"])
    with pytest.raises(FormatError, match="absent.vec: .*cannot be read"):
        read_word_vectors(tmp_path / "absent.vec", ["the"])
