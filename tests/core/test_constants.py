from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
import pytest

from gengine.core.constants import Limits, Points, Span, read_constants, read_records
from gengine.errors import FormatError


@dataclass(frozen=True)
class Sample:
    count: int
    size: float
    shape: tuple[float, ...]
    delay: Span
    calm: Points
    range: Limits


ROWS = [
    "count,3,1,judgement,",
    "size,0.5,mm,a paper,",
    "shape,1 -2 0.5,deg,judgement,",
    "delay,0.15+0.05,s,judgement,",
    'calm,0.2:0.7 0.6:1,1,judgement,"with, a comma"',
    "range,-28..20,deg,judgement,",
]


@dataclass(frozen=True)
class Move:
    side: str
    rise: Span


@pytest.fixture
def room(tmp_path, monkeypatch):
    """Make a package with one table."""

    def run(table: str) -> None:
        folder = tmp_path / "sample_room"
        (folder / "data").mkdir(parents=True)
        (folder / "__init__.py").write_text("")
        (folder / "data/sizes.csv").write_text(table)
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, "sample_room", raising=False)

    return run


@pytest.fixture
def read(room):
    """Write rows as the table of a package of their own and read them."""

    def run(rows: list[str]) -> Sample:
        room("\n".join(["name,value,unit,source,comment", *rows]))
        return read_constants(Sample, "sample_room", "sizes")

    return run


def test_every_kind_of_value_is_read(read):
    calm = Points((0.2, 0.6), (0.7, 1.0))
    assert read(ROWS) == Sample(3, 0.5, (1.0, -2.0, 0.5), Span(0.15, 0.05), calm, Limits(-28.0, 20.0))


def test_a_span_is_entered_and_measured():
    span = Span(2.0, 4.0)
    assert span.at(0.25) == 3.0
    assert span.share(np.array([1.0, 3.0, 6.0, 9.0])).tolist() == [0.0, 0.25, 1.0, 1.0]


def test_limits_are_kept():
    assert Limits(-2.0, 3.0).clip([-5, 1, 9]).tolist() == [-2.0, 1.0, 3.0]


def test_points_make_a_line_held_at_its_ends():
    line = Points((0.2, 0.6), (0.7, 1.0))
    assert [line.at(x) for x in (0.0, 0.4, 2.0)] == pytest.approx([0.7, 0.85, 1.0])


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (ROWS[1:], "'count' is not both"),
        ([*ROWS, "more,1,s,judgement,"], "'more' is not both"),
        ([ROWS[0].replace("3", "3.5"), *ROWS[1:]], "'count' is '3.5'"),
        ([ROWS[0].replace("judgement", ""), *ROWS[1:]], "'count' has no unit or no source"),
        ([*ROWS[:3], "delay,0.15,s,judgement,", *ROWS[4:]], "'delay' is '0.15'"),
    ],
)
def test_a_table_that_does_not_fit_its_record_is_refused(read, rows, said):
    with pytest.raises(FormatError, match=said):
        read(rows)


def test_records_are_read_by_their_key(room):
    room("move,side,rise,source\nnod,,0.2+0,judgement\nshake,any,0.2+0.04,a paper\n")
    moves = read_records(Move, "sample_room", "sizes", key="move")
    assert moves == {"nod": Move("", Span(0.2, 0.0)), "shake": Move("any", Span(0.2, 0.04))}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("move,side,rise,source\nnod,any,0.2+0,\n", "nod: has no source"),
        ("move,side,source\nnod,any,judgement\n", "'rise' is not both"),
        ("move,side,rise,source\nnod,any,quick,judgement\n", "'rise' is 'quick'"),
    ],
)
def test_records_that_do_not_fit_are_refused(room, table, said):
    room(table)
    with pytest.raises(FormatError, match=said):
        read_records(Move, "sample_room", "sizes", key="move")
