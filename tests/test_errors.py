"""One way to say that a name is unknown."""

from __future__ import annotations

import pytest

from gengine.core.face import ARKIT_NAMES
from gengine.errors import FormatError, GengineError, unknown


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("bhv", "--formats 'bhv' is unknown; did you mean 'bvh'? choose from bvh, csv, npz"),
        ("BVH", "--formats 'BVH' is unknown; did you mean 'bvh'? choose from bvh, csv, npz"),
        ("zzz", "--formats 'zzz' is unknown; choose from bvh, csv, npz"),
        (7, "--formats '7' is unknown; choose from bvh, csv, npz"),
    ],
)
def test_an_unknown_name_is_answered_with_the_near_and_the_known_ones(value, message):
    assert str(unknown("--formats", value, ["bvh", "csv", "npz"])) == message


def test_long_lists_give_the_nearest_alone():
    assert str(unknown("face curve", "jawopen", ARKIT_NAMES)) == (
        "face curve 'jawopen' is unknown; did you mean 'jawOpen'? there are 52 names"
    )


def test_the_kind_of_error_and_a_last_clause_can_be_given():
    error = unknown("network", "x", ("a",), "or give a checkpoint's folder", FormatError)
    assert type(error) is FormatError and isinstance(error, GengineError)
    assert str(error).endswith("choose from a or give a checkpoint's folder")
