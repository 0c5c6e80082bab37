"""Saved performances: bit for bit, in flat memory, and safe against damage."""

from __future__ import annotations

import io
import json
import tracemalloc
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from gengine.core.archive import PerformanceArchive, load_performance, save_performance
from gengine.core.performance import Performance
from gengine.core.skeleton import Skeleton
from gengine.errors import FormatError, GengineError


def assert_same(a: Performance, b: Performance) -> None:
    """Every bit of two performances, types included."""
    assert (a.words, a.speaker, a.provenance, a.start) == (b.words, b.speaker, b.provenance, b.start)
    for track, fields in {
        "audio": ("samples", "rate"),
        "emotion": ("weights", "vad", "fps"),
        "motion": ("rotations", "root", "fps"),
        "face": ("weights", "head", "gaze", "fps"),
    }.items():
        x, y = getattr(a, track), getattr(b, track)
        assert (x is None) == (y is None)
        for field in fields if x is not None else ():
            u, v = getattr(x, field), getattr(y, field)
            assert type(u) is type(v)
            assert np.asarray(u).dtype == np.asarray(v).dtype
            assert np.asarray(u).tobytes() == np.asarray(v).tobytes(), f"{track}.{field}"
    if a.motion is not None and b.motion is not None:
        assert a.motion.skeleton == b.motion.skeleton


@pytest.mark.parametrize("without", [(), ("motion",), ("face",), ("motion", "face")])
def test_round_trip_is_bit_for_bit(make_performance, tmp_path, without):
    performance = replace(make_performance(), start=1 / 3, **dict.fromkeys(without))
    assert_same(load_performance(save_performance(performance, tmp_path / "a.npz")), performance)


def test_odd_values_survive(make_performance, make_motion, tmp_path):
    body = make_performance(0.5)
    weights = body.face.weights.copy()
    weights[0, :3] = [1e-45, 1.0, -0.0]
    chain = Skeleton(("röot", "a b"), np.array([-1, 0]), np.array([[0, 0, 0], [0.1, 1 / 3, 1e-17]]))
    odd = replace(
        body,
        face=replace(body.face, weights=weights, fps=60000 / 1001),
        motion=make_motion(7, skeleton=chain),
        provenance={"path": "\udcff.wav", "rate": 0.1 + 0.2},
    )
    assert_same(load_performance(save_performance(odd, tmp_path / "a.npz")), odd)
    empty = body.slice(0, 0)
    assert_same(load_performance(save_performance(empty, tmp_path / "b.npz")), empty)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("track", ["face.weights", "emotion.vad", "motion.root", "motion.rotations"])
def test_values_that_are_not_finite_are_refused_when_read(value, track, make_performance, tmp_path):
    body = make_performance(0.5)
    name, field = track.split(".")
    values = getattr(getattr(body, name), field).copy()
    values.flat[7] = value
    broken = replace(body, **{name: replace(getattr(body, name), **{field: values})})
    path = save_performance(broken, tmp_path / "a.npz")
    with pytest.raises(FormatError, match=f"a.npz: .*{track}: holds NaN or infinity at"):
        load_performance(path)


def test_a_stream_makes_the_same_bytes_as_the_whole(make_performance, tmp_path):
    whole = make_performance(3.0)
    parts = [whole.slice(t, t + 0.5) for t in np.arange(6) / 2]
    save_performance(Performance.join(parts), tmp_path / "whole.npz")
    archive = PerformanceArchive(tmp_path / "stream.npz")
    for part in parts:
        archive.append(part)
    archive.close()
    assert (tmp_path / "whole.npz").read_bytes() == (tmp_path / "stream.npz").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["stream.npz", "whole.npz"]


def test_memory_stays_flat(make_performance, tmp_path):
    stretch = make_performance(2.0)
    archive = PerformanceArchive(tmp_path / "long.npz")
    archive.append(stretch)
    tracemalloc.start()
    for _ in range(80):
        archive.append(stretch)
    archive.close()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (tmp_path / "long.npz").stat().st_size > 12e6
    assert peak < 4e6


