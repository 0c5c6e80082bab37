"""What every registered exporter promises."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest

from gengine.core.exporter import Exporter
from gengine.errors import GengineError, MissingExtraError
from gengine.registry import names, resolve

TOLD = {"portrait"}
"""These cannot write without an option (a photo): their own tests keep the promises."""
EXPORTERS = {name: resolve("exporters", name) for name in names("exporters") if name not in TOLD}
MARKS = {"fbx": pytest.mark.blender}
each = pytest.mark.parametrize(
    "kind", [pytest.param(kind, id=name, marks=MARKS.get(name, ())) for name, kind in EXPORTERS.items()]
)


SHORT = {"words.srt", "oculus.json", "moho.dat", "rhubarb.tsv", "rhubarb.dat"}
"""Files of a few short lines."""


@cache
def missing(kind: type[Exporter]) -> str:
    """Why a format cannot be written here: the extra it needs, or nothing."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            kind(Path(folder) / kind.default_name).abort()
        except MissingExtraError as error:
            return str(error)
    return ""


@pytest.fixture(autouse=True)
def _installed(request):
    kind = request.node.callspec.params["kind"] if hasattr(request.node, "callspec") else None
    if kind is not None and missing(kind):
        pytest.skip(missing(kind))


def test_files_have_names_of_their_own():
    assert len({kind.default_name for kind in EXPORTERS.values()}) == len(EXPORTERS)


def content(path: Path) -> list[bytes]:
    """The bytes of a file; of a video what is seen and heard, since players do not mind how the two interleave.

    Blender writes the time of day into its files: of those only the size is compared.
    """
    if path.suffix == ".fbx":
        return [str(path.stat().st_size).encode()]
    if path.suffix != ".mp4":
        return [path.read_bytes()]
    with av.open(path) as video:
        seen = [frame.to_ndarray(format="rgb24").tobytes() for frame in video.decode(video=0)]
    with av.open(path) as video:
        heard = np.concatenate([frame.to_ndarray() for frame in video.decode(audio=0)], axis=-1)
    return [*seen, heard.tobytes()]


@each
def test_it_is_an_exporter_with_a_docstring(kind):
    assert issubclass(kind, Exporter)
    assert kind.__doc__
    assert kind.default_name.endswith(kind.suffix)


@each
def test_stretches_make_the_same_file_as_the_whole(kind, make_performance, tmp_path):
    performance = make_performance(0.6)
    whole = kind.write(performance, tmp_path / f"whole{kind.suffix}")
    with kind(tmp_path / kind.default_name) as out:
        for start, end in ((0.0, 0.3), (0.3, 0.3), (0.3, 0.6)):
            out.append(performance.slice(start, end))
    assert whole.stat().st_size > (20 if kind.default_name in SHORT else 100)
    assert content(whole) == content(tmp_path / kind.default_name)


@each
def test_missing_tracks_and_unknown_options_are_errors(kind, make_performance, tmp_path):
    performance = make_performance(0.1)
    for track in kind.needs:
        with pytest.raises(GengineError, match=track):
            kind.write(replace(performance, **{track: None}), tmp_path / kind.default_name)
    with pytest.raises(GengineError, match="colour"):
        kind(tmp_path / kind.default_name, colour="red")
    with pytest.raises(GengineError, match="absent"):
        kind.write(performance, tmp_path / "absent" / kind.default_name)
    assert list(tmp_path.iterdir()) == []


@each
def test_a_broken_run_keeps_the_old_file_and_leaves_no_other(kind, make_performance, tmp_path):
    path = tmp_path / kind.default_name
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), kind(path) as out:
        out.append(make_performance(0.1))
        raise KeyboardInterrupt
    with pytest.raises(GengineError), kind(path):
        pass  # nothing appended
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@each
def test_options_are_said_in_words_and_read_from_text(kind, tmp_path):
    options = kind.options()
    for name, option in options.items():
        assert option.help and len(option.help) < 120, name
        if option.kind is not str and option.default is not None:
            assert option.parse(str(option.default)) == option.default
        if option.choices:
            assert option.default in option.choices
    texts = {n: str(o.default) for n, o in options.items() if isinstance(o.default, str | bool | int | float)}
    kind(tmp_path / kind.default_name, **kind.parse_options(texts)).abort()
    with pytest.raises(GengineError, match="colour.*choose from"):
        kind.parse_options({"colour": "red"})
