"""Whole performances as an export format."""

from __future__ import annotations

from gengine.formats.npz import NpzExporter, load_performance


def test_it_is_the_saved_performance(make_performance, tmp_path):
    performance = make_performance(1.0)
    written = NpzExporter.write(performance, tmp_path / "a.npz")
    assert written.read_bytes() == performance.save(tmp_path / "b.npz").read_bytes()
    assert load_performance(written).provenance == performance.provenance


def test_an_error_leaves_nothing(make_performance, tmp_path):
    try:
        with NpzExporter(tmp_path / "a.npz") as out:
            out.append(make_performance(1.0))
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert list(tmp_path.iterdir()) == []
