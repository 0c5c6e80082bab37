"""The border: sizes, depth and digits are bounded before memory is taken, and every failure is one error."""

from __future__ import annotations

import os
import zipfile

import numpy as np
import pytest

from gengine.core import array_bounds, bounds
from gengine.errors import FormatError


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[" * 100_000, "deeper"),
        ("9" * 5000, "digits"),
        ("1e999", "range"),
        ("NaN", "NaN"),
        ("[-Infinity]", "Infinity"),
        ('{"a": 1,}', "line 1, column"),
        (b"\xff{}", "UTF-8"),
        ('"' + "\\" * 100_001, "line 1"),
    ],
)
def test_json_out_of_bounds_is_one_error(text, says):
    with pytest.raises(FormatError, match=f"take.json: .*{says}.*; give another"):
        bounds.parse_json(text, "take.json", "give another")


def test_brackets_inside_of_quotes_do_not_nest():
    assert bounds.parse_json('["' + "[" * 200 + '"]', "x", "y") == ["[" * 200]


@pytest.mark.parametrize("value", [10**5000, float("nan"), -1, True, "3", None], ids=lambda v: type(v).__name__)
def test_a_number_out_of_range_is_told_in_few_words(value):
    with pytest.raises(FormatError, match=r"rate: .{1,70}, expected a number from 0 to 10"):
        bounds.number(value, "rate", 0, 10)


def test_pipes_devices_and_folders_are_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero", tmp_path, tmp_path / "absent", "a\0b"):
        with pytest.raises(FormatError, match="; give a file"):
            bounds.read_bounded(path, 100, "give a file")
    (tmp_path / "large").write_bytes(bytes(101))
    with pytest.raises(FormatError, match="at most 100"):
        bounds.read_bounded(tmp_path / "large", 100, "give a file")


def test_an_archive_that_unpacks_to_far_more_than_itself_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.npy", bytes(array_bounds.ZIP_FREE + 1))
    with pytest.raises(FormatError, match="far more"), array_bounds.archive(tmp_path / "bomb.npz", "give another"):
        pass


def test_a_shape_that_lies_takes_no_memory(tmp_path):
    with zipfile.ZipFile(tmp_path / "lie.npz", "w") as file, file.open("a.npy", "w") as member:
        np.lib.format.write_array_header_1_0(member, {"descr": "<f8", "fortran_order": False, "shape": (1 << 40,)})
    with pytest.raises(FormatError, match="do not hold"), array_bounds.archive(tmp_path / "lie.npz", "x") as file:
        array_bounds.load_array(file, "a")


def test_arrays_come_back_as_numpy_wrote_them(tmp_path):
    arrays = {"a": np.arange(6.0).reshape(2, 3), "b": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "c": np.array(3)}
    np.savez_compressed(tmp_path / "x.npz", **arrays)
    with array_bounds.archive(tmp_path / "x.npz", "x") as file:
        assert all(np.array_equal(array_bounds.load_array(file, name), value) for name, value in arrays.items())


@pytest.mark.parametrize("turn", [(np.nan, 0, 0, 0), (0, 0, 0, 0), (1e30, 0, 0, 0), (2, 0, 0, 0)])
def test_rotations_are_of_unit_length(turn):
    with pytest.raises(FormatError, match=r"pose: .*\[1"):
        array_bounds.check_unit(np.array([(1, 0, 0, 0), turn], np.float32), "pose")
