"""Text in pieces: tags are taken out when they are whole, the rest is spoken as it came."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gengine.inputs.text_stream import TextStream

TEXT = (
    "Hi [excited] there, (whispers) come (kind of) closer 😀 now. <emotion name='sad'>Oh no</emotion> :-) I said "
    "a < b *really* 3 * 4 = 12 [laughs nervously] [end"
)
SPOKEN = "Hi there, come (kind of) closer now. Oh no I said a < b really 3 * 4 = 12 [end"
TAGS = [
    ("sound", "excited"), ("sound", "whispers"), ("sign", "😀"), ("style", "sad"), ("end", "emotion"), ("sign", ":-)"),
    ("emphasis", "moderate"), ("sound", "laughs nervously"),
]  # fmt: skip


def read(text: str, cuts: list[int]) -> tuple[str, list]:
    stream, spoken, tags = TextStream(), "", []
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        said, found = stream.push(text[start:end], last=end == len(text))
        spoken += said
        tags += found
    return spoken, tags


def test_however_it_is_cut(seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    spoken, tags = read(TEXT, [])
    assert spoken == SPOKEN and [(t.kind, t.written) for t in tags] == TAGS
    assert tags[0].end == math.inf and tags[2].end == 3.0 and {t.start for t in tags} == {0.0}
    for _ in range(200):
        cuts = sorted(rng.choice(np.arange(1, len(TEXT)), rng.integers(1, 40), replace=False).tolist())
        assert read(TEXT, cuts) == (spoken, tags), cuts


def test_nothing_waits_longer_than_a_tag_may_be() -> None:
    stream = TextStream()
    assert stream.push("wait [for ") == ("wait ", ())
    assert stream.push(100 * "x")[0].startswith("[for xxx")
    assert TextStream().push("plain words, at once") == ("plain words, at once", ())


@pytest.mark.parametrize("tag", ["[pause]", "<break time='1s'/>"])
def test_pauses_are_the_voices(tag: str) -> None:
    assert TextStream().push(f"a {tag} b", last=True) == ("a b", ())
