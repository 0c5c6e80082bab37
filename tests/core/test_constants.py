from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
import pytest

from gengine.core.constants import Points, Span, read_constants
from gengine.errors import FormatError


@dataclass(frozen=True)
class Sample:
    count: int
    size: float
    shape: tuple[float, ...]
    delay: Span
    calm: Points


ROWS = [
    "count,3,1,judgement,",
    "size,0.5,mm,a paper,",
    "shape,1 -2 0.5,deg,judgement,",
    "delay,0.15+0.05,s,judgement,",
    'calm,0.2:0.7 0.6:1,1,judgement,"with, a comma"',
]


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Write rows as the table of a package of their own and read them."""

    def run(rows: list[str]) -> Sample:
        room = tmp_path / "sample_room"
        (room / "data").mkdir(parents=True)
        (room / "__init__.py").write_text("")
        (room / "data/sizes.csv").write_text("\n".join(["name,value,unit,source,comment", *rows]))
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, "sample_room", raising=False)
        return read_constants(Sample, "sample_room", "sizes")

    return run


def test_every_kind_of_value_is_read(read):
    assert read(ROWS) == Sample(3, 0.5, (1.0, -2.0, 0.5), Span(0.15, 0.05), Points((0.2, 0.6), (0.7, 1.0)))


def test_a_span_is_entered_and_measured():
    span = Span(2.0, 4.0)
    assert span.at(0.25) == 3.0
    assert span.share(np.array([1.0, 3.0, 6.0, 9.0])).tolist() == [0.0, 0.25, 1.0, 1.0]


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
        ([*ROWS[:3], "delay,0.15,s,judgement,", ROWS[4]], "'delay' is '0.15'"),
    ],
)
def test_a_table_that_does_not_fit_its_record_is_refused(read, rows, said):
    with pytest.raises(FormatError, match=said):
        read(rows)
