"""TextGrids: both formats, every encoding, tiers by name and by content, and broken files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gengine.errors import TextError
from gengine.inputs.text import read_text
from gengine.inputs.textgrid import Tier, parse_textgrid

Rows = list[tuple[float, float, str]]

WORDS: Rows = [(0.0, 0.5, ""), (0.5, 1.0, "big"), (1.0, 1.5, "map"), (1.5, 2.0, "")]
PHONES: Rows = [(0.0, 0.5, "sil"), (0.5, 0.6, "B"), (0.6, 0.8, "IH1"), (0.8, 1.0, "G"), (1.0, 1.2, "M"),
                (1.2, 1.4, "AE1"), (1.4, 1.5, "P"), (1.5, 2.0, "")]  # fmt: skip


def long_format(tiers: dict[str, Rows]) -> str:
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0 ", "xmax = 2 "]
    lines += ["tiers? <exists> ", f"size = {len(tiers)} ", "item []: "]
    for i, (name, rows) in enumerate(tiers.items(), 1):
        lines += [f"    item [{i}]:", '        class = "IntervalTier" ', f'        name = "{quoted(name)}" ']
        lines += ["        xmin = 0 ", "        xmax = 2 ", f"        intervals: size = {len(rows)} "]
        for k, (start, end, label) in enumerate(rows, 1):
            lines += [f"        intervals [{k}]:", f"            xmin = {start!r} ", f"            xmax = {end!r} "]
            lines += [f'            text = "{quoted(label)}" ']
    return "\n".join(lines) + "\n"


def short_format(tiers: dict[str, Rows]) -> str:
    lines = ['File type = "ooTextFile"', '"TextGrid"', "", "0", "2", "<exists>", f"{len(tiers)}"]
    for name, rows in tiers.items():
        lines += ['"IntervalTier"', f'"{quoted(name)}"', "0", "2", f"{len(rows)}"]
        lines += [f'{start!r}\n{end!r}\n"{quoted(label)}"' for start, end, label in rows]
    return "\n".join(lines) + "\n"


def quoted(label: str) -> str:
    return label.replace('"', '""')


LABELS = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=12).map(str.strip)


@given(
    st.dictionaries(LABELS, st.lists(st.tuples(st.floats(0, 0.5), LABELS), max_size=6), min_size=1, max_size=3),
    st.sampled_from([long_format, short_format]),
)
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read(content: dict[str, list[tuple[float, str]]], write: object) -> None:
    tiers: dict[str, Rows] = {}
    for name, steps in content.items():
        at, rows = 0.0, []
        for length, label in steps:
            rows.append((at, at + length, label))
            at += length
        tiers[name] = rows
    read = parse_textgrid(write(tiers), "a.TextGrid")  # type: ignore[operator]
    assert read == [Tier(name, tuple(rows)) for name, rows in tiers.items()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("write", [long_format, short_format])
@pytest.mark.parametrize("names", [("Words", "PHONES"), ("mary - words", "mary - phones"), ("KAN", "x"), ("a", "MAU")])
def test_words_and_phones_are_found(tmp_path: Path, encoding: str, write, names: tuple[str, str]) -> None:
    for order in (1, -1):
        tiers = dict(list(zip(names, (WORDS, PHONES), strict=True))[::order])
        (tmp_path / "a.TextGrid").write_bytes(write(tiers).encode(encoding))
        track = read_text(tmp_path / "a.TextGrid").track
        assert track is not None and track.source == "given"
        assert [(w.text, w.start, w.end) for w in track.words] == [("big", 0.5, 1.0), ("map", 1.0, 1.5)]
        assert [p.symbol for p in track.phones] == ["sil", "B", "IH", "G", "M", "AE", "P", "sil"]
        assert [p.stress for p in track.phones if p.stress >= 0] == [1, 1]


def test_ipa_tier(tmp_path: Path) -> None:
    ipa: Rows = [(0.5, 0.6, "pʰ"), (0.6, 0.8, "aj"), (0.8, 0.9, "ʃ"), (0.9, 1.0, "yː"), (1.0, 1.1, "pf")]
    (tmp_path / "a.TextGrid").write_text(long_format({"words": WORDS, "phones": ipa}), encoding="utf-8")
    track = read_text(tmp_path / "a.TextGrid").track
    assert track is not None and [p.symbol for p in track.phones] == ["P", "AY", "SH", "y", "P", "F"]
    assert track.phones[-1].end == 1.1 and track.phones[-2].end == pytest.approx(1.05)


def test_utterances_become_segments(tmp_path: Path) -> None:
    (tmp_path / "a.TextGrid").write_text(short_format({"transcript": [(0.5, 1.5, "this is a big map")]}), "utf-8")
    transcript = read_text(tmp_path / "a.TextGrid")
    assert transcript.track is None and transcript.segments[0].start == 0.5


GOOD = long_format({"words": WORDS})


@pytest.mark.parametrize(
    ("text", "saying"),
    [
        (GOOD[: GOOD.index("big") - 1], "line 22: the file ends .* cut off"),
        (GOOD.replace("xmin = 0.5", "xmin = half", 1), 'line 2[0-9]: "big" found where the xmax'),
        (GOOD.replace("xmax = 0.5", "xmax = -0.5"), "line 17: interval ends at -0.5 s"),
        (GOOD.replace("xmin = 1.0", "xmin = 0.1"), "line 2[0-9]: interval starts at 0.1 s"),
        (GOOD.replace("size = 4", "size = 4.5"), "line 14: number of intervals is 4.5"),
        (GOOD.replace("IntervalTier", "OddTier"), "line 11: tier class 'OddTier'"),
        (GOOD.replace("TextGrid", "Pitch"), "line 2: holds a Praat 'Pitch'"),
        ("hello", "line 1: the file ends"),
        (long_format({"words": [(0.0, 2.0, "")]}), "no tier of words"),
    ],
)
def test_broken_files_name_the_line(tmp_path: Path, text: str, saying: str) -> None:
    (tmp_path / "a.TextGrid").write_text(text, encoding="utf-8")
    with pytest.raises(TextError, match=saying):
        read_text(tmp_path / "a.TextGrid")


@pytest.mark.data
def test_corpora(reference_data: Path) -> None:
    beat = read_text(reference_data / "beat" / "2_scott_0_1_1" / "2_scott_0_1_1.TextGrid").track
    assert beat is not None and len(beat.words) > 150 and beat.words[0].text == "the" and beat.words[0].start == 1.42
    lj = read_text(reference_data / "ljspeech" / "textgrid" / "LJ001-0001.TextGrid").track
    assert lj is not None and len(lj.words) == 27
    for track in (beat, lj):
        assert sum(p.symbol == "spn" for p in track.phones) <= 2