def test_numpy_reads_it_without_pickle(make_performance, tmp_path):
    performance = make_performance(1.0)
    with np.load(performance.save(tmp_path / "a.npz"), allow_pickle=False) as file:
        assert np.array_equal(file["motion.rotations"], performance.motion.rotations)
        assert file["audio.samples"].dtype == np.float32
        assert json.loads(file["performance.json"])["speaker"]["name"] == "zoë"


def test_truncated_files_are_format_errors(make_performance, tmp_path):
    data = make_performance(0.5).save(tmp_path / "a.npz").read_bytes()
    for size in [0, 1, 100, len(data) // 3, len(data) // 2, len(data) - 200, len(data) - 1]:
        cut = tmp_path / "cut.npz"
        cut.write_bytes(data[:size])
        with pytest.raises(FormatError, match="cut.npz"):
            load_performance(cut)


def test_flipped_bytes_are_format_errors(make_performance, tmp_path):
    path = make_performance(0.5).save(tmp_path / "a.npz")
    data = path.read_bytes()
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(path) as archive:
        starts = {i.filename: i.header_offset + 200 for i in archive.infolist()}
    for at in [*starts.values(), *rng.integers(0, len(data), 60)]:
        broken = bytearray(data)
        broken[at] ^= 0xFF
        bad = tmp_path / "bad.npz"
        bad.write_bytes(broken)
        try:
            load_performance(bad)
        except FormatError:
            continue
        # A few bytes of a zip mean nothing (dates, permissions); all that is held must be intact then.
        assert_same(load_performance(bad), load_performance(path))


def _rewritten(path, **members: bytes) -> bytes:
    """The archive with some members replaced or, for ``b""``, left out."""
    out = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            name = info.filename.replace(".", "_")
            data = members.get(name, old.read(info))
            if data:
                new.writestr(info.filename, data)
    return out.getvalue()


def test_foreign_and_newer_files_are_format_errors(make_performance, tmp_path):
    path = make_performance(0.5).save(tmp_path / "a.npz")
    with zipfile.ZipFile(path) as archive:
        about = json.loads(archive.read("performance.json"))
    huge, objects = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array_header_1_0(huge, {"descr": "<f4", "fortran_order": False, "shape": (10**15,)})
    np.save(objects, np.array([{}], dtype=object))
    cases = {
        "newer": _rewritten(path, performance_json=json.dumps({**about, "version": 99}).encode()),
        "other": _rewritten(path, performance_json=json.dumps({**about, "format": "other"}).encode()),
        "list": _rewritten(path, performance_json=b"[1]"),
        "traits": _rewritten(path, performance_json=json.dumps({**about, "speaker": {"name": "x"}}).encode()),
        "missing": _rewritten(path, audio_samples_npy=b""),
        "huge": _rewritten(path, audio_samples_npy=huge.getvalue()),
        "pickle": _rewritten(path, audio_samples_npy=objects.getvalue()),
        "text": b"HIERARCHY\n",
    }
    for name, data in cases.items():
        bad = tmp_path / f"{name}.npz"
        bad.write_bytes(data)
        with pytest.raises(FormatError, match=name):
            load_performance(bad)
    np.savez(tmp_path / "foreign.npz", poses=np.zeros(3))
    for name in ("foreign.npz", "absent.npz", "."):
        with pytest.raises(FormatError):
            load_performance(tmp_path / name)


def test_what_cannot_be_saved_leaves_nothing_behind(make_performance, tmp_path):
    performance = make_performance(0.5)
    with pytest.raises(GengineError, match="provenance"):
        save_performance(replace(performance, provenance={"x": object()}), tmp_path / "a.npz")
    archive = PerformanceArchive(tmp_path / "b.npz")
    with pytest.raises(GengineError, match="no stretch"):
        archive.close()
    archive.append(performance)
    with pytest.raises(GengineError, match="expected"):
        archive.append(performance.resample(body_fps=60))
    with pytest.raises(GengineError, match="expected"):
        archive.append(replace(performance, face=None))
    archive.abort()
    with pytest.raises(GengineError, match="absent"):
        save_performance(performance, tmp_path / "absent" / "a.npz")
    assert list(tmp_path.iterdir()) == []
