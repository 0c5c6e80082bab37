from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pysubs2
import pytest

from gengine.core.words import Word, WordTrack
from gengine.formats.word_files import LONGEST_CUE, LONGEST_LINE
from gengine.inputs.text import read_text


def test_json_is_read_again_as_a_transcript(make_performance, tmp_path: Path) -> None:
    performance = make_performance(3.0)
    path = performance.export(tmp_path / "words.json", "words")
    track = read_text(path).track
    assert track is not None
    assert [w.text for w in track.words] == [w.text for w in performance.words.words]
    assert [(w.start, w.end) for w in track.words] == [
        pytest.approx((w.start, w.end), abs=1e-4) for w in performance.words.words
    ]
    assert [p.symbol for p in track.phones if p.symbol != "sil"] == [p.symbol for p in performance.words.phones]


def test_subtitles_are_readable_cues(make_performance, tmp_path: Path) -> None:
    texts = ("It changes all of us . You! And then there was a long sentence which goes on and on without an end for "
             "quite some time , said the others , who knew").split()  # fmt: skip
    words = tuple(Word(text, k * 0.3, k * 0.3 + 0.3) for k, text in enumerate(texts))
    words += (Word("Later", 20.0, 20.4),)
    performance = replace(make_performance(3.0), words=WordTrack(words))
    path = performance.export(tmp_path / "words.srt")
    cues = list(pysubs2.load(str(path)))
    assert " ".join(c.plaintext.replace("\n", " ") for c in cues) == " ".join(w.text for w in words)
    assert cues[0].plaintext.endswith("us .") and cues[1].plaintext == "You!"
    assert (cues[-1].start, cues[-1].plaintext) == (20_000, "Later")
    for cue in cues:
        assert cue.duration <= 1000 * LONGEST_CUE
        assert all(len(line) <= LONGEST_LINE + 8 for line in cue.plaintext.split("\n"))
    assert read_text(path).words == tuple(w.text for w in words) or len(read_text(path).segments) == len(cues)


def test_no_words_are_an_empty_file(make_performance, tmp_path: Path) -> None:
    performance = replace(make_performance(1.0), words=WordTrack())
    assert performance.export(tmp_path / "words.srt").read_text() == ""
