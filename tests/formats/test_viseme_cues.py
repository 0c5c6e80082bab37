from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gengine.core.constants import read_table
from gengine.core.words import Phone
from gengine.errors import GengineError
from gengine.formats.viseme_cues import SETS, Cue, covered, viseme_cues, viseme_set
from gengine.networks.visemes.coarticulation import COARTICULATION
from gengine.networks.visemes.targets import viseme_targets

SYMBOLS = sorted({line["phone"] for line in read_table("gengine.formats", "visemes")})


def said(*sounds: tuple[str, float], start: float = 0.0) -> list[Phone]:
    """Phones after each other: symbols and their durations in seconds."""
    phones = []
    for symbol, length in sounds:
        phones.append(Phone(symbol, start, start + length))
        start += length
    return phones


def shapes(phones: list[Phone], name: str) -> list[str]:
    return [cue.shape for cue in viseme_cues(phones, phones[-1].end, name)]


def test_every_phone_of_the_lips_has_every_shape_and_none_is_strange():
    assert set(SYMBOLS) == set(viseme_targets().rows) - {"pause"} | {"spn"}
    for name in SETS:
        one = viseme_set(name)
        used = {shape for parts in (*one.parts.values(), *one.long_parts.values()) for part in parts for shape in part}
        assert one.rest in one.shapes and used <= set(one.shapes)
        missing = {"TH"} if name == "oculus" else set()
        assert used >= set(one.shapes) - missing
    assert all(line["source"] for table in ("visemes", "viseme_sets") for line in read_table("gengine.formats", table))


def test_words_look_as_they_do_in_each_set():
    beam = said(("sil", 0.3), ("B", 0.1), ("IY", 0.15), ("M", 0.1), ("sil", 0.3))
    assert shapes(beam, "rhubarb") == ["X", "A", "B", "A", "X"]
    assert shapes(beam, "preston_blair") == ["rest", "MBP", "E", "MBP", "rest"]
    assert shapes(beam, "oculus") == ["sil", "PP", "ih", "PP", "sil"]
    assert shapes(beam, "azure") == ["0", "21", "6", "21", "0"]
    five = said(("F", 0.1), ("AY", 0.25), ("V", 0.1))
    assert shapes(five, "rhubarb") == ["G", "D", "B", "G"]
    cues = viseme_cues(five, 0.45, "azure")
    assert [(c.shape, round(c.start, 3)) for c in cues] == [("18", 0.0), ("11", 0.1), ("18", 0.35)]


def test_free_sounds_look_like_their_neighbours():
    assert shapes(said(("S", 0.1), ("UW", 0.2)), "rhubarb") == ["F"]  # the lips are round already
    assert shapes(said(("S", 0.1), ("AA", 0.2)), "rhubarb") == ["B", "D"]
    assert shapes(said(("HH", 0.1), ("AA", 0.2)), "rhubarb") == ["D"]
    far = said(("UW", 0.2), ("S", 0.1), ("sil", 0.5), ("AA", 0.2))
    assert shapes(far, "rhubarb") == ["F", "X", "D"]
    late = said(("UW", 0.2), ("K", 0.1), ("S", 0.25), ("EH", 0.2))  # what comes in a quarter of a second is too far
    assert shapes(late, "rhubarb") == ["F", "C"]


def test_long_and_unknown_sounds():
    assert shapes(said(("AH", 0.15)), "rhubarb") == ["C"] and shapes(said(("AH", 0.25)), "rhubarb") == ["D"]
    assert shapes(said(("L", 0.25)), "rhubarb") == ["H"]
    assert shapes(said(("spn", 0.3)), "oculus") == shapes(said(("?!", 0.3)), "oculus") == ["aa"]
    assert shapes(said(("AA1", 0.3)), "oculus") == ["aa"]
    with pytest.raises(GengineError, match="oculus"):
        viseme_set("rubarb")


def test_pauses_rest_and_short_ones_hold():
    for pause, rests in ((0.1, 0), (0.13, 1)):
        assert shapes(said(("AA", 0.2), ("sil", pause), ("IY", 0.2)), "rhubarb").count("X") == rests
    assert COARTICULATION.hold_pause == 0.12  # as the lips themselves


def test_closures_are_made_longer_and_others_give_way():
    cues = viseme_cues(said(("AA", 0.3), ("B", 0.03), ("IY", 0.3)), 0.63, "rhubarb")
    assert [c.shape for c in cues] == ["D", "A", "B"]
    assert cues[1] == Cue(pytest.approx(0.26), pytest.approx(0.33), "A")
    cues = viseme_cues(said(("AA", 0.3), ("IY", 0.03), ("UW", 0.3)), 0.63, "rhubarb")
    assert [(c.shape, round(c.end, 3)) for c in cues] == [("D", 0.315), ("F", 0.63)]


def test_a_track_is_covered_without_gaps():
    phones = [Phone("AA", 0.2, 0.5), Phone("IY", 0.4, 0.6), Phone("sil", 0.6, 0.7), Phone("S", 0.9, 1.4)]
    found = [(p.symbol, p.start, p.end) for p in covered(phones, 1.0)]
    assert found == [("sil", 0.0, 0.2), ("AA", 0.2, 0.5), ("IY", 0.5, 0.6), ("sil", 0.6, 0.9), ("S", 0.9, 1.0)]
    assert viseme_cues([], 1.0, "rhubarb") == [Cue(0.0, 1.0, "X")] and viseme_cues([], 0.0, "rhubarb") == []


@given(
    st.lists(st.tuples(st.sampled_from(SYMBOLS), st.floats(0.01, 0.4)), max_size=25),
    st.sampled_from(SETS),
    st.floats(0.1, 0.3),
)
def test_cues_cover_the_sound_and_never_flicker(sounds, name, start):
    phones = said(*sounds, start=start)
    duration = (phones[-1].end if phones else start) + start
    cues, one = viseme_cues(phones, duration, name), viseme_set(name)
    assert cues[0].start == 0 and cues[-1].end == pytest.approx(duration)
    assert all(a.end == b.start and a.shape != b.shape for a, b in zip(cues, cues[1:], strict=False))
    assert all(c.duration >= one.shortest - 1e-6 for c in cues)
    closed = [c for c in cues if c.shape in one.closures]
    for k, phone in enumerate(phones):  # where closures do not crowd each other, none is lost or far away
        lonely = all(
            p.symbol not in {"P", "B", "M", "F", "V"} for p in phones[max(0, k - 3) : k] + phones[k + 1 : k + 4]
        )
        if lonely and phone.symbol in {"P", "B", "M", "F", "V"}:
            assert any(c.start < phone.end + 0.005 and c.end > phone.start - 0.005 for c in closed)
