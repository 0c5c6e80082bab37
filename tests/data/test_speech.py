from __future__ import annotations

import shutil

import numpy as np
import pytest

from gengine.data import speech, synthetic_speech
from gengine.encoders.phones import PHONES
from gengine.errors import FormatError
from gengine.inputs.align import align_phones
from gengine.inputs.audio import load_audio

TEXTGRID = """File type = "ooTextFile"
Object class = "TextGrid"
xmin = 0
xmax = 0.5
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 0.5
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 0.5
            text = "map"
    item [2]:
        class = "IntervalTier"
        name = "phones"
        xmin = 0
        xmax = 0.5
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 0.1
            text = ""
        intervals [2]:
            xmin = 0.1
            xmax = 0.2
            text = "M"
        intervals [3]:
            xmin = 0.2
            xmax = 0.5
            text = "AE1"
"""


def test_textgrid_phones(tmp_path):
    path = tmp_path / "a.TextGrid"
    path.write_text(TEXTGRID)
    assert [(p.symbol, p.start, p.end) for p in speech.textgrid_phones(path)] == [
        ("sil", 0, 0.1),
        ("M", 0.1, 0.2),
        ("AE", 0.2, 0.5),
    ]
    with pytest.raises(FormatError, match="no tier"):
        speech.textgrid_phones(path, "tones")


def test_german_events_become_phones(tmp_path):
    path = tmp_path / "a.tsv"
    rows = [(0.1, 0.15, "_t"), (0.15, 0.17, "!t +asp"), (0.17, 0.2, "tasp"), (0.2, 0.3, "a 2"), (0.3, 0.35, "-lar"),
            (0.35, 0.4, "m +sil"), (0.4, 0.5, "Y"), (0.5, 0.6, ".")]  # fmt: skip
    path.write_text("start\tend\tlabel\n" + "".join(f"{a}\t{b}\t{c}\n" for a, b, c in rows))
    phones = speech.german_phones(path, 0.7)
    assert [p.symbol for p in phones] == ["sil", "T", "AA|AH", "M", "UW|UH", "sil", "sil"]
    assert (phones[1].start, phones[1].end) == (0.1, 0.2) and (phones[2].start, phones[2].end) == (0.2, 0.35)
    assert phones[-1].end == 0.7
    assert all(a.end == b.start for a, b in zip(phones, phones[1:], strict=False))


def test_every_german_sound_has_lips():
    for symbols in speech.GERMAN.values():
        assert symbols == "" or set(symbols.split("|")) <= set(PHONES)


def test_a_missing_corpus_is_named(tmp_path):
    with pytest.raises(FormatError, match=r"metadata\.tsv"):
        list(speech.ljspeech(tmp_path))


@pytest.mark.skipif(shutil.which("flite") is None, reason="flite is not installed")
def test_flite_tells_its_phones():
    u = synthetic_speech.flite("Bob may pay a map", "slt", "x")
    assert [p.symbol for p in u.phones] == "sil B AA B M EY P EY AH M AE P sil".split()
    assert u.phones[-1].end == pytest.approx(len(u.samples) / 16000, abs=0.05)
    first_b = u.phones[1]
    energy = np.square(u.samples)
    vowel = u.phones[2]
    inside = energy[int(vowel.start * 16000) : int(vowel.end * 16000)].mean()
    assert energy[int(first_b.start * 16000) : int(first_b.end * 16000)].mean() < 0.5 * inside


@pytest.mark.data
def test_alignment_finds_the_words(reference_data):
    """Forced alignment of an LJ Speech clip agrees with its checked TextGrid."""
    u = next(speech.ljspeech(reference_data))
    text = (
        "printing in the only sense with which we are at present concerned differs from most if not from all the "
        "arts and crafts represented in the exhibition"
    )
    phones = align_phones(u.samples, text)
    assert phones is not None
    mine = [p.start for p in phones if p.symbol in ("P", "B", "M")]
    theirs = np.array([p.start for p in u.phones if p.symbol in ("P", "B", "M")])
    assert np.median([np.abs(theirs - t).min() for t in mine]) < 0.02


@pytest.mark.data
def test_the_sound_of_a_video(reference_data):
    path = sorted((reference_data / "grid_s1").glob("*.mkv"))[0]
    samples = load_audio(path).samples
    assert 2.8 < len(samples) / 16000 < 3.2 and 0.01 < np.abs(samples).max() <= 1
