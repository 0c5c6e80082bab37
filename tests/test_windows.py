"""Windows over a stream: which seconds a hop covers, and buffers that hold no more than is asked for."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.core.words import Word
from gengine.errors import GengineError
from gengine.windows import CurveBuffer, EventBuffer, Hop, WindowSpec

SPEC = WindowSpec(context=2.0, hop=0.5, lookahead=1.0)


def test_hops_of_a_stream_whose_end_is_unknown():
    assert SPEC.at(0) == Hop(first=0.0, start=0.0, end=0.5, known=1.5, ended=False)
    assert SPEC.at(3) == Hop(first=0.0, start=1.5, end=2.0, known=3.0, ended=False)
    assert SPEC.at(6) == Hop(first=1.0, start=3.0, end=3.5, known=4.5, ended=False)


def test_hops_end_with_the_recording():
    assert SPEC.at(1, 2.25) == Hop(0.0, 0.5, 1.0, 2.0, ended=False)
    assert SPEC.at(2, 2.5) == Hop(0.0, 1.0, 1.5, 2.5, ended=True)  # exactly known to its end
    assert SPEC.at(4, 2.25) == Hop(0.0, 2.0, 2.25, 2.25, ended=True)
    assert SPEC.at(4, 2.25, until=2.3) == Hop(0.0, 2.0, 2.3, 2.25, ended=True)
    assert SPEC.at(5, 2.25) is None
    assert SPEC.at(4, 2.0) is None and SPEC.at(4, 2.0 + 1e-10) is None and SPEC.at(4, 2.0 + 1e-6) is not None
    assert SPEC.at(0, 0.0) is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((2.0, 0.0, 1.0), "window hop: 0.0 s, expected at least 0.05"),
        ((-1.0, 0.5, 1.0), "window context: -1.0 s"),
        ((2.0, 0.51, 1.0), "window hop: 0.51 s, expected a multiple of 0.05"),
        ((2.0, 0.5, 1 / 60), "window lookahead"),
        ((2.0, 0.5, 0.01), "window lookahead"),
    ],
)
def test_spans_that_fit_no_clock_are_errors(values, message):
    with pytest.raises(GengineError, match=message):
        WindowSpec(*values)
    assert WindowSpec(0.0, 0.05, 0.0).hop == 0.05


def test_a_curve_buffer_keeps_absolute_numbers():
    buffer = CurveBuffer()
    assert (len(buffer), buffer.first, buffer.end, buffer.read(0, 5)) == (0, 0, 0, {})
    buffer.append({"a": np.arange(4), "b": np.arange(8).reshape(4, 2)})
    buffer.append({"a": np.arange(4, 6), "b": np.arange(8, 12).reshape(2, 2)})
    assert buffer.read(2, 5)["a"].tolist() == [2, 3, 4]
    buffer.drop(2)
    assert (len(buffer), buffer.first, buffer.end) == (4, 2, 6)
    assert buffer.read(2, 4)["b"].tolist() == [[4, 5], [6, 7]]
    buffer.drop(1)  # gone already
    assert (buffer.first, buffer.read(5, 9)["a"].tolist()) == (2, [5])
    buffer.drop(99)  # no further than what came
    assert (len(buffer), buffer.first, buffer.end) == (0, 6, 6)
    buffer.append({"a": np.array([6]), "b": np.array([[12, 13]])})
    assert buffer.read(6, 7)["a"].tolist() == [6]


def test_dropped_rows_free_their_memory():
    buffer = CurveBuffer()
    buffer.append({"a": np.zeros(1000)})
    buffer.drop(990)
    assert buffer.read(990, 1000)["a"].base.nbytes == 80


def test_an_event_buffer_lists_what_is_known():
    early, late = Word("a", 0.0, 1.0), Word("b", 1.0, 2.0)
    buffer = EventBuffer()
    buffer.append([early])
    buffer.append(iter([late]))
    assert buffer.read(0.0, 2.0) == (early, late)
    assert buffer.read(0.0, 1.9) == (early,)
    assert buffer.read(0.0, 2.0 - 1e-10) == (early, late)  # rounding is no reason to wait
    assert buffer.read(1.0, 2.0) == (late,)
    assert buffer.read(0.0, 1.0, given=True) == (early, late)
    assert buffer.read(0.0, 0.9, given=True) == (early,)
    buffer.drop(0.9)
    assert len(buffer) == 2
    buffer.drop(1.0)
    assert len(buffer) == 1 and buffer.read(0.0, 9.0) == (late,)
    buffer.drop(5.0)
    buffer.drop(5.0)
    assert len(buffer) == 0 and buffer.read(0.0, 9.0) == ()
